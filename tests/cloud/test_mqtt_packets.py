"""Packets come out whole however the bytes are cut, and what is no MQTT is said."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.mqtt import packets
from cloud.mqtt.packets import Control, ProtocolError, Publish, Splitter


def publish(topic: bytes, payload: bytes, mid: int, *, retained: bool, properties: bytes = b"") -> bytes:
    """A PUBLISH of QoS 1, or of 0 without a packet id."""
    number = mid.to_bytes(2, "big") if mid else b""
    body = len(topic).to_bytes(2, "big") + topic + number + properties + payload
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


@pytest.mark.parametrize(
    ("version", "properties"), [(4, b""), (5, b"\x00"), (5, b"\x05\x02\x00\x00\x00\x3c")]
)
@given(found=messages, data=st.data())
def test_packets_come_out_whole_however_they_are_cut(
    version: int, properties: bytes, found: list[Publish], data: st.DataObject
) -> None:
    sent = b"".join(
        publish(m.topic, m.payload, m.mid, retained=m.retained, properties=properties) for m in found
    )
    sent += b"\xd0\x00"
    splitter = Splitter(version)
    received: list[Publish | Control] = []
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        received += splitter.receive(sent[:size])
        sent = sent[size:]
    assert received == [*found, Control(13, b"")]


@given(st.binary(max_size=400), st.sampled_from([4, 5]))
def test_garbage_raises_nothing_else(data: bytes, version: int) -> None:
    for read in (
        Splitter(version).receive,
        packets.refusal,
        packets.goodbye,
        lambda body: packets.subscription_refusal(body, version=version),
    ):
        with contextlib.suppress(ProtocolError, IndexError):  # the reader ends the connection for both
            read(data)


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
    # MQTT 5: with what the broker allows; here a maximum of packets, and then no shared subscriptions.
    assert packets.refusal(b"\x00\x00\x06\x21\x00\x14\x22\x00\x0a") is None
    assert packets.refusal(b"\x00\x00\x05\x21\x00\x14\x2a\x00") == "no shared subscriptions"
    assert packets.refusal(b"\x00\x87\x00") == "not authorised"
    assert packets.goodbye(b"\x8e") == "another connection of this client id"
    assert packets.goodbye(b"") == "no reason told"


def test_what_a_member_says() -> None:
    greeting = packets.connect("me", None, None, keep_alive_s=10, member=packets.Member(10, 8000))
    assert greeting == (b"\x10\x17\x00\x04MQTT\x05\x00\x00\x0a\x08\x11\x00\x00\x00\x0a\x21\x1f\x40\x00\x02me")
    shared = packets.subscribe(1, [("$share/g/a", 1)], version=5)
    assert shared == b"\x82\x10\x00\x01\x00\x00\x0a$share/g/a\x01"


def test_why_a_subscription_was_refused() -> None:
    assert packets.subscription_refusal(b"\x00\x01\x01\x01") is None
    assert packets.subscription_refusal(b"\x00\x01\x01\x80") == "code 128"
    assert packets.subscription_refusal(b"\x00\x01\x00\x01", version=5) is None
    assert packets.subscription_refusal(b"\x00\x01\x00\x9e", version=5) == "no shared subscriptions"
