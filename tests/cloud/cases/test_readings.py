"""The readings around a case outlive the partitions that they were in."""

from datetime import datetime

from cloud.cases import readings, store
from cloud.database.pool import Connection
from tests.cloud import town
from tests.cloud.cases.test_evidence import a_closed_case
from tests.cloud.town import NOW, event, seconds


async def reading(conn: Connection, device_key: int, at: datetime, value: float) -> None:
    await conn.execute("insert into reading_kind (name) values ('heart_rate') on conflict do nothing")
    await conn.execute(
        "insert into reading (device_key, kind_id, measured_at, received_at, value)"
        " select %s, id, %s, %s, %s from reading_kind where name = 'heart_rate'",
        (device_key, at, at, value),
    )


async def test_readings_from_half_an_hour_before_to_an_hour_after_outlive_their_partitions(
    conn: Connection,
) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    watch = await town.add_device(conn, "watch-1", home)
    neighbour = await town.add_home(conn, name="邻居")
    strange = await town.add_device(conn, "watch-2", neighbour)
    bed, _ = await town.add_resident(conn, home.id, "老伴")
    partner = await town.add_device(conn, "watch-3", town.Home(home.id, bed, home.resident_id, home.gateway))
    for minutes in (-31, -29, 0, 40, 65, 101):
        for key in (watch, strange, partner):
            await reading(conn, key, NOW + seconds(60 * minutes), 70 + minutes)
    await town.send(conn, home.gateway, event("sos", device="watch-1"))
    case_id = (await town.care(conn)).id
    operator = await town.add_operator(conn, "甲")
    closed = NOW + seconds(60 * 40)
    async with conn.transaction():
        await store.claim(conn, case_id, operator, now=NOW)
        await store.resolve(conn, case_id, operator, now=closed)
        await store.close(conn, case_id, operator, disposition="other", now=closed)
        await readings.keep(conn, case_id, now=closed)
    kept = await readings.kept(conn, case_id)
    assert kept is not None
    assert not kept.complete
    assert [(row.device, row.value) for row in kept.readings] == [
        ("watch-1", 41.0), ("watch-1", 70.0), ("watch-1", 110.0)
    ]  # fmt: skip
    later = closed + seconds(3600)
    assert await readings.due(conn, now=later - seconds(1)) == []
    assert await readings.due(conn, now=later) == [case_id]
    await conn.execute("insert into history_waiting values ('reading_1', 'reading', '2026-01-01')")
    assert await readings.due(conn, now=later) == []  # a restored database, whose readings come last
    await conn.execute("delete from history_waiting")
    await conn.execute("delete from reading where measured_at <= %s", (NOW,))  # their partition was dropped
    await readings.copy(conn, case_id, now=later)
    await conn.execute("delete from reading")
    kept = await readings.kept(conn, case_id)
    assert kept is not None
    assert kept.complete
    assert [row.value for row in kept.readings] == [41.0, 70.0, 110.0, 135.0]
    assert await readings.due(conn, now=later) == []


async def test_a_case_closed_by_whatever_way_gets_its_readings_from_the_job(conn: Connection) -> None:
    case_id = await a_closed_case(conn)
    await conn.execute("delete from case_reading")
    await conn.execute("delete from case_copy")
    assert await readings.without(conn, now=NOW + seconds(200)) == [case_id]
    assert await readings.keep_late(conn, case_id, now=NOW + seconds(200))
    assert await readings.without(conn, now=NOW + seconds(200)) == []
    kept = await readings.kept(conn, case_id)
    assert kept is not None
    assert kept.ends_at == NOW + seconds(99 + 3600)
