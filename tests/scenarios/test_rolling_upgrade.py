"""Each program is replaced while gateways send: the new one works before the old one is asked to end.

`make rolling-upgrade` does it many times (CAREBED_UPGRADES). Every press and every reading is stored exactly
once, every screen sees every change in order, and each old program ends by itself within LAST_S of SIGTERM
(START_S among other tests, where the machine is busy).
"""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import websockets

from cloud import config
from cloud.access import store as access
from cloud.broker import INGEST_USER, WORK_USER
from cloud.children import Process, said_ready, start_program
from cloud.database.pool import Connection
from cloud.registry.sealing import make_key_file
from firmware_specs.clock import Clock
from simulators.ledger import Ledger
from simulators.light_gateway import LightGateway
from tests.cloud import town
from tests.conftest import GATEWAYS, RunningBroker
from tests.ports import free_port
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.broker, pytest.mark.timeout(3600)]

ROUNDS: Final = int(os.environ.get("CAREBED_UPGRADES", "1"))
LAST_S: Final = 10.0  # what a program is given at most, by `up` as well as by this promise
START_S: Final = 120.0  # a program starts in a second, beside forty others in a minute
ROWS: Final = 20
PROGRAMS: Final = ("ingest", "telemetry", "work", "api")
RESTARTED: Final = 1012


@dataclass
class Deployment:
    """Programs that stand alone, as on machines of their own; of each, the one that is in use."""

    environment: dict[str, str]
    broker: RunningBroker
    running: dict[str, Process] = field(default_factory=dict)
    started: list[Process] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)
    _count: int = 0

    async def replace(self, program: str) -> None:
        """Start another one; once it is ready, ask the former to end, and wait for that."""
        self._count += 1
        arguments: list[str] = []
        if program == "api":
            self.ports.append(free_port())
            arguments = ["--port", str(self.ports[-1])]
        reads = program in ("ingest", "telemetry")
        url = self.broker.stream_url(INGEST_USER) if reads else self.broker.url(WORK_USER)
        own = {config.BROKER_URL: url, config.MEMBER: f"m{self._count}" if reads else ""}
        process = await start_program(program, arguments, self.environment | own)
        self.started.append(process)
        await asyncio.wait_for(said_ready(process), START_S)
        former, self.running[program] = self.running.get(program), process
        if former is not None:
            await self.end(former)

    async def end(self, process: Process) -> None:
        """SIGTERM, and how long it took."""
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), START_S) == 0
        self.ended_s.append(time.monotonic() - began)


@pytest.fixture
async def deployment(
    broker: RunningBroker, conn: Connection, database_url: str, data_dir: Path
) -> AsyncIterator[Deployment]:
    make_key_file(data_dir / "carebed.key")
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    environment |= {config.DATABASE_URL: database_url, config.KEY_FILE: str(data_dir / "carebed.key")}
    made = Deployment(environment, broker)
    try:
        yield made
    finally:
        for process in made.started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


@dataclass
class Screen:
    """Follows the feed as a screen does: after each loss it comes again, at the newest API, with `after`."""

    port: Callable[[], int]
    token: str
    seen: list[int] = field(default_factory=list)
    gaps: int = 0
    closed: list[int] = field(default_factory=list)

    async def follow(self) -> None:
        """Endless."""
        last = 0
        while True:
            after = f"?after={last}" if last else ""
            url = f"ws://127.0.0.1:{self.port()}/api/v1/ws{after}"
            headers = {"Authorization": f"Bearer {self.token}"}
            try:
                async with websockets.connect(url, additional_headers=headers, proxy=None) as socket:
                    async for text in socket:
                        frame = json.loads(text)
                        if frame["type"] == "hello":
                            last = last or frame["seq"]
                        elif "prev" in frame:
                            self.gaps += frame["prev"] != last or frame["seq"] <= last
                            last = frame["seq"]
                            self.seen.append(last)
            except websockets.ConnectionClosed as closed:
                self.closed.append(closed.rcvd.code if closed.rcvd is not None else 0)
            except (OSError, websockets.WebSocketException):
                await asyncio.sleep(0.05)


async def send(gateways: list[LightGateway], clock: Clock, sent: list[int]) -> None:
    """Until cancelled: a press of each gateway each second, and a batch of readings four times as often."""
    at = clock.now_ms()
    while True:
        for n in range(4):
            for gateway in gateways:
                device = f"watch-{gateway.id}"
                at += ROWS
                before = gateway.ledger.batches_sent
                gateway.telemetry((device, "heart_rate", at + row, 60.0 + row) for row in range(ROWS))
                sent[0] += ROWS * (gateway.ledger.batches_sent - before)
                if n == 0:
                    gateway.event("sos", device=device)
            await asyncio.sleep(0.25)


async def number(conn: Connection, query: str) -> tuple[int, ...]:
    row = await (await conn.execute(query)).fetchone()
    assert row is not None
    return tuple(map(int, row))


async def test_nothing_is_lost_or_doubled_while_every_program_is_replaced(
    deployment: Deployment, broker: RunningBroker, conn: Connection
) -> None:
    clock, ledger, sent = Clock(), Ledger(), [0]
    for name in GATEWAYS:
        await town.add_device(conn, f"watch-{name}", await town.add_home(conn, name))
    _, token = await access.create_token(conn, now=clock.now(), name="screen", role="supervisor")
    gateways = [
        LightGateway(name, broker.secrets[name], "127.0.0.1", broker.port, clock, ledger) for name in GATEWAYS
    ]
    lives = [asyncio.create_task(gateway.run()) for gateway in gateways]
    await asyncio.gather(*(deployment.replace(program) for program in PROGRAMS))
    screen = Screen(lambda: deployment.ports[-1], token)
    following = asyncio.create_task(screen.follow())
    sending = asyncio.create_task(send(gateways, clock, sent))
    try:
        await until(lambda: len(ledger.acked) >= len(GATEWAYS) and bool(screen.seen), limit_s=START_S)
        for _ in range(ROUNDS):
            for program in PROGRAMS:
                before = len(ledger.acked)
                await deployment.replace(program)
                await until(lambda before=before: len(ledger.acked) > before, limit_s=START_S)  # type: ignore[misc]  # a lambda's default
        sending.cancel()
        await until(
            lambda: not ledger.waiting and ledger.batches_acked >= ledger.batches_sent, limit_s=START_S
        )
        head = (await number(conn, "select seq from feed_counter"))[0]
        await until(lambda: screen.seen[-1] >= head, limit_s=START_S)
    finally:
        for task in (*lives, following, sending):
            task.cancel()
    events = await number(conn, "select count(*), count(distinct id) from event where kind = 'sos'")
    readings = await number(
        conn, "select count(*), count(distinct (device_key, kind_id, measured_at)) from reading"
    )
    assert events == (len(ledger.sent), len(ledger.sent))
    assert readings == (sent[0], sent[0])
    assert screen.gaps == 0
    assert len(screen.seen) == len(set(screen.seen))
    assert screen.closed[:ROUNDS] == [RESTARTED] * ROUNDS
    assert max(deployment.ended_s) < (LAST_S if ROUNDS > 1 else START_S)
    print(  # noqa: T201 - what `make rolling-upgrade` tells
        f"rolling-upgrade: replaced={len(deployment.ended_s)} presses={len(ledger.sent)} readings={sent[0]}"
        f" lost=0 doubled=0 ended_max_s={max(deployment.ended_s):.2f}"
    )
