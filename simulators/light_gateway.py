"""A gateway without an agent: speaks the MQTT contract itself, so that thousands fit into one process.

Birth, online, heartbeat, last will, telemetry, events with every phase, acknowledgements, resending as the
contract says. Also what bad gateways do: repeat, lie about the time, send garbage.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from firmware_specs import topics
from firmware_specs.batches import encode_batch
from firmware_specs.clock import Clock
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import (
    Ack,
    Birth,
    ClockState,
    Event,
    InventoryEntry,
    Network,
    Online,
    Phase,
    encode,
)
from simulators.batches import Row, batch_of
from simulators.ledger import Ledger
from simulators.mqtt import MqttClient, Will

HEARTBEAT_S: Final = 30.0
_EVENT_RESEND_S: Final = (2.0, 4.0, 8.0, 15.0)
_BATCH_RESEND_S: Final = 30.0
_MAX_BATCHES: Final = 50
_TELL_AFTER: Final = 3  # a broker learns new credentials some moments after they were made
_ACK: Final = msgspec.json.Decoder(Ack)
_log = logging.getLogger(__name__)


@dataclass
class _Pending:
    payload: bytes
    due: float
    number: tuple[str, int]  # of its run
    sends: int = 1


@dataclass
class LightGateway:
    """One gateway of a fleet; `run` until cancelled. What cannot be sent now is resent later."""

    id: str
    secret: str
    host: str
    port: int
    clock: Clock
    ledger: Ledger
    devices: tuple[InventoryEntry, ...] = ()
    metered: bool = False
    stopped: bool = False
    refused: int = 0
    run_id: str = field(default_factory=new_run)
    boot: str = field(default_factory=new_run)
    _client: MqttClient | None = None
    _seq: int = 0
    _batch_seq: int = 0
    _events: dict[str, list[_Pending]] = field(default_factory=dict)
    _batches: dict[tuple[str, int], _Pending] = field(default_factory=dict)
    _up: asyncio.Event = field(default_factory=asyncio.Event)
    _flights: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def online(self) -> bool:
        """True while the broker has this gateway's connection."""
        return self._client is not None and self._client.connected

    @property
    def unanswered(self) -> int:
        """Events, phases counted apart, and batches that were sent and are not acknowledged."""
        return sum(map(len, self._events.values())) + len(self._batches)

    @property
    def last_batch(self) -> tuple[str, int]:
        """Run and number of the batch that was sent last."""
        return self.run_id, self._batch_seq

    async def linked(self) -> None:
        """Wait until the gateway has said that it is online."""
        await self._up.wait()

    async def run(self) -> None:
        """Connect, and connect again after a loss; a stopped gateway waits until it is started again."""
        pause = 0.5
        while True:
            if self.stopped:
                await asyncio.sleep(0.1)
                continue
            try:
                await self._session()
                pause = 0.5
            except OSError as error:
                self.refused += 1
                if self.refused == _TELL_AFTER:
                    _log.warning(
                        "%s cannot connect: %s", self.id, error, extra={"action": "lost", "gateway": self.id}
                    )
            await asyncio.sleep(pause)
            pause = min(pause * 2, 10.0)

    async def switch_off(self, *, politely: bool = False) -> None:
        """Cut the connection (last will) or end it politely; stays off until `switch_on`."""
        self.stopped = True
        self._up.clear()
        if self._client is not None:
            if politely:
                with contextlib.suppress(OSError, TimeoutError):
                    await self._publish_online(self._client, online=False)
                await self._client.disconnect()
            self._client.abort()

    def switch_on(self) -> None:
        """Start again as a new run."""
        self.run_id, self._seq, self._batch_seq = new_run(), 0, 0
        self.stopped = False

    def event(
        self,
        kind: str,
        *,
        phase: Phase = "raised",
        event_id: str | None = None,
        device: str | None = None,
        room: str | None = None,
        at: int | None = None,
        test: bool = False,
        clock: ClockState | None = None,
        evidence: dict[str, Any] | None = None,
    ) -> Event:
        """Send an event now and until it is stored; `event_id` continues an activation in another phase."""
        now = self.clock.now_ms()
        self._seq += 1
        event = Event(
            id=event_id or str(uuid7(now)),
            run=self.run_id,
            boot=self.boot,
            seq=self._seq,
            kind=kind,
            phase=phase,
            device=device,
            room=room,
            at=now if at is None else at,
            clock=clock or ClockState(),
            evidence=evidence or {},
            test=test,
        )
        self.ledger.event_sent(self.id, event, now)
        phases = self._events.setdefault(event.id, [])
        phases.append(_Pending(encode(event), self._time() + _EVENT_RESEND_S[0], (event.run, event.seq)))
        if len(phases) == 1:
            self._fly(topics.up(self.id, "event"), phases[0].payload)
        return event

    def repeat(self, event: Event, times: int) -> None:
        """Send the same message again, as an impatient or broken gateway would."""
        for n in range(times):
            self.ledger.event_resent(event.id, n + 1)
            self._fly(topics.up(self.id, "event"), encode(event))

    def telemetry(self, readings: Iterable[Row], *, late: bool = False) -> None:
        """Send one batch of (device, kind, at ms, value); dropped while 50 wait for their acknowledgement."""
        rows = list(readings)
        if not rows or len(self._batches) >= _MAX_BATCHES:
            return
        self._batch_seq += 1
        now = self.clock.now_ms()
        batch = batch_of(rows, run=self.run_id, boot=self.boot, seq=self._batch_seq, sent_at=now, late=late)
        payload = encode_batch(batch, compress=self.metered)
        number = self.run_id, self._batch_seq
        self._batches[number] = _Pending(payload, self._time() + _BATCH_RESEND_S, number)
        self.ledger.batches_sent += 1
        self._fly(topics.up(self.id, "telemetry"), payload)

    def raw(self, channel: str, payload: bytes) -> None:
        """Send any bytes on `event`, `telemetry`, `result` or `log`."""
        self._fly(topics.up(self.id, channel), payload)

    async def _session(self) -> None:
        will = Will(topics.state(self.id, "online"), encode(Online(online=False, run=self.run_id)))
        client = MqttClient(self.host, self.port, self.id, self.id, self.secret, self._on_message, will)
        await client.connect()
        reader = asyncio.create_task(client.run(), name=f"{self.id}-reader")
        try:
            client.subscribe(topics.down(self.id, "ack"))
            await self._announce(client)
            if self.stopped:
                return
            self._client = client
            self._up.set()
            if self.refused >= _TELL_AFTER:
                _log.info("%s is back", self.id, extra={"action": "back", "gateway": self.id})
            self.refused = 0
            self._resend(everything=True)
            await self._tend(client, reader)
        except TimeoutError:
            _log.warning(
                "%s: the broker does not answer", self.id, extra={"action": "lost", "gateway": self.id}
            )
        finally:
            self._up.clear()
            client.abort()
            reader.cancel()

    async def _tend(self, client: MqttClient, reader: "asyncio.Task[None]") -> None:
        """Heartbeat and resending until the connection ends."""
        next_beat = self._time() + HEARTBEAT_S
        while not reader.done():
            await asyncio.wait({reader}, timeout=min(0.5, 0.5 / self.clock.rate * 4))
            if not reader.done():
                self._resend()
                if self._time() >= next_beat:
                    next_beat = self._time() + HEARTBEAT_S
                    await self._publish_online(client, online=True)

    async def _announce(self, client: MqttClient) -> None:
        now = self.clock.now_ms()
        birth = Birth(
            run=self.run_id,
            boot=self.boot,
            started_at=now,
            agent_version="light-1",
            adapters=["light"],
            devices=list(self.devices),
            network=Network(link="cellular" if self.metered else "ethernet", metered=self.metered),
        )
        await client.publish(topics.state(self.id, "birth"), encode(birth), retain=True)
        await self._publish_online(client, online=True)

    async def _publish_online(self, client: MqttClient, *, online: bool) -> None:
        message = Online(online=online, run=self.run_id)
        await client.publish(topics.state(self.id, "online"), encode(message), retain=True)

    def _resend(self, *, everything: bool = False) -> None:
        now = self._time()
        for event_id, (pending, *_) in self._events.items():
            if everything or pending.due <= now:
                self.ledger.event_resent(event_id, pending.sends)
                steps = _EVENT_RESEND_S[pending.sends : pending.sends + 1]
                pending.due, pending.sends = now + (steps[0] if steps else 30.0), pending.sends + 1
                self._fly(topics.up(self.id, "event"), pending.payload)
        for pending in self._batches.values():
            if everything or pending.due <= now:
                pending.sends = 0 if everything else pending.sends  # a new connection counts anew
                pending.due = now + min(_BATCH_RESEND_S * 2**pending.sends, 600)
                pending.sends += 1
                self._fly(topics.up(self.id, "telemetry"), pending.payload)

    def _fly(self, topic: str, payload: bytes) -> None:
        """Publish in the background; a failure is mended by resending."""
        if self._client is None or not self._client.connected:
            return
        task = asyncio.create_task(
            self._publish_quietly(self._client, topic, payload), name=f"{self.id}-publish"
        )
        self._flights.add(task)
        task.add_done_callback(self._flights.discard)

    async def _publish_quietly(self, client: MqttClient, topic: str, payload: bytes) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            await client.publish(topic, payload)

    def _on_message(self, topic: str, payload: bytes) -> None:
        if not topic.endswith("/ack"):
            return
        try:
            ack = _ACK.decode(payload)
        except msgspec.DecodeError:
            _log.warning(
                "%s: an acknowledgement cannot be read",
                self.id,
                extra={"action": "bad_ack", "gateway": self.id},
            )
            return
        now = self.clock.now_ms()
        for event_id in ack.events:
            self.ledger.event_acked(event_id, ack.stage, now)
            if ack.stage == "stored":
                self._stored(event_id, {(ack.run, seq) for seq in ack.event_seqs})
        for seq in ack.telemetry:
            if self._batches.pop((ack.run, seq), None) is not None:
                self.ledger.batches_acked += 1

    def _stored(self, event_id: str, numbers: set[tuple[str, int]]) -> None:
        """The oldest phase is stored, where its number is named or none is: the next one waited for it."""
        phases = self._events.get(event_id, [])
        if phases and numbers and phases[0].number not in numbers:
            return  # an answer to the phase before, come again
        if len(phases) > 1:
            phases.pop(0)
            phases[0].due = self._time() + _EVENT_RESEND_S[0]
            self._fly(topics.up(self.id, "event"), phases[0].payload)
        else:
            self._events.pop(event_id, None)

    def _time(self) -> float:
        """Simulated seconds, for due times."""
        return self.clock.now_ms() / 1000
