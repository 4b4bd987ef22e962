"""The API on a real database: a town of two districts, a user of each role, over ASGI and on a real port."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, get_args

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI

from cloud.access import store as access
from cloud.access.access import Role
from cloud.access.passwords import Passwords
from cloud.alarms.alarm import AlarmDraft
from cloud.api.app import create_app
from cloud.api.services import Services
from cloud.cases import store as cases
from cloud.cases.intake import take_alarm
from cloud.database.pool import Connection, Pool
from cloud.registry import people, store
from cloud.registry.sealing import Seal
from cloud.registry.store import BedRow, Belongs
from firmware_specs.clock import Clock
from tests.waiting import until

EAST, WEST = "370502", "370503"
PASSWORD = "床前明月光-1"
ORIGIN = "http://carebed.test"
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class MovedClock(Clock):
    """The machine's clock, moved on by tests."""

    moved_ms: list[int] = field(default_factory=lambda: [0])

    def now_ms(self) -> int:
        return super().now_ms() + self.moved_ms[0]

    def move(self, step: timedelta) -> None:
        self.moved_ms[0] += round(step.total_seconds() * 1000)


@dataclass(frozen=True)
class PlacedHome:
    """A home with one elder."""

    home_id: uuid.UUID
    bed_id: uuid.UUID
    resident_id: uuid.UUID
    area: str


@dataclass(frozen=True)
class Town:
    """Homes in two districts and a bearer token of each role."""

    org_id: uuid.UUID
    east: PlacedHome
    west: PlacedHome
    tokens: dict[str, str]


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def services(pool: Pool, database_url: str, clock: MovedClock) -> Services:
    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    return Services(
        pool=pool,
        database_url=database_url,
        clock=clock,
        seal=Seal(os.urandom(32), os.urandom(32)),
        passwords=Passwords(quick),
    )


@pytest.fixture
async def town(conn: Connection, services: Services) -> Town:
    now = services.clock.now()
    await store.create_area(conn, code="3705", name="东营市")
    await store.create_area(conn, code=EAST, name="东营区")
    await store.create_area(conn, code=WEST, name="河口区")
    org_id = await store.create_org(conn, now=now, name="康养中心")
    homes = [await place_home(conn, services, org_id, area) for area in (EAST, WEST)]
    tokens: dict[str, str] = {}
    hashed = await services.passwords.hash(PASSWORD)
    for role in ROLES:
        await access.create_staff(
            conn, now=now, username=role, name=f"{role} 甲", role=role, password_hash=hashed
        )
        _, tokens[role] = await access.create_token(conn, now=now, name=f"program-{role}", role=role)
    for area, name in ((EAST, "east"), (WEST, "west")):
        await access.create_staff(
            conn, now=now, username=name, name=name, role="operator", password_hash=hashed, area_code=area
        )
        _, tokens[name] = await access.create_token(
            conn, now=now, name=name, role="supervisor", area_code=area
        )
    return Town(org_id, homes[0], homes[1], tokens)


async def place_home(conn: Connection, services: Services, org_id: uuid.UUID, area: str) -> PlacedHome:
    """A home with door code, bed and elder."""
    now = services.clock.now()
    home_id = await store.create_home(
        conn,
        services.seal,
        now=now,
        area_code=area,
        org=str(org_id),
        compound="胜利小区",
        building="3号楼",
        unit="2单元",
        room="501",
        gate=(37.43, 118.67),
        access_note="门禁 2#",
        door_code="8842#",
    )
    bed_id = await store.create_bed(conn, now=now, home_id=home_id)
    bed: BedRow = await store.find_bed(conn, bed_id)
    given = people.NewResident(
        name="王秀英",
        sex="female",
        contacts=[people.ContactRow(name="王芳", relation="女儿", phone="13800000000", has_key=True)],
    )
    resident_id = await people.create_resident(
        conn, services.seal, now=now, given=given, belongs=Belongs(area, org_id), bed=bed
    )
    return PlacedHome(home_id, bed_id, resident_id, area)


async def ring(
    conn: Connection,
    services: Services,
    town: Town,
    home: PlacedHome,
    kind: str = "sos",
    priority: int = 1,
    device_id: str = "zb-1",
) -> uuid.UUID:
    """An alarm in a home: the case it ends in."""
    now = services.clock.now()
    draft = AlarmDraft(
        subject_kind="home",
        subject_id=str(home.home_id),
        alarm_class="care",
        kind=kind,
        priority=priority,
        home_id=home.home_id,
        resident_id=home.resident_id,
        area_code=home.area,
        org_id=town.org_id,
        device_id=device_id,
        occurred_at=now,
        received_at=now,
        rule_version="test",
    )
    async with conn.transaction():
        found = await take_alarm(conn, draft, now)
        await cases.publish(conn, [found.case_id], now=now)
    return found.case_id


@pytest.fixture
async def app(services: Services) -> AsyncIterator[FastAPI]:
    made = create_app(services)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


@dataclass
class Seat:
    """A signed-in person: cookie, CSRF header and origin as a browser sends them."""

    client: httpx.AsyncClient
    info: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"X-CSRF-Token": self.info["csrf_token"], "Origin": str(self.client.base_url).rstrip("/")}

    @property
    def cookie(self) -> str:
        return self.client.cookies["carebed_session"]

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}", params=query)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(f"/api/v1{path}", json=body, headers=self.headers | headers)

    async def sign_out(self) -> httpx.Response:
        return await self.client.delete("/api/v1/session", headers=self.headers)


async def sign_in(app: FastAPI, username: str, password: str = PASSWORD) -> Seat:
    """Sign in at a new seat."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
    answer = await client.post(
        "/api/v1/session", json={"username": username, "password": password}, headers={"Origin": ORIGIN}
    )
    assert answer.status_code == 200, answer.text
    return Seat(client, answer.json())


def bearer(town: Town, name: str) -> dict[str, str]:
    """The header of a program's token."""
    return {"Authorization": f"Bearer {town.tokens[name]}"}


@asynccontextmanager
async def serving(services: Services) -> AsyncIterator[str]:
    """The API on a free port of loopback; yields host and port."""
    config = uvicorn.Config(
        create_app(services), host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
async def address(services: Services, town: Town) -> AsyncIterator[str]:
    """The API on a real port."""
    async with serving(services) as found:
        yield found
