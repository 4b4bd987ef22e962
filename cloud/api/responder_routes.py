"""Responders and zones: who goes out, from where, and what is promised."""

from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Response

from cloud.api import desk_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer
from cloud.api.pages import Paged, cut
from cloud.cases.summary import iso_or_none
from cloud.responders import store
from cloud.responders.responder import Point, Responder, Zone
from firmware_specs.ids import uuid7

router = APIRouter(tags=["responders"])


def _shown(one: Responder) -> dict[str, Any]:
    plain = ("staff_id", "name", "zone", "skills", "speed_kmh", "most_cases", "available", "load")
    return {name: getattr(one, name) for name in plain} | {
        "lat": None if one.position is None else one.position.lat,
        "lon": None if one.position is None else one.position.lon,
        "position_at": iso_or_none(one.position_at),
    }


@router.get("/responders", operation_id="list_responders", response_model=shapes.ResponderList)
async def list_responders(identity: Caller, services: With, page: Paged) -> Response:
    """Responders with their zone, load and place; that they were looked at is kept."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.visible(conn, identity)
        items = [_shown(one) for one in cut(found, page, lambda one: one.staff_id)]
        await audit(conn, services, identity, "responders_listed", "responders", count=len(items))
    return answer({"items": items})


@router.put("/responders/{staff_id}", operation_id="set_responder", response_model=shapes.ResponderShown)
async def set_responder(
    staff_id: UUID, body: shapes.ResponderGiven, identity: Caller, services: With
) -> Response:
    """What is known of a member of staff whose role is responder."""
    async with services.pool.connection() as conn, conn.transaction():
        given = body.model_dump()
        await store.write_responder(conn, staff_id, identity, now=services.clock.now(), **given)
        await audit(conn, services, identity, "responder_set", staff_id)
        return answer(_shown(await store.find(conn, staff_id)))


@router.get("/responder", operation_id="get_own_responder", response_model=shapes.ResponderShown)
async def get_own_responder(identity: Caller, services: With) -> Response:
    """The responder who calls, as the desk sees them; 404 for who was not entered as one yet."""
    async with services.pool.connection() as conn:
        return answer(_shown(await store.find(conn, identity.id)))


@router.post("/responder/position", operation_id="tell_position", response_model=shapes.ResponderShown)
async def tell_position(body: shapes.Point, identity: Caller, services: With) -> Response:
    """Where the responder who calls is now; used for half an hour."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.set_position(conn, identity.id, Point(body.lat, body.lon), now=services.clock.now())
        return answer(_shown(await store.find(conn, identity.id)))


@router.post(
    "/responder/availability", operation_id="tell_availability", response_model=shapes.ResponderShown
)
async def tell_availability(body: shapes.Availability, identity: Caller, services: With) -> Response:
    """Whether the responder who calls can be asked."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.set_available(conn, identity.id, available=body.available, now=services.clock.now())
        return answer(_shown(await store.find(conn, identity.id)))


@router.get("/zones", operation_id="list_zones", response_model=shapes.ZoneList)
async def list_zones(identity: Caller, services: With, page: Paged) -> Response:
    """Zones and their promises."""
    async with services.pool.connection() as conn:
        found = await store.zones(conn, identity)
    return answer({"items": cut(found, page, lambda zone: zone.id)})


@router.post("/zones", operation_id="create_zone", status_code=201, response_model=shapes.Zone)
async def create_zone(body: shapes.ZoneGiven, identity: Caller, services: With) -> Response:
    """A new zone."""
    now = services.clock.now()
    made = Zone(id=uuid7(round(now.timestamp() * 1000)), **body.model_dump(exclude={"revision"}))
    async with services.pool.connection() as conn, conn.transaction():
        made = await store.write_zone(conn, made, identity, now=now)
        await audit(conn, services, identity, "zone_created", made.id)
    return Response(msgspec.json.encode(made), 201, media_type="application/json")


@router.put("/zones/{zone_id}", operation_id="change_zone", response_model=shapes.Zone)
async def change_zone(zone_id: UUID, body: shapes.ZoneGiven, identity: Caller, services: With) -> Response:
    """Change a zone; 404 where there is none, 409 where `revision` is given and old."""
    made = Zone(id=zone_id, **body.model_dump(exclude={"revision"}))
    async with services.pool.connection() as conn, conn.transaction():
        await store.known_zone(conn, zone_id)
        made = await store.write_zone(conn, made, identity, now=services.clock.now(), revision=body.revision)
        await audit(conn, services, identity, "zone_changed", zone_id)
    return answer(made)
