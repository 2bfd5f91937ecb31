"""Nobody destroys paper alone: people do steps in any order, and two at once, and every time the same must hold.

The rules are asked of a book that the test keeps itself, of what people really did; not of the rows of the product.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from kwaliteitscontrole.oordeel import Paginaoordeel
from scanstraat import (
    afronding,
    besluiten,
    db,
    keuren,
    logboek,
    papier,
    personen,
    poort,
    rijcontrole,
    stops,
    storage,
    vernietigen,
)
from scanstraat.bootstrap import Basis
from scanstraat.domain import Bewerkingsoort
from scanstraat.errors import ScanstraatError
from scanstraat.tables import DocumentRow
from scanstraat.tables_bewijs import (
    BesluitRow,
    DoosRow,
    LaatsteblikRow,
    OordeelRow,
    OpdrachtRow,
    UitvoeringRow,
    VernietigingslijstRow,
    VrijgaveRow,
)
from tests.afrondproef import (
    ARCHIVARIS,
    BEHEERDER,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    MENSEN,
    SCANOPERATOR,
    TWEE,
    ZAAK,
    Afrondproef,
    open_afrondproef,
    zwijg,
)
from tests.builders import Batchproef
from vernietiging.beleid import Beleid
from vernietiging.betekenis import BEKEKEN, Ankerfeit, Betekenis
from vernietiging.checkpoint import parse_checkpoint
from vernietiging.errors import VernietigingError
from vernietiging.gebeurtenis import verify_blad
from vernietiging.grondslag import Antwoord, Feit
from vernietiging.notitie import parse_notitie
from vernietiging.tegels import BREEDTE, Tegelmap
from vernietiging.verificatie import find_bewijzen, find_verankering, verify_logboek

IEDEREEN = (*MENSEN, BEHEERDER)
VERWACHT = (ScanstraatError, VernietigingError, DBAPIError)  # a step that may not be, is refused by one of these


def quicken(basis: Basis) -> None:
    """Power cuts are for other tests: SQLite need not wait for the disk here."""
    if basis.engine.dialect.name == "sqlite":

        @sa.event.listens_for(basis.engine, "connect")
        def _geen_fsync(verbinding: Any, _record: Any) -> None:
            verbinding.execute("pragma synchronous = off")

        basis.engine.dispose()


@contextmanager
def open_proef(map: Path, url: str = "") -> Iterator[Afrondproef]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _fd: None)
        with open_afrondproef(map, url) as proef:
            quicken(proef.basis)
            proef.add_batch(1)
            proef.add_besluit()
            proef.anchor()
            yield proef


# --- the whole log, as the verifier reads it --------------------------------------------------------------------------


@dataclass
class Lezer:
    """Reads the meaning of the whole log; what is known of an anchored checkpoint is not asked of openssl again."""

    proef: Afrondproef
    feiten: dict[int, Ankerfeit] = field(default_factory=dict)

    def find_fout(self) -> VernietigingError | None:
        map = self.proef.basis.config.logboek.map
        beleid = logboek.load_beleid(self.proef.basis.config)
        for pad in (map / "checkpoints").iterdir():
            if pad.name.isdecimal() and not ((feit := self.feiten.get(int(pad.name))) and feit.verankerd):
                self.feiten[int(pad.name)] = read_feit(map, beleid, pad.read_bytes())
        omvang = max(self.feiten)
        tegels = Tegelmap(map)
        bladen = [
            blad
            for n in range(-(-omvang // BREEDTE))
            for blad in tegels.read_bladen(n, min(BREEDTE, omvang - n * BREEDTE))
        ]
        betekenis = Betekenis(bladen.__getitem__, self.feiten)
        for nummer, blad in enumerate(bladen):
            if verify_blad(blad) in BEKEKEN:
                betekenis.look(nummer, blad)
        return betekenis.fout


def read_feit(map: Path, beleid: Beleid, inhoud: bytes) -> Ankerfeit:
    punt = parse_checkpoint(parse_notitie(inhoud).tekst)
    anker = find_verankering(map, beleid, punt, inhoud)
    bewijzen = find_bewijzen(map, punt.omvang)
    return Ankerfeit(punt.wortel, anker.is_genoeg(beleid), anker.find_tijd(beleid), bewijzen)


# --- people who do anything in any order ------------------------------------------------------------------------------


@dataclass
class Papier:
    """What really happened to one batch."""

    proef: Batchproef
    gescand: str
    bewerkt: set[str] = field(default_factory=set)
    gekeurd: list[str] = field(default_factory=list)  # everybody who ever judged it
    goedgekeurd: str | None = None  # who approved it as it is now
    uitzonderingen: set[UUID] = field(default_factory=set)
    doos: UUID | None = None

    @property
    def deelnemers(self) -> set[str]:
        return {self.gescand, *self.bewerkt, *self.gekeurd}


@dataclass
class Lijst:
    """What really happened to one list."""

    rij: VernietigingslijstRow
    dozen: list[DoosRow]
    vrij: list[str] = field(default_factory=list)
    gekeken: dict[UUID, tuple[str, bool]] = field(default_factory=dict)
    ingetrokken: bool = False
    opdracht: OpdrachtRow | None = None
    mislukt: bool = False
    pogingen: int = 0


TELLING: Counter[str] = Counter()


def build_machine(proef: Afrondproef, *, elke: Callable[[], int]) -> type[RuleBasedStateMachine]:
    """Return the machine over this installation. `elke`: the whole log is read once in so many steps."""
    lezer = Lezer(proef)

    class Mensen(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.papieren: list[Papier] = []
            self.dozen: list[DoosRow] = []
            self.lijsten: list[Lijst] = []
            self.stops: dict[UUID, tuple[stops.Over, str]] = {}
            self.weg: set[UUID] = set()
            self.stappen = 0

        # what people do --------------------------------------------------------------------------------------------

        @initialize(wie=st.sampled_from(IEDEREEN))
        def begin(self, wie: str) -> None:
            self.scan(SCANOPERATOR)
            self.scan(wie)

        @rule(wie=st.sampled_from(IEDEREEN))
        def scan(self, wie: str) -> None:
            if len(self.papieren) < 6:
                self.papieren.append(Papier(proef.add_batch(1, 1, scanoperator=wie), wie))

        @rule(plek=st.integers(0, 3), wie=st.sampled_from(IEDEREEN), goed=st.booleans())
        def judge(self, plek: int, wie: str, goed: bool) -> None:
            stuk = self.papieren[plek % len(self.papieren)]

            def step() -> None:
                keuring = proef.show(stuk.proef.batch, wie)
                pagina = keuring.paginas[0]
                fouten = () if goed else (Paginaoordeel(pagina.log_id, pagina.pagina, ("onleesbaar",)),)
                afronding.keur(proef.basis, stuk.proef.batch, fouten, proef.wie(wie))

            if self.may("judge", step):
                stuk.gekeurd.append(wie)
                stuk.goedgekeurd = wie if goed else None

        @rule(plek=st.integers(0, 3), wie=st.sampled_from(IEDEREEN))
        def edit(self, plek: int, wie: str) -> None:
            stuk = self.papieren[plek % len(self.papieren)]
            if stuk.doos in self.weg:
                return
            with db.begin(proef.basis.engine) as session:
                batch = storage.lock_batch(session, stuk.proef.batch)
                actor = personen.actor_of(session, proef.mensen[wie])
                storage.add_bewerking(session, batch, actor, Bewerkingsoort.VERVANG, {}, {})
                document = session.get_one(DocumentRow, stuk.proef.documenten[0])
                versie_id = storage.add_versie(session, document, reden="vervang", actor=actor).id
                proef._archive(session, versie_id)
            proef.deliver(versie_id)
            stuk.bewerkt.add(wie)
            stuk.goedgekeurd = None
            proef.back_up()
            TELLING["edit"] += 1

        @rule(plek=st.integers(0, 3), wie=st.sampled_from(IEDEREEN), erin=st.booleans())
        def except_document(self, plek: int, wie: str, erin: bool) -> None:
            stuk = self.papieren[plek % len(self.papieren)]
            document_id = stuk.proef.documenten[-1]

            def step() -> None:
                with db.begin(proef.basis.engine) as session:
                    document = session.get_one(DocumentRow, document_id)
                    if erin:
                        actor = personen.actor_of(session, proef.mensen[wie])
                        besluiten.add_uitzondering(session, document, "erfgoed", "een zegel", "kluis", actor=actor)
                    else:
                        besluiten.end_uitzondering(session, document, "toch niet", proef.wie(wie))

            if self.may("uitzondering", step):
                stuk.goedgekeurd = None
                (stuk.uitzonderingen.add if erin else stuk.uitzonderingen.discard)(document_id)

        @rule(plek=st.integers(0, 3), in_doos=st.integers(0, 4))
        def box(self, plek: int, in_doos: int) -> None:
            papieren = [p for p in self.papieren if p.doos is None][: 1 + in_doos % 2]
            if papieren:
                doos = proef.box(*(p.proef.batch for p in papieren))
                self.dozen.append(doos)
                for stuk in papieren:
                    stuk.doos = doos.id
                proef.back_up()

        @rule(plek=st.integers(0, 3), wie=st.sampled_from(IEDEREEN), twee=st.booleans())
        def propose(self, plek: int, wie: str, twee: bool) -> None:
            if not self.dozen:
                return
            dozen = [self.dozen[(plek + n) % len(self.dozen)] for n in range(2 if twee and len(self.dozen) > 1 else 1)]
            gemaakt: list[VernietigingslijstRow] = []

            def step() -> None:
                naam = f"Lijst {uuid4().hex[:8]}"
                gemaakt.append(afronding.stel_voor(proef.basis, naam, dozen, proef.wie(wie)))

            if self.may("propose", step):
                self.lijsten.append(Lijst(gemaakt[0], dozen))

        @rule(plek=st.integers(0, 5), wie=st.sampled_from(IEDEREEN), geslaagd=st.booleans() | st.just(True))
        def look(self, plek: int, wie: str, geslaagd: bool) -> None:
            if not self.lijsten:
                return
            lijst = self.lijsten[-1 - plek % len(self.lijsten)]
            for doos in lijst.dozen:
                if self.may("look", partial(proef.look, lijst.rij, doos, geslaagd=geslaagd, naam=wie)):
                    lijst.gekeken[doos.id] = (wie, geslaagd)

        @rule(plek=st.integers(0, 5), wie=st.sampled_from(IEDEREEN), overgetypt=st.booleans() | st.just(True))
        def release(self, plek: int, wie: str, overgetypt: bool) -> None:
            if not self.lijsten:
                return
            lijst = self.lijsten[-1 - plek % len(self.lijsten)]
            naam = lijst.rij.naam if overgetypt else "Lijst"
            geef = partial(afronding.geef_vrij, proef.basis, lijst.rij.id, proef.wie(wie), naam, meld=zwijg)
            if self.may("release", geef):
                assert overgetypt or not lijst.vrij
                lijst.vrij.append(wie)

        @rule(plek=st.integers(0, 5), wie=st.sampled_from(IEDEREEN))
        def withdraw(self, plek: int, wie: str) -> None:
            if not self.lijsten:
                return
            lijst = self.lijsten[-1 - plek % len(self.lijsten)]
            if self.may("withdraw", self.write(vernietigen.withdraw_release, lijst.rij, "toch niet", proef.wie(wie))):
                lijst.vrij.clear()

        @rule(plek=st.integers(0, 5), wie=st.sampled_from(IEDEREEN))
        def withdraw_list(self, plek: int, wie: str) -> None:
            if not self.lijsten:
                return
            lijst = self.lijsten[-1 - plek % len(self.lijsten)]
            if self.may("withdraw list", self.write(vernietigen.withdraw_lijst, lijst.rij, "nee", proef.wie(wie))):
                lijst.vrij.clear()
                lijst.ingetrokken = True

        @rule(plek=st.integers(0, 5), wie=st.sampled_from(IEDEREEN))
        def order(self, plek: int, wie: str) -> None:
            if not self.lijsten:
                return
            lijst = self.lijsten[-1 - plek % len(self.lijsten)]
            container = vernietigen.Container("C-1", "Z-1", tuple(doos.nummer for doos in lijst.dozen))

            def step() -> None:
                lijst.opdracht = afronding.draag_op(
                    proef.basis, lijst.rij.id, proef.wie(wie), "Versnipper BV", [container], meld=zwijg
                )

            self.may("order", step)

        @rule(plek=st.integers(0, 5), wie=st.sampled_from(IEDEREEN))
        def execute(self, plek: int, wie: str) -> None:
            met_opdracht = [lijst for lijst in self.lijsten if lijst.opdracht is not None]
            if met_opdracht:
                lijst = met_opdracht[-1 - plek % len(met_opdracht)]
                assert lijst.opdracht is not None
                self.may("execute", partial(carry_out, proef, lijst.opdracht, lijst.dozen, wie))

        @rule(plek=st.integers(0, 5), wie=st.sampled_from(IEDEREEN), deels=st.booleans())
        def fail(self, plek: int, wie: str, deels: bool) -> None:
            met_opdracht = [lijst for lijst in self.lijsten if lijst.opdracht is not None]
            if met_opdracht:
                lijst = met_opdracht[-1 - plek % len(met_opdracht)]
                leg_vast = partial(vernietigen.record_failure, proef.basis)
                self.may("fail", self.write(
                    leg_vast, lijst.opdracht, lijst.dozen[0], "viel om", proef.wie(wie), deels=deels
                ))  # fmt: skip

        @rule(over=st.sampled_from(stops.Over), plek=st.integers(0, 3), wie=st.sampled_from(IEDEREEN))
        def stop(self, over: stops.Over, plek: int, wie: str) -> None:
            if len(self.stops) > 1:
                self.lift(plek)
                return
            with db.read(proef.basis.engine) as session:
                besluit = session.exec(select(BesluitRow.id)).first()
            stuk = self.papieren[plek % len(self.papieren)]
            waarop = {
                stops.Over.DOOS: str(stuk.doos or ""), stops.Over.ZAAK: ZAAK, stops.Over.BESLUIT: str(besluit),
                stops.Over.PERSOON: str(proef.mensen[wie]), stops.Over.DOCUMENT: str(stuk.proef.documenten[0]),
            }[over]  # fmt: skip
            if waarop:
                with db.begin(proef.basis.engine) as session:
                    door = personen.actor_of(session, proef.mensen[BEHEERDER])
                    rij = stops.place_stop(session, stops.Stopsoort.ONDERZOEK, over, waarop, "verzoek 3", door=door)
                self.stops[rij.id] = (over, waarop)

        @rule(plek=st.integers(0, 3))
        def lift(self, plek: int) -> None:
            if self.stops:
                id_ = sorted(self.stops)[plek % len(self.stops)]
                with db.begin(proef.basis.engine) as session:
                    door = personen.actor_of(session, proef.mensen[BEHEERDER])
                    stops.lift_stop(session, id_, "klaar", door=door)
                del self.stops[id_]

        @rule(wie=st.sampled_from((EEN, TWEE, CONTROLEUR)))
        def change_mandaat(self, wie: str) -> None:
            """Ended, and given again: who decided before, decided rightly."""
            with db.begin(proef.basis.engine) as session:
                persoon = personen.load_persoon(session, wie)
                personen.revoke_mandaat(session, persoon, MENSEN[wie], door=proef.wie(BEHEERDER))
            with db.begin(proef.basis.engine) as session:
                persoon = personen.load_persoon(session, wie)
                personen.grant_mandaat(
                    session, persoon, MENSEN[wie], van=date(2026, 1, 1), tot=None, grondslag="opnieuw",
                    door=proef.wie(BEHEERDER),
                )  # fmt: skip

        @rule(hoe=st.randoms(use_true_random=False))
        def go_on_far(self, hoe: Any) -> None:
            self.go_on(8, hoe)

        @rule()
        def anchor(self) -> None:
            proef.anchor()

        @rule(keer=st.integers(1, 4), hoe=st.randoms(use_true_random=False))
        def go_on(self, keer: int, hoe: Any) -> None:
            """The next steps of the way, by people who probably may: else nothing would ever be destroyed."""
            for _ in range(keer):
                if self.stops and hoe.random() < 0.7:
                    self.lift(0)
                lijst = next((item for item in self.lijsten if self.is_open(item)), None)
                if lijst is None:
                    self.prepare(hoe)
                else:
                    self.go_on_with(lijst, hoe)

        def is_open(self, lijst: Lijst) -> bool:
            return not (lijst.ingetrokken or lijst.mislukt or all(doos.id in self.weg for doos in lijst.dozen))

        def prepare(self, hoe: Any) -> None:
            over = [stuk for stuk in self.papieren if stuk.doos not in self.weg]
            open_ = next((stuk for stuk in over if stuk.goedgekeurd is None), None)
            if not over:
                self.scan(SCANOPERATOR)
            elif open_ is not None and open_.uitzonderingen:
                self.except_document(self.papieren.index(open_), ARCHIVARIS, False)
            elif open_ is not None:
                self.judge(self.papieren.index(open_), hoe.choice((CONTROLEUR, CONTROLEUR_2)), True)
            elif any(stuk.doos is None for stuk in over):
                self.box(0, hoe.randrange(2))
            else:
                plek = next(n for n, doos in enumerate(self.dozen) if doos.id not in self.weg)
                self.propose(plek, DIV, hoe.random() < 0.3)

        def go_on_with(self, lijst: Lijst, hoe: Any) -> None:
            plek = len(self.lijsten) - 1 - self.lijsten.index(lijst)
            lijst.pogingen += 1
            if lijst.pogingen > 12 or not all(geslaagd for _, geslaagd in lijst.gekeken.values()):
                if lijst.opdracht is None:
                    self.withdraw_list(plek, DIV)
                else:
                    lijst.mislukt = True  # nobody goes on with it here
            elif len(lijst.gekeken) < len(lijst.dozen):
                self.look(plek, hoe.choice((DIV, ARCHIVARIS, EEN)), True)
            elif len(lijst.vrij) < 2:
                self.release(plek, hoe.choice((EEN, TWEE)), True)
            elif lijst.opdracht is None:
                self.anchor()
                self.order(plek, DIV)
            else:
                met_opdracht = [item for item in self.lijsten if item.opdracht is not None]
                self.execute(len(met_opdracht) - 1 - met_opdracht.index(lijst), DIV)

        # what must hold --------------------------------------------------------------------------------------------

        def may(self, soort: str, stap: Callable[[], object]) -> bool:
            """Try a step; say whether it was allowed."""
            try:
                stap()
            except VERWACHT as exc:
                if isinstance(exc, DBAPIError):  # only a rule of the database may say no
                    assert getattr(exc.orig, "sqlite_errorname", "").startswith("SQLITE_CONSTRAINT"), exc
                TELLING[f"{soort}: refused"] += 1
                return False
            TELLING[f"{soort}: done"] += 1
            return True

        def write(self, functie: Callable[..., object], *args: Any, **woorden: Any) -> Callable[[], None]:
            def step() -> None:
                logboek.seal_waiting(proef.basis, logboek.open_klant(proef.basis.config))
                with db.begin(proef.basis.engine) as session:
                    functie(session, *args, **woorden)

            return step

        @invariant()
        def nothing_goes_without_its_people(self) -> None:
            self.stappen += 1
            TELLING["steps"] += 1
            dozen = {doos.id: doos for doos in self.dozen}
            with db.read(proef.basis.engine) as session:
                nieuw = [
                    rij
                    for rij in session.exec(select(UitvoeringRow).where(UitvoeringRow.uitslag == "vernietigd"))
                    if rij.doos_id in dozen and rij.doos_id not in self.weg
                ]
                assert list(rijcontrole.find_verschillen(session)) == []  # whatever people did, rows and events agree
            for uitvoering in nieuw:
                lijst = next(
                    item for item in self.lijsten if item.opdracht and item.opdracht.id == uitvoering.opdracht_id
                )
                self.verify(lijst, uitvoering.doos_id)
                TELLING["destroyed"] += 1
            self.weg |= {uitvoering.doos_id for uitvoering in nieuw}
            if TELLING["steps"] % elke() == 0:
                proef.seal()
                assert lezer.find_fout() is None

        def verify(self, lijst: Lijst, doos_id: UUID) -> None:
            """By the book that the test keeps: this doos was destroyed just now, and it may have been."""
            papieren = [p for p in self.papieren if p.doos == doos_id]
            assert papieren
            assert len(set(lijst.vrij)) == 2, lijst
            assert not lijst.ingetrokken
            kijker, geslaagd = lijst.gekeken[doos_id]
            assert geslaagd
            alle = [p for p in self.papieren if p.doos in {doos.id for doos in lijst.dozen}]
            wie = {*lijst.vrij, kijker}
            for stuk in alle:
                assert not set(lijst.vrij) & stuk.deelnemers
            for stuk in papieren:
                assert kijker not in stuk.deelnemers
                assert stuk.goedgekeurd is not None
                assert stuk.goedgekeurd not in {stuk.gescand, *stuk.bewerkt}
                assert not stuk.uitzonderingen
                wie |= stuk.deelnemers
            for over, waarop in self.stops.values():
                assert over not in (stops.Over.ZAAK, stops.Over.BESLUIT)
                assert (over, waarop) != (stops.Over.DOOS, str(doos_id))
                assert not (over is stops.Over.PERSOON and waarop in {str(proef.mensen[naam]) for naam in wie})
                documenten = {str(id_) for stuk in papieren for id_ in stuk.proef.documenten}
                assert not (over is stops.Over.DOCUMENT and waarop in documenten)

        def teardown(self) -> None:
            """Whatever was done before: who does it in order gets to the end."""
            while self.stops:
                self.lift(0)
            self.papieren.append(Papier(proef.add_batch(1), SCANOPERATOR))
            self.judge(len(self.papieren) - 1, CONTROLEUR, True)
            stuk, doos = self.papieren[-1], proef.box(self.papieren[-1].proef.batch)
            stuk.doos = doos.id
            self.dozen.append(doos)
            proef.back_up()
            self.propose(len(self.dozen) - 1, DIV, False)
            self.look(0, ARCHIVARIS, True)
            self.release(0, EEN, True)
            self.release(0, TWEE, True)
            self.anchor()
            self.order(0, DIV)
            self.execute(0, DIV)
            self.nothing_goes_without_its_people()
            assert doos.id in self.weg

    return Mensen


def carry_out(proef: Afrondproef, opdracht: OpdrachtRow, dozen: list[DoosRow], wie: str) -> list[UitvoeringRow]:
    with db.begin(proef.basis.engine) as session:
        certificaat = proef._save(session, b"vernietigingsbewijs " + uuid4().bytes)
    feiten = vernietigen.Uitvoeringsfeiten(
        datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", certificaat.sha256
    )
    gevraagd = [(doos, feiten) for doos in dozen]
    return afronding.voer_uit(proef.basis, opdracht.id, gevraagd, proef.wie(wie), meld=zwijg)


def test_whatever_people_do_in_whatever_order_nothing_goes_without_four_eyes(tmp_path: Path, groot: bool) -> None:
    TELLING.clear()
    with open_proef(tmp_path) as proef:

        def elke() -> int:
            """Read the whole log after every step while it is short, and less often when it is long."""
            return 1 + logboek.open_klant(proef.basis.config).stand().omvang // (1500 if groot else 600)

        run_state_machine_as_test(
            build_machine(proef, elke=elke),
            settings=settings(
                max_examples=1000 if groot else 14,
                stateful_step_count=100 if groot else 40,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],  # each example leaves its traces in one installation: none is run again
                suppress_health_check=list(HealthCheck),
            ),
        )
        proef.anchor()
        verslag = verify_logboek(proef.basis.config.logboek.map, logboek.load_beleid(proef.basis.config))
    print(dict(sorted(TELLING.items())))
    assert verslag.vernietigd == TELLING["destroyed"]
    assert verslag.vernietigd >= (1000 if groot else 14)
    assert TELLING["release: done"] >= 6
    assert TELLING["release: refused"] >= 6


# --- two at once ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def proef(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Afrondproef]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_proef(tmp_path, url) as gemaakt:
        yield gemaakt


def race(*daden: Callable[[], object]) -> list[BaseException | None]:
    """Do all of it at once; return of each what went wrong. Who is told to try again in a moment, does."""
    samen = threading.Barrier(len(daden))

    def run(daad: Callable[[], object]) -> BaseException | None:
        samen.wait()
        while True:
            try:
                daad()
            except VERWACHT as exc:
                if "Er wordt al verzegeld" not in str(exc):
                    return exc
            else:
                return None

    with ThreadPoolExecutor(len(daden)) as pool:
        return [taak.result() for taak in [pool.submit(run, daad) for daad in daden]]


def count_rows(proef: Afrondproef, rij: type[Any], **waar: Any) -> int:
    with db.read(proef.basis.engine) as session:
        return len(session.exec(select(rij).filter_by(**waar)).all())


def ready(proef: Afrondproef, *, tot: str) -> tuple[Batchproef, Lijst]:
    """Return a batch in a doos on a list, as far as this step."""
    batch = proef.add_batch(1)
    keuring = proef.show(batch.batch)
    if tot == "judge":
        with db.begin(proef.basis.engine) as session:
            keuren.mark_seen(session, keuring.trekking, proef.wie(CONTROLEUR_2))
        return batch, Lijst(None, [])  # type: ignore[arg-type]
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    lijst = Lijst(proef.propose(doos, naam=f"Lijst {uuid4().hex[:8]}"), [doos])
    trekking = afronding.trek_blik(proef.basis, lijst.rij.id, doos.id)
    if tot == "look":
        with db.begin(proef.basis.engine) as session:
            for naam in (DIV, ARCHIVARIS):
                keuren.mark_seen(session, trekking, proef.wie(naam))
        return batch, lijst
    proef.look(lijst.rij, doos)
    proef.back_up()
    if tot == "first":
        return batch, lijst
    proef.release(lijst.rij, EEN)
    if tot == "second":
        return batch, lijst
    proef.release(lijst.rij, TWEE)
    proef.anchor()
    if tot == "execute":
        lijst.opdracht = proef.order(lijst.rij, doos)
    return batch, lijst


def test_of_two_at_once_exactly_one_succeeds(proef: Afrondproef, groot: bool) -> None:
    """The same thing twice: both were allowed when they asked, and one may be done."""
    keren = 500 if groot else 2
    for _ in range(keren):
        batch, _ = ready(proef, tot="judge")
        uitkomst = race(
            partial(afronding.keur, proef.basis, batch.batch, (), proef.wie(CONTROLEUR)),
            partial(afronding.keur, proef.basis, batch.batch, (), proef.wie(CONTROLEUR_2)),
        )
        assert uitkomst.count(None) == 1, uitkomst
        assert count_rows(proef, OordeelRow, batch_id=batch.batch) == 1

        _, lijst = ready(proef, tot="look")
        kijk = partial(afronding.doe_blik, proef.basis, lijst.rij.id, lijst.dozen[0].id, geslaagd=True, toelichting="")
        uitkomst = race(partial(kijk, proef.wie(DIV)), partial(kijk, proef.wie(ARCHIVARIS)))
        assert uitkomst.count(None) == 1, uitkomst
        assert count_rows(proef, LaatsteblikRow, lijst_id=lijst.rij.id) == 1

        _, lijst = ready(proef, tot="first")
        geef = partial(release, proef, lijst)
        assert race(partial(geef, EEN), partial(geef, EEN)).count(None) == 1
        assert count_rows(proef, VrijgaveRow, lijst_id=lijst.rij.id) == 1
        assert race(partial(geef, TWEE), partial(geef, TWEE)).count(None) == 1
        assert count_rows(proef, VrijgaveRow, lijst_id=lijst.rij.id) == 2

        proef.anchor()
        container = vernietigen.Container("C-1", "Z-1", (lijst.dozen[0].nummer,))
        opdracht = partial(
            afronding.draag_op, proef.basis, lijst.rij.id, proef.wie(DIV), "Versnipper BV", [container], meld=zwijg
        )
        assert race(opdracht, opdracht).count(None) == 1
        with db.read(proef.basis.engine) as session:
            rij = session.exec(select(OpdrachtRow).where(OpdrachtRow.lijst_id == lijst.rij.id)).one()
        voer_uit = partial(carry_out, proef, rij, lijst.dozen, DIV)
        assert race(voer_uit, voer_uit).count(None) == 1
        assert count_rows(proef, UitvoeringRow, doos_id=lijst.dozen[0].id) == 1
    proef.seal()
    assert Lezer(proef).find_fout() is None


def release(proef: Afrondproef, lijst: Lijst, wie: str) -> VrijgaveRow:
    return afronding.geef_vrij(proef.basis, lijst.rij.id, proef.wie(wie), lijst.rij.naam, meld=zwijg)


def test_of_two_first_releases_by_two_people_one_is_first_and_the_other_second(proef: Afrondproef, groot: bool) -> None:
    for _ in range(100 if groot else 3):
        _, lijst = ready(proef, tot="first")
        uitkomst = race(partial(release, proef, lijst, EEN), partial(release, proef, lijst, TWEE))
        gelukt = uitkomst.count(None)
        assert gelukt >= 1, uitkomst
        with db.read(proef.basis.engine) as session:
            rijen = session.exec(select(VrijgaveRow).where(VrijgaveRow.lijst_id == lijst.rij.id)).all()
        assert sorted(rij.volgnummer for rij in rijen) == [1, 2][:gelukt]
        assert len({rij.persoon_id for rij in rijen}) == gelukt


def do_stop(session: Session, proef: Afrondproef, lijst: Lijst) -> None:
    door = personen.actor_of(session, proef.mensen[BEHEERDER])
    stops.place_stop(session, stops.Stopsoort.BEZWAAR, stops.Over.DOOS, str(lijst.dozen[0].id), "bezwaar 4", door=door)


def do_withdraw(session: Session, proef: Afrondproef, lijst: Lijst) -> None:
    vernietigen.withdraw_release(session, lijst.rij, "toch niet", proef.wie(EEN))


def do_except(session: Session, proef: Afrondproef, lijst: Lijst) -> None:
    batch = papier.load_inhoud(session, lijst.dozen[0].id)[0][0]
    document = session.exec(select(DocumentRow).where(DocumentRow.batch_id == batch.id)).first()
    assert document is not None
    actor = personen.actor_of(session, proef.mensen[DIV])
    besluiten.add_uitzondering(session, document, "erfgoed", "een zegel", "kluis", actor=actor)


def do_edit(session: Session, proef: Afrondproef, lijst: Lijst) -> None:
    batch = papier.load_inhoud(session, lijst.dozen[0].id)[0][0]
    storage.lock_batch(session, batch.id)
    actor = personen.actor_of(session, proef.mensen[TWEE])
    storage.add_bewerking(session, batch, actor, Bewerkingsoort.DRAAI, {}, {})


def do_revoke(session: Session, proef: Afrondproef, _lijst: Lijst) -> None:
    persoon = personen.load_persoon(session, DIV)
    personen.revoke_mandaat(session, persoon, MENSEN[DIV], door=proef.wie(BEHEERDER))


Tegen = Callable[[Session, Afrondproef, Lijst], None]
TEGEN: tuple[Tegen, ...] = (do_stop, do_except, do_edit, do_withdraw, do_revoke)


def test_what_stands_in_the_way_comes_before_the_decision_or_after_it_and_never_in_between(
    proef: Afrondproef, monkeypatch: pytest.MonkeyPatch, groot: bool
) -> None:
    """At the same moment as an order or an execution, or when its poort has just answered: whichever is first in the
    log, the log allows what follows."""
    uitkomsten: Counter[tuple[str, bool, bool]] = Counter()
    beantwoord, antwoord = threading.Event(), poort.ask_record

    def ask_record(*args: Any) -> dict[Feit, Antwoord]:
        antwoorden = antwoord(*args)
        beantwoord.set()
        time.sleep(0.2)  # so long the decision is open to whoever does not wait for it
        return antwoorden

    def against(tegen: Tegen, lijst: Lijst, *, er_tussen: bool) -> None:
        if er_tussen:
            beantwoord.wait(60)
        with db.begin(proef.basis.engine) as session:
            tegen(session, proef, lijst)

    monkeypatch.setattr(poort, "ask_record", ask_record)
    for nummer, tegen in itertools.product(range(100 if groot else 3), TEGEN):
        voor_opdracht = nummer % 2 == 0 or tegen is do_withdraw
        _, lijst = ready(proef, tot="order" if voor_opdracht else "execute")
        if voor_opdracht:
            container = vernietigen.Container("C-1", "Z-1", (lijst.dozen[0].nummer,))
            stap: Callable[[], object] = partial(
                afronding.draag_op, proef.basis, lijst.rij.id, proef.wie(DIV), "BV", [container], meld=zwijg
            )
        else:
            assert lijst.opdracht is not None
            stap = partial(carry_out, proef, lijst.opdracht, lijst.dozen, DIV)
        beantwoord.clear()
        gelukt, tegengehouden = race(stap, partial(against, tegen, lijst, er_tussen=nummer % 4 < 2))
        uitkomsten[tegen.__name__, gelukt is None, tegengehouden is None] += 1
        assert gelukt is None or tegengehouden is None, (tegen, gelukt, tegengehouden)
        proef.seal()
        assert Lezer(proef).find_fout() is None, tegen
        if tegen is do_revoke:
            with db.begin(proef.basis.engine) as session:
                persoon = personen.load_persoon(session, DIV)
                personen.grant_mandaat(
                    session, persoon, MENSEN[DIV], van=date(2026, 1, 1), tot=None, grondslag="weer",
                    door=proef.wie(BEHEERDER),
                )  # fmt: skip
    print(dict(sorted(uitkomsten.items())))
