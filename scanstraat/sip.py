"""A transfer to an e-depot: documents with their zaak as folders, MDTO beside everything, and a pakbon.

    MAP/pakbon.xml, pakbon.json     what this is, for the receiver
    MAP/inhoud.sha256 (or .sha512)  the digest of every file in `sip`; its own digest stands on the pakbon
    MAP/sip/ZAAK/ZAAK.MDTO.xml      a zaak: level Dossier
    MAP/sip/ZAAK/DOC/DOC.MDTO.xml   a document: level Archiefstuk, with its archive file and transfervermerk

Source: MDTO-SIP-specificatie 1.0. What only this organisation and its archive can say is in the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlmodel import Session

from kwaliteitscontrole.woorden import count_words, format_mb
from scanstraat import db, storage
from scanstraat.bootstrap import Basis
from scanstraat.config import Config
from scanstraat.documentfeiten import Documentfeiten, find_gebreken
from scanstraat.errors import NietMogelijkError
from scanstraat.mdto import Dossiergegevens, Kenmerk, Verwijzing, build_dossier_mdto
from scanstraat.overdracht import (
    NIET_GECONTROLEERD,
    Naslag,
    build_archiefvormer,
    build_noot_bestand,
    name_document,
    render_metagegevens,
    verify_if_known,
)
from scanstraat.pakbon import Pakbon, build_naam, render_pakbon_json, render_pakbon_xml
from scanstraat.tables import BatchRow
from scanstraat.uitvoermap import copy_object, hash_file, verify_buiten, walk_files, write_beside, write_new

INHOUD = "sip"  # the folder with what is handed over

Meld = Callable[[int, int], None]  # (done, total) in documents


@dataclass(frozen=True)
class Sipverslag:
    """What was made; `opmerkingen` is what else is good to know, in Dutch."""

    map: str
    kenmerk: str
    zaken: int
    documenten: int
    omvang_bytes: int
    opmerkingen: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def say(self) -> str:
        """Return the outcome in Dutch."""
        return "\n".join(
            (
                f"De levering staat in {self.map}: {count_words(self.documenten, 'document', 'documenten')} uit "
                f"{count_words(self.zaken, 'zaak', 'zaken')}, {format_mb(self.omvang_bytes)}. "
                f"Kenmerk op de pakbon: {self.kenmerk}",
                *self.opmerkingen,
            )
        )


def make_sip(
    basis: Basis, batchnummers: Sequence[str], doel: Path, *, titel: str = "", met_naam: bool = False, meld: Meld
) -> Sipverslag:
    """Write a transfer of all documents of some batches, whole or not at all.

    Raises:
        NietGevondenError: no such batch.
        NietMogelijkError: a document is not ready for it (all reasons are named), or the folder is not empty.
        OpslagBeschadigdError: a stored file is damaged.
    """
    verify_buiten(basis.config, doel)
    with write_beside(doel) as map_, db.read(basis.engine) as session:
        batches = {rij.id: rij for rij in (storage.find_batch(session, nummer) for nummer in batchnummers)}
        feiten, weggelaten = _load_documenten(basis, session, list(batches.values()))
        zaken = _write_inhoud(basis, map_ / INHOUD, feiten, met_naam=met_naam, meld=meld)
        pakbon = _build_pakbon(
            basis.config,
            map_,
            titel or f"Levering van batch {', '.join(batch.nummer for batch in batches.values())}",
            zaken=zaken,
            feiten=feiten,
            weggelaten=weggelaten,
        )
        write_new(map_ / "pakbon.xml", render_pakbon_xml(pakbon))
        write_new(map_ / "pakbon.json", render_pakbon_json(pakbon))
    opmerkingen = pakbon.bijzonderheden if basis.config.mdto.xsd else (*pakbon.bijzonderheden, NIET_GECONTROLEERD)
    return Sipverslag(str(doel), pakbon.kenmerk, zaken, len(feiten), pakbon.omvang_geen_mdto_bytes, opmerkingen)


def _load_documenten(
    basis: Basis, session: Session, batches: Sequence[BatchRow]
) -> tuple[list[Documentfeiten], list[str]]:
    """Return the documents to hand over, and which are left out because their paper stays the original.

    Raises:
        NietMogelijkError: a document is not ready: handing over half a batch would go unnoticed.
    """
    naslag, mee, weggelaten, bezwaren = Naslag(basis, session), [], [], []
    for batch in batches:
        for document in storage.load_documenten(session, batch.id):
            feiten = naslag.load_feiten(document)
            redenen = ["het is nog niet verwerkt"] if feiten is None else _find_redenen(feiten)
            if redenen:
                bezwaren.append(f"document {str(document.id)[:8]} van batch {batch.nummer}: {', '.join(redenen)}")
            elif feiten is not None and feiten.papier.uitzondering:
                weggelaten.append(f"{batch.nummer} document {str(document.id)[:8]} ({feiten.papier.uitzondering})")
            elif feiten is not None:
                mee.append(feiten)
    if bezwaren:
        raise NietMogelijkError("Dit kan nog niet worden overgedragen. " + "; ".join(bezwaren) + ".")
    if not mee:
        raise NietMogelijkError("Deze batches hebben geen documenten om over te dragen.")
    return mee, weggelaten


def _find_redenen(feiten: Documentfeiten) -> list[str]:
    return [
        *find_gebreken(feiten),
        *([] if feiten.is_nieuwste else ["de nieuwste versie is nog niet verwerkt"]),
        *([] if feiten.zaak else ["het hangt nog aan geen zaak"]),
        *([] if feiten.aangekomen or feiten.papier.uitzondering else ["het is nog niet teruggelezen uit zijn zaak"]),
    ]


# --- folders ------------------------------------------------------------------------------------------------------


def _write_inhoud(basis: Basis, map_: Path, feiten: Iterable[Documentfeiten], *, met_naam: bool, meld: Meld) -> int:
    """Write the folders of all zaken; return how many."""
    per_zaak: dict[str, list[Documentfeiten]] = {}
    for een in feiten:
        per_zaak.setdefault(een.zaak, []).append(een)
    totaal, gedaan, mappen = sum(map(len, per_zaak.values())), 0, list[str]()
    for zaak, documenten in sorted(per_zaak.items()):
        mappen.append(build_naam(zaak, mappen))
        dossier = _build_dossier(basis, zaak, documenten)
        verwijzing = Verwijzing(dossier.naam, dossier.kenmerken[0])
        zaakmap = map_ / mappen[-1]
        write_new(
            zaakmap / f"{mappen[-1]}.{basis.config.mdto.sidecar}.xml",
            verify_if_known(build_dossier_mdto(dossier), basis.config),
        )
        for document in documenten:
            _write_document(basis, zaakmap / document.naam, document, verwijzing, met_naam=met_naam)
            gedaan += 1
            meld(gedaan, totaal)
    return len(per_zaak)


def _build_dossier(basis: Basis, zaak: str, documenten: Sequence[Documentfeiten]) -> Dossiergegevens:
    gevonden = basis.zaaksysteem.find_zaak(zaak)
    bron, doel = basis.config.algemeen.organisatie, basis.config.sip.doellocatie
    return Dossiergegevens(
        kenmerken=(Kenmerk(zaak, basis.zaaksysteem.naam),),
        naam=f"Zaak {zaak}" if gevonden is None or not gevonden.omschrijving else f"{zaak} {gevonden.omschrijving}",
        omschrijving="" if gevonden is None else f"Zaaktype: {gevonden.zaaktype}",
        archiefvormer=build_archiefvormer(basis.config),
        onderdelen=tuple(Verwijzing(name_document(d), Kenmerk(d.id, bron)) for d in documenten),
        onderdeel_van=Verwijzing(doel) if doel else None,
    )


def _write_document(basis: Basis, map_: Path, feiten: Documentfeiten, zaak: Verwijzing, *, met_naam: bool) -> None:
    config, sidecar = basis.config, basis.config.mdto.sidecar
    bestanden = render_metagegevens(feiten, config, zaak=zaak, met_naam=met_naam)
    for bestand in bestanden:
        write_new(map_ / bestand.naam, bestand.inhoud)
        if not bestand.naam.endswith(f".{sidecar}.xml"):
            sidecar_mdto = build_noot_bestand(bestand, feiten, config, op=db.now_text())
            write_new(map_ / f"{bestand.naam}.bestand.{sidecar}.xml", sidecar_mdto)
    copy_object(basis.opslag, feiten.pdf.vingerafdruk, map_ / f"{feiten.naam}.pdf")


# --- the pakbon ---------------------------------------------------------------------------------------------------


def _build_pakbon(
    config: Config,
    map_: Path,
    titel: str,
    *,
    zaken: int,
    feiten: Sequence[Documentfeiten],
    weggelaten: Sequence[str],
) -> Pakbon:
    """Count what was written, and write the list whose digest stands for all of it."""
    algoritme = config.sip.hashalgoritme.replace("-", "").lower()
    lijst = f"inhoud.{algoritme}"
    aantal, geen_mdto, omvang, regels = 0, 0, 0, []
    for pad, bestand in walk_files(map_):
        aantal += 1
        if not pad.lower().endswith(".mdto.xml"):
            geen_mdto += 1
            omvang += bestand.stat().st_size
        regels.append(f"{hash_file(bestand, algoritme)}  {pad}\n")
    write_new(map_ / lijst, "".join(regels).encode())
    return Pakbon(
        kenmerk=str(uuid4()),
        titel=titel,
        doellocatie=config.sip.doellocatie,
        hashalgoritme=config.sip.hashalgoritme,
        hashwaarde=hash_file(map_ / lijst, algoritme),
        hashbestand=lijst,
        gemaakt_op=db.now_text(),
        organisatie=config.algemeen.organisatie,
        rsin=config.algemeen.rsin,
        contact=config.sip.contact,
        aantal_informatieobjecten=zaken + len(feiten),
        aantal_bestanden=aantal,
        aantal_geen_mdto=geen_mdto,
        omvang_geen_mdto_bytes=omvang,
        bijzonderheden=tuple(_find_bijzonderheden(feiten, weggelaten)),
    )


def _find_bijzonderheden(feiten: Sequence[Documentfeiten], weggelaten: Sequence[str]) -> Iterable[str]:
    """Yield, in Dutch, what a receiver must know that the counts do not say."""
    papier = sum(een.scan.is_scan and not een.is_vervangen for een in feiten)
    if papier:
        yield (
            f"Van {count_words(papier, 'document', 'documenten')} is het papier (nog) niet vernietigd: daar is het "
            "papier het origineel en dit een reproductie."
        )
    zonder_grond = sum(een.papier.zonder_grond != "" for een in feiten)
    if zonder_grond:
        yield (
            f"Van {count_words(zonder_grond, 'document', 'documenten')} is papier vernietigd zonder grond: dat is geen "
            "vervanging. Het transfervermerk van het document zegt wat er in de weg stond."
        )
    ongekeurd = sum(een.gekeurd is None or een.gekeurd.uitslag != "goedgekeurd" for een in feiten)
    if ongekeurd:
        yield f"{count_words(ongekeurd, 'document is', 'documenten zijn')} nog niet door een mens goedgekeurd."
    digitaal = sum(not een.scan.is_scan for een in feiten)
    if digitaal:
        yield f"{count_words(digitaal, 'document is', 'documenten zijn')} als bestand aangeleverd en geen scan."
    for wat in weggelaten:
        yield f"Niet in deze levering, want het papier blijft het origineel: {wat}."
    yield (
        "Bij elk document ligt een transfervermerk als JSON (scanstraat.transfervermerk/2) en als tekst: wie het "
        "scande, waarmee, wat opviel en wat is vastgesteld."
    )
    yield "Waardering en beperking van het gebruik zijn niet bekend bij het scannen: zij staan op Nader te bepalen."
