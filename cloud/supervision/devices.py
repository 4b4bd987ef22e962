"""Devices that fall silent, and batteries that run low, from what they last said. The boundary owns the
transaction.

Nothing here is on the road of events or readings: it looks at what is stored, once a minute.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.rule_versions import CURRENT
from cloud.cases import rule_alarms
from cloud.cases.intake import take_alarm
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.supervision import liveness
from cloud.supervision.liveness import Life
from firmware_specs.kinds import EVENTS

_SQL: Final = queries.load(__package__ or "cloud.supervision")
_BATCH: Final = 200
_SETTLED: Final = liveness.FLOOR_MAINS
"""So long after its gateway came back a device has had the time to speak."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A device and where it is installed."""

    key: int
    id: str
    home_id: UUID
    room: str
    area_code: str
    org_id: UUID | None
    gateway_id: str | None


async def learn(conn: Connection, *, now: datetime) -> list[int]:
    """Take every sign of life since the last time; the devices that were missed and are back."""
    rows = await (await conn.execute(_SQL["signs"], {"now": now})).fetchall()
    lives: dict[int, Life] = {}
    back: set[int] = set()
    for key, at, battery, last_at, interval_s, signs, known_battery, offline in rows:
        known = lives.get(key)
        if known is None and last_at is not None:
            known = Life(last_at=last_at, interval_s=interval_s, signs=signs, battery=known_battery)
        lives[key] = liveness.after_sign(known, at, battery=battery)
        if offline:
            back.add(key)
    if lives:
        values: dict[str, Any] = {
            "keys": list(lives),
            "last_at": [life.last_at for life in lives.values()],
            "intervals": [life.interval_s for life in lives.values()],
            "signs": [life.signs for life in lives.values()],
            "battery": [life.battery for life in lives.values()],
            "due_at": [liveness.due_at(life) for life in lives.values()],
        }
        await conn.execute(_SQL["learn"], values)
    return sorted(back)


async def silent(conn: Connection, *, now: datetime) -> list[tuple[Placed, datetime, float | None]]:
    """Devices that say nothing for longer than they may: where, since when, and their usual pause."""
    values = {
        "now": now,
        "settled": now - _SETTLED,
        "recent": now - liveness.FLOOR_MAINS,
        "limit": _BATCH,
    }
    rows = await (await conn.execute(_SQL["silent_devices"], values)).fetchall()
    return [(_placed(row), row[7], row[8]) for row in rows]


async def tell_silent(
    conn: Connection, found: tuple[Placed, datetime, float | None], *, now: datetime
) -> bool:
    """Raise a device's silence, once."""
    device, last_at, interval_s = found
    given = {"device_key": device.key, "now": now}
    if await (await conn.execute(_SQL["set_offline"], given)).fetchone() is None:
        return False
    inputs = {
        "last_at": last_at.isoformat(),
        "usual_pause_s": None if interval_s is None else round(interval_s),
    }
    ref = await take_alarm(conn, _draft("device_offline", device, ("silent",), inputs, now), now)
    await publish(conn, [ref.case_id] if ref.tell else [], now=now)
    return True


async def tell_back(conn: Connection, device_key: int, *, now: datetime) -> None:
    """A device that was missed is heard again."""
    await conn.execute(_SQL["set_back"], {"device_key": device_key})
    await _end(conn, device_key, "device_offline", now)


async def batteries(conn: Connection, *, now: datetime) -> list[tuple[Placed, float, bool]]:
    """Batteries that have become low, or well again: where, percent, whether that they are low was told."""
    values = {
        "now": now,
        "recent": now - liveness.CEILING,
        "low": liveness.BATTERY_LOW,
        "well": liveness.BATTERY_WELL,
        "limit": _BATCH,
    }
    rows = await (await conn.execute(_SQL["batteries"], values)).fetchall()
    return [(_placed([row[0], row[1], *row[4:9]]), row[2], row[3]) for row in rows]


async def tell_battery(conn: Connection, found: tuple[Placed, float, bool], *, now: datetime) -> None:
    """Raise a low battery that its device did not report as an event, or end that."""
    device, percent, was_low = found
    given = {"device_key": device.key, "low_at": None if was_low else now}
    await conn.execute(_SQL["set_low"], given)
    if was_low:
        await _end(conn, device.key, "battery_low", now)
        return
    if await (await conn.execute(_SQL["told_low"], given)).fetchone() is None:
        draft = _draft("battery_low", device, ("battery_reading",), {"battery_percent": percent}, now)
        ref = await take_alarm(conn, draft, now)
        await publish(conn, [ref.case_id] if ref.tell else [], now=now)


async def states_of(conn: Connection, ids: list[str]) -> dict[str, str]:
    """Device id -> `ok` or `offline`; one that is not named is unknown: it never spoke."""
    rows = await (await conn.execute(_SQL["liveness"], {"ids": ids})).fetchall()
    return {row[0]: "offline" if row[1] else "ok" for row in rows}


async def _end(conn: Connection, device_key: int, kind: str, now: datetime) -> None:
    values = {"device_key": device_key, "kind": kind}
    changed = []
    for alarm_id, case_id in await (await conn.execute(_SQL["alarms_of_device"], values)).fetchall():
        if await rule_alarms.end(conn, alarm_id, case_id, at=now, now=now):
            changed.append(case_id)
    await publish(conn, changed, now=now)


def _placed(row: Any) -> Placed:
    return Placed(
        key=row[0],
        id=row[1],
        home_id=row[2],
        room=row[3],
        area_code=row[4],
        org_id=row[5],
        gateway_id=row[6],
    )


def _draft(
    kind: str, device: Placed, reasons: tuple[str, ...], inputs: dict[str, Any], now: datetime
) -> AlarmDraft:
    return AlarmDraft(
        subject_kind="home",
        subject_id=str(device.home_id),
        alarm_class="technical",
        kind=kind,
        priority=EVENTS[kind].priority,
        gateway_id=device.gateway_id,
        device_key=device.key,
        device_id=device.id,
        home_id=device.home_id,
        room=device.room,
        area_code=device.area_code,
        org_id=device.org_id,
        occurred_at=now,
        received_at=now,
        reasons=reasons,
        inputs=inputs,
        rule_version=CURRENT.version,
    )
