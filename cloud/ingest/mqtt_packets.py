"""The part of MQTT 3.1.1 that a reader needs: bytes in, packets out, and what it says itself. Pure.

Source: OASIS MQTT Version 3.1.1, sections 2 and 3.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

CONNACK: Final = 2
SUBACK: Final = 9
PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"
_PUBLISH: Final = 3
_REFUSED: Final = {
    1: "protocol version",
    2: "client id",
    3: "server unavailable",
    4: "user name or password",
    5: "not authorised",
}


class Publish(NamedTuple):
    """A message; `mid` is 0 for QoS 0."""

    topic: bytes
    payload: bytes
    mid: int
    retained: bool


class Control(NamedTuple):
    """Any other packet: its type (2 CONNACK, 9 SUBACK, 13 PINGRESP) and its body."""

    kind: int
    body: bytes


class ProtocolError(Exception):
    """The bytes are not MQTT."""


class Splitter:
    """Bytes of a connection, in any pieces, as packets."""

    def __init__(self) -> None:
        """Begin with nothing."""
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
                found.append(_publish(data, head, body, after))
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


def _publish(data: bytes, head: int, at: int, after: int) -> Publish:
    start = at + 2
    at = start + int.from_bytes(data[at:start], "big")
    topic = data[start:at]
    mid = 0
    if head & 0x06:
        mid = data[at] << 8 | data[at + 1] if at + 2 <= after else 0
        at += 2
    if at > after:
        raise ProtocolError("a message is shorter than it says")
    return Publish(topic, data[at:after], mid, bool(head & 1))


def connect(client_id: str, user: str | None, secret: str | None, *, keep_alive_s: int) -> bytes:
    """CONNECT to a session that the broker keeps."""
    flags = (0x80 if user is not None else 0) | (0x40 if secret is not None else 0)
    fields = [client_id, *(text for text in (user, secret) if text is not None)]
    header = _text("MQTT") + bytes([4, flags]) + keep_alive_s.to_bytes(2, "big")
    return _packet(0x10, header + b"".join(map(_text, fields)))


def subscribe(mid: int, filters: Iterable[tuple[str, int]]) -> bytes:
    """SUBSCRIBE to (topic filter, QoS) pairs."""
    return _packet(
        0x82, mid.to_bytes(2, "big") + b"".join(_text(name) + bytes([qos]) for name, qos in filters)
    )


def pubacks(mids: Sequence[int]) -> bytes:
    """One PUBACK for each packet id."""
    return b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])


def refusal(connack: bytes) -> str | None:
    """Why a connection was refused; None where it was accepted."""
    code = connack[1] if len(connack) > 1 else 3
    return None if code == 0 else _REFUSED.get(code, f"code {code}")


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
