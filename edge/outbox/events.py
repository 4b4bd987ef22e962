"""events.db: every event, committed (synchronous=FULL) before it is sent, kept 30 days for `replay`.

For one worker thread. Nothing here raises for a damaged file or a full disk: events then live in memory.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from edge.outbox import database, salvage
from edge.outbox.database import UNREADABLE, Age, File, Mark, Reserve
from firmware_specs.kinds import EVENTS
from firmware_specs.messages import Event, encode

log = logging.getLogger(__name__)

KEEP_MS: Final = 30 * 86_400_000
Key = tuple[str, int]
_COMMITS, _AGE = "commits", "age"
_AGE_SAVED_MS: Final = 3_600_000

_SCHEMA: Final = """
create table if not exists event(
    run text not null, seq integer not null, id text not null, priority integer not null, at integer not null,
    written_at integer not null, payload blob not null, stored_at integer, stage text,
    kept_at integer not null default 0, primary key (run, seq)) without rowid;
create index if not exists event_waiting on event(priority, written_at) where stored_at is null;
create index if not exists event_age on event(kept_at);
create index if not exists event_id on event(id);
create table if not exists note(name text primary key, value blob not null) without rowid;
create table if not exists answer(
    id text primary key, answered_at integer not null, payload blob not null,
    kept_at integer not null default 0) without rowid;
"""
_ADDED: Final = {
    "event": "kept_at integer not null default 0",
    "answer": "kept_at integer not null default 0",
}

_DECODER: Final = msgspec.json.Decoder(Event)


class EventStore:
    """Events numbered (run, seq) as they are written, notes that outlive a restart, answers to commands.

    `kept_at` is the store's age (by `steady`, ms) when a row was written.
    """

    def __init__(
        self, path: Path, run: str, reserve: Reserve, *, steady: Callable[[], int], max_bytes: int
    ) -> None:
        self._run = run
        self._reserve = reserve
        self._max_bytes = max_bytes
        self._seq = 0
        self._file = File(
            path,
            _SCHEMA,
            "FULL",
            added=_ADDED,
            check=True,
            make_room=self._make_room,
            set_aside=self._rescue,
        )
        self._age = Age(steady)
        self._age_saved = 0
        self._mark = Mark(path.with_name(path.name + "-mark"))
        self._commits = 0
        self._lost: list[str] = []
        self._unsaved: dict[Key, tuple[Event, int]] = {}
        self._notes: dict[str, bytes] = {}
        self.full = False

    @property
    def damaged(self) -> list[str]:
        """Files that were set aside, and what else was found lost, in words."""
        return [*(path.name for path in self._file.damaged), *self._lost]

    def open(self, now: int) -> None:
        """Open the file, or a fresh one when it is damaged; and hold the reserved space."""
        self._file.open(now)
        self._age_saved = self._last_age(now)
        self._age.go_on(self._age_saved)
        self._compare(now)
        self.save(now)
        self._reserve.take()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def number(self, events: Iterable[Event]) -> list[Event]:
        """Events of this run with the next numbers; for the thread that `append`s nothing."""
        numbered = []
        for event in events:
            self._seq += 1
            numbered.append(msgspec.structs.replace(event, run=self._run, seq=self._seq))
        return numbered

    def append(self, numbered: list[Event], notes: dict[str, bytes], now: int) -> None:
        """Commit events with `notes` (identify's state); memory keeps what no disk takes."""
        self._unsaved.update({(event.run, event.seq): (event, now) for event in numbered})
        self._notes |= notes
        self.save(now)

    def save(self, now: int) -> bool:
        """Commit what is only in memory; True when nothing is left there."""
        if not self._unsaved and not self._notes:
            return True

        def work(db: sqlite3.Connection) -> bool:
            db.executemany(
                """insert or ignore into event(run, seq, id, priority, at, written_at, payload, kept_at)
                   values (?,?,?,?,?,?,?,?)""",
                [(*_row(event, written_at), self._age.ms()) for event, written_at in self._unsaved.values()],
            )
            notes = self._notes | {_COMMITS: b"%d" % (self._commits + 1)}
            db.executemany("insert or replace into note(name, value) values (?, ?)", list(notes.items()))
            return True

        saved = self._file.write(work, now) or False
        if saved:
            self._commits += 1
            self._mark.write(self._commits)
            self._unsaved.clear()
            self._notes.clear()
        self.full = not saved
        return saved

    def unsaved(self) -> list[Event]:
        """Events that are in memory only."""
        return [event for event, _ in self._unsaved.values()]

    def waiting(self, limit: int, now: int) -> list[Event]:
        """At most `limit` events that the cloud has not stored, the most urgent first, then the oldest."""
        query = """select run, seq, payload from event where stored_at is null
            order by priority, written_at, seq limit ?"""
        found = self._file.read(lambda db: db.execute(query, (limit,)).fetchall(), now) or []
        events = {(run, seq): _event(payload) for run, seq, payload in found}
        broken = [key for key, event in events.items() if event is None]
        if broken and self._put_by(broken, now):
            return self.waiting(limit, now)
        return [*self.unsaved(), *(event for event in events.values() if event is not None)]

    def count_waiting(self, now: int) -> int:
        """How many events the cloud has not stored."""
        query = "select count(*) from event where stored_at is null"
        found = self._file.read(lambda db: db.execute(query).fetchone(), now)
        return len(self._unsaved) + (int(found[0]) if found else 0)

    def oldest_wait_ms(self, now: int) -> int:
        """How long the oldest event that the cloud has not stored has waited; 0 when none does."""
        query = "select min(written_at) from event where stored_at is null"
        found = self._file.read(lambda db: db.execute(query).fetchone(), now)
        since = [at for _, at in self._unsaved.values()]
        since += [int(found[0])] if found and found[0] is not None else []
        return max(now - min(since, default=now), 0)

    def mark_stored(self, keys: list[Key], now: int) -> None:
        """The cloud has these; they stay for replay. Marking again is harmless."""
        for key in keys:
            self._unsaved.pop(key, None)
        query = (
            "update event set stored_at = ?, stage = 'stored' where run = ? and seq = ? and stored_at is null"
        )
        self._file.write(lambda db: db.executemany(query, [(now, *key) for key in keys]), now)

    def note_stage(self, ids: list[str], stage: str, now: int) -> None:
        """Write down that an operator has claimed or closed what became of these events."""
        query = "update event set stage = ? where id = ?"
        self._file.write(lambda db: db.executemany(query, [(stage, event_id) for event_id in ids]), now)

    def send_again(self, from_ms: int, to_ms: int, now: int) -> int:
        """Let every kept event that happened or was written in the time wait again; returns how many."""
        query = """update event set stored_at = null
            where stored_at is not null and (at between ?1 and ?2 or written_at between ?1 and ?2)"""
        return self._file.write(lambda db: db.execute(query, (from_ms, to_ms)).rowcount, now) or 0

    def note(self, name: str, now: int) -> bytes | None:
        """A note written with `append`; None when there is none."""
        found = self._file.read(
            lambda db: db.execute("select value from note where name = ?", (name,)).fetchone(), now
        )
        return found[0] if found and isinstance(found[0], bytes) else None

    def answer(self, command: str, now: int) -> bytes | None:
        """The answer already given to a command; None when it is new."""
        query = "select payload from answer where id = ?"
        found = self._file.read(lambda db: db.execute(query, (command,)).fetchone(), now)
        return found[0] if found and isinstance(found[0], bytes) else None

    def keep_answer(self, command: str, payload: bytes, now: int) -> None:
        """Remember the answer to a command through restarts."""
        query = "insert or replace into answer(id, answered_at, payload, kept_at) values (?, ?, ?, ?)"
        self._file.write(lambda db: db.execute(query, (command, now, payload, self._age.ms())), now)

    def purge(self, now: int) -> None:
        """Forget stored events and answers after 30 days of use; earlier when the file is too large."""
        age = self._age.ms()

        def work(db: sqlite3.Connection) -> int:
            db.execute("delete from event where stored_at is not null and kept_at < ?", (age - KEEP_MS,))
            db.execute("delete from answer where kept_at < ?", (age - KEEP_MS,))
            if database.used_bytes(db) > self._max_bytes:
                db.execute(
                    """delete from event where (run, seq) in (select run, seq from event
                       where stored_at is not null order by kept_at limit 1000)"""
                )
            if age - self._age_saved < _AGE_SAVED_MS:
                return self._age_saved
            db.execute("insert or replace into note(name, value) values (?, ?)", (_AGE, b"%d" % age))
            return age

        self._age_saved = self._file.write(work, now) or self._age_saved
        self._reserve.take()

    def _last_age(self, now: int) -> int:
        """The age when the store was used last, as far as it is written down."""
        noted = self.note(_AGE, now) or b"0"
        query = "select kept_at from event union all select kept_at from answer order by kept_at desc limit 1"
        found = self._file.read(lambda db: db.execute(query).fetchone(), now)
        rows = found[0] if found and isinstance(found[0], int) else 0
        return max(rows, int(noted) if noted.isdigit() else 0)

    def _compare(self, now: int) -> None:
        """Tell of commits that the file no longer knows of: its log was lost, or the file itself."""
        kept = self.note(_COMMITS, now) or b"0"
        self._commits = int(kept) if kept.isdigit() else 0
        made = self._mark.read()
        if made > self._commits:
            if not self._file.damaged:
                self._lost.append(f"events.db: the last {made - self._commits} commits are lost")
                log.error(
                    "commits are lost",
                    extra={"action": "outbox_damaged", "file": "events.db", "commits": made - self._commits},
                )
            self._commits = made

    def _put_by(self, keys: list[Key], now: int) -> bool:
        """Rows that cannot be read stay for a person to look at, and wait no longer; False: they still do."""
        self._lost.append(f"events.db: {len(keys)} unreadable events")
        query = "update event set stored_at = ?, stage = 'unreadable' where run = ? and seq = ?"
        return (
            self._file.write(lambda db: db.executemany(query, [(now, *key) for key in keys]), now) is not None
        )

    def _rescue(self, aside: Path) -> None:
        """Take over what can still be read of a damaged file."""
        self._unsaved = {(e.run, e.seq): (e, at) for e, at in salvage.events(aside)} | self._unsaved
        self._notes = salvage.notes(aside) | self._notes

    def _make_room(self, db: sqlite3.Connection | None) -> bool:
        """Give up the reserved space; True when there was some."""
        released = self._reserve.release()
        if released:
            log.error("disk full: using the reserved space", extra={"action": "reserve_used"})
        return released


def _row(event: Event, written_at: int) -> tuple[str, int, str, int, int, int, bytes]:
    kind = EVENTS.get(event.kind)
    priority = kind.priority if kind else 2
    return event.run, event.seq, event.id, priority, event.at, written_at, encode(event)


def _event(payload: bytes) -> Event | None:
    """A kept event; None (and a log line) for a row that cannot be read."""
    try:
        return _DECODER.decode(payload)
    except UNREADABLE as error:
        log.error("a kept event cannot be read", extra={"action": "event_unreadable", "reason": str(error)})
        return None
