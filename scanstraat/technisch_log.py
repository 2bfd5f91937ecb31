"""The technical log: one JSON object per line, for beheerder and monitoring. No names, numbers or text of documents.

What a line holds is an event word, ids, a phase, counts and the class and place of an error.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, TextIO, cast

import structlog


def configure_log(pad: Path | None = None) -> None:
    """Write log lines as JSON to `pad` (appended) or to standard error, also of errors that end a thread."""
    uit = sys.stderr if pad is None else cast(TextIO, _Logbestand(pad))
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
    threading.excepthook = _log_draad


def is_configured() -> bool:
    """Does this process have a log already?"""
    return structlog.is_configured()


def _log_draad(einde: threading.ExceptHookArgs) -> None:
    if einde.exc_value is not None:
        structlog.get_logger("draad").error("draad_gestopt", **describe_fout(einde.exc_value))


def describe_fout(fout: BaseException) -> dict[str, Any]:
    """Return what a log line may say of an unexpected error, enough to find its cause: class, name, places, causes.

    Never its text or arguments: those may hold a name, a file name or words of a document. A name that Python could
    not find, the number of an OSError and the code of a database are words of programs.
    """
    velden: dict[str, Any] = {"fout": type(fout).__name__, **_find_woorden(fout), "plaats": _find_plaatsen(fout)}
    oorzaak = fout.__cause__ or (None if fout.__suppress_context__ else fout.__context__)
    if oorzaak is not None:
        velden["oorzaak"] = describe_fout(oorzaak)
    return velden


def _find_woorden(fout: BaseException) -> dict[str, str]:
    woorden: dict[str, Any] = {}
    if isinstance(fout, NameError | AttributeError | ImportError):
        woorden["naam"] = fout.name
        if isinstance(fout, AttributeError):
            woorden["van"] = type(fout.obj).__name__
    if isinstance(fout, OSError):
        woorden["nummer"] = errno.errorcode.get(fout.errno or 0)
    van_database = getattr(fout, "orig", None)  # of SQLAlchemy; the drivers of SQLite and PostgreSQL name their code
    woorden["code"] = getattr(van_database, "sqlite_errorname", None) or getattr(van_database, "sqlstate", None)
    woorden["spoor"] = getattr(fout, "spoor", None)  # of a child that gave no answer
    return {sleutel: woord for sleutel, woord in woorden.items() if isinstance(woord, str) and _is_woord(woord)}


def _is_woord(tekst: str) -> bool:
    """Is this what a program calls something? A getattr() may be given any text, a child may have been taken over."""
    return (
        re.fullmatch(r"[\w.]{1,80}|signaal [\w?-]+, exitcode [\w?-]+|\w{1,80}(:\w{1,80})?( \w+\.py:\d+)*", tekst)
        is not None
    )


def _find_plaatsen(fout: BaseException) -> list[str]:
    return [
        f"{'/'.join(Path(deel.filename).parts[-2:])}:{deel.lineno} {deel.name}"
        for deel in traceback.extract_tb(fout.__traceback__)
    ]


class _Logbestand:
    """A log file that is opened for each line: most commands write none, and then there is no file either."""

    def __init__(self, pad: Path) -> None:
        self._pad = pad

    def write(self, tekst: str) -> None:
        try:
            self._pad.parent.mkdir(exist_ok=True)
            fd = os.open(self._pad, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o660)
            try:
                os.write(fd, tekst.encode())
            finally:
                os.close(fd)
        except OSError:  # then at least whoever looks on sees it
            sys.stderr.write(tekst)

    def flush(self) -> None:
        """Do nothing: every line is written when it is made."""


class _Doorgever(logging.Handler):
    """Hand warnings of libraries on, by name and level only: their texts may hold anything, also file names."""

    def emit(self, record: logging.LogRecord) -> None:
        velden: dict[str, Any] = {"bibliotheek": record.name, "plaats": f"{record.filename}:{record.lineno}"}
        structlog.get_logger("bibliotheek").log(record.levelno, "melding", **velden)
