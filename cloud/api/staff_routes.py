"""Users: created, changed, given a new password, disabled. A password is shown once and kept as a hash."""

import secrets
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from cloud.access import staff, store
from cloud.access.access import Identity, Role
from cloud.access.acts import Detail
from cloud.access.errors import InvalidInput
from cloud.api import staff_schemas as shapes
from cloud.api.admin_schemas import Revised
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.register_routes import After, Limit, covered
from cloud.api.services import Services
from cloud.api.texts import Word
from cloud.database.pool import Connection
from cloud.registry import search
from cloud.registry.store import Belongs, find_org, require_area

router = APIRouter(prefix="/staff", tags=["administration"])


def _new_password() -> str:
    """96 random bits, easy to type."""
    return secrets.token_urlsafe(12)


@router.get("", operation_id="list_staff", response_model=shapes.StaffList)
async def list_staff(
    identity: Caller,
    services: With,
    role: Annotated[Role | None, Query()] = None,
    text: Annotated[Word, Query(description="name, pinyin or its initials, user name, telephone")] = "",
    after: After = None,
    limit: Limit = 100,
) -> shapes.StaffList:
    """Users whose area and organisation you cover."""
    asked = search.understand(text)
    async with services.pool.connection() as conn, conn.transaction():
        if asked.sound:
            await search.fill_staff_sounds(conn)
        found = await staff.visible(
            conn,
            identity,
            text=text.strip(),
            sound=asked.sound,
            digits=asked.digits,
            role=role,
            after=after,
            limit=limit,
        )
    items = [shapes.StaffShown.model_validate(row, from_attributes=True) for row in found]
    return shapes.StaffList(items=items)


@router.get("/{staff_id}", operation_id="get_staff", response_model=shapes.StaffShown)
async def get_staff(staff_id: UUID, identity: Caller, services: With) -> shapes.StaffShown:
    """One user."""
    async with services.pool.connection() as conn:
        row = await staff.find(conn, identity, staff_id)
    return shapes.StaffShown.model_validate(row, from_attributes=True)


async def _check_scope(conn: Connection, identity: Identity, area_code: str, org_id: UUID | None) -> None:
    covered(identity, Belongs(area_code, org_id))
    if area_code:
        await require_area(conn, area_code)
    if org_id is not None:
        await find_org(conn, str(org_id))


@router.post("", operation_id="create_staff", status_code=201, response_model=shapes.StaffPassword)
async def create_staff(body: shapes.NewStaff, identity: Caller, services: With) -> shapes.StaffPassword:
    """A new user; the password is shown this once."""
    password = _new_password()
    hashed = await services.passwords.hash(password)
    async with services.pool.connection() as conn, conn.transaction():
        await _check_scope(conn, identity, body.area_code, body.org_id)
        staff_id = await store.create_staff(
            conn, now=services.clock.now(), password_hash=hashed, **body.model_dump()
        )
        await audit(conn, services, identity, "user_created", staff_id, role=body.role)
    return shapes.StaffPassword(id=staff_id, username=body.username, password=password)


@router.put("/{staff_id}", operation_id="change_staff", response_model=Revised)
async def change_staff(
    staff_id: UUID, body: shapes.ChangedStaff, identity: Caller, services: With
) -> Revised:
    """Change a user, who is signed out where they may do other things now; nobody disables themselves."""
    given = staff.ChangedStaff(**body.model_dump(exclude={"revision"}))
    async with services.pool.connection() as conn, conn.transaction():
        before = await staff.find(conn, identity, staff_id)
        await _check_scope(conn, identity, body.area_code, body.org_id)
        if staff_id == identity.id and (not body.active or body.role != before.role):
            raise InvalidInput(
                "不能停用自己，也不能改自己的角色；请另一位管理员来做",
                "you cannot disable yourself or change your own role; ask another admin",
            )
        await staff.change(conn, before, given, revision=body.revision, now=services.clock.now())
        await _written_down(conn, services, identity, before, body)
    return Revised(revision=body.revision + 1)


async def _written_down(
    conn: Connection,
    services: Services,
    identity: Identity,
    before: staff.StaffRow,
    body: shapes.ChangedStaff,
) -> None:
    changed: Detail = {"before": before.role, "after": body.role, "active": body.active}
    await audit(conn, services, identity, "user_changed", before.id, **changed)


@router.post("/{staff_id}/password", operation_id="reset_password", response_model=shapes.StaffPassword)
async def reset_password(staff_id: UUID, identity: Caller, services: With) -> shapes.StaffPassword:
    """A new password, shown this once; the user is signed out everywhere."""
    password = _new_password()
    hashed = await services.passwords.hash(password)
    async with services.pool.connection() as conn, conn.transaction():
        who = await staff.find(conn, identity, staff_id)
        await store.set_password(conn, now=services.clock.now(), username=who.username, password_hash=hashed)
        await audit(conn, services, identity, "password_reset", staff_id)
    return shapes.StaffPassword(id=staff_id, username=who.username, password=password)
