"""A stand for the agent: a real broker, a cloud that acknowledges or does not, watches, the agent itself."""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt

from edge import config, wiring
from edge.agent import Agent, lock
from edge.outbox.outbox import Limits
from edge.uplink.schedule import Timings
from firmware_specs import topics
from firmware_specs.batches import decode_batch
from firmware_specs.clock import Clock
from firmware_specs.messages import Ack, Command, Event, Result, TelemetryBatch, decode, encode
from tests.waiting import until

GATEWAY = "gw-test"
WATCH = "861100000000017"
DEVICE = f"watch-{WATCH}"
ROOT = Path(__file__).parents[2]
FAST = Timings(
    event_resend_s=(0.1, 0.2, 0.4),
    event_every_s=0.5,
    batch_first_s=0.3,
    batch_longest_s=1.0,
    backfill_per_s=100,
    heartbeat_s=0.3,
    urgent_retry_s=0.1,
    calm_retry_s=0.2,
    short_connection_s=0.5,
    flush_s=1.0,
    inventory_s=0.1,
    connect_s=1.5,
)


@dataclass
class Broker:
    """A nats-server with MQTT on a port of its own that survives restarts."""

    folder: Path
    port: int
    users: str = ""
    mqtt: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / "nats.conf"
        path.write_text(
            f"listen: 127.0.0.1:-1\nserver_name: test\n{self.users}\n"
            f"jetstream {{ store_dir: {self.folder}, limits {{ default_max_consumers: -1 }} }}\n"
            f'mqtt {{ listen: "127.0.0.1:{self.port}", ack_wait: 1s\n{self.mqtt} }}\n',
            encoding="utf-8",
        )
        program = Path(sys.executable).parent / "nats-server"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([str(program), "-c", str(path)], stdout=log, stderr=log)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def ready(self) -> None:
        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        await until(answers)


@dataclass
class FakeCloud:
    """Keeps what gateways say and acknowledges it, while `acking`; every copy is acknowledged."""

    broker: Broker
    acking: bool = True
    by_id_only: bool = False
    events: dict[tuple[str, int], Event] = field(default_factory=dict)
    batches: dict[tuple[str, int], TelemetryBatch] = field(default_factory=dict)
    event_copies: list[tuple[str, int]] = field(default_factory=list)
    batch_copies: list[tuple[str, int]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    states: dict[str, Any] = field(default_factory=dict)
    said: list[tuple[str, Any]] = field(default_factory=list)
    client: aiomqtt.Client | None = None
    cloud_at: Callable[[], int] = Clock().now_ms
    up: asyncio.Event = field(default_factory=asyncio.Event)
    user: str | None = None
    password: str | None = None

    async def run(self) -> None:
        while True:
            try:
                async with aiomqtt.Client(
                    "127.0.0.1",
                    self.broker.port,
                    identifier="cloud",
                    username=self.user,
                    password=self.password,
                    clean_session=False,
                ) as client:
                    self.client = client
                    await client.subscribe(f"{topics.PREFIX}/+/up/#", qos=1)
                    await client.subscribe(topics.STATES, qos=1)
                    self.up.set()
                    async for message in client.messages:
                        payload = message.payload
                        assert isinstance(payload, bytes)
                        await self._take(client, str(message.topic), payload)
            except aiomqtt.MqttError:
                self.up.clear()
                await asyncio.sleep(0.1)

    async def _take(self, client: aiomqtt.Client, topic: str, payload: bytes) -> None:
        found = topics.parse_up(topic)
        assert found is not None, topic
        match found.channel:
            case "event":
                event = decode(payload, Event)
                self.event_copies.append((event.run, event.seq))
                self.order.append("event")
                if self.acking:
                    self.events[event.run, event.seq] = event
                    seqs = [] if self.by_id_only else [event.seq]
                    ack = Ack(run=event.run, events=[event.id], event_seqs=seqs, cloud_at=self.cloud_at())
                    await client.publish(topics.down(found.gateway, "ack"), encode(ack), qos=1)
            case "telemetry":
                batch = decode_batch(payload)
                if (batch.run, batch.seq) not in self.batch_copies:  # a killed broker delivers some again
                    self.order.append("late" if batch.late else "live")
                self.batch_copies.append((batch.run, batch.seq))
                if self.acking:
                    self.batches[batch.run, batch.seq] = batch
                    ack = Ack(run=batch.run, telemetry=[batch.seq], cloud_at=self.cloud_at())
                    await client.publish(topics.down(found.gateway, "ack"), encode(ack), qos=1)
            case "result":
                self.results.append(decode(payload, Result))
            case channel:
                self.states[channel if found.device is None else found.device] = json.loads(payload)
                self.said.append((channel, json.loads(payload)))

    async def order_to(self, gateway: str, command: Command) -> None:
        assert self.client is not None
        await self.client.publish(topics.down(gateway, "command"), encode(command), qos=1)


def write_config(
    folder: Path, broker: Broker, *, more: str = "", batch_s: float = 0.2, port: int = 0
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gateway.secret").write_text("secret", encoding="utf-8")
    path = folder / "edge.toml"
    path.write_text(
        f'gateway = "{GATEWAY}"\ndata_dir = "data"\nbroker_url = "{broker.url}"\n'
        f'secret_file = "gateway.secret"\nbatch_s = {batch_s}\n{more}\n'
        f'[[transport]]\ntype = "tcp"\ndriver = "watch"\nport = {port}\n',
        encoding="utf-8",
    )
    return path


@asynccontextmanager
async def running(
    path: Path, *, timings: Timings = FAST, clock: Clock | None = None, limits: Limits | None = None
) -> AsyncIterator[Agent]:
    """The agent in this process, ready, stopped cleanly at the end."""
    settings = config.load(path)
    held = lock(Path(settings.data_dir))
    agent = wiring.build(settings, clock or Clock(), timings=timings, limits=limits)
    ready = asyncio.Event()
    task = asyncio.create_task(agent.run(lambda line: ready.set()))
    waiter = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait([task, waiter], return_when=asyncio.FIRST_COMPLETED, timeout=60)
        if task.done():
            task.result()
        assert ready.is_set()
        yield agent
    finally:
        waiter.cancel()
        agent.stop()
        async with asyncio.timeout(20):
            await task
        os.close(held)


@dataclass
class AgentProcess:
    """The agent as its own process, so that it can be killed."""

    path: Path
    arguments: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    line: str = ""
    environment: dict[str, str] | None = None

    async def start(self) -> int:
        """Start and return the port of the watch transport."""
        log = self.path.with_name("agent.log").open("ab")
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "edge",
            "run",
            "--config",
            str(self.path),
            *self.arguments,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            env=self.environment,
        )
        log.close()
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            self.line = (await self.process.stdout.readline()).decode()
        assert self.line.startswith("ready "), self.path.with_name("agent.log").read_text(encoding="utf-8")
        return int(self.line.split("watch=")[1].split()[0].rsplit(":", 1)[1])

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def terminate(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            return await self.process.wait()


_numbers = itertools.count(1)


def sos(watch: str = WATCH, *, marker: int | None = None) -> bytes:
    """An SOS alarm of a watch; every call is another message."""
    number = next(_numbers) if marker is None else marker
    body = (
        f"AL,060226,181000,V,37.381500,N,118.012300,E,0.4,90,11,9,80,14,{number},2,00010000,0,0,12.5"
    ).encode()
    return b"[ZJ*%s*0001*%04X*%s]" % (watch.encode(), len(body), body)


def heart_rate(value: int, watch: str = WATCH) -> bytes:
    body = b"PULSE,%d" % value
    return b"[3G*%s*%04X*%s]" % (watch.encode(), len(body), body)


@dataclass
class Watch:
    """A watch's TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, data: bytes) -> bytes:
        """Say something and return the answer; the question where it is (CR) is passed over."""
        await self.say(data)
        async with asyncio.timeout(30):
            while (answer := await self.reader.readuntil(b"]")).endswith(b"*CR]"):
                pass
        return answer


@asynccontextmanager
async def watch(port: int) -> AsyncIterator[Watch]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Watch(reader, writer)
    finally:
        writer.close()


def door(agent: Agent) -> int:
    """The port of the agent's first TCP transport."""
    return int(agent.transports[0].status.rsplit(":", 1)[1])
