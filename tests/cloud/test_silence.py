"""A gateway's silence is an alarm, but only while somebody of ours listened."""

import asyncio
from datetime import datetime

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.broker import Address
from cloud.database.pool import Connection, Pool
from cloud.downlink import store as downlink
from cloud.ingest.life import Reader, note_life
from cloud.ingest.mqtt_source import MqttSource
from cloud.ingest.source import Subscription
from cloud.ingest.states import state_lane
from cloud.timers import JOBS, Timers, heard_for_long, notice_silence
from cloud.timing import Moment
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.messages import Online, encode
from tests.cloud import town
from tests.cloud.town import LONG_AGO, NOW, seconds
from tests.conftest import RunningBroker
from tests.waiting import LIMIT_S, until


async def notice(conn: Connection, at: float, *, started: datetime = LONG_AGO) -> None:
    """The job, `at` seconds after the beginning, on a worker that started then."""
    await notice_silence(conn, Moment(now=NOW + seconds(at), started_at=started))


async def listen(conn: Connection, since: float, until_: float) -> None:
    """The ingestor heard the broker between two times."""
    at = since
    while at <= until_:
        await note_life(conn, listening=True, now=NOW + seconds(at))
        at += 5


async def hear(conn: Connection, gateway: str, at: float) -> None:
    await conn.execute(
        "update gateway set last_seen_at = %s, online = true where id = %s", (NOW + seconds(at), gateway)
    )


async def test_a_silent_gateway_is_offline_after_seventy_five_seconds(conn: Connection) -> None:
    home = await town.add_home(conn)
    await hear(conn, home.gateway, 0)
    await listen(conn, -200, 100)
    await notice(conn, 75)
    assert await town.all_cases(conn) == []
    await notice(conn, 75.1)
    await notice(conn, 90)
    (case,) = await town.all_cases(conn)
    assert (case.kinds, case.class_, case.priority, case.repeats) == (["gateway_offline"], "technical", 4, 1)


async def test_a_gateway_that_never_spoke_is_not_missed(conn: Connection) -> None:
    await town.add_home(conn)
    await listen(conn, -200, 1000)
    await notice(conn, 1000)
    assert await town.all_cases(conn) == []


async def test_after_our_own_downtime_gateways_get_their_time_to_speak(conn: Connection) -> None:
    home = await town.add_home(conn)
    await hear(conn, home.gateway, 0)
    await notice(conn, 10_000)
    assert await town.all_cases(conn) == [], "no ingestor ever listened"
    await listen(conn, 10_000, 10_070)
    await notice(conn, 10_070)
    assert await town.all_cases(conn) == [], "it listens for 70 s only"
    await listen(conn, 10_070, 10_080)
    await notice(conn, 10_080, started=NOW + seconds(10_010))
    assert await town.all_cases(conn) == [], "this worker runs for 70 s only"
    await notice(conn, 10_080)
    assert len(await town.all_cases(conn)) == 1


@pytest.mark.parametrize(
    ("listening_since", "alive", "started", "long"),
    [
        (-100, 0, -100, True),
        (None, 0, -100, False),
        (-100, -31, -100, False),
        (-74, 0, -100, False),
        (-100, 0, -74, False),
    ],
)
def test_silence_counts_only_while_somebody_listened(
    listening_since: float | None, alive: float, started: float, long: bool
) -> None:
    since = None if listening_since is None else NOW + seconds(listening_since)
    moment = Moment(now=NOW, started_at=NOW + seconds(started))
    assert heard_for_long((since, NOW + seconds(alive)), moment, NOW - seconds(75)) is long
    assert heard_for_long(None, moment, NOW - seconds(75)) is False


async def test_listening_begins_anew_after_the_broker_or_the_ingestor_was_away(conn: Connection) -> None:
    async def since() -> object:
        life = await downlink.ingest_life(conn)
        assert life is not None
        return life[0]

    await note_life(conn, listening=True, now=NOW)
    await note_life(conn, listening=True, now=NOW + seconds(5))
    assert await since() == NOW
    await note_life(conn, listening=False, now=NOW + seconds(10))
    assert await since() is None
    await note_life(conn, listening=True, now=NOW + seconds(15))
    assert await since() == NOW + seconds(15)
    await note_life(conn, listening=True, now=NOW + seconds(60))
    assert await since() == NOW + seconds(60)


async def test_somebody_listens_while_one_member_of_a_group_does(conn: Connection) -> None:
    """The others may have no broker, or be dead."""
    for at in range(0, 95, 5):
        deaf, dying, good = (Reader(member=name) for name in ("deaf", "dying", "good"))
        await note_life(conn, listening=False, now=NOW + seconds(at), reader=deaf)
        if at < 50:
            await note_life(conn, listening=True, now=NOW + seconds(at), reader=dying)
        if at >= 20:
            await note_life(conn, listening=True, now=NOW + seconds(at), reader=good)
        life = await downlink.ingest_life(conn)
        since = NOW if at <= 75 else NOW + seconds(20)  # what is old is believed for 30 s
        assert life == (since, NOW + seconds(at))


async def test_by_missing_heartbeats_a_gateway_is_known_to_be_offline_within_ninety_seconds(
    pool: Pool, conn: Connection
) -> None:
    """The running worker, on a clock that plays a minute in two seconds."""
    home = await town.add_home(conn)
    real = Clock()
    clock = Clock(start_ms=real.now_ms(), anchor_ms=real.now_ms(), rate=30.0)
    last_heard = clock.now()
    await conn.execute(
        "update gateway set last_seen_at = %s, online = true where id = %s", (last_heard, home.gateway)
    )
    await conn.execute(
        "insert into ingest_life (listening_since, alive_at) values (%s, %s)", (LONG_AGO, last_heard)
    )
    job = next(job for job in JOBS if job.name == "silence")

    async def offline() -> bool:
        await conn.execute("update ingest_life set alive_at = %s", (clock.now(),))
        return await town.all_cases(conn) != []

    async def work() -> None:
        timers = Timers(pool, clock)
        while True:
            await timers.once(job, LONG_AGO)
            await clock.sleep(job.every_s)

    working = asyncio.create_task(work())
    try:
        await until(offline, limit_s=30)
    finally:
        working.cancel()
    (case,) = await town.all_cases(conn)
    row = await (await conn.execute("select opened_at from cases")).fetchone()
    assert row is not None
    assert case.kinds == ["gateway_offline"]
    assert 75 <= (row[0] - last_heard).total_seconds() <= 90


@pytest.mark.broker
async def test_by_its_will_a_gateway_is_known_to_be_offline_within_ninety_seconds(
    broker: RunningBroker, pool: Pool, conn: Connection
) -> None:
    """A gateway that says nothing more on an open connection: the broker gives up after one and a half
    keep-alives, and its will is a case at once. Its own keep-alive is 30 s; here it is 2 s.
    """
    home = await town.add_home(conn, "gw-1")
    await conn.execute("update gateway set run = '0123456789abcdef'")
    async with MqttSource(
        Address.parse(broker.url("carebed-ingest")),
        "carebed-ingest-states",
        (Subscription(topics.STATES),),
        now=Clock().now,
    ) as states:
        await states.wait_listening()
        lane = asyncio.create_task(state_lane(pool, Clock().now).run(states))
        silent = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=home.gateway, protocol=mqtt.MQTTv311)
        silent.username_pw_set(home.gateway, broker.secrets[home.gateway])
        will = encode(Online(online=False, run="0123456789abcdef"))
        silent.will_set(topics.state(home.gateway, "online"), will, qos=1)
        silent.connect("127.0.0.1", broker.port, keepalive=2)
        silent.loop_start()
        try:
            here = encode(Online(online=True, run="0123456789abcdef"))
            silent.publish(topics.state(home.gateway, "online"), here, qos=1).wait_for_publish(LIMIT_S)
            await asyncio.to_thread(silent.loop_stop)  # frozen: the connection stays, nobody speaks
            started = asyncio.get_running_loop().time()

            async def offline() -> bool:
                return await town.all_cases(conn) != []

            await until(offline)
            took = asyncio.get_running_loop().time() - started
        finally:
            lane.cancel()
            silent.disconnect()
    (case,) = await town.all_cases(conn)
    assert case.kinds == ["gateway_offline"]
    # One and a half keep-alives of 2 s, plus what broker, lane and database needed.
    assert took - 1.5 * 2 + 1.5 * topics.KEEP_ALIVE_S <= 90
