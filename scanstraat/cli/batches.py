"""Commands that look: batches, documents, the scanmap, steps; and those that let a file or a step go on or not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlmodel import select

from kwaliteitscontrole.woorden import count_words, format_getal
from scanstraat import bewerken, db, rapport, storage
from scanstraat.bootstrap import open_basis
from scanstraat.cli.aanmelden import prove_door
from scanstraat.cli.uitvoer import (
    AlsJson,
    Door,
    expected_errors,
    load_config,
    open_nieuw,
    show_json,
    show_table,
    stderr,
    stdout,
)
from scanstraat.domain import Bestandstatus
from scanstraat.errors import NietGevondenError, NietMogelijkError, OpslagBeschadigdError
from scanstraat.intake.opslag import Objectstaat, Opslag
from scanstraat.tables import DocumentRow, ScanmapBestandRow, StapRow

quarantaine = typer.Typer(help="Bestanden die niet door konden, met de reden.", invoke_without_command=True)
stappen = typer.Typer(help="Wat loopt, wacht, mislukt is of stilligt.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("batches")(batches)
    app.command("batch")(batch)
    app.command("document")(document)
    app.command("scanmap")(scanmap)
    app.add_typer(quarantaine, name="quarantaine")
    app.add_typer(stappen, name="stappen")


def batches(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon de batches, de nieuwste eerst."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = rapport.build_batches(session)
    if als_json:
        return show_json(rijen)
    return show_table(
        "Batches",
        ["Batch", "Status", "Ontvangen", "Scanmap", "Documenten", "Bladtelling", "Bevindingen", "Scanoperator"],
        [
            [r["nummer"], r["status"], r["ontvangen_op"], r["scanmap"], r["documenten"],
             say_telling(r["bladtelling"]), r["bevindingen"], r["scanoperator"]]
            for r in rijen
        ],
        leeg="Er zijn nog geen batches. Zet bestanden in de scanmap en start alles met: scanstraat start",
    )  # fmt: skip


def say_telling(telling: dict[str, Any]) -> str:
    """Return the count as people say it: 12 = 9 + 2 + 1."""
    som = (
        f"{telling['ontvangen']} = {telling['in_documenten']} + {telling['scheidingsbladen']} + {telling['weggelaten']}"
    )
    return som if telling["sluitend"] else f"KLOPT NIET: {som}"


def batch(
    context: typer.Context,
    nummer: Annotated[str, typer.Argument(help="Batchnummer, bijvoorbeeld B-2026-0142 of 142.")],
    als_json: AlsJson = False,
) -> None:
    """Toon een batch: bladtelling, documenten, bladen, bevindingen en bewerkingen, en of het papier vervangbaar is."""
    from scanstraat.poort import find_niet_vervangbaar  # noqa: PLC0415  most commands do not need all that it needs

    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rij = storage.find_batch(session, nummer)
        gevonden = rapport.build_batch(session, rij, basis.opslag.pad)
        profiel = basis.config.profiel.get(rij.profiel)
        gevonden["instellingen_van_nu"] = (
            profiel is not None and storage.build_momentopname(profiel)[1] == rij.momentopname_sha256
        )
        gevonden["niet_vervangbaar"] = find_niet_vervangbaar(basis, session, rij)
    if als_json:
        return show_json(gevonden)
    telling = gevonden["bladtelling"]
    stdout().print(f"Batch {gevonden['nummer']}", style="bold", end="  ")
    stdout().print(
        f"{gevonden['status']}\n"
        f"Bladtelling: {telling['ontvangen']} ontvangen = {telling['in_documenten']} in documenten + "
        f"{count_words(telling['scheidingsbladen'], 'scheidingsblad', 'scheidingsbladen')} + "
        f"{telling['weggelaten']} weggelaten"
        f"",
        end="\n" if telling["sluitend"] else "  ",
    )
    if not telling["sluitend"]:
        stdout().print("KLOPT NIET", style="bold red")
    stdout().print(
        f"Scanoperator: {gevonden['scanoperator']}   Profiel: {gevonden['profiel']}   "
        f"Instellingen: {gevonden['vingerafdruk'][:12]}"
    )
    for wat, waarde in (("Batchblad", gevonden["batchblad"]), ("Eerder ontvangen in", gevonden["dubbel_van"])):
        if waarde:
            stdout().print(f"{wat}: {waarde}")
    if not gevonden["instellingen_van_nu"]:
        stdout().print(
            f"Het profiel {gevonden['profiel']} is na ontvangst veranderd. Deze batch houdt de instellingen van toen.",
            soft_wrap=True,
        )
    for stop in gevonden["stops"]:
        stdout().print(f"Het papier blijft liggen: {stop}", soft_wrap=True)
    for reden in gevonden["niet_vervangbaar"]:
        stdout().print(f"Nog niet vervangbaar: {reden}", soft_wrap=True)
    show_table(
        "Ontvangen bestanden",
        ["Bestand", "Soort", "Beelden", "SHA-256"],
        [[b["naam"], b["soort"], b["beelden"], b["sha256"][:16]] for b in gevonden["bronnen"]],
        leeg="",
    )
    show_documenten(gevonden["documenten"])
    show_table(
        "Bladen",
        ["Blad", "Waar", "Draai", "Dpi", "Kleur", "Scheef", "Inkt", "Reden"],
        [
            [b["blad"], say_plaats(b), b["draai_graden"], b["dpi"], b["kleurmodus"],
             b["metingen"].get("scheefstand_graden"), say_share(b["metingen"].get("inktdekking")), b["reden"]]
            for b in gevonden["beelden"]
        ],
        leeg="Deze batch is nog niet ontleed.",
    )  # fmt: skip
    show_bevindingen(gevonden["bevindingen"])
    if gevonden["bewerkingen"]:
        show_table(
            "Bewerkingen",
            ["Nummer", "Wat", "Wanneer", "Door", "Ongedaan gemaakt"],
            [[b["nummer"], b["soort"], b["op"], b["door"], b["ongedaan"]] for b in gevonden["bewerkingen"]],
            leeg="",
        )
    return None


def say_plaats(beeld: dict[str, Any]) -> str:
    """Return where a side of a sheet is: its document with the page, or that it is in none."""
    if beeld["document"] is None:
        return str(beeld["bestemming"])
    return f"{beeld['document'][:8]}, pagina {beeld['pagina']}"


def say_share(deel: float | None) -> str | None:
    """Return a share (0 to 1) as people say it: 3,6 %."""
    return None if deel is None else f"{format_getal(deel * 100)} %"


def show_documenten(documenten: list[dict[str, Any]]) -> None:
    """Print documents with their zaak and both proofs."""
    show_table(
        "Documenten",
        ["Document", "Pagina's", "Zaak", "PDF/A", "Pixels gelijk", "Teruggelezen", "Tekst", "Bevindingen"],
        [
            [d["id"][:8], d["paginas"], d["zaak"] or "te koppelen", say_bewijs(d["pdfa"], "conform"),
             say_bewijs(d["getrouwheid"], "gelijk"), say_bewijs(d["teruggelezen"], "gelijk"),
             None if d["woordzekerheid"] is None else f"{d['woordzekerheid']:.0f} %",
             ", ".join(b["code"] for b in d["bevindingen"])]
            for d in documenten
        ],
        leeg="Deze batch heeft nog geen documenten.",
    )  # fmt: skip


def show_bevindingen(bevindingen: list[dict[str, Any]]) -> None:
    """Print findings, when there are any."""
    staand = [b for b in bevindingen if not b["vervallen"]]
    if staand:
        show_table(
            "Bevindingen",
            ["Ernst", "Document", "Blad", "Pagina", "Bevinding", "Afgehandeld"],
            [
                [b["ernst"], (b["document"] or "")[:8], b["blad"], b["pagina"], b["tekst"], b["afgehandeld"]]
                for b in staand
            ],
            leeg="",
        )
    if len(staand) < len(bevindingen):
        klopten = count_words(len(bevindingen) - len(staand), "bevinding klopt", "bevindingen kloppen")
        stdout().print(f"{klopten} niet meer, omdat de batch is veranderd. Alle bevindingen: voeg --json toe.")


def say_bewijs(bewijs: dict[str, Any] | None, veld: str) -> str:
    """Return ja, NEE, or a dash for a proof that does not exist yet."""
    if bewijs is None:
        return "–"
    return "ja" if bewijs[veld] else "NEE"


def document(
    context: typer.Context,
    document_id: Annotated[
        str, typer.Argument(metavar="ID", help="Id van het document; de eerste tekens zijn genoeg.")
    ],
    naar: Annotated[
        Path | None,
        typer.Option("--naar", metavar="BESTAND", help="Schrijf het PDF/A-bestand hierheen, om het te bekijken."),
    ] = None,
    als_json: AlsJson = False,
) -> None:
    """Toon een document: pagina's, zaak met reden, bewijzen, versies en het bestand."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rij = find_document(session, document_id)
        gevonden = rapport.build_document(session, rij, basis.opslag.pad)
        gevonden["versies"] = rapport.build_versies(session, rij.id)
        gevonden["bladzijden"] = rapport.build_paginas(session, rij.id)
        gevonden["batch"] = storage.load_batch(session, rij.batch_id).nummer
        if naar is not None:
            bestand = naar / f"{gevonden['batch']}-{gevonden['id'][:8]}.pdf" if naar.is_dir() else naar
            write_pdf(basis.opslag, gevonden["sha256"], bestand)
            stderr().print(f"Het PDF/A-bestand staat in {bestand}", soft_wrap=True)
    if als_json:
        return show_json(gevonden)
    stdout().print(f"Document {gevonden['id']}", style="bold", end="  ")
    stdout().print(
        f"uit batch {gevonden['batch']}\nTitel: {gevonden['titel'] or '–'}\nBestand: {gevonden['bestand'] or '–'}",
        soft_wrap=True,
    )
    if gevonden["vervallen"]:
        stdout().print("Dit document heeft geen pagina's meer: ze zijn weggelaten of horen nu bij een ander.")
    elif gevonden["waarom_geen_zaak"]:
        stdout().print(f"Te koppelen. {gevonden['waarom_geen_zaak']}", soft_wrap=True)
    show_documenten([gevonden])
    show_table(
        "Waarom deze zaak",
        ["Aanwijzing", "Zaak", "Uitleg"],
        [[r["bron"], r["zaakidentificatie"], r["tekst"]] for r in gevonden["koppelredenen"]],
        leeg="Er is geen aanwijzing voor een zaak gevonden. Koppel met: scanstraat koppel DOCUMENT ZAAK",
    )
    show_table(
        "Pagina's",
        ["Pagina", "Blad", "Draai", "Woorden", "Zekerheid van de tekst"],
        [
            [b["nummer"], b["blad"], b["draai_graden"], b["woorden"], b["woordzekerheid"]]
            for b in gevonden["bladzijden"]
        ],
        leeg="",
    )
    show_table(
        "Versies",
        ["Versie", "Reden", "Gemaakt", "SHA-256"],
        [
            [v["n"], "eerste versie" if v["n"] == 1 else v["reden"], v["op"], (v["sha256"] or "")[:16]]
            for v in gevonden["versies"]
        ],
        leeg="",
    )
    show_bevindingen(gevonden["bevindingen"])
    return None


def write_pdf(opslag: Opslag, sha256: str | None, bestand: Path) -> None:
    """Copy the archive file of a document out of the store, checked on the way; nothing is overwritten.

    Raises:
        NietMogelijkError: there is no archive file yet, or a file of that name is there already.
        OpslagError: the bytes are not what they were.
    """
    if sha256 is None:
        raise NietMogelijkError("Dit document heeft nog geen PDF/A-bestand. Wacht tot het is verwerkt.")
    if opslag.controleer(sha256).origineel is not Objectstaat.IN_ORDE:
        raise OpslagBeschadigdError("Dit bestand is beschadigd in de opslag. Voer uit: scanstraat opslag controleer")
    with os.fdopen(opslag.open_fd(sha256), "rb") as bron, open_nieuw(bestand) as doel:
        shutil.copyfileobj(bron, doel, 1 << 20)


def find_document(session: Any, begin: str) -> DocumentRow:
    """Return the one document whose id starts with `begin`."""
    gevonden: DocumentRow = find_one(session, DocumentRow, begin, "document", "scanstraat batch NR")
    return gevonden


def find_one(session: Any, tabel: Any, begin: str, wat: str, toont: str) -> Any:
    """Return the one row whose id starts with `begin` (at least 4 characters).

    Raises:
        NietGevondenError: none, or more than one.
    """
    kort = begin.strip().lower().replace("-", "")
    gevonden = []
    if 4 <= len(kort) <= 32 and set(kort) <= set("0123456789abcdef"):
        van, tot = UUID(kort.ljust(32, "0")), UUID(kort.ljust(32, "f"))
        gevonden = session.exec(select(tabel).where(tabel.id >= van, tabel.id <= tot).limit(2)).all()
    if len(gevonden) != 1:
        meer = f"past bij meer dan één {wat}" if gevonden else f"is niet het id van een {wat}"
        raise NietGevondenError(f"{begin} {meer}. Bekijk de ids met: {toont}")
    return gevonden[0]


def scanmap(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon elk bestand dat ooit in een scanmap verscheen, en waar het nu is."""
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = rapport.build_scanmap(session)
    if als_json:
        return show_json(rijen)
    show_bestanden("Scanmap", rijen)
    aantal = {status: sum(r["status"] == status for r in rijen) for status in map(str, Bestandstatus)}
    stdout().print(
        f"{len(rijen)} gezien = {aantal['wacht']} wacht + {aantal['ingenomen']} ingenomen + "
        f"{aantal['quarantaine']} in quarantaine + {aantal['geweigerd']} geweigerd"
    )
    return None


def show_bestanden(titel: str, rijen: list[dict[str, Any]]) -> None:
    """Print files of a scanmap."""
    show_table(
        titel,
        ["Id", "Gezien", "Bestand", "Status", "Batch", "Ligt nu in", "Reden"],
        [[r["id"][:8], r["gezien_op"], r["naam"], r["status"], r["batch"], r["ligt_in"], r["reden"]] for r in rijen],
        leeg="Geen bestanden.",
    )


@quarantaine.callback()
def toon_quarantaine(context: typer.Context, als_json: AlsJson = False) -> None:
    """Toon wat in quarantaine staat en waarom."""
    if context.invoked_subcommand is not None:
        return
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = rapport.build_scanmap(session, status=Bestandstatus.QUARANTAINE)
    if als_json:
        show_json(rijen)
    else:
        show_bestanden("Quarantaine", rijen)


@quarantaine.command("opnieuw")
def quarantaine_opnieuw(
    context: typer.Context,
    bestand_id: Annotated[str, typer.Argument(metavar="ID", help="Id van het bestand.")],
    door: Door,
) -> None:
    """Onderzoek een bestand opnieuw, bijvoorbeeld na een andere instelling van het profiel."""
    from scanstraat.intake.dienst import retry_quarantaine  # noqa: PLC0415  starts the sandbox

    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.read(basis.engine) as session:
            bestand = find_one(session, ScanmapBestandRow, bestand_id, "bestand", "scanstraat quarantaine")
        stdout().print(retry_quarantaine(basis, bestand.id, door))


@quarantaine.command("weigeren")
def quarantaine_weigeren(
    context: typer.Context,
    bestand_id: Annotated[str, typer.Argument(metavar="ID", help="Id van het bestand.")],
    reden: Annotated[str, typer.Option("--reden", help="Waarom dit bestand niet wordt ingenomen.")],
    door: Door,
) -> None:
    """Weiger een bestand uit quarantaine voorgoed; de bytes blijven bewaard."""
    from scanstraat.intake.dienst import refuse_quarantaine  # noqa: PLC0415

    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.read(basis.engine) as session:
            bestand = find_one(session, ScanmapBestandRow, bestand_id, "bestand", "scanstraat quarantaine")
        refuse_quarantaine(basis, bestand.id, reden, door)
        stdout().print("Geweigerd. Het bestand blijft bewaard in de map quarantaine.")


@stappen.callback()
def toon_stappen(
    context: typer.Context,
    alles: Annotated[bool, typer.Option("--alles", help="Ook wat klaar is.")] = False,
    als_json: AlsJson = False,
) -> None:
    """Toon wat loopt, wacht, mislukt is of stilligt omdat het geannuleerd is."""
    if context.invoked_subcommand is not None:
        return
    with expected_errors(), open_basis(load_config(context)) as basis, db.read(basis.engine) as session:
        rijen = rapport.build_stappen(session, alles=alles)
    if als_json:
        show_json(rijen)
        return
    show_table(
        "Stappen",
        ["Id", "Batch", "Fase", "Status", "Voortgang", "Poging", "Sinds", "Fout"],
        [
            [r["id"][:8], r["batch"], r["fase"], r["status"],
             f"{r['gedaan']} van {r['totaal']}" if r["totaal"] else None, r["poging"], r["sinds"], r["fout"]]
            for r in rijen
        ],
        leeg="Niets loopt, wacht, is mislukt of ligt stil.",
    )  # fmt: skip


@stappen.command("opnieuw")
def stap_opnieuw(
    context: typer.Context, stap_id: Annotated[str, typer.Argument(metavar="ID", help="Id van de stap.")], door: Door
) -> None:
    """Probeer een mislukte of geannuleerde stap opnieuw."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.begin(basis.engine) as session:
            stap = find_one(session, StapRow, stap_id, "stap", "scanstraat stappen")
            bewerken.retry_stap(session, basis.werkbank, stap.id, storage.load_actor(session, door, "persoon"))
        stdout().print("De stap staat weer klaar om te lopen.")


@stappen.command("annuleer")
def stap_annuleer(
    context: typer.Context, stap_id: Annotated[str, typer.Argument(metavar="ID", help="Id van de stap.")], door: Door
) -> None:
    """Annuleer een stap die wacht of loopt; met `opnieuw` gaat hij later verder."""
    with expected_errors(), open_basis(load_config(context)) as basis:
        door = prove_door(basis, door)
        with db.read(basis.engine) as session:
            stap = find_one(session, StapRow, stap_id, "stap", "scanstraat stappen")
        bewerken.cancel_stap(basis.werkbank, stap.id, door)
        stdout().print("De stap is geannuleerd.")
