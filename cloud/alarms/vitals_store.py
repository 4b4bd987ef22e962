"""The rules over readings in the database: queue, people, values, conditions. The boundary owns the
transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np

from cloud.alarms.judgement import JUDGED, LATE_AFTER, Overdue, Place, Trigger, windows
from cloud.alarms.person import Person, person_of
from cloud.alarms.readings import Sample, method_of
from cloud.alarms.rule_versions import RuleSet
from cloud.alarms.vitals import Active
from cloud.database import arrays, queries
from cloud.database.pool import Connection
from cloud.telemetry.columns import NO_QUALITY, Columns, Flags, Ints

_SQL: Final = queries.load(__package__ or "cloud.alarms", "vitals.sql")
_LATE_MS: Final = LATE_AFTER // timedelta(milliseconds=1)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the queue and whose it is; a device that nobody installed is nobody's."""

    id: int
    trigger: Trigger
    resident_id: UUID | None
    home_id: UUID | None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A person and where an alarm about them rings."""

    person: Person
    place: Place | None


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's alarm whose condition is over."""

    alarm_id: UUID
    case_id: UUID
    kind: str


async def enqueue(
    conn: Connection, stored: Columns, kinds: Mapping[str, int], installed: Callable[[Ints], Flags]
) -> None:
    """Queue what is to be judged of readings that this transaction stores, of devices that are `installed`.

    Late ones are not.
    """
    ids = np.array([kinds[kind] for kind in JUDGED if kind in kinds], np.int64)
    chosen = stored.newest & np.isin(stored.kind_id, ids) & (stored.quality != 0)
    chosen &= stored.received_ms - stored.measured_ms <= _LATE_MS
    new = stored.where(chosen)
    new = new.where(installed(new.device_key))
    if not len(new):
        return
    await conn.execute(
        _SQL["enqueue"],
        {
            "device_keys": arrays.of_numbers(new.device_key.tolist()),
            "kind_ids": arrays.of_numbers(new.kind_id.tolist()),
            "measured_at": arrays.of_times(new.measured_ms),
            "received_at": arrays.of_times(new.received_ms),
            "values": arrays.of_numbers(new.value.tolist()),
        },
    )


async def enqueue_observation(conn: Connection, resident_id: UUID, *, at: datetime) -> None:
    """Queue a person whom this transaction stores an observation of."""
    await conn.execute(_SQL["enqueue_observation"], {"resident_id": resident_id, "at": at})


async def waiting(conn: Connection, *, now: datetime, limit: int) -> list[Waiting]:
    """The oldest of what is to be judged."""
    rows = await (await conn.execute(_SQL["waiting"], {"now": now, "limit": limit})).fetchall()
    return [
        Waiting(
            id=row[0],
            trigger=Trigger(
                at=row[6],
                received_at=row[7],
                kind=row[2] or "",
                value=row[8],
                device=row[9],
                device_key=row[1],
            ),
            resident_id=row[3],
            home_id=row[4],
        )
        for row in rows
    ]


async def take(conn: Connection, ids: Sequence[int]) -> bool:
    """They are judged with this transaction; False where another worker has taken one of them."""
    return (await conn.execute(_SQL["take"], {"ids": list(ids)})).rowcount == len(ids)


async def put_off(conn: Connection, ids: Sequence[int], *, until: datetime, tries: int) -> bool:
    """Try them again later; False when that was tried often enough and they are dropped."""
    given = {"ids": list(ids), "next_at": until, "tries": tries}
    await conn.execute(_SQL["put_off"], given)
    return (await conn.execute(_SQL["give_up"], given)).rowcount == 0


async def subjects(conn: Connection, ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Subject]:
    """Persons as they are at a moment."""
    rows = await (await conn.execute(_SQL["people"], {"ids": sorted(set(ids)), "at": at})).fetchall()
    found = {}
    for resident_id, state, needs, profile, limits, home_id, area_code, org_id, gateway_id in rows:
        person = person_of(resident_id, state=state, needs=needs, profile=profile, limits=limits)
        place = None
        if home_id is not None:
            place = Place(home_id=home_id, area_code=area_code, org_id=org_id, gateway_id=gateway_id)
        found[resident_id] = Subject(person=person, place=place)
    return found


async def people_of_home(conn: Connection, home_id: UUID, *, at: datetime) -> tuple[Person, ...]:
    """All who live in a home at a moment."""
    rows = await (await conn.execute(_SQL["people_of_home"], {"home_id": home_id, "at": at})).fetchall()
    return tuple(person_of(row[0], state=row[1], needs=row[2], profile=row[3], limits=row[4]) for row in rows)


async def place_of(conn: Connection, home_id: UUID) -> Place:
    """Where an alarm about a home rings."""
    row = await (await conn.execute(_SQL["home"], {"home_id": home_id})).fetchone()
    assert row is not None
    return Place(home_id=home_id, area_code=row[0], org_id=row[1], gateway_id=row[2])


async def gateway_is_away(conn: Connection, home_id: UUID) -> bool:
    """True where a home's gateway is known to be offline."""
    return await (await conn.execute(_SQL["gateway_is_away"], {"home_id": home_id})).fetchone() is not None


async def values(
    conn: Connection, since: Mapping[UUID, datetime], *, now: datetime, rules: RuleSet
) -> dict[UUID, list[Sample]]:
    """What is needed to judge each person from a moment on: readings and observations up to `now`."""
    found: dict[UUID, list[Sample]] = {resident_id: [] for resident_id in since}
    back = windows(rules)
    given = {
        "resident_ids": list(since),
        "ats": list(since.values()),
        "now": now,
        "longest": max(back.values()),
        "kinds": list(back),
        "windows": list(back.values()),
        "apart": rules.apart,
        "late_after": LATE_AFTER,
    }
    for row in await (await conn.execute(_SQL["values"], given)).fetchall():
        resident_id, kind, at, value, device, role, family, model, quality = row
        sample = Sample(
            kind=kind,
            at=at,
            known_at=at,
            value=value,
            method=method_of(role, family, model, device),
            device=device,
            quality=None if quality == NO_QUALITY else quality,
        )
        found[resident_id].append(sample)
    for resident_id, sample in await observed(conn, list(since), now=now, rules=rules):
        found[resident_id].append(sample)
    return found


async def observed(
    conn: Connection,
    resident_ids: Sequence[UUID],
    *,
    now: datetime,
    rules: RuleSet,
    since: datetime | None = None,
) -> list[tuple[UUID, Sample]]:
    """What people entered, as far as it may still matter."""
    start = (since or now) - max(rules.max_age.values())
    given = {"resident_ids": list(resident_ids), "since": start, "now": now}
    rows = await (await conn.execute(_SQL["observations"], given)).fetchall()
    return [
        (
            row[0],
            Sample(kind=row[1], at=row[2], known_at=row[3], value=row[4], text=row[5], method=row[6]),
        )
        for row in rows
    ]


async def conditions(conn: Connection, ids: Iterable[UUID]) -> dict[UUID, dict[str, Active]]:
    """What was raised about each person."""
    rows = await (await conn.execute(_SQL["conditions"], {"resident_ids": list(ids)})).fetchall()
    found: dict[UUID, dict[str, Active]] = {}
    for resident_id, key, priority, raised_at, known, over in rows:
        active = Active(key=key, priority=priority, raised_at=raised_at, known=known, over=over)
        found.setdefault(resident_id, {})[key] = active
    return found


async def set_condition(
    conn: Connection, resident_id: UUID, active: Active, *, alarm_id: UUID | None, rule_version: str
) -> None:
    """Keep a condition that was raised, or is over."""
    row: dict[str, Any] = msgspec.structs.asdict(active)
    row |= {"resident_id": resident_id, "alarm_id": alarm_id, "rule_version": rule_version}
    await conn.execute(_SQL["set_condition"], row)


async def alarms_over(conn: Connection, resident_id: UUID, keys: Sequence[str]) -> list[Ended]:
    """The alarms that only told conditions which are over with `keys`."""
    given = {"resident_id": resident_id, "keys": list(keys)}
    rows = await (await conn.execute(_SQL["alarms_over"], given)).fetchall()
    return [Ended(alarm_id=row[0], case_id=row[1], kind=row[2]) for row in rows]


async def begin_expectation(conn: Connection, key: str, row: Mapping[str, Any]) -> None:
    """Something is awaited, unless it is already."""
    await conn.execute(_SQL["begin_expectation"], {"key": key, **row})


async def expected(conn: Connection, keys: Iterable[str]) -> set[str]:
    """Which of these are awaited."""
    rows = await conn.execute(_SQL["expected"], {"keys": list(keys)})
    return {row[0] for row in await rows.fetchall()}


async def end_expectation(conn: Connection, key: str, *, at: datetime) -> Ended | None:
    """It has happened; its alarm, where it had been overdue."""
    row = await (await conn.execute(_SQL["end_expectation"], {"key": key, "at": at})).fetchone()
    return None if row is None else Ended(alarm_id=row[0], case_id=row[1], kind=row[2])


async def overdue(conn: Connection, *, now: datetime, limit: int) -> list[str]:
    """The keys of what should have happened."""
    rows = await (await conn.execute(_SQL["overdue"], {"now": now, "limit": limit})).fetchall()
    return [str(row[0]) for row in rows]


async def take_overdue(conn: Connection, key: str) -> Overdue | None:
    """One of them, held until commit; None when another worker has it or it has happened."""
    row = await (await conn.execute(_SQL["take_overdue"], {"key": key})).fetchone()
    if row is None:
        return None
    return Overdue(**dict(zip(Overdue.__struct_fields__, row, strict=True)))


async def set_overdue(conn: Connection, key: str, alarm_id: UUID) -> None:
    """It was raised."""
    await conn.execute(_SQL["set_overdue"], {"key": key, "alarm_id": alarm_id})


async def drop_expectation(conn: Connection, key: str) -> None:
    """It matters no more."""
    await conn.execute(_SQL["drop_expectation"], {"key": key})


async def trim_expectations(conn: Connection, *, before: datetime) -> None:
    """Forget what never came to an end."""
    await conn.execute(_SQL["trim_expectations"], {"before": before})
