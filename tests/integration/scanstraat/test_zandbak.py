"""The sandbox itself, with real children, in both its forms."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scanstraat import errors
from scanstraat.errors import InvoerError, ZandbakError, ZandbakGrensError
from scanstraat.zandbak import Grenzen, Zandbak, find_zandbak

TAKEN = Path(__file__).parent / "proeftaken"
WORTEL = Path(__file__).parents[3]
GRENZEN = Grenzen(geheugen_mb=600, cpu_s=20, klok_s=20, bestand_mb=16)
T = "proef_zandbak:"


def build_zandbak(*, vast: bool = False, grenzen: Grenzen = GRENZEN) -> Zandbak:
    return Zandbak(["proef_zandbak"], grenzen, vast=vast, zoekpad=[TAKEN])


def force(soort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTRAAT_ZANDBAK", soort)
    keuze = find_zandbak()
    if keuze.soort != soort:
        pytest.skip(f"{soort} kan hier niet: {keuze.reden}")


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def zandbak(request: pytest.FixtureRequest) -> Iterator[Zandbak]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        force(request.param, monkeypatch)
        with build_zandbak() as zandbak:
            assert zandbak.soort == request.param
            yield zandbak


@pytest.fixture
def bestand(tmp_path: Path) -> Iterator[int]:
    """A file as the store keeps it: mode 0440."""
    pad = tmp_path / "bron"
    pad.write_text("inhoud")
    pad.chmod(0o440)
    fd = os.open(pad, os.O_RDONLY)
    yield fd
    os.close(fd)


def count_open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_task_gets_its_data_and_files_and_answers(zandbak: Zandbak, bestand: int) -> None:
    with zandbak.vraag(T + "echo", {"a": ["é", 1, None]}, [bestand, bestand]) as bericht:
        assert bericht.gegevens["gegevens"] == {"a": ["é", 1, None]}
        assert bericht.gegevens["omvang"] == [6, 6]


def test_every_request_has_a_child_of_its_own(zandbak: Zandbak) -> None:
    pids = {zandbak.vraag(T + "onthoud", {}).gegevens["pid"] for _ in range(3)}
    assert len(pids) == 3
    assert zandbak.vraag(T + "onthoud", {}).gegevens["teller"] == 1


def test_a_stored_file_can_be_read_by_descriptor_and_by_proc(zandbak: Zandbak, bestand: int) -> None:
    assert zandbak.vraag(T + "lees", {}, [bestand]).gegevens == {"dup": "inhoud", "proc": "inhoud"}


def test_an_output_file_can_be_written(zandbak: Zandbak, tmp_path: Path) -> None:
    fd = os.open(tmp_path / "uit", os.O_RDWR | os.O_CREAT)
    with contextlib.closing(os.fdopen(fd, "rb")):
        zandbak.vraag(T + "schrijf", {}, [fd])
    assert (tmp_path / "uit").read_bytes() == b"eentwee"


def test_large_json_and_files_come_out_and_can_no_longer_change(zandbak: Zandbak) -> None:
    with zandbak.vraag(T + "maak", {"n": 300_000, "ballast": "z" * 200_000}) as bericht:
        assert len(bericht.gegevens["tekst"]) == 300_000
        inhoud = [os.read(fd, 400_000) for fd in bericht.bestanden]
        for fd in bericht.bestanden:
            assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE
    assert inhoud == [b"x" * 300_000, b"tweede", b"derde"]


def test_a_stream_works_at_most_one_ahead(zandbak: Zandbak, tmp_path: Path) -> None:
    with (tmp_path / "spoor").open("w+b") as spoor:
        stroom = zandbak.stroom(T + "tel", {"n": 6}, [spoor.fileno()])
        assert next(stroom).gegevens["i"] == 0
        time.sleep(0.3)
        assert os.fstat(spoor.fileno()).st_size <= 3  # taken, waiting in the channel, being computed
        assert [bericht.gegevens["i"] for bericht in stroom] == [1, 2, 3, 4, 5]


def test_an_error_at_the_end_of_a_stream_arrives_after_its_parts(zandbak: Zandbak) -> None:
    gekregen = []
    with pytest.raises(InvoerError) as fout:
        gekregen += [bericht.gegevens["i"] for bericht in zandbak.stroom(T + "tel", {"n": 2, "fout": True})]
    assert fout.value.code == "beschadigd"


def test_closing_a_stream_early_ends_its_child(zandbak: Zandbak, tmp_path: Path) -> None:
    with (tmp_path / "spoor").open("w+b") as spoor:
        stroom = zandbak.stroom(T + "tel", {"n": 1_000_000}, [spoor.fileno()])
        next(stroom)
        stroom.close()
        time.sleep(0.3)
        eerst = os.fstat(spoor.fileno()).st_size
        time.sleep(0.2)
        assert os.fstat(spoor.fileno()).st_size == eerst <= 3


def test_asking_one_answer_of_a_stream_is_a_mistake_in_the_program(zandbak: Zandbak) -> None:
    with pytest.raises(TypeError):
        zandbak.vraag(T + "tel", {"n": 2})


@pytest.mark.parametrize("klasse", ["InvoerError", "OnvolledigError", "AnderSoortError"])
def test_an_error_about_the_file_keeps_class_code_and_message(zandbak: Zandbak, klasse: str) -> None:
    with pytest.raises(InvoerError) as fout:
        zandbak.vraag(T + "faal", {"hoe": klasse})
    assert type(fout.value) is getattr(errors, klasse)
    assert (fout.value.code, fout.value.melding) == ("een_code", "Een melding.")


def test_an_error_of_a_measurement_becomes_an_error_about_the_file(zandbak: Zandbak) -> None:
    with pytest.raises(InvoerError) as fout:
        zandbak.vraag(T + "faal", {"hoe": "beeld"})
    assert (fout.value.code, fout.value.melding) == ("onleesbaar", "Dit beeld is niet te meten.")


@pytest.mark.parametrize("hoe", ["python", "onbekende naam", "exit", "onleesbaar antwoord"])
def test_any_other_error_is_a_crash_without_a_word_of_the_document(zandbak: Zandbak, hoe: str) -> None:
    with pytest.raises(ZandbakGrensError) as fout:
        zandbak.vraag(T + "faal", {"hoe": hoe})
    assert fout.value.code == "gecrasht"
    assert "geheim" not in str(fout.value) + str(fout.value.__cause__)
    assert ("NameError:bestaat_niet " in str(fout.value.__cause__)) == (hoe == "onbekende naam")


@pytest.mark.parametrize(
    ("taak", "gegevens", "grenzen", "code"),
    [
        ("slaap", {"s": 60}, Grenzen(600, 20, 0.4, 16), "tijd"),
        ("reken", {}, Grenzen(600, 1, 20, 16), "tijd"),
        ("vreet", {}, GRENZEN, "geheugen"),
        ("vul", {}, GRENZEN, "omvang"),
        ("vul", {"schijf_vol": True}, GRENZEN, "omvang"),  # its own small disk; for ours the caller looks itself
        ("crash", {"hoe": "abort"}, GRENZEN, "gecrasht"),
        ("crash", {"hoe": "segv"}, GRENZEN, "gecrasht"),
    ],
)
def test_a_limit_ends_the_child_and_the_sandbox_goes_on(
    zandbak: Zandbak, taak: str, gegevens: dict[str, object], grenzen: Grenzen, code: str
) -> None:
    begin = time.monotonic()
    with pytest.raises(ZandbakGrensError) as fout:
        zandbak.vraag(T + taak, gegevens, grenzen=grenzen)
    assert fout.value.code == code
    assert time.monotonic() - begin < 10
    assert fout.value.melding.endswith(".")
    assert zandbak.vraag(T + "echo", {"weer": 1}).gegevens["gegevens"] == {"weer": 1}


@pytest.mark.parametrize("gegevens", [{"sessie": False}, {"sessie": True}, {"sessie": True, "meteen": True}])
def test_what_a_child_started_ends_with_it(zandbak: Zandbak, tmp_path: Path, gegevens: dict[str, bool]) -> None:
    with (tmp_path / "spoor").open("w+b") as spoor:
        with contextlib.suppress(ZandbakGrensError):
            zandbak.vraag(T + "slaap_met_kleinkind", gegevens, [spoor.fileno()], Grenzen(600, 20, 0.5, 16))
        time.sleep(0.3)
        eerst = os.fstat(spoor.fileno()).st_size
        time.sleep(0.3)
        assert os.fstat(spoor.fileno()).st_size == eerst


def test_a_child_that_was_taken_over_reaches_nothing(zandbak: Zandbak, bestand: int, tmp_path: Path) -> None:
    geheim = tmp_path / "geheim"
    geheim.write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as luisteraar:
        gegevens = {"geheim": str(geheim), "poort": luisteraar.getsockname()[1], "pid": os.getpid()}
        assert zandbak.vraag(T + "breek_uit", gegevens, [bestand]).gegevens["gelukt"] == []
    assert os.fstat(bestand).st_mode & 0o777 == 0o440
    zandbak.vraag(T + "echo", {})


def test_a_child_sees_a_bare_environment_and_a_folder_of_its_own(
    zandbak: Zandbak, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEHEIM", "x")
    een, twee = (zandbak.vraag(T + "omgeving", {}).gegevens for _ in range(2))
    assert "GEHEIM" not in een["omgeving"]
    assert een["map"] != twee["map"]
    assert een["omgeving"]["OMP_THREAD_LIMIT"] == "1"


def test_many_threads_at_once_get_their_own_answers(zandbak: Zandbak) -> None:
    with ThreadPoolExecutor(8) as draden:
        antwoorden = draden.map(lambda i: zandbak.vraag(T + "echo", {"i": i}).gegevens["gegevens"]["i"], range(60))
        assert list(antwoorden) == list(range(60))


def test_children_work_side_by_side(zandbak: Zandbak) -> None:
    begin = time.monotonic()
    with ThreadPoolExecutor(6) as draden:
        list(draden.map(lambda _: zandbak.vraag(T + "slaap", {"s": 0.8}), range(6)))
    assert time.monotonic() - begin < 4


def test_no_descriptor_is_left_open(zandbak: Zandbak, bestand: int) -> None:
    zandbak.vraag(T + "echo", {})
    eerst = count_open()
    for _ in range(10):
        zandbak.vraag(T + "maak", {"n": 100_000}).close()
        with contextlib.suppress(InvoerError):
            zandbak.vraag(T + "faal", {"hoe": "InvoerError"}, [bestand])
        with contextlib.suppress(InvoerError):
            zandbak.vraag(T + "crash", {"hoe": "abort"})
    assert count_open() == eerst


def test_a_sandbox_that_was_killed_is_started_again(zandbak: Zandbak) -> None:
    os.kill(zandbak.pid, 9)
    time.sleep(0.2)
    assert zandbak.vraag(T + "echo", {}).gegevens["gegevens"] == {}


def test_a_child_whose_sandbox_is_killed_says_that_the_sandbox_failed(zandbak: Zandbak) -> None:
    klok = threading.Timer(0.4, os.kill, (zandbak.pid, 9))
    klok.start()
    with pytest.raises(ZandbakError):
        zandbak.vraag(T + "slaap", {"s": 60})
    klok.join()
    zandbak.vraag(T + "echo", {})


def test_the_sandbox_outlives_the_thread_that_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    zandbak = build_zandbak()
    draad = threading.Thread(target=zandbak.start)
    draad.start()
    draad.join()
    time.sleep(0.3)
    pid = zandbak.pid
    zandbak.vraag(T + "echo", {})
    assert zandbak.pid == pid
    zandbak.close()
    with pytest.raises(ZandbakError):
        zandbak.vraag(T + "echo", {})


@pytest.mark.parametrize("soort", ["bubblewrap", "landlock"])
def test_the_sandbox_ends_with_the_line(soort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    force(soort, monkeypatch)
    programma = (
        "import os, sys, threading, time\nfrom pathlib import Path\nfrom scanstraat.zandbak import Grenzen, Zandbak\n"
        f"z = Zandbak(['proef_zandbak'], Grenzen(600, 20, 60, 16), zoekpad=[Path({str(TAKEN)!r})])\nz.start()\n"
        "threading.Thread(target=lambda: z.vraag('proef_zandbak:slaap', {'s': 60})).start()\n"
        "time.sleep(0.5)\nprint(z.pid, flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", programma], cwd=WORTEL, stdout=subprocess.PIPE) as lijn:
        assert lijn.stdout is not None
        pid = int(lijn.stdout.readline())
        lijn.kill()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("soort", ["bubblewrap", "landlock"])
def test_a_lasting_process_keeps_its_state_and_is_renewed_after_a_limit(
    soort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    force(soort, monkeypatch)
    with build_zandbak(vast=True) as zandbak:
        eerste = zandbak.vraag(T + "onthoud", {}).gegevens
        with pytest.raises(InvoerError):
            zandbak.vraag(T + "faal", {"hoe": "InvoerError"})
        assert zandbak.vraag(T + "onthoud", {}).gegevens == {"teller": 2, "pid": eerste["pid"]}
        assert [b.gegevens["i"] for b in zandbak.stroom(T + "tel", {"n": 3})] == [0, 1, 2]
        assert zandbak.vraag(T + "onthoud", {}).gegevens["teller"] == 3
        for taak, gegevens in (("crash", {"hoe": "abort"}), ("slaap", {"s": 60}), ("reken", {}), ("vreet", {})):
            with pytest.raises(ZandbakGrensError):
                zandbak.vraag(T + taak, gegevens, grenzen=Grenzen(600, 1, 1.5, 16))
            assert zandbak.vraag(T + "onthoud", {}).gegevens["teller"] == 1
        stroom = zandbak.stroom(T + "tel", {"n": 100})
        next(stroom)
        stroom.close()
        assert zandbak.vraag(T + "onthoud", {}).gegevens["teller"] == 1
        os.kill(zandbak.pid, 9)
        time.sleep(0.2)
        assert zandbak.vraag(T + "onthoud", {}).gegevens["teller"] == 1


def test_a_lasting_process_has_a_limit_on_processor_time_per_request() -> None:
    with build_zandbak(vast=True) as zandbak, pytest.raises(ZandbakGrensError):
        zandbak.vraag(T + "reken", {}, grenzen=Grenzen(600, 1, 20, 16))


def test_what_a_killed_line_left_behind_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    force("landlock", monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    oud, ander = tmp_path / "zandbak-99999999-x", tmp_path / f"zandbak-{os.getppid()}-x"
    for pad in (oud, ander):
        pad.mkdir()
        (pad / "deel van een document").touch()
    with build_zandbak():
        assert not oud.exists()
        assert ander.exists()
    assert list(tmp_path.iterdir()) == [ander]


def test_without_a_sandbox_nothing_is_read_and_the_reason_is_dutch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCANSTRAAT_ZANDBAK", "geen")
    assert find_zandbak().soort is None
    with pytest.raises(ZandbakError, match="Haal die weg"), build_zandbak():
        pass


def test_without_bubblewrap_landlock_takes_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SCANSTRAAT_ZANDBAK", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    keuze = find_zandbak()
    assert keuze.soort in ("landlock", None)
    assert "bubblewrap" in keuze.reden


def test_a_module_that_does_not_load_is_a_sandbox_that_does_not_start() -> None:
    with pytest.raises(ZandbakError, match="start niet") as fout:
        Zandbak(["bestaat_niet"], GRENZEN).start()
    assert "ModuleNotFoundError" in str(fout.value.__cause__)
