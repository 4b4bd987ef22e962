"""telemetry.db: readings, committed each few seconds, sealed into numbered batches, kept 72 h.

For one worker thread. When there is no room, the oldest batches go first and a `gap` record says so.
"""

import itertools
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from edge.outbox import batches, database
from edge.outbox.batches import PIECE_DECODER, Piece
from edge.outbox.database import UNREADABLE, Age, File, Reserve
from firmware_specs.batches import encode_batch
from firmware_specs.messages import BATCH_DECODER, Gap, TelemetryBatch

log = logging.getLogger(__name__)

KEEP_MS: Final = 72 * 3_600_000
MEMORY_PIECES: Final = 600
PIECES_AT_ONCE: Final = 50
Key = tuple[str, int]
T = TypeVar("T")

_SCHEMA: Final = """
create table if not exists batch(
    n integer primary key autoincrement, run text not null, seq integer not null,
    from_at integer not null, to_at integer not null, count integer not null,
    written_at integer not null, payload blob not null, stored_at integer,
    kept_at integer not null default 0, unique (run, seq));
create index if not exists batch_waiting on batch(n) where stored_at is null;
create table if not exists open_piece(n integer primary key autoincrement, payload blob not null);
create table if not exists gap(
    n integer primary key autoincrement,
    from_at integer not null, to_at integer not null, count integer not null);
"""
_ADDED: Final = {"batch": "kept_at integer not null default 0"}
_MOST_PAGES: Final = 0xFFFFFFFE  # sqlite's own limit
# A batch may itself tell of what was thinned out before; cheaper than reading every batch that goes.
_TELLS_A_GAP: Final = "instr(payload, cast('\"gaps\"' as blob)) > 0"
_ENCODER: Final = msgspec.msgpack.Encoder()
_BATCH: Final = BATCH_DECODER.decode


class Kept(NamedTuple):
    """A batch of the outbox: `n` is its place in the order of writing."""

    n: int
    batch: TelemetryBatch


class TelemetryStore:
    """Open pieces, sealed batches numbered (run, seq), gaps; `kept_at` is the store's age at the sealing."""

    def __init__(
        self, path: Path, run: str, reserve: Reserve, *, steady: Callable[[], int], max_bytes: int
    ) -> None:
        self._run, self._reserve, self._max_bytes = run, reserve, max_bytes
        self._seq = 0
        self._file = File(
            path,
            _SCHEMA,
            "NORMAL",
            added=_ADDED,
            check=False,
            make_room=self._make_room,
            set_aside=lambda aside: None,
        )
        self._age = Age(steady)
        self._memory: deque[Piece] = deque()
        self._lost: list[Gap] = []
        self._open = True
        self.full = False

    @property
    def damaged(self) -> list[Path]:
        """Files that were set aside."""
        return self._file.damaged

    def open(self, now: int) -> None:
        """Open the file, or a fresh one when it is damaged."""
        self._file.open(now)
        query = "select kept_at from batch order by n desc limit 1"
        kept_at = self._file.read(lambda db: db.execute(query).fetchone(), now)
        self._age.go_on(kept_at[0] if kept_at else 0)
        self._reserve.take()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def keep(self, piece: Piece, *, seal: bool, now: int) -> int:
        """Commit a piece; with `seal`, number all open pieces as batches. Returns how many."""
        if piece.readings or piece.fixes:
            self._memory.append(piece)
        if not self._memory and not (seal and self._open):
            return 0
        written = 0
        while True:
            part = list(itertools.islice(self._memory, PIECES_AT_ONCE))
            last = len(part) == len(self._memory)
            made = self._file.write(partial(self._commit, part, seal and last, now), now)
            if made is None:
                self.full = True
                self._forget_oldest_in_memory()
                return written
            self._accept(part, made)
            written += made
            if last:
                break
        self._open = not seal
        self.full = False
        if seal:
            self._file.write(self._limit, now)
        return written

    def last_n(self, now: int) -> int:
        """The place of the newest batch; 0 when there is none."""
        found = self._file.read(lambda db: db.execute("select max(n) from batch").fetchone(), now)
        return int(found[0] or 0) if found else 0

    def waiting(self, after_n: int, up_to_n: int, limit: int, now: int) -> list[Kept]:
        """At most `limit` batches without `stored`, oldest first, whose place is in (after_n, up_to_n]."""
        query = "select n, payload from batch where stored_at is null and n > ? and n <= ? order by n limit ?"
        while True:
            found = self._file.read(partial(_rows, query, (after_n, up_to_n, limit)), now) or []
            kept = [Kept(n, batch) for n, payload in found if (batch := _read(_BATCH, payload)) is not None]
            if len(kept) < len(found):
                self._put_by({n for n, _ in found} - {n for n, _ in kept}, now)
            if kept or not found:
                return kept
            after_n = found[-1][0]

    def find(self, key: Key, now: int) -> TelemetryBatch | None:
        """A batch that still waits; None when it is stored or thinned out."""
        query = "select payload from batch where run = ? and seq = ? and stored_at is null"
        found = self._file.read(lambda db: db.execute(query, key).fetchone(), now)
        return _read(_BATCH, found[0]) if found else None

    def count_waiting(self, now: int) -> int:
        """How many batches the cloud has not stored."""
        query = "select count(*) from batch where stored_at is null"
        found = self._file.read(lambda db: db.execute(query).fetchone(), now)
        return int(found[0]) if found else 0

    def oldest_wait_ms(self, now: int) -> int:
        """How long the oldest batch that the cloud has not stored has waited; 0 when none does."""
        query = "select written_at from batch where stored_at is null order by n limit 1"
        found = self._file.read(lambda db: db.execute(query).fetchone(), now)
        return max(now - int(found[0]), 0) if found else 0

    def mark_stored(self, keys: list[Key], now: int) -> None:
        """The cloud has these; they stay for replay."""
        query = "update batch set stored_at = ? where run = ? and seq = ? and stored_at is null"
        self._file.write(lambda db: db.executemany(query, [(now, *key) for key in keys]), now)

    def send_again(self, from_ms: int, to_ms: int, now: int) -> int:
        """Let every kept batch of the time wait again; returns how many."""
        query = """update batch set stored_at = null where stored_at is not null
            and ((to_at >= ?1 and from_at <= ?2) or written_at between ?1 and ?2)"""
        return self._file.write(lambda db: db.execute(query, (from_ms, to_ms)).rowcount, now) or 0

    def purge(self, now: int) -> None:
        """Forget stored batches after 72 h of use."""
        query = "delete from batch where stored_at is not null and kept_at < ?"
        self._file.write(lambda db: db.execute(query, (self._age.ms() - KEEP_MS,)), now)
        if self._reserve.take():
            self._file.read(lambda db: db.execute(f"pragma max_page_count = {_MOST_PAGES}").fetchone(), now)

    def _put_by(self, places: set[int], now: int) -> None:
        """Batches that cannot be read wait no longer: they must not hide those behind them."""
        query = "update batch set stored_at = ? where n = ?"
        self._file.write(lambda db: db.executemany(query, [(now, n) for n in places]), now)

    def _accept(self, part: list[Piece], made: int) -> None:
        """These pieces and `made` batches are committed."""
        for _ in part:
            self._memory.popleft()
        self._lost.clear()
        self._seq += made

    def _commit(self, part: list[Piece], seal: bool, now: int, db: sqlite3.Connection) -> int:
        """Inside a transaction: write pieces; with `seal`, number batches of all that are open."""
        db.executemany("insert into open_piece(payload) values (?)", [(_ENCODER.encode(p),) for p in part])
        for gap in self._lost:
            _note_gap(db, gap)
        if not seal:
            return 0
        rows = db.execute("select payload from open_piece order by n").fetchall()
        pieces = [piece for (payload,) in rows if (piece := _read(PIECE_DECODER.decode, payload)) is not None]
        if not pieces:
            return 0
        sealed = batches.build(pieces, _gaps(db))
        for number, batch in enumerate(sealed, self._seq + 1):
            _insert(db, msgspec.structs.replace(batch, run=self._run, seq=number), now, self._age.ms())
        db.execute("delete from open_piece")
        if sealed:
            db.execute("delete from gap")
        return len(sealed)

    def _limit(self, db: sqlite3.Connection) -> None:
        """Inside a transaction: keep the file below its limit."""
        if database.used_bytes(db) > self._max_bytes:
            self._thin(db)

    def _thin(self, db: sqlite3.Connection) -> int:
        """Inside a transaction: delete stored batches, else the oldest twentieth; returns how many."""
        gone = db.execute(
            """delete from batch where n in
               (select n from batch where stored_at is not null order by n limit 500)"""
        ).rowcount
        if gone:
            return gone
        part = 1 + int(db.execute("select count(*) from batch").fetchone()[0]) // 20
        span = """from batch where n in (select n from batch order by n limit ?)"""
        first, last, count = db.execute(
            f"select min(from_at), max(to_at), sum(count) {span}", (part,)
        ).fetchone()
        if not count:
            return 0
        untold = [
            gap
            for (payload,) in db.execute(f"select payload {span} and {_TELLS_A_GAP}", (part,))
            if (batch := _read(_BATCH, payload)) is not None
            for gap in batch.gaps
        ]
        db.execute(f"delete {span}", (part,))
        _note_gap(db, batches.joined([Gap(from_at=first, to_at=last, count=count), *untold]))
        log.warning(
            "outbox full: oldest telemetry dropped", extra={"action": "telemetry_thinned", "count": count}
        )
        return part

    def _forget_oldest_in_memory(self) -> None:
        while len(self._memory) > MEMORY_PIECES:
            piece = self._memory.popleft()
            times = [r.at for r in piece.readings] + [f.position.at for f in piece.fixes]
            self._lost = [
                batches.joined([*self._lost, Gap(from_at=min(times), to_at=max(times), count=len(times))])
            ]

    def _make_room(self, db: sqlite3.Connection | None) -> bool:
        """Thin out within a full file, which must not grow any more; False when even that finds no room."""
        self.full = True
        if db is None:
            return False
        self._reserve.release()  # deleting needs a little room too
        try:
            db.execute("pragma wal_checkpoint(restart)")
            pages = int(db.execute("pragma page_count").fetchone()[0])
            db.execute(f"pragma max_page_count = {pages}")  # else the log could hold pages that fit nowhere
            db.execute("begin immediate")
            gone = self._thin(db)
            db.execute("commit")
        except sqlite3.Error:
            if db.in_transaction:
                db.rollback()
            return False
        return gone > 0


def _rows(query: str, values: tuple[int, ...], db: sqlite3.Connection) -> list[tuple[int, bytes]]:
    return db.execute(query, values).fetchall()


def _insert(db: sqlite3.Connection, batch: TelemetryBatch, now: int, age: int) -> None:
    times = [*(batch.t0 + dt for dt in batch.dt), *(p.at for p in batch.positions)]
    db.execute(
        """insert into batch(run, seq, from_at, to_at, count, written_at, payload, kept_at)
           values (?,?,?,?,?,?,?,?)""",
        (batch.run, batch.seq, min(times), max(times), len(times), now, encode_batch(batch), age),
    )


def _note_gap(db: sqlite3.Connection, gap: Gap) -> None:
    """Join `gap` with the one that waits to be told."""
    joined = msgspec.structs.astuple(batches.joined([*_gaps(db), gap]))
    db.execute("delete from gap")
    db.execute("insert into gap(from_at, to_at, count) values (?, ?, ?)", joined)


def _gaps(db: sqlite3.Connection) -> list[Gap]:
    rows = db.execute("select from_at, to_at, count from gap")
    return [Gap(from_at=a, to_at=b, count=c) for a, b, c in rows]


def _read(decode: Callable[[bytes], T], payload: bytes) -> T | None:
    """A kept batch or piece; None (and a log line) where its bytes have changed."""
    try:
        return decode(payload)
    except UNREADABLE as error:
        log.error("kept telemetry cannot be read", extra={"action": "batch_unreadable", "reason": str(error)})
        return None
