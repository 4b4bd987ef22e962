"""When something happened, from a clock that may be wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.ingest.times import from_ms, judge_time
from tests.cloud.town import NOW, ms


def test_a_time_of_now_is_believed() -> None:
    time = judge_time(ms(NOW) - 1234, received_at=NOW)
    assert time.occurred_at == NOW - timedelta(milliseconds=1234)
    assert (time.late, time.problems, time.device_at) == (False, (), None)


@pytest.mark.parametrize(
    "claimed",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2099, 1, 1, tzinfo=UTC),
        NOW + timedelta(minutes=10, milliseconds=1),
        NOW - timedelta(days=400, milliseconds=1),
    ],
)
def test_an_impossible_time_becomes_the_arrival_and_is_kept_beside_it(claimed: datetime) -> None:
    time = judge_time(ms(claimed), received_at=NOW)
    assert (time.occurred_at, time.device_at, time.late) == (NOW, claimed, False)
    assert "clock_wrong" in time.problems


@pytest.mark.parametrize("ago", [timedelta(minutes=10, milliseconds=1), timedelta(days=400)])
def test_an_old_but_possible_time_is_late_and_true(ago: timedelta) -> None:
    time = judge_time(ms(NOW - ago), received_at=NOW)
    assert (time.occurred_at, time.late, time.problems) == (NOW - ago, True, ())


def test_a_little_ahead_is_believed() -> None:
    ahead = NOW + timedelta(minutes=10)
    assert judge_time(ms(ahead), received_at=NOW).occurred_at == ahead


def test_without_a_clock_the_arrival_counts_unless_the_boot_is_known() -> None:
    unknown = judge_time(60_000, received_at=NOW, synchronised=False)
    assert (unknown.occurred_at, unknown.device_at) == (NOW, from_ms(60_000))
    assert unknown.problems == ("clock_wrong",)
    boot = NOW - timedelta(hours=1)
    known = judge_time(60_000, received_at=NOW, synchronised=False, boot_at=boot)
    assert (known.occurred_at, known.late) == (boot + timedelta(minutes=1), True)


def test_a_rebuilt_time_is_never_after_the_arrival() -> None:
    time = judge_time(
        7_200_000, received_at=NOW, synchronised=False, boot_at=NOW - timedelta(hours=1, minutes=55)
    )
    assert time.occurred_at == NOW


def test_a_missing_time_is_the_arrival() -> None:
    time = judge_time(None, received_at=NOW)
    assert (time.occurred_at, time.problems) == (NOW, ("time_missing",))


def test_the_devices_own_clock_is_kept() -> None:
    assert judge_time(ms(NOW), received_at=NOW, device_at_ms=5).device_at == from_ms(5)
