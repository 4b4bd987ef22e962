"""A cloud to play on: one of its own on free ports, or one that runs already."""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from firmware_specs.clock import Clock
from simulators.processes import Child, SimulatorError, free_port, python_module
from simulators.texts import say


@dataclass(frozen=True)
class Stage:
    """Where the cloud is: API address, broker address, and the tokens of an admin and an operator."""

    api_url: str
    broker_url: str
    admin_token: str
    operator_token: str

    @property
    def broker(self) -> tuple[str, int]:
        """Host and port of the broker."""
        parts = urlsplit(self.broker_url)
        return parts.hostname or "127.0.0.1", parts.port or 1883


class OwnCloud:
    """`carebed-cloud up` as a child process; without a canary unless `options` say otherwise, as nobody would
    miss it.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        http_port: int | None = None,
        mqtt_port: int | None = None,
        options: tuple[str, ...] = ("--no-canary",),
    ) -> None:
        self.folder = folder
        self._clock = clock
        self.http_port = http_port or free_port()
        self.mqtt_port = mqtt_port or free_port()
        command = python_module(
            "cloud",
            "up",
            "--data-dir",
            str(folder),
            "--http-port",
            str(self.http_port),
            "--mqtt-port",
            str(self.mqtt_port),
            *options,
            *clock.arguments(),
        )
        self.child = Child("carebed-cloud", command, folder.with_name(folder.name + ".log"))

    @property
    def api_url(self) -> str:
        """Address of console and API."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def broker_url(self) -> str:
        """Address of the broker, for gateways."""
        return f"mqtt://127.0.0.1:{self.mqtt_port}"

    async def start(self, limit_s: float = 180) -> None:
        """Start and wait until it is ready. Raises SimulatorError with the end of its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await self.child.start()
        await self.child.ready(limit_s)

    async def stage(self) -> Stage:
        """Make tokens for the programs and say where everything is."""
        admin, operator = await asyncio.gather(
            self.token("simulators", "admin"), self.token("screen", "operator")
        )
        return Stage(self.api_url, self.broker_url, admin, operator)

    async def token(self, name: str, role: str) -> str:
        """A new role-scoped token."""
        made = await self.admin("token", "create", "--name", name, "--role", role)
        return str(made["token"])

    async def admin(self, *arguments: str) -> dict[str, str]:
        """Run `carebed-cloud admin … --json` on this cloud's data. Raises SimulatorError."""
        command = python_module(
            "cloud", "admin", *arguments, "--json", "--data-dir", str(self.folder), *self._clock.arguments()
        )
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
        )
        out, err = await process.communicate()
        try:
            value = json.loads(out.decode().strip().splitlines()[-1])
        except (ValueError, IndexError) as error:
            reason = err.decode(errors="replace").strip()[-800:] or str(error)
            raise SimulatorError(say("admin_failed", command=" ".join(command[2:]), reason=reason)) from error
        if process.returncode or not isinstance(value, dict):
            raise SimulatorError(
                say("admin_failed", command=" ".join(command[2:]), reason=process.returncode)
            )
        return value

    async def stop(self) -> None:
        """End it and its children."""
        await self.child.stop(20)
