"""Text from a page image, with Tesseract: words, their places and how sure it is of them.

Two engines behind one method: tesserocr (in this process, warm, no files) and pytesseract (the tesseract program, for
machines without a tesserocr wheel). A page is read once; only a page that reads badly is read again, turned or with
another way of telling ink from paper. Runs in long-lived children of their own, which get grey pixels and never a file.

The settings and what they cost and win: docs/prestaties.md.
"""

from __future__ import annotations

import os
import queue
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image

from scanstraat.errors import InstellingError, InvoerError, ZandbakGrensError
from scanstraat.intake.masterbeeld import turn_clockwise
from scanstraat.ocrpagina import Kader, OcrPagina, Regel, Woord, build_kader
from scanstraat.zandbak import Grenzen, Zandbak

SCHAAL_VANAF_DPI = 290.0  # pages of about 300 dpi and up are made smaller before reading; others are read as they are
SCHAAL_BIJ_DPI = 300.0
GOED_GELEZEN = 65.0  # mean word confidence (0 to 100); below it a page is read again
MISSCHIEN_GEDRAAID = 40.0  # upside-down text reads with 10 to 36, upright text of any quality seldom below 40
WEINIG_WOORDEN = 15  # fewer: the layout was not found, which another threshold mends more often than a turn
ORIENTATIE_ZEKER = 0.6  # Tesseract's own measure; low, because the second reading decides
GEDRAAID_BETER = 1.5  # a turned reading must be this much better to be believed
OTSU, SAUVOLA = 0, 2  # Tesseract's thresholding_method: one threshold for the page, or one per neighbourhood
TALEN_PATROON = re.compile(r"[a-z]{3}(_[a-z]{3,4})?")
TESSDATA_PLAATSEN = ("/usr/share/tesseract-ocr", "/usr/share/tessdata", "/usr/local/share/tessdata")


def ocr_schaal(schaal: float, dpi: float) -> float:
    """Return how much smaller the page is read. `schaal` is for 300 dpi; finer scans shrink to the same size."""
    return min(1.0, schaal * SCHAAL_BIJ_DPI / max(dpi, SCHAAL_BIJ_DPI)) if dpi >= SCHAAL_VANAF_DPI else 1.0


def kies_drempel(vorige: OcrPagina | None) -> int:
    """Return with which threshold to read a page first, given the page read before it in the same document.

    Pages of one document come from one paper and one scanner: where Sauvola was needed and a page still read badly, the
    next one is seldom read by Otsu, and trying that first costs half a page.
    """
    moeizaam = vorige is not None and vorige.drempel == SAUVOLA and (vorige.woordzekerheid or 0.0) < GOED_GELEZEN
    return SAUVOLA if moeizaam else OTSU


def find_leesrichting(regels: Sequence[Regel]) -> int:
    """Return how far clockwise a page must be turned for most of its text to run from left to right: 0, 90 or 270."""
    stemmen = dict.fromkeys((0, 90, 270), 0)
    for regel in regels:
        links, boven, rechts, onder = regel.kader
        eerste, laatste = regel.woorden[0], regel.woorden[-1]
        staand = onder - boven > rechts - links and len(regel.woorden) > 1
        omlaag = eerste.kader[1] < laatste.kader[1]
        stemmen[(270 if omlaag else 90) if staand else 0] += sum(len(woord.tekst) for woord in regel.woorden)
    return max(stemmen, key=lambda graden: stemmen[graden])


def find_tessdata() -> Path:
    """Return the folder with Tesseract's language models; InstellingError when there is none."""
    plaatsen = [Path(os.environ["TESSDATA_PREFIX"])] if "TESSDATA_PREFIX" in os.environ else []
    for naam in TESSDATA_PLAATSEN:
        plaatsen += [Path(naam), *sorted(Path(naam).glob("*/tessdata"), reverse=True)]
    for plaats in plaatsen:
        if any(plaats.glob("*.traineddata")):
            return plaats
    raise InstellingError("Tesseract is niet geïnstalleerd. Voer uit: apt-get install tesseract-ocr tesseract-ocr-nld")


def check_talen(talen: Sequence[str], *, orientatie: bool = True) -> None:
    """Raise InstellingError, naming the Debian packages, when a language model that the profile asks for is missing."""
    fout = [taal for taal in talen if not TALEN_PATROON.fullmatch(taal)]
    if fout or not talen:
        raise InstellingError(
            f'talen = {list(talen)} klopt niet: gebruik codes van drie letters, zoals "nld" of "fra".'
        )
    map_ = find_tessdata()
    nodig = [*talen, "osd"] if orientatie else list(talen)
    ontbreekt = [taal for taal in nodig if not (map_ / f"{taal}.traineddata").is_file()]
    if ontbreekt:
        pakketten = " ".join("tesseract-ocr-" + taal.replace("_", "-") for taal in ontbreekt)
        raise InstellingError(f"Deze talen voor tekstherkenning ontbreken. Voer uit: apt-get install {pakketten}")


class Motor(ABC):
    """An OCR engine for one set of languages, kept warm by its process."""

    def __init__(self, talen: Sequence[str]) -> None:
        check_talen(talen, orientatie=False)
        self.talen = tuple(talen)
        self.tessdata = find_tessdata()

    @abstractmethod
    def herken(self, grijs: Image.Image, dpi: float, drempel: int) -> tuple[Regel, ...]:
        """Read a grey image as it lies; `drempel` is OTSU or SAUVOLA.

        Raises:
            OcrMislukt: Tesseract gave up on this image.
        """

    @abstractmethod
    def orientatie(self, grijs: Image.Image, dpi: float) -> tuple[int, float] | None:
        """Return how far clockwise the image must be turned to stand upright and how sure that is; None if unknown."""

    def lees(
        self,
        grijs: bytes,
        breedte: int,
        hoogte: int,
        dpi: float,
        schaal: float,
        *,
        orientatie: bool = False,
        opnieuw: bool = True,
        drempel: int = OTSU,
    ) -> OcrPagina:
        """Read one page.

        Args:
            grijs: one byte per pixel, rows from top to bottom without padding; 0 is black.
            breedte, hoogte: its size in px.
            dpi: its resolution.
            schaal: of a 300 dpi page for reading, above 0 to 1 (see `ocr_schaal`).
            orientatie: also find out whether the page lies on its side or upside down.
            opnieuw: give a page that reads badly a second try.
            drempel: OTSU or SAUVOLA, for the first try (see `kies_drempel`).
        """
        if len(grijs) != breedte * hoogte:
            raise InvoerError(
                "onleesbaar", "Het beeld voor de tekstherkenning is niet compleet. Probeer de stap opnieuw."
            )
        maat = ocr_schaal(schaal, dpi)
        beeld = Image.frombuffer("L", (breedte, hoogte), grijs, "raw", "L", 0, 1)
        if maat < 1:
            klein = (max(1, round(breedte * maat)), max(1, round(hoogte * maat)))
            beeld = beeld.resize(klein, Image.Resampling.BILINEAR)
        try:
            return _Lezing(self, beeld, dpi * maat, maat).best(orientatie=orientatie, opnieuw=opnieuw, drempel=drempel)
        except OcrMislukt:
            return OcrPagina((), maat, beeld.width, beeld.height, mislukt=True)


class OcrMislukt(Exception):  # noqa: N818 - never leaves this module
    """Tesseract gave up on an image."""


@dataclass
class _Lezing:
    """The readings of one page, and which is best."""

    motor: Motor
    beeld: Image.Image
    dpi: float
    schaal: float

    def best(self, *, orientatie: bool, opnieuw: bool, drempel: int) -> OcrPagina:
        pagina = self.read(0, drempel)
        zoek_draai = orientatie
        if zoek_draai and pagina.woorden >= WEINIG_WOORDEN and self.confidence(pagina) < MISSCHIEN_GEDRAAID:
            pagina, zoek_draai = self.try_turned(pagina), False  # a page on its head has as many words as one upright
        if orientatie:
            pagina = self.follow_text(pagina)
        goed = GOED_GELEZEN if drempel == OTSU else MISSCHIEN_GEDRAAID  # Otsu did worse on the page before this one
        if opnieuw and self.confidence(pagina) < goed:
            tweede = self.read(pagina.draai_graden, SAUVOLA if drempel == OTSU else OTSU)
            if tweede.opbrengst > pagina.opbrengst:
                pagina = self.follow_text(tweede) if orientatie else tweede
        if zoek_draai and self.confidence(pagina) < MISSCHIEN_GEDRAAID:
            pagina = self.try_turned(pagina)
        return pagina

    def follow_text(self, pagina: OcrPagina) -> OcrPagina:
        """Turn a page whose text runs down or up: Tesseract follows that and reads it well, yet it is on its side."""
        staat = find_leesrichting(pagina.regels)
        if not staat or self.confidence(pagina) < MISSCHIEN_GEDRAAID:
            return pagina
        gedraaid = self.read((pagina.draai_graden + staat) % 360, pagina.drempel)
        return gedraaid if self.confidence(gedraaid) >= MISSCHIEN_GEDRAAID else pagina

    def try_turned(self, pagina: OcrPagina) -> OcrPagina:
        gevonden = self.motor.orientatie(self.beeld, self.dpi)
        if gevonden is None or gevonden[0] == 0 or gevonden[1] < ORIENTATIE_ZEKER:
            return pagina
        gedraaid = self.read(gevonden[0], OTSU)
        beter = self.confidence(gedraaid) >= MISSCHIEN_GEDRAAID
        return gedraaid if beter and gedraaid.opbrengst > GEDRAAID_BETER * pagina.opbrengst else pagina

    def read(self, draai: int, drempel: int) -> OcrPagina:
        beeld = turn_clockwise(self.beeld, draai)
        regels = self.motor.herken(beeld, self.dpi, drempel)
        return OcrPagina(regels, self.schaal, beeld.width, beeld.height, draai, drempel=drempel)

    @staticmethod
    def confidence(pagina: OcrPagina) -> float:
        return pagina.woordzekerheid or 0.0


class TesserocrMotor(Motor):
    """Tesseract in this process: no files, no PNG, its models loaded once."""

    def __init__(self, talen: Sequence[str]) -> None:
        super().__init__(talen)
        import tesserocr  # noqa: PLC0415 - not every machine has it; kies_motor decides

        self._lib = tesserocr
        self._api = tesserocr.PyTessBaseAPI(
            path=str(self.tessdata), lang="+".join(self.talen), psm=tesserocr.PSM.AUTO, oem=tesserocr.OEM.LSTM_ONLY
        )
        self._osd: Any = None

    def herken(self, grijs: Image.Image, dpi: float, drempel: int) -> tuple[Regel, ...]:
        self._api.SetVariable("thresholding_method", str(drempel))
        self._set_image(self._api, grijs, dpi)
        try:
            if not self._api.Recognize():
                raise OcrMislukt
            return self._lines()
        except RuntimeError as exc:
            raise OcrMislukt from exc
        finally:
            self._api.Clear()  # frees the page, keeps the models

    def _set_image(self, api: Any, grijs: Image.Image, dpi: float) -> None:
        # Never SetImage(PIL image): it saves the image in its own format first, a JPEG again as JPEG.
        api.SetImageBytes(grijs.tobytes(), grijs.width, grijs.height, 1, grijs.width)
        api.SetSourceResolution(round(dpi))

    def _lines(self) -> tuple[Regel, ...]:
        ril, stap = self._lib.RIL, self._api.GetIterator()
        regels: list[tuple[Kader, Kader, list[Woord], int]] = []
        blok = -1
        while stap is not None and not stap.Empty(ril.WORD):
            blok += stap.IsAtBeginningOf(ril.BLOCK)
            if stap.IsAtBeginningOf(ril.TEXTLINE) or not regels:
                kader = stap.BoundingBox(ril.TEXTLINE)
                lijn = stap.Baseline(ril.TEXTLINE) or ((kader[0], kader[3]), (kader[2], kader[3]))
                regels.append((build_kader(kader), build_kader((*lijn[0], *lijn[1])), [], max(blok, 0)))
            if tekst := stap.GetUTF8Text(ril.WORD).strip():
                regels[-1][2].append(Woord(tekst, build_kader(stap.BoundingBox(ril.WORD)), stap.Confidence(ril.WORD)))
            if not stap.Next(ril.WORD):
                break
        return tuple(Regel(kader, lijn, tuple(woorden), nr) for kader, lijn, woorden, nr in regels if woorden)

    def orientatie(self, grijs: Image.Image, dpi: float) -> tuple[int, float] | None:
        if self._osd is None:
            self._osd = self._lib.PyTessBaseAPI(path=str(self.tessdata), lang="osd", psm=self._lib.PSM.OSD_ONLY)
        self._set_image(self._osd, grijs, dpi)
        try:
            gevonden = self._osd.DetectOrientationScript()
        finally:
            self._osd.Clear()
        if gevonden is None:
            return None
        return (360 - int(gevonden["orient_deg"])) % 360, float(gevonden["orient_conf"])


class PytesseractMotor(Motor):
    """The tesseract program per reading: slower, for machines where tesserocr cannot be installed."""

    def __init__(self, talen: Sequence[str]) -> None:
        super().__init__(talen)
        import pytesseract  # noqa: PLC0415 - only where it is used

        self._lib = pytesseract
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # Debian's tesseract takes every core otherwise

    def herken(self, grijs: Image.Image, dpi: float, drempel: int) -> tuple[Regel, ...]:
        instelling = (
            f"--oem 1 --psm 3 --dpi {round(dpi)} --tessdata-dir {self.tessdata} -c thresholding_method={drempel}"
        )
        try:
            tabel = self._lib.image_to_data(
                grijs, lang="+".join(self.talen), config=instelling, output_type=self._lib.Output.DICT
            )
        except (self._lib.TesseractError, OSError) as exc:
            raise OcrMislukt from exc
        return lines_from_table(tabel)

    def orientatie(self, grijs: Image.Image, dpi: float) -> tuple[int, float] | None:
        try:
            gevonden = self._lib.image_to_osd(
                grijs, config=f"--dpi {round(dpi)} --tessdata-dir {self.tessdata}", output_type=self._lib.Output.DICT
            )
        except (self._lib.TesseractError, OSError):
            return None  # too few characters on the page
        return int(gevonden["rotate"]), float(gevonden["orientation_conf"])


def lines_from_table(tabel: dict[str, list[Any]]) -> tuple[Regel, ...]:
    """Build lines from Tesseract's TSV columns; without a baseline, the lower edge of the line stands for it."""
    regels: dict[tuple[Any, ...], list[Woord]] = {}
    kaders: dict[tuple[Any, ...], Kader] = {}
    for i, niveau in enumerate(tabel["level"]):
        sleutel = tuple(tabel[naam][i] for naam in ("page_num", "block_num", "par_num", "line_num"))
        links, boven = int(tabel["left"][i]), int(tabel["top"][i])
        kader = (links, boven, links + int(tabel["width"][i]), boven + int(tabel["height"][i]))
        if niveau == 4:
            kaders[sleutel] = kader
        elif niveau == 5 and str(tabel["text"][i]).strip():
            woord = Woord(str(tabel["text"][i]).strip(), kader, float(tabel["conf"][i]))
            regels.setdefault(sleutel, []).append(woord)
    return tuple(
        Regel(kaders[s], (kaders[s][0], kaders[s][3], kaders[s][2], kaders[s][3]), tuple(woorden), int(s[1]))
        for s, woorden in regels.items()
    )


@cache
def kies_motor() -> type[Motor]:
    """Return the fastest engine this machine has."""
    return TesserocrMotor if find_spec("tesserocr") is not None else PytesseractMotor


@lru_cache(maxsize=4)
def warm_motor(talen: tuple[str, ...]) -> Motor:
    """Return this process's engine for a set of languages, loaded at its first page."""
    return kies_motor()(talen)


def lees_pagina(gegevens: dict[str, Any], bestanden: list[int]) -> dict[str, Any]:
    """Task of an OCR child: read the grey page in the one descriptor.

    `gegevens`: breedte, hoogte (px), dpi, schaal, talen, orientatie (bool), drempel. Answers `OcrPagina.to_json`.
    """
    breedte, hoogte = int(gegevens["breedte"]), int(gegevens["hoogte"])
    motor = warm_motor(tuple(gegevens["talen"]))
    grijs = os.pread(bestanden[0], breedte * hoogte, 0)
    pagina = motor.lees(
        grijs,
        breedte,
        hoogte,
        float(gegevens["dpi"]),
        float(gegevens["schaal"]),
        orientatie=bool(gegevens["orientatie"]),
        drempel=int(gegevens["drempel"]),
    )
    return pagina.to_json()


class OcrGroep:
    """A number of warm OCR children. Thread-safe: each page takes a child that is free, and waits when none is.

    A child that dies or hits a limit is replaced. A page that was in a child that died gets a second try, since the
    cause may have been outside (the machine ran out of memory, a restart); after that it goes on without text.
    """

    TAAK = "scanstraat.ocr:lees_pagina"

    def __init__(self, aantal: int, grenzen: Grenzen, *, leesmappen: Sequence[Path] = ()) -> None:
        self._alle = [Zandbak(["scanstraat.ocr"], grenzen, vast=True, leesmappen=leesmappen) for _ in range(aantal)]
        self._vrij: queue.SimpleQueue[Zandbak] = queue.SimpleQueue()
        for kind in self._alle:
            self._vrij.put(kind)

    @property
    def aantal(self) -> int:
        """How many pages are read at once."""
        return len(self._alle)

    def lees(
        self,
        grijs: int,
        *,
        breedte: int,
        hoogte: int,
        dpi: float,
        schaal: float,
        talen: Sequence[str],
        orientatie: bool = True,
        vorige: OcrPagina | None = None,
    ) -> OcrPagina:
        """Read one page. `grijs` is a descriptor (a memfd) with breedte x hoogte bytes; it stays the caller's.

        `vorige`: a page of the same document that was read before this one, if any.

        Raises:
            ZandbakError: the sandbox does not start.
        """
        vraag = {
            "breedte": breedte,
            "hoogte": hoogte,
            "dpi": dpi,
            "schaal": schaal,
            "talen": list(talen),
            "orientatie": orientatie,
            "drempel": kies_drempel(vorige),
        }
        with self._child() as kind:
            for poging in (1, 2):
                try:
                    with kind.vraag(self.TAAK, vraag, (grijs,)) as antwoord:
                        return OcrPagina.from_json(antwoord.gegevens)
                except ZandbakGrensError as exc:
                    if exc.code != "gecrasht" or poging == 2:
                        break
        maat = ocr_schaal(schaal, dpi)
        return OcrPagina((), maat, round(breedte * maat), round(hoogte * maat), mislukt=True)

    @contextmanager
    def _child(self) -> Iterator[Zandbak]:
        kind = self._vrij.get()
        try:
            yield kind
        finally:
            self._vrij.put(kind)

    def close(self) -> None:
        """Stop every child."""
        for kind in self._alle:
            kind.close()

    def __enter__(self) -> OcrGroep:
        return self

    def __exit__(
        self, soort: type[BaseException] | None, fout: BaseException | None, spoor: TracebackType | None
    ) -> None:
        self.close()
