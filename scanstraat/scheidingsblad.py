"""Print scheidingsbladen.

Two codes per sheet, in opposite corners, so that a fold, a staple or a feed roller never takes both.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict

from PIL import Image

from scanstraat.drukwerk import Bijlage, read_sjabloon, render_code, render_pdf
from scanstraat.errors import ScheidingsbladError
from scanstraat.scheidingscode import Bladsoort, Scheidingsblad, build_code

MEESTE_BLADEN = 2_000  # in one PDF
DPI = 300

_TITELS = {
    Bladsoort.BATCHBLAD: "Batchblad",
    Bladsoort.DOCUMENTBLAD: "Documentblad",
    Bladsoort.BIJLAGEBLAD: "Bijlageblad",
    Bladsoort.EINDBLAD: "Eindblad",
}
_UITLEG = {
    Bladsoort.BATCHBLAD: "Leg dit blad boven op de stapel. Wat hierboven staat, geldt voor de hele stapel.",
    Bladsoort.DOCUMENTBLAD: (
        "Leg dit blad voor het document. Alles tot het volgende scheidingsblad is één document en gaat naar deze zaak."
    ),
    Bladsoort.BIJLAGEBLAD: (
        "Leg dit blad voor de bijlage. De bijlage wordt een eigen document, in de zaak van het document ervoor."
    ),
    Bladsoort.EINDBLAD: (
        "Leg dit blad achter het laatste document. Liggen er nog bladen achter? Die wachten dan tot u zegt bij welke "
        "zaak ze horen."
    ),
}


def build_stapel(
    zaken: Sequence[str],
    *,
    bladen: int | None = None,
    bijlage: bool = False,
    batchblad: Scheidingsblad | None = None,
    eindblad: bool = False,
) -> list[Scheidingsblad]:
    """Return sheets in the order in which they are used: one per zaak, or as many Bijlagebladen, and one at each end.

    Args:
        bladen: how many sheets of paper lie behind each.
    Raises:
        ScheidingsbladError: nothing was asked for, or a Batchblad that says nothing.
    """
    if batchblad == Scheidingsblad(Bladsoort.BATCHBLAD):
        raise ScheidingsbladError(
            "Zeg wat er op het batchblad moet staan: geef --scanoperator, --batch, --profiel of --bladen-batch."
        )
    vellen = [] if batchblad is None else [batchblad]
    if bijlage:
        vellen += [Scheidingsblad(Bladsoort.BIJLAGEBLAD, bladen=bladen)] * max(1, len(zaken))
    else:
        vellen += [Scheidingsblad(Bladsoort.DOCUMENTBLAD, zaak=zaak, bladen=bladen) for zaak in zaken]
    if eindblad:
        vellen.append(Scheidingsblad(Bladsoort.EINDBLAD))
    if not vellen:
        raise ScheidingsbladError("Noem een zaaknummer, of geef --bijlage, --batchblad of --eindblad.")
    return vellen


def render_scheidingsbladen(bladen: Sequence[Scheidingsblad]) -> bytes:
    """Return a PDF/A-3b with one A4 per sheet, in the order given, and what is on them as JSON attached.

    Raises:
        ScheidingsbladError: no sheets, or too many for one file.
    """
    if not 1 <= len(bladen) <= MEESTE_BLADEN:
        raise ScheidingsbladError(f"Vraag 1 tot {MEESTE_BLADEN} scheidingsbladen tegelijk.")
    sjabloon = read_sjabloon("scheidingsblad.html")
    inhoud = "".join(sjabloon.substitute(_fill(blad)) for blad in bladen)
    pagina = read_sjabloon("scheidingsbladen.html").substitute(bladen=inhoud)
    gegevens = Bijlage("scheidingsbladen.json", "Wat op deze bladen staat", "Data", _render_gegevens(bladen))
    return render_pdf(pagina, [gegevens])


def render_scheidingsblad_beelden(bladen: Sequence[Scheidingsblad], *, dpi: int = DPI) -> tuple[Image.Image, ...]:
    """Return the printed sheets as page images of A4, mode RGB: paper for the simulator and the tests."""
    import pypdfium2  # noqa: PLC0415 - only the simulator needs it

    document = pypdfium2.PdfDocument(render_scheidingsbladen(bladen))
    try:
        beelden = (pagina.render(scale=dpi / 72, rev_byteorder=True).to_pil().convert("RGB") for pagina in document)
        return tuple(beeld.crop((0, 0, round(210 / 25.4 * dpi), round(297 / 25.4 * dpi))) for beeld in beelden)
    finally:
        document.close()


def _render_gegevens(bladen: Sequence[Scheidingsblad]) -> bytes:
    gegevens = [{**asdict(blad), "soort": blad.soort.value, "code": build_code(blad)} for blad in bladen]
    return json.dumps({"schema": "scanstraat.scheidingsbladen/1", "bladen": gegevens}, ensure_ascii=False).encode(
        "utf-8"
    )


def _fill(blad: Scheidingsblad) -> dict[str, str]:
    tekst = build_code(blad)
    code = render_code(tekst)
    return {
        "soort": blad.soort.value,
        "letter": "+" if blad.soort is Bladsoort.BIJLAGEBLAD else _TITELS[blad.soort][0],
        "titel": _TITELS[blad.soort],
        "code": code.bron,
        "zijde_mm": f"{code.zijde_mm:.2f}",
        "nummer": _format_nummer(blad.zaak or blad.batch),
        "gegevens": _format_gegevens(blad),
        "uitleg": html.escape(_UITLEG[blad.soort]),
        "tekst": html.escape(tekst),
    }


def _format_nummer(nummer: str) -> str:
    if not nummer:
        return ""
    punten = min(38.0, 165.0 / (len(nummer) * 0.6 * 0.3528))  # a monospaced letter is 0.6 em wide, a point 0.3528 mm
    return f'<p class="nummer" style="font-size: {punten:.1f}pt">{html.escape(nummer)}</p>'


def _format_gegevens(blad: Scheidingsblad) -> str:
    regels = (
        ("Aantal bladen", "" if blad.bladen is None else f"{blad.bladen} (zonder scheidingsbladen)"),
        ("Scanoperator", blad.scanoperator),
        ("Profiel", blad.profiel),
    )
    rijen = "".join(f"<tr><th>{label}</th><td>{html.escape(waarde)}</td></tr>" for label, waarde in regels if waarde)
    return f"<table>{rijen}</table>" if rijen else ""
