"""MDTO 1.0.1 as XML: of a scanned document, of its file and of a verklaring. Pure: only `verify_mdto` reads a file.

A bestand has no events, so what happened stands at the informatieobject. Paper is replaced when it is destroyed and not
before: without `vernietigd_op` there is a Digitalisering and nothing else, and the paper is the original.

Source: MDTO-XML1.0.1.xsd, and the begrippenlijsten of MDTO for the labels. An actor is a function, not a person.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from lxml import etree

from kwaliteitscontrole.woorden import count_words
from scanstraat.errors import MdtoError
from vernietiging.verklaring import Verklaring, Verklaringsoort

NAMESPACE = "https://www.nationaalarchief.nl/mdto"
NADER_TE_BEPALEN = "Nader te bepalen"
WAARDERINGEN = {"B": "Blijvend te bewaren", "V": "Tijdelijk te bewaren", "N": NADER_TE_BEPALEN}
# PRONOM, by the name that veraPDF has for a profile
PRONOM = {
    "1a": "fmt/95",
    "1b": "fmt/354",
    "2a": "fmt/476",
    "2b": "fmt/477",
    "2u": "fmt/478",
    "3a": "fmt/479",
    "3b": "fmt/480",
    "3u": "fmt/481",
    "4": "fmt/1910",
    "4e": "fmt/1911",
    "4f": "fmt/1912",
}

_AGGREGATIENIVEAUS = "Begrippenlijst Aggregatieniveaus MDTO"
_EVENTTYPEN = "Begrippenlijst EventTypeLijst MDTO"
# The list of MDTO has no word for paper that went without grounds; "Vervanging" would say that it went on good ones.
_EIGEN_EVENTTYPEN, _ZONDER_GROND = "Begrippenlijst gebeurtenissen van de Scanstraat", "Papier vernietigd zonder grond"
_WAARDERINGEN = "Begrippenlijst Waarderingen MDTO"
_BEPERKINGEN = "Begrippenlijst Beperkingen MDTO"
_ALGORITMEN = "Begrippenlijst ChecksumAlgoritme MDTO"
_RELATIETYPEN = "Begrippenlijst Relatietypen (informatieobject) MDTO"
_PRONOMREGISTER = "PRONOM-register"
_HEX = {"SHA-256": re.compile(r"[0-9a-f]{64}"), "SHA-512": re.compile(r"[0-9a-f]{128}")}


# --- what goes in ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kenmerk:
    """An identification and who gave it out."""

    kenmerk: str
    bron: str


@dataclass(frozen=True)
class Verwijzing:
    """A reference to something by its name, and where known by its identification."""

    naam: str
    kenmerk: Kenmerk | None = None


@dataclass(frozen=True)
class Begrip:
    """A word from a list."""

    label: str
    lijst: str
    code: str = ""


NADER_TE_BEPALEN_BEPERKING = Begrip(NADER_TE_BEPALEN, _BEPERKINGEN)
JSON = Begrip("JSON Data Interchange Format", _PRONOMREGISTER, "fmt/817")
TEKST = Begrip("Plain Text File", _PRONOMREGISTER, "x-fmt/111")


@dataclass(frozen=True)
class Gebeurd:
    """One event. `op` is a year, a month, a date or a time; empty is not known."""

    soort: str
    op: str = ""
    actor: Verwijzing | None = None
    resultaat: str = ""
    lijst: str = _EVENTTYPEN


@dataclass(frozen=True)
class Bewaartermijn:
    """How long, from which event on. `looptijd` is an ISO 8601 duration ("P10Y"); empty is not known."""

    trigger: Begrip | None = None
    startdatum: str = ""
    looptijd: str = ""
    einddatum: str = ""


@dataclass(frozen=True)
class Vervanging:
    """What a destruction leaves to say about a document: the paper that went, when, and in which verklaring.

    zonder_grond: something stood in the way. Then it is no vervanging, and this does not take the place of the paper.
    """

    papier: Verwijzing
    vernietigd_op: str
    actor: Verwijzing
    verklaring: str  # number; "" as long as none is made
    zonder_grond: bool = False


@dataclass(frozen=True)
class Documentgegevens:
    """A scanned document, as MDTO wants to know it."""

    kenmerken: tuple[Kenmerk, ...]
    naam: str
    gescand_op: str
    scanactor: Verwijzing
    scanresultaat: str  # "8 pagina's, 300 dpi, kleur, PDF/A-2b; controle goedgekeurd"
    archiefvormer: Verwijzing
    bestanden: tuple[Verwijzing, ...]
    zaak: Verwijzing | None = None
    waardering: str = "N"
    bewaartermijn: Bewaartermijn | None = None
    informatiecategorie: Begrip | None = None
    beperking: Begrip = NADER_TE_BEPALEN_BEPERKING
    beperking_toelichting: str = ""
    vervanging: Vervanging | None = None
    is_scan: bool = True  # False: it came in as a file, and nothing was digitised
    aanvullend: tuple[Verwijzing, ...] = ()  # files with more metadata about it


@dataclass(frozen=True)
class Dossiergegevens:
    """A zaak as far as it is handed over: the level above documents."""

    kenmerken: tuple[Kenmerk, ...]
    naam: str
    archiefvormer: Verwijzing
    onderdelen: tuple[Verwijzing, ...]
    omschrijving: str = ""
    onderdeel_van: Verwijzing | None = None  # where it comes to hang in the e-depot
    waardering: str = "N"
    beperking: Begrip = NADER_TE_BEPALEN_BEPERKING


@dataclass(frozen=True)
class Checksum:
    """A digest of a file: "SHA-256" or "SHA-512", lower-case hex, and when it was taken (UTC)."""

    algoritme: str
    waarde: str
    op: str


@dataclass(frozen=True)
class Bestandgegevens:
    """One file of an informatieobject."""

    kenmerken: tuple[Kenmerk, ...]
    naam: str
    omvang_bytes: int
    profiel: str  # of PDF/A, as veraPDF names it: "2b"; "" when it is no PDF/A
    checksums: tuple[Checksum, ...]
    informatieobject: Verwijzing
    url: str = ""
    formaat: Begrip | None = None  # of a file that is no PDF/A


# --- what comes out --------------------------------------------------------------------------------------------------

# An element: its name, and its text or the elements in it. One without content is left out.
Inhoud: TypeAlias = "str | Sequence[Element]"
Element: TypeAlias = "tuple[str, Inhoud]"


def build_document_mdto(document: Documentgegevens) -> bytes:
    """Return the XML of a scanned document: an informatieobject of level Archiefstuk.

    Raises:
        MdtoError: something that must be there is missing, or cannot stand in XML.
    """
    weg = document.vervanging
    _require(
        ("een bestand", bool(document.bestanden)),
        ("wanneer er is gescand", bool(document.gescand_op)),
        ("wanneer het papier is vernietigd", weg is None or bool(weg.vernietigd_op)),
    )
    soort = "Digitalisering" if document.is_scan else "Ontvangst"
    events = [Gebeurd(soort, document.gescand_op, document.scanactor, document.scanresultaat)]
    if weg is not None and weg.zonder_grond:
        resultaat = (
            "Het papieren origineel is vernietigd terwijl er iets in de weg stond. Het is geen vervanging, en er komt "
            "geen verklaring. Wat er in de weg stond staat in het transfervermerk."
        )
        events.append(Gebeurd(_ZONDER_GROND, weg.vernietigd_op, None, resultaat, lijst=_EIGEN_EVENTTYPEN))
    elif weg is not None:
        zie = f"Zie verklaring {weg.verklaring}." if weg.verklaring else "Een verklaring is nog niet opgemaakt."
        resultaat = f"Het papieren origineel is vernietigd. {zie}"
        events.append(Gebeurd("Vervanging", weg.vernietigd_op, weg.actor, resultaat))
    return _build_informatieobject(
        kenmerken=document.kenmerken,
        naam=document.naam,
        events=events,
        waardering=document.waardering,
        bewaartermijn=document.bewaartermijn,
        informatiecategorie=document.informatiecategorie,
        onderdeel_van=document.zaak,
        bestanden=document.bestanden,
        aanvullend=document.aanvullend,
        vervangt=None if weg is None or weg.zonder_grond else weg.papier,
        archiefvormer=document.archiefvormer,
        beperking=document.beperking,
        beperking_toelichting=document.beperking_toelichting,
    )


def build_dossier_mdto(dossier: Dossiergegevens) -> bytes:
    """Return the XML of a zaak: an informatieobject of level Dossier, without events, for we know of none.

    Raises:
        MdtoError: something that must be there is missing, or cannot stand in XML.
    """
    return _build_informatieobject(
        niveau="Dossier",
        kenmerken=dossier.kenmerken,
        naam=dossier.naam,
        omschrijvingen=(dossier.omschrijving,),
        events=(),
        waardering=dossier.waardering,
        onderdeel_van=dossier.onderdeel_van,
        onderdelen=dossier.onderdelen,
        bestanden=(),
        archiefvormer=dossier.archiefvormer,
        beperking=dossier.beperking,
    )


def build_verklaring_mdto(
    verklaring: Verklaring,
    *,
    bron: str,
    archiefvormer: Verwijzing,
    informatiecategorie: Begrip | None = None,
    beperking: Begrip = NADER_TE_BEPALEN_BEPERKING,
) -> bytes:
    """Return the XML of a verklaring itself, which is kept for good.

    Args:
        bron: who gives out the numbers of verklaringen.
        informatiecategorie: of the selectielijst, for example result 19.1.14.
    """
    geteld, periode = verklaring.tellingen, verklaring.periode
    akkoorden = [
        Gebeurd("Accordering", tekenaar.akkoord_op, Verwijzing(tekenaar.functie))
        for tekenaar in verklaring.ondertekenaars
        if tekenaar.akkoord_op
    ]
    paginas = count_words(geteld.paginas, "pagina", "pagina's")
    return _build_informatieobject(
        kenmerken=(Kenmerk(verklaring.nummer, bron),),
        naam=_name_verklaring(verklaring.soort, verklaring.nummer),
        omschrijvingen=(
            "DEMONSTRATIE: niet rechtsgeldig." if verklaring.demonstratie else "",
            f"{count_words(geteld.documenten, 'document', 'documenten')} ({paginas}) in "
            f"{count_words(geteld.dozen, 'doos', 'dozen')}, "
            f"{periode.van} tot en met {periode.tot}.",
        ),
        taal="nl",
        events=[Gebeurd("Creatie", verklaring.opgemaakt_op, Verwijzing(verklaring.zorgdrager)), *akkoorden],
        waardering="B",
        informatiecategorie=informatiecategorie,
        bestanden=(_verwijs_naar_bestand(verklaring, bron),),
        vervangt=_verwijs_naar_verklaring(verklaring.soort, verklaring.vervangt, bron) if verklaring.vervangt else None,
        archiefvormer=archiefvormer,
        beperking=beperking,
    )


def build_verklaring_bestand_mdto(verklaring: Verklaring, pdf: bytes, *, bron: str, op: str) -> bytes:
    """Return the XML of the file of a verklaring; `op` is when the checksum was taken, UTC."""
    bestand = _verwijs_naar_bestand(verklaring, bron)
    assert bestand.kenmerk is not None
    return build_bestand_mdto(
        Bestandgegevens(
            kenmerken=(bestand.kenmerk,),
            naam=bestand.naam,
            omvang_bytes=len(pdf),
            profiel="3b",
            checksums=(
                Checksum("SHA-256", hashlib.sha256(pdf).hexdigest(), op),
                Checksum("SHA-512", hashlib.sha512(pdf).hexdigest(), op),
            ),
            informatieobject=_verwijs_naar_verklaring(verklaring.soort, verklaring.nummer, bron),
        )
    )


def build_bestand_mdto(bestand: Bestandgegevens) -> bytes:
    """Return the XML of one file: a PDF/A, or one whose `formaat` is given.

    Raises:
        MdtoError: something that must be there is missing, or cannot stand in XML.
    """
    _require(
        ("een kenmerk", bool(bestand.kenmerken)),
        ("een naam", bool(bestand.naam.strip())),
        ("een omvang", bestand.omvang_bytes > 0),
        ("een bekend profiel van PDF/A", bestand.formaat is not None or bestand.profiel in PRONOM),
        ("een checksum", bool(bestand.checksums)),
        ("een checksum die past bij haar algoritme", all(_is_goed(checksum) for checksum in bestand.checksums)),
    )
    formaat = bestand.formaat or Begrip(f"PDF/A-{bestand.profiel}", _PRONOMREGISTER, PRONOM[bestand.profiel])
    return _render(
        "bestand",
        [
            *(_identificatie("identificatie", kenmerk) for kenmerk in bestand.kenmerken),
            ("naam", bestand.naam),
            ("omvang", str(bestand.omvang_bytes)),
            _begrip("bestandsformaat", formaat),
            *(
                (
                    "checksum",
                    [
                        _begrip("checksumAlgoritme", Begrip(checksum.algoritme, _ALGORITMEN)),
                        ("checksumWaarde", checksum.waarde),
                        ("checksumDatum", checksum.op),
                    ],
                )
                for checksum in bestand.checksums
            ),
            ("URLBestand", bestand.url),
            _verwijzing("isRepresentatieVan", bestand.informatieobject),
        ],
    )


def verify_mdto(xml: bytes, xsd: Path) -> None:
    """Return when this is MDTO as the schema in the file `xsd` wants it. No network, no entities.

    Raises:
        MdtoError: it is not, it has a doctype, or the schema cannot be used.
    """
    try:
        schema = _load_schema(xsd, xsd.stat().st_mtime_ns)
    except (OSError, etree.LxmlError) as exc:
        raise MdtoError(f"Het schema van MDTO in {xsd} is niet te gebruiken.") from exc
    try:
        document = etree.fromstring(xml, _parser())
    except (ValueError, etree.LxmlError) as exc:
        raise MdtoError(f"Deze metagegevens zijn geen XML: {exc}.") from exc
    if document.getroottree().docinfo.internalDTD is not None:
        raise MdtoError("In deze metagegevens staat een doctype; dat hoort niet in MDTO.")
    if not schema.validate(document):
        eerste = schema.error_log[0]
        raise MdtoError(f"Deze metagegevens zijn geen MDTO: regel {eerste.line}: {eerste.message}")


@lru_cache(maxsize=1)
def _load_schema(xsd: Path, _veranderd_ns: int) -> Any:
    """Read a schema once for all the files that are held against it; one that changed is read again."""
    return etree.XMLSchema(etree.parse(xsd, _parser()))


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


# --- the parts, in the order of the schema ---------------------------------------------------------------------------


def _build_informatieobject(
    *,
    kenmerken: Sequence[Kenmerk],
    naam: str,
    events: Sequence[Gebeurd],
    waardering: str,
    bestanden: Sequence[Verwijzing],
    archiefvormer: Verwijzing,
    beperking: Begrip,
    niveau: str = "Archiefstuk",
    omschrijvingen: Sequence[str] = (),
    taal: str = "",
    bewaartermijn: Bewaartermijn | None = None,
    informatiecategorie: Begrip | None = None,
    onderdeel_van: Verwijzing | None = None,
    onderdelen: Sequence[Verwijzing] = (),
    aanvullend: Sequence[Verwijzing] = (),
    vervangt: Verwijzing | None = None,
    beperking_toelichting: str = "",
) -> bytes:
    _require(
        ("een kenmerk", bool(kenmerken)),
        ("een naam", bool(naam.strip())),
        ("een archiefvormer", bool(archiefvormer.naam.strip())),
        ("een waardering B, V of N", waardering in WAARDERINGEN),
    )
    relatie = [
        _verwijzing("gerelateerdInformatieobjectVerwijzing", vervangt),
        _begrip("gerelateerdInformatieobjectTypeRelatie", Begrip("Vervangt", _RELATIETYPEN)),
    ]
    return _render(
        "informatieobject",
        [
            *(_identificatie("identificatie", kenmerk) for kenmerk in kenmerken),
            ("naam", naam),
            _begrip("aggregatieniveau", Begrip(niveau, _AGGREGATIENIVEAUS)),
            *(("omschrijving", omschrijving) for omschrijving in omschrijvingen),
            ("taal", taal),
            *(_event(event) for event in events),
            _begrip("waardering", Begrip(WAARDERINGEN[waardering], _WAARDERINGEN, waardering)),
            _termijn("bewaartermijn", bewaartermijn),
            _begrip("informatiecategorie", informatiecategorie),
            _verwijzing("isOnderdeelVan", onderdeel_van),
            *(_verwijzing("bevatOnderdeel", onderdeel) for onderdeel in onderdelen),
            *(_verwijzing("heeftRepresentatie", bestand) for bestand in bestanden),
            *(_verwijzing("aanvullendeMetagegevens", bestand) for bestand in aanvullend),
            ("gerelateerdInformatieobject", [] if vervangt is None else relatie),
            _verwijzing("archiefvormer", archiefvormer),
            (
                "beperkingGebruik",
                [
                    _begrip("beperkingGebruikType", beperking),
                    ("beperkingGebruikNadereBeschrijving", beperking_toelichting),
                ],
            ),
        ],
    )


def _identificatie(naam: str, kenmerk: Kenmerk | None) -> Element:
    if kenmerk is None:
        return naam, []
    return naam, [("identificatieKenmerk", kenmerk.kenmerk), ("identificatieBron", kenmerk.bron)]


def _verwijzing(naam: str, verwijzing: Verwijzing | None) -> Element:
    if verwijzing is None:
        return naam, []
    return naam, [
        ("verwijzingNaam", verwijzing.naam),
        _identificatie("verwijzingIdentificatie", verwijzing.kenmerk),
    ]


def _begrip(naam: str, begrip: Begrip | None) -> Element:
    if begrip is None:
        return naam, []
    return naam, [
        ("begripLabel", begrip.label),
        ("begripCode", begrip.code),
        _verwijzing("begripBegrippenlijst", Verwijzing(begrip.lijst)),
    ]


def _event(event: Gebeurd) -> Element:
    return "event", [
        _begrip("eventType", Begrip(event.soort, event.lijst)),
        ("eventTijd", event.op),
        _verwijzing("eventVerantwoordelijkeActor", event.actor),
        ("eventResultaat", event.resultaat),
    ]


def _termijn(naam: str, termijn: Bewaartermijn | None) -> Element:
    if termijn is None:
        return naam, []
    return naam, [
        _begrip("termijnTriggerStartLooptijd", termijn.trigger),
        ("termijnStartdatumLooptijd", termijn.startdatum),
        ("termijnLooptijd", termijn.looptijd),
        ("termijnEinddatum", termijn.einddatum),
    ]


def _name_verklaring(soort: Verklaringsoort, nummer: str) -> str:
    return f"Verklaring van {soort.value} {nummer}"


def _verwijs_naar_verklaring(soort: Verklaringsoort, nummer: str, bron: str) -> Verwijzing:
    return Verwijzing(_name_verklaring(soort, nummer), Kenmerk(nummer, bron))


def _verwijs_naar_bestand(verklaring: Verklaring, bron: str) -> Verwijzing:
    naam = f"{verklaring.nummer}.pdf"
    return Verwijzing(naam, Kenmerk(naam, bron))


def _is_goed(checksum: Checksum) -> bool:
    patroon = _HEX.get(checksum.algoritme)
    return patroon is not None and patroon.fullmatch(checksum.waarde) is not None


def _require(*toetsen: tuple[str, bool]) -> None:
    ontbreekt = [wat for wat, aanwezig in toetsen if not aanwezig]
    if ontbreekt:
        raise MdtoError(f"In deze metagegevens ontbreekt {', '.join(ontbreekt)}.")


def _render(naam: str, inhoud: Inhoud) -> bytes:
    wortel = etree.Element(f"{{{NAMESPACE}}}MDTO", nsmap={None: NAMESPACE})
    try:
        _append(wortel, naam, inhoud)
    except ValueError as exc:  # lxml: control characters and half characters
        raise MdtoError("In deze metagegevens staat een teken dat niet in XML mag.") from exc
    xml: bytes = etree.tostring(wortel, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return xml


def _append(ouder: Any, naam: str, inhoud: Inhoud) -> None:
    if not inhoud:
        return
    element = etree.SubElement(ouder, f"{{{NAMESPACE}}}{naam}")
    if isinstance(inhoud, str):
        element.text = inhoud
        return
    for deel, waarde in inhoud:
        _append(element, deel, waarde)
