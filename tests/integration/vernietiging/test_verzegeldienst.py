"""The sealer behind its socket: whoever asks badly or goes away is answered if that can be, and so is the next."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.logproef import OORSPRONG, build_blad
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.verzegelaar import Verzegelaar
from vernietiging.verzegeldienst import MAXIMUM_BYTES, Verzegeldienst, Verzegelklant


class Proef:
    """A service and who asks it."""

    def __init__(self, map: Path) -> None:
        self.map, self.adres = map, map / "eigen" / "verzegelaar.sock"
        self.klant = Verzegelklant(self.adres)

    def send(self, inhoud: bytes) -> dict[str, Any]:
        """Send bytes as they are, and read what comes back."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as verbinding:
            verbinding.connect(str(self.adres))
            verbinding.sendall(inhoud)
            verbinding.shutdown(socket.SHUT_WR)
            antwoord = b"".join(iter(lambda: verbinding.recv(65536), b""))
        return dict(json.loads(antwoord[4:]))

    def ask(self, vraag: Any) -> dict[str, Any]:
        inhoud = json.dumps(vraag).encode()
        return self.send(struct.pack(">I", len(inhoud)) + inhoud)


@pytest.fixture
def proef(tmp_path: Path) -> Iterator[Proef]:
    proef, stop = Proef(tmp_path), threading.Event()
    dienst = Verzegeldienst(proef.adres, lambda: Verzegelaar(tmp_path / "eigen", tmp_path / "log", OORSPRONG))
    draad = threading.Thread(target=dienst.serve, args=(stop,))
    draad.start()
    try:
        while not proef.adres.exists():
            stop.wait(0.01)
        yield proef
    finally:
        stop.set()
        draad.join()


def test_what_it_does_not_understand_is_said(proef: Proef) -> None:
    vragen: tuple[Any, ...] = ({}, [], "stand", {"opdracht": "verzegel"}, {"opdracht": "verzegel", "aantal": "x"})
    for vraag in vragen:
        antwoord = proef.ask(vraag)
        assert antwoord["fout"] == "onzeker", vraag
    assert "begrijpt de vraag niet" in proef.send(struct.pack(">I", 3) + b"{]}")["melding"]
    assert "begrijpt de vraag niet" in proef.send(struct.pack(">I", MAXIMUM_BYTES + 1))["melding"]
    assert proef.klant.stand().omvang == 0


def test_who_goes_away_halfway_holds_nobody_up(proef: Proef) -> None:
    assert "kan niet lezen of schrijven" in proef.send(struct.pack(">I", 100) + b"{")["melding"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as verbinding:
        verbinding.connect(str(proef.adres))
    assert proef.klant.append(0, [build_blad(0)]).omvang == 1


def test_what_is_wrong_on_disk_every_asker_is_told_until_it_is_mended(proef: Proef) -> None:
    proef.klant.append(0, [build_blad(0)])
    stand = proef.map / "eigen" / "stand.json"
    bewaard = stand.read_bytes()
    stand.unlink()
    stand.write_bytes(b"{}")
    for _ in range(2):
        with pytest.raises(LogboekGewijzigdError, match="stand van de verzegelaar is beschadigd"):
            proef.klant.append(1, [build_blad(1)])
    stand.write_bytes(bewaard)
    assert proef.klant.append(1, [build_blad(1)]).omvang == 2


def test_nobody_there_is_not_established(tmp_path: Path) -> None:
    (tmp_path / "eigen").mkdir()
    with pytest.raises(NietVastTeStellenError, match="antwoordt niet"):
        Verzegelklant(tmp_path / "eigen" / "verzegelaar.sock").stand()
