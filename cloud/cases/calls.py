"""Calls and cases: what a provider says of a call moves it, holds the case, is told to the seats.

Order of locks: the call, then its case, then the feed's counter.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from cloud.access import store as access
from cloud.access.access import Identity
from cloud.access.errors import InvalidInput
from cloud.cases import acting, case, timeline
from cloud.cases.case import Actor
from cloud.cases.publish import publish
from cloud.cases.summary import age_at, iso, iso_or_none
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.registry.registry import place_text
from cloud.telephony import callers as callers_of
from cloud.telephony import numbers, store, telephony
from cloud.telephony.telephony import LIVE_CALL, Call, CallEvent, CallState, Provider

_SQL: Final = queries.load(__package__ or "cloud.cases", "calls.sql")
SYSTEM: Final = "system"
MOST_CALLERS: Final = 50


class CallCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case that runs for somebody who may be calling."""

    id: UUID
    number: int
    state: str
    priority: int
    kinds: list[str]
    owner_name: str | None
    opened_at: str


class CallResident(msgspec.Struct, frozen=True, kw_only=True):
    """An elder whom a caller is, or is a contact of."""

    id: UUID
    name: str
    sex: str
    age: int | None
    is_caller: bool
    relation: str
    has_key: bool
    state: str | None
    home_id: UUID | None
    place: str
    cases: list[CallCase]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A person who has the number."""

    id: UUID
    name: str
    residents: list[CallResident]


class CallShown(msgspec.Struct, frozen=True, kw_only=True):
    """A call as people see it; `at` is its last change."""

    id: UUID
    number: int
    provider: str
    direction: str
    state: str
    other_number: str
    other_name: str
    seat_id: UUID | None
    actor_name: str | None
    case_id: UUID | None
    begun_at: str
    connected_at: str | None
    ended_at: str | None


class ScreenPop(CallShown, frozen=True, kw_only=True):
    """A call with who may be calling; nobody for a number that is not known."""

    callers: list[Caller]
    more_callers: bool = False


def call_shown(call: Call) -> dict[str, Any]:
    """The fields of CallShown."""
    same = ("id", "number", "direction", "other_number", "other_name", "seat_id", "actor_name", "case_id")
    return {name: getattr(call, name) for name in same} | {
        "provider": call.provider_id,
        "state": call.state.value,
        "begun_at": iso(call.begun_at),
        "connected_at": iso_or_none(call.connected_at),
        "ended_at": iso_or_none(call.ended_at),
    }


async def screen_pop(
    conn: Connection, call: Call, dial_code: str, reader: Identity, *, now: datetime
) -> ScreenPop:
    """A call with the people who have its number, their residents and what runs for them."""
    spelt = numbers.spellings(call.other_number, dial_code)
    rows = await callers_of.find_callers(conn, spelt, reader, at=now, limit=MOST_CALLERS + 1) if spelt else []
    kept = rows[:MOST_CALLERS]
    running = await _running(conn, kept, reader)
    callers: dict[UUID, Caller] = {}
    for row in kept:
        who = callers.setdefault(row.person_id, Caller(id=row.person_id, name=row.person_name, residents=[]))
        if row.resident_id is not None:
            who.residents.append(_resident(row, row.resident_id, running, now))
    return ScreenPop(**call_shown(call), callers=list(callers.values()), more_callers=len(rows) > len(kept))


def _resident(
    row: callers_of.CallerRow, resident_id: UUID, running: list[dict[str, Any]], now: datetime
) -> CallResident:
    parts = (row.street, row.compound, row.building, row.unit, row.room)
    return CallResident(
        id=resident_id,
        name=row.resident_name or "",
        sex=row.sex or "unknown",
        age=age_at(row.birth_date, now.date()),
        is_caller=bool(row.is_self),
        relation=row.relation or "",
        has_key=bool(row.has_key),
        state=row.state,
        home_id=row.home_id,
        place=place_text(*parts) if row.home_id is not None else "",
        cases=[
            CallCase(
                **{name: found[name] for name in ("id", "number", "state", "priority", "kinds")},
                owner_name=found["owner_name"],
                opened_at=iso(found["opened_at"]),
            )
            for found in running
            if found["resident_id"] == resident_id
            or (found["home_id"] is not None and found["home_id"] == row.home_id)
        ],
    )


async def _running(
    conn: Connection, rows: list[callers_of.CallerRow], reader: Identity
) -> list[dict[str, Any]]:
    values = {
        "residents": [row.resident_id for row in rows if row.resident_id is not None],
        "homes": [row.home_id for row in rows if row.home_id is not None],
        "area_code": reader.area_code,
        "org_id": reader.org_id,
    }
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["running_cases"], values)
        return await cursor.fetchall()


async def take_event(
    conn: Connection, provider: Provider, event: CallEvent, *, now: datetime
) -> tuple[Call, bool]:
    """Store what a provider says, once, and do what follows; the call, and whether the event moved it."""
    call = await _call_of(conn, provider, event, now)
    if await store.event_known(conn, provider.id, event.id):
        return call, False
    state = telephony.after(call.state, event.event)
    if not await store.keep_event(conn, call, event, moved=state is not None, now=now) or state is None:
        return call, False
    seat = None
    if event.extension is not None:
        seat = await store.seat_of_extension(conn, provider.id, event.extension)
    if seat is not None and seat.seat_id is not None and call.direction == "incoming":
        await store.ring_seat(conn, call.id, seat.seat_id, now=now)
    takes = (
        seat
        if call.seat_id is None and (state is CallState.CONNECTED or call.direction == "outgoing")
        else None
    )
    number = call.other_number or event.number
    await store.move_call(conn, call, state, by=takes, number=number, now=now)
    moved = await store.lock_call(conn, call.id)
    assert moved is not None, "its row is held"
    await _hold(conn, call, moved, now=now)
    await tell(conn, moved, provider.dial_code, now=now, said=state is not call.state)
    return moved, True


async def _call_of(conn: Connection, provider: Provider, event: CallEvent, now: datetime) -> Call:
    """The (locked) call that an event is about; one that is not known begins with it."""
    if event.our_call is not None:
        ours = await store.lock_call(conn, event.our_call)
        if ours is None or ours.provider_id != provider.id:
            raise InvalidInput("没有这通电话 our_call", "`our_call` is no call of this telephone system")
        if ours.provider_call != event.call and ours.provider_call == str(ours.id):
            await store.name_call(conn, ours.id, event.call)
        return ours
    while True:
        known = await store.lock_providers_call(conn, provider.id, event.call)
        if known is not None:
            return known
        values: dict[str, Any] = {"provider_id": provider.id, "provider_call": event.call}
        values |= {"direction": event.direction, "state": "ringing", "other_number": event.number}
        values |= {"area_code": provider.area_code, "org_id": provider.org_id}
        await store.insert_call(conn, values, now=now)


async def _hold(conn: Connection, before: Call, call: Call, *, now: datetime) -> None:
    """Nobody who is talking loses a case: the seat's telephone, and until when it talks."""
    phone = telephony.phone_after(call.state, before.state is CallState.CONNECTED)
    if call.seat_id is not None and phone is not None:
        await store.set_state(conn, call.seat_id, phone, now=now)
    if call.state is CallState.CONNECTED:
        await store.seat_talks_until(conn, call, now + telephony.TALK_LIMIT)
    elif call.state not in LIVE_CALL and (
        before.state is CallState.CONNECTED or call.direction == "outgoing"
    ):
        await store.seat_talks_until(conn, call, now, ending=True)


async def tell(conn: Connection, call: Call, dial_code: str, *, now: datetime, said: bool = True) -> None:
    """The line on the case's timeline, and the frame to every seat it rings at. Last in the transaction."""
    if call.case_id is not None and said:
        await write_down(conn, call, call.case_id, now=now)
        await publish(conn, [call.case_id], now=now)
    seats = await store.seats_of_call(conn, call.id)
    if not seats:
        # It rings where nobody has signed in: every desk of the area hears of it.
        nobody = Identity(
            id=call.id, name=SYSTEM, role="operator", area_code=call.area_code, org_id=call.org_id
        )
        await _frame(conn, call, await screen_pop(conn, call, dial_code, nobody, now=now), None, now)
    for seat in seats:
        pop = await screen_pop(conn, call, dial_code, seat, now=now)
        if pop.callers:
            await access.write_audit(
                conn, now=now, actor=seat.actor, action="caller_shown", subject=str(call.id),
                detail={"state": call.state.value},
            )  # fmt: skip
        await _frame(conn, call, pop, seat.seat_id, now)


async def _frame(conn: Connection, call: Call, pop: ScreenPop, seat_id: UUID | None, now: datetime) -> None:
    area_code = "" if seat_id is not None else call.area_code
    org_id = None if seat_id is not None else call.org_id
    await feed.append(
        conn, now=now, type="call", data=pop, case_id=call.case_id, area_code=area_code, org_id=org_id,
        seat_id=seat_id,
    )  # fmt: skip


async def write_down(conn: Connection, call: Call, case_id: UUID, *, now: datetime) -> None:
    """What became of a call, on its case's timeline; the owner's call renews the claim."""
    row = await acting.lock(conn, case_id)
    words: dict[str, Any] = {"call_id": str(call.id), "direction": call.direction, "state": call.state.value}
    words["to" if call.direction == "outgoing" else "from"] = call.other_name or numbers.ending(
        call.other_number
    )
    if call.connected_at is not None and call.ended_at is not None:
        words["seconds"] = round((call.ended_at - call.connected_at).total_seconds())
    if call.seat_id is not None:
        words["seat_id"] = str(call.seat_id)
    await timeline.add(conn, case_id, "call", actor=call.actor_name or SYSTEM, data=words, now=now)
    if row["state"] in case.HELD and call.actor_id is not None and row["owner_id"] == call.actor_id:
        actor = Actor(id=call.actor_id, name=call.actor_name or "", seat_id=call.seat_id)
        await acting.renew(conn, row, actor, now)


async def contact_name(conn: Connection, case_id: UUID, number: str, dial_code: str) -> str:
    """How a case names a number: the contact's name and relation; "" where it is nobody's."""
    row = await acting.lock(conn, case_id)
    for contact in row["frozen"].get("contacts", []):
        if numbers.same_number(contact["phone"], number, dial_code):
            return " ".join(part for part in (contact["name"], contact["relation"]) if part)
    return ""
