"""What `bench_ingest` drains: an embedded database with a city in it, two brokers, payloads, a backlog."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

import psycopg

from cloud.broker import INGEST_USER, Address, Login, login, nats_config, new_secret
from cloud.children import READY_LINE
from cloud.embedded import nats, postgres, process
from cloud.ingest.mqtt_source import MqttSource
from cloud.ingest.source import Subscription
from cloud.mqtt import packets
from cloud.mqtt.packets import Control, Splitter
from cloud.preparation import prepare_database
from firmware_specs import topics
from firmware_specs.batches import encode_batch
from firmware_specs.clock import Clock
from simulators.batches import Row, batch_of

DEVICES: Final = {
    "watch": ("heart_rate", "spo2", "steps", "battery", "body_temperature"),
    "mat": ("in_bed", "resp_rate", "heart_rate", "tumbles", "battery"),
    "air": ("temperature", "humidity", "co2", "illuminance", "pm25"),
    "plug": ("power", "energy", "current", "mains_voltage", "link_quality"),
}
"""Twenty series a home."""
_WINDOW: Final = 1000
_GENERATOR: Final = "bench-generator"
Message = tuple[str, bytes]


def rows_of(home: int, at_ms: int, chance: Random) -> list[Row]:
    """One reading of each of a home's twenty series within a minute."""
    return [
        (f"{device}-{home:05d}", kind, at_ms + n * 2900, round(chance.uniform(40, 110), 1))
        for n, (device, kind) in enumerate((d, k) for d, kinds in DEVICES.items() for k in kinds)
    ]


def batches(count: int, homes: int, *, end_ms: int, compressed: float) -> Iterator[Message]:
    """`count` batches of twenty readings as the agent sends, from all homes in turn, a minute apart in each.

    The share `compressed` of the homes is on metered links.
    """
    chance = Random(1)
    rounds = -(-count // homes)
    for n in range(count):
        home, turn = n % homes, n // homes
        at = end_ms - (rounds - turn) * 60_000
        batch = batch_of(
            rows_of(home, at, chance), run=run_of(home), boot="b", seq=turn + 1, sent_at=at + 60_000
        )
        payload = encode_batch(batch, compress=home < homes * compressed)
        yield topics.up(gateway(home), "telemetry"), payload


def singles(count: int, homes: int, *, end_ms: int) -> Iterator[tuple[Message, Row]]:
    """The same readings, each in a batch of its own, and as a row."""
    chance = Random(1)
    for n in range(count):
        home, turn = (n // 20) % homes, n // (20 * homes)
        row = rows_of(home, end_ms - 3_600_000 + turn * 60_000, chance)[n % 20]
        seq = turn * 20 + n % 20 + 1
        batch = batch_of([row], run=run_of(home, "s"), boot="b", seq=seq, sent_at=row[2])
        yield (topics.up(gateway(home), "telemetry"), encode_batch(batch)), row


def gateway(home: int) -> str:
    """The wire id of a home's gateway."""
    return f"gw-{home:05d}"


def run_of(home: int, letter: str = "r") -> str:
    """The run of a home's agent."""
    return f"{letter}{home:015d}"


@dataclass
class Stage:
    """Where everything is; each broker's address is a service's, its `generator` may publish as anybody."""

    folder: Path
    database_url: str
    pid: int

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that commits each statement."""
        return psycopg.connect(self.database_url, autocommit=True)


@dataclass(frozen=True)
class Broker:
    """One running broker."""

    pid: int
    address: Address
    generator: Address

    @property
    def url(self) -> str:
        """For a program's environment."""
        user = f"{self.address.user}:{self.address.secret}@" if self.address.user else ""
        scheme = "nats" if self.address.nats else "mqtt"
        return f"{scheme}://{user}{self.address.host}:{self.address.port}"


@asynccontextmanager
async def database(folder: Path, now: datetime, homes: int) -> AsyncIterator[Stage]:
    """An embedded PostgreSQL as `carebed-cloud up` starts it, with a city registered."""
    cluster = postgres.prepare(folder)
    server = await postgres.start(cluster, log=folder / "postgres.log")
    try:
        await postgres.wait_ready(cluster, server, limit_s=30)
        await postgres.create_database(cluster)
        await prepare_database(cluster.url(), now)
        stage = Stage(folder, cluster.url(), server.pid)
        with stage.connect() as conn:
            conn.execute(CITY, {"homes": homes, "now": now, "devices": list(DEVICES)})
        yield stage
    finally:
        await postgres.stop(server)
        postgres.remove_sockets(cluster)


CITY: Final = """
with settings as (select %(homes)s::int as homes, %(now)s::timestamptz as at, %(devices)s::text[] as devices),
a as (insert into area (code, name) values ('371602', 'Binzhou') returning code),
o as (
    insert into org (id, name, created_at) select gen_random_uuid(), 'bench', at from settings returning id
),
h as (
    insert into home (id, area_code, org_id, room, created_at)
    select gen_random_uuid(), a.code, o.id, n::text, at from settings, a, o, generate_series(0, homes - 1) n
    returning id, area_code, org_id, room::int as n
), p as (
    insert into person (id, name, created_at)
    select h.id, 'elder ' || n, at from h, settings returning id
), r as (
    insert into resident (id, person_id, area_code, org_id, created_at)
    select h.id, p.id, area_code, org_id, at from h join p using (id), settings returning id
), b as (
    insert into bed (id, home_id) select h.id, h.id from h returning key, id
), s as (
    insert into bed_stay (bed_key, resident_id, valid)
    select b.key, r.id, tstzrange(at - interval '1 year', null) from b join r using (id), settings
), g as (
    insert into gateway (id, kind, home_id, area_code, org_id, secret_bcrypt, secret_pbkdf2, created_at)
    select 'gw-' || lpad(n::text, 5, '0'), 'home', h.id, area_code, org_id, '', '', at from h, settings
), d as (
    insert into device (id, created_at)
    select name || '-' || lpad(n::text, 5, '0'), at
    from settings, unnest(devices) name, generate_series(0, homes - 1) n
    returning key, right(id, 5)::int as n
)
insert into installation (id, device_key, home_id, bed_key, valid, installed_at)
select gen_random_uuid(), d.key, h.id, b.key, tstzrange(at - interval '1 year', null), at
from d join h using (n) join b on b.id = h.id, settings
"""


@asynccontextmanager
async def nats_broker(folder: Path, port: int, gateways: Sequence[Login] = ()) -> AsyncIterator[Broker]:
    """The embedded broker as `carebed-cloud up` configures it, and one user more: the generator."""
    secrets = {name: new_secret() for name in (INGEST_USER, _GENERATOR)}
    found = nats.prepare(folder)
    text = nats_config(
        gateways, [login(INGEST_USER, secrets[INGEST_USER])], mqtt_port=port, store_dir=str(found.store)
    )
    user = json.dumps({"user": _GENERATOR, "password": login(_GENERATOR, secrets[_GENERATOR]).bcrypt})
    nats.write_config(found, text.replace("users: [", f"users: [\n    {user}"))
    server = await nats.start(found, log=folder / "nats.log")
    try:
        await process.wait_listening(server, port, limit_s=30)
        yield Broker(
            server.pid, *(Address("127.0.0.1", port, name, secret, False) for name, secret in secrets.items())
        )
    finally:
        await nats.stop(server)


@asynccontextmanager
async def mosquitto_broker(folder: Path, port: int) -> AsyncIterator[Broker]:
    """Debian's mosquitto with the limits of our generated configuration, open to anybody here."""
    conf = folder / f"mosquitto-{port}.conf"
    limits = "max_queued_messages 0\nmax_queued_bytes 2147483648\nmax_inflight_messages 8000\n"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{limits}")
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise SystemExit("mosquitto is not installed")
    server = await asyncio.create_subprocess_exec(program, "-c", str(conf), stderr=subprocess.DEVNULL)
    try:
        await process.wait_listening(server, port, limit_s=15)  # whichever broker it is
        address = Address("127.0.0.1", port, None, None, False)
        yield Broker(server.pid, address, address)
    finally:
        server.terminate()
        await server.wait()


async def open_session(broker: Broker) -> None:
    """The ingestor's own durable session, so that what comes now waits for it."""
    subscription = Subscription(topics.TELEMETRY)
    name = f"{INGEST_USER}-telemetry"
    async with MqttSource(broker.address, name, [subscription], now=Clock().now) as source:
        await source.wait_listening()


async def publish(broker: Broker, messages: Iterable[Message], client_id: str = _GENERATOR) -> None:
    """Publish with QoS 1, a window of a thousand; returns when all are acknowledged."""
    address = broker.generator
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(packets.connect(client_id, address.user, address.secret, keep_alive_s=0))
    splitter = Splitter()
    acked = -1  # CONNACK is the first answer
    sent = 0

    async def hear() -> None:
        nonlocal acked
        data = await reader.read(1 << 16)
        if not data:
            raise ConnectionError("the broker hung up")
        found = splitter.receive(data)
        acked += sum(isinstance(packet, Control) for packet in found)

    while acked < 0:
        await hear()
    for topic, payload in messages:
        writer.write(_publish(topic, payload, sent % 65_535 + 1))
        sent += 1
        while sent - acked >= _WINDOW:
            await writer.drain()
            await hear()
    while acked < sent:
        await hear()
    writer.close()


def _publish(topic: str, payload: bytes, mid: int) -> bytes:
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + mid.to_bytes(2, "big") + payload
    length, size = len(body), b""
    while length > 0x7F:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return b"\x32" + size + bytes([length]) + body


@contextlib.contextmanager
def ingestor(
    stage: Stage, broker: Broker, program: str = "telemetry", *, member: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """`carebed-cloud telemetry`, or another program, as `up` starts it; `member`: as one of a group."""
    environment = {**os.environ, "CAREBED_DATABASE_URL": stage.database_url, "CAREBED_BROKER_URL": broker.url}
    environment |= {"CAREBED_KEY_FILE": str(stage.folder / "key"), "CAREBED_MEMBER": member}
    with (stage.folder / f"{program}.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "cloud", program], env=environment, stdout=subprocess.PIPE, stderr=log
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            child.wait(20)


def wait_ready(child: subprocess.Popen[bytes]) -> None:
    """Return when an ingestor has subscribed."""
    assert child.stdout is not None
    if child.stdout.readline() != READY_LINE:
        raise SystemExit("the ingestor ended before it was ready")


def cpu_s(pid: int) -> float:
    """User and system time of a process and of its children, those that have ended included, in seconds."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if entry.name == str(pid):
                    ticks += sum(map(int, fields[11:15]))
                elif fields[1] == str(pid):
                    ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")
