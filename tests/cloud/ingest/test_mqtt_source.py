"""The source keeps nothing from the broker that was not acknowledged, and finds its way back."""

import asyncio
import os
import signal
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import pytest

from cloud.broker import INGEST_USER, Address
from cloud.embedded import nats
from cloud.ingest.mqtt_source import MqttSource
from cloud.ingest.source import Arrival, Subscription
from tests.conftest import START, RunningBroker
from tests.mqtt_client import mqtt_client
from tests.waiting import LIMIT_S, until

pytestmark = pytest.mark.broker

EVENT = "carebed/v1/gw-1/up/event"


def source(broker: RunningBroker, *, limit_bytes: int = 1 << 20) -> AbstractAsyncContextManager[MqttSource]:
    return MqttSource(
        Address.parse(broker.url(INGEST_USER)),
        INGEST_USER,
        [Subscription("carebed/v1/+/up/event")],
        now=lambda: START,
        limit_bytes=limit_bytes,
    )


async def publish(broker: RunningBroker, *payloads: bytes) -> None:
    def send() -> None:
        with mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]) as gateway:
            for payload in payloads:
                gateway.publish(EVENT, payload)

    await asyncio.to_thread(send)


async def take(opened: MqttSource, count: int) -> list[Arrival]:
    taken: list[Arrival] = []
    async with asyncio.timeout(LIMIT_S):
        while len(taken) < count:
            taken += await opened.take(count - len(taken))
    return taken


async def test_messages_arrive_in_order_with_the_programs_time(broker: RunningBroker) -> None:
    async with source(broker) as opened:
        await opened.wait_listening()
        await publish(broker, b"1", b"2", b"3")
        taken = await take(opened, 3)
        assert [arrival.payload for arrival in taken] == [b"1", b"2", b"3"]
        assert {arrival.received_at for arrival in taken} == {datetime(2026, 1, 1, 2, tzinfo=UTC)}


async def test_what_was_not_acknowledged_comes_again_to_the_next_process(broker: RunningBroker) -> None:
    async with source(broker) as first:
        await first.wait_listening()
        await publish(broker, b"kept", b"dropped by a crash")
        (await take(first, 2))[0].ack()
    async with source(broker) as second:
        # An acknowledgement that was still on its way when the line went may bring its message once more.
        again = [arrival.payload for arrival in await take(second, 1)]
        if again == [b"kept"]:
            again = [arrival.payload for arrival in await take(second, 1)]
        assert again == [b"dropped by a crash"]


async def test_a_message_in_work_is_not_handed_out_twice_when_the_broker_sends_it_again(
    broker: RunningBroker,
) -> None:
    async with source(broker) as opened:
        await opened.wait_listening()
        await publish(broker, b"slow")
        slow = (await take(opened, 1))[0]
        with pytest.raises(TimeoutError):  # the broker's ack_wait is 10 s
            async with asyncio.timeout(12):
                await opened.take(1)
        slow.ack()


async def test_published_while_nobody_listens_waits_at_the_broker(broker: RunningBroker) -> None:
    async with source(broker) as opened:
        await opened.wait_listening()
    await publish(broker, b"waited")
    async with source(broker) as opened:
        assert (await take(opened, 1))[0].payload == b"waited"


async def test_a_killed_broker_is_lost_and_back_once_and_nothing_acknowledged_by_it_is_missing(
    broker: RunningBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with source(broker) as opened:
        await opened.wait_listening()
        await publish(broker, b"before")
        held = (await take(opened, 1))[0]
        os.kill(broker.server.pid, signal.SIGKILL)
        await broker.server.wait()
        await until(lambda: not opened.listening)
        held.ack()  # void, and harmless
        restarted = await nats.start(broker.broker, log=broker.broker.folder / "log")
        try:
            await asyncio.wait_for(opened.wait_listening(), 20)
            await publish(broker, b"after")
            seen = {arrival.payload for arrival in await take(opened, 2)}
            assert seen == {b"before", b"after"}
        finally:
            await nats.stop(restarted)
    actions = [getattr(record, "action", "") for record in caplog.records if "broker" in record.message]
    assert actions[:2] == ["broker_lost", "broker_back"]


async def test_reading_stops_while_too_many_bytes_wait_and_goes_on_afterwards(broker: RunningBroker) -> None:
    async with source(broker, limit_bytes=10_000) as opened:
        await opened.wait_listening()
        await publish(broker, *[bytes(5_000)] * 20)
        taken = await take(opened, 20)
        for arrival in taken:
            arrival.ack()
        assert len(taken) == 20


async def test_a_wrong_secret_is_said_once_and_tried_again(
    broker: RunningBroker, caplog: pytest.LogCaptureFixture
) -> None:
    address = Address.parse(f"mqtt://{INGEST_USER}:wrong@127.0.0.1:{broker.port}")
    async with MqttSource(address, INGEST_USER, [Subscription("x")], now=lambda: START) as opened:
        await until(lambda: any("lost" in record.message for record in caplog.records))
        assert not opened.listening
    assert "wrong" not in caplog.text
