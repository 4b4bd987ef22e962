"""Checklists of homes in PostgreSQL, and the orders that prove a step; the caller owns the transaction."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from cloud.acceptance.acceptance import Checklist, Gateway, Step
from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.downlink.store import queue_command
from cloud.registry import equipment
from cloud.registry.store import Belongs, new_id

_SQL: Final = queries.load(__package__ or "cloud.acceptance")
ABANDONED_AFTER: Final = timedelta(hours=12)
_PING_WITHIN: Final = timedelta(seconds=15)
_TRIAL_WITHIN: Final = timedelta(seconds=60)
_PHONE_WITHIN: Final = timedelta(minutes=3)
_CODE_TEXT: Final = "【家庭养老床位】安装测试，验证码 {code}"


class HomeHit(msgspec.Struct, frozen=True, kw_only=True):
    """A home that fits a search, by what; `open_by`: who has a checklist of it open."""

    id: UUID
    matched: Literal["gateway", "device", "bed", "address"]
    street: str
    compound: str
    building: str
    unit: str
    room: str
    beds: list[str]
    gateways: list[str]
    devices: int
    open_by: str | None
    finished_at: datetime | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A checklist, whose its home is, and where."""

    checklist: Checklist
    belongs: Belongs
    place: tuple[str, str, str, str, str]


async def find_homes(
    conn: Connection, text: str, identity: Identity, *, at: datetime, limit: int, after: int
) -> list[HomeHit]:
    """Homes by the id of a gateway, device or bed (whole or a part), or by a part of the address."""
    plain = text.replace(" ", "")
    wire = plain.lower()
    values: dict[str, Any] = {"text": plain, "at": at, "limit": limit, "after": after}
    values["id"] = wire if wire.isascii() and wire.replace("-", "").isalnum() else ""
    values["bed_id"] = _uuid(plain)
    values |= {"area_code": identity.area_code, "org_id": identity.org_id}
    async with conn.cursor(row_factory=class_row(HomeHit)) as cursor:
        await cursor.execute(_SQL["find_homes"], values)
        return await cursor.fetchall()


async def begin(conn: Connection, *, home_id: UUID, name: str, now: datetime) -> tuple[UUID, bool]:
    """A new checklist of a home, or the open one; whether it is new. One left open for long is given up."""
    old = {"home_id": home_id, "now": now, "before": now - ABANDONED_AFTER}
    await conn.execute(_SQL["abandon_old"], old)
    fresh = new_id(now)
    row = {"id": fresh, "home_id": home_id, "name": name, "now": now}
    if (await conn.execute(_SQL["begin"], row)).rowcount == 1:
        return fresh, True
    found = await (await conn.execute(_SQL["open_of_home"], {"home_id": home_id})).fetchone()
    if found is None:
        raise Conflict("请再试一次", "try again")
    return found[0], False


async def find(conn: Connection, checklist_id: UUID, identity: Identity) -> Found:
    """A checklist that the caller may see; raises NotFound."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["find"], {"id": checklist_id})
        row = await cursor.fetchone()
    if row is None or not identity.sees(row["area_code"], row["org_id"]):
        raise NotFound("没有这份验收单", "there is no such checklist", id=str(checklist_id))
    place = (row["street"], row["compound"], row["building"], row["unit"], row["door"])
    return Found(checklist=_checklist(row), belongs=Belongs(row["area_code"], row["org_id"]), place=place)


async def find_open(conn: Connection, checklist_id: UUID, identity: Identity) -> Found:
    """One that may be changed, held until commit; raises NotFound, Conflict where it has ended."""
    await conn.execute(_SQL["lock"], {"id": checklist_id})
    found = await find(conn, checklist_id, identity)
    if found.checklist.ended_at is not None:
        raise Conflict("这份验收单已经结束", "this checklist has ended", state=found.checklist.outcome)
    return found


async def list_of_home(
    conn: Connection, home_id: UUID, *, limit: int, before: UUID | None
) -> list[Checklist]:
    """The checklists of a home that have ended, newest first, those before one."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        values = {"home_id": home_id, "limit": limit, "before": before}
        await cursor.execute(_SQL["list_of_home"], values)
        return [_checklist(row) for row in await cursor.fetchall()]


async def give_reason(conn: Connection, checklist_id: UUID, step: str, reason: str) -> None:
    """Why a step is not passed; "" takes it back."""
    await conn.execute(_SQL["set_reason"], {"id": checklist_id, "step": step, "reason": reason})


async def ask_gateways(
    conn: Connection, gateways: Sequence[Gateway], *, issued_by: str, now: datetime
) -> None:
    """Order each gateway to answer at once; one that has not answered yet is not asked again."""
    for gateway in gateways:
        ping = gateway.ping
        if ping is None or ping.answered_at is not None or now >= ping.expires_at:
            await queue_command(
                conn,
                id=new_id(now),
                gateway_id=gateway.id,
                op="ping",
                issued_by=issued_by,
                now=now,
                expires_at=now + _PING_WITHIN,
            )


async def set_test_mode(
    conn: Connection,
    checklist: Checklist,
    gateways: Sequence[Gateway],
    devices: Sequence[str],
    *,
    minutes: int,
    issued_by: str,
    now: datetime,
) -> None:
    """For so many minutes alarms of these devices are tests, here and at their gateways; 0 ends it."""
    opened_by = f"checklist:{checklist.id}"
    await conn.execute(_SQL["end_windows"], {"opened_by": opened_by, "now": now})
    if minutes:
        for device_id in sorted(devices):  # in one order: each is locked
            await equipment.open_test_window(
                conn, now=now, device_id=device_id, minutes=minutes, opened_by=opened_by
            )
    for gateway in gateways:
        await queue_command(
            conn,
            id=new_id(now),
            gateway_id=gateway.id,
            op="test_mode",
            args={"minutes": minutes, "devices": list(devices)},
            issued_by=issued_by,
            now=now,
            expires_at=now + _TRIAL_WITHIN,
        )
    until = now + timedelta(minutes=minutes) if minutes else None
    await conn.execute(_SQL["set_test_until"], {"id": checklist.id, "until": until})


async def use_modem(
    conn: Connection,
    gateway_id: str,
    how: Literal["sms", "call"],
    number: str,
    *,
    issued_by: str,
    now: datetime,
) -> None:
    """Order a gateway to send a code to a number, or to ring it."""
    text = _CODE_TEXT.format(code=f"{secrets.randbelow(10_000):04d}") if how == "sms" else ""
    await queue_command(
        conn,
        id=new_id(now),
        gateway_id=gateway_id,
        op="prove_phone",
        args={"how": how, "number": number, "text": text},
        issued_by=issued_by,
        now=now,
        expires_at=now + _PHONE_WITHIN,
    )


async def take_code(conn: Connection, checklist: Checklist, gateway_id: str, code: str) -> None:
    """The code that the last SMS of the gateway brought; raises InvalidInput for another one."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["orders"], {"gateways": [gateway_id], "since": checklist.started_at})
        sent = [row for row in await cursor.fetchall() if row["args"].get("how") == "sms"]
    if not sent or sent[0]["args"].get("text") != _CODE_TEXT.format(code=code):
        raise InvalidInput("验证码不对", "this is not the code that was sent", field="code")
    proof = {"id": checklist.id, "gateway_id": gateway_id, "order_id": str(sent[0]["id"])}
    await conn.execute(_SQL["set_proof"], proof)


async def finish(
    conn: Connection, checklist_id: UUID, steps: list[Step], *, name: str, now: datetime
) -> None:
    """Keep each step as it is now."""
    row = {"id": checklist_id, "name": name, "now": now, "steps": Jsonb(msgspec.to_builtins(steps))}
    await conn.execute(_SQL["finish"], row)


def _checklist(row: dict[str, Any]) -> Checklist:
    steps = None if row["steps"] is None else msgspec.convert(row["steps"], list[Step])
    known = {name: row[name] for name in Checklist.__struct_fields__ if name != "steps"}
    return Checklist(**known, steps=steps)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
