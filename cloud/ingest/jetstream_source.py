"""A source on NATS: readers of one durable pull consumer share the stream of MQTT's messages.

NATS grants MQTT's shared subscriptions and delivers nothing, so its own protocol is spoken here. A message
that is not acknowledged goes to another reader after 10 s; while it is in work here, that is said every 3 s.
Where no reader comes for six hours, NATS forgets the consumer, and what waits for it with it: the gateways
have kept it.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Final

from cloud.broker import MQTT_STREAM, READER_INBOX, Address, nats_subjects
from cloud.ingest import nats_packets as packets
from cloud.ingest.nats_packets import Line, Message, ProtocolError, Splitter
from cloud.ingest.source import Arrival, Source, Subscription
from cloud.mqtt.kept import Connection

_TICK_S: Final = 1.0
_WORKING_S: Final = 3.0
_SILENT_S: Final = 6.0  # a server that hears a request says something each second
_GONE_S: Final = 15.0
_FORGOTTEN_S: Final = 6 * 3600
_NS: Final = 1_000_000_000
_MESSAGES: Final = 1  # numbers of our subscriptions
_ANSWERS: Final = 2
_UNKEPT: Final = 3
_BUSY: Final = 409  # the consumer is gone, moved or has given out all it may
Asked = list[int]  # the number of a request, and how many messages it still waits for


class JetStreamSource(Source):
    """`async with JetStreamSource(...) as source`; every reader of one `consumer` gets a part."""

    def __init__(
        self,
        address: Address,
        consumer: str,
        subscriptions: Sequence[Subscription],
        *,
        now: Callable[[], datetime],
        at_once: int = 2000,
        pending: int = 20_000,
        ack_wait_s: int = 10,
        limit_bytes: int = 16 << 20,
    ) -> None:
        """Keep the arguments; `at_once` messages are asked for ahead, `pending` may be in work in all,
        `ack_wait_s` after a reader fell silent its messages go to the others.
        """
        super().__init__(address, consumer, now=now, limit_bytes=limit_bytes)
        self.kept = [entry.topic for entry in subscriptions if entry.qos]
        self.unkept = [entry.topic for entry in subscriptions if not entry.qos]
        self.at_once = at_once
        self.pending = pending
        self.ack_wait_s = ack_wait_s

    @property
    def consumer(self) -> dict[str, object]:
        """What NATS is asked to keep for the group."""
        return {
            "durable_name": self.name,
            "ack_policy": "explicit",
            "ack_wait": self.ack_wait_s * _NS,
            "max_ack_pending": self.pending,
            "deliver_policy": "all",
            "filter_subjects": [one for topic in self.kept for one in packets.stream_subjects(topic)],
            "inactive_threshold": _FORGOTTEN_S * _NS,
            "max_deliver": -1,
        }

    def _connection(self) -> Connection:
        return _Link(self)


class _Link(Connection):
    """One connection: greets, makes the consumer, asks for messages, acknowledges in one write."""

    def __init__(self, source: JetStreamSource) -> None:
        super().__init__()
        self._source = source
        self._splitter = Splitter()
        self._held: dict[Hashable, tuple[bytes, float]] = {}  # sequence -> where its ack goes, since when
        self._acks: list[bytes] = []
        self._asked: deque[Asked] = deque()
        self._requests = 0
        self._inbox = f"{READER_INBOX}.{secrets.token_hex(8)}"
        self._greeted = self._ready = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._source.connected(self)
        self._loop.call_later(_TICK_S, self._tick)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            found = self._splitter.receive(data)
        except ProtocolError as error:
            self.finish(f"not NATS: {error}")
            return
        now, arrivals = self._source.now(), []
        for each in found:
            if isinstance(each, Line):
                self._line(each)
            elif each.status:
                self._status(each)
            elif each.sid == _ANSWERS:
                self._answer(each.payload)
            elif (arrival := self._arrival(each, now)) is not None:
                arrivals.append(arrival)
        if arrivals:
            self._source.arrived(arrivals)
        self._ask()

    async def ended(self) -> str:
        """Why the connection ended, once it has; when the waiting is cancelled, leaves to the others what
        is not kept.
        """
        try:
            return await asyncio.shield(self._end)
        except asyncio.CancelledError:
            self._flush()
            # Asked for nothing any more first: else what is given back would come here again.
            given_back = [packets.left(reply) for reply, _ in self._held.values()]
            self.write(b"".join([packets.unsubscribe(_MESSAGES), *given_back]))
            raise

    def ack(self, key: Hashable) -> None:
        """Acknowledge with the next write; void when the connection is gone."""
        held = self._held.pop(key, None)
        if held is None:
            return
        if not self._acks:
            self._loop.call_soon(self._flush)
        self._acks.append(packets.ack(held[0]))

    def go_on(self) -> None:
        """Read again, and ask for more."""
        super().go_on()
        self._ask()

    def _arrival(self, message: Message, now: datetime) -> Arrival | None:
        topic = packets.topic_of(message.subject)
        if message.sid == _UNKEPT:
            return Arrival(topic, message.payload, False, now, None, self)
        while self._asked and self._asked[0][1] <= 0:
            self._asked.popleft()
        if self._asked:
            self._asked[0][1] -= 1
        key = packets.sequence_of(message.reply)
        if key is None:
            return None
        known = key in self._held
        self._held[key] = message.reply, self._loop.time()
        return None if known else Arrival(topic, message.payload, False, now, key, self)

    def _line(self, line: Line) -> None:
        match line.verb:
            case b"INFO" if not self._greeted:
                self._greeted = True
                address = self._source.address
                self.write(packets.connect(self._source.name, address.user, address.secret))
                self.write(packets.subscribe(f"{self._inbox}.m.*", _MESSAGES))
                self.write(packets.subscribe(f"{self._inbox}.a", _ANSWERS))
                for topic in self._source.unkept:
                    for subject in nats_subjects(topic):
                        self.write(packets.subscribe(subject, _UNKEPT, self._source.name))
            case b"PING":
                self.write(packets.PONG)
            case b"PONG" if not self._ready:
                self._make_consumer()
            case b"-ERR":
                self.finish(f"refused: {line.rest.decode(errors='replace')}")

    def _make_consumer(self) -> None:
        name = self._source.name
        subject = f"$JS.API.CONSUMER.DURABLE.CREATE.{MQTT_STREAM}.{name}"
        body = {"stream_name": MQTT_STREAM, "config": self._source.consumer}
        self.write(packets.request(subject, f"{self._inbox}.a", body))

    def _answer(self, payload: bytes) -> None:
        """The consumer stands; or not yet, as the stream begins with the first MQTT client."""
        try:
            error = json.loads(payload).get("error")
        except (ValueError, AttributeError):
            error = "not understood"
        self._ready = error is None
        if self._ready:
            self._source.granted()

    def _status(self, message: Message) -> None:
        """A request has ended, or lives: JetStream says so each second."""
        if message.sid == _ANSWERS:
            return  # nobody answers yet: the next tick asks again
        if message.status == 100:
            return
        number = message.subject.rpartition(b".")[2]
        if number.isdigit():
            self._asked = deque(asked for asked in self._asked if asked[0] != int(number))
        if message.status >= _BUSY:
            self._ready = False  # at the next tick the consumer is made again where it is gone

    def _ask(self) -> None:
        """Ask for more while less than a round is on its way, and not too much waits here."""
        if not self._ready or self._paused or self._source.waiting > 2 * self._source.at_once:
            return
        if sum(asked[1] for asked in self._asked) > self._source.at_once // 2:
            return
        self._requests += 1
        self._asked.append([self._requests, self._source.at_once])
        body = {"batch": self._source.at_once, "expires": 30 * _NS, "idle_heartbeat": _NS}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{MQTT_STREAM}.{self._source.name}"
        self.write(packets.request(subject, f"{self._inbox}.m.{self._requests}", body))

    def _tick(self) -> None:
        """Each second: is the server there, is everything made, what is still in work."""
        if self._end.done():
            return
        now = self._loop.time()
        silent_s = 0.0 if self._paused else now - self._heard_at
        if silent_s > _GONE_S:
            self.finish("silent")
            return
        if silent_s > _SILENT_S:
            self._asked.clear()  # requests get lost when a cluster changes its leader
            self.write(packets.PING)
        if self._greeted and not self._ready:
            self._make_consumer()
        for key, (reply, since) in self._held.items():
            if now - since >= _WORKING_S:
                self._held[key] = reply, now
                self.write(packets.working(reply))
        self._ask()
        self._loop.call_later(_TICK_S, self._tick)

    def _flush(self) -> None:
        acks, self._acks = self._acks, []
        self.write(b"".join(acks))
