"""Commands that change the order of a batch, or where a document goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID, uuid4

import typer
from sqlmodel import Session

from scanstraat import aflevering, bewerken, db, papier, storage, verzegelen
from scanstraat import opstelling as o
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.cli.aanmelden import Als, GeheimFd, prove_door, sign_in
from scanstraat.cli.batches import find_document
from scanstraat.cli.invoer import parse_tekst
from scanstraat.cli.uitvoer import Door, build_progress, expected_errors, load_config, stdout
from scanstraat.domain import Bewerkingsoort, Weglaatreden
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.tables import ActorRow, BatchRow

if TYPE_CHECKING:
    from scanstraat.intake.bijscan import Bijscan, Gemeten

bewerk = typer.Typer()

Nummer = Annotated[str, typer.Argument(metavar="BATCH", help="Batchnummer.")]
Blad = Annotated[str, typer.Argument(metavar="BLAD", help="Bladnummer; 3a is de achterkant van blad 3.")]
Bladen = Annotated[list[str], typer.Argument(metavar="BLAD...", help="Een of meer bladnummers.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(bewerk, name="bewerk")
    app.command("ongedaan")(ongedaan)
    app.command("klaarmelden")(klaarmelden)
    app.command("scanoperator")(scanoperator)
    app.command("koppel")(koppel)
    app.command("ontkoppel")(ontkoppel)


@dataclass(frozen=True)
class _Werk:
    basis: Basis
    session: Session
    batch: BatchRow
    actor: ActorRow
    berichten: list[str] = field(default_factory=list)  # said when all of it is stored

    def beeld(self, blad: str) -> UUID:
        return bewerken.find_beeld(self.session, self.batch, blad)

    def doe(
        self, soort: Bewerkingsoort, parameters: dict[str, Any], anders: Callable[[o.Opstelling], o.Opstelling]
    ) -> None:
        bewerkt = bewerken.bewerk(self.session, self.basis.werkbank, self.batch, self.actor, soort, parameters, anders)
        self.say_bewerkt(bewerkt)

    def say(self, bericht: str) -> None:
        self.berichten.append(bericht)

    def say_opgedragen(self) -> None:
        """Say of which paper of the batch the company has the order already: what was judged does not hold any more."""
        for doos, opdracht, bedrijf in papier.find_opgedragen(self.session, self.batch.id):
            self.say(
                f"Let op: voor doos {doos} met papier van deze batch is al opdracht gegeven ({opdracht}, {bedrijf}). "
                "De goedkeuring vervalt door deze bewerking. Bel het bedrijf nu: het papier moet blijven tot de batch "
                "opnieuw is gekeurd."
            )

    def say_bewerkt(self, bewerkt: bewerken.Bewerkt) -> None:
        nummer, aantal = self.batch.nummer, len(bewerkt.documenten)
        terug = "" if bewerkt.soort is Bewerkingsoort.ONGEDAAN else f" Terugdraaien: scanstraat ongedaan {nummer}"
        self.say(
            f"Bewerking {bewerkt.nummer} ({bewerkt.soort.value}) in batch {nummer}: {aantal} "
            f"{'document krijgt' if aantal == 1 else 'documenten krijgen'} een nieuwe versie.{terug}"
        )
        for van, naar in bewerkt.andere_zaak:
            self.say(
                f"Let op: deze pagina's hoorden bij {f'zaak {van}' if van else 'geen zaak'} en horen nu bij "
                f"{f'zaak {naar}' if naar else 'geen zaak'}."
            )
        for document in bewerkt.leeg_in_zaak:
            kort = str(document)[:8]
            self.say(
                f"Let op: document {kort} heeft geen pagina's meer, maar het bestand staat nog in de zaak. "
                f"Haal het daar weg: scanstraat ontkoppel {kort}"
            )

    def say_dubbel(self, bijscan: Bijscan) -> None:
        if bijscan.dubbel is not None:
            self.say(f"Let op: {bijscan.dubbel.tekst}")


@contextmanager
def _open(context: typer.Context, nummer: str, door: str) -> Iterator[_Werk]:
    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.begin(basis.engine) as session:
            batch = storage.lock_batch(session, storage.find_batch(session, nummer).id)
            werk = _Werk(basis, session, batch, storage.load_actor(session, door, "persoon"))
            yield werk
            if not verzegelen.find_verzegeling(session, batch.id):
                werk.say_opgedragen()
        for bericht in werk.berichten:
            stdout().print(bericht)


@bewerk.callback()
def kies_batch(nummer: Nummer) -> None:
    """Verander de volgorde van een batch. De scans zelf veranderen nooit; alles is terug te draaien."""
    del nummer  # the commands below ask for it


def _batch_of(context: typer.Context) -> str:
    assert context.parent is not None
    return str(context.parent.params["nummer"])


@bewerk.command("draai")
def draai(
    context: typer.Context,
    bladen: Bladen,
    door: Door,
    graden: Annotated[int, typer.Option("--graden", help="90, 180 of 270; met de klok mee.")] = 90,
) -> None:
    """Draai een of meer pagina's."""
    with _open(context, _batch_of(context), door) as werk:
        beelden = [werk.beeld(blad) for blad in bladen]
        werk.doe(
            Bewerkingsoort.DRAAI,
            {"bladen": bladen, "graden": graden},
            lambda opstelling: o.turn(opstelling, beelden, graden),
        )


@bewerk.command("weglaten")
def weglaten(
    context: typer.Context,
    bladen: Bladen,
    door: Door,
    reden: Annotated[Weglaatreden, typer.Option("--reden", help="Waarom.")],
    toelichting: Annotated[str, typer.Option("--toelichting", help="Nodig bij reden anders.")] = "",
) -> None:
    """Laat pagina's weg uit hun document. Ze blijven bewaard en geteld."""
    with _open(context, _batch_of(context), door) as werk:
        if reden is Weglaatreden.VERVANGEN:
            raise NietMogelijkError(
                "Een pagina die u opnieuw hebt gescand, vervangt u met: scanstraat bewerk BATCH vervang"
            )
        beelden = [werk.beeld(blad) for blad in bladen]
        werk.doe(
            Bewerkingsoort.WEGLATEN,
            {"bladen": bladen, "reden": reden.value},
            lambda opstelling: o.leave_out(opstelling, beelden, reden, toelichting),
        )
        leeg = storage.find_blank_beelden(werk.session, werk.batch.id)
        for blad, beeld in zip(bladen, beelden, strict=True):
            if reden is Weglaatreden.BLANCO and beeld not in leeg:
                werk.say(f"Let op: op blad {blad} staat iets volgens de meting. Klopt het dat u het weglaat?")


@bewerk.command("splits")
def splits(context: typer.Context, blad: Blad, door: Door) -> None:
    """Laat bij dit blad een nieuw document beginnen. Ook voor een weggelaten blad of de rug van een scheidingsblad."""
    with _open(context, _batch_of(context), door) as werk:
        beeld, nieuw = werk.beeld(blad), uuid4()
        werk.doe(
            Bewerkingsoort.SPLITS,
            {"blad": blad, "document": str(nieuw)},
            lambda opstelling: o.split_document(opstelling, beeld, nieuw),
        )


@bewerk.command("voegsamen")
def voegsamen(
    context: typer.Context,
    eerste: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Document dat blijft.")],
    tweede: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Document dat erachter komt.")],
    door: Door,
) -> None:
    """Voeg twee documenten samen; het eerste houdt zijn id."""
    with _open(context, _batch_of(context), door) as werk:
        een, twee = find_document(werk.session, eerste).id, find_document(werk.session, tweede).id
        werk.doe(
            Bewerkingsoort.VOEGSAMEN,
            {"eerste": str(een), "tweede": str(twee)},
            lambda opstelling: o.join_documents(opstelling, een, twee),
        )


@bewerk.command("verplaats")
def verplaats(
    context: typer.Context,
    blad: Blad,
    door: Door,
    na: Annotated[str, typer.Option("--na", help="Bladnummer waar de pagina achter komt.")],
) -> None:
    """Zet een pagina achter een andere, ook van een ander document, van een scheidingsblad of uit wat is weggelaten."""
    with _open(context, _batch_of(context), door) as werk:
        beeld, achter = werk.beeld(blad), werk.beeld(na)
        werk.doe(
            Bewerkingsoort.VERPLAATS, {"blad": blad, "na": na}, lambda opstelling: o.move(opstelling, beeld, achter)
        )


Bestand = Annotated[
    Path, typer.Argument(metavar="BESTAND", help="De scan.", exists=True, dir_okay=False, readable=True)
]


@bewerk.command("invoegen")
def invoegen(
    context: typer.Context,
    bestand: Bestand,
    door: Door,
    na: Annotated[str, typer.Option("--na", help="Bladnummer waar de scan achter komt.")],
) -> None:
    """Voeg een vergeten pagina in, uit een bestand met een scan."""
    from scanstraat.intake.bijscan import add_bijscan  # noqa: PLC0415  slow to load

    gemeten = _measure(context, _batch_of(context), bestand, na, door, maximaal=None)
    with _open(context, _batch_of(context), door) as werk:
        achter = werk.beeld(na)
        bijscan = add_bijscan(werk.session, werk.batch, gemeten)
        nieuwe = bijscan.beelden
        werk.doe(
            Bewerkingsoort.INVOEGEN,
            {"na": na, "beelden": [str(beeld) for beeld in nieuwe]},
            lambda opstelling: o.insert(opstelling, nieuwe, achter),
        )
        werk.say_dubbel(bijscan)


@bewerk.command("vervang")
def vervang(context: typer.Context, blad: Blad, bestand: Bestand, door: Door) -> None:
    """Vervang een pagina door een herscan. De oude scan blijft bewaard."""
    replace_page(context, _batch_of(context), blad, bestand, door)


def replace_page(context: typer.Context, nummer: str, blad: str, bestand: Path, door: str) -> None:
    """Let a new scan take the place of a page."""
    from scanstraat.intake.bijscan import add_bijscan  # noqa: PLC0415

    gemeten = _measure(context, nummer, bestand, blad, door, maximaal=1)
    with _open(context, nummer, door) as werk:
        oud = werk.beeld(blad)
        bijscan = add_bijscan(werk.session, werk.batch, gemeten)
        nieuwe = bijscan.beelden
        werk.doe(
            Bewerkingsoort.VERVANG,
            {"blad": blad, "beeld": str(nieuwe[0])},
            lambda opstelling: o.replace_page(opstelling, oud, nieuwe[0]),
        )
        werk.say_dubbel(bijscan)


def _measure(
    context: typer.Context, nummer: str, bestand: Path, blad: str, door: str, *, maximaal: int | None
) -> Gemeten:
    """Store and measure a scan for a place in a batch, before the batch is held."""
    from scanstraat.intake.bijscan import measure_bijscan  # noqa: PLC0415  starts the sandbox

    with expected_errors(), open_basis(load_config(context)) as basis:
        prove_door(basis, door)  # before the work, and again when it is stored
        with db.read(basis.engine) as session:
            batch = storage.find_batch(session, nummer)
            bewerken.find_beeld(session, batch, blad)
            profiel = storage.profiel_of(batch)
        with build_progress() as balk:
            taak = balk.add_task("Pagina's bekijken", total=None)
            return measure_bijscan(
                basis,
                profiel,
                bestand,
                maximaal=maximaal,
                meld=lambda gedaan, totaal: balk.update(taak, completed=gedaan, total=totaal),
            )


def ongedaan(context: typer.Context, nummer: Nummer, door: Door) -> None:
    """Maak de laatste bewerking van een batch ongedaan."""
    with _open(context, nummer, door) as werk:
        werk.say_bewerkt(bewerken.undo(werk.session, werk.basis.werkbank, werk.batch, werk.actor))


def klaarmelden(context: typer.Context, nummer: Nummer, door: Door) -> None:
    """Meld een batch klaar: u hebt de bevindingen gezien en de documenten mogen naar hun zaak."""
    with _open(context, nummer, door) as werk:
        open_punten = bewerken.report_ready(werk.session, werk.basis.werkbank, werk.batch, werk.actor)
        werk.say(f"Batch {werk.batch.nummer} is klaargemeld.")
        for punt in open_punten:
            werk.say(f"Let op: {punt}.")


def scanoperator(
    context: typer.Context,
    nummer: Nummer,
    naam: Annotated[str, typer.Argument(metavar="NAAM", help="Wie deze batch heeft gescand.", parser=parse_tekst)],
    reden: Annotated[str, typer.Option("--reden", help="Waarom u dit nu vastlegt.")],
    als: Als,
    geheim_fd: GeheimFd = None,
) -> None:
    """Leg achteraf vast wie een batch heeft gescand, als dat niet bekend was of niet klopte."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        with db.read(basis.engine) as session:
            batch_id = storage.find_batch(session, nummer).id
        wie = sign_in(basis, als, geheim_fd)
        with db.begin(basis.engine) as session:
            batch = bewerken.set_scanoperator(session, batch_id, naam=naam, reden=reden, door=wie)
        stdout().print(
            f"Vastgelegd: {batch.scanoperator} scande batch {batch.nummer}. Wie hier eerder is genoemd, mag deze "
            "batch nog steeds niet keuren of vrijgeven.",
            soft_wrap=True,
        )


def koppel(
    context: typer.Context,
    document_id: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id van het document.")],
    zaak: Annotated[str, typer.Argument(metavar="ZAAK", help="Zaaknummer.")],
    door: Door,
) -> None:
    """Koppel een document aan een zaak."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        gevonden = basis.zaaksysteem.find_zaak(zaak)
        if gevonden is None:
            raise NietGevondenError(f"Zaak {zaak} bestaat niet in het zaaksysteem. Controleer het nummer.")
        with db.begin(basis.engine) as session:
            document = find_document(session, document_id)
            aflevering.link(session, basis, document.id, gevonden, door)
        stdout().print(f"Document {str(document.id)[:8]} hoort nu bij zaak {zaak}.")


def ontkoppel(
    context: typer.Context,
    document_id: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id van het document.")],
    door: Door,
    zaak: Annotated[str | None, typer.Argument(metavar="[ZAAK]", help="Zaaknummer; leeg is de zaak van nu.")] = None,
) -> None:
    """Haal een document van zijn zaak af. Het staat daarna weer bij te koppelen."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.read(basis.engine) as session:
            document = find_document(session, document_id)
        los = aflevering.unlink(basis, document.id, zaak, door)
        stdout().print(f"Document {str(document.id)[:8]} is losgemaakt van de zaak.")
        for stop in los.stops:
            stdout().print(
                f"Let op: op de zaak loopt een stop ({stop.soort}). Die geldt nu ook voor dit document: het papier "
                "blijft. Hoort het document er niet bij? Vraag een archivaris of beheerder: scanstraat stop hef-op",
                soft_wrap=True,
            )
        if los.wees:
            stdout().print("Let op: het document staat nog in het zaaksysteem, zonder zaak. Laat het daar verwijderen.")
