"""What is said to have made a file made it."""

from __future__ import annotations

from scanstraat.gereedschap import find_versies, select_makers


def test_every_program_that_touches_a_scan_has_a_version() -> None:
    versies = find_versies()
    assert all(versie and versie[0].isdigit() for versie in versies.values()), versies
    assert {"ocrmypdf", "pikepdf", "pillow", "tesseract", "verapdf", "poppler", "qpdf"} <= set(versies)


def test_an_archive_file_names_only_what_made_it() -> None:
    van_scans, van_ander = (set(select_makers(find_versies(), is_scan=is_scan)) for is_scan in (True, False))
    assert van_scans == {"scanstraat", "python", "pikepdf", "qpdf", "pillow", "tesserocr", "tesseract"}
    assert van_ander - van_scans == {"ocrmypdf", "pypdfium2"}
