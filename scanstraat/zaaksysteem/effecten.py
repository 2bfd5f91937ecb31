"""Adapter: the answers of a zaaksysteem in our own database, so that a retry after a crash does not do things twice.

Every call is one short transaction of its own: the answer must be on disk before the next request goes out, whatever
happens to the transaction of the caller.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session

from scanstraat import db
from scanstraat.tables import EffectRow
from scanstraat.zaaksysteem import Begonnen


class EffectenDb:
    """`Effecten` in the table `effect`, on SQLite and on PostgreSQL. Safe for threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, sleutel: str, doel: str, verzoek_sha256: str) -> Begonnen:
        """Record that a request goes out; say what an earlier try under this key has left behind."""
        nu = db.now_text()
        with db.begin(self._engine) as session:
            if _insert_if_absent(session, sleutel=sleutel, doel=doel, verzoek_sha256=verzoek_sha256, begonnen_op=nu):
                return Begonnen(antwoord=None, eerder=False, begonnen_op=nu)
            rij = session.get_one(EffectRow, sleutel, with_for_update=True)
            eerder_op = rij.begonnen_op
            if rij.verzoek_sha256 != verzoek_sha256:  # the answer was to another question
                rij.verzoek_sha256, rij.antwoord, rij.beantwoord_op = verzoek_sha256, None, None
            if rij.antwoord is None:
                rij.doel, rij.begonnen_op = doel, nu
            return Begonnen(antwoord=rij.antwoord, eerder=True, begonnen_op=eerder_op)

    def kijk(self, sleutel: str) -> Begonnen | None:
        """Say what is known under this key; None when nothing was ever begun."""
        with db.read(self._engine) as session:
            rij = session.get(EffectRow, sleutel)
            return None if rij is None else Begonnen(rij.antwoord, eerder=True, begonnen_op=rij.begonnen_op)

    def bewaar(self, sleutel: str, antwoord: dict[str, Any]) -> None:
        """Keep the answer to a request that was begun.

        Raises:
            KeyError: nothing was begun under this key (a bug).
        """
        with db.begin(self._engine, altijd=True) as session:  # it happened, whatever became of the record
            rij = session.get(EffectRow, sleutel, with_for_update=True)
            if rij is None:
                raise KeyError(sleutel)
            rij.antwoord, rij.beantwoord_op = antwoord, db.now_text()

    def vergeet(self, sleutel: str) -> None:
        """Let go of an answer; that the request was once made stays known."""
        with db.begin(self._engine) as session:
            rij = session.get(EffectRow, sleutel, with_for_update=True)
            if rij is not None:
                rij.antwoord, rij.beantwoord_op = None, None


def _insert_if_absent(session: Session, **waarden: Any) -> bool:
    """Insert a row unless the key exists; two workers that come at once get one True between them."""
    dialect = session.get_bind().dialect.name
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(EffectRow)
    rij = insert.values(**waarden).on_conflict_do_nothing(index_elements=["sleutel"]).returning(literal(1))
    return session.execute(rij).first() is not None
