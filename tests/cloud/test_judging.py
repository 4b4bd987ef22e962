"""From a stored reading to a case: the queue, confirmation, beds and doors, crashes, late telemetry."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from cloud import judging
from cloud.alarms import observations, vitals_store
from cloud.alarms.observations import Observed
from cloud.alarms.vitals_store import enqueue
from cloud.cases import rule_alarms
from cloud.cases.intake import take_alarm
from cloud.cases.summary import CaseDetail
from cloud.database.pool import Connection, Pool
from cloud.ingest.states import set_online
from cloud.ingest.whereabouts import Sender
from cloud.telemetry import partitions
from cloud.telemetry.columns import Incoming, to_ms
from cloud.telemetry.writer import TelemetryWriter
from firmware_specs.messages import TelemetryBatch
from tests.cloud import town
from tests.cloud.town import NOW, Home

pytestmark = pytest.mark.postgres

NIGHT = datetime(2026, 1, 1, 16, 0, tzinfo=UTC)  # midnight in Dongying
MINUTE = timedelta(minutes=1)
_seq = iter(range(1, 1_000_000))


async def a_home(conn: Connection) -> Home:
    home = await town.add_home(conn)
    for device, family in (
        ("cuff-1", "cuff"),
        ("ox-1", "oximeter"),
        ("watch-1", "watch"),
        ("mat-1", "mattress"),
    ):
        await town.add_device(conn, device, home)
        await conn.execute("update device set family = %s where id = %s", (family, device))
    await town.add_device(conn, "zb-door", home, bed=False, room="hall")
    return home


async def measure(
    conn: Connection,
    home: Home,
    device: str,
    at: datetime,
    values: Mapping[str, float],
    *,
    arrived: datetime | None = None,
    late: bool = False,
) -> None:
    """A batch of one moment, as the telemetry lane stores it."""
    received = arrived or at
    await partitions.ensure_days(conn, [at.date()])
    batch = TelemetryBatch(
        run="0123456789abcdef",
        boot="boot-1",
        seq=next(_seq),
        sent_at=to_ms(received),
        late=late,
        t0=to_ms(at),
        devices=[device],
        kinds=list(values),
        d=[0] * len(values),
        k=list(range(len(values))),
        dt=[0] * len(values),
        value=list(values.values()),
    )
    await TelemetryWriter(follow=enqueue).write(
        conn, [Incoming(home.gateway, to_ms(received), batch)], received
    )


async def observe(conn: Connection, home: Home, at: datetime, *observed: Observed) -> None:
    async with conn.transaction():
        await observations.enter(conn, home.resident_id, observed, at=at, by="operator", key=None, now=at)


async def cases(conn: Connection) -> dict[str, tuple[int, int]]:
    """Class -> priority and number of alarms of each case."""
    return {case.class_: (case.priority, case.alarm_count) for case in await town.all_cases(conn)}


async def alarms(conn: Connection, *columns: str) -> list[tuple[Any, ...]]:
    rows = await conn.execute(f"select {', '.join(columns)} from alarm order by stored_at, id")
    return await rows.fetchall()


async def a_bad_set(conn: Connection, home: Home, at: datetime) -> None:
    await measure(conn, home, "cuff-1", at, {"systolic": 105, "heart_rate": 112})
    await measure(conn, home, "ox-1", at, {"spo2": 93})
    await measure(conn, home, "mat-1", at, {"resp_rate": 22})
    hand = Observed(kind="body_temperature", value=38.5)
    await observe(conn, home, at, hand, Observed(kind="consciousness", text="A"), Observed(kind="oxygen"))


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


async def a_night(conn: Connection) -> Home:
    home = await a_home(conn)
    await measure(conn, home, "mat-1", NIGHT - timedelta(hours=1), {"in_bed": 1})
    await measure(conn, home, "mat-1", NIGHT, {"in_bed": 0})
    await judging.judge_waiting(conn, now=NIGHT)
    return home


async def later(conn: Connection, after: timedelta) -> int:
    await judging.judge_waiting(conn, now=NIGHT + after)
    return await judging.raise_overdue(conn, now=NIGHT + after)


async def test_who_is_not_back_in_bed_in_half_an_hour_is_urgent_once(conn: Connection) -> None:
    home = await a_night(conn)
    await measure(conn, home, "mat-1", NIGHT + 20 * MINUTE, {"in_bed": 0})
    assert [await later(conn, n * MINUTE) for n in (29, 30, 31, 90)] == [0, 1, 0, 0]
    case = await town.care(conn)
    assert (case.priority, case.kinds) == (2, ["not_returned_to_bed"])
    assert case.occurred_at.startswith("2026-01-01T16:30")
    await measure(conn, home, "mat-1", NIGHT + 95 * MINUTE, {"in_bed": 1})
    await later(conn, 95 * MINUTE)
    case = await town.care(conn)
    assert case.timeline[-1].kind == "cleared"
    assert await town.count(conn, "expectation") == 0


async def test_who_comes_back_to_any_sensor_of_the_bed_raises_nothing(conn: Connection) -> None:
    home = await a_night(conn)
    await town.add_device(conn, "radar-1", home)
    await measure(conn, home, "radar-1", NIGHT + 12 * MINUTE, {"in_bed": 1})
    assert [await later(conn, n * MINUTE) for n in (13, 40)] == [0, 0]


async def test_a_return_that_is_stored_but_not_yet_judged_counts(conn: Connection) -> None:
    home = await a_night(conn)
    await measure(conn, home, "mat-1", NIGHT + 12 * MINUTE, {"in_bed": 1})
    assert await judging.raise_overdue(conn, now=NIGHT + 40 * MINUTE) == 0


async def test_who_went_to_hospital_meanwhile_is_not_awaited(conn: Connection) -> None:
    home = await a_night(conn)
    await conn.execute(
        "insert into resident_state (resident_id, state, valid) values (%s, 'hospital', tstzrange(%s, null))",
        (home.resident_id, NIGHT + 5 * MINUTE),
    )
    assert await later(conn, 40 * MINUTE) == 0
    assert await town.count(conn, "expectation") == 0


async def test_a_gateway_that_is_away_is_said_with_the_empty_bed(conn: Connection) -> None:
    home = await a_night(conn)
    await conn.execute("update gateway set online = false where id = %s", (home.gateway,))
    await later(conn, 31 * MINUTE)
    assert "gateway_offline" in (await alarms(conn, "reasons"))[0][0]


async def test_a_door_that_stays_open_is_attention_and_one_that_is_shut_is_not(conn: Connection) -> None:
    home = await a_home(conn)
    for n, value in ((0, 1), (4, 0), (10, 1)):
        await measure(conn, home, "zb-door", NIGHT + n * MINUTE, {"door_open": value})
        await later(conn, n * MINUTE)
    assert [await later(conn, n * MINUTE) for n in (14, 15)] == [0, 1]
    assert await alarms(conn, "kind", "priority", "room") == [("door_left_open", 3, "hall")]
    await measure(conn, home, "zb-door", NIGHT + 16 * MINUTE, {"door_open": 0})
    await later(conn, 16 * MINUTE)
    assert (await town.care(conn)).alarms[0].cleared_at is not None


async def test_mains_lost_where_somebody_breathes_by_it_is_urgent_at_once(conn: Connection) -> None:
    home = await a_home(conn)
    await conn.execute("update resident set needs = %s", (Jsonb({"power": "制氧机"}),))
    await town.send(conn, home.gateway, town.event("mains_lost", device=None))
    case = await town.care(conn)
    assert (case.priority, case.kinds) == (2, ["mains_lost"])


async def test_hospital_silences_inactivity_and_nothing_else(conn: Connection) -> None:
    home = await a_home(conn)
    await conn.execute(
        "insert into resident_state (resident_id, state, valid) values (%s, 'hospital', tstzrange(%s, null))",
        (home.resident_id, town.LONG_AGO),
    )
    await town.send(conn, home.gateway, town.event("inactivity", device="mat-1"))
    assert await alarms(conn, "kind") == []
    for kind in ("sos", "smoke", "gas", "co"):
        await town.send(conn, home.gateway, town.event(kind, device="watch-1"))
    assert (await town.care(conn)).priority == 1
    rang = {row[0] for row in await alarms(conn, "kind", "class") if row[1] == "care"}
    assert rang == {"sos", "smoke", "gas", "co"}


async def test_a_high_risk_elders_gateway_that_stays_away_is_urgent_and_technical(conn: Connection) -> None:
    home, plain = await a_home(conn), await town.add_home(conn)
    await conn.execute(
        "update resident set limits = %s where id = %s", (Jsonb({"high_risk": True}), home.resident_id)
    )
    for each in (home, plain):
        await conn.execute("update gateway set online = true where id = %s", (each.gateway,))
        sender = Sender(id=each.gateway, kind="home", home_id=each.id, area_code=town.AREA, registered=True)
        async with conn.transaction():
            await set_online(conn, sender, online=False, reason="silent", now=NOW)

    async def hold(at: datetime) -> list[bool]:
        found = []
        for silence in await rule_alarms.long_silent(conn, now=at):
            async with conn.transaction():
                found.append(await rule_alarms.make_silence_urgent(conn, silence, now=at))
        return found

    assert await hold(NOW + timedelta(minutes=14)) == []
    assert await hold(NOW + timedelta(minutes=15)) == [True]
    assert await hold(NOW + timedelta(minutes=30)) == []
    assert {(case.class_, case.priority) for case in await town.all_cases(conn)} == {
        ("technical", 2),
        ("technical", 4),
    }


async def test_expectations_that_nothing_ends_are_forgotten(conn: Connection) -> None:
    await a_night(conn)
    await judging.forget(conn, now=NIGHT + timedelta(days=3))
    assert await town.count(conn, "expectation") == 0
    assert await vitals_store.overdue(conn, now=NIGHT + timedelta(days=3), limit=5) == []
