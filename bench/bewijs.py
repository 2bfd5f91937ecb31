"""How long it takes to fix, judge, release and prove a batch of many documents; `python bench/bewijs.py [DOCUMENTEN]`.

Prints seconds of each step on one installation with everything real but the scans: SQLite, sealer, witness, time-stamp
authority, second copy, checked back-up. Held: the proof of one document within 2 s (docs/prestaties.md).
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scanstraat import bewijzen, logboek
from tests.afrondproef import EEN, TWEE, open_afrondproef
from vernietiging.documentbewijs import verify_documentbewijs
from vernietiging.verificatie import verify_logboek


@contextmanager
def measure(wat: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    print(f"{wat:<45} {time.perf_counter() - begin:8.2f} s", flush=True)


def main() -> None:
    aantal = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as map, open_afrondproef(Path(map)) as proef:
        with measure(f"{aantal} documenten maken en afleveren"):
            batch = proef.add_batch(*(1 for _ in range(aantal)))
        proef.add_besluit()
        with measure("alles in het logboek verzegelen"):
            proef.seal()
        with measure("batch vastleggen, trekken en tonen"):
            proef.show(batch.batch)
        with measure("keuren"):
            proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        with measure("lijst voorstellen"):
            lijst = proef.propose(doos)
        proef.look(lijst, doos)
        with measure("back-up maken en controleren"):
            proef.back_up()
        with measure("eerste vrijgave (alles opnieuw gelezen)"):
            proef.release(lijst, EEN)
        proef.release(lijst, TWEE)
        proef.anchor()
        with measure("opdracht"):
            opdracht = proef.order(lijst, doos)
        with measure("uitvoering"):
            proef.execute(opdracht, doos)
        proef.anchor()
        beleid = logboek.load_beleid(proef.basis.config)
        with measure("logboek controleren"):
            verify_logboek(proef.basis.config.logboek.map, beleid)
        with measure("bewijs van een document maken"):
            bewijzen.write_bewijs(proef.basis, batch.documenten[aantal // 2], Path(map) / "bewijs")
        with measure("bewijs van een document controleren"):
            verify_documentbewijs(Path(map) / "bewijs", beleid)
        print(f"{'meeste geheugen':<45} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


if __name__ == "__main__":
    main()
