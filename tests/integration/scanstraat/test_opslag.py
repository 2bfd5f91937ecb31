"""The store on a real disk: what went in comes out, every flipped bit is found, and a full disk loses nothing."""

from __future__ import annotations

import hashlib
import io
import os
import random
import stat
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanstraat.errors import InvoerError, OpslagBeschadigdError, OpslagError, OpslagVolError
from scanstraat.intake import opslag as opslagmodule
from scanstraat.intake.opslag import Objectstaat, Opslag

INHOUD = random.Random(20260302).randbytes(70_000)
SHA256 = hashlib.sha256(INHOUD).hexdigest()


def build_opslag(map: Path) -> Opslag:
    return Opslag(map / "opslag", map / "kopie")


def overwrite(pad: Path, inhoud: bytes) -> None:
    """Change an object as a failing disk would: behind the back of the store."""
    pad.chmod(0o600)
    pad.write_bytes(inhoud)
    pad.chmod(0o440)


def put_pipe(pad: Path) -> None:
    pad.unlink()
    os.mkfifo(pad)


def temporary_files(map: Path) -> list[Path]:
    return [pad for pad in map.rglob("*") if pad.parent.name == "tmp" and pad.is_file()]


@pytest.fixture
def opslag(tmp_path: Path) -> Opslag:
    return build_opslag(tmp_path)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inhoud=st.binary(max_size=5_000))
def test_what_went_in_comes_out_twice(opslag: Opslag, tmp_path: Path, inhoud: bytes) -> None:
    vingerafdruk = opslag.bewaar(io.BytesIO(inhoud))
    assert vingerafdruk.sha256 == hashlib.sha256(inhoud).hexdigest()
    assert vingerafdruk.sha512 == hashlib.sha512(inhoud).hexdigest()
    assert vingerafdruk.omvang_bytes == len(inhoud)
    plaats = Path(vingerafdruk.sha256[:2], vingerafdruk.sha256[2:4], vingerafdruk.sha256)
    assert (tmp_path / "opslag" / plaats).read_bytes() == inhoud
    assert (tmp_path / "kopie" / plaats).read_bytes() == inhoud
    assert opslag.controleer(vingerafdruk.sha256, vingerafdruk).in_orde
    assert temporary_files(tmp_path) == []


@pytest.mark.parametrize("waar", ["opslag", "kopie"])
def test_bytes_that_the_disk_gives_back_otherwise_are_not_acknowledged(
    opslag: Opslag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waar: str
) -> None:
    opslag.bewaar(b"eerder")  # both places exist
    sha256 = hashlib.sha256(b"nieuw").hexdigest()
    doel = tmp_path / waar / sha256[:2] / sha256[2:4] / sha256
    echte_fsync = opslagmodule._fsync_map

    def rot(map: Path) -> None:
        echte_fsync(map)
        if doel.exists():
            overwrite(doel, b"NIEUW")

    monkeypatch.setattr(opslagmodule, "_fsync_map", rot)
    with pytest.raises(OpslagBeschadigdError, match="gaf bij nalezen andere bytes terug"):
        opslag.bewaar(b"nieuw")
    monkeypatch.undo()
    opslag.bewaar(b"nieuw")
    assert opslag.controleer(sha256).in_orde


def test_a_stream_a_file_and_bytes_are_kept_the_same(opslag: Opslag, tmp_path: Path) -> None:
    (tmp_path / "bron").write_bytes(INHOUD)
    afdrukken = {opslag.bewaar(INHOUD), opslag.bewaar(tmp_path / "bron"), opslag.bewaar(io.BytesIO(INHOUD))}
    assert len(afdrukken) == 1


def test_an_object_cannot_be_written_and_is_never_replaced_by_its_equal(opslag: Opslag) -> None:
    opslag.bewaar(INHOUD)
    eerst = opslag.pad(SHA256).stat()
    opslag.bewaar(INHOUD)
    daarna = opslag.pad(SHA256).stat()
    assert stat.S_IMODE(eerst.st_mode) == 0o440
    assert (eerst.st_ino, eerst.st_mtime_ns, eerst.st_nlink) == (daarna.st_ino, daarna.st_mtime_ns, 1)


def test_an_object_is_opened_for_reading_only(opslag: Opslag) -> None:
    opslag.bewaar(INHOUD)
    fd = opslag.open_fd(SHA256)
    try:
        assert os.read(fd, 100_000) == INHOUD
        with pytest.raises(OSError):
            os.write(fd, b"x")
    finally:
        os.close(fd)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(min_value=0, max_value=len(INHOUD) * 8 - 1), in_kopie=st.booleans())
def test_every_flipped_bit_is_found_and_repaired(tmp_path: Path, bit: int, in_kopie: bool) -> None:
    opslag = build_opslag(tmp_path)
    vingerafdruk = opslag.bewaar(INHOUD)
    gewijzigd = bytearray(INHOUD)
    gewijzigd[bit // 8] ^= 1 << (bit % 8)
    geraakt = Opslag(tmp_path / "kopie").pad(SHA256) if in_kopie else opslag.pad(SHA256)
    overwrite(geraakt, bytes(gewijzigd))
    staat = opslag.controleer(SHA256, vingerafdruk)
    assert (staat.kopie if in_kopie else staat.origineel) is Objectstaat.BESCHADIGD
    assert (staat.origineel if in_kopie else staat.kopie) is Objectstaat.IN_ORDE
    assert opslag.herstel(SHA256).in_orde
    assert geraakt.read_bytes() == INHOUD


@pytest.mark.parametrize(
    "schade",
    [
        lambda pad: overwrite(pad, INHOUD[:-1]),
        lambda pad: overwrite(pad, INHOUD + b"\0"),
        lambda pad: overwrite(pad, b""),
        lambda pad: overwrite(pad, INHOUD[::-1]),
        lambda pad: (pad.unlink(), pad.symlink_to("/etc/hostname")),
        lambda pad: (pad.unlink(), pad.mkdir()),
        put_pipe,
        lambda pad: pad.unlink(),
    ],
    ids=["one byte short", "one byte long", "empty", "same length", "a link", "a folder", "a pipe", "gone"],
)
@pytest.mark.parametrize("in_kopie", [False, True])
def test_every_damage_is_found(tmp_path: Path, schade: Callable[[Path], object], in_kopie: bool) -> None:
    opslag = build_opslag(tmp_path)
    opslag.bewaar(INHOUD)
    geraakt = Opslag(tmp_path / "kopie").pad(SHA256) if in_kopie else opslag.pad(SHA256)
    schade(geraakt)
    staat = opslag.controleer(SHA256)
    assert not staat.in_orde and staat.herstelbaar
    if not geraakt.is_dir():  # a folder in the place of a file is for a person
        assert opslag.herstel(SHA256).in_orde
        assert geraakt.read_bytes() == INHOUD and not geraakt.is_symlink()


def test_a_wrong_sha512_or_size_is_found_when_the_record_is_given(opslag: Opslag) -> None:
    vingerafdruk = opslag.bewaar(INHOUD)
    anders = type(vingerafdruk)(vingerafdruk.sha256, "0" * 128, vingerafdruk.omvang_bytes)
    assert opslag.controleer(SHA256, anders).origineel is Objectstaat.BESCHADIGD


def test_damaged_bytes_are_kept_aside_and_said(opslag: Opslag, tmp_path: Path) -> None:
    opslag.bewaar(INHOUD)
    overwrite(opslag.pad(SHA256), b"kapot")
    opslag.herstel(SHA256)
    (apart,) = (tmp_path / "opslag" / "beschadigd").iterdir()
    assert apart.read_bytes() == b"kapot"
    assert any("die zijn vervangen door goede: 1." in probleem for probleem in opslag.find_opslag_problemen())


def test_nothing_is_touched_when_no_copy_is_good(opslag: Opslag, tmp_path: Path) -> None:
    opslag.bewaar(INHOUD)
    kopie = Opslag(tmp_path / "kopie").pad(SHA256)
    overwrite(opslag.pad(SHA256), b"een")
    overwrite(kopie, b"twee")
    elders = Opslag(tmp_path / "elders")
    for uit in (None, elders):
        with pytest.raises(OpslagBeschadigdError, match="nergens meer in orde"):
            opslag.herstel(SHA256, uit=uit)
    elders.bewaar(INHOUD)
    overwrite(elders.pad(SHA256), b"drie")
    with pytest.raises(OpslagBeschadigdError):
        opslag.herstel(SHA256, uit=elders)
    assert (opslag.pad(SHA256).read_bytes(), kopie.read_bytes()) == (b"een", b"twee")


def test_bringing_the_bytes_again_repairs_a_damaged_object(tmp_path: Path) -> None:
    opslag = Opslag(tmp_path / "opslag")
    opslag.bewaar(INHOUD)
    overwrite(opslag.pad(SHA256), INHOUD[:-1] + b"x")
    opslag.bewaar(INHOUD)
    assert opslag.controleer(SHA256).in_orde
    assert len(list((tmp_path / "opslag" / "beschadigd").iterdir())) == 1


def test_without_a_copy_only_the_original_is_judged(tmp_path: Path) -> None:
    opslag = Opslag(tmp_path / "opslag")
    opslag.bewaar(INHOUD)
    assert opslag.controleer(SHA256).kopie is None
    assert opslag.controleer(SHA256).in_orde


def test_a_missing_object_is_said_in_dutch(opslag: Opslag) -> None:
    assert not opslag.heeft(SHA256)
    assert opslag.controleer(SHA256).origineel is Objectstaat.ONTBREEKT
    with pytest.raises(OpslagError, match="ontbreekt"):
        opslag.open_fd(SHA256)


@pytest.mark.parametrize(
    "hash", ["", "..", "../../etc/passwd", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 63 + "/", "a" * 64 + "\n"]
)
def test_what_is_no_hash_is_refused_everywhere(opslag: Opslag, hash: str) -> None:
    for vraag in (opslag.pad, opslag.open_fd, opslag.heeft, opslag.controleer, opslag.herstel):
        with pytest.raises(OpslagError, match="geldige controlewaarde"):
            vraag(hash)


def test_what_is_too_large_is_refused_and_leaves_nothing(opslag: Opslag, tmp_path: Path) -> None:
    with pytest.raises(InvoerError) as fout:
        opslag.bewaar(io.BytesIO(INHOUD), maximum_bytes=len(INHOUD) - 1)
    assert fout.value.code == "te_groot"
    assert list(opslag.alle()) == [] and temporary_files(tmp_path) == []
    opslag.bewaar(io.BytesIO(INHOUD), maximum_bytes=len(INHOUD))


class BrokenStream(io.RawIOBase):
    """A source on a share that goes away half-way."""

    def __init__(self) -> None:
        self._blokken: Iterator[bytes | OSError] = iter([b"begin", OSError(5, "Input/output error")])

    def read(self, size: int = -1) -> bytes:
        blok = next(self._blokken)
        if isinstance(blok, OSError):
            raise blok
        return blok


def test_an_error_of_the_source_is_not_called_an_error_of_the_store(opslag: Opslag, tmp_path: Path) -> None:
    with pytest.raises(OSError) as fout:
        opslag.bewaar(BrokenStream())
    assert not isinstance(fout.value, OpslagError)
    assert list(opslag.alle()) == [] and temporary_files(tmp_path) == []


def keep_in_process(map: Path) -> str:
    return build_opslag(map).bewaar(INHOUD).sha256


def test_many_threads_and_processes_may_keep_the_same_bytes_at_once(tmp_path: Path) -> None:
    opslag = build_opslag(tmp_path)
    with ThreadPoolExecutor(8) as draden:
        afdrukken = list(draden.map(lambda n: opslag.bewaar(INHOUD + bytes([n % 4])), range(32)))
    assert len({afdruk.sha256 for afdruk in afdrukken}) == 4
    with ProcessPoolExecutor(4) as processen:
        for n in range(10):  # each a store that does not exist yet
            assert set(processen.map(keep_in_process, [tmp_path / f"nieuw{n}"] * 8)) == {SHA256}
    assert all(opslag.controleer(sha256).in_orde for sha256 in opslag.alle())
    assert temporary_files(tmp_path) == []


def test_many_threads_may_repair_the_same_object_at_once(tmp_path: Path) -> None:
    opslag = build_opslag(tmp_path)
    opslag.bewaar(INHOUD)
    overwrite(opslag.pad(SHA256), b"kapot")
    with ThreadPoolExecutor(8) as draden:
        assert all(staat.in_orde for staat in draden.map(lambda _: opslag.herstel(SHA256), range(8)))
    assert [pad.read_bytes() for pad in (tmp_path / "opslag" / "beschadigd").iterdir()] == [b"kapot"]


def test_a_filled_werkbestand_is_linked_in_without_copying(opslag: Opslag) -> None:
    with opslag.nieuw_werkbestand() as werk:
        os.write(werk.fd, INHOUD)
        inode = os.fstat(werk.fd).st_ino
        vingerafdruk = opslag.bewaar_werkbestand(werk)
    assert vingerafdruk == opslag.bewaar(INHOUD)
    assert opslag.pad(SHA256).stat().st_ino == inode
    assert opslag.pad(SHA256).stat().st_nlink == 1
    assert opslag.controleer(SHA256, vingerafdruk).in_orde


def test_a_child_that_still_holds_its_file_cannot_change_what_was_kept(opslag: Opslag) -> None:
    with opslag.nieuw_werkbestand() as werk:
        os.write(werk.fd, INHOUD)
        van_het_kind = os.dup(werk.fd)
        opslag.bewaar_werkbestand(werk)
    os.pwrite(van_het_kind, b"gewijzigd", 0)
    os.close(van_het_kind)
    assert opslag.controleer(SHA256).in_orde


def test_a_werkbestand_that_is_not_kept_is_gone(opslag: Opslag, tmp_path: Path) -> None:
    with opslag.nieuw_werkbestand() as werk:
        os.write(werk.fd, b"half")
    assert temporary_files(tmp_path) == [] and list(opslag.alle()) == []


def test_a_werkbestand_that_is_too_large_is_refused(opslag: Opslag) -> None:
    with opslag.nieuw_werkbestand() as werk, pytest.raises(InvoerError):
        os.write(werk.fd, INHOUD)
        opslag.bewaar_werkbestand(werk, maximum_bytes=10)
    assert list(opslag.alle()) == []


def test_old_temporary_files_go_and_new_ones_stay(opslag: Opslag, tmp_path: Path) -> None:
    oud, jong = opslag.nieuw_werkbestand(), opslag.nieuw_werkbestand()
    os.write(oud.fd, b"12345")
    os.utime(oud.pad, (1_000_000, 1_000_000))
    verslag = opslag.ruim_tijdelijk(3600)
    assert (verslag.aantal, verslag.omvang_bytes, verslag.oudste) == (1, 5, 1_000_000)
    assert temporary_files(tmp_path) == [jong.pad]
    oud.close()
    jong.close()


def test_everything_on_disk_is_listed_also_what_only_the_copy_has(opslag: Opslag, tmp_path: Path) -> None:
    verwacht = {opslag.bewaar(bytes([n])).sha256 for n in range(40)}
    opslag.pad(sorted(verwacht)[3]).unlink()
    (tmp_path / "opslag" / "vreemd.txt").write_text("x")
    assert list(opslag.alle()) == sorted(verwacht)


def test_a_copy_on_the_same_disk_is_said(opslag: Opslag) -> None:
    (probleem,) = opslag.find_opslag_problemen()
    assert "dezelfde schijf" in probleem


def test_a_copy_that_is_added_later_is_filled_by_repair(tmp_path: Path) -> None:
    Opslag(tmp_path / "opslag").bewaar(INHOUD)
    opslag = build_opslag(tmp_path)
    assert opslag.controleer(SHA256).kopie is Objectstaat.ONTBREEKT
    assert opslag.herstel(SHA256).in_orde


def test_a_copy_whose_disk_is_not_mounted_is_not_written_to_another_disk(tmp_path: Path) -> None:
    build_opslag(tmp_path).bewaar(INHOUD)
    (tmp_path / "kopie").rename(tmp_path / "losgekoppeld")
    (tmp_path / "kopie").mkdir()  # the empty mount point
    opslag = build_opslag(tmp_path)
    with pytest.raises(OpslagError, match="Koppel de schijf"):
        opslag.bewaar(b"nieuw")
    assert list((tmp_path / "kopie").iterdir()) == []
    assert any("Koppel de schijf" in probleem for probleem in opslag.find_opslag_problemen())
    (tmp_path / "kopie").rmdir()
    (tmp_path / "losgekoppeld").rename(tmp_path / "kopie")
    assert opslag.bewaar(b"nieuw").omvang_bytes == 5


def test_a_store_whose_disk_is_not_mounted_does_not_start_anew(tmp_path: Path) -> None:
    build_opslag(tmp_path).bewaar(INHOUD)
    (tmp_path / "opslag").rename(tmp_path / "losgekoppeld")
    with pytest.raises(OpslagError, match="Koppel de schijf"):
        build_opslag(tmp_path).bewaar(b"nieuw")


def test_a_copy_of_another_store_is_refused(tmp_path: Path) -> None:
    Opslag(tmp_path / "een", tmp_path / "kopie").bewaar(INHOUD)
    Opslag(tmp_path / "twee").bewaar(INHOUD)
    with pytest.raises(OpslagError, match="andere opslag"):
        Opslag(tmp_path / "twee", tmp_path / "kopie").bewaar(b"nieuw")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a tmpfs of so many KiB; only root may."""
    gekoppeld: list[Path] = []

    def mount(kib: int) -> Path:
        map = tmp_path / f"schijf{len(gekoppeld)}"
        map.mkdir()
        opdracht = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(map)]
        if subprocess.run(opdracht, capture_output=True, check=False).returncode != 0:
            pytest.skip("a tmpfs cannot be mounted here")
        gekoppeld.append(map)
        return map

    yield mount
    for map in gekoppeld:
        subprocess.run(["umount", "-l", str(map)], check=False)


def test_a_program_that_found_no_room_is_told_apart_from_a_file_that_is_too_large(
    small_disk: Callable[[int], Path], tmp_path: Path
) -> None:
    ruim, krap = build_opslag(tmp_path), Opslag(small_disk(200) / "opslag")
    for opslag in (ruim, krap):
        opslag.bewaar(b"iets")
    ruim.check_ruimte()
    with pytest.raises(OpslagVolError, match="Maak ruimte"):
        krap.check_ruimte()


@pytest.mark.parametrize("kib", range(4, 140, 12))
def test_a_full_disk_says_so_loses_nothing_and_goes_on_when_there_is_room(
    small_disk: Callable[[int], Path], kib: int
) -> None:
    schijf = small_disk(200)
    opslag = Opslag(schijf / "opslag")
    eerder = opslag.bewaar(b"eerder bewaard")
    vrij = os.statvfs(schijf).f_bavail * os.statvfs(schijf).f_frsize
    (schijf / "vulling").write_bytes(b"\0" * max(0, vrij - kib * 1024))
    try:
        nieuw = opslag.bewaar(io.BytesIO(INHOUD))
    except OpslagVolError as exc:
        assert "is vol" in str(exc) and "Maak ruimte" in str(exc)
        assert not opslag.heeft(SHA256)
        assert temporary_files(schijf) == []
        (schijf / "vulling").unlink()
        nieuw = opslag.bewaar(io.BytesIO(INHOUD))
    else:
        assert kib * 1024 > len(INHOUD)
    assert opslag.controleer(nieuw.sha256, nieuw).in_orde
    assert opslag.controleer(eerder.sha256, eerder).in_orde


def test_a_full_copy_disk_means_that_nothing_is_acknowledged(small_disk: Callable[[int], Path], tmp_path: Path) -> None:
    schijf = small_disk(64)
    opslag = Opslag(tmp_path / "opslag", schijf / "kopie")
    with pytest.raises(OpslagVolError, match="kopie van de opslag"):
        opslag.bewaar(INHOUD)
    assert temporary_files(schijf) == []
    subprocess.run(["mount", "-o", "remount,size=1024k", str(schijf)], check=True)
    assert opslag.bewaar(INHOUD).sha256 == SHA256
    assert opslag.controleer(SHA256).in_orde
    assert opslag.find_opslag_problemen() == ()  # and it is another device


def test_a_disk_that_may_only_be_read_is_said_in_dutch(small_disk: Callable[[int], Path]) -> None:
    schijf = small_disk(512)
    opslag = Opslag(schijf / "opslag")
    opslag.bewaar(INHOUD)
    subprocess.run(["mount", "-o", "remount,ro", str(schijf)], check=True)
    with pytest.raises(OpslagError, match="EROFS") as fout:
        opslag.bewaar(b"nieuw")
    assert "Kijk of de schijf" in str(fout.value)
    assert opslag.controleer(SHA256).in_orde
