"""Errors of hardware: each says in Dutch what is wrong and what to do."""


class HardwareError(Exception):
    """Base of this package's expected errors."""

    exitcode = 1


class IndexbestandError(HardwareError):
    """An index file of a scanner or copier that we cannot read."""


class PapierVastgelopenError(HardwareError):
    """Paper is stuck. Every beeld already handed over stays valid; `blad` is the sheet that did not get through."""

    def __init__(self, blad: int) -> None:
        super().__init__(
            f"Papier vastgelopen bij blad {blad}. De bladen ervoor zijn binnen. "
            "Haal het vel eruit, leg het met de rest terug en ga verder."
        )
        self.blad = blad
