"""`scanstraat demo`: the whole line in one process, on dealt post or on somebody's own scans, in a fresh folder."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from sqlmodel import Session, col, select

from scanstraat import db, demo_afronding, rapport
from scanstraat.bootstrap import Basis, Lijn, build_werker, open_lijn
from scanstraat.cli.batches import say_bewijs, say_telling
from scanstraat.cli.uitvoer import show_table, stdout
from scanstraat.config import Config, read_config
from scanstraat.domain import Bestandstatus
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.intake.dienst import open_wachters
from scanstraat.scheidingscode import Bladsoort, Scheidingsblad
from scanstraat.tables import BatchRow, ScanmapBestandRow, StapRow
from scanstraat.technisch_log import configure_log
from scanstraat.zaaksysteem import register

if TYPE_CHECKING:
    from PIL import Image

    from hardware.simulator import Scheidingsverzoek

ZICHT_S = 15.0  # how long a folder may show nothing at all
GEDULD_S = 3600.0  # the demo gives up on work that does not end
_MAPPEN = {"enkelzijdig": "bestand", "dubbelzijdig": "bestand", "mappen": "map"}


def run_demo(
    map_: Path | None, *, doel: Path | None, zaken: Path | None, talen: tuple[str, ...], toon: Console
) -> dict[str, Any]:
    """Run the line until nothing moves and every file has its final place; return the contract of the demo as values.

    Args:
        map_: the user's own scans; None deals a morning of Dutch post. They are copied, never touched.
        doel: an empty folder for the data; None makes one and names it in the answer.
        zaken: a CSV with zaken that the register of the demo knows.
    Raises:
        NietMogelijkError: `doel` is not empty, or the work does not end.
    """
    gegevens = _make_folder(doel)
    toon.print(f"De demo werkt in {gegevens}. De lijn start…", soft_wrap=True)
    with demo_afronding.open_buitenwereld(gegevens) as buiten:
        config = _write_config(gegevens, talen, buiten, eigen=map_ is not None)
        configure_log(config.algemeen.gegevensmap / "log" / "scanstraat.jsonl")
        for scanmap in config.scanmap:
            scanmap.map.mkdir(parents=True)
        with demo_afronding.run_verzegelaar(config, gegevens / "config.toml", buiten), open_lijn(config) as lijn:
            _run_lijn(lijn, map_, zaken, toon)
            bewijs = demo_afronding.finish(lijn, gegevens, toon)
            return {**build_uitslag(lijn, gegevens), **bewijs}


def _run_lijn(lijn: Lijn, map_: Path | None, zaken: Path | None, toon: Console) -> None:
    with open_wachters(lijn) as wachters, build_werker(lijn, "demo"):
        if zaken is not None:
            register.lees_zaken_csv(lijn.engine, zaken, gebruiker="demo")
        _fill(lijn, map_, toon)
        stop = threading.Event()
        draden = [threading.Thread(target=wachter.loop, args=(stop,), daemon=True) for wachter in wachters]
        for draad in draden:
            draad.start()
        try:
            _follow(lijn, toon)
        finally:
            stop.set()
            for draad in draden:
                draad.join()


def _make_folder(doel: Path | None) -> Path:
    if doel is None:
        return Path(tempfile.mkdtemp(prefix="scanstraat-demo-")).resolve()
    doel.mkdir(parents=True, exist_ok=True)
    if any(doel.iterdir()):
        raise NietMogelijkError(f"De map {doel} is niet leeg. Kies een lege of nieuwe map voor de demo.")
    return doel.resolve()


def _write_config(
    gegevens: Path, talen: tuple[str, ...], buiten: demo_afronding.Buitenwereld, *, eigen: bool
) -> Config:
    """Write settings with rest times of seconds, so that every other command can look at the demo too, and read them.

    For the user's own scans there is one folder, where also loose files come.
    """
    profiel: dict[str, Any] = {"talen": list(talen), "scanner": "Simulator", "nakijken": "nooit"}
    profiel["scanoperator"] = demo_afronding.SCANOPERATOR
    tijden = {"rusttijd_s": 1.0, "los_rusttijd_s": 2.0, "geduld_s": 3.0, "peiling_s": 0.3}
    vormen = {"eigen": "map"} if eigen else _MAPPEN
    delen: dict[str, dict[str, Any]] = {
        "algemeen": {"gegevensmap": str(gegevens / "data")},
        "opslag": {"kopie": str(gegevens / "kopie")},
        "werk": {"peiling_s": 0.2},
        "logboek": buiten.logboek,
        "profiel.enkelzijdig": profiel,
        "profiel.dubbelzijdig": {**profiel, "bladzijden": "duplex"},
        "profiel.mappen": profiel,
        "profiel.eigen": {**profiel, "scanner": "onbekend"},
    }
    regels = ["# De instellingen van deze demo."]
    for kop, waarden in delen.items():
        regels += [f"[{kop}]", *_render_toml(waarden)]
    for naam, vorm in vormen.items():
        scanmap = {"naam": naam, "map": str(gegevens / "scanmap" / naam), "profiel": naam, "batch": vorm, **tijden}
        regels += ["[[scanmap]]", *_render_toml(scanmap)]
    regels += ["[[logboek.getuige]]", *_render_toml(buiten.getuige)]
    regels += ["[[logboek.tijdstempel]]", *_render_toml(buiten.tijdstempel)]
    pad = gegevens / "config.toml"
    pad.write_text("\n".join(regels) + "\n", encoding="utf-8")
    return read_config(pad)


def _render_toml(waarden: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line per key: what JSON makes of text, numbers, lists and booleans is TOML as well."""
    return (f"{sleutel} = {json.dumps(waarde, ensure_ascii=False)}" for sleutel, waarde in waarden.items())


def _fill(basis: Basis, map_: Path | None, toon: Console) -> None:
    scanmappen = {scanmap.naam: scanmap.map for scanmap in basis.config.scanmap}
    if map_ is not None:
        if not any(pad.is_symlink() or not pad.is_dir() for pad in map_.rglob("*")):
            raise NietGevondenError(f"In {map_} staan geen bestanden. Noem een map met scans.")
        toon.print("Uw scans worden gekopieerd naar de scanmap; uw eigen map blijft zoals hij is.")
        copy_tree(map_, scanmappen["eigen"])
        return
    from hardware.post import ZAKEN  # noqa: PLC0415  drawing takes libraries that only the demo needs
    from hardware.simulator import deal_post  # noqa: PLC0415

    toon.print("De simulator scant de post van vanochtend…")
    register.save_zaken(
        basis.engine,
        [register.NieuweZaak(zaak.identificatie, zaak.zaaktype, zaak.omschrijving) for zaak in ZAKEN],
        gebruiker="demo",
    )
    deal_post(
        scanmappen["enkelzijdig"], scanmappen["dubbelzijdig"], _draw_scheidingsbladen, mappen=scanmappen["mappen"]
    )


def _draw_scheidingsbladen(verzoeken: Sequence[Scheidingsverzoek]) -> Sequence[Image.Image]:
    from scanstraat.scheidingsblad import render_scheidingsblad_beelden  # noqa: PLC0415

    return render_scheidingsblad_beelden(
        [
            Scheidingsblad(
                Bladsoort(verzoek.soort),
                zaak=verzoek.zaak,
                batch=verzoek.batch,
                bladen=verzoek.bladen,
                scanoperator=verzoek.scanoperator,
            )
            for verzoek in verzoeken
        ]
    )


def copy_tree(van: Path, naar: Path) -> None:
    """Copy regular files and folders; links and devices are copied as what they are, so that the line refuses them."""
    import shutil  # noqa: PLC0415

    shutil.copytree(van, naar, symlinks=True, dirs_exist_ok=True)


def _follow(basis: Basis, toon: Console) -> None:
    """Show progress until nothing runs and every file has its final place."""
    begin = time.monotonic()
    rustig = 0
    with Live(console=toon, refresh_per_second=4, transient=True) as beeld:
        while rustig < 4:
            with db.read(basis.engine) as session:
                stand = _read_stand(session)
            beeld.update(_draw_stand(stand))
            rustig = rustig + 1 if stand["klaar"] else 0
            if not stand["gezien"] and time.monotonic() > begin + ZICHT_S:
                raise NietGevondenError(
                    "In deze map staat niets dat de scanstraat ziet. Zet er scans in en probeer het weer."
                )
            if time.monotonic() > begin + GEDULD_S:
                raise NietMogelijkError("De demo komt niet klaar. Bekijk de stappen met: scanstraat stappen")
            time.sleep(0.25)


def _read_stand(session: Session) -> dict[str, Any]:
    wacht = session.exec(
        select(ScanmapBestandRow.id).where(ScanmapBestandRow.status == Bestandstatus.WACHT.value)
    ).all()
    gezien = session.exec(select(ScanmapBestandRow.id)).all()
    stappen = session.exec(select(StapRow).order_by(col(StapRow.aangemaakt_op))).all()
    lopend = [stap for stap in stappen if stap.status in ("wacht", "bezig")]
    return {
        "gezien": len(gezien),
        "wacht": len(wacht),
        "stappen": stappen,
        "klaar": bool(gezien) and not wacht and not lopend,
    }


def _draw_stand(stand: dict[str, Any]) -> Table:
    tabel = Table(show_header=True, header_style="bold", box=None)
    for kolom in ("Fase", "Klaar", "Bezig", "Wacht", "Voortgang"):
        tabel.add_column(kolom)
    tabel.add_row("scanmap", str(stand["gezien"] - stand["wacht"]), "", str(stand["wacht"]), "")
    for fase in ("ontleed", "archiveer", "lever_af"):
        van_fase = [stap for stap in stand["stappen"] if stap.fase == fase]
        bezig = [stap for stap in van_fase if stap.status == "bezig"]
        voortgang = " ".join(f"{stap.gedaan}/{stap.totaal}" for stap in bezig if stap.totaal)
        tabel.add_row(
            fase.replace("_", " "),
            str(sum(stap.status == "klaar" for stap in van_fase)),
            str(len(bezig)),
            str(sum(stap.status == "wacht" for stap in van_fase)),
            voortgang,
        )
    return tabel


def build_uitslag(basis: Basis, gegevens: Path) -> dict[str, Any]:
    """Return the demo's outcome: where every file is, and every batch with its documents and proofs."""
    with db.read(basis.engine) as session:
        scanmap = rapport.build_scanmap(session)
        batches = session.exec(select(BatchRow).order_by(col(BatchRow.volgnummer))).all()
        return {
            "map": str(gegevens),
            "scanmap": [{"naam": r["naam"], "status": r["status"], "reden": r["reden"] or None} for r in scanmap],
            "batches": [_build_batch(session, basis, batch) for batch in batches],
        }


def _build_batch(session: Session, basis: Basis, batch: BatchRow) -> dict[str, Any]:
    gevonden = rapport.build_batch(session, batch, basis.opslag.pad)
    velden = (
        "id",
        "paginas",
        "zaak",
        "waarom_geen_zaak",
        "bestand",
        "pdfa",
        "getrouwheid",
        "teruggelezen",
        "bevindingen",
    )
    return {
        "nummer": gevonden["nummer"],
        "bladtelling": gevonden["bladtelling"],
        "documenten": [_shorten({veld: d[veld] for veld in velden}) for d in gevonden["documenten"]],
        "bevindingen": [{k: b[k] for k in ("code", "ernst", "pagina", "tekst")} for b in gevonden["bevindingen"]],
    }


def _shorten(document: dict[str, Any]) -> dict[str, Any]:
    teruggelezen = document["teruggelezen"]
    return {
        **document,
        "teruggelezen": None if teruggelezen is None else {"gelijk": teruggelezen["gelijk"]},
        "bevindingen": [{k: b[k] for k in ("code", "ernst", "pagina")} for b in document["bevindingen"]],
    }


def show_uitslag(uitslag: dict[str, Any]) -> None:
    """Print the outcome for people."""
    show_table(
        "Waar is elk bestand?",
        ["Bestand", "Waar", "Reden"],
        [[r["naam"], r["status"], r["reden"]] for r in uitslag["scanmap"]],
        leeg="Er zijn geen bestanden gezien.",
    )
    show_table(
        "Documenten",
        [
            "Batch",
            "Bladtelling",
            "Document",
            "Pagina's",
            "Zaak",
            "PDF/A",
            "Pixels gelijk",
            "Teruggelezen",
            "Bevindingen",
        ],
        list(_document_lines(uitslag["batches"])),
        leeg="Er zijn geen documenten gemaakt.",
    )
    for batch in uitslag["batches"]:
        for document in batch["documenten"]:
            stdout().print(f"{batch['nummer']}  {document['id'][:8]}  {document['bestand'] or '–'}", soft_wrap=True)
    stdout().print("\nAlles staat in", end=" ")
    stdout().print(uitslag["map"], style="bold", soft_wrap=True)
    stdout().print(
        f"Verder kijken: ./run scanstraat --config {uitslag['map']}/config.toml batches\n"
        f"Een document bekijken: ./run scanstraat --config {uitslag['map']}/config.toml document ID --naar brief.pdf",
        soft_wrap=True,
    )


def _document_lines(batches: Sequence[dict[str, Any]]) -> Iterator[list[Any]]:
    for batch in batches:
        van_paginas = {(b["code"], b["pagina"]) for d in batch["documenten"] for b in d["bevindingen"]}
        rest = [b["code"] for b in batch["bevindingen"] if (b["code"], b["pagina"]) not in van_paginas]
        for nummer, d in enumerate(batch["documenten"]):
            codes = [b["code"] for b in d["bevindingen"]] + ([] if nummer else rest)  # those of the batch, once
            yield [
                batch["nummer"],
                " " if nummer else say_telling(batch["bladtelling"]),
                d["id"][:8],
                d["paginas"],
                d["zaak"] or f"te koppelen. {d['waarom_geen_zaak']}",
                say_bewijs(d["pdfa"], "conform"),
                say_bewijs(d["getrouwheid"], "gelijk"),
                say_bewijs(d["teruggelezen"], "gelijk"),
                ", ".join(dict.fromkeys(codes)),
            ]
