"""When values become alarms: complete sets, confirmation, personal bands, fast changes, endings."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.alarms.person import Person, person_of
from cloud.alarms.readings import Method, Sample, method_of
from cloud.alarms.rule_versions import RULES_V1
from cloud.alarms.vitals import Active, Finding, assess, news, step
from tests.cloud.alarms.people import ANN, Set, ann, sample, samples_of, twice
from tests.cloud.alarms.test_news2 import ANY_SAMPLE, VECTORS
from tests.cloud.town import NOW

ILL: Set = (22, 93, "air", 105, 112, "A", 38.5)
RED: Set = (16, 91, "air", 120, 70, "A", 36.8)
WELL: Set = (16, 97, "air", 120, 70, "A", 36.8)


def found(samples: list[Sample], person: Person | None = None) -> list[Finding]:
    return list(assess(samples, person or ann(), now=NOW, rules=RULES_V1).findings)


def told(samples: list[Sample], person: Person | None = None) -> dict[str, int]:
    """Key and priority of each finding."""
    return {finding.key: finding.priority for finding in found(samples, person)}


@pytest.mark.parametrize(("values", "scale", "total"), VECTORS)
def test_a_complete_confirmed_set_has_the_priority_of_its_score(values: Set, scale: int, total: int) -> None:
    person = ann(news2={"spo2_scale": scale, "ordered_by": "Dr Li"})
    keys = told(twice(values), person)
    assert ("news2_high" in keys) is (total >= 7)
    assert ("news2_medium" in keys) is (total == 5)
    assert keys.get("news2_high", 1) == 1
    assert keys.get("news2_medium", 2) == 2


def test_seven_or_more_of_an_incomplete_set_is_urgent_and_never_a_matter_of_life() -> None:
    (finding,) = [f for f in found(twice(ILL, leave_out=["consciousness"])) if f.kind.startswith("news2")]
    assert (finding.kind, finding.priority) == ("news2_medium", 2)
    assert "6_of_7_not_a_news2" in finding.reasons
    assert finding.inputs["news2"]["missing"] == ["consciousness"]


def test_one_parameter_at_three_is_urgent() -> None:
    assert told(twice(RED))["news2_medium"] == 2
    assert told(twice(RED, leave_out=["consciousness", "systolic", "oxygen"]))["news2_medium"] == 2


def test_what_was_measured_once_only_asks_for_a_second_reading() -> None:
    keys = told(samples_of(ILL))
    assert {key: p for key, p in keys.items() if key.startswith("news2")} == {"news2_unconfirmed": 3}
    (finding,) = [f for f in found(samples_of(ILL)) if f.key == "news2_unconfirmed"]
    assert finding.kind == "vital_out_of_band"
    assert "unconfirmed" in finding.reasons


def test_once_and_a_symptom_is_enough() -> None:
    assert told([*samples_of(ILL), sample("symptom", "breathless")])["news2_high"] == 1
    confused: Set = (22, 93, "air", 105, 112, "C", 38.5)
    assert told(samples_of(confused))["news2_high"] == 1


@pytest.mark.parametrize("kind", ["spo2", "heart_rate", "systolic", "resp_rate", "body_temperature"])
def test_wrist_estimates_never_become_more_than_attention(kind: str) -> None:
    worst = {"spo2": 60.0, "heart_rate": 200.0, "systolic": 60.0, "resp_rate": 50.0, "body_temperature": 34.0}
    wrist: list[Sample] = [
        sample(kind, worst[kind], at=NOW - timedelta(minutes=n), method="wrist") for n in range(5)
    ]
    findings = found([*wrist, sample("symptom", "dizzy")])
    assert findings
    assert {finding.priority for finding in findings} == {3}
    assert all("estimate" in finding.reasons for finding in findings)


def test_scale_2_holds_only_by_a_clinicians_order() -> None:
    copd: Set = (18, 90, "air", 120, 70, "A", 37.0)
    ordered = ann(news2={"spo2_scale": 2, "ordered_by": "Dr Li"}, bands={"spo2": {"low": 88}})
    assert told(twice(copd), ordered) == {}
    unsigned = ann(news2={"spo2_scale": 2})
    assert told(twice(copd), unsigned)["news2_medium"] == 2
    assert unsigned.limits.problems == ("news2_without_clinician",)


def test_a_standing_order_of_oxygen_counts_until_an_operator_hears_otherwise() -> None:
    person = ann(news2={"oxygen": True, "ordered_by": "Dr Li"})
    values = samples_of(WELL, leave_out=["oxygen"])
    ordered = assess(values, person, now=NOW, rules=RULES_V1).score
    assert (ordered.total, ordered.complete) == (2, True)
    heard = assess([*values, sample("oxygen", 0.0)], person, now=NOW, rules=RULES_V1).score
    assert (heard.total, heard.complete) == (0, True)


@pytest.mark.parametrize(("value", "side"), [(49.9, "low"), (50, ""), (110, ""), (110.1, "high")])
def test_outside_the_personal_band_once_is_attention(value: float, side: str) -> None:
    person = ann(bands={"heart_rate": {"low": 50, "high": 110}})
    once = told([sample("heart_rate", value, method="wrist")], person)
    assert once == ({f"band:heart_rate:{side}": 3} if side else {})


def test_an_urgent_limit_of_a_clinician_needs_two_readings() -> None:
    person = ann(bands={"glucose": {"low": 4, "high": 12, "urgent_low": 3, "urgent_high": 20}})
    now, before = sample("glucose", 2.8, method="glucometer"), NOW - timedelta(minutes=3)
    assert told([now], person) == {"band:glucose:low": 3}
    assert told([now, sample("glucose", 2.9, at=before, method="glucometer")], person) == {
        "band:glucose:low": 2
    }
    assert told([now, sample("glucose", 2.9, at=before, method="wrist")], person) == {"band:glucose:low": 3}
    assert told([now, sample("symptom", "shaking")], person) == {"band:glucose:low": 2}


def test_every_finding_tells_the_values_it_used_with_age_and_method() -> None:
    (finding,) = found([sample("systolic", 190, at=NOW - timedelta(minutes=2))])
    (value,) = finding.inputs["values"]
    assert value == {"kind": "systolic", "value": 190, "age_s": 120, "method": "cuff", "device": "cuff"}
    assert finding.reasons == ("systolic_high", "once")


def weights(*values: float) -> list[Sample]:
    days = range(len(values) - 1, -1, -1)
    return [
        sample("weight", value, at=NOW - timedelta(hours=12 * n), method="scales")
        for n, value in zip(days, values, strict=True)
    ]


def test_a_fast_change_is_told_when_two_readings_show_it() -> None:
    assert told(weights(70, 71, 72.4)) == {}, "one reading may be a coat"
    assert told(weights(70, 72.1, 72.4)) == {"rate:weight": 3}
    assert told(weights(70, 69, 67)) == {}, "nobody asked for a loss"
    falls = [sample("heart_rate", v, at=NOW - timedelta(minutes=n)) for v, n in ((104, 20), (60, 2), (62, 0))]
    assert told(falls)["rate:heart_rate"] == 3


def test_a_change_between_two_methods_is_no_change() -> None:
    cuff = sample("heart_rate", 60, at=NOW - timedelta(minutes=20))
    wrist = [sample("heart_rate", 105, at=NOW - timedelta(minutes=n), method="wrist") for n in (2, 0)]
    assert told([cuff, *wrist]) == {}


def active(**conditions: Any) -> dict[str, Active]:
    return {
        key.replace("__", ":"): Active(key=key.replace("__", ":"), **{"raised_at": NOW} | given)
        for key, given in conditions.items()
    }


def test_a_condition_rings_once_and_again_when_it_lasts_or_grows_worse() -> None:
    person = ann(bands={"systolic": {"high": 150, "urgent_high": 180}})
    high = [sample("systolic", 190, at=NOW - timedelta(minutes=n)) for n in (5, 0)]
    assessment = assess(high, person, now=NOW, rules=RULES_V1)

    def rings(known: dict[str, Active]) -> list[str]:
        return [f.key for f in news(assessment, known, now=NOW, rules=RULES_V1)[0]]

    assert rings({}) == ["band:systolic:high"]
    assert rings(active(band__systolic__high={"priority": 2})) == []
    assert rings(active(band__systolic__high={"priority": 3})) == ["band:systolic:high"], "worse than told"
    long_ago = NOW - RULES_V1.again_after[2]
    assert rings(active(band__systolic__high={"priority": 2, "raised_at": long_ago})) == [
        "band:systolic:high"
    ]


def test_a_condition_is_over_when_two_values_are_well_again_and_rests_before_it_rings_anew() -> None:
    known = active(band__heart_rate__high={"priority": 3, "raised_at": NOW - timedelta(minutes=20)})
    well = [sample("heart_rate", 80, at=NOW - timedelta(minutes=n)) for n in (3, 0)]
    for samples, over in ((well, ["band:heart_rate:high"]), (well[:1], []), ([], [])):
        assessment = assess(samples, ann(), now=NOW, rules=RULES_V1)
        assert news(assessment, known, now=NOW, rules=RULES_V1) == ([], over)
    after = step(known, [], ["band:heart_rate:high"], now=NOW)
    again = assess([sample("heart_rate", 140, method="wrist")], ann(), now=NOW, rules=RULES_V1)
    assert news(again, after, now=NOW, rules=RULES_V1)[0] == []
    later = NOW + timedelta(minutes=10)
    assert news(again, after, now=later, rules=RULES_V1)[0] != []


def test_a_score_is_over_only_when_at_least_as_much_is_known() -> None:
    known = active(news2_high={"priority": 1, "known": 7})
    for leave_out, over in (((), ["news2_high"]), (("consciousness",), [])):
        assessment = assess(twice(WELL, leave_out=leave_out), ann(), now=NOW, rules=RULES_V1)
        assert news(assessment, known, now=NOW, rules=RULES_V1) == ([], over)


@given(st.lists(ANY_SAMPLE, max_size=25), st.randoms(use_true_random=False))
def test_any_values_in_any_order_are_judged_the_same_and_never_raise(
    samples: list[Sample], chance: random.Random
) -> None:
    judged = assess(samples, ann(), now=NOW, rules=RULES_V1)
    shuffled = list(samples)
    chance.shuffle(shuffled)
    assert assess(shuffled, ann(), now=NOW, rules=RULES_V1) == judged
    for finding in judged.findings:
        assert finding.priority in (1, 2, 3)
        assert finding.reasons
        if finding.priority == 1:
            assert judged.score.complete
            assert judged.score.confirmed_total >= 7
    assert not {finding.key for finding in judged.findings} & judged.over


@given(st.lists(ANY_SAMPLE, max_size=20))
def test_wrist_values_alone_are_never_urgent(samples: list[Sample]) -> None:
    only_wrist = [s for s in samples if s.method in ("wrist", "unknown")]
    assert all(finding.priority == 3 for finding in found(only_wrist))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["news2", "bands", "fence", "bed_return_min", "door_open_min", "inactivity_h", "high_risk", "heart_rate"]
)


@given(st.dictionaries(NAMES, JSON), JSON, JSON)
def test_whatever_the_registry_says_of_a_person_never_raises(
    limits: dict[str, Any], needs: Any, profile: Any
) -> None:
    person = person_of(ANN, limits=limits, needs=needs, profile=profile)
    assert person.limits.spo2_scale in (1, 2)


@pytest.mark.parametrize(
    "bad",
    [
        {"low": 60, "high": 50},
        {"lo": 50},
        {},
        [],
        "50-110",
        {"low": float("nan")},
        {"low": 50, "urgent_low": 55},
    ],
)
def test_a_band_that_makes_no_sense_is_named_and_the_products_own_holds(bad: Any) -> None:
    person = ann(bands={"heart_rate": bad})
    assert person.limits.problems == ("bands.heart_rate",)
    assert told([sample("heart_rate", 30)], person)["band:heart_rate:low"] == 3


@pytest.mark.parametrize(
    ("described", "method"),
    [
        (("cuff", "zigbee", "", "zb-1"), "cuff"),
        (("", "blood-pressure", "", "x"), "cuff"),
        (("", "watch", "", "watch-123"), "wrist"),
        (("", "unknown", "", "wrist-a"), "wrist"),
        (("", "radar", "", "zb-1"), "contactless"),
        (("", "zigbee", "thing", "zb-1"), "unknown"),
    ],
)
def test_how_a_device_measures_is_told_by_its_role_family_model_or_id(
    described: tuple[str, str, str, str], method: Method
) -> None:
    assert method_of(*described) == method
