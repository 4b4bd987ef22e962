"""Shared by all tests: one PostgreSQL a session, a migrated template cloned per test, an embedded broker.

CAREBED_REQUIRE (comma list of chromium, mosquitto, postgresql) makes an absent program a failure, not a skip.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from cloud.broker import SERVICES, login, mosquitto_files, nats_config, new_secret
from cloud.config import DataDir
from cloud.database.pool import Connection, Pool, connect, open_pool
from cloud.embedded import nats, postgres, process
from cloud.preparation import prepare_database
from tests.ports import free_port
from tests.programs import absent_programs, program
from tests.scratch import prefer_memory
from tests.waiting import LIMIT_S, until

START = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)

prefer_memory()
# Property tests judge values, not the speed of a busy machine.
settings.register_profile("carebed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("carebed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long stories first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: not (item.get_closest_marker("browser") or "scenarios" in item.path.parts))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, tests in absent_programs().items():
        terminalreporter.section(f"absent program: {name}")
        terminalreporter.write_line(f"{len(tests)} skipped for it: " + ", ".join(sorted(tests)))


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A fresh data folder that `nobody` may pass through, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="carebed-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """One embedded PostgreSQL for the session, with the migrated database `template`."""
    folder = Path(tempfile.mkdtemp(prefix="carebed-pg-"))
    folder.chmod(0o711)
    cluster = postgres.prepare(folder)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(_start(cluster, folder / "postgres.log"))
    yield cluster
    loop.run_until_complete(postgres.stop(server))
    loop.close()
    postgres.remove_sockets(cluster)
    shutil.rmtree(folder, ignore_errors=True)


async def _start(cluster: postgres.Cluster, log: Path) -> asyncio.subprocess.Process:
    server = await postgres.start(cluster, log=log)
    await postgres.wait_ready(cluster, server, limit_s=30)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        # Nothing of this server outlives the session.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            conn.execute(psycopg.sql.SQL("alter system set {} = off").format(psycopg.sql.Identifier(setting)))
        conn.execute("select pg_reload_conf()")
    await postgres.create_database(cluster, "template")
    await prepare_database(cluster.url("template"), START)
    return server


_clones = iter(range(1, 1_000_000))


@pytest.fixture
def database_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """The address of a database of this test's own, cloned from the template."""
    name = f"test_{os.getpid()}_{next(_clones)}"
    with psycopg.connect(postgres_cluster.url("postgres"), autocommit=True) as conn:
        conn.execute(
            psycopg.sql.SQL("create database {} template template strategy file_copy").format(
                psycopg.sql.Identifier(name)
            )
        )
    yield postgres_cluster.url(name)
    with psycopg.connect(postgres_cluster.url("postgres"), autocommit=True) as conn:
        conn.execute(psycopg.sql.SQL("drop database {} with (force)").format(psycopg.sql.Identifier(name)))


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(database_url, max_size=6) as opened:
        yield opened


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[Connection]:
    async with await connect(database_url) as opened:
        yield opened


@dataclass(frozen=True)
class RunningBroker:
    """An embedded broker: gateways `gw-1`, `gw-2`, ... and the services, each with the secret named here."""

    port: int
    secrets: dict[str, str]
    broker: nats.Broker
    server: asyncio.subprocess.Process
    client_port: int

    def url(self, user: str) -> str:
        """The address with a user's credentials."""
        return f"mqtt://{user}:{self.secrets[user]}@127.0.0.1:{self.port}"

    def stream_url(self, user: str) -> str:
        """The same for NATS's own protocol."""
        return f"nats://{user}:{self.secrets[user]}@127.0.0.1:{self.client_port}"


GATEWAYS = ("gw-1", "gw-2", "gw-3")


@pytest.fixture
async def broker(data_dir: Path) -> AsyncIterator[RunningBroker]:
    """A fresh embedded broker on a free port."""
    found = nats.prepare(data_dir)
    secrets = {name: new_secret() for name in (*GATEWAYS, *SERVICES)}
    logins = {name: login(name, secret) for name, secret in secrets.items()}
    port, client_port = free_port(), free_port()
    text = nats_config(
        [logins[name] for name in GATEWAYS],
        [logins[name] for name in SERVICES],
        mqtt_port=port,
        store_dir=str(found.store),
        client_port=client_port,
    )
    nats.write_config(found, text)
    server = await nats.start(found, log=data_dir / "nats.log")
    await process.wait_listening(server, port, limit_s=LIMIT_S)
    yield RunningBroker(port, secrets, found, server, client_port)
    await nats.stop(server)


@dataclass(frozen=True)
class Mosquitto:
    """Debian's mosquitto with our generated files: one port for gateways, one for the services."""

    gateway_port: int
    service_port: int
    secrets: dict[str, str]


@pytest.fixture
async def mosquitto(data_dir: Path, request: pytest.FixtureRequest) -> AsyncIterator[Mosquitto]:
    """Gateways as in `broker`; the services' secrets are those that `up` finds in the same data folder."""
    found = program("mosquitto", request)
    services = DataDir(data_dir)
    secrets = {name: new_secret() for name in GATEWAYS} | services.service_secrets()
    running = Mosquitto(free_port(), free_port(), secrets)
    files = mosquitto_files(
        [login(name, secrets[name]) for name in GATEWAYS],
        services.service_logins(),
        directory=str(data_dir),
        gateway_port=running.gateway_port,
        service_port=running.service_port,
    )
    for name, text in files.items():
        (data_dir / name).write_text(text)
        if os.geteuid() == 0:
            shutil.chown(data_dir / name, "mosquitto")  # as whom it then runs
    server = await asyncio.create_subprocess_exec(
        str(found), "-c", str(data_dir / "carebed.conf"), cwd=str(data_dir), stderr=asyncio.subprocess.DEVNULL
    )
    for port in (running.gateway_port, running.service_port):
        await _answers(port)
    yield running
    server.terminate()
    await server.wait()


async def _answers(port: int) -> None:
    async def open_once() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await until(open_once)


@pytest.fixture
async def debian_database_url(data_dir: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """An empty database of Debian's own PostgreSQL, started for this test."""
    folder = data_dir / "debian"
    folder.mkdir(mode=0o755)
    cluster = postgres.prepare(folder, program("postgresql", request).parent)
    server = await postgres.start(cluster, log=folder / "postgres.log")
    await postgres.wait_ready(cluster, server, limit_s=30)
    await postgres.create_database(cluster)
    yield cluster.url()
    await postgres.stop(server)
    postgres.remove_sockets(cluster)
