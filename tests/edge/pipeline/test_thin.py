from edge.pipeline.thin import OPEN_MS, Thin
from edge.readings import IdentifiedEvent, Item, Press, Samples, Sighting
from firmware_specs.messages import DeviceState
from tests.edge.pipeline.making import NOW, fix, options, reading

MINUTE = 60_000


def event(kind: str, phase: str = "raised") -> IdentifiedEvent:
    return IdentifiedEvent(id="id-1", device="zb-1", kind=kind, phase=phase, at=NOW)  # type: ignore[arg-type]


def passed(step: Thin, *items: Item, now: int = NOW) -> int:
    return len(step([*items], now))


def test_a_reading_goes_on_change_and_as_a_heartbeat() -> None:
    step = Thin(options())
    assert passed(step, reading("heart_rate", 70)) == 1
    assert passed(step, reading("heart_rate", 72, NOW + MINUTE)) == 0
    assert passed(step, reading("heart_rate", 73, NOW + 2 * MINUTE)) == 1
    assert passed(step, reading("heart_rate", 73, NOW + 16 * MINUTE)) == 0
    assert passed(step, reading("heart_rate", 73, NOW + 17 * MINUTE)) == 1


def test_each_device_kind_and_lateness_is_a_series_of_its_own() -> None:
    step = Thin(options())
    readings = [
        reading("steps", 5),
        reading("steps", 5, device="watch-2"),
        reading("tumbles", 5),
        reading("steps", 5, late=True),
    ]
    assert passed(step, *readings) == 4
    assert passed(step, *readings) == 0


def test_a_measurement_without_a_dead_band_always_goes_and_so_does_an_unknown_kind() -> None:
    step = Thin(options())
    assert passed(step, *[reading("systolic", 120)] * 2, *[reading("brand_new", 1)] * 2) == 4


def test_a_slow_drift_is_told_once_it_is_large() -> None:
    step = Thin(options())
    told = [v for v in range(70, 80) if passed(step, reading("heart_rate", v, NOW + v))]
    assert told == [70, 73, 76, 79]


def test_everything_goes_while_an_alarm_is_open() -> None:
    step = Thin(options())
    passed(step, reading("heart_rate", 70))
    assert passed(step, event("smoke"), reading("heart_rate", 70)) == 2
    assert passed(step, event("smoke", "cleared"), reading("heart_rate", 70)) == 1
    assert passed(step, event("sos"), reading("heart_rate", 70)) == 2
    assert passed(step, reading("heart_rate", 70), now=NOW + OPEN_MS - 1) == 1
    assert passed(step, reading("heart_rate", 70), now=NOW + OPEN_MS) == 0
    assert passed(step, event("battery_low"), reading("heart_rate", 70)) == 1, "technical alarms open nothing"


def test_positions_go_when_they_move_and_every_five_minutes() -> None:
    step = Thin(options())
    assert passed(step, fix(37.38)) == 1
    assert passed(step, fix(37.3801, at=NOW + MINUTE)) == 0
    assert passed(step, fix(37.3805, at=NOW + 2 * MINUTE)) == 1
    assert passed(step, fix(37.3805, at=NOW + 7 * MINUTE)) == 1
    assert passed(step, *[fix(37.38, late=True)] * 2) == 2


def test_sightings_go_when_they_say_something_new() -> None:
    def seen(at: int, battery: int) -> Sighting:
        return Sighting(
            state=DeviceState(device="watch-1", at=at, online=True, battery_percent=battery, last_seen=at)
        )

    step = Thin(options())
    told = [
        passed(step, seen(NOW + at * MINUTE, battery))
        for at, battery in ((0, 80), (1, 80), (2, 79), (17, 79))
    ]
    assert told == [1, 0, 1, 1]


def test_raw_rows_and_presses_end_here() -> None:
    rows = Samples(device="wrist-1", at=NOW, rate_hz=20, xyz_g=[(0, 0, 1)])
    assert passed(Thin(options()), rows, Press(device="zb-1", button="single", at=NOW)) == 0
