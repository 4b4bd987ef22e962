"""Sign-in, sessions, seats, tokens and the audit trail in PostgreSQL."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from cloud.access.access import (
    FAILURES_ALLOWED,
    KNOWN_FOR,
    LOCK_FOR,
    SESSION_LIFE,
    Identity,
    Role,
    Session,
    hash_secret,
    new_secret,
)
from cloud.access.acts import Act, Detail
from cloud.access.audit import LOOK_AGAIN, REPEATED
from cloud.access.errors import Conflict, NotFound, TooManyAttempts
from cloud.access.sources import UNKNOWN
from cloud.database import queries
from cloud.database.pool import Connection
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that was counted; the password is still to be checked."""

    user: Identity
    password_hash: str
    active: bool
    known: bool


def _ms(now: datetime) -> int:
    return round(now.timestamp() * 1000)


async def create_staff(
    conn: Connection,
    *,
    now: datetime,
    username: str,
    name: str,
    role: Role,
    password_hash: str,
    area_code: str = "",
    org_id: UUID | None = None,
) -> UUID:
    """Add a user; raises Conflict when the user name is taken."""
    row = {"id": uuid7(_ms(now)), "username": username, "name": name, "role": role, "now": now}
    row |= {"password_hash": password_hash, "area_code": area_code, "org_id": org_id}
    found = await (await conn.execute(_SQL["insert_staff"], row)).fetchone()
    if found is None:
        raise Conflict(f"用户名 {username} 已存在", f"the user name {username} is taken", username=username)
    return UUID(str(found[0]))


async def set_password(conn: Connection, *, now: datetime, username: str, password_hash: str) -> list[UUID]:
    """Replace a password, end the user's sessions; the seats that were closed. Raises NotFound."""
    cursor = await conn.execute(_SQL["set_password"], {"username": username, "password_hash": password_hash})
    row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"没有用户 {username}", f"there is no user {username}")
    cursor = await conn.execute(_SQL["end_sessions_of_staff"], {"staff_id": row[0]})
    seats = [seat for (seat,) in await cursor.fetchall()]
    await conn.execute(_SQL["close_seats"], {"ids": seats, "now": now})
    return seats


async def take_attempt(conn: Connection, *, now: datetime, username: str, source: str) -> Attempt | None:
    """Count a sign-in attempt before its password is looked at; None for an unknown user.

    Raises TooManyAttempts for five minutes after the tenth failure: of all strangers together, but where the
    user has signed in lately only of that place. Commit before checking the password.
    """
    attempt = {"username": username, "now": now, "allowed": FAILURES_ALLOWED, "lock_until": now + LOCK_FOR}
    attempt |= {"source": source, "known_since": now - KNOWN_FOR}
    for known, take, lock in (
        (True, "take_attempt_at_place", "find_place_lock"),
        (False, "take_attempt", "find_lock"),
    ):
        row = await (await conn.execute(queries.trusted(_SQL[take]), attempt)).fetchone()
        if row is not None:
            user = Identity(
                id=row[0], name=row[1], role=row[2], area_code=row[3], org_id=row[4], username=username
            )
            return Attempt(user=user, password_hash=row[5], active=row[6], known=known)
        locked = await (await conn.execute(queries.trusted(_SQL[lock]), attempt)).fetchone()
        if locked is not None:
            raise _locked(max(1, round((locked[0] - now).total_seconds())))
    return None


def _locked(wait_s: int) -> TooManyAttempts:
    return TooManyAttempts(
        f"密码错误次数过多，请 {wait_s} 秒后再试",
        f"too many wrong passwords, try again in {wait_s} s",
        retry_after_s=wait_s,
    )


async def succeed(conn: Connection, attempt: Attempt, source: str, *, now: datetime) -> None:
    """The password was right; from now on the user is known there. An unknown source is no place."""
    if not attempt.known:
        await conn.execute(_SQL["forget_failures"], {"id": attempt.user.id})
    if source != UNKNOWN:
        await conn.execute(_SQL["know_place"], {"id": attempt.user.id, "source": source, "now": now})


async def trim_places(conn: Connection, *, now: datetime) -> None:
    """Forget where people have not signed in for long."""
    await conn.execute(_SQL["trim_places"], {"before": now - KNOWN_FOR})


async def open_session(conn: Connection, *, now: datetime, user: Identity) -> tuple[str, Session]:
    """Open a seat and a session of 16 hours: the cookie's secret, shown to nobody else, and the session."""
    secret, csrf, seat_id = new_secret(), new_secret(), uuid7(_ms(now))
    await conn.execute(_SQL["insert_seat"], {"id": seat_id, "staff_id": user.id, "now": now})
    row = {
        "token_hash": hash_secret(secret),
        "csrf_token": csrf,
        "staff_id": user.id,
        "seat_id": seat_id,
    }
    await conn.execute(_SQL["insert_session"], row | {"now": now, "expires_at": now + SESSION_LIFE})
    identity = Identity(
        id=user.id,
        name=user.name,
        role=user.role,
        area_code=user.area_code,
        org_id=user.org_id,
        username=user.username,
        seat_id=seat_id,
        credential=hash_secret(secret),
    )
    return secret, Session(identity=identity, csrf_token=csrf)


async def find_session(conn: Connection, *, now: datetime, credential: bytes) -> Session | None:
    """The living session of a cookie's hash."""
    row = await (await conn.execute(_SQL["find_session"], {"token_hash": credential, "now": now})).fetchone()
    if row is None:
        return None
    identity = Identity(
        id=row[0],
        seat_id=row[1],
        username=row[3],
        name=row[4],
        role=row[5],
        area_code=row[6],
        org_id=row[7],
        credential=credential,
    )
    return Session(identity=identity, csrf_token=row[2])


async def close_session(conn: Connection, *, now: datetime, identity: Identity) -> None:
    """End the session and its seat."""
    await conn.execute(_SQL["delete_session"], {"token_hash": identity.credential})
    await conn.execute(_SQL["close_seats"], {"ids": [identity.seat_id], "now": now})


async def end_expired(conn: Connection, *, now: datetime, staff_id: UUID) -> list[UUID]:
    """Remove a user's sessions whose 16 hours are over and close their seats; the seats."""
    cursor = await conn.execute(_SQL["delete_expired_sessions"], {"staff_id": staff_id, "now": now})
    seats = [seat for (seat,) in await cursor.fetchall()]
    await conn.execute(_SQL["close_seats"], {"ids": seats, "now": now})
    return seats


async def see_seat(conn: Connection, *, now: datetime, seat_id: UUID) -> bool:
    """Note a seat's sign of life; False when it has been closed."""
    return (await conn.execute(_SQL["see_seat"], {"id": seat_id, "now": now})).rowcount == 1


async def set_sound(conn: Connection, *, seat_id: UUID, armed: bool) -> None:
    """Note whether a seat can be heard."""
    await conn.execute(_SQL["set_sound"], {"id": seat_id, "armed": armed})


async def create_token(
    conn: Connection,
    *,
    now: datetime,
    name: str,
    role: Role,
    area_code: str = "",
    org_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> tuple[UUID, str]:
    """A program's token: its id and its secret, which is shown once and kept only as a hash."""
    secret, token_id = new_secret(), uuid7(_ms(now))
    row: dict[str, Any] = {
        "id": token_id,
        "name": name,
        "role": role,
        "token_hash": hash_secret(secret),
        "now": now,
    }
    row |= {"area_code": area_code, "org_id": org_id, "expires_at": expires_at}
    await conn.execute(_SQL["insert_token"], row)
    return token_id, secret


async def find_token(conn: Connection, *, now: datetime, credential: bytes) -> Identity | None:
    """The program behind a bearer token's hash."""
    row = await (await conn.execute(_SQL["find_token"], {"token_hash": credential, "now": now})).fetchone()
    if row is None:
        return None
    return Identity(
        id=row[0],
        name=row[1],
        role=row[2],
        area_code=row[3],
        org_id=row[4],
        credential=credential,
    )


async def write_audit(
    conn: Connection,
    *,
    now: datetime,
    actor: str,
    action: Act,
    subject: str,
    detail: Detail | None = None,
) -> None:
    """Write down who looked at or changed what: each act, and of a look that a screen repeats by itself one
    row every LOOK_AGAIN, so that a screen left open writes hundreds of rows a day and not ten thousands.
    """
    row = {"now": now, "actor": actor, "action": action, "subject": subject, "detail": Jsonb(detail or {})}
    if action in REPEATED:
        await conn.execute(_SQL["insert_look"], row | {"since": now - LOOK_AGAIN})
    else:
        await conn.execute(_SQL["insert_audit"], row)
