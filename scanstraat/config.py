"""config.toml as one frozen `Config`, read once at the start.

Unknown keys are refused with the nearest known one named: a mistyped safety setting must never be ignored in silence.
Every key is explained in Dutch in the config.toml that ships with the project; a test holds the two together.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url

from scanstraat.domain import passes_elfproef
from scanstraat.errors import InstellingError
from scanstraat.invoerfouten import explain_invoer, parse_toml
from vernietiging.errors import VernietigingError
from vernietiging.notitie import Soort, is_sleutelnaam, parse_vkey

TIJDZONE = "Europe/Amsterdam"
Batchvorm = Literal["map", "bestand", "los"]
Nakijken = Literal["altijd", "bij_bevinding", "nooit"]
Koppelbron = Literal["scheidingsblad", "index", "naam", "tekst"]
Bladzijden = Literal["simplex", "duplex"]


class _Deel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AlgemeenConfig(_Deel):
    """[algemeen]: whose installation this is and where it keeps its data."""

    gegevensmap: Path = Path("data")
    organisatie: str = "Gemeente Voorbeeld"
    rsin: str = "000000000"
    tijdzone: str = TIJDZONE  # of dates and of times for people; what is stored is UTC

    @field_validator("tijdzone")
    @classmethod
    def _tijdzone_bestaat(cls, tijdzone: str) -> str:
        try:
            ZoneInfo(tijdzone)
        except (OSError, ValueError, ZoneInfoNotFoundError) as exc:
            raise ValueError("geen bekende tijdzone, zoals Europe/Amsterdam") from exc
        return tijdzone

    @field_validator("rsin")
    @classmethod
    def _rsin_is_geldig(cls, rsin: str) -> str:
        if not passes_elfproef(rsin):
            raise ValueError("geen RSIN: dat zijn negen cijfers die samen aan de elfproef voldoen")
        return rsin


class AanmeldingConfig(_Deel):
    """[aanmelding]: how people prove who they are."""

    wachttijd_dagen: int = Field(default=7, ge=0, le=365)
    werk_uren: int = Field(default=8, ge=1, le=24)


class DatabaseConfig(_Deel):
    """[database]: "" is the SQLite file `scanstraat.db` in the gegevensmap."""

    url: str = ""


class OpslagConfig(_Deel):
    """[opslag]: where the bytes are kept; `kopie` is a folder on another device."""

    map: Path = Path("opslag")
    kopie: Path | None = None
    dagelijks_deel: Annotated[int, Field(ge=1, le=365)] = 30


class ZandbakConfig(_Deel):
    """[zandbak]: limits of one child process that handles delivered bytes."""

    geheugen_mb: Annotated[int, Field(ge=256)] = 1536
    cpu_s: Annotated[int, Field(ge=1)] = 120
    klok_s: Annotated[float, Field(gt=0)] = 180.0
    bestand_mb: Annotated[int, Field(ge=1)] = 2048


class WerkConfig(_Deel):
    """[werk]: how many processes work at once and how they take over from each other."""

    werkers: Annotated[int, Field(ge=1)] = 1
    ocr_kinderen: Annotated[int, Field(ge=0)] = 0
    peiling_s: Annotated[float, Field(gt=0)] = 1.0
    hartslag_s: Annotated[float, Field(gt=0)] = 5.0
    dood_na_s: Annotated[float, Field(gt=0)] = 15.0
    afleveringen_tegelijk: Annotated[int, Field(ge=1)] = 4


class GezondheidConfig(_Deel):
    """[gezondheid]: the JSON health page of `scanstraat start`."""

    adres: str = "127.0.0.1"
    poort: Annotated[int, Field(ge=0, le=65535)] = 8090


class OpruimConfig(_Deel):
    """[opruimen]: when working copies go; what went is recorded."""

    werkbestanden_uren: Annotated[int, Field(ge=1)] = 24
    tekstlagen_dagen: Annotated[int, Field(ge=1)] = 30


class BackupConfig(_Deel):
    """[backup]: where `scanstraat back-up maak` writes."""

    map: Path = Path("back-up")


class GetuigeConfig(_Deel):
    """[[logboek.getuige]]: a witness at another organisation."""

    naam: str
    sleutel: str
    url: str = ""  # empty: requests and answers travel as files
    gestopt: bool = False  # is asked no more; what it saw before still counts

    @field_validator("sleutel")
    @classmethod
    def _sleutel_is_van_een_getuige(cls, sleutel: str) -> str:
        try:
            if parse_vkey(sleutel).soort is Soort.ED25519:
                raise ValueError("dit is de sleutel van een logboek, niet van een getuige")
        except VernietigingError as exc:
            raise ValueError("geen sleutel van een getuige, zoals naam+kenmerk+tekens") from exc
        return sleutel


class TijdstempelConfig(_Deel):
    """[[logboek.tijdstempel]]: a time-stamp authority (RFC 3161)."""

    naam: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    url: str
    wortel: Path
    gestopt: bool = False  # is asked no more; what it stamped before still counts


class LogboekConfig(_Deel):
    """[logboek]: the sealed log of legally relevant events, who seals it and what anchors it outside."""

    oorsprong: str = "scanstraat.example/vernietiging/1"
    map: Path = Path("logboek")
    verzegelaar: Path = Path("verzegelaar")
    gebruiker: str = ""
    interval_s: Annotated[float, Field(gt=0)] = 10.0
    veranker_uren: Annotated[float, Field(gt=0)] = 24.0
    getuige: tuple[GetuigeConfig, ...] = ()
    tijdstempel: tuple[TijdstempelConfig, ...] = ()
    getuigen_nodig: Annotated[int, Field(ge=0)] = 0
    tijdstempels_nodig: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _er_zijn_er_genoeg(self) -> Self:
        """Refuse to ask for more than there are: every destruction would wait for ever."""
        for naam, delen in (("getuigen", self.getuige), ("tijdstempels", self.tijdstempel)):
            if getattr(self, f"{naam}_nodig") > len(delen):
                raise ValueError(f"{naam}_nodig is meer dan er {naam} zijn genoemd")
        return self

    @property
    def aantallen(self) -> tuple[int, int]:
        """How many witnesses and authorities a checkpoint must have: as the settings say, or all that are still asked.

        When nobody is asked any more that is still one: what counts for nothing would anchor everything.
        """
        getuigen, stempels = (
            nodig or min(len(delen), max(1, sum(not deel.gestopt for deel in delen)))
            for nodig, delen in ((self.getuigen_nodig, self.getuige), (self.tijdstempels_nodig, self.tijdstempel))
        )
        return getuigen, stempels

    @field_validator("oorsprong")
    @classmethod
    def _oorsprong_is_een_naam(cls, oorsprong: str) -> str:
        if not is_sleutelnaam(oorsprong) or not oorsprong.isascii() or len(oorsprong) > 200:
            raise ValueError(
                "geen naam voor een logboek, zoals gemeente.example/vernietiging/1: zonder spaties en plus"
            )
        return oorsprong


class MdtoConfig(_Deel):
    """[mdto]: against which schema metadata is held before it goes out, and how its files are called."""

    xsd: Annotated[Path | None, BeforeValidator(lambda pad: pad or None)] = None
    sidecar: Literal["MDTO", "mdto"] = "MDTO"


class SipConfig(_Deel):
    """[sip]: what the receiver of a transfer wants to read on the pakbon."""

    hashalgoritme: Literal["SHA-256", "SHA-512"] = "SHA-256"
    doellocatie: str = ""
    contact: str = ""


class ZgwConfig(_Deel):
    """[zaaksysteem.zgw]: the ZGW APIs, for example Open Zaak."""

    zaken_url: str = ""
    documenten_url: str = ""
    catalogi_url: str = ""
    client_id: str = ""
    geheim_bestand: Path | None = None
    bronorganisatie: str = ""
    inline_grens_bytes: Annotated[int, Field(ge=0)] = 4_000_000
    tijdslimiet_s: Annotated[float, Field(gt=0)] = 60.0


class ZaaksysteemConfig(_Deel):
    """[zaaksysteem]: the built-in register, or a ZGW zaaksysteem."""

    soort: Literal["ingebouwd", "zgw"] = "ingebouwd"
    zgw: ZgwConfig = ZgwConfig()


class IndexConfig(_Deel):
    """[profiel.NAAM.index]: which column of an index file holds what."""

    scheidingsteken: Annotated[str, Field(min_length=1, max_length=1)] = ";"
    codering: str = "utf-8-sig"
    bestand: str = "bestand"
    zaak: str = "zaak"
    titel: str = "titel"
    bladen: str = "bladen"
    scanoperator: str = "scanoperator"
    document: str = "document"


class Scanprofiel(_Deel):
    """[profiel.NAAM]: released scan settings and what may pass under them. Sizes in mm, resolutions in dpi."""

    scanner: str = "onbekend"
    scanoperator: str = "onbekend"
    onderdeel: str = ""
    bladzijden: Bladzijden = "simplex"
    digitaal_geboren: bool = False
    nakijken: Nakijken = "bij_bevinding"
    talen: tuple[str, ...] = ("nld",)
    ocr_schaal: Annotated[float, Field(gt=0, le=1)] = 2 / 3
    dpi_zonder_opgave: Annotated[int, Field(ge=50, le=1200)] = 300
    kleurprofiel: Literal["sRGB"] = "sRGB"
    minimale_dpi: Annotated[int, Field(ge=50)] = 200
    maximale_scheefstand_graden: Annotated[float, Field(ge=0)] = 3.0
    minimale_scherpte: Annotated[float, Field(ge=0)] = 2.3
    minimaal_contrast: Annotated[float, Field(ge=0, le=1)] = 0.22
    maximale_uitbijting: Annotated[float, Field(ge=0, le=1)] = 0.5
    blanco_inktdekking: Annotated[float, Field(ge=0, le=1)] = 0.00003
    minimale_woordzekerheid: Annotated[float, Field(ge=0, le=100)] = 60.0
    maximaal_paginas: Annotated[int, Field(ge=1)] = 2000
    maximaal_megapixels: Annotated[int, Field(ge=1)] = 150
    maximaal_mb: Annotated[int, Field(ge=1)] = 1024
    vertrouwde_bronnen: tuple[Koppelbron, ...] = ("scheidingsblad", "index", "naam")
    zaakpatroon_naam: str = r"ZAAK-\d{4}-\d{4,10}"
    zaakpatroon_tekst: str = r"ZAAK-\d{4}-\d{4,10}"
    scheiding_patcht: bool = True
    informatieobjecttype: str = "Ingekomen stuk"
    zaakstatus: str = ""
    vertrouwelijkheidaanduiding: str = "zaakvertrouwelijk"
    taal: Annotated[str, Field(min_length=3, max_length=3)] = "dut"
    index: IndexConfig = IndexConfig()

    @property
    def maximaal_pixels(self) -> int:
        """Most pixels a page may have."""
        return self.maximaal_megapixels * 1_000_000

    @field_validator("zaakpatroon_naam", "zaakpatroon_tekst")
    @classmethod
    def _patroon_is_geldig(cls, patroon: str) -> str:
        try:
            re.compile(patroon)
        except re.error as exc:
            waar = "" if exc.pos is None else f", fout bij teken {exc.pos + 1}"
            raise ValueError(f"geen geldig patroon{waar}") from exc
        return patroon


class Scanmap(_Deel):
    """[[scanmap]]: one watched folder. Times in seconds."""

    naam: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    map: Path
    profiel: str = "standaard"
    bestanden: tuple[str, ...] = ("*.pdf", "*.tif", "*.tiff", "*.jpg", "*.jpeg", "*.png")
    batch: Batchvorm = "bestand"
    rusttijd_s: Annotated[float, Field(gt=0)] = 10.0
    klaarbestand: str = ""
    los_rusttijd_s: Annotated[float, Field(gt=0)] = 30.0
    geduld_s: Annotated[float, Field(gt=0)] = 600.0
    peiling_s: Annotated[float, Field(gt=0)] = 2.0


class Config(BaseSettings):
    """All settings of one installation. Paths are absolute after `read_config`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="SCANSTRAAT_", env_nested_delimiter="__")

    algemeen: AlgemeenConfig = AlgemeenConfig()
    aanmelding: AanmeldingConfig = AanmeldingConfig()
    database: DatabaseConfig = DatabaseConfig()
    opslag: OpslagConfig = OpslagConfig()
    zandbak: ZandbakConfig = ZandbakConfig()
    werk: WerkConfig = WerkConfig()
    gezondheid: GezondheidConfig = GezondheidConfig()
    opruimen: OpruimConfig = OpruimConfig()
    backup: BackupConfig = BackupConfig()
    logboek: LogboekConfig = LogboekConfig()
    mdto: MdtoConfig = MdtoConfig()
    sip: SipConfig = SipConfig()
    zaaksysteem: ZaaksysteemConfig = ZaaksysteemConfig()
    profiel: dict[str, Scanprofiel] = {"standaard": Scanprofiel()}
    scanmap: tuple[Scanmap, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """An environment variable (SCANSTRAAT_DATABASE__URL) goes before the file."""
        return (env_settings, init_settings)

    @model_validator(mode="after")
    def _verwijzingen_bestaan(self) -> Config:
        namen = [scanmap.naam for scanmap in self.scanmap]
        if len(set(namen)) != len(namen):
            raise ValueError("twee scanmappen hebben dezelfde naam")
        for scanmap in self.scanmap:
            if scanmap.profiel not in self.profiel:
                raise ValueError(f"scanmap {scanmap.naam} noemt profiel {scanmap.profiel}, maar dat bestaat niet")
            if scanmap.klaarbestand.lower() in {patroon.lower() for patroon in scanmap.bestanden}:
                raise ValueError(f"scanmap {scanmap.naam}: klaarbestand is een ander bestand dan de scans zelf")
        return self

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database.url or f"sqlite:///{self.algemeen.gegevensmap / 'scanstraat.db'}"

    @property
    def shown_database_url(self) -> str:
        """The URL in force without its password, for screens."""
        return make_url(self.database_url).render_as_string(hide_password=True)


def read_config(pad: Path) -> Config:
    """Read config.toml; relative paths count from the folder the file is in.

    Raises:
        InstellingError: the file is missing, is not TOML, has a key or value that is not allowed, or gives two uses to
            one folder.
    """
    try:
        ruw = pad.read_bytes()
    except OSError as exc:
        raise InstellingError(
            f"Het instellingenbestand {pad} is niet te lezen. Maak het aan of geef --config."
        ) from exc
    inhoud = parse_toml(ruw, f"Het instellingenbestand {pad}", InstellingError)
    return build_config(inhoud, basis=pad.parent.resolve(), naam=str(pad))


def build_config(inhoud: dict[str, Any], *, basis: Path, naam: str = "config.toml") -> Config:
    """Build a `Config` from parsed TOML with every relative path placed under `basis` or the gegevensmap."""
    try:
        config = Config(**inhoud)
    except ValidationError as exc:
        raise InstellingError(f"De instellingen in {naam} kloppen niet: {explain_invoer(exc, Config, inhoud)}") from exc
    config = _with_absolute_paths(config, basis)
    gebruik = find_dubbel_gebruik(config)
    if gebruik:
        raise InstellingError(f"De instellingen in {naam} kloppen niet: {' '.join(gebruik)}")
    return config


def find_dubbel_gebruik(config: Config) -> tuple[str, ...]:
    """Return, in Dutch, which folders lie in each other and may not; links in their paths are followed.

    Two scanmappen would take in the same file twice, or each call it gone when the other puts it away; and a scanmap
    that holds our own data would take in and move what must stay where it is.
    """
    scanmappen = [(f"scanmap {deel.naam}", deel.map) for deel in config.scanmap]
    eigen = [
        ("de gegevensmap", config.algemeen.gegevensmap),
        ("de opslag", config.opslag.map),
        *([("de kopie van de opslag", config.opslag.kopie)] if config.opslag.kopie is not None else []),
        ("de back-up", config.backup.map),
        ("het logboek", config.logboek.map),
        ("de map van de verzegelaar", config.logboek.verzegelaar),
    ]
    fouten = []
    for nummer, (naam, map) in enumerate(scanmappen):
        for ander, andere_map in (*scanmappen[nummer + 1 :], *eigen):
            een, twee = Path(os.path.realpath(map)), Path(os.path.realpath(andere_map))
            if een == twee:
                fouten.append(f"{naam} ({map}) en {ander} ({andere_map}) zijn dezelfde map. Geef elk een eigen map.")
            elif een in twee.parents:
                fouten.append(f"{ander} ({andere_map}) ligt in {naam} ({map}). Zet ze naast elkaar.")
            elif twee in een.parents:
                fouten.append(f"{naam} ({map}) ligt in {ander} ({andere_map}). Zet ze naast elkaar.")
    opslag, rest = eigen[1], eigen[2:]  # a copy or a back-up in its own original is none
    fouten += [
        f"{naam} en {opslag[0]} zijn dezelfde map ({map}). Geef elk een eigen map."
        for naam, map in rest
        if os.path.realpath(map) == os.path.realpath(opslag[1])
    ]
    return tuple(fouten)


def _with_absolute_paths(config: Config, basis: Path) -> Config:
    gegevensmap = basis / config.algemeen.gegevensmap
    opslag = config.opslag
    zgw = config.zaaksysteem.zgw
    return config.model_copy(
        update={
            "algemeen": config.algemeen.model_copy(update={"gegevensmap": gegevensmap}),
            "opslag": opslag.model_copy(
                update={
                    "map": gegevensmap / opslag.map,
                    "kopie": None if opslag.kopie is None else basis / opslag.kopie,
                }
            ),
            "backup": config.backup.model_copy(update={"map": basis / config.backup.map}),
            "logboek": config.logboek.model_copy(
                update={
                    "map": gegevensmap / config.logboek.map,
                    "verzegelaar": gegevensmap / config.logboek.verzegelaar,
                    "tijdstempel": tuple(
                        deel.model_copy(update={"wortel": basis / deel.wortel}) for deel in config.logboek.tijdstempel
                    ),
                }
            ),
            "mdto": config.mdto.model_copy(
                update={"xsd": None if config.mdto.xsd is None else basis / config.mdto.xsd}
            ),
            "scanmap": tuple(deel.model_copy(update={"map": basis / deel.map}) for deel in config.scanmap),
            "zaaksysteem": config.zaaksysteem.model_copy(
                update={
                    "zgw": zgw.model_copy(
                        update={"geheim_bestand": None if zgw.geheim_bestand is None else basis / zgw.geheim_bestand}
                    )
                }
            ),
        }
    )
