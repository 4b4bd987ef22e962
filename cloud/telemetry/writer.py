"""Writes batches in one transaction: each batch once, each reading under its device, kind and time.

`prepare` turns batches into columns while the database is busy with those before; `commit` stores them.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import numpy as np

from cloud.database.pool import Connection
from cloud.downlink.store import queue_batch_acks
from cloud.telemetry import columns as c
from cloud.telemetry import partitions, rollups, store
from cloud.telemetry.columns import Columns, Flags, Incoming, Ints
from cloud.telemetry.homes import Homes, Known, Sender
from cloud.telemetry.store import BatchKey, PositionRow
from firmware_specs.messages import TelemetryBatch

logger = logging.getLogger(__name__)

_NAMES_HELD: Final = 500_000
_LAST_AT_ONCE: Final = 1000
_LONGEST_UPTIME_MS: Final = 3650 * 86_400_000

Follow = Callable[[Connection, Columns, Mapping[str, int], Callable[[Ints], Flags]], Awaitable[None]]
"""Done in the transaction that stores readings; is given the numbers of the kinds, and which devices (by
their keys) are installed."""


class Memory:
    """What one database was asked for: numbers of devices and kinds by name and by batch, days with room.

    It only grows, as several transactions use it at once; where it is forgotten, a new one takes its place.
    """

    def __init__(self, age: int) -> None:
        """Nothing was asked; `age` counts how often all was forgotten."""
        self.age = age
        self.devices: dict[str, int] = {}
        self.kinds: dict[str, int] = {}
        self.keys_of: dict[tuple[str, ...], tuple[int, ...]] = {}
        self.ids_of: dict[tuple[str, ...], tuple[int, ...]] = {}
        self.days: set[date] = set()

    @property
    def full(self) -> bool:
        """Whether it is to be begun anew."""
        return len(self.devices) + len(self.keys_of) + len(self.ids_of) > _NAMES_HELD


@dataclass(frozen=True, slots=True)
class Prepared:
    """Batches that are ready to be stored; `of` is the batch that each reading or position came with."""

    memory: Memory
    batches: Sequence[Incoming]
    known: Known
    readings: Columns
    of: Ints
    positions: Sequence[PositionRow]
    positions_of: Sequence[int]


class TelemetryWriter:
    """Remembers the numbers of the devices and kinds that it has seen; the database holds everything."""

    def __init__(self, follow: Follow | None = None) -> None:
        """Begin knowing nothing; `follow` is told of each transaction's readings."""
        self.homes = Homes()
        self._follow = follow
        self._memory = Memory(0)
        self._told: set[tuple[str, str]] = set()

    def forget(self) -> None:
        """Read everything again, such as from a database that was restored."""
        self.homes.forget()
        self._memory = Memory(self._memory.age + 1)

    async def write(self, conn: Connection, batches: Sequence[Incoming], now: datetime) -> int:
        """Prepare and commit; returns how many readings were stored."""
        return await self.commit(conn, await self.prepare(conn, batches, now), now)

    async def prepare(self, conn: Connection, batches: Sequence[Incoming], now: datetime) -> Prepared:
        """Columns of what came; names, boots and partitions that are new are made at once.

        The connection must not be in a transaction.
        """
        if self._memory.full:
            self._memory = Memory(self._memory.age)
        memory = self._memory
        batches = [
            each if each.batch.clock.source != "none" else await _with_boot(conn, each, now)
            for each in batches
        ]
        keys = await _keys(conn, memory, batches, now)
        ids = await self._ids(conn, memory, batches, now)
        senders = [(each.gateway_id, known) for each, known in zip(batches, keys, strict=True)]
        known = await self.homes.learn(conn, senders)
        readings, of = c.columns_of(batches, keys, ids)
        allowed = known.allowed(senders, of, readings.device_key, readings.measured_ms)
        if not allowed.all():
            self._tell_foreign(memory, batches, of[~allowed], readings.device_key[~allowed])
            readings, of = readings.where(allowed), of[allowed]
        order = readings.order()
        readings, of = readings.where(order), of[order]
        await _make_room(conn, memory, readings)
        positions_of, positions = _positions(memory, batches, senders, known)
        return Prepared(memory, batches, known, readings, of, positions, positions_of)

    async def commit(self, conn: Connection, prepared: Prepared, now: datetime) -> int:
        """Store what is new of these batches and queue their acks; returns how many readings were stored."""
        while prepared.memory.age != self._memory.age:  # its numbers may be of another database
            prepared = await self.prepare(conn, prepared.batches, now)
        batches = prepared.batches
        first: dict[BatchKey, int] = {}
        for n, each in enumerate(batches):
            first.setdefault((each.gateway_id, each.batch.run, each.batch.seq), n)
        is_new = np.zeros(len(batches), np.bool_)
        async with conn.transaction():
            new = await store.take_new(conn, list(first), now)
            is_new[list(first.values())] = new
            stored = prepared.readings if is_new.all() else prepared.readings.where(is_new[prepared.of])
            await store.copy_readings(conn, stored)
            async with conn.pipeline():  # nothing is read: what follows goes in one round trip
                await self._note(conn, prepared, stored, now)
                chosen = zip(prepared.positions_of, prepared.positions, strict=True)
                await store.add_positions(conn, [row for n, row in chosen if is_new[n]])
                await queue_batch_acks(conn, list(first))
        for n in np.flatnonzero(is_new).tolist():
            if batches[n].batch.gaps:
                _tell_gaps(batches[n])
        return len(stored)

    async def _note(self, conn: Connection, prepared: Prepared, stored: Columns, now: datetime) -> None:
        """What else is to be known of stored readings: the last values, late hours, what is to be judged."""
        if not len(stored):
            return
        newest = c.newest_of(stored)
        await (store.move_last if len(newest) <= _LAST_AT_ONCE else store.move_later)(conn, newest)
        await rollups.note_late(conn, stored, now)
        if self._follow is not None:
            await self._follow(conn, stored, prepared.memory.kinds, prepared.known.installed)

    async def _ids(
        self, conn: Connection, memory: Memory, batches: Iterable[Incoming], now: datetime
    ) -> list[tuple[int, ...]]:
        """The numbers of the kinds of each batch, 0 where none is left."""
        names = [tuple(each.batch.kinds) for each in batches]
        new = {each for each in names if each not in memory.ids_of}
        if missing := {name for each in new for name in each if name not in memory.kinds}:
            memory.kinds |= await store.kind_ids(conn, missing, now)
            for name in missing - memory.kinds.keys():
                self._tell_once("reading_kinds_exhausted", "", name)
        memory.ids_of |= {each: tuple([memory.kinds.get(name, 0) for name in each]) for each in new}
        return [memory.ids_of[each] for each in names]

    def _tell_foreign(self, memory: Memory, batches: Sequence[Incoming], of: Ints, device_key: Ints) -> None:
        for n, key in dict.fromkeys(zip(of.tolist(), device_key.tolist(), strict=True)):
            for name in batches[n].batch.devices:
                if memory.devices[name] == key:
                    self._tell_once("device_of_another_home", batches[n].gateway_id, name)

    def _tell_once(self, action: str, gateway_id: str, name: str) -> None:
        """One line for each gateway and device or kind; not more than 10,000 in a process."""
        if (gateway_id, name) not in self._told and len(self._told) < 10_000:
            self._told.add((gateway_id, name))
            extra = {"action": action, "gateway": gateway_id, "name_sent": name}
            logger.warning("readings were not stored", extra=extra)


async def _keys(
    conn: Connection, memory: Memory, batches: Iterable[Incoming], now: datetime
) -> list[tuple[int, ...]]:
    """The devices that each batch speaks of: those of its readings, then those of its positions."""
    names = [_devices_of(each.batch) for each in batches]
    new = {each for each in names if each not in memory.keys_of}
    if missing := {name for each in new for name in each if name not in memory.devices}:
        memory.devices |= await store.device_keys(conn, missing, now)
    memory.keys_of |= {each: tuple([memory.devices[name] for name in each]) for each in new}
    return [memory.keys_of[each] for each in names]


def _devices_of(batch: TelemetryBatch) -> tuple[str, ...]:
    if not batch.positions:
        return tuple(batch.devices)
    return (*batch.devices, *(position.device for position in batch.positions))


def _positions(
    memory: Memory, batches: Sequence[Incoming], senders: Sequence[Sender], known: Known
) -> tuple[list[int], list[PositionRow]]:
    found = [(n, position) for n, each in enumerate(batches) for position in each.batch.positions]
    if not found:
        return [], []
    of = np.array([n for n, _ in found], np.int64)
    keys = np.array([memory.devices[position.device] for _, position in found], np.int64)
    claimed = np.array([position.at for _, position in found], np.int64)
    measured, believed = c.judge_times(claimed, of, batches)
    allowed = known.allowed(senders, of, keys, measured)
    rows: list[PositionRow] = [
        (
            int(keys[i]),
            c.from_ms(int(measured[i])),
            c.from_ms(batches[n].received_ms),
            position.lat,
            position.lon,
            position.accuracy_m,
            position.source,
            position.datum,
            bool(batches[n].batch.late or not believed[i]),
        )
        for i, (n, position) in enumerate(found)
        if allowed[i]
    ]
    return of[allowed].tolist(), rows


async def _make_room(conn: Connection, memory: Memory, readings: Columns) -> None:
    if days := set(store.days_of(readings)) - memory.days:
        await partitions.ensure_days(conn, days)
        memory.days |= days


async def _with_boot(conn: Connection, incoming: Incoming, now: datetime) -> Incoming:
    """For a sender without a clock: when its boot was."""
    batch = incoming.batch
    boot = batch.boot.replace("\0", "")
    candidate = None
    if batch.sent_at < _LONGEST_UPTIME_MS:
        candidate = c.from_ms(incoming.received_ms - batch.sent_at)
    known = await store.boot_at(conn, incoming.gateway_id, boot, candidate, now)
    return incoming if known is None else replace(incoming, boot_ms=c.to_ms(known))


def _tell_gaps(incoming: Incoming) -> None:
    for gap in incoming.batch.gaps:
        extra = {
            "action": "telemetry_gap",
            "gateway": incoming.gateway_id,
            "count": gap.count,
            "from_ms": gap.from_at,
            "to_ms": gap.to_at,
        }
        logger.warning("a full gateway thinned out readings", extra=extra)
