"""What was expected and does not come: a return to bed, a door that is shut, a gateway's next word."""

from datetime import datetime, timedelta

import pytest
from psycopg.types.json import Jsonb

from cloud import judging
from cloud.alarms import vitals_store
from cloud.cases import rule_alarms
from cloud.database.pool import Connection
from cloud.ingest.states import set_online
from cloud.ingest.whereabouts import Sender
from tests.cloud import town
from tests.cloud.measured_home import MINUTE, NIGHT, a_home, alarms, measure
from tests.cloud.town import NOW, Home

pytestmark = pytest.mark.postgres


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
