"""From delivered to destroyed: every step, who may take it, and everything that closes the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanstraat import db, logboek, storage
from scanstraat.domain import Batchstatus
from scanstraat.tables import BatchRow
from tests.afrondproef import CONTROLEUR, EEN, TWEE, Afrondproef, destroy, open_afrondproef
from vernietiging.__main__ import BEWEZEN
from vernietiging.__main__ import main as verifier


@pytest.fixture(params=["sqlite", "postgresql"])
def proef(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Afrondproef]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_afrondproef(tmp_path, url) as gemaakt:
        yield gemaakt


def find_status(proef: Afrondproef, batch_id: object) -> Batchstatus:
    with db.read(proef.basis.engine) as session:
        return storage.find_batchstatus(session, session.get_one(BatchRow, batch_id))


def test_paper_goes_when_everything_is_in_order(proef: Afrondproef) -> None:
    batch = proef.add_batch()
    proef.add_besluit()
    assert find_status(proef, batch.batch) is Batchstatus.GELEVERD
    proef.show(batch.batch)
    assert find_status(proef, batch.batch) is Batchstatus.IN_CONTROLE
    proef.approve(batch.batch)
    assert find_status(proef, batch.batch) is Batchstatus.GOEDGEKEURD
    doos = proef.box(batch.batch)
    lijst = proef.propose(doos)
    proef.look(lijst, doos)
    proef.back_up()
    proef.release(lijst, EEN)
    proef.release(lijst, TWEE)
    assert find_status(proef, batch.batch) is Batchstatus.PAPIER_MAG_WEG
    assert set(proef.find_redenen(lijst)) == {"verankerd"}
    proef.anchor()
    assert proef.find_redenen(lijst) == {}
    opdracht = proef.order(lijst, doos)
    proef.execute(opdracht, doos)
    assert find_status(proef, batch.batch) is Batchstatus.VERNIETIGD
    assert CONTROLEUR


def test_the_log_of_a_destruction_is_proven_to_somebody_with_the_log_alone(
    proef: Afrondproef, capsys: pytest.CaptureFixture[str]
) -> None:
    destroy(proef)
    proef.anchor()
    beleid = proef.map / "beleid.txt"
    logboek.write_beleid(proef.basis.config, beleid)
    assert verifier([str(proef.basis.config.logboek.map), "--beleid", str(beleid)]) == BEWEZEN, capsys.readouterr().out
    assert "1 doos is vernietigd" in capsys.readouterr().out
