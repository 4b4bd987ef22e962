"""Identifiers on the wire: UUIDv7 for events and rows, `[a-z0-9-]{1,64}` for gateways and devices."""

import hashlib
import re
import secrets
import uuid

WIRE_ID_PATTERN = r"^[a-z0-9-]{1,64}$"
_WIRE_ID = re.compile(WIRE_ID_PATTERN)
_NOT_WIRE = re.compile(r"[^a-z0-9-]+")


def is_wire_id(text: str) -> bool:
    """True for 1 to 64 characters of lower-case letters, digits and hyphens."""
    return _WIRE_ID.fullmatch(text) is not None


def wire_id(text: str) -> str:
    """Map any device name to a wire id: lower case, other characters become one hyphen; never empty.

    A name that loses letters (Chinese, or over 64 characters) gets 8 hex digits of its SHA-256: two such
    names stay two devices.
    """
    mapped = _NOT_WIRE.sub("-", text.lower()).strip("-")
    if mapped == text or (text.isascii() and 0 < len(mapped) <= 64):
        return mapped or "unnamed"
    if not text:
        return "unnamed"
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{mapped[:55].rstrip('-') or 'unnamed'}-{mark}"


def uuid7(at_ms: int, random_bits: int | None = None) -> uuid.UUID:
    """UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, clamped, then 74 random bits."""
    bits = secrets.randbits(74) if random_bits is None else random_bits & ((1 << 74) - 1)
    value = min(max(at_ms, 0), (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= (bits >> 62) << 64
    value |= 0b10 << 62
    value |= bits & ((1 << 62) - 1)
    return uuid.UUID(int=value)


def uuid7_ms(value: uuid.UUID) -> int:
    """Milliseconds UTC that a UUIDv7 carries."""
    return value.int >> 80


def new_run() -> str:
    """A random id for one start of an agent: 16 hexadecimal characters."""
    return secrets.token_hex(8)
