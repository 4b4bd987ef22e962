"""What arrives together is stored together: nothing is lost, doubled or judged otherwise than one by one."""

import asyncio
import contextlib
from typing import Any

import psycopg
import pytest

from cloud.alarms import rules
from cloud.alarms.alarm import Action, Context
from cloud.cases import timeline
from cloud.database.pool import Connection, Pool
from cloud.feed import store as feed
from cloud.ingest import event_lane, lane
from cloud.ingest.ingestor import ingest_events
from cloud.ingest.passage import Message
from firmware_specs import topics
from firmware_specs.messages import Event
from tests.cloud import town
from tests.cloud.desk.lines import AFTER_COMMIT, Lines
from tests.cloud.ingest.test_event_lane import Broker, now
from tests.cloud.town import NOW, Home, encoded, event, seconds
from tests.waiting import until


async def homes_of(conn: Connection, count: int) -> list[Home]:
    """Homes with a button each, `zb-1` to `zb-<count>`."""
    homes = [await town.add_home(conn) for _ in range(count)]
    for n, home in enumerate(homes, 1):
        await town.add_device(conn, f"zb-{n}", home)
    return homes


def message(gateway: str, said: dict[str, Any] | bytes) -> Message:
    payload = said if isinstance(said, bytes) else encoded(said)
    return Message(topics.up(gateway, "event"), gateway, payload, NOW)


async def stored(conn: Connection) -> dict[str, int]:
    tables = ("event", "cases", "alarm", "case_entry", "ack_queue", "escalation_due", "feed", "suspicion")
    return {table: await town.count(conn, table) for table in tables}


async def test_a_crash_between_any_two_statements_keeps_all_of_them_or_none(
    conn: Connection, database_url: str
) -> None:
    homes, lines = await homes_of(conn, 2), Lines(database_url)

    async def take(on: Connection) -> None:
        said = [event("sos", device="zb-1"), event("smoke", device="zb-2")]
        group = [message(home.gateway, each) for home, each in zip(homes, said, strict=True)]
        await ingest_events(on, group, now=NOW)

    nothing, cut_at = await stored(conn), 0
    while (await stored(conn)) == nothing:
        cut_at += 1
        async with lines.connection(cut_at) as line:
            with contextlib.suppress(psycopg.OperationalError):
                async with line.transaction():
                    await take(line)
    await lines.close()
    assert cut_at > 20, "every one of its statements was the last once"
    after = await stored(conn)
    assert (after["event"], after["cases"], after["alarm"], after["ack_queue"], after["feed"]) == (
        2,
        2,
        2,
        2,
        2,
    )


async def test_whose_answer_was_lost_comes_again_and_is_stored_once(
    conn: Connection, database_url: str
) -> None:
    homes = await homes_of(conn, 4)
    group = [message(home.gateway, event(device=f"zb-{n}")) for n, home in enumerate(homes, 1)]
    lines = Lines(database_url)
    with pytest.raises(psycopg.OperationalError):
        await lines.transact(lambda on: ingest_events(on, group[:3], now=NOW), AFTER_COMMIT)
    after = await stored(conn)
    await lines.transact(lambda on: ingest_events(on, group, now=NOW))
    await lines.close()
    again = await stored(conn)
    assert (after["event"], again["event"], again["cases"], again["alarm"]) == (3, 4, 4, 4)
    assert again["ack_queue"] == 7, "the gateways that ask again are answered again"
    assert await feed.position(conn) == 4
    assert all([await timeline.verify_chain(conn, case.id) for case in await town.all_cases(conn)])


async def test_one_that_cannot_be_stored_harms_none_of_those_that_came_with_it(
    pool: Pool, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    homes, real = await homes_of(conn, 12), rules.judge

    def broken(event: Event, context: Context) -> list[Action]:
        if event.device == "zb-7":
            raise ZeroDivisionError("a bug in a rule")
        return real(event, context)

    monkeypatch.setattr(rules, "judge", broken)
    broker = Broker()
    for n, home in enumerate(homes, 1):
        broker.deliver(home.gateway, encoded(event("smoke", device=f"zb-{n}")))
    broker.end()
    await event_lane.event_lane(pool, now).run(broker)
    assert len({id(arrival) for arrival in broker.acked}) == len(broker.acked) == 12
    assert await town.count(conn, "event") == 11
    care = {case.subject_id for case in await town.all_cases(conn) if case.class_ == "care"}
    assert care == {str(home.id) for home in homes}, "the one of which only the kind is certain rings, too"
    row = await (await conn.execute("select gateway_id, reason from quarantine")).fetchall()
    assert row == [(homes[6].gateway, "could not be stored")]


async def test_what_somebody_holds_of_one_home_holds_up_no_other(
    pool: Pool, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LONGEST_WAIT", "200ms")
    homes, broker = await homes_of(conn, 4), Broker()
    for n, home in enumerate(homes, 1):
        broker.deliver(home.gateway, encoded(event(device=f"zb-{n}")))
    async with conn.transaction():
        await conn.execute("select from gateway where id = %s for update", [homes[2].gateway])
        running = asyncio.create_task(event_lane.event_lane(pool, now).run(broker))
        await until(lambda: len(broker.acked) == 3)
    await until(lambda: len(broker.acked) == 4)
    broker.end()
    await running
    assert await town.count(conn, "event") == 4


async def test_two_gateways_of_one_home_join_one_case_in_their_order(conn: Connection) -> None:
    homes = await homes_of(conn, 2)
    await town.add_gateway(conn, "gw-second", homes[0].id)
    await town.add_device(conn, "zb-smoke", homes[0])
    said = [
        message(homes[0].gateway, event("sos")),
        message(homes[1].gateway, event("sos", device="zb-2")),
        message("gw-second", event("smoke", device="zb-smoke")),
    ]
    async with conn.transaction():
        await ingest_events(conn, said, now=NOW)
    cases = {case.subject_id: case for case in await town.all_cases(conn)}
    first, second = (cases[str(home.id)] for home in homes)
    assert (first.kinds, first.alarm_count, first.rings, first.fire_suspected) == (
        ["sos", "smoke"],
        2,
        2,
        True,
    )
    assert (second.kinds, second.alarm_count, second.rings) == (["sos"], 1, 1)
    told = [entry.kind for entry in await timeline.read(conn, first.id)]
    assert told == ["opened", "alarm", "alarm"]
    assert await timeline.verify_chain(conn, first.id)
    assert await feed.position(conn) == 2, "one frame a case"


async def test_the_third_activation_of_a_device_is_told_whoever_heard_it_at_the_same_time(
    conn: Connection,
) -> None:
    [home] = await homes_of(conn, 1)
    await town.add_gateway(conn, "gw-also", home.id)
    for _ in range(2):
        async with conn.transaction():
            await ingest_events(conn, [message(name, event()) for name in (home.gateway, "gw-also")], now=NOW)
    [chatter] = [case for case in await town.all_cases(conn) if case.class_ == "technical"]
    assert (chatter.kinds, chatter.alarm_count, chatter.repeats) == (["device_chatter"], 1, 1)


async def test_alarms_that_are_stored_together_are_listed_as_they_happened(conn: Connection) -> None:
    [home], kinds = await homes_of(conn, 1), ["sos", "smoke", "co", "gas", "water_leak", "fall"]
    said = []
    for n, kind in enumerate(kinds):
        await town.add_gateway(conn, f"gw-at-{n}", home.id)
        said.append(message(f"gw-at-{n}", event(kind, at=NOW - seconds(10 - n))))
    async with conn.transaction():
        await ingest_events(conn, said, now=NOW)
    assert [alarm.kind for alarm in (await town.care(conn)).alarms] == kinds


async def test_of_one_gateway_one_message_at_a_time_and_what_came_twice_once(
    pool: Pool, conn: Connection
) -> None:
    homes, broker = await homes_of(conn, 3), Broker()
    first, second = event(device="zb-1"), event("tamper", device="zb-1")
    for said in (second, first, first, event("smoke", device="zb-1")):
        broker.deliver(homes[0].gateway, encoded(said))
    for n in (2, 3):
        for said in [event(device=f"zb-{n}")] * 2:
            broker.deliver(homes[n - 1].gateway, encoded(said))
    broker.end()
    await event_lane.event_lane(pool, now).run(broker)
    assert len(broker.acked) == 8
    rows = await conn.execute(
        "select kind from event where gateway_id = %s order by ctid", [homes[0].gateway]
    )
    assert [row[0] for row in await rows.fetchall()] == ["sos", "smoke", "tamper"], "a life first"
    assert (await stored(conn))["event"] == 5
    assert sum(case.repeats for case in await town.all_cases(conn) if case.class_ == "care") == 4


async def test_together_comes_to_the_same_as_one_by_one(conn: Connection) -> None:
    said: list[dict[str, Any] | bytes] = [
        event("sos"),
        event("fall", phase="suspected", device="zb-2"),
        event("smoke", device="unknown"),
        event("tamper", device="zb-4", clock={"source": "none"}),
        event("sos", device="zb-5", at=NOW - seconds(3600)),
        b"garbage",
        b'{"kind": "sos", "broken',
        event("co", phase="cleared", device="zb-8"),
        event("sos", device="zb-9", test=True),
        event("no_such_kind", device="zb-10"),
    ]
    outcomes = []
    for size in (1, len(said)):
        homes = [await town.add_home(conn) for _ in said]
        for n, home in enumerate(homes, 1):
            await town.add_device(conn, f"zb-{n}", home, since=NOW - seconds(7200 - size))
        group = [message(home.gateway, each) for home, each in zip(homes, said, strict=True)]
        before = await stored(conn)
        for start in range(0, len(group), size):
            async with conn.transaction():
                await ingest_events(conn, group[start : start + size], now=NOW)
        outcomes.append([await _of_home(conn, home) for home in homes])
        after = await stored(conn)
        outcomes[-1].append([after[table] - before[table] for table in after])
        await conn.execute("update installation set valid = 'empty'")
    assert outcomes[0] == outcomes[1]


async def _of_home(conn: Connection, home: Home) -> list[Any]:
    """What a home's message came to, without ids."""
    cases = [case for case in await town.all_cases(conn) if case.subject_id in (str(home.id), home.gateway)]
    return [
        [case.class_, case.kinds, case.priority, case.rings, case.alarm_count, case.late, case.place]
        + [entry.kind for entry in await timeline.read(conn, case.id)]
        for case in sorted(cases, key=lambda case: case.class_)
    ]
