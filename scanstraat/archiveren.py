"""From the masters of a documentversie to its archive file with both proofs. The work itself runs in child processes.

Nothing here parses delivered bytes: masters go into the sandbox as descriptors, grey pixels and answers come out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlmodel import Session

from kwaliteitscontrole.bevinding import Bevinding, Ernst
from kwaliteitscontrole.errors import GereedschapError
from scanstraat import db, storage
from scanstraat.domain import PERSOON, Koppelreden, Pagina, Vingerafdruk
from scanstraat.errors import ZandbakGrensError
from scanstraat.gereedschap import select_makers
from scanstraat.intake.koppelen import TEKST, Koppeling, bepaal_koppeling
from scanstraat.intake.ontleden import ask_zaak
from scanstraat.intake.splitsen import find_zaaknummers
from scanstraat.ocrpagina import OcrPagina

if TYPE_CHECKING:
    from scanstraat.bootstrap import Lijn
    from scanstraat.config import Scanprofiel
    from scanstraat.storage import Versie
    from scanstraat.tables import ActorRow
    from scanstraat.werk import Voortgang

TAKEN = "scanstraat.zandbaktaken"
LIJN = "archivering"  # the name of this part of the line, as an actor
# Findings on one archive file, not on the scan: a newer file makes them void.
BESTANDSBEVINDINGEN = ("geen_pdfa", "niet_getrouw", "geen_tekst", "tekst_onzeker")


@dataclass(frozen=True)
class Archiefopdracht:
    """What the archiving of one documentversie needs to know."""

    klaar: bool  # archived already, or overtaken by a newer versie
    versie: Versie
    profiel: Scanprofiel
    batchnummer: str
    profielnaam: str
    ontvangen_op: str
    blanco: frozenset[int]  # page numbers without text
    is_eerste: bool  # no versie of this document was archived before: what stands on its first page was not read yet
    gezien: frozenset[int]  # page numbers that stood in an archive file before, so that people saw how they lie
    is_scan: bool
    koppelredenen: tuple[Koppelreden, ...]
    wacht_omdat: str


def load_opdracht(session: Session, versie_id: UUID) -> Archiefopdracht:
    """Read what is known of a documentversie."""
    versie = storage.load_versie(session, versie_id)
    batch = storage.load_batch(session, versie.batch_id)
    document = storage.load_document(session, versie.document_id)
    profiel = storage.profiel_of(batch)
    return Archiefopdracht(
        klaar=storage.is_archived(session, versie_id) or not storage.is_latest(session, versie),
        versie=versie,
        profiel=profiel,
        batchnummer=batch.nummer,
        profielnaam=batch.profiel,
        ontvangen_op=batch.ontvangen_op,
        blanco=storage.find_blank_pages(session, versie),
        is_eerste=not storage.was_archived(session, document.id),
        gezien=storage.find_seen_pages(session, versie),
        is_scan=storage.is_scan(session, versie),
        koppelredenen=storage.load_koppelredenen(session, document.id),
        wacht_omdat=document.wacht_omdat,
    )


@dataclass(frozen=True)
class Paginatekst:
    """What OCR says of one page, without its words; no confidence means that nothing was read."""

    nummer: int
    woordzekerheid: float | None = None  # mean of Tesseract, 0 to 100
    woorden: int | None = None
    draai_graden: int | None = None  # clockwise turn of the master that makes it stand upright
    mislukt: bool = False


@dataclass(frozen=True)
class Tekstlaag:
    """The text of a documentversie as stored, and what is known per page."""

    object: Vingerafdruk
    paginas: tuple[Paginatekst, ...]
    zaaknummers: tuple[str, ...]  # as printed on the first page


@dataclass(frozen=True)
class Archiefbestand:
    """The stored PDF/A."""

    object: Vingerafdruk
    verslag: dict[str, Any]


@dataclass(frozen=True)
class Bewijs:
    """Both proofs on the stored bytes, with their reports in the store."""

    conform: bool
    profiel: str
    rapport: Vingerafdruk
    gelijk: bool
    getrouwheid: Vingerafdruk

    @property
    def bevindingen(self) -> tuple[Bevinding, ...]:
        """What a person must see when a proof does not hold: the document then does not go to its zaak."""
        toetsen = (
            (
                not self.conform,
                Bevinding(
                    "geen_pdfa",
                    Ernst.KRITIEK,
                    "Het archiefbestand is volgens veraPDF geen geldige PDF/A. Laat de beheerder het rapport bekijken.",
                    vervangbaar=False,
                ),
            ),
            (
                not self.gelijk,
                Bevinding(
                    "niet_getrouw",
                    Ernst.KRITIEK,
                    "Het archiefbestand toont niet precies de scan. Bewaar het papier en waarschuw de beheerder.",
                    vervangbaar=False,
                ),
            ),
        )
        return tuple(bevinding for geldt, bevinding in toetsen if geldt)


def read_text(lijn: Lijn, opdracht: Archiefopdracht, voortgang: Voortgang) -> Tekstlaag:
    """Read the text of every page that holds any with Tesseract, and store it, one JSON line per page."""
    paginas: list[Paginatekst] = []
    zaaknummers: tuple[str, ...] = ()
    with lijn.opslag.nieuw_werkbestand() as werk:
        with os.fdopen(os.dup(werk.fd), "wb") as uit:
            for nummer, ocr in _read_pages(lijn, opdracht):
                regel = {"nummer": nummer, "ocr": None if ocr is None else ocr.to_json()}
                uit.write(json.dumps(regel, ensure_ascii=False).encode() + b"\n")
                paginas.append(_summarize(nummer, ocr))
                if nummer == 1 and ocr is not None:
                    zaaknummers = find_zaaknummers(ocr.tekst, opdracht.profiel.zaakpatroon_tekst)
                voortgang.meld(nummer, len(opdracht.versie.paginas))
        return Tekstlaag(lijn.opslag.bewaar_werkbestand(werk), tuple(paginas), zaaknummers)


def find_koppeling(lijn: Lijn, opdracht: Archiefopdracht, tekst: Tekstlaag) -> Koppeling | None:
    """Decide on the zaak again with the numbers that stand on the first page; None when nothing is to be decided.

    A number that was read never links by itself, and one that contradicts another source holds the document. What a
    person decided stays.
    """
    bekend = opdracht.koppelredenen
    if not opdracht.is_eerste or not tekst.zaaknummers or any(reden.bron == PERSOON for reden in bekend):
        return None
    gelezen = tuple(Koppelreden(TEKST, zaak, "zaaknummer op de eerste pagina") for zaak in tekst.zaaknummers)
    return bepaal_koppeling(
        (*bekend, *gelezen),
        opdracht.profiel.vertrouwde_bronnen,
        partial(ask_zaak, lijn),
        wacht_omdat=opdracht.wacht_omdat,
    )


def turn_upright(lijn: Lijn, opdracht: Archiefopdracht, tekst: Tekstlaag) -> Archiefopdracht:
    """Turn the pages that OCR found lying or upside down, as a recorded bewerking; the masters stay as they are."""
    was = {pagina.nummer: pagina.draai_graden for pagina in opdracht.versie.paginas}
    draaien = {
        pagina.nummer: pagina.draai_graden
        for pagina in tekst.paginas
        if pagina.draai_graden is not None and pagina.draai_graden != was[pagina.nummer]
    }
    if not draaien:
        return opdracht
    with db.begin(lijn.engine) as session:
        storage.lock_batch(session, opdracht.versie.batch_id)
        if not storage.is_latest(session, opdracht.versie):
            return opdracht  # a person changed the document meanwhile: their turn stays, and this versie is overtaken
        storage.save_turns(session, opdracht.versie, draaien, actor=storage.load_actor(session, LIJN))
        return load_opdracht(session, opdracht.versie.id)


def _summarize(nummer: int, ocr: OcrPagina | None) -> Paginatekst:
    """Keep of a page what the record needs; its words are stored, and 2,000 pages must not stay in memory."""
    if ocr is None or ocr.mislukt:
        return Paginatekst(nummer, mislukt=ocr is not None)
    return Paginatekst(nummer, ocr.woordzekerheid, ocr.woorden, ocr.draai_graden)


def _read_pages(lijn: Lijn, opdracht: Archiefopdracht) -> Iterator[tuple[int, OcrPagina | None]]:
    """Yield the text of each page in order; a few pages are read at once, so that every OCR child has work."""
    vooruit, vorige = 2 * lijn.ocr.aantal, _Vorige()
    with ThreadPoolExecutor(max_workers=lijn.ocr.aantal, thread_name_prefix="ocr") as uitvoerder:
        wachtend: list[Future[tuple[int, OcrPagina | None]]] = []
        for lees in _pages_to_read(lijn, opdracht, vorige):
            wachtend.append(uitvoerder.submit(lees))
            if len(wachtend) >= vooruit:
                yield wachtend.pop(0).result()
        for toekomst in wachtend:
            yield toekomst.result()


@dataclass
class _Vorige:
    """The page of this document that was read last: how it was read is a hint for the next one."""

    ocr: OcrPagina | None = None


def _pages_to_read(
    lijn: Lijn, opdracht: Archiefopdracht, vorige: _Vorige
) -> Iterator[Callable[[], tuple[int, OcrPagina | None]]]:
    for (sha256, soort), groep in groupby(opdracht.versie.paginas, key=lambda p: (p.bron_sha256, p.soort)):
        paginas = list(groep)
        te_lezen = [pagina for pagina in paginas if pagina.nummer not in opdracht.blanco]
        grijs = _grey_pages(lijn, sha256, soort, te_lezen, opdracht.profiel)
        for pagina in paginas:
            if pagina.nummer in opdracht.blanco:
                yield partial(_skip_page, pagina.nummer)
            else:
                # What people saw and turned, or left, is theirs.
                zoek_draai = pagina.nummer not in opdracht.gezien
                yield partial(_read_page, lijn, opdracht.profiel, pagina, next(grijs), vorige, zoek_draai=zoek_draai)


def _grey_pages(
    lijn: Lijn, sha256: str, soort: str, te_lezen: Sequence[Pagina], profiel: Scanprofiel
) -> Iterator[tuple[int, int, int]]:
    if not te_lezen:
        return
    bron_fd = lijn.opslag.open_fd(sha256)
    try:
        grenzen = lijn.zandbak.grenzen.for_paginas(len(te_lezen))
        gegevens = {
            "soort": soort,
            "paginas": [{"n": pagina.n, "draai_graden": pagina.draai_graden} for pagina in te_lezen],
            "maximaal_pixels": profiel.maximaal_pixels,
        }
        for bericht in lijn.zandbak.stroom(f"{TAKEN}:lees_grijs", gegevens, [bron_fd], grenzen):
            # The descriptor outlives the message: it is closed when the page has been read.
            memfd = os.dup(bericht.bestanden[0])
            bericht.close()
            yield bericht.gegevens["breedte"], bericht.gegevens["hoogte"], memfd
    finally:
        os.close(bron_fd)


def _skip_page(nummer: int) -> tuple[int, OcrPagina | None]:
    return nummer, None


def _read_page(
    lijn: Lijn,
    profiel: Scanprofiel,
    pagina: Pagina,
    grijs: tuple[int, int, int],
    vorige: _Vorige,
    *,
    zoek_draai: bool,
) -> tuple[int, OcrPagina | None]:
    breedte, hoogte, memfd = grijs
    try:
        ocr = lijn.ocr.lees(
            memfd,
            breedte=breedte,
            hoogte=hoogte,
            dpi=pagina.dpi,
            schaal=profiel.ocr_schaal,
            talen=profiel.talen,
            orientatie=zoek_draai,
            vorige=vorige.ocr,
        )
        vorige.ocr = ocr
    finally:
        os.close(memfd)
    # The grey page was turned as recorded; what the record and the archive file need is the turn of the master.
    return pagina.nummer, replace(ocr, draai_graden=(pagina.draai_graden + ocr.draai_graden) % 360)


def build_archive(lijn: Lijn, opdracht: Archiefopdracht, tekst: Tekstlaag) -> Archiefbestand:
    """Build the PDF/A-2b of a documentversie in the sandbox and store it; the same input gives the same bytes."""
    versie = opdracht.versie
    with ExitStack() as stapel, lijn.opslag.nieuw_werkbestand() as werk, lijn.opslag.nieuw_werkbestand() as uitwijk:
        tekst_fd = _open(stapel, lijn, tekst.object.sha256)
        bronnen = _sources(versie)
        fds = [_open(stapel, lijn, sha256) for sha256, _ in bronnen]
        gegevens = {
            **_pages_for_child(versie, bronnen, opdracht.profiel),
            "is_scan": opdracht.is_scan,
            "metadata": {
                "titel": versie.titel or f"{opdracht.profiel.informatieobjecttype} {opdracht.batchnummer}",
                "batch": opdracht.batchnummer,
                "organisatie": lijn.config.algemeen.organisatie,
                "scanprofiel": opdracht.profielnaam,
                "scanner": opdracht.profiel.scanner,
                "datum": opdracht.ontvangen_op,
                "software": select_makers(lijn.versies, is_scan=opdracht.is_scan),
            },
            "talen": list(opdracht.profiel.talen),
        }
        grenzen = lijn.zandbak.grenzen.for_paginas(len(versie.paginas))
        try:
            with lijn.zandbak.vraag(
                f"{TAKEN}:bouw_archiefbestand", gegevens, [werk.fd, uitwijk.fd, tekst_fd, *fds], grenzen
            ) as antwoord:
                return Archiefbestand(lijn.opslag.bewaar_werkbestand(werk), antwoord.gegevens)
        except ZandbakGrensError as exc:
            if exc.code == "omvang":  # or the disk is full: from inside the sandbox the two look the same
                lijn.opslag.check_ruimte()
            raise


def prove_archive(lijn: Lijn, opdracht: Archiefopdracht, archief: Archiefbestand) -> Bewijs:
    """Ask both proofs on the stored bytes: is it PDF/A (veraPDF), and does it show exactly the masters?

    Raises:
        GereedschapError: veraPDF gave no verdict; no verdict is never a pass.
        InvoerError: the pages could not be compared; never a pass either.
    """
    versie = opdracht.versie
    try:
        pdfa = lijn.verapdf.check_pdfa(lijn.opslag.pad(archief.object.sha256))
    except GereedschapError:
        lijn.opslag.check_ruimte()  # it starts in the data folder, and does not without room there
        raise
    with ExitStack() as stapel:
        pdf_fd = _open(stapel, lijn, archief.object.sha256)
        bronnen = _sources(versie)
        fds = [_open(stapel, lijn, sha256) for sha256, _ in bronnen]
        gegevens = _pages_for_child(versie, bronnen, opdracht.profiel)
        grenzen = lijn.zandbak.grenzen.for_paginas(len(versie.paginas))
        with lijn.zandbak.vraag(f"{TAKEN}:toets_getrouwheid", gegevens, [pdf_fd, *fds], grenzen) as antwoord:
            getrouw = antwoord.gegevens
    rapport = json.dumps(getrouw["rapport"], ensure_ascii=False, sort_keys=True).encode()
    return Bewijs(
        conform=pdfa.conform,
        profiel=pdfa.profiel,
        rapport=lijn.opslag.bewaar_bytes(pdfa.rapport),
        gelijk=getrouw["gelijk"] is True,
        getrouwheid=lijn.opslag.bewaar_bytes(rapport),
    )


def save_archive(
    session: Session,
    lijn: Lijn,
    opdracht: Archiefopdracht,
    tekst: Tekstlaag,
    archief: Archiefbestand,
    bewijs: Bewijs,
    manifest: Vingerafdruk,
    koppeling: Koppeling | None,
) -> None:
    """Save what was made and proved, with its findings and its event."""
    actor = storage.load_actor(session, LIJN)
    versie = opdracht.versie
    for vingerafdruk, soort in (
        (tekst.object, "tekstlaag"),
        (archief.object, "pdfa"),
        (bewijs.rapport, "rapport"),
        (bewijs.getrouwheid, "rapport"),
        (manifest, "manifest"),
    ):
        storage.save_object(session, vingerafdruk, soort)
    storage.save_archief_facts(
        session,
        versie.id,
        tekstlaag=tekst.object.sha256,
        pdf=archief.object,
        manifest=manifest.sha256,
        profiel=bewijs.profiel,
        conform=bewijs.conform,
        rapport=bewijs.rapport.sha256,
        getrouw=bewijs.gelijk,
        getrouwheid=bewijs.getrouwheid.sha256,
        tekst={pagina.nummer: (pagina.woordzekerheid, pagina.woorden) for pagina in tekst.paginas},
    )
    if storage.is_latest(session, versie):  # what is wrong with a file that was overtaken is of no use to anybody
        storage.withdraw_of_older(session, versie, BESTANDSBEVINDINGEN, door=actor)
        storage.save_bevindingen(
            session,
            (*bewijs.bevindingen, *find_tekstbevindingen(tekst, opdracht.profiel)),
            batch_id=versie.batch_id,
            documentversie_id=versie.id,
        )
    if koppeling is not None:
        save_koppeling(session, opdracht, koppeling, actor=actor)
    storage.append_gebeurtenis(
        session,
        "documentversie.gearchiveerd",
        actor=actor,
        onderwerp=storage.versie_log_id(session, versie.id),
        pdf=archief.object.sha256,
        manifest=manifest.sha256,
        bytes=archief.object.omvang_bytes,
        conform=bewijs.conform,
        getrouw=bewijs.gelijk,
    )


def save_koppeling(session: Session, opdracht: Archiefopdracht, koppeling: Koppeling, *, actor: ActorRow) -> None:
    """Save what the text of the first page decides on the zaak, unless a person decided while it was being read.

    Also when an edit overtook this versie: once it is archived the newer one does not ask again, and a number that
    contradicts the link must not go unsaid.
    """
    if storage.load_koppelredenen(session, opdracht.versie.document_id) == opdracht.koppelredenen:
        storage.save_koppeling(session, opdracht.versie, koppeling, actor=actor)


def find_tekstbevindingen(tekst: Tekstlaag, profiel: Scanprofiel) -> tuple[Bevinding, ...]:
    """Return what a person should know about the text of a document: pages that failed or are hard to read."""
    mislukt = [pagina.nummer for pagina in tekst.paginas if pagina.mislukt]
    onzeker = [
        pagina.nummer
        for pagina in tekst.paginas
        if pagina.woordzekerheid is not None and pagina.woordzekerheid < profiel.minimale_woordzekerheid
    ]  # fmt: skip
    toetsen = (
        (
            mislukt,
            Bevinding(
                "geen_tekst",
                Ernst.LICHT,
                f"De tekst van pagina {_list_pages(mislukt)} is niet te lezen. Het beeld zelf is bewaard.",
            ),
        ),
        (
            onzeker,
            Bevinding(
                "tekst_onzeker",
                Ernst.LICHT,
                f"De herkende tekst van pagina {_list_pages(onzeker)} is onzeker. Zoeken kan woorden missen.",
            ),
        ),
    )
    return tuple(bevinding for paginas, bevinding in toetsen if paginas)


def _list_pages(nummers: Sequence[int], maximaal: int = 10) -> str:
    tekst = ", ".join(str(nummer) for nummer in nummers[:maximaal])
    return tekst if len(nummers) <= maximaal else f"{tekst} en {len(nummers) - maximaal} meer"


def _sources(versie: Versie) -> list[tuple[str, str]]:
    return list(dict.fromkeys((pagina.bron_sha256, pagina.soort) for pagina in versie.paginas))


def _pages_for_child(versie: Versie, bronnen: list[tuple[str, str]], profiel: Scanprofiel) -> dict[str, Any]:
    plek = {bron: i for i, bron in enumerate(bronnen)}
    return {
        "soorten": [soort for _, soort in bronnen],
        "maximaal_pixels": profiel.maximaal_pixels,
        "paginas": [
            {
                "nummer": pagina.nummer,
                "bron": plek[(pagina.bron_sha256, pagina.soort)],
                "n": pagina.n,
                "dpi": pagina.dpi,
                "draai_graden": pagina.draai_graden,
            }
            for pagina in versie.paginas
        ],
    }


def _open(stapel: ExitStack, lijn: Lijn, sha256: str) -> int:
    fd = lijn.opslag.open_fd(sha256)
    stapel.callback(os.close, fd)
    return fd
