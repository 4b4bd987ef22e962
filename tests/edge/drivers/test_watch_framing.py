from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers.watch_framing import BINARY_LIMIT, TEXT_LIMIT, WatchFramer, unescape
from tests.edge.drivers.frames import frame

LK = frame("LK,1,2,80")
BRACKETS = frame(
    "UD,060226,181500,V,0.0,N,0.0,E,0,0,0,0,90,86,1,1,00000008,0,1,My[5G]net,a4:00:00:00:00:01,-61,0.0"
)


def feed(*pieces: bytes) -> tuple[list[bytes], Counter[str]]:
    counts: Counter[str] = Counter()
    framer = WatchFramer(counts)
    return [found for piece in pieces for found in framer.feed(piece)], counts


def test_frames_come_whole_and_byte_by_byte() -> None:
    stream = LK + BRACKETS + b"\r\n" + LK
    whole, counts = feed(stream)
    assert whole == [LK, BRACKETS, LK]
    assert counts == {}
    assert feed(*(bytes([byte]) for byte in stream))[0] == whole


def test_a_length_that_lies_changes_nothing() -> None:
    lie = b"[3G*2300000017*0001*LK,1,2,80]"
    assert feed(lie + LK)[0] == [lie, LK]


def test_garbage_before_and_between_frames_is_counted() -> None:
    found, counts = feed(b"\x00\xff[[*\xfe]]" + LK + b"rubbish" + LK)
    assert found == [LK, LK]
    assert counts["garbage_bytes"] == 8 + 7


def test_a_header_inside_a_frame_breaks_it() -> None:
    found, counts = feed(b"[3G*2300000017*000A*UD,0602" + LK)
    assert found == [LK]
    assert counts["frame_broken"] == 1


def test_a_lone_bracket_in_an_ssid_does_not_swallow_the_frame() -> None:
    lone = frame("AL,060226,181500,V,0,N,0,E,0,0,0,0,90,86,1,1,00010000,0,1,caf[e,a4:00:00:00:00:01,-61,0.0")
    assert feed(lone)[0] == [lone], "LEN is true here and ends it"
    lying = lone[:15] + b"0001" + lone[19:]
    assert feed(lying + LK)[0] == [lying, LK], "else the next header does"


@pytest.mark.parametrize(("content", "limit"), [(b"UD,", TEXT_LIMIT), (b"TK,", BINARY_LIMIT)])
def test_an_endless_frame_is_dropped_at_its_limit(content: bytes, limit: int) -> None:
    found, counts = feed(b"[3G*2300000017*0001*" + content + b"x" * (limit + 10), LK)
    assert found == [LK]
    assert counts["frame_too_long"] == 1
    assert feed(b"[3G*2300000017*0001*" + content + b"x" * (limit - 40) + b"]")[0] != []


def test_a_flood_of_brackets_is_over_quickly() -> None:
    found, _ = feed(b"[" * 300_000 + b"[3G*2300000017*" * 2_000 + LK)
    assert found == [LK]


def test_escaped_voice_bytes_come_back() -> None:
    voice = bytes(range(1, 256))
    sent = voice
    for n, special in enumerate(b"}[],*"):
        sent = sent.replace(bytes([special]), bytes([0x7D, n + 1])) if special == 0x7D else sent
    for n, special in enumerate(b"}[],*"):
        if special != 0x7D:
            sent = sent.replace(bytes([special]), bytes([0x7D, n + 1]))
    [found] = feed(frame(b"TK," + sent))[0]
    assert unescape(found[found.index(b"TK,") + 3 : -1]) == voice


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([LK, BRACKETS, b"[", b"]", b"[3G*", b"*", b"garbage", b"\xff"]), max_size=12),
    st.data(),
)
def test_any_cut_gives_the_same_frames(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert feed(*pieces)[0] == feed(stream)[0]
