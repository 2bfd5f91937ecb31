"""What is told of a document says what its lines say, also when little is disclosed or something went wrong."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from vernietiging.documentverhaal import tell_document
from vernietiging.gebeurtenis import SCHEMAS, Gebeurtenis, Veld, verify_gebeurtenis
from vernietiging.uittreksel import find_uittreksel

DOCUMENT, VERSIE, BATCH, DOOS, LIJST, BESLUIT, AN, BO = (uuid4() for _ in range(8))
_PROEF: dict[Veld, Any] = {
    **dict.fromkeys((Veld.HASH, Veld.OBJECT, Veld.VERPAKT), "a" * 64),
    **dict.fromkeys((Veld.GETAL, Veld.REGEL), 1),
    Veld.WOORD: "woord",
    Veld.DAG: "2026-01-01",
    Veld.TIJD: "2026-03-02T10:00:00Z",
    Veld.ID: str(BATCH),
    Veld.JANEE: True,
}


def build(
    soort: str, onderwerp: UUID, /, actor: UUID = AN, op: str = "2026-03-01T09:30:00Z", **gegevens: Any
) -> Gebeurtenis:
    alles = {naam: _PROEF[veld] for naam, veld in SCHEMAS[soort, 1].items()} | gegevens
    return verify_gebeurtenis(Gebeurtenis(uuid4(), soort, 1, actor, onderwerp, op, alles))


BEGIN = (
    build("documentversie.gemaakt", VERSIE, document=str(DOCUMENT)),
    build("documentversie.gearchiveerd", VERSIE),
)


def tell(*regels: Gebeurtenis, verpakt: Any = None, besluiten: Any = None) -> str:
    genummerd = list(enumerate((*BEGIN, *regels)))
    return "\n".join(tell_document(str(DOCUMENT), genummerd, verpakt or {}, besluiten or {}))


def test_of_a_document_of_which_nothing_was_decided_it_says_so() -> None:
    assert tell().splitlines() == [
        f"Welk papier: document {DOCUMENT}.",
        "Waar het lag: nog niet in een doos.",
        "Onder welk besluit: geen.",
        "Wie controleerde: nog niemand.",
        "Is het bestand hetzelfde: archief.pdf is byte voor byte het bestand dat is vastgelegd en aan de zaak is "
        "afgeleverd. Bij het maken was het geldig PDF/A en gelijk aan de scans.",
        "Wanneer ging het papier weg: het is volgens dit bewijs niet vernietigd.",
        "Wie gaf het vrij: niemand.",
        "Waren er stops: dit bewijs noemt er geen.",
        "Wat er gebeurde:",
        "  01-03-2026 09:30 UTC: versie 1 van het document is gemaakt: pagina's: 1, reden: woord. (regel 0)",
    ]


def test_what_is_not_disclosed_has_the_number_of_the_log() -> None:
    verteld = tell(
        build("batch.gebonden", BATCH, besluit=str(BESLUIT)),
        build("documentversie.verzegeld", VERSIE),
        build("doos.gevuld", DOOS),
        build("batch.afgekeurd", BATCH),
        build("bewerking", BATCH, actor=BO),
    )
    assert f"Onder welk besluit: besluit {str(BESLUIT)[:8]}." in verteld
    assert f"Waar het lag: doos {str(DOOS)[:8]}." in verteld
    assert "Wie controleerde: persoon 1, die de batch afkeurde." in verteld
    assert "persoon 2 bewerkte de batch" in verteld


def test_what_is_disclosed_is_said_with_the_newest_name_there_is() -> None:
    besluit = {"nummer": "2026-17", "versie": 2, "datum": "2026-01-06", "organisatie": "Gemeente Voorbeeld"}
    regels = (
        build("batch.gebonden", BATCH, besluit=str(BESLUIT)),
        build("persoon.vastgelegd", AN),
        build("persoon.naam", AN),
        build("batch.goedgekeurd", BATCH),
        build("goedkeuring.vervallen", BATCH),
    )
    verteld = tell(
        *regels,
        verpakt={(3, "naam"): {"naam": "An Oud"}, (4, "naam"): {"naam": "An Nieuw"}},
        besluiten={str(BESLUIT): besluit},
    )
    assert "Onder welk besluit: besluit 2026-17 versie 2 van 2026-01-06 van Gemeente Voorbeeld." in verteld
    assert "An Nieuw bekeek de steekproef en keurde de batch goed." in verteld and "An Oud" not in verteld
    assert "Wie controleerde: wat was gekeurd, is vervallen." in verteld


def test_the_releases_by_which_the_paper_went_are_told_and_no_others() -> None:
    ander = uuid4()
    verteld = tell(
        build("vrijgave", ander, actor=ander),
        build("vrijgave", LIJST, volgnummer=1),
        build("vrijgave", LIJST, actor=BO, volgnummer=2),
        build("vernietiging.opgedragen", LIJST, vrijgave_1=3, vrijgave_2=4),
        build("vernietiging.uitgevoerd", DOOS, opgedragen=5),
    )
    assert "Wie gaf het vrij: persoon 1, persoon 2." in verteld
    assert f"Wanneer ging het papier weg: doos {str(DOOS)[:8]} op 02-03-2026 10:00 UTC." in verteld


def test_of_paper_that_is_still_there_only_the_releases_that_stand_count() -> None:
    ander = uuid4()
    verteld = tell(
        build("vrijgave", ander, actor=ander),
        build("lijst.ingetrokken", ander),
        build("vrijgave", LIJST),
        build("vrijgave.ingetrokken", LIJST, vrijgave=4),
        build("vrijgave", LIJST, actor=BO),
    )
    assert "Wie gaf het vrij: persoon 1." in verteld
    assert "persoon 1 gaf de lijst vrij (vrijgave 1 van 2). (regel 6)" in verteld


@pytest.mark.parametrize(
    ("geplaatst", "opgeheven", "zin"),
    [
        (1, 0, "ja, een. Die loopt nog."),
        (1, 1, "ja, een. Die is opgeheven."),
        (2, 2, "ja, 2; zij zijn alle opgeheven."),
        (3, 1, "ja, 3; daarvan lopen er nog 2."),
    ],
)
def test_stops_are_counted_in_a_sentence(geplaatst: int, opgeheven: int, zin: str) -> None:
    stops = [uuid4() for _ in range(geplaatst)]
    verteld = tell(
        *(build("stop.geplaatst", id_, soort="bezwaar", over="document", betreft=str(DOCUMENT)) for id_ in stops),
        *(build("stop.opgeheven", id_) for id_ in stops[:opgeheven]),
    )
    assert f"Waren er stops: {zin}\n" in verteld


def test_the_level_is_written_as_on_the_certificate() -> None:
    verteld = tell(
        build("vernietiging.opgedragen", LIJST, vrijgave_1=0, vrijgave_2=0),
        build("vernietiging.uitgevoerd", DOOS, opgedragen=2, niveau="p-4"),
    )
    assert ", niveau P-4. (regel 3)" in verteld


def test_stops_and_what_failed_are_told_and_a_day_that_does_not_exist_is_no_error() -> None:
    een, twee = uuid4(), uuid4()
    verteld = tell(
        build("stop.geplaatst", een, soort="bezwaar", over="document", betreft=str(DOCUMENT)),
        build("stop.geplaatst", twee, soort="woo", over="doos", betreft=str(DOOS)),
        build("stop.opgeheven", een),
        build("laatste_blik.gedaan", DOOS, geslaagd=False),
        build("vernietiging.opgedragen", LIJST),
        build("vernietiging.mislukt", DOOS, deels=True, opgedragen=6),
        build("vernietiging.mislukt", DOOS, deels=False, op="2026-02-30T09:30:00Z"),
    )
    assert "Waren er stops: ja, 2; daarvan loopt er nog een." in verteld
    assert "naast het scherm: NIET gelijk." in verteld
    assert "maar voor een deel is vernietigd." in verteld and "niet is vernietigd." in verteld
    assert "  2026-02-30T09:30:00Z: " in verteld


def test_of_paper_that_went_in_two_parts_both_are_told() -> None:
    regels = (
        build("vrijgave", LIJST),
        build("vernietiging.opgedragen", LIJST, vrijgave_1=2, vrijgave_2=2),
        build("vernietiging.mislukt", DOOS, deels=True, opgedragen=3),
    )
    deel = f"Wanneer ging het papier weg: doos {str(DOOS)[:8]} voor een deel (vastgelegd op 01-03-2026 09:30 UTC)"
    verteld = tell(*regels)
    assert f"{deel}; de rest is volgens dit bewijs niet vernietigd.\n" in verteld
    assert "Wie gaf het vrij: persoon 1." in verteld
    rest = build("vernietiging.uitgevoerd", DOOS, opgedragen=3)
    assert f"{deel}, doos {str(DOOS)[:8]} op 02-03-2026 10:00 UTC.\n" in tell(*regels, rest)


def test_an_archive_file_that_was_not_proven_is_said_to_be_so() -> None:
    assert "NIET geldig of NIET gelijk" in tell(build("documentversie.gearchiveerd", VERSIE, getrouw=False))


def test_how_the_findings_of_its_batch_stand_is_told() -> None:
    verteld = tell(build("batch.bevindingen", BATCH, aantal=3, houdt_papier=0, open_ernstig=1))
    assert (
        "bevindingen bij de batch: 3. Hiervan houden 0 het papier vast en zijn er 1 ernstig en open. (regel" in verteld
    )


def test_of_how_the_findings_stand_the_newest_line_is_in_the_proof_and_the_others_are_not() -> None:
    regels = [
        build("documentversie.gemaakt", VERSIE, document=str(DOCUMENT)),
        build("batch.bevindingen", BATCH, aantal=1),
        build("batch.bevindingen", uuid4(), aantal=7),
        build("batch.bevindingen", BATCH, aantal=2),
        build("batch.klaargemeld", BATCH),
    ]
    bladen = [(nummer, gebeurtenis.to_bytes()) for nummer, gebeurtenis in enumerate(regels)]
    assert sorted(find_uittreksel([str(DOCUMENT), str(BATCH)], lambda: bladen).regels) == [0, 3, 4]
