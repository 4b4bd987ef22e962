"""The silence of broker, ingestor, worker, canary and screens is an alarm; a start is none."""

import asyncio
from datetime import datetime, timedelta

import pytest

from cloud.database.pool import Connection, Pool
from cloud.ingest.life import Reader, note_left, note_life, show_life
from cloud.supervision import ourselves
from cloud.supervision.jobs import show_life as worker_lives
from cloud.supervision.jobs import watch_ourselves
from cloud.supervision.ourselves import silences
from cloud.timers import settle_technical
from cloud.timing import Moment
from firmware_specs.clock import Clock
from tests.cloud import town
from tests.cloud.town import LONG_AGO, NOW, seconds
from tests.waiting import until


async def look(conn: Connection, at: float, *, started: datetime = LONG_AGO) -> None:
    moment = Moment(now=NOW + seconds(at), started_at=started)
    await watch_ourselves(conn, moment)
    await settle_technical(conn, moment)


async def open_kinds(conn: Connection) -> list[str]:
    return [kind for case in await town.all_cases(conn) if case.state != "closed" for kind in case.kinds]


async def test_a_silent_ingestor_is_an_urgent_technical_case_and_ends_by_itself(conn: Connection) -> None:
    await note_life(conn, listening=True, now=NOW)
    await look(conn, 30)
    assert await open_kinds(conn) == []
    await look(conn, 31)
    await look(conn, 36)
    (case,) = await town.all_cases(conn)
    assert (case.kinds, case.subject_kind, case.priority, case.rings) == (["ingest_silent"], "system", 2, 1)
    await note_life(conn, listening=True, now=NOW + seconds(40))
    await look(conn, 41)
    assert await open_kinds(conn) == []


async def test_a_broker_that_the_ingestor_does_not_hear(conn: Connection) -> None:
    for at in range(0, 60, 5):
        await note_life(conn, listening=at < 20, now=NOW + seconds(at))
        await look(conn, at)
    assert await open_kinds(conn) == ["broker_silent"]
    await note_life(conn, listening=True, now=NOW + seconds(60))
    await look(conn, 60)
    assert await open_kinds(conn) == []


async def test_a_silent_reader_of_telemetry_is_an_alarm_though_the_ingestor_lives(conn: Connection) -> None:
    await note_life(conn, listening=True, now=NOW, reader=Reader("telemetry"))
    for at in (0, 31):
        await note_life(conn, listening=True, now=NOW + seconds(at))
        await look(conn, at)
    assert await open_kinds(conn) == ["telemetry_silent"]
    await note_life(conn, listening=True, now=NOW + seconds(40), reader=Reader("telemetry"))
    await look(conn, 40)
    assert await open_kinds(conn) == []


async def test_a_dead_member_is_missed_though_the_others_go_on(
    conn: Connection,
) -> None:
    await note_life(conn, listening=True, now=NOW, reader=Reader(member="a"))
    for at in (0, 31):
        await note_life(conn, listening=True, now=NOW + seconds(at), reader=Reader(member="b"))
        await look(conn, at)
    assert await open_kinds(conn) == ["member_silent"]
    await note_life(conn, listening=True, now=NOW + seconds(3601), reader=Reader(member="b"))
    await look(conn, 3601)
    assert await open_kinds(conn) == []


async def test_a_member_that_left_is_not_missed_and_the_last_one_is(conn: Connection) -> None:
    both = [Reader(member=name) for name in "ab"]
    for reader in both:
        await note_life(conn, listening=True, now=NOW, reader=reader)
    for reader in both:
        await note_left(conn, reader, now=NOW)
    await look(conn, 31)
    assert await open_kinds(conn) == ["ingest_silent"]


async def test_whoever_becomes_a_group_does_not_miss_the_one_that_worked_alone(conn: Connection) -> None:
    await note_life(conn, listening=True, now=NOW)
    await note_life(conn, listening=True, now=NOW + seconds(60), reader=Reader(member="a"))
    await look(conn, 60)
    assert await open_kinds(conn) == []
    await note_life(conn, listening=True, now=NOW + seconds(120))
    await look(conn, 120)
    assert await open_kinds(conn) == []


async def test_whoever_starts_waits_before_it_judges(conn: Connection) -> None:
    await note_life(conn, listening=True, now=LONG_AGO)
    await look(conn, 20, started=NOW)
    assert await open_kinds(conn) == []
    await look(conn, 31, started=NOW)
    assert await open_kinds(conn) == ["ingest_silent"]


@pytest.mark.parametrize("program", ["ingest", "telemetry", "member", "broker", "canary", "work"])
def test_a_program_that_never_lived_is_not_missed(program: str) -> None:
    told = silences({}, now=NOW, started_at=LONG_AGO)
    assert told[f"{program}_silent"] is False
    named = "members" if program == "member" else program
    late = silences({named: NOW - timedelta(hours=1)}, now=NOW, started_at=LONG_AGO)
    assert late[f"{program}_silent"] is True


def test_where_the_clock_runs_fast_programs_get_real_time_to_speak() -> None:
    lives = {"work": NOW - timedelta(seconds=300)}
    assert silences(lives, now=NOW, started_at=LONG_AGO, rate=60)["work_silent"] is False
    assert silences(lives, now=NOW, started_at=LONG_AGO, rate=1)["work_silent"] is True


async def test_the_ingestor_tells_of_a_silent_worker(pool: Pool, conn: Connection) -> None:
    clock = Clock()
    await worker_lives(conn, Moment(now=clock.now() - timedelta(seconds=40), started_at=LONG_AGO))
    lives = await ourselves.lives(conn)
    assert silences(lives, now=clock.now(), started_at=LONG_AGO)["work_silent"] is True
    # The same through the ingestor's own loop, whose clock is moved by running fast.
    fast = Clock(start_ms=clock.now_ms(), anchor_ms=clock.now_ms(), rate=30.0)
    task = asyncio.create_task(show_life(pool, fast, lambda: True))

    async def told() -> bool:
        return "work_silent" in await open_kinds(conn)

    try:
        await until(told, limit_s=60)
    finally:
        task.cancel()


async def sign_in(conn: Connection, name: str, *, seen: float, role: str = "operator") -> None:
    """A seat with a session, as a browser has one."""
    operator = await town.add_operator(conn, name, seen=NOW + seconds(seen))
    await conn.execute("update staff set role = %s where id = %s", (role, operator.id))
    await conn.execute(
        "insert into session (token_hash, csrf_token, staff_id, seat_id, created_at, expires_at)"
        " values (%s, '', %s, %s, %s, %s)",
        (name.encode(), operator.id, operator.seat_id, NOW, NOW + timedelta(hours=12)),
    )


async def see(conn: Connection, name: str, at: float) -> None:
    await conn.execute(
        "update seat set last_seen_at = %s where staff_id = (select id from staff where name = %s)",
        (NOW + seconds(at), name),
    )


async def test_an_operators_silent_screen_is_told_once_and_ends_when_it_is_heard(conn: Connection) -> None:
    await sign_in(conn, "甲", seen=0)
    await sign_in(conn, "乙", seen=0)
    for at in (20, 30, 31, 40, 50):
        await see(conn, "乙", at)
        await look(conn, at)
    (case,) = await town.all_cases(conn)
    assert (case.kinds, case.priority, case.repeats) == (["screen_silent"], 4, 1)
    await see(conn, "甲", 55)
    await see(conn, "乙", 55)
    await look(conn, 56)
    assert await open_kinds(conn) == []


async def test_the_last_screen_that_falls_silent_is_urgent(conn: Connection) -> None:
    await sign_in(conn, "甲", seen=0)
    await look(conn, 31)
    (case,) = await town.all_cases(conn)
    assert case.priority == 2


@pytest.mark.parametrize("role", ["responder", "family", "technician", "official", "admin"])
async def test_only_the_desks_own_screens_are_missed_and_only_they_count(conn: Connection, role: str) -> None:
    await sign_in(conn, "甲", seen=0, role=role)
    await look(conn, 31)
    assert await town.all_cases(conn) == [], "a telephone may sleep"
    await sign_in(conn, "乙", seen=31, role="supervisor")
    await see(conn, "甲", 62)
    await look(conn, 62)
    (case,) = await town.all_cases(conn)
    assert case.priority == 2, "nobody at the desk is left, whoever else looks at a telephone"


async def test_who_signs_off_is_not_missed(conn: Connection) -> None:
    await sign_in(conn, "甲", seen=0)
    await conn.execute("delete from session")
    await look(conn, 1000)
    assert await open_kinds(conn) == []


async def test_a_canary_that_was_ended_is_not_missed_and_one_that_died_is(conn: Connection) -> None:
    await ourselves.note_alive(conn, "canary", now=NOW)
    await look(conn, 151)
    assert await open_kinds(conn) == ["canary_silent"]
    await ourselves.note_ended(conn, "canary")
    await look(conn, 152)
    assert await open_kinds(conn) == []
