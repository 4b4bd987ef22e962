"""Devices that fall silent and batteries that run low, from what is stored."""

from datetime import timedelta

from cloud.database.pool import Connection
from cloud.ingest.life import note_life
from cloud.supervision import devices
from cloud.supervision.jobs import watch_devices
from cloud.timers import settle_technical
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.town import LONG_AGO, NOW, Home, event, seconds


async def says(conn: Connection, device_key: int, kind: str, value: float, at: float) -> None:
    """A reading was stored."""
    await conn.execute("insert into reading_kind (name) values (%s) on conflict do nothing", (kind,))
    await conn.execute(
        "insert into reading_last (device_key, kind_id, measured_at, value)"
        " select %s, id, %s, %s from reading_kind where name = %s"
        " on conflict (device_key, kind_id) do update set measured_at = excluded.measured_at,"
        " value = excluded.value",
        (device_key, NOW + seconds(at), value, kind),
    )


async def look(conn: Connection, at: float) -> None:
    """The job, while an ingestor has listened for hours."""
    moment = Moment(now=NOW + seconds(at), started_at=LONG_AGO)
    await conn.execute("delete from reader_life")
    await note_life(conn, listening=True, now=moment.now - timedelta(hours=30))
    await conn.execute("update reader_life set alive_at = %s", (moment.now,))
    await watch_devices(conn, moment)
    await settle_technical(conn, moment)


async def a_radar(conn: Connection, *, speaks_each_s: float = 60, until: float = 600) -> tuple[Home, int]:
    home = await town.add_home(conn)
    await conn.execute("update gateway set online = true, online_changed_at = %s", (LONG_AGO,))
    key = await town.add_device(conn, "radar-1", home)
    at = 0.0
    while at <= until:
        await says(conn, key, "presence", 1, at)
        await look(conn, at)
        at += speaks_each_s
    return home, key


async def kinds(conn: Connection) -> list[list[str]]:
    return [case.kinds for case in await town.all_cases(conn) if case.state != "closed"]


async def test_a_device_on_mains_is_missed_after_half_an_hour_and_no_sooner(conn: Connection) -> None:
    await a_radar(conn)
    await look(conn, 600 + 1799)
    assert await kinds(conn) == []
    await look(conn, 600 + 1800)
    assert await kinds(conn) == [["device_offline"]]
    await look(conn, 600 + 1900)
    (case,) = await town.all_cases(conn)
    assert (case.class_, case.priority, case.rings, case.repeats) == ("technical", 4, 1, 1)


async def test_it_is_heard_again_and_the_case_closes_by_itself(conn: Connection) -> None:
    _, key = await a_radar(conn)
    await look(conn, 600 + 1800)
    await says(conn, key, "presence", 0, 2500)
    await look(conn, 2560)
    (case,) = await town.all_cases(conn)
    assert case.state == "closed"
    await look(conn, 2500 + 30 * 60 + 3600)
    assert await kinds(conn) == [["device_offline"]], "it may be missed again"


async def test_a_device_on_a_battery_is_given_two_hours(conn: Connection) -> None:
    home, _ = await a_radar(conn, until=0)
    key = await town.add_device(conn, "button-1", home)
    for n in range(11):
        await says(conn, key, "battery", 80, n * 60)
        await look(conn, n * 60)
    await look(conn, 600 + 7199)
    assert await kinds(conn) == []
    await look(conn, 600 + 7200)
    assert await kinds(conn) == [["device_offline"]]


async def test_a_device_that_never_spoke_is_unknown_and_not_missed(conn: Connection) -> None:
    home, _ = await a_radar(conn, until=0)
    await town.add_device(conn, "mat-1", home)
    await look(conn, 100 * 3600)
    states = await devices.states_of(conn, ["mat-1", "radar-1"])
    assert "mat-1" not in states
    assert states["radar-1"] == "offline"


async def test_while_its_gateway_is_away_the_gateway_is_the_news(conn: Connection) -> None:
    home, _ = await a_radar(conn)
    await conn.execute("update gateway set online = false where id = %s", (home.gateway,))
    await look(conn, 10_000)
    assert await kinds(conn) == []
    await conn.execute(
        "update gateway set online = true, online_changed_at = %s where id = %s",
        (NOW + seconds(10_000), home.gateway),
    )
    await look(conn, 10_000 + 1700)
    assert await kinds(conn) == [], "it gets the time to speak"
    await look(conn, 10_000 + 1801)
    assert await kinds(conn) == [["device_offline"]]


async def test_after_our_own_downtime_nobody_is_missed_at_once(conn: Connection) -> None:
    await a_radar(conn)
    moment = Moment(now=NOW + seconds(9_000), started_at=LONG_AGO)
    await conn.execute("delete from reader_life")
    await note_life(conn, listening=True, now=moment.now)
    await watch_devices(conn, moment)
    assert await kinds(conn) == []


async def test_an_event_is_a_sign_of_life_too(conn: Connection) -> None:
    home, _ = await a_radar(conn)
    await town.send(
        conn, home.gateway, event("tamper", device="radar-1", at=NOW + seconds(2000)), at=NOW + seconds(2000)
    )
    await look(conn, 600 + 1800)
    assert ["device_offline"] not in await kinds(conn)


async def test_a_battery_that_only_its_readings_tell_of(conn: Connection) -> None:
    home, _ = await a_radar(conn, until=0)
    key = await town.add_device(conn, "button-1", home)
    for at, percent in ((0, 16), (60, 15), (120, 14), (180, 24)):
        await says(conn, key, "battery", percent, at)
        await look(conn, at)
    (case,) = [case for case in await town.all_cases(conn) if case.state != "closed"]
    assert (case.kinds, case.repeats) == (["battery_low"], 1)
    await says(conn, key, "battery", 100, 240)
    await look(conn, 240)
    assert await kinds(conn) == []


async def test_a_battery_that_its_event_told_of_is_not_told_twice(conn: Connection) -> None:
    home, _ = await a_radar(conn, until=0)
    key = await town.add_device(conn, "button-1", home)
    await town.send(conn, home.gateway, event("battery_low", device="button-1"))
    await says(conn, key, "battery", 5, 10)
    await look(conn, 10)
    (case,) = await town.all_cases(conn)
    assert case.alarm_count == 1
