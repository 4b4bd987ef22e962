"""The broker that `up` runs learns of its gateways although the disk is full or its start takes long."""

import asyncio
import errno
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from cloud.broker import Login
from cloud.children import Process
from cloud.config import DataDir, Plan
from cloud.database.pool import Connection
from cloud.downlink.store import GATEWAYS_CHANNEL
from cloud.embedded import process
from cloud.own_broker import OwnBroker
from firmware_specs.clock import Clock
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.postgres

# Like mosquitto it listens first, and only then says what SIGHUP is to do.
PROGRAM = """
import pathlib, signal, socket, sys, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while not pathlib.Path("go_on").exists():
    time.sleep(0.01)
signal.signal(signal.SIGHUP, lambda *_: pathlib.Path("read_again").touch())
while True:
    time.sleep(1)
"""


@dataclass
class PlayedBroker(OwnBroker):
    """A program that starts slowly, with users that cannot be written while the disk is full."""

    patience_s: ClassVar[float] = 0.01
    full: bool = field(default=True, init=False)
    tries: int = field(default=0, init=False)

    def _write(self, gateways: Sequence[Login], services: Sequence[Login]) -> bool:
        self.tries += 1
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return True

    async def _start(self) -> Process:
        command = [sys.executable, "-S", "-c", PROGRAM, str(self.plan.mqtt_port)]
        return await process.start(
            command, on_parent_death=signal.SIGKILL, directory=str(self.plan.data.path)
        )


async def test_users_that_could_not_be_written_are_written_later_and_read_once_the_broker_hears_it(
    tmp_path: Path, conn: Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    plan = Plan(data=DataDir(tmp_path), clock=Clock(), http_port=free_port(), mqtt_port=free_port())
    broker = PlayedBroker(plan, database_url)
    starting = asyncio.create_task(broker.child.begin())
    following = asyncio.create_task(broker.follow_gateways())

    async def look_again() -> None:
        before = broker.tries
        await conn.execute("select pg_notify(%s, '')", [GATEWAYS_CHANNEL])
        await until(lambda: broker.tries > before)

    try:
        await until(lambda: broker.tries > 0)
        await look_again()
        assert [record.__dict__["action"] for record in caplog.records] == ["broker_users_unwritten"]
        broker.full = False
        await until(lambda: broker.child.process is not None)
        await look_again()
        assert not (tmp_path / "read_again").exists()
        (tmp_path / "go_on").touch()
        await until((tmp_path / "read_again").exists)
        await starting
        assert not following.done()
    finally:
        following.cancel()
        await broker.child.end()
