"""Errors of vernietiging: each says in Dutch what is wrong and what to do."""


class VernietigingError(Exception):
    """Base of this package's expected errors."""

    exitcode = 1


class VervangingsbesluitError(VernietigingError):
    """A vervangingsbesluit that contradicts itself, or stored bytes that are none.

    fouten: (key, what is wrong with it), all of them.
    """

    def __init__(self, fouten: tuple[tuple[str, str], ...]) -> None:
        tekst = "; ".join(f"{sleutel}: {zin}" for sleutel, zin in fouten)
        super().__init__(f"Het vervangingsbesluit klopt niet: {tekst}. Verbeter het besluit en lees het opnieuw in.")
        self.fouten = fouten


class GebeurtenisError(VernietigingError):
    """An event that its closed schema does not allow."""


class OnbekendeGebeurtenisError(GebeurtenisError):
    """An event of a kind or a version that a newer product may write: what it means cannot be told here."""


class VerklaringError(VernietigingError):
    """A verklaring that cannot be read, or may not be made; the message says why."""


class LogboekGewijzigdError(VernietigingError):
    """The log is not what was signed: something was changed, left out or put in."""


class OngegrondError(LogboekGewijzigdError):
    """The log says something that was not allowed: paper went, or somebody decided, without the grounds for it."""


class NietVastTeStellenError(VernietigingError):
    """Evidence or a tool is missing: neither proven nor refuted."""

    exitcode = 2


class NietVrijgegevenError(VernietigingError):
    """Something stands in the way of destroying this paper; the message says what."""

    exitcode = 5
