"""The database refuses by itself what no command may do: every rule of 0007, 0008 and 0012, broken directly in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel, col, select

from scanstraat import afronding, batchstatus, besluiten, db, keuren, papier, personen, stops, storage, tables_bewijs
from scanstraat.personen import Rol
from scanstraat.tables import BatchRow, BewerkingRow, BladRow
from scanstraat.tables_bewijs import (
    BekekenRow,
    DoosbladRow,
    DoosRow,
    LaatsteblikRow,
    LijstdoosRow,
    MandaatRow,
    OndertekeningRow,
    OordeelRow,
    OpdrachtRow,
    PersoonsnaamRow,
    TrekkingRow,
    UitvoeringRow,
    VerklaringdoosRow,
    VerklaringRow,
    VerklaringscanRow,
    VernietigingslijstRow,
    VerzegelingRow,
    VrijgaveRow,
)
from tests.afrondproef import (
    ARCHIVARIS,
    BEHEERDER,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    SCANOPERATOR,
    TWEE,
    Afrondproef,
    open_afrondproef,
)
from tests.databanken import fresh_postgres

vier_ogen = import_module("scanstraat.migrations.versions.0007_vier_ogen")  # its name starts with a digit
laatste_blik = import_module("scanstraat.migrations.versions.0008_laatste_blik")
deels = import_module("scanstraat.migrations.versions.0012_deels")
REGELS: dict[str, tuple[str, str]] = {
    naam: (tabel, zin) for naam, tabel, _als, zin in (*vier_ogen.REGELS, *laatste_blik.REGELS, *deels.REGELS)
}
vervoer = import_module("scanstraat.migrations.versions.0010_vervoer")
MAG_ANDERS = vier_ogen.MAG_ANDERS | vervoer.MAG_ANDERS
TABELLEN = sorted(MAG_ANDERS)


@dataclass
class Lijst:
    """A list with one batch in one doos, as far as it came."""

    batch: UUID
    doos: UUID
    id: UUID


class Proef:
    """One installation in which every table has rows, and every step has a list that waits for it."""

    def __init__(self, proef: Afrondproef) -> None:
        self.proef, self.engine, self.mensen = proef, proef.basis.engine, proef.mensen
        te_keuren, gedaan, *anderen = (proef.add_batch(1) for _ in range(6))
        proef.add_besluit()
        self.te_keuren = te_keuren.batch
        proef.show(te_keuren.batch)
        self.gedaan, self.te_blikken, self.vrij_te_geven, self.op_te_dragen, self.uit_te_voeren = (
            self._propose(deel.batch, nummer) for nummer, deel in enumerate((gedaan, *anderen), start=1)
        )
        proef.back_up()
        trekking = afronding.trek_blik(proef.basis, self.te_blikken.id, self.te_blikken.doos)
        with db.begin(self.engine) as session:
            for naam in (DIV, SCANOPERATOR, CONTROLEUR):
                keuren.mark_seen(session, trekking, proef.wie(naam))
        for lijst in (self.gedaan, self.vrij_te_geven, self.op_te_dragen, self.uit_te_voeren):
            proef.look(self._row(VernietigingslijstRow, lijst.id), self._row(DoosRow, lijst.doos))
        for lijst in (self.gedaan, self.op_te_dragen, self.uit_te_voeren):
            for naam in (EEN, TWEE):
                proef.release(self._row(VernietigingslijstRow, lijst.id), naam)
        proef.anchor()
        opdrachten = []
        for lijst in (self.gedaan, self.uit_te_voeren):
            doos = self._row(DoosRow, lijst.doos)
            opdrachten.append(proef.order(self._row(VernietigingslijstRow, lijst.id), doos))
        self.opdracht = opdrachten[1].id
        proef.pick_up(opdrachten[0])
        proef.execute(opdrachten[0], self._row(DoosRow, self.gedaan.doos))
        self._add_rest()

    def _row(self, tabel: Any, id_: UUID) -> Any:
        with db.read(self.engine) as session:
            return session.get_one(tabel, id_)

    def _propose(self, batch: UUID, nummer: int) -> Lijst:
        self.proef.approve(batch)
        doos = self.proef.box(batch)
        return Lijst(batch, doos.id, self.proef.propose(doos, naam=f"Lijst 2026-0{nummer}").id)

    def _add_rest(self) -> None:
        """Give every table that the way to the shredder does not fill a row as well."""
        proef = self.proef
        with db.begin(self.engine) as session:
            batch = storage.load_batch(session, self.te_keuren)
            document = storage.load_documenten(session, self.te_blikken.batch)[0]
            actor = personen.actor_of(session, self.mensen[DIV])
            besluiten.extend_termijn(session, batch, date(2099, 1, 1), "onderzoek", proef.wie(ARCHIVARIS))
            stops.place_stop(
                session, stops.Stopsoort.BEZWAAR, stops.Over.DOCUMENT, str(document.id), "bezwaar", door=actor
            )
            kluis = personen.open_kluis(proef.map)
            persoon = personen.load_persoon(session, DIV)
            personen.set_aanmelding(session, kluis, persoon, "groen fietst langs de haven", door=proef.wie(BEHEERDER))
            verklaring = self.build(session, VerklaringRow, soort="vernietiging", nummer="V-1", lijst_id=self.gedaan.id,
                                    persoon_id=self.mensen[EEN])  # fmt: skip
            session.add(verklaring)
            session.flush()
            mandaat = session.exec(select(MandaatRow.id).where(MandaatRow.persoon_id == self.mensen[EEN])).first()
            session.add(
                self.build(session, OndertekeningRow, verklaring_id=verklaring.id, persoon_id=self.mensen[EEN],
                           mandaat_id=mandaat, pdf_sha256="x")
            )  # fmt: skip
            doos = session.exec(select(DoosRow.id).limit(1)).one()
            session.add(VerklaringdoosRow(verklaring_id=verklaring.id, doos_id=doos))
            scan = self.build(session, VerklaringscanRow, verklaring_id=verklaring.id, persoon_id=self.mensen[EEN])
            session.add(scan)
            besluiten.add_uitzondering(session, document, "erfgoed", "oud", "", actor=storage.load_actor(session, "x"))

    def build(self, session: Session, tabel: type[SQLModel], **waarden: Any) -> Any:
        """Return a row, with an object, an event and a time wherever it asks for one."""
        object_ = session.exec(select(TrekkingRow.trekking_sha256).limit(1)).one()
        gebeurtenis = session.exec(select(TrekkingRow.gebeurtenis_id).limit(1)).one()
        for naam in tabel.model_fields:
            if naam.endswith("_sha256"):
                waarden.setdefault(naam, object_)
        anders = {"op": db.now_text(), "gebeurtenis_id": gebeurtenis}
        return tabel(**{naam: waarde for naam, waarde in anders.items() if naam in tabel.model_fields} | waarden)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Yield a transaction of which nothing stays."""
        with Session(self.engine.execution_options(scanstraat_transaction="IMMEDIATE")) as session:
            yield session
            session.rollback()

    # --- rows that would be right ---------------------------------------------------------------------------------

    def build_oordeel(self, session: Session, naam: str = CONTROLEUR, **anders: Any) -> Any:
        verzegeling = session.exec(select(VerzegelingRow).where(VerzegelingRow.batch_id == self.te_keuren)).one()
        trekking = session.exec(select(TrekkingRow).where(TrekkingRow.verzegeling_id == verzegeling.id)).one()
        waarden: dict[str, Any] = {"verzegeling_id": verzegeling.id, "trekking_id": trekking.id}
        waarden |= {"batch_id": self.te_keuren}
        waarden |= {"persoon_id": self.mensen[naam], "uitslag": "goedgekeurd", "oordeel": {}}
        return self.build(session, OordeelRow, **{**waarden, **anders})

    def build_blik(self, session: Session, naam: str = DIV) -> Any:
        lijst = self.te_blikken
        trekking = session.exec(select(TrekkingRow).where(TrekkingRow.lijst_id == lijst.id)).one()
        return self.build(
            session,
            LaatsteblikRow,
            trekking_id=trekking.id,
            lijst_id=lijst.id,
            doos_id=lijst.doos,
            persoon_id=self.mensen[naam],
            geslaagd=True,
        )

    def build_vrijgave(self, session: Session, naam: str = EEN, volgnummer: int = 1, **anders: Any) -> Any:
        lijst = session.get_one(VernietigingslijstRow, self.vrij_te_geven.id)
        waarden = {"lijst_id": lijst.id, "volgnummer": volgnummer, "persoon_id": self.mensen[naam]}
        waarden |= {"mandaat_id": self.give_mandaat(session, naam), "inhoud_sha256": lijst.inhoud_sha256}
        return self.build(session, VrijgaveRow, **{**waarden, **anders})

    def build_opdracht(self, session: Session) -> Any:
        waarden = {
            "nummer": "O-9",
            "lijst_id": self.op_te_dragen.id,
            "bedrijf": "Versnipper BV",
            "wijze": "versnipperd",
        }
        waarden |= {"niveau": "P-4", "containers": [], "checkpoint": 1, "persoon_id": self.mensen[DIV]}
        return self.build(session, OpdrachtRow, **waarden)

    def build_uitvoering(self, session: Session, **anders: str) -> Any:
        waarden = {"opdracht_id": self.opdracht, "doos_id": self.uit_te_voeren.doos, "uitslag": "vernietigd"}
        waarden |= {"uitgevoerd_op": db.now_text(), "persoon_id": self.mensen[DIV]}
        return self.build(session, UitvoeringRow, **{**waarden, **anders})

    # --- what makes them wrong ------------------------------------------------------------------------------------

    def give_mandaat(self, session: Session, naam: str, rol: Rol = Rol.GEMANDATEERDE) -> UUID:
        mandaat = MandaatRow(
            persoon_id=self.mensen[naam],
            rol=rol.value,
            van="2026-01-01",
            grondslag="proef",
            verleend_op=db.now_text(),
            verleend_door=self.mensen[BEHEERDER],
        )
        session.add(mandaat)
        session.flush()
        return mandaat.id

    def let_edit(self, session: Session, naam: str, batch_id: UUID) -> None:
        """Let somebody have edited a batch, under another name than the one they are known by."""
        session.add(PersoonsnaamRow(naam="Balie-3", persoon_id=self.mensen[naam]))
        actor = storage.load_actor(session, "BALIE-3", "persoon")
        session.add(
            BewerkingRow(
                batch_id=batch_id,
                nummer=99,
                soort="draai",
                parameters={},
                actor_id=actor.id,
                op=db.now_text(),
                vooraf={},
            )
        )
        session.flush()

    def let_see(self, session: Session, naam: str) -> None:
        trekking = self.build_oordeel(session).trekking_id
        session.add(BekekenRow(trekking_id=trekking, persoon_id=self.mensen[naam], op=db.now_text()))
        session.flush()

    def add(self, session: Session, rij: Any) -> None:
        session.add(rij)
        session.flush()

    def end(self, session: Session, tabel: Any, einde: str, *voorwaarden: Any) -> None:
        for rij in session.exec(select(tabel).where(*voorwaarden)).all():
            setattr(rij, einde, db.now_text())
            session.add(rij)
        session.flush()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def proef(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proef]:
    map_ = tmp_path_factory.mktemp("vier-ogen")
    if request.param == "sqlite":
        with open_afrondproef(map_) as gemaakt:
            yield Proef(gemaakt)
    else:
        with fresh_postgres(request.getfixturevalue("postgres_cluster")) as url, open_afrondproef(map_, url) as gemaakt:
            yield Proef(gemaakt)


@contextmanager
def refused(zin: str) -> Iterator[None]:
    with pytest.raises(DBAPIError) as fout:
        yield
    assert zin in str(fout.value.orig), fout.value


# --- who may not, and what comes first ----------------------------------------------------------------------------


def judge_what_one_scanned(proef: Proef, session: Session) -> Any:
    proef.let_see(session, SCANOPERATOR)
    return proef.build_oordeel(session, SCANOPERATOR)


def judge_what_one_edited(proef: Proef, session: Session) -> Any:
    proef.let_edit(session, CONTROLEUR, proef.te_keuren)
    return proef.build_oordeel(session)


def judge_what_has_changed(proef: Proef, session: Session) -> Any:
    rij = proef.build_oordeel(session)
    proef.end(session, VerzegelingRow, "vervallen_op", VerzegelingRow.id == rij.verzegeling_id)
    return rij


def judge_by_the_sample_of_another_batch(proef: Proef, session: Session) -> Any:
    ander = session.exec(select(VerzegelingRow).where(VerzegelingRow.batch_id == proef.op_te_dragen.batch)).one()
    return proef.build_oordeel(session, verzegeling_id=ander.id)


def judge_what_one_did_not_see(proef: Proef, session: Session) -> Any:
    return proef.build_oordeel(session, CONTROLEUR_2)


def look_at_what_one_scanned(proef: Proef, session: Session) -> Any:
    return proef.build_blik(session, SCANOPERATOR)


def look_at_what_one_judged(proef: Proef, session: Session) -> Any:
    return proef.build_blik(session, CONTROLEUR)


def look_without_having_been_shown_it(proef: Proef, session: Session) -> Any:
    return proef.build_blik(session, ARCHIVARIS)


def look_at_what_one_edited(proef: Proef, session: Session) -> Any:
    proef.let_edit(session, DIV, proef.te_blikken.batch)
    return proef.build_blik(session)


def release_what_one_scanned(proef: Proef, session: Session) -> Any:
    return proef.build_vrijgave(session, SCANOPERATOR)


def release_what_one_judged(proef: Proef, session: Session) -> Any:
    return proef.build_vrijgave(session, CONTROLEUR)


def release_what_one_edited(proef: Proef, session: Session) -> Any:
    proef.let_edit(session, EEN, proef.vrij_te_geven.batch)
    return proef.build_vrijgave(session)


def release_another_content(proef: Proef, session: Session) -> Any:
    return proef.build_vrijgave(session, inhoud_sha256="0" * 64)


def release_a_list_that_was_withdrawn(proef: Proef, session: Session) -> Any:
    rij = proef.build_vrijgave(session)
    proef.end(session, VernietigingslijstRow, "ingetrokken_op", VernietigingslijstRow.id == rij.lijst_id)
    return rij


def release_second_without_a_first(proef: Proef, session: Session) -> Any:
    return proef.build_vrijgave(session, volgnummer=2)


def release_twice_by_one(proef: Proef, session: Session) -> Any:
    proef.add(session, proef.build_vrijgave(session))
    return proef.build_vrijgave(session, volgnummer=2)


def release_second_after_the_first_was_taken_back(proef: Proef, session: Session) -> Any:
    proef.add(session, proef.build_vrijgave(session))
    proef.end(session, VrijgaveRow, "ingetrokken_op", VrijgaveRow.lijst_id == proef.vrij_te_geven.id)
    return proef.build_vrijgave(session, TWEE, volgnummer=2)


def release_on_the_mandaat_of_another(proef: Proef, session: Session) -> Any:
    return proef.build_vrijgave(session, mandaat_id=proef.give_mandaat(session, TWEE))


def release_on_another_mandaat(proef: Proef, session: Session) -> Any:
    return proef.build_vrijgave(session, mandaat_id=proef.give_mandaat(session, EEN, Rol.ARCHIVARIS))


def release_on_a_mandaat_that_was_revoked(proef: Proef, session: Session) -> Any:
    rij = proef.build_vrijgave(session)
    proef.end(session, MandaatRow, "ingetrokken_op", MandaatRow.id == rij.mandaat_id)
    return rij


def order_after_one_release(proef: Proef, session: Session) -> Any:
    tweede = (VrijgaveRow.lijst_id == proef.op_te_dragen.id, VrijgaveRow.volgnummer == 2)
    proef.end(session, VrijgaveRow, "ingetrokken_op", *tweede)
    return proef.build_opdracht(session)


def order_a_list_that_was_withdrawn(proef: Proef, session: Session) -> Any:
    deze = VernietigingslijstRow.id == proef.op_te_dragen.id
    proef.end(session, VernietigingslijstRow, "ingetrokken_op", deze)
    return proef.build_opdracht(session)


def destroy_after_a_release_was_taken_back(proef: Proef, session: Session) -> Any:
    eerste = (VrijgaveRow.lijst_id == proef.uit_te_voeren.id, VrijgaveRow.volgnummer == 1)
    proef.end(session, VrijgaveRow, "ingetrokken_op", *eerste)
    return proef.build_uitvoering(session)


def destroy_without_a_last_look(proef: Proef, session: Session) -> Any:
    """Another doos on the same list, at which nobody looked."""
    doos = papier.make_doos(session, "elders", door=storage.load_actor(session, "proef"))
    session.add(LijstdoosRow(lijst_id=proef.uit_te_voeren.id, doos_id=doos.id))
    session.flush()
    rij = proef.build_uitvoering(session)
    rij.doos_id = doos.id
    return rij


def destroy_a_doos_that_left_the_list(proef: Proef, session: Session) -> Any:
    proef.end(session, LijstdoosRow, "eraf_op", LijstdoosRow.doos_id == proef.uit_te_voeren.doos)
    return proef.build_uitvoering(session)


def fill_a_doos_that_is_gone(proef: Proef, session: Session) -> Any:
    blad = session.exec(select(BladRow).where(BladRow.batch_id == proef.te_keuren)).first()
    assert blad is not None
    actor = storage.load_actor(session, "proef")
    return DoosbladRow(doos_id=proef.gedaan.doos, blad_id=blad.id, op=db.now_text(), actor_id=actor.id)


def say_that_nothing_went_after_part_did(proef: Proef, session: Session) -> Any:
    return say_twice_that_part_went(proef, session, "mislukt")


def say_twice_that_part_went(proef: Proef, session: Session, uitslag: str = "deels") -> Any:
    proef.add(session, proef.build_uitvoering(session, uitslag="deels", toelichting="de molen liep vast"))
    return proef.build_uitvoering(session, uitslag=uitslag, toelichting="toch")


OVERTREDINGEN: tuple[tuple[str, Callable[[Proef, Session], Any]], ...] = (
    ("vier_ogen_oordeel", judge_what_one_scanned),
    ("vier_ogen_oordeel", judge_what_one_edited),
    ("oordeel_over_nu", judge_what_has_changed),
    ("oordeel_over_nu", judge_by_the_sample_of_another_batch),
    ("oordeel_na_bekijken", judge_what_one_did_not_see),
    ("vier_ogen_laatste_blik", look_at_what_one_scanned),
    ("vier_ogen_laatste_blik", look_at_what_one_judged),
    ("vier_ogen_laatste_blik", look_at_what_one_edited),
    ("laatste_blik_na_bekijken", look_without_having_been_shown_it),
    ("vier_ogen_vrijgave", release_what_one_scanned),
    ("vier_ogen_vrijgave", release_what_one_judged),
    ("vier_ogen_vrijgave", release_what_one_edited),
    ("vrijgave_van_deze_lijst", release_another_content),
    ("vrijgave_van_deze_lijst", release_a_list_that_was_withdrawn),
    ("tweede_na_eerste_vrijgave", release_second_without_a_first),
    ("tweede_na_eerste_vrijgave", release_twice_by_one),
    ("tweede_na_eerste_vrijgave", release_second_after_the_first_was_taken_back),
    ("mandaat_van_zichzelf", release_on_the_mandaat_of_another),
    ("mandaat_van_zichzelf", release_on_another_mandaat),
    ("mandaat_van_zichzelf", release_on_a_mandaat_that_was_revoked),
    ("opdracht_na_twee_vrijgaven", order_after_one_release),
    ("opdracht_na_twee_vrijgaven", order_a_list_that_was_withdrawn),
    ("vernietigd_na_twee_vrijgaven", destroy_after_a_release_was_taken_back),
    ("vernietigd_na_laatste_blik", destroy_without_a_last_look),
    ("vernietigd_van_de_lijst", destroy_a_doos_that_left_the_list),
    ("geen_blad_in_vernietigde_doos", fill_a_doos_that_is_gone),
    ("niets_gelukt_na_deels", say_that_nothing_went_after_part_did),
    ("niets_gelukt_na_deels", say_twice_that_part_went),
)


def test_every_rule_is_tried() -> None:
    assert {naam for naam, _ in OVERTREDINGEN} == set(REGELS)


@pytest.mark.parametrize(("regel", "overtreed"), OVERTREDINGEN, ids=[wat.__name__ for _, wat in OVERTREDINGEN])
def test_what_breaks_a_rule_is_refused_by_that_rule(
    proef: Proef, regel: str, overtreed: Callable[[Proef, Session], Any]
) -> None:
    tabel, zin = REGELS[regel]
    with proef.begin() as session:
        rij = overtreed(proef, session)
        assert rij.__tablename__ == tabel
        with refused(zin):
            proef.add(session, rij)


def test_the_same_rows_are_taken_when_nothing_is_wrong_with_them(proef: Proef) -> None:
    with proef.begin() as session:
        for bouw in (proef.build_oordeel, proef.build_blik, proef.build_vrijgave, proef.build_opdracht):
            proef.add(session, bouw(session))
        proef.add(session, proef.build_vrijgave(session, TWEE, volgnummer=2))
        proef.add(session, proef.build_uitvoering(session, uitslag="deels", toelichting="de molen liep vast"))
        proef.add(session, proef.build_uitvoering(session))  # the rest


def test_whoever_put_down_who_scanned_has_no_part_in_it(proef: Proef) -> None:
    """To say afterwards who scanned is no edit: it touches no page."""
    with proef.begin() as session:
        actor = storage.load_actor(session, CONTROLEUR, "persoon")
        session.add(
            BewerkingRow(
                batch_id=proef.te_keuren,
                nummer=99,
                soort="scanoperator",
                parameters={},
                actor_id=actor.id,
                op=db.now_text(),
                vooraf={},
            )
        )
        proef.add(session, proef.build_oordeel(session))


# --- what does not change -----------------------------------------------------------------------------------------


def test_every_table_of_decisions_is_guarded() -> None:
    tabellen = {
        deel.__tablename__
        for deel in vars(tables_bewijs).values()
        if isinstance(deel, type) and issubclass(deel, SQLModel) and deel.__module__ == tables_bewijs.__name__
    }
    assert tabellen == set(TABELLEN)
    for tabel, kolommen in MAG_ANDERS.items():
        assert set(kolommen) <= set(SQLModel.metadata.tables[tabel].columns.keys())
    assert set(vier_ogen.EINDE) <= set(TABELLEN)


def find_rij(session: Session, tabel: str) -> tuple[sa.Table, Any, list[Any]]:
    """Return a row of a table that has not ended, and what finds it again."""
    kolommen = SQLModel.metadata.tables[tabel]
    vraag = sa.select(kolommen)
    if tabel in vier_ogen.EINDE:
        vraag = vraag.where(kolommen.c[vier_ogen.EINDE[tabel]].is_(None))
    rij = session.execute(vraag.limit(1)).mappings().first()
    assert rij is not None, f"no row in {tabel}"
    return kolommen, rij, [sleutel == rij[sleutel.name] for sleutel in kolommen.primary_key]


def build_ander(kolom: Any, oud: Any) -> Any:
    """Return another value of the type of a column."""
    soort = kolom.type.python_type
    if soort is bool:
        return not oud
    if soort is int:
        return (oud or 0) + 1
    anders: dict[Any, Any] = {UUID: uuid4(), dict: {"anders": 1}}
    return anders.get(soort, f"{oud}x")  # text; SQLModel's own type of it names no class


@pytest.mark.parametrize("tabel", TABELLEN)
def test_what_was_recorded_does_not_change(proef: Proef, tabel: str) -> None:
    geprobeerd = 0
    for naam in SQLModel.metadata.tables[tabel].columns.keys():  # noqa: SIM118 - a ColumnCollection is no dict
        if naam in MAG_ANDERS[tabel]:
            continue
        with proef.begin() as session:
            kolommen, rij, deze = find_rij(session, tabel)
            anders = {naam: build_ander(kolommen.c[naam], rij[naam])}
            with refused(f"{vier_ogen.VAST_MELDING}{tabel}."):
                session.execute(sa.update(kolommen).where(*deze).values(anders))
        geprobeerd += 1
    assert geprobeerd


@pytest.mark.parametrize("tabel", TABELLEN)
def test_nothing_is_removed(proef: Proef, tabel: str) -> None:
    with proef.begin() as session:
        kolommen, _, deze = find_rij(session, tabel)
        with refused(f"{vier_ogen.WEG_MELDING}{tabel}."):
            session.execute(sa.delete(kolommen).where(*deze))
    if proef.engine.dialect.name == "postgresql":
        with proef.begin() as session, refused(f"{vier_ogen.WEG_MELDING}{tabel}."):
            session.execute(sa.text(f"truncate {tabel} cascade"))
    else:
        with proef.begin() as session:
            kolommen, rij, _ = find_rij(session, tabel)
            with refused("."):  # REPLACE deletes what stands in its way; a rule about new rows may speak first
                session.execute(sa.insert(kolommen).prefix_with("or replace").values(dict(rij)))


@pytest.mark.parametrize(("tabel", "einde"), sorted(vier_ogen.EINDE.items()))
def test_what_has_ended_stays_ended(proef: Proef, tabel: str, einde: str) -> None:
    anders: dict[str, Any] = {"stop": {"opheffingsreden": "klaar"}, "verpakt": {"sleutel": None, "inhoud": None}}
    for poging in ({einde: None}, {einde: "2099-01-01T00:00:00.000Z"}):
        with proef.begin() as session:
            kolommen, _, deze = find_rij(session, tabel)
            geeindigd = {einde: db.now_text(), **anders.get(tabel, {})}
            session.execute(sa.update(kolommen).where(*deze).values(geeindigd))
            with refused(f"{vier_ogen.EINDE_MELDING}{tabel}."):
                session.execute(sa.update(kolommen).where(*deze).values(poging))


def test_the_rows_are_still_what_they_were(proef: Proef) -> None:
    """None of the tries above left a trace."""
    with db.read(proef.engine) as session:
        assert session.exec(select(OpdrachtRow.nummer).where(col(OpdrachtRow.nummer) == "O-9")).first() is None
        assert (
            batchstatus.find_batchstatus(session, session.get_one(BatchRow, proef.gedaan.batch)).value == "Vernietigd"
        )
