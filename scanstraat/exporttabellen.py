"""The tables of the record as JSON Lines, with what each is for. Secrets stay behind; keys of the log go apart.

One line per row, in an order that a reader can follow beside the sealed log without holding either in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from scanstraat import migrations, tables, tables_bewijs
from scanstraat.migrations import tables as migratietabellen
from scanstraat.tables import GebeurtenisRow, LogregelRow
from scanstraat.uitvoermap import open_new, write_new
from scanstraat.zaaksysteem import tables as registertabellen

_GELADEN = (migrations, tables, tables_bewijs, migratietabellen, registertabellen)  # an import registers its tables

GEGEVENS, PERSOONSGEGEVENS = "gegevens", "persoonsgegevens"  # folders
SCHEMABESTAND = f"{GEGEVENS}/schema.json"
APART = "verpakt"  # the one table that stands in the folder PERSOONSGEGEVENS

# What a table is for, in the words of somebody who reads it ten years later.
TABELLEN: Mapping[str, str] = {
    "aanmelding": "Waarmee iemand zich aanmeldt. Wachtwoorden en geheimen zijn weggelaten.",
    "actor": "Wie iets deed: een persoon of een deel van de scanstraat. log_id is het nummer dat het logboek gebruikt.",
    "aflevering": "Een documentversie in een zaak, en wat er terugkwam toen zij weer werd opgehaald.",
    "backup": "Een back-up en de uitslag van de controle ervan.",
    "batch": "Papieren die samen zijn gescand en beoordeeld, met de instellingen en programma's van toen.",
    "beeld": "Een paginabeeld: bladzijde n van een bron. Zijn plaats in de batch is die van het moment van de export.",
    "bekeken": "Wie heeft gezien wat was getrokken: pagina's om te keuren, of documenten voor de laatste blik.",
    "besluit": "Een versie van een vervangingsbesluit.",
    "bevinding": "Iets dat opviel aan een beeld, documentversie of batch.",
    "bewerking": "Een vastgelegde handeling over beelden, met hoe het daarvoor was.",
    "binding": "Onder welk besluit een batch valt; de laatste zonder vervallen_op telt.",
    "blad": "Een vel papier van een batch.",
    "bron": "Een aangeleverd bestand; de bytes staan onder hun SHA-256 in objecten.",
    "document": "Een papieren document: welke zaak, en waarom.",
    "documentversie": "De n-de staat van een document: archiefbestand, manifest en bewijzen.",
    "doos": "Een genummerde doos papier.",
    "doosblad": "Een blad in een doos; uit_op leeg: het ligt er nog, of ging met de doos weg.",
    "doosplaats": "Waar een doos stond; het hoogste nummer is de laatste plaats.",
    "effect": "Wat een zaaksysteem antwoordde; werkgeheugen van de aflevering.",
    "gebeurtenis": "De gebeurtenissen, in de volgorde van het logboek; de laatste zijn misschien nog niet verzegeld.",
    "handboek": "Een versie van het handboek vervanging.",
    "laatste_blik": "Wie het papier voor het laatst naast het scherm legde, en of het hetzelfde was.",
    "lijstdoos": "Een doos op een vernietigingslijst.",
    "logregel": "Op welke regel van het verzegelde logboek een gebeurtenis staat.",
    "mandaat": "Wat een persoon mag beslissen, van wanneer tot wanneer.",
    "motor": "Versie van de werkmachine; alleen techniek.",
    "object": "Wat er in objecten hoort te staan, met twee vingerafdrukken en de grootte.",
    "ondertekening": "Iemand met mandaat ging akkoord met een verklaring.",
    "oordeel": "Het oordeel van een controleur over een verzegelde batch.",
    "opdracht": "De opdracht aan een vernietigingsbedrijf.",
    "opruiming": "Welke werkkopieën zijn opgeruimd, en wanneer de database is nagekeken.",
    "pagina": "Pagina nummer van een documentversie: het beeld dat zij toont.",
    "persoon": "Een mens. Wat het logboek van hem weet, staat bij actor.",
    "persoonsnaam": "Namen waaronder een persoon bekend is.",
    "register_audittrail": "Wie wat deed in het ingebouwde register van zaken.",
    "register_informatieobject": "Een document in het ingebouwde register.",
    "register_informatieobjectversie": "Een versie van een document in het ingebouwde register.",
    "register_zaak": "Een zaak in het ingebouwde register.",
    "register_zaakinformatieobject": "Welk document aan welke zaak hangt in het ingebouwde register.",
    "register_zaaktype": "Een soort zaak in het ingebouwde register.",
    "scanmap_bestand": "Een bestand dat in een scanmap verscheen, en wat ermee gebeurde.",
    "stap": "Een stap van de verwerking van een batch of document.",
    "stop": "Zolang dit staat, gaat er niets weg: bezwaar, rechtszaak, Woo-verzoek, onderzoek of twijfel.",
    "termijnverlenging": "Het papier van een batch blijft langer, met de reden.",
    "trekking": "Welke pagina's of documenten zijn getrokken, met het zaad waarmee dat is na te doen.",
    "uitvoerder": "Een werkproces; alleen techniek.",
    "uitvoering": "Wat er van een doos van een opdracht is geworden, met het certificaat.",
    "uitzondering": "Een document waarvan het papier het origineel blijft, en waarom.",
    "verklaring": "Een genummerde verklaring van vervanging of vernietiging.",
    "verklaringdoos": "Een doos waarvan een verklaring zegt dat zij is vernietigd.",
    "verklaringscan": "Een scan van een verklaring met inkt erop.",
    "vernietigingslijst": "Dozen die voor vernietiging zijn voorgesteld.",
    "verpakt": "Wat achter een verpakt veld van het logboek staat, met de sleutel waarmee dat is na te rekenen.",
    "vervoer": "Wie een container van een opdracht ophaalde, en wanneer.",
    "verzegeling": "De staat van een geleverde batch, vastgelegd.",
    "vrijgave": "Een gemandateerde gaf een lijst vrij.",
    "wachter": "Het proces dat een scanmap bewaakt; alleen techniek.",
}

# Columns that never leave the installation. A column of a later version whose name looks like a secret is one, until
# somebody says here that it is not.
_GEHEIM = re.compile(r"wachtwoord|geheim|sleutel|token|totp|secret")
_ONSCHULDIG = {
    ("effect", "sleutel"),  # a name for a request, made of ids
    ("verpakt", "sleutel"),  # goes in the file apart
}


def is_geheim(tabel: str, kolom: str) -> bool:
    """Say whether this column stays behind."""
    return _GEHEIM.search(kolom) is not None and (tabel, kolom) not in _ONSCHULDIG


def find_tabellen() -> list[sa.Table]:
    """Return every table of the record, by name."""
    assert _GELADEN
    return sorted(SQLModel.metadata.tables.values(), key=lambda tabel: tabel.name)


def place_of(tabel: str) -> str:
    """Return where in an export the rows of a table stand."""
    return f"{PERSOONSGEGEVENS if tabel == APART else GEGEVENS}/{tabel}.jsonl"


def write_tabellen(session: Session, map_: Path, *, persoonsgegevens: bool) -> dict[str, int]:
    """Write every table and the description of all; return how many rows each has in the export."""
    tellingen = {}
    beschrijving = []
    for tabel in find_tabellen():
        mee = persoonsgegevens or tabel.name != APART
        beschrijving.append(_describe(tabel, mee=mee))
        if mee:
            tellingen[tabel.name] = _write_tabel(session, tabel, map_ / place_of(tabel.name))
    write_new(map_ / SCHEMABESTAND, json.dumps(beschrijving, ensure_ascii=False, indent=1).encode() + b"\n")
    return tellingen


def _describe(tabel: sa.Table, *, mee: bool) -> dict[str, Any]:
    return {
        "tabel": tabel.name,
        "uitleg": TABELLEN.get(tabel.name, ""),
        "bestand": place_of(tabel.name) if mee else None,
        "kolommen": describe_kolommen(tabel),
        "weggelaten": [kolom.name for kolom in tabel.columns if is_geheim(tabel.name, kolom.name)],
    }


def describe_kolommen(tabel: sa.Table) -> list[dict[str, Any]]:
    """Return what each column of a table that leaves is, as it stands in the description."""
    return [
        {
            "naam": kolom.name,
            "soort": _say_soort(kolom),
            "sleutel": kolom.primary_key,
            "mag_leeg": bool(kolom.nullable),
            "verwijst_naar": [sleutel.target_fullname for sleutel in kolom.foreign_keys],
        }
        for kolom in tabel.columns
        if not is_geheim(tabel.name, kolom.name)
    ]


def _say_soort(kolom: sa.Column[Any]) -> str:
    if isinstance(kolom.type, sa.JSON):
        return "json"
    soorten = {bool: "ja of nee", int: "geheel getal", float: "getal", str: "tekst", UUID: "uuid"}
    return soorten.get(kolom.type.python_type, str(kolom.type))


def _write_tabel(session: Session, tabel: sa.Table, pad: Path) -> int:
    aantal = 0
    with open_new(pad) as uit:
        for rij in _read_rows(session, tabel):
            uit.write(json.dumps(rij, ensure_ascii=False, default=_plain).encode() + b"\n")
            aantal += 1
    return aantal


def _read_rows(session: Session, tabel: sa.Table) -> Iterator[dict[str, Any]]:
    kolommen = [kolom for kolom in tabel.columns if not is_geheim(tabel.name, kolom.name)]
    vraag = sa.select(*kolommen)
    volgorde: list[Any] = list(tabel.primary_key.columns)
    logregel, gebeurtenis = _table_of(LogregelRow), _table_of(GebeurtenisRow)
    if tabel.name in {gebeurtenis.name, APART}:  # as they stand in the sealed log; what is not sealed yet, after it
        if tabel.name == APART:
            vraag = vraag.join(gebeurtenis, gebeurtenis.c.id == tabel.c.gebeurtenis_id)
            volgorde = [tabel.c.veld]
        vraag = vraag.outerjoin(logregel, logregel.c.gebeurtenis == gebeurtenis.c.volgnummer)
        volgorde = [logregel.c.nummer.is_(None), logregel.c.nummer, gebeurtenis.c.volgnummer, *volgorde]
    for rij in session.execute(vraag.order_by(*volgorde), execution_options={"yield_per": 500}):
        waarden = dict(rij._mapping)
        if tabel.name == APART and waarden["gewist_op"] is not None:
            waarden |= {"sleutel": None, "inhoud": None}  # the database holds to it already; this is no place to doubt
        yield waarden


def _table_of(rij: type[SQLModel]) -> sa.Table:
    tabel: sa.Table = rij.__table__  # type: ignore[attr-defined]
    return tabel


def _plain(waarde: object) -> str:
    if isinstance(waarde, UUID):
        return str(waarde)
    raise TypeError(f"a value of type {type(waarde).__name__} is no JSON")
