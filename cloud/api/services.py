"""What the API is built from; wiring makes it and passes it to `create_app`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cloud.access.passwords import Passwords
from cloud.basemap import Basemap
from cloud.cases.signing import Signer
from cloud.database.pool import Pool
from cloud.kpi.silent import SilentCounts
from cloud.notifications.channel import Provider
from cloud.registry.sealing import Seal
from firmware_specs.clock import Clock

CONSOLE: Final = Path(__file__).parents[1] / "console" / "dist"


@dataclass(frozen=True)
class Services:
    """`pool` is open while the app runs; `database_url` is for the live feed's own LISTEN connection.

    `broker_url` is only probed for /api/v1/health. `signer` signs evidence; without it that is unsigned.
    `providers` are of notifications, by name: their receipts are taken here. `desk_phone` is where families
    and responders call the desk.
    """

    pool: Pool
    database_url: str
    clock: Clock
    seal: Seal
    passwords: Passwords = field(default_factory=Passwords)
    broker_url: str | None = None
    console: Path = CONSOLE
    signer: Signer | None = None
    basemap: Basemap = field(default_factory=Basemap)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    desk_phone: str = "12349"
    silent: SilentCounts = field(default_factory=SilentCounts)
