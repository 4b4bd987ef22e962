"""What the API takes and gives about signing in."""

from typing import Literal
from uuid import UUID

from cloud.access.access import Role
from cloud.api.schemas import Given, Shown
from cloud.api.texts import Secret


class SignIn(Given):
    """A user name and a password."""

    username: Secret
    password: Secret


class SessionUser(Shown):
    """Who is signed in; `area_code` is the prefix of what they see."""

    id: UUID
    username: str
    name: str
    role: Role | Literal["wall"]
    area_code: str


class SessionInfo(Shown):
    """A session; `csrf_token` goes into the X-CSRF-Token header of each change. A wall screen has no seat: it
    is named by its own id, and changes nothing.
    """

    user: SessionUser
    seat_id: UUID
    csrf_token: str
