"""The part of NATS's client protocol that a reader of JetStream needs: bytes in, messages out. Pure.

Source: docs.nats.io, "NATS Protocol" (client protocol) and "JetStream wire API". MQTT's topics become
subjects as nats-server writes them: `/` is `.`, and `.` is `//`.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from cloud.broker import nats_subjects

PING: Final = b"PING\r\n"
PONG: Final = b"PONG\r\n"
_SUBJECTS: Final = "$MQTT.msgs."
_ACK: Final = b"+ACK"
_WORKING: Final = b"+WPI"
_LEFT: Final = b"-NAK"
_LONGEST_LINE: Final = 1 << 20
_LARGEST_MESSAGE: Final = 64 << 20


class Message(NamedTuple):
    """A message of a subscription; `status` is JetStream's word instead of one, such as 404, else 0."""

    subject: bytes
    sid: int
    reply: bytes
    payload: bytes
    status: int = 0


class Line(NamedTuple):
    """Anything else: INFO, PING, PONG, +OK or -ERR, and what follows it."""

    verb: bytes
    rest: bytes


class ProtocolError(Exception):
    """The bytes are not NATS."""


class Splitter:
    """Bytes of a connection, in any pieces, as messages and lines."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rest = b""

    def receive(self, data: bytes) -> list[Message | Line]:
        """What is whole; what is begun waits for more. Raises ProtocolError."""
        if self._rest:
            data = self._rest + data
        found: list[Message | Line] = []
        at = 0
        while (line_end := data.find(b"\r\n", at)) >= 0:
            words = data[at:line_end].split(b" ")
            verb = words[0].upper()
            if verb not in (b"MSG", b"HMSG"):
                found.append(Line(verb, data[at + len(verb) + 1 : line_end]))
                at = line_end + 2
                continue
            head, size = _sizes(verb, words)
            end = line_end + 2 + size
            if len(data) < end + 2:
                break
            found.append(_message(words, verb, data[line_end + 2 : end], head))
            at = end + 2
        self._rest = data[at:]
        if len(self._rest) > _LONGEST_LINE and b"\r\n" not in self._rest[:_LONGEST_LINE]:
            raise ProtocolError("a line without an end")
        return found


def _sizes(verb: bytes, words: list[bytes]) -> tuple[int, int]:
    """Bytes of the headers, and of headers and payload; raises ProtocolError."""
    try:
        size = int(words[-1])
        head = int(words[-2]) if verb == b"HMSG" else 0
        int(words[2])
    except (ValueError, IndexError):
        raise ProtocolError("a message without a size") from None
    if not 0 <= head <= size <= _LARGEST_MESSAGE:
        raise ProtocolError("sizes that cannot be")
    return head, size


def _message(words: list[bytes], verb: bytes, body: bytes, head: int) -> Message:
    sizes = 2 if verb == b"HMSG" else 1
    reply = words[3] if len(words) == 4 + sizes else b""
    status = body[:head].split(b"\r\n", 1)[0].split(b" ")[1:2] if head else []
    code = int(status[0]) if status and status[0].isdigit() else 0
    return Message(words[1], int(words[2]), reply, body[head:], code)


def connect(name: str, user: str | None, secret: str | None) -> bytes:
    """CONNECT, and a PING whose answer says that it was accepted."""
    options = {
        "verbose": False,
        "pedantic": False,
        "lang": "carebed",
        "version": "1",
        "protocol": 1,
        "headers": True,
        "no_responders": True,
        "name": name,
        "user": user,
        "pass": secret,
    }
    given = {key: value for key, value in options.items() if value is not None}
    return b"CONNECT " + json.dumps(given).encode() + b"\r\n" + PING


def subscribe(subject: str, sid: int, queue: str | None = None) -> bytes:
    """SUB; those of one `queue` share what comes."""
    return " ".join(filter(None, ("SUB", subject, queue, str(sid)))).encode() + b"\r\n"


def unsubscribe(sid: int) -> bytes:
    """UNSUB: nothing more comes, and what was asked for with it is forgotten."""
    return b"UNSUB %d\r\n" % sid


def request(subject: str, inbox: str, body: Mapping[str, Any]) -> bytes:
    """PUB of JSON whose answer comes to `inbox`."""
    payload = json.dumps(body).encode()
    return f"PUB {subject} {inbox} {len(payload)}\r\n".encode() + payload + b"\r\n"


def ack(reply: bytes) -> bytes:
    """The message is kept."""
    return _answer(reply, _ACK)


def working(reply: bytes) -> bytes:
    """The message is in work: it is not to be given to another reader yet."""
    return _answer(reply, _WORKING)


def left(reply: bytes) -> bytes:
    """The message will not be kept here: another reader may have it at once."""
    return _answer(reply, _LEFT)


def _answer(reply: bytes, word: bytes) -> bytes:
    return b"PUB %b %d\r\n%b\r\n" % (reply, len(word), word)


def stream_subjects(topic_filter: str) -> list[str]:
    """The subjects under which the stream keeps what an MQTT topic filter names."""
    return [_SUBJECTS + subject for subject in nats_subjects(topic_filter)]


def topic_of(subject: bytes) -> str:
    """The MQTT topic of a message, from the stream or straight from its sender."""
    text = subject.decode(errors="replace").removeprefix(_SUBJECTS)
    return text.replace("//", "\0").replace(".", "/").replace("\0", ".")


def sequence_of(reply: bytes) -> int | None:
    """The stream's number of a message, from where its ack goes; None where there is none.

    `$JS.ACK.stream.consumer.delivered.sequence.…`, or with a domain and an account's hash before the stream.
    """
    words = reply.split(b".")
    if words[:2] != [b"$JS", b"ACK"] or len(words) < 9:
        return None
    number = words[5] if len(words) == 9 else words[7]
    return int(number) if number.isdigit() else None
