"""What each child of `up` is started with: its arguments, and where it finds database, broker and keys."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import cloud
from cloud import broker, config
from cloud.config import Plan
from cloud.operations.duty import KEPT_FROM_CHILDREN

# Program -> the broker's user that it is.
PROGRAMS: Final = {
    "ingest": broker.INGEST_USER,
    "telemetry": broker.INGEST_USER,
    "api": broker.WORK_USER,
    "work": broker.WORK_USER,
}
SHARED: Final = ("ingest", "telemetry")  # of these there may be several


def arguments_of(plan: Plan, program: str) -> list[str]:
    """The command line behind `carebed-cloud PROGRAM`."""
    arguments = plan.clock.arguments()
    if plan.operations is not None:
        arguments = [*arguments, "--operations-port", "0"]
    if program == "api":
        arguments = [*arguments, "--host", plan.host, "--port", str(plan.http_port)]
    return arguments


@dataclass(frozen=True)
class Surroundings:
    """The addresses of one run, and its own broker's ports; `stream_port` is negative where it has none."""

    plan: Plan
    database_url: str
    service_port: int = -1
    stream_port: int = -1

    def environment(self, program: str, number: str) -> dict[str, str]:
        """The variables of a program; `number` of its kind, "" for the first."""
        plan = self.plan
        places = [str(Path(cloud.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        inherited = {name: value for name, value in os.environ.items() if name not in KEPT_FROM_CHILDREN}
        return inherited | {
            "PYTHONPATH": os.pathsep.join(filter(None, places)),
            config.DATABASE_URL: self.database_url,
            config.BROKER_URL: self.reading_url() if program in SHARED else self.broker_url(program),
            config.MEMBER: (number or "1") if plan.members > 1 else "",
            config.API_URL: plan.http_url,
            config.CANARY_FILE: str(plan.data.canary_file),
            config.KEY_FILE: str(plan.data.key_file),
            config.NOTIFICATIONS_FILE: str(plan.data.notifications_file or ""),
            config.BASEMAP_FILE: str(plan.data.basemap_file or ""),
        }

    def broker_url(self, program: str) -> str:
        """The broker's address with a program's login, if it has one and the operator named no other."""
        user = PROGRAMS.get(program)
        port = self.plan.mqtt_port if user is None else self.service_port
        base = self.plan.broker_url or f"mqtt://127.0.0.1:{port}"
        if user is None:
            scheme, _, rest = base.partition("://")
            return f"{scheme}://{rest.rpartition('@')[2]}"
        address = config.broker_address(base, "--broker-url")
        return base if address.user is not None else self._with_login(base, user)

    def reading_url(self) -> str:
        """Where ingest and telemetry read: several of them share the embedded broker's own stream."""
        if self.stream_port < 0:
            return self.broker_url("ingest")
        return self._with_login(f"nats://127.0.0.1:{self.stream_port}", broker.INGEST_USER)

    def _with_login(self, url: str, user: str) -> str:
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{user}:{quote(self.plan.data.service_secrets()[user])}@{rest}"
