"""NEWS2: every edge of both scales, the vectors, gaps, ages and methods; and what holds for any values."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.alarms.news2 import PARAMETERS, label, points, score, words
from cloud.alarms.readings import Method, Sample
from cloud.alarms.rule_versions import NEWS2, RULES_V1
from tests.cloud.alarms.people import Set, sample, samples_of, twice
from tests.cloud.town import NOW

# (parameter, scale, on oxygen) and value:points of the first and last value of each band
EDGES: list[tuple[str, int, bool | None, str]] = [
    ("resp_rate", 1, None, "2:3 8:3 9:1 11:1 12:0 20:0 21:2 24:2 25:3 70:3"),
    ("spo2", 1, None, "50:3 91:3 92:2 93:2 94:1 95:1 96:0 100:0"),
    ("spo2", 2, False, "50:3 83:3 84:2 85:2 86:1 87:1 88:0 92:0 93:0 94:0 95:0 96:0 97:0 100:0"),
    ("spo2", 2, True, "50:3 83:3 84:2 85:2 86:1 87:1 88:0 92:0 93:1 94:1 95:2 96:2 97:3 100:3"),
    ("systolic", 1, None, "40:3 90:3 91:2 100:2 101:1 110:1 111:0 219:0 220:3 300:3"),
    ("heart_rate", 1, None, "20:3 40:3 41:1 50:1 51:0 90:0 91:1 110:1 111:2 130:2 131:3 260:3"),
    ("body_temperature", 1, None, "25:3 35.0:3 35.1:1 36.0:1 36.1:0 38.0:0 38.1:1 39.0:1 39.1:2 45:2"),
]
CASES = [
    pytest.param(
        parameter, scale, oxygen, float(value), int(expected), id=f"{parameter}-{scale}-{oxygen}-{value}"
    )
    for parameter, scale, oxygen, edges in EDGES
    for value, expected in (edge.split(":") for edge in edges.split())
]
VECTORS: list[tuple[Set, int, int]] = [
    ((16, 97, "air", 120, 70, "A", 36.8), 1, 0),
    ((25, 91, "O2", 90, 131, "V", 35.0), 1, 20),
    ((22, 93, "air", 105, 112, "A", 38.5), 1, 8),
    ((8, 96, "air", 220, 40, "A", 39.1), 1, 11),
    ((18, 93, "air", 120, 70, "A", 37.0), 2, 0),
    ((18, 97, "O2", 120, 70, "A", 37.0), 2, 5),
]
NORMAL: Set = (16, 97, "air", 120, 70, "A", 36.8)


@pytest.mark.parametrize(("parameter", "scale", "oxygen", "value", "expected"), CASES)
def test_each_band_begins_and_ends_where_the_table_says(
    parameter: str, scale: int, oxygen: bool | None, value: float, expected: int
) -> None:
    assert points(parameter, value, NEWS2, scale=scale, on_oxygen=oxygen) == expected


@pytest.mark.parametrize(
    ("word", "expected"), [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3), ("X", None), ("", None)]
)
def test_alertness_is_one_of_five_words(word: str, expected: int | None) -> None:
    assert points("consciousness", word, NEWS2) == expected


def test_oxygen_is_two_points_and_air_none() -> None:
    assert (points("oxygen", 1.0, NEWS2), points("oxygen", 0.0, NEWS2)) == (2, 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (35.04, 3),
        (35.05, 1),
        (36.04, 1),
        (36.05, 0),
        (38.04, 0),
        (38.05, 1),
        (39.04, 1),
        (39.05, 2),
        (38.049999, 0),
    ],
)
def test_temperature_is_rounded_to_a_tenth_before_it_is_looked_up(value: float, expected: int) -> None:
    assert points("body_temperature", value, NEWS2) == expected


@pytest.mark.parametrize(("values", "scale", "total"), VECTORS)
def test_the_vectors(values: Set, scale: int, total: int) -> None:
    found = score(samples_of(values), now=NOW, scale=scale, rules=RULES_V1)
    assert (found.total, found.complete, found.known) == (total, True, 7)
    assert label(found)[1] == f"NEWS2 {total}"


@pytest.mark.parametrize("missing", PARAMETERS)
def test_what_is_missing_is_neither_normal_nor_zero(missing: str) -> None:
    found = score(samples_of(NORMAL, leave_out=[missing]), now=NOW, scale=1, rules=RULES_V1)
    assert not found.complete
    assert found.missing == (missing,)
    assert missing not in {parameter.parameter for parameter in found.parameters}
    assert label(found)[1].startswith("6 of 7, not a NEWS2")
    assert "不是 NEWS2" in label(found)[0]


def test_four_of_seven_is_not_a_news2() -> None:
    left_out = ("consciousness", "oxygen", "systolic")
    found = score(samples_of(NORMAL, leave_out=left_out), now=NOW, scale=1, rules=RULES_V1)
    assert label(found)[1] == "4 of 7, not a NEWS2; the known ones sum to 0"
    nothing = score([], now=NOW, scale=1, rules=RULES_V1)
    assert (nothing.known, nothing.complete, nothing.highest(confirmed=True)) == (0, False, 0)


@pytest.mark.parametrize(("spo2", "known"), [(87, True), (92, True), (93, False), (97, False)])
def test_scale_2_above_92_cannot_be_scored_while_oxygen_is_not_known(spo2: float, known: bool) -> None:
    values: Set = (16, spo2, "air", 120, 70, "A", 36.8)
    found = score(samples_of(values, leave_out=["oxygen"]), now=NOW, scale=2, rules=RULES_V1)
    assert ("spo2" not in found.missing) is known


@pytest.mark.parametrize("kind", ["heart_rate", "spo2", "systolic", "body_temperature", "resp_rate"])
@pytest.mark.parametrize("method", ["wrist", "unknown"])
def test_a_wrist_estimate_is_shown_and_never_counts(kind: str, method: Method) -> None:
    others = samples_of(NORMAL, leave_out=[kind])
    value = 40.0 if kind == "body_temperature" else 50.0
    found = score([*others, sample(kind, value, method=method)], now=NOW, scale=1, rules=RULES_V1)
    assert found.missing == (kind,)
    assert [estimate.method for estimate in found.estimates] == [method]


def test_a_newer_wrist_estimate_does_not_hide_the_cuff() -> None:
    cuff = sample("systolic", 95, at=NOW - timedelta(minutes=5))
    watch = sample("systolic", 120, method="wrist")
    found = score([watch, cuff], now=NOW, scale=1, rules=RULES_V1)
    assert [(p.value, p.method, p.age_s) for p in found.parameters] == [(95, "cuff", 300)]


@pytest.mark.parametrize("kind", PARAMETERS)
def test_a_value_counts_until_its_greatest_age_and_no_longer(kind: str) -> None:
    oldest = NOW - RULES_V1.max_age[kind]
    normal: tuple[float | str, ...] = (16.0, 97.0, 0.0, 120.0, 70.0, "A", 36.8)
    value = normal[PARAMETERS.index(kind)]
    for at, known in ((oldest, True), (oldest - timedelta(milliseconds=1), False)):
        assert (
            kind not in score([sample(kind, value, at=at)], now=NOW, scale=1, rules=RULES_V1).missing
        ) is known


@pytest.mark.parametrize(
    "bad",
    [
        sample("spo2", 80, at=NOW + timedelta(seconds=1)),
        sample("spo2", 80, quality=49),
        sample("spo2", 0),
        sample("spo2", 1e300),
        sample("spo2", float("nan")),
    ],
)
def test_a_reading_from_later_of_poor_quality_or_impossible_is_none(bad: Sample) -> None:
    assert score([bad], now=NOW, scale=1, rules=RULES_V1).known == 0


@pytest.mark.parametrize(("kind", "idle"), [("worn", 0), ("charging", 1)])
def test_a_device_that_nobody_wears_or_that_charges_yields_no_vitals(kind: str, idle: int) -> None:
    spo2 = sample("spo2", 85)
    wear = sample(kind, idle, at=NOW - timedelta(minutes=1), method="wrist", device=spo2.device)
    back = sample(kind, 1 - idle, at=NOW - timedelta(seconds=1), method="wrist", device=spo2.device)
    elsewhere = sample(kind, idle, method="wrist", device="another")
    assert score([spo2, wear], now=NOW, scale=1, rules=RULES_V1).known == 0
    assert score([spo2, wear, back], now=NOW, scale=1, rules=RULES_V1).known == 1
    assert score([spo2, elsewhere], now=NOW, scale=1, rules=RULES_V1).known == 1


def test_points_are_confirmed_by_a_second_reading_or_by_a_symptom() -> None:
    first = sample("spo2", 91, at=NOW - timedelta(minutes=5))
    again, normal, burst = (
        sample("spo2", 92),
        sample("spo2", 98),
        sample("spo2", 91, at=NOW - timedelta(seconds=5)),
    )
    breathless = sample("symptom", "breathless")

    def confirmed(*samples: Sample) -> int:
        return score(samples, now=NOW, scale=1, rules=RULES_V1).confirmed_total

    assert confirmed(again) == 0
    assert confirmed(again, first) == 2
    assert confirmed(normal, first) == 0
    assert confirmed(again, burst) == 0, "two values of one burst are one reading"
    assert confirmed(again, breathless) == 2
    assert confirmed(again, sample("consciousness", "C")) == 5
    assert (
        confirmed(
            again, sample("consciousness", "C", at=NOW - timedelta(minutes=9)), sample("consciousness", "A")
        )
        == 0
    )


def test_every_value_is_told_with_its_age_and_its_method() -> None:
    told = words(score(twice((22, 93, "air", 105, 112, "A", 38.5)), now=NOW, scale=1, rules=RULES_V1))
    assert (told["score"], told["confirmed_score"], told["complete"]) == (8, 8, True)
    assert all({"value", "age_s", "method", "points"} <= set(parameter) for parameter in told["parameters"])


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "resp_rate": st.floats(2, 70),
        "spo2": st.floats(50, 100),
        "oxygen": st.sampled_from([0.0, 1.0]),
        "systolic": st.floats(40, 300),
        "heart_rate": st.floats(20, 260),
        "consciousness": st.sampled_from("ACVPU"),
        "body_temperature": st.floats(25, 45),
    },
)
ANY_SAMPLE = st.builds(
    Sample,
    kind=st.sampled_from(
        [*PARAMETERS, "symptom", "worn", "charging", "glucose", "weight", "diastolic", "nonsense"]
    ),
    at=st.integers(-20_000, 100).map(lambda s: NOW + timedelta(seconds=s)),
    known_at=st.integers(-20_000, 100).map(lambda s: NOW + timedelta(seconds=s)),
    value=st.floats(),
    text=st.sampled_from(["A", "C", "V", "?", ""]),
    method=st.sampled_from(["operator", "cuff", "oximeter", "wrist", "unknown"]),
    device=st.sampled_from([None, "a", "b"]),
    quality=st.none() | st.integers(-5, 105),
)


@given(st.lists(ANY_SAMPLE, max_size=30), st.sampled_from([1, 2]), st.randoms(use_true_random=False))
def test_any_values_in_any_order_score_the_same_and_never_raise(
    samples: list[Sample], scale: int, chance: random.Random
) -> None:
    found = score(samples, now=NOW, scale=scale, rules=RULES_V1)
    shuffled = list(samples)
    chance.shuffle(shuffled)
    assert score(shuffled, now=NOW, scale=scale, rules=RULES_V1) == found
    assert 0 <= found.confirmed_total <= found.total <= 20
    assert found.known + len(found.missing) == 7


@given(VALUES, st.sampled_from([1, 2]))
def test_more_knowledge_never_lowers_the_sum(values: dict[str, float | str], scale: int) -> None:
    samples = [sample(kind, value) for kind, value in values.items()]
    whole = score(samples, now=NOW, scale=scale, rules=RULES_V1)
    for left_out in samples:
        part = score([s for s in samples if s is not left_out], now=NOW, scale=scale, rules=RULES_V1)
        # On scale 2 the points of SpO2 depend on oxygen: without it they may be unknown, never higher.
        assert part.total <= whole.total


@pytest.mark.parametrize(
    ("kind", "low", "normal", "high"),
    [
        ("resp_rate", 2.0, 16.0, 70.0),
        ("spo2", 50.0, 97.0, 100.0),
        ("systolic", 40.0, 150.0, 300.0),
        ("heart_rate", 20.0, 70.0, 260.0),
        ("body_temperature", 25.0, 37.0, 45.0),
    ],
)
@given(data=st.data())
def test_further_from_normal_is_never_fewer_points(
    data: st.DataObject, kind: str, low: float, normal: float, high: float
) -> None:
    for near, far in ((normal, low), (normal, high)):
        one, other = sorted(data.draw(st.tuples(*[st.floats(min(near, far), max(near, far))] * 2)))
        closer, further = (one, other) if far > near else (other, one)
        less, more = points(kind, closer, NEWS2), points(kind, further, NEWS2)
        assert less is not None
        assert more is not None
        assert less <= more
