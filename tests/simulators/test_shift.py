"""The compressed shift: what is planned, how people behave, and one short shift played for real."""

import asyncio
import re
import sys
from pathlib import Path
from random import Random

import pytest

from simulators.shift_plan import CITY_HOMES, MIX, day_factor, human, plan
from simulators.shift_report import aligned, told

CHECKOUT = Path(__file__).parents[2]


def test_the_mean_over_a_day_is_the_assumed_rate() -> None:
    assert sum(day_factor(hour) for hour in range(24)) / 24 == pytest.approx(1.0)
    assert day_factor(3) < day_factor(12)
    assert day_factor(22) == day_factor(26) == day_factor(5.99)


def test_a_day_of_the_city_brings_as_many_alarms_as_assumed_and_the_same_for_the_same_seed() -> None:
    alarms = plan(Random(1), hours=24, start_hour=0)
    expected = sum(what.per_day for what in MIX) * CITY_HOMES / 1000
    assert len(alarms) == pytest.approx(expected, rel=0.15)
    assert alarms == plan(Random(1), hours=24, start_hour=0)
    assert [alarm.at_s for alarm in alarms] == sorted(alarm.at_s for alarm in alarms)
    assert len({alarm.home for alarm in alarms}) == len(alarms)
    by_night = [alarm for alarm in alarms if alarm.at_s < 6 * 3600]
    by_day = [alarm for alarm in alarms if 9 * 3600 <= alarm.at_s < 15 * 3600]
    assert len(by_night) * 2 < len(by_day)


def test_a_small_town_has_few_alarms_and_each_still_finds_a_home() -> None:
    alarms = plan(Random(2), hours=24, start_hour=0, homes=3)
    assert all(0 <= alarm.home < 3 for alarm in alarms)


def test_people_are_quick_or_slow_around_a_median_and_never_endless() -> None:
    random = Random(3)
    times = sorted(human(random, 10, most_s=40) for _ in range(1001))
    assert times[500] == pytest.approx(10, rel=0.1)
    assert times[0] > 0
    assert times[-1] <= 40


FIGURES = {
    "cases_all": 2, "cases_acted": 2, "answer_p50_s": 5.0, "answer_p95_s": None, "answer_15s_all": 100.0,
    "answer_15s_acted": 100.0, "answer_60s_acted": 100.0, "answer_180s_acted": 100.0, "dispatched": 0,
    "dispatch_p50_s": None, "arrival_p90_s": None, "load_per_hour": 2.0, "returned": 0, "shown_p99_s": 3.0,
    "priority_1": 50.0, "priority_2": 50.0, "priority_3": 0.0, "priority_4": 0.0, "floods": 0,
    "flood_minutes": 0.0, "stale": 0, "top_devices": [{"device": "watch-1", "activations": 2}],
}  # fmt: skip
PROMISE = {
    "figure": "answer_15s_acted", "compare": "least", "value": 95.0, "unit": "%", "zh": "15 秒内接警",
    "en": "claimed within 15 s", "others": "-", "reached": 100.0, "kept": True,
}  # fmt: skip
SHOWN = {
    "figure": "shown_p99_s", "compare": "most", "value": 1.0, "unit": "s", "zh": "入库到屏幕",
    "en": "painted", "others": "10 s", "reached": 3.0, "kept": False,
}  # fmt: skip


@pytest.mark.parametrize("chinese", [True, False])
def test_the_report_has_what_was_promised_beside_what_was_reached(chinese: bool) -> None:
    found = {
        "total": FIGURES,
        "groups": [{"label": "值班员1", "figures": FIGURES}],
        "promises": [SHOWN, PROMISE],
    }
    text = told(found, name="day", hours=8, operators=6, planned=2, homes=14_800, rate=60, chinese=chinese)
    assert "50 ms" in text, "3 s of simulated time at sixty times"
    assert ("15 秒内接警" if chinese else "claimed within 15 s") in text
    assert ">= 95 %" in text
    painted = next(line for line in text.splitlines() if line.startswith("入库" if chinese else "painted"))
    assert "0.05 s" in painted
    assert painted.endswith("✓"), "the programs' own time is not the clock's"
    assert "✓" in text
    assert "值班员1" in text


def test_columns_stand_under_one_another_in_chinese_too() -> None:
    first, second = aligned([("值班员", "1"), ("ab", "2")]).splitlines()
    assert first == "值班员  1"
    assert second == "ab      2"


@pytest.mark.postgres
@pytest.mark.broker
@pytest.mark.timeout(240)
async def test_a_few_minutes_at_a_desk_of_two_end_with_figures(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "shift", "--part", "day", "--hours", "0.1", "--operators", "2",
        "--responders", "2", "--clock-rate", "20", "--seed", "5",
        cwd=CHECKOUT, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    said = out.decode()
    assert said.startswith("== day: 0.1 h, 2 seats, 14800 homes, ")
    cases = re.search(r"^all +(\d+)", said, re.MULTILINE)
    assert cases is not None
    assert int(cases[1]) >= 1
    assert "claimed within 15 s (P1, P2)" in said
