"""A verklaring: what it costs to print one, by the number of its documents; each in a process of its own.

python bench/verklaring.py [--aantallen 1 200 2000 20000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scanstraat.verklaringblad import MEESTE_GEDRUKTE_DOCUMENTEN, render_verklaring
from tests.verklaringproef import build_verklaring


def main() -> None:
    """Print seconds, memory and size per number of documents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aantallen", type=int, nargs="+", default=[1, 200, 2_000, 20_000])
    parser.add_argument("--een", type=int, help="print one of this many documents, here")
    keuze = parser.parse_args()
    if keuze.een is None:
        print(f"above {MEESTE_GEDRUKTE_DOCUMENTEN} documents the print goes per box")
        for aantal in keuze.aantallen:
            subprocess.run([sys.executable, __file__, "--een", str(aantal)], check=True)
        return
    verklaring = build_verklaring(documenten=keuze.een)
    begin = time.perf_counter()
    pdf = render_verklaring(verklaring, mdto=b"<MDTO/>")
    duur = time.perf_counter() - begin
    geheugen = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{keuze.een:6} documents: {duur:5.1f} s, {geheugen:4.0f} MB at most, a file of {len(pdf) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
