"""Whatever arrives: strictly, else field by field, else the one word that matters. Nothing raises."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.ingest.salvage import SALVAGED_RUN, Understood, life_safety_word, read_event
from tests.cloud.town import encoded, event


def read(message: dict[str, Any] | bytes) -> Understood | None:
    return read_event(message if isinstance(message, bytes) else encoded(message), "gw-1")


def salvaged(message: dict[str, Any] | bytes) -> Understood:
    found = read(message)
    assert found is not None
    return found


def test_a_good_event_has_no_problem() -> None:
    message = event("sos")
    found = salvaged(message)
    assert found.problems == ()
    assert found.event.id == message["id"]
    assert found.answerable


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("at", "yesterday", "bad_at"),
        ("at", -5, "bad_at"),
        ("room", 7, "bad_room"),
        ("device", "Has Spaces!", "bad_device"),
        ("evidence", [1, 2], "bad_evidence"),
        ("position", {"lat": 400}, "bad_position"),
        ("phase", "exploded", "bad_phase"),
        ("clock", "ntp", "bad_clock"),
        ("test", "yes", "bad_test"),
        ("boot", None, "bad_boot"),
        ("v", "one", "bad_v"),
    ],
)
def test_one_bad_field_costs_only_itself(field: str, value: object, problem: str) -> None:
    message = event("sos") | {field: value}
    found = salvaged(message)
    assert found.event.kind == "sos"
    assert found.event.phase == "raised"
    assert problem in found.problems
    assert found.answerable
    assert found.event.id == message["id"]


def test_a_missing_time_is_a_problem_of_its_own() -> None:
    assert "time_missing" in salvaged(event("sos", at=None)).problems


def test_nothing_but_a_kind_is_enough_and_a_resend_is_the_same() -> None:
    first, again = salvaged(b'{"kind":"sos"}'), salvaged(b'{"kind":"sos"}')
    assert first.event.run == SALVAGED_RUN
    assert (first.event.id, first.event.seq) == (again.event.id, again.event.seq)
    assert not first.answerable
    other = read_event(b'{"kind":"sos"}', "gw-2")
    assert other is not None
    assert other.event.id != first.event.id
    uuid.UUID(first.event.id)


@pytest.mark.parametrize("kind", ["SOS", " sos ", "Smoke"])
def test_another_spelling_of_a_kind_is_that_kind(kind: str) -> None:
    assert salvaged(event(kind)).event.kind == kind.strip().lower()


@pytest.mark.parametrize("kind", ["sos", "fall", "smoke", "gas", "co"])
@pytest.mark.parametrize(
    "frame",
    [b'{"kind":"%s", cut', b'\xff\xfe{"kind" : "%s"\x80', b'[[{"kind": "%s"}]]', b'{"a":{"kind":"%s"}}'],
)
def test_a_life_safety_kind_in_what_is_no_event_is_found(kind: str, frame: bytes) -> None:
    found = salvaged(frame.replace(b"%s", kind.encode()))
    assert found.event.kind == kind
    assert "not_json" in found.problems


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"hello",
        b"\xff\xfe\x00",
        b'{"kind":5}',
        b'{"kind":"<script>"}',
        b'{"kind":"battery_low"',
        b"[" * 200_000,
        b"x" * 1_000_000,
    ],
    ids=lambda payload: repr(payload[:16]),
)
def test_what_names_no_kind_is_no_event(payload: bytes) -> None:
    assert read(payload) is None


def test_a_megabyte_around_an_sos_loses_its_weight_not_its_kind() -> None:
    found = salvaged(event("sos", evidence={"x": "y" * 1_000_000}))
    assert found.event.kind == "sos"
    assert found.event.evidence == {}
    assert "oversized" in found.problems


def test_nul_characters_and_endless_numbers_are_taken_out() -> None:
    assert salvaged(event("sos", evidence={"a\0": "b\0c"})).event.evidence == {"a": "bc"}
    huge = encoded(event("sos", evidence={"n": 1})).replace(b'"n":1', b'"n":1e999')
    assert salvaged(huge).event.kind == "sos"
    deep = encoded(event("sos", evidence={"n": 1})).replace(b'"n":1', b'"n":' + b"[" * 5000 + b"]" * 5000)
    assert salvaged(deep).event.kind == "sos"


@given(st.binary(max_size=300))
def test_no_bytes_raise(payload: bytes) -> None:
    read(payload)
    life_safety_word(payload)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(event("sos"))), _json, max_size=9))
def test_a_life_safety_kind_survives_any_other_field(fields: dict[str, Any]) -> None:
    message = event("sos") | fields | {"kind": "fall"}
    try:
        payload = encoded(message)
    except (OverflowError, ValueError):
        return
    found = read_event(payload, "gw-1")
    assert found is not None
    assert found.event.kind == "fall"
