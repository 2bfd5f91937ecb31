"""Attacks on the sealed log by those who own a part of the machine: each is found, by the guard that must find it.

The families are the rows of the table of insiders in the threat model. One installation has a destruction that is done
and a list that may go; every attempt is on a copy. What no cryptography finds is said as well: the last test.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import random
import shutil
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pysqlite3 import dbapi2 as sqlite  # two builds of SQLite in one process take each other's locks away
from sqlmodel import Session, col, select

from scanstraat import afronding, db, logboek, logstand, poort, storage, vernietigen
from scanstraat.bootstrap import Basis
from scanstraat.errors import NietMogelijkError, ScanstraatError
from scanstraat.intake.opslag import Objectstaat, Opslag
from scanstraat.merk import Merker
from scanstraat.tables import GebeurtenisRow, LogregelRow
from scanstraat.tables_bewijs import VernietigingslijstRow
from tests.afrondproef import CONTROLEUR, DIV, EEN, OORSPRONG, TWEE, Afrondproef, open_afrondproef, zwijg
from tests.builders import build_persoon, save_batch
from tests.logproef import Logproef, Stempelautoriteit, build_blad, build_logproef
from tests.verhaal import Punt, Tijd, Verhaal, build_verhaal
from vernietiging.__main__ import BEWEZEN, GEWIJZIGD, ONZEKER
from vernietiging.__main__ import main as verifier
from vernietiging.boom import build_consistentiebewijs
from vernietiging.errors import LogboekGewijzigdError, OngegrondError, VernietigingError
from vernietiging.gebeurtenis import SCHEMAS, Gebeurtenis, Veld, find_objecten, parse_blad
from vernietiging.getuige import Getuige, Verzoek
from vernietiging.grondslag import Feit
from vernietiging.notitie import parse_notitie
from vernietiging.tegels import Tegelmap, Tegelschrijver, write_over
from vernietiging.verzegelaar import Sleutelbos, Verzegelaar
from vernietiging.verzegeldienst import Verzegelklant

GEVONDEN: Counter[tuple[str, str]] = Counter()  # family, guard -> attempts


def count(familie: str, wachter: str, aantal: int = 1) -> None:
    GEVONDEN[familie, wachter] += aantal


@pytest.fixture(scope="module", autouse=True)
def telling() -> Iterator[None]:
    """Print what was tried and found (pytest -s)."""
    yield
    for (familie, wachter), aantal in sorted(GEVONDEN.items()):
        print(f"\n{aantal:6d}  {familie}: {wachter}", end="")
    print(f"\n{sum(GEVONDEN.values()):6d}  in all")


@pytest.fixture(scope="module", autouse=True)
def zonder_fsync() -> Iterator[None]:
    """Nothing here is about power cuts, and thousands of copies are written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _fd: None)
        yield


# --- one installation, and copies of it -----------------------------------------------------------------------------


class EigenKlant(Verzegelklant):
    """Asks a sealer in this process: a copy of an installation has no socket."""

    def __init__(self, open_verzegelaar: Callable[[], Verzegelaar]) -> None:
        self._open = open_verzegelaar

    def _ask(self, vraag: dict[str, Any], bijlage: bytes | None = None) -> dict[str, Any]:
        verzegelaar = self._open()
        if bijlage is not None:
            bladen = []
            while bijlage:
                (lengte,) = struct.unpack_from(">H", bijlage)
                bladen.append(bijlage[2 : 2 + lengte])
                bijlage = bijlage[2 + lengte :]
            verzegelaar.append(vraag["vanaf"], bladen)
        return {
            "omvang": verzegelaar.stand.omvang,
            "wortel": verzegelaar.stand.rand.wortel.hex(),
            "notitie": verzegelaar.stand.notitie.decode(),
            "sleutels": [sleutel.to_vkey() for sleutel in verzegelaar.sleutels],
        }


@dataclass
class Installatie:
    """A log with a destruction in it, and a list of which the paper may go."""

    proef: Afrondproef
    lijst: VernietigingslijstRow
    beleid: Path
    db: Path  # a copy of the database, whole in itself, and without its triggers
    bladen: list[bytes]

    @property
    def log(self) -> Path:
        return self.proef.basis.config.logboek.map

    @property
    def verzegelaar(self) -> Path:
        return self.proef.basis.config.logboek.verzegelaar

    @property
    def punten(self) -> list[int]:
        return sorted(int(pad.name) for pad in (self.log / "checkpoints").iterdir())

    def verify(self, log: Path) -> tuple[int, str]:
        return verify(log, self.beleid)


def verify(log: Path, beleid: Path) -> tuple[int, str]:
    """Return what the verifier says, as an auditor runs it."""
    gezegd = io.StringIO()
    with contextlib.redirect_stdout(gezegd):
        uitkomst = verifier([str(log), "--beleid", str(beleid)])
    return uitkomst, gezegd.getvalue()


def copy_db(van: Path, naar: Path) -> None:
    with contextlib.closing(sqlite.connect(van)) as bron, contextlib.closing(sqlite.connect(naar)) as doel:
        doel.execute("pragma synchronous = off")
        bron.backup(doel)
        doel.execute("pragma journal_mode = delete")


def drop_triggers(pad: Path) -> None:
    with contextlib.closing(sqlite.connect(pad)) as verbinding:
        verbinding.execute("pragma synchronous = off")
        for (naam,) in verbinding.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            verbinding.execute(f"drop trigger {naam}")


@pytest.fixture(scope="module")
def installatie(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installatie]:
    map = tmp_path_factory.mktemp("installatie")
    with open_afrondproef(map) as proef:
        proef.anchor()  # so that somebody outside saw the log before anything was decided
        batches = [proef.add_batch().batch for _ in range(2)]
        proef.add_besluit()
        lijsten = []
        for nummer, batch in enumerate(batches):
            proef.approve(batch)
            doos = proef.box(batch)
            lijst = proef.propose(doos, naam=f"Lijst 2026-0{nummer + 1}")
            proef.look(lijst, doos)
            lijsten.append((lijst, doos))
        proef.back_up()
        for lijst, _ in lijsten:
            proef.release(lijst, EEN)
            proef.release(lijst, TWEE)
        proef.anchor()
        lijst, doos = lijsten[0]
        proef.execute(proef.order(lijst, doos), doos)
        assert proef.find_redenen(lijsten[1][0]) == {}
        proef.anchor()
        logboek.write_beleid(proef.basis.config, map / "beleid")
        copy_db(proef.basis.config.algemeen.gegevensmap / "scanstraat.db", map / "kopie.db")
        drop_triggers(map / "kopie.db")
        log = proef.basis.config.logboek.map
        omvang = max(int(pad.name) for pad in (log / "checkpoints").iterdir())
        gemaakt = Installatie(
            proef, lijsten[1][0], map / "beleid", map / "kopie.db", Tegelmap(log).read_bladen(0, omvang)
        )
        assert gemaakt.verify(gemaakt.log)[0] == BEWEZEN
        yield gemaakt
        assert gemaakt.verify(gemaakt.log)[0] == BEWEZEN  # no attempt was on the installation itself


@dataclass
class Kopie:
    """A copy of the installation, as one who owns it changes it."""

    van: Installatie
    map: Path

    @property
    def log(self) -> Path:
        return self.map / "log"

    @property
    def db(self) -> Path:
        return self.map / "scanstraat.db"

    def open_verzegelaar(self, *, objecten: Path | None = None) -> Verzegelaar:
        return Verzegelaar(self.map / "verzegelaar", self.log, OORSPRONG, objecten=objecten)

    @property
    def klant(self) -> EigenKlant:
        return EigenKlant(self.open_verzegelaar)

    def steal(self) -> Sleutelbos:
        return Sleutelbos.open(self.map / "verzegelaar", OORSPRONG)

    def change_db(self, *opdrachten: str) -> None:
        """Change rows as the owner of the database; a copy has no triggers."""
        with contextlib.closing(sqlite.connect(self.db)) as verbinding:
            verbinding.execute("pragma synchronous = off")
            for opdracht in opdrachten:
                verbinding.execute(opdracht)
            verbinding.commit()

    @contextlib.contextmanager
    def open(self, *, eigen_log: bool = True) -> Iterator[Basis]:
        """Open the installation on this copy: its database alone, or its log and sealer as well."""
        basis = self.van.proef.basis
        config = basis.config.model_copy(
            update={"algemeen": basis.config.algemeen.model_copy(update={"gegevensmap": self.map})}
        )
        if eigen_log:
            mappen = {"map": self.log, "verzegelaar": self.map / "verzegelaar"}
            config = config.model_copy(update={"logboek": config.logboek.model_copy(update=mappen)})
        engine = db.create_engine(f"sqlite:///{self.db}")
        db.set_merker(engine, Merker(self.van.proef.basis.config.algemeen.gegevensmap))
        try:
            yield replace(basis, config=config, engine=engine)
        finally:
            engine.dispose()

    def rewrite(self, bladen: Sequence[bytes], *, stand: bool = True) -> None:
        """Write the whole history anew with the stolen keys, a checkpoint at each size that there was."""
        punten = [punt for punt in self.van.punten if punt < len(bladen)] + [len(bladen)]
        for naam in ("tile", "checkpoints", "checkpoint"):
            remove(self.log / naam)
        if stand:
            for naam in ("stand.json", "wachtrij"):
                (self.map / "verzegelaar" / naam).unlink(missing_ok=True)
            (self.map / "verzegelaar" / "nieuw").write_bytes(b"")
            verzegelaar = self.open_verzegelaar()
            for van, tot in itertools.pairwise([0, *punten]):
                verzegelaar.append(van, list(bladen[van:tot]))
        else:
            self.write_tegels(bladen, punten)

    def write_tegels(self, bladen: Sequence[bytes], punten: Sequence[int]) -> None:
        """Write tiles and bundles of other leaves, and nothing else."""
        remove(self.log / "tile")
        schrijver = Tegelschrijver(self.log)
        for van, tot in itertools.pairwise([0, *punten]):
            schrijver.append(van, bladen[van:tot])


def remove(pad: Path) -> None:
    shutil.rmtree(pad) if pad.is_dir() else pad.unlink(missing_ok=True)


@pytest.fixture
def kopieer(installatie: Installatie, tmp_path: Path) -> Iterator[Callable[..., Kopie]]:
    """Make copies; each takes the place of the one before."""

    def make(*, met_db: bool = False) -> Kopie:
        map = tmp_path / "kopie"
        remove(map)
        map.mkdir()
        shutil.copytree(installatie.log, map / "log")
        shutil.copytree(installatie.verzegelaar, map / "verzegelaar", ignore=shutil.ignore_patterns("*.sock"))
        if met_db:
            shutil.copy(installatie.db, map / "scanstraat.db")
            shutil.copy(installatie.proef.basis.config.algemeen.gegevensmap / "aanmelding.sleutel", map)
        return Kopie(installatie, map)

    yield make


# --- what one does to leaves ----------------------------------------------------------------------------------------


def change_leaf(blad: bytes, loterij: random.Random) -> bytes:
    """Return a leaf that says something else, and is as well formed as it was."""
    g = parse_blad(blad)
    keuze = loterij.randrange(4)
    if keuze == 0:
        return replace(g, actor=uuid4()).to_bytes()
    if keuze == 1:
        return replace(g, onderwerp=uuid4()).to_bytes()
    if keuze == 2:
        return replace(g, op="2026-01-01T00:00:00.000Z").to_bytes()
    veld = loterij.choice(sorted(g.gegevens))
    waarden = {
        Veld.GETAL: 4711, Veld.REGEL: 0, Veld.WOORD: "anders", Veld.DAG: "2026-01-05", Veld.ID: str(uuid4()),
        Veld.TIJD: "2026-01-01T00:00:00.000Z", Veld.JANEE: g.gegevens[veld] is not True,
    }  # fmt: skip
    anders = waarden.get(SCHEMAS[g.soort, g.versie][veld], "5a" * 32)
    if anders == g.gegevens[veld]:
        anders = 1  # the number of a line that was 0 already
    return replace(g, gegevens={**g.gegevens, veld: anders}).to_bytes()


def do_change(bladen: list[bytes], plek: int, loterij: random.Random) -> list[bytes]:
    return [*bladen[:plek], change_leaf(bladen[plek], loterij), *bladen[plek + 1 :]]


def do_delete(bladen: list[bytes], plek: int, _: random.Random) -> list[bytes]:
    return bladen[:plek] + bladen[plek + 1 :]


def do_insert(bladen: list[bytes], plek: int, _: random.Random) -> list[bytes]:
    return [*bladen[:plek], build_blad(plek), *bladen[plek:]]


def do_swap(bladen: list[bytes], plek: int, _: random.Random) -> list[bytes]:
    ander = (plek + 1) % len(bladen)
    gewisseld = list(bladen)
    gewisseld[plek], gewisseld[ander] = gewisseld[ander], gewisseld[plek]
    return gewisseld


def do_replace(bladen: list[bytes], plek: int, _: random.Random) -> list[bytes]:
    """As many as there were: one out, another in at the end."""
    return [*bladen[:plek], *bladen[plek + 1 :], build_blad(plek)]


DADEN = (do_change, do_delete, do_insert, do_swap, do_replace)


# --- 1: rows of the database ----------------------------------------------------------------------------------------

IN_DE_DATABASE: tuple[tuple[str, ...], ...] = (
    ("update gebeurtenis set op = '2026-01-01T00:00:00.000Z' where volgnummer = {n}",),
    ("update gebeurtenis set actor_log_id = '00000000000000000000000000000001' where volgnummer = {n}",),
    ("update gebeurtenis set onderwerp_log_id = '00000000000000000000000000000001' where volgnummer = {n}",),
    ("update gebeurtenis set gegevens = replace(gegevens, ':', ': 1,\"x\":') where volgnummer = {n}",),
    ("update gebeurtenis set schema_versie = schema_versie + 1 where volgnummer = {n}",),
    ("update gebeurtenis set id = '00000000000000000000000000000001' where volgnummer = {n}",),
    ("delete from gebeurtenis where volgnummer = {n}",),
    ("delete from logregel where gebeurtenis = {n}", "delete from gebeurtenis where volgnummer = {n}"),
    ("delete from logregel where gebeurtenis = {n}",),
    ("update logregel set nummer = nummer + 10000 where gebeurtenis = {n}",),
    (  # two change places
        "update logregel set nummer = nummer + 10001 where gebeurtenis in ({n}, {m})",
        "update gebeurtenis set volgnummer = 99999 where volgnummer = {n}",
        "update gebeurtenis set volgnummer = {n} where volgnummer = {m}",
        "update gebeurtenis set volgnummer = {m} where volgnummer = 99999",
        "update logregel set nummer = nummer - 10001 where gebeurtenis in ({n}, {m})",
    ),
    (
        "insert into gebeurtenis select 99999, '00000000000000000000000000000002', soort, schema_versie, "
        "actor_log_id, onderwerp_log_id, op, gegevens, merk from gebeurtenis where volgnummer = {n}",
        "insert into logregel (nummer, gebeurtenis) select max(nummer) + 1, 99999 from logregel",
    ),
)


def test_a_change_of_what_is_sealed_in_the_database_is_found_by_comparing_it_with_the_log(
    installatie: Installatie, kopieer: Callable[..., Kopie], groot: bool
) -> None:
    with contextlib.closing(sqlite.connect(installatie.db)) as verbinding:
        kolommen = [rij[1] for rij in verbinding.execute("pragma table_info(gebeurtenis)")]
        nummers = [n for (n,) in verbinding.execute("select gebeurtenis from logregel order by nummer")]
    assert kolommen[0] == "volgnummer"
    stap = 1 if groot else 3
    for soort, opdrachten in enumerate(IN_DE_DATABASE):
        for n in nummers[soort % stap :: stap]:
            m = nummers[(nummers.index(n) + 1) % len(nummers)]
            kopie = kopieer(met_db=True)
            kopie.change_db(*(opdracht.format(n=n, m=m) for opdracht in opdrachten))
            with kopie.open() as basis, pytest.raises(LogboekGewijzigdError):
                logboek.check_record(basis, kopie.klant, meld=zwijg)
            count("rows of the database", "comparing record and log")


def test_a_record_from_which_a_line_was_taken_is_not_sealed_on(
    installatie: Installatie, kopieer: Callable[..., Kopie]
) -> None:
    """What the next seal finds by itself, without anybody asking for a comparison."""
    with contextlib.closing(sqlite.connect(installatie.db)) as verbinding:
        nummers = [n for (n,) in verbinding.execute("select gebeurtenis from logregel order by nummer")]
    for n in nummers:
        kopie = kopieer(met_db=True)
        kopie.change_db(
            f"delete from logregel where gebeurtenis = {n}", f"delete from gebeurtenis where volgnummer = {n}"
        )
        with kopie.open() as basis, pytest.raises(LogboekGewijzigdError):
            logboek.seal_waiting(basis, kopie.klant)
        assert kopie.open_verzegelaar().stand.omvang == len(installatie.bladen)
        count("rows of the database", "the next seal")


# --- 2: the tiles as well -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("daad", DADEN)
def test_tiles_that_are_rewritten_too_are_not_what_was_signed(
    installatie: Installatie,
    kopieer: Callable[..., Kopie],
    groot: bool,
    daad: Callable[[list[bytes], int, random.Random], list[bytes]],
) -> None:
    loterij = random.Random(daad.__name__)
    for plek in range(0, len(installatie.bladen), 1 if groot else 3):
        kopie = kopieer()
        bladen = daad(installatie.bladen, plek, loterij)
        kopie.write_tegels(bladen, [punt for punt in installatie.punten if punt < len(bladen)] + [len(bladen)])
        assert installatie.verify(kopie.log)[0] == GEWIJZIGD, plek
        count("tiles rewritten", "verifier")
        with pytest.raises(LogboekGewijzigdError):
            kopie.open_verzegelaar()
        count("tiles rewritten", "sealer")


# --- 3: the key as well ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vreemd(tmp_path_factory: pytest.TempPathFactory) -> Stempelautoriteit:
    """An authority of the insider."""
    return Stempelautoriteit(tmp_path_factory.mktemp("vreemd") / "tsa")


def keep_anchors(_: Kopie, __: Stempelautoriteit) -> int:
    return GEWIJZIGD


def drop_anchors(kopie: Kopie, _: Stempelautoriteit) -> int:
    for naam in ("getuigen", "tijdstempels"):
        remove(kopie.log / naam)
    return ONZEKER


def drop_witness(kopie: Kopie, _: Stempelautoriteit) -> int:
    remove(kopie.log / "getuigen")
    return GEWIJZIGD


def drop_stamps(kopie: Kopie, _: Stempelautoriteit) -> int:
    remove(kopie.log / "tijdstempels")
    return GEWIJZIGD


def stamp_oneself(kopie: Kopie, vreemd: Stempelautoriteit) -> int:
    remove(kopie.log / "getuigen")
    for pad in (kopie.log / "checkpoints").iterdir():
        plaats = kopie.log / "tijdstempels" / pad.name
        remove(plaats)
        if int(pad.name) in kopie.van.punten[-2:]:
            plaats.mkdir()
            (plaats / "tsa1.tsr").write_bytes(vreemd.stamp(pad.read_bytes()))
    (kopie.log / "wortels" / "tsa1.pem").write_bytes(vreemd.wortel)
    return ONZEKER  # the root that the policy names is not there


def stamp_oneself_beside_the_root(kopie: Kopie, vreemd: Stempelautoriteit) -> int:
    wortel = (kopie.log / "wortels" / "tsa1.pem").read_bytes()
    stamp_oneself(kopie, vreemd)
    (kopie.log / "wortels" / "tsa1.pem").write_bytes(vreemd.wortel + wortel)
    return GEWIJZIGD


@pytest.mark.parametrize(
    "ankers", [keep_anchors, drop_anchors, drop_witness, drop_stamps, stamp_oneself, stamp_oneself_beside_the_root]
)
def test_a_history_that_is_signed_anew_with_the_stolen_key_has_not_the_anchors(
    installatie: Installatie,
    kopieer: Callable[..., Kopie],
    vreemd: Stempelautoriteit,
    groot: bool,
    ankers: Callable[[Kopie, Stempelautoriteit], int],
) -> None:
    loterij = random.Random(ankers.__name__)
    for daad in DADEN:
        for plek in range(loterij.randrange(7), len(installatie.bladen), 1 if groot else 10):
            kopie = kopieer()
            bladen = daad(installatie.bladen, plek, loterij)
            kopie.rewrite(bladen)
            verwacht = ankers(kopie, vreemd)
            uitkomst, gezegd = installatie.verify(kopie.log)
            # A line that may not be (a reference to a line that moved) is told before what is missing.
            assert uitkomst in {verwacht, GEWIJZIGD}, gezegd
            count("key stolen, history signed anew", "verifier")


def test_the_witness_does_not_sign_a_history_that_is_signed_anew(
    installatie: Installatie, kopieer: Callable[..., Kopie], groot: bool
) -> None:
    loterij = random.Random(6)
    for daad in DADEN:
        for plek in range(0, len(installatie.bladen), 3 if groot else 10):
            kopie = kopieer()
            kopie.rewrite([*daad(installatie.bladen, plek, loterij), build_blad(7), build_blad(8)])
            assert ask_witness(kopie) in (409, 422)
            count("key stolen, history signed anew", "witness")


def ask_witness(kopie: Kopie, *, oud: int | None = None, omvang: int | None = None) -> int:
    """Ask the witness (as it was when the log was anchored) to sign a checkpoint; return its HTTP status."""
    elders = kopie.map / "elders"
    remove(elders)
    shutil.copytree(kopie.van.proef.map / "elders", elders)
    getuige = Getuige(
        elders, "archief.example/getuige", Ed25519PrivateKey.generate(), {OORSPRONG: kopie.steal().publiek}
    )
    omvang = omvang or max(int(pad.name) for pad in (kopie.log / "checkpoints").iterdir())
    gezien = kopie.van.punten[-1] if oud is None else oud
    notitie = parse_notitie((kopie.log / "checkpoints" / str(omvang)).read_bytes())
    try:
        bewijs = build_consistentiebewijs(Tegelmap(kopie.log).knoop, gezien, omvang)
    except (LogboekGewijzigdError, ValueError):  # smaller than what it saw
        bewijs = ()
    return int(getuige.answer(Verzoek(gezien, bewijs, notitie).to_bytes()).status)


# --- 4: two histories -----------------------------------------------------------------------------------------------


def test_of_two_histories_no_more_than_one_has_the_witness_and_laying_them_side_by_side_shows_it(
    installatie: Installatie, kopieer: Callable[..., Kopie], groot: bool
) -> None:
    bladen = installatie.bladen
    for splitsing in range(0, len(bladen), 1 if groot else 2):
        kopie = kopieer()
        ander = [*bladen[:splitsing], *(build_blad(9000 + i) for i in range(len(bladen) - splitsing))]
        kopie.rewrite([*ander, build_blad(1)])
        assert ask_witness(kopie) == 422
        assert (
            ask_witness(kopie, oud=len(bladen), omvang=max(p for p in installatie.punten if p <= len(ander))) == 409
            or 422
        )
        count("two histories", "witness", 2)
        for punt in installatie.punten:  # an auditor who has one checkpoint of the other history
            if punt > splitsing:
                pad = kopie.log / "checkpoints" / str(punt)
                eigen = pad.read_bytes()
                pad.unlink()
                shutil.copy(installatie.log / "checkpoints" / str(punt), pad)
                assert installatie.verify(kopie.log)[0] == GEWIJZIGD
                pad.unlink()
                pad.write_bytes(eigen)
                count("two histories", "two checkpoints of one size")
                break


# --- 5: an old back-up ----------------------------------------------------------------------------------------------


@dataclass
class Stand:
    """Copies of the three things that can be put back, at one moment."""

    map: Path
    omvang: int

    @property
    def db(self) -> Path:
        return self.map / "scanstraat.db"


@pytest.fixture(scope="module")
def standen(installatie: Installatie, tmp_path_factory: pytest.TempPathFactory) -> list[Stand]:
    """The installation grows after its anchor; at every checkpoint a back-up is made of database, tiles and sealer."""
    map = tmp_path_factory.mktemp("standen")
    bron = map / "levend"
    bron.mkdir()
    shutil.copytree(installatie.log, bron / "log")
    shutil.copytree(installatie.verzegelaar, bron / "verzegelaar", ignore=shutil.ignore_patterns("*.sock"))
    shutil.copy(installatie.db, bron / "scanstraat.db")
    kopie = Kopie(installatie, bron)
    gemaakt = []
    with kopie.open() as basis:
        for nummer in range(7):
            if nummer:
                with db.begin(basis.engine) as session:
                    for _ in range(nummer):
                        append(session)
                if nummer != 4:  # of the fourth nothing is sealed yet
                    logboek.seal_waiting(basis, kopie.klant)
            stand = map / str(nummer)
            stand.mkdir()
            shutil.copytree(bron / "log", stand / "log")
            shutil.copytree(bron / "verzegelaar", stand / "verzegelaar")
            copy_db(bron / "scanstraat.db", stand / "scanstraat.db")
            gemaakt.append(Stand(stand, kopie.open_verzegelaar().stand.omvang))
    return gemaakt


def append(session: Session) -> None:
    batch = save_batch(session)
    storage.append_gebeurtenis(
        session, "batch.klaargemeld", actor=build_persoon(session), onderwerp=batch.log_id, ontvangen=3
    )


def test_whatever_of_the_three_is_put_back_is_found_at_the_next_seal_or_does_no_harm(
    installatie: Installatie, standen: list[Stand], tmp_path: Path
) -> None:
    """Database, tiles and the sealer's own folder, each at every moment; the next test is about all three together."""
    nieuwste = standen[-1]
    for database, tegels, verzegelaar in itertools.product(standen, repeat=3):
        map = tmp_path / "kopie"
        remove(map)
        map.mkdir()
        shutil.copytree(tegels.map / "log", map / "log")
        shutil.copytree(verzegelaar.map / "verzegelaar", map / "verzegelaar")
        shutil.copy(database.db, map / "scanstraat.db")
        kopie = Kopie(installatie, map)
        voor = Tegelmap(map / "log").read_bladen(0, tegels.omvang)
        with kopie.open() as basis:
            try:
                logboek.seal_waiting(basis, kopie.klant)
            except LogboekGewijzigdError:
                met = "sealer" if tegels.omvang != verzegelaar.omvang else "comparing record and log"
                count("put back", met)
                assert (tegels.omvang, verzegelaar.omvang) != (database.omvang, database.omvang)
            else:
                # They agree: all three are of one moment (the fourth back-up of the database holds events that wait).
                assert tegels.omvang == verzegelaar.omvang
                assert logboek.check_record(basis, kopie.klant, meld=zwijg) >= tegels.omvang
                if tegels.omvang < nieuwste.omvang and database.omvang < nieuwste.omvang:
                    count("put back", "not found until it is anchored again: all three of one moment")
                else:
                    count("put back", "harmless")
        assert Tegelmap(map / "log").read_bladen(0, tegels.omvang) == voor  # not one line of the log is lost


def test_an_installation_that_was_put_back_whole_is_refused_by_the_witness(
    installatie: Installatie, kopieer: Callable[..., Kopie]
) -> None:
    """At every size that there was; also when it then grows beyond what was seen."""
    bladen = installatie.bladen
    for punt in installatie.punten[:-1]:
        kopie = kopieer()
        kopie.rewrite(bladen[:punt])
        # The file of a checkpoint that the witness saw says its size: this log is shorter than that.
        assert ask_witness(kopie, omvang=punt) in (400, 409, 422)
        kopie.rewrite([*bladen[:punt], *(build_blad(9000 + i) for i in range(len(bladen)))])
        assert ask_witness(kopie) == 422
        count("put back", "witness", 2)


# --- 6: written after the paper is gone -----------------------------------------------------------------------------


def seal_verhaal(map: Path, verhaal: Verhaal, autoriteit: Stempelautoriteit) -> Path:
    """Seal and anchor a story as it is told; return the folder of the log. The policy lies beside it."""
    proef = Logproef(map, autoriteit, Ed25519PrivateKey.generate())
    bladen, punten = verhaal.build()
    verzegelaar = proef.open()
    vorige = 0
    for omvang, feit in punten.items():
        verzegelaar.append(vorige, bladen[vorige:omvang])
        if feit.verankerd:
            proef.anchor(omvang)
        vorige = omvang
    proef.write_beleid()
    return proef.log


@pytest.mark.parametrize("eerder", [1, 60, 3600, 86_400, 30 * 86_400])
def test_an_event_that_is_written_when_the_paper_is_gone_is_found_by_the_time_of_the_stamp(
    vreemd: Stempelautoriteit, tmp_path: Path, eerder: int
) -> None:
    """All in order, and only its story is told afterwards: the stamp before the destruction is missing."""
    for variant in range(4):
        verhaal = build_verhaal().zonder("verankering")
        verhaal.stap = timedelta(0)
        verhaal.begin = datetime.now(UTC) - timedelta(seconds=eerder)
        verhaal.anders("uitgevoerd", gegevens={"uitgevoerd_op": Tijd("uitgevoerd")})
        if variant == 1:  # nothing was anchored when it was ordered; all of it later
            verhaal.punten["vrijgave 2"] = (False, None)
        if variant == 2:  # it was, but before the second release
            verhaal.punten["vrijgave 1"] = verhaal.punten.pop("vrijgave 2")
            verhaal.anders("opgedragen", gegevens={"checkpoint": Punt("vrijgave 1")})
        if variant == 3:  # the order names the checkpoint that comes when it is all written
            verhaal.anders("opgedragen", gegevens={"checkpoint": Punt("uitgevoerd")})
        log = seal_verhaal(tmp_path / str(variant), verhaal, vreemd)
        uitkomst, gezegd = verify(log, log.parent / "beleid")
        assert uitkomst == GEWIJZIGD, gezegd
        verwacht = ("nog geen tijdstempel", "niet verankerd", "omvat niet alles", "omvat niet alles")[variant]
        assert verwacht in gezegd
        count("written after the paper is gone", "verifier: time of the stamp")


def test_the_poort_stays_shut_without_an_anchor_and_the_order_comes_before_the_paper_goes(
    tmp_path: Path,
) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch()
        proef.add_besluit()
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        proef.look(lijst, doos)
        proef.back_up()
        proef.release(lijst, EEN)
        proef.anchor()
        proef.release(lijst, TWEE)
        assert set(proef.find_redenen(lijst)) == {"verankerd"}  # what is anchored does not cover the second release
        with pytest.raises(VernietigingError, match="geen verankerd checkpoint"):
            proef.order(lijst, doos)
        proef.anchor()
        opdracht = proef.order(lijst, doos)
        for voor in (1, 60, 3600, 86_400):
            moment = datetime.now(UTC) - timedelta(seconds=voor + 60)
            feiten = vernietigen.Uitvoeringsfeiten(moment, "versnipperd", "P-4", "C-1", "Z-1", "VB-1", "ab" * 32)
            with pytest.raises(NietMogelijkError, match="de opdracht is van"):
                afronding.voer_uit(proef.basis, opdracht.id, [(doos, feiten)], proef.wie(DIV), meld=zwijg)
            count("written after the paper is gone", "poort")


# --- 7: the stored bytes --------------------------------------------------------------------------------------------


def flip(inhoud: bytes, loterij: random.Random) -> bytes:
    plek = loterij.randrange(len(inhoud))
    return inhoud[:plek] + bytes([inhoud[plek] ^ 1 << loterij.randrange(8)]) + inhoud[plek + 1 :]


BESTAND: tuple[Callable[[bytes, random.Random], bytes | None], ...] = (
    flip,
    lambda inhoud, _: inhoud[:-1],
    lambda inhoud, _: inhoud + b"\n",
    lambda inhoud, _: b"een ander bestand",
    lambda inhoud, _: bytes(len(inhoud)),
    lambda _inhoud, _: b"",
    lambda _inhoud, _: None,
)


def test_a_stored_scan_or_archive_file_that_changes_is_found_and_shuts_the_poort(
    installatie: Installatie, tmp_path: Path
) -> None:
    basis = installatie.proef.basis
    plekken = [tmp_path / "opslag", tmp_path / "kopie"]
    shutil.copytree(basis.config.opslag.map, plekken[0])
    assert basis.config.opslag.kopie is not None
    shutil.copytree(basis.config.opslag.kopie, plekken[1])
    ander = replace(basis, opslag=Opslag(*plekken))
    with db.read(basis.engine) as session:
        dossier = poort.load_dossier(session, installatie.lijst.id)
    loterij = random.Random(7)
    feiten = (Feit.ORIGINEEL_GELIJK, Feit.KOPIE_GELIJK)
    assert all(poort.ask_bytes(ander, dossier, meld=zwijg)[feit].waar for feit in feiten)
    for sha256 in sorted(dossier.objecten):
        for waar, daad in itertools.product(((0,), (1,), (0, 1)), BESTAND):
            paden = [plekken[plek] / sha256[:2] / sha256[2:4] / sha256 for plek in waar]
            goed = paden[0].read_bytes()
            for pad in paden:
                anders = daad(goed, loterij)
                pad.unlink()
                if anders is not None:
                    pad.write_bytes(anders)
            staat = ander.opslag.controleer(sha256)
            assert not staat.in_orde
            antwoorden = poort.ask_bytes(ander, dossier, meld=zwijg)
            for plek, feit in enumerate(feiten):
                assert (antwoorden[feit].waar is True) is (plek not in waar)
            assert (staat.origineel is Objectstaat.IN_ORDE) is (0 not in waar)
            for pad in paden:
                pad.unlink(missing_ok=True)
                pad.write_bytes(goed)
            count("stored bytes", "the store and facts 1 and 2")


# --- 8: digests before they are sealed ------------------------------------------------------------------------------


def test_a_digest_that_is_changed_before_it_is_sealed_is_refused_by_the_sealer(
    installatie: Installatie, kopieer: Callable[..., Kopie], groot: bool
) -> None:
    """Of every stored file that an event of the whole story speaks of; the sealer reads it itself."""
    objecten = installatie.proef.basis.config.opslag.map
    kopie = kopieer()
    loterij = random.Random(8)
    omvang = len(installatie.bladen)
    for blad in installatie.bladen:
        g = parse_blad(blad)
        for sha256, _ in itertools.product(find_objecten(g), range(16 if groot else 4)):
            plek = loterij.randrange(64)
            anders = sha256[:plek] + format(int(sha256[plek], 16) ^ loterij.randrange(1, 16), "x") + sha256[plek + 1 :]
            vals = replace(g, id=uuid4(), gegevens={k: anders if v == sha256 else v for k, v in g.gegevens.items()})
            with pytest.raises(LogboekGewijzigdError, match="opslag controleer"):
                kopie.open_verzegelaar(objecten=objecten).append(omvang, [build_blad(1), vals.to_bytes()])
            assert kopie.open_verzegelaar().stand.omvang == omvang
            count("digests before sealing", "sealer")


def test_a_digest_of_another_file_that_is_in_the_store_does_not_fit_what_was_delivered(
    installatie: Installatie,
) -> None:
    """The insider puts his own file in the store first: then what was archived is not what was delivered."""
    for naam, veld in itertools.product(("gearchiveerd", "bevestigd", "verzegeld"), range(3)):
        verhaal = build_verhaal()
        versie = ("versie a1", "versie a2", "versie b1")[veld]
        verhaal.anders(f"{naam} {versie}", gegevens={"pdf": "77" * 32})
        assert isinstance(verhaal.find_fout(), OngegrondError)
        count("digests before sealing", "verifier: archived is not delivered")


# --- 9: guards taken away -------------------------------------------------------------------------------------------


def insert(soort: str, actor: UUID, onderwerp: UUID, **gegevens: Any) -> str:
    """Return the SQL that writes an event as if the line had."""
    velden = json.dumps(gegevens).replace("'", "''")
    return (
        "insert into gebeurtenis (id, soort, schema_versie, actor_log_id, onderwerp_log_id, op, gegevens) values "
        f"('{uuid4().hex}', '{soort}', 1, '{actor.hex}', '{onderwerp.hex}', '{db.now_text()}', '{velden}')"
    )


def steal_marks(basis: Basis) -> None:
    """Mark what waits, as whoever has the file with the key can."""
    with db.begin(basis.engine) as session:
        merker = db.get_merker(session)
        assert merker is not None
        for rij in logboek.find_vreemde(session):
            rij.merk = merker.make(logstand.build_blad(rij))
            session.add(rij)


def find_blad(installatie: Installatie, soort: str, *, plek: int = -1) -> tuple[int, Gebeurtenis]:
    gevonden = [(n, g) for n, blad in enumerate(installatie.bladen) if (g := parse_blad(blad)).soort == soort]
    return gevonden[plek]


@pytest.mark.parametrize("met_mandaat", ["geen", "van zichzelf", "van een ander", "van een niet-beheerder"])
def test_a_release_by_somebody_who_was_made_up_is_not_allowed_by_the_log(
    installatie: Installatie, kopieer: Callable[..., Kopie], vreemd: Stempelautoriteit, met_mandaat: str
) -> None:
    """Triggers are gone, rows and events are written by hand.

    Whoever has the key of the installation as well gets them signed: they are well formed.
    """
    kopie = kopieer(met_db=True)
    verzonnen, ander = uuid4(), uuid4()
    voorgesteld, lijst = find_blad(installatie, "lijst.voorgesteld")
    vrijgave = find_blad(installatie, "vrijgave")[1]
    velden = {"mandaat": str(uuid4()), "rol": "gemandateerde", "van": "2026-01-01", "tot": "onbepaald"}
    gever = {
        "van zichzelf": verzonnen, "van een ander": ander,
        "van een niet-beheerder": find_blad(installatie, "vrijgave")[1].actor,
    }.get(met_mandaat)  # fmt: skip
    opdrachten = [] if gever is None else [insert("mandaat.verleend", gever, verzonnen, **velden)]
    opdrachten.append(
        insert("vrijgave", verzonnen, lijst.onderwerp, **{**vrijgave.gegevens, "voorgesteld": voorgesteld})
    )
    kopie.change_db(*opdrachten)
    with kopie.open() as basis:
        with pytest.raises(LogboekGewijzigdError, match="niet door deze scanstraat"):
            logboek.seal_waiting(basis, kopie.klant)
        count("a fake approver", "the mark of an event")
        steal_marks(basis)
        logboek.seal_waiting(basis, kopie.klant)
    log = Logproef(kopie.map, vreemd, Ed25519PrivateKey.generate())
    beleid = log.write_beleid().read_text(encoding="utf-8").split("\n")
    (kopie.map / "beleid").write_text("\n".join([*(r for r in beleid if r.startswith("log ")), "quorum none", ""]))
    uitkomst, gezegd = verify(kopie.log, kopie.map / "beleid")
    assert (uitkomst, "mandaat" in gezegd) == (GEWIJZIGD, True), gezegd
    count("a fake approver", "verifier: no mandaat")


def test_a_row_without_its_event_opens_nothing(installatie: Installatie, kopieer: Callable[..., Kopie]) -> None:
    """A release, a look or an approval that stands in the database alone is in no log, so the poort does not see it."""
    for tabel, feit in (("vrijgave", "vrijgegeven"), ("laatste_blik", "laatste_blik"), ("oordeel", "goedgekeurd")):
        kopie = kopieer(met_db=True)
        kopie.change_db(f"update {tabel} set gebeurtenis_id = '{uuid4().hex}'")
        with kopie.open(eigen_log=False) as basis, db.read(basis.engine) as session:
            dossier = poort.load_dossier(session, installatie.lijst.id)
            antwoorden = poort.ask_record(basis, session, dossier, dict)
            redenen = {f.value for f, antwoord in antwoorden.items() if antwoord.waar is not True}
        assert "verankerd" in redenen, tabel
        assert tabel == "oordeel" or feit in redenen
        count("a fake approver", "poort")


def test_with_triggers_gone_the_poort_still_asks_who_it_was(
    installatie: Installatie, kopieer: Callable[..., Kopie]
) -> None:
    """The same person twice, one who scanned, one who approved, one of the two taken back, other content."""
    with db.read(installatie.proef.basis.engine) as session:
        ids = {naam: id_.hex for naam, id_ in installatie.proef.mensen.items()}
    lijst = installatie.lijst.id.hex
    waar = f"lijst_id = '{lijst}'"
    aanvallen = {
        f"update vrijgave set persoon_id = '{ids[CONTROLEUR]}' where {waar} and volgnummer = 2": "vrijgegeven",
        f"update vrijgave set ingetrokken_op = op where {waar} and volgnummer = 2": "vrijgegeven",
        f"delete from vrijgave where {waar} and volgnummer = 1": "vrijgegeven",
        f"update vrijgave set inhoud_sha256 = '{'0' * 64}' where {waar} and volgnummer = 2": "vrijgegeven",
        f"update vernietigingslijst set ingetrokken_op = op where id = '{lijst}'": "vrijgegeven",
        f"update laatste_blik set persoon_id = '{ids[CONTROLEUR]}' where {waar}": "laatste_blik",
        f"update laatste_blik set geslaagd = 0 where {waar}": "laatste_blik",
        f"delete from laatste_blik where {waar}": "laatste_blik",
        f"update oordeel set persoon_id = '{ids[EEN]}'": "goedgekeurd",
        f"update oordeel set persoon_id = '{ids['Saar Scanoperator']}'": "goedgekeurd",
        "update oordeel set uitslag = 'afgekeurd'": "goedgekeurd",
        "delete from oordeel": "goedgekeurd",
        "update verzegeling set vervallen_op = '2026-03-02T00:00:00.000Z'": "goedgekeurd",
        f"update verzegeling set manifest_sha256 = '{'0' * 64}'": "goedgekeurd",
        f"update vernietigingslijst set inhoud = replace(inhoud, '1', '2') where id = '{lijst}'": "goedgekeurd",
        "update mandaat set ingetrokken_op = '2026-01-02T00:00:00.000Z' where rol = 'controleur'": "goedgekeurd",
        "update documentversie set pdfa_conform = 0": "pdfa_conform",
        "update documentversie set getrouw = 0": "getrouw",
        "update batch set scanoperator = 'onbekend'": "beeld_in_orde",
        "update batch set scanoperator = 'Dirk Divmedewerker'": "beeld_in_orde",
        "delete from binding": "binnen_besluit",
    }
    for opdracht, feit in aanvallen.items():
        kopie = kopieer(met_db=True)
        kopie.change_db(opdracht)
        with kopie.open(eigen_log=False) as basis, db.read(basis.engine) as session:
            dossier = poort.load_dossier(session, installatie.lijst.id)
            antwoorden = poort.ask_record(basis, session, dossier, poort.ask_zaaktypen(basis, dossier))
        redenen = {f.value for f, antwoord in antwoorden.items() if antwoord.waar is not True}
        if "persoon_id" in opdracht and "oordeel" in opdracht and ids[EEN] in opdracht:
            assert redenen, opdracht
        else:
            assert feit in redenen, (opdracht, redenen)
        count("a fake approver", "poort")


# --- 10: the clock --------------------------------------------------------------------------------------------------

BESLISSINGEN = ("gekeurd batch a", "gekeurd batch b", "blik lijst", "vrijgave 1", "vrijgave 2", "opgedragen")


@pytest.mark.parametrize("naam", BESLISSINGEN)
def test_a_clock_that_is_set_back_for_a_decision_is_found_by_the_stamps(naam: str, groot: bool) -> None:
    """Whatever the reason to do so: a mandaat that ended, a stop that was put, a date that had to be."""
    loterij = random.Random(naam)
    for _ in range(500 if groot else 15):
        verhaal = build_verhaal()
        uren = loterij.uniform(4, 24 * 400)
        verhaal.anders(naam, op=-timedelta(hours=uren))
        verhaal.anders(f"mandaat {verhaal.stappen[verhaal.nummer(naam)].actor}", gegevens={"van": "2020-01-01"})
        fout = verhaal.find_fout()
        assert isinstance(fout, OngegrondError)
        assert "tijdstempel" in str(fout)
        count("clock set back", "verifier: the stamps before it")


def test_the_poort_does_not_open_on_a_decision_from_an_impossible_time(
    installatie: Installatie, kopieer: Callable[..., Kopie]
) -> None:
    """The list may go; then its releases or its look are given another time, as a wrong clock would have."""
    for soort, dagen in itertools.product(("vrijgave", "laatste_blik.gedaan", "batch.goedgekeurd"), (-400, -2, 2, 400)):
        kopie = kopieer(met_db=True)
        toen = db.format_time(datetime.now(UTC) + timedelta(days=dagen))
        kopie.change_db(f"update gebeurtenis set op = '{toen}' where soort = '{soort}'")
        with kopie.open(eigen_log=False) as basis, db.read(basis.engine) as session:
            dossier = poort.load_dossier(session, installatie.lijst.id)
            antwoord = poort.ask_record(basis, session, dossier, dict)[Feit.VERANKERD]
        assert antwoord.waar is False
        assert "klok" in antwoord.redenen[0]
        count("clock set back", "poort")


# --- 11: a lie from the start ---------------------------------------------------------------------------------------


def test_a_lie_from_the_start_is_not_found_by_any_of_this_and_so_the_last_look_is_asked(
    installatie: Installatie, kopieer: Callable[..., Kopie]
) -> None:
    """Other paper in the doos than was scanned: every line is true to form, and only a person sees it.

    So nothing goes without the look of somebody who laid drawn paper beside the screen: not by the log, not by the
    poort, not by the database.
    """
    verhaal = build_verhaal()  # that its scans are of other paper, it does not know itself
    gezien = verhaal.look()
    assert (gezien.fout, gezien.vernietigd) == (None, 1)
    breuken: tuple[Callable[[Verhaal], object], ...] = (
        lambda v: v.zonder("blik lijst").anders("uitgevoerd", gegevens={"laatste_blik": 0}),
        lambda v: v.anders("blik lijst", gegevens={"geslaagd": False}),
        lambda v: v.anders("blik lijst", actor="controleur"),
        lambda v: v.anders("blik getrokken lijst", gegevens={"zaad": "0" * 64}),
    )
    for breuk in breuken:
        verhaal = build_verhaal()
        breuk(verhaal)
        assert isinstance(verhaal.find_fout(), OngegrondError)
        count("a lie from the start", "the last look is demanded")
    kopie = kopieer(met_db=True)
    lijst = installatie.lijst.id.hex
    kopie.change_db(f"delete from laatste_blik where lijst_id = '{lijst}'")
    with kopie.open(eigen_log=False) as basis, db.read(basis.engine) as session:
        dossier = poort.load_dossier(session, installatie.lijst.id)
        antwoorden = poort.ask_record(basis, session, dossier, poort.ask_zaaktypen(basis, dossier))
    assert [feit for feit, antwoord in antwoorden.items() if antwoord.waar is not True] == [Feit.LAATSTE_BLIK]
    count("a lie from the start", "the last look is demanded: poort")


# --- bits -----------------------------------------------------------------------------------------------------------


def test_no_flipped_bit_in_what_the_log_commits_to_is_ever_proven(
    installatie: Installatie, kopieer: Callable[..., Kopie], groot: bool
) -> None:
    """Tiles, checkpoints, tokens and lines of the witness; each kind as often."""
    kopie = kopieer()
    loterij = random.Random(20261130)
    soorten = {
        naam: sorted(pad for pad in (kopie.log / map).rglob("*") if pad.is_file())
        for naam, map in (("leaves", "tile/entries"), ("tiles", "tile/0"), ("checkpoints", "checkpoints"),
                          ("tokens", "tijdstempels"), ("witness", "getuigen"))
    }  # fmt: skip
    soorten["checkpoints"].append(kopie.log / "checkpoint")
    for naam, paden in soorten.items():
        for _ in range(1200 if groot else 120):
            pad = loterij.choice(paden)
            goed = pad.read_bytes()
            pad.unlink()
            pad.write_bytes(flip(goed, loterij))
            uitkomst, gezegd = installatie.verify(kopie.log)
            if uitkomst == BEWEZEN:
                # Bytes of a reply that say nothing of what is stamped, or when; no line of the log binds this one yet.
                assert (naam, pad.parent.name) == ("tokens", str(installatie.punten[-1])), (pad, gezegd)
                pad.write_bytes(goed)
                count("flipped bits: tokens", "not found: says nothing, and no line binds it yet")
                continue
            assert uitkomst == GEWIJZIGD or naam in ("tokens", "witness"), (pad, gezegd)
            pad.write_bytes(goed)
            count(f"flipped bits: {naam}", "verifier")
    assert installatie.verify(kopie.log)[0] == BEWEZEN


def test_every_flipped_bit_in_the_store_is_found(installatie: Installatie, tmp_path: Path, groot: bool) -> None:
    """Scans, archive files, manifests and reports, in either copy."""
    basis = installatie.proef.basis
    assert basis.config.opslag.kopie is not None
    plekken = [tmp_path / "opslag", tmp_path / "kopie"]
    for van, naar in zip((basis.config.opslag.map, basis.config.opslag.kopie), plekken, strict=True):
        shutil.copytree(van, naar)
    opslag = Opslag(*plekken)
    objecten = sorted(pad.name for pad in plekken[0].rglob("*") if len(pad.name) == 64)
    loterij = random.Random(4)
    for nummer in range(3000 if groot else 300):
        sha256, plek = loterij.choice(objecten), nummer % 2
        pad = plekken[plek] / sha256[:2] / sha256[2:4] / sha256
        goed = pad.read_bytes()
        pad.unlink()
        pad.write_bytes(flip(goed, loterij))
        staat = opslag.controleer(sha256)
        assert (staat.origineel, staat.kopie)[plek] is Objectstaat.BESCHADIGD
        assert (staat.origineel, staat.kopie)[1 - plek] is Objectstaat.IN_ORDE
        pad.write_bytes(goed)
        count("flipped bits: store", "opslag controleer")
    assert all(opslag.controleer(sha256).in_orde for sha256 in objecten)


def test_a_flipped_bit_in_the_database_is_found_or_touches_no_event(
    installatie: Installatie, kopieer: Callable[..., Kopie], groot: bool
) -> None:
    loterij = random.Random(5)
    kopie = kopieer(met_db=True)
    goed = kopie.db.read_bytes()
    with kopie.open() as basis:
        events = read_events(basis)
    for _ in range(1000 if groot else 150):
        kopie.db.write_bytes(flip(goed, loterij))
        try:
            with kopie.open() as basis:
                db.check_database(basis.engine, grondig=True)
                logboek.check_record(basis, kopie.klant, meld=zwijg)
                assert read_events(basis) == events
                count("flipped bits: database", "not found: touches no event")
        except (ScanstraatError, sa.exc.DBAPIError) as exc:
            count("flipped bits: database", f"SQLite ({type(exc).__name__})")
        except LogboekGewijzigdError:
            count("flipped bits: database", "comparing record and log")
        for rest in ("-journal", "-wal", "-shm"):
            Path(f"{kopie.db}{rest}").unlink(missing_ok=True)


def read_events(basis: Basis) -> list[bytes]:
    with db.read(basis.engine) as session:
        rijen = session.exec(
            select(GebeurtenisRow)
            .join(LogregelRow, col(LogregelRow.gebeurtenis) == GebeurtenisRow.volgnummer)
            .order_by(col(LogregelRow.nummer))
        )
        return [logstand.build_blad(rij) for rij in rijen]


# --- no false alarm -------------------------------------------------------------------------------------------------


def test_a_log_that_is_sealed_and_anchored_while_it_is_verified_gives_no_alarm(
    tmp_path: Path, vreemd: Stempelautoriteit, monkeypatch: pytest.MonkeyPatch, groot: bool
) -> None:
    monkeypatch.setattr("tests.logproef.write", write_over)  # as the line writes: a file is there as a whole, or not
    proef = build_logproef(tmp_path, vreemd, aantallen=(300,))
    beleid = proef.write_beleid()
    klaar = threading.Event()
    fouten: list[BaseException] = []
    uitkomsten: Counter[int] = Counter()

    def seal() -> None:
        try:
            verzegelaar = proef.open()
            while not klaar.is_set():
                if verzegelaar.stand.omvang > 300 + 50 * (1 + sum(uitkomsten.values())):
                    time.sleep(0.02)  # it grows during every reading, and not without end when reading is slow
                    continue
                vanaf = verzegelaar.stand.omvang
                verzegelaar.append(vanaf, [build_blad(vanaf + i) for i in range(1 + vanaf % 3)])
                if verzegelaar.stand.omvang % 40 == 0:  # each stamp costs the verifier two runs of openssl
                    proef.anchor(verzegelaar.stand.omvang)
                time.sleep(0.02)
        except BaseException as exc:  # a thread that dies must not look like success
            fouten.append(exc)

    draad = threading.Thread(target=seal)
    draad.start()
    try:
        for _ in range(1000 if groot else 60):
            uitkomst, gezegd = verify(proef.log, beleid)
            assert uitkomst in (BEWEZEN, ONZEKER), gezegd
            assert uitkomst == BEWEZEN or "nog niet verankerd" in gezegd, gezegd
            uitkomsten[uitkomst] += 1
    finally:
        klaar.set()
        draad.join()
    assert not fouten
    proef.anchor(proef.open().stand.omvang)
    assert verify(proef.log, beleid)[0] == BEWEZEN
    count("clean runs", "no alarm", sum(uitkomsten.values()) + 1)
