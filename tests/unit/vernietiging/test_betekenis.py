"""What the log says must be allowed: a story of one destruction, and every way to break it by one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import methodcaller

import pytest

from tests.verhaal import (
    STAP,
    Punt,
    Regel,
    Stap,
    Tijd,
    Verhaal,
    Zaad,
    bevestig,
    bevind,
    blik,
    build_verhaal,
    geef_vrij,
    houdt,
    id_of,
    keur,
    mandaat,
    noem,
    noem_ook,
    scan,
    stel_in,
    stop,
    trek,
    vul,
)
from vernietiging.betekenis import BEKEKEN, SPELING, Betekenis, Klok
from vernietiging.errors import GebeurtenisError, LogboekGewijzigdError, NietVastTeStellenError, OngegrondError
from vernietiging.gebeurtenis import parse_blad

Breuk = Callable[[Verhaal], object]


def test_a_story_with_all_its_grounds_has_no_fault() -> None:
    gezien = build_verhaal().look()
    assert (gezien.fout, gezien.vernietigd) == (None, 1)


def end_mandaat(naam: str) -> Stap:
    return Stap(f"einde {naam}", "mandaat.ingetrokken", "beheerder", naam, {"mandaat": str(id_of(f"mandaat {naam}"))})


def herstel(nummer: int, wie: str, *, onderwerp: str = "herstel", **getallen: int) -> Stap:
    return Stap(f"herstel {nummer}", "herstel.verklaard", wie, onderwerp, {"volgnummer": nummer, **getallen})


def state(wie: str, **gegevens: object) -> tuple[Stap, Stap]:
    """Return the lines of a verklaring and of somebody who agrees to it."""
    pdf = {"pdf": "7b" * 32}
    return (
        Stap("verklaring", "verklaring.opgemaakt", "div", "verklaring", dict(pdf)),
        Stap("akkoord", "verklaring.ondertekend", wie, "verklaring", pdf | gegevens),
    )


ALLES_KWIJT, NIETS_KWIJT = 0, 10_000  # how many lines the record still knew when it was put back


def lose_split(v: Verhaal, *, bekend: int) -> None:
    """Split and sealed as one document more; then the record goes back, and it is sealed as it was."""
    v.erbij("uitgevoerd", replace(edit("redacteur", soort="splits"), onderwerp="batch a"),
            Stap("zegel", "batch.verzegeld", "lijn", "batch a", {"documenten": 0, "uitzonderingen": 3}),
            herstel(1, "een", bekend=bekend), herstel(2, "beheerder", bekend=bekend),
            Stap("opnieuw", "batch.verzegeld", "lijn", "batch a", {"documenten": 0, "uitzonderingen": 2}))  # fmt: skip


def ontleed(batch: str, documenten: int) -> Stap:
    return Stap(f"ontleed {batch}", "batch.ontleed", "lijn", batch, {"documenten": documenten})


def lift_late(v: Verhaal, waarop: str) -> Verhaal:
    return v.erbij("opgedragen", stop(waarop), Stap("op", "stop.opgeheven", "beheerder", f"stop {waarop}"))


def edit(wie: str, *, soort: str = "draai") -> Stap:
    return Stap("bewerking later", "bewerking", wie, "batch a", {"soort": soort})


def bind_to_a_longer_one(v: Verhaal, batch: str) -> None:
    """One of the batches in the doos falls under a besluit that asks a day."""
    v.erbij("besluit", Stap("langer", "besluit.vastgelegd", "beheerder", "langer", {"bedenktijd_dagen": 1}, versie=2))
    v.erbij(f"gebonden {batch}", Stap("opnieuw", "batch.gebonden", "beheerder", batch, {
        "besluit": str(id_of("langer")), "handboek": str(id_of("handboek"))}))  # fmt: skip


def propose_again(v: Verhaal) -> None:
    """The same list a second time, with other content, and the second release is about that."""
    v.erbij("vrijgave 1", Stap("voorgesteld 2", "lijst.voorgesteld", "div", "lijst"))
    v.anders("vrijgave 2", gegevens={"voorgesteld": Regel("voorgesteld 2")})


def release_what_was_not_looked_at(v: Verhaal) -> None:
    v.erbij("blik lijst", Stap("voorgesteld 2", "lijst.voorgesteld", "div", "lijst"))
    for naam in ("vrijgave 1", "vrijgave 2"):
        v.anders(naam, gegevens={"voorgesteld": Regel("voorgesteld 2")})


def redraw_from_a_later_checkpoint(v: Verhaal) -> None:
    v.verplaats("getrokken batch b", "voorgesteld lijst")
    v.verplaats("gekeurd batch b", "getrokken batch b")
    v.punten["gekeurd batch a"] = (False, None)
    v.anders(
        "getrokken batch b",
        gegevens={"checkpoint": Punt("gekeurd batch a"), "zaad": Zaad("gekeurd batch a", "batch b")},
    )


def approve_twice(v: Verhaal) -> None:
    v.anders("gekeurd batch a", soort="batch.afgekeurd")
    v.erbij("gekeurd batch a", keur("batch a", "controleur", naam="nog eens"))


def approve_by_one_who_edits_later(v: Verhaal) -> None:
    """Sealed and judged again since, by somebody else's word; the first controleur edited in between."""
    v.erbij("besluit", mandaat("een", "controleur", naam="mandaat een 2"))
    v.anders("gekeurd batch a", actor="een")


def hide_a_batch(v: Verhaal) -> None:
    v.zonder("weg batch b")
    v.anders("uitgevoerd", gegevens={"batches": 1, "bladen": 3})


def name_one_twice(v: Verhaal) -> None:
    v.anders("weg batch b", onderwerp="batch a", gegevens={"goedgekeurd": Regel("gekeurd batch a")})


def name_one_once_more(v: Verhaal) -> None:
    v.erbij("weg batch a", noem("batch a", 3, naam="nog eens"))
    v.anders("uitgevoerd", gegevens={"batches": 3})


def name_one_twice_with_its_sheets(v: Verhaal) -> None:
    """A batch in the place of another, as many sheets together."""
    name_one_twice(v)
    v.zonder("gevuld batch b")
    v.anders("weg batch b", gegevens={"bladen": 3})
    v.anders("uitgevoerd", gegevens={"bladen": 6})


def destroy_again(v: Verhaal) -> None:
    v.erbij("uitgevoerd", replace(v.stappen[-1], naam="nog eens"))


def destroy_again_with_batches(v: Verhaal) -> None:
    v.erbij("uitgevoerd", *(replace(stap, naam=f"{stap.naam} 2") for stap in v.stappen[-3:]))


def look_again(v: Verhaal) -> None:
    """The first look failed, so it is done until it does not."""
    v.anders("blik lijst", gegevens={"geslaagd": False})
    v.erbij("blik lijst", replace(v.stappen[v.nummer("blik lijst")], naam="blik 2", gegevens={
        **v.stappen[v.nummer("blik lijst")].gegevens, "geslaagd": True,
    }))  # fmt: skip
    v.anders("uitgevoerd", gegevens={"laatste_blik": Regel("blik 2")})


def rely_on_the_look_at_another_doos(v: Verhaal) -> None:
    v.erbij("blik lijst", *(replace(stap, naam=f"{stap.naam} 2") for stap in blik(
        "lijst", "doos 2", punt="voorgesteld lijst"
    )))  # fmt: skip
    v.anders("blik lijst 2", gegevens={"getrokken": Regel("blik getrokken lijst 2")})
    v.anders("uitgevoerd", gegevens={"laatste_blik": Regel("blik lijst 2")})


def rely_on_the_look_for_another_list(v: Verhaal) -> None:
    v.erbij("gevuld batch b", Stap("voorgesteld lijst 2", "lijst.voorgesteld", "div", "lijst 2"))
    v.erbij("blik lijst", *blik("lijst 2", "doos", punt="voorgesteld lijst"))
    v.anders("uitgevoerd", gegevens={"laatste_blik": Regel("blik lijst 2")})


def look_after_the_anchor(v: Verhaal) -> None:
    v.verplaats("blik lijst", "verankering")


def approve_after_the_anchor(v: Verhaal) -> None:
    v.verplaats("gekeurd batch b", "verankering")


def approve_after_the_release(v: Verhaal) -> None:
    v.verplaats("gekeurd batch b", "vrijgave 1")


def order_on_a_withdrawn_list(v: Verhaal) -> None:
    v.erbij("vrijgave 2", Stap("lijst weg", "lijst.ingetrokken", "div", "lijst"))
    v.punten["lijst weg"] = v.punten.pop("vrijgave 2")
    for naam in ("opgedragen", "verankering"):
        v.anders(naam, gegevens={"checkpoint": Punt("lijst weg")})
    v.zonder("verankering")


def lose(**gegevens: object) -> Stap:
    return Stap("weg", "vernietiging.zonder_grond", "div", "doos", {"opgedragen": Regel("opgedragen"), **gegevens})


def fail(naam: str = "mislukt", **gegevens: object) -> Stap:
    velden = {"opgedragen": Regel("opgedragen"), "deels": False, **gegevens}
    return Stap(naam, "vernietiging.mislukt", "div", "doos", velden, versie=2)


def part(naam: str = "deels", **gegevens: object) -> Stap:
    return fail(naam, deels=True, **gegevens)


def order_for_another_list(v: Verhaal, *erbij: Stap) -> None:
    """Two lists released and ordered; a list does not say which dozen are on it."""
    v.erbij(
        "blik lijst",
        Stap("voorgesteld lijst 2", "lijst.voorgesteld", "div", "lijst 2", versie=2),
        geef_vrij(1, "een", naam="ander 1", lijst="lijst 2"),
        geef_vrij(2, "twee", naam="ander 2", lijst="lijst 2"),
    )
    eerste = v.stappen[v.nummer("opgedragen")]
    v.erbij("opgedragen", replace(eerste, naam="opgedragen 2", onderwerp="lijst 2", gegevens={
        "vrijgave_1": Regel("ander 1"), "vrijgave_2": Regel("ander 2"), "checkpoint": Punt("vrijgave 2"),
    }), *erbij)  # fmt: skip


def withdraw_release(v: Verhaal, na: str) -> None:
    v.erbij(na, Stap("vrijgave weg", "vrijgave.ingetrokken", "een", "lijst", {"vrijgave": Regel("vrijgave 1")}))


def set_the_clock_back(v: Verhaal) -> None:
    """For the second release, by somebody whose mandaat ended the day before."""
    v.anders("mandaat twee", gegevens={"tot": "2026-03-01"})
    v.anders("vrijgave 2", op=-timedelta(days=1))


def set_the_clock_forward(v: Verhaal) -> None:
    """For the first release, by somebody whose mandaat begins the day after."""
    v.anders("mandaat een", gegevens={"van": "2026-03-03"})
    v.anders("vrijgave 1", op=timedelta(days=1))


# What is broken, the line that the verifier names, and a part of what it says.
def reset(v: Verhaal, wie: str, door: str, *erbij: Stap, dagen: int = 0, op: timedelta = timedelta(0)) -> Verhaal:
    """Somebody with the mandaat for it gives somebody who has an account a new password."""
    beheer = [] if door == "beheerder" else [mandaat(door, "functioneel_beheerder", naam=f"beheer {door}")]
    eerste = stel_in(wie, wie, naam=f"eerste {wie}")
    return v.erbij("besluit", *beheer, eerste, stel_in(wie, door, dagen=dagen, op=op), *erbij)


def reset_in_a_row(v: Verhaal) -> None:
    """The one takes the account of a beheerder, and with that account the one of who releases first."""
    reset(v, "een", "beheerder")
    reset(v, "beheerder", "twee")


def confirm_with_a_taken_account(v: Verhaal) -> None:
    reset(v, "een", "beheerder", bevestig("een", "arie"))
    reset(v, "arie", "beheerder")
    v.erbij("besluit", mandaat("arie", "functioneel_beheerder"))


BREUKEN: list[tuple[str, Breuk, str, str]] = [
    # people
    ("nobody gives themselves a mandaat", lambda v: v.anders("mandaat twee", actor="twee"), "mandaat twee", "mandaat"),
    ("only a beheerder gives one", lambda v: v.anders("mandaat twee", actor="div"), "mandaat twee", "beheerder"),
    ("a beheerder gives none to himself", lambda v: v.erbij("besluit", mandaat(
        "beheerder", "gemandateerde", naam="zelf")), "zelf", "zichzelf"),
    ("what is not given is not taken back", lambda v: v.erbij("besluit", replace(
        end_mandaat("een"), onderwerp="twee")), "einde een", "er niet is"),
    ("taking back twice", lambda v: v.erbij("uitgevoerd", end_mandaat("een"), replace(
        end_mandaat("een"), naam="nog eens")), "nog eens", "er niet is"),
    # sealing
    ("another archive file than was archived", lambda v: v.anders("gearchiveerd versie a1", gegevens={"pdf": "0" * 64}),
     "verzegeld versie a1", "archiefbestand"),
    ("another archive file than was delivered", lambda v: v.anders("bevestigd versie a1", gegevens={"pdf": "0" * 64}),
     "verzegeld versie a1", "archiefbestand"),
    ("another archive file than both", lambda v: v.anders("verzegeld versie a1", gegevens={"pdf": "0" * 64}),
     "verzegeld versie a1", "archiefbestand"),
    ("the delivery of another versie", lambda v: v.anders(
        "verzegeld versie a2", gegevens={"bevestigd": Regel("bevestigd versie a1")}), "verzegeld versie a2",
     "iets anders"),
    ("no delivery", lambda v: v.anders(
        "verzegeld versie a1", gegevens={"bevestigd": Regel("gearchiveerd versie a1")}), "verzegeld versie a1",
     "niet aflevering.bevestigd"),
    ("an archive file that is no PDF/A", lambda v: v.anders("gearchiveerd versie a1", gegevens={"conform": False}),
     "verzegeld versie a1", "niet bewezen"),
    ("an archive file with other pixels", lambda v: v.anders("gearchiveerd versie a1", gegevens={"getrouw": False}),
     "verzegeld versie a1", "niet bewezen"),
    ("a document that was not sealed", lambda v: v.zonder("verzegeld versie a2"), "verzegeld batch a", "niet elk"),
    ("a document sealed twice in the place of another", lambda v: v.anders(
        "verzegeld versie a2", onderwerp="versie a1", gegevens=v.stappen[v.nummer("verzegeld versie a1")].gegevens),
     "verzegeld batch a", "niet elk"),
    ("a document more than the batch has", lambda v: v.anders("verzegeld batch b", gegevens={"documenten": 0}),
     "verzegeld batch b", "niet elk"),
    ("a document of another batch", lambda v: v.anders(
        "verzegeld versie a2", gegevens={"batch": str(id_of("batch b"))}), "verzegeld batch a", "niet elk"),
    ("a besluit that was never made", lambda v: v.zonder("besluit"), "gebonden batch a", "niet is vastgelegd"),
    # the draw
    ("another seed", lambda v: v.anders("getrokken batch a", gegevens={"zaad": "0" * 64}), "getrokken batch a",
     "dat checkpoint"),
    ("the seed of another batch", lambda v: v.anders("getrokken batch a", gegevens={
        "zaad": Zaad("verzegeld batch b", "batch b")}), "getrokken batch a", "dat checkpoint"),
    ("the seed of a later checkpoint than the first", redraw_from_a_later_checkpoint, "getrokken batch b", "eerste"),
    ("a checkpoint from before the sealing", lambda v: v.anders("getrokken batch a", gegevens={"checkpoint": 3}),
     "getrokken batch a", "eerste"),
    ("a checkpoint that is still to come", lambda v: v.anders("getrokken batch a", gegevens={"checkpoint": 999}),
     "getrokken batch a", "eerste"),
    ("the sealing of another batch", lambda v: v.anders("getrokken batch a", gegevens={
        "verzegeld": Regel("verzegeld batch b")}), "getrokken batch a", "iets anders"),
    # the verdict
    ("another manifest", lambda v: v.anders("gekeurd batch a", gegevens={"manifest": "0" * 64}), "gekeurd batch a",
     "manifest"),
    ("the draw of another batch", lambda v: v.anders("gekeurd batch a", gegevens={
        "getrokken": Regel("getrokken batch b")}), "gekeurd batch a", "iets anders"),
    ("a controleur who edited it", lambda v: v.anders("bewerking a", actor="controleur"), "gekeurd batch a", "zelf"),
    ("a controleur without a mandaat", lambda v: v.zonder("mandaat controleur"), "gekeurd batch a", "controleur"),
    ("a controleur with another mandaat", lambda v: v.anders("gekeurd batch a", actor="een"), "gekeurd batch a",
     "controleur"),
    ("a mandaat that was taken back", lambda v: v.erbij("besluit", end_mandaat("controleur")), "gekeurd batch a",
     "controleur"),
    ("a mandaat that ended yesterday", lambda v: v.anders("mandaat controleur", gegevens={"tot": "2026-03-01"}),
     "gekeurd batch a", "controleur"),
    ("a mandaat that begins tomorrow", lambda v: v.anders("mandaat controleur", gegevens={"van": "2026-03-03"}),
     "gekeurd batch a", "controleur"),
    ("a batch that changed since the draw", lambda v: v.erbij("getrokken batch b", Stap(
        "vervallen", "goedkeuring.vervallen", "lijn", "batch a")), "gekeurd batch a", "veranderd"),
    ("a batch that was edited since the draw", lambda v: v.erbij("getrokken batch b", edit("redacteur")),
     "gekeurd batch a", "veranderd"),
    ("judged until it is good", approve_twice, "nog eens", "al gekeurd"),
    ("rejected by one without a mandaat", lambda v: v.anders(
        "gekeurd batch a", soort="batch.afgekeurd", actor="div"), "gekeurd batch a", "controleur"),
    # the doos
    ("more out of a doos than was in it", lambda v: v.erbij("gevuld batch a", vul(
        "batch a", 4, soort="doos.geleegd", naam="leeg")), "leeg", "niet kan zijn"),
    ("paper into a doos that is gone", lambda v: v.erbij("uitgevoerd", vul("batch a", 1, naam="later")), "later",
     "niet kan zijn"),
    # the list and the last look
    ("a draw for a list that does not exist", lambda v: v.anders("blik getrokken lijst", gegevens={
        "voorgesteld": Regel("gevuld batch b")}), "blik getrokken lijst", "niet lijst.voorgesteld"),
    ("a draw for another list", lambda v: v.anders("blik getrokken lijst", gegevens={"lijst": str(id_of("lijst 2"))}),
     "blik getrokken lijst", "iets anders"),
    ("another seed for the last look", lambda v: v.anders("blik getrokken lijst", gegevens={"zaad": "0" * 64}),
     "blik getrokken lijst", "dat checkpoint"),
    ("a look at what was drawn for another doos", lambda v: v.anders("blik lijst", onderwerp="doos 2"), "blik lijst",
     "iets anders"),
    ("a look for another list than was drawn for", lambda v: v.anders("blik lijst", gegevens={
        "lijst": str(id_of("lijst 2"))}), "blik lijst", "de lijst"),
    ("a look by one without a mandaat", lambda v: v.anders("blik lijst", actor="redacteur"), "blik lijst", "mandaat"),
    ("a look again until it succeeds", look_again, "blik 2", "al gedaan"),
    # the releases
    ("a release of other content", lambda v: v.anders("vrijgave 2", gegevens={"inhoud": "0" * 64}), "vrijgave 2",
     "inhoud"),
    ("a release of another list", lambda v: v.anders("vrijgave 2", onderwerp="lijst 2"), "vrijgave 2", "iets anders"),
    ("a release without a mandaat", lambda v: v.zonder("mandaat twee"), "vrijgave 2", "gemandateerde"),
    ("a release with the mandaat of a controleur", lambda v: v.anders("vrijgave 2", actor="controleur"), "vrijgave 2",
     "gemandateerde"),
    ("a release by a mandaat that was taken back", lambda v: v.erbij("vrijgave 1", end_mandaat("twee")), "vrijgave 2",
     "gemandateerde"),
    ("what is taken back is no release", lambda v: v.erbij("vrijgave 1", Stap(
        "weg", "vrijgave.ingetrokken", "een", "lijst", {"vrijgave": Regel("blik lijst")})), "weg", "niet vrijgave"),
    ("a release of another list is taken back", lambda v: v.erbij("vrijgave 1", Stap(
        "weg", "vrijgave.ingetrokken", "een", "lijst 2", {"vrijgave": Regel("vrijgave 1")})), "weg", "iets anders"),
    # the order
    ("the same person twice", lambda v: v.anders("vrijgave 2", actor="een"), "opgedragen", "dezelfde persoon"),
    ("the same release twice", lambda v: v.anders("opgedragen", gegevens={"vrijgave_2": Regel("vrijgave 1")}),
     "opgedragen", "dezelfde persoon"),
    ("two first releases", lambda v: v.anders("vrijgave 2", gegevens={"volgnummer": 1}), "opgedragen", "een eerste"),
    ("releases of a list that was proposed again", propose_again, "opgedragen", "lijst"),
    ("no second release", lambda v: v.anders("opgedragen", gegevens={"vrijgave_2": Regel("blik lijst")}),
     "opgedragen", "niet vrijgave"),
    ("releases of another list", lambda v: v.anders("opgedragen", onderwerp="lijst 2"), "opgedragen", "iets anders"),
    ("a release that was taken back before the order", lambda v: withdraw_release(v, "verankering"), "opgedragen",
     "ingetrokken"),
    ("a list that was taken back", order_on_a_withdrawn_list, "opgedragen", "de lijst is ingetrokken"),
    ("an order by one without a mandaat", lambda v: v.anders("opgedragen", actor="redacteur"), "opgedragen", "mandaat"),
    ("an order on no anchor", lambda v: v.punten.update({"vrijgave 2": (False, None)}), "opgedragen", "niet verankerd"),
    ("an order on no checkpoint", lambda v: v.anders("opgedragen", gegevens={"checkpoint": Regel("vrijgave 2")}),
     "opgedragen", "niet verankerd"),
    ("an order on an anchor from before the releases", lambda v: v.anders("opgedragen", gegevens={
        "checkpoint": Punt("voorgesteld lijst")}), "opgedragen", "omvat niet alles"),
    ("an order on an anchor that is still to come", lambda v: v.anders("opgedragen", gegevens={
        "checkpoint": Punt("uitgevoerd")}), "opgedragen", "omvat niet alles"),
    # the execution
    ("a release that was taken back after the order", lambda v: withdraw_release(v, "opgedragen"), "uitgevoerd",
     "ingetrokken"),
    ("a doos that was destroyed before", destroy_again, "nog eens", "al eerder"),
    ("a doos that was destroyed before, with its batches", destroy_again_with_batches, "uitgevoerd 2", "al eerder"),
    ("a last look that failed", lambda v: v.anders("blik lijst", gegevens={"geslaagd": False}), "uitgevoerd",
     "niet geslaagd"),
    ("a last look at another doos", rely_on_the_look_at_another_doos, "uitgevoerd", "iets anders"),
    ("a last look for another list", rely_on_the_look_for_another_list, "uitgevoerd", "iets anders"),
    ("no last look", lambda v: v.anders("uitgevoerd", gegevens={"laatste_blik": Regel("blik getrokken lijst")}),
     "uitgevoerd", "niet laatste_blik.gedaan"),
    ("no order", lambda v: v.anders("uitgevoerd", gegevens={"opgedragen": Regel("voorgesteld lijst")}), "uitgevoerd",
     "niet vernietiging.opgedragen"),
    ("a list that was proposed again since the look", release_what_was_not_looked_at, "uitgevoerd", "bekeken lijst"),
    ("an order that came to nothing", lambda v: v.erbij("opgedragen", fail()), "uitgevoerd", "al mislukt"),
    ("gone without grounds after it was destroyed", lambda v: v.erbij("uitgevoerd", lose()), "weg", "al eerder"),
    ("gone without grounds and without an order", lambda v: v.erbij("opgedragen", lose(opgedragen=Regel("vrijgave 1"))),
     "weg", "verwijst"),
    ("gone without grounds, says one without a mandaat", lambda v: v.erbij("opgedragen", replace(
        lose(), actor="redacteur")), "weg", "mandaat"),
    ("destroyed after it was gone without grounds", lambda v: v.erbij("opgedragen", lose()), "uitgevoerd", "al eerder"),
    ("nothing went, after part of it did", lambda v: v.erbij("opgedragen", part(), fail("toch")), "toch",
     "al een deel"),
    ("part went twice", lambda v: v.erbij("opgedragen", part(), part("weer")), "weer", "al een deel"),
    ("part went after nothing did, and then the rest", lambda v: v.erbij("opgedragen", fail(), part()), "uitgevoerd",
     "al mislukt"),
    ("part went after it was destroyed", lambda v: v.erbij("uitgevoerd", part()), "deels", "al eerder"),
    ("part went, and the rest with another list", lambda v: order_for_another_list(
        v, part(opgedragen=Regel("opgedragen 2"))), "uitgevoerd", "niet met een andere lijst"),
    ("part went with one list, and part with another", lambda v: order_for_another_list(
        v, part(), part("weer", opgedragen=Regel("opgedragen 2"))), "weer", "niet met een andere lijst"),
    ("part went, and the rest without grounds with another list", lambda v: order_for_another_list(
        v, part(), lose(opgedragen=Regel("opgedragen 2"))), "weg", "niet met een andere lijst"),
    ("a look at what is left, for another list", lambda v: order_for_another_list(v, part(), *blik(
        "lijst 2", "doos", punt="vrijgave 2")), "blik getrokken lijst 2", "niet met een andere lijst"),
    ("a sheet taken out of what is left", lambda v: v.erbij("opgedragen", part(), vul(
        "batch b", 1, soort="doos.geleegd", naam="leeg")), "leeg", "niet kan zijn"),
    *((f"part of it gone under a stop on the {waarop}", lambda v, waarop=waarop: v.erbij(
        "opgedragen", stop(waarop), fail(deels=True)), "mislukt", "een deel van het papier")
      for waarop in ("doos", "besluit")),
    ("agreed to by one without a mandaat", lambda v: v.erbij("uitgevoerd", *state("div")), "akkoord", "mandaat"),
    ("agreed to another verklaring", lambda v: v.erbij("uitgevoerd", *state("een", pdf="5a" * 32)), "akkoord",
     "niet gelijk"),
    ("agreed to what was never made", lambda v: v.erbij("uitgevoerd", state("een")[1]), "akkoord", "niet gelijk"),
    ("failing after it was destroyed", lambda v: v.erbij("uitgevoerd", fail()), "mislukt", "al eerder"),
    ("failing without an order", lambda v: v.erbij("opgedragen", fail(opgedragen=Regel("vrijgave 1"))), "mislukt",
     "een regel vrijgave"),
    ("no batch is named", lambda v: v.zonder("weg batch a", "weg batch b"), "uitgevoerd", "niet elke batch"),
    ("no batch is named, and none is counted", lambda v: (v.zonder("weg batch a", "weg batch b"), v.anders(
        "uitgevoerd", gegevens={"batches": 0, "bladen": 0})), "uitgevoerd", "niet elke batch"),
    ("a batch is not named", lambda v: v.zonder("weg batch b"), "uitgevoerd", "niet elke batch"),
    ("a batch that lies in the doos is hidden", hide_a_batch, "uitgevoerd", "bladen"),
    ("a batch is named twice in the place of another", name_one_twice, "uitgevoerd", "bladen"),
    ("a batch is named once more", name_one_once_more, "uitgevoerd", "bladen"),
    ("a batch is named twice", name_one_twice_with_its_sheets, "uitgevoerd", "bladen"),
    ("a batch that never lay there", lambda v: v.zonder("gevuld batch b"), "uitgevoerd", "bladen"),
    ("a batch that lies in another doos", lambda v: v.anders("gevuld batch b", onderwerp="doos 2"), "uitgevoerd",
     "bladen"),
    ("a batch that was taken out", lambda v: v.erbij("gevuld batch b", vul(
        "batch b", 2, soort="doos.geleegd", naam="leeg")), "uitgevoerd", "bladen"),
    ("a sheet that was not counted", lambda v: v.anders("gevuld batch a", gegevens={"bladen": 4}), "uitgevoerd",
     "bladen"),
    ("sheets that do not add up", lambda v: v.anders("uitgevoerd", gegevens={"bladen": 6}), "uitgevoerd", "bladen"),
    ("a sheet put in after it was proposed", lambda v: (v.anders("gevuld batch b", gegevens={"bladen": 1}), v.erbij(
        "vrijgave 1", vul("batch b", 1, naam="erbij"))), "uitgevoerd", "veranderd sinds zij op de lijst kwam"),
    ("a batch that was not approved", lambda v: v.anders("gekeurd batch b", soort="batch.afgekeurd"), "uitgevoerd",
     "niet batch.goedgekeurd"),
    ("the approval of another batch", lambda v: v.anders("weg batch b", gegevens={
        "goedgekeurd": Regel("gekeurd batch a")}), "uitgevoerd", "iets anders"),
    ("a batch that changed since", lambda v: v.erbij("vrijgave 1", Stap(
        "vervallen", "goedkeuring.vervallen", "lijn", "batch a")), "uitgevoerd", "veranderd sinds zij is goedgekeurd"),
    ("a batch that was edited since, though nobody voided it", lambda v: v.erbij("opgedragen", edit("redacteur")),
     "uitgevoerd", "veranderd sinds zij is goedgekeurd"),
    *((f"{soort} in a batch since", lambda v, soort=soort: v.erbij("opgedragen", Stap(
        "later", soort, "beheerder", "batch a", {"document": str(id_of("document"))})), "uitgevoerd",
       "veranderd sinds zij is goedgekeurd")
      for soort in ("uitzondering.vastgelegd", "uitzondering.ingetrokken", "document.ontkoppeld")),
    ("a batch that was sealed again", lambda v: v.erbij("opgedragen", Stap(
        "opnieuw", "batch.verzegeld", "lijn", "batch a", {"documenten": 0, "uitzonderingen": 2})), "uitgevoerd",
     "veranderd sinds zij is goedgekeurd"),
    ("a split of before what was lost", lambda v: lose_split(v, bekend=NIETS_KWIJT), "opnieuw", "verdwenen"),
    ("a document less when it was sealed again", lambda v: v.erbij("opgedragen", Stap(
        "opnieuw", "batch.verzegeld", "lijn", "batch a", {"documenten": 0, "uitzonderingen": 1})), "opnieuw",
     "verdwenen"),
    *((f"a document less than there was, and {soort}", lambda v, soort=soort: v.erbij(
        "gescand batch b", ontleed("batch b", 2), replace(edit("redacteur", soort=soort), onderwerp="batch b")),
       "verzegeld batch b", "verdwenen") for soort in ("draai", "vervang", "invoegen", "splits", "scanoperator")),
    ("a batch that was approved after the release", approve_after_the_release, "uitgevoerd", "na de vrijgave"),
    ("a batch under no besluit", lambda v: v.zonder("gebonden batch b"), "uitgevoerd", "geen besluit"),
    ("released by who approved", approve_by_one_who_edits_later, "uitgevoerd", "keurde of bewerkte zelf"),
    ("released by who edited", lambda v: v.anders("bewerking a", actor="twee"), "uitgevoerd", "keurde of bewerkte"),
    ("looked at by who edited", lambda v: v.anders("bewerking a", actor="div"), "uitgevoerd", "keurde of bewerkte"),
    ("looked at by who approved", lambda v: v.anders("blik lijst", actor="controleur"), "uitgevoerd",
     "keurde of bewerkte"),
    ("approved by who scanned", lambda v: v.anders("gescand batch a", gegevens={"wie": str(id_of("controleur"))}),
     "gekeurd batch a", "scande of bewerkte deze batch zelf"),
    ("approved by who was named before a correction", lambda v: v.erbij("besluit", scan(
        "batch a", "controleur", naam="eerst")), "gekeurd batch a", "scande of bewerkte deze batch zelf"),
    ("approved by who said who scanned", lambda v: v.erbij("gescand batch a", scan(
        "batch a", "ander", naam="later", door="controleur")), "gekeurd batch a", "scande of bewerkte"),
    ("approved by who turns out to have scanned", lambda v: v.erbij("vrijgave 2", scan(
        "batch a", "controleur", naam="later", door="beheerder")), "uitgevoerd", "keurde, scande of bewerkte"),
    ("approved by who scanned under another name", lambda v: v.erbij("besluit", noem_ook("controleur", "scanner")),
     "gekeurd batch a", "scande of bewerkte"),
    ("approved by who turns out to go by that name", lambda v: v.erbij("vrijgave 2", noem_ook("controleur", "scanner")),
     "uitgevoerd", "keurde, scande of bewerkte"),
    ("looked at by who scanned", lambda v: v.anders("gescand batch a", gegevens={"wie": str(id_of("div"))}),
     "uitgevoerd", "scande, keurde of bewerkte"),
    ("released by who scanned", lambda v: v.anders("gescand batch b", gegevens={"wie": str(id_of("twee"))}),
     "uitgevoerd", "scande, keurde of bewerkte"),
    ("released twice by one human of two names", lambda v: v.erbij("vrijgave 2", noem_ook("een", "twee")),
     "opgedragen", "dezelfde persoon"),
    ("a name that was of another human", lambda v: v.erbij("besluit", noem_ook("een", "naam"), noem_ook(
        "twee", "naam", naam="ook")), "ook", "twee mensen"),
    ("a name of themselves", lambda v: v.erbij("besluit", noem_ook("een", "een")), "naam een", "twee mensen"),
    ("a name by one without a mandaat", lambda v: v.erbij("besluit", noem_ook("een", "naam", door="div")), "naam naam",
     "mandaat"),
    ("a batch of which nobody knows who scanned it", lambda v: v.zonder("gescand batch b"), "uitgevoerd",
     "niet bekend wie haar scande"),
    ("a batch of which it is said that nobody knows", lambda v: v.erbij("vrijgave 2", scan(
        "batch b", "batch b", naam="later")), "uitgevoerd", "niet bekend wie haar scande"),
    ("a finding that keeps the paper for good", lambda v: v.erbij("vrijgave 2", bevind(
        "batch b", naam="later", houdt=1)), "uitgevoerd", "bevinding die haar papier houdt"),
    ("a serious finding that nobody looked at", lambda v: v.anders("bevonden batch a", gegevens={
        "open_ernstig": 1}), "uitgevoerd", "bevinding die haar papier houdt"),
    ("an older form that says less", lambda v: v.erbij("gescand batch b", Stap(
        "oud", "batch.scanoperator", "lijn", "batch b")), "oud", "oudere vorm"),
    # whose eyes
    ("released too soon after a reset", lambda v: reset(v, "een", "beheerder", dagen=7), "vrijgave 1", "te vroeg"),
    ("released a minute too soon after a reset", lambda v: reset(v, "een", "beheerder", dagen=1, op=timedelta(
        hours=-18)), "vrijgave 1", "te vroeg"),
    ("judged too soon after a reset", lambda v: reset(v, "controleur", "beheerder", dagen=1), "gekeurd batch a",
     "te vroeg"),
    ("looked too soon after a reset", lambda v: reset(v, "div", "beheerder", dagen=1), "blik lijst", "te vroeg"),
    ("a second reset that waits shorter", lambda v: reset(v, "een", "beheerder", stel_in(
        "een", "beheerder", naam="nog eens"), dagen=7), "vrijgave 1", "te vroeg"),
    ("an own new password in between", lambda v: reset(v, "een", "beheerder", stel_in(
        "een", "een", naam="zelf"), dagen=7), "vrijgave 1", "te vroeg"),
    ("released twice by who reset the other", lambda v: reset(v, "een", "twee"), "opgedragen", "dezelfde persoon"),
    ("released twice by who was reset by one", lambda v: (reset(v, "een", "arie"), v.erbij(
        "ingesteld een", stel_in("twee", "twee", naam="eerste twee"), stel_in("twee", "arie"))), "opgedragen",
     "dezelfde persoon"),
    ("released twice by who reset who reset the other", reset_in_a_row, "opgedragen", "dezelfde persoon"),
    ("confirmed after the releases", lambda v: (reset(v, "een", "twee"), v.erbij(
        "vrijgave 2", bevestig("een", "beheerder"))), "opgedragen", "dezelfde persoon"),
    ("released by who reset the controleur", lambda v: reset(v, "controleur", "een"), "uitgevoerd", "bewerkte zelf"),
    ("released by who was reset by the controleur", lambda v: reset(v, "een", "controleur"), "uitgevoerd",
     "bewerkte zelf"),
    ("released by who reset an editor", lambda v: reset(v, "redacteur", "twee"), "uitgevoerd", "bewerkte zelf"),
    ("looked at by who was reset by an editor", lambda v: reset(v, "div", "redacteur"), "uitgevoerd", "bewerkte zelf"),
    ("judged by who reset an editor", lambda v: reset(v, "redacteur", "controleur"), "gekeurd batch a",
     "scande of bewerkte"),
    ("judged by who was reset by an editor", lambda v: reset(v, "controleur", "redacteur"), "gekeurd batch a",
     "scande of bewerkte"),
    ("judged by who reset who said who scanned", lambda v: (reset(v, "arie", "controleur"), v.erbij(
        "gescand batch b", scan("batch b", "ander", naam="later", door="arie"))), "gekeurd batch b",
     "scande of bewerkte"),
    ("a reset by one without a mandaat", lambda v: v.erbij("besluit", stel_in("een", "een", naam="eerste"), stel_in(
        "een", "div")), "ingesteld een", "mandaat"),
    ("confirmed by who reset it", lambda v: reset(v, "een", "beheerder", bevestig("een", "beheerder")),
     "bevestigd een", "bevestigt haar niet"),
    ("confirmed by whose it is", lambda v: reset(v, "een", "beheerder", mandaat(
        "een", "functioneel_beheerder", naam="ook"), bevestig("een", "een")), "bevestigd een", "bevestigt haar niet"),
    ("confirmed with an account that they took", confirm_with_a_taken_account, "bevestigd een", "bevestigt haar niet"),
    ("confirmed by one without a mandaat", lambda v: reset(v, "een", "beheerder", bevestig("een", "div")),
     "bevestigd een", "mandaat"),
    ("confirmed what nobody reset", lambda v: v.erbij("besluit", bevestig("een", "beheerder")), "bevestigd een",
     "niemand opnieuw instelde"),
    ("approved after the anchor", approve_after_the_anchor, "uitgevoerd", "na de vrijgave"),
    ("looked at after the anchor", look_after_the_anchor, "uitgevoerd", "omvat niet alles"),
    ("recorded by one without a mandaat", lambda v: v.anders("uitgevoerd", actor="redacteur"), "uitgevoerd", "mandaat"),
    *((f"a stop on {waarop}", lambda v, waarop=waarop: v.erbij("opgedragen", stop(waarop)), "uitgevoerd", "een stop")
      for waarop in ("doos", "besluit", "een", "twee", "div", "controleur", "redacteur")),
    *((f"a stop on {waarop} that was lifted after the paper went", lambda v, waarop=waarop: lift_late(v, waarop),
       "uitgevoerd", "een stop") for waarop in ("doos", "besluit", "een", "controleur")),
    ("a stop that was on it from the start", lambda v: v.erbij("besluit", stop("doos")), "uitgevoerd", "een stop"),
    ("another stop was lifted", lambda v: v.erbij("besluit", stop("doos"), Stap(
        "op", "stop.opgeheven", "beheerder", "stop twee")), "uitgevoerd", "een stop"),
    ("a stop that was lifted by one without a mandaat", lambda v: v.erbij("besluit", stop("doos"), Stap(
        "op", "stop.opgeheven", "redacteur", "stop doos")), "op", "mandaat"),
    ("a stop that was lifted by a controleur", lambda v: v.erbij("besluit", stop("doos"), Stap(
        "op", "stop.opgeheven", "controleur", "stop doos")), "op", "mandaat"),
    ("a stop on a document in the doos", lambda v: v.erbij("opgedragen", stop("document"), houdt("document")),
     "uitgevoerd", "een stop"),
    ("a stop on a document that came into the doos later", lambda v: (
        v.erbij("besluit", stop("document")), v.erbij("gevuld batch b", houdt("document"))), "uitgevoerd", "een stop"),
    ("a stop that lets go for no reason", lambda v: v.erbij(
        "gevuld batch b", stop("document"), houdt("document"), houdt("document", los=True)), "los document",
     "niets is veranderd"),
    ("a stop that lets go for a reason of before", lambda v: (
        v.erbij("gevuld batch a", stop("document"), houdt("document")),
        v.erbij("voorgesteld lijst", houdt("document", naam="nog eens"), houdt("document", los=True))),
     "los document", "niets is veranderd"),
    ("a stop on a doos that lets go", lambda v: v.erbij(
        "besluit", stop("doos"), houdt("doos", los=True)), "los doos", "niets is veranderd"),
    # time
    ("ordered within the bedenktijd", lambda v: v.anders("besluit", gegevens={"bedenktijd_dagen": 1}), "uitgevoerd",
     "bedenktijd"),
    *((f"ordered within the longer bedenktijd of {batch}", lambda v, batch=batch: bind_to_a_longer_one(v, batch),
       "uitgevoerd", "bedenktijd") for batch in ("batch a", "batch b")),
    ("ordered within a bedenktijd without end", lambda v: v.anders("besluit", gegevens={"bedenktijd_dagen": 2**53 - 1}),
     "uitgevoerd", "bedenktijd"),
    ("gone before the order", lambda v: v.anders("uitgevoerd", gegevens={
        "uitgevoerd_op": Tijd("opgedragen", -timedelta(seconds=1))}), "uitgevoerd", "tussen opdracht"),
    ("gone after it was recorded", lambda v: v.anders("uitgevoerd", gegevens={
        "uitgevoerd_op": Tijd("uitgevoerd", timedelta(seconds=1))}), "uitgevoerd", "tussen opdracht"),
    ("gone on a day that does not exist", lambda v: v.anders("uitgevoerd", gegevens={
        "uitgevoerd_op": "2026-02-30T10:00:00Z"}), "uitgevoerd", "bestaat niet"),
    ("stamped when the paper was gone", lambda v: v.punten.update({"vrijgave 2": (True, 5 * STAP)}), "uitgevoerd",
     "nog geen tijdstempel"),
    ("the clock set back", set_the_clock_back, "uitgevoerd", "tijdstempels"),
    ("the clock set forward", set_the_clock_forward, "uitgevoerd", "tijdstempels"),
    ("the clock set back to approve", lambda v: v.anders("gekeurd batch b", op=-timedelta(days=1)), "uitgevoerd",
     "tijdstempels"),
    ("the clock set back to look", lambda v: v.anders("blik lijst", op=-timedelta(days=1)), "uitgevoerd",
     "tijdstempels"),
    ("the clock set back to order", lambda v: v.anders("opgedragen", op=-timedelta(days=1)), "uitgevoerd",
     "tijdstempel"),
    ("the clock set forward to record", lambda v: v.anders("uitgevoerd", op=timedelta(days=1)), "uitgevoerd",
     "tijdstempels"),
    # the log about itself
    ("an anchor with other evidence", lambda v: v.anders("verankering", gegevens={"bewijs": "0" * 64}), "verankering",
     "tijdstempel of een regel"),
    ("an anchor of another root", lambda v: v.anders("verankering", gegevens={"wortel": "0" * 64}), "verankering",
     "wortel"),
    # going on after something was put back
    ("a herstel of a stranger", lambda v: v.erbij("mandaat twee", herstel(1, "div")), "herstel 1", "mandaat"),
    ("a herstel of which the second is a stranger", lambda v: v.erbij("mandaat twee", herstel(1, "een"), herstel(
        2, "div")), "herstel 2", "mandaat"),
    ("a herstel of one person", lambda v: v.erbij("mandaat twee", herstel(1, "een"), herstel(2, "een")), "herstel 2",
     "dezelfde persoon"),
    ("a herstel without the first", lambda v: v.erbij("mandaat twee", herstel(2, "een")), "herstel 2",
     "zonder de eerste"),
    ("a third herstel", lambda v: v.erbij("mandaat twee", herstel(1, "een"), herstel(3, "twee")), "herstel 3",
     "zonder de eerste"),
    ("a herstel of something else", lambda v: v.erbij("mandaat twee", herstel(1, "een"), herstel(
        2, "twee", onderwerp="ander")), "herstel 2", "zonder de eerste"),
    ("a herstel with other numbers", lambda v: v.erbij("mandaat twee", herstel(1, "een"), herstel(
        2, "twee", omvang=7)), "herstel 2", "omvang"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("breuk", "regel", "zin"), [geval[1:] for geval in BREUKEN], ids=[geval[0] for geval in BREUKEN]
)
def test_a_story_that_is_broken_in_one_thing_is_found_at_its_line(breuk: Breuk, regel: str, zin: str) -> None:
    verhaal = build_verhaal()
    breuk(verhaal)
    fout = verhaal.find_fout()
    assert isinstance(fout, OngegrondError)
    assert str(fout).startswith(f"Regel {verhaal.nummer(regel)}: "), fout
    assert zin in str(fout)


@pytest.mark.parametrize("in_orde", [True, False])
def test_paper_of_which_part_went_is_told_and_whether_that_was_allowed(in_orde: bool) -> None:
    waarop = "doos 2" if in_orde else "doos"
    verhaal = build_verhaal().erbij("opgedragen", stop(waarop), fail(deels=True, in_orde=in_orde)).zonder("uitgevoerd")
    gezien = verhaal.look()
    assert (gezien.fout, gezien.vernietigd, gezien.deels) == (None, 0, 1)
    assert gezien.zonder_grond == ([] if in_orde else [verhaal.nummer("mislukt")])


def test_paper_that_went_without_grounds_is_told_apart_from_a_log_that_was_changed() -> None:
    verhaal = build_verhaal().erbij("opgedragen", stop("doos"), lose()).zonder("uitgevoerd")
    gezien = verhaal.look()
    assert (gezien.fout, gezien.vernietigd) == (None, 0)
    assert gezien.zonder_grond == [verhaal.nummer("weg")]


def test_what_was_left_may_go_without_grounds_and_is_told_as_that() -> None:
    verhaal = build_verhaal().erbij("opgedragen", part(), stop("doos"), lose()).zonder("uitgevoerd")
    gezien = verhaal.look()
    assert (gezien.fout, gezien.zonder_grond) == (None, [verhaal.nummer("weg")])


def cut_release_short(v: Verhaal) -> None:
    """Taken back, and released again by both."""
    v.erbij("vrijgave 2", Stap("weg", "vrijgave.ingetrokken", "een", "lijst", {"vrijgave": Regel("vrijgave 1")}),
            Stap("weg 2", "vrijgave.ingetrokken", "een", "lijst", {"vrijgave": Regel("vrijgave 2")}),
            geef_vrij(1, "twee", naam="opnieuw 1"), geef_vrij(2, "een", naam="opnieuw 2"))  # fmt: skip
    v.punten["opnieuw 2"] = v.punten.pop("vrijgave 2")
    v.zonder("verankering")
    v.anders("opgedragen", gegevens={
        "vrijgave_1": Regel("opnieuw 1"), "vrijgave_2": Regel("opnieuw 2"), "checkpoint": Punt("opnieuw 2"),
    })  # fmt: skip


def approve_anew(v: Verhaal) -> None:
    """Rejected, edited, sealed, drawn and approved."""
    v.anders("gekeurd batch b", soort="batch.afgekeurd", naam="afgekeurd")
    herstel = replace(edit("redacteur"), onderwerp="batch b")
    versie = v.stappen[v.nummer("verzegeld versie b1")]
    zegel = v.stappen[v.nummer("verzegeld batch b")]
    v.erbij("afgekeurd", herstel, replace(versie, naam="versie 2"), replace(zegel, naam="zegel 2"),
            trek("batch b", punt="zegel 2", naam="trek 2", zegel="zegel 2"),
            keur("batch b", "controleur", getrokken="trek 2"))  # fmt: skip
    v.punten["zegel 2"] = (False, None)


def ask_no_stamps(v: Verhaal) -> None:
    v.punten = {naam: (verankerd, None) for naam, (verankerd, _) in v.punten.items()}


def wait_for_the_order(v: Verhaal) -> None:
    """Everything from the order on is three days later than it would be."""
    v.anders("besluit", gegevens={"bedenktijd_dagen": 3})
    for stap in v.stappen[v.nummer("opgedragen") :]:
        v.anders(stap.naam, op=timedelta(days=3))
    v.anders("uitgevoerd", gegevens={"uitgevoerd_op": Tijd("opgedragen", STAP)})
    v.punten["uitgevoerd"] = (True, timedelta(days=3, seconds=30))


GOED: list[tuple[str, Breuk]] = [
    ("a finding that somebody settled after it was judged", lambda v: v.erbij(
        "gekeurd batch b", bevind("batch b", naam="open", ernstig=1), bevind("batch b", naam="klaar"))),
    ("released again after it was taken back", cut_release_short),
    ("approved after a rejection and a repair", approve_anew),
    ("a policy that asks no stamps", ask_no_stamps),
    ("a besluit of which the log does not know the bedenktijd", lambda v: v.erbij("besluit", Stap(
        "besluit", "besluit.vastgelegd", "beheerder", "besluit")).zonder("besluit")),
    ("a bedenktijd that was over", wait_for_the_order),
    ("a stop on something else", lambda v: v.erbij("besluit", stop("doos 2"), stop("arie"))),
    ("agreed to by a gemandateerde", lambda v: v.erbij("uitgevoerd", *state("een"))),
    ("as many documents as there were", lambda v: v.erbij("gescand batch b", ontleed("batch b", 1))),
    *((f"a document less, by {soort}", lambda v, soort=soort: v.erbij(
        "gescand batch b", ontleed("batch b", 2), replace(edit("redacteur", soort=soort), onderwerp="batch b")))
      for soort in ("weglaten", "voegsamen", "verplaats", "ongedaan")),
    ("a stop that was lifted before the paper went", lambda v: lift_late(v, "doos").anders(
        "uitgevoerd", gegevens={"uitgevoerd_op": Tijd("op", timedelta(seconds=1))})),
    ("a stop that was lifted", lambda v: v.erbij("besluit", stop("doos"), Stap(
        "op", "stop.opgeheven", "beheerder", "stop doos"))),
    ("a stop of which the paper is taken out", lambda v: (
        v.anders("gevuld batch a", gegevens={"bladen": 5}), v.erbij(
            "gevuld batch b", stop("document"), houdt("document"),
            vul("batch a", 2, soort="doos.geleegd", naam="leeg"), houdt("document", los=True)))),
    ("a stop of which the document got another zaak", lambda v: v.erbij(
        "gevuld batch b", stop("zaak"), houdt("zaak"),
        Stap("elders", "document.gekoppeld", "div", "batch b", {"document": str(id_of("document"))}),
        houdt("zaak", los=True))),
    ("a stop that lets go twice", lambda v: v.erbij("besluit", stop("zaak"), houdt("zaak", los=True))),
    ("a stop that was lifted when it was said to hold", lambda v: v.erbij("besluit", stop("zaak"), Stap(
        "op", "stop.opgeheven", "arie", "stop zaak"), houdt("zaak")).erbij("besluit", mandaat("arie", "archivaris"))),
    ("a mandaat of this day alone", lambda v: v.anders("mandaat een", gegevens={
        "van": "2026-03-02", "tot": "2026-03-02"})),
    ("a mandaat that ends after it was used", lambda v: v.erbij("uitgevoerd", end_mandaat("een"))),
    ("a mandaat beside one that ended", lambda v: v.erbij("besluit", mandaat(
        "een", "archivaris", naam="ander", tot="2026-02-01"))),
    ("saying who scanned it", lambda v: v.erbij("gekeurd batch a", edit("een", soort="scanoperator"))),
    ("a log that does not say who scanned", lambda v: v.zonder("gescand batch a", "gescand batch b")),
    ("a log of the first versions", lambda v: (v.zonder("gescand batch a", "gescand batch b"), v.erbij(
        "besluit", Stap("gescand", "batch.scanoperator", "controleur", "batch a"), Stap(
            "naam", "persoon.naam", "een", "een")))),
    ("who scanned was not known at first", lambda v: v.erbij("besluit", scan("batch a", "batch a", naam="eerst"))),
    ("the first persoon has another name", lambda v: (v.erbij("mandaat beheerder", noem_ook(
        "beheerder", "fleur")), v.verplaats("mandaat beheerder", "naam fleur"))),
    ("a name that is said twice", lambda v: v.erbij("besluit", noem_ook("een", "naam"), noem_ook(
        "een", "naam", naam="ook"))),
    ("a first account by another", lambda v: v.erbij("besluit", stel_in("een", "twee", dagen=7))),
    ("an own new password", lambda v: v.erbij("besluit", stel_in("een", "een"), stel_in(
        "een", "een", dagen=7, naam="later"))),
    ("a reset that waited long enough", lambda v: reset(v, "een", "beheerder", dagen=7, op=-timedelta(days=7))),
    ("a reset that another confirmed", lambda v: (reset(v, "een", "twee", bevestig("een", "beheerder"), dagen=7))),
    ("a reset by an outsider", lambda v: reset(v, "een", "beheerder")),
    ("a reset after the decision", lambda v: (reset(v, "beheerder", "twee"), v.erbij("opgedragen", stel_in(
        "een", "een", naam="eerste een"), stel_in("een", "twee", dagen=7)))),
    ("a reset in a log of the first version", lambda v: v.erbij("besluit", *(Stap(
        naam, "aanmelding.gewijzigd", door, "een") for naam, door in (("eerst", "een"), ("later", "twee"))))),
    ("sheets taken out before the list", lambda v: (v.anders("gevuld batch a", gegevens={"bladen": 5}), v.erbij(
        "gevuld batch b", vul("batch a", 2, soort="doos.geleegd", naam="leeg")))),
    ("another batch taken out again", lambda v: v.erbij("gevuld batch b", vul("batch c", 1), vul(
        "batch c", 1, soort="doos.geleegd", naam="leeg"))),
    ("failing of another doos", lambda v: v.erbij("opgedragen", replace(fail(), onderwerp="doos 2"))),
    ("part of it went before, under the same order", lambda v: v.erbij("opgedragen", part())),
    ("part went, in a log of the first version", lambda v: v.erbij("opgedragen", replace(part(), versie=1))),
    ("part went with another list, in a log of the first version", lambda v: order_for_another_list(
        v, replace(part(opgedragen=Regel("opgedragen 2")), versie=1))),
    ("another list taken back", lambda v: v.erbij("opgedragen", Stap("weg", "lijst.ingetrokken", "div", "lijst 2"))),
    ("a change of the batch after it is gone", lambda v: v.erbij("uitgevoerd", edit("een"))),
    ("looked at by who releases", lambda v: v.anders("blik lijst", actor="een")),
    ("a herstel of two people, and a mandaat that is taken back once more", lambda v: v.erbij(
        "mandaat twee", mandaat("arie", "archivaris"), end_mandaat("arie"), herstel(1, "een"), herstel(2, "beheerder"),
        replace(end_mandaat("arie"), naam="nog eens"))),
    ("a split that was lost with the record", lambda v: lose_split(v, bekend=ALLES_KWIJT)),
    ("a clock that is half an hour behind", lambda v: v.anders("vrijgave 2", op=-timedelta(minutes=30))),
]  # fmt: skip


@pytest.mark.parametrize("verandering", [geval[1] for geval in GOED], ids=[geval[0] for geval in GOED])
def test_what_may_be_is_no_false_alarm(verandering: Breuk) -> None:
    verhaal = build_verhaal()
    verandering(verhaal)
    gezien = verhaal.look()
    assert (gezien.fout, gezien.vernietigd) == (None, 1)


VERWIJZINGEN = [
    (stap.naam, veld)
    for stap in build_verhaal().stappen
    for veld, waarde in stap.gegevens.items()
    if isinstance(waarde, Regel)
]


@pytest.mark.parametrize("verder", [0, 1, 500])
@pytest.mark.parametrize(("naam", "veld"), VERWIJZINGEN)
def test_no_line_rests_on_itself_or_on_a_later_one(naam: str, veld: str, verder: int) -> None:
    verhaal = build_verhaal()
    verhaal.anders(naam, gegevens={veld: Regel(naam, verder)})
    fout = verhaal.find_fout()
    assert isinstance(fout, OngegrondError)
    assert f"Regel {verhaal.nummer(naam)}: verwijst naar regel {verhaal.nummer(naam) + verder}" in str(fout)


@pytest.mark.parametrize(("naam", "veld"), VERWIJZINGEN)
def test_every_reference_to_any_other_line_is_found(naam: str, veld: str) -> None:
    """Whatever earlier line it is: one of another kind, or of the same kind about something else."""
    heel = build_verhaal()
    goed = parse_blad(heel.build()[0][heel.nummer(naam)]).gegevens[veld]
    for nummer in range(heel.nummer(naam)):
        verhaal = build_verhaal()
        verhaal.anders(naam, gegevens={veld: nummer})
        fout = verhaal.find_fout()
        assert (fout is None) is (nummer == goed), (naam, veld, nummer)
        assert fout is None or isinstance(fout, OngegrondError)


def test_no_line_of_a_person_can_be_said_by_a_stranger() -> None:
    for stap in build_verhaal().stappen[1:]:
        verhaal = build_verhaal()
        verhaal.anders(stap.naam, actor="vreemde")
        geeft_niets = {"lijn", "redacteur"}  # what the line does by itself, and who edited
        vrij = stap.actor in geeft_niets or stap.soort in {
            "besluit.vastgelegd", "batch.gebonden", "doos.gevuld", "lijst.voorgesteld", "vernietiging.batch",
        }  # fmt: skip
        assert (verhaal.find_fout() is None) is vrij, stap.naam


def test_a_checkpoint_that_is_gone_is_not_called_proven() -> None:
    """Of which the seed came, or which a line says was anchored."""
    verhaal = build_verhaal()
    for naam, zin in (("verzegeld batch b", "steekproef"), ("vrijgave 2", "verankerd")):
        omvang = verhaal.nummer(naam) + 1
        fout = verhaal.find_fout(methodcaller("pop", omvang))
        assert isinstance(fout, NietVastTeStellenError)
        assert zin in str(fout)


def test_only_the_first_fault_is_told() -> None:
    verhaal = build_verhaal()
    verhaal.zonder("mandaat een", "mandaat twee")
    bladen, punten = verhaal.build()
    betekenis = Betekenis(bladen.__getitem__, punten)
    for nummer, stap in enumerate(verhaal.stappen):
        if stap.soort in BEKEKEN:
            betekenis.look(nummer, bladen[nummer])
    betekenis.look(999, b"not even looked at")
    assert str(betekenis.fout).startswith(f"Regel {verhaal.nummer('vrijgave 1')}: ")


def test_a_line_that_is_no_line_any_more_when_it_is_looked_up_is_no_proof() -> None:
    verhaal = build_verhaal()
    bladen, punten = verhaal.build()
    betekenis = Betekenis(lambda _nummer: b"{}", punten)
    with pytest.raises(GebeurtenisError):
        for nummer, stap in enumerate(verhaal.stappen):
            if stap.soort in BEKEKEN:
                betekenis.look(nummer, bladen[nummer])


def test_what_the_log_on_disk_has_against_a_look_up_is_kept() -> None:
    def lees(_nummer: int) -> bytes:
        raise LogboekGewijzigdError("er ontbreekt een deel")

    verhaal = build_verhaal()
    bladen, punten = verhaal.build()
    betekenis = Betekenis(lees, punten)
    betekenis.look(verhaal.nummer("verzegeld versie a1"), bladen[verhaal.nummer("verzegeld versie a1")])
    assert str(betekenis.fout) == "er ontbreekt een deel"


def test_keys_of_commitments_may_be_erased() -> None:
    """It needs numbers and ids alone: no field that is a commitment, and no stored file, is ever looked at."""
    verhaal = build_verhaal()
    bladen, punten = verhaal.build()
    kaal = []
    for blad in bladen:
        inhoud = json.loads(blad)
        for naam in ("kenmerk", "toelichting", "feiten", "opdracht", "certificaat", "oordeel", "trekking"):
            if naam in inhoud["gegevens"]:
                inhoud["gegevens"][naam] = "77" * 32
        kaal.append(json.dumps(inhoud, sort_keys=True, separators=(",", ":")).encode())
    assert kaal != bladen
    betekenis = Betekenis(kaal.__getitem__, punten)
    for nummer, (stap, blad) in enumerate(zip(verhaal.stappen, kaal, strict=True)):
        if stap.soort in BEKEKEN:
            betekenis.look(nummer, blad)
    assert (betekenis.fout, betekenis.vernietigd) == (None, 1)


MOMENT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(("regel", "verschil", "mogelijk"), [
    (9, timedelta(0), True),
    (9, SPELING, True),
    (9, SPELING + timedelta(seconds=1), False),
    (9, -timedelta(days=400), True),  # nothing was stamped before it
    (10, -SPELING, True),
    (10, -SPELING - timedelta(seconds=1), False),
    (10, timedelta(days=1) + SPELING, True),
    (10, timedelta(days=1, seconds=1) + SPELING, False),
    (20, timedelta(days=1) - SPELING, True),
    (20, timedelta(days=1, seconds=-1) - SPELING, False),
    (20, timedelta(days=400), True),  # nothing is stamped after it yet
])  # fmt: skip
def test_the_clock_may_differ_by_an_hour_and_no_more(regel: int, verschil: timedelta, mogelijk: bool) -> None:
    """A checkpoint of 10 lines was stamped at noon, one of 20 a day later."""
    klok = Klok([(20, MOMENT + timedelta(days=1)), (10, MOMENT)])
    assert klok.is_mogelijk(regel, MOMENT + verschil) is mogelijk
    assert Klok([]).is_mogelijk(regel, MOMENT + verschil)


def test_a_stamp_that_came_late_says_nothing_of_what_was_stamped_early() -> None:
    """The second checkpoint was stamped before the first; both bind what is in them and what is not."""
    klok = Klok([(10, MOMENT + timedelta(days=1)), (20, MOMENT)])
    assert klok.is_mogelijk(5, MOMENT)
    assert not klok.is_mogelijk(5, MOMENT + timedelta(hours=2))
    assert not klok.is_mogelijk(25, MOMENT)
    assert klok.is_mogelijk(25, MOMENT + timedelta(days=1))


def test_the_story_names_every_kind_that_the_verifier_looks_at() -> None:
    """So that a rule cannot be added without a test of it."""
    genoemd = {stap.soort for stap in build_verhaal().stappen}
    for breuk in (*(geval[1] for geval in BREUKEN), *(geval[1] for geval in GOED)):
        verhaal = build_verhaal()
        breuk(verhaal)
        genoemd |= {stap.soort for stap in verhaal.stappen}
    assert genoemd >= BEKEKEN
