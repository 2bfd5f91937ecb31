"""The end of the demo: four people and an auditor take what was delivered to the shredder, and the log proves it.

Everything is real but the people and the shredder: accounts with passwords and codes, a besluit of zero days, boxes, a
back-up that is checked, two releases, an anchored log. What no demo does is said: nobody looked, no paper went.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from sqlmodel import Session, col, select

from kwaliteitscontrole.woorden import count_words, name_lijst
from scanstraat import (
    afronding,
    backup,
    batchstatus,
    besluiten,
    bewerken,
    db,
    keuren,
    logboek,
    logstand,
    papier,
    personen,
    storage,
    verklaren,
    vernietigen,
)
from scanstraat.bootstrap import Basis
from scanstraat.config import Config
from scanstraat.demo_ankers import Stempelautoriteit, build_stempelserver, serve
from scanstraat.domain import ONBEKEND, Batchstatus
from scanstraat.drukwerk import escape_tekst, render_pdf
from scanstraat.errors import NietMogelijkError, ScanstraatError
from scanstraat.personen import Aangemeld, Rol
from scanstraat.processen import sterf_met_ouder
from scanstraat.stukken import take_stuk
from scanstraat.tables import BatchRow
from scanstraat.tables_bewijs import DoosRow, OpdrachtRow, VernietigingslijstRow
from vernietiging.errors import LogboekGewijzigdError, VernietigingError
from vernietiging.getuige import Getuige, build_server
from vernietiging.grondslag import VOOR_VRIJGAVE, find_belemmeringen
from vernietiging.notitie import Sleutel
from vernietiging.verificatie import verify_logboek
from vernietiging.verklaring import Verklaringsoort
from vernietiging.vervangingsbesluit import (
    Aspecten,
    Controletermijn,
    Regime,
    Reikwijdte,
    Steekproefvoorschrift,
    Vervangingsbesluit,
)

OORSPRONG = "demonstratie.example/vernietiging/1"
SCANOPERATOR, CONTROLEUR, EEN, TWEE, AUDITOR = (
    "Anna Scanner", "Bram Controleur", "Carla Gemandateerd", "Daan Gemandateerd", "Els Auditor",
)  # fmt: skip
LIJST = "Demolijst 1"
MEER_PAGINAS = "pagina's"
_START_S = 60.0
DEMONSTRATIE = "DEMONSTRATIE: er is geen papier vernietigd."


@dataclass
class Mensen:
    """The people of the demo, with what they know: password and secret of their app."""

    kluis: Fernet
    basis: Basis
    geheimen: dict[str, tuple[str, str]] = field(default_factory=dict)
    gebruikt: dict[str, int] = field(default_factory=dict)  # the newest time step of each
    beheerder: Aangemeld | None = None

    def sign_in(self, naam: str) -> Aangemeld:
        """Prove who somebody is, as they would: password, and the next code that was not used before."""
        wachtwoord, geheim = self.geheimen[naam]
        nu = int(time.time()) // personen.STAP_S
        stap = max(nu - 1, self.gebruikt.get(naam, 0) + 1)
        self.gebruikt[naam] = stap
        while stap > int(time.time()) // personen.STAP_S + 1:  # a code is accepted at most one step ahead
            time.sleep(0.5)
        code = pyotp.TOTP(geheim).at(stap * personen.STAP_S)
        return personen.sign_in(self.basis.engine, self.kluis, naam, wachtwoord, code)

    def sign_in_beheerder(self) -> Aangemeld:
        """Return Anna, who runs the demo: she proves who she is once in some minutes, others at every decision."""
        if self.beheerder is None or datetime.now(UTC) - self.beheerder.op > personen.GELDIG / 2:
            self.beheerder = self.sign_in(SCANOPERATOR)
        return self.beheerder


# --- what must be there before the line starts --------------------------------------------------------------------


@dataclass(frozen=True)
class Buitenwereld:
    """Who anchors the log of the demo, as settings for its config.toml."""

    logboek: dict[str, Any]
    getuige: dict[str, Any]
    tijdstempel: dict[str, Any]
    sleutels: dict[str, tuple[Sleutel, ...]]  # of the log, once its sealer runs


@contextmanager
def open_buitenwereld(gegevens: Path) -> Iterator[Buitenwereld]:
    """Start a time-stamp authority and a witness for this demo alone."""
    buiten = gegevens / "buitenshuis"
    sleutels: dict[str, tuple[Sleutel, ...]] = {}
    with ExitStack() as stapel:
        autoriteit = Stempelautoriteit(buiten / "tijdstempel")
        stempels = stapel.enter_context(serve(build_stempelserver(autoriteit)))
        getuige = Getuige(buiten / "getuige", "demonstratie.example/getuige", Ed25519PrivateKey.generate(), sleutels)
        getuigen = stapel.enter_context(serve(build_server(getuige, ("127.0.0.1", 0))))
        yield Buitenwereld(
            {"oorsprong": OORSPRONG},
            {"naam": "demogetuige", "sleutel": getuige.publiek.to_vkey(), "url": getuigen},
            {"naam": "demostempel", "url": stempels, "wortel": str(autoriteit.wortelbestand)},
            sleutels,
        )


@contextmanager
def run_verzegelaar(config: Config, configpad: Path, buiten: Buitenwereld) -> Iterator[None]:
    """Run the sealer as a process of its own, and tell the witness which log it may sign for."""
    logpad = config.algemeen.gegevensmap / "log" / "verzegelaar.jsonl"
    logpad.parent.mkdir(parents=True, exist_ok=True)
    opdracht = [sys.executable, "-m", "scanstraat.cli", "--config", str(configpad), "verzegelaar"]
    with logpad.open("ab") as log:
        proces = subprocess.Popen(opdracht, stdout=log, stderr=log, preexec_fn=sterf_met_ouder)  # noqa: PLW1509
    try:
        _wait_for(config, proces)
        buiten.sleutels[OORSPRONG] = logboek.open_klant(config).sleutels()
        yield
    finally:
        proces.terminate()
        proces.wait()


def _wait_for(config: Config, proces: subprocess.Popen[bytes]) -> None:
    adres = logstand.find_adres(config)
    begin = time.monotonic()
    while not adres.exists():
        if proces.poll() is not None or time.monotonic() > begin + _START_S:
            raise NietMogelijkError(
                "De verzegelaar van de demo start niet. Zie log/verzegelaar.jsonl in de gegevensmap."
            )
        time.sleep(0.05)


# --- the story ----------------------------------------------------------------------------------------------------


def finish(basis: Basis, gegevens: Path, toon: Console) -> dict[str, Any]:
    """Take every batch that is delivered as far as it may go; return where log, policy and verklaringen are.

    Paper that may not go, stays: the reasons are shown. In the end the log is sealed, anchored and verified, and one
    byte of a copy is changed to show that it is found.
    """
    mensen = _add_mensen(basis)
    _add_besluit(basis, gegevens, mensen)
    toon.print("Er zijn nu vier mensen en een auditor, een handboek en een vervangingsbesluit.")
    gekeurd = [batch_id for batch_id in _find_geleverd(basis) if _judge(basis, batch_id, mensen, toon)]
    verklaringen: list[str] = []
    if gekeurd:
        verklaringen = _destroy(basis, gekeurd, gegevens, mensen, toon)
    else:
        toon.print("Geen enkele batch is helemaal geleverd, dus er gaat geen papier weg.")
    return {"logboek": _prove(basis, gegevens, toon), "verklaringen": verklaringen}


def _add_mensen(basis: Basis) -> Mensen:
    mensen = Mensen(personen.open_kluis(basis.config.algemeen.gegevensmap), basis)
    grondslag = "demonstratiemandaat"
    vandaag = datetime.now(UTC).date()
    with db.begin(basis.engine) as session:
        # Whoever a Batchblad or an index names as scanoperator, is Anna in this demo.
        namen = set(session.exec(select(BatchRow.scanoperator))) - {ONBEKEND, SCANOPERATOR}
        anna = personen.add_persoon(session, SCANOPERATOR, ook=tuple(sorted(namen)), door=None)
        _give_account(session, mensen, SCANOPERATOR, anna.id, None)
    beheerder = mensen.sign_in_beheerder()
    with db.begin(basis.engine) as session:
        for naam, rol in ((CONTROLEUR, Rol.CONTROLEUR), (EEN, Rol.GEMANDATEERDE), (TWEE, Rol.GEMANDATEERDE),
                          (AUDITOR, Rol.AUDITOR)):  # fmt: skip
            persoon = personen.add_persoon(session, naam, door=beheerder)
            personen.grant_mandaat(session, persoon, rol, van=vandaag, tot=None, grondslag=grondslag, door=beheerder)
            _give_account(session, mensen, naam, persoon.id, beheerder)
    return mensen


def _give_account(session: Session, mensen: Mensen, naam: str, persoon_id: UUID, door: Aangemeld | None) -> None:
    wachtwoord = f"demonstratie-{len(mensen.geheimen) + 1}-met-vier-ogen"
    persoon = personen.load_persoon(session, naam)
    assert persoon.id == persoon_id
    mensen.geheimen[naam] = wachtwoord, personen.set_aanmelding(session, mensen.kluis, persoon, wachtwoord, door=door)


def _add_besluit(basis: Basis, gegevens: Path, mensen: Mensen) -> None:
    handboek = gegevens / "handboek.pdf"
    handboek.write_bytes(_print("Handboek vervanging van de demonstratie. Het zegt alleen wat de instellingen zeggen."))
    profielen = {naam: storage.build_momentopname(profiel)[1] for naam, profiel in basis.config.profiel.items()}
    besluit = Vervangingsbesluit(
        nummer="DEMO-1",
        versie=1,
        datum=date(2026, 1, 1),
        gepubliceerd_op=date(2026, 1, 1),
        publicatie="nergens: dit is een demonstratie",
        organisatie=basis.config.algemeen.organisatie,
        regime=Regime.ARCHIEFWET_1995,
        geldig_van=date(2026, 1, 1),
        handboekversie="demo",
        grondslag="artikel 7 van de Archiefwet 1995",
        erfgoedwaarde="de post is nagemaakt en heeft geen erfgoedwaarde",
        belangen="er zijn geen belangen van derden",
        ondertekenaar="teamleider van de demonstratie",
        vernietigingswijze="versnipperen (in deze demonstratie gebeurt dat niet)",
        din_niveau="P-4",
        bedenktijd_dagen=0,
        laatste_blik_documenten=3,
        reikwijdte=Reikwijdte(),
        controletermijn=Controletermijn(0, "dagen"),
        steekproef=Steekproefvoorschrift(alles=False),
        aspecten=Aspecten(
            apparatuur="simulator of eigen scans",
            programmatuur="de scanstraat, met de versies die bij elke batch staan",
            kleurcriterium="zoals aangeleverd",
            totstandkoming="Elke pagina staat precies zoals gescand in een PDF/A-2b met een doorzoekbare tekstlaag.",
            controle_en_herstel="steekproef per batch, alles wat gemarkeerd is, herscan van wat fout is",
            vernietigingsproces="lijst, laatste blik, twee vrijgaven, opdracht, vernietigingsbewijs",
            kwaliteitsprocedures="elke stap staat in een verzegeld logboek",
        ),
        profielen=profielen,
    )
    beheerder = mensen.sign_in_beheerder()
    stuk = take_stuk(basis, handboek)
    with db.begin(basis.engine) as session:
        besluiten.save_handboek(session, "demo", stuk, beheerder)
        besluiten.save_besluit(basis, session, besluit, beheerder)


def _find_geleverd(basis: Basis) -> list[UUID]:
    with db.read(basis.engine) as session:
        batches = session.exec(select(BatchRow).order_by(col(BatchRow.volgnummer))).all()
        return [batch.id for batch in batches if batchstatus.find_batchstatus(session, batch) is Batchstatus.GELEVERD]


def _judge(basis: Basis, batch_id: UUID, mensen: Mensen, toon: Console) -> bool:
    """Draw, show and approve a batch; False when it may not be judged."""
    with db.begin(basis.engine) as session:
        batch = storage.lock_batch(session, batch_id)
        nummer = batch.nummer
        bewerken.report_ready(session, basis.werkbank, batch, storage.load_actor(session, SCANOPERATOR, "persoon"))
    try:
        afronding.trek(basis, batch_id)
        bram = mensen.sign_in(CONTROLEUR)
        with db.begin(basis.engine) as session:
            keuring = keuren.load_keuring(session, storage.load_batch(session, batch_id))
            assert keuring is not None
            keuren.mark_seen(session, keuring.trekking, bram)
        oordeel = afronding.keur(basis, batch_id, (), bram)
    except (ScanstraatError, VernietigingError) as exc:
        toon.print(f"Batch {nummer} kan niet worden gekeurd: {exc}")
        return False
    n, lot = keuring.plan.n, keuring.plan.aantal_items
    getrokken = f"{n} van {count_words(lot, 'pagina', MEER_PAGINAS)} getrokken"
    toon.print(f"{CONTROLEUR} keurt batch {nummer}: {getrokken}, {oordeel.uitslag.value}.")
    return True


def _destroy(basis: Basis, batches: list[UUID], gegevens: Path, mensen: Mensen, toon: Console) -> list[str]:
    """Box what was approved, release it, "destroy" it and state that; nothing of it when the poort stays closed."""
    doos = _fill_doos(basis, batches)
    anna = mensen.sign_in_beheerder()
    lijst = afronding.stel_voor(basis, LIJST, [doos], anna)
    trekking, kijker = afronding.trek_blik(basis, lijst.id, doos.id), mensen.sign_in(EEN)
    with db.begin(basis.engine) as session:
        keuren.mark_seen(session, trekking, kijker)
    afronding.doe_blik(basis, lijst.id, doos.id, kijker, geslaagd=True, toelichting="")
    toon.print(
        f"Doos {doos.nummer} staat op {name_lijst(LIJST)}. De laatste blik is gedaan. Nu een back-up, en controle "
        "daarvan."
    )
    backup.make_backup(basis, meld=_zwijg)
    backup.check_backup(basis, meld=_zwijg)
    dossier, aanvraag = afronding.onderzoek(basis, lijst.id, meld=_zwijg)
    belemmeringen = find_belemmeringen(aanvraag, feiten=VOOR_VRIJGAVE, peilmoment=datetime.now(UTC))
    if belemmeringen:
        toon.print("Dit papier mag niet weg:")
        for belemmering in belemmeringen:
            toon.print(f"  - {belemmering.tekst}", soft_wrap=True)
        return []
    for wie in (EEN, TWEE):
        afronding.geef_vrij(basis, lijst.id, mensen.sign_in(wie), LIJST, meld=_zwijg)
        toon.print(f"{wie} geeft {vernietigen.say_lijst(dossier)} vrij.")
    logboek.anchor_newest(basis)
    opdracht = _order(basis, lijst, doos, mensen)
    toon.print(f"De veertien feiten gelden: opdracht {opdracht.nummer} aan het (verzonnen) bedrijf.")
    _execute(basis, opdracht, doos, gegevens, mensen)
    toon.print(DEMONSTRATIE, style="bold")
    return _state(basis, lijst, gegevens, mensen, toon)


def _fill_doos(basis: Basis, batches: list[UUID]) -> DoosRow:
    with db.begin(basis.engine) as session:
        anna = storage.load_actor(session, SCANOPERATOR, "persoon")
        doos = papier.make_doos(session, "demonstratie, stelling 1, plank 2", door=anna)
        for batch_id in batches:
            papier.fill_doos(session, doos, storage.load_batch(session, batch_id), None, door=anna)
        papier.close_doos(session, doos, door=anna)
    return doos


def _print(zin: str) -> bytes:
    return render_pdf(
        f'<!doctype html><html lang="nl"><head><title>{DEMONSTRATIE}</title></head>'
        f"<body><h1>{DEMONSTRATIE}</h1><p>{escape_tekst(zin)}</p></body></html>"
    )


def _order(basis: Basis, lijst: VernietigingslijstRow, doos: DoosRow, mensen: Mensen) -> OpdrachtRow:
    container = vernietigen.Container("C-1", "ZEGEL-1", (doos.nummer,))
    return afronding.draag_op(
        basis, lijst.id, mensen.sign_in_beheerder(), "Demonstratie Versnippering", [container], meld=_zwijg
    )


def _execute(basis: Basis, opdracht: OpdrachtRow, doos: DoosRow, gegevens: Path, mensen: Mensen) -> None:
    bewijs = gegevens / "vernietigingsbewijs.pdf"
    bewijs.write_bytes(_print(f"Opdracht {opdracht.nummer}, doos {doos.nummer}, container C-1, zegel ZEGEL-1."))
    stuk = take_stuk(basis, bewijs)
    with db.begin(basis.engine) as session:
        certificaat = vernietigen.save_certificaat(session, stuk)
    feiten = vernietigen.Uitvoeringsfeiten(
        datetime.now(UTC), opdracht.wijze, opdracht.niveau, "C-1", "ZEGEL-1", "DEMO-BEWIJS-1", certificaat
    )
    afronding.voer_uit(basis, opdracht.id, [(doos, feiten)], mensen.sign_in_beheerder(), meld=_zwijg)


def _state(basis: Basis, lijst: VernietigingslijstRow, gegevens: Path, mensen: Mensen, toon: Console) -> list[str]:
    logboek.anchor_newest(basis)
    tekenaars = [mensen.sign_in(wie) for wie in (EEN, TWEE)]
    paden = []
    for soort in Verklaringsoort:
        selectie = verklaren.Selectie(lijst=lijst.id)
        rij = afronding.verklaar(basis, soort, selectie, mensen.sign_in_beheerder(), demonstratie=True)
        for wie in tekenaars:
            afronding.onderteken(basis, rij.nummer, wie)
        pad = gegevens / f"{rij.nummer}.pdf"
        shutil.copyfile(basis.opslag.pad(rij.pdf_sha256), pad)
        paden.append(str(pad))
        toon.print(f"Verklaring van {soort.value} {rij.nummer}, twee keer akkoord: {pad}", soft_wrap=True)
    return paden


def _prove(basis: Basis, gegevens: Path, toon: Console) -> dict[str, Any]:
    """Seal and anchor the log, verify it as an auditor would, and show that a changed byte is found."""
    verslag = logboek.anchor_newest(basis)
    beleid = gegevens / "beleid.txt"
    logboek.write_beleid(basis.config, beleid)
    map = basis.config.logboek.map
    opdracht = [sys.executable, "-m", "vernietiging", str(map), "--beleid", str(beleid)]
    uitkomst = subprocess.run(opdracht, check=False, capture_output=True, text=True, timeout=600)
    toon.print(f"python -m vernietiging {map} --beleid {beleid}", style="dim", soft_wrap=True)
    toon.print(uitkomst.stdout.strip(), soft_wrap=True)
    if uitkomst.returncode != 0:
        raise NietMogelijkError("Het logboek van de demo is niet bewezen. Dit mag niet gebeuren: meld het.")
    toon.print(
        f"In een kopie is één byte veranderd: {_tamper(map, gegevens / 'logboek-veranderd', basis)}", soft_wrap=True
    )
    return {
        "map": str(map),
        "beleid": str(beleid),
        "gebeurtenissen": verslag.omvang,
        "wortel": logboek.read_wortel(basis.config, verslag.omvang),
    }


def _tamper(map: Path, kopie: Path, basis: Basis) -> str:
    """Change one byte of an event in a copy of the log; return what the verifier says of it."""
    shutil.copytree(map, kopie)
    bundel = max(
        (pad for pad in (kopie / "tile" / "entries").rglob("*") if pad.is_file()), key=lambda p: p.stat().st_size
    )
    inhoud = bytearray(bundel.read_bytes())
    inhoud[len(inhoud) // 2] ^= 1
    bundel.chmod(0o600)
    bundel.write_bytes(bytes(inhoud))
    try:
        verify_logboek(kopie, logboek.load_beleid(basis.config))
    except LogboekGewijzigdError as exc:
        return f"GEWIJZIGD. {exc}"
    raise NietMogelijkError("De veranderde byte is niet gevonden. Dit mag niet gebeuren: meld het.")


def _zwijg(_gedaan: int, _totaal: int) -> None:
    pass
