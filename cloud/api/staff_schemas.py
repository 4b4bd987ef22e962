"""What the API takes and gives about users."""

from typing import Literal
from uuid import UUID

from cloud.access.access import Role
from cloud.api.admin_schemas import Revision
from cloud.api.schemas import Given, Shown
from cloud.api.texts import AreaCode, Name, WireId
from cloud.api.times import Instant


class StaffShown(Shown):
    """A user; `area_code` is a prefix, an empty one sees every area; `org_id` null sees every one."""

    id: UUID
    username: str
    name: str
    role: Role
    area_code: str
    org_id: UUID | None
    active: bool
    created_at: Instant
    locked_until: Instant | None
    revision: int


class StaffList(Shown):
    """In the order they came."""

    items: list[StaffShown]


class NewStaff(Given):
    """A new user; the password is made here and shown once."""

    username: WireId
    name: Name
    role: Role
    area_code: AreaCode | Literal[""] = ""
    org_id: UUID | None = None


class StaffPassword(Shown):
    """Shown this once and kept only as a hash."""

    id: UUID
    username: str
    password: str


class ChangedStaff(Given):
    """A user as they are to be; one who is not active cannot sign in and is signed out at once."""

    revision: Revision
    name: Name
    role: Role
    area_code: AreaCode | Literal[""] = ""
    org_id: UUID | None = None
    active: bool = True
