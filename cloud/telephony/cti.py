"""Any telephone system behind HTTP: it posts signed events to us, we post signed commands to it.

Both directions: `X-CareBed-Timestamp` is the time in whole seconds UTC, `X-CareBed-Signature` is
`v1=` + hex(HMAC-SHA256(secret, timestamp + "." + body)). What is older or newer than five minutes is refused.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

import httpx
import msgspec

from cloud.telephony.driver import CallFailed, Dial
from cloud.telephony.telephony import PhoneState
from firmware_specs.clock import Clock

TIMESTAMP: Final = "X-CareBed-Timestamp"
SIGNATURE: Final = "X-CareBed-Signature"
TOLERANCE_S: Final = 300
_LIMIT_S: Final = 5.0


def sign(secret: str, at: datetime, body: bytes) -> dict[str, str]:
    """The two headers of a message."""
    stamp = str(round(at.timestamp()))
    return {TIMESTAMP: stamp, SIGNATURE: "v1=" + _digest(secret, stamp, body)}


def signed(secret: str, *, timestamp: str, signature: str, body: bytes, now: datetime) -> bool:
    """True for our own secret's signature over this very body, at most five minutes old (or ahead)."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        return False
    wanted = "v1=" + _digest(secret, timestamp, body)
    return hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace"))


def _digest(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class CtiWebhook:
    """Commands as JSON to one address: {"command": "dial" | "hang_up" | "seat_state", ...}; 2xx: taken."""

    def __init__(self, url: str, secret: str, clock: Clock) -> None:
        self._url = url
        self._secret = secret
        self._clock = clock

    async def dial(self, order: Dial) -> None:
        """Ask the system to ring; raises CallFailed."""
        await self._post({"command": "dial"} | msgspec.to_builtins(order))

    async def hang_up(self, call: UUID, provider_call: str) -> None:
        """Ask the system to end a call; raises CallFailed."""
        await self._post({"command": "hang_up", "call": str(call), "provider_call": provider_call})

    async def say_state(self, extension: str, state: PhoneState) -> None:
        """Tell the system; raises CallFailed."""
        await self._post({"command": "seat_state", "extension": extension, "state": state.value})

    async def _post(self, command: dict[str, str]) -> None:
        body = msgspec.json.encode(command)
        headers = sign(self._secret, self._clock.now(), body) | {"Content-Type": "application/json"}
        try:
            async with httpx.AsyncClient(timeout=_LIMIT_S, trust_env=False) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CallFailed(type(error).__name__) from error
        if not answer.is_success:
            raise CallFailed(f"HTTP {answer.status_code}")
