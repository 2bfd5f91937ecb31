"""The witness: one history per log, brought to disk before it signs, and every answer of the standard."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.logproef import OORSPRONG, build_blad
from vernietiging import getuige as getuige_
from vernietiging.boom import build_consistentiebewijs
from vernietiging.checkpoint import parse_checkpoint, read_bericht
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.getuige import Getuige, Verzoek, build_server
from vernietiging.notitie import Notitie, parse_handtekening, parse_notitie, parse_vkey, verify_handtekening
from vernietiging.tegels import Tegelmap
from vernietiging.verzegelaar import Verzegelaar


class Proef:
    """A log and its witness."""

    def __init__(self, map: Path) -> None:
        self.map = map
        self.verzegelaar = Verzegelaar(map / "eigen", map / "log", OORSPRONG)
        self.sleutel = Ed25519PrivateKey.generate()
        self.open()

    def open(self) -> None:
        logboeken = {OORSPRONG: self.verzegelaar.sleutels}
        self.getuige = Getuige(self.map / "getuige", "archief.example/getuige", self.sleutel, logboeken)

    def seal(self, aantal: int) -> bytes:
        vanaf = self.verzegelaar.stand.omvang
        return self.verzegelaar.append(vanaf, [build_blad(vanaf + i) for i in range(aantal)]).notitie

    def ask(self, oud: int, notitie: bytes) -> Verzoek:
        omvang = parse_checkpoint(parse_notitie(notitie).tekst).omvang
        bewijs = build_consistentiebewijs(Tegelmap(self.map / "log").knoop, oud, omvang) if oud <= omvang else ()
        return Verzoek(oud, bewijs, parse_notitie(notitie))

    def status(self, verzoek: Verzoek) -> HTTPStatus:
        return self.getuige.answer(verzoek.to_bytes()).status


@pytest.fixture
def proef(tmp_path: Path) -> Proef:
    return Proef(tmp_path)


def test_it_signs_what_continues_and_says_how_far_it_is_of_what_does_not(proef: Proef) -> None:
    eerste = proef.seal(5)
    antwoord = proef.getuige.answer(proef.ask(0, eerste).to_bytes(), klok=lambda: 1_700_000_000.9)
    assert antwoord.status == HTTPStatus.OK
    regel = parse_handtekening(antwoord.inhoud.decode().removesuffix("\n"))
    punt = parse_checkpoint(parse_notitie(eerste).tekst)
    verify_handtekening(proef.getuige.publiek, regel, read_bericht(punt, proef.getuige.publiek, regel))
    assert int.from_bytes(regel.gegevens[:8], "big") == 1_700_000_000
    tweede = proef.seal(300)
    for oud in (0, 4):
        antwoord = proef.getuige.answer(proef.ask(oud, tweede).to_bytes())
        assert (antwoord.status, antwoord.inhoud, antwoord.soort) == (409, b"5\n", "text/x.tlog.size")
    assert proef.status(proef.ask(5, tweede)) == HTTPStatus.OK
    proef.open()  # after a restart it knows what it signed
    assert proef.status(proef.ask(305, tweede)) == HTTPStatus.OK
    assert proef.status(proef.ask(0, eerste)) == HTTPStatus.CONFLICT
    assert proef.status(proef.ask(305, eerste)) == HTTPStatus.BAD_REQUEST


def test_it_never_signs_two_histories(proef: Proef, tmp_path: Path) -> None:
    notitie = proef.seal(5)
    assert proef.status(proef.ask(0, notitie)) == HTTPStatus.OK
    ander = Proef(tmp_path / "ander")
    for naam in ("ed25519.pem", "ml-dsa-44.pem"):  # with the stolen keys of the log
        (tmp_path / "ander" / "eigen" / naam).unlink()
        (tmp_path / "ander" / "eigen" / naam).write_bytes((tmp_path / "eigen" / naam).read_bytes())
    ander.verzegelaar = Verzegelaar(tmp_path / "ander" / "eigen", tmp_path / "ander" / "log", OORSPRONG)
    vals = ander.verzegelaar.append(0, [build_blad(100 + i) for i in range(5)]).notitie
    langer = ander.verzegelaar.append(5, [build_blad(200)]).notitie
    assert proef.status(Verzoek(5, (), parse_notitie(vals))) == HTTPStatus.CONFLICT
    assert proef.status(ander.ask(5, langer)) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert proef.status(Verzoek(5, (), parse_notitie(langer))) == HTTPStatus.UNPROCESSABLE_ENTITY


def test_who_it_does_not_know_gets_nothing(proef: Proef, tmp_path: Path) -> None:
    vreemd = Proef(tmp_path / "vreemd")
    assert proef.status(vreemd.ask(0, vreemd.seal(1))) == HTTPStatus.FORBIDDEN
    notitie = parse_notitie(proef.seal(1))
    ander = Notitie(notitie.tekst.replace(OORSPRONG, "ander.example"), notitie.handtekeningen)
    assert proef.status(Verzoek(0, (), ander)) == HTTPStatus.NOT_FOUND
    assert proef.status(Verzoek(0, (bytes(32),), notitie)) == HTTPStatus.UNPROCESSABLE_ENTITY
    for inhoud in (b"", b"old 0\n", b"oud 0\n\n" + notitie.to_bytes(), b"old 00\n\n" + notitie.to_bytes(),
                   b"old 0\nAAAA\n\n" + notitie.to_bytes(), b"old 0\n\ngeen notitie", b"\xff\n\n"):  # fmt: skip
        assert proef.getuige.answer(inhoud).status == HTTPStatus.BAD_REQUEST
    assert list((tmp_path / "getuige").glob("*.checkpoint")) == []  # nothing was kept


def test_what_is_not_on_disk_is_not_signed(proef: Proef, monkeypatch: pytest.MonkeyPatch) -> None:
    notitie = proef.seal(1)

    def full(*_: object) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(getuige_, "write_over", full)
        proef.status(proef.ask(0, notitie))
    assert proef.status(proef.ask(0, notitie)) == HTTPStatus.OK


def test_requests_at_once_are_signed_one_after_the_other(proef: Proef) -> None:
    notities = [proef.seal(1) for _ in range(6)]
    uitkomsten: list[HTTPStatus] = []

    def ask(notitie: bytes) -> None:
        uitkomsten.append(proef.status(proef.ask(0, notitie)))

    draden = [threading.Thread(target=ask, args=(notitie,)) for notitie in notities]
    for draad in draden:
        draad.start()
    for draad in draden:
        draad.join()
    assert sorted(uitkomsten) == [HTTPStatus.OK] + [HTTPStatus.CONFLICT] * 5


def test_it_answers_over_http(proef: Proef) -> None:
    server = build_server(proef.getuige, ("127.0.0.1", 0))
    draad = threading.Thread(target=server.serve_forever)
    draad.start()
    basis = f"http://127.0.0.1:{server.server_address[1]}"

    def post(pad: str, inhoud: bytes) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(
                urllib.request.Request(basis + pad, inhoud, method="POST"), timeout=10
            ) as gekregen:
                return gekregen.status, gekregen.read()
        except urllib.error.HTTPError as fout:
            return fout.code, fout.read()

    try:
        verzoek = proef.ask(0, proef.seal(2)).to_bytes()
        status, inhoud = post("/add-checkpoint", verzoek)
        assert (status, inhoud[:4]) == (200, "\u2014 ".encode())
        assert post("/add-checkpoint", verzoek) == (409, b"2\n")
        assert post("/anders", verzoek)[0] == 404
        assert post("/add-checkpoint", b"x" * 300_000)[0] == 413
    finally:
        server.shutdown()
        draad.join()
        server.server_close()


def test_a_request_may_travel_as_a_file(proef: Proef, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verzoek = tmp_path / "verzoek"
    verzoek.write_bytes(proef.ask(0, proef.seal(3)).to_bytes())
    log = [deel for sleutel in proef.verzegelaar.sleutels for deel in ("--log", sleutel.to_vkey())]
    vast = ["--map", str(tmp_path / "elders"), "--naam", "archief.example/getuige", *log]
    assert getuige_.main([*vast, "sleutel"]) == 0
    sleutel = parse_vkey(capsys.readouterr().out.strip())
    assert getuige_.main([*vast, "teken", str(verzoek)]) == 0
    regel = parse_handtekening(capsys.readouterr().out.removesuffix("\n"))
    assert (regel.naam, regel.sleutel_id) == (sleutel.naam, sleutel.id)
    assert getuige_.main([*vast, "teken", str(verzoek)]) == 1
    assert "409" in capsys.readouterr().err
    assert getuige_.main([*vast, "teken", str(tmp_path / "weg")]) == 2
    verzoek.write_bytes(b"geen verzoek")
    assert getuige_.main([*vast, "teken", str(verzoek)]) == 1
    assert "Vraag het bestand opnieuw" in capsys.readouterr().err
    assert getuige_.main(["--map", str(tmp_path / "elders"), "--naam", "a b", "sleutel"]) == 2


def test_a_wrong_signature_does_not_hide_a_good_one(proef: Proef) -> None:
    notitie = parse_notitie(proef.seal(2))
    goed = notitie.handtekeningen[0]
    fout = replace(goed, gegevens=bytes(len(goed.gegevens)))
    verzoek = Verzoek(0, (), Notitie(notitie.tekst, (fout, goed)))
    assert proef.status(replace(verzoek, notitie=Notitie(notitie.tekst, (fout,)))) == HTTPStatus.FORBIDDEN
    assert proef.status(verzoek) == HTTPStatus.OK


def test_what_it_kept_of_another_log_is_no_answer(proef: Proef) -> None:
    proef.ask(0, proef.seal(2))
    assert proef.status(proef.ask(0, proef.verzegelaar.stand.notitie)) == HTTPStatus.OK
    (bewaard,) = (proef.map / "getuige").glob("*.checkpoint")
    bewaard.write_text(bewaard.read_text().replace(OORSPRONG, "ander.example/log"))
    with pytest.raises(LogboekGewijzigdError, match="gaat over een ander logboek"):
        proef.getuige.answer(proef.ask(2, proef.seal(1)).to_bytes())


def test_a_key_of_another_kind_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inhoud = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "getuige.pem").write_bytes(inhoud)
    assert getuige_.main(["--map", str(tmp_path), "--naam", "archief.example/getuige", "sleutel"]) == 2
    assert "een sleutel van een ander soort" in capsys.readouterr().err


def test_as_a_program_it_gives_its_key_and_serves_until_it_is_stopped(proef: Proef, tmp_path: Path) -> None:
    log = proef.verzegelaar.sleutels[0].to_vkey()
    woorden = [sys.executable, "-m", "vernietiging.getuige", "--map", str(tmp_path / "dienst"), "--naam", "archief"]
    sleutel = subprocess.run([*woorden, "sleutel"], capture_output=True, text=True, check=True).stdout.strip()
    assert parse_vkey(sleutel).naam == "archief"
    with socket.socket() as vrij:
        vrij.bind(("127.0.0.1", 0))
        poort = vrij.getsockname()[1]
    proces = subprocess.Popen(
        [*woorden, "--log", log, "dien", "--poort", str(poort)], stderr=subprocess.PIPE, text=True
    )
    verzoek = urllib.request.Request(
        f"http://127.0.0.1:{poort}/add-checkpoint", data=proef.ask(0, proef.seal(2)).to_bytes()
    )
    try:
        while True:
            try:
                with urllib.request.urlopen(verzoek) as antwoord:
                    assert antwoord.status == HTTPStatus.OK
                break
            except urllib.error.URLError as exc:
                assert isinstance(exc.reason, ConnectionRefusedError) and proces.poll() is None
    finally:
        proces.send_signal(signal.SIGINT)
    _, gezegd = proces.communicate(timeout=60)
    assert proces.returncode == 0 and "Traceback" not in gezegd
