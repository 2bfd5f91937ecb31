"""Numbers as they stand in a Dutch sentence. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def name_lijst(naam: str, woorden: str = "de lijst") -> str:
    """Return a vernietigingslijst in a sentence; in quotes, for its name may hold "lijst" itself."""
    return f'{woorden} "{naam}"'


def count_words(aantal: int, een: str, meer: str) -> str:
    """Return "1 blad" or "3 bladen"."""
    return f"{aantal} {een if aantal == 1 else meer}"


def join_words(woorden: Sequence[str]) -> str:
    """Return "a", "a en b" or "a, b en c"."""
    return " en ".join(filter(None, (", ".join(woorden[:-1]), *woorden[-1:])))


def count_bestanden(aantal: int) -> str:
    """Return "1 bestand" or "3 bestanden"."""
    return count_words(aantal, "bestand", "bestanden")


def format_getal(getal: float) -> str:
    """Return one decimal, with a comma: "3,5"; never "-0,0"."""
    return f"{round(getal, 1) or 0.0:.1f}".replace(".", ",")


def format_mb(omvang_bytes: int) -> str:
    """Return bytes as "37,1 MB"."""
    return f"{format_getal(omvang_bytes / 1_000_000)} MB"
