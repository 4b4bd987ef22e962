"""From a stored reading to a case: the queue, confirmation, crashes, late telemetry."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud import judging
from cloud.cases.intake import take_alarm
from cloud.cases.summary import CaseDetail
from cloud.database.pool import Connection, Pool
from tests.cloud import town
from tests.cloud.measured_home import MINUTE, a_bad_set, a_home, alarms, cases, measure
from tests.cloud.town import NOW, Home

pytestmark = pytest.mark.postgres


async def test_a_complete_bad_set_measured_twice_is_a_matter_of_life_and_once_is_attention(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    await a_bad_set(conn, home, NOW)
    assert await judging.judge_waiting(conn, now=NOW) > 0
    assert (await cases(conn))["care"][0] == 3
    later = NOW + 2 * MINUTE
    await a_bad_set(conn, home, later)
    await judging.judge_waiting(conn, now=later)
    case: CaseDetail = await town.care(conn)
    assert (case.priority, "news2_high" in case.kinds) == (1, True)
    assert case.resident is not None
    assert case.resident.id == home.resident_id
    ((inputs, version),) = [
        row[1:] for row in await alarms(conn, "kind", "inputs", "rule_version") if row[0] == "news2_high"
    ]
    (finding,) = inputs["findings"]
    assert (finding["news2"]["score"], finding["news2"]["complete"], version) == (8, True, "1")
    assert {p["method"] for p in finding["news2"]["parameters"]} == {
        "cuff",
        "oximeter",
        "contactless",
        "operator",
    }
    assert await town.count(conn, "judging") == 0


async def test_a_condition_that_lasts_rings_once_and_its_end_is_told(conn: Connection) -> None:
    home = await a_home(conn)
    for n, value in enumerate((130, 131, 132, 133, 90, 91)):
        at = NOW + n * 2 * MINUTE
        await measure(conn, home, "watch-1", at, {"heart_rate": value})
        await judging.judge_waiting(conn, now=at)
    case = await town.care(conn)
    assert (case.priority, case.rings, case.kinds) == (3, 1, ["vital_out_of_band"])
    assert [entry.kind for entry in case.timeline][-1] == "cleared"
    assert case.alarms[0].cleared_at is not None
    assert {"heart_rate_high", "estimate"} <= set(case.alarms[0].reasons)


async def test_what_waited_long_is_judged_as_of_its_own_time_turn_by_turn(conn: Connection) -> None:
    home = await a_home(conn)
    for n, value in enumerate((70, 140, 70, 70)):
        await measure(conn, home, "cuff-1", NOW + n * 2 * MINUTE, {"heart_rate": value})
    await judging.judge_waiting(conn, now=NOW + timedelta(hours=2))
    ((occurred, cleared),) = await alarms(conn, "occurred_at", "cleared_at")
    assert (occurred, cleared) == (NOW + 2 * MINUTE, NOW + 6 * MINUTE)


@pytest.mark.parametrize(("late", "age"), [(True, timedelta(seconds=5)), (False, timedelta(minutes=11))])
async def test_late_telemetry_never_raises(conn: Connection, late: bool, age: timedelta) -> None:
    home = await a_home(conn)
    await measure(conn, home, "watch-1", NOW - age, {"heart_rate": 200}, arrived=NOW, late=late)
    await measure(conn, home, "mat-1", NOW - age, {"in_bed": 0}, arrived=NOW, late=late)
    assert await town.count(conn, "judging") == 0


async def test_readings_of_nobody_and_of_no_vital_make_no_judgement(conn: Connection) -> None:
    home = await a_home(conn)
    await measure(conn, home, "zb-strange", NOW, {"heart_rate": 200})
    await measure(conn, home, "watch-1", NOW, {"steps": 9000, "battery": 3})
    assert await town.count(conn, "judging") == 0


async def test_a_watch_that_is_not_worn_raises_nothing(conn: Connection) -> None:
    home = await a_home(conn)
    await measure(conn, home, "watch-1", NOW, {"worn": 0})
    await measure(conn, home, "watch-1", NOW + MINUTE, {"heart_rate": 200})
    await judging.judge_waiting(conn, now=NOW + MINUTE)
    assert await alarms(conn, "kind") == []


async def test_a_reissued_watch_speaks_for_who_wore_it_then(conn: Connection) -> None:
    home, other = await a_home(conn), await town.add_home(conn)
    await conn.execute(
        "update installation set valid = tstzrange(lower(valid), %s) where device_key ="
        " (select key from device where id = 'watch-1')",
        (NOW + MINUTE,),
    )
    await town.add_device(conn, "watch-1", other, since=NOW + MINUTE)
    await measure(conn, home, "watch-1", NOW, {"heart_rate": 200})
    await judging.judge_waiting(conn, now=NOW + 5 * MINUTE)
    assert await alarms(conn, "resident_id") == [(home.resident_id,)]


async def test_two_of_one_home_are_two_alarms_even_in_the_same_minute(conn: Connection) -> None:
    home = await a_home(conn)
    bed_key, second = await town.add_resident(conn, home.id, "张伟")
    partner = Home(home.id, bed_key, second, home.gateway)
    await town.add_device(conn, "ox-2", partner)
    await conn.execute("update device set family = 'oximeter' where id = 'ox-2'")
    for n in range(2):
        at = NOW + n * 2 * MINUTE
        await measure(conn, home, "ox-1", at, {"spo2": 90})
        await measure(conn, partner, "ox-2", at, {"spo2": 90})
        await judging.judge_waiting(conn, now=at)
    medium = [row[1] for row in await alarms(conn, "kind", "resident_id") if row[0] == "news2_medium"]
    assert set(medium) == {home.resident_id, second}


async def test_a_crash_before_the_commit_loses_nothing_and_doubles_nothing(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = await a_home(conn)
    await measure(conn, home, "watch-1", NOW, {"heart_rate": 200})

    async def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(judging, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            await judging.judge_waiting(conn, now=NOW)
    assert await alarms(conn, "kind") == []
    for _ in range(2):
        await judging.judge_waiting(conn, now=NOW)
    assert await alarms(conn, "kind", "repeats") == [("vital_out_of_band", 1)]


async def test_one_that_cannot_be_judged_holds_nobody_up(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = await a_home(conn), await town.add_home(conn)
    await town.add_device(conn, "watch-2", other)
    await measure(conn, home, "watch-1", NOW, {"heart_rate": 200})
    await measure(conn, other, "watch-2", NOW, {"heart_rate": 200})

    async def refuse(conn: Connection, draft: Any, now: datetime) -> Any:
        if draft.resident_id == home.resident_id:
            raise ValueError("cannot")
        return await take_alarm(conn, draft, now)

    monkeypatch.setattr(judging, "take_alarm", refuse)
    await judging.judge_waiting(conn, now=NOW)
    assert await alarms(conn, "resident_id") == [(other.resident_id,)]
    assert await town.count(conn, "judging") == 1, "tried again later"
    for n in range(1, 6):
        await judging.judge_waiting(conn, now=NOW + n * MINUTE)
    assert await town.count(conn, "judging") == 0


async def test_two_workers_raise_each_alarm_once(conn: Connection, pool: Pool) -> None:
    homes = [await town.add_home(conn) for _ in range(8)]
    for n, home in enumerate(homes):
        await town.add_device(conn, f"watch-{n}", home)
        await measure(conn, home, f"watch-{n}", NOW, {"heart_rate": 200})
    async with pool.connection() as one, pool.connection() as other:
        await judging.judge_waiting(one, now=NOW)
        await judging.judge_waiting(other, now=NOW)
    assert len(await alarms(conn, "kind")) == 8
