"""An installation in which the paper of one batch was destroyed, and that of another was not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from scanstraat import afronding, db, storage
from scanstraat.tables_bewijs import VerklaringRow
from scanstraat.verklaren import Selectie
from tests.afrondproef import CONTROLEUR_2, DIV, EEN, TWEE, Afrondproef, open_afrondproef
from tests.builders import Batchproef
from vernietiging.verklaring import Verklaringsoort


@dataclass
class Overdrachtproef:
    """The installation, the batch whose paper is gone, and the one whose paper is there."""

    proef: Afrondproef
    weg: Batchproef
    papier: Batchproef
    verklaring: str = ""

    def numbers(self) -> tuple[str, str]:
        """Return the numbers of both batches."""
        with db.read(self.proef.basis.engine) as session:
            weg, papier = (storage.load_batch(session, batch.batch).nummer for batch in (self.weg, self.papier))
        return weg, papier


def destroy(proef: Afrondproef, *batches: UUID) -> None:
    """Take approved batches to the shredder, in a doos of their own."""
    doos = proef.box(*batches)
    lijst = proef.propose(doos)
    proef.look(lijst, doos)
    proef.back_up()
    proef.release(lijst, EEN)
    proef.release(lijst, TWEE)
    proef.anchor()
    proef.execute(proef.order(lijst, doos), doos)
    proef.anchor()


def declare(proef: Afrondproef) -> VerklaringRow:
    """State what was replaced."""
    return afronding.verklaar(proef.basis, Verklaringsoort.VERVANGING, Selectie(), proef.wie(DIV))


@contextmanager
def open_overdrachtproef(map_: Path, url: str = "") -> Iterator[Overdrachtproef]:
    """Open it, with the verklaring of the destruction made."""
    with open_afrondproef(map_, url) as proef:
        weg = proef.add_batch(2, 1)
        proef.add_besluit()
        proef.approve(weg.batch)
        papier = proef.add_batch(1)
        proef.approve(papier.batch, naam=CONTROLEUR_2)
        destroy(proef, weg.batch)
        yield Overdrachtproef(proef, weg, papier, declare(proef).nummer)
