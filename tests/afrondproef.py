"""An installation with people, a besluit and delivered batches: everything that comes before paper may go."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, select

from kwaliteitscontrole.oordeel import Paginaoordeel
from scanstraat import (
    aflevering,
    afronding,
    backup,
    besluiten,
    bewerken,
    db,
    keuren,
    logboek,
    logstand,
    opstelling,
    papier,
    personen,
    storage,
    vernietigen,
)
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.config import build_config
from scanstraat.demo_ankers import Stempelautoriteit, build_stempelserver, serve
from scanstraat.domain import Bewerkingsoort, Stuk, Vingerafdruk
from scanstraat.manifest import build_manifest
from scanstraat.personen import Aangemeld, Rol
from scanstraat.tables import BatchRow, BeeldRow, DocumentversieRow, StapRow
from scanstraat.tables_bewijs import DoosRow, OpdrachtRow, UitvoeringRow, VernietigingslijstRow, VrijgaveRow
from scanstraat.zaaksysteem import register
from tests.builders import Batchproef, archive, build_batch, save_bron
from vernietiging.getuige import Getuige, build_server
from vernietiging.notitie import Sleutel
from vernietiging.vervangingsbesluit import (
    Aspecten,
    Controletermijn,
    Regime,
    Reikwijdte,
    Steekproefvoorschrift,
    Vervangingsbesluit,
)

OORSPRONG = "gemeente.example/vernietiging/1"
ZAAK = "ZAAK-2026-000123"
MENSEN: Mapping[str, Rol] = {
    "Saar Scanoperator": Rol.SCANOPERATOR,
    "Dirk Divmedewerker": Rol.DIV_MEDEWERKER,
    "Karin Controleur": Rol.CONTROLEUR,
    "Kees Controleur": Rol.CONTROLEUR,
    "Gerda Gemandateerde": Rol.GEMANDATEERDE,
    "Gijs Gemandateerde": Rol.GEMANDATEERDE,
    "Arie Archivaris": Rol.ARCHIVARIS,
}
BEHEERDER = "Fleur Beheerder"
SCANOPERATOR, DIV, CONTROLEUR, CONTROLEUR_2, EEN, TWEE, ARCHIVARIS = MENSEN


def build_besluit(profielen: Mapping[str, str], **anders: Any) -> Vervangingsbesluit:
    """Return a besluit of zero days that looks at every page."""
    waarden: dict[str, Any] = {
        "nummer": "2026-17",
        "versie": 1,
        "datum": date(2026, 1, 6),
        "gepubliceerd_op": date(2026, 1, 8),
        "publicatie": "gmb-2026-1",
        "organisatie": "Gemeente Voorbeeld",
        "regime": Regime.ARCHIEFWET_1995,
        "geldig_van": date(2026, 1, 1),
        "handboekversie": "1.0",
        "grondslag": "Archiefwet 1995, artikel 7",
        "erfgoedwaarde": "gering",
        "belangen": "afgewogen in het handboek",
        "ondertekenaar": "teamleider DIV",
        "vernietigingswijze": "versnipperen door een erkend bedrijf",
        "din_niveau": "P-4",
        "bedenktijd_dagen": 0,
        "laatste_blik_documenten": 2,
        "reikwijdte": Reikwijdte(),
        "controletermijn": Controletermijn(0, "dagen"),
        "steekproef": Steekproefvoorschrift(alles=True),
        "aspecten": Aspecten(*(["zie handboek"] * 7)),
        "profielen": profielen,
    }
    return Vervangingsbesluit(**{**waarden, **anders})


@dataclass
class Afrondproef:
    """An installation whose line has done its work."""

    basis: Basis
    map: Path
    mensen: dict[str, UUID] = field(default_factory=dict)

    def wie(self, naam: str) -> Aangemeld:
        """Return somebody who has just proved who they are."""
        return Aangemeld(self.mensen[naam], naam, datetime.now(UTC))

    def seal(self) -> None:
        logboek.seal_waiting(self.basis, logboek.open_klant(self.basis.config))

    def anchor(self) -> int:
        verslag = logboek.anchor_newest(self.basis)
        assert verslag.in_orde, verslag.fouten
        return verslag.omvang

    def add_mensen(self) -> None:
        with db.begin(self.basis.engine) as session:
            beheerder = personen.add_persoon(session, BEHEERDER, door=None)
            self.mensen[BEHEERDER] = beheerder.id
            for naam, rol in MENSEN.items():
                persoon = personen.add_persoon(session, naam, door=self.wie(BEHEERDER))
                self.mensen[naam] = persoon.id
                personen.grant_mandaat(
                    session, persoon, rol, van=date(2026, 1, 1), tot=None, grondslag="mandaatbesluit 2026-3",
                    door=self.wie(BEHEERDER),
                )  # fmt: skip

    def add_besluit(self, **anders: Any) -> None:
        with db.begin(self.basis.engine) as session:
            batch = session.exec(select(BatchRow).limit(1)).one()
            handboek = Stuk(self.basis.opslag.bewaar_bytes(b"%PDF-1.7 handboek vervanging"), "handboek.pdf")
            versie = anders.get("handboekversie", "1.0")
            besluiten.save_handboek(session, versie, handboek, self.wie(BEHEERDER))
            profielen = anders.pop("profielen", {batch.profiel: batch.momentopname_sha256})
            besluit = build_besluit(profielen, **anders)
            besluiten.save_besluit(self.basis, session, besluit, self.wie(BEHEERDER))

    def add_batch(
        self, *paginas: int, scanoperator: str = SCANOPERATOR, zaak: str = ZAAK, **archief: Any
    ) -> Batchproef:
        """Add a batch that is archived and delivered, with its bytes in the store; `archief`: see `_archive`."""
        with db.begin(self.basis.engine) as session:
            scan = self._save(session, b"scan " + uuid4().bytes)
            proef = build_batch(session, paginas=paginas or (2, 1), zaak=zaak, object_=scan, scanoperator=scanoperator)
            batch = storage.load_batch(session, proef.batch)
            ontvangst = self._save(session, storage.build_ontvangst(batch, [scan]))
            actor = storage.load_actor(session, "proef")
            storage.append_ontvangst(session, batch, ontvangst, 1, actor)
            storage.append_ontleed(session, batch, len(proef.documenten), actor)
            for versie_id in proef.versies:
                self._archive(session, versie_id, **archief)
        for versie_id in proef.versies:
            self.deliver(versie_id)
        return proef

    def _archive(
        self, session: Session, versie_id: UUID, *, conform: bool = True, getrouw: bool = True, te_weinig: int = 0
    ) -> None:
        """Give a versie its archive file and proofs; its manifest has `te_weinig` pages less than the versie."""
        versie = storage.load_versie(session, versie_id)
        pdf = self._save(session, b"%PDF-1.7 " + uuid4().bytes)
        rapport = self._save(session, b"veraPDF " + uuid4().bytes)
        getrouwheid = self._save(session, b"pixels " + uuid4().bytes)
        toont = replace(versie, paginas=versie.paginas[te_weinig:])
        bewijzen = (("2b", conform, rapport.sha256), (getrouw, getrouwheid.sha256))
        archive(
            session,
            versie_id,
            conform=conform,
            getrouw=getrouw,
            tekst=self._save(session, b"tekst " + uuid4().bytes),
            pdf=pdf,
            manifest=self._save(session, build_manifest(session, toont, pdf, *bewijzen, {})),
            rapport=rapport,
            getrouwheid=getrouwheid,
        )
        rij = session.get_one(DocumentversieRow, versie_id)
        storage.append_gebeurtenis(
            session,
            "documentversie.gearchiveerd",
            actor=storage.load_actor(session, "proef"),
            onderwerp=rij.log_id,
            pdf=rij.pdf_sha256,
            manifest=rij.manifest_sha256,
            bytes=rij.pdf_bytes,
            conform=conform,
            getrouw=getrouw,
        )

    def _save(self, session: Session, inhoud: bytes) -> Vingerafdruk:
        vingerafdruk = self.basis.opslag.bewaar_bytes(inhoud)
        storage.save_object(session, vingerafdruk, "pdfa")
        return vingerafdruk

    def herscan(self, document_id: UUID, pagina: int, *, door: str = "Dirk Divmedewerker") -> UUID:
        """Replace a page by a new scan, as `bewerk vervang` does; archive and deliver the new versie."""
        with db.begin(self.basis.engine) as session:
            batch, _document = storage.lock_document(session, document_id)
            oud = storage.load_versie(session, storage.latest_versie(session, document_id).id).paginas[pagina - 1]
            scan = self._save(session, b"herscan " + uuid4().bytes)
            volgnummer = len(storage.load_bronnen(session, batch.id)) + 1
            bron = save_bron(session, batch, aantal_beelden=1, volgnummer=volgnummer, bijgescand=True, object_=scan)
            blad = storage.add_blad(session, batch.id)
            nieuw = BeeldRow(
                **{
                    **session.get_one(BeeldRow, oud.beeld_id).model_dump(exclude={"id"}),
                    "bron_id": bron.id, "n": 1, "blad_id": blad.id, "document_id": None, "bestemming": "weggelaten",
                    "weglaatreden": "anders", "weglaattekst": "bijgescand",
                    "volgorde": storage.last_volgorde(session, batch.id) + storage.VOLGORDE_STAP,
                }
            )  # fmt: skip
            session.add(nieuw)
            session.flush()
            bewerken.bewerk(
                session, self.basis.werkbank, batch, storage.load_actor(session, door, "persoon"),
                Bewerkingsoort.VERVANG, {"beeld": str(nieuw.id)},
                lambda nu: opstelling.replace_page(nu, oud.beeld_id, nieuw.id),
            )  # fmt: skip
        return self.finish_werk(document_id)

    def finish_werk(self, document_id: UUID) -> UUID:
        """Do what the line does after an edit: archive and deliver the newest versie."""
        with db.begin(self.basis.engine) as session:
            versie = storage.latest_versie(session, document_id)
            self._archive(session, versie.id)
            for stap in session.exec(select(StapRow).where(StapRow.item_id == versie.id)):
                stap.status = "klaar"
                session.add(stap)
        self.deliver(versie.id)
        return versie.id

    def bind(self, batch_id: UUID, nummer: str) -> None:
        zaaktypen = besluiten.ask_zaaktypen_van(self.basis, batch_id)
        with db.begin(self.basis.engine) as session:
            batch = storage.lock_batch(session, batch_id)
            keuze = besluiten.find_besluit(session, nummer)
            besluiten.bind(self.basis, session, batch, keuze, storage.load_actor(session, "proef"), zaaktypen)

    def deliver(self, versie_id: UUID) -> None:
        with db.begin(self.basis.engine) as session:
            opdracht = aflevering.begin_aflevering(session, self.basis, versie_id)
        assert opdracht is not None
        geleverd = self.basis.zaaksysteem.lever(opdracht.aflevering, opdracht.inhoud, self.basis.effecten)
        with db.begin(self.basis.engine) as session:
            assert aflevering.save_geleverd(session, opdracht, geleverd)

    def show(self, batch_id: UUID, naam: str = CONTROLEUR) -> keuren.Keuring:
        afronding.trek(self.basis, batch_id)
        with db.begin(self.basis.engine) as session:
            keuring = keuren.load_keuring(session, storage.load_batch(session, batch_id))
            assert keuring is not None
            keuren.mark_seen(session, keuring.trekking, self.wie(naam))
        return keuring

    def approve(self, batch_id: UUID, *fouten: Paginaoordeel, naam: str = CONTROLEUR) -> None:
        self.show(batch_id, naam)
        afronding.keur(self.basis, batch_id, fouten, self.wie(naam))

    def box(self, *batches: UUID) -> DoosRow:
        with db.begin(self.basis.engine) as session:
            div = personen.actor_of(session, self.mensen[DIV])
            doos = papier.make_doos(session, "archief, stelling 4", door=div)
            for batch_id in batches:
                papier.fill_doos(session, doos, storage.load_batch(session, batch_id), None, door=div)
            papier.close_doos(session, doos, door=div)
        return doos

    def box_parts(self, batch_id: UUID, *inhoud: str) -> list[DoosRow]:
        """Put sheets of a batch in a doos each, and close them."""
        dozen = []
        for bladen in inhoud:
            with db.begin(self.basis.engine) as session:
                div = personen.actor_of(session, self.mensen[DIV])
                doos = papier.make_doos(session, "kast", door=div)
                batch = storage.load_batch(session, batch_id)
                papier.fill_doos(session, doos, batch, papier.parse_bladen(bladen), door=div)
                papier.close_doos(session, doos, door=div)
                dozen.append(doos)
        return dozen

    def propose(self, *dozen: DoosRow, naam: str = "Lijst 2026-01") -> VernietigingslijstRow:
        return afronding.stel_voor(self.basis, naam, dozen, self.wie(DIV))

    def look(self, lijst: VernietigingslijstRow, doos: DoosRow, *, geslaagd: bool = True, naam: str = DIV) -> None:
        trekking = afronding.trek_blik(self.basis, lijst.id, doos.id)
        with db.begin(self.basis.engine) as session:
            keuren.mark_seen(session, trekking, self.wie(naam))
        tekst = "" if geslaagd else "een blad is anders"
        afronding.doe_blik(self.basis, lijst.id, doos.id, self.wie(naam), geslaagd=geslaagd, toelichting=tekst)

    def release(self, lijst: VernietigingslijstRow, naam: str) -> VrijgaveRow:
        return afronding.geef_vrij(self.basis, lijst.id, self.wie(naam), lijst.naam, meld=zwijg)

    def bring_to_order(self, lijst: VernietigingslijstRow, doos: DoosRow, *, kijker: str = DIV) -> OpdrachtRow:
        """Take a proposed list of one doos all the way to the order."""
        self.look(lijst, doos, naam=kijker)
        self.back_up()
        self.release(lijst, EEN)
        self.release(lijst, TWEE)
        self.anchor()
        return self.order(lijst, doos)

    def order(self, lijst: VernietigingslijstRow, *dozen: DoosRow) -> OpdrachtRow:
        container = vernietigen.Container("C-1", "Z-1", tuple(doos.nummer for doos in dozen))
        return afronding.draag_op(self.basis, lijst.id, self.wie(DIV), "Versnipper BV", [container], meld=zwijg)

    def pick_up(self, opdracht: OpdrachtRow, zegel: str = "Z-1", *, op: datetime | None = None) -> None:
        afronding.geef_mee(
            self.basis, opdracht.id, [("C-1", zegel)], "Vervoer BV", op or datetime.now(UTC), self.wie(DIV)
        )

    def execute(self, opdracht: OpdrachtRow, *dozen: DoosRow) -> list[UitvoeringRow]:
        feiten = vernietigen.Uitvoeringsfeiten(
            datetime.now(UTC), "versnipperd", "P-4", "C-1", "Z-1", "VB-1", self.save_certificaat()
        )
        return afronding.voer_uit(
            self.basis, opdracht.id, [(doos, feiten) for doos in dozen], self.wie(DIV), meld=zwijg
        )

    def save_certificaat(self) -> str:
        with db.begin(self.basis.engine) as session:
            return self._save(session, b"vernietigingsbewijs " + uuid4().bytes).sha256

    def back_up(self) -> None:
        backup.make_backup(self.basis, meld=zwijg)
        verslag = backup.check_backup(self.basis, meld=zwijg)
        assert verslag.in_orde, verslag.say()

    def find_redenen(self, lijst: VernietigingslijstRow) -> dict[str, tuple[str, ...]]:
        """Return what the poort says: fact -> reasons, of those that do not hold."""
        _dossier, aanvraag = afronding.onderzoek(self.basis, lijst.id, meld=zwijg)
        return {feit.value: a.redenen for feit, a in aanvraag.antwoorden.items() if a.waar is not True}


def destroy(proef: Afrondproef) -> Batchproef:
    """Take one batch all the way: approved, boxed, released by two, anchored, ordered and destroyed."""
    batch = proef.add_batch()
    proef.add_besluit()
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    lijst = proef.propose(doos)
    proef.look(lijst, doos)
    proef.back_up()
    proef.release(lijst, EEN)
    proef.release(lijst, TWEE)
    proef.anchor()
    proef.execute(proef.order(lijst, doos), doos)
    return batch


def zwijg(_gedaan: int, _totaal: int) -> None:
    """Say nothing of progress."""


@contextmanager
def open_afrondproef(map: Path, url: str = "") -> Iterator[Afrondproef]:
    """Open an installation with a sealer, a witness, a time-stamp authority, a second copy, people and a zaak."""
    stop = threading.Event()
    with ExitStack() as stapel:
        autoriteit = Stempelautoriteit(map / "tsa")
        stempels = stapel.enter_context(serve(build_stempelserver(autoriteit)))
        sleutel = Ed25519PrivateKey.generate()
        logboeken: dict[str, tuple[Sleutel, ...]] = {}
        getuige = Getuige(map / "elders", "archief.example/getuige", sleutel, logboeken)
        getuigeadres = stapel.enter_context(serve(build_server(getuige, ("127.0.0.1", 0))))
        config = build_config(
            {
                "database": {"url": url},
                "opslag": {"kopie": "kopie"},
                "logboek": {
                    "oorsprong": OORSPRONG,
                    "getuige": [{"naam": "archief", "sleutel": getuige.publiek.to_vkey(), "url": getuigeadres}],
                    "tijdstempel": [{"naam": "tsa1", "url": stempels, "wortel": str(autoriteit.wortelbestand)}],
                },
            },
            basis=map,
        )
        basis = stapel.enter_context(open_basis(config))
        (map / "kopie").mkdir()
        dienst = threading.Thread(target=logboek.serve, args=(config, stop))
        dienst.start()
        stapel.callback(dienst.join)
        stapel.callback(stop.set)
        while not logstand.find_adres(config).exists():
            stop.wait(0.01)
        logboeken[OORSPRONG] = logboek.open_klant(config).sleutels()
        register.save_zaken(basis.engine, [register.NieuweZaak(ZAAK, "Melding", "Een zaak")], gebruiker="proef")
        proef = Afrondproef(basis, map)
        proef.add_mensen()
        yield proef
