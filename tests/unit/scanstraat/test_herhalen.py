"""Which errors are waited for, which are tried again, and which are parked."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, OperationalError

from kwaliteitscontrole.errors import BeeldError, GereedschapError
from scanstraat.errors import (
    AlleenLezenError,
    InvoerError,
    OpslagBeschadigdError,
    OpslagError,
    OpslagVolError,
    ScanstraatError,
    ZaaksysteemError,
    ZaaksysteemNietBereikbaarError,
    ZandbakError,
    ZandbakGrensError,
)
from scanstraat.herhalen import ONVERWACHT, Wachttijden, decide_vervolg

TIJDEN = Wachttijden(eerst_s=5, meest_s=300, pogingen=3)
KOMT_GOED = [
    AlleenLezenError("De database is teruggezet."),
    OpslagVolError("De opslag is vol."),
    ZaaksysteemNietBereikbaarError("Het zaaksysteem antwoordt niet."),
    OperationalError("insert", {}, Exception("database or disk is full")),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
]
TOEVAL = [
    GereedschapError("veraPDF", "antwoordt niet"),
    ZandbakError("Het start niet."),
    OpslagError("Het leest niet."),
]
NOOIT = [
    InvoerError("geen_scan", "Dit is geen scan."),
    ZandbakGrensError("tijd", "Te traag."),
    ZaaksysteemError("Het zaaksysteem weigert dit."),
    OpslagBeschadigdError("Deze bytes zijn beschadigd."),
    BeeldError("Niet te meten."),
    ScanstraatError("Iets anders."),
    ValueError("jansen.pdf"),
    OSError(errno.ENOENT, "jansen.pdf"),
    MemoryError(),
    IntegrityError("insert", {"naam": "jansen"}, Exception("unique")),
]


@pytest.mark.parametrize("fout", KOMT_GOED, ids=repr)
@given(poging=st.integers(1, 10_000))
def test_what_comes_right_by_itself_is_waited_for_without_end(fout: Exception, poging: int) -> None:
    vervolg = decide_vervolg(fout, poging, TIJDEN)
    assert vervolg.wacht_s is not None
    assert TIJDEN.eerst_s <= vervolg.wacht_s <= TIJDEN.meest_s


@pytest.mark.parametrize("fout", TOEVAL, ids=repr)
def test_what_may_be_chance_is_tried_a_few_times(fout: Exception) -> None:
    assert [decide_vervolg(fout, poging, TIJDEN).wacht_s for poging in (1, 2, 3, 4)] == [5, 10, None, None]


@pytest.mark.parametrize("fout", NOOIT, ids=repr)
def test_what_would_fail_the_same_way_again_is_parked_at_once(fout: Exception) -> None:
    assert decide_vervolg(fout, 1, TIJDEN).wacht_s is None


@pytest.mark.parametrize("fout", KOMT_GOED + TOEVAL + NOOIT, ids=repr)
def test_the_message_is_a_dutch_sentence_without_what_an_unexpected_error_said(fout: Exception) -> None:
    vervolg = decide_vervolg(fout, 1, TIJDEN)
    assert vervolg.tekst.endswith(".")
    assert "jansen" not in vervolg.tekst
    assert vervolg.onverwacht == (vervolg.code == ONVERWACHT)


def test_the_code_is_the_one_of_the_error_or_its_class() -> None:
    assert decide_vervolg(InvoerError("geen_scan", "x."), 1, TIJDEN).code == "geen_scan"
    assert decide_vervolg(OpslagVolError("x."), 1, TIJDEN).code == "opslag_vol"
    assert decide_vervolg(ZaaksysteemNietBereikbaarError("x."), 1, TIJDEN).code == "zaaksysteem_niet_bereikbaar"
    assert decide_vervolg(KeyError("x"), 1, TIJDEN).code == ONVERWACHT
