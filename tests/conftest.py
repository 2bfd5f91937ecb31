"""What tests of more than one package need: shared scans, the veraPDF jar, PostgreSQL, and the large counts."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from kwaliteitscontrole.verapdf import VERAPDF_VERSIE

settings.register_profile("scanstraat", deadline=None)  # how fast a machine is, is no test
settings.load_profile("scanstraat")
WORTEL = Path(__file__).resolve().parents[1]


os.environ.pop("SCANSTRAAT_AANROEP", None)  # how `run` was called: messages in tests do not depend on it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--groot", action="store_true", help="run the large counts too (hours; before a release)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--groot"):
        return
    for item in items:
        if item.get_closest_marker("groot"):
            item.add_marker(pytest.mark.skip(reason="large counts run with --groot only"))


@pytest.fixture(scope="session")
def groot(pytestconfig: pytest.Config) -> bool:
    """Whether --groot was given, for tests that run in both sizes."""
    return bool(pytestconfig.getoption("--groot"))


@pytest.fixture(scope="session")
def gedeeld() -> Path:
    """The folder with scans and specifications that lies beside the repository."""
    gedeelde_map = WORTEL.parent / "shared"
    if not gedeelde_map.is_dir():
        pytest.skip("there is no ../shared beside the repository")
    return gedeelde_map


@pytest.fixture(scope="session")
def verapdf_jar() -> Path:
    jar = WORTEL / ".gereedschap" / "verapdf" / f"greenfield-apps-{VERAPDF_VERSIE}.jar"
    if not jar.is_file():
        pytest.skip("veraPDF is not installed; ./run klaar does that")
    return jar


# --- PostgreSQL: a cluster of our own, whatever runs on this machine already ----------------------------------------


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """Start a cluster with data checksums and return a connection string for its superuser, without a database name.

    It lives in a folder directly under the temporary folder: paths of Unix sockets are short, and the user postgres
    must be able to get there (a home folder is often closed to others). It dies with this process, however that ends.
    """
    programmas = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda pad: int(pad.parents[1].name), reverse=True
    )
    if not programmas:
        pytest.skip("PostgreSQL is not installed; ./run test does that")
    bin_map = programmas[0].parent
    als: list[str] = []
    cluster = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        eigenaar = pwd.getpwnam("postgres")
        als = ["--reuid", "postgres", "--regid", str(eigenaar.pw_gid), "--init-groups"]
        os.chown(cluster, eigenaar.pw_uid, eigenaar.pw_gid)
    gegevens = cluster / "gegevens"
    initdb = [str(bin_map / "initdb"), "--pgdata", str(gegevens), "--username", "postgres", "--auth", "trust"]
    subprocess.run(
        ["setpriv", *als, "--", *initdb, "--data-checksums", "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    poort = _find_vrije_poort()
    instellingen = {
        "listen_addresses": "127.0.0.1",
        "port": str(poort),
        "unix_socket_directories": str(cluster),
        "max_connections": "200",
    }
    opties = [deel for sleutel, waarde in instellingen.items() for deel in ("-c", f"{sleutel}={waarde}")]
    with (cluster / "logboek").open("wb") as logboek:
        server = subprocess.Popen(
            # INT asks PostgreSQL for a fast shutdown
            ["setpriv", *als, "--pdeathsig", "INT", "--", str(bin_map / "postgres"), "-D", str(gegevens), *opties],
            stdin=subprocess.DEVNULL,
            stdout=logboek,
            stderr=logboek,
            cwd="/",
            start_new_session=True,  # Ctrl-C must end the tests before their database
        )
    verbinding = f"postgresql://postgres@127.0.0.1:{poort}"
    try:
        _wacht_tot_bereikbaar(server, verbinding, cluster / "logboek")
        yield verbinding
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(cluster, ignore_errors=True)


_volgnummers = itertools.count(1)


@pytest.fixture
def postgres_url(postgres_cluster: str) -> Iterator[str]:
    """Return the SQLAlchemy URL of a fresh, empty database."""
    naam = f"proef{next(_volgnummers)}"
    with psycopg.connect(f"{postgres_cluster}/postgres", autocommit=True) as verbinding:
        verbinding.execute(f'create database "{naam}"')
    yield f"{postgres_cluster.replace('postgresql://', 'postgresql+psycopg://')}/{naam}"
    with psycopg.connect(f"{postgres_cluster}/postgres", autocommit=True) as verbinding:
        verbinding.execute(f'drop database "{naam}" with (force)')


def _find_vrije_poort() -> int:
    with socket.socket() as proef:
        proef.bind(("127.0.0.1", 0))
        return int(proef.getsockname()[1])


def _wacht_tot_bereikbaar(server: subprocess.Popen[bytes], verbinding: str, logboek: Path) -> None:
    einde = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"{verbinding}/postgres", connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > einde:
                raise RuntimeError(f"PostgreSQL did not start:\n{logboek.read_text()}") from None
            time.sleep(0.05)
