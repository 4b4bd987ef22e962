"""Who is calling: a person at a seat (session) or a program (token), with a role and an area. Pure."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

Role = Literal["operator", "supervisor", "technician", "responder", "family", "official", "admin"]
CANARY_ROLE: Final = "canary"
"""The role of one program's token, no person's: it may open the live feed and sees its own test cases."""
WALL_ROLE: Final = "wall"
"""The role of a wall screen's token, no person's: it shows the wall's numbers and nothing else."""

SESSION_LIFE: Final = timedelta(hours=16)
"""A shift of twelve hours with its hand-overs: nobody is signed out with a case in hand."""
FAILURES_ALLOWED: Final = 10
LOCK_FOR: Final = timedelta(minutes=5)
KNOWN_FOR: Final = timedelta(days=90)
"""Where somebody signed in so lately, wrong passwords from elsewhere do not lock them out."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The caller. `area_code` is a prefix ("" sees every area), `org_id` None sees every organisation.

    `id` is the user's, or the token's of a program, which has no seat.
    """

    id: UUID
    name: str
    role: Role | Literal["wall"]
    area_code: str = ""
    org_id: UUID | None = None
    username: str = ""
    seat_id: UUID | None = None
    credential: bytes = b""

    @property
    def actor(self) -> str:
        """How the audit trail names the caller."""
        return f"staff:{self.id}" if self.username else f"token:{self.id}"

    def sees(self, area_code: str, org_id: UUID | None) -> bool:
        """True where a row of this area and organisation is the caller's to see."""
        return area_code.startswith(self.area_code) and (self.org_id is None or self.org_id == org_id)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An open session; `csrf_token` must come back in a header with each change."""

    identity: Identity
    csrf_token: str


def new_secret() -> str:
    """256 random bits, base64url."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> bytes:
    """What is stored of a session or token: SHA-256, since 256 random bits need no stretching."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
