"""A raw bed or pulse signal, as a device sends it, becomes readings that are right or blank."""

from collections.abc import Iterable

import numpy as np
import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.wrist_accelerometer import WristDriver
from edge.pipeline.vitals import Vitals
from edge.readings import Item, Reading, Signal
from simulators import bed_signal, sleeper
from simulators.devices import wrist
from tests.edge.pipeline.making import NOW, of, options


def heard(device: str, values: bed_signal.Vector, lost: Iterable[int] = ()) -> list[Reading]:
    """What the gateway reads of a signal at 50 Hz, a second a line; some lines are lost."""
    driver, step, found = WristDriver(DriverOptions()), Vitals(options()), list[Item]()
    driver.receive(wrist.signal_hello_line(device, 50), NOW)
    for second in range(len(values) // 50):
        if second not in lost:
            line = wrist.signal_line(second + 1, NOW + second * 1000, values[second * 50 : second * 50 + 50])
            now = NOW + second * 1000 + 1000
            found += step(driver.receive(line, now), now)
    assert of(Signal, found)
    return of(Reading, found)


def values(readings: list[Reading], kind: str) -> list[float]:
    return [reading.value for reading in readings if reading.kind == kind]


def test_a_sleeper_breathes_and_beats_as_the_truth_says_and_is_in_bed() -> None:
    night = sleeper.sleep(3, 2)
    readings = heard("bed-li", night.signal)
    heart, breath = 60 / np.median(np.diff(night.beats_s)), 60 / np.median(np.diff(night.breaths_s))
    assert np.median(values(readings, "heart_rate")) == pytest.approx(heart, abs=2)
    assert np.median(values(readings, "resp_rate")) == pytest.approx(breath, abs=1)
    assert set(values(readings, "in_bed")) == {1.0}
    assert all(r.quality is not None and r.quality >= 40 for r in readings if r.kind != "vibration")
    assert min(reading.at for reading in readings) == NOW + 30_000


def test_a_sleeper_who_turns_over_stirs_just_then() -> None:
    night = sleeper.sleep(3, 6)
    stirs = [r for r in heard("bed-li", night.signal) if r.kind == "vibration"]
    begins = [(r.at - NOW) / 1000 for r in stirs if r.value]
    turned = [one for one in night.movements if 80 < one.at_s < 350]
    assert turned
    assert len(begins) == pytest.approx(len(turned), abs=1)
    for one in turned:
        assert any(abs(begin - one.at_s) <= 3 for begin in begins)


def test_an_empty_bed_is_told_and_has_no_pulse() -> None:
    readings = heard("bed-li", bed_signal.empty(120, noise=0.5, rng=np.random.default_rng(1)))
    assert {reading.kind for reading in readings} == {"in_bed"}
    assert set(values(readings, "in_bed")) == {0.0}


def test_after_a_gap_a_whole_window_is_needed_again() -> None:
    night = sleeper.sleep(3, 1.2)
    assert values(heard("bed-li", night.signal, lost=[25, 50]), "heart_rate") == []


def test_a_pulse_sensor_gives_the_pulse_alone() -> None:
    phase = np.arange(2500) / 50 * 72 / 60 % 1
    readings = heard("ppg-li", np.exp(-(((phase - 0.25) / 0.1) ** 2)) * 1000)
    assert {reading.kind for reading in readings} == {"heart_rate"}
    assert values(readings, "heart_rate") == pytest.approx([72] * len(readings), abs=0.5)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"samples","seq":1,"at":1,"xyz":[[0,0,1]]}',
        b'{"type":"samples","seq":1,"at":1,"values":[]}',
        b'{"type":"samples","seq":1,"at":1,"values":[1e10]}',
        b'{"type":"samples","seq":1,"at":1}',
        b'{"type":"hello","device":"bed-li","rate_hz":50,"range_g":8}',
        b'{"type":"hello","device":"wrist-li","rate_hz":50}',
    ],
)
def test_lines_that_do_not_fit_the_hello_are_refused(line: bytes) -> None:
    driver = WristDriver(DriverOptions())
    driver.receive(wrist.signal_hello_line("bed-li", 50), NOW)
    assert driver.receive(line + b"\n", NOW) == []
    assert b"bad_field" in driver.replies()
