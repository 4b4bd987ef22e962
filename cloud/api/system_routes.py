"""What the console needs before sign-in, and whether the parts work."""

import asyncio
from datetime import datetime
from importlib import metadata
from typing import Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter
from psycopg import Error
from psycopg_pool import PoolTimeout

from cloud.api.callers import With
from cloud.api.equipment_schemas import Basemap, CanaryHealth, Health, Limits, UiConfig
from cloud.registry import equipment
from cloud.supervision import canaries
from cloud.supervision.canaries import Latest
from cloud.supervision.ourselves import CANARY_SILENT_AFTER, allowance

router = APIRouter(tags=["system"])

_PROBE_S: Final = 1.0
_LAG_ALLOWED_S: Final = 30.0


def _version() -> str:
    """The installed version; `source` where the program runs from a checkout."""
    try:
        return metadata.version("carebed")
    except metadata.PackageNotFoundError:
        return "source"


@router.get("/ui-config", operation_id="get_ui_config", response_model=UiConfig)
async def get_ui_config(services: With) -> UiConfig:
    """Fixed facts of the deployment; public."""
    basemap = services.basemap
    return UiConfig(
        time_zone="Asia/Shanghai",
        night=(22, 6),
        limits=Limits(p1_claim_s=30, p2_claim_s=120, p3_claim_s=14_400, claimed_s=90),
        basemap=Basemap(
            kind=basemap.kind,
            crs=basemap.crs,
            url=basemap.address,
            overlay_url=basemap.overlay_url or None,
            subdomains=basemap.subdomains or None,
            max_zoom=basemap.max_zoom if basemap.kind in ("xyz", "pmtiles") else None,
            attribution=basemap.attribution,
            approval_no=basemap.approval_no or None,
        ),
        desk_phone=services.desk_phone,
        version=_version(),
    )


@router.get("/health", operation_id="get_health", response_model=Health)
async def get_health(services: With) -> Health:
    """Whether database, broker and ingest work; public, and always 200 where the process answers."""
    now = services.clock.now()
    lag, listening, database = None, False, False
    road = CanaryHealth(state="unknown", last_ms=None, last_at=None, since=None, reason="")
    try:
        async with asyncio.timeout(_PROBE_S), services.pool.connection() as conn:
            life = await equipment.ingest_life(conn)
            road = _road(await canaries.latest(conn), now, services.clock.rate)
            database = True
            if life is not None:
                lag, listening = max(0.0, (now - life[0]).total_seconds()), life[1]
    except (Error, PoolTimeout, TimeoutError):
        pass
    broker = None if services.broker_url is None else await _answers(services.broker_url)
    listening = listening and lag is not None and lag <= _LAG_ALLOWED_S
    ok = database and broker is not False and listening and road.state != "red"
    return Health(
        ok=ok, database=database, broker=broker, listening=listening, ingest_lag_s=lag, canary=road, at=now
    )


def _road(latest: Latest, now: datetime, rate: float) -> CanaryHealth:
    """How the last press went; a canary that is silent itself is as bad as a broken road."""
    state: Literal["ok", "red", "off", "unknown"] = "unknown" if latest.pressed_at is None else "ok"
    reason = latest.reason if latest.red_since is not None else ""
    if latest.alive_at is None:
        state = "off"
    elif now - latest.alive_at > allowance(CANARY_SILENT_AFTER, rate):
        state, reason = "red", "canary_silent"
    elif latest.red_since is not None:
        state = "red"
    return CanaryHealth(
        state=state, last_ms=latest.took_ms, last_at=latest.pressed_at, since=latest.red_since, reason=reason
    )


async def _answers(url: str) -> bool:
    """True where something accepts a TCP connection at the broker's address."""
    parts = urlsplit(url)
    try:
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        async with asyncio.timeout(_PROBE_S):
            _, writer = await asyncio.open_connection(parts.hostname, port)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError, ValueError):
        return False
    return True
