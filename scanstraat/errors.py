"""Errors of the application: one class per situation a caller acts on, each a Dutch sentence for somebody.

Exit codes of the CLI: 1 something is wrong, 2 wrong use or wrong settings, 3 not found, 4 a program or service
that must answer did not, 5 not possible in this state, 6 this person may not do this.
"""

from __future__ import annotations

from typing import Self


class ScanstraatError(Exception):
    """Base of this package's expected errors."""

    exitcode = 1


class InstellingError(ScanstraatError):
    """config.toml, or the machine it describes, is not right."""

    exitcode = 2


class BesluitbestandError(ScanstraatError):
    """besluit.toml cannot be read, or is not a vervangingsbesluit; the message names every wrong key."""

    exitcode = 2


class DatabaseError(ScanstraatError):
    """The database does not answer, or is damaged."""

    exitcode = 4


class NietGevondenError(ScanstraatError):
    """The batch, document, file or step that was asked for does not exist."""

    exitcode = 3


class NietMogelijkError(ScanstraatError):
    """What was asked cannot be done in this state; the message says what to do first."""

    exitcode = 5


class BezetError(NietMogelijkError):
    """Another process is doing this right now; a moment later it may be done."""


class AlleenLezenError(ScanstraatError):
    """Record, log or sealer was put back or changed: nothing is written until that is mended, and then it goes on."""

    exitcode = 5


class AanmeldingError(ScanstraatError):
    """Who says to be somebody did not prove it, or is blocked for a while."""

    exitcode = 6


class GeenMandaatError(ScanstraatError):
    """Whoever asks may not decide this: no mandaat today, or one of the people who must stay out of it."""

    exitcode = 6


class InvoerError(ScanstraatError):
    """Delivered bytes that may not pass. `code` is for programs, the message is for people.

    Raised inside the sandbox and handed to the caller as the same class, code and message.
    """

    def __init__(self, code: str, melding: str) -> None:
        super().__init__(melding)
        self.code = code
        self.melding = melding


class OnvolledigError(InvoerError):
    """The bytes end too early: the file may still be growing."""

    @classmethod
    def of_pagina(cls, n: int, wat: str) -> Self:
        """Return the error of page `n`, of which `wat` ("de JPEG") stops halfway."""
        tekst = f"Pagina {n} is niet compleet: {wat} houdt halverwege op. Scan opnieuw als dat zo blijft."
        return cls("onvolledig", tekst)


class BladtellingError(ScanstraatError):
    """A file does not give the number of pages that was counted when it came in; nothing of it may be used."""

    def __init__(self, geteld: int, gevonden: int) -> None:
        super().__init__(
            f"Aantal pagina's van dit bestand bij ontvangst: {geteld}, bij het verwerken: {gevonden}. Er is niets "
            "verwerkt. Bewaar het papier en waarschuw de functioneel beheerder."
        )


class AnderSoortError(InvoerError):
    """Not a kind of file that this line takes in; it is refused and stays where it lies."""


class ZandbakError(ScanstraatError):
    """The sandbox cannot start or does not answer; nothing is taken in without it."""

    exitcode = 4


class ZandbakGrensError(InvoerError):
    """The child that handled these bytes hit a limit or died: code "tijd", "geheugen", "omvang" or "gecrasht"."""


class OpslagError(ScanstraatError):
    """The store cannot keep or return bytes as promised."""

    exitcode = 4


class OpslagBeschadigdError(OpslagError):
    """Stored bytes no longer have the hash they are filed under."""


class OpslagVolError(OpslagError):
    """No room left on the disk of the store; the work waits and goes on by itself."""


class BackupError(ScanstraatError):
    """A back-up cannot be made, read or restored; what is there stays as it is."""

    exitcode = 4


class ZaaksysteemError(ScanstraatError):
    """The zaaksysteem refused what was asked, and asking again will not help."""

    exitcode = 4


class ZaakNietBruikbaarError(ZaaksysteemError):
    """The zaak does not exist (for us) or takes no documents any more, and the document does not hang on it yet."""

    def __init__(self, melding: str, *, code: str) -> None:
        """`code`: "zaak_onbekend" or "zaak_gesloten"."""
        super().__init__(melding)
        self.code = code


class ZaaksysteemNietBereikbaarError(ZaaksysteemError):
    """The zaaksysteem does not answer or answers with an error of its own; asking again later may help."""


class ScheidingsbladError(ScanstraatError):
    """A scheidingsblad that cannot be printed as asked, or whose code cannot be believed."""

    exitcode = 2


class MdtoError(ScanstraatError):
    """Metadata that cannot be written as MDTO, or XML that is not MDTO as its schema wants it."""
