"""Print a verklaring: the paper that is signed, with its own data and metadata inside the PDF.

A specification of very many documents is printed per box: laying one out takes 10 ms and 0.25 MB, and nobody reads five
hundred pages. What is signed stays the same: the hash of the data stands above the signatures.

The sentences stand here and in sjablonen/verklaring.html; the words that differ per legal regime come in as an
argument, by the names of `WOORDEN_1995`.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from kwaliteitscontrole.woorden import name_lijst
from scanstraat.drukdelen import (
    TIJDZONE,
    Kolom,
    build_gegevens,
    build_lijst,
    build_logboek,
    build_mono,
    build_tabel,
    build_tekenveld,
    build_tekst,
    format_aantal,
    format_bladen,
    format_datum,
    format_getal,
    format_tijd,
    render_pagina,
)
from scanstraat.drukwerk import Bijlage, escape_tekst, render_code, render_pdf
from vernietiging.errors import VerklaringError
from vernietiging.verklaring import (
    Controleregel,
    Documentregel,
    Periode,
    Uitvoering,
    Verklaring,
    Verklaringsoort,
    build_tellingen,
    find_gebreken,
)

# Words without an article before them: of which there are two, and a regime does not say which.
WOORDEN_1995: Mapping[str, str] = MappingProxyType(
    {
        "wet": "Archiefwet 1995",
        "archiefbescheiden": "archiefbescheiden",  # plural
        "zorgdrager": "zorgdrager",
        "vervangingsbesluit": "besluit tot vervanging",
        "handboek": "handboek vervanging",
        "selectielijst": "selectielijst",
    }
)
NAAM_GEGEVENS = "verklaring.json"
NAAM_MDTO = "verklaring.MDTO.xml"
NAAM_SPECIFICATIE = "specificatie.csv"
MEESTE_GEDRUKTE_DOCUMENTEN = 2_500
MEESTE_DOZEN_IN_ARTIKEL = 12


def render_verklaring(
    verklaring: Verklaring,
    *,
    mdto: bytes,
    woorden: Mapping[str, str] = WOORDEN_1995,
    tijdzone: str = TIJDZONE,
) -> bytes:
    """Return the PDF/A-3b of a verklaring. The same verklaring gives the same bytes.

    Args:
        mdto: its metadata as XML, attached as it is.
        woorden: the words of the regime; what is not in it is as in WOORDEN_1995.
        tijdzone: in which times are printed, except those of the log, which are in UTC.
    Raises:
        VerklaringError: it has gebreken, or its checkpoint has no signature that fits in a code.
    """
    gebreken = find_gebreken(verklaring)
    if gebreken:
        raise VerklaringError("Deze verklaring kan niet worden opgemaakt. " + " ".join(gebreken))
    gegevens = verklaring.to_bytes()
    velden = _fill(verklaring, {**WOORDEN_1995, **woorden}, tijdzone, hashlib.sha256(gegevens).hexdigest())
    return render_pdf(
        render_pagina("verklaring.html", velden, demonstratie=verklaring.demonstratie),
        [
            Bijlage(NAAM_GEGEVENS, "De verklaring als gegevens", "Source", gegevens),
            Bijlage(NAAM_MDTO, "Metagegevens volgens MDTO", "Data", mdto),
            Bijlage(NAAM_SPECIFICATIE, "De specificatie als tabel", "Supplement", _render_csv(verklaring)),
        ],
        op=datetime.fromisoformat(verklaring.opgemaakt_op),
    )


def _fill(verklaring: Verklaring, woorden: Mapping[str, str], tijdzone: str, sha256: str) -> dict[str, str]:
    return {
        "titel": f"Verklaring van {verklaring.soort.value}",
        "nummer": escape_tekst(verklaring.nummer),
        "nummercode": _build_nummercode(verklaring),
        "organisatie": escape_tekst(verklaring.organisatie),
        "zorgdrager": escape_tekst(verklaring.zorgdrager),
        "zorgdrager_begin": escape_tekst(verklaring.zorgdrager[:1].upper() + verklaring.zorgdrager[1:]),
        "wet": escape_tekst(woorden["wet"]),
        "label_zorgdrager": escape_tekst(woorden["zorgdrager"]),
        "opgemaakt": format_tijd(verklaring.opgemaakt_op, tijdzone).partition(" om ")[0],
        "sha256": sha256,
        "correctie": _build_correctie(verklaring),
        "grondslag": build_lijst(f"{artikel};" for artikel in verklaring.grondslag),
        "overwegingen": build_lijst(_list_overwegingen(verklaring, woorden)),
        "artikelen": "".join(
            f'<h2><span class="artikel">Artikel {n}.</span> {escape_tekst(kop)}</h2>{inhoud}'
            for n, (kop, inhoud) in enumerate(_list_artikelen(verklaring, woorden, tijdzone), start=1)
        ),
        "ondertekening": _build_ondertekening(verklaring, woorden, tijdzone, sha256),
        "specificatie": _build_specificatie(verklaring),
        "controle": _build_controle(verklaring),
    }


def _build_nummercode(verklaring: Verklaring) -> str:
    """Return the number as a code, by which a scan of the signed pages is known."""
    code = render_code(verklaring.nummer, klein=True)
    zijde = f"{code.zijde_mm:.2f}mm"
    return (
        f'<img class="code nummercode" alt="Nummer als QR-code" src="{code.bron}" '
        f'style="width: {zijde}; height: {zijde}">'
    )


def _build_correctie(verklaring: Verklaring) -> str:
    if not verklaring.vervangt:
        return ""
    return (
        f'<div class="vlak"><b>Deze verklaring komt in de plaats van {escape_tekst(verklaring.vervangt)}.</b> '
        f"Reden: {escape_tekst(verklaring.reden)}</div>"
    )


def _list_overwegingen(verklaring: Verklaring, woorden: Mapping[str, str]) -> tuple[str, ...]:
    besluit = verklaring.besluit
    versie = f", versie {besluit.versie}," if besluit.versie else ""
    return (
        f"dat van toepassing zijn: {woorden['vervangingsbesluit']} {besluit.nummer}{versie} van "
        f"{format_datum(besluit.datum)}, bekendgemaakt in {besluit.publicatie}, en {woorden['handboek']}, versie "
        f"{besluit.handboekversie};",
        "dat van elke pagina is vastgesteld dat de reproductie haar precies zo weergeeft als zij is gescand, en dat "
        f"mensen van elke batch {_say_bekeken(verklaring)} hebben gecontroleerd (bijlage 2);",
        "dat twee daartoe gemandateerde personen de vernietiging hebben vrijgegeven en dat zij daarna is uitgevoerd;",
    )


def _list_artikelen(verklaring: Verklaring, woorden: Mapping[str, str], tijdzone: str) -> Iterator[tuple[str, str]]:
    """Give heading and markup of each article, in order."""
    vervanging = verklaring.soort is Verklaringsoort.VERVANGING
    yield ("Wat is vervangen" if vervanging else "Wat is vernietigd"), _build_wat(verklaring, woorden)
    if verklaring.wijze_van_vervanging:
        yield "Wijze van vervanging", f"<p>{escape_tekst(verklaring.wijze_van_vervanging)}</p>"
    yield "Wijze van vernietiging", _build_uitvoeringen(verklaring, tijdzone)
    if verklaring.systemen or verklaring.artikelen:
        regels = [("Systeem", systeem) for systeem in verklaring.systemen]
        regels += [(woorden["selectielijst"].capitalize(), artikel) for artikel in verklaring.artikelen]
        yield f"Systemen en {woorden['selectielijst']}", build_gegevens(regels)
    yield "Controle", f"<p>{escape_tekst(_say_controle(verklaring))}</p>"
    yield "Vrijgave", _build_vrijgaven(verklaring, tijdzone)
    yield "Logboek", _build_logartikel(verklaring)


def _say_bekeken(verklaring: Verklaring) -> str:
    """Say what people looked at of each batch."""
    delen = {controle.is_alles for controle in verklaring.controle}
    if delen == {True}:
        return "alle pagina's"
    return "een steekproef van de pagina's" if delen == {False} else "alle pagina's of een steekproef daarvan"


def _say_controle(verklaring: Verklaring) -> str:
    alles = [controle for controle in verklaring.controle if controle.is_alles]
    deels = [controle for controle in verklaring.controle if not controle.is_alles]
    batches = format_aantal(len(verklaring.controle), "batch is", "batches zijn")
    zinnen = [f"{batches} gecontroleerd en goedgekeurd."]
    if alles:
        bekeken = format_aantal(sum(controle.getrokken for controle in alles), "pagina", "pagina's")
        wat = "alle pagina's" if not deels else f"alle pagina's van {format_aantal(len(alles), 'batch', 'batches')}"
        zinnen.append(f"Mensen bekeken {wat}: {bekeken}.")
    if deels:
        bekeken = format_aantal(sum(controle.getrokken for controle in deels), "pagina", "pagina's")
        van = "" if not alles else f" van {format_aantal(len(deels), 'batch', 'batches')}"
        zinnen.append(f"Mensen bekeken een steekproef{van}: {bekeken}.")
    return f"{' '.join(zinnen)} Plan, aantallen, uitslag en controleur staan per batch in bijlage\u00a02."


def _build_wat(verklaring: Verklaring, woorden: Mapping[str, str]) -> str:
    periode, geteld = verklaring.periode, verklaring.tellingen
    wat = escape_tekst(woorden["archiefbescheiden"])
    gebeurd = (
        f"de {wat} in bijlage 1 vervangen door reproducties. De papieren originelen zijn vernietigd"
        if verklaring.soort is Verklaringsoort.VERVANGING
        else f"de papieren {wat} in bijlage 1 vernietigd. Zij waren vervangen door reproducties"
    )
    vakken = "".join(
        f"<td><b>{format_getal(aantal)}</b>{een if aantal == 1 else meer}</td>"
        for aantal, een, meer in (
            (geteld.dozen, "doos", "dozen"),
            (geteld.batches, "batch", "batches"),
            (geteld.documenten, "document", "documenten"),
            (geteld.paginas, "pagina", "pagina's"),
            (geteld.bladen, "blad papier", "bladen papier"),
        )
    )
    return (
        f"<p>{_say_periode(periode)} zijn {gebeurd}; de "
        f'reproducties hebben hun plaats ingenomen.</p><table class="tellingen"><tr>{vakken}</tr></table>'
    )


def _say_periode(periode: Periode) -> str:
    if periode.van == periode.tot:
        return f"Op {format_datum(periode.van)}"
    return f"In de periode van {format_datum(periode.van)} tot en met {format_datum(periode.tot)}"


def _build_uitvoeringen(verklaring: Verklaring, tijdzone: str) -> str:
    return "".join(
        build_gegevens(
            (
                ("Vernietigingslijst", uitvoering.lijst),
                ("Dozen", _name_dozen(uitvoering)),
                ("Methode", uitvoering.methode),
                ("Niveau", f"{uitvoering.niveau} volgens DIN 66399 (ISO/IEC 21964)"),
                ("Uitgevoerd door", uitvoering.bedrijf),
                ("Container en zegel", f"{uitvoering.container}, zegel {uitvoering.zegel}" if uitvoering.zegel else ""),
                ("Uitgevoerd op", format_tijd(uitvoering.uitgevoerd_op, tijdzone)),
                ("Een deel eerder vernietigd", _say_eerder(uitvoering)),
                ("Vernietigingsbewijs", f"{uitvoering.certificaat}, SHA-256 {uitvoering.certificaat_sha256}"),
            )
        )
        for uitvoering in verklaring.uitvoeringen
    )


def _say_eerder(uitvoering: Uitvoering) -> str:
    """Say of which dozen part went before, under the same order; nothing when there are none."""
    if not uitvoering.eerder_deels:
        return ""
    return f"Van {', '.join(uitvoering.eerder_deels)} ging een deel eerder, onder dezelfde opdracht"


def _name_dozen(uitvoering: Uitvoering) -> str:
    if len(uitvoering.dozen) > MEESTE_DOZEN_IN_ARTIKEL:
        return f"{len(uitvoering.dozen)} dozen, in bijlage 1 genoemd met deze lijst"
    return ", ".join(uitvoering.dozen)


def _find_lijsten(verklaring: Verklaring) -> dict[str, str]:
    return {doos: uitvoering.lijst for uitvoering in verklaring.uitvoeringen for doos in uitvoering.dozen}


def _build_vrijgaven(verklaring: Verklaring, tijdzone: str) -> str:
    kolommen = (Kolom("Lijst", 27), Kolom("Naam en functie"), Kolom("Mandaat", 42), Kolom("Vrijgegeven op", 52))
    return build_tabel(
        kolommen,
        (
            (
                escape_tekst(vrijgave.lijst),
                f"{escape_tekst(vrijgave.naam)}, {escape_tekst(vrijgave.functie)}",
                escape_tekst(vrijgave.mandaat),
                format_tijd(vrijgave.op, tijdzone),
            )
            for vrijgave in verklaring.vrijgaven
        ),
    )


def _build_logartikel(verklaring: Verklaring) -> str:
    return (
        "<p>Wat hier staat, is vastgelegd in een ondertekend logboek. Wie deze verklaring bewaart, kan nagaan dat dat "
        "logboek sindsdien alleen is aangevuld.</p>"
        f"{build_logboek(verklaring.logboek, uitgebreid=True)}"
    )


def _build_ondertekening(verklaring: Verklaring, woorden: Mapping[str, str], tijdzone: str, sha256: str) -> str:
    eerste, *andere = (
        build_tekenveld(
            tekenaar.naam,
            (
                tekenaar.functie,
                tekenaar.mandaat,
                f"Akkoord in het systeem op {format_tijd(tekenaar.akkoord_op, tijdzone)}"
                if tekenaar.akkoord_op
                else "",
            ),
            ("Plaats", "Datum", "Handtekening"),
        )
        for tekenaar in verklaring.ondertekenaars
    )
    # Pages can be swapped between the text and its signatures; the hash, here and at the foot of every page, ties them.
    tekst = (
        f"Wie tekent, tekent voor verklaring {verklaring.nummer} met de gegevens in {NAAM_GEGEVENS}. Dat bestand zit "
        f"in deze PDF en heeft als SHA-256 {sha256}. Ernaast zitten de metagegevens volgens MDTO ({NAAM_MDTO}) en de "
        f"specificatie als tabel ({NAAM_SPECIFICATIE})."
    )
    aangewezen = verklaring.besluit.ondertekenaar
    volgens = f". Wie tekent volgens besluit {verklaring.besluit.nummer}: {aangewezen}." if aangewezen else ":"
    namens = f"Namens {verklaring.zorgdrager}, {woorden['zorgdrager']}{volgens}"
    return (
        f'<div class="heel">{_build_nummercode(verklaring)}'
        f"<h2>Ondertekening</h2><p>{build_tekst(tekst)}</p><p>{escape_tekst(namens)}</p>{eerste}"
        f"</div>{''.join(andere)}"
    )


def _build_specificatie(verklaring: Verklaring) -> str:
    if verklaring.tellingen.documenten > MEESTE_GEDRUKTE_DOCUMENTEN:
        return _build_specificatie_per_doos(verklaring)
    kolommen = (
        Kolom("Nr.", 9, "getal"),
        Kolom("Zaak en kenmerk", 48),
        Kolom("Batch, bladen", 26),
        Kolom("Pagina's, versie", 27),
        Kolom("Bewaartermijn"),
        Kolom("SHA-256 van de reproductie", 42.5, "mono"),
    )
    return build_tabel(kolommen, _list_specificatie(verklaring), klasse="specificatie")


def _build_specificatie_per_doos(verklaring: Verklaring) -> str:
    kolommen = (
        Kolom("Doos", 34),
        Kolom("Lijst", 34),
        Kolom("Batches"),
        Kolom("Documenten", 24, "getal"),
        Kolom("Pagina's", 22, "getal"),
        Kolom("Bladen", 22, "getal"),
    )
    lijsten = _find_lijsten(verklaring)
    rijen = (
        (
            escape_tekst(doos.doosnummer),
            escape_tekst(lijsten[doos.doosnummer]),
            escape_tekst(", ".join(sorted({document.batch for document in doos.documenten}))),
            *(format_getal(getal) for getal in (geteld.documenten, geteld.paginas, geteld.bladen)),
        )
        for doos in verklaring.specificatie
        for geteld in (build_tellingen((doos,)),)
    )
    uitleg = (
        f"De documenten zelf, met zaak, bladen en hash, staan in {NAAM_GEGEVENS} en {NAAM_SPECIFICATIE} in dit "
        "PDF-bestand; zij zijn deel van deze verklaring."
    )
    return f'<p class="bijeen">{uitleg}</p>{build_tabel(kolommen, rijen)}'


def _render_csv(verklaring: Verklaring) -> bytes:
    """Return the specification for a spreadsheet: semicolons and a byte order mark, as those in the Netherlands ask."""
    uit = io.StringIO()
    tabel = csv.writer(uit, delimiter=";", lineterminator="\r\n")
    tabel.writerow(
        ("doos", "batch", "zaak", "document", "versie", "paginas", "bladen", "formaat", "bewaartermijn", "pdf_sha256")
    )
    for doos in verklaring.specificatie:
        for d in doos.documenten:
            bladen = ", ".join(f"{reeks.van}-{reeks.tot}" for reeks in d.bladen)
            teksten = (doos.doosnummer, d.batch, d.zaak, d.id, d.versie, d.paginas, bladen, d.formaat, d.bewaartermijn)
            tabel.writerow([_tame(str(tekst)) for tekst in (*teksten, d.pdf_sha256)])
    return uit.getvalue().encode("utf-8-sig")


def _tame(tekst: str) -> str:
    """Return text that a spreadsheet will not run as a formula."""
    return f"'{tekst}" if tekst.startswith(("=", "+", "-", "@")) else tekst


def _list_specificatie(verklaring: Verklaring) -> Iterator[tuple[str, ...]]:
    nummer, lijsten = 0, _find_lijsten(verklaring)
    for doos in verklaring.specificatie:
        aantal = format_aantal(len(doos.documenten), "document", "documenten")
        yield (
            escape_tekst(f"Doos {doos.doosnummer}: {aantal}, vernietigd met {name_lijst(lijsten[doos.doosnummer])}"),
        )
        for document in doos.documenten:
            nummer += 1
            yield _list_cellen(nummer, document)


def _list_cellen(nummer: int, document: Documentregel) -> tuple[str, ...]:
    hash_ = document.pdf_sha256
    return (
        str(nummer),
        f"{escape_tekst(document.zaak)}<br>{build_mono(document.id)}",
        f"{escape_tekst(document.batch)}<br>{format_bladen(document.bladen)}",
        f"{format_aantal(document.paginas, 'pagina', 'pagina&#39;s')}<br>"
        f"versie {document.versie}, {escape_tekst(document.formaat)}",
        escape_tekst(document.bewaartermijn),
        f"{hash_[:32]}<br>{hash_[32:]}",
    )


def _build_controle(verklaring: Verklaring) -> str:
    kolommen = (
        Kolom("Batch", 25),
        Kolom("Wat is gecontroleerd"),
        Kolom("Bekeken", 24, "getal"),
        Kolom("Fouten", 14, "getal"),
        Kolom("Uitslag", 31),
        Kolom("Controleur", 42),
    )
    return build_tabel(
        kolommen,
        (
            (
                escape_tekst(controle.batch),
                escape_tekst(controle.plan),
                format_getal(controle.getrokken)
                + (f" van {format_getal(controle.paginas)}" if controle.paginas else ""),
                format_getal(controle.fouten),
                escape_tekst(_say_uitslag(controle)),
                f"{escape_tekst(controle.naam)}, {escape_tekst(controle.functie)}",
            )
            for controle in verklaring.controle
        ),
    )


def _say_uitslag(controle: Controleregel) -> str:
    keer = f", na {controle.afgekeurd} keer afgekeurd" if controle.afgekeurd else ""
    return f"{controle.uitslag}{keer}"
