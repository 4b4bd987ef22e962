"""What a case copies when it opens: the resident, the address, the contacts, as they were shown."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg.rows import dict_row

from cloud.alarms.alarm import AlarmDraft
from cloud.cases import case
from cloud.cases.summary import Access, Contact, Frozen, Place, Resident, age_at
from cloud.database import arrays, queries
from cloud.database.pool import Connection
from cloud.responders.responder import Point, distance_m

_SQL: Final = queries.load(__package__ or "cloud.cases")


Row = dict[str, Any]


async def freeze(conn: Connection, drafts: Sequence[AlarmDraft]) -> list[tuple[Frozen, Place | None]]:
    """The people and the place of each alarm; both are empty for a subject without a home or a resident."""
    asked = arrays.of_rows(
        {"n": n, "resident_id": draft.resident_id, "home_id": draft.home_id, "at": draft.received_at}
        for n, draft in enumerate(drafts)
        if draft.home_id is not None or draft.resident_id is not None
    )
    home_ids = {draft.home_id for draft in drafts} - {None}
    homes = {row["id"]: row for row in await _rows(conn, "home_cards", {"home_ids": list(home_ids)})}
    residents = {row["n"]: row for row in await _rows(conn, "resident_cards", {"asked": asked})}
    contacts: dict[int, list[Row]] = {}
    for row in await _rows(conn, "contacts_of", {"asked": asked}):
        contacts.setdefault(row["n"], []).append(row)
    return [
        _frozen(draft, homes.get(draft.home_id), residents.get(n), contacts.get(n, []))
        for n, draft in enumerate(drafts)
    ]


def _frozen(
    draft: AlarmDraft, home: Row | None, resident: Row | None, called: list[Row]
) -> tuple[Frozen, Place | None]:
    contacts = _contacts(draft, home, called) if home or resident else []
    access = Access()
    if home is not None:
        access = Access(note=home["access_note"], has_door_code=home["has_door_code"])
    if resident is None:
        return Frozen(contacts=contacts, access=access), _place(home, draft)
    frozen = Frozen(
        resident=Resident(
            id=resident["id"],
            name=resident["name"],
            sex=resident["sex"],
            age=age_at(resident["birth_date"], draft.received_at.date()),
        ),
        contacts=contacts,
        risks=resident["risks"],
        needs=resident["needs"],
        profile=resident["profile"],
        access=access,
    )
    return frozen, _stay(resident["stays_at"], draft) or _place(home, draft)


def _stay(stays_at: dict[str, Any] | None, draft: AlarmDraft) -> Place | None:
    """The temporary address of who is away or in hospital and wears the device; None where nothing is known.

    What is fixed in the home tells of the home, whoever is away.
    """
    text = (stays_at or {}).get("text")
    if not isinstance(text, str) or not text.strip() or not case.is_worn(draft.device_id):
        return None
    assert stays_at is not None
    point = case.incident_point(draft.position) or {}
    lat, lon = (point.get(name, stays_at.get(name)) for name in ("lat", "lon"))
    exact = isinstance(lat, int | float) and isinstance(lon, int | float)
    return Place(text=text, temporary=True, lat=lat if exact else None, lon=lon if exact else None)


def _place(home: dict[str, Any] | None, draft: AlarmDraft) -> Place | None:
    point = case.incident_point(draft.position)
    if home is None:
        if point is None:
            return None
        return Place(incident_room=draft.room or None, lat=point["lat"], lon=point["lon"])
    parts = ("area", "street", "compound", "building", "unit", "room")
    return Place(
        area=home["area"],
        compound=home["compound"],
        building=home["building"],
        unit=home["unit"],
        room=home["room"],
        text=case.address(home[part] for part in parts),
        incident_room=draft.room or None,
        lat=point["lat"] if point else home["lat"],
        lon=point["lon"] if point else home["lon"],
    )


def _contacts(draft: AlarmDraft, home: Row | None, rows: list[Row]) -> list[Contact]:
    return [
        Contact(
            name=row["name"],
            relation=row["relation"],
            phone=row["phone"],
            has_key=row["has_key"],
            distance_note=row["distance_note"],
            distance_m=_metres(home, row, together=row["lives_at"] in {draft.home_id} - {None}),
        )
        for row in rows
    ]


def _metres(*homes: dict[str, Any] | None, together: bool) -> int | None:
    """From gate to gate, in tens of metres, 0 within one home; None where one of the gates is not known."""
    if together:
        return 0
    points = [Point(home["lat"], home["lon"]) for home in homes if home and home["lat"] is not None]
    return max(1, round(distance_m(*points) / 10)) * 10 if len(points) == len(homes) else None


async def _rows(conn: Connection, name: str, values: dict[str, Any]) -> list[Row]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[name], values)
        return await cursor.fetchall()
