"""parse_rapport on stored reports: what is no verdict must never become one."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kwaliteitscontrole.errors import GereedschapError
from kwaliteitscontrole.verapdf import PdfaOordeel, build_afscherming, build_opdracht, parse_rapport

RAPPORTEN = Path(__file__).resolve().parents[2] / "data" / "verapdf"
PAD = "/opslag/objecten/ab/abc123"
CONFORM = (RAPPORTEN / "conform.json").read_bytes()
NIET_CONFORM = (RAPPORTEN / "niet_conform.json").read_bytes()
OMVANG = {CONFORM: 1141, NIET_CONFORM: 3407}


def parse(rapport: bytes, origineel: bytes = CONFORM, **anders: Any) -> PdfaOordeel:
    feiten: dict[str, Any] = {"naam": PAD, "bestandsomvang": OMVANG[origineel], "profiel": "2b"} | anders
    return parse_rapport(rapport, **feiten)


def find_bladeren(waarde: Any, pad: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to every single value in a report."""
    if isinstance(waarde, dict | list):
        for sleutel, deel in waarde.items() if isinstance(waarde, dict) else enumerate(waarde):
            yield from find_bladeren(deel, (*pad, sleutel))
    else:
        yield pad


def replace(rapport: bytes, pad: tuple[Any, ...], waarde: Any) -> bytes:
    inhoud = copy.deepcopy(json.loads(rapport))
    plek = inhoud
    for sleutel in pad[:-1]:
        plek = plek[sleutel]
    if waarde is ...:
        del plek[pad[-1]]
    else:
        plek[pad[-1]] = waarde
    return json.dumps(inhoud).encode()


def test_a_conform_report_is_a_verdict_that_keeps_its_report() -> None:
    assert parse(CONFORM) == PdfaOordeel(True, "2b", 0, "1.28.2", CONFORM)


def test_a_report_of_failed_rules_is_a_verdict_too() -> None:
    oordeel = parse(NIET_CONFORM, NIET_CONFORM)
    assert (oordeel.conform, oordeel.gefaalde_regels, oordeel.versie) == (False, 1, "1.28.2")


@pytest.mark.parametrize("rapport", [b"", b"\n", b"null", b"[]", b"{}", b"<report/>", b"[" * 100_000, b"\xff\xfe"])
def test_an_empty_or_strange_report_is_no_verdict(rapport: bytes) -> None:
    with pytest.raises(GereedschapError):
        parse(rapport)


def test_a_report_on_a_broken_file_is_no_verdict() -> None:
    with pytest.raises(GereedschapError, match="niet te beoordelen"):
        parse((RAPPORTEN / "afgekapt.json").read_bytes(), bestandsomvang=500)


@pytest.mark.parametrize(
    "anders", [{"naam": "/opslag/objecten/ab/abc124"}, {"bestandsomvang": 1142}, {"profiel": "2u"}, {"profiel": "2"}]
)
def test_a_report_about_another_file_size_or_profile_is_no_verdict(anders: dict[str, Any]) -> None:
    with pytest.raises(GereedschapError):
        parse(CONFORM, **anders)


def test_every_cut_off_report_is_no_verdict() -> None:
    for lengte in range(len(CONFORM.rstrip())):
        with pytest.raises(GereedschapError):
            parse(CONFORM[:lengte])


ANDERE_WAARDEN: tuple[Any, ...] = (True, False, None, 0, 1, 2, -1, "true", "false", "", "normal", "passed", [], {}, ...)


@pytest.mark.parametrize("rapport", [CONFORM, NIET_CONFORM], ids=["conform", "niet conform"])
def test_no_single_changed_value_turns_a_verdict_around(rapport: bytes) -> None:
    oordeel = parse(rapport, rapport)
    for pad in find_bladeren(json.loads(rapport)):
        for waarde in ANDERE_WAARDEN:
            try:
                anders = parse(replace(rapport, pad, waarde), rapport)
            except GereedschapError:
                continue
            assert (anders.conform, anders.gefaalde_regels) == (oordeel.conform, oordeel.gefaalde_regels), pad


TEGENSPRAKEN: tuple[tuple[tuple[Any, ...], Any], ...] = (
    (("jobs", 0, "validationResult", 0, "compliant"), True),
    (("jobs", 0, "validationResult", 0, "details", "failedRules"), 0),
    (("jobs", 0, "validationResult", 0, "details", "failedChecks"), 0),
    (("jobs", 0, "validationResult", 0, "details", "ruleSummaries"), []),
    (("jobs", 0, "validationResult", 0, "jobEndStatus"), "timeout"),
    (("jobs", 0, "validationResult"), []),
    (("jobs", 0, "taskException"), {}),
    (("jobs",), []),
    (("batchSummary", "totalJobs"), 2),
    (("batchSummary", "outOfMemory"), 1),
    (("batchSummary", "veraExceptions"), 1),
    (("batchSummary", "failedEncryptedJobs"), 1),
    (("batchSummary", "failedParsingJobs"), 1),
    (("batchSummary", "validationSummary", "compliantPdfaCount"), 1),
    (("batchSummary", "validationSummary", "nonCompliantPdfaCount"), 0),
    (("batchSummary", "validationSummary", "successfulJobCount"), 0),
)


@pytest.mark.parametrize(("pad", "waarde"), TEGENSPRAKEN)
def test_a_report_that_contradicts_itself_is_no_verdict(pad: tuple[Any, ...], waarde: Any) -> None:
    with pytest.raises(GereedschapError):
        parse(replace(NIET_CONFORM, ("report", *pad), waarde), NIET_CONFORM)


def test_two_jobs_in_one_report_are_no_verdict() -> None:
    inhoud = json.loads(CONFORM)
    inhoud["report"]["jobs"] *= 2
    with pytest.raises(GereedschapError, match="2 bestanden"):
        parse(json.dumps(inhoud).encode())


def test_the_sandbox_has_no_network_and_only_its_own_folder_to_write_in() -> None:
    java, jar, werk = Path("/usr/lib/jvm/java/bin/java"), Path("/apps/vera.jar"), Path("/werk/verapdf-1")
    opdracht = build_afscherming(java, jar, werk, [Path("/opslag")]) + build_opdracht(java, jar, werk, profiel="2b")
    assert {"--unshare-all", "--die-with-parent", "--new-session"} <= set(opdracht)
    assert "--share-net" not in opdracht
    schrijfbaar = [opdracht[plek + 1] for plek, deel in enumerate(opdracht) if deel in {"--bind", "--bind-try"}]
    assert schrijfbaar == [str(werk)]
    assert f"-Djava.io.tmpdir={werk}" in opdracht
