"""The hotline of a watch: its SOS numbers are written by an order, and one call from its SIM proves them.

Nothing is kept beside the order and the call: what is proven can be read from them at any time.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.errors import Conflict
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.downlink.store import queue_command
from cloud.telephony import numbers
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.telephony", "hotline.sql")
WRITTEN_WITHIN: Final = timedelta(minutes=10)


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    args: dict[str, Any]
    status: str
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class Hotline(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of it: `written` None while the watch has not answered; `call_id` is the proof."""

    order_id: UUID
    phones: list[str]
    sim_number: str
    ordered_at: datetime
    written: bool | None
    error: str | None
    call_id: UUID | None
    proven_at: datetime | None


async def write(
    conn: Connection,
    *,
    device_id: str,
    home_id: UUID | None,
    phones: list[str],
    sim_number: str,
    issued_by: str,
    now: datetime,
) -> UUID:
    """Order the numbers to be written; the order's id. Raises Conflict where no gateway serves the device."""
    row = await (
        await conn.execute(_SQL["gateway_of_device"], {"device_id": device_id, "home_id": home_id})
    ).fetchone()
    if row is None:
        raise Conflict("没有网关带这个设备", "no gateway serves this device")
    order_id = uuid7(round(now.timestamp() * 1000))
    await queue_command(
        conn,
        id=order_id,
        gateway_id=row[0],
        op="order",
        device_id=device_id,
        args={"name": "sos_numbers", "phones": phones, "sim_number": sim_number},
        issued_by=issued_by,
        now=now,
        expires_at=now + WRITTEN_WITHIN,
    )
    return order_id


async def find(conn: Connection, device_id: str) -> Hotline | None:
    """The last hotline of a device and its proof; None where none was ever written."""
    async with conn.cursor(row_factory=class_row(_Order)) as cursor:
        await cursor.execute(_SQL["last_hotline"], {"device_id": device_id})
        order = await cursor.fetchone()
    if order is None:
        return None
    sim = str(order.args.get("sim_number", ""))
    call = None
    if order.status == "done":
        values = {"since": order.finished_at, "numbers": numbers.spellings(sim)}
        call = await (await conn.execute(_SQL["proving_call"], values)).fetchone()
    return Hotline(
        order_id=order.id,
        phones=[str(phone) for phone in order.args.get("phones", [])],
        sim_number=sim,
        ordered_at=order.created_at,
        written=None if order.finished_at is None else order.status == "done",
        error=order.error,
        call_id=None if call is None else call[0],
        proven_at=None if call is None else call[1],
    )
