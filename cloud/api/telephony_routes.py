"""The desk's telephones: extensions, the calls that ring, click-to-call, the case that a call becomes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from cloud.access.access import Identity
from cloud.access.errors import Conflict, NotFound
from cloud.api import telephony_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer
from cloud.api.services import Services
from cloud.api.telephony_case import open_or_link
from cloud.api.telephony_drivers import say_state, telephone_of
from cloud.cases import calls
from cloud.cases import store as cases
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.telephony import numbers, store, telephony
from cloud.telephony.driver import CallFailed, Dial
from cloud.telephony.telephony import Call, CallState, PhoneState, Provider, SeatPhone

router = APIRouter(tags=["telephony"])
Limit = Annotated[int, Query(ge=1, le=500)]


def _seat(identity: Identity) -> UUID:
    if identity.seat_id is None:
        raise store.no_phone()
    return identity.seat_id


def _phone(phone: SeatPhone) -> shapes.SeatPhone:
    return shapes.SeatPhone(
        seat_id=phone.seat_id,
        staff_name=phone.staff_name,
        provider=phone.provider_id,
        extension=phone.extension,
        state=PhoneState(phone.state).value,
        state_at=phone.state_at,
    )


async def _provider(conn: Connection, provider_id: str) -> Provider:
    found = await store.find_provider(conn, provider_id)
    assert found is not None, "a foreign key holds it"
    return found


@router.get("/telephony/seat", operation_id="get_phone", response_model=shapes.SeatPhone)
async def get_phone(identity: Caller, services: With) -> shapes.SeatPhone:
    """The telephone of your seat."""
    async with services.pool.connection() as conn:
        return _phone(await store.find_phone(conn, _seat(identity)))


@router.get("/telephony/choices", operation_id="list_phone_choices", response_model=shapes.PhoneChoices)
async def list_phone_choices(identity: Caller, services: With) -> shapes.PhoneChoices:
    """At which telephone systems your seat may register (none: calls are made by hand), and its telephone."""
    async with services.pool.connection() as conn:
        providers = await store.serving_providers(conn, identity)
        try:
            phone = _phone(await store.find_phone(conn, _seat(identity)))
        except NotFound:
            phone = None
    return shapes.PhoneChoices(providers=providers, phone=phone)


@router.post("/telephony/seat", operation_id="register_extension", response_model=shapes.SeatPhone)
async def register_extension(
    body: shapes.RegisterExtension, identity: Caller, services: With
) -> shapes.SeatPhone:
    """The extension rings at your seat from now on, and no longer where it rang before; that seat is told."""
    seat_id, now = _seat(identity), services.clock.now()
    async with services.pool.connection() as conn:
        async with conn.transaction():
            provider_id = await store.choose_provider(conn, identity, body.provider)
            freed = await store.register(
                conn,
                seat_id=seat_id,
                provider_id=provider_id,
                extension=body.extension,
                state=body.state,
                now=now,
            )
            news = {"kind": "phone_moved", "extension": body.extension, "to": identity.name}
            for other in freed:
                await feed.append(conn, now=now, type="desk", data=news, seat_id=other)
        phone, provider = await store.find_phone(conn, seat_id), await _provider(conn, provider_id)
    await say_state(services, provider, phone)
    return _phone(phone)


@router.post("/telephony/seat/state", operation_id="set_phone_state", response_model=shapes.SeatPhone)
async def set_phone_state(
    body: shapes.ChangePhoneState, identity: Caller, services: With
) -> shapes.SeatPhone:
    """Whether your seat takes calls; 409 while a call runs."""
    seat_id = _seat(identity)
    async with services.pool.connection() as conn:
        async with conn.transaction():
            await store.choose_state(conn, seat_id, body.state, now=services.clock.now())
        phone = await store.find_phone(conn, seat_id)
        provider = await _provider(conn, phone.provider_id)
    await say_state(services, provider, phone)
    return _phone(phone)


@router.get("/telephony/seats", operation_id="list_phones", response_model=shapes.SeatPhoneList)
async def list_phones(
    identity: Caller, services: With, limit: Limit = 200, after: UUID | None = None
) -> shapes.SeatPhoneList:
    """Who can be rung where."""
    async with services.pool.connection() as conn:
        phones = await store.list_phones(conn, identity, limit=limit, after=after)
    return shapes.SeatPhoneList(items=[_phone(phone) for phone in phones])


@router.get("/telephony/calls", operation_id="list_calls", response_model=shapes.PhoneCallList)
async def list_calls(
    identity: Caller,
    services: With,
    live: bool = False,
    case_id: UUID | None = None,
    limit: Limit = 100,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="a call's `number`")] = None,
) -> Response:
    """Newest first; `live` are those that ring or run. That the numbers were looked at is written down."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.list_calls(conn, identity, live=live, case_id=case_id, limit=limit, before=before)
        await audit(conn, services, identity, "calls_listed", "calls", count=len(found))
    return answer({"items": [calls.call_shown(call) for call in found]})


@router.get("/telephony/calls/{call_id}", operation_id="get_call", response_model=shapes.ScreenPop)
async def get_call(call_id: UUID, identity: Caller, services: With) -> Response:
    """A call and who may be calling; that it was looked at is written down."""
    async with services.pool.connection() as conn, conn.transaction():
        call = await store.find_call(conn, call_id, identity)
        provider = await _provider(conn, call.provider_id)
        pop = await calls.screen_pop(conn, call, provider.dial_code, identity, now=services.clock.now())
        await audit(conn, services, identity, "caller_viewed", call_id)
    return answer(pop)


@router.post(
    "/telephony/calls/{call_id}/case",
    operation_id="open_case_of_call",
    response_model=shapes.CaseOfCallOpened,
)
async def open_case_of_call(
    call_id: UUID, body: shapes.CaseOfCall, identity: Caller, services: With
) -> shapes.CaseOfCallOpened:
    """The call becomes a case (P2 `phone_call`), joins the one that runs, or belongs to the one named."""
    async with services.pool.connection() as conn, conn.transaction():
        case_id, opened = await open_or_link(conn, call_id, body, identity, now=services.clock.now())
        await audit(conn, services, identity, "case_of_call", call_id, case_id=str(case_id))
    return shapes.CaseOfCallOpened(case_id=case_id, opened=opened)


@router.post(
    "/cases/{case_id}/dial", operation_id="dial_from_case", status_code=201, response_model=shapes.PhoneCall
)
async def dial_from_case(
    case_id: UUID, body: shapes.DialFromCase, identity: Caller, services: With
) -> Response:
    """Your extension rings, then the number; `state` is `failed` where the system did not take it."""
    seat_id = _seat(identity)
    async with services.pool.connection() as conn:
        async with conn.transaction():
            found = await cases.summary(conn, case_id, identity)
            if found.state in ("closed", "merged"):
                raise Conflict("警情已结案", "the case is closed", state=found.state)
            phone = await store.find_phone(conn, seat_id)
            if phone.state == PhoneState.BUSY:
                raise Conflict("通话中，请先结束通话", "a call is running, end it first", state="busy")
            provider = await _provider(conn, phone.provider_id)
            call = await _begin(conn, provider, found.id, body.number, identity, services)
            await audit(conn, services, identity, "dialled", case_id, call_id=str(call.id))
        number = numbers.canonical(body.number, provider.dial_code)
        try:
            order = Dial(call=call.id, extension=phone.extension, number=number)
            await telephone_of(services, provider).dial(order)
        except CallFailed:
            async with conn.transaction():
                call = await _failed(conn, call.id, provider, services)
    return Response(answer(calls.call_shown(call)).body, 201, media_type="application/json")


@router.post(
    "/telephony/calls/{call_id}/hang-up", operation_id="hang_up_call", response_model=shapes.PhoneCall
)
async def hang_up_call(call_id: UUID, identity: Caller, services: With) -> Response:
    """Ask the telephone system to end your own call; the feed tells when it has ended. 409 for any other."""
    seat_id = _seat(identity)
    async with services.pool.connection() as conn:
        call = await store.find_call(conn, call_id, identity)
        if call.seat_id != seat_id or call.state not in telephony.LIVE_CALL:
            raise Conflict(
                "不是本席位正在进行的通话", "it is no running call of your seat", state=call.state.value
            )
        provider = await _provider(conn, call.provider_id)
    try:
        await telephone_of(services, provider).hang_up(call.id, call.provider_call)
    except CallFailed:
        raise Conflict(
            "电话系统没有挂断，请在话机上挂断",
            "the telephone system did not hang up: do it on the telephone",
            state=call.state.value,
        ) from None
    return answer(calls.call_shown(call))


async def _begin(
    conn: Connection, provider: Provider, case_id: UUID, number: str, identity: Identity, services: Services
) -> Call:
    """The call as stored before anything rings; the seat is held while it does."""
    now = services.clock.now()
    name = await calls.contact_name(conn, case_id, number, provider.dial_code)
    values = {"provider_id": provider.id, "direction": "outgoing", "state": "dialling"}
    plain = {"other_number": number, "other_name": name, "seat_id": identity.seat_id, "case_id": case_id}
    who = {"actor_id": identity.id, "actor_name": identity.name}
    belongs = {"area_code": provider.area_code, "org_id": provider.org_id}
    call_id = await store.insert_call(conn, {**values, **plain, **who, **belongs}, now=now)
    assert call_id is not None, "its name is its own new id"
    call = await store.lock_call(conn, call_id)
    assert call is not None, "it was written a line ago"
    await store.seat_talks_until(conn, call, now + telephony.RING_LIMIT)
    await calls.tell(conn, call, provider.dial_code, now=now)
    return call


async def _failed(conn: Connection, call_id: UUID, provider: Provider, services: Services) -> Call:
    """The telephone system did not take the order, unless it has said something of the call meanwhile."""
    now = services.clock.now()
    call = await store.lock_call(conn, call_id)
    assert call is not None, "calls are never deleted"
    if call.state is not CallState.DIALLING:
        return call
    await store.move_call(conn, call, CallState.FAILED, by=None, number=call.other_number, now=now)
    await store.seat_talks_until(conn, call, now, ending=True)
    moved = await store.lock_call(conn, call_id)
    assert moved is not None, "its row is held"
    await calls.tell(conn, moved, provider.dial_code, now=now)
    return moved
