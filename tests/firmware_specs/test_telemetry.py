"""Telemetry payloads: columns, compression, size, and hostile bytes."""

import contextlib
import json
import zlib
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.batches import BatchReader, decode_batch, encode_batch, inflate
from firmware_specs.fields import LAST_MS
from firmware_specs.messages import (
    TELEMETRY_MAX_BYTES,
    Event,
    Gap,
    Message,
    Position,
    TelemetryBatch,
    decode,
    encode,
)

VALID: Final = Path(__file__).parents[2] / "firmware_specs" / "examples" / "v1" / "valid"
TWENTY: Final = (VALID / "telemetry-20-readings.json").read_bytes()
ONE: Final[dict[str, Any]] = json.loads((VALID / "telemetry-one-reading.json").read_bytes())

wire_ids = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
names = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)
times = st.integers(0, LAST_MS)
anything = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.lists(st.integers()) | st.lists(st.text())
)  # fmt: skip
fields_of_a_batch = st.sampled_from(sorted([*ONE, "quality", "positions", "gaps", "clock"]))
_T = TypeVar("_T")


@st.composite
def batches(draw: st.DrawFn) -> TelemetryBatch:
    devices = draw(st.lists(wire_ids, min_size=1, max_size=5))
    kinds = draw(st.lists(names, min_size=1, max_size=5))
    count = draw(st.integers(0, 30))
    t0 = draw(st.integers(1_000_000, LAST_MS - 1_000_000))
    gaps = [Gap(from_at=1, to_at=2, count=3)] if count == 0 else []

    def column(element: st.SearchStrategy[_T]) -> st.SearchStrategy[list[_T]]:
        return st.lists(element, min_size=count, max_size=count)

    return TelemetryBatch(
        run=draw(st.from_regex(r"[a-z0-9]{8,32}", fullmatch=True)),
        boot=draw(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=64)),
        seq=draw(st.integers(1, 2**62)),
        sent_at=draw(times),
        t0=t0,
        late=draw(st.booleans()),
        devices=devices,
        kinds=kinds,
        d=draw(column(st.integers(0, len(devices) - 1))),
        k=draw(column(st.integers(0, len(kinds) - 1))),
        dt=draw(column(st.integers(-1_000_000, 1_000_000))),
        value=draw(column(st.floats(allow_nan=False, allow_infinity=False))),
        quality=draw(st.none() | column(st.integers(0, 100))),
        gaps=gaps,
    )


@given(batches(), st.booleans())
def test_a_batch_survives_the_wire(batch: TelemetryBatch, compress: bool) -> None:
    payload = encode_batch(batch, compress=compress)
    assert (payload[0] == 0x78) is compress
    assert decode_batch(payload) == batch
    reader = BatchReader()
    for _ in range(2):  # its names are new, then known
        read = reader.decode(payload)
        assert encode(read) == encode(batch)


def test_twenty_readings_are_about_600_bytes() -> None:
    batch = decode_batch(TWENTY)
    assert len(batch.value) == 20
    assert len(encode_batch(batch)) < 800
    assert len(encode_batch(batch, compress=True)) < 400


def test_every_message_names_its_version_on_the_wire() -> None:
    assert encode_batch(decode_batch(TWENTY)).startswith(b'{"v":1,')


def test_a_message_without_a_version_is_version_1() -> None:
    assert decode_batch(json.dumps({k: x for k, x in ONE.items() if k != "v"}).encode()).v == 1


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"\x78\x9c" + tail))
def test_random_bytes_never_raise_anything_but_value_errors(payload: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode_batch(payload)
    with contextlib.suppress(ValueError):
        decode(payload, Event)


@given(st.data())
def test_a_damaged_batch_is_a_batch_or_a_value_error(data: st.DataObject) -> None:
    payload = bytearray(TWENTY)
    for _ in range(data.draw(st.integers(1, 8))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        batch = decode_batch(bytes(payload))
    except ValueError:
        return
    assert len(batch.d) == len(batch.k) == len(batch.dt) == len(batch.value)
    assert all(index < len(batch.devices) for index in batch.d)
    assert all(0 <= batch.t0 + offset <= LAST_MS for offset in batch.dt)


@given(st.dictionaries(fields_of_a_batch, anything))
def test_wrong_types_in_any_field_are_value_errors(fields: dict[str, Any]) -> None:
    with contextlib.suppress(ValueError):
        decode_batch(json.dumps(ONE | fields).encode())


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    with pytest.raises(ValueError, match=r"malformed|out of range|invalid"):
        decode_batch(
            json.dumps(ONE | {"value": [7]}).replace('"value": [7]', f'"value": [{number}]').encode()
        )


@pytest.mark.parametrize("field", ["seq", "sent_at", "t0"])
def test_whole_numbers_beyond_the_calendar_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        decode_batch(json.dumps(ONE | {field: 10**40}).encode())


def test_a_reading_that_was_no_number_is_refused_not_zero() -> None:
    batch = decode_batch(TWENTY)
    batch.value[3] = float("nan")
    with pytest.raises(ValueError, match="null"):
        decode_batch(encode_batch(batch))


def test_a_zlib_bomb_is_refused_without_unpacking_it() -> None:
    bomb = zlib.compress(b" " * (64 << 20), 9)
    assert len(bomb) < 100_000
    with pytest.raises(ValueError, match="more than 1 MiB"):
        inflate(bomb)
    with pytest.raises(ValueError, match=r"more than 1 MiB|bytes, at most"):
        decode_batch(bomb)


def test_cut_and_continued_zlib_data_are_refused() -> None:
    packed = encode_batch(decode_batch(TWENTY), compress=True)
    for wrong in (packed[:-1], packed[:20], packed + b"x", b"\x78", b"\x78\x9c"):
        with pytest.raises(ValueError, match="zlib"):
            decode_batch(wrong)


def test_a_payload_above_64_kib_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 65536"):
        decode_batch(TWENTY[:-2] + b" " * TELEMETRY_MAX_BYTES + b"}")


@pytest.mark.parametrize(
    "opening", [b'{"unknown":' + b"[" * 30_000, b'{"unknown":' + b'{"a":' * 12_000, b"[" * 60_000]
)
def test_endless_nesting_is_a_value_error(opening: bytes) -> None:
    with pytest.raises(ValueError, match=r"nested too deeply|Expected"):
        decode_batch(opening)
    with pytest.raises(ValueError, match=r"nested too deeply|Expected"):
        decode(b'{"evidence":' + opening, Event)


@pytest.mark.parametrize(
    ("field", "text"),
    [("run", "4f1c02a97be35d60\n"), ("devices", ["gw\n"]), ("kinds", ["co\x00"]), ("boot", "b\n")],
)
def test_a_line_feed_or_nul_at_the_end_of_an_id_is_refused(field: str, text: object) -> None:
    with pytest.raises(ValueError, match=field):
        decode_batch(json.dumps(ONE | {field: text}).encode())


def test_a_position_needs_real_degrees() -> None:
    position = {"device": "watch-1", "at": 1, "lat": 37.4, "lon": 118.0}
    good = decode_batch(json.dumps(ONE | {"positions": [position]}).encode())
    assert good.positions == [Position(device="watch-1", at=1, lat=37.4, lon=118.0)]
    for wrong in ({"lat": -90.01}, {"lon": 180.5}, {"accuracy_m": -1}, {"datum": "tokyo"}):
        with pytest.raises(ValueError, match="positions"):
            decode_batch(json.dumps(ONE | {"positions": [position | wrong]}).encode())


@pytest.mark.parametrize("kind", Message.__subclasses__())
def test_every_message_is_immutable_and_ignores_unknown_fields(kind: type[Message]) -> None:
    assert kind.__struct_config__.frozen
    assert not kind.__struct_config__.forbid_unknown_fields
