"""What the lines about one document say, in sentences: which paper, under what, who looked, when it went. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from vernietiging.gebeurtenis import VERNIETIGD, ZONDER_GROND, Gebeurtenis

# One sentence per line of these kinds, in the order of the log.
_ZINNEN: Mapping[str, str] = {
    "documentversie.gemaakt": "versie {n} van het document is gemaakt: pagina's: {paginas}, reden: {reden}.",
    "aflevering.bevestigd": "het archiefbestand {pdf:.12} is afgeleverd aan de zaak en gelijk teruggelezen.",
    "bewerking": "{wie} bewerkte de batch ({soort}).",
    "batch.bevindingen": "bevindingen bij de batch: {aantal}. Hiervan houden {houdt_papier} het papier vast en zijn er "
    "{open_ernstig} ernstig en open.",
    "batch.gebonden": "de batch is onder {besluit} gebracht.",
    "batch.goedgekeurd": "{wie} bekeek de steekproef en keurde de batch goed.",
    "batch.afgekeurd": "{wie} bekeek de steekproef en keurde de batch af.",
    "goedkeuring.vervallen": "wat was gekeurd en vrijgegeven, verviel ({reden}).",
    "uitzondering.vastgelegd": "{wie} legde vast dat het papier bewaard blijft ({reden}).",
    "uitzondering.ingetrokken": "{wie} trok dat weer in: het papier hoeft niet bewaard te blijven.",
    "doos.gevuld": "papier van de batch ging in {doos}; bladen: {bladen}.",
    "doos.geleegd": "papier van de batch ging uit {doos}; bladen: {bladen}.",
    "laatste_blik.gedaan": "{wie} legde papier uit {doos} naast het scherm: {gelijk}.",
    "vrijgave": "{wie} gaf de lijst vrij (vrijgave {volgnummer} van 2).",
    "vrijgave.ingetrokken": "{wie} trok een vrijgave in.",
    "lijst.ingetrokken": "{wie} trok de lijst in.",
    "vernietiging.opgedragen": "{wie} gaf opdracht tot vernietiging.",
    "container.opgehaald": "{wie} legde vast dat een container is opgehaald op {opgehaald_op}.",
    "vernietiging.batch": "van deze batch gingen bladen mee: {bladen}.",
    "vernietiging.uitgevoerd": "{wie} legde vast dat {doos} is vernietigd op {uitgevoerd_op}, niveau {niveau}.",
    ZONDER_GROND: "{wie} legde vast dat {doos} is vernietigd op {uitgevoerd_op}, terwijl er iets in de weg stond.",
    "vernietiging.mislukt": "{wie} legde vast dat {doos} {deels} is vernietigd.",
    "verklaring.ondertekend": "{wie} gaf akkoord op een verklaring over deze doos.",
    "stop.geplaatst": "{wie} zette een stop ({soort}, op: {over}).",
    "stop.opgeheven": "{wie} hief een stop op.",
}


@dataclass
class _Namen:
    """What the proof discloses of names; who is not named is a number, the same one every time."""

    verpakt: Mapping[tuple[str, str], Any]  # (subject, field) -> what it packed away last
    besluiten: Mapping[str, Mapping[str, Any]]  # subject -> the besluit
    _nummers: dict[UUID, int] = field(default_factory=dict)

    def wie(self, actor: UUID) -> str:
        naam = self.zeg(actor, "naam", "naam")
        return naam or f"persoon {self._nummers.setdefault(actor, len(self._nummers) + 1)}"

    def zeg(self, onderwerp: object, veld: str, deel: str) -> str:
        inhoud = self.verpakt.get((str(onderwerp), veld))
        return str(inhoud.get(deel) or "") if isinstance(inhoud, dict) else ""

    def doos(self, onderwerp: UUID) -> str:
        return f"doos {self.zeg(onderwerp, 'nummer', 'nummer') or str(onderwerp)[:8]}"

    def besluit(self, onderwerp: str) -> str:
        besluit = self.besluiten.get(onderwerp)
        if besluit is None:
            return f"besluit {onderwerp[:8]}"
        delen = (besluit.get(naam, "?") for naam in ("nummer", "versie", "datum", "organisatie"))
        return "besluit {} versie {} van {} van {}".format(*delen)


def tell_document(
    document: str,
    regels: Iterable[tuple[int, Gebeurtenis]],
    verpakt: Mapping[tuple[int, str], Any],
    besluiten: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    """Yield in Dutch what these lines say of a document: first the answers, then what happened, in order.

    Args:
        document: its id.
        verpakt: (line, field) -> what it packed away, as far as the proof discloses it.
        besluiten: subject of a besluit -> what was recorded of it.
    """
    alle = list(regels)
    wie_wat = {n: str(g.onderwerp) for n, g in alle}
    laatst = {(wie_wat[nummer], veld): verpakt[nummer, veld] for nummer, veld in sorted(verpakt)}
    namen = _Namen(laatst, besluiten)
    yield from _answer(document, dict(alle), namen)
    yield "Wat er gebeurde:"
    for nummer, gebeurtenis in alle:
        zin = _ZINNEN.get(gebeurtenis.soort)
        if zin is not None:
            yield f"  {_say_tijd(gebeurtenis.op)}: {_fill(zin, gebeurtenis, namen)} (regel {nummer})"


def _answer(document: str, regels: Mapping[int, Gebeurtenis], namen: _Namen) -> Iterator[str]:
    def find(*soorten: str) -> list[Gebeurtenis]:
        return [g for g in regels.values() if g.soort in soorten]

    versies = [g for g in find("documentversie.gemaakt") if g.gegevens["document"] == document]
    yield f"Welk papier: document {document}{_say_zaak(find('documentversie.verzegeld'), namen)}."
    dozen = dict.fromkeys(namen.doos(g.onderwerp) for g in find("doos.gevuld"))
    yield f"Waar het lag: {', '.join(dozen) or 'nog niet in een doos'}."
    besluiten = find("batch.gebonden")
    yield f"Onder welk besluit: {namen.besluit(besluiten[-1].gegevens['besluit']) if besluiten else 'geen'}."
    keuring = [*find("batch.goedgekeurd", "batch.afgekeurd", "goedkeuring.vervallen")]
    yield f"Wie controleerde: {_say_keuring(keuring, namen)}."
    yield f"Is het bestand hetzelfde: {_say_bestand(versies, find('documentversie.gearchiveerd'))}"
    deels = [g for g in regels.values() if _is_deels(g)]
    weg = [f"{namen.doos(g.onderwerp)} voor een deel (vastgelegd op {_say_tijd(g.op)})" for g in deels]
    weg += [
        f"{namen.doos(g.onderwerp)} op {_say_tijd(g.gegevens['uitgevoerd_op'])}"
        + (", terwijl er iets in de weg stond" if g.soort == ZONDER_GROND else "")
        for g in find(*VERNIETIGD)
    ]
    rest = {g.onderwerp for g in deels} - {g.onderwerp for g in find(*VERNIETIGD)}
    yield (
        f"Wanneer ging het papier weg: {', '.join(weg) or 'het is volgens dit bewijs niet vernietigd'}"
        f"{'; de rest is volgens dit bewijs niet vernietigd' if rest else ''}."
    )
    vrij = dict.fromkeys(namen.wie(g.actor) for g in _find_vrijgaven(regels))
    yield f"Wie gaf het vrij: {', '.join(vrij) or 'niemand'}."
    opgeheven = {g.onderwerp for g in find("stop.opgeheven")}
    stops = find("stop.geplaatst")
    lopend = sum(g.onderwerp not in opgeheven for g in stops)
    yield f"Waren er stops: {_say_stops(len(stops), lopend)}."


def _say_stops(aantal: int, lopend: int) -> str:
    if not aantal:
        return "dit bewijs noemt er geen"
    if aantal == 1:
        return f"ja, een. Die {'loopt nog' if lopend else 'is opgeheven'}"
    nu = {0: "zij zijn alle opgeheven", 1: "daarvan loopt er nog een"}.get(lopend, f"daarvan lopen er nog {lopend}")
    return f"ja, {aantal}; {nu}"


def _find_vrijgaven(regels: Mapping[int, Gebeurtenis]) -> Iterator[Gebeurtenis]:
    """Yield the releases by which the paper went; of paper that is there still: those that stand."""
    uitgevoerd = [g.gegevens["opgedragen"] for g in regels.values() if g.soort in VERNIETIGD or _is_deels(g)]
    opdrachten = [regels[nummer] for nummer in uitgevoerd]
    gebruikt = {opdracht.gegevens[veld] for opdracht in opdrachten for veld in ("vrijgave_1", "vrijgave_2")}
    lijsten = {g.onderwerp for g in regels.values() if g.soort == "lijst.ingetrokken"}
    weg = {g.gegevens["vrijgave"] for g in regels.values() if g.soort == "vrijgave.ingetrokken"}
    for nummer, gebeurtenis in regels.items():
        staat = nummer in gebruikt if uitgevoerd else nummer not in weg and gebeurtenis.onderwerp not in lijsten
        if gebeurtenis.soort == "vrijgave" and staat:
            yield gebeurtenis


def _is_deels(gebeurtenis: Gebeurtenis) -> bool:
    """Whether by this line part of the paper in a doos is gone."""
    return gebeurtenis.soort == "vernietiging.mislukt" and gebeurtenis.gegevens["deels"] is True


def _say_zaak(verzegeld: list[Gebeurtenis], namen: _Namen) -> str:
    """Say from which batch, in which zaak; nothing when that was not sealed, or its key was erased."""
    for gebeurtenis in reversed(verzegeld):
        batch, zaak = (namen.zeg(gebeurtenis.onderwerp, "kenmerk", deel) for deel in ("batch", "zaak"))
        if batch or zaak:
            return f", batch {batch}, zaak {zaak}"
    return ""


def _say_keuring(keuring: list[Gebeurtenis], namen: _Namen) -> str:
    if not keuring:
        return "nog niemand"
    laatste = keuring[-1]
    if laatste.soort == "goedkeuring.vervallen":
        return "wat was gekeurd, is vervallen"
    return f"{namen.wie(laatste.actor)}, die de batch {'goed' if laatste.soort == 'batch.goedgekeurd' else 'af'}keurde"


def _say_bestand(versies: list[Gebeurtenis], gemaakt: list[Gebeurtenis]) -> str:
    nu = next(g for g in reversed(gemaakt) if g.onderwerp == versies[-1].onderwerp)
    goed = nu.gegevens["conform"] and nu.gegevens["getrouw"]
    bewezen = "geldig PDF/A en gelijk aan de scans" if goed else "NIET geldig of NIET gelijk aan de scans"
    return (
        "archief.pdf is byte voor byte het bestand dat is vastgelegd en aan de zaak is afgeleverd. Bij het maken was "
        f"het {bewezen}."
    )


def _fill(zin: str, gebeurtenis: Gebeurtenis, namen: _Namen) -> str:
    gegevens = dict(gebeurtenis.gegevens)
    woorden: dict[str, Any] = {
        **gegevens,
        "wie": namen.wie(gebeurtenis.actor) if "{wie}" in zin else "",
        "doos": namen.doos(gebeurtenis.onderwerp),
    }
    if "niveau" in gegevens:
        woorden["niveau"] = str(gegevens["niveau"]).upper()  # the log has no capitals
    if "besluit" in gegevens:
        woorden["besluit"] = namen.besluit(gegevens["besluit"])
    if "geslaagd" in gegevens:
        woorden["gelijk"] = "gelijk" if gegevens["geslaagd"] else "NIET gelijk"
    if "deels" in gegevens:
        woorden["deels"] = "maar voor een deel" if gegevens["deels"] else "niet"
    for naam in ("uitgevoerd_op", "opgehaald_op"):
        if naam in gegevens:
            woorden[naam] = _say_tijd(gegevens[naam])
    return zin.format_map(defaultdict(lambda: "?", woorden))  # another version of a kind may have other fields


def _say_tijd(tekst: str) -> str:
    """Say a time of the log; the log allows times that no calendar has, such as 30 February."""
    try:
        return f"{datetime.fromisoformat(tekst):%d-%m-%Y %H:%M} UTC"
    except ValueError:
        return tekst
