"""Prometheus metrics, computed from the record at each question: they are right also after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from sqlmodel import Session, col, select

from scanstraat import db
from scanstraat.bootstrap import Basis
from scanstraat.domain import Stapstatus
from scanstraat.intake import scanmap_boek
from scanstraat.tables import BeeldRow, ObjectRow, StapRow


class _Lijn(Collector):
    def __init__(self, session: Session) -> None:
        self._session = session

    def collect(self) -> Iterator[Metric]:
        stappen = GaugeMetricFamily("scanstraat_stappen", "Steps per phase and state", labels=["fase", "status"])
        for fase, status, aantal in self._session.exec(
            select(StapRow.fase, StapRow.status, sa.func.count()).group_by(col(StapRow.fase), col(StapRow.status))
        ):
            stappen.add_metric([fase, status], aantal)
        yield stappen
        yield from self._times()
        bestanden = GaugeMetricFamily("scanstraat_scanmap_bestanden", "Files per place", labels=["status"])
        for status, aantal in scanmap_boek.tel_bestanden(self._session).items():
            bestanden.add_metric([status], aantal)
        yield bestanden
        yield self._number("scanstraat_beelden", "Page images received", select(sa.func.count()).select_from(BeeldRow))
        yield self._number(
            "scanstraat_opslag_bytes", "Bytes in the store", select(sa.func.sum(col(ObjectRow.omvang_bytes)))
        )
        yield self._number(
            "scanstraat_opslag_beschadigd",
            "Objects in the store that are damaged or gone",
            select(sa.func.count()).where(col(ObjectRow.in_orde).is_(False)),
        )

    def _times(self) -> Iterator[Metric]:
        duur = SummaryMetricFamily("scanstraat_stap_seconden", "How long steps that ended took", labels=["fase"])
        verstreken = self._seconds(col(StapRow.gestart_op), col(StapRow.geeindigd_op))
        for fase, aantal, som in self._session.exec(
            select(StapRow.fase, sa.func.count(), sa.func.sum(verstreken))
            .where(StapRow.status == Stapstatus.KLAAR.value, col(StapRow.gestart_op).is_not(None))
            .group_by(col(StapRow.fase))
        ):
            duur.add_metric([fase], count_value=aantal, sum_value=float(som))
        yield duur
        wachttijd = GaugeMetricFamily("scanstraat_wachttijd_seconden", "Age of the oldest open step", labels=["fase"])
        leeftijd = self._seconds(sa.func.min(StapRow.aangemaakt_op), sa.literal(db.now_text()))
        for fase, seconden in self._session.exec(
            select(StapRow.fase, leeftijd)
            .where(col(StapRow.status).in_([Stapstatus.WACHT.value, Stapstatus.BEZIG.value]))
            .group_by(col(StapRow.fase))
        ):
            wachttijd.add_metric([fase], max(0.0, float(seconden)))
        yield wachttijd

    def _seconds(self, begin: Any, einde: Any) -> Any:
        """Return how many seconds lie between two moments, which are stored as text."""
        if self._session.get_bind().dialect.name == "sqlite":
            return (sa.func.julianday(einde) - sa.func.julianday(begin)) * 86400.0
        moment = sa.DateTime(timezone=True)
        return sa.extract("epoch", sa.cast(einde, moment) - sa.cast(begin, moment))

    def _number(self, naam: str, uitleg: str, vraag: Any) -> GaugeMetricFamily:
        return GaugeMetricFamily(naam, uitleg, value=self._session.execute(vraag).scalar_one() or 0)


def render_metrieken(basis: Basis) -> bytes:
    """Return the metrics in Prometheus' text form."""
    with db.read(basis.engine) as session:
        register = CollectorRegistry(auto_describe=False)
        register.register(_Lijn(session))
        return generate_latest(register)
