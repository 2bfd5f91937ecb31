"""Imports point one way, and no file of the project names a machine it was made on.

`scanstraat` imports the three others; they import neither each other nor scanstraat. Inside a package: entry points →
flow → adapters → pure modules → errors. An import that only serves types (`if TYPE_CHECKING`) runs nothing, so it may
point anywhere inside its own package, except from a pure module.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

WORTEL = Path(__file__).resolve().parents[2]
PAKKETTEN = ("scanstraat", "hardware", "kwaliteitscontrole", "vernietiging")

# From low to high. A module whose docstring says "Pure." is pure; one that nothing names is an adapter. A name covers
# its submodules.
LAGEN: dict[str, tuple[str, ...]] = {
    "errors": ("*.errors",),
    "pure": (
        "scanstraat.config",  # reads one file, but what others import from it are frozen values
        "scanstraat.intake.codes",  # from pixels to values
        "hardware.scanmap",  # from bytes to values
    ),
    "adapter": (),
    "flow": (
        *("scanstraat.pipeline", "scanstraat.afronding", "scanstraat.bootstrap"),
        # the steps that pipeline.py names, each with what it asks of the adapters
        *("scanstraat.intake.dienst", "scanstraat.intake.ontleden", "scanstraat.intake.bijscan"),
        *("scanstraat.archiveren", "scanstraat.aflevering", "scanstraat.manifest", "scanstraat.bewerken"),
        # the steps that afronding.py names
        *(
            "scanstraat.besluiten",
            "scanstraat.verzegelen",
            "scanstraat.keuren",
            "scanstraat.poort",
            "scanstraat.batchstatus",
        ),
        *("scanstraat.vernietigen", "scanstraat.verklaren", "scanstraat.stukken", "scanstraat.verklaringscan"),
        # what is told and printed of it
        *("scanstraat.bewijzen", "scanstraat.verantwoording", "scanstraat.handboekbijlage", "scanstraat.afdrukken"),
        # what watches and tidies the whole of it
        *("scanstraat.gezondheid", "scanstraat.gezondheidspagina", "scanstraat.metrieken", "scanstraat.onderhoud"),
        *("scanstraat.backup", "scanstraat.backup_database"),
        *("scanstraat.rapport", "scanstraat.toezicht", "scanstraat.logboek"),
        *("scanstraat.herstel", "scanstraat.herstelrijen", "scanstraat.teruggehaald"),
        # what leaves
        *("scanstraat.overdracht", "scanstraat.sip", "scanstraat.export", "scanstraat.exportcontrole"),
    ),
    "entry point": ("*.__main__", "scanstraat.cli", "scanstraat.web", "scanstraat.demo", "scanstraat.demo_afronding"),
}
VOLGORDE = tuple(LAGEN)
LATER = {"scanstraat.web"}  # comes with the web pages

# Pure modules decide; what they need from outside comes in as an argument.
BUITENWERELD = {
    *("asyncio", "ctypes", "dbos", "httpx", "multiprocessing", "psycopg", "requests", "shutil", "signal", "socket"),
    *("sqlalchemy", "sqlite3", "sqlmodel", "ssl", "subprocess", "tempfile", "threading", "urllib.request"),
}
# Names of the outside world that only say what something is.
ALLEEN_NAMEN = {
    ("scanstraat.config", "sqlalchemy.engine"),  # make_url: is this text an address of a database?
    ("scanstraat.herhalen", "sqlalchemy.exc"),  # classes of errors to judge
}


@dataclass(frozen=True)
class Import:
    """One import statement: where it stands, what it imports, and whether only a type checker sees it."""

    bestand: str
    regel: int
    van: str
    naar: str
    alleen_typen: bool

    def __str__(self) -> str:
        return f"{self.bestand}:{self.regel}: {self.van} imports {self.naar}"


def find_modules() -> dict[str, Path]:
    modules = {}
    for pakket in PAKKETTEN:
        for pad in sorted((WORTEL / pakket).rglob("*.py")):
            delen = pad.relative_to(WORTEL).with_suffix("").parts
            modules[".".join(delen[:-1] if delen[-1] == "__init__" else delen)] = pad
    return modules


def is_puur_genoemd(pad: Path) -> bool:
    uitleg = ast.get_docstring(ast.parse(pad.read_text(encoding="utf-8"))) or ""
    return re.search(r"\bPure[.:]", uitleg.partition("\n\n")[0]) is not None


MODULES = find_modules()
ZEGT_PUUR = {module for module, pad in MODULES.items() if is_puur_genoemd(pad)}


def find_imports(module: str, pad: Path) -> Iterator[Import]:
    boom = ast.parse(pad.read_text(encoding="utf-8"), filename=str(pad))
    voor_typen = {
        id(binnen)
        for knoop in ast.walk(boom)
        if isinstance(knoop, ast.If) and "TYPE_CHECKING" in ast.dump(knoop.test)
        for deel in knoop.body
        for binnen in ast.walk(deel)
    }
    thuis = module if pad.name == "__init__.py" else module.rpartition(".")[0]
    for knoop in ast.walk(boom):
        if isinstance(knoop, ast.Import):
            namen = [naam.name for naam in knoop.names]
        elif isinstance(knoop, ast.ImportFrom):
            basis = knoop.module or ""
            if knoop.level:
                ouder = ".".join(thuis.split(".")[: len(thuis.split(".")) - knoop.level + 1])
                basis = f"{ouder}.{basis}".rstrip(".")
            # `from scanstraat import db` imports the module scanstraat.db, `from scanstraat.db import begin` does too
            namen = [f"{basis}.{naam.name}" if f"{basis}.{naam.name}" in MODULES else basis for naam in knoop.names]
        else:
            continue
        for naam in dict.fromkeys(namen):
            bestand = str(pad.relative_to(WORTEL))
            yield Import(bestand, knoop.lineno, module, naam, alleen_typen=id(knoop) in voor_typen)


IMPORTS = tuple(een for module, pad in MODULES.items() for een in find_imports(module, pad))


def find_laag(module: str) -> str:
    if module in ZEGT_PUUR:
        return "pure"
    for laag, patronen in LAGEN.items():
        if any(fnmatchcase(module, patroon) or fnmatchcase(module, f"{patroon}.*") for patroon in patronen):
            return laag
    return "adapter"


def is_eigen(naam: str) -> bool:
    return naam.partition(".")[0] in PAKKETTEN


def test_only_scanstraat_imports_another_package() -> None:
    verkeerd = [
        str(een)
        for een in IMPORTS
        if is_eigen(een.naar)
        and een.naar.partition(".")[0] != een.van.partition(".")[0]
        and not een.van.startswith("scanstraat")
    ]
    assert verkeerd == []


def test_inside_a_package_imports_point_from_entry_points_down_to_errors() -> None:
    verkeerd = []
    for een in IMPORTS:
        if not is_eigen(een.naar) or een.naar in PAKKETTEN:  # a bare package holds its version and nothing else
            continue
        van, naar = find_laag(een.van), find_laag(een.naar)
        if VOLGORDE.index(naar) > VOLGORDE.index(van) and not (een.alleen_typen and van != "pure"):
            verkeerd.append(f"{een}: {van} → {naar}")
    assert verkeerd == []


def test_the_packages_themselves_import_nothing() -> None:
    assert [str(een) for een in IMPORTS if een.van in PAKKETTEN and een.naar != "__future__"] == []


def test_pure_modules_do_not_reach_the_outside_world() -> None:
    verkeerd = [
        str(een)
        for een in IMPORTS
        if find_laag(een.van) in {"errors", "pure"}
        and {een.naar, een.naar.partition(".")[0]} & BUITENWERELD
        and (een.van, een.naar) not in ALLEEN_NAMEN
    ]
    assert verkeerd == []


def test_every_module_named_in_the_layers_is_spelled_as_it_is() -> None:
    """A pattern for a module that does not exist would silently stop guarding it after a rename."""
    namen = {naam for patronen in LAGEN.values() for naam in patronen if "*" not in naam} - LATER
    namen |= {van for van, _ in ALLEEN_NAMEN}
    assert sorted(namen - set(MODULES)) == []


@pytest.mark.parametrize(
    ("bron", "naar", "alleen_typen"),
    [
        ("from . import db", "scanstraat.db", False),
        ("from .db import begin", "scanstraat.db", False),
        ("def f():\n    from scanstraat import db", "scanstraat.db", False),
        ("import scanstraat.db as d", "scanstraat.db", False),
        ("if TYPE_CHECKING:\n    from scanstraat.db import begin", "scanstraat.db", True),
    ],
)
def test_every_way_of_importing_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bron: str, naar: str, alleen_typen: bool
) -> None:
    monkeypatch.setattr(f"{__name__}.WORTEL", tmp_path)
    (tmp_path / "proef.py").write_text(bron)
    (gevonden,) = find_imports("scanstraat.proef", tmp_path / "proef.py")
    assert (gevonden.naar, gevonden.alleen_typen) == (naar, alleen_typen)


# --- no addresses of registries, no paths of a machine ------------------------------------------------------------

NIET_VAN_ONS = {".git", ".venv", ".gereedschap", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
NIET_VAN_ONS |= {"__pycache__", "node_modules"}
REGISTERS = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|repo1?\.maven|maven\.apache\.org/maven2|deb\.debian\.org"
    r"|security\.debian\.org|archive\.ubuntu\.com|proxy\.golang|static\.crates\.io|index-url|find-links"
)
MACHINEPADEN = re.compile(r"(?<![\w.~/-])/(work|root|home/[a-z]\w*|Users/\w+)/")
GEDEELD = re.compile(r"\.\./shared")


def find_bestanden() -> Iterator[Path]:
    for map_, mappen, bestanden in os.walk(WORTEL):
        mappen[:] = [naam for naam in mappen if naam not in NIET_VAN_ONS and not naam.endswith(".egg-info")]
        if Path(map_) == WORTEL and "data" in mappen:  # the gegevensmap of an installation
            mappen.remove("data")
        yield from (Path(map_) / naam for naam in bestanden if naam not in {".git", ".coverage"})


def find_treffers(patroon: re.Pattern[str]) -> list[str]:
    treffers = []
    for pad in find_bestanden():
        if pad == Path(__file__).resolve():
            continue
        tekst = pad.read_bytes().decode("utf-8", errors="replace")
        for nummer, regel in enumerate(tekst.splitlines(), start=1):
            if patroon.search(regel):
                treffers.append(f"{pad.relative_to(WORTEL)}:{nummer}: {regel.strip()[:100]}")
    return treffers


@pytest.mark.parametrize("patroon", [REGISTERS, MACHINEPADEN], ids=["registries", "machine paths"])
def test_no_file_names_a_registry_or_a_path_of_one_machine(patroon: re.Pattern[str]) -> None:
    assert find_treffers(patroon) == []


def test_only_tests_know_of_the_folder_beside_the_repository() -> None:
    assert [treffer for treffer in find_treffers(GEDEELD) if not treffer.startswith(("tests/", "bench/"))] == []
