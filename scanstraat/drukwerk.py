"""WeasyPrint and segno: from HTML to an archive file without network, and from text to a code on paper.

Everything that people print goes through here, so every print is PDF/A-3b, takes nothing from elsewhere, and is the
same bytes for the same content.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from string import Template

import segno

KLEINSTE_CODE_MM = 25.0
RUSTZONE = 4  # modules
# Measured on turned, skewed, blurred, pale and noisy pages of 200 dpi, half of them black and white, codes of 25 mm: of
# 21 to 33 modules 1,000 of 1,000 pages are read, of 37 modules 200 of 200, of 49 modules 37 of 40. 37 modules hold 122
# capitals and digits or 84 other bytes, so a zaaknummer of 40 characters fits in 25 mm. What needs more prints larger.
MEESTE_MODULES_IN_25_MM = 37


# What the fonts of our prints hold, so that an archive file never misses a letter: Latin, Greek and Cyrillic with their
# accents, and the signs of Dutch text.
_DRUKBAAR = (
    *((0x20, 0x7E), (0xA0, 0x024F), (0x0300, 0x0304), (0x0306, 0x030C), (0x0370, 0x0373), (0x0386, 0x0386)),
    *((0x0388, 0x038A), (0x038E, 0x03A1), (0x03A3, 0x03CE), (0x0400, 0x045F), (0x1E00, 0x1EFF)),
    *((0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026), (0x2030, 0x2030), (0x2032, 0x2033)),
    *((0x2039, 0x203A), (0x20AC, 0x20AC), (0x2116, 0x2116), (0x2122, 0x2122)),
)


@dataclass(frozen=True)
class Drukcode:
    """A QR code as a picture for in a page; `zijde_mm` is its width with the quiet zone."""

    bron: str
    zijde_mm: float


@dataclass(frozen=True)
class Bijlage:
    """A file inside the PDF. `verband` is its AFRelationship: "Source" when the whole print is made from it."""

    naam: str
    omschrijving: str
    verband: str
    inhoud: bytes


def measure_code_mm(modules: int, *, klein: bool = False) -> float:
    """Return the width in mm that a code of so many modules is printed at, without its quiet zone.

    Args:
        klein: where there is no room for 25 mm; its modules are no smaller than the smallest that were measured.
    """
    nodig = modules * KLEINSTE_CODE_MM / MEESTE_MODULES_IN_25_MM
    return nodig if klein else max(KLEINSTE_CODE_MM, nodig)


def render_code(tekst: str, *, klein: bool = False) -> Drukcode:
    """Return a QR code of level M: a higher level makes the modules smaller and reads worse."""
    code = segno.make(tekst, error="m", micro=False, boost_error=False)
    modules = int(code.symbol_size(border=0)[0])
    plaatje = io.BytesIO()
    code.save(plaatje, kind="png", border=RUSTZONE, scale=12)
    return Drukcode(
        "data:image/png;base64," + base64.b64encode(plaatje.getvalue()).decode("ascii"),
        measure_code_mm(modules, klein=klein) * (modules + 2 * RUSTZONE) / modules,
    )


def escape_tekst(tekst: str) -> str:
    """Return text as HTML shows it; a character that our fonts may lack stands there as its number: [U+6F22].

    A missing letter breaks PDF/A, and whoever reads must see that something stood there.
    """
    return "".join(teken if is_drukbaar(teken) else f"[U+{ord(teken):04X}]" for teken in html.escape(tekst))


def is_drukbaar(teken: str) -> bool:
    """Whether this one character is printed as itself."""
    return any(van <= ord(teken) <= tot for van, tot in _DRUKBAAR)


def read_sjabloon(naam: str) -> Template:
    """Return a template of the folder sjablonen."""
    return Template(resources.files("scanstraat.sjablonen").joinpath(naam).read_text(encoding="utf-8"))


def render_pdf(pagina: str, bijlagen: Sequence[Bijlage] = (), *, op: datetime | None = None) -> bytes:
    """Return the PDF/A-3b of a whole HTML page. It takes pictures from the page itself only.

    Args:
        pagina: every text in it that is not ours must be escaped already.
        op: the moment that the file says to be made, UTC; without it, now.
    """
    # WeasyPrint takes 0.2 s to import and the line itself never prints
    from weasyprint import HTML, Attachment  # noqa: PLC0415
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    moment = op or datetime.now(UTC)
    niets_van_elders = URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    kop = f'<meta name="dcterms.created" content="{html.escape(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))}">'
    pagina = pagina.replace("<head>", f"<head>{kop}", 1)
    pdf: bytes = HTML(string=pagina, url_fetcher=niets_van_elders).write_pdf(
        pdf_variant="pdf/a-3b",
        pdf_identifier=hashlib.sha256(pagina.encode()).digest()[:16],
        attachments=[
            Attachment(
                string=bijlage.inhoud,
                name=bijlage.naam,
                description=bijlage.omschrijving,
                relationship=bijlage.verband,
                created=moment,
                modified=moment,
            )
            for bijlage in bijlagen
        ],
    )
    return pdf
