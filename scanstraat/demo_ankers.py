"""Who stands outside in the demo: a time-stamp authority and a witness of its own, as small servers on this machine.

They show how anchoring works, here and in a trial installation (`logboek proefstempel`). They prove nothing to anybody
else: a real installation names others in config.toml.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from scanstraat.errors import ScanstraatError

_TSA_CONFIG = """
[req]
distinguished_name = naam
[naam]
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[stempel]
serial = {map}/serial
crypto_device = builtin
signer_cert = {map}/tsa.pem
signer_key = {map}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
"""
_GROOTSTE_VRAAG = 10_000  # bytes; a question about a SHA-256 is some 60


class Stempelautoriteit:
    """A time-stamp authority (RFC 3161) by the command openssl, with a root of its own. Its folder serves again."""

    def __init__(self, map: Path, *, naam: str = "Demo") -> None:
        self._map = map
        self._slot = threading.Lock()
        self._config = map / "openssl.cnf"
        if (map / "tsa.pem").exists():
            return
        map.mkdir(parents=True, exist_ok=True)
        self._config.write_text(_TSA_CONFIG.format(map=map), encoding="utf-8")
        (map / "serial").write_text("01\n", encoding="ascii")
        sleutel = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        nieuw = ("req", "-config", self._config, "-new", *sleutel)
        self._run(*nieuw, "-x509", "-days", "30", "-subj", f"/CN={naam} CA", "-extensions", "ca", "-keyout",
                  map / "ca.key", "-out", map / "ca.pem")  # fmt: skip
        self._run(*nieuw, "-subj", f"/CN={naam} TSA", "-keyout", map / "tsa.key", "-out", map / "tsa.csr")
        self._run("x509", "-req", "-in", map / "tsa.csr", "-CA", map / "ca.pem", "-CAkey", map / "ca.key",
                  "-CAcreateserial", "-days", "30", "-extfile", self._config, "-extensions", "tsa", "-out",
                  map / "tsa.pem")  # fmt: skip

    @property
    def wortelbestand(self) -> Path:
        """Where its root certificate is, PEM."""
        return self._map / "ca.pem"

    def answer(self, verzoek: bytes) -> bytes:
        """Return the reply to a request (both DER)."""
        with self._slot:
            vraag, antwoord = (self._map / naam for naam in ("vraag.tsq", "uit.tsr"))
            vraag.write_bytes(verzoek)
            opties = ("-config", self._config, "-section", "stempel", "-queryfile", vraag, "-out", antwoord)
            self._run("ts", "-reply", *opties)
            return antwoord.read_bytes()

    def _run(self, *woorden: object) -> None:
        uitkomst = subprocess.run(["openssl", *map(str, woorden)], check=False, capture_output=True, timeout=60)
        if uitkomst.returncode != 0:
            raise ScanstraatError("Het programma openssl kan geen tijdstempel maken. Is het goed geïnstalleerd?")


@contextmanager
def serve(server: ThreadingHTTPServer) -> Iterator[str]:
    """Run a server in the background; give its address."""
    draad = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    draad.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        draad.join()
        server.server_close()


def build_stempelserver(autoriteit: Stempelautoriteit, poort: int = 0) -> ThreadingHTTPServer:
    """Return a server that answers with time stamps, on a port of this machine; 0 is a free one."""

    class Afhandeling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            lengte = int(self.headers.get("Content-Length", "0"))
            if not 0 < lengte <= _GROOTSTE_VRAAG:
                self.send_error(400)
                return
            try:
                inhoud = autoriteit.answer(self.rfile.read(lengte))
            except (ScanstraatError, OSError, subprocess.TimeoutExpired):
                self.send_error(500)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(inhoud)))
            self.end_headers()
            self.wfile.write(inhoud)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", poort), Afhandeling)
