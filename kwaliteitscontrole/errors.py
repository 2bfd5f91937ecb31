"""Errors of kwaliteitscontrole: each says in Dutch what is wrong and what to do."""


class KwaliteitscontroleError(Exception):
    """Base of this package's expected errors."""

    exitcode = 1


class BeeldError(KwaliteitscontroleError):
    """This image cannot be measured."""


class GereedschapError(KwaliteitscontroleError):
    """A program that must give a verdict gave none; that is never a pass."""

    exitcode = 4

    def __init__(self, gereedschap: str, wat: str) -> None:
        super().__init__(
            f"{gereedschap} gaf geen oordeel: {wat}. "
            "Probeer de stap opnieuw; blijft dit, waarschuw de functioneel beheerder."
        )
        self.gereedschap = gereedschap
        self.wat = wat
