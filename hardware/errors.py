"""Errors of hardware: each says in Dutch what is wrong and what to do."""


class HardwareError(Exception):
    """Base of this package's expected errors."""

    exitcode = 1


class IndexbestandError(HardwareError):
    """An index file of a scanner or copier that we cannot read."""
