"""The technical log: one JSON object per line, for beheerder and monitoring. No names, numbers or text of documents.

What a line holds is an event word, ids, a phase, counts and the class and place of an error.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any, TextIO

import structlog


def configure_log(pad: Path | None = None) -> None:
    """Write log lines as JSON to `pad` (appended), or to standard error."""
    uit: TextIO = sys.stderr if pad is None else _open(pad)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="op"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=uit),
        cache_logger_on_first_use=False,
    )
    handler = _Doorgever()
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _open(pad: Path) -> TextIO:
    pad.parent.mkdir(parents=True, exist_ok=True)
    return pad.open("a", encoding="utf-8", buffering=1)


class _Doorgever(logging.Handler):
    """Hand warnings of libraries on, by name and level only: their texts may hold anything, also file names."""

    def emit(self, record: logging.LogRecord) -> None:
        velden: dict[str, Any] = {"bibliotheek": record.name, "plaats": f"{record.filename}:{record.lineno}"}
        structlog.get_logger("bibliotheek").log(record.levelno, "melding", **velden)
