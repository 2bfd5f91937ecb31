"""Care for what is kept: re-read every byte, repair from the copy, clear working copies and say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import col, select

from scanstraat import db, storage
from scanstraat.bootstrap import Basis
from scanstraat.domain import Vingerafdruk
from scanstraat.errors import OpslagError
from scanstraat.tables import ObjectRow, OpruimingRow

LIJN = "onderhoud"  # the name of this part of the line, as an actor


@dataclass(frozen=True)
class Opslaguitslag:
    """What re-reading the store found, in numbers of files; `beschadigd` names what could not be repaired."""

    gelezen: int
    hersteld: int
    beschadigd: tuple[str, ...]  # SHA-256

    @property
    def in_orde(self) -> bool:
        """True when every file is whole now."""
        return not self.beschadigd

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "in_orde": self.in_orde}

    def say(self) -> str:
        """Return the outcome in Dutch, with what to do."""
        begin = f"{self.gelezen} bestanden gelezen, {self.hersteld} hersteld uit de kopie."
        if self.in_orde:
            return f"{begin} Alle bestanden zijn gelijk aan hun vingerafdruk."
        lijst = "\n".join(f"  {sha256}" for sha256 in self.beschadigd)
        return (
            f"{begin}\n{len(self.beschadigd)} bestanden zijn beschadigd of weg en niet te herstellen:\n{lijst}\n"
            "Vernietig geen papier. Zet deze bestanden terug uit de back-up (zie de handleiding)."
        )


def check_objecten(
    basis: Basis, *, meld: Callable[[int, int], None], alleen: Sequence[str] | None = None
) -> Opslaguitslag:
    """Read every object of the record again (or only `alleen`), compare, and repair from the other copy.

    Args:
        meld: is told how many of how many are done.
    """
    with db.read(basis.engine) as session:
        vraag = select(ObjectRow).order_by(col(ObjectRow.sha256))
        rijen = session.exec(vraag if alleen is None else vraag.where(col(ObjectRow.sha256).in_(alleen))).all()
    hersteld, beschadigd = 0, []
    for plek, rij in enumerate(rijen, start=1):
        heel, is_hersteld = _check_object(basis, Vingerafdruk(rij.sha256, rij.sha512, rij.omvang_bytes))
        hersteld += is_hersteld
        if not heel:
            beschadigd.append(rij.sha256)
        _save_verdict(basis, rij.sha256, heel=heel, hersteld=is_hersteld)
        meld(plek, len(rijen))
    return Opslaguitslag(len(rijen), hersteld, tuple(beschadigd))


def _check_object(basis: Basis, verwacht: Vingerafdruk) -> tuple[bool, bool]:
    """Return (whole now, repaired)."""
    controle = basis.opslag.controleer(verwacht.sha256, verwacht)
    if controle.in_orde:
        return True, False
    try:
        basis.opslag.herstel(verwacht.sha256)
    except OpslagError:
        return False, False
    heel = basis.opslag.controleer(verwacht.sha256, verwacht).in_orde
    return heel, heel


def _save_verdict(basis: Basis, sha256: str, *, heel: bool, hersteld: bool) -> None:
    with db.begin(basis.engine) as session:
        rij = session.get_one(ObjectRow, sha256)
        rij.gecontroleerd_op, rij.in_orde = db.now_text(), heel
        session.add(rij)
        if hersteld:
            actor = storage.load_actor(session, LIJN)
            storage.append_gebeurtenis(session, "object.hersteld", actor=actor, onderwerp=actor.log_id, object=sha256)


def clear_werkbestanden(basis: Basis) -> OpruimingRow:
    """Delete working files of the store that are older than the setting, and record that they went."""
    opgeruimd = basis.opslag.ruim_tijdelijk(basis.config.opruimen.werkbestanden_uren * 3600)
    rij = OpruimingRow(
        op=db.now_text(), soort="werkbestand", aantal=opgeruimd.aantal, omvang_bytes=opgeruimd.omvang_bytes
    )
    with db.begin(basis.engine) as session:
        session.add(rij)
    return rij
