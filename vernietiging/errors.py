"""Errors of vernietiging: each says in Dutch what is wrong and what to do."""


class VernietigingError(Exception):
    """Base of this package's expected errors."""

    exitcode = 1


class GebeurtenisError(VernietigingError):
    """An event that its closed schema does not allow."""


class LogboekGewijzigdError(VernietigingError):
    """The log is not what was signed: something was changed, left out or put in."""


class NietVastTeStellenError(VernietigingError):
    """Evidence or a tool is missing: neither proven nor refuted."""

    exitcode = 2


class NietVrijgegevenError(VernietigingError):
    """Something stands in the way of destroying this paper; the message says what."""

    exitcode = 5
