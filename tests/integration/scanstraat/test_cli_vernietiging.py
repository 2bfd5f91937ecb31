"""From judging to the certificate by commands: what they answer, in Dutch, and with which exit code."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyotp
import pytest
from PIL import Image, ImageDraw
from sqlmodel import select
from typer.testing import CliRunner, Result

from kwaliteitscontrole.steekproef import draw_steekproef
from scanstraat import afronding, bewerken, db, papier, personen, poort, storage, verantwoording, vernietigen
from scanstraat import opstelling as o
from scanstraat.cli import app
from scanstraat.cli.aanmelden import WERKBEWIJS
from scanstraat.domain import Bewerkingsoort, Weglaatreden, parse_tijd
from scanstraat.tables import BeeldRow
from scanstraat.tables_bewijs import AanmeldingRow, BesluitRow, DoosRow, PersoonRow, UitvoeringRow
from tests.afrondproef import (
    ARCHIVARIS,
    BEHEERDER,
    CONTROLEUR,
    CONTROLEUR_2,
    DIV,
    EEN,
    SCANOPERATOR,
    TWEE,
    ZAAK,
    Afrondproef,
    open_afrondproef,
)
from tests.builders import Batchproef
from tests.vijandig import build_pdf

WACHTWOORD = "vier woorden achter elkaar"
ENGELS = re.compile(r"\b(Traceback|Error|Usage|Invalid|Missing|Option|Aborted|None|True|False)\b")


class Installatie:
    """An installation that commands are given to, whose people can sign in."""

    def __init__(self, proef: Afrondproef) -> None:
        self.proef = proef
        self.config = proef.map / "config.toml"
        self.config.write_text(self._build_config(), encoding="utf-8")
        self.geheimen: dict[str, str] = {}
        kluis = personen.open_kluis(proef.basis.config.algemeen.gegevensmap)
        with db.begin(proef.basis.engine) as session:
            for persoon in session.exec(select(PersoonRow)):
                self.geheimen[persoon.naam] = personen.set_aanmelding(
                    session, kluis, persoon, WACHTWOORD, door=proef.wie(BEHEERDER)
                )

    def _build_config(self) -> str:
        logboek = self.proef.basis.config.logboek
        (getuige,), (stempel,) = logboek.getuige, logboek.tijdstempel
        return (
            f'[opslag]\nkopie = "kopie"\n[logboek]\noorsprong = "{logboek.oorsprong}"\n'
            f'[[logboek.getuige]]\nnaam = "{getuige.naam}"\nsleutel = "{getuige.sleutel}"\nurl = "{getuige.url}"\n'
            f'[[logboek.tijdstempel]]\nnaam = "{stempel.naam}"\nurl = "{stempel.url}"\nwortel = "{stempel.wortel}"\n'
        )

    def run(self, *woorden: str, als: str = "", config: Path | None = None) -> Result:
        """Give a command, as somebody who signs in with a fresh code."""
        if als:
            woorden = (*woorden, "--als", als, "--geheim-fd", str(self._open_geheim(als)))
        uitslag = CliRunner().invoke(
            app, ["--config", str(config or self.config), *woorden], env=self._build_env(woorden)
        )
        assert not ENGELS.search(uitslag.output.replace("--help", "")) or "--json" in woorden, uitslag.output
        return uitslag

    def _build_env(self, woorden: tuple[str, ...]) -> dict[str, str]:
        """Let whoever works have signed in, in this terminal."""
        if "--door" not in woorden:
            return {}
        wie = self.proef.wie(woorden[woorden.index("--door") + 1])
        kluis = personen.open_kluis(self.proef.basis.config.algemeen.gegevensmap)
        with db.read(self.proef.basis.engine) as session:
            return {WERKBEWIJS: personen.build_werkbewijs(session, kluis, wie)}

    def _open_geheim(self, naam: str) -> int:
        with db.begin(self.proef.basis.engine) as session:  # a code counts once, and tests are fast
            for rij in session.exec(select(AanmeldingRow).where(AanmeldingRow.persoon_id == self.proef.mensen[naam])):
                rij.totp_stap = 0
                session.add(rij)
        lezen, schrijven = os.pipe()
        os.write(schrijven, f"{WACHTWOORD}\n{pyotp.TOTP(self.geheimen[naam]).now()}\n".encode())
        os.close(schrijven)
        return lezen

    def say(self, *woorden: str, als: str = "", exitcode: int = 0) -> str:
        uitslag = self.run(*woorden, als=als)
        assert uitslag.exit_code == exitcode, uitslag.output
        return " ".join(uitslag.output.replace("│", " ").replace(f" --config {self.config}", "").split())

    def json(self, *woorden: str, als: str = "", exitcode: int = 0) -> Any:
        uitslag = self.run(*woorden, "--json", als=als)
        assert uitslag.exit_code == exitcode, uitslag.output
        return json.loads(uitslag.stdout)

    def nummer(self, batch: Batchproef) -> str:
        with db.read(self.proef.basis.engine) as session:
            return storage.load_batch(session, batch.batch).nummer

    def add_lijst(self, naam: str) -> DoosRow:
        """Approve a new batch and put its doos on a list, without commands."""
        batch = self.proef.add_batch(1)
        self.proef.approve(batch.batch)
        doos = self.proef.box(batch.batch)
        self.proef.propose(doos, naam=naam)
        return doos

    def release(self, naam: str, doos: DoosRow) -> None:
        with db.read(self.proef.basis.engine) as session:
            lijst = poort.find_lijst(session, naam)
        self.proef.look(lijst, doos)
        self.proef.back_up()
        self.proef.release(lijst, EEN)
        self.proef.release(lijst, TWEE)
        self.proef.anchor()


@pytest.fixture(scope="module")
def hier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installatie]:
    with open_afrondproef(tmp_path_factory.mktemp("opdrachten")) as proef:
        proef.add_batch(1)
        proef.add_besluit()
        yield Installatie(proef)


def draw_pagina(pad: Path) -> Path:
    """Draw a page as a scanner would give it."""
    pagina = Image.new("L", (1654, 2339), 255)
    ImageDraw.Draw(pagina).text((100, 100), "een brief\n" * 40, fill=0)
    pagina.save(pad, dpi=(200, 200))
    return pad


# --- the whole journey --------------------------------------------------------------------------------------------


def test_from_judging_to_the_certificate_by_commands(hier: Installatie, tmp_path: Path) -> None:
    proef = hier.proef
    batch = proef.add_batch(2, 1)
    nummer, document = hier.nummer(batch), str(batch.documenten[0])[:8]

    gezegd = hier.say("keur", nummer, als=CONTROLEUR)
    assert (
        "3 pagina's. Alle worden bekeken (strengheid: " in gezegd and f"scanstraat keur {nummer} --toon MAP" in gezegd
    )
    assert "nog niet bekeken" in hier.say("keur", nummer, "--goed", als=CONTROLEUR, exitcode=5)
    gezegd = hier.say("keur", nummer, "--toon", str(tmp_path / "kijk"), als=CONTROLEUR)
    assert sorted(pad.name for pad in (tmp_path / "kijk").iterdir()) == ["01.pdf", "02.pdf", "overzicht.txt"]
    assert (tmp_path / "kijk").stat().st_mode & 0o077 == 0
    overzicht = (tmp_path / "kijk" / "overzicht.txt").read_text(encoding="utf-8")
    assert f"01.pdf  Document {document}" in overzicht and "pagina 2: getrokken" in overzicht
    assert "verkeerde_zaak" in overzicht and SCANOPERATOR not in overzicht
    assert "liggen al bestanden" in hier.say(
        "keur", nummer, "--toon", str(tmp_path / "kijk"), als=CONTROLEUR, exitcode=5
    )

    gezegd = hier.say("keur", nummer, "--fout", f"{document}:2:onleesbaar,scheef:vlek", als=CONTROLEUR)
    assert f"Batch {nummer} is afgekeurd." in gezegd and "kritieke fout" in gezegd
    assert f"scanstraat herscan {document} BESTAND --pagina 2" in gezegd
    assert "al afgekeurd door Karin Controleur" in hier.say("keur", nummer, als=CONTROLEUR)
    scan = draw_pagina(tmp_path / "nieuw.png")
    assert f"scanstraat keur {nummer}" in hier.say(
        "herscan", document, str(scan), "--pagina", "2", "--door", SCANOPERATOR
    )
    assert "nog niet geleverd" in hier.say("keur", nummer, als=CONTROLEUR, exitcode=5)
    proef.finish_werk(batch.documenten[0])
    assert hier.json("keur", nummer, als=CONTROLEUR)["oordeel"] is None
    hier.say("keur", nummer, "--toon", str(tmp_path / "nog eens"), als=CONTROLEUR)
    assert f"Batch {nummer} is goedgekeurd." in hier.say("keur", nummer, "--goed", als=CONTROLEUR)

    doos = proef.box(batch.batch).nummer
    gezegd = hier.say("lijst", "maak", "Lijst 2026-01", doos, als=DIV)
    assert "1 doos, 1 batch, 2 documenten" in gezegd and f"laatste-blik {doos}" in gezegd
    assert "voorgesteld" in hier.say("lijst", "toon")
    gezegd = hier.say("lijst", "onderzoek", "Lijst 2026-01", exitcode=5)
    assert "Het papier blijft" in gezegd and "Er is geen back-up" in gezegd

    gezegd = hier.say("laatste-blik", doos, "--lijst", "Lijst 2026-01", als=DIV)
    assert "Neem uit de doos" in gezegd and "archief, stelling 4" in gezegd
    gezegd = hier.say("laatste-blik", doos, "--lijst", "Lijst 2026-01", "--gelijk", als=DIV, exitcode=5)
    assert "nog niet bekeken" in gezegd and "--toon MAP" in gezegd
    hier.say("laatste-blik", doos, "--lijst", "Lijst 2026-01", "--toon", str(tmp_path / "blik"), als=DIV)
    assert "vel " in (tmp_path / "blik" / "overzicht.txt").read_text(encoding="utf-8")
    assert "is geslaagd" in hier.say("laatste-blik", doos, "--lijst", "Lijst 2026-01", "--gelijk", als=DIV)

    assert "mag nog niet weg" in hier.say("geef-vrij", "Lijst 2026-01", als=EEN, exitcode=5)
    proef.back_up()
    assert "eerste vrijgave" in hier.say("geef-vrij", "Lijst 2026-01", als=EEN)
    assert "--naam-lijst" in hier.say("geef-vrij", "Lijst 2026-01", als=TWEE, exitcode=5)
    fout = hier.say("geef-vrij", "Lijst 2026-01", "--naam-lijst", "Lijst 2026-1", als=TWEE, exitcode=5)
    assert "precies over" in fout
    gezegd = hier.say("geef-vrij", "Lijst 2026-01", "--naam-lijst", "Lijst 2026-01", als=TWEE)
    assert "twee keer vrijgegeven" in gezegd and "Bedenktijd" in gezegd
    container = ("--bedrijf", "Versnipper BV", "--container", f"C-1:Z-1:{doos}")
    assert "logboek veranker" in hier.say("opdracht", "Lijst 2026-01", *container, als=DIV, exitcode=5)
    hier.say("logboek", "veranker")
    assert "Alle veertien feiten zijn waar" in hier.say("lijst", "onderzoek", "Lijst 2026-01")

    opdracht = hier.json("opdracht", "Lijst 2026-01", *container, als=DIV)
    assert opdracht["niveau"] == "P-4" and opdracht["containers"][0]["dozen"] == [doos]
    bewijs = tmp_path / "bewijs.pdf"
    bewijs.write_bytes(build_pdf(1))
    uitvoering = ("uitvoering", opdracht["nummer"], doos)
    feiten = ("--op", datetime.now(UTC).isoformat(), "--container", "C-1", "--zegel", "Z-1", "--niveau", "p-4",
              "--wijze", "versnipperd", "--certificaatnummer", "VB-1")  # fmt: skip
    assert "vernietigd" in hier.say(*uitvoering, *feiten, "--certificaat", str(bewijs), als=DIV)
    toon = hier.json("lijst", "toon", "lijst 2026-01")
    assert toon["stand"] == "vernietigd"
    (gedaan,) = toon["opdracht"]["uitvoeringen"]
    assert (gedaan["doos"], gedaan["uitslag"], gedaan["niveau"]) == (doos, "vernietigd", "P-4")
    assert proef.basis.opslag.heeft(gedaan["certificaat_sha256"])
    assert "VB-1" in hier.say("lijst", "toon", "Lijst 2026-01")
    assert "Vernietigd" in hier.say("batches")


# --- JSON ---------------------------------------------------------------------------------------------------------


def test_json_has_what_the_screen_has(hier: Installatie, tmp_path: Path) -> None:
    batch = hier.proef.add_batch(2)
    nummer = hier.nummer(batch)
    gezien = hier.json("keur", nummer, "--toon", str(tmp_path / "kijk"), als=CONTROLEUR)
    assert (gezien["batch"], gezien["lot"], gezien["n"], gezien["strengheid"]) == (nummer, 2, 2, "normaal")
    assert list(gezien["grenzen"]) == ["kritiek", "ernstig", "licht"]
    assert gezien["grenzen"]["kritiek"] == {"goedkeurgetal": 0, "afkeurgetal": 1}
    assert [(p["document"], p["pagina"], p["getrokken"], p["gemarkeerd"]) for p in gezien["paginas"]] == [
        (str(batch.documenten[0]), pagina, True, []) for pagina in (1, 2)
    ]
    assert gezien["map"] == str(tmp_path / "kijk")
    document = str(batch.documenten[0])
    oordeel = hier.json(
        "keur", nummer, "--fout", f"{document}:1:scheef", "--fout", f"{document}:1:afgesneden", als=CONTROLEUR
    )
    assert oordeel["uitslag"] == "afgekeurd"  # what was said of one page in two times is put together
    assert oordeel["fouten_per_klasse"] == {"licht": 1, "ernstig": 1, "kritiek": 0}

    doos = hier.add_lijst("Lijst json")
    lijsten = hier.json("lijst", "toon")
    assert {"naam", "stand", "op", "door", "dozen", "batches", "opdracht"} == set(lijsten[0])
    lijst = hier.json("lijst", "toon", "Lijst json")
    assert lijst["dozen"][0] | {"batches": []} == {
        "nummer": doos.nummer, "plaats": "archief, stelling 4", "bladen": 2, "batches": [], "documenten": 1,
        "eraf_op": None, "laatste_blik": None,
    }  # fmt: skip
    blik = hier.json("laatste-blik", doos.nummer, "--lijst", "Lijst json", als=DIV)
    assert blik["vellen"] == 2 and blik["documenten"][0]["vellen"] == "2"  # the first one is a scheidingsblad
    onderzoek = hier.json("lijst", "onderzoek", "Lijst json", exitcode=5)
    assert onderzoek["alle"] is False and [feit["nummer"] for feit in onderzoek["feiten"]] == list(range(1, 15))
    assert all(feit["waar"] or feit["redenen"] for feit in onderzoek["feiten"])


# --- who stands outside ---------------------------------------------------------------------------------------------


def test_a_witness_is_asked_by_files(hier: Installatie, tmp_path: Path) -> None:
    verzoek, antwoord = tmp_path / "verzoek.txt", tmp_path / "antwoord.txt"
    assert "teken verzoek.txt > antwoord.txt" in hier.say("logboek", "getuige", "archief", "-o", str(verzoek))
    assert verzoek.read_bytes().startswith(b"old ")
    antwoord.write_text("niets", encoding="utf-8")
    assert "geen antwoord van getuige archief" in hier.say(
        "logboek", "getuige", "archief", "--antwoord", str(antwoord), exitcode=5
    )
    assert "Kies -o voor een verzoek" in hier.say("logboek", "getuige", "archief", exitcode=2)
    assert "geen getuige museum" in hier.say("logboek", "getuige", "museum", "-o", str(tmp_path / "x"), exitcode=3)


def test_an_authority_to_try_with_says_what_to_set_and_keeps_its_root(
    hier: Installatie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_server: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", stop)
    gezegd = hier.say("logboek", "proefstempel", str(tmp_path / "tsa"), "--poort", "0")
    wortel = tmp_path / "tsa" / "ca.pem"
    assert f'wortel = "{wortel}"' in gezegd and "Alleen om te proberen" in gezegd
    eerst = wortel.read_bytes()
    hier.say("logboek", "proefstempel", str(tmp_path / "tsa"), "--poort", "0")
    assert wortel.read_bytes() == eerst


# --- who may not, and what cannot be ------------------------------------------------------------------------------


def test_who_may_not_is_told_so(hier: Installatie) -> None:
    nummer = hier.nummer(hier.proef.add_batch(1))
    doos = hier.add_lijst("Lijst wie")
    for woorden, als, zin in (
        (("keur", nummer), DIV, "geen mandaat als controleur"),
        (("laatste-blik", doos.nummer, "--lijst", "Lijst wie"), CONTROLEUR, "keurde batch"),
        (("geef-vrij", "Lijst wie"), CONTROLEUR, "geen mandaat als gemandateerde"),
        (("lijst", "maak", "Lijst nieuw", doos.nummer), SCANOPERATOR, "geen mandaat"),
        (("lijst", "trek-in", "Lijst wie", "--reden", "x"), CONTROLEUR, "geen mandaat"),
        (("opdracht", "Lijst wie", "--bedrijf", "BV", "--container", f"C:Z:{doos.nummer}"), CONTROLEUR, "geen mandaat"),
    ):
        assert zin in hier.say(*woorden, als=als, exitcode=6)
    lezen, schrijven = os.pipe()
    os.write(schrijven, b"verkeerd wachtwoord\n123456\n")
    os.close(schrijven)
    uitslag = hier.run("keur", nummer, "--als", CONTROLEUR, "--geheim-fd", str(lezen))
    assert uitslag.exit_code == 6 and "klopt niet" in uitslag.output
    uitslag = hier.run("keur", nummer, "--als", CONTROLEUR)
    assert uitslag.exit_code == 6 and "geen terminal" in uitslag.output


@pytest.mark.parametrize(("woorden", "exitcode", "zin"), [
    (("keur", "99999"), 3, "Batch 99999 bestaat niet"),
    (("keur", "1", "--goed", "--fout", "x:1:scheef"), 2, "Kies een van"),
    (("keur", "1", "--fout", "12345678"), 2, "Schrijf: DOCUMENT:PAGINA:CODE"),
    (("keur", "1", "--fout", "12345678:nul:scheef"), 2, "is niet te lezen"),
    (("keur", "1", "--fout", "12345678:1:"), 2, "is niet te lezen"),
    (("keur", "1", "--fout", "12345678:1:scheef"), 3, "is niet het id van een document"),
    (("lijst", "maak", "Lijst 2", "D-1900-00001"), 3, "bestaat niet"),
    (("lijst", "trek-in", "Bestaat niet", "--reden", "x"), 3, "bestaat niet"),
    (("laatste-blik", "1", "--lijst", "Bestaat niet"), 3, "bestaat niet"),
    (("laatste-blik", "1", "--lijst", "x", "--gelijk", "--anders", "y"), 2, "Kies een van"),
    (("geef-vrij", "Bestaat niet"), 3, 'De lijst "Bestaat niet" bestaat niet'),
    (("trek-in", "Bestaat niet", "--reden", "x"), 3, "bestaat niet"),
    (("opdracht", "Bestaat niet", "--bedrijf", "BV", "--container", "C-1"), 2, "Schrijf: NUMMER:ZEGEL:DOOS"),
    (("opdracht", "Bestaat niet", "--bedrijf", "BV", "--container", "C-1::D-1"), 2, "is niet te lezen"),
    (("opdracht", "Bestaat niet", "--bedrijf", "BV", "--container", "C-1:Z-1:D-1"), 3, "bestaat niet"),
    (("uitvoering", "O-1900-0001", "1"), 2, "Neem van het vernietigingsbewijs over: --op, --container"),
    (("uitvoering", "O-1900-0001", "1", "--mislukt", "a", "--deels", "b"), 2, "Kies: het bewijs"),
    (("uitvoering", "O-1900-0001", "1", "--mislukt", "a", "--zegel", "b"), 2, "Kies: het bewijs"),
    (("uitvoering", "O-1900-0001", "1", "--mislukt", "a", "--op", "2026-03-02 14:05"), 2, "Kies: het bewijs"),
    (("uitvoering", "O-1900-0001", "1", "--deels", "a", "--niveau", "P-4"), 2, "Kies: het bewijs"),
    (("uitvoering", "O-1900-0001", "1", "--deels", "a", "--zonder-grond"), 2, "Kies: het bewijs"),
    (("uitvoering", "O-1900-0001", "1", "--mislukt", "a"), 3, "Opdracht O-1900-0001 bestaat niet"),
])  # fmt: skip
def test_wrong_use_is_told_in_dutch(hier: Installatie, woorden: tuple[str, ...], exitcode: int, zin: str) -> None:
    uitslag = hier.run(*woorden, als=BEHEERDER)
    gezegd = " ".join(uitslag.output.replace("│", " ").split())
    assert (uitslag.exit_code, zin in gezegd) == (exitcode, True), uitslag.output


def test_a_fault_must_exist_and_be_on_a_page_of_this_batch(hier: Installatie, tmp_path: Path) -> None:
    batch, ander = hier.proef.add_batch(1), hier.proef.add_batch(1)
    nummer, document, vreemd = hier.nummer(batch), str(batch.documenten[0]), str(ander.documenten[0])
    hier.say("keur", nummer, "--toon", str(tmp_path / "kijk"), als=CONTROLEUR)
    for fout, exitcode, zin in (
        (f"{document}:1:lelijk", 1, "Kies uit ontbrekende_pagina"),
        (f"{document}:7:scheef", 5, "heeft geen pagina 7"),
        (f"{vreemd}:1:scheef", 1, "hoort niet bij de steekproef"),
    ):
        assert zin in hier.say("keur", nummer, "--fout", fout, als=CONTROLEUR, exitcode=exitcode)
    assert "heeft geen pagina 9" in hier.say(
        "herscan", document, str(draw_pagina(tmp_path / "x.png")), "--pagina", "9", "--door", DIV, exitcode=5
    )


def test_a_damaged_file_is_not_shown_and_so_not_judged(hier: Installatie, tmp_path: Path) -> None:
    batch = hier.proef.add_batch(1)
    with db.read(hier.proef.basis.engine) as session:
        pdf = hier.proef.basis.opslag.pad(str(storage.latest_versie(session, batch.documenten[0]).pdf_sha256))
    nummer = hier.nummer(batch)
    hier.say("keur", nummer, als=CONTROLEUR)
    hier.proef.seal()
    inhoud = pdf.read_bytes()
    pdf.chmod(0o640)
    pdf.write_bytes(inhoud[:-1] + b"\0")
    try:
        gezegd = hier.say("keur", nummer, "--toon", str(tmp_path / "kijk"), als=CONTROLEUR, exitcode=4)
    finally:
        pdf.write_bytes(inhoud)
    assert "beschadigd" in gezegd
    assert "nog niet bekeken" in hier.say("keur", nummer, "--goed", als=CONTROLEUR, exitcode=5)


def test_without_the_sealer_people_are_told_to_start_the_scanstraat(hier: Installatie, tmp_path: Path) -> None:
    doos = hier.add_lijst("Lijst stil")
    stil = hier.proef.map / "stil.toml"
    tekst = hier.config.read_text(encoding="utf-8")
    stil.write_text(tekst.replace("[logboek]\n", f'[logboek]\nverzegelaar = "{tmp_path}"\n'), encoding="utf-8")
    for woorden, als in (
        (("lijst", "onderzoek", "Lijst stil"), ""),
        (("laatste-blik", doos.nummer, "--lijst", "Lijst stil"), DIV),
        (("lijst", "trek-in", "Lijst stil", "--reden", "x"), DIV),
        (("geef-vrij", "Lijst stil"), EEN),
    ):
        uitslag = hier.run(*woorden, als=als, config=stil)
        assert uitslag.exit_code == 2 and "start" in uitslag.output and "verzegelaar" in uitslag.output


# --- back, and what went wrong ------------------------------------------------------------------------------------


def test_a_last_look_that_failed_ends_the_list(hier: Installatie, tmp_path: Path) -> None:
    doos = hier.add_lijst("Lijst anders").nummer
    blik = ("laatste-blik", doos, "--lijst", "Lijst anders")
    assert "nog niets getrokken" in hier.say(*blik, "--gelijk", als=DIV, exitcode=5)
    hier.say(*blik, "--toon", str(tmp_path / "kijk"), als=DIV)
    assert "Zeg wat er niet klopt" in hier.say(*blik, "--anders", " ", als=DIV, exitcode=5)
    assert "gaat niet door" in hier.say(*blik, "--anders", "blad 2 ontbreekt", als=DIV)
    assert "ANDERS: blad 2 ontbreekt" in hier.say("lijst", "toon", "Lijst anders")
    assert "is ingetrokken" in hier.say("lijst", "trek-in", "Lijst anders", "--reden", "uitzoeken", als=ARCHIVARIS)
    assert "is ingetrokken" in hier.say("lijst", "trek-in", "Lijst anders", "--reden", "weer", als=DIV, exitcode=5)


def test_the_last_look_may_come_after_the_releases_but_not_after_the_order(hier: Installatie, tmp_path: Path) -> None:
    doos = hier.add_lijst("Lijst later").nummer
    hier.proef.back_up()
    hier.say("geef-vrij", "Lijst later", als=EEN)
    gezegd = hier.say("geef-vrij", "Lijst later", "--naam-lijst", "Lijst later", als=TWEE)
    nog = f'Doe voor de opdracht nog de laatste blik: scanstraat laatste-blik {doos} --lijst "Lijst later"'
    assert nog in gezegd
    hier.proef.anchor()
    opdracht = ("opdracht", "Lijst later", "--bedrijf", "BV", "--container", f"C-1:Z-1:{doos}")
    assert f"Op doos {doos} is nog geen laatste blik gedaan." in hier.say(*opdracht, als=DIV, exitcode=5)
    blik = ("laatste-blik", doos, "--lijst", "Lijst later")
    hier.say(*blik, "--toon", str(tmp_path / "kijk"), als=DIV)
    hier.say(*blik, "--gelijk", als=DIV)
    hier.proef.anchor()
    hier.say(*opdracht, als=DIV)
    assert "is al opdracht gegeven" in hier.say(*blik, als=DIV, exitcode=5)


def test_a_release_is_withdrawn_until_the_order(hier: Installatie) -> None:
    doos = hier.add_lijst("Lijst spijt")
    hier.release("Lijst spijt", doos)
    assert "2 vrijgaven zijn ingetrokken" in hier.say("trek-in", "Lijst spijt", "--reden", "twijfel", als=TWEE)
    assert "niet vrijgegeven" in hier.say("trek-in", "Lijst spijt", "--reden", "twijfel", als=TWEE, exitcode=5)
    vrijgaven = hier.json("lijst", "toon", "Lijst spijt")["vrijgaven"]
    assert [v["ingetrokken_op"] is None for v in vrijgaven] == [False, False]


def test_what_the_company_did_not_destroy_goes_on_a_new_list(hier: Installatie, tmp_path: Path) -> None:
    doos = hier.add_lijst("Lijst mis")
    hier.release("Lijst mis", doos)
    kort = str(int(doos.nummer.rpartition("-")[2]))  # as people say it
    gezegd = hier.say("opdracht", "Lijst mis", "--bedrijf", "BV", "--container", f"C-1:Z-1:{kort}", als=DIV)
    opdracht = re.search(r"O-\d{4}-\d{4}", gezegd)
    assert opdracht is not None
    leeg = tmp_path / "leeg.pdf"
    leeg.touch()
    goed = {
        "--op": datetime.now(ZoneInfo("Europe/Amsterdam")).strftime("%Y-%m-%d %H:%M:%S"), "--container": "C-1",
        "--zegel": "Z-1", "--niveau": "P-4", "--wijze": "versnipperd", "--certificaatnummer": "VB-1",
        "--certificaat": str(draw_pagina(tmp_path / "bewijs.png")),
    }  # fmt: skip

    def record(exitcode: int, **anders: str) -> str:
        opties = goed | {f"--{naam}": waarde for naam, waarde in anders.items()}
        woorden = [woord for paar in opties.items() for woord in paar]
        return hier.say("uitvoering", opdracht[0], kort, *woorden, als=DIV, exitcode=exitcode)

    assert "is leeg" in record(3, certificaat=str(leeg))
    assert "geen bestand" in record(3, certificaat=str(tmp_path / "weg.pdf"))
    assert "is geen tijd" in record(2, op="gisteren")
    assert "is geen tijd" in record(2, op="2026-03-02")
    assert "opgedragen is P-4" in record(5, niveau="P-3")
    assert "met zegel Z-2" in record(5, zegel="Z-2")
    assert "de opdracht is van" in record(5, op="2020-03-02 14:05")
    with db.read(hier.proef.basis.engine) as session:
        assert session.exec(select(UitvoeringRow).where(UitvoeringRow.doos_id == doos.id)).first() is None
    gezegd = hier.say("uitvoering", opdracht[0], kort, "--mislukt", "kwam ongeopend terug", als=DIV)
    assert "niet is vernietigd" in gezegd and "nieuwe lijst" in gezegd
    assert hier.json("lijst", "toon", "Lijst mis")["stand"] == "niet alles vernietigd"
    assert "al als mislukt vastgelegd" in record(5)
    assert "is gemaakt" in hier.say("lijst", "maak", "Lijst mis 2", kort, als=DIV)
    with db.read(hier.proef.basis.engine) as session:
        assert papier.find_vernietigd_op(session, doos.id) is None


def test_of_a_doos_of_which_part_is_gone_everything_says_so_until_the_rest_is(
    hier: Installatie, tmp_path: Path
) -> None:
    batch = hier.proef.add_batch(1)
    hier.proef.approve(batch.batch)
    doos = hier.proef.box(batch.batch)
    hier.proef.propose(doos, naam="Lijst half")
    hier.release("Lijst half", doos)
    gezegd = hier.say("opdracht", "Lijst half", "--bedrijf", "BV", "--container", f"C-1:Z-1:{doos.nummer}", als=DIV)
    opdracht = re.search(r"O-\d{4}-\d{4}", gezegd)
    assert opdracht is not None
    document, nu = str(batch.documenten[0]), datetime.now(UTC).isoformat()
    uitvoering = ("uitvoering", opdracht[0], doos.nummer)
    deel = f"Van doos {doos.nummer} is een deel vernietigd onder opdracht {opdracht[0]}."

    assert "is geen tijd" in hier.say(*uitvoering, "--deels", "x", "--op", "gisteren", als=DIV, exitcode=2)
    assert "niet tussen de opdracht" in hier.say(
        *uitvoering, "--deels", "x", "--op", "2020-01-01 12:00", als=DIV, exitcode=5
    )
    gezegd = hier.say(*uitvoering, "--deels", "de molen liep vast", "--op", nu, als=DIV)
    assert f"De opdracht blijft open voor {doos.nummer}. {deel}" in gezegd and "Kwam de rest terug?" in gezegd
    assert "al vastgelegd dat een deel" in hier.say(*uitvoering, "--mislukt", "toch niet", als=DIV, exitcode=5)
    assert deel in hier.say("lijst", "maak", "Lijst half 2", doos.nummer, als=DIV, exitcode=5)
    for wat in (("open",), ("vul", hier.nummer(batch)), ("neem-uit", hier.nummer(batch))):
        assert deel in hier.say("doos", wat[0], doos.nummer, *wat[1:], "--door", DIV, exitcode=5)
    hier.say("doos", "verplaats", doos.nummer, "--plaats", "kelder", "--door", DIV)

    getoond = hier.say("doos", "toon", doos.nummer)
    assert f"Doos {doos.nummer} deels vernietigd, 2 bladen" in getoond and deel in getoond
    assert hier.json("doos", "toon", doos.nummer)["deels_vernietigd_onder"] == opdracht[0]
    (rij,) = (r for r in hier.json("doos", "lijst") if r["nummer"] == doos.nummer)
    assert rij["deels_vernietigd_onder"] == opdracht[0]
    assert deel in hier.say("lijst", "toon", "Lijst half")
    lijst = hier.json("lijst", "toon", "Lijst half")
    (uitslag,) = lijst["opdracht"]["uitvoeringen"]
    assert (lijst["stand"], uitslag["uitslag"], lijst["opdracht"]["deels_vernietigd"]) == (
        "deels vernietigd", "deels vernietigd", [doos.nummer],
    )  # fmt: skip
    assert datetime.fromisoformat(uitslag["uitgevoerd_op"]).date() == datetime.now(UTC).date()
    assert "misschien is dit blad er niet meer" in hier.say("doos", "haal", document)
    blad = hier.json("doos", "haal", document)[0]
    assert (blad["vernietigd_op"], blad["deels_vernietigd_onder"]) == (None, opdracht[0])
    for vraag in (("--doos", doos.nummer), (document,)):
        gezegd = hier.say("verantwoord", *vraag)
        assert "Wanneer is het papier vernietigd, en hoe? [NIET in orde]" in gezegd and deel in gezegd
    assert "Waar is het papier? [NIET in orde]" in gezegd

    mee = ("ophalen", opdracht[0], "--vervoerder", "Tweede Vervoer BV", "--op", datetime.now(UTC).isoformat())
    assert "Vastgelegd dat C-7 is opgehaald" in hier.say(*mee, "--container", "C-7:Z-7", als=DIV)
    assert "C-7 Z-7 wat terugkwam" in hier.say("lijst", "toon", "Lijst half")
    hier.say(
        *uitvoering, "--op", datetime.now(UTC).isoformat(), "--container", "C-7", "--zegel", "Z-7", "--niveau", "P-4",
        "--wijze", "versnipperd", "--certificaatnummer", "VB-1", "--certificaat",
        str(draw_pagina(tmp_path / "bewijs.png")), als=DIV,
    )  # fmt: skip
    assert hier.json("lijst", "toon", "Lijst half")["stand"] == "vernietigd"
    gezegd = hier.say("verantwoord", "--doos", doos.nummer)
    assert "Wanneer is het papier vernietigd, en hoe? [in orde]" in gezegd
    assert f"Doos {doos.nummer}: deels vernietigd op " in gezegd and f"Doos {doos.nummer}: vernietigd op " in gezegd
    assert deel not in gezegd
    assert f"Doos {doos.nummer} vernietigd, 2 bladen" in hier.say("doos", "toon", doos.nummer)


def test_a_stop_says_at_once_which_paper_is_on_its_way_or_gone(hier: Installatie, tmp_path: Path) -> None:
    batches = [hier.proef.add_batch(1) for _ in range(2)]
    for batch in batches:
        hier.proef.approve(batch.batch)
    een, twee = (hier.proef.box(batch.batch) for batch in batches)
    with db.read(hier.proef.basis.engine) as session:
        besluit = session.exec(select(BesluitRow.nummer)).first()

    def place(over: str, wat: str) -> str:
        return hier.say("stop", "plaats", "bezwaar", over, wat, "--reden", "BZ-2", "--door", DIV)

    def lift() -> None:
        for stop in hier.json("stop", "lijst"):
            hier.say("stop", "hef-op", stop["id"], "--reden", "klaar", als=ARCHIVARIS)

    assert "Let op" not in place("doos", een.nummer)  # it lies here
    lift()
    hier.proef.propose(een, twee, naam="Lijst stop")
    for doos in (een, twee):
        with db.read(hier.proef.basis.engine) as session:
            lijst = poort.find_lijst(session, "Lijst stop")
        hier.proef.look(lijst, doos)
    hier.proef.back_up()
    hier.proef.release(lijst, EEN)
    hier.proef.release(lijst, TWEE)
    assert "Let op" not in place("doos", een.nummer)  # and goes nowhere without an order
    lift()
    hier.proef.anchor()
    containers = ("--container", f"C-1:Z-1:{een.nummer}", "--container", f"C-2:Z-2:{twee.nummer}")
    gezegd = hier.say("opdracht", "Lijst stop", "--bedrijf", "Versnipper BV", *containers, als=DIV)
    gevonden = re.search(r"O-\d{4}-\d{4}", gezegd)
    assert gevonden is not None
    opdracht = gevonden[0]
    document = str(batches[0].documenten[0])

    gezegd = place("document", document)
    assert f"Let op: Voor doos {een.nummer} is al opdracht gegeven (opdracht {opdracht} aan Versnipper BV;" in gezegd
    assert "Geef de container niet mee" in gezegd and f"uitvoering {opdracht} {een.nummer} --mislukt" in gezegd
    assert twee.nummer not in gezegd
    nu = datetime.now(UTC).isoformat()
    mee = ("ophalen", opdracht, "--vervoerder", "Vervoer BV", "--op", nu)
    hier.say(*mee, "--container", "C-1:Z-1", als=DIV)
    gezegd = place("doos", een.nummer)
    assert f"Doos {een.nummer} is al opgehaald op " in gezegd and "Bel het bedrijf nu" in gezegd
    gezegd = place("zaak", ZAAK)
    assert f"doos {twee.nummer}" in gezegd and f"Doos {een.nummer}" in gezegd  # both are of this zaak
    for over, wat in (("besluit", besluit), ("persoon", EEN)):  # of whoever released it too
        gezegd = place(over, str(wat))
        assert f"doos {twee.nummer}" in gezegd and f"Doos {een.nummer}" in gezegd
    assert "Let op" not in place("persoon", CONTROLEUR_2)
    lift()

    hier.say("uitvoering", opdracht, een.nummer, "--deels", "de molen liep vast", als=DIV)
    hier.say(
        "uitvoering", opdracht, twee.nummer, "--op", datetime.now(UTC).isoformat(), "--container", "C-2", "--zegel",
        "Z-2", "--niveau", "P-4", "--wijze", "versnipperd", "--certificaatnummer", "VB-1", "--certificaat",
        str(draw_pagina(tmp_path / "bewijs.png")), als=DIV,
    )  # fmt: skip
    gezegd = place("zaak", ZAAK)
    deel, weg = f"Van doos {een.nummer} is een deel al vernietigd", f"Doos {twee.nummer} is al vernietigd op "
    assert gezegd.index(deel) < gezegd.index(weg) and "de rest moet blijven" in gezegd
    json_ = hier.json("stop", "plaats", "bezwaar", "zaak", ZAAK, "--reden", "BZ-2", "--door", DIV)
    assert [
        (d["doos"], d["stand"], d["opdracht"], d["bedrijf"], d["container"], d["zegel"], d["opgehaald_op"] is None)
        for d in json_["onderweg"] if d["doos"] in (een.nummer, twee.nummer)
    ] == [
        (een.nummer, "deels vernietigd", opdracht, "Versnipper BV", "C-1", "Z-1", False),
        (twee.nummer, "vernietigd", opdracht, "Versnipper BV", "C-2", "Z-2", True),
    ]  # fmt: skip
    assert (json_["wat"], json_["over"]) == (ZAAK, "zaak")
    lift()


def test_paper_that_was_gone_before_a_stop_came_is_said_as_it_is(hier: Installatie, tmp_path: Path) -> None:
    doos = hier.add_lijst("Lijst weg")
    hier.release("Lijst weg", doos)
    kort = str(int(doos.nummer.rpartition("-")[2]))
    gezegd = hier.say("opdracht", "Lijst weg", "--bedrijf", "BV", "--container", f"C-1:Z-1:{kort}", als=DIV)
    opdracht = re.search(r"O-\d{4}-\d{4}", gezegd)
    assert opdracht is not None
    nu = datetime.now(UTC).isoformat()
    woorden = (
        "uitvoering", opdracht[0], kort, "--op", nu,
        "--container", "C-1", "--zegel", "Z-1", "--niveau", "P-4", "--wijze", "versnipperd",
        "--certificaatnummer", "VB-1", "--certificaat", str(draw_pagina(tmp_path / "bewijs.png")),
    )  # fmt: skip
    mee = ("ophalen", opdracht[0], "--vervoerder", "Vervoer BV", "--op", nu)
    assert "Schrijf: NUMMER:ZEGEL" in hier.say(*mee, "--container", "C-1", als=DIV, exitcode=2)
    assert "hoort zegel Z-1" in hier.say(*mee, "--container", "C-1:Z-2", als=DIV, exitcode=5)
    assert "Vastgelegd dat C-1 is opgehaald" in hier.say(*mee, "--container", "C-1:Z-1", als=DIV)
    assert "Vervoer BV" in hier.say("lijst", "toon", "Lijst weg")
    hier.say("stop", "plaats", "bezwaar", "doos", kort, "--reden", "BZ-1", "--door", DIV)
    assert "en --zonder-grond" in hier.say(*woorden, als=DIV, exitcode=5)
    assert "Kies: het bewijs" in hier.say(
        "uitvoering", opdracht[0], kort, "--mislukt", "x", "--zonder-grond", als=DIV, exitcode=2
    )
    gezegd = hier.say(*woorden, "--zonder-grond", als=DIV)
    assert f"Doos {doos.nummer}: Er loopt een stop (bezwaar)" in gezegd and "Meld het bij de archivaris" in gezegd
    assert hier.json("lijst", "toon", "Lijst weg")["stand"] == "vernietigd zonder grond"
    assert "vernietigd zonder grond" in hier.say("verantwoord", "--doos", kort)


@pytest.mark.parametrize(("tekst", "utc"), [
    ("2026-03-02 14:05", "2026-03-02T13:05:00.000Z"),
    ("2026-07-02 14:05", "2026-07-02T12:05:00.000Z"),
    ("2026-03-02T14:05:11Z", "2026-03-02T14:05:11.000Z"),
    (" 2026-03-02 14:05:11+01:00 ", "2026-03-02T13:05:11.000Z"),
])  # fmt: skip
def test_a_time_is_the_time_here(tekst: str, utc: str) -> None:
    assert db.format_time(parse_tijd(tekst, "Europe/Amsterdam")) == utc
    assert parse_tijd(tekst, "Europe/Amsterdam") < datetime.now(UTC) + timedelta(days=3650)


def test_a_verklaring_is_made_once_and_its_scan_must_be_of_it(hier: Installatie, tmp_path: Path) -> None:
    doos = hier.add_lijst("Lijst verklaard")
    with db.read(hier.proef.basis.engine) as session:
        lijst = poort.find_lijst(session, "Lijst verklaard")
    hier.proef.execute(hier.proef.bring_to_order(lijst, doos), doos)
    hier.proef.anchor()
    maak = ("verklaring", "maak", "vernietiging", "--lijst", "Lijst verklaard")
    nummer = re.search(r"VN-\d{4}-\d{4}", hier.say(*maak, als=DIV))
    assert nummer is not None
    assert f"--vervangt {nummer[0]}" in hier.say(*maak, als=DIV, exitcode=5)
    scan = ("verklaring", "scan", nummer[0], str(draw_pagina(tmp_path / "scan.png")))
    assert f"is {nummer[0]} niet gevonden" in hier.say(*scan, als=DIV, exitcode=5)
    assert "is bewaard. SHA-256: " in hier.say(*scan, "--toch", "de code is gescheurd", als=DIV)


def leave_out(proef: Afrondproef, batch: Batchproef, reden: Weglaatreden, *plekken: int) -> None:
    """Leave pages of a batch out, counted from 0."""
    with db.begin(proef.basis.engine) as session:
        bewerken.bewerk(
            session, proef.basis.werkbank, storage.lock_batch(session, batch.batch),
            storage.load_actor(session, SCANOPERATOR, "persoon"), Bewerkingsoort.WEGLATEN, {},
            lambda nu: o.leave_out(nu, [batch.beelden[plek] for plek in plekken], reden),
        )  # fmt: skip


def test_sheets_without_a_document_are_looked_at_too(hier: Installatie, tmp_path: Path) -> None:
    proef = hier.proef
    batch = proef.add_batch(4)
    leave_out(proef, batch, Weglaatreden.BLANCO, 1)
    proef.finish_werk(batch.documenten[0])
    leave_out(proef, batch, Weglaatreden.DUBBEL, 2)
    proef.finish_werk(batch.documenten[0])
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    proef.propose(doos, naam="Lijst los")
    opdracht = ("laatste-blik", doos.nummer, "--lijst", "Lijst los")
    gezegd = hier.say(*opdracht, als=DIV)
    assert "bij geen document horen" in gezegd and "zie dat het leeg is of er niet toe doet" in gezegd
    blik = hier.json(*opdracht, als=DIV)
    assert blik["bladen_zonder_document"] == 2  # the scheidingsblad is none of them
    assert [(b["blad"], b["vel"], b["beelden"][0]["reden"]) for b in blik["bladen"]] == [
        (3, 3, "blanco"), (4, 4, "dubbel"),
    ]  # fmt: skip
    hier.say(*opdracht, "--toon", str(tmp_path / "los"), als=DIV)
    scan = (tmp_path / "los" / f"02.{blik['bladen'][0]['beelden'][0]['soort']}").read_bytes()
    assert hashlib.sha256(scan).hexdigest() == blik["bladen"][0]["beelden"][0]["sha256"]
    overzicht = (tmp_path / "los" / "overzicht.txt").read_text(encoding="utf-8")
    assert "Scan met bladen zonder document" in overzicht
    assert "pagina 4 van dit bestand is de voorkant van blad 4 van batch" in overzicht
    assert "; vel 4 van de 5 in de doos" in overzicht
    assert "zie dat het leeg is" not in hier.say(
        "laatste-blik", hier.add_lijst("Lijst heel").nummer, "--lijst", "Lijst heel", als=DIV
    )


def test_of_many_sheets_without_a_document_the_seed_draws_as_many_as_documents(hier: Installatie) -> None:
    proef = hier.proef
    batch = proef.add_batch(6, 1)
    leave_out(proef, batch, Weglaatreden.DUBBEL, 1, 2, 3)
    proef.finish_werk(batch.documenten[0])
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    lijst = proef.propose(doos, naam="Lijst veel")
    leave_out(proef, batch, Weglaatreden.DUBBEL, 6)  # all there was of the second document
    with db.begin(proef.basis.engine) as session:
        scheiding = session.exec(
            select(BeeldRow).where(BeeldRow.batch_id == batch.batch, BeeldRow.bestemming == "scheidingsblad")
        ).first()
        assert scheiding is not None
        rug = scheiding.model_dump(exclude={"id"}) | {"kant": "achter", "n": 99, "bestemming": "weggelaten"}
        for reden, bladen in (("blanco", [3, 4, 5, 9]), ("dubbel", [1, 3, 4, 5, 9])):
            punt = session.begin_nested()
            session.add(BeeldRow(**(rug | {"weglaatreden": reden})))
            session.flush()
            assert [blad.nummer for _, blad in papier.find_losse_bladen(session, doos.id)] == bladen
            punt.rollback()
    trekking = afronding.trek_blik(proef.basis, lijst.id, doos.id)
    inhoud = trekking.trekking
    assert [nummer for _, nummer in inhoud["bladen"]] == [3, 4, 5, 9]
    assert len(inhoud["getrokken_bladen"]) == inhoud["aantal"] == 2
    plekken = draw_steekproef(4, 2, bytes.fromhex(trekking.zaad))
    assert inhoud["getrokken_bladen"] == [inhoud["bladen"][plek] for plek in plekken]

    with db.read(proef.basis.engine) as session:
        antwoorden = verantwoording.answer_doos(session, session.get_one(DoosRow, doos.id))
    (blik,) = (antwoord for antwoord in antwoorden if "laatste blik" in antwoord.vraag)
    assert blik.in_orde is True and "1 van 1 document, en 2 van 4 bladen zonder document" in blik.regels[0]
    ander = next(blad for blad in inhoud["bladen"] if blad not in inhoud["getrokken_bladen"])
    for anders in ([], [ander, inhoud["getrokken_bladen"][1]], inhoud["bladen"]):
        trekking.trekking = inhoud | {"getrokken_bladen": anders}  # of a row that belongs to no session any more
        assert not vernietigen.is_hertrokken(trekking)


def test_who_changes_a_batch_that_was_ordered_is_told_to_call_the_company(hier: Installatie) -> None:
    proef = hier.proef
    batch = proef.add_batch(1)
    nummer = hier.nummer(batch)
    proef.approve(batch.batch)
    doos = proef.box(batch.batch)
    opdracht = proef.bring_to_order(proef.propose(doos, naam="Lijst bel het bedrijf"), doos)
    gezegd = hier.say("bewerk", nummer, "draai", "2v", "--door", SCANOPERATOR)
    assert f"voor doos {doos.nummer} met papier van deze batch is al opdracht gegeven ({opdracht.nummer}, " in gezegd
    assert "Bel het bedrijf nu" in gezegd
    gezegd = hier.say("mandaat", "lijst")
    assert "Nummer" in gezegd
