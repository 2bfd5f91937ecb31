"""A verklaring states what was executed and nothing else, and never changes: only a new one corrects it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from scanstraat import afronding, db, logboek, papier, personen, storage, verklaren, verklaringscan, vernietigen
from scanstraat.errors import GeenMandaatError, NietMogelijkError
from scanstraat.intake.codes import find_codes
from scanstraat.stukken import take_stuk
from scanstraat.tables import GebeurtenisRow
from scanstraat.tables_bewijs import VerklaringRow, VernietigingslijstRow, VerpaktRow
from scanstraat.verklaren import Selectie
from tests.afrondproef import ARCHIVARIS, CONTROLEUR, DIV, EEN, TWEE, Afrondproef, open_afrondproef
from tests.builders import Batchproef, vandaag
from vernietiging.verificatie import verify_logboek
from vernietiging.verklaring import Periode, Verklaring, Verklaringsoort


@dataclass
class Verklaarproef:
    proef: Afrondproef
    batch: Batchproef
    lijst: VernietigingslijstRow

    def state(self, soort: Verklaringsoort = Verklaringsoort.VERNIETIGING, **anders: Any) -> VerklaringRow:
        selectie = Selectie(lijst=self.lijst.id)
        return afronding.verklaar(self.proef.basis, soort, selectie, self.proef.wie(DIV), **anders)

    def state_anew(self, soort: Verklaringsoort = Verklaringsoort.VERNIETIGING) -> VerklaringRow:
        """State it in the place of the one that stands, if there is one."""
        staand = self.find_staand(soort)
        return self.state(soort, **({"vervangt": staand, "reden": "verkeerde functie"} if staand else {}))

    def find_staand(self, soort: Verklaringsoort = Verklaringsoort.VERNIETIGING) -> str | None:
        with db.read(self.proef.basis.engine) as session:
            return session.exec(
                select(VerklaringRow.nummer)
                .where(VerklaringRow.soort == soort.value)
                .order_by(col(VerklaringRow.nummer).desc())
            ).first()

    def read(self, rij: VerklaringRow) -> Verklaring:
        return Verklaring.from_bytes(self.proef.basis.opslag.pad(rij.gegevens_sha256).read_bytes())


@pytest.fixture(scope="module")
def klaar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verklaarproef]:
    with open_afrondproef(tmp_path_factory.mktemp("verklaren")) as proef:
        batch = proef.add_batch(2, 1)
        proef.add_besluit()
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        opdracht = proef.bring_to_order(lijst, doos)
        with pytest.raises(NietMogelijkError, match="niets vernietigd"):
            Verklaarproef(proef, batch, lijst).state()
        proef.execute(opdracht, doos)
        with pytest.raises(NietMogelijkError, match="nog niet in een verankerd checkpoint"):
            Verklaarproef(proef, batch, lijst).state()
        proef.anchor()
        yield Verklaarproef(proef, batch, lijst)


def test_it_says_who_decided_what_went_and_where_the_log_stood(klaar: Verklaarproef) -> None:
    rij = klaar.state_anew()
    v = klaar.read(rij)
    assert (v.tellingen.dozen, v.tellingen.documenten, v.tellingen.paginas, v.tellingen.bladen) == (1, 2, 3, 3)
    assert {d.id for doos in v.specificatie for d in doos.documenten} == {str(i) for i in klaar.batch.documenten}
    assert [(r.naam, r.lijst) for r in v.vrijgaven] == [(EEN, "Lijst 2026-01"), (TWEE, "Lijst 2026-01")]
    assert [t.naam for t in v.ondertekenaars] == [EEN, TWEE]
    assert {t.functie for t in v.ondertekenaars} == {r.functie for r in v.vrijgaven} == {"gemandateerde"}
    assert v.grondslag[0] == "Archiefwet 1995, artikel 7" and not any("artikel 7 " in a for a in v.grondslag[1:])
    assert (v.besluit.versie, [c.afgekeurd for c in v.controle]) == (1, [0])
    assert [(c.naam, c.getrokken, c.fouten, c.uitslag) for c in v.controle] == [(CONTROLEUR, 3, 0, "goedgekeurd")]
    assert [(c.paginas, c.is_alles) for c in v.controle] == [(3, True)]
    (uitvoering,) = v.uitvoeringen
    assert (uitvoering.bedrijf, uitvoering.container, uitvoering.zegel, uitvoering.niveau) == (
        "Versnipper BV", "C-1", "Z-1", "P-4",
    )  # fmt: skip
    assert v.logboek.getuigen == ("archief",)
    assert [s.naam for s in v.logboek.tijdstempels] == ["tsa1"]
    assert not v.demonstratie


def test_of_a_doos_of_which_part_went_before_the_verklaring_says_so(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(2, 1)
        proef.add_besluit()
        proef.approve(batch.batch)
        doos = proef.box(batch.batch)
        lijst = proef.propose(doos)
        opdracht = proef.bring_to_order(lijst, doos)
        afronding.meld_mislukt(proef.basis, opdracht.id, [doos], "molen vast", proef.wie(DIV), deels=True)
        proef.anchor()
        klaar = Verklaarproef(proef, batch, lijst)
        with pytest.raises(NietMogelijkError, match="niets vernietigd"):
            klaar.state()
        proef.execute(opdracht, doos)
        proef.anchor()
        (uitvoering,) = klaar.read(klaar.state()).uitvoeringen
        assert uitvoering.eerder_deels == uitvoering.dozen == (doos.nummer,)
        assert uitvoering.uitgevoerd_op


def test_the_sheet_that_a_herscan_replaced_is_stated_once_with_its_page(tmp_path: Path) -> None:
    with open_afrondproef(tmp_path) as proef:
        batch = proef.add_batch(2, 1)
        proef.herscan(batch.documenten[0], 1)
        doos = proef.box(batch.batch)
        proef.herscan(batch.documenten[0], 1)  # once more: the herscan in between has no paper either
        with db.read(proef.basis.engine) as session:
            assert papier.count_bladen(session, doos.id) == 3 + 2  # and the scheidingsbladen
            alle = storage.load_batch(session, batch.batch)
            div = personen.actor_of(session, proef.mensen[DIV])
            andere = papier.make_doos(session, "archief", door=div)
            with pytest.raises(NietMogelijkError, match=r"is een herscan\. Het papier daarvan is het blad"):
                papier.fill_doos(session, andere, alle, papier.parse_bladen("6-7"), door=div)
        proef.add_besluit()
        proef.approve(batch.batch)
        lijst = proef.propose(doos)
        trekking = afronding.trek_blik(proef.basis, lijst.id, doos.id)
        with db.read(proef.basis.engine) as session:
            blik = vernietigen.build_blik(session, lijst, doos, trekking)
        assert blik["vellen"] == 5 and {d["vellen"] for d in blik["documenten"]} == {"2-3", "5"}  # all are real sheets
        proef.execute(proef.bring_to_order(lijst, doos, kijker=ARCHIVARIS), doos)
        proef.anchor()
        klaar = Verklaarproef(proef, batch, lijst)
        v = klaar.read(klaar.state())
    assert (v.tellingen.documenten, v.tellingen.paginas, v.tellingen.bladen) == (2, 3, 3)
    eerste = next(d for doos in v.specificatie for d in doos.documenten if d.id == str(batch.documenten[0]))
    assert (eerste.paginas, eerste.versie, sum(r.tot - r.van + 1 for r in eerste.bladen)) == (2, 3, 2)


def test_each_kind_is_numbered_by_itself_and_the_print_holds_the_data(klaar: Verklaarproef) -> None:
    een, twee = klaar.state_anew(), klaar.state_anew()
    vervanging = klaar.state_anew(Verklaringsoort.VERVANGING)
    assert int(twee.nummer[-4:]) == int(een.nummer[-4:]) + 1
    assert vervanging.nummer.startswith("VV-")
    with pikepdf.open(klaar.proef.basis.opslag.pad(een.pdf_sha256)) as pdf:
        inhoud = pdf.attachments["verklaring.json"].get_file().read_bytes()
    assert inhoud == klaar.proef.basis.opslag.pad(een.gegevens_sha256).read_bytes()


def test_a_mistake_is_corrected_by_a_new_one_that_says_why(klaar: Verklaarproef) -> None:
    oud = klaar.state_anew()
    with pytest.raises(NietMogelijkError, match="waarom"):
        klaar.state(vervangt=oud.nummer)
    nieuw = klaar.state(vervangt=oud.nummer, reden="verkeerde functie")
    assert klaar.read(nieuw).vervangt == oud.nummer
    with pytest.raises(NietMogelijkError, match=f"al vervangen door {nieuw.nummer}"):
        klaar.state(vervangt=oud.nummer, reden="nog eens")
    with pytest.raises(NietMogelijkError, match="vervangen door een nieuwere"):
        afronding.onderteken(klaar.proef.basis, oud.nummer, klaar.proef.wie(EEN))
    with pytest.raises(NietMogelijkError, match="andere soort"):
        klaar.state(Verklaringsoort.VERVANGING, vervangt=nieuw.nummer, reden="x")
    with pytest.raises(DBAPIError), db.begin(klaar.proef.basis.engine) as session:
        session.execute(sa.text("update verklaring set reden = 'anders'"))


def test_paper_is_stated_once_unless_the_new_one_says_which_it_replaces(klaar: Verklaarproef) -> None:
    staand = klaar.state_anew()
    for reden in ("", "nog eens"):
        with pytest.raises(NietMogelijkError, match=f"staat al in {staand.nummer}.*--vervangt {staand.nummer}"):
            klaar.state(reden=reden)
    assert klaar.find_staand() == staand.nummer  # a refusal takes no number and stores nothing


def test_only_a_gemandateerde_agrees_and_once(klaar: Verklaarproef) -> None:
    basis, rij = klaar.proef.basis, klaar.state_anew()
    for naam in (CONTROLEUR, DIV, ARCHIVARIS):
        with pytest.raises(GeenMandaatError):
            afronding.onderteken(basis, rij.nummer, klaar.proef.wie(naam))
    assert afronding.onderteken(basis, rij.nummer, klaar.proef.wie(EEN)).pdf_sha256 == rij.pdf_sha256
    with pytest.raises(NietMogelijkError, match="al"):
        afronding.onderteken(basis, rij.nummer, klaar.proef.wie(EEN))


@pytest.mark.parametrize(
    ("van", "tot", "eerder", "verwacht"),
    [
        (None, None, (), ("2026-03-03", "2026-04-05")),  # not the day of the scan, nor the day it is drawn up
        (date(2026, 1, 1), date(2026, 4, 30), (), ("2026-01-01", "2026-04-30")),
        (None, None, ("2026-02-28T23:30:00.000Z",), ("2026-03-01", "2026-04-05")),  # part of a doos went before
        (date(2026, 3, 3), date(2026, 4, 30), ("2026-02-20T10:00:00.000Z",), ("2026-02-20", "2026-04-30")),
    ],
)
def test_the_period_is_that_of_the_destruction(
    van: date | None, tot: date | None, eerder: tuple[str, ...], verwacht: tuple[str, str]
) -> None:
    tijden = ("2026-04-05T09:00:00.000Z", "2026-03-02T23:30:00.000Z")  # the last is the next day here
    selectie = Selectie(van=van, tot=tot)
    assert verklaren._build_periode(selectie, "Europe/Amsterdam", tijden, eerder) == Periode(*verwacht)


def test_a_period_takes_what_was_destroyed_in_it(klaar: Verklaarproef) -> None:
    dag = vandaag()
    basis, wie = klaar.proef.basis, klaar.proef.wie(DIV)
    staand = klaar.state_anew(Verklaringsoort.VERVANGING)
    ruim = Selectie(van=dag - timedelta(days=1), tot=dag + timedelta(days=1))
    with pytest.raises(NietMogelijkError, match=f"staat al in {staand.nummer}.*--vervangt {staand.nummer}"):
        afronding.verklaar(basis, Verklaringsoort.VERVANGING, ruim, wie)
    rij = afronding.verklaar(basis, Verklaringsoort.VERVANGING, ruim, wie, vervangt=staand.nummer, reden="per jaar")
    assert klaar.read(rij).tellingen.dozen == 1
    assert klaar.read(rij).periode == Periode(str(ruim.van), str(dag))  # not beyond the day it was made
    with pytest.raises(NietMogelijkError, match="niets vernietigd"):
        afronding.verklaar(basis, Verklaringsoort.VERVANGING, Selectie(van=date(2020, 1, 1), tot=date(2020, 2, 1)), wie)


def test_who_has_no_part_in_it_states_nothing(klaar: Verklaarproef) -> None:
    selectie = Selectie(lijst=klaar.lijst.id)
    with pytest.raises(GeenMandaatError):
        afronding.verklaar(klaar.proef.basis, Verklaringsoort.VERVANGING, selectie, klaar.proef.wie(CONTROLEUR))


def test_what_changed_after_the_destruction_does_not_change_what_is_stated(klaar: Verklaarproef) -> None:
    voor = klaar.read(klaar.state_anew())
    with db.begin(klaar.proef.basis.engine) as session:
        document = storage.load_document(session, klaar.batch.documenten[0])
        storage.add_versie(session, document, reden="bewerking", actor=storage.load_actor(session, DIV, "persoon"))
    na = klaar.read(klaar.state_anew())
    assert na.specificatie == voor.specificatie


# --- the scan with ink on it ---------------------------------------------------------------------------------------


def scan(klaar: Verklaarproef, rij: VerklaringRow, pad: Path, *, zonder_code: bool = False, soort: str = "PDF") -> Path:
    """Print a verklaring and scan it, a little skewed; `zonder_code` as when a stamp covers its codes."""
    paginas = []
    with pypdfium2.PdfDocument(klaar.proef.basis.opslag.pad(rij.pdf_sha256)) as document:
        for pagina in document:
            beeld = pagina.render(scale=200 / 72, grayscale=True).to_pil().convert("L")
            for code in find_codes(beeld) if zonder_code else ():
                x, y, breed, hoog = code.plaats.x, code.plaats.y, code.plaats.breedte, code.plaats.hoogte
                ImageDraw.Draw(beeld).rectangle((x, y, x + breed, y + hoog), fill=128)
            paginas.append(beeld.rotate(0.7, fillcolor=255))
    paginas[0].save(pad, format=soort, save_all=True, append_images=paginas[1:], resolution=200, dpi=(200, 200))
    return pad


def keep(klaar: Verklaarproef, rij: VerklaringRow, pad: Path, toch: str = "") -> tuple[Any, str]:
    """Keep a scan; return what the event says, and the reason that is packed in it."""
    basis = klaar.proef.basis
    stuk = take_stuk(basis, pad)
    gelezen = verklaringscan.read_nummers(basis, stuk)
    with db.begin(basis.engine) as session:
        sha256 = verklaren.add_scan(session, rij, stuk, klaar.proef.wie(DIV), gelezen, toch=toch)
    assert basis.opslag.pad(sha256).read_bytes() == pad.read_bytes()
    with db.read(basis.engine) as session:
        gebeurtenis = session.exec(
            select(GebeurtenisRow)
            .where(GebeurtenisRow.soort == "verklaring.scan")
            .order_by(col(GebeurtenisRow.volgnummer).desc())
        ).first()
        assert gebeurtenis is not None and gebeurtenis.gegevens["bestand"] == sha256
        verpakt = session.exec(select(VerpaktRow.inhoud).where(VerpaktRow.gebeurtenis_id == gebeurtenis.id)).one()
    return gebeurtenis.gegevens["gelezen"], json.loads(str(verpakt))["reden"]


@pytest.mark.parametrize("soort", ["PDF", "TIFF"])
def test_a_scan_is_known_by_its_code_and_that_of_another_verklaring_is_refused(
    klaar: Verklaarproef, tmp_path: Path, soort: str
) -> None:
    goed, ander = klaar.state_anew(), klaar.state_anew(Verklaringsoort.VERVANGING)
    pad = scan(klaar, goed, tmp_path / "scan", soort=soort)
    assert keep(klaar, goed, pad, toch="niet nodig") == ("code", "")
    for toch in ("", "ik weet het zeker"):
        with pytest.raises(NietMogelijkError, match=f"staat {goed.nummer}, en u bewaart hem bij {ander.nummer}"):
            keep(klaar, ander, pad, toch=toch)


def test_without_its_code_a_scan_is_known_by_the_number_in_its_text(klaar: Verklaarproef, tmp_path: Path) -> None:
    goed, ander = klaar.state_anew(), klaar.state_anew(Verklaringsoort.VERVANGING)
    pad = scan(klaar, goed, tmp_path / "scan.pdf", zonder_code=True)
    assert keep(klaar, goed, pad) == ("tekst", "")
    with pytest.raises(NietMogelijkError, match=rf"{ander.nummer} niet gevonden\. Er staat wel .*{goed.nummer}"):
        keep(klaar, ander, pad)


def test_a_scan_on_which_no_number_can_be_read_is_kept_with_the_reason_alone(
    klaar: Verklaarproef, tmp_path: Path
) -> None:
    rij = klaar.state_anew()
    leeg = tmp_path / "leeg.pdf"
    Image.new("L", (1654, 2339), 255).save(leeg, resolution=200)
    for toch in ("", "  "):
        with pytest.raises(NietMogelijkError, match=r"geen nummer op dat te lezen is.*--toch"):
            keep(klaar, rij, leeg, toch=toch)
    assert keep(klaar, rij, leeg, toch="koffie over de code") == ("niet", "koffie over de code")
    klaar.proef.anchor()
    config = klaar.proef.basis.config
    assert verify_logboek(config.logboek.map, logboek.load_beleid(config)).zonder_grond == ()


def test_the_print_itself_is_no_scan_of_it(klaar: Verklaarproef, tmp_path: Path) -> None:
    rij = klaar.state_anew()
    pad = tmp_path / "verklaring.pdf"
    pad.write_bytes(klaar.proef.basis.opslag.pad(rij.pdf_sha256).read_bytes())
    with pytest.raises(NietMogelijkError, match="zonder handtekening"):
        keep(klaar, rij, pad, toch="zo is het goed")
