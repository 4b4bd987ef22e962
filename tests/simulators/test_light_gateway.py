import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from firmware_specs import topics
from firmware_specs.batches import decode_batch
from firmware_specs.clock import Clock
from firmware_specs.messages import EVENT_DECODER, Ack, encode
from simulators.fleet import Fleet, GatewayEntry, read_gateways, write_gateways
from simulators.ledger import Ledger
from simulators.light_gateway import LightGateway
from simulators.local_broker import LocalBroker
from simulators.mqtt import MqttClient, MqttError, Will, connect_packet, publish_packet
from simulators.processes import SimulatorError
from tests.waiting import LIMIT_S, until


def test_connect_packet_is_mqtt_3_1_1_with_will_user_and_password() -> None:
    packet = connect_packet("gw", "gw", "pw", 30, Will("t", b"w"))
    assert packet == (b"\x10\x1c\x00\x04MQTT\x04\xee\x00\x1e\x00\x02gw\x00\x01t\x00\x01w\x00\x02gw\x00\x02pw")


def test_a_long_publish_spells_its_length_in_two_digits() -> None:
    packet = publish_packet("t", b"x" * 200, 7)
    assert packet[:8] == b"\x32\xcd\x01\x00\x01t\x00\x07"
    assert len(packet) == 3 + 205


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[LocalBroker]:
    one = LocalBroker(tmp_path, "test")
    await one.start()
    yield one
    await one.stop()


class Cloud:
    """The far end: keeps what came and acknowledges when told to."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.answering = True
        self._client = client
        self._changed = asyncio.Condition()

    async def listen(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            async with self._changed:
                self.seen.append((str(message.topic), message.payload))
                self._changed.notify_all()
            up = topics.parse_up(str(message.topic))
            if self.answering and up is not None and up.channel in ("event", "telemetry"):
                await self._answer(up.gateway, up.channel, message.payload)

    def count(self, channel: str) -> int:
        return sum(topic.endswith(channel) for topic, _ in self.seen)

    async def until(self, channel: str, count: int) -> None:
        async with asyncio.timeout(LIMIT_S), self._changed:
            await self._changed.wait_for(lambda: self.count(channel) >= count)

    async def _answer(self, gateway: str, channel: str, payload: bytes) -> None:
        if channel == "event":
            event = EVENT_DECODER.decode(payload)
            ack = Ack(run=event.run, events=[event.id], cloud_at=1)
        else:
            batch = decode_batch(payload)
            ack = Ack(run=batch.run, telemetry=[batch.seq], cloud_at=1)
        await self.say(gateway, ack)

    async def say(self, gateway: str, ack: Ack) -> None:
        await self._client.publish(topics.down(gateway, "ack"), encode(ack), qos=1)


@asynccontextmanager
async def cloud_on(broker: LocalBroker) -> AsyncIterator[Cloud]:
    async with aiomqtt.Client("127.0.0.1", broker.port, identifier="cloud") as client:
        await client.subscribe("carebed/v1/+/up/#", qos=1)
        await client.subscribe("carebed/v1/+/state/#", qos=1)
        cloud = Cloud(client)
        task = asyncio.create_task(cloud.listen())
        yield cloud
        task.cancel()


def _gateway(broker: LocalBroker, ledger: Ledger, rate: float = 1.0) -> LightGateway:
    clock = Clock(Clock().now_ms(), Clock().now_ms(), rate)
    return LightGateway("gw-1", "secret", "127.0.0.1", broker.port, clock, ledger)


async def test_a_gateway_announces_itself_and_a_cut_connection_leaves_its_last_will(
    broker: LocalBroker,
) -> None:
    async with cloud_on(broker) as cloud:
        gateway = _gateway(broker, Ledger())
        task = asyncio.create_task(gateway.run())
        await cloud.until("state/online", 1)
        assert cloud.count("state/birth") == 1
        await gateway.switch_off()
        await cloud.until("state/online", 2)
        will = json.loads([payload for topic, payload in cloud.seen if topic.endswith("online")][-1])
        assert will == {"v": 1, "online": False, "run": gateway.run_id}
        gateway.switch_on()
        await cloud.until("state/birth", 2)
        task.cancel()


async def test_a_repeated_answer_to_one_phase_is_no_answer_to_the_next(broker: LocalBroker) -> None:
    async with cloud_on(broker) as cloud:
        cloud.answering = False
        gateway = _gateway(broker, Ledger())
        task = asyncio.create_task(gateway.run())
        await gateway.linked()
        raised = gateway.event("smoke", device="zb-1")
        gateway.event("smoke", phase="cleared", event_id=raised.id, device="zb-1")
        gateway.telemetry([("zb-1", "battery", 1, 80.0)])
        again = Ack(run=raised.run, events=[raised.id], event_seqs=[raised.seq], cloud_at=1)
        last = Ack(run=raised.run, telemetry=[gateway.last_batch[1]], cloud_at=1)
        for ack in (again, again, last):
            await cloud.say(gateway.id, ack)
        await until(lambda: gateway.ledger.batches_acked == 1)
        assert gateway.unanswered == 1
        task.cancel()


async def test_an_event_is_sent_again_until_it_is_stored_and_the_ledger_knows(
    broker: LocalBroker, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    async with cloud_on(broker) as cloud:
        cloud.answering = False
        gateway = _gateway(broker, ledger, rate=20)
        task = asyncio.create_task(gateway.run())
        await gateway.linked()
        event = gateway.event("sos", device="watch-2300000001")
        await cloud.until("up/event", 3)
        assert ledger.waiting == 1
        cloud.answering = True
        async with asyncio.timeout(LIMIT_S):
            while ledger.waiting:
                await asyncio.sleep(0.01)
        task.cancel()
    sent = [EVENT_DECODER.decode(payload) for topic, payload in cloud.seen if topic.endswith("up/event")]
    assert {(one.id, one.seq) for one in sent} == {(event.id, 1)}
    ledger.close()
    lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text().splitlines()]
    assert (lines[0]["what"], lines[0]["id"], lines[0]["seq"]) == ("sent", event.id, 1)
    assert lines[-1]["what"] == "acked"


async def test_after_a_new_connection_a_batch_is_sent_again_as_soon_as_after_the_first(
    broker: LocalBroker,
) -> None:
    async with cloud_on(broker) as cloud:
        cloud.answering = False
        gateway = _gateway(broker, Ledger(), rate=50)
        task = asyncio.create_task(gateway.run())
        await gateway.linked()
        gateway.telemetry([("watch-2300000001", "heart_rate", 1_800_000_000_000, 70.0)])
        for sent in range(1, 5):
            await cloud.until("up/telemetry", sent)
            usurper = MqttClient(
                "127.0.0.1", broker.port, "gw-1", "gw-1", "secret", lambda *_: None, Will("t", b"")
            )
            await usurper.connect()
            usurper.abort()
        await cloud.until("up/telemetry", 6)
        task.cancel()


async def test_a_fleet_reports_each_home_and_clears_what_it_raised(broker: LocalBroker) -> None:
    entries = [
        GatewayEntry(id=f"gw-{n}", secret="s", seed=n, devices={"watch": f"watch-{n}"}) for n in range(5)
    ]
    ledger = Ledger()
    async with cloud_on(broker) as cloud:
        fleet = Fleet(entries, ("127.0.0.1", broker.port), Clock(), ledger)
        async with fleet.running(report_s=60):
            assert await fleet.online(10) == 5
            await cloud.until("up/telemetry", 5)
            smoke = fleet.homes["gw-0"].raise_alarm("smoke")
            fleet.homes["gw-0"].clear_alarms()
            assert await fleet.settled(10)
            await cloud.until("up/event", 2)
    events = [EVENT_DECODER.decode(payload) for topic, payload in cloud.seen if topic.endswith("up/event")]
    assert [(one.id, one.phase) for one in events] == [(smoke.id, "raised"), (smoke.id, "cleared")]
    assert ledger.summary()["batches_sent"] >= 5


async def test_a_broker_that_refuses_is_told_in_words(tmp_path: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x20\x02\x00\x05")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = MqttClient("127.0.0.1", port, "gw-1", "gw-1", "wrong", lambda topic, payload: None)
    with pytest.raises(MqttError, match="not authorised"):
        await client.connect()
    server.close()


def test_credentials_are_kept_for_this_user_only_and_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gateways.jsonl"
    write_gateways(path, [GatewayEntry(id="gw-1", secret="s")])
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_gateways(path) == [GatewayEntry(id="gw-1", secret="s")]
    path.write_text('{"id": "gw-1", "secret": "s"}\nnonsense\n')
    with pytest.raises(SimulatorError, match=r"gateways\.jsonl.*2"):
        read_gateways(path)
