"""Structured logs: one JSON object a line on stderr. No health data, no places, no secrets."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Final

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonLines(logging.Formatter):
    """A record as {"time", "level", "event", ...extra}."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON, with an exception's kind and place; its words may quote what a device sent."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "action", record.name),
            "text": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _OWN and key != "action"}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["trace"] = "".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__
        return json.dumps(line, ensure_ascii=False, default=str)


def start(level: int = logging.INFO) -> None:
    """Send every log line of this program to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("mqtt").setLevel(logging.ERROR)
