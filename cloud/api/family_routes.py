"""The family's phone: their own elders and nothing of any other; and who binds them."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from cloud.access.access import Identity
from cloud.access.errors import NotAllowed
from cloud.api import desk_schemas as desk_shapes
from cloud.api import phone_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer
from cloud.api.pages import Paged, cut
from cloud.api.registry_routes import check_area
from cloud.cases.whereabouts import whereabouts_of
from cloud.database.pool import Connection
from cloud.family import family as rules
from cloud.family import store
from cloud.family.store import Binding, Elder, Newest
from cloud.feed import store as feed
from cloud.registry import people
from cloud.registry.people import ResidentRow
from cloud.registry.registry import age_on, china_date

router = APIRouter(prefix="/family", tags=["family"])
_BED_LOOKS_BACK: Final = timedelta(hours=36)
_MISSING_AFTER: Final = timedelta(minutes=100)
_ENDED: Final = frozenset({"deceased"})


def _elder(one: Elder) -> shapes.FamilyElder:
    return shapes.FamilyElder.model_validate(one, from_attributes=True)


@router.get("/residents", operation_id="list_family_residents", response_model=shapes.FamilyElderList)
async def list_family_residents(identity: Caller, services: With, page: Paged) -> shapes.FamilyElderList:
    """The elders that the account is bound to now."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        seq = await feed.position(conn)
        found = await store.elders(conn, identity.id, now=now)
    items = [_elder(one) for one in cut(found, page, lambda one: one.id)]
    return shapes.FamilyElderList(items=items, seq=seq)


@router.get("/residents/{resident_id}", operation_id="get_family_resident", response_model=shapes.FamilyPage)
async def get_family_resident(resident_id: UUID, identity: Caller, services: With) -> shapes.FamilyPage:
    """All that the page shows of one elder; that the family looked is written down too."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        one = await store.elder(conn, identity.id, resident_id, now=now)
        row = await people.find_resident(conn, at=now, resident_id=resident_id)
        ended = one.state in _ENDED
        rest = _nothing() if ended else await _rest(conn, identity, row, now)
        await audit(conn, services, identity, "family_viewed", resident_id)
    return shapes.FamilyPage(
        at=now,
        elder=_elder(one),
        age=None if ended else age_on(row.birth_date, china_date(now.timestamp())),
        phones=[] if ended else row.phones,
        state=shapes.FamilyState(
            state=row.state or "active", since=row.state_since, until=None if ended else row.state_until
        ),
        **rest,
    )


@router.get(
    "/residents/{resident_id}/whereabouts",
    operation_id="get_family_whereabouts",
    response_model=desk_shapes.Whereabouts,
)
async def get_family_whereabouts(resident_id: UUID, identity: Caller, services: With) -> Response:
    """Where an elder is, who agreed to that; each look is written down, and shown to the family."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        one = await store.elder(conn, identity.id, resident_id, now=now)
        if not one.location:
            raise NotAllowed("老人没有同意家属查看位置", "the elder has not agreed that you see this")
        row = await people.find_resident(conn, at=now, resident_id=resident_id)
        found = await whereabouts_of(conn, resident_id, row.home_id, now=now)
        await audit(conn, services, identity, "place_viewed", resident_id, fix=found.fix is not None)
    return answer(found)


def _nothing() -> dict[str, Any]:
    return {"cases": [], "now": [], "night": None, "contacts": [], "devices": [], "looks": []}


async def _rest(conn: Connection, identity: Identity, row: ResidentRow, now: datetime) -> dict[str, Any]:
    """What a living elder's family is told."""
    begins, ends = rules.night_before(now)
    told = await store.in_bed(conn, row.id, min(begins, now - _BED_LOOKS_BACK), now)
    newest = await store.newest(conn, row.id, now=now)
    has_bed = bool(told) or any(one.kind == "in_bed" for one in newest)
    night = rules.night([item for item in told if item[0] < ends], begins, ends)
    shown_night = _shown(shapes.FamilyNight, night)
    if not has_bed:
        shown_night = shown_night.model_copy(update={"why": "no_data"})
    contacts = await people.list_contacts(conn, row.id)
    return {
        "cases": [
            _shown(shapes.FamilyCase, one) for one in await store.threads(conn, row.id, row.home_id, now=now)
        ],
        "now": _facts(newest, rules.state_since(told), row.limits, now),
        "night": shown_night,
        "contacts": [
            shapes.FamilyContact(name=one.name, relation=one.relation, has_key=one.has_key)
            for one in contacts
        ],
        "devices": [
            _shown(shapes.FamilyDevice, one)
            for one in await store.devices(conn, row.id, row.home_id, now=now)
        ],
        "looks": [
            _shown(shapes.FamilyLook, one)
            for one in await store.looks(conn, row.id, row.home_id, identity, now=now)
        ],
    }


def _shown(shape: Any, value: Any) -> Any:
    return shape.model_validate(value, from_attributes=True)


def _fact(what: str, **given: Any) -> shapes.FamilyFact:
    empty = {"value": None, "at": None, "since": None, "why": None, "low": None, "high": None}
    return shapes.FamilyFact(**(empty | given | {"what": what}))


def _facts(
    newest: list[Newest], bed_since: datetime | None, limits: dict[str, Any], now: datetime
) -> list[shapes.FamilyFact]:
    """Bed, last activity, heart rate, watch; a dash has its reason."""
    latest: dict[str, Newest] = {}
    for one in newest:
        if one.own or one.kind in {"motion", "presence"}:
            latest.setdefault(one.kind, one)
    return [
        _bed(latest.get("in_bed"), bed_since, now),
        _activity([one for one in newest if one.kind in {"motion", "presence"}]),
        _heart(latest, newest, limits, now),
        _watch(latest.get("worn"), latest.get("charging")),
    ]


def _bed(last: Newest | None, since: datetime | None, now: datetime) -> shapes.FamilyFact:
    if last is None:
        return _fact("bed", why="no_data")
    if now - last.at > _MISSING_AFTER:
        return _fact("bed", at=last.at, why="too_old")
    return _fact("bed", value=float(last.value >= 0.5), at=last.at, since=since)


def _activity(told: list[Newest]) -> shapes.FamilyFact:
    """When somebody was last seen moving at home."""
    if not told:
        return _fact("activity", why="no_data")
    moved = [one.at for one in told if one.value >= 0.5]
    return _fact("activity", value=1.0, at=max(moved)) if moved else _fact("activity", why="no_data")


def _heart(
    latest: dict[str, Newest], newest: list[Newest], limits: dict[str, Any], now: datetime
) -> shapes.FamilyFact:
    """The heart rate, unless the device that measured it is not on the arm or is charging, or it is old."""
    last = latest.get("heart_rate")
    if last is None:
        return _fact("heart_rate", why="no_data")
    same = {one.kind: one.value for one in newest if one.device_key == last.device_key}
    if same.get("charging", 0) >= 0.5:
        return _fact("heart_rate", at=last.at, why="charging")
    if same.get("worn", 1) < 0.5:
        return _fact("heart_rate", at=last.at, why="not_worn")
    if now - last.at > rules.FRESH:
        return _fact("heart_rate", at=last.at, why="too_old")
    bands = limits.get("bands")
    band = bands.get("heart_rate") if isinstance(bands, dict) else None
    low, high = (band.get("low"), band.get("high")) if isinstance(band, dict) else (None, None)
    return _fact("heart_rate", value=last.value, at=last.at, low=low, high=high)


def _watch(worn: Newest | None, charging: Newest | None) -> shapes.FamilyFact:
    if charging is not None and charging.value >= 0.5:
        return _fact("watch", at=charging.at, why="charging")
    if worn is None:
        return _fact("watch", why="no_data")
    return _fact("watch", value=float(worn.value >= 0.5), at=worn.at)


@router.get("/access", operation_id="list_family_access", response_model=shapes.FamilyAccessList)
async def list_family_access(
    identity: Caller, services: With, page: Paged, resident_id: UUID | None = None
) -> shapes.FamilyAccessList:
    """Which family account sees which elder, or did, and with what consent; perhaps of one elder."""
    async with services.pool.connection() as conn:
        found = await store.bindings(conn, identity, resident_id, now=services.clock.now())
    items = [shapes.FamilyAccess(**one) for one in cut(found, page, lambda one: one["id"])]
    return shapes.FamilyAccessList(items=items)


@router.post("/access", operation_id="bind_family", status_code=201, response_model=shapes.FamilyBound)
async def bind_family(body: shapes.FamilyBinding, identity: Caller, services: With) -> shapes.FamilyBound:
    """Bind an account to an elder; who recorded the consent is kept."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await people.lock_resident(conn, body.resident_id))
        given = Binding(**body.model_dump())
        made = await store.bind(conn, given, recorded_by=identity.actor, now=now)
        await audit(conn, services, identity, "family_bound", body.resident_id, username=body.username)
    return shapes.FamilyBound(id=made)


@router.delete("/access/{access_id}", operation_id="unbind_family", status_code=204)
async def unbind_family(access_id: UUID, identity: Caller, services: With) -> Response:
    """The account sees the elder no more, from now on."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.unbind(conn, access_id, identity, now=services.clock.now())
        await audit(conn, services, identity, "family_unbound", access_id)
    return Response(status_code=204)
