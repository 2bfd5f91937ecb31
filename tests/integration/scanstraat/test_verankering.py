"""Anchors: what witnesses and authorities say is checked before it is kept, and who is away is asked again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import select

from scanstraat import db, logboek, verankering
from scanstraat.bootstrap import Basis, open_basis
from scanstraat.config import Config, TijdstempelConfig, build_config
from scanstraat.errors import InstellingError, NietGevondenError, NietMogelijkError
from scanstraat.tables import GebeurtenisRow
from tests.logproef import OORSPRONG, Stempelautoriteit, build_blad
from vernietiging.__main__ import BEWEZEN, ONZEKER, main
from vernietiging.beleid import GEEN, Beleid, render_beleid
from vernietiging.errors import LogboekGewijzigdError
from vernietiging.getuige import Getuige, build_server
from vernietiging.verificatie import hash_bewijs
from vernietiging.verzegelaar import Verzegelaar

Post = Callable[[bytes], tuple[int, bytes]]


@contextmanager
def serve(antwoord: Post) -> Iterator[str]:
    """Serve one answer over HTTP; give its address."""

    class Afhandeling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, inhoud = antwoord(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(inhoud)))
            self.end_headers()
            self.wfile.write(inhoud)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with run(ThreadingHTTPServer(("127.0.0.1", 0), Afhandeling)) as adres:
        yield adres


@contextmanager
def run(server: ThreadingHTTPServer) -> Iterator[str]:
    draad = threading.Thread(target=server.serve_forever)
    draad.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        draad.join()
        server.server_close()


@dataclass
class Proef:
    """A log, its settings, and who anchors it."""

    config: Config
    verzegelaar: Verzegelaar
    getuige: Getuige
    stempels: list[Post]  # the last one answers

    def seal(self, aantal: int) -> int:
        vanaf = self.verzegelaar.stand.omvang
        return self.verzegelaar.append(vanaf, [build_blad(vanaf + i) for i in range(aantal)]).omvang

    def verify(self) -> int:
        beleid = self.config.logboek.map.parent / "beleid"
        inhoud = verankering.build_beleid(self.config, self.verzegelaar.sleutels)
        beleid.write_text(render_beleid(inhoud), encoding="utf-8")
        return main([str(self.config.logboek.map), "--beleid", str(beleid)])


@pytest.fixture(scope="module")
def autoriteit(tmp_path_factory: pytest.TempPathFactory) -> Stempelautoriteit:
    return Stempelautoriteit(tmp_path_factory.mktemp("tsa") / "tsa")


@pytest.fixture
def proef(tmp_path: Path, autoriteit: Stempelautoriteit) -> Iterator[Proef]:
    verzegelaar = Verzegelaar(tmp_path / "data" / "verzegelaar", tmp_path / "data" / "logboek", OORSPRONG)
    sleutel = Ed25519PrivateKey.generate()
    getuige = Getuige(tmp_path / "elders", "archief.example/getuige", sleutel, {OORSPRONG: verzegelaar.sleutels})
    stempels: list[Post] = [lambda vraag: (200, autoriteit.answer(vraag))]
    (tmp_path / "tsa.pem").write_bytes(autoriteit.wortel)

    def answer(vraag: bytes) -> tuple[int, bytes]:
        return stempels[-1](vraag)

    with ExitStack() as stapel:
        getuigadres = stapel.enter_context(run(build_server(getuige, ("127.0.0.1", 0))))
        stempeladres = stapel.enter_context(serve(answer))
        inhoud = {
            "logboek": {
                "oorsprong": OORSPRONG,
                "getuige": [{"naam": "archief", "sleutel": getuige.publiek.to_vkey(), "url": getuigadres}],
                "tijdstempel": [{"naam": "tsa1", "url": stempeladres, "wortel": "tsa.pem"}],
            }
        }
        yield Proef(build_config(inhoud, basis=tmp_path), verzegelaar, getuige, stempels)


def test_what_is_anchored_is_proven_and_what_is_not_is_not(proef: Proef) -> None:
    omvang = proef.seal(5)
    assert proef.verify() == ONZEKER
    verslag = verankering.anchor(proef.config, omvang)
    assert (verslag.getuigen, verslag.tijdstempels, verslag.fouten) == (("archief",), ("tsa1",), ())
    assert verankering.is_anchored(proef.config, omvang)
    assert proef.verify() == BEWEZEN
    nieuw = proef.seal(300)
    assert (verankering.is_anchored(proef.config, nieuw), proef.verify()) == (False, ONZEKER)
    assert verankering.anchor(proef.config, nieuw).in_orde
    assert verankering.anchor(proef.config, nieuw).in_orde  # who answered is not asked again
    assert proef.verify() == BEWEZEN


def test_there_must_be_a_checkpoint_and_somebody_who_vouches_for_it(proef: Proef) -> None:
    omvang = proef.seal(3)
    with pytest.raises(LogboekGewijzigdError, match="geen checkpoint over 4 gebeurtenissen"):
        verankering.anchor(proef.config, 4)
    verslag = verankering.anchor(proef.config, omvang)
    assert verslag.to_json()["in_orde"] is True and verslag.to_json()["omvang"] == omvang
    beleid = verankering.build_beleid(proef.config, proef.verzegelaar.sleutels)
    anker = verankering.find_anker(proef.config, beleid, 0)
    assert anker is not None and anker.omvang == omvang
    niemand = Beleid(proef.verzegelaar.sleutels, {}, {}, GEEN, {}, 0)
    assert verankering.find_anker(proef.config, niemand, 0) is None  # paper never goes on our word alone


def test_a_witness_whose_answer_was_lost_is_asked_from_where_it_is(proef: Proef) -> None:
    omvang = proef.seal(3)
    verankering.anchor(proef.config, omvang)
    (proef.config.logboek.map / "getuigen" / str(omvang)).unlink()
    assert verankering.anchor(proef.config, proef.seal(4)).getuigen == ("archief",)


def test_a_witness_without_an_address_is_asked_by_files(proef: Proef, tmp_path: Path) -> None:
    config, met_url = build_by_files(proef, tmp_path), proef.config
    omvang = proef.seal(3)
    verslag = verankering.anchor(config, omvang)
    assert verslag.getuigen == () and "scanstraat logboek getuige archief -o BESTAND" in verslag.fouten[0]

    def ask(oud: int | None = None) -> tuple[int, str]:
        antwoord = proef.getuige.answer(verankering.build_getuigeverzoek(config, "archief", oud=oud))
        return antwoord.status, antwoord.inhoud.decode()

    _, eerste = ask()
    assert verankering.take_getuigeantwoord(config, "archief", eerste) == omvang
    assert verankering.anchor(config, omvang).in_orde
    proef.seal(2)
    assert ask()[0] == 200  # its answer was lost
    nieuw = proef.seal(4)
    assert ask() == (409, f"{omvang + 2}\n")
    _, tweede = ask(omvang + 2)
    for fout in ("geen antwoord", "", eerste.replace("archief", "ander")):
        with pytest.raises(NietMogelijkError, match="geen antwoord van getuige archief"):
            verankering.take_getuigeantwoord(config, "archief", fout)
    assert verankering.take_getuigeantwoord(config, "archief", tweede) == nieuw
    assert verankering.anchor(config, nieuw).in_orde and verankering.is_anchored(met_url, nieuw)
    with pytest.raises(LogboekGewijzigdError, match="zag al 99"):
        ask(99)
    with pytest.raises(NietGevondenError, match="geen getuige museum"):
        verankering.build_getuigeverzoek(config, "museum")


def test_before_anything_is_sealed_there_is_nothing_to_ask(proef: Proef, tmp_path: Path) -> None:
    with pytest.raises(NietGevondenError, match="nog niets verzegeld"):
        verankering.build_getuigeverzoek(build_by_files(proef, tmp_path), "archief")


def build_by_files(proef: Proef, map: Path) -> Config:
    getuige = [{"naam": "archief", "sleutel": proef.getuige.publiek.to_vkey()}]
    stempels = [deel.model_dump() for deel in proef.config.logboek.tijdstempel]
    return build_config({"logboek": {"oorsprong": OORSPRONG, "getuige": getuige, "tijdstempel": stempels}}, basis=map)


def test_a_witness_that_saw_another_log_is_an_alarm(proef: Proef, tmp_path: Path) -> None:
    verankering.anchor(proef.config, proef.seal(3))
    ander = Verzegelaar(tmp_path / "data2" / "verzegelaar", tmp_path / "data2" / "logboek", OORSPRONG)
    proef.getuige._logboeken = {OORSPRONG: ander.sleutels}
    logboek_ = proef.config.logboek.model_copy(update={"map": tmp_path / "data2" / "logboek"})
    config = proef.config.model_copy(update={"logboek": logboek_})
    for omvang, zin in ((2, "zag al 3 gebeurtenissen"), (4, "zag een ander logboek")):
        ander.append(ander.stand.omvang, [build_blad(50 + i) for i in range(ander.stand.omvang, omvang)])
        (fout,) = verankering.anchor(config, omvang).fouten
        assert zin in fout


def test_a_stamp_that_does_not_hold_is_not_kept(proef: Proef, autoriteit: Stempelautoriteit) -> None:
    omvang = proef.seal(1)
    slecht: list[Post] = [
        lambda _vraag: (500, b""),
        lambda _vraag: (200, b"geen stempel"),
        lambda _vraag: (200, autoriteit.stamp(b"iets anders")),
    ]
    for antwoord in slecht:
        proef.stempels.append(antwoord)
        verslag = verankering.anchor(proef.config, omvang)
        assert (verslag.tijdstempels, len(verslag.fouten), verslag.in_orde) == ((), 1, False)
        assert "tsa1" in verslag.say()
    assert not [pad for pad in (proef.config.logboek.map / "tijdstempels").rglob("*") if pad.is_file()]
    proef.stempels.append(proef.stempels[0])
    assert verankering.anchor(proef.config, omvang).in_orde


def test_it_is_done_once_in_so_many_hours_and_sooner_when_somebody_was_away(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    gevraagd: list[int] = []
    echt = verankering.anchor

    def anchor(config: Config, omvang: int) -> verankering.Ankerverslag:
        gevraagd.append(omvang)
        return echt(config, omvang)

    monkeypatch.setattr(verankering, "anchor", anchor)
    proef.stempels.append(lambda _vraag: (503, b""))
    with open_basis(proef.config) as basis:
        db.set_wacht(basis.engine, lambda: None)  # this log is of no record
        for _ in range(2):
            logboek._anchor_when_due(basis, proef.seal(1))
        assert gevraagd == [1]
        proef.stempels.append(proef.stempels[0])
        nu = time.time()
        monkeypatch.setattr(time, "time", lambda: nu + 25 * 60)
        logboek._anchor_when_due(basis, 2)
        logboek._anchor_when_due(basis, proef.seal(1))
        assert gevraagd == [1, 2]
        monkeypatch.setattr(time, "time", lambda: nu + 50 * 3600)
        logboek._anchor_when_due(basis, 3)
        logboek._anchor_when_due(basis, 3)
        assert gevraagd == [1, 2, 3]


def test_an_authority_that_comes_or_goes_leaves_what_was_anchored_before_proven(
    proef: Proef, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    oud = proef.config.logboek.tijdstempel[0]
    nieuwe = Stempelautoriteit(tmp_path / "tsa2")
    (tmp_path / "tsa2.pem").write_bytes(nieuwe.wortel)

    def configure(*stempels: TijdstempelConfig, nodig: int) -> None:
        anders = {"tijdstempel": stempels, "tijdstempels_nodig": nodig}
        logboek_ = proef.config.logboek.model_copy(update=anders)
        proef.config = proef.config.model_copy(update={"logboek": logboek_})

    with serve(lambda vraag: (200, nieuwe.answer(vraag))) as adres:
        tweede = TijdstempelConfig(naam="tsa2", url=adres, wortel=tmp_path / "tsa2.pem")
        assert verankering.anchor(proef.config, proef.seal(2)).genoeg
        configure(oud, tweede, nodig=0)
        assert verankering.anchor(proef.config, proef.seal(2)).tijdstempels == ("tsa1", "tsa2")
        assert proef.verify() == BEWEZEN and "1 daarvan is verankerd" in capsys.readouterr().out  # the first lacks one
        configure(oud, tweede, nodig=1)
        assert proef.verify() == BEWEZEN and "2 daarvan zijn verankerd" in capsys.readouterr().out
        proef.stempels.append(lambda _vraag: (503, b""))
        verslag = verankering.anchor(proef.config, proef.seal(2))
        assert (verslag.genoeg, verslag.in_orde, verslag.tijdstempels) == (True, False, ("tsa2",))
        assert "Dat zijn er genoeg" in verslag.say() and not verankering.is_anchored(proef.config, 6)
        configure(oud.model_copy(update={"gestopt": True}), tweede, nodig=1)
        assert verankering.is_anchored(proef.config, 6)
        verslag = verankering.anchor(proef.config, proef.seal(2))
        assert verslag.in_orde and verslag.genoeg
        assert proef.verify() == BEWEZEN and "4 daarvan zijn verankerd" in capsys.readouterr().out
        configure(oud.model_copy(update={"gestopt": True}), tweede, nodig=0)
        assert proef.config.logboek.aantallen == (1, 1) and proef.verify() == BEWEZEN
        configure(*(deel.model_copy(update={"gestopt": True}) for deel in (oud, tweede)), nodig=0)
        assert proef.config.logboek.aantallen == (1, 1)
        configure(oud, tweede.model_copy(update={"gestopt": True}), nodig=2)
        assert not verankering.anchor(proef.config, proef.seal(2)).genoeg


@pytest.mark.parametrize("naam", ["getuigen_nodig", "tijdstempels_nodig"])
def test_more_anchors_than_there_are_cannot_be_asked(tmp_path: Path, naam: str) -> None:
    with pytest.raises(InstellingError, match=f"{naam} is meer"):
        build_config({"logboek": {naam: 1}}, basis=tmp_path)


def test_what_was_anchored_becomes_an_event_that_commits_to_every_stamp_and_line(proef: Proef) -> None:
    with open_basis(proef.config) as basis:
        omvang = proef.seal(3)
        db.set_wacht(basis.engine, lambda: None)  # this log is of no record
        proef.stempels.append(lambda _vraag: (503, b""))
        logboek.anchor(basis, omvang)
        assert load_ankers(basis) == []  # not all of them answered
        proef.stempels.append(proef.stempels[0])
        logboek.anchor(basis, omvang)
        (anker,) = load_ankers(basis)
    assert (anker["checkpoint"], anker["getuigen"], anker["tijdstempels"]) == (3, 1, 1)
    assert anker["wortel"] == logboek.read_wortel(proef.config, 3)
    assert anker["bewijs"] == hash_bewijs(proef.config.logboek.map, 3)
    (stempel,) = (proef.config.logboek.map / "tijdstempels" / "3").glob("*.tsr")
    stempel.chmod(0o600)
    stempel.write_bytes(stempel.read_bytes() + b" ")
    assert anker["bewijs"] != hash_bewijs(proef.config.logboek.map, 3)


def load_ankers(basis: Basis) -> list[Mapping[str, object]]:
    with db.read(basis.engine) as session:
        return list(session.exec(select(GebeurtenisRow.gegevens).where(GebeurtenisRow.soort == "verankering")))


def test_without_anybody_to_ask_it_is_said_what_to_set(proef: Proef, tmp_path: Path) -> None:
    with pytest.raises(InstellingError, match="niemand om het logboek bij te verankeren"):
        verankering.anchor(build_config({}, basis=tmp_path), proef.seal(1))


@pytest.mark.parametrize("getuige", [{"sleutel": "geen"}, {"sleutel": "log"}])
def test_settings_of_a_witness_are_checked(proef: Proef, tmp_path: Path, getuige: dict[str, str]) -> None:
    sleutel = proef.verzegelaar.sleutels[0].to_vkey() if getuige["sleutel"] == "log" else getuige["sleutel"]
    deel = {"naam": "archief", "url": "http://x.example", "sleutel": sleutel}
    with pytest.raises(InstellingError, match="getuige archief: sleutel"):
        build_config({"logboek": {"getuige": [deel]}}, basis=tmp_path)
