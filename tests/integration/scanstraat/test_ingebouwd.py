"""The built-in register on a real database and a real store."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

import scanstraat.tables  # noqa: F401  (registers every table)
from scanstraat import db
from scanstraat.errors import InstellingError, NietGevondenError, ZaaksysteemError
from scanstraat.intake.opslag import Opslag
from scanstraat.zaaksysteem import Aflevering, Inhoud, Zaaksysteem, build_identificatie
from scanstraat.zaaksysteem.effecten import EffectenDb
from scanstraat.zaaksysteem.ingebouwd import Ingebouwd
from scanstraat.zaaksysteem.register import (
    NieuweZaak,
    lees_zaken_csv,
    load_audittrail,
    load_registraties,
    load_zaken,
    save_zaken,
    sluit_zaak,
)

ZAAK, ANDERE, GESLOTEN = "ZAAK-2026-0001", "ZAAK-2026-0002", "ZAAK-2026-0003"
EEN = Aflevering(
    identificatie=build_identificatie(UUID(int=1)),
    zaakidentificatie=ZAAK,
    versie=1,
    titel="Brief",
    informatieobjecttype="Ingekomen stuk",
    vertrouwelijkheidaanduiding="zaakvertrouwelijk",
    taal="dut",
    creatiedatum=date(2026, 3, 2),
    auteur="Gemeente Voorbeeld",
    bestandsnaam="brief.pdf",
    gebruiker="scanoperator",
)


def build_inhoud(bytes_: bytes) -> Inhoud:
    return Inhoud(lambda: io.BytesIO(bytes_), len(bytes_), hashlib.sha256(bytes_).hexdigest())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = f"sqlite:///{tmp_path / 'register.db'}"
    engine = db.create_engine(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    tabellen = SQLModel.metadata.tables
    SQLModel.metadata.create_all(
        engine, tables=[t for naam, t in tabellen.items() if naam.startswith(("register_", "effect"))]
    )
    save_zaken(
        engine,
        (
            NieuweZaak(ZAAK, "Bezwaar", "Bezwaar", informatieobjecttypen=("Ingekomen stuk",)),
            NieuweZaak(ANDERE, "Melding", "Melding"),
            NieuweZaak(GESLOTEN, "Melding", "Klaar", einddatum=date(2026, 1, 1)),
        ),
        gebruiker="beheerder",
    )
    yield engine
    engine.dispose()


@pytest.fixture
def effecten(engine: Engine) -> EffectenDb:
    return EffectenDb(engine)


@pytest.fixture
def register(engine: Engine, tmp_path: Path) -> Zaaksysteem:
    return Ingebouwd(engine, Opslag(tmp_path / "register"))


def test_a_delivered_document_reads_back_equal_and_hangs_on_its_zaak(
    register: Zaaksysteem, effecten: EffectenDb, engine: Engine
) -> None:
    geleverd = register.lever(EEN, build_inhoud(b"%PDF een"), effecten)
    assert geleverd.teruggelezen.sha256 == hashlib.sha256(b"%PDF een").hexdigest()
    assert (geleverd.versie, geleverd.teruggelezen.omvang_bytes) == (1, 8)
    assert register.lees_terug(geleverd.informatieobject, 1) == geleverd.teruggelezen
    (registratie,) = load_registraties(engine, ZAAK)
    assert (registratie.identificatie, registratie.informatieobject) == (EEN.identificatie, geleverd.informatieobject)


class SwappedOpslag(Opslag):
    """A store on a disk that gives the bytes of another object, of the same length."""

    def open_fd(self, sha256: str) -> int:
        return super().open_fd(hashlib.sha256(b"twee").hexdigest())


def test_other_bytes_than_were_kept_are_no_delivery_also_when_there_are_as_many(
    engine: Engine, effecten: EffectenDb, tmp_path: Path
) -> None:
    opslag = SwappedOpslag(tmp_path / "register")
    opslag.bewaar(b"twee")
    with pytest.raises(ZaaksysteemError, match="geldt niet als geleverd"):
        Ingebouwd(engine, opslag).lever(EEN, build_inhoud(b"een!"), effecten)


def test_asking_twice_changes_nothing(register: Zaaksysteem, effecten: EffectenDb, engine: Engine) -> None:
    eerste = register.lever(EEN, build_inhoud(b"een"), effecten)
    regels = len(load_audittrail(engine))
    assert register.lever(EEN, build_inhoud(b"een"), effecten) == eerste
    assert len(load_registraties(engine, ZAAK)) == 1
    assert len(load_audittrail(engine)) == regels


def test_eight_at_once_make_one_document(register: Zaaksysteem, effecten: EffectenDb, engine: Engine) -> None:
    with ThreadPoolExecutor(8) as draden:
        uitkomsten = set(draden.map(lambda _: register.lever(EEN, build_inhoud(b"een"), effecten), range(8)))
    assert len(uitkomsten) == 1
    assert len(load_registraties(engine, ZAAK)) == 1


def test_a_herscan_is_a_new_version_and_the_old_one_stays(
    register: Zaaksysteem, effecten: EffectenDb, engine: Engine
) -> None:
    een = register.lever(EEN, build_inhoud(b"een"), effecten)
    twee = register.lever(replace(EEN, versie=2), build_inhoud(b"twee"), effecten)
    assert (twee.informatieobject, twee.versie) == (een.informatieobject, 2)
    assert register.lees_terug(een.informatieobject, 1).sha256 == hashlib.sha256(b"een").hexdigest()
    (registratie,) = load_registraties(engine, ZAAK)
    assert registratie.versie == 2


def test_an_older_version_that_arrives_late_does_not_replace_the_newer(
    register: Zaaksysteem, effecten: EffectenDb, engine: Engine
) -> None:
    register.lever(EEN, build_inhoud(b"een"), effecten)
    register.lever(replace(EEN, versie=3), build_inhoud(b"drie"), effecten)
    with pytest.raises(ZaaksysteemError, match="nieuwere versie"):
        register.lever(replace(EEN, versie=2), build_inhoud(b"twee"), effecten)
    assert register.lever(EEN, build_inhoud(b"een"), effecten).versie == 1  # it was delivered once: still true
    (registratie,) = load_registraties(engine, ZAAK)
    assert registratie.sha256 == hashlib.sha256(b"drie").hexdigest()


@pytest.mark.parametrize(
    ("anders", "woord"),
    [
        ({"zaakidentificatie": "ZAAK-9999-0001"}, "staat niet in het register"),
        ({"zaakidentificatie": GESLOTEN}, "gesloten"),
        ({"informatieobjecttype": "Factuur"}, "hoort niet bij het zaaktype"),
        ({"titel": ""}, "titel"),
    ],
)
def test_what_may_not_be_delivered_leaves_nothing_behind(
    register: Zaaksysteem,
    effecten: EffectenDb,
    engine: Engine,
    tmp_path: Path,
    anders: dict[str, object],
    woord: str,
) -> None:
    with pytest.raises(ZaaksysteemError, match=woord):
        register.lever(replace(EEN, **anders), build_inhoud(b"een"), effecten)  # type: ignore[arg-type]
    assert load_audittrail(engine, resource="informatieobject") == ()
    assert list(Opslag(tmp_path / "register").alle()) == []


def test_a_closed_zaak_keeps_its_documents_and_takes_a_new_version_but_no_new_link(
    register: Zaaksysteem, effecten: EffectenDb, engine: Engine
) -> None:
    register.lever(EEN, build_inhoud(b"een"), effecten)
    sluit_zaak(engine, ZAAK, einddatum=date(2026, 4, 1), gebruiker="beheerder")
    zaak = register.find_zaak(ZAAK)
    assert zaak is not None
    assert zaak.gesloten
    assert register.lever(replace(EEN, versie=2), build_inhoud(b"twee"), effecten).versie == 2
    ander = replace(EEN, identificatie=build_identificatie(UUID(int=2)))
    with pytest.raises(ZaaksysteemError, match="gesloten"):
        register.lever(ander, build_inhoud(b"ander"), effecten)


def test_changed_bytes_in_the_registers_store_are_never_called_delivered(
    register: Zaaksysteem, effecten: EffectenDb, tmp_path: Path
) -> None:
    geleverd = register.lever(EEN, build_inhoud(b"een"), effecten)
    bestand = Opslag(tmp_path / "register").pad(geleverd.teruggelezen.sha256)
    bestand.chmod(0o600)
    bestand.write_bytes(b"ee!")
    assert register.lees_terug(geleverd.informatieobject, 1) != geleverd.teruggelezen


def test_bytes_that_are_not_what_was_announced_are_refused(register: Zaaksysteem, effecten: EffectenDb) -> None:
    inhoud = build_inhoud(b"een")
    with pytest.raises(ZaaksysteemError, match="controlewaarde"):
        register.lever(EEN, replace(inhoud, open=lambda: io.BytesIO(b"ander")), effecten)


def test_unlinking_from_the_only_zaak_removes_the_document(
    register: Zaaksysteem, effecten: EffectenDb, engine: Engine
) -> None:
    geleverd = register.lever(EEN, build_inhoud(b"een"), effecten)
    wie = {"gebruiker": "div", "toelichting": "Verkeerde zaak"}
    uitkomst = register.ontkoppel(geleverd.informatieobject, ZAAK, effecten=effecten, **wie)
    assert (uitkomst.verwijderd, uitkomst.wees) == (True, False)
    assert load_registraties(engine, ZAAK) == ()
    with pytest.raises(ZaaksysteemError, match="niet"):
        register.lees_terug(geleverd.informatieobject, 1)
    assert not register.ontkoppel(geleverd.informatieobject, ZAAK, effecten=effecten, **wie).verwijderd
    opnieuw = register.lever(EEN, build_inhoud(b"een"), effecten)  # and it may come back as a new document
    assert opnieuw.informatieobject != geleverd.informatieobject


def test_moving_to_another_zaak_keeps_one_document(register: Zaaksysteem, effecten: EffectenDb, engine: Engine) -> None:
    hier = register.lever(EEN, build_inhoud(b"een"), effecten)
    daar = register.lever(replace(EEN, zaakidentificatie=ANDERE), build_inhoud(b"een"), effecten)
    assert hier.informatieobject == daar.informatieobject
    uitkomst = register.ontkoppel(
        hier.informatieobject, ZAAK, gebruiker="div", toelichting="Verkeerde zaak", effecten=effecten
    )
    assert (uitkomst.verwijderd, uitkomst.wees) == (False, False)
    assert load_registraties(engine, ZAAK) == ()
    assert len(load_registraties(engine, ANDERE)) == 1
    assert register.lees_terug(hier.informatieobject, 1) == hier.teruggelezen


def test_without_the_right_to_remove_an_unlinked_document_is_reported_as_wees(
    engine: Engine, effecten: EffectenDb, tmp_path: Path
) -> None:
    register = Ingebouwd(engine, Opslag(tmp_path / "register"), mag_verwijderen=False)
    geleverd = register.lever(EEN, build_inhoud(b"een"), effecten)
    uitkomst = register.ontkoppel(
        geleverd.informatieobject, ZAAK, gebruiker="div", toelichting="Verkeerde zaak", effecten=effecten
    )
    assert (uitkomst.verwijderd, uitkomst.wees) == (False, True)
    assert register.lees_terug(geleverd.informatieobject, 1) == geleverd.teruggelezen


def test_every_change_has_its_line_in_the_audit_trail(
    register: Zaaksysteem, effecten: EffectenDb, engine: Engine
) -> None:
    geleverd = register.lever(EEN, build_inhoud(b"een"), effecten)
    register.lever(replace(EEN, versie=2), build_inhoud(b"twee"), effecten)
    register.ontkoppel(geleverd.informatieobject, ZAAK, gebruiker="div", toelichting="Fout", effecten=effecten)
    regels = [(r.actie, r.resource, r.gebruiker) for r in load_audittrail(engine) if r.resource != "zaak"]
    assert regels == [
        ("create", "informatieobject", "scanoperator"),
        ("create", "zaakinformatieobject", "scanoperator"),
        ("update", "informatieobject", "scanoperator"),
        ("destroy", "zaakinformatieobject", "div"),
        ("destroy", "informatieobject", "div"),
    ]
    bijgewerkt = load_audittrail(engine, resource="informatieobject")[1].wijzigingen
    assert bijgewerkt["oud"]["sha256"] == hashlib.sha256(b"een").hexdigest()
    assert bijgewerkt["nieuw"]["sha256"] == hashlib.sha256(b"twee").hexdigest()


def test_zaken_come_from_a_csv_all_or_none(engine: Engine, tmp_path: Path) -> None:
    lijst = tmp_path / "zaken.csv"
    lijst.write_text("identificatie;zaaktype;omschrijving\nZ-1;Bezwaar;Een\n" + f"{ZAAK};Bezwaar;Nieuw\n", "utf-8-sig")
    uitkomst = lees_zaken_csv(engine, lijst, gebruiker="beheerder")
    assert (uitkomst.toegevoegd, uitkomst.gewijzigd, uitkomst.ongewijzigd) == (1, 1, 0)
    assert lees_zaken_csv(engine, lijst, gebruiker="beheerder").ongewijzigd == 2
    lijst.write_text("identificatie;zaaktype;omschrijving\nZ-2;Bezwaar;Twee\nZ-3;;Drie\n", "utf-8-sig")
    with pytest.raises(InstellingError, match="regel 3"):
        lees_zaken_csv(engine, lijst, gebruiker="beheerder")
    assert load_zaken(engine, identificatie="Z-2") == ()


def test_zaken_are_added_closed_and_found(engine: Engine, register: Zaaksysteem) -> None:
    save_zaken(engine, [NieuweZaak("Z-9", "Bezwaar", "Negen")], gebruiker="beheerder")
    (zaak,) = load_zaken(engine, identificatie="Z-9")
    assert not zaak.gesloten
    assert register.find_zaak("Z-9") == zaak
    assert register.find_zaak("Z-10") is None
    with pytest.raises(NietGevondenError, match="Z-10"):
        sluit_zaak(engine, "Z-10", einddatum=date(2026, 1, 1), gebruiker="beheerder")
    register.check_bereikbaar()


def test_an_answer_is_kept_and_given_back(effecten: EffectenDb) -> None:
    assert not effecten.begin("a", "zgw", "1").eerder
    assert effecten.begin("a", "zgw", "1").antwoord is None
    effecten.bewaar("a", {"url": "x"})
    begonnen = effecten.begin("a", "zgw", "1")
    assert (begonnen.antwoord, begonnen.eerder) == ({"url": "x"}, True)
    assert effecten.begin("a", "zgw", "2").antwoord is None  # another question: the answer no longer counts
    effecten.bewaar("a", {"url": "y"})
    effecten.vergeet("a")
    gekeken = effecten.kijk("a")
    assert gekeken is not None
    assert (gekeken.antwoord, gekeken.eerder) == (None, True)
    assert effecten.kijk("nooit") is None
    with pytest.raises(KeyError):
        effecten.bewaar("nooit", {})


def test_of_two_workers_that_begin_at_once_one_is_the_first(effecten: EffectenDb) -> None:
    with ThreadPoolExecutor(8) as draden:
        begonnen = list(draden.map(lambda _: effecten.begin("a", "zgw", "1"), range(8)))
    assert [b.eerder for b in begonnen].count(False) == 1
