"""An installation in which everything happened once, and somebody who owns its database and writes in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.engine import Connection
from sqlmodel import Session

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from scanstraat import (
    aflevering,
    afronding,
    besluiten,
    bewerken,
    db,
    papier,
    personen,
    poort,
    rijcontrole,
    stops,
    storage,
    verklaren,
)
from scanstraat.domain import Stuk
from scanstraat.personen import Rol
from scanstraat.rijen import Verschil
from scanstraat.stops import Over, Stopsoort
from scanstraat.tables import DocumentRow
from scanstraat.tables_bewijs import DoosRow, PersoonRow, VerklaringRow, VernietigingslijstRow
from scanstraat.verklaren import Selectie
from scanstraat.verklaringscan import Gelezen
from tests.afrondproef import (
    ARCHIVARIS,
    BEHEERDER,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    TWEE,
    Afrondproef,
)
from tests.builders import Batchproef, build_batch
from vernietiging.verklaring import Verklaringsoort


@dataclass
class Verhaal:
    """An installation in which everything happened once: paper went, and paper stays."""

    proef: Afrondproef
    lijst: VernietigingslijstRow
    doos: DoosRow
    weg: Batchproef  # whose paper was destroyed

    def find(self, session: Session) -> list[Verschil]:
        return list(rijcontrole.find_verschillen(session, None, self.proef.basis.opslag))


def tell(proef: Afrondproef) -> Verhaal:
    """Do everything that leaves rows and events."""
    weg, blijft = proef.add_batch(2, 1), proef.add_batch(1, 1)
    proef.add_besluit()
    proef.bind(weg.batch, "2026-17")
    proef.add_besluit(nummer="tweede")
    engine, zaaktypen = proef.basis.engine, besluiten.ask_zaaktypen_van(proef.basis, blijft.batch)
    with db.begin(engine) as session:
        scan = proef.basis.opslag.bewaar_bytes(b"een scan")
        zelfde = build_batch(session, object_=scan)  # two that are not archived yet, of the same bytes
        bron = storage.load_bronnen(session, zelfde.batch)[0]
        build_batch(session, object_=scan, dubbel_van=bron)
    with db.begin(engine) as session:
        beheerder, archivaris = proef.wie(BEHEERDER), proef.wie(ARCHIVARIS)
        saar = session.get_one(PersoonRow, proef.mensen[CONTROLEUR_2])
        personen.add_naam(session, saar, "balie-9", door=beheerder)
        personen.revoke_mandaat(session, saar, Rol.CONTROLEUR, door=beheerder)
        personen.grant_mandaat(
            session, saar, Rol.CONTROLEUR, van=datetime.now(UTC).date(), tot=datetime.now(UTC).date(),
            grondslag="mandaatbesluit 2026-4", door=beheerder,
        )  # fmt: skip
        div = personen.actor_of(session, proef.mensen[ARCHIVARIS])
        batch = storage.lock_batch(session, blijft.batch)
        for nummer in ("tweede", "2026-17"):
            besluiten.bind(proef.basis, session, batch, besluiten.find_besluit(session, nummer), div, zaaktypen)
        morgen = datetime.now(UTC).date() + timedelta(days=9)
        besluiten.extend_termijn(session, batch, morgen, "onderzoek", archivaris)
        document = session.get_one(DocumentRow, blijft.documenten[0])
        besluiten.add_uitzondering(session, document, "erfgoed", "oude kaart", "kluis", actor=div)
        besluiten.end_uitzondering(session, document, "toch niet", archivaris)
        besluiten.add_uitzondering(session, document, "erfgoed", "oude kaart", "kluis", actor=div)
        stop = stops.place_stop(session, Stopsoort.BEZWAAR, Over.ZAAK, "ZAAK-9", "bezwaar 4", door=div)
        stops.place_stop(session, Stopsoort.ONDERZOEK, Over.ZAAK, "ZAAK-8", "onderzoek 4", door=div)
        leeg = papier.make_doos(session, "kast 1", door=div)
        papier.fill_doos(session, leeg, batch, None, door=div)
        papier.close_doos(session, leeg, door=div)
        papier.open_doos(session, leeg, door=div)
        papier.empty_doos(session, leeg, batch, [range(1, 2)], door=div)
        papier.move_doos(session, leeg, "kast 2", door=div)
        for bevinding in (
            Bevinding("kleur", Ernst.ERNSTIG, "De kleur klopt niet."),
            Bevinding("jpeg", Ernst.LICHT, "Te sterk verkleind.", vervangbaar=False),
        ):
            storage.save_bevindingen(session, [bevinding], batch_id=batch.id, beeld_id=blijft.beelden[0])
        bewerken.report_ready(session, proef.basis.werkbank, batch, div)
    afronding.hef_stop_op(proef.basis, stop.id, "ingetrokken", proef.wie(ARCHIVARIS))
    proef.approve(weg.batch)
    proef.herscan(weg.documenten[0], 1)
    proef.approve(weg.batch)
    doos = proef.box(weg.batch)
    proef.look(proef.propose(doos, naam="Lijst eerst"), doos, naam=EEN)
    with db.read(engine) as session:
        eerst = poort.find_lijst(session, "Lijst eerst")
    proef.back_up()
    proef.release(eerst, EEN)
    afronding.trek_vrijgave_in(proef.basis, eerst.id, "nog niet", proef.wie(EEN))
    afronding.trek_lijst_in(proef.basis, eerst.id, "opnieuw", proef.wie(ARCHIVARIS))
    lijst = proef.propose(doos)
    opdracht = proef.bring_to_order(lijst, doos, kijker=EEN)
    proef.pick_up(opdracht)
    proef.execute(opdracht, doos)
    proef.anchor()
    rij = afronding.verklaar(proef.basis, Verklaringsoort.VERNIETIGING, Selectie(lijst=lijst.id), proef.wie(EEN))
    afronding.onderteken(proef.basis, rij.nummer, proef.wie(TWEE))
    with db.begin(engine) as session:
        verklaring = session.get_one(VerklaringRow, rij.id)
        stuk = Stuk(proef.basis.opslag.bewaar_bytes(b"met inkt"), "v.pdf")
        verklaren.add_scan(session, verklaring, stuk, proef.wie(EEN), Gelezen("code", frozenset({rij.nummer})))
    with db.begin(engine) as session:
        los = session.get_one(DocumentRow, proef.add_batch(1).documenten[0])
    aflevering.unlink(proef.basis, los.id, None, DIV)
    proef.approve(blijft.batch, naam=CONTROLEUR)
    dozen = []
    for _ in range(2):
        ander = proef.add_batch(1)
        proef.bind(ander.batch, "2026-17")
        proef.approve(ander.batch)
        dozen.append(proef.box(ander.batch))
    derde, tweede = dozen
    mislukt = proef.propose(tweede, derde, naam="Lijst mislukt")
    for doos in (tweede, derde):
        proef.look(mislukt, doos, naam=EEN)
    proef.back_up()
    proef.release(mislukt, EEN)
    proef.release(mislukt, TWEE)
    proef.anchor()
    opdracht = proef.order(mislukt, tweede, derde)
    door = proef.wie(BEHEERDER)
    afronding.meld_mislukt(proef.basis, opdracht.id, [tweede], "nat geworden", door, deels=False)
    afronding.meld_mislukt(proef.basis, opdracht.id, [derde], "vastgelopen", door, deels=True, op=datetime.now(UTC))
    nog = proef.propose(tweede, naam="Lijst nog eens")
    proef.seal()
    return Verhaal(proef, nog, tweede, weg)


@contextmanager
def own_database(proef: Afrondproef) -> Iterator[Connection]:
    """Yield a connection of somebody who owns the database and took its guards away; nothing of it stays."""
    with proef.basis.engine.connect() as verbinding:
        verbinding.exec_driver_sql("BEGIN IMMEDIATE")
        for naam in list(verbinding.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars()):
            verbinding.exec_driver_sql(f"drop trigger {naam}")
        verbinding.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        verbinding.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        yield verbinding
        verbinding.exec_driver_sql("ROLLBACK")
        verbinding.exec_driver_sql("PRAGMA ignore_check_constraints=OFF")
