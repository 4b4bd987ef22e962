"""What of a home proves the steps of its checklist, read at this moment from what came in since it began."""

from datetime import UTC, datetime
from typing import Any, Final

from psycopg.rows import dict_row

from cloud.acceptance.acceptance import Alarm, Call, Checklist, Device, Gateway, Ping, Proof
from cloud.acceptance.steps import CALLING, MOVEMENT
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telephony import hotline

_SQL: Final = queries.load(__package__ or "cloud.acceptance")


async def gateways_of(conn: Connection, checklist: Checklist, now: datetime) -> list[Gateway]:
    """The gateways of the home, with their last answers since the checklist began."""
    found = await _rows(conn, "gateways", {"home_id": checklist.home_id, "at": now})
    asked = {"gateways": [row["id"] for row in found], "since": checklist.started_at}
    orders = {
        (row["gateway_id"], row["op"], row["args"].get("how")): row
        for row in await _rows(conn, "orders", asked)
    }
    return [
        Gateway(
            id=row["id"],
            online=row["online"],
            modem=row["modem"],
            ping=_ping(orders.get((row["id"], "ping", None))),
            sms=_proof(orders.get((row["id"], "prove_phone", "sms")), checklist.proofs.get(row["id"])),
            voice=_proof(orders.get((row["id"], "prove_phone", "call")), None),
        )
        for row in found
    ]


async def devices_of(conn: Connection, checklist: Checklist, now: datetime) -> list[Device]:
    """The devices that are installed in the home now, with what they sent since the checklist began."""
    found = await _rows(conn, "devices", {"home_id": checklist.home_id, "at": now})
    since: dict[str, Any] = {"since": checklist.started_at, "at": now}
    walked = {"keys": [row["key"] for row in found], "kinds": sorted(MOVEMENT)}
    moved: dict[int, dict[str, datetime]] = {}
    for key, kind, at in await (await conn.execute(_SQL["movements"], since | walked)).fetchall():
        moved.setdefault(key, {})[kind] = at
    pressed = await _rows(conn, "alarms", since | {"devices": [row["id"] for row in found]})
    alarms = {row.pop("device_id"): Alarm(**row) for row in pressed}
    return [
        _device(row, moved.get(row["key"], {}), alarms.get(row["id"]), await _call(conn, row))
        for row in found
    ]


async def _call(conn: Connection, row: dict[str, Any]) -> Call | None:
    line = await hotline.find(conn, row["id"]) if row["family"] in CALLING else None
    if line is None:
        return None
    return Call(
        phones=line.phones,
        sim_number=line.sim_number,
        written=line.written,
        error=line.error,
        proven_at=line.proven_at,
    )


def _device(
    row: dict[str, Any], moved: dict[str, datetime], alarm: Alarm | None, call: Call | None
) -> Device:
    said = row["state"]
    battery, quality = said.get("battery_percent"), said.get("link_quality")
    return Device(
        id=row["id"],
        family=row["family"],
        model=row["model"],
        room=row["room"],
        role=row["role"],
        online=False if row["offline"] else said.get("online"),
        heard_at=row["heard_at"],
        battery_percent=row["battery"] if battery is None else battery,
        link_quality=row["link_quality"] if quality is None else quality,
        signal_percent=row["signal_strength"],
        signal_dbm=row["signal_dbm"],
        kinds=frozenset(row["kinds"] or ()),
        moved=moved,
        alarm=alarm,
        call=call,
    )


def _ping(row: dict[str, Any] | None) -> Ping | None:
    if row is None:
        return None
    answer = row["answer"] or {}
    at = answer.get("at")
    return Ping(
        status=row["status"],
        asked_at=row["created_at"],
        answered_at=row["finished_at"],
        expires_at=row["expires_at"],
        at=None if at is None else datetime.fromtimestamp(at / 1000, UTC),
        clock=answer.get("clock"),
    )


def _proof(row: dict[str, Any] | None, proven_by: str | None) -> Proof | None:
    if row is None:
        return None
    return Proof(
        number=row["args"]["number"],
        status=row["status"],
        error=row["error"],
        at=row["finished_at"] or row["created_at"],
        expires_at=row["expires_at"],
        proven=proven_by == str(row["id"]),
    )


async def _rows(conn: Connection, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[name], values)
        return await cursor.fetchall()
