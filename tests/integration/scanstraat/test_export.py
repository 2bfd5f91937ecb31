"""An export answers without the product, and no byte of it can change unseen."""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select
from typer.testing import CliRunner

from scanstraat import db, export, exportrijen, logboek, papier, storage
from scanstraat.cli import app
from scanstraat.errors import NietGevondenError, NietMogelijkError
from scanstraat.export import make_export
from scanstraat.exportcontrole import Exportcontrole, check_export
from scanstraat.exporttabellen import find_tabellen, is_geheim, place_of
from scanstraat.processen import hold_slot
from scanstraat.tables_bewijs import AanmeldingRow, VerpaktRow
from tests.afrondproef import CONTROLEUR, OORSPRONG, Afrondproef, open_afrondproef, zwijg
from tests.afrondverhaal import tell
from tests.builders import build_batch
from tests.overdrachtproef import open_overdrachtproef
from vernietiging.__main__ import BEWEZEN
from vernietiging.__main__ import main as verifier


@dataclass
class Uitgevoerd:
    """An export of an installation that is gone, what was said of it, and what was in it."""

    map: Path
    weg: tuple[str, ...]  # documents whose paper was destroyed
    papier: tuple[str, ...]
    verklaring: str
    som: str
    geheimen: tuple[str, ...]
    beleid: Path  # as the auditor keeps it


@pytest.fixture(scope="module")
def gedaan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uitgevoerd]:
    """Export an installation, copy the export elsewhere, and take the installation away."""
    thuis, elders = tmp_path_factory.mktemp("thuis"), tmp_path_factory.mktemp("elders")
    with open_overdrachtproef(thuis) as proef:
        basis = proef.proef.basis
        geheimen = add_geheimen(proef.proef)
        verslag = make_export(basis, thuis / "export", meld=zwijg)
        assert verslag.in_orde
        assert verslag.zonder_mdto == 0
        beleid = elders / "van-de-auditor.txt"
        logboek.write_beleid(basis.config, beleid)
        weg, papier = (tuple(map(str, batch.documenten)) for batch in (proef.weg, proef.papier))
        verklaring = proef.verklaring
    shutil.copytree(thuis / "export", elders / "export")
    shutil.rmtree(thuis)
    yield Uitgevoerd(elders / "export", weg, papier, verklaring, verslag.som, geheimen, beleid)


def add_geheimen(proef: Afrondproef) -> tuple[str, ...]:
    """Add an account, and erase a commitment; return what may be nowhere in an export."""
    with db.begin(proef.basis.engine) as session:
        aanmelding = AanmeldingRow(
            persoon_id=proef.mensen[CONTROLEUR],
            soort="lokaal",
            sub="karin",
            wachtwoord="$argon2id$v=19$geheim-wachtwoord",
            totp_geheim="gAAAAAB-geheime-totp",
            aangemaakt_op=db.now_text(),
        )
        verpakt = session.exec(select(VerpaktRow)).first()
        assert verpakt is not None
        geheimen = (aanmelding.wachtwoord, aanmelding.totp_geheim, str(verpakt.sleutel))
        verpakt.sleutel = verpakt.inhoud = None
        verpakt.gewist_op = db.now_text()
        session.add_all([aanmelding, verpakt])
    return geheimen


@pytest.fixture
def kopie(gedaan: Uitgevoerd, tmp_path: Path) -> Path:
    shutil.copytree(gedaan.map, tmp_path / "export")
    return tmp_path / "export"


def check(map_: Path, beleid: Path | None = None) -> Exportcontrole:
    return check_export(map_, beleid=beleid, meld=zwijg)


def read_index(map_: Path) -> dict[str, dict[str, Any]]:
    regels = map(json.loads, (map_ / "documenten.jsonl").read_text(encoding="utf-8").splitlines())
    return {regel["document"]: regel for regel in regels}


def read_tabel(map_: Path, tabel: str) -> list[dict[str, Any]]:
    return [json.loads(regel) for regel in (map_ / place_of(tabel)).read_text(encoding="utf-8").splitlines()]


def list_files(map_: Path) -> list[Path]:
    return sorted(pad for pad in map_.rglob("*") if pad.is_file())


def resum(map_: Path, *paden: Path) -> None:
    """Do as somebody would who changes a file and the list with it."""
    som = map_ / "inhoud.sha256"
    regels = dict(regel.split("  ", 1)[::-1] for regel in som.read_text().splitlines())
    for pad in paden:
        naam = pad.relative_to(map_).as_posix()
        if pad.exists():
            regels[naam] = hashlib.sha256(pad.read_bytes()).hexdigest()
        else:
            del regels[naam]
    som.write_text("".join(f"{sha256}  {pad}\n" for pad, sha256 in sorted(regels.items())))


# --- on an empty machine ------------------------------------------------------------------------------------------


def test_an_export_is_proven_without_the_installation(gedaan: Uitgevoerd, capsys: pytest.CaptureFixture[str]) -> None:
    controle = check(gedaan.map)
    assert controle.in_orde, controle.say()
    assert controle.som == gedaan.som
    assert controle.documenten == 3
    assert any("bewijst minder" in opmerking for opmerking in controle.opmerkingen)
    eigen = check(gedaan.map, gedaan.beleid)
    assert eigen.in_orde
    assert not any("bewijst minder" in opmerking for opmerking in eigen.opmerkingen)
    assert verifier([str(gedaan.map / "logboek"), "--beleid", str(gedaan.map / "beleid.txt")]) == BEWEZEN
    assert "1 doos is vernietigd" in capsys.readouterr().out


def test_the_command_needs_no_settings_and_no_database(gedaan: Uitgevoerd, tmp_path: Path) -> None:
    aanroep = [sys.executable, "-m", "scanstraat.cli", "--config", "/weg.toml", "export", "--controleer"]
    uitslag = subprocess.run([*aanroep, str(gedaan.map)], capture_output=True, text=True, check=False)
    assert uitslag.returncode == 0, uitslag.stdout + uitslag.stderr
    assert "is in orde" in uitslag.stdout
    uitslag = subprocess.run([*aanroep, str(tmp_path)], capture_output=True, text=True, check=False)
    assert uitslag.returncode == 3
    assert "geen export" in uitslag.stderr


def test_the_export_alone_answers_what_an_auditor_asks(gedaan: Uitgevoerd) -> None:
    map_, regel = gedaan.map, read_index(gedaan.map)[gedaan.weg[0]]
    bestanden = {bestand["wat"]: bestand["pad"] for bestand in regel["bestanden"]}
    # which paper, and when it went
    (plek,) = regel["papier"]["ligplaatsen"]
    assert plek["doos"].startswith("D-")
    assert plek["bladen"] == "2-3"
    assert regel["papier"]["vernietigd_op"]
    (vorming,) = regel["papier"]["besluitvorming"]
    assert len(vorming["vrijgaven"]) == 2
    # under which besluit
    assert regel["besluit"]["nummer"] == "2026-17"
    assert json.loads((map_ / bestanden["besluit"]).read_bytes())["nummer"] == "2026-17"
    assert (map_ / bestanden["handboek"]).read_text() == "%PDF-1.7 handboek vervanging"
    # who looked
    namen = {actor["log_id"]: actor["naam"] for actor in read_tabel(map_, "actor")}
    assert namen[regel["gekeurd"]["door"]["log_id"]] == CONTROLEUR
    assert regel["gekeurd"]["uitslag"] == "goedgekeurd"
    # the same file
    pdf = (map_ / bestanden["pdf"]).read_bytes()
    assert hashlib.sha256(pdf).hexdigest() == regel["versies"][0]["pdf"]
    assert regel["teruggelezen"]["bevestigd_op"]
    # the verklaring and the certificate
    assert (map_ / bestanden[f"verklaring {gedaan.verklaring}"]).read_bytes().startswith(b"%PDF")
    assert (map_ / bestanden["vernietigingsbewijs"]).read_bytes().startswith(b"vernietigingsbewijs")
    # and of paper that is still there, nothing of the kind
    papier = read_index(map_)[gedaan.papier[0]]
    assert papier["papier"]["vernietigd_op"] is None
    assert "Vervanging" not in "".join(
        (map_ / pad).read_text(encoding="utf-8") for pad in papier["metagegevens"] if pad.endswith(".xml")
    )


def test_what_the_leesmij_says_to_type_works(gedaan: Uitgevoerd) -> None:
    tekst = (gedaan.map / "LEESMIJ.md").read_text(encoding="utf-8")
    blokken = re.findall(r"```sh\n(.*?)```", tekst, re.DOTALL)
    assert len(blokken) == 2
    omvang = max(int(pad.name) for pad in (gedaan.map / "logboek" / "tijdstempels").iterdir())
    stempel = blokken[1].replace("NAAM", "tsa1").replace("/N", f"/{omvang}")
    opdrachten = ["sha256sum --check --quiet inhoud.sha256", blokken[0], stempel]
    for opdracht in opdrachten:
        uitslag = subprocess.run(["sh", "-ec", opdracht], cwd=gedaan.map, capture_output=True, text=True, check=False)
        assert uitslag.returncode == 0, (opdracht, uitslag.stdout, uitslag.stderr)
    assert len(list_files(gedaan.map)) == len((gedaan.map / "inhoud.sha256").read_text().splitlines()) + 1


def test_the_signature_that_is_checked_by_hand_is_of_this_log(kopie: Path) -> None:
    (handeling, _) = re.findall(r"```sh\n(.*?)```", (kopie / "LEESMIJ.md").read_text(encoding="utf-8"), re.DOTALL)
    checkpoint = kopie / "logboek" / "checkpoint"
    checkpoint.chmod(0o600)
    naam, omvang, *rest = checkpoint.read_text(encoding="utf-8").split("\n")
    checkpoint.write_text("\n".join([naam, str(int(omvang) + 1), *rest]), encoding="utf-8")
    uitslag = subprocess.run(["sh", "-ec", handeling], cwd=kopie, capture_output=True, text=True, check=False)
    assert uitslag.returncode != 0


# --- what is in it ------------------------------------------------------------------------------------------------


def test_every_table_is_there_and_explained(gedaan: Uitgevoerd) -> None:
    uitleg = {deel["tabel"]: deel for deel in json.loads((gedaan.map / "gegevens" / "schema.json").read_bytes())}
    kop = json.loads((gedaan.map / "export.json").read_bytes())
    assert set(uitleg) == {tabel.name for tabel in find_tabellen()} == set(kop["tabellen"])
    for naam, deel in uitleg.items():
        assert deel["uitleg"], naam
        rijen = read_tabel(gedaan.map, naam)
        assert len(rijen) == kop["tabellen"][naam]
        for rij in rijen:
            assert set(rij) == {kolom["naam"] for kolom in deel["kolommen"]}


def test_no_secret_leaves(gedaan: Uitgevoerd) -> None:
    (aanmelding,) = read_tabel(gedaan.map, "aanmelding")
    assert aanmelding["sub"] == "karin"
    for pad in list_files(gedaan.map):
        inhoud = pad.read_bytes()
        for geheim in gedaan.geheimen:
            assert geheim.encode() not in inhoud, pad
        assert b"PRIVATE KEY" not in inhoud, pad
    gewist = [rij for rij in read_tabel(gedaan.map, "verpakt") if rij["gewist_op"]]
    assert [(rij["sleutel"], rij["inhoud"]) for rij in gewist] == [(None, None)]


def test_a_column_that_looks_like_a_secret_stays_behind_until_somebody_decides() -> None:
    assert is_geheim("sessie", "token_sha256")
    assert is_geheim("aanmelding", "totp_stap")
    assert not is_geheim("batch", "momentopname")


def test_personal_parts_can_be_left_out_and_the_log_is_proven_all_the_same(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path / "thuis") as proef:
        proef.add_batch(1)
        make_export(proef.basis, tmp_path / "export", persoonsgegevens=False, meld=zwijg)
    assert not (tmp_path / "export" / "persoonsgegevens").exists()
    assert "weggelaten" in (tmp_path / "export" / "LEESMIJ.md").read_text(encoding="utf-8")
    controle = check(tmp_path / "export")
    assert controle.in_orde, controle.say()


# --- nothing changes unseen ---------------------------------------------------------------------------------------


def test_a_flipped_byte_in_any_file_is_found(gedaan: Uitgevoerd, kopie: Path, groot: bool) -> None:
    kans = random.Random(7)
    bestanden = list_files(kopie)
    assert len(bestanden) > 100
    for pad in bestanden if groot else [*kans.sample(bestanden, 40), kopie / "inhoud.sha256", kopie / "export.json"]:
        goed = pad.read_bytes()
        if not goed:
            continue
        plaats = kans.randrange(len(goed))
        pad.chmod(0o600)
        pad.write_bytes(goed[:plaats] + bytes([goed[plaats] ^ 1 << kans.randrange(8)]) + goed[plaats + 1 :])
        assert check(kopie).exitcode == 1, (pad, plaats)
        pad.write_bytes(goed)
    assert check(kopie).in_orde


@pytest.mark.parametrize("plaats", range(0, 200, 7))
def test_a_flipped_byte_in_the_list_itself_is_found(kopie: Path, plaats: int) -> None:
    pad = kopie / "inhoud.sha256"
    inhoud = bytearray(pad.read_bytes())
    inhoud[plaats] ^= 1
    pad.write_bytes(inhoud)
    assert check(kopie).exitcode == 1


def test_a_file_that_is_left_out_or_added_is_found(kopie: Path) -> None:
    for pad in random.Random(8).sample(list_files(kopie), 15):
        if pad.name in {"inhoud.sha256", "export.json"}:
            continue
        opzij = kopie.parent / "opzij"
        pad.rename(opzij)
        controle = check(kopie)
        assert controle.exitcode == 1
        assert any(pad.name in probleem and "ontbreekt" in probleem for probleem in controle.problemen), controle.say()
        opzij.rename(pad)
    for naam in ("nieuw.txt", "objecten/aa/extra", "logboek/extra", ".verborgen"):
        pad = kopie / naam
        pad.parent.mkdir(exist_ok=True)
        pad.write_text("erbij")
        controle = check(kopie)
        assert any(naam in probleem and "hoort niet" in probleem for probleem in controle.problemen), controle.say()
        pad.unlink()
    (kopie / "koppeling").symlink_to(kopie / "LEESMIJ.md")
    assert check(kopie).exitcode == 1


@pytest.mark.parametrize(
    ("wat", "zin"),
    [
        ("gebeurtenis", "staat anders in de tabel dan in het verzegelde logboek"),
        ("gebeurtenis_weg", "Het logboek heeft"),
        ("verpakt", "is niet wat in het logboek staat"),
        ("pdf", "niet het bestand dat volgens het logboek is gemaakt"),
        ("vernietigd", "staat anders in het logboek"),
        ("bestand_weg", "ontbreekt: pdf"),
        ("document_weg", "documenten, export.json noemt er 3"),
        ("rij_weg", "regels; dat waren er"),
        ("logregel", "De tabel logregel zegt"),
        ("kop", "noemt een ander logboek"),
        ("object", "is niet het bestand waar het naar heet"),
        ("trekking_weg", "van het logboek noemt bestand"),
    ],
)
def test_who_changes_a_file_and_the_list_with_it_has_the_rest_against_them(
    gedaan: Uitgevoerd, kopie: Path, wat: str, zin: str
) -> None:
    pad = change(kopie, wat, gedaan.weg[0])
    resum(kopie, pad)
    controle = check(kopie)
    assert controle.exitcode == 1
    assert any(zin in probleem for probleem in controle.problemen), controle.say()


def change(map_: Path, wat: str, document: str) -> Path:
    """Change something in an export; return the file that is now another."""
    pad: Path = map_ / {
        "gebeurtenis": place_of("gebeurtenis"), "gebeurtenis_weg": place_of("gebeurtenis"),
        "verpakt": place_of("verpakt"), "rij_weg": place_of("batch"), "logregel": place_of("logregel"),
        "kop": "export.json",
    }.get(wat, "documenten.jsonl")  # fmt: skip
    if wat == "object":
        pad = map_ / next(b for b in read_index(map_)[document]["bestanden"] if b["wat"] == "pdf")["pad"]
        pad.chmod(0o600)
        pad.write_bytes(b"een ander bestand")
        return pad
    if wat == "trekking_weg":  # no document names it, only the log does
        pad = map_ / export.build_objectpad(read_tabel(map_, "trekking")[0]["trekking_sha256"])
        pad.unlink()
        return pad
    if wat == "kop":
        kop = json.loads(pad.read_bytes())
        kop["logboek"]["regels"] -= 1
        pad.write_text(json.dumps(kop))
        return pad
    regels = [json.loads(regel) for regel in pad.read_text(encoding="utf-8").splitlines()]
    if wat == "gebeurtenis":
        regels[5]["op"] = "2020-01-01T00:00:00.000Z"
    elif wat in {"gebeurtenis_weg", "document_weg", "rij_weg"}:
        del regels[0 if wat != "gebeurtenis_weg" else -5 :]
    elif wat == "verpakt":
        regel = next(regel for regel in regels if regel["inhoud"])
        regel["inhoud"] = regel["inhoud"].replace("a", "e")
    elif wat == "logregel":
        regels[3]["gebeurtenis"], regels[4]["gebeurtenis"] = regels[4]["gebeurtenis"], regels[3]["gebeurtenis"]
    else:
        regel, ander = regels[0], regels[1]
        assert regel["document"] == document
        if wat == "pdf":  # another file of the export, wherever the index speaks of this one
            tekst = json.dumps(regels).replace(regel["versies"][0]["pdf"], ander["versies"][0]["pdf"])
            regels = json.loads(tekst)
            for bestand in regels[0]["bestanden"]:
                bestand["pad"] = export.build_objectpad(bestand["sha256"])
        elif wat == "vernietigd":
            regel["papier"]["besluitvorming"][0]["uitvoeringen"][0][1] = "2020-01-01T00:00:00.000Z"
        elif wat == "bestand_weg":
            next(b for b in regel["bestanden"] if b["wat"] == "pdf")["sha256"] = "0" * 64
    pad.write_text("".join(json.dumps(regel, ensure_ascii=False) + "\n" for regel in regels), encoding="utf-8")
    return pad


@pytest.fixture(scope="module")
def verteld(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Path]]:
    """Exports of an installation where everything happened at least once: with the private parts, and without."""
    map_ = tmp_path_factory.mktemp("verteld")
    with open_afrondproef(map_ / "thuis") as proef:
        tell(proef)
        for mee in (True, False):
            make_export(proef.basis, map_ / f"export-{mee}", persoonsgegevens=mee, meld=zwijg)
    shutil.rmtree(map_ / "thuis")
    yield {mee: map_ / f"export-{mee}" for mee in (True, False)}


def is_vast(map_: Path, tabel: str, kolom: str, regel: dict[str, Any]) -> bool:
    """Whether a row is one that the events hold: rows come in the order of their ids, so which is last differs."""
    if tabel == "document":  # the log holds the zaak of what is sealed
        staand = {rij["batch_id"] for rij in read_tabel(map_, "verzegeling") if rij["vervallen_op"] is None}
        return regel["vervallen_op"] is None and regel["batch_id"] in staand
    # what came to nothing has words in the database: without them there would be no row at all
    return (tabel, kolom) != ("uitvoering", "uitslag") or regel["toelichting"] != ""


@contextmanager
def falsified(map_: Path, tabel: str, kolom: str, waarde: object) -> Iterator[None]:
    """Give a row that says something in this column another value, and the list its digest; put back after."""
    paden = (map_ / place_of(tabel), map_ / "inhoud.sha256")
    goed = [pad.read_bytes() for pad in paden]
    regels = read_tabel(map_, tabel)
    rij = [rij for rij in regels if rij[kolom] not in (None, "", waarde) and is_vast(map_, tabel, kolom, rij)][-1]
    rij[kolom] = waarde
    paden[0].chmod(0o600)
    paden[0].write_text("".join(json.dumps(regel, ensure_ascii=False) + "\n" for regel in regels), encoding="utf-8")
    resum(map_, paden[0])
    yield
    for pad, inhoud in zip(paden, goed, strict=True):
        pad.write_bytes(inhoud)


def test_the_rows_of_a_whole_story_are_what_the_events_say(verteld: dict[bool, Path]) -> None:
    met, zonder = check(verteld[True]), check(verteld[False])
    assert met.problemen == zonder.problemen == ()
    assert not any("niet vergeleken" in opmerking for opmerking in met.opmerkingen)
    assert any("niet vergeleken met het logboek" in opmerking for opmerking in zonder.opmerkingen)


OPEN = [  # the log says it in the open
    ("oordeel", "uitslag", "afgekeurd"),
    ("uitvoering", "uitslag", "mislukt"),
    ("uitvoering", "certificaat_sha256", "ab" * 32),
    ("mandaat", "rol", "archivaris"),
    ("verklaring", "nummer", "VV-2026-0009"),
    ("documentversie", "pdf_sha256", "ab" * 32),
]
VERPAKT = [  # the log holds a commitment to it
    ("persoon", "naam", "Iemand Anders"),
    ("persoonsnaam", "naam", "Iemand Anders"),
    ("uitvoering", "certificaatnummer", "VB-9"),
    ("doos", "nummer", "D-2026-00099"),
    ("doosplaats", "plaats", "Elders"),
    ("stop", "reden", "Een andere reden"),
    ("stop", "opheffingsreden", "Een andere reden"),
    ("document", "zaakidentificatie", "ZAAK-2026-999999"),
]


@pytest.mark.parametrize(("tabel", "kolom", "waarde"), [*OPEN, *VERPAKT])
def test_a_falsified_row_is_held_against_the_log(
    verteld: dict[bool, Path], tabel: str, kolom: str, waarde: object
) -> None:
    with falsified(verteld[True], tabel, kolom, waarde):
        controle = check(verteld[True])
    assert controle.exitcode == 1
    assert all(probleem.startswith("In de tabellen: ") for probleem in controle.problemen), controle.say()


@pytest.mark.parametrize(("tabel", "kolom", "waarde"), OPEN)
def test_what_the_log_says_in_the_open_is_compared_without_the_private_parts(
    verteld: dict[bool, Path], tabel: str, kolom: str, waarde: object
) -> None:
    with falsified(verteld[False], tabel, kolom, waarde):
        controle = check(verteld[False])
    assert controle.exitcode == 1
    assert all(probleem.startswith("In de tabellen: ") for probleem in controle.problemen), controle.say()


def test_keys_that_were_taken_out_of_an_export_are_missed(kopie: Path) -> None:
    regels = read_tabel(kopie, "verpakt")[:-1]
    (kopie / place_of("verpakt")).write_text("".join(json.dumps(regel) + "\n" for regel in regels))
    kop = json.loads((kopie / "export.json").read_bytes())
    kop["tabellen"]["verpakt"] -= 1
    (kopie / "export.json").write_text(json.dumps(kop))
    resum(kopie, kopie / place_of("verpakt"), kopie / "export.json")
    assert check(kopie).exitcode == 1


def test_erased_private_parts_are_not_compared_and_that_is_said(gedaan: Uitgevoerd) -> None:
    assert any("1 verpakt veld is gewist" in opmerking for opmerking in check(gedaan.map).opmerkingen)


def test_tables_of_another_version_are_not_compared_and_then_it_is_not_in_order(kopie: Path) -> None:
    schema = kopie / "gegevens" / "schema.json"
    beschrijving = json.loads(schema.read_bytes())
    beschrijving[0]["kolommen"].pop()
    schema.write_text(json.dumps(beschrijving))
    resum(kopie, schema)
    controle = check(kopie)
    assert (controle.exitcode, controle.problemen) == (2, ())
    assert "andere tabellen" in controle.onzeker[0]


@pytest.mark.parametrize("fout", [OSError("vol"), OperationalError("", {}, Exception("vol"))])
def test_a_machine_without_room_to_compare_cannot_tell(
    gedaan: Uitgevoerd, monkeypatch: pytest.MonkeyPatch, fout: Exception
) -> None:
    def fail(*_args: object, **_waarden: object) -> None:
        raise fout

    monkeypatch.setattr(exportrijen, "_load_tabel", fail)
    controle = check(gedaan.map)
    assert (controle.exitcode, controle.problemen) == (2, ())
    assert "TMPDIR" in controle.say()


def test_what_was_not_sealed_yet_is_named(gedaan: Uitgevoerd, kopie: Path) -> None:
    """The anchor of the export itself comes after all lines that it has: that is no reason to be startled."""
    assert not any("nog niet verzegeld" in opmerking for opmerking in check(gedaan.map).opmerkingen)
    regels = read_tabel(kopie, "gebeurtenis")
    assert regels[-1]["soort"] == "verankering"
    regels[-1]["soort"] = "stop.geplaatst"
    pad = kopie / place_of("gebeurtenis")
    pad.write_text("".join(json.dumps(regel, ensure_ascii=False) + "\n" for regel in regels), encoding="utf-8")
    resum(kopie, pad)
    assert any("(stop.geplaatst). Wat daarop rust" in opmerking for opmerking in check(kopie).opmerkingen)


@pytest.mark.parametrize("waarde", ["geen uuid", 7, ["lijst"]])
def test_a_table_that_cannot_be_read_is_a_problem(verteld: dict[bool, Path], waarde: object) -> None:
    with falsified(verteld[True], "oordeel", "batch_id", waarde):
        assert any("en de gebeurtenissen zijn niet te vergelijken" in p for p in check(verteld[True]).problemen)


def test_a_policy_of_another_log_is_not_believed(gedaan: Uitgevoerd, tmp_path: Path) -> None:
    ander = tmp_path / "beleid.txt"
    ander.write_text(gedaan.beleid.read_text().replace("gemeente.example", "gemeente.elders"))
    controle = check(gedaan.map, ander)
    assert controle.exitcode in {1, 2}
    streng = tmp_path / "streng.txt"
    streng.write_text("geen beleid")
    assert check(gedaan.map, streng).exitcode == 2
    assert "niet vast te stellen" in check(gedaan.map, streng).say()


def test_what_is_no_export_says_so(tmp_path: Path) -> None:
    with pytest.raises(NietGevondenError):
        check(tmp_path)


# --- making it ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def vers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Afrondproef]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_afrondproef(tmp_path / "thuis", url) as gemaakt:
        yield gemaakt


def test_an_export_is_of_one_moment_while_the_line_goes_on(vers: Afrondproef, tmp_path: Path) -> None:
    vers.add_batch(1)
    erbij = []

    def meld(gedaan: int, _totaal: int) -> None:
        if gedaan % 5 == 1:
            erbij.append(vers.add_batch(1))
            vers.seal()

    verslag = make_export(vers.basis, tmp_path / "export", meld=meld)
    assert erbij
    assert verslag.documenten == 1
    controle = check(tmp_path / "export")
    assert controle.in_orde, controle.say()
    assert make_export(vers.basis, tmp_path / "later", meld=zwijg).documenten == 1 + len(erbij)
    assert check(tmp_path / "later").in_orde


def test_a_document_that_is_not_ready_is_in_the_export_and_says_why_it_has_no_mdto(
    vers: Afrondproef, tmp_path: Path
) -> None:
    with db.begin(vers.basis.engine) as session:
        scan = vers._save(session, b"scan")
        half = build_batch(session, paginas=(1,), object_=scan)
    verslag = make_export(vers.basis, tmp_path / "export", meld=zwijg)
    assert verslag.zonder_mdto == 1
    regel = read_index(tmp_path / "export")[str(half.documenten[0])]
    assert regel["geen_mdto"] == "het heeft nog geen archiefbestand"
    assert [bestand["wat"] for bestand in regel["bestanden"]] == ["scan"]
    assert check(tmp_path / "export").in_orde


def test_an_interrupted_export_leaves_nothing_and_lets_go(vers: Afrondproef, tmp_path: Path) -> None:
    vers.add_batch(1)

    def stop(gedaan: int, _totaal: int) -> None:
        if gedaan == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_export(vers.basis, tmp_path / "export", meld=stop)
    assert [pad.name for pad in tmp_path.iterdir() if pad.name != "thuis"] == []
    make_export(vers.basis, tmp_path / "export", meld=zwijg)
    assert check(tmp_path / "export").in_orde
    with pytest.raises(NietMogelijkError, match="niet leeg"):
        make_export(vers.basis, tmp_path / "export", meld=zwijg)
    with pytest.raises(NietMogelijkError, match="ligt in de opslag"):
        make_export(vers.basis, vers.basis.config.opslag.map / "export", meld=zwijg)


def test_an_object_that_is_nowhere_whole_is_named_and_the_export_is_not_in_order(
    vers: Afrondproef, tmp_path: Path
) -> None:
    with db.begin(vers.basis.engine) as session:
        weg = vers._save(session, b"dit gaat stuk").sha256
    for pad in (vers.basis.opslag.pad(weg), vers.map / "kopie" / weg[:2] / weg[2:4] / weg):
        pad.chmod(0o600)
        pad.write_bytes(b"stuk")
    verslag = make_export(vers.basis, tmp_path / "export", meld=zwijg)
    assert verslag.ontbreekt == (weg,)
    assert weg in verslag.say()
    assert weg in (tmp_path / "export" / "LEESMIJ.md").read_text(encoding="utf-8")
    assert not (tmp_path / "export" / export.build_objectpad(weg)).exists()


def test_a_witness_that_does_not_answer_stops_the_export_unless_asked(vers: Afrondproef, tmp_path: Path) -> None:
    vers.add_batch(1)
    stuk = vers.basis.config.logboek.getuige[0].model_copy(update={"url": "http://127.0.0.1:9"})
    boek = vers.basis.config.logboek.model_copy(update={"getuige": (stuk,)})
    basis = replace(vers.basis, config=vers.basis.config.model_copy(update={"logboek": boek}))
    with pytest.raises(NietMogelijkError, match="--onverankerd"):
        make_export(basis, tmp_path / "export", meld=zwijg)
    verslag = make_export(basis, tmp_path / "export", onverankerd=True, meld=zwijg)
    assert any("niet verankerd" in opmerking for opmerking in verslag.opmerkingen)
    controle = check(tmp_path / "export")
    assert controle.exitcode == 2
    assert controle.gebeurtenissen > 0
    assert "niet bij iemand buiten" in (tmp_path / "export" / "LEESMIJ.md").read_text(encoding="utf-8")


def test_an_export_ends_on_an_anchored_checkpoint_however_busy_the_log_is(vers: Afrondproef, tmp_path: Path) -> None:
    vers.add_batch(1)
    klaar = threading.Event()

    def seal_on() -> None:
        while not klaar.is_set():
            with db.begin(vers.basis.engine) as session:
                papier.make_doos(session, "kast 4", door=storage.load_actor(session, "proef"))
            with suppress(NietMogelijkError):
                vers.seal()
            klaar.wait(0.05)

    vers.seal()
    (vers.basis.config.logboek.map / ".verankerd").write_bytes(b"goed")  # ours, not of the log
    draad = threading.Thread(target=seal_on)
    draad.start()
    try:
        for nummer in range(3):
            make_export(vers.basis, tmp_path / str(nummer), meld=zwijg)
            controle = check(tmp_path / str(nummer))
            assert controle.in_orde, controle.say()
            assert not (tmp_path / str(nummer) / "logboek" / ".verankerd").exists()
    finally:
        klaar.set()
        draad.join()


def test_nobody_seals_while_the_log_is_copied(vers: Afrondproef, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logboek, "GEDULD_S", 0.1)
    with (
        logboek.hold_sealed(vers.basis, logboek.open_klant(vers.basis.config)),
        pytest.raises(NietMogelijkError, match="al verzegeld"),
    ):
        vers.seal()
    vers.seal()


def test_a_back_up_and_an_export_wait_for_each_other(vers: Afrondproef, tmp_path: Path) -> None:
    with (
        hold_slot(vers.basis.config.algemeen.gegevensmap / "onderhoud.slot", ""),
        pytest.raises(NietMogelijkError, match="back-up of export"),
    ):
        make_export(vers.basis, tmp_path / "export", meld=zwijg)
    assert not (tmp_path / "export").exists()


def test_the_command_exports_and_says_how_to_check(vers: Afrondproef, tmp_path: Path) -> None:
    vers.add_batch(1)
    config = vers.map / "config.toml"
    config.write_text(
        f'database.url = "{vers.basis.config.database.url}"\nopslag.kopie = "kopie"\n'
        f'logboek.oorsprong = "{OORSPRONG}"\n',
        encoding="utf-8",
    )
    uitslag = CliRunner().invoke(app, ["--config", str(config), "export", "-o", str(tmp_path / "export")])
    assert uitslag.exit_code == 0, uitslag.output
    assert "export --controleer MAP" in uitslag.output
    assert "niet verankerd" in uitslag.output  # these settings name nobody
    uitslag = CliRunner().invoke(app, ["export", "--controleer", str(tmp_path / "export"), "--json"])
    assert uitslag.exit_code == 2, uitslag.output
    controle = json.loads(uitslag.stdout)
    assert controle["problemen"] == [] and "geen getuige en geen tijdstempel" in controle["onzeker"][0]


def test_a_document_that_was_wiped_from_the_database_before_the_export_is_missed(
    vers: Afrondproef, tmp_path: Path
) -> None:
    batch = vers.add_batch(1, 1)
    if vers.basis.engine.dialect.name == "postgresql":
        weg = ["set local session_replication_role = replica"]
    else:
        with vers.basis.engine.connect() as verbinding:
            triggers = verbinding.exec_driver_sql("select name from sqlite_master where type = 'trigger'").scalars()
            weg = ["pragma defer_foreign_keys = on", *(f"drop trigger {naam}" for naam in triggers)]
    document = batch.documenten[0]
    id_ = str(document) if vers.basis.engine.dialect.name == "postgresql" else document.hex
    versies = f"select id from documentversie where document_id = '{id_}'"
    with vers.basis.engine.begin() as verbinding:
        for opdracht in (
            *weg,
            *(f"delete from {tabel} where documentversie_id in ({versies})" for tabel in ("pagina", "aflevering")),
            f"delete from documentversie where document_id = '{id_}'",
            f"update beeld set bestemming = 'weggelaten', weglaatreden = 'blanco', document_id = null "
            f"where document_id = '{id_}'",
            f"delete from document where id = '{id_}'",
        ):
            verbinding.exec_driver_sql(opdracht)
    make_export(vers.basis, tmp_path / "export", meld=zwijg)
    controle = check(tmp_path / "export")
    assert controle.exitcode == 1 and "Er is een document verdwenen" in controle.say()


def test_the_command_says_what_it_wants() -> None:
    uitslag = CliRunner().invoke(app, ["export"])
    assert uitslag.exit_code == 5
    assert "--controleer" in uitslag.output
