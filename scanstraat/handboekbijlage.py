"""The annex of the handboek: what Archiefregeling art. 26b asks, from the besluit and from the settings in force.

What stands in it is read from the product itself at the moment of printing, so it also says where the two differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, select

from kwaliteitscontrole.oordeel import FOUTEN
from kwaliteitscontrole.woorden import count_words
from scanstraat import besluiten, db, logboek, storage
from scanstraat.bootstrap import Basis
from scanstraat.config import Scanprofiel
from scanstraat.domain import to_local
from scanstraat.drukdelen import build_gegevens, build_lijst, format_tijd, render_pagina
from scanstraat.drukwerk import Bijlage, escape_tekst, render_pdf
from scanstraat.errors import NietMogelijkError
from scanstraat.gereedschap import find_versies
from scanstraat.tables_bewijs import HandboekRow
from vernietiging.beleid import GEEN
from vernietiging.errors import VernietigingError
from vernietiging.regime import REGIMETABELLEN
from vernietiging.vervangingsbesluit import Aspecten, Vervangingsbesluit

Regels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Deel:
    """One aspect: its letter in the Archiefregeling, its title, and what there is to say of it."""

    letter: str
    titel: str
    regels: Regels


@dataclass(frozen=True)
class Handboekbijlage:
    """Everything that is printed."""

    besluit: Vervangingsbesluit
    delen: tuple[Deel, ...]
    verschillen: tuple[str, ...]
    gemaakt_op: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as attached to the print."""
        return {
            "schema": "scanstraat.handboekbijlage/1",
            "besluit": self.besluit.to_json(),
            "gemaakt_op": self.gemaakt_op,
            "verschillen": list(self.verschillen),
            "delen": [{"letter": d.letter, "titel": d.titel, "regels": dict(d.regels)} for d in self.delen],
        }


def build_bijlage(basis: Basis, session: Session, nummer: str | None) -> Handboekbijlage:
    """Collect the annex for a besluit; without a number for the one that holds today.

    Raises:
        NietMogelijkError: no besluit holds today, or more than one.
        NietGevondenError: there is no besluit of this number.
    """
    binding = _find_geldig(basis, session) if nummer is None else besluiten.find_besluit(session, nummer)
    besluit = binding.besluit
    return Handboekbijlage(
        besluit,
        tuple(_build_delen(basis, besluit)),
        tuple(_find_verschillen(basis, session, besluit)),
        db.now_text(),
    )


def _find_geldig(basis: Basis, session: Session) -> besluiten.Binding:
    vandaag = to_local(db.now_text(), basis.config.algemeen.tijdzone).date()
    nieuwste: dict[str, besluiten.Binding] = {}
    for binding in besluiten.load_besluiten(session):
        staand = nieuwste.get(binding.besluit.nummer)
        if staand is None or binding.besluit.versie > staand.besluit.versie:
            nieuwste[binding.besluit.nummer] = binding
    geldig = [binding for binding in nieuwste.values() if binding.besluit.is_geldig_op(vandaag)]
    if len(geldig) != 1:
        raise NietMogelijkError(
            "Er geldt vandaag geen besluit."
            if not geldig
            else "Er gelden vandaag meer besluiten. Noem er een met --besluit."
        )
    return geldig[0]


def render_bijlage(bijlage: Handboekbijlage, *, tijdzone: str) -> bytes:
    """Return the annex as PDF/A-3b, with the same as JSON attached."""
    b = bijlage.besluit
    velden = {
        "organisatie": escape_tekst(b.organisatie),
        "gemaakt": format_tijd(bijlage.gemaakt_op, tijdzone),
        "besluit": escape_tekst(f"Besluit {b.nummer}, versie {b.versie}, handboek versie {b.handboekversie}"),
        "artikel": escape_tekst(REGIMETABELLEN[b.regime].artikel_aspecten),
        "verschillen": f"<ul>{build_lijst(bijlage.verschillen)}</ul>"
        if bijlage.verschillen
        else "<p>Er zijn geen verschillen gevonden.</p>",
        "delen": "".join(
            f"<h2>{escape_tekst(f'{deel.letter}. {deel.titel}')}</h2>{build_gegevens(deel.regels)}"
            for deel in bijlage.delen
        ),
    }
    gegevens = json.dumps(bijlage.to_json(), ensure_ascii=False, indent=1).encode()
    return render_pdf(
        render_pagina("handboekbijlage.html", velden, demonstratie=False),
        [Bijlage("handboekbijlage.json", "Wat in deze bijlage staat", "Source", gegevens)],
        op=datetime.fromisoformat(bijlage.gemaakt_op).astimezone(UTC),
    )


# --- the eight letters --------------------------------------------------------------------------------------------


def _build_delen(basis: Basis, b: Vervangingsbesluit) -> Iterator[Deel]:
    config, aspecten = basis.config, b.aspecten
    profielen = {naam: config.profiel[naam] for naam in b.profielen if naam in config.profiel}
    programmas = tuple((naam, versie) for naam, versie in sorted(find_versies().items()))
    delen: tuple[tuple[str, str, str, Iterable[tuple[str, str]]], ...] = (
        ("a", "Reikwijdte", "", _say_reikwijdte(b)),
        ("b", "Apparatuur en instellingen", aspecten.apparatuur, _say_profielen(profielen, _APPARATUUR)),
        ("c", "Programmatuur en instellingen", aspecten.programmatuur, programmas),
        ("d", "Kleur, grijs of zwart-wit", aspecten.kleurcriterium, _say_profielen(profielen, _KLEUR)),
        ("e", "Hoe de reproductie ontstaat", aspecten.totstandkoming, _say_ontstaan(basis, profielen)),
        ("f", "Controle en herstel", aspecten.controle_en_herstel, _say_controle(b, profielen)),
        ("g", "Vernietiging", aspecten.vernietigingsproces, _say_vernietiging(b)),
        ("h", "Kwaliteit en bewijs", aspecten.kwaliteitsprocedures, _say_bewijs(basis)),
    )
    for letter, titel, besluit, regels in delen:
        yield Deel(letter, titel, (("Besluit", besluit), *regels))


_APPARATUUR = {
    "scanner": "scanner",
    "bladzijden": "zijden",
    "dpi_zonder_opgave": "dpi zonder opgave",
    "minimale_dpi": "minste dpi",
}
_KLEUR = {"kleurprofiel": "kleurruimte zonder profiel in de scan"}
_CONTROLE = {
    "maximale_scheefstand_graden": "grootste scheefstand (graden)",
    "minimale_scherpte": "minste scherpte",
    "minimaal_contrast": "minste contrast",
    "maximale_uitbijting": "meeste uitbijting",
    "blanco_inktdekking": "blanco onder inktdekking",
    "minimale_woordzekerheid": "minste woordzekerheid",
    "nakijken": "nakijken",
}


_WOORDEN = {
    "bij_bevinding": "bij een bevinding",
    "simplex": "enkelzijdig",
    "duplex": "dubbelzijdig",
}  # values of settings that are no words


def _say_profielen(profielen: Mapping[str, Scanprofiel], velden: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for naam, profiel in profielen.items():
        yield (
            f"Profiel {naam}",
            "; ".join(f"{label}: {_say_waarde(getattr(profiel, veld))}" for veld, label in velden.items()),
        )


def _say_waarde(waarde: object) -> str:
    """Return a setting as people write it: 0,00003 and 3, never 3e-05."""
    if isinstance(waarde, float):
        return f"{waarde:.8f}".rstrip("0").rstrip(".").replace(".", ",")
    return _WOORDEN.get(str(waarde), str(waarde))


def _say_reikwijdte(b: Vervangingsbesluit) -> Iterator[tuple[str, str]]:
    r = b.reikwijdte
    yield "Onderdelen", ", ".join(r.onderdelen) or "alle"
    yield "Zaaktypen", ", ".join(r.zaaktypen) or "alle"
    yield "Soorten documenten", ", ".join(r.informatieobjecttypen) or "alle"
    for uitsluiting in r.uitsluitingen:
        soort = "" if uitsluiting.soort == "anders" else f"{uitsluiting.soort} "
        yield "Uitgesloten", f"{soort}{uitsluiting.waarde}: {uitsluiting.reden}"
    yield (
        "Geldig",
        f"van {b.geldig_van:%d-%m-%Y} tot {'verder bericht' if b.geldig_tot is None else f'{b.geldig_tot:%d-%m-%Y}'}",
    )
    yield "Bekendgemaakt", b.publicatie or "nog niet"
    yield "Advies archivaris", b.advies_archivaris or "niet vermeld"


def _say_ontstaan(basis: Basis, profielen: Mapping[str, Scanprofiel]) -> Iterator[tuple[str, str]]:
    yield "Archiefbestand", "PDF/A-2b; elke pagina staat er precies zoals gescand in, met een onzichtbare tekstlaag"
    yield (
        "Bewerkingen",
        "draaien, weglaten, splitsen, samenvoegen, verplaatsen, invoegen, vervangen; elk vastgelegd, de scan blijft",
    )
    for naam, profiel in profielen.items():
        vorm = ", ".join(sorted({scanmap.batch for scanmap in basis.config.scanmap if scanmap.profiel == naam}))
        yield (
            f"Profiel {naam}",
            f"batch per {vorm or '(niet in gebruik)'}; talen {', '.join(profiel.talen)}; soort "
            f"{profiel.informatieobjecttype}; zaak uit {', '.join(profiel.vertrouwde_bronnen)}",
        )
    yield "Metagegevens", "MDTO 1.0.1 per document en per bestand"


def _say_controle(b: Vervangingsbesluit, profielen: Mapping[str, Scanprofiel]) -> Iterator[tuple[str, str]]:
    s = b.steekproef
    yield (
        "Steekproef",
        "alle pagina's"
        if s.alles
        else f"enkelvoudig, niveau {s.niveau}, AQL ernstig {s.aql_ernstig.replace('.', ',')}, licht "
        f"{s.aql_licht.replace('.', ',')}; kritiek nooit" + ("; verlicht toegestaan" if s.verlicht_toegestaan else ""),
    )
    yield "Altijd bekeken", "elke pagina waar de automatische controle iets ernstigs vond"
    yield "Fouten", "; ".join(f"{fout.label} ({fout.ernst.value})" for fout in FOUTEN.values())
    yield (
        "Automatisch",
        "volledigheid van bestanden, bladtelling, meting van elke pagina, veraPDF, vergelijking van elk beeldpunt",
    )
    yield (
        "Herstel",
        "een afgekeurde pagina wordt opnieuw gescand; daarna wordt de hele batch opnieuw getrokken en gekeurd",
    )
    yield from _say_profielen(profielen, _CONTROLE)


def _say_vernietiging(b: Vervangingsbesluit) -> Iterator[tuple[str, str]]:
    t = b.controletermijn
    begin = {"scan": "het scannen", "goedkeuring": "de goedkeuring", "publicatie": "de bekendmaking"}[t.start]
    erna = f" plus {count_words(t.extra_dagen, 'dag', 'dagen')}" if t.extra_dagen else ""
    yield "Controletermijn", f"{t.aantal} {t.eenheid}, na {begin}{erna}"
    blik = count_words(b.laatste_blik_documenten, "document", "documenten")
    yield "Laatste blik", f"{blik} per doos, getrokken, naast het papier"
    bedenktijd = count_words(b.bedenktijd_dagen, "dag", "dagen")
    yield "Vrijgave", f"door twee gemandateerden; daarna {bedenktijd} bedenktijd"
    yield "Wijze", f"{b.vernietigingswijze}, niveau {b.din_niveau} volgens DIN 66399"
    yield "Ondertekening", b.ondertekenaar


def _say_bewijs(basis: Basis) -> Iterator[tuple[str, str]]:
    config = basis.config
    yield "Tweede kopie", "ja" if config.opslag.kopie is not None else "NEE"
    yield "Nalezen", f"elk bestand minstens eens per {count_words(config.opslag.dagelijks_deel, 'dag', 'dagen')}"
    yield "Logboek", config.logboek.oorsprong
    try:
        beleid = logboek.load_beleid(config)
    except VernietigingError as exc:
        yield "Sleutels", f"niet te lezen: {exc}"
        return
    for n, sleutel in enumerate(beleid.logsleutels, start=1):
        yield (
            f"{n}e sleutel",
            sleutel.to_vkey() if len(sleutel.to_vkey()) < 200 else f"{sleutel.to_vkey()[:80]}… (zie het beleid)",
        )
    yield "Getuigen", ", ".join(beleid.getuigen) or "geen"
    yield "Tijdstempels", ", ".join(beleid.tijdstempels) or "geen"
    yield "Verankeren", f"elke {config.logboek.veranker_uren:g} uur, en voor elke opdracht tot vernietiging"


# --- reality against the besluit ----------------------------------------------------------------------------------


def _find_verschillen(basis: Basis, session: Session, b: Vervangingsbesluit) -> Iterator[str]:
    config = basis.config
    for naam in b.profielen:
        if naam not in config.profiel:
            yield f"Profiel {naam} staat in het besluit, maar niet in de instellingen."
        else:
            profiel = config.profiel[naam]
            yield from b.find_afwijkingen_profiel(naam, storage.build_momentopname(profiel)[1])
            yield from _find_in_apparatuur(naam, profiel, b.aspecten)
    for scanmap in config.scanmap:
        if scanmap.profiel not in b.profielen:
            yield f"Scanmap {scanmap.naam} gebruikt profiel {scanmap.profiel}, dat niet in het besluit staat."
    if b.organisatie != config.algemeen.organisatie:
        yield f"Het besluit is van {b.organisatie}; deze scanstraat is van {config.algemeen.organisatie}."
    if session.exec(select(HandboekRow.id).where(HandboekRow.versie == b.handboekversie)).first() is None:
        yield f"Handboek {b.handboekversie} is niet vastgelegd."
    if config.opslag.kopie is None:
        yield "Er is geen tweede kopie van de bestanden. Zonder mag geen papier weg."
    if not config.logboek.getuige and not config.logboek.tijdstempel:
        yield "Het logboek wordt nergens buitenshuis verankerd. Zonder mag geen papier weg."
    try:
        beleid = logboek.load_beleid(config)
        if beleid.quorum == GEEN and beleid.getuigen:
            yield "Het beleid vraagt geen getuigen."
    except VernietigingError:
        yield "De verzegelaar antwoordt niet: de sleutels van het logboek zijn niet gelezen."


def _find_in_apparatuur(naam: str, profiel: Scanprofiel, aspecten: Aspecten) -> Iterator[str]:
    """Compare the few words about scanners that leave no doubt: which scanner it is, and one side or two."""
    if profiel.scanner.strip().lower() in {"", "onbekend"}:
        yield (
            f"Van profiel {naam} staat de scanner op onbekend. Zet merk en type in de instellingen ([profiel.{naam}], "
            "scanner). De vingerafdruk van het profiel verandert dan: leg daarna een nieuw besluit vast."
        )
    woorden = f"{aspecten.apparatuur} {aspecten.totstandkoming}".lower()
    genoemd = {zijden for zijden in ("simplex", "duplex") if _WOORDEN[zijden] in woorden}
    if genoemd and profiel.bladzijden not in genoemd:
        (wel,) = genoemd
        yield (
            f"Volgens het besluit wordt {_WOORDEN[wel]} gescand; profiel {naam} scant {_WOORDEN[profiel.bladzijden]}. "
            f"Pas de instelling aan ([profiel.{naam}], bladzijden), of vraag of er een nieuw besluit nodig is."
        )
