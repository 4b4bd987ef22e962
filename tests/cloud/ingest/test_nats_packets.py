"""Messages come out whole however the bytes are cut, and what is no NATS is said."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.ingest import nats_packets as packets
from cloud.ingest.nats_packets import Line, Message, ProtocolError, Splitter

words = st.from_regex(rb"[A-Za-z0-9$._-]{1,20}", fullmatch=True)
messages = st.lists(
    st.builds(
        Message, words, st.integers(0, 9), st.one_of(st.just(b""), words), st.binary(max_size=200), st.just(0)
    ),
    max_size=6,
)


def sent(message: Message, headers: bytes = b"") -> bytes:
    """As a server writes it."""
    reply = [message.reply] if message.reply else []
    sizes = [b"%d" % len(headers)] if headers else []
    verb = b"HMSG" if headers else b"MSG"
    size = b"%d" % (len(headers) + len(message.payload))
    line = b" ".join([verb, message.subject, b"%d" % message.sid, *reply, *sizes, size])
    return line + b"\r\n" + headers + message.payload + b"\r\n"


@given(messages, st.booleans(), st.data())
def test_messages_come_out_whole_however_they_are_cut(
    found: list[Message], with_headers: bool, data: st.DataObject
) -> None:
    headers = b"NATS/1.0\r\nNmqtt-Pub: 1\r\n\r\n" if with_headers else b""
    stream = b"".join(sent(message, headers) for message in found) + b"PING\r\n"
    splitter = Splitter()
    received: list[Message | Line] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        received += splitter.receive(stream[:size])
        stream = stream[size:]
    assert received == [*found, Line(b"PING", b"")]


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda data: b"MSG " + data + b"\r\n")))
def test_garbage_raises_nothing_else(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        for found in Splitter().receive(data):
            if isinstance(found, Message):
                packets.topic_of(found.subject)
                packets.sequence_of(found.reply)


@pytest.mark.parametrize(
    "line", [b"MSG\r\n", b"MSG a 1 -5\r\n", b"HMSG a 1 9 5\r\n", b"MSG a 1 99999999999\r\n", bytes(3 << 20)]
)
def test_sizes_that_cannot_be_are_no_nats(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        Splitter().receive(line)


def test_jetstreams_own_word_is_told_apart_from_a_message() -> None:
    (status,) = Splitter().receive(sent(Message(b"_INBOX.m.7", 1, b"", b""), b"NATS/1.0 408 Timeout\r\n\r\n"))
    assert status == Message(b"_INBOX.m.7", 1, b"", b"", 408)


def test_topics_come_back_from_subjects() -> None:
    assert packets.stream_subjects("carebed/v1/+/state/#") == [
        "$MQTT.msgs.carebed.v1.*.state",
        "$MQTT.msgs.carebed.v1.*.state.>",
    ]
    assert packets.topic_of(b"$MQTT.msgs.carebed.v1.gw-1.up.event") == "carebed/v1/gw-1/up/event"
    assert packets.topic_of(b"carebed.v1.gw//1.up.log") == "carebed/v1/gw.1/up/log"


def test_the_number_of_a_message_is_in_its_reply() -> None:
    assert packets.sequence_of(b"$JS.ACK.$MQTT_msgs.g-events.1.42.7.1700000000000000000.3") == 42
    assert packets.sequence_of(b"$JS.ACK.hub.ACCHASH.$MQTT_msgs.g-events.2.43.8.1700000000.0.token") == 43
    assert packets.sequence_of(b"_INBOX.x") is None
    assert packets.sequence_of(b"$JS.ACK.a.b.c.d.e.f.g") is None


def test_what_a_reader_says() -> None:
    greeting, ping = packets.connect("me", "user", None).split(b"\r\n", 1)
    assert json.loads(greeting.removeprefix(b"CONNECT "))["user"] == "user"
    assert b"pass" not in greeting
    assert ping == b"PING\r\n"
    assert packets.subscribe("a.*", 3) == b"SUB a.* 3\r\n"
    assert packets.subscribe("a.*", 3, "group") == b"SUB a.* group 3\r\n"
    assert packets.request("to", "inbox", {"batch": 1}) == b'PUB to inbox 12\r\n{"batch": 1}\r\n'
    assert packets.ack(b"$JS.ACK.x") == b"PUB $JS.ACK.x 4\r\n+ACK\r\n"
    assert packets.working(b"$JS.ACK.x") == b"PUB $JS.ACK.x 4\r\n+WPI\r\n"
    assert packets.left(b"$JS.ACK.x") == b"PUB $JS.ACK.x 4\r\n-NAK\r\n"
