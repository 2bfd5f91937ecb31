"""What kind of file these bytes are, and whether they are also another kind. By content, never by name. Pure.

A file that two programs read as two different things (a "polyglot") cannot be judged: what one person sees is not what
another gets.

Source: the signatures of ISO 32000-1 7.5.2, TIFF 6.0 section 2, T.81 annex B, PNG 5.2, APPNOTE 4.3.16 (zip),
POSIX ustar, ECMA-119 (ISO 9660).
"""

from __future__ import annotations

from typing import Literal

Soort = Literal["jpeg", "tiff", "png", "pdf"]

BEGIN_BYTES = 64 * 1024  # how much of the start these functions want to see: the furthest fixed signature is at 32769
EINDE_BYTES = 128 * 1024  # how much of the end: a zip's directory ends within 65557 bytes of it
OPVULLING = b"\0\t\n\f\r "  # what may stand around a file without meaning anything
PDF_IN_EERSTE_BYTES = 1024  # readers accept %PDF- anywhere in here

_BEGINNEN: tuple[tuple[bytes, Soort], ...] = (
    (b"%PDF-", "pdf"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
)
_ANDERE_BEGINNEN = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x7fELF",
    b"MZ",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"#!",
    b"<?",
    b"BM",
)
_WEB = (b"<html", b"<!doctype html", b"<script", b"<svg")
_ZIP_EINDE = b"PK\x05\x06"
SUFFIXEN: dict[str, Soort] = {
    ".pdf": "pdf", ".tif": "tiff", ".tiff": "tiff", ".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"
}  # fmt: skip


def find_soort(begin: bytes) -> Soort | None:
    """Return the kind of a file that starts with `begin`; None when it is none of ours."""
    for teken, soort in _BEGINNEN:
        if begin.startswith(teken):
            return soort
    return "pdf" if begin.lstrip(OPVULLING).startswith(b"%PDF-") else None


def is_begin_of_one(begin: bytes) -> bool:
    """Return whether these bytes may still become one of our kinds: too few yet, or space kept free by a copier."""
    gevuld = begin.rstrip(b"\0")
    return len(gevuld) < 8 and any(teken.startswith(gevuld) for teken, _ in _BEGINNEN)


def has_pdf_later(begin: bytes) -> bool:
    """Return whether a PDF starts after something else."""
    return b"%PDF-" in begin[: PDF_IN_EERSTE_BYTES + 5]


def find_tweede_soort(begin: bytes, einde: bytes, soort: Soort) -> str | None:
    """Return what else this file is, in words for a Dutch sentence; None when it is one kind only.

    Args:
        begin, einde: the first BEGIN_BYTES and last EINDE_BYTES of the file (all of a smaller one).
    """
    kop = begin[:PDF_IN_EERSTE_BYTES]
    if soort != "pdf" and has_pdf_later(begin):
        return "een PDF"
    if any(teken in kop.lower() for teken in _WEB):
        return "een webpagina"
    if begin[257:262] == b"ustar":
        return "een tar-archief"
    if begin[32769:32774] == b"CD001":
        return "een schijfkopie"
    return "een zip-archief" if _ends_as_zip(einde) else None


def _ends_as_zip(einde: bytes) -> bool:
    """Return whether a zip's directory ends exactly at the end: a chance hit in image data does not."""
    plaats = einde.rfind(_ZIP_EINDE)
    while plaats >= 0:
        toelichting = einde[plaats + 20 : plaats + 22]
        if len(toelichting) == 2 and plaats + 22 + int.from_bytes(toelichting, "little") == len(einde):
            return True
        plaats = einde.rfind(_ZIP_EINDE, 0, plaats)
    return False


def is_opvulling(rest: bytes) -> bool:
    """Return whether bytes after the end of a file mean nothing."""
    return not rest.strip(OPVULLING)


def names_other_file(rest: bytes) -> bool:
    """Return whether bytes after the end of a file are (the start of) another file."""
    rest = rest.lstrip(OPVULLING)
    return find_soort(rest) is not None or rest.startswith(_ANDERE_BEGINNEN) or rest[:64].lower().startswith(_WEB)


def has_name_of(suffix: str, soort: Soort) -> bool:
    """Return whether a name's suffix (".pdf") fits this kind; a name without a known suffix promises nothing."""
    return SUFFIXEN.get(suffix.lower(), soort) == soort
