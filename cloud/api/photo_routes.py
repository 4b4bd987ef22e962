"""Photographs from the spot: the responder sends them, the desk looks at them; each look is written down."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from cloud.access.errors import NotFound
from cloud.api import phone_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import actor_of
from cloud.api.dispatch_routes import visible
from cloud.api.pages import Paged, cut
from cloud.cases import store
from cloud.cases.publish import publish
from cloud.responders import photos
from cloud.responders.responder import MAY_ENTER

router = APIRouter(tags=["dispatches"])
_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_BODY: Final = {"requestBody": {"required": True, "content": dict.fromkeys(_TYPES, _BINARY)}}


@router.post(
    "/dispatches/{dispatch_id}/photos",
    operation_id="add_photo",
    status_code=201,
    response_model=shapes.Photo,
    openapi_extra=_BODY,
)
async def add_photo(dispatch_id: UUID, request: Request, identity: Caller, services: With) -> shapes.Photo:
    """One photograph as the body itself, 5 MB at most, from accepting until it is done."""
    async with services.pool.connection() as conn:
        found = await visible(conn, identity, dispatch_id)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise HTTPException(415)
    content = await request.body()
    async with services.pool.connection() as conn, conn.transaction():
        found = await visible(conn, identity, dispatch_id)
        if found["state"] not in MAY_ENTER:
            raise NotFound("接受派单后、完成前才能上传", "taken from accepting until it is done")
        now = services.clock.now()
        made = await photos.add(conn, found, content, now=now)
        words = {"dispatch_id": str(dispatch_id), "photo_id": str(made["id"])}
        await store.write_down(conn, found["case_id"], "photo", actor_of(identity), data=words, now=now)
        await publish(conn, [found["case_id"]], now=now)
    return shapes.Photo(**made)


@router.get("/cases/{case_id}/photos", operation_id="list_photos", response_model=shapes.PhotoList)
async def list_photos(case_id: UUID, identity: Caller, services: With, page: Paged) -> shapes.PhotoList:
    """What was photographed for a case, oldest first."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        found = await photos.of_case(conn, case_id)
        if found:
            await audit(conn, services, identity, "photos_viewed", case_id, count=len(found))
    items = [shapes.Photo(**one) for one in cut(found, page, lambda one: one["id"])]
    return shapes.PhotoList(items=items)


@router.get(
    "/photos/{photo_id}",
    operation_id="get_photo",
    response_class=Response,
    responses={200: {"description": "The picture", "content": dict.fromkeys(_TYPES, _BINARY)}},
)
async def get_photo(photo_id: UUID, identity: Caller, services: With) -> Response:
    """The picture itself."""
    async with services.pool.connection() as conn, conn.transaction():
        case_id, media_type, content = await photos.find(conn, photo_id)
        try:
            await store.summary(conn, case_id, identity)
        except NotFound:
            raise photos.no_such_photo() from None
        await audit(conn, services, identity, "photo_viewed", case_id, photo_id=str(photo_id))
    return Response(content, media_type=media_type)
