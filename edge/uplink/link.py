"""The connection to the cloud's broker: one session after another, each with its lanes."""

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace

import aiomqtt

from edge.config import Broker
from edge.supervisor import Pulse
from edge.uplink.board import Board
from edge.uplink.commands import Commands
from edge.uplink.event_lane import EventLane
from edge.uplink.schedule import LOOK_S, Timings, reconnect_s
from edge.uplink.telemetry_lane import TelemetryLane
from firmware_specs import topics
from firmware_specs.messages import Ack, Birth, CloudStatus, Online, decode, encode

log = logging.getLogger(__name__)

_MAX_DOWN_BYTES = 1024 * 1024  # the configuration of ten thousand homes, compressed
_WAITS_LIMIT_S = 1.0
_REFUSED = 0x80


@dataclass
class Link:
    """Keeps one MQTT session alive and moves messages both ways.

    `birth` describes the agent; `cloud_time` takes a live cloud time in ms; `claimed` what became of events;
    `cloud_status` what the cloud says of itself (alive, retained);
    `configure` takes the desired configuration.
    `connected` is set while a session runs, `tried` once the first attempt has ended either way.
    """

    broker: Broker
    gateway: str
    secret: str
    run_id: str
    tls: ssl.SSLContext | None
    timings: Timings
    events: EventLane
    telemetry: TelemetryLane
    commands: Commands
    board: Board
    birth: Callable[[], Awaitable[Birth]]
    inventory_hash: Callable[[], str]
    cloud_time: Callable[[int], None]
    claimed: Callable[[list[str], str], Awaitable[None]]
    waits_s: Callable[[], Awaitable[tuple[float, float]]]
    cloud_status: Callable[[bool, bool], None] = lambda alive, retained: None
    configure: Callable[[bytes], Awaitable[None]] | None = None
    pulse: Pulse = field(default_factory=Pulse)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _heartbeat_set: asyncio.Event = field(default_factory=asyncio.Event)
    _client: aiomqtt.Client | None = None
    _trouble: str = ""
    _said_inventory: str = ""

    def stop(self) -> None:
        """End the session cleanly: flush, say offline, disconnect; `run` then returns."""
        self._stopping.set()

    def heartbeat(self, every_s: float) -> None:
        """Say `online` so often from now on, seconds of real time."""
        self.timings = replace(self.timings, heartbeat_s=every_s)
        self._heartbeat_set.set()

    async def run(self) -> None:
        """Connect, and connect again, until `stop`."""
        loop = asyncio.get_running_loop()
        failures, lost_at = 0, loop.time()
        await self.events.load()
        while not self._stopping.is_set():
            began = loop.time()
            try:
                await self._session()
                failures = 0
            except* (aiomqtt.MqttError, OSError) as group:
                self._lost(group)
                lived = loop.time() - began if self.connected.is_set() else 0.0
                failures = 0 if lived >= self.timings.short_connection_s else failures + 1
                lost_at = loop.time() if self.connected.is_set() else lost_at
            finally:
                self.connected.clear()
                self.tried.set()
            await self._pause(failures, lost_at)

    async def _pause(self, failures: int, lost_at: float) -> None:
        """Wait until the next attempt; an event that comes meanwhile shortens the wait."""
        loop = asyncio.get_running_loop()
        began, chance = loop.time(), random.random()  # noqa: S311  # spreads gateways, guards nothing
        while not self._stopping.is_set():
            self.pulse.beat("uplink")
            urgent = self.events.urgent.is_set()
            delay = reconnect_s(
                failures, loop.time() - lost_at, urgent=urgent, chance=chance, timings=self.timings
            )
            left = began + delay - loop.time()
            if left <= 0:
                return
            waits = [asyncio.create_task(self._stopping.wait())]
            if not urgent:
                waits.append(asyncio.create_task(self.events.urgent.wait()))
            try:
                await asyncio.wait(waits, timeout=min(left, LOOK_S), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    async def _session(self) -> None:
        """One connection from CONNECT to its end. Raises aiomqtt.MqttError (in a group) when it breaks."""
        will = encode(Online(online=False, run=self.run_id))
        async with aiomqtt.Client(
            self.broker.host,
            self.broker.port,
            identifier=self.gateway,
            username=self.gateway,
            password=self.secret,
            will=aiomqtt.Will(topics.state(self.gateway, "online"), will, qos=1, retain=True),
            keepalive=self.timings.keep_alive_s,
            timeout=self.timings.connect_s,
            tls_context=self.tls,
            max_queued_incoming_messages=1000,
        ) as client:
            client.pending_calls_threshold = 1000
            self._client = client
            async with asyncio.TaskGroup() as group:
                receive = group.create_task(self._receive(client), name="uplink-receive")  # notices the end
                await self._greet(client)
                tasks = [
                    receive,
                    *(
                        group.create_task(self._turning(name, run), name=name)
                        for name, run in (
                            ("uplink-events", self.events.run(self._publish)),
                            ("uplink-telemetry", self.telemetry.run(self._publish)),
                            ("uplink-states", self._states(client)),
                            ("uplink-inventory", self._inventory(client)),
                            ("uplink-heartbeat", self._heartbeat(client)),
                        )
                    ),
                ]
                await self.pulse.wait("uplink", self._stopping)
                await self._flush()
                for task in tasks:
                    task.cancel()
            await self._say_online(client, online=False)

    async def _turning(self, name: str, run: Coroutine[None, None, None]) -> None:
        """A loop that the watchdog expects to turn while the session lasts."""
        with self.pulse.loop(name):
            await run

    async def _greet(self, client: aiomqtt.Client) -> None:
        """Subscribe, then birth and online: events follow at once."""
        for topic in (topics.down(self.gateway, "#"), topics.CLOUD_STATUS):
            granted = await client.subscribe(topic, qos=0)
            if any((code if isinstance(code, int) else code.value) >= _REFUSED for code in granted):
                log.error(
                    "the broker does not permit a subscription",
                    extra={"action": "not_permitted", "topic": topic},
                )
        await self._say_birth(client)
        await self._say_online(client, online=True)
        self.connected.set()
        self.tried.set()
        self._trouble = ""
        log.info(
            "connected", extra={"action": "uplink_back", "broker": f"{self.broker.host}:{self.broker.port}"}
        )

    async def _say_birth(self, client: aiomqtt.Client) -> None:
        birth = await self.birth()
        await client.publish(topics.state(self.gateway, "birth"), encode(birth), qos=1, retain=True)
        self._said_inventory = birth.inventory_hash

    async def _say_online(self, client: aiomqtt.Client, *, online: bool) -> None:
        event_s, batch_s = await self._waits() if online else (None, None)
        payload = encode(Online(online=online, run=self.run_id, event_wait_s=event_s, batch_wait_s=batch_s))
        await client.publish(topics.state(self.gateway, "online"), payload, qos=1, retain=True)

    async def _waits(self) -> tuple[float | None, float | None]:
        """What the outbox says of its age; nothing where its disk is slow: a heartbeat waits for none."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAITS_LIMIT_S):
                return await self.waits_s()
        return None, None

    async def _heartbeat(self, client: aiomqtt.Client) -> None:
        while True:
            self._heartbeat_set.clear()
            if not await self.pulse.wait("uplink-heartbeat", self._heartbeat_set, self.timings.heartbeat_s):
                await self._say_online(client, online=True)

    async def _inventory(self, client: aiomqtt.Client) -> None:
        """Publish the birth again when the devices it names have changed."""
        while True:
            await asyncio.sleep(self.timings.inventory_s)
            self.pulse.beat("uplink-inventory")
            if self.inventory_hash() != self._said_inventory:
                await self._say_birth(client)

    async def _states(self, client: aiomqtt.Client) -> None:
        """Publish all device states, then each second those that changed."""
        states = self.board.everything()
        while True:
            for state in states:
                topic = topics.device_state(self.gateway, state.device)
                self.pulse.beat("uplink-states")
                await client.publish(topic, encode(state), qos=1, retain=True)
            await asyncio.sleep(1)
            self.pulse.beat("uplink-states")
            states = self.board.changed()

    async def _flush(self) -> None:
        """Give events their last chance to be stored before the goodbye, a few seconds at most."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.timings.flush_s
        while loop.time() < until and not (self.events.idle() and self.telemetry.idle()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # two lanes, a short time, once in a run

    async def _publish(self, channel: str, payload: bytes) -> None:
        if self._client is None:
            raise aiomqtt.MqttError("not connected")
        await self._client.publish(
            topics.up(self.gateway, channel), payload, qos=1, timeout=self.timings.publish_s
        )

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload
            if not isinstance(payload, bytes | bytearray) or len(payload) > _MAX_DOWN_BYTES:
                continue
            try:
                await self._take(str(message.topic), bytes(payload), retained=message.retain)
            except aiomqtt.MqttError:
                raise
            except Exception as error:
                log.exception(
                    "a message from the cloud was dropped",
                    extra={"action": "down_dropped", "topic": str(message.topic), "reason": str(error)},
                )

    async def _take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Act on one message of the cloud; a retained one is history: it sets no clock and gives no order."""
        if topic == topics.CLOUD_STATUS:
            status = decode(payload, CloudStatus)
            self.cloud_status(status.alive, retained)
            if status.alive and not retained:
                self.cloud_time(status.at)
        elif topic == topics.down(self.gateway, "ack"):
            await self._acked(decode(payload, Ack))
        elif topic == topics.down(self.gateway, "config") and self.configure is not None:
            await self.configure(payload)
        elif topic == topics.down(self.gateway, "command") and not retained:
            await self.commands.handle(payload, lambda answer: self._publish("result", answer))

    async def _acked(self, ack: Ack) -> None:
        self.cloud_time(ack.cloud_at)
        if ack.stage == "stored":
            self.events.acked(ack)
            self.telemetry.acked(ack)
        else:
            await self.claimed(ack.events, ack.stage)

    def _lost(self, group: BaseExceptionGroup[Exception]) -> None:
        """One log line each time the trouble changes, not one an attempt."""
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if str(error) != self._trouble or self.connected.is_set():
            self._trouble = str(error)
            log.warning("connection lost", extra={"action": "uplink_lost", "reason": str(error)})
