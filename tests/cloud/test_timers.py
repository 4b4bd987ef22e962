"""What happens because time passed: once, however many workers, and never for a silence of our own."""

import asyncio
from datetime import datetime
from uuid import UUID

import pytest

from cloud import timers
from cloud.alarms.alarm import AlarmDraft
from cloud.cases import detail, store
from cloud.cases.case import Actor
from cloud.cases.intake import CaseRef, take_alarm
from cloud.cases.summary import CaseDetail
from cloud.database.pool import Connection, Pool
from cloud.feed import store as feed
from cloud.timers import JOBS, Timers, run_alone
from cloud.timing import Job, Moment
from firmware_specs.clock import Clock
from tests.cloud import town
from tests.cloud.town import LONG_AGO, NOW, Home, event, ms, seconds
from tests.waiting import until


async def pass_time(conn: Connection, at: float, *, started: datetime = LONG_AGO) -> None:
    """Every job once, `at` seconds after the beginning."""
    for job in JOBS:
        assert await run_alone(conn, job, Moment(now=NOW + seconds(at), started_at=started))


async def a_home(conn: Connection) -> Home:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.add_device(conn, "watch-1", home)
    return home


async def a_claimed_case(conn: Connection) -> tuple[UUID, Actor]:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    case = await town.care(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, case.id, operator, now=NOW)
    return case.id, operator


async def look(conn: Connection, case_id: UUID) -> CaseDetail:
    return await detail.detail(conn, case_id, town.EVERYONE)


async def see_seat(conn: Connection, operator: Actor, at: float) -> None:
    await conn.execute(
        "update seat set last_seen_at = %s where id = %s", (NOW + seconds(at), operator.seat_id)
    )


async def test_a_suspected_fall_is_raised_after_twenty_seconds_and_urgent_after_two_minutes_more(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("fall", device="watch-1", phase="suspected"))
    await pass_time(conn, 19.9)
    assert await town.all_cases(conn) == []
    await pass_time(conn, 20)
    case = await town.care(conn)
    assert (case.priority, case.kinds, case.rings) == (2, ["fall_suspected"], 1)
    await pass_time(conn, 139)
    assert (await town.care(conn)).priority == 2
    await pass_time(conn, 140)
    case = await town.care(conn)
    assert (case.priority, case.rings, case.alarms[0].priority) == (1, 2, 1)
    assert case.timeline[-1].kind == "escalated"
    await pass_time(conn, 141)
    assert (await town.care(conn)).rings == 2


async def test_a_suspected_fall_that_somebody_has_stays_as_it_is(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("fall", device="watch-1", phase="suspected"))
    await pass_time(conn, 20)
    case = await town.care(conn)
    operator = await town.add_operator(conn, "甲", seen=NOW + seconds(150))
    async with conn.transaction():
        await store.claim(conn, case.id, operator, now=NOW + seconds(100))
    await pass_time(conn, 150)
    assert (await town.care(conn)).priority == 2


async def test_a_dead_seats_case_returns_and_rings(conn: Connection) -> None:
    case_id, operator = await a_claimed_case(conn)
    await see_seat(conn, operator, 10)
    await pass_time(conn, 30)
    assert (await look(conn, case_id)).state == "claimed"
    await pass_time(conn, 30.1)
    case = await look(conn, case_id)
    assert (case.state, case.rings, case.owner) == ("open", 2, None)
    (returned,) = [entry for entry in case.timeline if entry.kind == "returned"]
    assert returned.data["reason"] == "seat_died"
    assert returned.data["owner"] == "甲"


async def test_nobody_who_is_talking_loses_the_case(conn: Connection) -> None:
    case_id, operator = await a_claimed_case(conn)
    async with conn.transaction():
        await store.call(conn, case_id, operator, call_s=300, now=NOW)
    await pass_time(conn, 299)
    assert (await look(conn, case_id)).state == "claimed"
    await pass_time(conn, 301)
    assert (await look(conn, case_id)).state == "open"


async def test_an_overdue_stage_warns_once_then_returns(conn: Connection) -> None:
    case_id, operator = await a_claimed_case(conn)
    for at in (89, 90, 100, 119):
        await see_seat(conn, operator, at)
        await pass_time(conn, at)
    case = await look(conn, case_id)
    assert case.state == "claimed"
    assert [entry.kind for entry in case.timeline].count("warned") == 1
    await see_seat(conn, operator, 120)
    await pass_time(conn, 120)
    case = await look(conn, case_id)
    assert (case.state, case.rings) == ("open", 2)
    assert case.timeline[-1].data["reason"] == "stage_overdue"


async def test_work_on_the_case_takes_the_warning_back(conn: Connection) -> None:
    case_id, operator = await a_claimed_case(conn)
    await see_seat(conn, operator, 95)
    await pass_time(conn, 95)
    async with conn.transaction():
        await store.note(conn, case_id, operator, "正在联系", now=NOW + seconds(100))
    for at in (130, 160, 189):
        await see_seat(conn, operator, at)
        await pass_time(conn, at)
    assert (await look(conn, case_id)).state == "claimed"


async def test_supervisors_hear_of_an_unclaimed_life_once_each_time_it_waits(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    await pass_time(conn, 29)
    for at in (30, 31, 60):
        await pass_time(conn, at)

    async def escalations() -> int:
        frames = await feed.read_after(conn, 0, town.EVERYONE)
        return [frame.type for frame in frames].count("escalation")

    assert await escalations() == 1
    case = await town.care(conn)
    assert [entry.kind for entry in case.timeline].count("escalated") == 1
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, case.id, operator, now=NOW + seconds(61))
        await store.release(conn, case.id, operator, now=NOW + seconds(62))
    await pass_time(conn, 91)
    assert await escalations() == 1
    await pass_time(conn, 92)
    assert await escalations() == 2


async def test_a_case_that_becomes_a_matter_of_life_waits_from_then(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("water_leak"))
    await pass_time(conn, 119)
    assert "escalation" not in [f.type for f in await feed.read_after(conn, 0, town.EVERYONE)]
    later = NOW + seconds(119)
    await town.send(conn, home.gateway, event("sos", at=later), at=later)
    await pass_time(conn, 148)
    assert "escalation" not in [f.type for f in await feed.read_after(conn, 0, town.EVERYONE)]
    await pass_time(conn, 149)
    assert "escalation" in [f.type for f in await feed.read_after(conn, 0, town.EVERYONE)]


async def test_a_technical_fault_that_is_over_closes_by_itself_unless_somebody_came(conn: Connection) -> None:
    home, other = await a_home(conn), await town.add_home(conn)
    await town.add_device(conn, "zb-2", other)
    batteries = [(home, event("battery_low")), (other, event("battery_low", device="zb-2"))]
    for where, battery in batteries:
        await town.send(conn, where.gateway, battery)
    first, second = await town.all_cases(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, second.id, operator, now=NOW)
    await pass_time(conn, 1)
    assert (await look(conn, first.id)).state == "open"
    for where, battery in batteries:
        ended = event("battery_low", id=battery["id"], phase="cleared", device=battery["device"])
        await town.send(conn, where.gateway, ended)
    await pass_time(conn, 2)
    closed = await look(conn, first.id)
    assert (closed.state, closed.disposition) == ("closed", "technical")
    assert [entry.kind for entry in closed.timeline][-3:] == ["cleared", "resolved", "closed"]
    assert closed.timeline[-1].actor == "system"
    assert (await look(conn, second.id)).state == "claimed"


async def test_an_emergency_that_is_over_is_never_closed_by_itself(conn: Connection) -> None:
    home = await a_home(conn)
    smoke = event("smoke")
    await town.send(conn, home.gateway, smoke)
    await town.send(conn, home.gateway, event("smoke", id=smoke["id"], phase="cleared"))
    await pass_time(conn, 10_000)
    assert (await town.care(conn)).state == "open"


async def test_two_workers_do_everything_once(pool: Pool, conn: Connection) -> None:
    homes = [await town.add_home(conn) for _ in range(6)]
    for n, home in enumerate(homes):
        await town.add_device(conn, f"watch-t{n}", home)
        await town.add_device(conn, f"zb-t{n}", home)
        await town.send(conn, home.gateway, event("fall", device=f"watch-t{n}", phase="suspected"))
        if n % 2:
            await town.send(conn, home.gateway, event("sos", device=f"zb-t{n}"))
    moment = Moment(now=NOW + seconds(35), started_at=LONG_AGO)

    async def work() -> None:
        async with pool.connection() as mine:
            for job in JOBS:
                await run_alone(mine, job, moment)

    await asyncio.gather(*(work() for _ in range(4)))
    cases = await town.all_cases(conn)
    assert len(cases) == 6
    assert await town.count(conn, "alarm") == 9
    frames = await feed.read_after(conn, 0, town.EVERYONE)
    assert [frame.type for frame in frames].count("escalation") == 3
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))


async def test_even_without_their_locks_two_workers_do_everything_once(pool: Pool, conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("fall", device="watch-1", phase="suspected"))
    moment = Moment(now=NOW + seconds(25), started_at=LONG_AGO)

    async def work() -> None:
        async with pool.connection() as mine:
            await timers.raise_due_suspicions(mine, moment)

    await asyncio.gather(*(work() for _ in range(5)))
    case = await town.care(conn)
    assert (case.rings, case.alarm_count) == (1, 1)


async def test_one_item_that_fails_does_not_hold_up_the_others(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes = [await town.add_home(conn) for _ in range(3)]
    for n, home in enumerate(homes):
        await town.add_device(conn, f"watch-f{n}", home)
        await town.send(conn, home.gateway, event("fall", device=f"watch-f{n}", phase="suspected"))
    bad = homes[1].gateway

    async def broken(conn: Connection, draft: AlarmDraft, now: datetime) -> CaseRef:
        if draft.gateway_id == bad:
            raise ZeroDivisionError
        return await take_alarm(conn, draft, now)

    monkeypatch.setattr(timers, "take_alarm", broken)
    await timers.raise_due_suspicions(conn, Moment(now=NOW + seconds(25), started_at=LONG_AGO))
    assert len(await town.all_cases(conn)) == 2
    assert await town.count(conn, "suspicion") == 1, "it stays due"


async def test_a_failing_job_does_not_stop_the_others(
    pool: Pool, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = {"bad": 0, "good": 0}

    async def bad(conn: Connection, moment: Moment) -> None:
        runs["bad"] += 1
        raise ZeroDivisionError

    async def good(conn: Connection, moment: Moment) -> None:
        runs["good"] += 1

    jobs = (Job("bad", 1, 0.01, bad), Job("good", 2, 0.01, good))
    monkeypatch.setattr(timers, "JOBS", jobs)
    monkeypatch.setattr(timers, "_LEAST_PAUSE_S", 0.01)
    task = asyncio.create_task(Timers(pool, Clock(ms(NOW), ms(NOW), 1.0)).run())
    await until(lambda: min(runs.values()) >= 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_cleaning_up_keeps_what_is_in_use(conn: Connection) -> None:
    case_id, operator = await a_claimed_case(conn)
    idle = await town.add_operator(conn, "乙")
    await see_seat(conn, operator, 50_000)
    await conn.execute(
        "insert into session (token_hash, csrf_token, staff_id, seat_id, created_at, expires_at)"
        " values ('\\x01', '', %s, %s, %s, %s)",
        (idle.id, idle.seat_id, NOW, NOW + seconds(60)),
    )
    await timers.clean_up(conn, Moment(now=NOW + seconds(50_000), started_at=NOW))
    assert await town.count(conn, "session") == 0
    rows = await (await conn.execute("select id from seat where closed_at is null")).fetchall()
    assert [row[0] for row in rows] == [operator.seat_id]
    assert (await look(conn, case_id)).state == "claimed"


async def test_of_what_one_sender_floods_us_with_the_newest_thousand_are_kept(conn: Connection) -> None:
    await conn.execute(
        "insert into quarantine (received_at, topic, gateway_id, reason, size, sha256, raw, last_at)"
        " select %s, 't', case when n %% 500 = 0 then 'quiet' else 'loud' end, '', 1, int4send(n), '',"
        " %s::timestamptz + n * interval '1 ms' from generate_series(1, 1500) n",
        (NOW, NOW),
    )
    await timers.clean_up(conn, Moment(now=NOW + seconds(60), started_at=NOW))
    rows = await conn.execute(
        "select gateway_id, count(*), max(last_at) from quarantine group by 1 order by 1"
    )
    loud, quiet = await rows.fetchall()
    assert (loud[1], loud[2], quiet[1]) == (1000, NOW + seconds(1.499), 3)
