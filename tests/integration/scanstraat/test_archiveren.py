"""Building the archive file, when the sandbox meets its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from scanstraat import archiveren
from scanstraat.config import Scanprofiel
from scanstraat.domain import Pagina
from scanstraat.errors import OpslagVolError, ZandbakGrensError
from scanstraat.intake.opslag import Opslag
from scanstraat.ocrpagina import OcrPagina
from scanstraat.storage import Versie
from scanstraat.zandbak import Grenzen


def say_too_large() -> None:
    raise ZandbakGrensError("omvang", "Dit bestand wordt te groot.")


@contextmanager
def find_no_room(*_vraag: object) -> Iterator[Any]:
    say_too_large()
    yield


def build(opslag: Opslag) -> None:
    zandbak = SimpleNamespace(grenzen=Grenzen(geheugen_mb=512, cpu_s=10, klok_s=10, bestand_mb=10), vraag=find_no_room)
    config = SimpleNamespace(algemeen=SimpleNamespace(organisatie="Proef"))
    lijn = cast("Any", SimpleNamespace(opslag=opslag, zandbak=zandbak, config=config, versies={}))
    tekst = archiveren.Tekstlaag(opslag.bewaar_bytes(b"{}"), (), ())
    opdracht = archiveren.Archiefopdracht(
        klaar=False,
        versie=Versie(uuid4(), uuid4(), uuid4(), 1, "Brief", ()),
        profiel=Scanprofiel(),
        batchnummer="B-2026-0001",
        profielnaam="standaard",
        ontvangen_op="2026-03-02T14:05:11Z",
        blanco=frozenset(),
        is_eerste=True,
        gezien=frozenset(),
        is_scan=True,
        koppelredenen=(),
        wacht_omdat="",
    )
    archiveren.build_archive(lijn, opdracht, tekst)


def test_a_file_that_grows_too_large_is_parked_and_a_full_disk_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opslag = Opslag(tmp_path / "opslag")
    with pytest.raises(ZandbakGrensError):
        build(opslag)

    def say_full() -> None:
        raise OpslagVolError("De schijf is vol.")

    monkeypatch.setattr(opslag, "check_ruimte", say_full)
    with pytest.raises(OpslagVolError):
        build(opslag)


def test_only_a_page_that_nobody_saw_yet_is_turned_by_what_ocr_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    paginas = tuple(Pagina(n, uuid4(), "a" * 64, "pdf", n, 300.0) for n in (1, 2, 3))
    opdracht: Any = SimpleNamespace(
        versie=Versie(uuid4(), uuid4(), uuid4(), 2, "Brief", paginas),
        profiel=Scanprofiel(),
        blanco=frozenset(),
        gezien=frozenset({1, 3}),
    )
    lijn: Any = SimpleNamespace(ocr=SimpleNamespace(aantal=1))
    gevraagd: dict[int, bool] = {}

    def read(_lijn: object, _profiel: object, pagina: Pagina, *_: object, zoek_draai: bool) -> tuple[int, OcrPagina]:
        gevraagd[pagina.nummer] = zoek_draai
        return pagina.nummer, cast("Any", None)

    monkeypatch.setattr(archiveren, "_grey_pages", lambda *_: iter([(1, 1, 0)] * 3))
    monkeypatch.setattr(archiveren, "_read_page", read)
    assert [nummer for nummer, _ in archiveren._read_pages(lijn, opdracht)] == [1, 2, 3]
    assert gevraagd == {1: False, 2: True, 3: False}
