"""Errors of kwaliteitscontrole: each says in Dutch what is wrong and what to do."""


class KwaliteitscontroleError(Exception):
    """Base of this package's expected errors."""

    exitcode = 1


class BeeldError(KwaliteitscontroleError):
    """This image cannot be measured."""


class SteekproefError(KwaliteitscontroleError):
    """This steekproef cannot be: the plan, the lot, the seed or the history contradicts the rules."""


class OordeelError(KwaliteitscontroleError):
    """No verdict: what was judged is not what had to be judged. That is never an approval."""


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
