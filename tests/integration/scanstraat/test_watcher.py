"""The watcher on a real folder, with a clock that is turned by hand. Every file seen is in one place, once."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.config import Scanprofiel
from scanstraat.errors import InvoerError, NietGevondenError, NietMogelijkError
from scanstraat.intake import scanmap_eigen, watcher
from scanstraat.intake.opslag import Opslag
from scanstraat.intake.scanmap_bestanden import Lijst, build_ingang, list_bestanden, list_eigen_mappen, move_bestand
from scanstraat.intake.scanmap_boek import find_wachtproblemen, tel_bestanden, weigeren
from scanstraat.intake.scanmap_regels import Aanlevering
from scanstraat.tables import ActorRow, GebeurtenisRow
from tests.scanmapproef import Gevonden, NoSandbox, Proef, build_proef, build_scan, investigate


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Proef]:
    een = build_proef(tmp_path)
    yield een
    een.close()


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of a user for whom rights count: root may read and write everything."""
    map = Path(tempfile.mkdtemp(prefix="scanmap-"))
    if os.geteuid() == 0:
        os.chown(map, 65534, 65534)
        os.seteuid(65534)
    yield map
    if os.getuid() == 0:
        os.seteuid(0)
    subprocess.run(["chmod", "-R", "u+rwX", str(map)], check=True)
    shutil.rmtree(map)


# --- one file ---------------------------------------------------------------------------------------------------


def test_a_file_that_lay_there_at_the_start_is_taken_in_and_put_away(proef: Proef) -> None:
    proef.put("brief.pdf")
    inhoud = (proef.inbak / "brief.pdf").read_bytes()
    proef.peil(3)
    assert proef.ingenomen() == []  # three looks are 8 seconds apart: it has not rested long enough
    verslag = proef.peil()
    assert proef.ingenomen() == ["brief.pdf"] and len(verslag.batches) == 1
    rij = proef.rij("brief.pdf")
    (bron,) = proef.bronnen()
    assert (rij.status, rij.reden, rij.verplaatst_naar, rij.bron_id) == ("ingenomen", "", "verwerkt/brief.pdf", bron.id)
    assert rij.sha256 == bron.sha256 == hashlib.sha256(inhoud).hexdigest()
    assert proef.opslag.controleer(bron.sha256).in_orde
    assert (proef.inbak / "verwerkt" / "brief.pdf").read_bytes() == inhoud
    assert not (proef.inbak / "brief.pdf").exists()
    assert proef.peil(3).wachtend == 0 and proef.ingenomen() == ["brief.pdf"]


def test_a_file_that_grows_is_taken_in_once_and_whole(proef: Proef) -> None:
    inhoud = build_scan("een lange brief" * 10)
    pad = proef.put("brief.pdf", b"")
    for tot in range(0, len(inhoud) - 1, 7):
        pad.write_bytes(inhoud[:tot])
        proef.peil()
        assert proef.ingenomen() == [] and proef.status() == {"brief.pdf": "wacht"}
    pad.write_bytes(inhoud)
    proef.settle()
    (bron,) = proef.bronnen()
    assert bron.sha256 == hashlib.sha256(inhoud).hexdigest()


def test_a_file_that_changes_while_it_is_copied_is_not_taken_in_as_it_was_judged(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    pad, anders = proef.put("brief.pdf"), build_scan("anders")
    echt = proef.opslag.bewaar

    def keep_and_change(*args: Any, **woorden: Any) -> Any:
        vingerafdruk = echt(*args, **woorden)
        monkeypatch.undo()
        pad.write_bytes(anders)
        return vingerafdruk

    monkeypatch.setattr(proef.opslag, "bewaar", keep_and_change)
    proef.settle()
    proef.peil(20)
    (bron,) = proef.bronnen()
    assert bron.sha256 == hashlib.sha256(anders).hexdigest()
    assert (proef.inbak / "verwerkt" / "brief.pdf").read_bytes() == anders


def test_a_half_file_waits_with_its_reason_and_goes_to_quarantine_when_patience_ends(proef: Proef) -> None:
    proef.put("brief.pdf", b"SCAN half")
    proef.settle()
    assert (proef.rij("brief.pdf").status, proef.rij("brief.pdf").reden_code) == ("wacht", "onvolledig")
    proef.peil(30)
    rij = proef.rij("brief.pdf")
    assert (rij.status, rij.reden_code, rij.verplaatst_naar) == ("quarantaine", "onvolledig", "quarantaine/brief.pdf")
    assert (proef.inbak / "quarantaine" / "brief.pdf").read_bytes() == b"SCAN half"
    assert rij.sha256 is not None and proef.opslag.heeft(rij.sha256)
    assert proef.bronnen() == []
    with db.read(proef.engine) as session:
        (gebeurtenis,) = session.exec(select(GebeurtenisRow))
    assert (gebeurtenis.soort, gebeurtenis.onderwerp_log_id) == ("bestand.quarantaine", rij.id)
    assert gebeurtenis.gegevens == {"bron": rij.sha256, "reden": "onvolledig"}


def test_a_half_file_is_judged_once_as_long_as_it_stays_the_same(proef: Proef) -> None:
    gevraagd: list[str] = []

    def note(fd: int, suffix: str) -> Gevonden:
        gevraagd.append(suffix)
        return investigate(fd, suffix)

    proef.onderzoek = note
    proef.put("brief.pdf", b"SCAN half")
    proef.peil(15)
    assert gevraagd == [".pdf"]


def test_a_half_file_that_is_completed_later_is_taken_in(proef: Proef) -> None:
    pad = proef.put("brief.pdf", b"SCAN half")
    proef.settle()
    with pad.open("ab") as bestand:
        bestand.write(b"EINDE")
    proef.settle()
    assert proef.status() == {"brief.pdf": "ingenomen"}


def test_a_broken_file_goes_to_quarantine_and_does_not_stop_the_next(proef: Proef) -> None:
    proef.put("a.pdf", b"KAPOT")
    proef.put("b.pdf")
    proef.put("c.pdf", b"BUG")
    proef.put("d.pdf")
    proef.settle()
    assert proef.status() == {"a.pdf": "quarantaine", "b.pdf": "ingenomen", "c.pdf": "wacht", "d.pdf": "ingenomen"}
    assert proef.rij("a.pdf").reden == "Dit bestand is beschadigd. Scan het opnieuw."
    assert proef.rij("c.pdf").reden_code == "onverwacht"
    assert proef.tel()["gezien"] == 4


def test_a_file_that_met_a_bug_is_tried_again(proef: Proef) -> None:
    proef.put("a.pdf", b"BUG")
    proef.settle()
    proef.onderzoek = lambda fd, suffix: Gevonden("pdf")
    proef.peil(20)
    assert proef.status() == {"a.pdf": "ingenomen"}


def test_a_child_that_dies_gets_a_second_chance_before_quarantine(proef: Proef) -> None:
    gevraagd = []

    def die_once(fd: int, suffix: str) -> Gevonden:
        gevraagd.append(suffix)
        return investigate(fd, suffix) if len(gevraagd) > 1 else investigate(os.open(kapot, os.O_RDONLY), suffix)

    kapot = proef.map / "crash"
    kapot.write_bytes(b"CRASH")
    proef.onderzoek = die_once
    proef.put("a.pdf")
    proef.put("b.pdf", b"CRASH")
    proef.peil(8)
    assert proef.status() == {"a.pdf": "ingenomen", "b.pdf": "quarantaine"}
    assert proef.rij("b.pdf").reden_code == "gecrasht"


def test_a_file_of_another_kind_is_refused_and_stays_where_it_lies(proef: Proef) -> None:
    proef.put("notitie.txt", b"tekst")
    proef.put("nep.pdf", b"ANDERS")
    proef.peil(12)
    assert proef.status() == {"notitie.txt": "geweigerd", "nep.pdf": "geweigerd"}
    assert {pad.name for pad in proef.inbak.iterdir()} == {"notitie.txt", "nep.pdf", "verwerkt", "quarantaine"}
    proef.restart()
    proef.peil(12)
    assert len(proef.rijen()) == 2 and proef.tel()["geweigerd"] == 2


def test_a_refused_file_that_is_changed_gets_another_chance_under_the_same_row(proef: Proef) -> None:
    pad = proef.put("nep.pdf", b"ANDERS")
    proef.settle()
    pad.write_bytes(build_scan("nu goed"))
    proef.settle()
    assert proef.status() == {"nep.pdf": "ingenomen"} and len(proef.rijen()) == 1


def test_a_file_that_is_too_large_is_put_aside_without_being_read(proef: Proef) -> None:
    with proef.put("groot.pdf", b"").open("wb") as bestand:
        bestand.truncate(1_024_000_001)  # a hole: it takes no room
    proef.settle()
    rij = proef.rij("groot.pdf")
    assert (rij.status, rij.reden_code, rij.sha256) == ("quarantaine", "te_groot", None)
    assert list(proef.opslag.alle()) == []


def test_a_file_that_changes_while_it_is_judged_is_started_over(proef: Proef) -> None:
    pad = proef.put("brief.pdf")

    def write_on(fd: int, suffix: str) -> Gevonden:
        gevonden = investigate(fd, suffix)
        if not pad.read_bytes().endswith(b"NOG EENS EINDE"):
            with pad.open("ab") as bestand:
                bestand.write(b"NOG EENS EINDE")
        return gevonden

    proef.onderzoek = write_on
    proef.peil(4)
    assert proef.ingenomen() == []
    proef.peil(6)
    (bron,) = proef.bronnen()
    assert proef.opslag.pad(bron.sha256).read_bytes().endswith(b"NOG EENS EINDE")


def test_a_file_whose_time_is_set_back_while_it_is_judged_is_noticed(proef: Proef) -> None:
    pad = proef.put("brief.pdf", "aa")
    gewijzigd: list[Path] = []

    def change_in_secret(fd: int, suffix: str) -> Gevonden:
        gevonden = investigate(fd, suffix)
        if not gewijzigd:
            staat = pad.stat()
            pad.write_bytes(build_scan("bb"))
            os.utime(pad, ns=(staat.st_atime_ns, staat.st_mtime_ns))
            gewijzigd.append(pad)
        return gevonden

    proef.onderzoek = change_in_secret
    proef.peil(4)
    assert proef.ingenomen() == []
    proef.peil(6)
    assert proef.opslag.pad(proef.bronnen()[0].sha256).read_bytes() == build_scan("bb")


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "naam",
    [
        b"met spatie.pdf",
        b"-rf.pdf",
        "één ü.pdf".encode(),
        b"regel\neind.pdf",
        b"\xff\xfe kapotte naam.pdf",
        b"tab\t'\";$(rm).pdf",
        "\u202efdp.rtl.pdf".encode(),
        b"a" * 251 + b".pdf",
        b"back\\slash.pdf",
    ],
)
def test_a_file_with_an_odd_name_is_taken_in_and_put_away_under_that_name(proef: Proef, naam: bytes) -> None:
    (proef.inbak / os.fsdecode(naam)).write_bytes(build_scan("x"))
    (proef.inbak / "sub").mkdir()
    (proef.inbak / "sub" / os.fsdecode(naam)).write_bytes(build_scan("y"))
    proef.settle()
    assert set(proef.status().values()) == {"ingenomen"} and len(proef.bronnen()) == 2
    assert (proef.inbak / "verwerkt" / os.fsdecode(naam)).read_bytes() == build_scan("x")
    assert (proef.inbak / "verwerkt" / "sub" / os.fsdecode(naam)).read_bytes() == build_scan("y")
    assert all("\n" not in rij.pad and "\u202e" not in rij.pad for rij in proef.rijen())


def test_equal_names_are_told_apart(proef: Proef) -> None:
    for nummer in range(3):
        proef.put("scan.pdf", f"inhoud {nummer}")
        proef.settle()
    assert len(proef.bronnen()) == 3
    assert [rij.verplaatst_naar for rij in sorted(proef.rijen(), key=lambda rij: rij.gezien_op)] == [
        "verwerkt/scan.pdf",
        "verwerkt/scan~2.pdf",
        "verwerkt/scan~3.pdf",
    ]
    assert (proef.inbak / "verwerkt" / "scan~2.pdf").read_bytes() == build_scan("inhoud 1")


def test_the_same_bytes_twice_are_two_deliveries_and_linked_to_the_first(proef: Proef) -> None:
    proef.put("a.pdf", "zelfde")
    proef.settle()
    proef.put("b.pdf", "zelfde")
    proef.put("c.pdf", "zelfde")
    proef.settle()
    eerste = proef.rij("a.pdf")
    assert eerste.dubbel_van is None
    assert proef.rij("b.pdf").dubbel_van == proef.rij("c.pdf").dubbel_van == eerste.bron_id
    assert [[bestand.dubbel_van for bestand in deel.bestanden] for deel in proef.aanleveringen] == [
        [None],
        [eerste.bron_id],
        [eerste.bron_id],
    ]
    assert len(proef.bronnen()) == 3 and len(list(proef.opslag.alle())) == 1


def test_the_same_bytes_twice_in_one_delivery_are_said_too(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    for naam in ("m/1.jpg", "m/2.jpg"):
        proef.put(naam, "blanco")
    proef.settle()
    een, twee = proef.aanleveringen[0].bestanden
    assert (een.dubbel_van, twee.dubbel_van) == (None, een.bron_id)
    proef.close()


@pytest.mark.parametrize("naam", ["a.pdf.part", "a.filepart", "a.pdf.tmp", "a.pdf~", ".a.pdf.Xc3"])
def test_a_temporary_name_waits_and_is_shown_and_its_rename_is_followed(proef: Proef, naam: str) -> None:
    pad = proef.put(naam, "bijna")
    proef.peil(30)
    rij = proef.rij(naam)
    assert (rij.status, rij.reden_code) == ("wacht", "tijdelijke_naam")
    with db.read(proef.engine) as session:
        (probleem,) = find_wachtproblemen(session, proef.scanmap, proef.nu)
    assert "geef het dan zijn gewone naam" in probleem
    pad.rename(proef.inbak / "a.pdf")
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"}
    assert proef.rij("a.pdf").id == rij.id


def test_another_file_than_was_decided_on_is_never_moved_not_even_for_a_moment(proef: Proef) -> None:
    pad = proef.put("a.pdf")
    oud = build_ingang(pad.lstat()).kenmerk
    proef.put("a.pdf", "een heel ander bestand onder deze naam")
    assert not move_bestand(proef.inbak, "a.pdf", "verwerkt/map/a.pdf", oud)
    assert pad.exists() and not (proef.inbak / "verwerkt").exists()  # not even the folder for it was made


# --- our own folders ----------------------------------------------------------------------------------------------


def test_a_file_that_a_person_puts_in_our_own_folders_is_seen_and_said_and_left_there(proef: Proef) -> None:
    for naam in ("verwerkt/oud.pdf", "quarantaine/map/oud.pdf", "sub/verwerkt/nieuw.pdf"):
        proef.put(naam)
    proef.put("verwerkt/Thumbs.db", b"x")
    verslag = proef.settle()
    assert proef.status() == {
        "verwerkt/oud.pdf": "geweigerd",
        "quarantaine/map/oud.pdf": "geweigerd",
        "verwerkt/Thumbs.db": "geweigerd",
        "sub/verwerkt/nieuw.pdf": "ingenomen",
    }
    assert "Zet het in de scanmap" in proef.rij("verwerkt/oud.pdf").reden
    assert proef.rij("verwerkt/Thumbs.db").reden_code == "ander_soort"
    assert (proef.inbak / "verwerkt" / "oud.pdf").exists() and verslag.wachtend == 0
    with db.read(proef.engine) as session:
        (probleem,) = find_wachtproblemen(session, proef.scanmap, proef.nu)
    assert "2 bestanden" in probleem
    with pytest.raises(NietMogelijkError, match="Zet het in de scanmap"):
        proef.wachter.opnieuw(proef.rij("verwerkt/oud.pdf").id, "Els")
    proef.peil(40)
    assert len(proef.rijen()) == 4 and proef.tel()["geweigerd"] == 3


def test_what_we_put_away_ourselves_is_never_taken_for_a_file_of_a_person(proef: Proef) -> None:
    proef.put("a.pdf")
    proef.put("b.pdf", b"KAPOT")
    proef.peil(40)
    proef.restart()
    proef.peil(40)
    assert proef.status() == {"a.pdf": "ingenomen", "b.pdf": "quarantaine"}


def test_our_own_folders_are_looked_at_once_a_minute(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    keren: list[float] = []

    def tel(map: Path) -> Lijst:
        keren.append(proef.nu)
        return list_eigen_mappen(map)

    monkeypatch.setattr(scanmap_eigen, "list_eigen_mappen", tel)
    proef.peil(300, na_s=2.0)
    assert len(keren) == 10
    proef.nu -= 3_600  # a clock that is set back does not blind us for an hour
    proef.peil()
    assert len(keren) == 11


def test_a_file_that_is_put_where_we_advised_is_taken_in_under_the_same_row(proef: Proef) -> None:
    proef.put("verwerkt/a.pdf")
    proef.peil()
    rij = proef.rij("verwerkt/a.pdf")
    (proef.inbak / "verwerkt" / "a.pdf").rename(proef.inbak / "a.pdf")
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"} and proef.rij("a.pdf").id == rij.id


def test_a_file_that_was_removed_from_our_own_folders_is_no_problem_any_more(proef: Proef) -> None:
    pad = proef.put("verwerkt/a.pdf")
    proef.peil()
    pad.unlink()
    proef.peil(2, na_s=70)
    assert proef.rij("verwerkt/a.pdf").reden_code == "uit_eigen_map"
    with db.read(proef.engine) as session:
        assert find_wachtproblemen(session, proef.scanmap, proef.nu) == ()
    proef.put("verwerkt/a.pdf", "een ander")
    proef.peil(2, na_s=70)
    assert sorted(rij.reden_code for rij in proef.rijen()) == ["in_eigen_map", "uit_eigen_map"]


def test_a_waiting_file_that_a_person_moves_to_our_own_folders_keeps_its_row(proef: Proef) -> None:
    pad = proef.put("a.pdf")
    proef.peil()
    pad.rename(proef.inbak / "verwerkt" / "zelf.pdf")
    assert proef.peil(20).wachtend == 0
    assert proef.status() == {"verwerkt/zelf.pdf": "geweigerd"}
    assert proef.tel()["gezien"] == 1


def test_a_file_of_ours_that_gets_another_name_there_is_followed(proef: Proef) -> None:
    proef.put("a.pdf")
    proef.settle()
    (proef.inbak / "verwerkt" / "2026").mkdir()
    (proef.inbak / "verwerkt" / "a.pdf").rename(proef.inbak / "verwerkt" / "2026" / "b.pdf")
    proef.peil(2, na_s=70)
    assert proef.status() == {"a.pdf": "ingenomen"}
    assert proef.rij("a.pdf").verplaatst_naar == "verwerkt/2026/b.pdf"


def test_a_file_that_overwrites_one_of_ours_is_seen(proef: Proef) -> None:
    proef.put("a.pdf")
    proef.settle()
    proef.put("verwerkt/a.pdf", "iets heel anders")
    proef.peil(2, na_s=70)
    assert proef.status() == {"a.pdf": "ingenomen", "verwerkt/a.pdf": "geweigerd"}


def test_a_file_that_is_still_being_copied_into_our_own_folders_is_one_file(proef: Proef) -> None:
    pad = proef.put("verwerkt/a.pdf.part", b"SCAN")
    proef.peil()
    pad.write_bytes(build_scan("a"))
    proef.peil(2, na_s=70)
    pad.rename(pad.with_name("a.pdf"))
    proef.peil(2, na_s=70)
    assert [(rij.pad, rij.reden_code) for rij in proef.rijen()] == [("verwerkt/a.pdf", "in_eigen_map")]


def test_a_folder_of_ours_that_cannot_be_read_is_said(proef: Proef) -> None:
    proef.put("verwerkt/a.pdf")
    proef.peil()
    (proef.inbak / "quarantaine").write_bytes(b"a file in the place of our folder")
    verslag = proef.peil(na_s=70)
    assert any("niet te lezen" in probleem for probleem in verslag.problemen)
    assert proef.rij("verwerkt/a.pdf").reden_code == "in_eigen_map"


# --- what is no plain file ----------------------------------------------------------------------------------------


def test_links_pipes_and_devices_are_refused_and_never_opened(proef: Proef) -> None:
    geheim = proef.map / "geheim.pdf"
    geheim.write_bytes(build_scan("geheim"))
    (proef.inbak / "link.pdf").symlink_to(geheim)
    (proef.inbak / "weg.pdf").symlink_to("bestaat niet")
    (proef.inbak / "map").symlink_to(proef.map)
    os.mkfifo(proef.inbak / "pijp.pdf")
    with socket.socket(socket.AF_UNIX) as een:
        een.bind(str(proef.inbak / "s.pdf"))
    soorten = {"link.pdf", "weg.pdf", "map", "pijp.pdf", "s.pdf"}
    if os.geteuid() == 0:
        os.mknod(proef.inbak / "nul.pdf", 0o600 | 0o020000, os.makedev(1, 3))
        soorten.add("nul.pdf")
    proef.put("goed.pdf")
    proef.settle()
    assert proef.status() == dict.fromkeys(soorten, "geweigerd") | {"goed.pdf": "ingenomen"}
    assert {rij.reden_code for rij in proef.rijen() if rij.status == "geweigerd"} == {"verwijzing", "geen_bestand"}
    assert all(os.path.lexists(proef.inbak / naam) for naam in soorten)
    proef.peil(10)
    assert len(proef.rijen()) == len(soorten) + 1


def test_a_hard_link_is_refused_until_it_is_the_only_name(proef: Proef) -> None:
    elders = proef.map / "elders.pdf"
    elders.write_bytes(build_scan("elders"))
    os.link(elders, proef.inbak / "a.pdf")
    proef.settle()
    assert (proef.rij("a.pdf").status, proef.rij("a.pdf").reden_code) == ("geweigerd", "harde_koppeling")
    elders.unlink()
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"}


def test_a_file_that_is_swapped_for_a_link_after_it_rested_is_not_followed(proef: Proef) -> None:
    geheim = proef.map / "geheim"
    geheim.mkdir()
    (geheim / "a.pdf").write_bytes(build_scan("geheim"))
    proef.put("sub/a.pdf", "gewoon")
    proef.peil(3)
    list_daarna = proef.inbak / "sub"
    list_daarna.rename(proef.map / "opzij")
    list_daarna.symlink_to(geheim)
    proef.settle()
    assert proef.bronnen() == []
    assert proef.rij("sub/a.pdf").status == "wacht"


# --- batches ------------------------------------------------------------------------------------------------------


def test_a_folder_becomes_one_batch_in_natural_order_with_its_index(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    for n in (10, 2, 1):
        proef.put(f"post maandag/scan{n}.jpg")
    proef.put("post maandag/index.csv", b"bestand;zaak\nscan1.jpg;ZAAK-2026-0001\n")
    proef.settle()
    (aanlevering,) = proef.aanleveringen
    assert aanlevering.map == "post maandag"
    assert [bestand.naam for bestand in aanlevering.bestanden] == [f"post maandag/scan{n}.jpg" for n in (1, 2, 10)]
    (index,) = aanlevering.indexbestanden
    assert not index.gedeeld
    assert (index.naam, index.inhoud[:7]) == ("post maandag/index.csv", b"bestand")
    assert set(proef.status().values()) == {"ingenomen"}
    assert proef.opslag.heeft(index.vingerafdruk.sha256)
    assert (proef.inbak / "verwerkt" / "post maandag" / "index.csv").exists()
    proef.close()


def test_a_folder_with_one_broken_file_goes_on_without_it_and_says_so(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    proef.put("m/1.jpg")
    proef.put("m/2.jpg", b"KAPOT")
    proef.put("m/3.jpg")
    proef.settle()
    (aanlevering,) = proef.aanleveringen
    assert [bestand.naam for bestand in aanlevering.bestanden] == ["m/1.jpg", "m/3.jpg"]
    (bevinding,) = aanlevering.bevindingen
    assert (bevinding.code, bevinding.ernst) == ("bestand_ontbreekt", "ernstig")
    assert "m/2.jpg" in bevinding.tekst
    assert proef.rij("m/2.jpg").verplaatst_naar == "quarantaine/m/2.jpg"
    proef.close()


def test_a_folder_waits_whole_for_a_half_file_in_it(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    proef.put("m/1.jpg")
    half = proef.put("m/2.jpg", b"SCAN")
    proef.peil(10)
    assert set(proef.status().values()) == {"wacht"} and list(proef.opslag.alle()) == []
    assert proef.rij("m/1.jpg").reden_code == "wacht_op_andere"
    half.write_bytes(build_scan("compleet"))
    proef.settle()
    assert proef.ingenomen() == ["m/1.jpg", "m/2.jpg"]
    proef.close()


def test_a_file_that_disappeared_from_a_folder_is_said_with_its_batch(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    proef.put("m/1.jpg")
    proef.put("m/2.jpg")
    proef.peil(1)
    (proef.inbak / "m" / "2.jpg").unlink()
    proef.peil(8)
    (aanlevering,) = proef.aanleveringen
    assert [bevinding.code for bevinding in aanlevering.bevindingen] == ["bestand_ontbreekt"]
    assert proef.rij("m/2.jpg").reden_code == "verdwenen"
    proef.close()


def test_an_index_beside_loose_files_makes_them_one_batch_in_the_scanmap_itself(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    for naam in ("los.jpg", "los.jpg.json"):  # about one scan alone: they stay apart
        proef.put(naam)
    proef.settle()
    for naam in ("1.jpg", "2.jpg"):
        proef.put(naam)
    proef.put("index.csv", b"bestand;zaak\n1.jpg;ZAAK-2026-0001\n")
    proef.settle()
    namen = [[bestand.naam for bestand in deel.bestanden] for deel in proef.aanleveringen]
    assert namen == [["los.jpg"], ["1.jpg", "2.jpg"]]
    assert [[index.gedeeld for index in deel.indexbestanden] for deel in proef.aanleveringen] == [[False], [False]]
    proef.close()


def test_index_files_of_scans_that_may_not_pass_go_with_them_and_come_back_with_them(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    proef.put("m/1.jpg", b"KAPOT")
    proef.put("m/index.csv", b"bestand;zaak")
    proef.settle()
    assert proef.status() == {"m/1.jpg": "quarantaine", "m/index.csv": "quarantaine"}
    proef.onderzoek = lambda fd, suffix: Gevonden("jpeg")
    assert proef.wachter.opnieuw(proef.rij("m/1.jpg").id, "Proef") is not None
    assert [index.inhoud for index in proef.aanleveringen[0].indexbestanden] == [b"bestand;zaak"]
    proef.close()


def test_loose_files_are_one_batch_and_a_done_file_ends_it_at_once(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="los", klaarbestand="*.done")
    proef.put("2.jpg")
    proef.put("1.jpg")
    proef.put("alles.done", b"")
    proef.peil(3, na_s=1.0)
    assert proef.ingenomen() == ["1.jpg", "2.jpg"] and len(proef.aanleveringen) == 1
    assert proef.rij("alles.done").status == "ingenomen"
    assert (proef.inbak / "verwerkt" / "alles.done").exists()
    proef.close()


def test_a_shared_index_goes_along_with_every_file_and_leaves_last(proef: Proef) -> None:
    proef.put("index.csv", b"bestand;zaak")
    proef.put("a.pdf")
    proef.settle()
    proef.put("b.pdf")
    proef.settle()
    assert [[index.gedeeld for index in deel.indexbestanden] for deel in proef.aanleveringen] == [[True], [True]]
    assert proef.rij("index.csv").reden_code == "in_gebruik"
    proef.peil(10)
    assert set(proef.status().values()) == {"ingenomen"}
    assert (proef.inbak / "verwerkt" / "index.csv").exists()


def test_an_index_file_that_came_too_late_is_not_used_for_the_next_scan_of_that_name(proef: Proef) -> None:
    proef.put("scan001.pdf")
    proef.settle()
    proef.put("index.csv", b"bestand;zaak\nscan001.pdf;ZAAK-2026-0001\n")
    proef.settle()
    proef.put("scan001.pdf", build_scan("een andere brief"))
    proef.settle()
    eerste, tweede = proef.aanleveringen
    assert (eerste.indexbestanden, tweede.indexbestanden) == ((), ())
    assert [bevinding.code for bevinding in tweede.bevindingen] == ["index_onzeker"]
    assert "scan001.pdf" in tweede.bevindingen[0].tekst


@pytest.mark.parametrize("naam", ["scan001.PDF", "scan001.jpg"])
def test_the_name_of_a_scan_is_the_same_as_an_index_file_means_it(proef: Proef, naam: str) -> None:
    proef.put(naam)
    proef.settle()
    proef.put("scan001.pdf.json", b'{"zaak": "ZAAK-2026-0001"}')
    proef.put("scan001.pdf", build_scan("een andere brief"))
    proef.settle()
    assert proef.aanleveringen[1].indexbestanden == ()


def test_an_index_file_of_hours_later_is_not_used_for_the_next_scan_of_that_name(proef: Proef) -> None:
    proef.put("scan001.pdf")
    proef.settle()
    proef.peil(1, na_s=5 * 3600.0)
    proef.put("index.csv", b"bestand;zaak\nscan001.pdf;ZAAK-2026-0001\n")
    proef.put("scan001.pdf", build_scan("een andere brief"))
    proef.settle()
    assert proef.aanleveringen[1].indexbestanden == ()
    proef.peil(1, na_s=25 * 3600.0)  # the next day that name is free again
    proef.put("index.csv", b"bestand;zaak\nscan001.pdf;ZAAK-2026-0002\n")
    proef.put("scan001.pdf", build_scan("nog een brief"))
    proef.settle()
    assert len(proef.aanleveringen[2].indexbestanden) == 1


@pytest.mark.parametrize(("met_index", "gebruikt"), [(False, 0), (True, 1)])
def test_an_index_file_that_may_be_about_a_scan_in_quarantine_is_not_used_for_the_next(
    proef: Proef, *, met_index: bool, gebruikt: int
) -> None:
    proef.put("scan001.pdf", b"KAPOT")
    if met_index:  # it went into quarantine with its scan, so a new one is about the new scan
        proef.put("scan001.pdf.json", b"{}")
    proef.settle()
    proef.put("scan001.pdf.json", b'{"zaak": "ZAAK-2026-0001"}')
    proef.put("scan001.pdf", build_scan("opnieuw gescand, of een andere brief"))
    proef.settle()
    assert [len(deel.indexbestanden) for deel in proef.aanleveringen] == [gebruikt]


def test_an_index_file_of_another_scan_in_the_batch_does_not_count_for_this_one(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="los")
    proef.put("a.pdf")
    proef.put("a.pdf.json", b"{}")
    proef.put("b.pdf")
    proef.peil(10)
    proef.put("b.pdf.json", b"{}")
    proef.put("b.pdf", build_scan("een andere brief"))
    proef.peil(10)
    assert [[index.naam for index in deel.indexbestanden] for deel in proef.aanleveringen] == [["a.pdf.json"], []]
    proef.close()


def test_an_index_file_is_about_one_scan_of_a_name_and_not_about_the_next(proef: Proef) -> None:
    proef.put("index.csv", b"bestand;zaak\nscan001.pdf;ZAAK-2026-0001\n")
    proef.put("scan001.pdf")
    proef.settle()
    proef.put("scan001.pdf", build_scan("een andere brief"))
    proef.put("scan002.pdf", build_scan("nog een brief"))
    proef.settle()
    gebruikt = {deel.bestanden[0].naam: len(deel.indexbestanden) for deel in proef.aanleveringen[1:]}
    assert (len(proef.aanleveringen[0].indexbestanden), gebruikt) == (1, {"scan001.pdf": 0, "scan002.pdf": 1})


def test_pairs_of_a_scan_and_its_index_file_may_have_the_same_names_every_time(proef: Proef) -> None:
    for n in range(3):
        proef.put("scan.pdf.json", b'{"zaak": "ZAAK-2026-0001"}')
        proef.put("scan.pdf", build_scan(f"brief {n}"))
        proef.settle()
    assert [len(deel.indexbestanden) for deel in proef.aanleveringen] == [1, 1, 1]


def test_an_index_file_without_scans_is_put_aside_when_patience_ends(proef: Proef) -> None:
    proef.put("index.csv", b"bestand;zaak\n")
    proef.put("map/index.csv", b"bestand;zaak\n")
    proef.put("map/a.pdf", b"SCAN half")
    proef.settle()
    assert proef.status()["index.csv"] == "wacht"
    proef.peil(25)
    assert (proef.rij("index.csv").status, proef.rij("index.csv").reden_code) == ("quarantaine", "index_over")
    assert (proef.inbak / "quarantaine" / "index.csv").exists()


def test_an_index_file_that_is_no_index_by_its_size_is_put_aside(tmp_path: Path) -> None:
    proef = build_proef(tmp_path, batch="map")
    proef.put("m/1.jpg")
    with proef.put("m/index.csv", b"").open("wb") as bestand:
        bestand.truncate(20_000_000)
    proef.settle()
    assert proef.status() == {"m/1.jpg": "ingenomen", "m/index.csv": "quarantaine"}
    proef.close()


# --- trouble that is not the file's -------------------------------------------------------------------------------


def test_a_busy_file_waits_with_its_reason_and_is_taken_in_when_it_is_free(proef: Proef) -> None:
    pad = proef.put("brief.pdf")
    oud = signal.signal(signal.SIGIO, signal.SIG_IGN)  # the kernel tells the holder that somebody wants the file
    houder = os.open(pad, os.O_RDWR)
    fcntl.fcntl(houder, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    try:
        proef.settle()
        assert (proef.rij("brief.pdf").status, proef.rij("brief.pdf").reden_code) == ("wacht", "bezet")
    finally:
        os.close(houder)
        signal.signal(signal.SIGIO, oud)
    proef.peil(20)
    assert proef.status() == {"brief.pdf": "ingenomen"}


def test_a_file_without_rights_waits_with_its_reason_and_is_not_forgotten(as_nobody: Path) -> None:
    proef = build_proef(as_nobody)
    proef.put("brief.pdf").chmod(0o000)
    proef.put("ander.pdf")
    proef.peil(40)
    assert proef.rij("brief.pdf").reden_code == "geen_rechten"
    (probleem,) = proef.peil().problemen
    assert "1 bestand" in probleem and "Geef leesrechten" in probleem
    with db.read(proef.engine) as session:
        assert find_wachtproblemen(session, proef.scanmap, proef.nu) == (probleem,)  # so that it is told once
    assert proef.status() == {"ander.pdf": "ingenomen", "brief.pdf": "wacht"}
    (proef.inbak / "brief.pdf").chmod(0o600)
    proef.peil(20)
    assert proef.status()["brief.pdf"] == "ingenomen"
    proef.close()


def test_a_folder_without_rights_is_said_and_its_files_are_not_called_gone(as_nobody: Path) -> None:
    proef = build_proef(as_nobody)
    proef.put("sub/brief.pdf")
    proef.peil(2)
    (proef.inbak / "sub").chmod(0o000)
    verslag = proef.peil(10)
    assert any("niet te lezen" in probleem for probleem in verslag.problemen)
    assert proef.rij("sub/brief.pdf").reden_code == "weg"
    (proef.inbak / "sub").chmod(0o700)
    proef.settle()
    assert proef.status() == {"sub/brief.pdf": "ingenomen"}
    proef.close()


def test_a_folder_that_may_not_be_written_is_taken_in_once_and_emptied_later(as_nobody: Path) -> None:
    proef = build_proef(as_nobody)
    proef.put("a.pdf")
    proef.put("b.pdf", b"KAPOT")
    proef.inbak.chmod(0o500)
    verslag = proef.peil(10)
    assert proef.ingenomen() == ["a.pdf"]
    assert proef.rij("a.pdf").reden_code == "niet_verplaatst" and proef.rij("a.pdf").verplaatst_naar is None
    assert proef.rij("b.pdf").reden_code == "kapot"
    assert any("Geef schrijfrechten" in probleem for probleem in verslag.problemen)
    proef.restart()
    proef.peil(10)
    assert proef.ingenomen() == ["a.pdf"] and len(proef.rijen()) == 2
    proef.inbak.chmod(0o700)
    proef.peil(40)
    assert proef.ingenomen() == ["a.pdf"]
    assert {rij.verplaatst_naar for rij in proef.rijen()} == {"verwerkt/a.pdf", "quarantaine/b.pdf"}
    assert proef.rij("a.pdf").reden == ""
    proef.close()


def test_a_scanmap_that_vanishes_changes_nothing_and_goes_on_when_it_is_back(proef: Proef) -> None:
    proef.put("a.pdf", b"SCAN half")
    proef.put("b.pdf")
    proef.peil(2)
    proef.inbak.rename(proef.map / "weg")
    for _ in range(10):
        verslag = proef.peil()
        assert not verslag.bereikbaar and "niet bereikbaar" in verslag.problemen[0]
    assert proef.status() == {"a.pdf": "wacht", "b.pdf": "wacht"}
    (proef.map / "weg").rename(proef.inbak)
    assert proef.settle().bereikbaar
    assert proef.status() == {"a.pdf": "wacht", "b.pdf": "ingenomen"}
    assert proef.rij("a.pdf").reden_code == "onvolledig"


def test_an_empty_mount_point_in_the_place_of_the_scanmap_says_nothing_about_its_files(proef: Proef) -> None:
    proef.put("a.pdf")
    proef.peil(2)
    proef.inbak.rename(proef.map / "weg")
    proef.inbak.mkdir()
    proef.restart()
    verslag = proef.peil(30)
    assert not verslag.bereikbaar and "Is de schijf gekoppeld?" in verslag.problemen[0]
    assert proef.rij("a.pdf").reden_code == "rust"
    assert list(proef.inbak.iterdir()) == []  # nothing is made on the wrong disk
    proef.inbak.rmdir()
    (proef.map / "weg").rename(proef.inbak)
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"}


def test_a_file_that_disappears_keeps_its_row_and_goes_on_when_it_comes_back(proef: Proef) -> None:
    pad = proef.put("a.pdf")
    proef.peil(2)
    pad.rename(proef.map / "a.pdf")
    proef.peil(2)
    assert proef.rij("a.pdf").reden_code == "rust"  # absence from one look means nothing
    proef.peil(4)
    rij = proef.rij("a.pdf")
    assert (rij.status, rij.reden_code) == ("wacht", "verdwenen") and proef.tel()["verdwenen"] == 1
    with db.read(proef.engine) as session:
        assert any("verdwenen" in probleem for probleem in find_wachtproblemen(session, proef.scanmap, proef.nu))
    (proef.map / "a.pdf").rename(pad)
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"} and len(proef.rijen()) == 1


def test_a_file_that_never_comes_to_rest_is_said_in_the_end(proef: Proef) -> None:
    pad = proef.put("a.pdf", b"")
    for n in range(70):
        pad.write_bytes(b"SCAN" + b"x" * n)
        proef.peil(1, na_s=10.0)
    with db.read(proef.engine) as session:
        (probleem,) = find_wachtproblemen(session, proef.scanmap, proef.nu)
    assert "niet meer verandert" in probleem and proef.status() == {"a.pdf": "wacht"}


def test_without_a_sandbox_nothing_is_taken_in_and_it_is_said_why(proef: Proef) -> None:
    proef.put("a.pdf")
    proef.onderzoek = NoSandbox()
    verslag = proef.settle()
    assert proef.status() == {"a.pdf": "wacht"} and "bubblewrap" in proef.rij("a.pdf").reden
    assert any("bubblewrap" in probleem for probleem in verslag.problemen)
    proef.onderzoek = investigate
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"}


def test_a_full_store_makes_files_wait_and_they_go_on_when_there_is_room(proef: Proef) -> None:
    schijf = proef.map / "klein"
    schijf.mkdir()
    opdracht = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(schijf)]
    if subprocess.run(opdracht, capture_output=True, check=False).returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        proef.opslag = Opslag(schijf / "opslag")
        proef.restart()
        proef.put("a.pdf", "x" * 200_000)
        proef.put("b.pdf", "y")
        verslag = proef.settle()
        assert set(proef.status().values()) == {"wacht"}
        assert "is vol" in proef.rij("a.pdf").reden and any("is vol" in deel for deel in verslag.problemen)
        subprocess.run(["mount", "-o", "remount,size=4m", str(schijf)], check=True)
        proef.settle()
        assert set(proef.status().values()) == {"ingenomen"}
    finally:
        subprocess.run(["umount", "-l", str(schijf)], check=True)


def test_an_intake_that_fails_leaves_no_trace_and_is_tried_again(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    proef.put("a.pdf")
    echt = proef.neem_in

    def fail(session: Session, aanlevering: Aanlevering) -> UUID:
        echt(session, aanlevering)
        raise ZeroDivisionError

    monkeypatch.setattr(proef, "neem_in", fail)
    proef.restart()
    proef.settle()
    assert proef.bronnen() == [] and proef.status() == {"a.pdf": "wacht"}
    monkeypatch.setattr(proef, "neem_in", echt)
    proef.restart()
    proef.settle()
    assert len(proef.bronnen()) == 1 and proef.status() == {"a.pdf": "ingenomen"}


# --- crashes ------------------------------------------------------------------------------------------------------


class PowerCut(BaseException):
    """The machine stops here."""


@pytest.mark.parametrize("na_de_verplaatsing", [False, True])
def test_a_crash_after_the_commit_takes_nothing_in_twice(
    proef: Proef, monkeypatch: pytest.MonkeyPatch, na_de_verplaatsing: bool
) -> None:
    def cut(*feiten: object) -> bool:
        if na_de_verplaatsing:
            move_bestand(*feiten)  # type: ignore[arg-type]
        raise PowerCut

    proef.put("a.pdf")
    proef.put("b.pdf", b"KAPOT")
    monkeypatch.setattr(watcher, "move_bestand", cut)
    for _ in range(8):
        try:
            proef.peil()
        except PowerCut:
            proef.restart()
    monkeypatch.setattr(watcher, "move_bestand", move_bestand)
    proef.restart()
    proef.peil(10)
    assert proef.ingenomen() == ["a.pdf"] and len(proef.bronnen()) == 1
    assert {rij.verplaatst_naar for rij in proef.rijen()} == {"verwerkt/a.pdf", "quarantaine/b.pdf"}
    assert len(proef.rijen()) == 2


@pytest.mark.parametrize("herstart", [False, True])
def test_a_file_that_gets_another_name_after_it_was_taken_in_is_not_taken_in_again(
    proef: Proef, monkeypatch: pytest.MonkeyPatch, herstart: bool
) -> None:
    def refuse(*_feiten: object) -> bool:
        raise OSError(errno.EROFS, "Read-only file system")

    proef.put("a.pdf")
    with monkeypatch.context() as vast:
        vast.setattr(watcher, "move_bestand", refuse)
        proef.peil(10)
    assert proef.ingenomen() == ["a.pdf"]
    (proef.inbak / "a.pdf").rename(proef.inbak / "b.pdf")
    if herstart:
        proef.restart()
    proef.peil(20)
    assert len(proef.bronnen()) == 1
    assert [(rij.pad, rij.verplaatst_naar) for rij in proef.rijen()] == [("b.pdf", "verwerkt/b.pdf")]


def test_a_new_file_under_the_name_of_one_that_was_not_moved_yet_is_seen_as_new(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overwrite_first(map: Path, van: str, naar: str, kenmerk: object) -> bool:
        (map / van).unlink()
        (map / van).write_bytes(build_scan("tweede"))
        monkeypatch.setattr(watcher, "move_bestand", move_bestand)
        return move_bestand(map, van, naar, kenmerk)  # type: ignore[arg-type]

    proef.put("a.pdf", "eerste")
    monkeypatch.setattr(watcher, "move_bestand", overwrite_first)
    proef.peil(10)
    assert len(proef.bronnen()) == 2 and set(proef.status().values()) == {"ingenomen"}
    assert (proef.inbak / "verwerkt" / "a.pdf").read_bytes() == build_scan("tweede")


def test_what_a_failed_transaction_did_not_store_is_not_believed(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    pad = proef.put("a.pdf", "kort")
    proef.peil()
    pad.write_bytes(build_scan("veel langer"))

    def fail(engine: object) -> object:
        raise OperationalError("update", {}, Exception("disk I/O error"))

    with monkeypatch.context() as stuk, pytest.raises(OperationalError):
        stuk.setattr(watcher, "begin", fail)
        proef.peil()
    proef.peil(8)
    rij = proef.rij("a.pdf")
    assert (rij.status, rij.omvang_bytes) == ("ingenomen", len(build_scan("veel langer")))


def check_two_watchers(proef: Proef) -> None:
    for n in range(30):
        proef.put(f"{n}.pdf")
    wachters = [proef.build_wachter() for _ in range(3)]
    fouten: list[BaseException] = []

    def look(wachter: object) -> None:
        for _ in range(6):
            try:
                wachter.peil()  # type: ignore[attr-defined]
            except Exception as exc:  # two at once may meet in the database; the next look is due
                fouten.append(exc)

    for _ in range(6):
        proef.nu += 4
        draden = [threading.Thread(target=look, args=[wachter]) for wachter in wachters]
        for draad in draden:
            draad.start()
        for draad in draden:
            draad.join()
    assert sorted(bron.naam for bron in proef.bronnen()) == sorted(f"{n}.pdf" for n in range(30))
    assert set(proef.status().values()) == {"ingenomen"} and proef.tel()["gezien"] == 30
    assert len(list((proef.inbak / "verwerkt").iterdir())) == 30


def test_a_look_that_began_before_another_watcher_put_files_away_does_not_see_them_as_new(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.put("a.pdf")
    proef.put("b.pdf", "blijft")
    oud = list_bestanden(proef.inbak)
    (proef.inbak / "b.pdf").rename(proef.map / "b.pdf")
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"}
    (proef.map / "b.pdf").rename(proef.inbak / "b.pdf")
    with monkeypatch.context() as traag:
        traag.setattr(watcher, "list_bestanden", lambda map: oud)
        proef.build_wachter().peil()
    assert proef.status() == {"a.pdf": "ingenomen", "b.pdf": "wacht"} and proef.tel()["gezien"] == 2


def test_two_watchers_on_one_scanmap_take_every_file_in_once(proef: Proef) -> None:
    check_two_watchers(proef)


def test_two_watchers_on_one_scanmap_take_every_file_in_once_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    proef = build_proef(tmp_path, url=postgres_url)
    check_two_watchers(proef)
    proef.close()


def test_all_four_places_are_kept_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    proef = build_proef(tmp_path, url=postgres_url)
    for naam, inhoud in (("a.pdf", "x"), ("b.pdf", b"KAPOT"), ("c.pdf", b"SCAN"), ("d.pdf", b"ANDERS"), ("e.pdf", "x")):
        proef.put(naam, inhoud)
    proef.put("f.pdf", "naam").rename(proef.inbak / os.fsdecode(b"\xff\n.pdf"))
    with proef.put("g.pdf", b"").open("wb") as bestand:
        bestand.truncate(3_000_000_000)  # more than 32 bits can count
    proef.peil(12)
    assert proef.tel() == {"wacht": 1, "ingenomen": 3, "quarantaine": 2, "geweigerd": 1, "verdwenen": 0, "gezien": 7}
    assert proef.rij("e.pdf").dubbel_van == proef.rij("a.pdf").bron_id
    proef.inbak.rename(proef.map / "weg")
    (proef.map / "weg").rename(proef.inbak)
    proef.restart()
    proef.peil(40)
    assert proef.status()["c.pdf"] == "quarantaine"
    with db.read(proef.engine) as session:
        assert find_wachtproblemen(session, proef.scanmap, proef.nu) == ()
    proef.close()


# --- people -------------------------------------------------------------------------------------------------------


def test_a_file_in_quarantine_is_offered_again_from_the_store_under_new_settings(proef: Proef) -> None:
    proef.put("a.pdf", b"KAPOT")
    proef.settle()
    id = proef.rij("a.pdf").id
    with pytest.raises(InvoerError, match="beschadigd"):
        proef.wachter.opnieuw(id, "Proef")
    (proef.inbak / "quarantaine" / "a.pdf").unlink()  # the store has it
    proef.onderzoek = lambda fd, suffix: Gevonden("pdf")
    assert proef.wachter.opnieuw(id, "Proef") is not None
    assert proef.rij("a.pdf").status == "ingenomen" and len(proef.bronnen()) == 1
    with pytest.raises(NietMogelijkError):
        proef.wachter.opnieuw(id, "Proef")
    assert len(proef.bronnen()) == 1


def test_who_offers_a_file_again_is_an_event_whatever_comes_of_it(proef: Proef) -> None:
    proef.put("a.pdf", b"KAPOT")
    proef.put("b.pdf", b"ANDERS")
    proef.settle()
    a, b = proef.rij("a.pdf").id, proef.rij("b.pdf").id
    with pytest.raises(InvoerError):
        proef.wachter.opnieuw(a, "Els")
    proef.onderzoek = lambda fd, suffix: Gevonden("pdf")
    proef.wachter.opnieuw(a, "Bas")
    proef.wachter.opnieuw(b, "Bas")
    with pytest.raises(NietMogelijkError):
        proef.wachter.opnieuw(a, "Els")  # nothing changes, so there is nothing to record
    with db.read(proef.engine) as session:
        rijen = session.exec(
            select(GebeurtenisRow.onderwerp_log_id, ActorRow.naam, GebeurtenisRow.gegevens)
            .where(GebeurtenisRow.actor_log_id == ActorRow.log_id, GebeurtenisRow.soort == "bestand.opnieuw")
            .order_by(col(GebeurtenisRow.volgnummer))
        ).all()
    assert [tuple(rij) for rij in rijen] == [
        (a, "Els", {"ingenomen": False}),
        (a, "Bas", {"ingenomen": True}),
        (b, "Bas", {"ingenomen": False}),
    ]


def test_a_file_that_is_taken_in_after_all_leaves_quarantine_also_after_a_crash(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    proef.put("a.pdf", b"KAPOT")
    proef.settle()
    proef.onderzoek = lambda fd, suffix: Gevonden("pdf")

    def cut(*_: object) -> bool:
        raise PowerCut

    with monkeypatch.context() as stuk, pytest.raises(PowerCut):
        stuk.setattr(watcher, "move_bestand", cut)
        proef.wachter.opnieuw(proef.rij("a.pdf").id, "Proef")
    assert proef.rij("a.pdf").verplaatst_naar == "quarantaine/a.pdf"  # true to the disk at every moment
    proef.restart()
    proef.peil()
    assert proef.rij("a.pdf").verplaatst_naar == "verwerkt/a.pdf"
    assert (proef.inbak / "verwerkt" / "a.pdf").exists()


def test_a_file_that_was_too_large_is_read_from_quarantine_when_it_is_offered_again(proef: Proef) -> None:
    proef.profiel = Scanprofiel(maximaal_mb=1)
    proef.restart()
    proef.put("a.pdf", "x" * 1_000_001)
    proef.settle()
    id = proef.rij("a.pdf").id
    with pytest.raises(InvoerError, match="groter dan 1 MB"):
        proef.wachter.opnieuw(id, "Proef")
    proef.profiel = Scanprofiel(maximaal_mb=2)
    proef.restart()
    proef.onderzoek = lambda fd, suffix: Gevonden("pdf")
    proef.wachter.opnieuw(id, "Proef")
    assert proef.rij("a.pdf").status == "ingenomen" and proef.opslag.heeft(proef.bronnen()[0].sha256)


def test_a_file_that_is_dragged_back_from_quarantine_is_offered_again(proef: Proef) -> None:
    proef.put("a.pdf", b"KAPOT")
    proef.settle()
    proef.onderzoek = lambda fd, suffix: Gevonden("pdf")
    (proef.inbak / "quarantaine" / "a.pdf").rename(proef.inbak / "a.pdf")
    proef.settle()
    assert sorted(rij.status for rij in proef.rijen()) == ["ingenomen", "quarantaine"]


def test_a_person_may_refuse_a_file_in_quarantine_with_a_reason(proef: Proef) -> None:
    proef.put("a.pdf", b"KAPOT")
    proef.put("b.pdf")
    proef.settle()
    a, b = proef.rij("a.pdf"), proef.rij("b.pdf")
    with db.begin(proef.engine) as session, pytest.raises(NietMogelijkError, match="reden"):
        weigeren(session, a.id, "  ", nu=proef.nu)
    with db.begin(proef.engine) as session, pytest.raises(NietMogelijkError):
        weigeren(session, b.id, "dubbel", nu=proef.nu)
    with db.begin(proef.engine) as session:
        weigeren(session, a.id, "Reclame", nu=proef.nu)
    assert (proef.rij("a.pdf").status, proef.rij("a.pdf").reden) == ("geweigerd", "Reclame")
    assert (proef.inbak / "quarantaine" / "a.pdf").exists()
    proef.peil(5)
    assert proef.tel() == {"wacht": 0, "ingenomen": 1, "quarantaine": 0, "geweigerd": 1, "verdwenen": 0, "gezien": 2}


def test_a_person_may_close_the_account_of_a_file_that_disappeared(proef: Proef) -> None:
    proef.put("a.pdf")
    proef.peil()
    (proef.inbak / "a.pdf").unlink()
    proef.peil(6)
    with db.begin(proef.engine) as session:
        weigeren(session, proef.rij("a.pdf").id, "Per ongeluk gescand", nu=proef.nu)
    assert proef.peil(3).wachtend == 0 and proef.tel()["geweigerd"] == 1


def test_a_refused_file_may_be_offered_again_where_it_lies(proef: Proef) -> None:
    proef.put("a.pdf", b"ANDERS")
    proef.settle()
    proef.onderzoek = lambda fd, suffix: Gevonden("pdf")
    assert proef.wachter.opnieuw(proef.rij("a.pdf").id, "Proef") is None
    proef.settle()
    assert proef.status() == {"a.pdf": "ingenomen"}


def test_a_file_that_does_not_exist_is_said(proef: Proef) -> None:
    with pytest.raises(NietGevondenError):
        proef.wachter.opnieuw(uuid4(), "Proef")


# --- the loop -----------------------------------------------------------------------------------------------------


def wait_for(waar: object, einde_s: float = 15.0) -> None:
    einde = time.monotonic() + einde_s
    while not waar():  # type: ignore[operator]
        assert time.monotonic() < einde, "this took too long"
        time.sleep(0.02)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Proef]:
    """A loop on the real clock that looks every 30 seconds, so only a wake-up makes it quick."""
    proef = build_proef(tmp_path, peiling_s=30.0, klaarbestand="{naam}.klaar")
    stop = threading.Event()
    draad = threading.Thread(target=proef.wachter.loop, args=[stop])
    draad.start()
    wait_for(lambda: proef.wachter.laatste is not None)
    time.sleep(0.3)
    yield proef
    begin = time.monotonic()
    stop.set()
    draad.join(timeout=10)
    assert not draad.is_alive() and time.monotonic() - begin < 3
    proef.close()


def test_a_file_with_its_done_file_wakes_the_watcher(running: Proef) -> None:
    running.put("a.pdf")
    running.put("a.pdf.klaar", b"")
    wait_for(lambda: running.ingenomen() == ["a.pdf"], 5.0)


def test_the_loop_goes_on_after_an_error_of_the_database(running: Proef) -> None:
    with running.engine.begin() as verbinding:
        verbinding.exec_driver_sql("alter table scanmap_bestand rename to weg")
    running.put("a.pdf")
    wait_for(lambda: not running.wachter.laatste.bereikbaar, 5.0)  # type: ignore[union-attr]
    with running.engine.begin() as verbinding:
        verbinding.exec_driver_sql("alter table weg rename to scanmap_bestand")
    running.put("a.pdf.klaar", b"")
    wait_for(lambda: running.ingenomen() == ["a.pdf"], 5.0)


def test_the_loop_watches_a_scanmap_that_was_away(running: Proef) -> None:
    running.inbak.rename(running.map / "weg")
    (running.map / "weg" / "x").write_bytes(b"")  # wakes it: the watch moved along with the folder
    wait_for(lambda: not running.wachter.laatste.bereikbaar, 5.0)  # type: ignore[union-attr]
    (running.map / "weg").rename(running.inbak)
    running.nu += 1
    running.wachter._wek.set()
    wait_for(lambda: running.wachter.laatste.bereikbaar, 5.0)  # type: ignore[union-attr]
    running.put("a.pdf")
    running.put("a.pdf.klaar", b"")
    wait_for(lambda: running.ingenomen() == ["a.pdf"], 5.0)


def test_a_look_asks_the_database_as_often_for_many_files_as_for_few(proef: Proef) -> None:
    vragen: list[str] = []
    sa.event.listen(proef.engine, "before_cursor_execute", lambda _v, _c, vraag, *_: vragen.append(vraag))
    gesteld = []
    for tot in (20, 2_000):
        for n in range(tot):
            (proef.inbak / f"{n}.pdf.part").write_bytes(b"")
        proef.peil()
        vragen.clear()
        proef.peil()  # nothing is new to it
        gesteld.append(len(vragen))
        with db.read(proef.engine) as session:
            assert tel_bestanden(session)["wacht"] == tot
    weinig, veel = gesteld
    assert veel <= weinig + 20, gesteld  # by the hundred, not one by one
