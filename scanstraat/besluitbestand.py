"""besluit.toml, in which people write down a vervangingsbesluit: from file to `Vervangingsbesluit`.

Keys and types stand here; what a value may be stands with the besluit itself (`vervangingsbesluit.REGELS`), so that the
file and the stored form follow the same rules. docs/voorbeelden/besluit.toml explains every key; a test holds the two
together.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from scanstraat.errors import BesluitbestandError
from scanstraat.invoerfouten import explain_invoer, parse_toml
from vernietiging.vervangingsbesluit import (
    Aql,
    Aspecten,
    Controletermijn,
    DinNiveau,
    Eenheid,
    Keuringsniveau,
    Regime,
    Reikwijdte,
    Start,
    Steekproefvoorschrift,
    Uitsluiting,
    Uitsluitingsoort,
    Vervangingsbesluit,
    find_fouten,
)

VOORBEELD = "docs/voorbeelden/besluit.toml"
MAXIMUM_BYTES = 1_000_000

# An editor on a Mac may store an accent apart from its letter; the stored form knows one way.
Tekst = Annotated[str, AfterValidator(lambda tekst: unicodedata.normalize("NFC", tekst))]
Teksten = Annotated[tuple[Tekst, ...], Field(strict=False)]  # a list in TOML


class _Deel(BaseModel):
    """Part of the file; `regels_van` is the value whose rules it follows."""

    # validate_default: a key that was left out may be needed beside another
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)
    regels_van: ClassVar[type]

    @field_validator("*")
    @classmethod
    def _follows_the_rules(cls, waarde: Any, info: ValidationInfo) -> Any:
        """Ask the rules about this key; they see the right keys before it, so that all problems come out at once."""
        fouten = find_fouten(cls.regels_van, {**info.data, str(info.field_name): waarde})
        if fouten:
            raise ValueError("; ".join(zin for _, zin in fouten))
        return waarde

    def to_waarden(self) -> dict[str, Any]:
        """Return the keys of this part with their values."""
        return {sleutel: getattr(self, sleutel) for sleutel in type(self).model_fields}


class UitsluitingDeel(_Deel):
    """[[reikwijdte.uitsluitingen]]: what is left out, and why."""

    regels_van = Uitsluiting

    soort: Uitsluitingsoort
    waarde: Tekst
    reden: Tekst


class ReikwijdteDeel(_Deel):
    """[reikwijdte]: an empty list covers everything of its kind."""

    regels_van = Reikwijdte

    onderdelen: Teksten = ()
    zaaktypen: Teksten = ()
    informatieobjecttypen: Teksten = ()
    uitsluitingen: Annotated[tuple[UitsluitingDeel, ...], Field(strict=False)] = ()


class ControletermijnDeel(_Deel):
    """[controletermijn]: how long the paper stays."""

    regels_van = Controletermijn

    aantal: int
    eenheid: Eenheid
    start: Start = Controletermijn.start
    extra_dagen: int = Controletermijn.extra_dagen


class SteekproefDeel(_Deel):
    """[steekproef]: how much of a batch people judge."""

    regels_van = Steekproefvoorschrift

    alles: bool
    niveau: Keuringsniveau = Steekproefvoorschrift.niveau
    aql_kritiek: Aql = Steekproefvoorschrift.aql_kritiek
    aql_ernstig: Aql = Steekproefvoorschrift.aql_ernstig
    aql_licht: Aql = Steekproefvoorschrift.aql_licht
    verlicht_toegestaan: bool = Steekproefvoorschrift.verlicht_toegestaan


class AspectenDeel(_Deel):
    """[aspecten]: Archiefregeling art. 26b, letters b to h."""

    regels_van = Aspecten

    apparatuur: Tekst
    programmatuur: Tekst
    kleurcriterium: Tekst
    totstandkoming: Tekst
    controle_en_herstel: Tekst
    vernietigingsproces: Tekst
    kwaliteitsprocedures: Tekst


class BesluitDeel(_Deel):
    """[besluit]: what it is called, when it holds, who signs."""

    regels_van = Vervangingsbesluit

    nummer: Tekst
    versie: int
    datum: date
    gepubliceerd_op: date | None = None
    publicatie: Tekst = Vervangingsbesluit.publicatie
    organisatie: Tekst
    regime: Annotated[Regime, Field(strict=False)]
    geldig_van: date
    geldig_tot: date | None = None
    handboekversie: Tekst
    grondslag: Tekst
    erfgoedwaarde: Tekst
    belangen: Tekst
    advies_archivaris: Tekst = Vervangingsbesluit.advies_archivaris
    ondertekenaar: Tekst
    vernietigingswijze: Tekst
    din_niveau: DinNiveau
    bedenktijd_dagen: int = Vervangingsbesluit.bedenktijd_dagen
    laatste_blik_documenten: int = Vervangingsbesluit.laatste_blik_documenten
    systemen: Teksten = ()
    artikelen_selectiebesluit: Teksten = ()
    beheerregels: Tekst = Vervangingsbesluit.beheerregels


class Besluitbestand(_Deel):
    """The whole file."""

    regels_van = Vervangingsbesluit

    besluit: BesluitDeel
    reikwijdte: ReikwijdteDeel
    controletermijn: ControletermijnDeel
    steekproef: SteekproefDeel
    aspecten: AspectenDeel
    profielen: dict[str, str]  # a name is not changed: two of them might become one

    def to_besluit(self) -> Vervangingsbesluit:
        """Return the value; what a rule could say against it was said when this part was read."""
        reikwijdte = self.reikwijdte.to_waarden()
        uitsluitingen = tuple(Uitsluiting(**deel.to_waarden()) for deel in self.reikwijdte.uitsluitingen)
        return Vervangingsbesluit(
            **self.besluit.to_waarden(),
            reikwijdte=Reikwijdte(**{**reikwijdte, "uitsluitingen": uitsluitingen}),
            controletermijn=Controletermijn(**self.controletermijn.to_waarden()),
            steekproef=Steekproefvoorschrift(**self.steekproef.to_waarden()),
            aspecten=Aspecten(**self.aspecten.to_waarden()),
            profielen=self.profielen,
        )


def read_besluit(pad: Path) -> Vervangingsbesluit:
    """Read a vervangingsbesluit from a file.

    Raises:
        BesluitbestandError: no readable file, too large, not TOML, or keys or values that are not allowed: all of them.
    """
    inhoud = parse_toml(_read_bytes(pad), f"Het besluitbestand {pad}", BesluitbestandError)
    if not inhoud:
        raise BesluitbestandError(f"Het besluitbestand {pad} is leeg. Begin met {VOORBEELD}.")
    try:
        return Besluitbestand.model_validate(inhoud).to_besluit()
    except ValidationError as exc:
        fouten = explain_invoer(exc, Besluitbestand, inhoud)
        raise BesluitbestandError(f"Het vervangingsbesluit in {pad} klopt niet: {fouten}") from exc


def _read_bytes(pad: Path) -> bytes:
    try:
        if pad.exists() and not pad.is_file():  # a pipe would wait for ever
            raise BesluitbestandError(f"{pad} is geen bestand. Geef het besluitbestand zelf, zoals besluit.toml.")
        with pad.open("rb") as bestand:
            ruw = bestand.read(MAXIMUM_BYTES + 1)
    except OSError as exc:
        raise BesluitbestandError(
            f"Het besluitbestand {pad} is niet te lezen. Bestaat het, en mag u het lezen? Een voorbeeld is {VOORBEELD}."
        ) from exc
    if len(ruw) > MAXIMUM_BYTES:
        raise BesluitbestandError(
            f"Het besluitbestand {pad} is groter dan 1 MB. Verwijs naar het handboek in plaats van het op te nemen."
        )
    return ruw
