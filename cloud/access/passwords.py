"""Passwords: argon2id in worker threads, a few at a time: a burst of sign-ins cannot stop the event loop."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE: Final = 4
# A hash of nothing anyone knows: an unknown user costs the same time as a wrong password.
_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$x1eFE8nVd7mQxjJE5ROE4g$MPXG/0UMLcLInWZhptUWTWMAzUybFw3Ie1HWM0nZWWM"
)


class Passwords:
    """Hashes and checks passwords off the event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """The argon2id hash to store."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """True where the password belongs to the hash; None (an unknown user) takes as long and is False."""
        async with self._slots:
            return await asyncio.to_thread(self._verify, stored or _NOBODY, password) and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
