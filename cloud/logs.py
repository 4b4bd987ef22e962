"""Structured logs: one JSON object a line on stderr. No health data, no places, no secrets."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


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
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start(program: str, level: int = logging.INFO) -> None:
    """Send every log line of this process to stderr as JSON; what others log below warning is left out."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(program))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("cloud").setLevel(level)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # our own lines say lost and back once
