"""A gateway as the contract wants it, and the same with one thing wrong; its device is a button."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec

from firmware_specs import topics
from firmware_specs.batches import encode_batch
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import (
    Ack,
    Birth,
    Command,
    Config,
    DeviceState,
    Event,
    Online,
    Result,
    TelemetryBatch,
    decode,
    encode,
)
from firmware_specs.orders import ReplayArgs
from simulators.batches import batch_of
from simulators.mqtt import MqttClient, Will

DEVICE = "button-1"
TICK_S = 0.25  # all gateways look at the same moments, so that time jumps from one to the next
RESEND_S = (2.0, 4.0, 8.0, 15.0)
Message = Event | TelemetryBatch
Key = tuple[type, str, int]


@dataclass
class Row:
    """A message, when it was first and is next sent (loop seconds), how often, and whether it is stored."""

    message: Message
    due_at: float = 0.0
    sent: int = 0
    stored: bool = False


@dataclass
class PlayedGateway:
    """`wrong` names the fault; `rows` is what its disk keeps over a power cut."""

    id: str
    port: int
    now_ms: Callable[[], int]
    wrong: str = ""
    rows: dict[Key, Row] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    config: int = 0
    room: str = "bedroom"
    run: str = field(default_factory=new_run)
    seq: int = 0
    batch_seq: int = 0
    client: MqttClient | None = None
    task: "asyncio.Task[None] | None" = None
    flights: set["asyncio.Task[None]"] = field(default_factory=set)

    def start(self) -> None:
        self.task = asyncio.create_task(self._live())

    async def power_cycle(self) -> None:
        """Dead at once; what is on the disk comes back with a new run."""
        await self.stop()
        if self.wrong != "same_run":
            self.run, self.seq, self.batch_seq = new_run(), 0, 0
        if self.wrong == "forgets_in_power_cut":
            self.rows.clear()
        self.start()

    async def stop(self) -> None:
        assert self.task is not None
        if self.client is not None:
            self.client.abort()
        self.task.cancel()
        await asyncio.wait({self.task})

    async def press(self) -> None:
        """SOS, and one reading."""
        now = self.now_ms()
        if self.wrong == "deaf_to_presses":
            return
        self.seq += 2 if self.wrong == "seq_gap" and self.seq else 1
        at = now % 1_000_000 if self.wrong == "no_clock" else now
        event = Event(
            id=str(uuid7(now)),
            run=self.run,
            boot="b",
            seq=self.seq,
            kind="sos",
            device=DEVICE,
            room=self.room,
            at=at,
        )
        self._keep(event)
        self._batch("heart_rate", 70.0 + self.seq)

    def _batch(self, kind: str, value: float) -> None:
        self.batch_seq += 1
        now = self.now_ms()
        rows = [(DEVICE, kind, now, value)]
        self._keep(batch_of(rows, run=self.run, boot="b", seq=self.batch_seq, sent_at=now))

    def _keep(self, message: Message) -> None:
        self.rows[type(message), message.run, message.seq] = row = Row(message)
        self._send(row)

    async def _live(self) -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError):
                await self._session()
            if self.wrong == "stays_away":
                return
            if self.wrong == "forgets_in_loss":
                for row in self.rows.values():
                    row.stored = True
            await asyncio.sleep(1)

    async def _session(self) -> None:
        will = Will(topics.state(self.id, "online"), encode(Online(online=False, run=self.run)))
        if self.wrong == "will_of_another_run":
            will = replace(will, payload=encode(Online(online=False, run="0000000000000000")))
        keep_alive = 300 if self.wrong == "long_keep_alive" else 30
        client = MqttClient(
            *("127.0.0.1", self.port, self.id, self.id, "secret"),
            self._take,
            None if self.wrong == "no_will" else will,
            keep_alive_s=keep_alive,
        )
        await client.connect()
        self.client = client
        reader = asyncio.create_task(client.run())
        try:
            client.subscribe(topics.down(self.id, "#"))
            if self.wrong != "no_status_subscription":
                client.subscribe("carebed/v1/#" if self.wrong == "listens_to_all" else topics.CLOUD_STATUS)
            await self._tend(client, reader)
        finally:
            client.abort()
            reader.cancel()

    async def _tend(self, client: MqttClient, reader: "asyncio.Task[None]") -> None:
        """Birth and online, then heartbeats and whatever is due."""
        loop = asyncio.get_running_loop()
        if self.wrong != "no_birth":
            birth = Birth(run=self.run, boot="b", started_at=self.now_ms(), agent_version="1")
            await self._state(client, "birth", encode(birth))
        battery = 150 if self.wrong == "battery_of_150" else 50
        state = DeviceState(device=DEVICE, at=self.now_ms(), battery_percent=battery)
        await self._state(client, f"device/{DEVICE}", encode(state))
        beat_at = loop.time()
        for row in self.rows.values():
            if not row.stored:
                row.due_at, row.sent = 0.0, 0
        while not reader.done():
            if loop.time() >= beat_at:
                beat_at = loop.time() + (300 if self.wrong == "no_heartbeat" else 28)
                await self._state(client, "online", encode(Online(online=True, run=self.run)))
            for row in list(self.rows.values()):
                if not row.stored and loop.time() >= row.due_at:
                    self._send(row)
            await asyncio.wait({reader}, timeout=TICK_S - loop.time() % TICK_S)

    async def _state(self, client: MqttClient, channel: str, payload: bytes) -> None:
        retain = not (self.wrong == "online_not_retained" and channel == "online")
        await client.publish(topics.state(self.id, channel), payload, retain=retain)

    def _send(self, row: Row) -> None:
        loop = asyncio.get_running_loop()
        event = isinstance(row.message, Event)
        after = (*RESEND_S, 30.0)[min(row.sent, 4)] if event else 30.0 * 2**row.sent
        before = RESEND_S[row.sent - 1] if event and 0 < row.sent < 5 else 0.0
        row.due_at, row.sent = loop.time() + after - before, row.sent + 1
        if self.wrong == ("no_resend" if event else "no_batch_resend"):
            row.due_at = float("inf")
        if self.wrong == "storms" and event:
            row.due_at = loop.time()
        payload = encode(row.message) if event else encode_batch(row.message)  # type: ignore[arg-type]  # one of two
        self._publish("event" if event else "telemetry", payload)

    def _publish(self, channel: str, payload: bytes) -> None:
        async def fly(client: MqttClient) -> None:
            retain = self.wrong == "event_retained" and channel == "event"
            topic = topics.up(
                "gw-other" if self.wrong == "strange_topic" and channel == "telemetry" else self.id, channel
            )
            with contextlib.suppress(OSError, TimeoutError):
                await client.publish(topic, payload, retain=retain)

        if self.client is not None and self.client.connected:
            task = asyncio.create_task(fly(self.client))
            self.flights.add(task)
            task.add_done_callback(self.flights.discard)

    def _take(self, topic: str, payload: bytes) -> None:
        try:
            match topic.rsplit("/", 1)[1]:
                case "ack":
                    self._acked(decode(payload, Ack))
                case "config":
                    self._configure(decode(payload, Config))
                case "command":
                    self._order(decode(payload, Command))
        except ValueError:
            if self.wrong == "dies_of_garbage":
                self.wrong = "deaf_to_presses"

    def _acked(self, ack: Ack) -> None:
        if self.wrong == "never_stops" or (ack.stage != "stored" and self.wrong != "takes_claimed"):
            return
        for (kind, run, seq), row in self.rows.items():
            named = seq in (ack.event_seqs if kind is Event else ack.telemetry)
            row.stored |= named and (run == ack.run or self.wrong == "takes_any_run")

    def _configure(self, config: Config) -> None:
        if self.wrong == "ignores_config" or (config.version <= self.config and self.wrong != "takes_older"):
            return
        self.config, self.room = config.version, config.rooms.get(DEVICE, self.room)

    def _order(self, order: Command) -> None:
        if self.wrong == "mute" and order.op != "replay":
            return
        if order.id not in self.answers or self.wrong == "answers_anew":
            self.answers[order.id] = encode(self._result(order))
        self._publish("result", self.answers[order.id])

    def _result(self, order: Command) -> Result:
        if self.now_ms() > order.expires_at and self.wrong != "late_orders":
            return Result(id=order.id, status="expired")
        if order.op != "replay":
            again = order.id in self.answers
            return Result(id=order.id, status="failed" if again else "rejected", error="unknown")
        args = msgspec.convert(order.args, ReplayArgs)
        for row in list(self.rows.values()):
            at = row.message.at if isinstance(row.message, Event) else row.message.t0
            if args.from_at <= at <= args.to_at:
                self._again(row)
        return Result(id=order.id, status="done")

    def _again(self, row: Row) -> None:
        event = isinstance(row.message, Event)
        if self.wrong == ("no_event_replay" if event else "no_batch_replay"):
            return
        if self.wrong == "renumbers_replay" and isinstance(row.message, Event):
            self.seq += 1
            self._keep(msgspec.structs.replace(row.message, seq=self.seq))
        row.stored, row.sent = False, 0
        self._send(row)
