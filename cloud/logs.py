"""Structured logs: one JSON object a line on stderr. No health data, no places, no secrets."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final

import psycopg

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
# Exceptions whose words are about programs and machines; those of any other may quote what they were given.
_HARMLESS: Final = (
    OSError,
    TypeError,
    AttributeError,
    AssertionError,
    ImportError,
    NameError,
    ExceptionGroup,
)


def trace(error: BaseException) -> str:
    """Where it came from and why, cause first, without values: neither a database's nor a parser's words."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    told = [] if before is None else [trace(before)]
    told += ["".join(traceback.format_tb(error.__traceback__)) + _said(error), *map(trace, inner)]
    return "\n".join(told)


def _said(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, psycopg.Error):
        found = (error.sqlstate, error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
        words = " ".join(filter(None, found))
        # A value can be quoted by data errors (22) and raised ones (P0), and in every detail.
        if error.sqlstate is None or error.sqlstate[:2] not in ("22", "P0"):
            words += f" {error.diag.message_primary or error}"
        return f"{name}: {words}"
    return f"{name}: {error}" if isinstance(error, _HARMLESS) else name


class JsonLines(logging.Formatter):
    """A record as {"time", "level", "program", "event", "text", ...ids}."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def format(self, record: logging.LogRecord) -> str:
        """One line; the trace of an exception is a field of it."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "program": self._program,
            "event": getattr(record, "action", record.name),
            "text": record.getMessage(),
        }
        extra = {
            key: value for key, value in vars(record).items() if key not in _STANDARD and key != "action"
        }
        line |= extra
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = trace(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def start(program: str, level: int = logging.INFO) -> None:
    """Send every log line of this process to stderr as JSON; what others log below warning is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(program))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("cloud").setLevel(level)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # our own lines say lost and back once
