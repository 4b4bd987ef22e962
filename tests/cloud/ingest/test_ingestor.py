"""One event, one transaction: from the bytes of a message to the case and the feed."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.database.pool import Connection, Pool
from cloud.feed import store as feed
from tests.cloud import town
from tests.cloud.town import NOW, Home, encoded, event, seconds


async def a_home(conn: Connection) -> Home:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home, room="bathroom")
    await town.add_device(conn, "watch-1", home)
    return home


async def test_a_pressed_button_becomes_a_case_with_resident_address_and_contacts(conn: Connection) -> None:
    home = await a_home(conn)
    message = event("sos")
    await town.send(conn, home.gateway, message)
    frames = await feed.read_after(conn, 0, town.EVERYONE)
    assert [frame.seq for frame in frames] == [1]
    case = await town.care(conn)
    assert case.priority == 1
    assert case.resident is not None
    assert (case.resident.name, case.resident.age) == ("王秀英", 82)
    assert case.place is not None
    assert case.place.incident_room == "bathroom"
    assert case.contacts[0].phone == "13800000000"
    assert [entry.kind for entry in case.timeline] == ["opened", "alarm"]
    assert case.chain_valid
    acks = await (
        await conn.execute("select gateway_id, run, stage, event_id::text from ack_queue")
    ).fetchall()
    assert acks == [(home.gateway, message["run"], "stored", message["id"])]


async def test_the_same_message_again_changes_nothing_and_is_acknowledged_again(conn: Connection) -> None:
    home = await a_home(conn)
    message = event("sos")
    for _ in range(50):
        await town.send(conn, home.gateway, message)
    case = await town.care(conn)
    assert (case.rings, case.alarm_count, case.repeats) == (1, 1, 1)
    assert await town.count(conn, "event") == 1
    assert await town.count(conn, "ack_queue") == 50
    assert await feed.position(conn) == 1


async def test_the_same_phase_under_another_number_is_one_alarm(conn: Connection) -> None:
    home = await a_home(conn)
    first = event("sos")
    await town.send(conn, home.gateway, first)
    await town.send(conn, home.gateway, event("sos", id=first["id"]))
    assert (await town.care(conn)).rings == 1


async def test_a_number_used_again_for_another_event_loses_neither(conn: Connection) -> None:
    home = await a_home(conn)
    first = event("sos")
    second = event("smoke", seq=first["seq"])
    for message in (first, second, second):
        await town.send(conn, home.gateway, message)
    case = await town.care(conn)
    assert (case.kinds, case.rings) == (["sos", "smoke"], 2)


async def test_an_id_used_again_after_clearing_is_a_new_activation(conn: Connection) -> None:
    home = await a_home(conn)
    first = event("smoke")
    later = NOW + seconds(300)
    await town.send(conn, home.gateway, first)
    await town.send(conn, home.gateway, event("smoke", id=first["id"], phase="cleared", at=NOW + seconds(60)))
    await town.send(conn, home.gateway, event("smoke", id=first["id"], at=later), at=later)
    case = await town.care(conn)
    assert (case.rings, case.alarm_count) == (2, 2)


async def test_another_gateway_cannot_end_an_alarm_with_its_id(conn: Connection) -> None:
    home, other = await a_home(conn), await town.add_home(conn)
    smoke = event("smoke")
    await town.send(conn, home.gateway, smoke)
    await town.send(conn, other.gateway, event("smoke", id=smoke["id"], phase="cleared"))
    (case,) = [case for case in await town.all_cases(conn) if case.class_ == "care"]
    assert case.subject_id == str(home.id)
    row = await (await conn.execute("select cleared_at from alarm")).fetchone()
    assert row == (None,)


async def test_two_ingestors_with_the_same_event_make_one_alarm(pool: Pool, conn: Connection) -> None:
    home = await a_home(conn)
    messages = [event("sos"), event("smoke")]

    async def ingest(message: dict[str, Any]) -> None:
        async with pool.connection() as mine:
            await town.send(mine, home.gateway, message)

    await asyncio.gather(*(ingest(message) for message in messages * 5))
    case = await town.care(conn)
    assert (case.alarm_count, case.rings) == (2, 2)
    assert await town.count(conn, "event") == 2


async def test_homes_ring_side_by_side(pool: Pool, conn: Connection) -> None:
    homes = [await town.add_home(conn) for _ in range(12)]
    for n, home in enumerate(homes):
        await town.add_device(conn, f"zb-h{n}", home)

    async def press(n: int) -> None:
        async with pool.connection() as mine:
            await town.send(mine, homes[n].gateway, event("sos", device=f"zb-h{n}"))

    await asyncio.gather(*(press(n) for n in range(12)))
    assert len(await town.all_cases(conn)) == 12
    frames = await feed.read_after(conn, 0, town.EVERYONE)
    assert [frame.seq for frame in frames] == list(range(1, 13))


@pytest.mark.parametrize("year", [1970, 2099])
async def test_a_wrong_clock_rings_at_once_and_says_so(conn: Connection, year: int) -> None:
    home = await a_home(conn)
    claimed = datetime(year, 1, 1, tzinfo=UTC)
    await town.send(conn, home.gateway, event("sos", at=claimed))
    case = await town.care(conn)
    assert (case.priority, case.late) == (1, False)
    assert case.occurred_at == "2026-01-01T02:10:00.000Z"
    assert "clock_wrong" in case.alarms[0].reasons
    row = await (await conn.execute("select device_at from alarm where kind = 'sos'")).fetchone()
    assert row == (claimed,)
    assert [other.kinds for other in await town.all_cases(conn) if other.class_ == "technical"] == [
        ["clock_wrong"]
    ]


async def test_a_late_event_rings_with_its_true_age(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos", at=NOW - timedelta(hours=5)))
    case = await town.care(conn)
    assert (case.late, case.priority, case.occurred_at) == (True, 1, "2025-12-31T21:10:00.000Z")
    assert case.opened_at == "2026-01-01T02:10:00.000Z"


async def test_a_gateway_without_a_clock_rings_at_its_arrival_and_later_by_its_boot(conn: Connection) -> None:
    home = await a_home(conn)
    none = {"clock": {"source": "none"}, "boot": "b7"}
    await town.send(conn, home.gateway, event("sos", at=None, **none) | {"at": 60_000})
    case = await town.care(conn)
    assert case.occurred_at == "2026-01-01T02:10:00.000Z"
    assert "clock_wrong" in case.alarms[0].reasons
    # Ten minutes of outage later: an event of the fifth minute after that boot.
    await town.send(
        conn,
        home.gateway,
        event("smoke", at=None, **none) | {"at": 300_000},
        at=NOW + timedelta(minutes=20),
    )
    assert (await town.care(conn)).alarms[1].occurred_at == "2026-01-01T02:14:00.000Z"


async def test_an_unknown_device_rings_at_the_gateways_home_and_tells_the_technicians(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos", device="zb-nobody-knows"))
    case = await town.care(conn)
    assert (case.subject_id, case.priority) == (str(home.id), 1)
    assert case.resident is not None, "one resident lives there"
    assert "unknown_device" in case.alarms[0].reasons
    (technical,) = [other for other in await town.all_cases(conn) if other.class_ == "technical"]
    assert (technical.kinds, technical.subject_kind) == (["unknown_device"], "gateway")


async def test_where_two_live_an_unknown_devices_resident_is_unknown_but_both_families_are_there(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    await town.add_resident(conn, home.id, "李大爷")
    await town.send(conn, home.gateway, event("smoke", device="zb-nobody-knows"))
    case = await town.care(conn)
    assert case.resident is None
    assert len(case.contacts) == 2


async def test_a_device_of_another_home_rings_here_not_there(conn: Connection) -> None:
    home, other = await a_home(conn), await town.add_home(conn)
    await town.add_device(conn, "zb-other", other)
    await town.send(conn, home.gateway, event("sos", device="zb-other"))
    case = await town.care(conn)
    assert case.subject_id == str(home.id)
    assert "device_of_another_home" in case.alarms[0].reasons


async def test_a_protocol_gateway_speaks_for_the_homes_of_its_watches(conn: Connection) -> None:
    home = await a_home(conn)
    await town.add_gateway(conn, "gw-protocol", None)
    await town.send(conn, "gw-protocol", event("sos", device="watch-1"))
    case = await town.care(conn)
    assert case.subject_id == str(home.id)
    assert case.resident is not None


async def test_an_unregistered_watch_on_a_protocol_gateway_rings_at_the_gateway(conn: Connection) -> None:
    await town.add_gateway(conn, "gw-protocol", None)
    await town.send(conn, "gw-protocol", event("sos", device="watch-404"))
    case = await town.care(conn)
    assert (case.subject_kind, case.subject_id, case.priority) == ("gateway", "gw-protocol", 1)


async def test_a_stranger_cannot_flood_an_open_port_but_everybody_elses_call_still_rings(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    await town.add_gateway(conn, "gw-protocol", None)

    def call(device: str, address: str) -> dict[str, Any]:
        return event("sos", device=device, evidence={"source_address": address})

    for number in range(40):
        await town.send(conn, "gw-protocol", call(f"watch-{40_400 + number}", "198.51.100.7"))
    flooded = await town.care(conn)
    assert (flooded.subject_id, flooded.repeats, flooded.alarm_count) == ("gw-protocol", 40, 3)
    assert flooded.rings == 8, "1, 2, 3, then the 2nd, 4th, 8th, 16th, 32nd of the last one"
    technical = [other for other in await town.all_cases(conn) if other.class_ == "technical"]
    assert [(other.alarm_count, other.rings < 10) for other in technical] == [(3, True)]
    await town.send(conn, "gw-protocol", call("watch-50000", "203.0.113.9"))
    elder = (await town.care(conn)).rings
    assert elder == flooded.rings + 1, "an unregistered watch of another address rings"
    await town.send(conn, "gw-protocol", call("watch-1", "198.51.100.7"))
    homes = [case for case in await town.all_cases(conn) if case.subject_id == str(home.id)]
    assert [case.rings for case in homes] == [1], "a registered watch behind the same address rings at home"
    assert await town.count(conn, "event") == 42, "nothing is thrown away"


async def test_a_gateway_that_nobody_registered_still_rings(conn: Connection) -> None:
    await town.send(conn, "gw-unknown", event("sos"))
    assert (await town.care(conn)).subject_id == "gw-unknown"


async def test_a_reissued_watchs_backlog_goes_to_its_former_wearer(conn: Connection) -> None:
    former, present = await town.add_home(conn, name="旧主人"), await town.add_home(conn, name="新主人")
    await town.add_gateway(conn, "gw-protocol", None)
    moved = NOW - timedelta(hours=2)
    await town.add_device(conn, "watch-9", former, until=moved)
    await town.add_device(conn, "watch-9", present, since=moved)
    await town.send(conn, "gw-protocol", event("sos", device="watch-9", at=NOW - timedelta(hours=3)))
    await town.send(conn, "gw-protocol", event("sos", device="watch-9"))
    names = [case.resident.name for case in await town.all_cases(conn) if case.resident]
    assert names == ["旧主人", "新主人"]


async def test_a_test_press_is_a_test_only_inside_its_window(conn: Connection) -> None:
    home = await a_home(conn)
    key = await town.add_device(conn, "zb-9", home)
    await town.open_test_window(conn, key, opens=NOW, ends=NOW + timedelta(minutes=10))
    await town.send(conn, home.gateway, event("sos", device="zb-9", test=True))
    (case,) = await town.all_cases(conn)
    assert (case.class_, case.priority, case.subject_kind) == ("test", 4, "home")
    after = NOW + timedelta(minutes=10)
    await town.send(conn, home.gateway, event("sos", device="zb-9", test=True, at=after), at=after)
    assert (await town.care(conn)).priority == 1


async def test_garbage_is_kept_counted_and_one_technical_case(conn: Connection) -> None:
    home = await a_home(conn)
    for payload in (b"garbage", b"\xff\xfe", b"{}", b"x" * 1_000_000, b"garbage", b"[" * 100_000):
        await town.send(conn, home.gateway, payload)
    (case,) = await town.all_cases(conn)
    assert (case.class_, case.kinds, case.repeats) == ("technical", ["undecodable_message"], 6)
    rows = await (
        await conn.execute("select size, length(raw), times from quarantine order by id")
    ).fetchall()
    assert rows == [(7, 7, 2), (2, 2, 1), (2, 2, 1), (1_000_000, 65_536, 1), (100_000, 65_536, 1)]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"kind":"sos"}',
        b'\xff{"kind":"sos",,,',
        encoded(event("sos", room="\0\x01", evidence={"a": "\0"})),
        encoded(event("sos", at=None, seq="x", run=5, id="not-an-id", device=9)),
        encoded(event("sos", evidence={"x": "y" * 1_000_000})),
    ],
    ids=["bare", "cut", "nul", "wrong types", "megabyte"],
)
async def test_an_understandable_life_safety_event_always_rings_once(
    conn: Connection, payload: bytes
) -> None:
    home = await a_home(conn)
    for _ in range(2):
        await town.send(conn, home.gateway, payload)
    case = await town.care(conn)
    assert (case.priority, case.rings, case.subject_id) == (1, 1, str(home.id))
    assert await town.count(conn, "quarantine") == 1
