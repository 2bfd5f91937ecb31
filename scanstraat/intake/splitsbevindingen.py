"""Everything that can be found while a batch is cut and linked: code, weight, and a Dutch sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from kwaliteitscontrole.bevinding import Bevinding, Ernst, Plaats

BEVINDINGEN: dict[str, tuple[Ernst, str]] = {
    # on a scheidingsblad
    "scheidingsblad_onleesbaar": (
        Ernst.ERNSTIG,
        "Dit scheidingsblad is onleesbaar. {uitleg} Koppel het document erachter met de hand.",
    ),
    "scheidingsblad_beschreven": (
        Ernst.ERNSTIG,
        "De andere kant van dit scheidingsblad is niet leeg. Kijk na of er een bladzijde van een document op staat.",
    ),
    "scheidingsblad_zonder_document": (
        Ernst.ERNSTIG,
        "Achter dit scheidingsblad ligt geen document. Kijk of er bladen ontbreken.",
    ),
    "scheidingsbladen_achter_elkaar": (
        Ernst.ERNSTIG,
        "Hier liggen twee scheidingsbladen achter elkaar. Alleen het laatste telt. Kijk of er een document ontbreekt.",
    ),
    "bijlage_zonder_document": (
        Ernst.ERNSTIG,
        "Dit Bijlageblad hoort bij het document ervoor, maar dat ontbreekt. Koppel de bijlage met de hand.",
    ),
    "batchblad_midden": (
        Ernst.ERNSTIG,
        "Dit Batchblad ligt niet vooraan. Kijk of hier een andere batch begint.",
    ),
    # on the first page of a document
    "bladen_voor_scheidingsblad": (
        Ernst.ERNSTIG,
        "Deze bladen liggen voor het eerste scheidingsblad. Kijk na waar ze bij horen.",
    ),
    "bladen_na_eindblad": (Ernst.ERNSTIG, "Na het Eindblad komen nog bladen. Koppel ze met de hand."),
    # on a page
    "code_onleesbaar": (
        Ernst.ERNSTIG,
        "Op deze bladzijde staat een code die niet te lezen is. Kijk of dit een scheidingsblad is.",
    ),
    # on the batch
    "batchbladen_tegenstrijdig": (
        Ernst.ERNSTIG,
        "In deze batch liggen verschillende Batchbladen. Geen ervan is gebruikt. "
        "Splits de batch of leg vast wie heeft gescand.",
    ),
    "profiel_wijkt_af": (
        Ernst.ERNSTIG,
        "Het Batchblad noemt profiel {gezegd}, maar deze scanmap werkt met profiel {profiel}. "
        "Kijk of de scans in de goede scanmap liggen.",
    ),
    "scanoperator_tegenstrijdig": (
        Ernst.ERNSTIG,
        "Het indexbestand noemt meer dan één scanoperator voor deze batch. Leg vast wie heeft gescand.",
    ),
    "index_zonder_bestand": (
        Ernst.ERNSTIG,
        "Regels in het indexbestand die bij geen enkel bestand passen, of bij meer dan één: {aantal}. "
        "Kijk of alle scans zijn aangeleverd.",
    ),
    "index_dubbel": (
        Ernst.ERNSTIG,
        "Bestanden waarover het indexbestand twee verschillende dingen zegt: {aantal}. "
        "Die regels zijn niet gebruikt. Koppel met de hand.",
    ),
    "bestand_niet_in_index": (
        Ernst.ERNSTIG,
        "Bestanden in deze aanlevering die niet in het indexbestand staan: {aantal}. Kijk na bij welke zaak die horen.",
    ),
    # on the link with the zaak
    "zaak_onbekend": (
        Ernst.ERNSTIG,
        "Zaak {zaak} bestaat niet in het zaaksysteem. Kijk het zaaknummer na en koppel het document met de hand.",
    ),
    "zaak_gesloten": (
        Ernst.ERNSTIG,
        "Zaak {zaak} is gesloten. Laat de zaak heropenen of koppel het document aan een andere zaak.",
    ),
    "bronnen_spreken_tegen": (
        Ernst.ERNSTIG,
        "De gevonden zaaknummers spreken elkaar tegen: {zaken}. Kies de goede zaak.",
    ),
}


def build_bevinding(
    code: str,
    *,
    plaats: Plaats | None = None,
    ernst: Ernst | None = None,
    waarden: Mapping[str, object] | None = None,
) -> Bevinding:
    """Return a finding with its sentence filled in; `ernst` overrules the usual weight."""
    gewoon, tekst = BEVINDINGEN[code]
    return Bevinding(code, ernst or gewoon, tekst.format(**(waarden or {})), plaats)
