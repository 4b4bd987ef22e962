"""A city's gateways in one process, cheap enough not to be what is measured: sockets and epoll, no asyncio.

Each gateway has a connection and credentials of its own, a last will, birth, online, a heartbeat each 30 s.
Half of them are on metered links: a compressed batch of twenty readings each 60 s, with every fifth a
position; the others send four readings each 10 s. Values are those of people who are well.

`python -m tests.benchmarks.city_load HOST PORT SECRETS` reads commands from standard input, one JSON line
each, and answers with JSON lines on standard output:
{"events": 200}                raise SOS in so many homes at once  -> {"event": id, "at": monotonic s} each
{"events_per_s": 2}            and so many a second from now on
{"speed": 2}                   batches twice as often
{"report": true}               -> {"online", "sent", "readings", "stored", "cpu_s"}
{"stop": true}                 send nothing new
"""

import argparse
import heapq
import json
import os
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, TextIO

import msgspec

from cloud.mqtt.packets import CONNACK, Publish, Splitter
from firmware_specs import topics
from firmware_specs.batches import encode_batch
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import Ack, Birth, Event, Network, Online, Position, encode
from simulators.batches import batch_of
from simulators.mqtt import Will, connect_packet, publish_packet, subscribe_packet
from tests.benchmarks import ingest_stage as stages
from tests.benchmarks.city_values import rows_of_the_well

_HEARTBEAT_S: Final = 30.0
_KEEP_ALIVE_S: Final = 60
_CONNECTING_AT_ONCE: Final = 100  # agents of a city do not start in one moment, either
_TRY_AGAIN_S: Final = 5.0
_ACK: Final = msgspec.json.Decoder(Ack)


@dataclass(slots=True)
class Gateway:
    """One gateway, and what it has sent; `waiting` are batches whose stored-ack has not come."""

    number: int
    secret: str
    metered: bool
    run: str = field(default_factory=new_run)
    sock: socket.socket | None = None
    splitter: Splitter = field(default_factory=Splitter)
    online: bool = False
    connecting: bool = False
    lives: int = 0
    mid: int = 0
    seq: int = 0
    events: int = 0
    unsent: bytes = b""
    waiting: set[int] = field(default_factory=set)

    @property
    def id(self) -> str:
        return stages.gateway(self.number)

    @property
    def watch(self) -> str:
        return f"watch-{self.number:05d}"

    @property
    def batch_s(self) -> float:
        return 60.0 if self.metered else 10.0

    def next_mid(self) -> int:
        self.mid = self.mid % 65_535 + 1
        return self.mid


class City:
    """All gateways; `run` until the commands end."""

    def __init__(self, host: str, port: int, secrets: list[str], out: TextIO) -> None:
        """Keep the arguments; half of the gateways are metered."""
        self._address, self._out = (host, port), out
        self._selector = selectors.DefaultSelector()
        self._gateways = [Gateway(n, secret, n % 2 == 0) for n, secret in enumerate(secrets)]
        self._chance = Random(5)
        self._due: list[tuple[float, int, int, str]] = []  # when, which gateway, in which life, what
        self._speed, self._events_s, self._next_event = 1.0, 0.0, float("inf")
        self._sending = True
        self._out_there, self._connecting = deque(self._gateways), 0
        self.readings = self.batches = self.refused = 0

    def run(self, commands: TextIO) -> None:
        """Connect everybody, some at a time, and send what is due, until `commands` end."""
        self._selector.register(commands, selectors.EVENT_READ)
        rest = b""
        while True:
            now = time.monotonic()
            self._send_due(now)
            wait = min((self._due[0][0] if self._due else now + 1), self._next_event) - now
            for key, mask in self._selector.select(max(0.0, min(wait, 0.5))):
                if key.data is not None:
                    self._serve(key.data, mask)
                    continue
                if not (data := os.read(commands.fileno(), 1 << 16)):
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        if "speed" in command:
            self._speed = float(command["speed"])
        if "events_per_s" in command:
            self._events_s = float(command["events_per_s"])
            self._next_event = time.monotonic() if self._events_s else float("inf")
        if "stop" in command:
            self._sending, self._events_s, self._next_event = False, 0.0, float("inf")
        for gateway in self._chance.sample(self._gateways, int(command.get("events", 0))):
            self._press(gateway)
        if "report" in command:
            self._say(
                online=sum(gateway.online for gateway in self._gateways),
                sent=self.batches,
                readings=self.readings,
                stored=self.batches - sum(len(gateway.waiting) for gateway in self._gateways),
                refused=self.refused,
                cpu_s=time.process_time(),
            )

    def _send_due(self, now: float) -> None:
        while self._out_there and self._connecting < _CONNECTING_AT_ONCE:
            self._connect(self._out_there.popleft())
        while self._due and self._due[0][0] <= now:
            due, number, life, what = heapq.heappop(self._due)
            gateway = self._gateways[number]
            if life != gateway.lives:
                continue
            if what == "connect":
                self._out_there.append(gateway)
            elif gateway.online and what == "beat":
                self._beat(gateway)
                self._at(due + _HEARTBEAT_S, number, "beat")
            elif gateway.online and self._sending:
                self._batch(gateway)
                self._at(due + gateway.batch_s / self._speed, number, "batch")
        while self._next_event <= now:
            self._press(self._chance.choice(self._gateways))
            self._next_event += 1 / self._events_s

    def _connect(self, gateway: Gateway) -> None:
        gateway.connecting = True
        self._connecting += 1
        gateway.sock, gateway.splitter = socket.create_connection(self._address), Splitter()
        gateway.sock.setblocking(False)
        gateway.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(gateway.sock, selectors.EVENT_READ, gateway)
        will = Will(topics.state(gateway.id, "online"), encode(Online(online=False, run=gateway.run)))
        self._write(gateway, connect_packet(gateway.id, gateway.id, gateway.secret, _KEEP_ALIVE_S, will))

    def _serve(self, gateway: Gateway, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            unsent, gateway.unsent = gateway.unsent, b""
            self._write(gateway, unsent)
        if mask & selectors.EVENT_READ and gateway.sock is not None:
            try:
                data = gateway.sock.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._lose(gateway)
                return
            for packet in gateway.splitter.receive(data):
                if isinstance(packet, Publish):
                    self._take(gateway, packet)
                elif packet.kind == CONNACK:
                    self._greet(gateway, packet.body)

    def _greet(self, gateway: Gateway, connack: bytes) -> None:
        if connack[1]:
            self._lose(gateway)
            return
        gateway.online, gateway.connecting = True, False
        self._connecting -= 1
        self._write(gateway, subscribe_packet(topics.down(gateway.id, "#"), gateway.next_mid()))
        now = int(time.time() * 1000)  # noqa: TID251 - a load generator is a program of its own
        birth = Birth(
            run=gateway.run, boot="b", started_at=now, agent_version="city-1", adapters=["light"],
            network=Network(link="cellular" if gateway.metered else "ethernet", metered=gateway.metered),
        )  # fmt: skip
        self._publish(gateway, topics.state(gateway.id, "birth"), encode(birth), retain=True)
        self._beat(gateway)
        start = time.monotonic()
        self._at(start + self._chance.uniform(0, _HEARTBEAT_S), gateway.number, "beat")
        self._at(start + self._chance.uniform(0, gateway.batch_s / self._speed), gateway.number, "batch")

    def _lose(self, gateway: Gateway) -> None:
        """Try again soon: the broker may not know its credentials yet."""
        if gateway.sock is not None:
            self._selector.unregister(gateway.sock)
            gateway.sock.close()
        self._connecting -= gateway.connecting
        gateway.sock, gateway.online, gateway.connecting, gateway.unsent = None, False, False, b""
        gateway.lives += 1
        self.refused += 1
        later = _TRY_AGAIN_S * self._chance.uniform(1, 1 + gateway.lives)
        self._at(time.monotonic() + later, gateway.number, "connect")

    def _take(self, gateway: Gateway, packet: Publish) -> None:
        if packet.topic.endswith(b"/ack"):
            ack = _ACK.decode(packet.payload)
            if ack.run == gateway.run:
                gateway.waiting.difference_update(ack.telemetry)

    def _beat(self, gateway: Gateway) -> None:
        online = encode(Online(online=True, run=gateway.run))
        self._publish(gateway, topics.state(gateway.id, "online"), online, retain=True)

    def _batch(self, gateway: Gateway) -> None:
        now = int(time.time() * 1000)  # noqa: TID251 - see above
        rows = rows_of_the_well(gateway.number, now, self._chance, 20 if gateway.metered else 4)
        gateway.seq += 1
        batch = batch_of(rows, run=gateway.run, boot="b", seq=gateway.seq, sent_at=now)
        if gateway.metered and gateway.seq % 5 == 0:
            where = Position(device=gateway.watch, at=now, lat=37.38, lon=118.01, accuracy_m=20.0)
            batch = msgspec.structs.replace(batch, positions=[where])
        gateway.waiting.add(gateway.seq)
        self.batches += 1
        self.readings += len(rows)
        payload = encode_batch(batch, compress=gateway.metered)
        self._publish(gateway, topics.up(gateway.id, "telemetry"), payload)

    def _press(self, gateway: Gateway) -> None:
        now = int(time.time() * 1000)  # noqa: TID251 - see above
        gateway.events += 1
        event = Event(
            id=str(uuid7(now)), run=gateway.run, boot="b", seq=gateway.events, kind="sos", phase="raised",
            device=gateway.watch, at=now,
        )  # fmt: skip
        at = time.monotonic()
        self._publish(gateway, topics.up(gateway.id, "event"), encode(event))
        self._say(event=event.id, at=at)

    def _publish(self, gateway: Gateway, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._write(gateway, publish_packet(topic, payload, gateway.next_mid(), retain=retain))

    def _write(self, gateway: Gateway, data: bytes) -> None:
        """Now, or as soon as the socket takes more."""
        if gateway.sock is None:
            return
        waited = bool(gateway.unsent)
        gateway.unsent += data
        try:
            if not waited:
                gateway.unsent = gateway.unsent[gateway.sock.send(gateway.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            return  # its reading side says so, too
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if gateway.unsent else 0)
        if waited or gateway.unsent:
            self._selector.modify(gateway.sock, mask, gateway)

    def _at(self, due: float, number: int, what: str) -> None:
        heapq.heappush(self._due, (due, number, self._gateways[number].lives, what))

    def _say(self, **words: object) -> None:
        self._out.write(json.dumps(words) + "\n")
        self._out.flush()


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("secrets", type=Path, help="a file with one secret a line, for gw-00000 and so on")
    arguments = parser.parse_args()
    City(arguments.host, arguments.port, arguments.secrets.read_text().split(), sys.stdout).run(sys.stdin)


if __name__ == "__main__":
    main()
