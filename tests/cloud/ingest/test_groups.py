"""Several readers share a broker's messages, and what one of them leaves behind goes to the others."""

import asyncio

import pytest

from cloud.broker import INGEST_USER, Address
from cloud.ingest.groups import Membership, forget_lone_sessions, source_of
from cloud.ingest.jetstream_source import JetStreamSource
from cloud.ingest.mqtt_source import MqttSource
from cloud.ingest.source import Arrival, Source, Subscription
from firmware_specs import topics
from tests.conftest import START, Mosquitto, RunningBroker
from tests.mqtt_client import mqtt_client
from tests.waiting import until

pytestmark = pytest.mark.broker

EVENTS = Subscription(topics.EVENTS)
EVENT = topics.up("gw-1", "event")


async def publish(port: int, secret: str, payloads: list[bytes], *, qos: int = 1, topic: str = EVENT) -> None:
    def send() -> None:
        with mqtt_client(port, "gw-1", secret) as gateway:
            for payload in payloads:
                gateway.publish(topic, payload, qos)

    await asyncio.to_thread(send)


async def take(source: Source, count: int) -> list[Arrival]:
    taken: list[Arrival] = []
    async with asyncio.timeout(30):
        while len(taken) < count:
            taken += await source.take(count - len(taken))
    return taken


def on_stream(broker: RunningBroker, *subscriptions: Subscription) -> JetStreamSource:
    address = Address.parse(broker.stream_url(INGEST_USER), reader=True)
    return JetStreamSource(
        address, "group-events", subscriptions, now=lambda: START, at_once=10, ack_wait_s=1
    )


async def begin_stream(broker: RunningBroker) -> None:
    """NATS makes its stream when the first client of MQTT comes."""
    await publish(broker.port, broker.secrets["gw-1"], [])


async def test_readers_of_a_stream_share_it(broker: RunningBroker) -> None:
    async with on_stream(broker, EVENTS) as one, on_stream(broker, EVENTS) as other:
        await begin_stream(broker)
        await asyncio.gather(one.wait_listening(), other.wait_listening())
        sent = [b"%d" % n for n in range(40)]
        await publish(broker.port, broker.secrets["gw-1"], sent)
        await until(lambda: one.waiting + other.waiting >= 40)
        assert one.waiting >= 1
        assert other.waiting >= 1
        taken = [*await one.take(50), *await other.take(50)]
        assert sorted(taken, key=lambda arrival: int(arrival.payload)) != []
        assert {arrival.payload for arrival in taken} == set(sent)
        assert {arrival.topic for arrival in taken} == {EVENT}
        assert len(taken) == 40


async def test_what_a_reader_had_and_did_not_acknowledge_goes_to_another(broker: RunningBroker) -> None:
    await begin_stream(broker)
    async with on_stream(broker, EVENTS) as dying:
        await dying.wait_listening()
        await publish(broker.port, broker.secrets["gw-1"], [b"kept", b"left behind"])
        (await take(dying, 2))[0].ack()
    async with on_stream(broker, EVENTS) as other:
        assert [arrival.payload for arrival in await take(other, 1)] == [b"left behind"]


async def test_a_reader_that_leaves_gives_back_what_it_had_at_once(broker: RunningBroker) -> None:
    await begin_stream(broker)
    address = Address.parse(broker.stream_url(INGEST_USER), reader=True)
    both = [
        JetStreamSource(address, "leaving", [EVENTS], now=lambda: START, ack_wait_s=600) for _ in range(2)
    ]
    async with both[0] as leaving:
        await leaving.wait_listening()
        await publish(broker.port, broker.secrets["gw-1"], [b"left behind"])
        await take(leaving, 1)
    async with both[1] as other:
        assert [arrival.payload for arrival in await take(other, 1)] == [b"left behind"]


async def test_a_reader_that_leaves_asks_for_nothing_before_it_gives_back() -> None:
    said = bytearray()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO {}\r\n")
        while data := await reader.read(1 << 16):
            said.extend(data)
            if b"PING" in data:
                writer.write(b"PONG\r\n")
            if b"CONSUMER.DURABLE.CREATE" in data:
                writer.write(b"MSG _INBOX.a 2 2\r\n{}\r\n")
                writer.write(b"MSG carebed.v1.x.up.event 1 $JS.ACK.s.c.1.7.1.0.0 4\r\nkept\r\n")
        writer.close()

    async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        address = Address.parse(f"nats://reader:secret@127.0.0.1:{port}", reader=True)
        async with JetStreamSource(address, "leaving", [EVENTS], now=lambda: START) as leaving:
            await take(leaving, 1)
        await until(lambda: b"-NAK" in said)
    assert 0 < said.index(b"UNSUB 1\r\n") < said.index(b"-NAK")


async def test_a_message_in_work_is_not_given_to_another(broker: RunningBroker) -> None:
    await begin_stream(broker)
    address = Address.parse(broker.stream_url(INGEST_USER), reader=True)
    async with JetStreamSource(address, "slow", [EVENTS], now=lambda: START, ack_wait_s=4) as busy:
        await busy.wait_listening()
        await publish(broker.port, broker.secrets["gw-1"], [b"slow"])
        slow = (await take(busy, 1))[0]
        async with JetStreamSource(address, "slow", [EVENTS], now=lambda: START, ack_wait_s=4) as other:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(7):
                    await other.take(1)
        slow.ack()


async def test_what_is_sent_without_a_promise_reaches_one_reader_of_the_stream(broker: RunningBroker) -> None:
    logs = Subscription(topics.LOGS, qos=0)
    await begin_stream(broker)
    async with on_stream(broker, EVENTS, logs) as one, on_stream(broker, EVENTS, logs) as other:
        await asyncio.gather(one.wait_listening(), other.wait_listening())
        topic = topics.up("gw-1", "log")
        await publish(broker.port, broker.secrets["gw-1"], [b"said"] * 5, qos=0, topic=topic)
        await until(lambda: one.waiting + other.waiting >= 5)
        await publish(broker.port, broker.secrets["gw-1"], [b"an event"])
        await until(lambda: one.waiting + other.waiting >= 6)
        assert one.waiting + other.waiting == 6


async def test_a_wrong_secret_for_the_stream_is_said_and_not_shown(
    broker: RunningBroker, caplog: pytest.LogCaptureFixture
) -> None:
    address = Address.parse(f"nats://{INGEST_USER}:wrong@127.0.0.1:{broker.client_port}", reader=True)
    async with JetStreamSource(address, "g-events", [EVENTS], now=lambda: START) as source:
        await until(lambda: any("lost" in record.message for record in caplog.records))
        assert not source.listening
    assert "wrong" not in caplog.text


def member(mosquitto: Mosquitto, name: str) -> Source:
    url = f"mqtt://{INGEST_USER}:{mosquitto.secrets[INGEST_USER]}@127.0.0.1:{mosquitto.service_port}"
    return source_of(Address.parse(url), "events", [EVENTS], Membership("g", name), now=lambda: START)


async def test_members_on_another_broker_share_its_messages(mosquitto: Mosquitto) -> None:
    sent = [b"%d" % n for n in range(40)]
    async with member(mosquitto, "a") as one, member(mosquitto, "b") as other:
        await asyncio.gather(one.wait_listening(), other.wait_listening())
        await publish(mosquitto.gateway_port, mosquitto.secrets["gw-1"], sent)
        await until(lambda: one.waiting + other.waiting >= 40)
        taken = [*await one.take(50), *await other.take(50)]
        assert sorted(int(arrival.payload) for arrival in taken) == list(range(40))
        for arrival in taken:
            arrival.ack()


async def test_a_member_that_leaves_gets_nothing_more_and_the_others_get_its_share(
    mosquitto: Mosquitto,
) -> None:
    sent = [b"%d" % n for n in range(20)]
    async with member(mosquitto, "b") as staying:
        async with member(mosquitto, "a") as leaving:
            await asyncio.gather(staying.wait_listening(), leaving.wait_listening())
        await publish(mosquitto.gateway_port, mosquitto.secrets["gw-1"], sent)
        assert len(await take(staying, 20)) == 20


async def test_a_member_that_comes_back_soon_finds_what_it_had(mosquitto: Mosquitto) -> None:
    async with member(mosquitto, "a") as first:
        await first.wait_listening()
        await publish(mosquitto.gateway_port, mosquitto.secrets["gw-1"], [b"left behind"])
        await take(first, 1)
    async with member(mosquitto, "a") as second:
        assert [arrival.payload for arrival in await take(second, 1)] == [b"left behind"]


async def test_a_broker_that_cannot_share_is_not_taken_for_one_that_is_silent(
    broker: RunningBroker, caplog: pytest.LogCaptureFixture
) -> None:
    address = Address.parse(broker.url(INGEST_USER))
    async with MqttSource(address, "member", [EVENTS], now=lambda: START, group="g"):
        await until(lambda: any("lost" in record.message for record in caplog.records))
    assert [record.__dict__["reason"] for record in caplog.records if "lost" in record.message] == [
        "refused: protocol version"
    ]


async def test_the_session_of_an_ingestor_that_worked_alone_is_forgotten(mosquitto: Mosquitto) -> None:
    url = f"mqtt://{INGEST_USER}:{mosquitto.secrets[INGEST_USER]}@127.0.0.1:{mosquitto.service_port}"
    address = Address.parse(url)
    async with source_of(address, "events", [EVENTS], None, now=lambda: START) as alone:
        await alone.wait_listening()
    await publish(mosquitto.gateway_port, mosquitto.secrets["gw-1"], [b"kept for nobody"])
    await forget_lone_sessions(address)
    async with source_of(address, "events", [EVENTS], None, now=lambda: START) as alone:
        await alone.wait_listening()
        await publish(mosquitto.gateway_port, mosquitto.secrets["gw-1"], [b"new"])
        assert [arrival.payload for arrival in await take(alone, 1)] == [b"new"]
