"""The lane: acknowledged when committed, in order for each gateway, nothing given up, others unharmed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
import pytest

from cloud.alarms import rules
from cloud.alarms.alarm import Action, Context
from cloud.database.pool import Connection, Pool
from cloud.ingest import event_lane, lane
from cloud.ingest.lane import Lane
from cloud.ingest.line import Arrived
from firmware_specs import topics
from firmware_specs.messages import Event
from tests.cloud import town
from tests.cloud.town import NOW, encoded, event
from tests.waiting import until


@dataclass
class Arrival:
    """A message that remembers when it was acknowledged."""

    topic: str
    payload: bytes
    acked: list["Arrival"]
    retained: bool = False
    received_at: datetime = field(default=NOW)

    def ack(self) -> None:
        self.acked.append(self)


class Broker:
    """What a broker would deliver, and what came back."""

    def __init__(self) -> None:
        self.acked: list[Arrival] = []
        self._queue: asyncio.Queue[Arrival | None] = asyncio.Queue()

    def deliver(self, gateway: str, payload: bytes, *, retained: bool = False) -> Arrival:
        arrival = Arrival(topics.up(gateway, "event"), payload, self.acked, retained)
        self._queue.put_nowait(arrival)
        return arrival

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Arrival]:
        while (arrival := await self._queue.get()) is not None:
            yield arrival


def now() -> datetime:
    return NOW


async def test_a_message_is_acknowledged_after_its_commit(pool: Pool, conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    broker = Broker()
    messages = [event("sos"), event("smoke"), event("smoke")]
    for message in messages:
        broker.deliver(home.gateway, encoded(message))
    broker.end()
    await event_lane.event_lane(pool, now).run(broker)
    assert len(broker.acked) == 3
    assert await town.count(conn, "event") == 3


async def test_a_retained_event_never_rings_and_its_live_repetition_does(
    pool: Pool, conn: Connection
) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    broker = Broker()
    message = encoded(event("sos"))
    broker.deliver(home.gateway, message, retained=True)
    broker.end()
    await event_lane.event_lane(pool, now).run(broker)
    assert len(broker.acked) == 1
    assert await town.all_cases(conn) == []
    assert await town.count(conn, "ack_queue") == 0, "not stored: the gateway sends it again"
    await town.send(conn, home.gateway, message)
    assert (await town.care(conn)).priority == 1


async def test_one_gateways_messages_keep_their_order_while_gateways_go_side_by_side(pool: Pool) -> None:
    order: list[tuple[str, bytes]] = []
    together = 0
    most = 0

    async def take(conn: Connection, arrivals: Sequence[Arrived], at: datetime) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await conn.execute("select pg_sleep(0.01)")
        order.extend((arrived.topic, arrived.payload) for arrived in arrivals)
        together -= 1

    async def refuse(conn: Connection, arrived: Arrived, at: datetime) -> None:
        pytest.fail("nothing is wrong with it")

    broker = Broker()
    sent = [(topics.up(f"gw-{n % 4}", "event"), b"%d" % n) for n in range(40)]
    for n in range(40):
        broker.deliver(f"gw-{n % 4}", b"%d" % n)
    broker.end()
    await Lane("test", pool, take=take, refuse=refuse, now=now, parallel=4).run(broker)
    for gateway in range(4):
        topic = topics.up(f"gw-{gateway}", "event")
        assert [entry for entry in order if entry[0] == topic] == [
            entry for entry in sent if entry[0] == topic
        ]
    assert 2 <= most <= 4


async def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_lost(pool: Pool) -> None:
    away, tries = True, 0

    async def take(conn: Connection, arrivals: Sequence[Arrived], at: datetime) -> None:
        nonlocal tries
        tries += 1
        if away:
            raise psycopg.OperationalError("the server closed the connection")

    async def refuse(conn: Connection, arrived: Arrived, at: datetime) -> None:
        pytest.fail("an outage is no fault of the message")

    broker = Broker()
    broker.deliver("gw-1", b"1")
    running = asyncio.create_task(Lane("test", pool, take=take, refuse=refuse, now=now).run(broker))
    await until(lambda: tries >= 5)
    assert broker.acked == []
    away = False
    await until(lambda: len(broker.acked) == 1)
    broker.end()
    await running


async def test_killed_connections_in_the_middle_of_the_work_lose_and_double_nothing(
    pool: Pool, conn: Connection
) -> None:
    homes = [await town.add_home(conn) for _ in range(4)]
    for n, home in enumerate(homes):
        await town.add_device(conn, f"zb-k{n}", home)
    broker = Broker()
    for n in range(60):
        broker.deliver(homes[n % 4].gateway, encoded(event("sos", device=f"zb-k{n % 4}")))
    running = asyncio.create_task(event_lane.event_lane(pool, now, parallel=4).run(broker))
    for _ in range(6):
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )
        await asyncio.sleep(0.05)
    await until(lambda: len(broker.acked) == 60, limit_s=60)
    broker.end()
    await running
    assert await town.count(conn, "event") == 60
    cases = [case for case in await town.all_cases(conn) if case.class_ == "care"]
    assert len(cases) == 4
    assert sum(case.repeats for case in cases) == 60


async def test_a_message_that_we_cannot_store_is_set_aside_and_still_rings(
    pool: Pool, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = await town.add_home(conn), await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.add_device(conn, "zb-2", other)
    real = rules.judge

    def broken(event: Event, context: Context) -> list[Action]:
        if event.device == "zb-1":
            raise ZeroDivisionError("a bug in a rule")
        return real(event, context)

    monkeypatch.setattr(rules, "judge", broken)
    broker = Broker()
    broker.deliver(home.gateway, encoded(event("smoke")))
    broker.deliver(other.gateway, encoded(event("sos", device="zb-2")))
    broker.end()
    await event_lane.event_lane(pool, now).run(broker)
    assert len(broker.acked) == 2
    cases = {case.subject_id: case for case in await town.all_cases(conn)}
    assert (cases[str(home.id)].priority, cases[str(home.id)].kinds) == (1, ["smoke"])
    assert cases[str(other.id)].kinds == ["sos"]
    assert cases[home.gateway].kinds == ["undecodable_message"]
    row = await (await conn.execute("select reason from quarantine")).fetchone()
    assert row == ("could not be stored",)


async def test_a_lane_that_is_asked_to_end_stores_what_it_has_taken_and_acknowledges_it(
    pool: Pool, conn: Connection
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def take(conn: Connection, arrivals: Sequence[Arrived], at: datetime) -> None:
        begun.set()
        await go_on.wait()
        await event_lane.take_events(conn, arrivals, at)

    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    broker = Broker()
    for _ in range(3):
        broker.deliver(home.gateway, encoded(event("sos")))
    running = asyncio.create_task(
        Lane("test", pool, take=take, refuse=event_lane.refuse_event, now=now).run(broker)
    )
    await begun.wait()
    running.cancel()
    later = broker.deliver(home.gateway, encoded(event("sos")))
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(broker.acked) == await town.count(conn, "event") == 3
    assert not any(arrival is later for arrival in broker.acked), "it comes again to whoever is next"


async def test_what_does_not_end_in_time_is_rolled_back_and_not_acknowledged(
    pool: Pool, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LAST_WORK_S", 0.1)
    begun = asyncio.Event()

    async def take(conn: Connection, arrivals: Sequence[Arrived], at: datetime) -> None:
        await event_lane.take_events(conn, arrivals, at)
        begun.set()
        await asyncio.Event().wait()

    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    broker = Broker()
    broker.deliver(home.gateway, encoded(event("sos")))
    running = asyncio.create_task(
        Lane("test", pool, take=take, refuse=event_lane.refuse_event, now=now).run(broker)
    )
    await begun.wait()
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()
    assert broker.acked == []
    assert await town.count(conn, "event") == 0


async def test_a_storm_of_garbage_from_one_gateway_does_not_hold_up_anothers_sos(
    pool: Pool, conn: Connection
) -> None:
    noisy, quiet = await town.add_home(conn), await town.add_home(conn)
    await town.add_device(conn, "zb-1", quiet)
    broker = Broker()
    for n in range(300):
        broker.deliver(noisy.gateway, b"garbage %d" % n)
    sos = broker.deliver(quiet.gateway, encoded(event("sos")))
    running = asyncio.create_task(event_lane.event_lane(pool, now, parallel=2).run(broker))
    await until(lambda: any(arrival is sos for arrival in broker.acked))
    assert len(broker.acked) < 150, "the quiet home did not wait for the noisy one"
    await until(lambda: len(broker.acked) == 301, limit_s=60)
    broker.end()
    await running
    assert len(await town.all_cases(conn)) == 2


async def test_an_sos_goes_before_what_its_gateway_sent_earlier_and_a_repeated_message_is_taken_once(
    pool: Pool, conn: Connection
) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    broker = Broker()
    tampers = [event("tamper") for _ in range(20)]
    for message in [*tampers, *tampers, event("sos")]:
        broker.deliver(home.gateway, encoded(message))
    broker.end()
    await event_lane.event_lane(pool, now, parallel=1).run(broker)
    rows = await conn.execute("select kind from event order by xmin::text::bigint")
    kinds = [row[0] for row in await rows.fetchall()]
    assert len(broker.acked) == 41
    assert len(kinds) == 21
    assert kinds.index("sos") <= 1


async def test_who_waits_for_what_somebody_holds_lets_others_go_meanwhile(
    pool: Pool, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LONGEST_WAIT", "50ms")
    held, free = await town.add_home(conn), await town.add_home(conn)
    broker = Broker()
    running = asyncio.create_task(event_lane.event_lane(pool, now, parallel=1).run(broker))
    async with conn.transaction():
        await conn.execute("select from gateway where id = %s for update", [held.gateway])
        broker.deliver(held.gateway, encoded(event("sos")))
        others = broker.deliver(free.gateway, encoded(event("sos")))
        await until(lambda: broker.acked == [others])
    await until(lambda: len(broker.acked) == 2)
    broker.end()
    await running
    assert await town.count(conn, "event") == 2


async def test_in_a_storm_each_message_is_looked_at_once_however_many_wait(pool: Pool) -> None:
    looked = list[bytes]()

    def urgent(payload: bytes) -> bool:
        looked.append(payload)
        return False

    async def take(conn: Connection, arrivals: Sequence[Arrived], at: datetime) -> None:
        pass

    broker = Broker()
    sent = [broker.deliver("gw-1", b"%d" % n) for n in range(100)]
    broker.end()
    await Lane("test", pool, take=take, refuse=event_lane.refuse_event, now=now, urgent=urgent).run(broker)
    assert looked == [arrival.payload for arrival in sent]
    assert broker.acked == sent
