"""`python -m vernietiging MAP --beleid BESTAND`: the verifier that an auditor runs without the rest of the product.

Exit 0: proven. 1: changed, or paper went without grounds. 2: cannot tell, because something is missing or went wrong.
Never 0 without having seen all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from vernietiging.beleid import parse_beleid
from vernietiging.documentbewijs import (
    Documentverslag,
    Volledigheid,
    is_documentbewijs,
    verify_documentbewijs,
    verify_volledig,
)
from vernietiging.documentverhaal import tell_document
from vernietiging.errors import LogboekGewijzigdError, NietVastTeStellenError
from vernietiging.opdrachtregel import Lezer
from vernietiging.verificatie import Verslag, verify_logboek

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
    lezer = Lezer(
        prog="python -m vernietiging",
        description="Controleer een verzegeld logboek of het bewijs van een document, zonder de scanstraat zelf.",
    )
    lezer.add_argument("map", type=Path, metavar="MAP", help="De map met het logboek of het bewijs.")
    lezer.add_argument("--beleid", type=Path, required=True, metavar="BESTAND", help="Welke sleutels u vertrouwt.")
    lezer.add_argument(
        "--logboek",
        type=Path,
        metavar="MAP",
        help="Bij het bewijs van een document: het hele logboek. Dan blijkt ook of er niets is weggelaten.",
    )
    lezer.add_argument(
        "--zonder-ankers",
        action="store_true",
        help="Geloof de sleutels van het logboek alleen, ook als het beleid geen getuige en geen tijdstempel vraagt.",
    )
    opties = lezer.parse_args(woorden)
    meld = _show if sys.stderr.isatty() else _zwijg
    try:
        beleid = parse_beleid(opties.beleid.read_text(encoding="utf-8"))
        if is_documentbewijs(opties.map):
            bewijs, volledig = verify_documentbewijs(opties.map, beleid), None
            if opties.logboek is not None:
                volledig = verify_volledig(bewijs, opties.logboek, verify_logboek(opties.logboek, beleid, meld=meld))
            return _conclude(
                bewijs.is_zonder_grond,
                gelooft=beleid.is_verankerend or opties.zonder_ankers,
                toon=lambda uitkomst: show_document(bewijs, volledig, uitkomst),
            )
        if opties.logboek is not None:
            print(f"NIET VAST TE STELLEN. {opties.map} is geen bewijs van een document. Laat --logboek weg.")
            return ONZEKER
        verslag = verify_logboek(opties.map, beleid, meld=meld)
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
    return _conclude(
        bool(verslag.zonder_grond),
        gelooft=beleid.is_verankerend or opties.zonder_ankers,
        toon=lambda uitkomst: show_logboek(verslag, uitkomst),
    )


def _conclude(zonder_grond: bool, *, gelooft: bool, toon: Callable[[str], None]) -> int:
    """Show what was found of something that is whole, under the word for it; return the exit code.

    Args:
        gelooft: whether somebody outside vouches for it, or the reader said that they do without.
    """
    if zonder_grond:
        toon("ZONDER GROND")
        return GEWIJZIGD
    if gelooft:
        toon("BEWEZEN")
        return BEWEZEN
    toon("NIET VAST TE STELLEN. Alles klopt met de sleutels van het logboek")
    print("Maar dit beleid vraagt geen getuige en geen tijdstempel. Wie de sleutels van het logboek heeft, kan het")
    print("geheel opnieuw hebben geschreven. Vraag een beleid met een getuige of tijdstempel. Gelooft u de sleutels")
    print("alleen, geef dan --zonder-ankers.")
    return ONZEKER


def show_logboek(verslag: Verslag, uitkomst: str) -> None:
    """Say in Dutch what is found of a whole log."""
    punt = verslag.checkpoint
    omvang = _count(punt.omvang, "gebeurtenis", "gebeurtenissen")
    print(f"{uitkomst}. Logboek {punt.oorsprong}: {omvang}, wortel {punt.wortel.hex()}.")
    verankerd = len(verslag.verankerd)
    print(
        f"{_count(verslag.checkpoints, 'checkpoint klopt', 'checkpoints kloppen')}; "
        f"{_count(verankerd, 'daarvan is', 'daarvan zijn')} verankerd zoals het beleid vraagt."
    )
    if verslag.vernietigd:
        print(
            f"{_count(verslag.vernietigd, 'doos is', 'dozen zijn')} vernietigd, elk na controle, twee vrijgaven "
            "van verschillende mensen, een laatste blik en een verankerd checkpoint."
        )
    if verslag.deels:
        print(
            f"{_count(verslag.deels, 'doos is', 'dozen zijn')} voor een deel vernietigd; van de rest is nog niets "
            "vastgelegd."
        )
    if verslag.zonder_grond:
        regels = ", ".join(map(str, verslag.zonder_grond))
        print(
            f"Regel {regels}: papier is vernietigd terwijl er iets in de weg stond, en dat is zo vastgelegd. Vraag de"
        )
        print("organisatie wat er in de weg stond. Verder is het logboek ongewijzigd.")


def _count(aantal: int, een: str, meer: str) -> str:
    return f"{aantal} {een if aantal == 1 else meer}"


def show_document(verslag: Documentverslag, volledig: Volledigheid | None, uitkomst: str) -> None:
    """Say in Dutch what is found of a document, and what the whole log adds when that was looked at."""
    omvang = verslag.checkpoint.omvang
    print(
        f"{uitkomst}. {_count(len(verslag.regels), 'regel staat', 'regels staan')} in het logboek van "
        f"{_count(omvang, 'gebeurtenis', 'gebeurtenissen')}."
    )
    for zin in tell_document(verslag.document, verslag.regels, verslag.verpakt, verslag.besluiten):
        print(zin)
    _show_volledig(volledig)
    print("De regels:")
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


def _show_volledig(volledig: Volledigheid | None) -> None:
    if volledig is None:
        print("Dit is een uittreksel. Of het logboek nog meer zegt, zoals een afkeuring, een intrekking of een stop,")
        print("ziet u met --logboek MAP, waarin MAP het hele logboek is.")
        return
    print("Er is niets weggelaten: elke regel van het logboek over dit document stond er toen in.")
    for nummer, gebeurtenis in volledig.sindsdien:
        print(f"  Sindsdien kwam erbij: regel {nummer}  {gebeurtenis.op}  {gebeurtenis.soort}")
    if volledig.andere_dozen:
        print(f"Papier van dezelfde batch lag ook in andere dozen ({volledig.andere_dozen}); die staan hier niet in.")
    if volledig.andere_stops:
        print(
            f"Op de doos liepen ook stops die dit bewijs niet noemt ({volledig.andere_stops}): om papier van een ander"
        )
        print("document, of op een zaak, want welke zaak dat is zegt het logboek niet. Vraag de organisatie waarom.")
    else:
        print(
            "Er liep geen andere stop op de doos. Lag het papier nog niet in een doos, vraag dan de organisatie of er"
        )
        print("een stop was op de zaak: welke zaak dat is, zegt het logboek niet.")


def _show(gedaan: int, totaal: int) -> None:
    print(f"\r{gedaan} van {totaal} gebeurtenissen", end="" if gedaan < totaal else "\n", file=sys.stderr, flush=True)


def _zwijg(_gedaan: int, _totaal: int) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
