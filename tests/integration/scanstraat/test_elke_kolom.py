"""Every column of the record is held against the log, or stands in a list that says why not.

Of a whole story one row of each table is changed, one column at a time, by somebody who owns the database: the youngest
row in which the column says something. A new column that nothing looks at makes this fail, until it is compared or put
into the list with its reason; and so does one that stands in the list while it is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel

from scanstraat import logboek, poort, rijcontrole
from scanstraat.bootstrap import Basis
from tests.afrondproef import Afrondproef, open_afrondproef
from tests.afrondverhaal import Verhaal, own_database, tell
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.grondslag import Feit

TABELLEN = SQLModel.metadata.tables
ANDERS = "2026-01-02T00:00:00.000Z"  # a time as none is in the story

# Tables of which no row is compared with an event, and why.
HELE_TABELLEN: Mapping[str, str] = {
    "gebeurtenis": "held against the sealed log: the test below",
    "logregel": "held against the sealed log: the test below",
    "aanmelding": "secrets that are bound to the persoon and to each other; nothing is decided by the row alone",
    "bekeken": "who was shown a draw stands in the database alone (docs/dreigingsmodel.md)",
    "opruiming": "what the line did for its own upkeep",
    "effect": "answers of the zaaksysteem, of which the poort reads back what they led to",
    "scanmap_bestand": "what lies in a scanmap; what was taken in is a bron",
    "stap": "state of the work engine",
    "uitvoerder": "state of the work engine",
    "wachter": "state of the work engine",
    "motor": "state of the work engine",
    **dict.fromkeys(
        (naam for naam in TABELLEN if naam.startswith("register_")),
        "the built-in zaaksysteem: the poort reads back what is in it, as of any other",
    ),
}
SLEUTEL = "a key of the database alone: nothing points to it, or what does must change with it"
EINDE = "that it ended is compared, the moment is told by the event"
WOORDEN = "words and order for people, on which no paper goes"
VOLGORDE = "another order is found; another number in the same order changes nothing"
METING = "a measurement or a declaration at intake; what follows from it is a bevinding, and those are compared"
VERKLARING = "stands in the gegevens and the PDF that the log has a hash of"
OBJECT = "of a master or an archive file it is compared; every object is read again (opslag controleer, the poort)"
DEEL_VAN_DE_LIJN = "of a persoon all of it is compared; this is a part of the line, or a name of nobody"
# Columns of the other tables.
KOLOMMEN: Mapping[str, str] = {
    **dict.fromkeys(("actor.id", "actor.soort", "actor.naam", "actor.log_id"), DEEL_VAN_DE_LIJN),
    **{
        f"{naam}.id": SLEUTEL
        for naam in (
            *("aflevering", "bewerking", "binding", "doosblad", "doosplaats", "laatste_blik", "mandaat", "oordeel"),
            *("ondertekening", "persoonsnaam", "stop", "termijnverlenging", "uitvoering", "uitzondering"),
            *("verklaringscan", "verpakt", "vervoer", "vrijgave"),
        )
    },
    **dict.fromkeys(
        ("aflevering.informatieobject", "aflevering.versie_in_zaaksysteem"), "the poort reads back what it points to"
    ),
    "aflevering.begonnen_op": WOORDEN,
    "aflevering.wees": "tells people what to clear in the zaaksysteem",
    **{
        f"backup.{naam}": "says where it is and how it was told; the poort reads what is there against the list"
        for naam in ("gemaakt_op", "map", "objecten", "omvang_bytes", "uitslag")
    },
    **{f"batch.{naam}": WOORDEN for naam in ("scanmap", "gereedschap", "indexbestanden")},
    **{f"batch.{naam}": METING for naam in ("bladen_opgegeven", "bladen_per_bron")},
    **{
        f"beeld.{naam}": METING
        for naam in ("breedte_px", "hoogte_px", "dpi", "dpi_bron", "kleurmodus", "compressie", "metingen", "codes")
    },
    **{
        f"beeld.{naam}": "the count of what was left out is compared, and people saw what it was"
        for naam in ("weglaatreden", "weglaattekst", "scheidingsblad", "kant")
    },
    **{
        f"bewerking.{naam}": "what it takes to undo it; what it led to is compared"
        for naam in ("parameters", "vooraf", "ongedaan_door")
    },
    "binding.vervallen_op": EINDE,
    "verzegeling.vervallen_op": EINDE,
    "lijstdoos.eraf_op": "a doos that left a list goes with no other; that an order came to nothing is compared",
    **{f"bron.{naam}": METING for naam in ("soort", "aantal_beelden", "is_scan")},
    "bron.naam": WOORDEN,
    **{f"document.{naam}": WOORDEN for naam in ("volgorde", "titel", "koppelredenen", "wacht_omdat")},
    "document.bladen_verwacht": METING,
    "documentversie.tekstlaag_sha256": "its words are in the PDF/A",
    "doosplaats.nummer": VOLGORDE,
    "beeld.volgorde": VOLGORDE,
    "bron.volgnummer": VOLGORDE,
    "bron.aanlevering": "whether it was added later decides which manifest has it, and that is compared",
    "handboek.bestandsnaam": WOORDEN,
    "laatste_blik.toelichting": WOORDEN,
    "mandaat.grondslag": "stands in the database alone (docs/dreigingsmodel.md)",
    **{
        f"object.{naam}": OBJECT
        for naam in ("sha512", "omvang_bytes", "soort", "bewaard_op", "gecontroleerd_op", "in_orde", "opgeruimd_op")
    },
    "oordeel.gat": "follows from the oordeel and the trekking, which are compared",
    **{f"pagina.{naam}": METING for naam in ("woordzekerheid", "woorden")},
    **{f"verklaring.{naam}": VERKLARING for naam in ("lijst_id", "vervangt_id", "reden", "mdto_sha256")},
    "verklaringdoos.doos_id": VERKLARING,
    **{
        f"verpakt.{naam}": "the commitment is made again from the row it is about; proofs and exports make it from this"
        for naam in ("inhoud", "gewist_op")
    },
}
# Tables of which a row that is gone is not missed, and why.
MAG_WEG: Mapping[str, str] = {
    "verklaringdoos": VERKLARING,
    "actor": "of a persoon it is missed, and of whom anything points to; the youngest is a part of the line",
}
# What only the poort sees, in its answers about a list.
POORT: Mapping[str, Feit] = {"blad.nummer": Feit.GOEDGEKEURD, "batch.profiel": Feit.BINNEN_BESLUIT}
RIJ: Mapping[str, str] = {"uitvoering": "uitslag <> 'vernietigd'"}  # the rows of these come last


@pytest.fixture(scope="module")
def verhaal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verhaal]:
    with open_afrondproef(tmp_path_factory.mktemp("kolommen")) as proef:
        yield tell(proef)


@pytest.fixture(scope="module")
def eigenaar(verhaal: Verhaal) -> Iterator[Connection]:
    with own_database(verhaal.proef) as verbinding:
        yield verbinding


def find_row(verbinding: Connection, kolom: sa.Column[Any]) -> tuple[int, Any] | None:
    """Return the youngest row in which a column says something, or else the youngest one: its place and the value."""
    leeg = f"coalesce(\"{kolom.name}\", '') in ('', '{{}}', '[]', 'null')"
    laatst = RIJ.get(kolom.table.name, "''")
    vraag = f'select rowid, "{kolom.name}" from "{kolom.table.name}" order by {leeg}, {laatst}, rowid desc limit 1'
    rij = verbinding.exec_driver_sql(vraag).first()
    return None if rij is None else (rij[0], rij[1])


def say_other(verbinding: Connection, kolom: sa.Column[Any], oud: Any) -> Any:
    """Return another value that could stand in a column."""
    if kolom.foreign_keys:
        ander = next(iter(kolom.foreign_keys)).column
        vraag = f'select "{ander.name}" from "{ander.table.name}" where "{ander.name}" is not ? order by rowid limit 1'
        gevonden = verbinding.exec_driver_sql(vraag, (oud,)).scalar()
        if gevonden is not None:
            return gevonden
    match kolom.type:
        case sa.JSON():
            erbij = {"{": ', "x": 1}', "[": ', "x"]'}
            return '{"x": 1}' if oud in (None, "null", "{}") else '["x"]' if oud == "[]" else oud[:-1] + erbij[oud[0]]
        case sa.Boolean():
            return 0 if oud else 1
        case sa.Uuid():
            return "0" * 31 + "7"
        case sa.Integer() | sa.Float():
            return (oud or 0) + 1
    if oud is None or re.fullmatch(r"[0-9-]{10}T.*Z", oud):
        return ANDERS
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", oud):
        return ANDERS[:10]
    return "ab" * 32 if re.fullmatch(r"[0-9a-f]{64}", oud) else oud + "x"


@contextmanager
def changed(verbinding: Connection, kolom: sa.Column[Any]) -> Iterator[Session]:
    """Yield the database with one column of one row changed; it is put back."""
    rij = find_row(verbinding, kolom)
    assert rij is not None, f"the story leaves no row in {kolom.table.name}"
    nieuw = say_other(verbinding, kolom, rij[1])
    verbinding.exec_driver_sql("SAVEPOINT een")
    try:
        opdracht = f'update "{kolom.table.name}" set "{kolom.name}" = ? where rowid = ?'
        verbinding.exec_driver_sql(opdracht, (nieuw, rij[0]))
        with Session(verbinding) as session:
            yield session
    finally:
        verbinding.exec_driver_sql("ROLLBACK TO een")


def is_seen(basis: Basis, verbinding: Connection, kolom: sa.Column[Any]) -> bool:
    """Say whether a change of a column is found."""
    try:
        with changed(verbinding, kolom) as session:
            return any(rijcontrole.find_verschillen(session, None, basis.opslag))
    except (SQLAlchemyError, ValueError, LookupError):
        return True  # the database refuses it, or it cannot be told: then nothing goes


@pytest.mark.parametrize("naam", sorted(TABELLEN.keys() - HELE_TABELLEN.keys()))
def test_every_column_is_held_against_the_log(eigenaar: Connection, verhaal: Verhaal, naam: str) -> None:
    stil = {
        f"{naam}.{kolom.name}" for kolom in TABELLEN[naam].columns if not is_seen(verhaal.proef.basis, eigenaar, kolom)
    }
    assert stil == {kolom for kolom in (*KOLOMMEN, *POORT) if kolom.startswith(f"{naam}.")}


@contextmanager
def without(verbinding: Connection, naam: str) -> Iterator[Session]:
    """Yield the database without one row of a table, the youngest that says something; it is put back."""
    rij = find_row(verbinding, TABELLEN[naam].columns[TABELLEN[naam].primary_key.columns.keys()[0]])
    assert rij is not None, f"the story leaves no row in {naam}"
    verbinding.exec_driver_sql("SAVEPOINT een")
    try:
        verbinding.exec_driver_sql(f'delete from "{naam}" where rowid = ?', (rij[0],))
        with Session(verbinding) as session:
            yield session
    finally:
        verbinding.exec_driver_sql("ROLLBACK TO een")


@pytest.mark.parametrize("naam", sorted(TABELLEN.keys() - HELE_TABELLEN.keys()))
def test_a_row_that_is_gone_is_missed(eigenaar: Connection, verhaal: Verhaal, naam: str) -> None:
    with without(eigenaar, naam) as session:
        try:
            gemist = any(rijcontrole.find_verschillen(session, None, verhaal.proef.basis.opslag))
        except (SQLAlchemyError, ValueError, LookupError, AttributeError):
            gemist = True  # it cannot be told: then nothing goes
    assert gemist is (naam not in MAG_WEG)


def test_a_document_that_is_gone_with_all_that_points_to_it_is_missed(eigenaar: Connection, verhaal: Verhaal) -> None:
    """And the count made right again: its page images are left out now. Its paper went, so it was the original."""
    document = verhaal.weg.documenten[0].hex
    versies = f"select id from documentversie where document_id = '{document}'"
    eigenaar.exec_driver_sql("SAVEPOINT een")
    try:
        for opdracht in (
            f"delete from bevinding where documentversie_id in ({versies})",
            f"delete from pagina where documentversie_id in ({versies})",
            f"delete from aflevering where documentversie_id in ({versies})",
            f"delete from documentversie where document_id = '{document}'",
            "update batch set in_documenten = in_documenten - n, weggelaten = weggelaten + n from (select batch_id, "
            f"count(*) n from beeld where document_id = '{document}' group by batch_id) where id = batch_id",
            "update beeld set bestemming = 'weggelaten', weglaatreden = 'blanco', document_id = null "
            f"where document_id = '{document}'",
            f"delete from document where id = '{document}'",
        ):
            eigenaar.exec_driver_sql(opdracht)
        with Session(eigenaar) as session:
            gezegd = [v.tekst for v in rijcontrole.find_verschillen(session, None, verhaal.proef.basis.opslag)]
    finally:
        eigenaar.exec_driver_sql("ROLLBACK TO een")
    assert any(zin.startswith("Documentversie") and "is vastgelegd, maar staat niet meer" in zin for zin in gezegd)


@pytest.mark.parametrize(("naam", "feit"), POORT.items())
def test_the_poort_sees_what_matters_to_a_list_alone(
    eigenaar: Connection, verhaal: Verhaal, naam: str, feit: Feit
) -> None:
    def ask(session: Session) -> tuple[str, ...]:
        dossier = poort.load_dossier(session, verhaal.lijst.id)
        return poort.ask_record(verhaal.proef.basis, session, dossier, dict)[feit].redenen

    tabel, kolom = naam.split(".")
    with Session(eigenaar) as session:
        eerst = ask(session)
    with changed(eigenaar, TABELLEN[tabel].columns[kolom]) as session:
        assert set(ask(session)) - set(eerst)


def test_the_list_names_what_there_is() -> None:
    bestaand = {f"{naam}.{kolom.name}" for naam, tabel in TABELLEN.items() for kolom in tabel.columns}
    assert {*KOLOMMEN, *POORT} <= bestaand and HELE_TABELLEN.keys() <= TABELLEN.keys()


@pytest.fixture(scope="module")
def los(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Afrondproef]:
    """An installation that may be spoiled."""
    with open_afrondproef(tmp_path_factory.mktemp("los")) as proef:
        proef.seal()
        with proef.basis.engine.begin() as verbinding:
            for naam in list(
                verbinding.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars()
            ):
                verbinding.exec_driver_sql(f"drop trigger {naam}")
        yield proef


@pytest.mark.parametrize(
    ("tabel", "kolom"),
    [
        (naam, kolom.name)
        for naam in ("gebeurtenis", "logregel")
        for kolom in TABELLEN[naam].columns
        if kolom.name != "merk"  # is needed until its event is sealed, and says nothing after: test_merk
    ],
)
def test_every_column_of_an_event_is_held_against_the_sealed_log(los: Afrondproef, tabel: str, kolom: str) -> None:
    klant = logboek.open_klant(los.basis.config)

    def write(waarde: Any, rowid: int) -> None:
        with los.basis.engine.connect() as verbinding:
            verbinding.exec_driver_sql("PRAGMA foreign_keys=OFF")
            verbinding.exec_driver_sql(f'update {tabel} set "{kolom}" = ? where rowid = ?', (waarde, rowid))
            verbinding.commit()
            verbinding.exec_driver_sql("PRAGMA foreign_keys=ON")

    with los.basis.engine.connect() as verbinding:
        rij = find_row(verbinding, TABELLEN[tabel].columns[kolom])
        assert rij is not None
        nieuw = say_other(verbinding, TABELLEN[tabel].columns[kolom], rij[1])
    nummer = rij[1] if TABELLEN[tabel].columns[kolom].primary_key else None  # the place of the row as well
    nieuw = rij[1] + 1000 if tabel == "logregel" else nieuw
    logboek.check_record(los.basis, klant, meld=lambda _gedaan, _totaal: None)
    write(nieuw if nummer is None else nummer + 1000, rij[0])
    try:
        with pytest.raises(LogboekGewijzigdError):
            logboek.check_record(los.basis, klant, meld=lambda _gedaan, _totaal: None)
    finally:
        write(rij[1], rij[0] if nummer is None else nummer + 1000)
