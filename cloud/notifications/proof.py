"""Tokens, and signatures over `id.timestamp.body` (HMAC-SHA256, as the Standard Webhooks specification)."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final

from cloud.notifications.channel import Forged, Incoming

_TOLERANCE_S: Final = 300


def signature(secret: bytes, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, timestamp in seconds and body, joined by dots."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def signed_headers(secret: bytes, id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove a body: webhook-id, webhook-timestamp, webhook-signature."""
    timestamp = int(now.timestamp())
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, id, timestamp, body),
    }


def check_signed(secret: bytes, request: Incoming) -> None:
    """Raise Forged unless one of the signatures is right and younger than five minutes."""
    _need(secret)
    timestamp = request.headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise Forged("no timestamp")
    if abs(request.now.timestamp() - int(timestamp)) > _TOLERANCE_S:
        raise Forged("too old or too new")
    right = signature(secret, request.headers.get("webhook-id", ""), int(timestamp), request.body).encode()
    given = request.headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(right, one.encode("utf-8", "replace")) for one in given):
        raise Forged("wrong signature")


def check_token(secret: bytes, request: Incoming) -> None:
    """Raise Forged unless the secret comes as bearer token, `X-Callback-Token` or `?token=`."""
    _need(secret)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = (
        bearer.strip() if scheme.lower() == "bearer" else "",
        request.headers.get("x-callback-token", ""),
        request.query.get("token", ""),
    )
    if not any(one and hmac.compare_digest(secret, one.encode("utf-8", "replace")) for one in given):
        raise Forged("wrong token")


def _need(secret: bytes) -> None:
    """Without a secret every report is a stranger's."""
    if not secret:
        raise Forged("no callback secret is configured")
