"""A gateway without a clock of its own still tells the cloud when things happened."""

from pathlib import Path

import pytest

from edge.outbox import batches
from edge.outbox.batches import Piece, Sample
from edge.readings import Reading
from edge.timekeeping import FLOOR_MS, Timekeeper
from edge.uplink import event_lane
from firmware_specs.clock import Clock
from firmware_specs.messages import ClockState, Event
from tests.edge.stand import Broker, FakeCloud, door, heart_rate, running, sos, watch, write_config
from tests.waiting import until

NOW = 1_767_225_600_000
FROZEN = 1e-9


def keeper(now: int, *, ntp: int | None = None, boot_ms: int = 5_000) -> Timekeeper:
    clock = Clock(now, Clock().now_ms(), FROZEN)
    return Timekeeper(clock, boot="b", disciplined=lambda: ntp, since_boot=lambda: boot_ms)


def test_before_anyone_knows_the_time_it_counts_since_boot() -> None:
    time = keeper(86_400_000)
    assert time.now_ms() == 5_000
    assert time.state() == ClockState(source="none")
    assert time.boot_started_ms() is None


def test_the_clouds_time_sets_a_clock_that_nobody_rules() -> None:
    time = keeper(86_400_000)
    time.cloud_says(NOW)
    assert time.now_ms() == NOW
    assert time.state().source == "cloud"
    assert time.boot_started_ms() == NOW - 5_000


def test_a_clock_years_ahead_is_set_back_by_the_cloud() -> None:
    time = keeper(NOW + 73 * 31_536_000_000)
    assert time.state().source == "rtc"
    time.cloud_says(NOW)
    assert time.now_ms() == NOW


def test_an_old_message_that_waited_in_a_queue_does_not_set_the_clock_back() -> None:
    boot_ms = [5_000]
    time = Timekeeper(
        Clock(NOW, Clock().now_ms(), FROZEN),
        boot="b",
        disciplined=lambda: None,
        since_boot=lambda: boot_ms[0],
    )
    time.cloud_says(NOW)
    for delay in (95_000, 60_000, 20_000):
        time.cloud_says(NOW - delay)
    assert time.now_ms() == NOW
    time.cloud_says(NOW)
    boot_ms[0] += 31_000
    time.cloud_says(NOW - 95_000)
    assert time.now_ms() == NOW
    boot_ms[0] += 31_000
    time.cloud_says(NOW - 95_000)
    assert time.now_ms() == NOW - 95_000


def test_small_differences_and_nonsense_move_nothing() -> None:
    time = keeper(NOW)
    time.cloud_says(NOW + 3_000)
    assert time.now_ms() == NOW
    assert time.state().source == "cloud"
    time.cloud_says(0)
    assert time.now_ms() == NOW


def test_ntp_is_believed_before_the_cloud() -> None:
    time = Timekeeper(Clock(), boot="b", disciplined=lambda: 12)
    now = time.now_ms()
    time.cloud_says(now + 3_600_000)
    assert abs(time.now_ms() - now) < 5_000
    assert time.state() == ClockState(source="ntp", error_ms=12)


def test_ntp_that_comes_after_the_clouds_time_is_not_moved_by_it() -> None:
    """A clock that was wrong by a year at first must not be wrong by a year again once NTP has set it."""
    ruled: list[int | None] = [None]
    year_ms = 31_536_000_000
    time = Timekeeper(Clock(), boot="b", disciplined=lambda: ruled[0], since_boot=lambda: 5_000)
    time.cloud_says(Clock().now_ms() + year_ms)
    assert time.state().source == "cloud"
    ruled[0] = 7
    assert abs(time.now_ms() - Clock().now_ms()) < year_ms // 2
    assert time.state() == ClockState(source="ntp", error_ms=7)


def test_what_was_measured_since_boot_and_is_kept_after_the_time_became_known_says_so() -> None:
    known = ClockState(source="cloud")
    samples: list[Sample] = [
        Reading(device="watch-1", kind="heart_rate", at=at, value=60.0) for at in (30_000, NOW)
    ]
    early, late = batches.pieces(samples, "b", known)
    assert [(piece.clock.source, [r.at for r in piece.readings]) for piece in (early, late)] == [
        ("none", [30_000]),
        ("cloud", [NOW]),
    ]


def test_what_was_written_before_the_time_was_known_is_moved_when_it_is_sent() -> None:
    unknown = ClockState(source="none")
    event = Event(
        id="019b0000-0000-7000-8000-000000000000",
        run="r" * 8,
        boot="b",
        seq=1,
        kind="sos",
        at=4_000,
        clock=unknown,
    )
    moved = event_lane.in_time_of_day(event, "b", NOW)
    assert (moved.at, moved.clock.source) == (NOW + 4_000, "cloud")
    assert event_lane.in_time_of_day(event, "another boot", NOW) == event
    assert event_lane.in_time_of_day(event, "b", None) == event
    readings = [Reading(device="d", kind="heart_rate", at=4_000 + n, value=70) for n in range(3)]
    batch = batches.build([Piece("b", unknown, readings, [])], [])[0]
    assert batches.in_time_of_day(batch, "b", NOW).t0 == NOW + 4_000
    assert batches.in_time_of_day(batch, "c", NOW) == batch


@pytest.mark.broker
@pytest.mark.parametrize("start", [FLOOR_MS - 86_400_000 * 365 * 50, FLOOR_MS + 86_400_000 * 365 * 70])
async def test_an_agent_with_a_wrong_clock_still_delivers_and_learns_the_time(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud, start: int
) -> None:
    wrong = Clock(max(start, 0), Clock().now_ms(), 1.0)
    async with (
        running(write_config(tmp_path / "home", broker), clock=wrong) as agent,
        watch(door(agent)) as device,
    ):
        await device.ask(sos())
        await until(lambda: bool(fake_cloud.events))
        first = next(iter(fake_cloud.events.values()))
        assert first.clock.source in ("none", "rtc")
        await until(agent.link.events.idle)
        await device.ask(sos())
        await device.say(heart_rate(70))
        await until(lambda: len(fake_cloud.events) == 2 and bool(fake_cloud.batches))
        second = list(fake_cloud.events.values())[1]
        assert second.clock.source == "cloud"
        assert abs(second.at - Clock().now_ms()) < 20_000
