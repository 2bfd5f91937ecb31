"""The sandbox: delivered bytes are opened, counted, decoded and converted in here and nowhere else.

`Zandbak` is what the line uses; `find_zandbak` says which kind this machine can have. How it works: `zandbak.py` (the
line's side), `zygote.py` (inside), `opstelling.py` (what locks it in), `kern.py` (the kernel), `berichten.py` (wire).
"""

from scanstraat.zandbak.berichten import Bericht, Grenzen, build_memfd
from scanstraat.zandbak.opstelling import Zandbakkeuze, find_zandbak
from scanstraat.zandbak.zandbak import KindError, Zandbak

__all__ = ["Bericht", "Grenzen", "KindError", "Zandbak", "Zandbakkeuze", "build_memfd", "find_zandbak"]
