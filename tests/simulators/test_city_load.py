"""The generator of the city's load is a city: each gateway speaks for itself, and says what agents say."""

import asyncio
import json
from pathlib import Path
from typing import Any

from cloud.broker import INGEST_USER, login, new_secret
from cloud.ingest.mqtt_source import MqttSource
from cloud.ingest.source import Subscription
from firmware_specs import topics
from firmware_specs.batches import decode_batch
from firmware_specs.clock import Clock
from firmware_specs.messages import Event, Online, decode
from simulators.processes import python_module
from tests.benchmarks import ingest_stage as stages
from tests.ports import free_port
from tests.waiting import LIMIT_S

HOMES = 50


async def test_fifty_homes_send_their_batches_heartbeats_and_alarms(data_dir: Path) -> None:
    secrets = [new_secret() for _ in range(HOMES)]
    (data_dir / "secrets").write_text("\n".join(secrets))
    logins = [login(stages.gateway(n), secret) for n, secret in enumerate(secrets)]
    channels = [Subscription(topic) for topic in (topics.TELEMETRY, topics.EVENTS, topics.STATES)]
    port = free_port()
    async with (
        asyncio.timeout(LIMIT_S),
        stages.nats_broker(data_dir, port, logins) as broker,
        MqttSource(broker.address, f"{INGEST_USER}-city", channels, now=Clock().now) as source,
    ):
        await source.wait_listening()
        city = await asyncio.create_subprocess_exec(
            *python_module("tests.benchmarks.city_load", "127.0.0.1", str(port), str(data_dir / "secrets")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert city.stdin is not None
        assert city.stdout is not None
        try:
            city.stdin.write(b'{"speed": 60}\n')
            report: dict[str, Any] = {"online": 0}
            while report["online"] < HOMES:
                city.stdin.write(b'{"report": true}\n')
                report = json.loads(await city.stdout.readline())
            city.stdin.write(b'{"events": 7}\n')
            readings: dict[str, int] = {}
            alarms, online = set[str](), set[str]()
            while len(readings) < HOMES or len(alarms) < 7 or len(online) < HOMES:
                for arrival in await source.take(1000):
                    gateway, _, channel = arrival.topic.removeprefix("carebed/v1/").partition("/")
                    match channel:
                        case "up/telemetry":
                            readings[gateway] = len(decode_batch(arrival.payload).value)
                        case "up/event":
                            alarms.add(decode(arrival.payload, Event).id)
                        case "state/online" if decode(arrival.payload, Online).online:
                            online.add(gateway)
                    arrival.ack()
            said = [json.loads(await city.stdout.readline()) for _ in range(7)]
            city.stdin.write(b'{"stop": true}\n{"report": true}\n')
            report = json.loads(await city.stdout.readline())
        finally:
            city.kill()
            await city.wait()
    assert sorted(readings.values()) == [4] * (HOMES // 2) + [20] * (HOMES // 2)
    assert {line["event"] for line in said} == alarms
    assert (report["online"], report["refused"]) == (HOMES, 0)
