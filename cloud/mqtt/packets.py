"""The part of MQTT 3.1.1 and 5 that the cloud needs: bytes in, packets out, and what it says itself. Pure.

Source: OASIS MQTT Version 3.1.1 and Version 5.0, sections 2 and 3. `version` is the protocol level: 4 or 5.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

CONNACK: Final = 2
PUBACK: Final = 4
SUBACK: Final = 9
GOODBYE: Final = 14  # what a broker of MQTT 5 says before it hangs up
PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"
LEAVE: Final = b"\xe0\x07\x00\x05\x11\x00\x00\x00\x00"  # MQTT 5: and forget my session
_PUBLISH: Final = 3
_REFUSED: Final = {
    1: "protocol version",
    2: "client id",
    3: "server unavailable",
    4: "user name or password",
    5: "not authorised",
    0x82: "protocol error",
    0x84: "protocol version",
    0x85: "client id",
    0x86: "user name or password",
    0x87: "not authorised",
    0x88: "server unavailable",
    0x8B: "the broker shuts down",
    0x8D: "keep alive",
    0x8E: "another connection of this client id",
    0x97: "quota exceeded",
    0x9E: "no shared subscriptions",
}
_EXPIRY: Final = 0x11
_WINDOW: Final = 0x21
_SHARES: Final = 0x2A
# Sizes in bytes of the values of properties; -1: two bytes tell it (a text), -2: two texts, 0: its own end.
_PROPERTY_SIZES: Final = {
    0x01: 1, 0x02: 4, 0x03: -1, 0x08: -1, 0x09: -1, 0x0B: 0, 0x11: 4, 0x12: -1, 0x13: 2, 0x15: -1, 0x16: -1,
    0x17: 1, 0x18: 4, 0x19: 1, 0x1A: -1, 0x1C: -1, 0x1F: -1, 0x21: 2, 0x22: 2, 0x23: 2, 0x24: 1, 0x25: 1,
    0x26: -2, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip


class Member(NamedTuple):
    """What a member of a group asks of MQTT 5: its session ends so many seconds after it, so many in work."""

    expiry_s: int
    window: int


class Publish(NamedTuple):
    """A message; `mid` is 0 for QoS 0."""

    topic: bytes
    payload: bytes
    mid: int
    retained: bool


class Control(NamedTuple):
    """Any other packet: its type (2 CONNACK, 4 PUBACK, 9 SUBACK, 13 PINGRESP) and its body."""

    kind: int
    body: bytes


class ProtocolError(Exception):
    """The bytes are not MQTT."""


class Splitter:
    """Bytes of a connection, in any pieces, as packets."""

    def __init__(self, version: int = 4) -> None:
        """Begin with nothing."""
        self._version = version
        self._rest = b""

    def receive(self, data: bytes) -> list[Publish | Control]:
        """Whole packets; what is begun waits for more. Raises ProtocolError."""
        if self._rest:
            data = self._rest + data
        found: list[Publish | Control] = []
        at, end = 0, len(data)
        while end - at >= 2:
            body = at + 2
            length = data[at + 1]
            if length > 0x7F:
                length, body = _length(data, at + 1)
                if not body:
                    break
            after = body + length
            if after > end:
                break
            head = data[at]
            if head >> 4 == _PUBLISH:
                found.append(_publish(data, head, body, after, self._version))
            else:
                found.append(Control(head >> 4, data[body:after]))
            at = after
        self._rest = data[at:]
        return found


def _length(data: bytes, at: int) -> tuple[int, int]:
    """The remaining length that begins at `at`, and where the body begins: 0 while bytes are missing."""
    length = 0
    for n, byte in enumerate(data[at : at + 4]):
        length |= (byte & 0x7F) << (7 * n)
        if not byte & 0x80:
            return length, at + n + 1
    if len(data) >= at + 4:
        raise ProtocolError("remaining length has more than four bytes")
    return 0, 0


def _publish(data: bytes, head: int, at: int, after: int, version: int) -> Publish:
    start = at + 2
    at = start + int.from_bytes(data[at:start], "big")
    topic = data[start:at]
    mid = 0
    if head & 0x06:
        mid = data[at] << 8 | data[at + 1] if at + 2 <= after else 0
        at += 2
    if version == 5:
        at = _behind_properties(data, at)
    if at > after:
        raise ProtocolError("a message is shorter than it says")
    return Publish(topic, data[at:after], mid, bool(head & 1))


def connect(
    client_id: str,
    user: str | None,
    secret: str | None,
    *,
    keep_alive_s: int,
    member: Member | None = None,
    clean: bool = False,
) -> bytes:
    """CONNECT to a session that the broker keeps, unless `clean`; with `member` in MQTT 5."""
    flags = (0x80 if user is not None else 0) | (0x40 if secret is not None else 0) | (0x02 if clean else 0)
    fields = [client_id, *(text for text in (user, secret) if text is not None)]
    properties = b""
    if member is not None:
        expiry, window = member.expiry_s.to_bytes(4, "big"), member.window.to_bytes(2, "big")
        properties = b"\x08" + bytes([_EXPIRY]) + expiry + bytes([_WINDOW]) + window
    header = _text("MQTT") + bytes([4 if member is None else 5, flags]) + keep_alive_s.to_bytes(2, "big")
    return _packet(0x10, header + properties + b"".join(map(_text, fields)))


def subscribe(mid: int, filters: Iterable[tuple[str, int]], *, version: int = 4) -> bytes:
    """SUBSCRIBE to (topic filter, QoS) pairs."""
    properties = b"\x00" if version == 5 else b""
    entries = b"".join(_text(name) + bytes([qos]) for name, qos in filters)
    return _packet(0x82, mid.to_bytes(2, "big") + properties + entries)


def publish(topic: str, payload: bytes, mid: int, *, retain: bool = False) -> bytes:
    """PUBLISH of QoS 1 in MQTT 3.1.1."""
    return _packet(0x33 if retain else 0x32, _text(topic) + mid.to_bytes(2, "big") + payload)


def pubacks(mids: Sequence[int]) -> bytes:
    """One PUBACK for each packet id."""
    return b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])


def refusal(connack: bytes) -> str | None:
    """Why a connection was refused, also for want of shared subscriptions; None where it was accepted."""
    code = connack[1] if len(connack) > 1 else 3
    if code == 0 and len(connack) > 2 and _properties(connack, 2).get(_SHARES) == b"\x00":
        code = 0x9E
    return None if code == 0 else _words(code)


def subscription_refusal(suback: bytes, *, version: int = 4) -> str | None:
    """Why the first refused subscription was refused; None where all were granted."""
    at = _behind_properties(suback, 2) if version == 5 else 2
    refused = next((code for code in suback[at:] if code & 0x80), None)
    return None if refused is None else _words(refused)


def goodbye(body: bytes) -> str:
    """Why the broker hangs up."""
    return _words(body[0]) if body else "no reason told"


def _words(code: int) -> str:
    return _REFUSED.get(code, f"code {code}")


def _behind_properties(data: bytes, at: int) -> int:
    """Where properties that begin at `at` end; raises ProtocolError."""
    length, start = _length(data, at)
    if not start:
        raise ProtocolError("properties without a length")
    return start + length


def _properties(data: bytes, at: int) -> dict[int, bytes]:
    """Properties of MQTT 5 that begin with their length at `at`; those behind an unknown one are left out."""
    length, at = _length(data, at)
    end, found = at + length, {}
    while at < min(end, len(data)):
        name, at = data[at], at + 1
        size = _PROPERTY_SIZES.get(name)
        if size is None or size == 0:
            break
        if size < 0:
            texts, size = -size, 0
            for _ in range(texts):
                size += 2 + int.from_bytes(data[at + size : at + size + 2], "big")
        found[name] = data[at : at + size]
        at += size
    return found


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


def _packet(head: int, body: bytes) -> bytes:
    length, size = len(body), b""
    while True:
        length, part = length >> 7, length & 0x7F
        size += bytes([part | 0x80 if length else part])
        if not length:
            return bytes([head]) + size + body
