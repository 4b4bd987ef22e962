"""Packets come out whole however the bytes are cut, and what is no MQTT is said."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.ingest import mqtt_packets as packets
from cloud.ingest.mqtt_packets import Control, ProtocolError, Publish, Splitter


def publish(topic: bytes, payload: bytes, mid: int, *, retained: bool) -> bytes:
    """A PUBLISH of QoS 1, or of 0 without a packet id."""
    body = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if mid else b"") + payload
    length, size = len(body), b""
    while length > 0x7F:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([0x30 | (2 if mid else 0) | retained]) + size + bytes([length]) + body


messages = st.lists(
    st.builds(
        Publish, st.binary(max_size=40), st.binary(max_size=300), st.integers(0, 65_535), st.booleans()
    ),
    max_size=8,
)


@given(messages, st.data())
def test_packets_come_out_whole_however_they_are_cut(found: list[Publish], data: st.DataObject) -> None:
    sent = b"".join(publish(m.topic, m.payload, m.mid, retained=m.retained) for m in found) + b"\xd0\x00"
    splitter = Splitter()
    received: list[Publish | Control] = []
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        received += splitter.receive(sent[:size])
        sent = sent[size:]
    assert received == [*found, Control(13, b"")]


@given(st.binary(max_size=400))
def test_garbage_raises_nothing_else(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        Splitter().receive(data)


def test_a_length_without_an_end_is_no_mqtt() -> None:
    with pytest.raises(ProtocolError):
        Splitter().receive(b"\x30\xff\xff\xff\xff\x01")


def test_what_a_reader_says() -> None:
    greeting = packets.connect("me", "user", "secret", keep_alive_s=30)
    assert greeting == b"\x10\x1c\x00\x04MQTT\x04\xc0\x00\x1e\x00\x02me\x00\x04user\x00\x06secret"
    assert packets.subscribe(1, [("a/+", 1)]) == b"\x82\x08\x00\x01\x00\x03a/+\x01"
    assert packets.pubacks([1, 258]) == b"\x40\x02\x00\x01\x40\x02\x01\x02"


def test_why_a_connection_was_refused() -> None:
    assert packets.refusal(b"\x00\x00") is None
    assert packets.refusal(b"\x00\x05") == "not authorised"
    assert packets.refusal(b"") is not None
