"""The sealer: one order, one history, whatever happens halfway and whoever changes what is on disk."""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.logproef import OORSPRONG, build_blad
from vernietiging import tegels, verzegelaar
from vernietiging.boom import compute_wortel, hash_blad
from vernietiging.checkpoint import parse_checkpoint
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.gebeurtenis import Gebeurtenis
from vernietiging.notitie import parse_notitie
from vernietiging.tegels import Tegelmap, build_pad
from vernietiging.verzegelaar import Stand, Verzegelaar


def open_in(map: Path) -> Verzegelaar:
    return Verzegelaar(map / "eigen", map / "log", OORSPRONG)


def build_bladen(van: int, tot: int) -> list[bytes]:
    return [build_blad(i) for i in range(van, tot)]


def read_bladen(map: Path, omvang: int) -> list[bytes]:
    lezer = Tegelmap(map / "log")
    return [blad for n in range(-(-omvang // 256)) for blad in lezer.read_bladen(n, min(256, omvang - n * 256))]


@pytest.mark.parametrize("stappen", [(1,), (256,), (255, 1, 1), (3, 600), (300, 300, 300), (0, 2)])
def test_what_is_sealed_is_in_the_log_in_its_order(tmp_path: Path, stappen: tuple[int, ...]) -> None:
    omvang = 0
    for aantal in stappen:
        stand = open_in(tmp_path).append(omvang, build_bladen(omvang, omvang + aantal))
        omvang += aantal
        assert stand.omvang == omvang
        assert stand.rand.wortel == compute_wortel(map(hash_blad, build_bladen(0, omvang)))
    assert read_bladen(tmp_path, omvang) == build_bladen(0, omvang)
    punt = parse_checkpoint(parse_notitie((tmp_path / "log" / "checkpoint").read_bytes()).tekst)
    assert (punt.oorsprong, punt.omvang, punt.wortel) == (OORSPRONG, omvang, open_in(tmp_path).stand.rand.wortel)


def test_a_checkpoint_of_every_size_that_was_signed_is_kept(tmp_path: Path) -> None:
    for vanaf in (0, 5, 10):
        open_in(tmp_path).append(vanaf, build_bladen(vanaf, vanaf + 5))
    assert sorted(int(pad.name) for pad in (tmp_path / "log" / "checkpoints").iterdir()) == [5, 10, 15]


def test_keys_and_state_are_for_the_sealer_alone(tmp_path: Path) -> None:
    open_in(tmp_path)
    assert stat.S_IMODE((tmp_path / "eigen").stat().st_mode) == 0o750
    for naam in ("ed25519.pem", "ml-dsa-44.pem"):
        assert stat.S_IMODE((tmp_path / "eigen" / naam).stat().st_mode) == 0o400


def test_the_public_keys_lie_beside_the_private_ones_and_come_back(tmp_path: Path) -> None:
    schrijver = open_in(tmp_path)
    assert verzegelaar.read_sleutels(tmp_path / "eigen") == schrijver.sleutels
    pad = tmp_path / "eigen" / "sleutels.txt"
    goed = pad.read_bytes()
    for kapot, zin in (
        (b"geen sleutel\n", "niet te lezen"),
        (b"\xff", "niet te lezen"),
        (b"", "andere openbare sleutels"),
        (goed.splitlines(keepends=True)[0], "andere openbare sleutels"),
        (goed + goed, "andere openbare sleutels"),
    ):
        pad.write_bytes(kapot)
        with pytest.raises(NietVastTeStellenError, match=zin):
            verzegelaar.read_sleutels(tmp_path / "eigen")
        open_in(tmp_path)
        assert verzegelaar.read_sleutels(tmp_path / "eigen") == schrijver.sleutels


class Stroomuitval(BaseException):
    """The power went, at the n-th thing that was done to the disk."""


def test_wherever_it_stops_it_goes_on_in_the_same_order_and_signs_one_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every call that touches the disk in turn; then another order is offered, as a database may."""
    echt = {naam: getattr(os, naam) for naam in ("fsync", "link", "open", "unlink", "replace", "mkdir")}
    open_bestand = io.open
    n, klaar = 0, False
    while not klaar:
        map = tmp_path / str(n)
        open_in(map).append(0, build_bladen(0, 250))
        over = n

        def count(naam: str) -> Callable[..., object]:
            def gedaan(*args: object, **woorden: object) -> object:
                nonlocal over
                if over == 0:
                    raise Stroomuitval
                over -= 1
                return echt[naam](*args, **woorden)

            return gedaan

        def count_open(*args: Any, **woorden: Any) -> Any:
            nonlocal over
            if "w" in str(args[1:2]):
                if over == 0:
                    raise Stroomuitval
                over -= 1
            return open_bestand(*args, **woorden)

        verzegelaar_nu = open_in(map)
        with monkeypatch.context() as patch:
            for naam in echt:
                patch.setattr(os, naam, count(naam))
            patch.setattr(io, "open", count_open)  # as Path.open does
            try:
                verzegelaar_nu.append(250, build_bladen(250, 270))
                klaar = True
            except Stroomuitval:
                pass
        weer = open_in(map)
        assert weer.stand.omvang in (250, 270), n
        if weer.stand.omvang == 250:
            weer.append(250, list(reversed(build_bladen(250, 270))))
        gelezen = read_bladen(map, 270)
        assert sorted(gelezen) == sorted(build_bladen(0, 270)), n
        assert open_in(map).stand.rand.wortel == compute_wortel([hash_blad(blad) for blad in gelezen])
        n += 1
    assert n > 20


def test_events_that_are_no_events_are_refused_together_and_nothing_is_signed(tmp_path: Path) -> None:
    goed = build_blad(0)
    for fout in (b"", b"{}", goed + b" ", goed.replace(b'"nummer":0', b'"nummer":0.0'), goed[:-1] + b',"extra":"x"}'):
        with pytest.raises(GebeurtenisError):
            open_in(tmp_path).append(0, [goed, fout])
    assert open_in(tmp_path).stand.omvang == 0
    assert not (tmp_path / "log").exists()


def test_only_who_knows_how_far_the_log_is_may_add_to_it(tmp_path: Path) -> None:
    open_in(tmp_path).append(0, build_bladen(0, 5))
    for vanaf in (0, 4, 6):
        with pytest.raises(ValueError, match="5 events are sealed"):
            open_in(tmp_path).append(vanaf, [build_blad(9)])
    with pytest.raises(ValueError, match="too many"):
        open_in(tmp_path).append(5, [b""] * (verzegelaar.MEESTE_BLADEN + 1))


def test_a_file_that_an_event_speaks_of_must_be_in_the_store_as_it_was(tmp_path: Path) -> None:
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    blad = build_blad(0)
    gebeurtenis = json.loads(blad) | {"soort": "aflevering.bevestigd", "gegevens": {"pdf": sha256}}
    blad = Gebeurtenis(**gebeurtenis).to_bytes()
    opslag = tmp_path / "opslag"
    pad = opslag / sha256[:2] / sha256[2:4] / sha256
    met = Verzegelaar(tmp_path / "eigen", tmp_path / "log", OORSPRONG, objecten=opslag)
    pad.parent.mkdir(parents=True)
    for inhoud in (None, b"test!"):
        if inhoud is not None:
            pad.write_bytes(inhoud)
        with pytest.raises(LogboekGewijzigdError, match="opslag controleer"):
            met.append(0, [blad])
    pad.write_bytes(b"test")
    assert met.append(0, [blad]).omvang == 1


def change_hash(map: Path) -> None:
    pad = map / "log" / build_pad(0, 0, 20)
    pad.chmod(0o644)
    pad.write_bytes(pad.read_bytes()[:-1] + b"x")


def lose_tile(map: Path) -> None:
    (map / "log" / build_pad(0, 0, 20)).unlink()


def roll_back_state(map: Path) -> None:
    shutil.copy(map / "oud.json", map / "eigen" / "stand.json")


def lose_state(map: Path) -> None:
    (map / "eigen" / "stand.json").unlink()


def change_state(map: Path) -> None:
    pad = map / "eigen" / "stand.json"
    stand = json.loads(pad.read_text(encoding="utf-8"))
    stand["rand"][0] = "00" * 32
    pad.write_text(json.dumps(stand), encoding="utf-8")


def break_state(map: Path) -> None:
    (map / "eigen" / "stand.json").write_bytes(b"{")


def roll_back_state_and_head(map: Path) -> None:
    roll_back_state(map)
    shutil.copy(map / "log" / "checkpoints" / "10", map / "log" / "checkpoint")


def roll_back_state_and_lose_head(map: Path) -> None:
    roll_back_state(map)
    (map / "log" / "checkpoint").unlink()


def lose_state_and_log(map: Path) -> None:
    lose_state(map)
    shutil.rmtree(map / "log")


def empty_queue(map: Path) -> None:
    (map / "eigen" / "wachtrij").write_bytes(b"")


def put_other_queue(map: Path) -> None:
    (map / "eigen" / "wachtrij").write_bytes((7).to_bytes(8, "big") + (0).to_bytes(4, "big"))


@pytest.mark.parametrize(
    "verander",
    [
        change_hash,
        lose_tile,
        roll_back_state,
        roll_back_state_and_head,
        roll_back_state_and_lose_head,
        lose_state,
        lose_state_and_log,
        change_state,
        break_state,
        put_other_queue,
        empty_queue,
    ],
)
def test_a_log_or_a_state_that_is_not_what_was_signed_is_not_gone_on_with(
    tmp_path: Path, verander: Callable[[Path], None]
) -> None:
    open_in(tmp_path).append(0, build_bladen(0, 10))
    shutil.copy(tmp_path / "eigen" / "stand.json", tmp_path / "oud.json")
    open_in(tmp_path).append(10, build_bladen(10, 20))
    verander(tmp_path)
    with pytest.raises(LogboekGewijzigdError):
        open_in(tmp_path)


def test_a_key_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    open_in(tmp_path).append(0, build_bladen(0, 1))
    (tmp_path / "eigen" / "ed25519.pem").unlink()
    with pytest.raises(NietVastTeStellenError, match="Zet hem terug"):
        open_in(tmp_path)
    shutil.copy(tmp_path / "eigen" / "ml-dsa-44.pem", tmp_path / "eigen" / "ed25519.pem")
    with pytest.raises(NietVastTeStellenError, match="ander soort"):
        open_in(tmp_path)


def test_another_key_of_the_same_kind_does_not_go_on_with_the_log(tmp_path: Path) -> None:
    open_in(tmp_path).append(0, build_bladen(0, 1))
    Verzegelaar(tmp_path / "ander", tmp_path / "log2", OORSPRONG)
    for naam in ("ed25519.pem", "ml-dsa-44.pem"):
        eigen = tmp_path / "eigen" / naam
        goed = eigen.read_bytes()
        eigen.unlink()
        shutil.copy(tmp_path / "ander" / naam, eigen)
        with pytest.raises(NietVastTeStellenError, match="Zet hem terug"):
            open_in(tmp_path)
        eigen.unlink()
        eigen.write_bytes(goed)
    (tmp_path / "eigen" / "ed25519.pem").write_bytes(b"geen sleutel")
    with pytest.raises(NietVastTeStellenError, match="onleesbaar"):
        open_in(tmp_path)


def test_two_sealers_on_one_folder_never_sign_two_histories(tmp_path: Path) -> None:
    open_in(tmp_path).append(0, build_bladen(0, 10))
    een, twee = open_in(tmp_path), open_in(tmp_path)
    een.append(10, build_bladen(10, 15))
    with pytest.raises(LogboekGewijzigdError, match="door een ander veranderd"):
        twee.append(10, build_bladen(20, 26))
    assert open_in(tmp_path).append(15, build_bladen(15, 16)).omvang == 16


def test_a_start_that_was_cut_off_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(Stroomuitval):
        patch.setattr(Stand, "to_json", lambda _self: (_ for _ in ()).throw(Stroomuitval))
        open_in(tmp_path)
    assert open_in(tmp_path).append(0, build_bladen(0, 1)).omvang == 1


def test_a_sealer_keeps_to_its_own_log(tmp_path: Path) -> None:
    open_in(tmp_path).append(0, build_bladen(0, 1))
    with pytest.raises(LogboekGewijzigdError, match=r"niet van ander\.example"):
        Verzegelaar(tmp_path / "eigen", tmp_path / "log", "ander.example/log")
    with pytest.raises(ValueError, match="no spaces"):
        Verzegelaar(tmp_path / "nieuw", tmp_path / "log2", "met spatie")


def test_what_does_not_come_back_from_the_disk_as_it_was_written_is_not_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schrijver = open_in(tmp_path)
    monkeypatch.setattr(tegels, "encode_bundel", lambda bladen: b"".join(b"\x00\x01x" for _ in bladen))
    with pytest.raises(LogboekGewijzigdError, match="Kijk de schijf na"):
        schrijver.append(0, build_bladen(0, 3))
    assert Stand.from_json((tmp_path / "eigen" / "stand.json").read_bytes()).omvang == 0
    assert not (tmp_path / "log" / "checkpoint").exists()


def test_a_tile_that_is_not_that_of_its_leaves_is_not_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schrijver = open_in(tmp_path)
    monkeypatch.setattr(tegels, "hash_blad", lambda _blad: bytes(32))
    with pytest.raises(LogboekGewijzigdError, match="Kijk de schijf na"):
        schrijver.append(0, build_bladen(0, 3))


@pytest.mark.parametrize("schrijf", [tegels.write_once, tegels.write_over])
def test_a_file_gets_its_name_when_it_is_on_disk_and_its_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schrijf: Callable[[Path, bytes], None]
) -> None:
    gedaan: list[str] = []
    for naam in ("fsync", "link", "replace"):
        echt = getattr(os, naam)

        def note(*args: Any, _echt: Any = echt, _naam: str = naam) -> Any:
            is_map = _naam == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)
            gedaan.append("fsync map" if is_map else _naam)
            return _echt(*args)

        monkeypatch.setattr(os, naam, note)
    schrijf(tmp_path / "naam", b"inhoud")
    assert gedaan in (["fsync", "link", "fsync map"], ["fsync", "replace", "fsync map"])
    assert (tmp_path / "naam").read_bytes() == b"inhoud"
    gedaan.clear()
    schrijf(tmp_path / "een" / "twee" / "naam", b"inhoud")  # each new folder has its name on disk too
    assert gedaan[:2] == ["fsync map", "fsync map"] and gedaan.count("fsync map") == 3


def test_a_key_is_on_disk_with_its_name_before_anything_is_signed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log whose key was lost in a power cut can never be gone on with."""
    op_schijf: list[
        str
    ] = []  # what a power cut leaves: contents after fsync of the file, names after that of the folder
    fsync = os.fsync

    def note(fd: int) -> None:
        fsync(fd)
        pad = Path(f"/proc/self/fd/{fd}").readlink()
        op_schijf.append(f"{pad.name} {pad.stat().st_size}" if pad.is_file() else f"map {pad.name}")

    monkeypatch.setattr(os, "fsync", note)
    open_in(tmp_path)
    for naam in ("ed25519.pem", "ml-dsa-44.pem"):
        plek = op_schijf.index(f"{naam} {(tmp_path / 'eigen' / naam).stat().st_size}")
        assert op_schijf[plek + 1] == "map eigen"
        assert not any(wat.startswith((".stand.json", "stand.json")) for wat in op_schijf[:plek])


def test_a_store_that_cannot_be_read_is_not_called_changed(tmp_path: Path) -> None:
    with pytest.raises(NietVastTeStellenError, match="leesrechten"):
        (tmp_path / "ab" / "ab").mkdir(parents=True)
        (tmp_path / "ab" / "ab" / ("ab" * 32)).mkdir()  # reading it gives an error of the system
        verzegelaar._is_whole(tmp_path, "ab" * 32)
