"""`python -m vernietiging MAP --beleid BESTAND`: the verifier that an auditor runs without the rest of the product.

Exit 0: proven. 1: changed, or paper went without grounds. 2: cannot tell, because something is missing or went wrong.
Never 0 without having seen all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from vernietiging.beleid import GEEN, parse_beleid
from vernietiging.documentbewijs import Documentverslag, is_documentbewijs, verify_documentbewijs
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.verificatie import verify_logboek

BEWEZEN, GEWIJZIGD, ONZEKER = 0, 1, 2


def main(woorden: list[str] | None = None) -> int:
    """Verify a log and say in Dutch what was found; return the exit code.

    An answer of which the end was not read, as with `| head`, is no answer.
    """
    try:
        code = _verify(woorden)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still to be written has no reader
        return ONZEKER
    return code


def _verify(woorden: list[str] | None) -> int:
    lezer = argparse.ArgumentParser(
        prog="python -m vernietiging",
        description="Controleer een verzegeld logboek of het bewijs van een document, zonder de scanstraat zelf.",
    )
    lezer.add_argument("map", type=Path, metavar="MAP", help="De map met het logboek of het bewijs.")
    lezer.add_argument("--beleid", type=Path, required=True, metavar="BESTAND", help="Welke sleutels u vertrouwt.")
    opties = lezer.parse_args(woorden)
    try:
        beleid = parse_beleid(opties.beleid.read_text(encoding="utf-8"))
        if is_documentbewijs(opties.map):
            show_document(verify_documentbewijs(opties.map, beleid))
            return BEWEZEN
        verslag = verify_logboek(opties.map, beleid, meld=_show if sys.stderr.isatty() else _zwijg)
    except LogboekGewijzigdError as exc:
        print(f"GEWIJZIGD. {exc}")
        return GEWIJZIGD
    except NietVastTeStellenError as exc:
        print(f"NIET VAST TE STELLEN. {exc}")
        return ONZEKER
    except OSError as exc:
        print(f"NIET VAST TE STELLEN. {exc.filename or 'Een bestand'} is niet te lezen.")
        return ONZEKER
    except Exception as exc:  # whatever it is, it is no proof
        print(f"NIET VAST TE STELLEN. Het controleprogramma liep vast ({type(exc).__name__}).")
        return ONZEKER
    punt = verslag.checkpoint
    uitkomst = "ZONDER GROND" if verslag.zonder_grond else "BEWEZEN"
    print(f"{uitkomst}. Logboek {punt.oorsprong}: {punt.omvang} gebeurtenissen, wortel {punt.wortel.hex()}.")
    verankerd = len(verslag.verankerd)
    print(f"{verslag.checkpoints} checkpoints kloppen; {verankerd} daarvan zijn verankerd zoals het beleid vraagt.")
    if verslag.vernietigd:
        dozen = "1 doos is" if verslag.vernietigd == 1 else f"{verslag.vernietigd} dozen zijn"
        print(
            f"{dozen} vernietigd, elk na controle, twee vrijgaven van verschillende mensen, een laatste blik en een "
            "verankerd checkpoint."
        )
    if verslag.zonder_grond:
        regels = ", ".join(map(str, verslag.zonder_grond))
        print(
            f"Regel {regels}: papier is vernietigd terwijl er iets in de weg stond, en dat is zo vastgelegd. Vraag de"
        )
        print("organisatie wat er in de weg stond. Verder is het logboek ongewijzigd.")
    if beleid.quorum == GEEN and not beleid.minimaal_tijdstempels:
        print(
            "Let op: dit beleid vraagt geen getuigen en geen tijdstempels. Wie de sleutels van het logboek heeft, kan"
        )
        print("het geheel opnieuw hebben geschreven.")
    return GEWIJZIGD if verslag.zonder_grond else BEWEZEN


def show_document(verslag: Documentverslag) -> None:
    """Say in Dutch what is proven of a document."""
    print(f"BEWEZEN. {len(verslag.regels)} regels staan in het logboek van {verslag.omvang} gebeurtenissen.")
    print("Dit is een uittreksel. Of het logboek nog meer zegt, zoals een afkeuring, een intrekking of een stop,")
    print("ziet u alleen in het hele logboek. De regels:")
    for nummer, gebeurtenis in verslag.regels:
        print(f"  regel {nummer}  {gebeurtenis.op}  {gebeurtenis.soort}")
    for (nummer, veld), inhoud in sorted(verslag.verpakt.items()):
        print(f"  regel {nummer}, {veld}: {json.dumps(inhoud, ensure_ascii=False)}")
    print(f"Deze bestanden zijn wat het logboek vastlegde: {', '.join(verslag.bestanden)}.")
    if verslag.onbewezen:
        print(f"Toelichting, niet vastgelegd in het logboek: {', '.join(verslag.onbewezen)}.")
    tijden = [f"{naam} op {tijd:%Y-%m-%dT%H:%M:%SZ}" for naam, tijd in sorted(verslag.verankering.tijdstempels.items())]
    buiten = [*tijden, *sorted(verslag.verankering.getuigen)]
    print(f"Buitenshuis vastgelegd door: {', '.join(buiten) or 'niemand'}.")


def _show(gedaan: int, totaal: int) -> None:
    print(f"\r{gedaan} van {totaal} gebeurtenissen", end="" if gedaan < totaal else "\n", file=sys.stderr, flush=True)


def _zwijg(_gedaan: int, _totaal: int) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
