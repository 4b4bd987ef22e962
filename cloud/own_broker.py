"""The MQTT broker that `up` runs itself, nats-server or mosquitto, and who may come to it at any time."""

import asyncio
import logging
import signal
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import psycopg

from cloud.broker import Login, mosquitto_files, nats_config
from cloud.children import Child, Process, free_port, same_port
from cloud.config import Plan
from cloud.database.listen import notifications
from cloud.database.pool import connect
from cloud.downlink.store import GATEWAYS_CHANNEL, gateway_logins
from cloud.embedded import mosquitto, nats, process
from cloud.embedded.disk import room_again

logger = logging.getLogger(__name__)

_READY_LIMIT_S: Final = 600.0  # a long backlog is read first
_LOOK_EVERY_S: Final = 30.0


@dataclass
class OwnBroker(ABC):
    """A broker of this run: gateways come to the plan's MQTT port, the programs to `service_port`.

    `stream_port` is negative where several readers share by MQTT 5, not by NATS's own stream.
    """

    patience_s: ClassVar[float] = 0.3
    """From a change of gateways to its reload, which so is of all that came meanwhile."""
    plan: Plan
    database_url: str
    service_port: int = field(init=False)
    stream_port: int = field(default=-1, init=False)
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        """Choose the ports."""
        self.service_port = self.plan.mqtt_port
        self.child = Child(name=self.plan.broker, start=self._start, ready=self._ready)

    @abstractmethod
    def _write(self, gateways: Sequence[Login], services: Sequence[Login]) -> bool:
        """Write its configuration; False when nothing has changed."""

    @abstractmethod
    async def _start(self) -> Process:
        """Start the program."""

    async def _ready(self, server: Process) -> None:
        await process.wait_listening(server, self.plan.mqtt_port, limit_s=_READY_LIMIT_S)
        await process.hears(server, signal.SIGHUP)

    async def configure(self) -> bool:
        """Write who may come, as the database knows it; False when nothing has changed."""
        async with await connect(self.database_url, name="carebed-up") as conn:
            gateways = await gateway_logins(conn)
        return await asyncio.to_thread(self._write, gateways, self.plan.data.service_logins())

    async def follow_gateways(self) -> None:
        """Endless: whenever gateways are added, retired or given new secrets, the broker learns it."""
        unwritten = False
        async for _ in notifications(self.database_url, [GATEWAYS_CHANNEL], every_s=_LOOK_EVERY_S):
            await asyncio.sleep(self.patience_s)
            try:
                changed = await self.configure()
            except psycopg.OperationalError:
                continue  # the listener says lost and back, and then looks again
            except OSError as error:
                if not unwritten:
                    extra = {"action": "broker_users_unwritten", "reason": str(error)}
                    logger.error("the broker's users cannot be written; tried again", extra=extra)
                unwritten = True
                continue
            unwritten = False
            if changed:
                await self._tell()

    async def _tell(self) -> None:
        """It reads its users again as soon as it is ready: while it starts, SIGHUP would end it."""
        while True:
            server = self.child.process
            try:
                if server is not None:
                    await self._ready(server)
                    process.reload(server)
                    logger.info("broker has read its users again", extra={"action": "broker_reloaded"})
                    return
            except (process.ProgramError, TimeoutError):
                pass  # the next one may have begun with the former users
            await asyncio.sleep(self.patience_s)

    async def renew(self) -> None:
        """Endless: a broker whose disk was full stores nothing any more until it starts anew."""
        async for _ in room_again(self.plan.data.path):
            await self.child.end()


@dataclass
class OwnNats(OwnBroker):
    """nats-server from the wheel: needs nothing else, keeps through kill -9 what it has acknowledged."""

    _place: nats.Broker = field(init=False)

    def __post_init__(self) -> None:
        """Find the program; raises ProgramError when it is not installed."""
        super().__post_init__()
        self.stream_port = free_port() if self.plan.members > 1 else -1
        self._place = nats.prepare(self.plan.data.path)

    def _write(self, gateways: Sequence[Login], services: Sequence[Login]) -> bool:
        text = nats_config(
            gateways,
            services,
            mqtt_port=self.plan.mqtt_port,
            store_dir=str(self._place.store),
            client_port=self.stream_port,
        )
        return nats.write_config(self._place, text)

    async def _start(self) -> Process:
        return await nats.start(self._place, log=self.plan.data.log("nats"))


@dataclass
class OwnMosquitto(OwnBroker):
    """The mosquitto of this machine: a twentieth of the memory, a quarter of the CPU for a city."""

    patience_s: ClassVar[float] = 2.0  # it checks every connection anew: half a second for some thousand
    _place: mosquitto.Broker = field(init=False)

    def __post_init__(self) -> None:
        """Find the program; raises ProgramError when it is not installed."""
        super().__post_init__()
        self._place = mosquitto.prepare(self.plan.data.path)
        # What waits for the programs is theirs after a restart only where they come by the same door.
        self.service_port = same_port(self._place.folder / "service-port")

    def _write(self, gateways: Sequence[Login], services: Sequence[Login]) -> bool:
        files = mosquitto_files(
            gateways,
            services,
            directory=str(self._place.folder),
            gateway_port=self.plan.mqtt_port,
            service_port=self.service_port,
        )
        return mosquitto.write_config(self._place, files)

    async def _start(self) -> Process:
        return await mosquitto.start(self._place, log=self.plan.data.log("mosquitto"))


OWN_BROKERS: Final[dict[str, type[OwnBroker]]] = {"nats": OwnNats, "mosquitto": OwnMosquitto}
