"""What can still be read from a damaged events.db: events that the cloud has not stored, and notes."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.outbox.database import FAILURES, UNREADABLE
from firmware_specs.messages import Event

_UNSTORED: Final = "select payload, written_at from event not indexed where stored_at is null"
_DECODER: Final = msgspec.json.Decoder(Event)


def events(path: Path) -> list[tuple[Event, int]]:
    """Unstored events and when they were written, as far as the file can be read; it is not changed."""
    found = {}
    for order in ("run, seq", "run desc, seq desc"):  # up to the damage, then from the end down to it
        for payload, written_at in _rows(path, f"{_UNSTORED} order by {order}"):
            with contextlib.suppress(*UNREADABLE, ValueError):
                event = _DECODER.decode(payload)
                found[event.run, event.seq] = (event, int(written_at))
    return list(found.values())


def notes(path: Path) -> dict[str, bytes]:
    """Notes, as far as the file can be read."""
    return {
        name: value for name, value in _rows(path, "select name, value from note") if isinstance(value, bytes)
    }


def _rows(path: Path, query: str) -> Iterator[tuple[Any, ...]]:
    """Rows until the damage is met."""
    with (
        contextlib.suppress(*FAILURES),
        contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db,
    ):
        db.text_factory = lambda text: text.decode("utf-8", "replace")
        yield from db.execute(query)
