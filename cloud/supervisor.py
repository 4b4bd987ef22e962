"""`carebed-cloud up`: PostgreSQL, the broker and the programs as children, each watched and restarted.

Order: data folder locked, ports tried, database, migrations, broker, the programs, one `ready` line.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from cloud import config
from cloud.children import Child, Process, answers_health, said_ready, start_program, try_port
from cloud.config import ConfigError, Plan
from cloud.database.migrations import MigrationError
from cloud.embedded import postgres, process
from cloud.ingest.groups import forget_lone_sessions
from cloud.operations.duty import READY, Duty, on_duty
from cloud.operations.gathering import Gathering
from cloud.own_broker import OWN_BROKERS, OwnBroker
from cloud.preparation import prepare_database
from cloud.registry.sealing import make_key_file
from cloud.surroundings import PROGRAMS, SHARED, Surroundings, arguments_of
from cloud.texts import text

logger = logging.getLogger(__name__)

# A database that recovers after a power cut, or is changed by an upgrade, takes its time: broken off, it
# would begin anew for ever. What cannot start at all ends by itself.
_START_LIMIT_S: Final = 3600.0
_CANARY: Final = "canary"


@dataclass
class Supervisor:
    """One run of `carebed-cloud up`."""

    plan: Plan
    announce: Callable[[str], None]
    _children: list[Child] = field(default_factory=list, init=False)
    _cluster: postgres.Cluster | None = field(default=None, init=False)
    _broker: OwnBroker | None = field(default=None, init=False)
    _database_url: str = field(default="", init=False)
    _gathering: Gathering = field(init=False)

    async def run(self) -> None:
        """Until SIGINT or SIGTERM; raises ConfigError for what a person must set right."""
        config.loopback(self.plan.host)
        self.plan.data.make()
        self._gathering = Gathering([*self._names(), *([_CANARY] if self.plan.canary else [])])
        with self.plan.data.lock():
            self._try_ports()
            stop = _stop_signals()
            started = asyncio.create_task(self._start(), name="start")
            asked = asyncio.create_task(stop.wait(), name="stop")
            try:
                await asyncio.wait({started, asked}, return_when=asyncio.FIRST_COMPLETED)
                if started.done():
                    self._check(started)
                    async with on_duty(self._gathering.post(), self.plan.operations, self._say) as duty:
                        await self._watch(asked, duty)
            finally:
                await _cancel(started, asked)
                await self._end()

    def _check(self, started: asyncio.Task[None]) -> None:
        try:
            started.result()
        except (TimeoutError, postgres.PostgresError, process.ProgramError, OSError) as error:
            reason = str(error) or f"> {_START_LIMIT_S:.0f} s"
            log = self.plan.data.path
            raise ConfigError(text("start_failed", name="carebed-cloud", reason=reason, log=log)) from error

    async def _start(self) -> None:
        async with asyncio.timeout(_START_LIMIT_S):
            self._database_url = self.plan.database_url or await self._start_postgres()
            try:
                await prepare_database(self._database_url, self.plan.clock.now())
            except (psycopg.Error, MigrationError) as error:
                raise ConfigError(text("database_failed", reason=str(error).strip())) from error
            if self.plan.broker_url is None:
                await self._start_broker()
            make_key_file(self.plan.data.key_file)
            if self.plan.members > 1:
                await forget_lone_sessions(
                    config.broker_address(self._surroundings.broker_url("ingest"), "--broker-url")
                )
            programs = [self._program(name) for name in self._names()]
            self._children += programs
            await asyncio.gather(*(self._begin(child) for child in programs))
        self._say_running()

    async def _watch(self, asked: asyncio.Task[bool], duty: Duty) -> None:
        tasks = [asyncio.create_task(child.keep(), name=f"keep-{child.name}") for child in self._children]
        if self._broker is not None:
            tasks.append(asyncio.create_task(self._broker.follow_gateways(), name="gateways"))
            tasks.append(asyncio.create_task(self._broker.renew(), name="renew-broker"))
        if self.plan.canary:
            tasks.append(asyncio.create_task(self._keep_canary(), name="keep-canary"))
        duty.ready()
        try:
            done, _ = await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            duty.end()
            for task in done:
                task.result()
        finally:
            await _cancel(*tasks)

    async def _end(self) -> None:
        """The programs together, then the broker, then the database."""
        programs = [child for child in self._children if child.name in (*self._names(), _CANARY)]
        await asyncio.gather(*(child.end() for child in programs))
        for child in reversed([child for child in self._children if child not in programs]):
            await child.end()
        if self._cluster is not None:
            postgres.remove_sockets(self._cluster)
        self.plan.data.forget_running()

    async def _start_postgres(self) -> str:
        cluster = self._cluster = await asyncio.to_thread(postgres.prepare, self.plan.data.path)
        child = Child(
            name="postgres",
            start=lambda: postgres.start(cluster, log=self.plan.data.log("postgres")),
            ready=lambda server: postgres.wait_ready(cluster, server, limit_s=_START_LIMIT_S),
            stop_with=signal.SIGINT,
            stop_limit_s=15.0,
        )
        self._children.append(child)
        await self._begin_again_while_the_former_leaves(child)
        await postgres.create_database(cluster)
        return cluster.url()

    async def _begin_again_while_the_former_leaves(self, child: Child) -> None:
        """Sessions of a killed server keep its memory for a moment."""
        for _ in range(20):
            try:
                await child.begin()
            except postgres.PostgresError:
                await asyncio.sleep(0.3)
            else:
                return
        await self._begin(child)

    def _names(self) -> list[str]:
        """The programs to run: `ingest-2` is the second of its kind."""
        more = [f"{name}-{n}" for n in range(2, self.plan.members + 1) for name in SHARED]
        return [*PROGRAMS, *more]

    async def _start_broker(self) -> None:
        own = self._broker = OWN_BROKERS[self.plan.broker](self.plan, self._database_url)
        self._children.append(own.child)
        await own.configure()
        await self._begin(own.child)

    async def _keep_canary(self) -> None:
        """Endless. It needs the others, and they do not wait for it."""
        child = self._program(_CANARY)
        self._children.append(child)
        try:
            await child.begin()
        except (RuntimeError, OSError) as error:
            extra = {"action": "child_not_started", "child": _CANARY, "reason": str(error)}
            logger.warning("child did not start", extra=extra)
        with contextlib.suppress(OSError):  # a full disk: others know of all but the canary
            self._say_running()
        await child.keep()

    def _program(self, name: str) -> Child:
        kind, _, number = name.partition("-")
        arguments = arguments_of(self.plan, kind)
        environment = self._surroundings.environment(kind, number)

        async def ready(child: Process) -> None:
            self._gathering.note(name, await said_ready(child))
            if name == "api":
                await answers_health(child, self.plan.host, self.plan.http_port)

        return Child(name=name, start=lambda: start_program(kind, arguments, environment), ready=ready)

    def _say(self, line: str) -> None:
        """What people are told of the whole: one line, once."""
        if line == READY:
            self.announce(f"{READY} {self.plan.http_url}")

    async def _begin(self, child: Child) -> None:
        try:
            await child.begin()
        except (postgres.PostgresError, process.ProgramError, RuntimeError, OSError, TimeoutError) as error:
            reason, log = str(error) or type(error).__name__, "stderr"
            if child.name in ("postgres", *OWN_BROKERS):
                own_log = self.plan.data.log(child.name)
                reason, log = f"{reason} ({process.last_line(own_log)})", str(own_log)
            raise ConfigError(text("start_failed", name=child.name, reason=reason, log=log)) from error

    @property
    def _surroundings(self) -> Surroundings:
        own = self._broker
        ports = () if own is None else (own.service_port, own.stream_port)
        return Surroundings(self.plan, self._database_url, *ports)

    def _say_running(self) -> None:
        address = config.broker_address(self._surroundings.broker_url("work"), "--broker-url")
        scheme = "mqtts" if address.tls else "mqtt"
        self.plan.data.say_running(
            {
                "pid": os.getpid(),
                "http_url": self.plan.http_url,
                "database_url": self._database_url,
                "broker_url": f"{scheme}://{address.host}:{address.port}",
                "key_file": str(self.plan.data.key_file),
                "children": {child.name: child.process.pid for child in self._children if child.process},
            }
        )

    def _try_ports(self) -> None:
        """Name a busy port before anything is started."""
        try_port(self.plan.host, self.plan.http_port, "HTTP", "--http-port")
        if self.plan.operations is not None and self.plan.operations.port:
            try_port(*self.plan.operations, "operations", "--operations-port")
        if self.plan.broker_url is None:
            try_port("127.0.0.1", self.plan.mqtt_port, "MQTT", "--mqtt-port")


def _stop_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    return stop


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
