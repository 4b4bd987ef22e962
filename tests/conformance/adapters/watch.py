"""The watch text protocol: uplink frames, framing."""

from edge.decoding.watch import watch
from tests.conformance.samples import Values, given_bytes


def uplink(given: Values) -> Values:
    """One frame from a watch."""
    return {"want": watch()(given_bytes(given))["decoded"]}


def framing(given: Values) -> Values:
    """The frames of a stream, unescaped, as text and as hexadecimal digits."""
    frames: list[str] = watch()(given_bytes(given))["frames"]
    raw = [bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode() for text in frames]
    return {"want": frames, "want_hex": [frame.hex() for frame in raw]}
