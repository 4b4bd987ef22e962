"""Whose event it is: the home, resident and room a device worked for at the time, never its next wearer's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.database import arrays, queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.ingest")


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway that a message came from; not `registered` when nobody entered it."""

    id: str
    kind: str = "protocol"
    home_id: UUID | None = None
    area_code: str = ""
    org_id: UUID | None = None
    registered: bool = False


class Asked(msgspec.Struct, frozen=True):
    """A device's message: what happened at `at` and arrived at `received_at`."""

    sender: Sender
    device_id: str | None
    at: datetime
    received_at: datetime


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """A known device and for whom it worked at a time; `test_window` is of the time the message arrived."""

    n: int = 0
    key: int
    registered: bool = True
    home_id: UUID | None = None
    room: str | None = None
    area_code: str | None = None
    org_id: UUID | None = None
    resident_id: UUID | None = None
    test_window: bool = False


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """Where an event rings. `home_id` None is the gateway itself."""

    home_id: UUID | None
    resident_id: UUID | None = None
    room: str = ""
    area_code: str = ""
    org_id: UUID | None = None
    device_key: int | None = None
    test_window: bool = False
    problems: tuple[str, ...] = ()


def judge_place(sender: Sender, device_id: str | None, installed: Installed | None) -> Whereabouts:
    """Where an event rings, from what is registered. Pure. Whatever is unclear rings at the gateway's own
    home.
    """
    at_gateway = Whereabouts(
        home_id=sender.home_id,
        area_code=sender.area_code,
        org_id=sender.org_id,
        problems=() if sender.registered else ("unknown_gateway",),
    )
    if device_id is None:
        return at_gateway
    if installed is None or not installed.registered:
        return _with(at_gateway, "unknown_device")
    if installed.home_id is None:
        return _with(at_gateway, "device_not_installed", installed)
    if sender.kind == "home" and installed.home_id != sender.home_id:
        return _with(at_gateway, "device_of_another_home")
    if not sender.registered:
        return _with(at_gateway, "device_of_another_home")
    return Whereabouts(
        home_id=installed.home_id,
        resident_id=installed.resident_id,
        room=installed.room or "",
        area_code=installed.area_code or "",
        org_id=installed.org_id,
        device_key=installed.key,
        test_window=installed.test_window,
    )


async def hear(conn: Connection, gateway_id: str, *, at: datetime | None) -> Sender:
    """Note that a gateway spoke (`at`) and hold its row until commit: one message of a gateway at a time."""
    return (await hear_all(conn, {gateway_id: at}))[gateway_id]


async def hear_all(conn: Connection, heard: Mapping[str, datetime | None]) -> dict[str, Sender]:
    """As `hear`, of many; who hears several holds them in one order, and nobody waits in a circle."""
    given = {"ids": list(heard), "ats": list(heard.values())}
    rows = await (await conn.execute(_SQL["hear_gateways"], given)).fetchall()
    known = {
        row[0]: Sender(
            id=row[0], kind=row[1], home_id=row[2], area_code=row[3], org_id=row[4], registered=True
        )
        for row in rows
    }
    return {gateway: known.get(gateway) or Sender(id=gateway) for gateway in heard}


async def locate(conn: Connection, asked: Sequence[Asked]) -> list[Whereabouts]:
    """Where each event rings."""
    given = arrays.of_rows(
        {"n": n, "device_id": one.device_id, "at": one.at, "received_at": one.received_at}
        for n, one in enumerate(asked)
        if one.device_id is not None
    )
    async with conn.cursor(row_factory=class_row(Installed)) as cursor:
        await cursor.execute(_SQL["place_devices"], {"asked": given})
        installed = {one.n: one for one in await cursor.fetchall()}
    return [
        await _of_the_only_one(conn, judge_place(one.sender, one.device_id, installed.get(n)), at=one.at)
        for n, one in enumerate(asked)
    ]


async def states_of(
    conn: Connection, residents: Sequence[UUID | None], at: Sequence[datetime]
) -> list[str | None]:
    """Each resident's state at a time, such as `hospital`; None when none is entered."""
    given = arrays.of_rows(
        {"n": n, "resident_id": resident, "at": when}
        for n, (resident, when) in enumerate(zip(residents, at, strict=True))
        if resident is not None
    )
    rows = await (await conn.execute(_SQL["resident_states"], {"asked": given})).fetchall()
    found: dict[int, str] = dict(rows)
    return [found.get(n) for n in range(len(residents))]


async def _of_the_only_one(conn: Connection, found: Whereabouts, *, at: datetime) -> Whereabouts:
    """With the resident, where it is the home's and one lives there."""
    if found.home_id is None or found.resident_id is not None:
        return found
    rows = await conn.execute(_SQL["residents_of_home"], {"home_id": found.home_id, "at": at})
    residents = await rows.fetchall()
    if len(residents) != 1:
        return found
    return msgspec.structs.replace(found, resident_id=residents[0][0])


def _with(place: Whereabouts, problem: str, installed: Installed | None = None) -> Whereabouts:
    return msgspec.structs.replace(
        place,
        problems=(*place.problems, problem),
        device_key=None if installed is None else installed.key,
        test_window=False if installed is None else installed.test_window,
    )
