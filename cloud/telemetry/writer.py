"""Writes batches in one transaction: each batch once, each reading under its device, kind and time."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np

from cloud.database.pool import Connection
from cloud.downlink.store import queue_batch_acks
from cloud.telemetry import columns as c
from cloud.telemetry import partitions, store
from cloud.telemetry.columns import Columns, Flags, Incoming, Ints
from cloud.telemetry.store import BatchKey, Period, PositionRow

logger = logging.getLogger(__name__)

_NAMES_HELD: Final = 500_000
_LONGEST_UPTIME_MS: Final = 3650 * 86_400_000
_EPOCH: Final = date(1970, 1, 1)

Follow = Callable[[Connection, Columns, Mapping[str, int]], Awaitable[None]]
"""Done in the transaction that stores readings of installed devices; is given the numbers of the kinds."""


@dataclass(frozen=True)
class Homes:
    """For which home each gateway speaks, and where each device was installed when.

    A home's gateway does not speak for a device while that is installed in another home; a protocol gateway
    speaks for all, one that is not in service for none that is installed.
    """

    gateways: dict[str, tuple[str, UUID | None]]
    installed: dict[int, list[Period]]

    def allowed(self, gateway_id: str, device_key: Ints, measured_ms: Ints) -> Flags:
        """Which readings the gateway may send."""
        kind, own = self.gateways.get(gateway_id, ("home", None))
        allowed = np.ones(len(device_key), np.bool_)
        if kind == "protocol":
            return allowed
        for key in np.unique(device_key).tolist():
            for home, start, end in self.installed.get(key, ()):
                if home != own:
                    inside = device_key == key
                    inside &= start is None or measured_ms >= c.to_ms(start)
                    inside &= end is None or measured_ms < c.to_ms(end)
                    allowed &= ~inside
        return allowed


class TelemetryWriter:
    """Remembers the numbers of the devices and kinds that it has seen; the database holds everything."""

    def __init__(self, follow: Follow | None = None) -> None:
        """Begin knowing nothing; `follow` is told of each transaction's readings."""
        self._follow = follow
        self._devices: dict[str, int] = {}
        self._kinds: dict[str, int] = {}
        self._days: set[int] = set()
        self._told: set[tuple[str, str]] = set()

    def forget(self) -> None:
        """Read everything again, such as from a database that was restored."""
        self._devices.clear()
        self._kinds.clear()
        self._days.clear()

    async def write(self, conn: Connection, batches: Sequence[Incoming], now: datetime) -> int:
        """Store what is new of these batches and queue their acks; returns how many readings were stored.

        The connection must not be in a transaction: names and partitions are made before the one that counts.
        """
        batches = [await _with_boot(conn, incoming, now) for incoming in batches]
        await self._learn_names(conn, batches, now)
        homes = await self._homes(conn, batches)
        readings = [self._readings(incoming, homes) for incoming in batches]
        await self._make_room(conn, readings)
        first: dict[BatchKey, int] = {}
        for n, incoming in enumerate(batches):
            first.setdefault((incoming.gateway_id, incoming.batch.run, incoming.batch.seq), n)
        async with conn.transaction():
            new = await store.take_new(conn, list(first), now)
            chosen = [n for n, is_new in zip(first.values(), new, strict=True) if is_new]
            stored = c.join([readings[n] for n in chosen]) if chosen else None
            if stored is not None and len(stored):
                await store.copy_readings(conn, stored)
                await store.move_last(conn, c.newest_of(stored))
                await self._tell(conn, stored, homes)
            rows = [row for n in chosen for row in self._positions(batches[n], homes)]
            await store.add_positions(conn, rows)
            await queue_batch_acks(conn, list(first))
        for n in chosen:
            _tell_gaps(batches[n])
        return 0 if stored is None else len(stored)

    async def _tell(self, conn: Connection, stored: Columns, homes: Homes) -> None:
        if self._follow is not None and homes.installed:
            installed = np.isin(stored.device_key, np.array(list(homes.installed), np.int64))
            if installed.any():
                await self._follow(conn, stored.where(installed), self._kinds)

    async def _learn_names(self, conn: Connection, batches: Iterable[Incoming], now: datetime) -> None:
        if len(self._devices) > _NAMES_HELD:
            self._devices.clear()
        devices = {name for each in batches for name in each.batch.devices}
        devices |= {position.device for each in batches for position in each.batch.positions}
        kinds = {name for each in batches for name in each.batch.kinds} - self._kinds.keys()
        if devices := devices - self._devices.keys():
            self._devices |= await store.device_keys(conn, devices, now)
        if kinds:
            self._kinds |= await store.kind_ids(conn, kinds, now)
            for name in kinds - self._kinds.keys():
                self._tell_once("reading_kinds_exhausted", "", name)

    async def _homes(self, conn: Connection, batches: Sequence[Incoming]) -> Homes:
        names = {name for each in batches for name in each.batch.devices}
        names |= {position.device for each in batches for position in each.batch.positions}
        keys = [self._devices[name] for name in names]
        gateways = await store.gateway_homes(conn, (each.gateway_id for each in batches))
        return Homes(gateways, await store.installations_of(conn, keys))

    def _readings(self, incoming: Incoming, homes: Homes) -> Columns:
        found = c.columns_of(incoming, self._devices, self._kinds)
        allowed = homes.allowed(incoming.gateway_id, found.device_key, found.measured_ms)
        if allowed.all():
            return found
        foreign = set(found.device_key[~allowed].tolist())
        for name in incoming.batch.devices:
            if self._devices[name] in foreign:
                self._tell_once("device_of_another_home", incoming.gateway_id, name)
        return found.where(allowed)

    def _positions(self, incoming: Incoming, homes: Homes) -> list[PositionRow]:
        positions = incoming.batch.positions
        keys = np.array([self._devices[position.device] for position in positions], np.int64)
        measured, believed = c.position_times(positions, incoming)
        allowed = homes.allowed(incoming.gateway_id, keys, measured)
        received_at = c.from_ms(incoming.received_ms)
        return [
            (
                int(keys[n]),
                c.from_ms(int(measured[n])),
                received_at,
                position.lat,
                position.lon,
                position.accuracy_m,
                position.source,
                position.datum,
                bool(incoming.batch.late or not believed[n]),
            )
            for n, position in enumerate(positions)
            if allowed[n]
        ]

    async def _make_room(self, conn: Connection, readings: Iterable[Columns]) -> None:
        days = {int(day) for part in readings for day in np.unique(part.measured_ms // 86_400_000)}
        if days := days - self._days:
            await partitions.ensure_days(conn, [_EPOCH + timedelta(days=day) for day in days])
            self._days |= days

    def _tell_once(self, action: str, gateway_id: str, name: str) -> None:
        """One line for each gateway and device or kind; not more than 10,000 in a process."""
        if (gateway_id, name) not in self._told and len(self._told) < 10_000:
            self._told.add((gateway_id, name))
            extra = {"action": action, "gateway": gateway_id, "name_sent": name}
            logger.warning("readings were not stored", extra=extra)


async def _with_boot(conn: Connection, incoming: Incoming, now: datetime) -> Incoming:
    """For a sender without a clock: when its boot was."""
    batch = incoming.batch
    if batch.clock.source != "none":
        return incoming
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
