"""A version that has raised alarms is never edited: what it is, is written here a second time, as a hash."""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cloud.alarms.rule_versions import CURRENT, RULES, RULES_V1, changed

HASHES = {"1": "d956003e5d4d3a75d503f4a3e5e56fd5bc0091ec7acdeb723e896ce572c98d63"}


def hash_of(version: str) -> str:
    plain = msgspec.to_builtins(RULES[version], str_keys=True, order="deterministic")
    return hashlib.sha256(msgspec.json.encode(plain)).hexdigest()


@pytest.mark.parametrize("version", sorted(RULES))
def test_the_numbers_of_a_version_stay_what_they_were(version: str) -> None:
    assert hash_of(version) == HASHES[version], "add a new version to RULES instead of changing this one"


def test_the_present_version_is_one_that_can_be_replayed() -> None:
    assert RULES[CURRENT.version] is CURRENT


def test_some_numbers_can_be_changed_for_a_trial() -> None:
    trial = changed(RULES_V1, {"version": "2-trial", "bands": {"spo2": {"low": 90}}, "bed_return": "PT45M"})
    assert trial.bands["spo2"].low == 90
    assert trial.bands["heart_rate"] == RULES_V1.bands["heart_rate"]
    assert (trial.bed_return, trial.version) == (timedelta(minutes=45), "2-trial")
    assert trial.news2 == RULES_V1.news2


@pytest.mark.parametrize(
    "differences",
    [{}, {"version": "1"}, {"version": 2}, {"version": "x", "nonsense": 1}, {"version": "x", "bands": 3}],
)
def test_a_trial_must_have_a_name_of_its_own_and_numbers_that_fit(differences: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        changed(RULES_V1, differences)
