"""People prove who they are with a password and a code, and decide only what they have a mandaat for."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from scanstraat import db, personen
from scanstraat.errors import AanmeldingError, GeenMandaatError, InstellingError, NietGevondenError, NietMogelijkError
from scanstraat.personen import STAP_S, Aangemeld, Rol
from scanstraat.tables import BatchRow, GebeurtenisRow
from scanstraat.tables_bewijs import AanmeldingRow, PersoonRow
from tests import builders
from tests.databanken import BEIDE

WACHTWOORD = "vier woorden achter elkaar"
FLEUR, KARIN = "Fleur Beheerder", "Karin Controleur"
NU = datetime(2026, 3, 2, 14, 5, 11, tzinfo=UTC)


class Klok:
    """The time as `personen` sees it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.nu = NU
        klok = self

        class Tijd(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return klok.nu

        monkeypatch.setattr(personen, "datetime", Tijd)

    def wait(self, **duur: float) -> None:
        self.nu += timedelta(**duur)


class Proef:
    def __init__(self, engine: Engine, map_: Path, klok: Klok) -> None:
        self.engine, self.kluis, self.klok, self.map = engine, personen.open_kluis(map_), klok, map_
        with db.begin(engine) as session:
            fleur = personen.add_persoon(session, FLEUR, ook=("F. Beheerder", "balie-3"), door=None)
            self.geheim = personen.set_aanmelding(session, self.kluis, fleur, WACHTWOORD, door=None)
        self.fleur = Aangemeld(fleur.id, FLEUR, datetime.now(UTC))

    def code(self, stap: int = 0) -> str:
        return pyotp.TOTP(self.geheim).at(self.klok.nu + timedelta(seconds=stap * STAP_S))

    def meld_aan(self, naam: str = FLEUR, wachtwoord: str = WACHTWOORD, code: str | None = None) -> Aangemeld:
        return personen.sign_in(self.engine, self.kluis, naam, wachtwoord, self.code() if code is None else code)

    def set_account(self, persoon: PersoonRow) -> str:
        with db.begin(self.engine) as session:
            return personen.set_aanmelding(session, self.kluis, persoon, WACHTWOORD, door=self.wie())

    def wie(self, naam: str = FLEUR) -> Aangemeld:
        with db.read(self.engine) as session:
            return Aangemeld(personen.load_persoon(session, naam).id, naam, self.klok.nu)

    def add(self, naam: str, *rollen: Rol, tot: date | None = None) -> PersoonRow:
        with db.begin(self.engine) as session:
            persoon = personen.add_persoon(session, naam, door=self.wie())
            for rol in rollen:
                self.grant(session, persoon, rol, tot=tot)
        return persoon

    def grant(self, session: Session, persoon: PersoonRow, rol: Rol, **anders: Any) -> None:
        waarden = {"van": date(2026, 1, 1), "tot": None, "grondslag": "mandaatbesluit 2026-3", "door": self.wie()}
        personen.grant_mandaat(session, persoon, rol, **{**waarden, **anders})


@pytest.fixture
def klok(monkeypatch: pytest.MonkeyPatch) -> Klok:
    klok = Klok(monkeypatch)
    monkeypatch.setattr(db, "now_text", lambda: db.format_time(klok.nu))
    return klok


@pytest.fixture
def proef(engine: Engine, tmp_path: Path, klok: Klok) -> Proef:
    return Proef(engine, tmp_path, klok)


# --- signing in ---------------------------------------------------------------------------------------------------


def test_password_and_code_together_prove_who_somebody_is(proef: Proef) -> None:
    wie = proef.meld_aan("f. BEHEERDER")
    assert (wie.naam, wie.op) == (FLEUR, NU)


@pytest.mark.parametrize(
    "fout",
    [{"naam": "Niemand"}, {"wachtwoord": WACHTWOORD + "x"}, {"wachtwoord": ""}, {"code": "000000"}, {"code": ""},
     {"code": "één"}, {"code": "\udcff"}, {"wachtwoord": "\udcff" * 20}, {"naam": ""}, {"naam": "x" * 5000}],
    ids=repr,
)  # fmt: skip
def test_whatever_is_wrong_the_answer_is_the_same(proef: Proef, fout: dict[str, str]) -> None:
    with pytest.raises(AanmeldingError) as gezegd:
        proef.meld_aan(**fout)
    assert str(gezegd.value) == (
        "Naam, wachtwoord of code klopt niet. Een code geldt een keer: wacht op de volgende en probeer het opnieuw."
    )


@BEIDE
def test_a_code_counts_once_also_when_two_try_it_at_once(proef: Proef) -> None:
    gelukt: list[Aangemeld] = []
    code, samen = proef.code(), threading.Barrier(4)

    def probeer() -> None:
        samen.wait()
        with suppress(AanmeldingError):
            gelukt.append(proef.meld_aan(code=code))

    draden = [threading.Thread(target=probeer) for _ in range(4)]
    for draad in draden:
        draad.start()
    for draad in draden:
        draad.join()
    assert len(gelukt) == 1
    proef.klok.wait(seconds=STAP_S)
    with pytest.raises(AanmeldingError):
        proef.meld_aan(code=code)  # within its window, and used
    proef.meld_aan()


@pytest.mark.parametrize(("stap", "mag"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(proef: Proef, stap: int, mag: bool) -> None:
    if mag:
        assert proef.meld_aan(code=proef.code(stap)).naam == FLEUR
    else:
        with pytest.raises(AanmeldingError):
            proef.meld_aan(code=proef.code(stap))


def test_a_code_older_than_the_one_that_was_used_counts_no_more(proef: Proef) -> None:
    proef.meld_aan(code=proef.code(1))
    for stap in (-1, 0, 1):
        with pytest.raises(AanmeldingError):
            proef.meld_aan(code=proef.code(stap))


def test_who_is_right_after_the_clock_stood_ahead_is_told_what_is_wrong(proef: Proef) -> None:
    proef.klok.wait(days=9)
    proef.meld_aan()
    proef.klok.wait(days=-9)
    with pytest.raises(AanmeldingError, match="liep voor toen"):
        proef.meld_aan()
    for fout in ({"code": "000000"}, {"wachtwoord": "iets anders dan dat"}):  # only to who is right
        with pytest.raises(AanmeldingError, match="klopt niet"):
            proef.meld_aan(**fout)


def test_a_code_may_be_typed_as_an_app_shows_it(proef: Proef) -> None:
    code = proef.code()
    proef.meld_aan(code=f" {code[:3]} {code[3:]}\n")


@BEIDE
def test_five_mistakes_block_an_account_for_a_quarter_of_an_hour(proef: Proef) -> None:
    for _ in range(personen.MEESTE_POGINGEN):
        with pytest.raises(AanmeldingError, match="klopt niet"):
            proef.meld_aan(code="000000")
    with pytest.raises(AanmeldingError, match="geblokkeerd"):
        proef.meld_aan()
    with db.read(proef.engine) as session:
        tot = personen.build_persoon(session, personen.load_persoon(session, FLEUR))["geblokkeerd_tot"]
    assert tot == "2026-03-02T14:20:11.000Z"
    proef.klok.wait(minutes=14, seconds=59)
    with pytest.raises(AanmeldingError, match="geblokkeerd"):
        proef.meld_aan()
    proef.klok.wait(seconds=2)
    proef.meld_aan()


def test_four_mistakes_and_one_success_start_the_count_anew(proef: Proef) -> None:
    for _ in range(2):
        for _ in range(personen.MEESTE_POGINGEN - 1):
            with pytest.raises(AanmeldingError, match="klopt niet"):
                proef.meld_aan(wachtwoord="fout")
        proef.klok.wait(seconds=STAP_S)
        proef.meld_aan()


def test_mistakes_with_an_unknown_name_block_nobody(proef: Proef) -> None:
    for _ in range(personen.MEESTE_POGINGEN + 1):
        with pytest.raises(AanmeldingError, match="klopt niet"):
            proef.meld_aan("Niemand")
    proef.meld_aan()


@BEIDE
def test_a_new_account_replaces_the_old_one_and_its_block(proef: Proef) -> None:
    for _ in range(personen.MEESTE_POGINGEN):
        with pytest.raises(AanmeldingError):
            proef.meld_aan(code="000000")
    oud = proef.code()
    with db.begin(proef.engine) as session:
        fleur = personen.load_persoon(session, FLEUR)
        proef.geheim = personen.set_aanmelding(session, proef.kluis, fleur, "een heel ander woord", door=proef.wie())
    for wachtwoord, code in ((WACHTWOORD, proef.code()), ("een heel ander woord", oud)):
        with pytest.raises(AanmeldingError, match="klopt niet"):
            proef.meld_aan(wachtwoord=wachtwoord, code=code)
    proef.meld_aan(wachtwoord="een heel ander woord")


def test_a_password_is_the_same_however_its_accents_are_typed(proef: Proef) -> None:
    with db.begin(proef.engine) as session:
        fleur = personen.load_persoon(session, FLEUR)
        proef.geheim = personen.set_aanmelding(session, proef.kluis, fleur, "caf\u00e9 op de hoek", door=proef.wie())
    proef.meld_aan(wachtwoord="cafe\u0301 op de hoek")


def test_nobody_gets_the_account_or_the_password_of_another_through_the_database(proef: Proef) -> None:
    karin = proef.add("Karin")
    with db.begin(proef.engine) as session:
        geheim = personen.set_aanmelding(session, proef.kluis, karin, "een eigen wachtwoord", door=proef.wie())
        fleur_rij, karin_rij = (
            session.exec(select(AanmeldingRow).where(AanmeldingRow.persoon_id == id_)).one().model_dump()
            for id_ in (proef.fleur.persoon_id, karin.id)
        )
    for kolommen in (("totp_geheim",), ("wachtwoord",), ("totp_geheim", "wachtwoord")):
        put(proef, fleur_rij["id"], {kolom: karin_rij[kolom] for kolom in kolommen})
        wachtwoord = "een eigen wachtwoord" if "wachtwoord" in kolommen else WACHTWOORD
        code = pyotp.TOTP(geheim if "totp_geheim" in kolommen else proef.geheim).at(proef.klok.nu)
        with pytest.raises(AanmeldingError, match="in de database veranderd"):
            proef.meld_aan(wachtwoord=wachtwoord, code=code)
        put(proef, fleur_rij["id"], {kolom: fleur_rij[kolom] for kolom in kolommen})
    assert proef.meld_aan().naam == FLEUR


def put(proef: Proef, id_: Any, waarden: dict[str, Any]) -> None:
    with db.begin(proef.engine) as session:
        session.execute(sa.update(AanmeldingRow).where(col(AanmeldingRow.id) == id_).values(waarden))


@pytest.mark.parametrize("wachtwoord", ["", "kort", "elf  tekens", "ik ben fleur  BEHEERDER!"])
def test_a_weak_password_is_refused(proef: Proef, wachtwoord: str) -> None:
    with db.begin(proef.engine) as session, pytest.raises(NietMogelijkError, match="minstens 12 tekens"):
        fleur = personen.load_persoon(session, FLEUR)
        personen.set_aanmelding(session, proef.kluis, fleur, wachtwoord, door=proef.wie())


def test_neither_password_nor_secret_can_be_read_from_the_database(proef: Proef) -> None:
    with proef.engine.connect() as verbinding:
        rij = verbinding.execute(sa.text("select * from aanmelding")).mappings().one()
    bewaard = " ".join(map(str, rij.values()))
    assert proef.geheim not in bewaard and WACHTWOORD not in bewaard
    assert rij["wachtwoord"].startswith("$argon2id$")
    assert proef.kluis.decrypt(rij["totp_geheim"].encode()).decode().split(" ")[0] == proef.geheim


def test_the_key_is_for_its_owner_alone_and_stays_the_same(proef: Proef) -> None:
    pad = proef.map / "aanmelding.sleutel"
    assert pad.stat().st_mode & 0o777 == 0o400
    inhoud = pad.read_bytes()
    personen.open_kluis(proef.map)
    assert pad.read_bytes() == inhoud
    assert not list(proef.map.glob(".aanmelding-*"))


def test_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    kluizen: list[Fernet] = []
    draden = [threading.Thread(target=lambda: kluizen.append(personen.open_kluis(tmp_path))) for _ in range(8)]
    for draad in draden:
        draad.start()
    for draad in draden:
        draad.join()
    geheim = kluizen[0].encrypt(b"geheim")
    assert [kluis.decrypt(geheim) for kluis in kluizen] == [b"geheim"] * 8


def test_with_another_key_nobody_signs_in_and_the_message_says_why(proef: Proef) -> None:
    proef.kluis = Fernet(Fernet.generate_key())
    with pytest.raises(InstellingError, match=r"aanmelding\.sleutel"):
        proef.meld_aan()
    (proef.map / "aanmelding.sleutel").chmod(0o600)
    (proef.map / "aanmelding.sleutel").write_bytes(b"")
    with pytest.raises(InstellingError, match="beschadigd"):
        personen.open_kluis(proef.map)


# --- one human is one persoon -------------------------------------------------------------------------------------


@pytest.mark.parametrize("naam", ["élise DE  vries", "E\u0301lise de Vries", " \u00c9LISE de vries "])
def test_a_name_is_taken_whatever_its_capitals_spaces_and_accents(proef: Proef, naam: str) -> None:
    proef.add("Élise de Vries")
    with db.begin(proef.engine) as session:
        assert personen.load_persoon(session, naam).naam == "Élise de Vries"
        with pytest.raises(NietMogelijkError, match="Een mens is één persoon"):
            personen.add_persoon(session, naam, door=proef.wie())


@BEIDE
def test_another_name_of_somebody_is_taken_too(proef: Proef) -> None:
    with db.begin(proef.engine) as session:
        for naam in ("BALIE-3", FLEUR):
            with pytest.raises(NietMogelijkError, match=f"al van {FLEUR}"):
                personen.add_persoon(session, naam, door=proef.wie())
            with pytest.raises(NietMogelijkError, match=f"al van {FLEUR}"):
                personen.add_naam(session, personen.load_persoon(session, FLEUR), naam, door=proef.wie())


@pytest.mark.parametrize("naam", ["", " ", "Onbekend", "x" * 101, "Jan\nPiet", "Jan\u200b", "\x1b[31mJan"])
def test_what_is_no_name_is_refused(proef: Proef, naam: str) -> None:
    with db.begin(proef.engine) as session:
        if naam == "Jan\nPiet":  # a line break is a space
            assert personen.add_persoon(session, naam, door=proef.wie()).naam == "Jan Piet"
            return
        with pytest.raises(NietMogelijkError, match="gewone tekens"):
            personen.add_persoon(session, naam, door=proef.wie())


@BEIDE
def test_whoever_scanned_under_another_name_has_a_part_in_the_batch(proef: Proef) -> None:
    with db.begin(proef.engine) as session:
        batch = session.get_one(BatchRow, builders.build_batch(session, paginas=(1,)).batch)
        assert personen.find_betrokkenen(session, batch).onbekend == ("onbekend",)
        batch.scanoperator = "Balie-3"
        session.add(batch)
        session.flush()
        assert personen.find_betrokkenen(session, batch).personen == {proef.fleur.persoon_id}


# --- mandates -----------------------------------------------------------------------------------------------------


@BEIDE
def test_the_first_persoon_is_functioneel_beheerder_and_the_second_needs_her(proef: Proef) -> None:
    with db.begin(proef.engine) as session:
        (eerste,) = personen.build_mandaten(session)
        assert (eerste["naam"], eerste["rol"], eerste["verleend_door"]) == (FLEUR, "functioneel_beheerder", None)
        with pytest.raises(GeenMandaatError, match="Geef --als"):
            personen.add_persoon(session, KARIN, door=None)


def test_who_is_no_functioneel_beheerder_adds_nobody_and_grants_nothing(proef: Proef) -> None:
    karin = proef.add(KARIN, Rol.CONTROLEUR)
    with db.begin(proef.engine) as session:
        wie = proef.wie(KARIN)
        with pytest.raises(GeenMandaatError, match="geen mandaat als functioneel beheerder"):
            personen.add_persoon(session, "Nieuw", door=wie)
        with pytest.raises(GeenMandaatError):
            proef.grant(session, karin, Rol.GEMANDATEERDE, door=wie)
        with pytest.raises(GeenMandaatError):
            personen.revoke_mandaat(session, karin, Rol.CONTROLEUR, door=wie)
        with pytest.raises(GeenMandaatError):
            fleur = personen.load_persoon(session, FLEUR)
            personen.set_aanmelding(session, proef.kluis, fleur, "overgenomen wachtwoord", door=wie)


def test_nobody_grants_themselves_a_mandaat(proef: Proef) -> None:
    with db.begin(proef.engine) as session, pytest.raises(GeenMandaatError, match="Niemand geeft zichzelf"):
        proef.grant(session, personen.load_persoon(session, FLEUR), Rol.GEMANDATEERDE)


@pytest.mark.parametrize(
    ("anders", "zin"),
    [({"grondslag": " "}, "Noem de grondslag"), ({"tot": date(2025, 12, 31)}, "laatste dag")],
)
def test_a_mandaat_has_a_ground_and_ends_after_it_begins(proef: Proef, anders: dict[str, Any], zin: str) -> None:
    karin = proef.add(KARIN)
    with db.begin(proef.engine) as session, pytest.raises(NietMogelijkError, match=zin):
        proef.grant(session, karin, Rol.CONTROLEUR, **anders)


@BEIDE
def test_a_mandaat_holds_on_its_first_and_last_day_alone(proef: Proef) -> None:
    karin = proef.add(KARIN)
    with db.begin(proef.engine) as session:
        proef.grant(session, karin, Rol.CONTROLEUR, van=date(2026, 3, 4), tot=date(2026, 3, 5))
    for dag, mag, stand in ((3, False, "later"), (4, True, "geldt"), (5, True, "geldt"), (6, False, "verlopen")):
        proef.klok.nu = datetime(2026, 3, dag, 12, tzinfo=UTC)
        with db.read(proef.engine) as session:
            assert personen.build_mandaten(session, karin, alles=True)[0]["stand"] == stand
            if mag:
                personen.verify_mandaat(session, proef.wie(KARIN), Rol.CONTROLEUR, Rol.ARCHIVARIS)
            else:
                with pytest.raises(GeenMandaatError, match="controleur of archivaris"):
                    personen.verify_mandaat(session, proef.wie(KARIN), Rol.CONTROLEUR, Rol.ARCHIVARIS)


@BEIDE
def test_a_mandaat_that_was_revoked_holds_no_more_but_is_known(proef: Proef) -> None:
    karin = proef.add(KARIN, Rol.CONTROLEUR)
    toen = proef.klok.nu
    proef.klok.wait(minutes=1)
    with db.begin(proef.engine) as session:
        assert personen.revoke_mandaat(session, karin, Rol.CONTROLEUR, door=proef.wie()) == 1
    with db.begin(proef.engine) as session:
        assert personen.find_mandaat(session, karin.id, (Rol.CONTROLEUR,), toen) is not None
        assert personen.find_mandaat(session, karin.id, (Rol.CONTROLEUR,), proef.klok.nu) is None
        assert personen.build_mandaten(session, karin) == []
        (rij,) = personen.build_mandaten(session, karin, alles=True)
        assert (rij["stand"], rij["ingetrokken_door"]) == ("ingetrokken", FLEUR)
        with pytest.raises(NietGevondenError, match="geen mandaat als controleur"):
            personen.revoke_mandaat(session, karin, Rol.CONTROLEUR, door=proef.wie())


@BEIDE
def test_the_last_functioneel_beheerder_stays(proef: Proef) -> None:
    karin = proef.add(KARIN, Rol.FUNCTIONEEL_BEHEERDER)
    with db.begin(proef.engine) as session:
        fleur = personen.load_persoon(session, FLEUR)
        with pytest.raises(NietMogelijkError, match="de enige functioneel beheerder"):  # Karin cannot sign in yet
            personen.revoke_mandaat(session, fleur, Rol.FUNCTIONEEL_BEHEERDER, door=proef.wie())
        personen.set_aanmelding(session, proef.kluis, karin, WACHTWOORD, door=proef.wie())
        personen.revoke_mandaat(session, fleur, Rol.FUNCTIONEEL_BEHEERDER, door=proef.wie())
        with pytest.raises(NietMogelijkError, match="de enige functioneel beheerder"):
            personen.revoke_mandaat(session, karin, Rol.FUNCTIONEEL_BEHEERDER, door=proef.wie(KARIN))


def test_a_proof_is_for_the_decision_at_hand(proef: Proef) -> None:
    wie = proef.meld_aan()
    proef.klok.wait(minutes=5)
    with db.read(proef.engine) as session:
        personen.verify_mandaat(session, wie, Rol.FUNCTIONEEL_BEHEERDER)
        proef.klok.wait(seconds=1)
        with pytest.raises(AanmeldingError, match="verlopen"):
            personen.verify_mandaat(session, wie, Rol.FUNCTIONEEL_BEHEERDER)
        proef.klok.nu = NU - timedelta(seconds=1)  # a clock that was set back proves nothing
        with pytest.raises(AanmeldingError, match="verlopen"):
            personen.verify_mandaat(session, wie, Rol.FUNCTIONEEL_BEHEERDER)


@BEIDE
def test_events_name_nobody(proef: Proef) -> None:
    karin = proef.add(KARIN, Rol.CONTROLEUR)
    with db.begin(proef.engine) as session:
        personen.add_naam(session, karin, "K. Controleur", door=proef.wie())
        personen.set_aanmelding(session, proef.kluis, karin, WACHTWOORD, door=proef.wie())
        personen.revoke_mandaat(session, karin, Rol.CONTROLEUR, door=proef.wie())
    with db.read(proef.engine) as session:
        rijen = session.exec(select(GebeurtenisRow)).all()
        assert {rij.soort for rij in rijen} == {
            *("persoon.vastgelegd", "persoon.naam", "aanmelding.gewijzigd", "mandaat.verleend", "mandaat.ingetrokken")
        }
        gezegd = repr([rij.gegevens for rij in rijen])
        assert "Karin" not in gezegd and "Fleur" not in gezegd
        assert len(session.exec(select(AanmeldingRow)).all()) == 2


# --- when the key of the codes is lost ----------------------------------------------------------------------------


def lose_key(proef: Proef) -> None:
    proef.kluis = Fernet(Fernet.generate_key())


def renew(proef: Proef, *mensen: tuple[str, str]) -> dict[str, str]:
    return personen.renew_codes(proef.engine, proef.kluis, mensen)


def test_two_people_come_in_with_their_passwords_when_the_key_is_lost(proef: Proef) -> None:
    proef.set_account(proef.add(KARIN, Rol.CONTROLEUR))
    lose_key(proef)
    with pytest.raises(InstellingError, match="persoon nieuwe-code"):
        proef.meld_aan()
    geheimen = renew(proef, (FLEUR, WACHTWOORD), (KARIN, WACHTWOORD))
    assert set(geheimen) == {FLEUR, KARIN}
    proef.klok.wait(minutes=1)
    for naam, geheim in geheimen.items():
        aangemeld = proef.meld_aan(naam, code=pyotp.TOTP(geheim).at(proef.klok.nu))
        assert aangemeld.naam == naam
    with db.read(proef.engine) as session:
        wat = session.exec(
            select(GebeurtenisRow.gegevens, GebeurtenisRow.actor_log_id, GebeurtenisRow.onderwerp_log_id)
            .where(GebeurtenisRow.soort == "aanmelding.gewijzigd")
            .order_by(col(GebeurtenisRow.volgnummer).desc())
        ).all()
        assert [(g["wat"], door == over) for g, door, over in wat[:2]] == [("sleutel_kwijt", True)] * 2
        assert not personen.is_sleutel_kwijt(session, proef.kluis)
    with pytest.raises(NietMogelijkError, match="past bij de aanmeldingen"):
        renew(proef, (FLEUR, WACHTWOORD), (KARIN, WACHTWOORD))


def test_it_takes_two_who_are_two_with_their_own_passwords_and_a_beheerder(proef: Proef) -> None:
    karin, arie = proef.add(KARIN, Rol.CONTROLEUR), proef.add("Arie", Rol.ARCHIVARIS)
    for persoon in (karin, arie):
        proef.set_account(persoon)
    lose_key(proef)
    pogingen: tuple[tuple[tuple[tuple[str, str], ...], type[Exception], str], ...] = (
        (((FLEUR, WACHTWOORD), (FLEUR, WACHTWOORD)), NietMogelijkError, "twee verschillende mensen"),
        (((FLEUR, WACHTWOORD), ("balie-3", WACHTWOORD)), NietMogelijkError, "twee verschillende mensen"),
        (((FLEUR, WACHTWOORD),), NietMogelijkError, "twee verschillende mensen"),
        (((KARIN, WACHTWOORD), ("Arie", WACHTWOORD)), GeenMandaatError, "functioneel beheerder"),
        (((FLEUR, WACHTWOORD), (KARIN, "een ander wachtwoord")), AanmeldingError, "klopt niet"),
        (((FLEUR, WACHTWOORD), ("Niemand", WACHTWOORD)), AanmeldingError, "klopt niet"),
    )
    for mensen, soort, zin in pogingen:
        with pytest.raises(soort, match=zin):
            renew(proef, *mensen)
    for _ in range(personen.MEESTE_POGINGEN):
        with pytest.raises(AanmeldingError):
            renew(proef, (KARIN, "een ander wachtwoord"), (FLEUR, WACHTWOORD))
    with pytest.raises(AanmeldingError, match="geblokkeerd"):
        renew(proef, (KARIN, WACHTWOORD), (FLEUR, WACHTWOORD))


def test_who_had_the_account_of_another_set_counts_as_one_with_them(proef: Proef) -> None:
    karin = proef.add(KARIN, Rol.CONTROLEUR)
    for _ in range(2):  # the second is a reset
        proef.set_account(karin)
    lose_key(proef)
    with pytest.raises(NietMogelijkError, match="twee verschillende mensen"):
        renew(proef, (FLEUR, WACHTWOORD), (KARIN, WACHTWOORD))
