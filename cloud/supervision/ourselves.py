"""The silence of our own: broker, both readers of it, worker, canary, and the screens that people sit at.

The worker looks after all of them but itself; the ingestor looks after the worker (cloud/ingest/life.py).
What nobody can tell any more, GET /api/v1/health and the screens' own link bar do.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.rule_versions import CURRENT
from cloud.cases import rule_alarms
from cloud.cases.intake import take_alarm
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection
from firmware_specs.kinds import EVENTS

_SQL: Final = queries.load(__package__ or "cloud.supervision")
SILENT_AFTER: Final = timedelta(seconds=30)
CANARY_SILENT_AFTER: Final = timedelta(seconds=150)
_LEAST_REAL_S: Final = 8.0  # where the clock runs fast, programs need real time to speak
_BROKER: Final = "broker"
# Where it is silent no SOS can come: as urgent as a technical case can be.
_URGENT: Final = 2
_OTHERS_GO_ON: Final = ("canary_silent", "member_silent")


def allowance(limit: timedelta, rate: float) -> timedelta:
    """How long a program may say nothing, where its clock runs `rate` times as fast as the machine's."""
    return max(limit, timedelta(seconds=_LEAST_REAL_S * rate))


def silences(
    lives: Mapping[str, datetime], *, now: datetime, started_at: datetime, rate: float = 1.0
) -> dict[str, bool]:
    """Kind of alarm -> whether it is due; what cannot be told is left out. Pure.

    A program that never lived is not missed. Whoever has just started itself waits before it judges.
    """
    told: dict[str, bool] = {}
    for program, kind, limit in (
        ("ingest", "ingest_silent", SILENT_AFTER),
        ("telemetry", "telemetry_silent", SILENT_AFTER),
        ("members", "member_silent", SILENT_AFTER),
        (_BROKER, "broker_silent", SILENT_AFTER),
        ("canary", "canary_silent", CANARY_SILENT_AFTER),
        ("work", "work_silent", SILENT_AFTER),
    ):
        alive_at = lives.get(program)
        if alive_at is None:
            told[kind] = False
            continue
        silent = now - alive_at > allowance(limit, rate)
        if not silent or now - started_at > allowance(limit, rate):
            told[kind] = silent
    if told.get("ingest_silent"):
        told.pop("broker_silent", None)  # nobody is there who could hear it
    if told.get("ingest_silent") or told.get("telemetry_silent"):
        told.pop("member_silent", None)  # it is not only one of several
    return told


async def note_alive(conn: Connection, program: str, *, now: datetime) -> None:
    """A program of ours lives."""
    await conn.execute(_SQL["program_alive"], {"program": program, "now": now})


async def note_ended(conn: Connection, program: str) -> None:
    """A program of ours has ended as it should: it is not missed."""
    await conn.execute(_SQL["program_ended"], {"program": program})


async def lives(conn: Connection) -> dict[str, datetime]:
    """When each program was last heard; `broker` while the ingestor hears it."""
    return dict(await (await conn.execute(_SQL["lives"])).fetchall())


async def watch(
    conn: Connection, *, now: datetime, started_at: datetime, rate: float, kinds: frozenset[str]
) -> None:
    """Raise and end the alarms of these kinds, each in a transaction of its own."""
    known = await lives(conn)
    heard = known.pop("listening", None)
    if heard is not None and now - heard <= allowance(SILENT_AFTER, rate):
        await note_alive(conn, _BROKER, now=now)
        known[_BROKER] = now
    for kind, due in silences(known, now=now, started_at=started_at, rate=rate).items():
        if kind in kinds:
            async with conn.transaction():
                await _tell(conn, kind, due=due, now=now)


async def watch_seats(conn: Connection, *, now: datetime, rate: float) -> None:
    """Raise the silence of each signed-in screen once; end it when it is heard, signed off or expired."""
    before = now - allowance(SILENT_AFTER, rate)
    values = {"before": before, "now": now}
    async with conn.transaction():
        ended = await (await conn.execute(_SQL["seats_back"], values)).fetchall()
        await _end(conn, [(row[0], row[1]) for row in ended], now)
    for row in await (await conn.execute(_SQL["silent_seats"], values)).fetchall():
        async with conn.transaction():
            living = await (await conn.execute(_SQL["living_seats"], values)).fetchone()
            assert living is not None, "an aggregate always answers"
            draft = _seat_draft(row, alone=living[0] == 0, now=now)
            ref = await take_alarm(conn, draft, now)
            await publish(conn, [ref.case_id], now=now)


async def _tell(conn: Connection, kind: str, *, due: bool, now: datetime) -> None:
    rows = await (await conn.execute(_SQL["open_silence"], {"kind": kind, "device_id": None})).fetchall()
    if due and not rows:
        priority = EVENTS[kind].priority if kind in _OTHERS_GO_ON else _URGENT
        ref = await take_alarm(conn, _draft(kind, "carebed", priority=priority, now=now), now)
        await publish(conn, [ref.case_id], now=now)
    elif not due and rows:
        await _end(conn, [(row[0], row[1]) for row in rows], now)


async def _end(conn: Connection, ended: list[tuple[UUID, UUID]], now: datetime) -> None:
    changed = [
        case_id
        for alarm_id, case_id in ended
        if await rule_alarms.end(conn, alarm_id, case_id, at=now, now=now)
    ]
    await publish(conn, changed, now=now)


def _seat_draft(row: Any, *, alone: bool, now: datetime) -> AlarmDraft:
    seat_id, name, area_code, org_id, last_seen_at = row
    return _draft(
        "screen_silent",
        "desk" if not area_code else f"desk-{area_code}",
        priority=_URGENT if alone else EVENTS["screen_silent"].priority,
        now=now,
        area_code=area_code,
        org_id=org_id,
        device_id=str(seat_id),
        reasons=("seat_silent", "no_seat_left") if alone else ("seat_silent",),
        inputs={"name": name, "last_seen_at": last_seen_at.isoformat()},
    )


def _draft(kind: str, subject: str, *, priority: int, now: datetime, **more: Any) -> AlarmDraft:
    return AlarmDraft(
        **{
            "subject_kind": "system",
            "subject_id": subject,
            "alarm_class": "technical",
            "kind": kind,
            "priority": priority,
            "occurred_at": now,
            "received_at": now,
            "reasons": (kind,),
            "rule_version": CURRENT.version,
            **more,
        }
    )
