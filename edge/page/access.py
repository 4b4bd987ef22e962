"""Who may look at the page: one password (scrypt), sessions in memory, a pause after wrong guesses."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edge.recent import Recent

IDLE_S: Final = 30 * 60.0
WRONG_GUESSES: Final = 5
PAUSE_S: Final = 60.0
_SESSIONS: Final = 8
_SOURCES: Final = 100
_N, _R, _P = 2**14, 8, 1


def hashed(password: str, salt: bytes | None = None) -> str:
    """What edge.toml keeps of a password: `scrypt$salt$hash`, base64."""
    salt = salt if salt is not None else secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches(password: str, kept: str) -> bool:
    """Whether a password is the one; False also for a hash that is none."""
    try:
        scheme, salt, _ = kept.split("$")
        made = hashed(password, base64.b64decode(salt, validate=True))
    except ValueError:
        return False
    return scheme == "scrypt" and hmac.compare_digest(made, kept)


@dataclass
class Sessions:
    """Sessions and wrong guesses; `now` is monotonic seconds."""

    now: Callable[[], float]
    _open: Recent[str, float] = field(default_factory=lambda: Recent(_SESSIONS))
    _wrong: Recent[str, list[float]] = field(default_factory=lambda: Recent(_SOURCES))

    def open(self) -> str:
        """A new session's token."""
        token = secrets.token_urlsafe(32)
        self._open[token] = self.now()
        return token

    def valid(self, token: str) -> bool:
        """Whether a session is open; looking keeps it open."""
        seen = self._open.get(token)
        if seen is None or self.now() - seen > IDLE_S:
            self._open.pop(token, None)
            return False
        self._open[token] = self.now()
        return True

    def close(self, token: str) -> None:
        """End a session."""
        self._open.pop(token, None)

    def may_guess(self, source: str) -> bool:
        """Whether an address may try a password now."""
        lately = [at for at in self._wrong.get(source) or [] if self.now() - at < PAUSE_S]
        return len(lately) < WRONG_GUESSES

    def guessed_wrong(self, source: str) -> None:
        """Count a wrong guess of an address."""
        lately = [at for at in self._wrong.get(source) or [] if self.now() - at < PAUSE_S]
        self._wrong[source] = [*lately, self.now()]
