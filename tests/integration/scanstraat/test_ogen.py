"""Who gives another a new password may know it: that account waits, and counts as both until it is confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from scanstraat import besluiten, bewerken, db, logboek, personen, stops, verantwoording
from scanstraat.errors import GeenMandaatError, NietMogelijkError
from scanstraat.personen import Aangemeld, Rol
from scanstraat.tables import BatchRow, DocumentRow
from tests.afrondproef import (
    BEHEERDER,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    SCANOPERATOR,
    TWEE,
    Afrondproef,
    destroy,
    open_afrondproef,
)
from tests.builders import vandaag
from vernietiging.errors import OngegrondError
from vernietiging.verificatie import verify_logboek

WACHTWOORD = "groen fietst langs de haven"
TWEEDE = "Tineke Beheerder"


@dataclass
class Oogproef:
    """People who all have an account; what is decided happens as many days later as a test says."""

    proef: Afrondproef

    def set_aanmelding(self, naam: str, door: str, *, dagen: int = 0) -> None:
        with db.begin(self.proef.basis.engine) as session:
            kluis = personen.open_kluis(self.proef.basis.config.algemeen.gegevensmap)
            persoon = personen.load_persoon(session, naam)
            personen.set_aanmelding(
                session, kluis, persoon, WACHTWOORD, door=self.proef.wie(door), wacht_dagen=dagen
            )  # fmt: skip

    def confirm(self, naam: str, door: str) -> None:
        with db.begin(self.proef.basis.engine) as session:
            personen.confirm_aanmelding(session, personen.load_persoon(session, naam), door=self.proef.wie(door))

    def grant(self, naam: str, rol: Rol, door: str = BEHEERDER) -> None:
        with db.begin(self.proef.basis.engine) as session:
            persoon = personen.load_persoon(session, naam)
            personen.grant_mandaat(
                session, persoon, rol, van=date(2026, 1, 1), tot=None, grondslag="besluit", door=self.proef.wie(door)
            )

    def ogen(self, naam: str) -> set[str]:
        with db.read(self.proef.basis.engine) as session:
            return {personen.name_of(session, id_) for id_ in personen.find_ogen(session, self.proef.mensen[naam])}

    def verify_mandaat(self, naam: str, rol: Rol) -> None:
        with db.read(self.proef.basis.engine) as session:
            personen.verify_mandaat(session, self.proef.wie(naam), rol)


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Oogproef]:
    with open_afrondproef(tmp_path) as gemaakt:
        proef = Oogproef(gemaakt)
        with db.begin(gemaakt.basis.engine) as session:
            gemaakt.mensen[TWEEDE] = personen.add_persoon(session, TWEEDE, door=gemaakt.wie(BEHEERDER)).id
        proef.grant(TWEEDE, Rol.FUNCTIONEEL_BEHEERDER)
        for naam in (EEN, TWEE, CONTROLEUR, DIV):
            proef.set_aanmelding(naam, BEHEERDER, dagen=7)
        yield proef


# --- the account waits --------------------------------------------------------------------------------------------


def test_a_first_account_and_an_own_new_password_do_not_wait(proef: Oogproef) -> None:
    proef.verify_mandaat(EEN, Rol.GEMANDATEERDE)
    proef.set_aanmelding(EEN, EEN, dagen=7)
    proef.verify_mandaat(EEN, Rol.GEMANDATEERDE)
    assert proef.ogen(EEN) == {EEN}


def test_an_account_that_another_set_decides_nothing_until_a_third_confirms_it(proef: Oogproef) -> None:
    proef.set_aanmelding(EEN, BEHEERDER, dagen=7)
    for zelf in (False, True):  # neither is it freed by an own new password: who has the account can set that
        if zelf:
            proef.set_aanmelding(EEN, EEN)
        with pytest.raises(GeenMandaatError, match="opnieuw ingesteld"):
            proef.verify_mandaat(EEN, Rol.GEMANDATEERDE)
        assert proef.ogen(EEN) == {EEN, BEHEERDER}
    proef.confirm(EEN, TWEEDE)
    proef.verify_mandaat(EEN, Rol.GEMANDATEERDE)
    assert proef.ogen(EEN) == {EEN}
    with pytest.raises(NietMogelijkError, match="niets te bevestigen"):
        proef.confirm(EEN, TWEEDE)


def test_a_waiting_time_that_is_over_lets_it_decide_and_frees_no_eyes(
    proef: Oogproef, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.set_aanmelding(EEN, BEHEERDER, dagen=7)
    proef.set_aanmelding(EEN, TWEEDE, dagen=1)  # a shorter one ends nothing
    begonnen = datetime.now(UTC)

    def try_after(duur: timedelta) -> None:
        class Tijd(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return begonnen + duur

        monkeypatch.setattr(personen, "datetime", Tijd)
        with db.read(proef.proef.basis.engine) as session:
            wie = Aangemeld(proef.proef.mensen[EEN], EEN, begonnen + duur)
            personen.verify_mandaat(session, wie, Rol.GEMANDATEERDE)

    with pytest.raises(GeenMandaatError, match="opnieuw ingesteld"):
        try_after(timedelta(days=6, hours=23))
    try_after(timedelta(days=7, seconds=1))
    assert proef.ogen(EEN) == {EEN, BEHEERDER, TWEEDE}


def test_the_confirmation_is_of_a_third_also_by_a_detour(proef: Oogproef) -> None:
    proef.grant(EEN, Rol.FUNCTIONEEL_BEHEERDER)
    proef.set_aanmelding(EEN, BEHEERDER)
    for naam in (BEHEERDER, EEN):
        with pytest.raises(GeenMandaatError, match="Een ander bevestigt dit"):
            proef.confirm(EEN, naam)
    with pytest.raises(GeenMandaatError, match="geen mandaat als functioneel beheerder"):
        proef.confirm(EEN, DIV)
    proef.set_aanmelding(TWEEDE, TWEEDE)
    proef.set_aanmelding(TWEEDE, BEHEERDER)  # who set the account of EEN has that of TWEEDE as well
    with pytest.raises(GeenMandaatError, match="Een ander bevestigt dit"):
        proef.confirm(EEN, TWEEDE)


def test_who_sets_an_account_with_an_account_that_was_taken_is_not_who_it_seems(proef: Oogproef) -> None:
    proef.set_aanmelding(TWEEDE, TWEEDE)
    proef.set_aanmelding(TWEEDE, BEHEERDER)
    proef.set_aanmelding(EEN, TWEEDE)
    assert proef.ogen(EEN) == {EEN, TWEEDE, BEHEERDER}


def test_events_of_the_first_version_make_nobody_wait(proef: Oogproef) -> None:
    proef.set_aanmelding(EEN, BEHEERDER, dagen=7)
    with proef.proef.basis.engine.begin() as verbinding:
        verbinding.exec_driver_sql("drop trigger gebeurtenis_vast")
        verbinding.exec_driver_sql("update gebeurtenis set schema_versie = 1 where soort = 'aanmelding.gewijzigd'")
    proef.verify_mandaat(EEN, Rol.GEMANDATEERDE)
    assert proef.ogen(EEN) == {EEN}


# --- and counts as both -------------------------------------------------------------------------------------------


def test_a_beheerder_who_resets_two_people_does_not_release_as_both(proef: Oogproef) -> None:
    batch = proef.proef.add_batch()
    proef.proef.add_besluit()
    proef.proef.approve(batch.batch)
    doos = proef.proef.box(batch.batch)
    lijst = proef.proef.propose(doos)
    proef.proef.look(lijst, doos)
    proef.proef.back_up()
    for naam in (EEN, TWEE):
        proef.set_aanmelding(naam, BEHEERDER)  # and the waiting time is over
    proef.proef.release(lijst, EEN)
    with pytest.raises(GeenMandaatError, match="De tweede vrijgave is van een andere"):
        proef.proef.release(lijst, TWEE)
    proef.confirm(TWEE, TWEEDE)
    proef.proef.release(lijst, TWEE)
    proef.proef.anchor()
    assert "vrijgegeven" not in proef.proef.find_redenen(lijst)


def test_what_was_decided_with_a_taken_account_is_not_made_good_by_a_confirmation_after(
    proef: Oogproef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody got round the program; the poort looks at how it was when each was written."""
    batch = proef.proef.add_batch()
    proef.proef.add_besluit()
    proef.grant(EEN, Rol.FUNCTIONEEL_BEHEERDER)
    proef.set_aanmelding(TWEE, EEN)
    proef.set_aanmelding(CONTROLEUR, EEN)
    proef.set_aanmelding(DIV, EEN)
    with monkeypatch.context() as omzeild:
        omzeild.setattr(personen, "find_ogen", lambda _session, persoon_id, *_: frozenset({persoon_id}))
        proef.proef.approve(batch.batch)
        doos = proef.proef.box(batch.batch)
        lijst = proef.proef.propose(doos)
        proef.proef.look(lijst, doos)
        proef.proef.back_up()
        proef.proef.release(lijst, EEN)
        proef.proef.release(lijst, TWEE)
        proef.proef.anchor()
    for naam in (TWEE, CONTROLEUR, DIV):
        proef.confirm(naam, TWEEDE)
    redenen = proef.proef.find_redenen(lijst)
    assert "De twee vrijgaven zijn van dezelfde persoon." in redenen["vrijgegeven"]
    assert "Iemand die vrijgaf, heeft dit papier gescand, bewerkt of gekeurd." in redenen["vrijgegeven"]
    assert "sindsdien zelf gekeurd of bewerkt" in redenen["laatste_blik"][0]


def test_what_was_decided_too_soon_opens_nothing(proef: Oogproef, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = proef.proef.add_batch()
    proef.proef.add_besluit()
    for naam in (TWEE, CONTROLEUR, DIV):
        proef.set_aanmelding(naam, BEHEERDER, dagen=1)
    with monkeypatch.context() as omzeild:
        omzeild.setattr(personen, "_verify_eigen_aanmelding", lambda *_: None)
        omzeild.setattr(personen, "was_te_vroeg", lambda *_: False)
        omzeild.setattr(personen, "find_ogen", lambda _session, persoon_id, *_: frozenset({persoon_id}))
        proef.proef.approve(batch.batch)
        doos = proef.proef.box(batch.batch)
        lijst = proef.proef.propose(doos)
        proef.proef.look(lijst, doos)
        proef.proef.back_up()
        proef.proef.release(lijst, EEN)
        proef.proef.release(lijst, TWEE)
        proef.proef.anchor()
        assert proef.proef.find_redenen(lijst) == {}
        omzeild.undo()
        omzeild.setattr(personen, "find_ogen", lambda _session, persoon_id, *_: frozenset({persoon_id}))
        redenen = proef.proef.find_redenen(lijst)
    assert set(redenen) == {"goedgekeurd", "laatste_blik", "vrijgegeven"}
    assert all("mocht toen nog niets beslissen" in zinnen[0] for zinnen in redenen.values())


def test_who_reset_the_controleur_does_not_look_or_release_and_the_poort_sees_it(proef: Oogproef) -> None:
    proef.grant(EEN, Rol.FUNCTIONEEL_BEHEERDER)
    proef.set_aanmelding(CONTROLEUR, EEN)
    batch = proef.proef.add_batch()
    proef.proef.add_besluit()
    proef.proef.approve(batch.batch)
    doos = proef.proef.box(batch.batch)
    lijst = proef.proef.propose(doos)
    with pytest.raises(GeenMandaatError, match="keurde batch"):
        proef.proef.look(lijst, doos, naam=EEN)
    proef.proef.look(lijst, doos)
    proef.proef.back_up()
    with pytest.raises(GeenMandaatError, match="keurde batch"):
        proef.proef.release(lijst, EEN)


def test_who_reset_an_editor_does_not_judge(proef: Oogproef) -> None:
    proef.grant(CONTROLEUR_2, Rol.FUNCTIONEEL_BEHEERDER)
    batch = proef.proef.add_batch(2)
    proef.proef.herscan(batch.documenten[0], 1, door=DIV)  # before: by Dirk himself
    proef.set_aanmelding(DIV, CONTROLEUR_2)
    proef.proef.add_besluit()
    with db.read(proef.proef.basis.engine) as session:
        rij = session.get_one(BatchRow, batch.batch)
        assert proef.proef.mensen[CONTROLEUR_2] not in personen.find_betrokkenen(session, rij).personen
    proef.proef.herscan(batch.documenten[0], 2, door=DIV)
    with pytest.raises(GeenMandaatError, match="scande of bewerkte"):
        proef.proef.approve(batch.batch, naam=CONTROLEUR_2)
    proef.proef.approve(batch.batch, naam=CONTROLEUR)


def test_who_was_reset_by_who_scanned_does_not_judge_and_an_older_approval_stands(proef: Oogproef) -> None:
    proef.grant(SCANOPERATOR, Rol.FUNCTIONEEL_BEHEERDER)
    eerste, tweede = proef.proef.add_batch(), proef.proef.add_batch()
    proef.proef.add_besluit()
    proef.proef.approve(eerste.batch)
    proef.set_aanmelding(CONTROLEUR, SCANOPERATOR)
    with pytest.raises(GeenMandaatError, match="scande of bewerkte"):
        proef.proef.approve(tweede.batch)
    doos = proef.proef.box(eerste.batch)
    assert "goedgekeurd" not in proef.proef.find_redenen(proef.proef.propose(doos))


def test_who_was_reset_by_who_is_named_does_not_say_who_scanned(proef: Oogproef) -> None:
    proef.set_aanmelding(TWEEDE, TWEEDE)
    proef.set_aanmelding(TWEEDE, BEHEERDER)
    batch = proef.proef.add_batch(scanoperator=BEHEERDER)
    with db.begin(proef.proef.basis.engine) as session, pytest.raises(GeenMandaatError, match="andere functioneel"):
        bewerken.set_scanoperator(
            session, batch.batch, naam=SCANOPERATOR, reden="rooster", door=proef.proef.wie(TWEEDE)
        )


def test_the_verifier_finds_a_decision_that_came_too_soon(proef: Oogproef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.set_aanmelding(EEN, BEHEERDER, dagen=7)
    monkeypatch.setattr(personen, "_verify_eigen_aanmelding", lambda *_: None)  # a program that was changed
    monkeypatch.setattr(personen, "was_te_vroeg", lambda *_: False)
    destroy(proef.proef)
    proef.proef.anchor()
    basis = proef.proef.basis
    with pytest.raises(OngegrondError, match="te vroeg"):
        verify_logboek(basis.config.logboek.map, logboek.load_beleid(basis.config))


# --- and it can be asked ------------------------------------------------------------------------------------------


def test_a_period_says_who_came_who_may_what_and_what_was_stopped_by_whom_and_why(proef: Oogproef) -> None:
    dag = vandaag()
    batch = proef.proef.add_batch()
    proef.set_aanmelding(EEN, BEHEERDER)
    with db.begin(proef.proef.basis.engine) as session:
        actor = personen.actor_of(session, proef.proef.mensen[DIV])
        document = session.get_one(DocumentRow, batch.documenten[0])
        besluiten.add_uitzondering(session, document, "erfgoed", "een oud zegel", "kluis", actor=actor)
        personen.add_naam(session, personen.load_persoon(session, EEN), "G.G.", door=proef.proef.wie(BEHEERDER))
        personen.revoke_mandaat(
            session, personen.load_persoon(session, TWEE), Rol.GEMANDATEERDE, door=proef.proef.wie(TWEEDE)
        )  # fmt: skip
        bewerken.set_scanoperator(
            session, batch.batch, naam=DIV, reden="rooster",
            door=proef.proef.wie(BEHEERDER),
        )  # fmt: skip
        stop = stops.place_stop(
            session, stops.Stopsoort.BEZWAAR, stops.Over.ZAAK, "ZAAK-9", "bezwaar 12", door=actor
        )  # fmt: skip
        stops.lift_stop(session, stop.id, "ongegrond verklaard", door=actor)
        stops.place_stop(session, stops.Stopsoort.ONDERZOEK, stops.Over.ZAAK, "ZAAK-8", "onderzoek 3", door=actor)
    antwoorden = ask(proef, dag, dag)
    assert antwoorden["Welke aanmeldingen zijn ingesteld of bevestigd?"][1] is False
    alles = " ".join(tekst for tekst, _ in antwoorden.values())
    for deel in (
        *(f"{EEN} toegevoegd. Door {BEHEERDER}.", f"{EEN} is ook G.G.. Door {BEHEERDER}.", "een oud zegel"),
        *(f"mandaat van {TWEE} als gemandateerde gegeven", "mandaatbesluit 2026-3. Door Fleur Beheerder."),
        *(f"mandaat van {TWEE} als gemandateerde ingetrokken", f"Door {TWEEDE}."),
        *(f"aanmelding van {EEN} ingesteld. Door {BEHEERDER}.", f"ingesteld en niet bevestigd: {EEN}."),
        *(f"is gescand door {DIV}. Door {BEHEERDER}.", f"door {DIV}: bezwaar 12. Opgeheven op"),
        *(f"door {DIV}: ongegrond verklaard.", "onderzoek 3. Hij loopt nog."),
    ):
        assert deel in alles, (deel, alles)
    proef.confirm(EEN, TWEEDE)
    bevestigd = ask(proef, dag, dag)["Welke aanmeldingen zijn ingesteld of bevestigd?"]
    assert f"aanmelding van {EEN} bevestigd. Door {TWEEDE}." in bevestigd[0] and bevestigd[1] is True
    gisteren = dag - timedelta(days=1)
    eerder = ask(proef, gisteren, gisteren)
    assert eerder["Welke stops zijn geplaatst of opgeheven, door wie en waarom?"][0] == "Geen."
    assert eerder["Welk papier werd een uitzondering, of is dat niet meer?"][0] == "Geen uitzonderingen."


def ask(proef: Oogproef, van: date, tot: date) -> dict[str, tuple[str, bool | None]]:
    basis = proef.proef.basis
    with db.read(basis.engine) as session:
        antwoorden = verantwoording.answer_periode(basis, session, van, tot)
    return {a.vraag: (" ".join(a.regels), a.in_orde) for a in antwoorden}


def test_what_older_events_and_a_changed_database_do_not_say_is_said(proef: Oogproef) -> None:
    proef.proef.add_batch()
    with db.begin(proef.proef.basis.engine) as session:
        personen.add_naam(session, personen.load_persoon(session, EEN), "G.G.", door=proef.proef.wie(BEHEERDER))
    with proef.proef.basis.engine.begin() as verbinding:
        for naam in ("gebeurtenis_vast", "mandaat_nooit_weg"):
            verbinding.exec_driver_sql(f"drop trigger {naam}")
        verbinding.exec_driver_sql(
            "update gebeurtenis set gegevens = json_remove(gegevens, '$.wie') "
            "where soort in ('persoon.naam', 'batch.scanoperator')"
        )
        verbinding.exec_driver_sql("delete from mandaat where rol = 'archivaris'")
    dag = vandaag()
    alles = " ".join(tekst for tekst, _ in ask(proef, dag, dag).values())
    assert f"{EEN} is ook iemand anders." in alles
    assert "is gescand door iemand." in alles
    assert "het staat niet meer in de database." in alles
