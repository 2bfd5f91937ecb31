"""The ZGW client against a stand-in that behaves as Open Zaak does, with limited rights."""

from __future__ import annotations

import hashlib
import io
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from scanstraat import db
from scanstraat.errors import InstellingError, ZaaksysteemError, ZaaksysteemNietBereikbaarError
from scanstraat.tables import EffectRow
from scanstraat.zaaksysteem import Aflevering, Geleverd, Inhoud, build_identificatie
from scanstraat.zaaksysteem.effecten import EffectenDb
from scanstraat.zaaksysteem.zgw import Zgw
from tests.zgw_server import (
    BEPERKT,
    FORCEREN,
    GEHEIM,
    VERWIJDEREN,
    Storing,
    Verzoek,
    Wereld,
    ZgwServer,
)

T = TypeVar("T")
ZAAK, ANDERE = "ZAAK-2026-0001", "ZAAK-2026-0002"
KLEIN = b"%PDF klein"
GROOT = random.Random(7).randbytes(5000)


def build_inhoud(bytes_: bytes) -> Inhoud:
    return Inhoud(lambda: io.BytesIO(bytes_), len(bytes_), hashlib.sha256(bytes_).hexdigest())


def build_aflevering(**anders: Any) -> Aflevering:
    basis = Aflevering(
        identificatie=build_identificatie(UUID(int=1)),
        zaakidentificatie=ZAAK,
        versie=1,
        titel="Bezwaarschrift",
        informatieobjecttype="Ingekomen stuk",
        vertrouwelijkheidaanduiding="zaakvertrouwelijk",
        taal="dut",
        creatiedatum=date(2026, 3, 2),
        auteur="Gemeente Voorbeeld",
        bestandsnaam="bezwaar.pdf",
        gebruiker="scanoperator 7",
        ontvangstdatum=date(2026, 3, 1),
        toelichting="Gescand, batch B-2026-0142",
    )
    return replace(basis, **anders)


@pytest.fixture(scope="module")
def server() -> Iterator[ZgwServer]:
    with ZgwServer() as server:
        yield server


@pytest.fixture
def wereld(server: ZgwServer) -> Iterator[Wereld]:
    wereld = server.wereld()
    wereld.deel_bytes = 2000
    zaaktype = wereld.voeg_zaaktype_toe()
    wereld.voeg_type_toe(zaaktype, "Besluit")
    wereld.voeg_type_toe(zaaktype, "Notitie")
    wereld.voeg_type_toe(zaaktype)
    wereld.voeg_zaak_toe(ZAAK, zaaktype)
    wereld.voeg_zaak_toe(ANDERE, zaaktype)
    yield wereld
    assert wereld.overtredingen == []


@pytest.fixture
def effecten(tmp_path: Path) -> Iterator[EffectenDb]:
    yield from open_effecten(tmp_path / "effecten.db")


@pytest.fixture
def lege_effecten(tmp_path: Path) -> Iterator[EffectenDb]:
    """The memory of an installation that was set up anew."""
    yield from open_effecten(tmp_path / "leeg.db")


def open_effecten(pad: Path) -> Iterator[EffectenDb]:
    engine = db.create_engine(f"sqlite:///{pad}")
    EffectRow.metadata.create_all(engine, tables=[EffectRow.metadata.tables["effect"]])
    yield EffectenDb(engine)
    engine.dispose()


@pytest.fixture
def maak(server: ZgwServer, wereld: Wereld) -> Iterator[Callable[..., Zgw]]:
    gemaakt = []

    def maak(**anders: Any) -> Zgw:
        klok = anders.pop("klok", None)
        zgw = Zgw(server.config(wereld, **anders), GEHEIM, **({} if klok is None else {"klok": klok}))
        gemaakt.append(zgw)
        return zgw

    yield maak
    for zgw in gemaakt:
        zgw.close()


@pytest.fixture
def zgw(maak: Callable[..., Zgw]) -> Zgw:
    return maak()


def zaak_url(wereld: Wereld, nummer: str = ZAAK) -> str:
    return next(url for url, zaak in wereld.zaken.items() if zaak["identificatie"] == nummer)


def faal(wereld: Wereld, storing: Storing, methode: str, stuk: str, keer: int = 1) -> list[Verzoek]:
    """Let the first `keer` requests that match go wrong; returns the list of those that did."""
    geraakt: list[Verzoek] = []

    def kies(verzoek: Verzoek) -> Storing | None:
        if verzoek.methode == methode and stuk in verzoek.pad and len(geraakt) < keer:
            geraakt.append(verzoek)
            return storing
        return None

    wereld.storing = kies
    return geraakt


def tot_het_lukt(doe: Callable[[], T], *, tijd_s: float = 10.0) -> T:
    """Ask again for as long as waiting may help."""
    einde = time.monotonic() + tijd_s
    while True:
        try:
            return doe()
        except ZaaksysteemNietBereikbaarError:
            if time.monotonic() > einde:
                raise
            time.sleep(0.05)


# -- the normal way ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytes_", [KLEIN, GROOT], ids=["in-line", "in parts"])
def test_a_document_is_delivered_linked_and_read_back(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, bytes_: bytes
) -> None:
    geleverd = zgw.lever(build_aflevering(), build_inhoud(bytes_), effecten)
    (stuk,) = wereld.vind(build_aflevering().identificatie)
    assert stuk.bytes_ == [bytes_]
    assert stuk.lock == ""
    assert wereld.gekoppeld(zaak_url(wereld)) == [geleverd.informatieobject]
    assert geleverd.teruggelezen.sha256 == hashlib.sha256(bytes_).hexdigest()
    assert zgw.lees_terug(geleverd.informatieobject, geleverd.versie) == geleverd.teruggelezen
    velden = stuk.versies[0]
    assert velden["status"] == "definitief"
    assert velden["indicatieGebruiksrecht"] is False
    assert velden["integriteit"]["algoritme"] == "sha_256"
    assert velden["integriteit"]["waarde"] == geleverd.teruggelezen.sha256
    assert (velden["taal"], velden["ontvangstdatum"], velden["formaat"]) == ("dut", "2026-03-01", "application/pdf")


def test_the_audit_trail_names_the_operator_and_why(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    zgw.lever(build_aflevering(toelichting="Gescand, één\nregel"), build_inhoud(KLEIN), effecten)
    regels = [(wie, weergave, waarom) for methode, wie, weergave, waarom in wereld.audit if methode == "POST"]
    assert set(regels) == {("scanoperator 7", "scanoperator 7", "Gescand, een regel")}
    assert len(regels) == 2  # the document and its link


def test_asking_twice_makes_nothing_new(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    eerste = zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    geschreven = len(wereld.audit)
    assert zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten) == eerste
    assert len(wereld.audit) == geschreven


@pytest.mark.parametrize(("bytes_", "verzoeken"), [(KLEIN, 4), (GROOT, 10)], ids=["in-line", "three parts"])
def test_a_delivery_costs_no_more_requests_than_it_must(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, bytes_: bytes, verzoeken: int
) -> None:
    zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)  # from here on the catalogus is known
    eerder = wereld.aantal
    zgw.lever(build_aflevering(identificatie="SCAN-2"), build_inhoud(bytes_), effecten)
    assert wereld.aantal - eerder == verzoeken


def test_eight_retries_at_once_make_one_document(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    wereld.venster_s = 0.05
    with ThreadPoolExecutor(8) as draden:
        list(draden.map(lambda _: zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten), range(8)))
    assert len(wereld.vind(build_aflevering().identificatie)) == 1
    assert len(wereld.gekoppeld(zaak_url(wereld))) == 1


def test_two_processes_at_once_make_one_document(
    maak: Callable[..., Zgw], wereld: Wereld, effecten: EffectenDb
) -> None:
    wereld.venster_s = 0.3  # the server would take both
    werkers = [maak(tijdslimiet_s=2.0), maak(tijdslimiet_s=2.0)]

    def lever(zgw: Zgw) -> str:
        try:
            zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
        except ZaaksysteemNietBereikbaarError as exc:
            return str(exc)
        return ""

    with ThreadPoolExecutor(2) as draden:
        uitkomsten = list(draden.map(lever, werkers))
    assert len(wereld.vind(build_aflevering().identificatie)) == 1
    assert "" in uitkomsten
    for zgw in werkers:
        tot_het_lukt(partial(zgw.lever, build_aflevering(), build_inhoud(KLEIN), effecten))
    assert len(wereld.vind(build_aflevering().identificatie)) == 1
    assert len(wereld.gekoppeld(zaak_url(wereld))) == 1


def test_a_zaak_is_found_with_its_words(zgw: Zgw, wereld: Wereld) -> None:
    zaak = zgw.find_zaak(ZAAK)
    assert zaak is not None
    assert (zaak.identificatie, zaak.zaaktype, zaak.gesloten) == (ZAAK, "Bezwaar", False)
    assert zaak.verwijzing == zaak_url(wereld)
    wereld.sluit(zaak.verwijzing)
    gesloten = zgw.find_zaak(ZAAK)
    assert gesloten is not None
    assert gesloten.gesloten
    assert zgw.find_zaak("ZAAK-2026-9999") is None
    wereld.zaken[zaak.verwijzing]["vertrouwelijkheidaanduiding"] = "geheim"
    assert zgw.find_zaak(ZAAK) is None  # above our rights: absent from the list


def test_the_zaaksysteem_is_reachable_when_all_three_apis_answer(zgw: Zgw, wereld: Wereld) -> None:
    zgw.check_bereikbaar()
    wereld.rechten = wereld.rechten - {"catalogi.lezen"}
    with pytest.raises(ZaaksysteemError, match="geen recht"):
        zgw.check_bereikbaar()


# -- what is refused --------------------------------------------------------------------------------------------


def test_a_closed_zaak_is_refused_before_the_upload(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    wereld.sluit(zaak_url(wereld))
    with pytest.raises(ZaaksysteemError, match="gesloten"):
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    assert wereld.audit == []


def test_an_unknown_zaak_is_refused(zgw: Zgw, effecten: EffectenDb) -> None:
    with pytest.raises(ZaaksysteemError, match="kent zaak ZAAK-2026-9999 niet"):
        zgw.lever(build_aflevering(zaakidentificatie="ZAAK-2026-9999"), build_inhoud(KLEIN), effecten)


def test_a_type_that_the_zaaktype_does_not_take_is_refused_before_the_upload(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb
) -> None:
    wereld.voeg_type_toe(None, "Factuur")
    with pytest.raises(ZaaksysteemError, match="Kies in het profiel een van: Besluit, Ingekomen stuk, Notitie"):
        zgw.lever(build_aflevering(informatieobjecttype="Factuur"), build_inhoud(KLEIN), effecten)
    assert wereld.audit == []


def test_the_version_of_the_type_that_is_valid_today_is_used(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    zaaktype = wereld.zaken[zaak_url(wereld)]["zaaktype"]
    wereld.voeg_type_toe(zaaktype, "Klacht", einde="2025-12-31")
    nieuw = wereld.voeg_type_toe(zaaktype, "Klacht", begin="2026-01-01")
    wereld.voeg_type_toe(zaaktype, "Klacht", begin="2099-01-01")
    wereld.voeg_type_toe(zaaktype, "Klacht", begin="2026-01-02", concept=True)
    zgw.lever(build_aflevering(informatieobjecttype="Klacht"), build_inhoud(KLEIN), effecten)
    (stuk,) = wereld.vind(build_aflevering().identificatie)
    assert stuk.versies[0]["informatieobjecttype"] == nieuw


def test_a_type_that_was_valid_when_the_zaak_began_still_counts(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    zaaktype = wereld.zaken[zaak_url(wereld)]["zaaktype"]
    oud = wereld.voeg_type_toe(zaaktype, "Klacht", einde="2026-01-31")  # the zaak began on 5 January 2026
    wereld.voeg_type_toe(zaaktype, "Verzoek", einde="2021-01-01")
    zgw.lever(build_aflevering(informatieobjecttype="Klacht"), build_inhoud(KLEIN), effecten)
    (stuk,) = wereld.vind(build_aflevering().identificatie)
    assert stuk.versies[0]["informatieobjecttype"] == oud
    with pytest.raises(ZaaksysteemError, match="niet \\(meer\\) geldig"):
        zgw.lever(
            build_aflevering(identificatie="SCAN-2", informatieobjecttype="Verzoek"), build_inhoud(KLEIN), effecten
        )


def test_no_right_to_make_documents_is_said_and_nothing_is_left(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    wereld.rechten = wereld.rechten - {"documenten.aanmaken"}
    with pytest.raises(ZaaksysteemError, match="geen recht"):
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    assert wereld.stukken == {}
    wereld.rechten = BEPERKT
    zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)


def test_a_document_above_our_rights_with_our_number_is_not_made_twice(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, lege_effecten: EffectenDb
) -> None:
    zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    (stuk,) = wereld.vind(build_aflevering().identificatie)
    stuk.versies[-1]["vertrouwelijkheidaanduiding"] = "geheim"
    with pytest.raises(ZaaksysteemError, match="niet mag zien"):
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), lege_effecten)
    assert len(wereld.stukken) == 1


def test_after_a_lost_database_the_document_is_found_by_its_number(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, lege_effecten: EffectenDb
) -> None:
    eerste = zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    assert zgw.lever(build_aflevering(), build_inhoud(GROOT), lege_effecten) == eerste
    twee = zgw.lever(build_aflevering(versie=2), build_inhoud(KLEIN), lege_effecten)
    assert (twee.informatieobject, twee.versie) == (eerste.informatieobject, 2)
    assert len(wereld.stukken) == len(wereld.koppelingen) == 1


@pytest.mark.parametrize("mag_verwijderen", [True, False])
def test_a_link_that_is_refused_after_the_upload_leaves_no_silent_orphan(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, mag_verwijderen: bool
) -> None:
    wereld.rechten = (BEPERKT - {"zaken.bijwerken"}) | ({VERWIJDEREN} if mag_verwijderen else set())
    with pytest.raises(ZaaksysteemError) as gevangen:
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    assert not isinstance(gevangen.value, ZaaksysteemNietBereikbaarError)
    assert ("nog los in het zaaksysteem" in str(gevangen.value)) is not mag_verwijderen
    assert len(wereld.stukken) == (0 if mag_verwijderen else 1)
    wereld.rechten = BEPERKT
    zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)  # the orphan is used, not doubled
    assert len(wereld.stukken) == 1
    assert len(wereld.gekoppeld(zaak_url(wereld))) == 1


def test_a_zaak_that_closes_during_the_upload_leaves_no_orphan(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    wereld.rechten = BEPERKT | {VERWIJDEREN}

    def sluit_onderweg(verzoek: Verzoek) -> None:
        if verzoek.methode == "POST" and verzoek.pad.endswith("/zaakinformatieobjecten"):
            wereld.sluit(zaak_url(wereld))

    wereld.storing = sluit_onderweg
    with pytest.raises(ZaaksysteemError, match="gesloten"):
        zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    assert wereld.stukken == {}


def test_wrong_bytes_of_our_own_never_leave_the_house(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    for bytes_ in (KLEIN, GROOT):
        for fout in (b"iets anders", bytes_[:-1] + bytes([bytes_[-1] ^ 1])):  # also one bit, so as many bytes
            inhoud = replace(build_inhoud(bytes_), open=partial(io.BytesIO, fout))
            with pytest.raises(ZaaksysteemError, match="controlewaarde"):
                zgw.lever(build_aflevering(), inhoud, effecten)
    assert wereld.stukken == {}


# -- settings, tokens, clocks -----------------------------------------------------------------------------------


def test_a_wrong_secret_is_said_and_may_be_put_right_later(
    server: ZgwServer, wereld: Wereld, effecten: EffectenDb
) -> None:
    zgw = Zgw(server.config(wereld), "verkeerd")
    with pytest.raises(ZaaksysteemNietBereikbaarError, match="client_id en het geheim"):
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    zgw.close()


@pytest.mark.parametrize("verschil_s", [-7200.0, 7200.0, 3.0, -3.0])
def test_a_clock_that_is_off_does_not_stop_the_delivery(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, verschil_s: float
) -> None:
    zaaktype = wereld.zaken[zaak_url(wereld)]["zaaktype"]
    wereld.voeg_statustype_toe(zaaktype, "Post ontvangen", 1)
    wereld.klok_verschil_s = verschil_s
    zgw.lever(build_aflevering(zaakstatus="Post ontvangen"), build_inhoud(KLEIN), effecten)
    assert len(wereld.statussen) == 1


def test_a_status_is_set_once_and_never_set_back(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    zaaktype = wereld.zaken[zaak_url(wereld)]["zaaktype"]
    for volgnummer, naam in enumerate(("Post ontvangen", "In behandeling"), 1):
        wereld.voeg_statustype_toe(zaaktype, naam, volgnummer)
    for _ in range(2):
        zgw.lever(build_aflevering(zaakstatus="In behandeling"), build_inhoud(KLEIN), effecten)
    zgw.lever(build_aflevering(identificatie="SCAN-2", zaakstatus="Post ontvangen"), build_inhoud(KLEIN), effecten)
    assert len(wereld.statussen) == 1
    with pytest.raises(ZaaksysteemError, match="Kies in het profiel een van: In behandeling, Post ontvangen"):
        zgw.lever(build_aflevering(identificatie="SCAN-3", zaakstatus="Onzin"), build_inhoud(KLEIN), effecten)


def test_an_address_that_is_not_ours_never_gets_the_token(
    maak: Callable[..., Zgw], server: ZgwServer, effecten: EffectenDb
) -> None:
    poort = server.basis.rpartition(":")[2]
    zgw = maak(documenten_url=f"http://localhost:{poort}/documenten/api/v1")  # the server calls itself 127.0.0.1
    with pytest.raises(ZaaksysteemError, match="niet bij de ingestelde adressen"):
        zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)


@pytest.mark.parametrize(
    "anders",
    [
        {"zaken_url": ""},
        {"documenten_url": "ftp://voorbeeld.nl/x"},
        {"catalogi_url": "https://voorbeeld.nl/x?y=1"},
        {"client_id": ""},
        {"bronorganisatie": "123"},
        {"bronorganisatie": "123456789"},
        {"bronorganisatie": "000000000"},
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(maak: Callable[..., Zgw], anders: dict[str, str]) -> None:
    with pytest.raises(InstellingError):
        maak(**anders)


# -- faults, one at a time --------------------------------------------------------------------------------------

STAPPEN = [
    ("GET", "/zaken/api/v1/zaken"),
    ("GET", "/zaaktype-informatieobjecttypen"),
    ("GET", "/informatieobjecttypen/"),
    ("POST", "/enkelvoudiginformatieobjecten"),
    ("PUT", "/bestandsdelen/"),
    ("POST", "/unlock"),
    ("POST", "/zaakinformatieobjecten"),
    ("GET", "/download"),
]


@pytest.mark.parametrize("storing", list(Storing), ids=lambda s: s.name)
@pytest.mark.parametrize(("methode", "pad"), STAPPEN, ids=lambda s: s.rpartition("/")[2])
def test_one_fault_at_any_call_loses_and_doubles_nothing(
    maak: Callable[..., Zgw], wereld: Wereld, effecten: EffectenDb, storing: Storing, methode: str, pad: str
) -> None:
    wereld.stilte_s = 0.6
    bytes_ = KLEIN if pad.endswith("informatieobjecten") and "enkel" in pad else GROOT
    geraakt = faal(wereld, storing, methode, pad)
    zgw = maak(tijdslimiet_s=0.4)
    try:
        geleverd = tot_het_lukt(lambda: zgw.lever(build_aflevering(), build_inhoud(bytes_), effecten))
    except ZaaksysteemError as exc:
        assert not isinstance(exc, ZaaksysteemNietBereikbaarError)
        assert storing is Storing.TE_GROOT  # a part that the proxy finds too large: only its beheerder can help
        geleverd = zgw.lever(build_aflevering(), build_inhoud(bytes_), effecten)
    assert len(geraakt) == 1
    (stuk,) = wereld.vind(build_aflevering().identificatie)
    assert stuk.bytes_ == [bytes_]
    assert stuk.lock == ""
    assert wereld.gekoppeld(zaak_url(wereld)) == [geleverd.informatieobject]
    assert geleverd.teruggelezen.sha256 == hashlib.sha256(bytes_).hexdigest()


def test_in_line_too_large_for_the_proxy_goes_in_parts(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    wereld.body_grens = 1500
    wereld.deel_bytes = 500
    zgw.lever(build_aflevering(), build_inhoud(GROOT[:1000]), effecten)
    (stuk,) = wereld.vind(build_aflevering().identificatie)
    assert stuk.bytes_ == [GROOT[:1000]]


def test_parts_too_large_for_the_proxy_are_for_its_beheerder(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    wereld.body_grens = 1500
    wereld.rechten = BEPERKT | {VERWIJDEREN}
    with pytest.raises(ZaaksysteemError, match="client_max_body_size"):
        zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    assert wereld.stukken == {}  # half an upload is emptied, unlocked and removed, without the right to force


def test_a_clean_up_that_is_cut_off_is_finished_before_the_next_try(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb
) -> None:
    wereld.rechten = BEPERKT | {VERWIJDEREN}
    gezien: list[str] = []

    def te_groot_en_dan_stuk(verzoek: Verzoek) -> Storing | None:
        gezien.append(verzoek.methode)
        if verzoek.methode == "PUT" and gezien.count("PUT") == 1:
            return Storing.TE_GROOT
        return Storing.FOUT_VOOR if gezien.count("DELETE") == 2 and verzoek.methode == "DELETE" else None

    wereld.storing = te_groot_en_dan_stuk
    with pytest.raises(ZaaksysteemError, match="nog los"):
        zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    (stuk,) = wereld.stukken.values()
    assert stuk.bytes_ == [GROOT]  # not a new version of what was being removed
    assert wereld.gemaakt == 2


def test_a_half_upload_goes_on_where_it_stopped(maak: Callable[..., Zgw], wereld: Wereld, effecten: EffectenDb) -> None:
    verstuurd: list[str] = []

    def tweede_faalt(verzoek: Verzoek) -> Storing | None:
        if verzoek.methode == "PUT":
            verstuurd.append(verzoek.pad)
            return Storing.FOUT_VOOR if len(verstuurd) == 2 else None
        return None

    wereld.storing = tweede_faalt
    with pytest.raises(ZaaksysteemNietBereikbaarError):
        maak().lever(build_aflevering(), build_inhoud(GROOT), effecten)
    maak().lever(build_aflevering(), build_inhoud(GROOT), effecten)  # another process, after a restart
    assert len(verstuurd) == 4  # three parts, one of them twice
    (stuk,) = wereld.vind(build_aflevering().identificatie)
    assert stuk.bytes_ == [GROOT]


def test_a_half_upload_of_an_abandoned_document_is_cleaned_up(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    faal(wereld, Storing.FOUT_VOOR, "PUT", "/bestandsdelen/")
    with pytest.raises(ZaaksysteemNietBereikbaarError):
        zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    wie = {"gebruiker": "div", "toelichting": "Vervallen"}
    (wees,) = zgw.ruim_resten_op(build_aflevering().identificatie, ZAAK, effecten=effecten, **wie)
    assert (wees.verwijderd, wees.wees) == (False, True)  # no right to remove: said, not hidden
    wereld.rechten = BEPERKT | {VERWIJDEREN}
    (weg,) = zgw.ruim_resten_op(build_aflevering().identificatie, ZAAK, effecten=effecten, **wie)
    assert (weg.verwijderd, weg.wees) == (True, False)
    assert wereld.stukken == {}
    assert zgw.ruim_resten_op(build_aflevering().identificatie, ZAAK, effecten=effecten, **wie) == ()


def test_cleaning_up_takes_a_document_off_its_zaak_but_leaves_it_on_another(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb
) -> None:
    wereld.rechten = BEPERKT | {VERWIJDEREN}
    aflevering = build_aflevering()
    zgw.lever(aflevering, build_inhoud(KLEIN), effecten)
    zgw.lever(replace(aflevering, zaakidentificatie=ANDERE), build_inhoud(KLEIN), effecten)
    wie = {"gebruiker": "div", "toelichting": "Vervallen"}
    assert zgw.ruim_resten_op(aflevering.identificatie, ZAAK, effecten=effecten, **wie) == ()
    (stuk,) = wereld.vind(aflevering.identificatie)
    assert len(wereld.koppelingen) == 1 and stuk.bytes_ == [KLEIN]
    (weg,) = zgw.ruim_resten_op(aflevering.identificatie, ANDERE, effecten=effecten, **wie)
    assert weg.verwijderd and wereld.stukken == {}


@pytest.mark.parametrize("mag_verwijderen", [True, False])
def test_doubles_that_a_late_server_made_are_reduced_to_one(
    maak: Callable[..., Zgw], wereld: Wereld, effecten: EffectenDb, mag_verwijderen: bool
) -> None:
    wereld.rechten = BEPERKT | ({VERWIJDEREN} if mag_verwijderen else frozenset())
    wereld.venster_s = 2.0  # the server has checked the number, and takes its time to store the document
    zgw = maak(tijdslimiet_s=0.4)
    with pytest.raises(ZaaksysteemNietBereikbaarError):
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    wereld.venster_s = 0.0
    tot_het_lukt(lambda: zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten))  # overtakes the first
    time.sleep(1.5)
    geleverd = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    assert wereld.gemaakt == 2  # the server really made two
    assert wereld.gekoppeld(zaak_url(wereld)) == [geleverd.informatieobject]
    over = {stuk.uuid for stuk in wereld.vind(build_aflevering().identificatie)}
    assert len(over) == (1 if mag_verwijderen else 2)
    assert len(geleverd.wezen) == len(over) - 1  # without the right to remove it, it is said


def test_bytes_that_come_back_wrong_are_put_right_with_a_new_version(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb
) -> None:
    def bederf(verzoek: Verzoek) -> None:
        if verzoek.pad.endswith("/download"):
            (stuk,) = wereld.stukken.values()
            if len(stuk.versies) == 1:
                stuk.bytes_[0] = b"?" * len(KLEIN)

    wereld.storing = bederf
    with pytest.raises(ZaaksysteemNietBereikbaarError, match="andere bytes"):
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    geleverd = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    assert geleverd.versie == 2
    (stuk,) = wereld.stukken.values()
    assert stuk.bytes_[1] == KLEIN


def test_bytes_that_stay_wrong_are_never_called_delivered(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    faal(wereld, Storing.HASH, "GET", "/download", keer=1000)
    for soort in (ZaaksysteemNietBereikbaarError, ZaaksysteemError, ZaaksysteemError):
        with pytest.raises(soort, match="andere bytes"):
            zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    (stuk,) = wereld.stukken.values()
    assert len(stuk.versies) == 2  # put right once, then it is for people


def test_a_register_that_keeps_no_integriteit_is_compared_by_its_bytes(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb
) -> None:
    wereld.houdt_integriteit = False
    for _ in range(3):
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    zgw.lever(build_aflevering(versie=2), build_inhoud(KLEIN[::-1]), effecten)
    (stuk,) = wereld.stukken.values()
    assert stuk.bytes_ == [KLEIN, KLEIN[::-1]]


def test_an_unreachable_zaaksysteem_is_said_in_dutch(maak: Callable[..., Zgw], effecten: EffectenDb) -> None:
    dicht = "http://127.0.0.1:1/zaken/api/v1"
    with pytest.raises(ZaaksysteemNietBereikbaarError, match="niet te bereiken"):
        maak(zaken_url=dicht).lever(build_aflevering(), build_inhoud(KLEIN), effecten)


# -- new versions and wrong links -------------------------------------------------------------------------------


@pytest.mark.parametrize("bytes_", [KLEIN[::-1], GROOT[::-1]], ids=["in-line", "in parts"])
def test_a_herscan_is_a_new_version_of_the_same_document(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, bytes_: bytes
) -> None:
    een = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    (stuk,) = wereld.stukken.values()
    stuk.versies[-1]["titel"] = "Verbeterd door de behandelaar"
    twee = zgw.lever(build_aflevering(versie=2), build_inhoud(bytes_), effecten)
    assert (twee.informatieobject, twee.versie) == (een.informatieobject, 2)
    assert stuk.bytes_ == [KLEIN, bytes_]
    assert stuk.lock == ""
    assert stuk.versies[-1]["integriteit"]["waarde"] == hashlib.sha256(bytes_).hexdigest()
    assert stuk.versies[-1]["titel"] == "Verbeterd door de behandelaar"
    assert zgw.lees_terug(een.informatieobject, 1).sha256 == hashlib.sha256(KLEIN).hexdigest()
    assert zgw.lever(build_aflevering(versie=2), build_inhoud(bytes_), effecten) == twee


def test_a_closed_zaak_still_takes_a_new_version_of_its_document(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb
) -> None:
    zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    wereld.sluit(zaak_url(wereld))
    assert zgw.lever(build_aflevering(versie=2), build_inhoud(GROOT), effecten).versie == 2


def test_a_document_that_somebody_edits_now_waits(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    wereld.rechten = BEPERKT | {FORCEREN}  # even with the right to force, a lock of somebody else is respected
    (stuk,) = wereld.stukken.values()
    stuk.lock = "van-een-behandelaar"
    with pytest.raises(ZaaksysteemNietBereikbaarError, match="Iemand bewerkt"):
        zgw.lever(build_aflevering(versie=2), build_inhoud(GROOT), effecten)
    assert stuk.lock == "van-een-behandelaar"
    assert zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten).versie == 1  # nothing to change: no lock needed
    assert stuk.lock == "van-een-behandelaar"
    stuk.lock = ""
    assert zgw.lever(build_aflevering(versie=2), build_inhoud(GROOT), effecten).versie == 2


def test_an_older_version_that_arrives_late_replaces_nothing(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    een = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    zgw.lever(build_aflevering(versie=3), build_inhoud(GROOT), effecten)
    with pytest.raises(ZaaksysteemError, match="nieuwere versie"):
        zgw.lever(build_aflevering(versie=2), build_inhoud(KLEIN[::-1]), effecten)
    assert zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten) == een  # it was delivered once: still true
    (stuk,) = wereld.stukken.values()
    assert stuk.bytes_ == [KLEIN, GROOT]


def test_the_work_of_a_caseworker_is_not_mistaken_for_ours(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    een = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    (stuk,) = wereld.stukken.values()
    # A PATCH of `inhoud` keeps the old `integriteit` unless it is sent along.
    stuk.versies.append({**stuk.versies[0], "bestandsomvang": 6})
    stuk.bytes_.append(b"gelakt")
    assert zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten) == een
    assert stuk.bytes_ == [KLEIN, b"gelakt"]


@pytest.mark.parametrize("storing", [Storing.TIJD_NA, Storing.RESET_NA, Storing.FOUT_NA, Storing.HALF])
@pytest.mark.parametrize(("methode", "pad"), [("POST", "/lock"), ("PATCH", "/"), ("PUT", "/"), ("POST", "/unlock")])
@pytest.mark.parametrize("geforceerd", [True, False])
def test_a_lost_answer_during_a_new_version_makes_no_second_one(
    maak: Callable[..., Zgw],
    wereld: Wereld,
    effecten: EffectenDb,
    storing: Storing,
    methode: str,
    pad: str,
    geforceerd: bool,
) -> None:
    wereld.rechten = BEPERKT | ({FORCEREN} if geforceerd else frozenset())
    wereld.stilte_s = 0.6
    zgw = maak(tijdslimiet_s=0.4)
    zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    faal(wereld, storing, methode, pad)

    def lever() -> Geleverd:
        return zgw.lever(build_aflevering(versie=2), build_inhoud(GROOT), effecten)

    (stuk,) = wereld.stukken.values()
    if pad == "/lock" and not geforceerd:
        # Only the server knows this lock. It is said who can take it off, and then the rest goes by itself.
        with pytest.raises(ZaaksysteemNietBereikbaarError, match="vergrendeling opheffen"):
            tot_het_lukt(lever, tijd_s=1.0)
        stuk.lock = ""
    tot_het_lukt(lever)
    assert stuk.bytes_ == [KLEIN, GROOT]
    assert stuk.lock == ""


def test_moving_to_the_right_zaak_keeps_one_document(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    hier = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    daar = zgw.lever(build_aflevering(zaakidentificatie=ANDERE), build_inhoud(KLEIN), effecten)
    assert hier.informatieobject == daar.informatieobject
    uitkomst = zgw.ontkoppel(
        hier.informatieobject, ZAAK, gebruiker="div", toelichting="Verkeerde zaak", effecten=effecten
    )
    assert (uitkomst.verwijderd, uitkomst.wees) == (False, False)
    assert wereld.gekoppeld(zaak_url(wereld)) == []
    assert wereld.gekoppeld(zaak_url(wereld, ANDERE)) == [hier.informatieobject]


@pytest.mark.parametrize("mag_verwijderen", [True, False])
def test_unlinking_from_the_only_zaak_removes_the_document_or_reports_it(
    zgw: Zgw, wereld: Wereld, effecten: EffectenDb, mag_verwijderen: bool
) -> None:
    geleverd = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    wereld.rechten = BEPERKT | ({VERWIJDEREN} if mag_verwijderen else frozenset())
    wie = {"gebruiker": "div", "toelichting": "Verkeerde zaak"}
    uitkomst = zgw.ontkoppel(geleverd.informatieobject, ZAAK, effecten=effecten, **wie)
    assert (uitkomst.verwijderd, uitkomst.wees) == (mag_verwijderen, not mag_verwijderen)
    assert wereld.gekoppeld(zaak_url(wereld)) == []
    assert zgw.ontkoppel(geleverd.informatieobject, ZAAK, effecten=effecten, **wie) == uitkomst
    opnieuw = zgw.lever(build_aflevering(zaakidentificatie=ANDERE), build_inhoud(KLEIN), effecten)
    assert (opnieuw.informatieobject == geleverd.informatieobject) is not mag_verwijderen
    assert len(wereld.stukken) == 1


def test_a_loose_document_gets_the_type_that_its_new_zaak_wants(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    ander_zaaktype = wereld.voeg_zaaktype_toe("Melding")
    ander_type = wereld.voeg_type_toe(ander_zaaktype)
    wereld.voeg_zaak_toe("ZAAK-2026-0003", ander_zaaktype)
    geleverd = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    daar = build_aflevering(zaakidentificatie="ZAAK-2026-0003")
    with pytest.raises(ZaaksysteemError, match="eerst los"):
        zgw.lever(daar, build_inhoud(KLEIN), effecten)
    zgw.ontkoppel(geleverd.informatieobject, ZAAK, gebruiker="div", toelichting="Verkeerd", effecten=effecten)
    opnieuw = zgw.lever(daar, build_inhoud(KLEIN), effecten)
    (stuk,) = wereld.stukken.values()
    assert stuk.versies[-1]["informatieobjecttype"] == ander_type
    assert stuk.lock == ""
    assert wereld.gekoppeld(zaak_url(wereld, "ZAAK-2026-0003")) == [opnieuw.informatieobject]


@pytest.mark.parametrize("storing", [Storing.TIJD_NA, Storing.RESET_NA, Storing.FOUT_NA, Storing.FOUT_VOOR])
@pytest.mark.parametrize("pad", ["/zaakinformatieobjecten/", "/enkelvoudiginformatieobjecten/"])
def test_a_fault_while_unlinking_is_finished_by_asking_again(
    maak: Callable[..., Zgw], wereld: Wereld, effecten: EffectenDb, storing: Storing, pad: str
) -> None:
    wereld.rechten = BEPERKT | {VERWIJDEREN}
    wereld.stilte_s = 0.6
    zgw = maak(tijdslimiet_s=0.4)
    geleverd = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    faal(wereld, storing, "DELETE", pad)
    wie = {"gebruiker": "div", "toelichting": "Verkeerd"}
    uitkomst = tot_het_lukt(lambda: zgw.ontkoppel(geleverd.informatieobject, ZAAK, effecten=effecten, **wie))
    assert (uitkomst.verwijderd, uitkomst.wees) == (True, False)
    assert (wereld.stukken, wereld.koppelingen) == ({}, {})


def test_unlinking_from_a_closed_zaak_is_refused(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    geleverd = zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    wereld.sluit(zaak_url(wereld))
    with pytest.raises(ZaaksysteemError, match="gesloten"):
        zgw.ontkoppel(geleverd.informatieobject, ZAAK, gebruiker="div", toelichting="Fout", effecten=effecten)
    assert len(wereld.koppelingen) == 1


def test_a_document_deleted_by_somebody_else_is_made_again(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    geleverd = zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    wereld.koppelingen.clear()
    wereld.stukken.clear()
    opnieuw = zgw.lever(build_aflevering(), build_inhoud(GROOT), effecten)
    assert opnieuw.informatieobject != geleverd.informatieobject
    assert len(wereld.stukken) == 1


def test_answers_of_another_server_do_not_count(
    server: ZgwServer, maak: Callable[..., Zgw], wereld: Wereld, effecten: EffectenDb
) -> None:
    maak().lever(build_aflevering(), build_inhoud(KLEIN), effecten)
    with ZgwServer() as tweede:
        nieuw = tweede.wereld()
        zaaktype = nieuw.voeg_zaaktype_toe()
        nieuw.voeg_type_toe(zaaktype)
        nieuw.voeg_zaak_toe(ZAAK, zaaktype)
        zgw = Zgw(tweede.config(nieuw), GEHEIM)
        zgw.lever(build_aflevering(), build_inhoud(KLEIN), effecten)
        zgw.close()
        assert len(nieuw.stukken) == 1


def test_a_mixed_day_goes_through_with_limited_rights(zgw: Zgw, wereld: Wereld, effecten: EffectenDb) -> None:
    toeval = random.Random(3)
    post = [(uuid4(), toeval.randbytes(toeval.choice((1, 999, 1000, 1001, 2000, 4001, 9000)))) for _ in range(20)]

    def lever(stuk: tuple[UUID, bytes]) -> None:
        zaak = toeval.choice((ZAAK, ANDERE))
        aflevering = build_aflevering(identificatie=build_identificatie(stuk[0]), zaakidentificatie=zaak)
        zgw.lever(aflevering, build_inhoud(stuk[1]), effecten)

    with ThreadPoolExecutor(4) as draden:
        list(draden.map(lever, post))
    assert sorted(s.bytes_[0] or b"" for s in wereld.stukken.values()) == sorted(bytes_ for _, bytes_ in post)
    assert len(wereld.koppelingen) == 20
    assert not any(s.lock for s in wereld.stukken.values())
