"""`carebed-cloud up` as a child of a test, on free ports."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.broker import login, new_secret
from cloud.database.pool import connect
from tests.ports import free_port

CHECKOUT = Path(__file__).parents[2]
LIMIT_S = 180.0  # of a start or an end beside everything else on a machine


@dataclass
class Cloud:
    """One running `up`."""

    process: asyncio.subprocess.Process
    data_dir: Path
    http_port: int
    mqtt_port: int
    log: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What running.json says."""
        found: dict[str, Any] = json.loads((self.data_dir / "running.json").read_text())
        return found

    def child(self, name: str) -> int:
        """The pid of a child at the start."""
        return int(self.facts["children"][name])

    def said(self, action: str) -> list[dict[str, Any]]:
        """Log lines of one kind so far."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == action]

    async def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(sent)
        return await asyncio.wait_for(self.process.wait(), LIMIT_S)


def command(data_dir: Path, http_port: int, mqtt_port: int, *more: str) -> list[str]:
    """The command line."""
    ports = ["--http-port", str(http_port), "--mqtt-port", str(mqtt_port)]
    return [sys.executable, "-m", "cloud", "up", "--data-dir", str(data_dir), *ports, *more]


@asynccontextmanager
async def running_cloud(data_dir: Path, *more: str) -> AsyncIterator[Cloud]:
    """Up and ready; ended afterwards whatever happens."""
    http_port, mqtt_port = free_port(), free_port()
    log = data_dir / "up.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command(data_dir, http_port, mqtt_port, *more),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=CHECKOUT,
        )
    cloud = Cloud(process, data_dir, http_port, mqtt_port, log)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), LIMIT_S)
        assert line.decode() == f"ready http://127.0.0.1:{http_port}\n", log.read_text()
        yield cloud
    finally:
        await cloud.stop()


async def failing_up(data_dir: Path, http_port: int, mqtt_port: int, *more: str, language: str = "C") -> str:
    """What `up` says when it cannot start."""
    process = await asyncio.create_subprocess_exec(
        *command(data_dir, http_port, mqtt_port, *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=CHECKOUT,
        env={**os.environ, "LC_ALL": language},
    )
    output, errors = await asyncio.wait_for(process.communicate(), LIMIT_S)
    assert process.returncode == 1
    assert output == b""
    return errors.decode()


async def add_gateway(url: str, gateway: str) -> str:
    """A home with a gateway, told to the broker's keeper; returns the gateway's secret."""
    secret = new_secret()
    made = login(gateway, secret)
    async with await connect(url) as conn, conn.transaction():
        await conn.execute("insert into area (code, name) values ('37', 'x') on conflict do nothing")
        await conn.execute(
            "insert into org (id, name, created_at) values"
            " ('00000000-0000-7000-8000-000000000001', 'o', '2026-01-01') on conflict do nothing"
        )
        await conn.execute(
            "insert into home (id, area_code, org_id, created_at) values"
            " (gen_random_uuid(), '37', '00000000-0000-7000-8000-000000000001', '2026-01-01')"
        )
        await conn.execute(
            "insert into gateway (id, home_id, area_code, org_id, secret_bcrypt, secret_pbkdf2, created_at)"
            " select %s, id, area_code, org_id, %s, %s, created_at from home limit 1",
            (gateway, made.bcrypt, made.pbkdf2),
        )
        await conn.execute("select pg_notify('carebed_gateways', '')")
    return secret
