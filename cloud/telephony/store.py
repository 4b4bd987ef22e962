"""Telephones and calls in PostgreSQL. The boundary owns the transaction; a call is locked before its case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row, dict_row

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telephony import telephony
from cloud.telephony.telephony import Call, CallState, ChosenState, PhoneState, Provider, SeatPhone
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.telephony")
_CALL_FIELDS: Final = Call.__struct_fields__


async def create_provider(conn: Connection, provider: Provider) -> None:
    """Add a telephone system; raises Conflict for an id that is taken."""
    row = msgspec.structs.asdict(provider) | {"now": provider.created_at}
    if await (await conn.execute(_SQL["insert_provider"], row)).fetchone() is None:
        raise Conflict(
            f"电话系统 {provider.id} 已存在",
            f"the telephone system {provider.id} exists",
            existing_id=provider.id,
        )


async def set_secret(conn: Connection, provider_id: str, secret_cipher: bytes) -> None:
    """Replace a provider's secret."""
    await conn.execute(_SQL["set_secret"], {"id": provider_id, "secret_cipher": secret_cipher})


async def find_provider(conn: Connection, provider_id: str) -> Provider | None:
    """A telephone system."""
    async with conn.cursor(row_factory=class_row(Provider)) as cursor:
        await cursor.execute(_SQL["find_provider"], {"id": provider_id})
        return await cursor.fetchone()


async def list_providers(conn: Connection, reader: Identity, *, limit: int, after: str) -> list[Provider]:
    """Telephone systems of the reader's area, by id."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit, "after": after}
    async with conn.cursor(row_factory=class_row(Provider)) as cursor:
        await cursor.execute(_SQL["list_providers"], values)
        return await cursor.fetchall()


async def choose_provider(conn: Connection, who: Identity, named: str | None) -> str:
    """The named telephone system, else the only one there is; raises InvalidInput."""
    if named is not None:
        found = await find_provider(conn, named)
        if found is None or not (who.sees(found.area_code, found.org_id) or _covers(found, who)):
            raise InvalidInput(f"没有电话系统 {named}", f"there is no telephone system {named}")
        return found.id
    found_ids = await serving_providers(conn, who)
    if len(found_ids) != 1:
        raise InvalidInput("请指明电话系统 provider", "name the telephone system: `provider`")
    return found_ids[0]


async def serving_providers(conn: Connection, who: Identity) -> list[str]:
    """The telephone systems that somebody's seat may use, twenty at most."""
    values = {"area_code": who.area_code, "org_id": who.org_id}
    rows = await (await conn.execute(_SQL["serving_providers"], values)).fetchall()
    return [str(row[0]) for row in rows]


def _covers(provider: Provider, who: Identity) -> bool:
    """A city's telephone system serves its districts."""
    return who.area_code.startswith(provider.area_code) and provider.org_id in (None, who.org_id)


async def register(
    conn: Connection, *, seat_id: UUID, provider_id: str, extension: str, state: ChosenState, now: datetime
) -> list[UUID]:
    """The extension rings at this seat from now on, and no longer at those returned; raises Conflict while
    somebody else talks on it.
    """
    place = {"provider_id": provider_id, "extension": extension, "seat_id": seat_id}
    own = await (await conn.execute(_SQL["lock_phone"], place)).fetchone()
    held = await (await conn.execute(_SQL["extension_holder"], place)).fetchone()
    if held is not None and held[0] != seat_id and held[1] == PhoneState.BUSY:
        raise Conflict(
            f"分机正由 {held[2]} 通话", f"{held[2]} is talking on this extension", owner_name=held[2]
        )
    if own is not None and own[0] == PhoneState.BUSY:
        raise _talking()
    freed = await (await conn.execute(_SQL["free_extension"], place)).fetchall()
    await conn.execute(_SQL["put_phone"], place | {"state": state, "now": now})
    return [row[0] for row in freed]


async def choose_state(conn: Connection, seat_id: UUID, wanted: ChosenState, *, now: datetime) -> None:
    """Whether the seat takes calls; raises NotFound without an extension, Conflict during a call."""
    row = await (await conn.execute(_SQL["lock_phone"], {"seat_id": seat_id})).fetchone()
    if row is None:
        raise no_phone()
    state = telephony.choose(PhoneState(row[0]), wanted)
    if state is None:
        raise _talking()
    await set_state(conn, seat_id, state, now=now)


async def set_state(conn: Connection, seat_id: UUID, state: PhoneState, *, now: datetime) -> None:
    """What a call makes of a telephone; a seat without one is left alone."""
    await conn.execute(_SQL["set_phone_state"], {"seat_id": seat_id, "state": state.value, "now": now})


async def find_phone(conn: Connection, seat_id: UUID) -> SeatPhone:
    """The telephone of a living seat; raises NotFound."""
    async with conn.cursor(row_factory=class_row(SeatPhone)) as cursor:
        await cursor.execute(_SQL["find_phone"], {"seat_id": seat_id})
        found = await cursor.fetchone()
    if found is None:
        raise no_phone()
    return found


async def list_phones(
    conn: Connection, reader: Identity, *, limit: int, after: UUID | None
) -> list[SeatPhone]:
    """The telephones of living seats."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit, "after": after}
    async with conn.cursor(row_factory=class_row(SeatPhone)) as cursor:
        await cursor.execute(_SQL["list_phones"], values)
        return await cursor.fetchall()


async def seat_of_extension(conn: Connection, provider_id: str, extension: str) -> Identity | None:
    """Who sits where an extension rings."""
    values = {"provider_id": provider_id, "extension": extension}
    row = await (await conn.execute(_SQL["seat_of_extension"], values)).fetchone()
    return None if row is None else _sitting(row)


async def seats_of_call(conn: Connection, call_id: UUID) -> list[Identity]:
    """Everybody at whose seat a call rang, and who has it."""
    rows = await (await conn.execute(_SQL["seats_of_call"], {"call_id": call_id})).fetchall()
    return [_sitting(row) for row in rows]


def _sitting(row: Sequence[Any]) -> Identity:
    seat_id, id, name, username, role, area_code, org_id = row
    return Identity(
        id=id, name=name, username=username, role=role, area_code=area_code, org_id=org_id, seat_id=seat_id
    )


async def insert_call(conn: Connection, values: dict[str, Any], *, now: datetime) -> UUID | None:
    """Begin a call; None where the provider's name of it is known."""
    blank = dict.fromkeys(("seat_id", "actor_id", "actor_name", "case_id", "org_id"))
    row = {"id": uuid7(round(now.timestamp() * 1000)), "other_name": "", "area_code": "", "now": now}
    row |= blank | values
    row.setdefault("provider_call", None)
    if row["provider_call"] is None:
        row["provider_call"] = str(row["id"])
    found = await (await conn.execute(_SQL["insert_call"], row)).fetchone()
    return None if found is None else UUID(str(found[0]))


async def lock_call(conn: Connection, call_id: UUID) -> Call | None:
    """A call, held until the transaction ends."""
    return await _call(conn, "lock_call", {"id": call_id})


async def lock_providers_call(conn: Connection, provider_id: str, provider_call: str) -> Call | None:
    """A call by the provider's name of it, held until the transaction ends."""
    values = {"provider_id": provider_id, "provider_call": provider_call}
    return await _call(conn, "lock_providers_call", values)


async def find_call(conn: Connection, call_id: UUID, reader: Identity, *, lock: bool = False) -> Call:
    """A call that the reader may see; raises NotFound."""
    found = await _call(conn, "lock_call" if lock else "find_call", {"id": call_id})
    if found is None or not reader.sees(found.area_code, found.org_id):
        raise NotFound("没有这通电话", "there is no such call")
    return found


async def _call(conn: Connection, query: str, values: dict[str, Any]) -> Call | None:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[query], values)
        row = await cursor.fetchone()
    return None if row is None else call_of(row)


def call_of(row: dict[str, Any]) -> Call:
    """A row of `phone_call`."""
    return Call(**{name: row[name] for name in _CALL_FIELDS} | {"state": CallState(row["state"])})


async def list_calls(
    conn: Connection, reader: Identity, *, live: bool, case_id: UUID | None, limit: int, before: int | None
) -> list[Call]:
    """Calls that the reader may see, newest first."""
    values: dict[str, Any] = {"area_code": reader.area_code, "org_id": reader.org_id, "live": live}
    values |= {"case_id": case_id, "limit": limit, "before": before}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["list_calls"], values)
        return [call_of(row) for row in await cursor.fetchall()]


async def name_call(conn: Connection, call_id: UUID, provider_call: str) -> None:
    """The provider's own name of a call that we began."""
    await conn.execute(_SQL["name_call"], {"id": call_id, "provider_call": provider_call})


async def event_known(conn: Connection, provider_id: str, event_id: str) -> bool:
    """Whether a provider said this before."""
    values = {"provider_id": provider_id, "event_id": event_id}
    return await (await conn.execute(_SQL["find_event"], values)).fetchone() is not None


async def keep_event(
    conn: Connection, call: Call, event: telephony.CallEvent, *, moved: bool, now: datetime
) -> bool:
    """Store what a provider said; False when it said so before."""
    values = {"provider_id": call.provider_id, "event_id": event.id, "call_id": call.id}
    values |= {"event": event.event, "claimed_at": event.at, "moved": moved, "now": now}
    return await (await conn.execute(_SQL["keep_event"], values)).fetchone() is not None


async def ring_seat(conn: Connection, call_id: UUID, seat_id: UUID, *, now: datetime) -> None:
    """A call rings at a seat."""
    await conn.execute(_SQL["ring_seat"], {"call_id": call_id, "seat_id": seat_id, "now": now})


async def move_call(
    conn: Connection, call: Call, state: CallState, *, by: Identity | None, number: str, now: datetime
) -> None:
    """What the (locked) call has become, and who has it: `by`, else whoever had it."""
    values: dict[str, Any] = {"id": call.id, "state": state.value, "other_number": number, "now": now}
    values |= {"seat_id": call.seat_id, "actor_id": call.actor_id, "actor_name": call.actor_name}
    if by is not None:
        values |= {"seat_id": by.seat_id, "actor_id": by.id, "actor_name": by.name}
    await conn.execute(_SQL["move_call"], values)


async def link_call(conn: Connection, call_id: UUID, case_id: UUID) -> None:
    """The case that a call belongs to."""
    await conn.execute(_SQL["link_call"], {"id": call_id, "case_id": case_id})


async def seat_talks_until(conn: Connection, call: Call, until: datetime, *, ending: bool = False) -> None:
    """Hold what the call's seat holds; an ending call lets go unless the seat is in another one."""
    if call.seat_id is None:
        return
    values = {"id": call.id, "seat_id": call.seat_id, "until": until}
    if ending and await (await conn.execute(_SQL["other_talk"], values)).fetchone() is not None:
        return
    await conn.execute(_SQL["seat_talks_until"], values)


async def tidy(conn: Connection, *, now: datetime) -> None:
    """End calls that nobody ended, and forget numbers that nobody needs any more."""
    limits = {
        "now": now,
        "talking_before": now - telephony.LOST_AFTER,
        "ringing_before": now - telephony.UNANSWERED_LOST_AFTER,
    }
    await conn.execute(_SQL["end_lost_calls"], limits)
    await conn.execute(_SQL["free_phones"], {"now": now})
    await conn.execute(_SQL["forget_numbers"], {"before": now - telephony.NUMBERS_KEPT})


def no_phone() -> NotFound:
    """The seat has no telephone."""
    return NotFound("本席位没有登记分机，请先登记", "this seat has no extension: register one first")


def _talking() -> Conflict:
    return Conflict("通话中，请先结束通话", "a call is running, end it first", state="busy")
