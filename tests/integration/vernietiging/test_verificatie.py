"""The verifier: proven, changed, or cannot tell; and never proven after any change."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.logproef import OORSPRONG, Logproef, Stempelautoriteit, build_blad, build_logproef, write
from tests.verhaal import Regel, Stap, Tijd, Verhaal, build_verhaal
from vernietiging import tijdstempel, verificatie, verzegelaar
from vernietiging.__main__ import BEWEZEN, GEWIJZIGD, ONZEKER, main
from vernietiging.beleid import GEEN, Beleid, parse_beleid
from vernietiging.checkpoint import Checkpoint
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, OnbekendeGebeurtenisError
from vernietiging.gebeurtenis import parse_blad, verify_blad
from vernietiging.notitie import parse_notitie
from vernietiging.tegels import build_pad, encode_bundel
from vernietiging.verzegelaar import Sleutelbos, Verzegelaar

Breuk = Callable[[Verhaal], object]
WORTEL = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def autoriteit(tmp_path_factory: pytest.TempPathFactory) -> Stempelautoriteit:
    return Stempelautoriteit(tmp_path_factory.mktemp("tsa") / "tsa")


@pytest.fixture(scope="module")
def heel(autoriteit: Stempelautoriteit, tmp_path_factory: pytest.TempPathFactory) -> Logproef:
    """A log of 700 events in four checkpoints; nobody changes it."""
    proef = build_logproef(tmp_path_factory.mktemp("log"), autoriteit, aantallen=(3, 250, 300, 147))
    proef.write_beleid()
    return proef


@pytest.fixture
def proef(heel: Logproef, tmp_path: Path) -> Logproef:
    """The same log, to change."""
    shutil.copytree(heel.map, tmp_path / "proef")
    return Logproef(tmp_path / "proef", heel.autoriteit, heel.getuige)


def verify(proef: Logproef, *opties: str) -> int:
    return main([str(proef.log), "--beleid", str(proef.map / "beleid"), *opties])


def test_a_whole_log_is_proven(heel: Logproef, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(heel) == BEWEZEN
    gezegd = capsys.readouterr().out
    assert f"Logboek {OORSPRONG}: 700 gebeurtenissen" in gezegd
    assert "4 checkpoints kloppen; 4 daarvan" in gezegd


GO_BRON = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")  # Debian: golang-golang-x-mod-dev


@pytest.fixture(scope="module")
def controle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Logproef], subprocess.CompletedProcess[str]]:
    """A verifier that others wrote, from Debian alone."""
    go = shutil.which("go")
    if go is None or not GO_BRON.is_dir():
        pytest.skip("golang-go and golang-golang-x-mod-dev are not installed")
    map = tmp_path_factory.mktemp("go")
    omgeving = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOPATH": "/usr/share/gocode", "GOCACHE": str(map)}
    bron = WORTEL / "tests" / "data" / "logboek" / "controle.go"
    subprocess.run([go, "build", "-o", str(map / "controle"), str(bron)], env=omgeving, check=True, capture_output=True)

    def verify_with_go(proef: Logproef) -> subprocess.CompletedProcess[str]:
        beleid = parse_beleid((proef.map / "beleid").read_text(encoding="utf-8"))
        vkey = beleid.logsleutels[0].to_vkey()
        opdracht = [str(map / "controle"), str(proef.log), vkey]
        return subprocess.run(opdracht, capture_output=True, text=True, check=False)

    return verify_with_go


def test_the_packages_of_the_checksum_database_of_go_come_to_the_same(
    proef: Logproef, controle: Callable[[Logproef], subprocess.CompletedProcess[str]]
) -> None:
    uitslag = controle(proef)
    assert (uitslag.returncode, uitslag.stdout) == (0, "700 leaves and 4 checkpoints hold\n"), uitslag.stderr
    for naam in ("tile/entries/001", "checkpoints/253", "checkpoint"):
        pad = proef.log / naam
        inhoud = pad.read_bytes()
        pad.chmod(0o644)
        pad.write_bytes(inhoud.replace(b"1", b"2", 1))
        assert controle(proef).returncode == 1, naam
        pad.write_bytes(inhoud)
    assert controle(proef).returncode == 0


def test_it_runs_alone_without_the_product(heel: Logproef) -> None:
    """Only the package itself is on the path; it must need nothing but cryptography."""
    programma = f"""
import sys
from importlib.abc import MetaPathFinder
class Verboden(MetaPathFinder):
    def find_spec(self, naam, pad=None, doel=None):
        if naam.partition('.')[0] not in (*sys.stdlib_module_names, 'vernietiging', 'cryptography', '_cffi_backend'):
            raise ImportError(naam)
sys.meta_path.insert(0, Verboden())
from vernietiging.__main__ import main
sys.exit(main([{str(heel.log)!r}, '--beleid', {str(heel.map / "beleid")!r}]))
"""
    uitslag = subprocess.run([sys.executable, "-c", programma], cwd=WORTEL, capture_output=True, text=True, check=False)
    assert (uitslag.returncode, uitslag.stderr) == (BEWEZEN, "")


def test_no_flipped_bit_in_any_file_is_ever_proven(proef: Logproef, groot: bool) -> None:
    loterij = random.Random(20261125)
    bestanden = [pad for pad in proef.bestanden() if pad.stat().st_size]
    for nummer in range(10_000 if groot else 4 * len(bestanden)):
        pad = bestanden[nummer % len(bestanden)]
        inhoud = pad.read_bytes()
        plek = loterij.randrange(len(inhoud))
        pad.chmod(0o644)
        pad.write_bytes(inhoud[:plek] + bytes([inhoud[plek] ^ 1 << loterij.randrange(8)]) + inhoud[plek + 1 :])
        uitkomst = verify(proef)
        # The log does not commit to these: the spelling of a root certificate, and which witness a line says it is of;
        # then there is one anchor less, on an older checkpoint.
        vrij = pad.parent.name == "wortels" or (pad.parent.name == "getuigen" and pad.name != "700")
        assert uitkomst in (GEWIJZIGD, ONZEKER) or vrij, (pad, plek)
        if "tile" in pad.parts or pad.parent.name == "checkpoints":
            assert uitkomst == GEWIJZIGD, (pad, plek)
        pad.write_bytes(inhoud)
    assert verify(proef) == BEWEZEN


def test_no_file_of_the_log_can_be_missed(proef: Logproef) -> None:
    for pad in proef.bestanden():
        inhoud = pad.read_bytes()
        pad.unlink()
        deels = pad.parent.name.endswith(".p")
        anker_van_ouder = {"getuigen", "tijdstempels", "checkpoints"} & set(pad.parts) and "700" not in pad.parts
        if (not deels and not anker_van_ouder) or "700" in pad.name:
            assert verify(proef) in (GEWIJZIGD, ONZEKER), pad
        pad.write_bytes(inhoud)


@pytest.mark.parametrize(
    "naam",
    ["tile/extra", "tile/0/000.p/300", "tile/0/000.p/01", "tile/0/007.p/300", "tile/entries/001", "checkpoints/x"],
)
def test_what_the_log_does_not_have_may_not_lie_there(proef: Logproef, naam: str) -> None:
    (proef.log / naam).parent.mkdir(exist_ok=True)
    (proef.log / naam).write_bytes(b"erbij")
    assert verify(proef) == GEWIJZIGD


def test_what_is_added_to_a_file_of_the_log_is_a_change(proef: Logproef) -> None:
    for pad in (pad for pad in proef.bestanden() if "tile" in pad.parts):
        inhoud = pad.read_bytes()
        pad.chmod(0o644)
        pad.write_bytes(inhoud + b"\0" * 32)
        assert verify(proef) == GEWIJZIGD, pad
        pad.write_bytes(inhoud)
    assert verify(proef) == BEWEZEN


@pytest.mark.parametrize("naam", ["checkpoint", "checkpoints/700", "checkpoints/3"])
def test_a_checkpoint_needs_the_signature_of_every_key_of_the_log(proef: Logproef, naam: str) -> None:
    beleid = parse_beleid((proef.map / "beleid").read_text(encoding="utf-8"))
    assert len(beleid.logsleutels) == 2
    pad = proef.log / naam
    heel = parse_notitie(pad.read_bytes())
    pad.chmod(0o644)
    for weg in beleid.logsleutels:
        regels = [regel for regel in heel.handtekeningen if regel not in heel.find(weg)]
        assert len(regels) < len(heel.handtekeningen)
        pad.write_bytes(replace(heel, handtekeningen=tuple(regels)).to_bytes())
        assert verify(proef) == GEWIJZIGD


def rewrite(proef: Logproef, bladen: list[bytes]) -> None:
    """As somebody who owns everything but the keys outside: write the log anew, with a checkpoint at each size."""
    omvangen = sorted(int(pad.name) for pad in (proef.log / "checkpoints").iterdir())
    for map in ("tile", "checkpoints"):
        shutil.rmtree(proef.log / map)
    (proef.log / "checkpoint").unlink()
    for pad in (proef.map / "verzegelaar").iterdir():
        if pad.suffix != ".pem":
            pad.unlink()
    (proef.map / "verzegelaar" / "nieuw").write_bytes(b"")
    verzegelaar = Verzegelaar(proef.map / "verzegelaar", proef.log, OORSPRONG)
    for van, tot in zip([0, *omvangen], omvangen, strict=False):
        verzegelaar.append(van, bladen[van : min(tot, len(bladen))])


@pytest.mark.parametrize("verander", [
    lambda bladen: [*bladen[:10], build_blad(9999), *bladen[11:]],
    lambda bladen: [*bladen[:10], *bladen[11:], build_blad(9999)],
    lambda bladen: [bladen[1], bladen[0], *bladen[2:]],
])  # fmt: skip
def test_a_history_that_is_signed_anew_with_the_stolen_key_is_not_the_one_that_others_saw(
    proef: Logproef, verander: Callable[[list[bytes]], list[bytes]]
) -> None:
    rewrite(proef, verander([build_blad(i) for i in range(700)]))
    assert verify(proef) == GEWIJZIGD


def test_a_tail_that_was_cut_off_is_not_what_was_anchored_last(proef: Logproef) -> None:
    """The part that is left is true in itself; what an auditor has in hand (700) shows that it is short."""
    beleid = parse_beleid((proef.map / "beleid").read_text(encoding="utf-8"))
    shutil.copy(proef.log / "checkpoints" / "553", proef.log / "checkpoint")
    assert verificatie.verify_logboek(proef.log, beleid).checkpoint.omvang == 700  # it is stored, so it counts
    (proef.log / "checkpoints" / "700").unlink()
    assert verificatie.verify_logboek(proef.log, beleid).checkpoint.omvang == 553
    with pytest.raises(LogboekGewijzigdError):  # and the sealer, who knows of 700, does not go on from there
        for naam in (build_pad("entries", 2, 188), build_pad(0, 2, 188)):
            (proef.log / naam).unlink()
        proef.open()


def test_a_log_that_is_being_sealed_is_no_false_alarm(proef: Logproef) -> None:
    """What an auditor sees when the sealer stands still at any moment between two checkpoints."""
    voor = {pad.relative_to(proef.log): pad.read_bytes() for pad in proef.bestanden()}
    proef.seal(300)
    nieuw = [pad for pad in proef.bestanden() if pad.relative_to(proef.log) not in voor]
    inhoud = {pad: pad.read_bytes() for pad in nieuw}
    kop = (proef.log / "checkpoint").read_bytes()
    for pad in nieuw:
        pad.unlink()
    (proef.log / "checkpoint").write_bytes(voor[Path("checkpoint")])
    for pad in sorted(nieuw, key=lambda pad: pad.parent.name == "checkpoints"):  # tiles first, then the checkpoint
        assert verify(proef) == BEWEZEN, pad
        half = pad.with_name(f".{pad.name}.1.nieuw")
        pad.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"half")
        assert verify(proef) == BEWEZEN, pad
        half.unlink()
        pad.write_bytes(inhoud[pad])
    assert verify(proef) == ONZEKER  # there is a newer one, and nobody anchored it
    (proef.log / "checkpoint").write_bytes(kop)
    proef.anchor(1000)
    assert verify(proef) == BEWEZEN


def test_only_the_certificate_that_the_policy_names_is_believed(proef: Logproef, tmp_path: Path) -> None:
    """Beside it in the file stands that of an authority of the insider, who stamps a history of his own."""
    vreemd = Stempelautoriteit(tmp_path / "vreemd")
    for pad in (proef.log / "wortels" / "proef.pem", proef.log / "wortels" / "a.pem"):
        pad.write_bytes(proef.autoriteit.wortel + vreemd.wortel)
    assert verify(proef) == BEWEZEN
    inhoud = (proef.log / "checkpoints" / "700").read_bytes()
    (proef.log / "tijdstempels" / "700" / "proefstempel.tsr").write_bytes(vreemd.stamp(inhoud))
    assert verify(proef) == GEWIJZIGD


def test_an_event_that_no_schema_allows_is_a_change(proef: Logproef) -> None:
    """Even when the sealer itself was made to sign it."""
    vreemd = build_blad(3).replace(b'"draai"', b'"Jan Jansen"')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Verzegelaar, "_check_blad", lambda _self, _blad: None)
        proef.open().append(700, [vreemd])
    proef.anchor(701)
    assert verify(proef) == GEWIJZIGD


@pytest.mark.parametrize("wat", ["getuigen", "tijdstempels"])
def test_events_that_are_not_anchored_yet_are_not_proven(proef: Logproef, wat: str) -> None:
    shutil.rmtree(proef.log / wat)
    assert verify(proef) == ONZEKER


def test_a_stamp_of_another_authority_or_another_checkpoint_is_a_change(proef: Logproef, tmp_path: Path) -> None:
    plek = proef.log / "tijdstempels" / "700" / "proefstempel.tsr"
    ander = Stempelautoriteit(tmp_path / "andere")
    inhoud = (proef.log / "checkpoints" / "700").read_bytes()
    goed = plek.read_bytes()
    for fout in (ander.stamp(inhoud), proef.autoriteit.stamp(inhoud + b"\n"), b"geen stempel"):
        plek.write_bytes(fout)
        assert verify(proef) == GEWIJZIGD
    plek.write_bytes(goed)
    assert verify(proef) == BEWEZEN


def test_without_openssl_or_the_root_certificate_it_cannot_tell(
    proef: Logproef, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tijdstempel, "OPENSSL", "/nergens/openssl")
        assert verify(proef) == ONZEKER
    (proef.log / "wortels" / "proef.pem").unlink()
    assert verify(proef) == ONZEKER


def test_keys_come_from_the_policy_and_never_from_the_log(proef: Logproef, capsys: pytest.CaptureFixture[str]) -> None:
    beleid = proef.map / "beleid"
    tekst = beleid.read_text(encoding="utf-8")
    vreemd = Logproef(proef.map / "vreemd", proef.autoriteit, Ed25519PrivateKey.generate())
    vreemd.seal(1)
    beleid.write_text(vreemd.write_beleid().read_text(encoding="utf-8"), encoding="utf-8")
    assert verify(proef) == GEWIJZIGD
    beleid.write_text(tekst.replace(f"log {OORSPRONG}", "log ander.example/log"), encoding="utf-8")
    assert verify(proef) == ONZEKER  # a key that does not fit its own name is no key
    zonder = [regel for regel in tekst.splitlines() if regel.startswith("log ")]
    beleid.write_text("\n".join([*zonder, "quorum none", ""]), encoding="utf-8")
    assert verify(proef) == ONZEKER
    assert "geen getuige en geen tijdstempel" in capsys.readouterr().out
    assert verify(proef, "--zonder-ankers") == BEWEZEN
    beleid.write_text("quorum none\n", encoding="utf-8")
    assert verify(proef) == ONZEKER
    beleid.unlink()
    assert verify(proef) == ONZEKER


def test_a_checkpoint_that_cannot_be_read_is_no_proof(proef: Logproef) -> None:
    (proef.log / "checkpoint").unlink()
    (proef.log / "checkpoint").mkdir()
    assert verify(proef) == ONZEKER


def test_a_checkpoint_under_the_name_of_another_is_a_change(proef: Logproef) -> None:
    shutil.copy(proef.log / "checkpoints" / "553", proef.log / "checkpoints" / "554")
    assert verify(proef) == GEWIJZIGD


def test_a_head_that_was_signed_but_is_not_kept_is_a_change(proef: Logproef) -> None:
    """Two histories of one size, both signed: one is shown, the other is kept."""
    sleutels = Sleutelbos.open(proef.map / "verzegelaar", OORSPRONG)
    vals = sleutels.sign(Checkpoint(OORSPRONG, 700, bytes(32)), 1_700_000_000)
    (proef.log / "checkpoint").write_bytes(vals.to_bytes())
    assert verify(proef) == GEWIJZIGD


def test_a_checkpoint_that_was_signed_over_another_history_is_a_change(proef: Logproef) -> None:
    sleutels = Sleutelbos.open(proef.map / "verzegelaar", OORSPRONG)
    vals = sleutels.sign(Checkpoint(OORSPRONG, 100, bytes(32)), 1_700_000_000)
    (proef.log / "checkpoints" / "100").write_bytes(vals.to_bytes())
    assert verify(proef) == GEWIJZIGD


def test_a_log_of_nothing_has_the_root_of_nothing(tmp_path: Path) -> None:
    sleutels = Sleutelbos.open(tmp_path / "sleutels", OORSPRONG)
    beleid = Beleid(sleutels.publiek, {}, {}, GEEN, {}, 0)
    for wortel, is_heel in ((hashlib.sha256(b"").digest(), True), (bytes(32), False)):
        notitie = sleutels.sign(Checkpoint(OORSPRONG, 0, wortel), 1_700_000_000).to_bytes()
        (tmp_path / "log" / "checkpoints").mkdir(parents=True, exist_ok=True)
        for pad in (tmp_path / "log" / "checkpoint", tmp_path / "log" / "checkpoints" / "0"):
            pad.write_bytes(notitie)
        if is_heel:
            assert verificatie.verify_logboek(tmp_path / "log", beleid).checkpoint.omvang == 0
        else:
            with pytest.raises(LogboekGewijzigdError, match="nieuwste checkpoint"):
                verificatie.verify_logboek(tmp_path / "log", beleid)


def test_a_log_that_ends_with_its_tiles_is_whole(autoriteit: Stempelautoriteit, tmp_path: Path) -> None:
    """After 256 lines nothing is left over on the lowest level."""
    proef = build_logproef(tmp_path, autoriteit, aantallen=(256,))
    proef.write_beleid()
    assert verify(proef) == BEWEZEN


# --- what the log says --------------------------------------------------------------------------------------------


def seal_verhaal(proef: Logproef, verhaal: Verhaal) -> None:
    """Seal a story as a sealer does, a checkpoint at each of its points, all anchored."""
    bladen, punten = verhaal.build()
    verzegelaar = proef.open()
    vorige = 0
    for omvang in punten:
        verzegelaar.append(vorige, bladen[vorige:omvang])
        proef.anchor(omvang)
        vorige = omvang


def open_verhaal() -> Verhaal:
    """The story, just now, so that the stamps of now fit in it; what was stamped is not told again."""
    verhaal = build_verhaal().zonder("verankering")
    verhaal.begin, verhaal.stap = datetime.now(UTC) - timedelta(minutes=1), timedelta(seconds=0)
    van = verhaal.stappen[verhaal.nummer("uitgevoerd")]
    later = timedelta(minutes=2)  # the stamp says when it was made: after the order was, in this test
    verhaal.anders("opgedragen", op=later)
    verhaal.anders("uitgevoerd", op=later, gegevens={**van.gegevens, "uitgevoerd_op": Tijd("uitgevoerd")})
    return verhaal


def test_a_destruction_with_all_its_grounds_is_proven(
    autoriteit: Stempelautoriteit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proef = Logproef(tmp_path, autoriteit, Ed25519PrivateKey.generate())
    seal_verhaal(proef, open_verhaal())
    proef.write_beleid()
    assert verify(proef) == BEWEZEN, capsys.readouterr().out
    assert "1 doos is vernietigd" in capsys.readouterr().out


def test_a_destruction_without_grounds_is_said_and_is_never_proven(
    autoriteit: Stempelautoriteit, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proef = Logproef(tmp_path, autoriteit, Ed25519PrivateKey.generate())
    verhaal = open_verhaal()
    weg = {"opgedragen": Regel("opgedragen")}
    op = verhaal.stappen[verhaal.nummer("uitgevoerd")].op
    verhaal.erbij("uitgevoerd", Stap("weg", "vernietiging.zonder_grond", "div", "doos 2", weg, op))
    verhaal.punten["weg"] = verhaal.punten.pop("uitgevoerd")
    seal_verhaal(proef, verhaal)
    proef.write_beleid()
    assert verify(proef) == GEWIJZIGD
    gezegd = capsys.readouterr().out
    assert gezegd.startswith("ZONDER GROND. Logboek") and "1 doos is vernietigd" in gezegd
    zin = f"Regel {verhaal.nummer('weg')}: papier is vernietigd terwijl er iets in de weg stond"
    assert zin in gezegd
    omvang = proef.open().stand.omvang
    seal_newer(proef, monkeypatch, omvang)
    proef.anchor(omvang + 1)
    assert verify(proef) == GEWIJZIGD  # a line that is not known hides nothing of before it
    gezegd = capsys.readouterr().out
    assert zin in gezegd and "is hier niet bekend" in gezegd


@pytest.mark.parametrize(("breuk", "zin"), [
    (lambda v: v.anders("vrijgave 2", actor="een"), "dezelfde persoon"),
    (lambda v: v.zonder("mandaat controleur"), "geen mandaat"),
    (lambda v: v.anders("gekeurd batch a", gegevens={"getrokken": Regel("uitgevoerd")}), "die later komt"),
])  # fmt: skip
def test_a_log_that_is_whole_and_signed_and_anchored_and_not_allowed_is_refused(
    autoriteit: Stempelautoriteit, tmp_path: Path, capsys: pytest.CaptureFixture[str], breuk: Breuk, zin: str
) -> None:
    proef = Logproef(tmp_path, autoriteit, Ed25519PrivateKey.generate())
    verhaal = open_verhaal()
    breuk(verhaal)
    seal_verhaal(proef, verhaal)
    proef.write_beleid()
    assert verify(proef) == GEWIJZIGD
    assert zin in capsys.readouterr().out
    zonder = (proef.map / "beleid").read_text(encoding="utf-8")
    (proef.map / "beleid").write_text(zonder.replace("#% tijdstempels 1", "#% tijdstempels 0"), encoding="utf-8")
    assert verify(proef) == GEWIJZIGD


def seal_newer(proef: Logproef, monkeypatch: pytest.MonkeyPatch, nummer: int) -> None:
    """Seal a line as a newer product does, which knows this kind."""
    nieuw = replace(parse_blad(build_blad(nummer)), soort="papier.gerecycled", gegevens={"aantal": 3}).to_bytes()
    with monkeypatch.context() as nieuwer:
        nieuwer.setattr(verzegelaar, "verify_blad", lambda _blad: "papier.gerecycled")
        proef.open().append(nummer, [nieuw])


def test_a_line_of_a_newer_product_is_no_change_and_no_proof(
    proef: Logproef, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seal_newer(proef, monkeypatch, 700)
    proef.seal(2)
    proef.anchor(703)
    assert verify(proef) == ONZEKER
    gezegd = capsys.readouterr().out
    assert "Regel 700: Gebeurtenis papier.gerecycled versie 1 is hier niet bekend" in gezegd
    assert "dit is geen bewijs. Vraag de leverancier" in gezegd
    pad = proef.log / build_pad("entries", 2, 703 - 512)  # what is changed elsewhere is still seen
    pad.chmod(0o644)
    pad.write_bytes(pad.read_bytes().replace(b"papier.gerecycled", b"papier.gerecyclee"))
    assert verify(proef) == GEWIJZIGD


@pytest.mark.parametrize(
    "blad",
    [
        b'{"soort":"papier.gerecycled","versie":1}',  # not the fields of an event
        b'{"actor": "x","gegevens":{},"id":"x","onderwerp":"x","op":"x","soort":"papier.gerecycled","versie":1}',
        b'{"actor":"x","gegevens":{"a":1.5},"id":"x","onderwerp":"x","op":"x","soort":"papier.gerecycled","versie":1}',
        b'{"actor":"x","gegevens":{},"id":"x","onderwerp":"x","op":"2026-03-02T14:00:00Z","soort":"n","versie":1}',
        b'nee,"soort":"papier.gerecycled","versie":1}',
        b'{"actor":"x","gegevens":{"a":"'
        + b"a" * 4096
        + b'"},"id":"x","onderwerp":"x","op":"x","soort":"n","versie":1}',
    ],
)
def test_what_has_not_the_form_of_an_event_is_never_of_a_newer_product(blad: bytes) -> None:
    with pytest.raises(GebeurtenisError, match="is geen gebeurtenis") as fout:
        verify_blad(blad)
    assert not isinstance(fout.value, OnbekendeGebeurtenisError)


@pytest.fixture
def verankerd(autoriteit: Stempelautoriteit, tmp_path: Path) -> Logproef:
    """A log of which a line says how its first checkpoint was anchored; the second is anchored as well."""
    proef = Logproef(tmp_path, autoriteit, Ed25519PrivateKey.generate())
    proef.seal(3)
    proef.anchor(3)
    gegevens = {
        "checkpoint": 3, "wortel": proef.open().stand.rand.wortel.hex(), "getuigen": 1, "tijdstempels": 1,
        "bewijs": verificatie.hash_bewijs(proef.log, 3),
    }  # fmt: skip
    blad = replace(parse_blad(build_blad(3)), soort="verankering", gegevens=gegevens).to_bytes()
    proef.open().append(3, [blad])
    proef.anchor(4)
    proef.write_beleid()
    assert verify(proef) == BEWEZEN
    return proef


def test_what_a_line_says_of_an_anchor_binds_every_byte_of_it(verankerd: Logproef) -> None:
    """Also bytes that openssl does not look at, and the name of a witness that nobody knows then."""
    for pad in (verankerd.log / "getuigen" / "3", verankerd.log / "tijdstempels" / "3" / "proefstempel.tsr"):
        goed = pad.read_bytes()
        for plek in range(0, len(goed), 5):
            pad.write_bytes(goed[:plek] + bytes([goed[plek] ^ 1]) + goed[plek + 1 :])
            assert verify(verankerd) in (GEWIJZIGD, ONZEKER), (pad, plek)
        pad.unlink()
        assert verify(verankerd) == GEWIJZIGD
        pad.write_bytes(goed)
    assert verify(verankerd) == BEWEZEN


def test_an_anchor_of_which_the_checkpoint_was_hidden_is_no_proof(verankerd: Logproef) -> None:
    (verankerd.log / "checkpoints" / "3").unlink()
    assert verify(verankerd) == ONZEKER


@pytest.mark.parametrize("aantal", [1, 6, 20])
def test_stamps_and_lines_that_came_in_later_are_no_change(verankerd: Logproef, aantal: int) -> None:
    stempel = (verankerd.log / "tijdstempels" / "3" / "proefstempel.tsr").read_bytes()
    regel = (verankerd.log / "getuigen" / "3").read_bytes()
    write(verankerd.log / "getuigen" / "3", regel + regel.replace(b"archief.example", b"elders.example"))
    for nummer in range(aantal):
        write(verankerd.log / "tijdstempels" / "3" / f"ander{nummer}.tsr", stempel)
    if aantal <= 5:
        assert verify(verankerd) == BEWEZEN
    else:  # so many that nobody would try all parts: it is not called proven, and it takes no time
        assert verify(verankerd) == GEWIJZIGD


def test_a_log_that_stamps_say_was_stamped_too_late_is_refused(
    autoriteit: Stempelautoriteit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole story was made up today, about yesterday."""
    proef = Logproef(tmp_path, autoriteit, Ed25519PrivateKey.generate())
    verhaal = build_verhaal().zonder("verankering")
    verhaal.begin = datetime.now(UTC) - timedelta(days=1)
    seal_verhaal(proef, verhaal)
    proef.write_beleid()
    assert verify(proef) == GEWIJZIGD
    assert "nog geen tijdstempel" in capsys.readouterr().out


def test_an_unexpected_error_is_no_proof(heel: Logproef, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("vernietiging.__main__.verify_logboek", fail)
    assert verify(heel) == ONZEKER


def test_a_leaf_too_long_for_a_bundle_is_a_bug() -> None:
    with pytest.raises(ValueError, match="too long"):
        encode_bundel([b"x" * 70_000])


def test_a_checkpoint_of_another_log_under_the_same_keys_is_refused(proef: Logproef, tmp_path: Path) -> None:
    sleutels = Sleutelbos.open(tmp_path / "sleutels", OORSPRONG)
    beleid = Beleid(sleutels.publiek, {}, {}, GEEN, {}, 0)
    goed, ander = Checkpoint(OORSPRONG, 1, bytes(32)), Checkpoint("ander.example/log", 1, bytes(32))
    assert verificatie.verify_checkpoint(sleutels.sign(goed, 0), beleid) == goed
    with pytest.raises(LogboekGewijzigdError, match=r"logboek ander\.example/log"):
        verificatie.verify_checkpoint(sleutels.sign(ander, 0), beleid)


def test_an_answer_that_nobody_reads_to_the_end_is_no_verdict(tmp_path: Path) -> None:
    lees, schrijf = os.pipe()
    os.close(lees)
    opdracht = [sys.executable, "-m", "vernietiging", str(tmp_path), "--beleid", str(tmp_path / "beleid.txt")]
    klaar = subprocess.run(opdracht, stdout=schrijf, stderr=subprocess.PIPE, text=True, check=False)
    os.close(schrijf)
    assert (klaar.returncode, klaar.stderr) == (ONZEKER, "")
