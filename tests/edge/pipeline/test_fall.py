from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.pipeline.fall import PRE_ALARM_MS, Fall
from edge.pipeline.fall_detector import FallDetector, Suspicion
from edge.pipeline.fall_features import Moment, features
from edge.pipeline.fall_model import Place, shipped
from edge.pipeline.resample import Resampler
from edge.readings import Happening, Item, Press, Samples
from tests.edge.pipeline.making import NOW, happening, of, options

RATE = 20.0
STANDING, LYING = (-0.96, 0.12, 0.22), (0.14, 0.35, 0.92)
Rows = NDArray[np.float64]


def still(seconds: float, posture: tuple[float, ...] = LYING, rate: float = RATE) -> Rows:
    noise = np.random.default_rng(1).normal(0, 0.012, (round(seconds * rate), 3))
    rows: Rows = np.array(posture) / np.linalg.norm(posture) + noise
    return rows


def walk(seconds: float, posture: tuple[float, ...] = STANDING, rate: float = RATE) -> Rows:
    t = np.arange(round(seconds * rate)) / rate
    swing = np.stack([0.18 * np.sin(10.7 * t), 0.22 * np.sin(5.3 * t), 0.1 * np.sin(10.7 * t + 0.7)], axis=1)
    return still(seconds, posture, rate) + swing


def impact(rate: float = RATE, peak_g: float = 6.0) -> Rows:
    t = np.arange(max(1, round(0.3 * rate))) / rate
    size = peak_g * np.exp(-((t / 0.1) ** 2)) * np.where(np.cos(40 * t) >= 0, 1, -1)
    return np.outer(size, np.array(LYING))


def a_fall(after_s: float = 10.0, rate: float = RATE) -> Rows:
    return np.vstack([walk(5, rate=rate), impact(rate), still(after_s, rate=rate)])


def suspicions(rows: Rows, rate: float = RATE) -> list[Suspicion]:
    detector = FallDetector(rate)
    found = [detector.feed(_row(row), NOW + n * 1000 / rate) for n, row in enumerate(rows)]
    return [suspicion for suspicion in found if suspicion is not None]


def _row(row: Any) -> tuple[float, float, float]:
    return float(row[0]), float(row[1]), float(row[2])


class Wearer:
    """Streams rows to the step, a second a time; `told` keeps (phase, seconds since the start)."""

    def __init__(self, step: Fall | None = None, device: str = "wrist-1") -> None:
        self.step = step or Fall(options())
        self.device, self.now = device, NOW
        self.told: list[tuple[str, float]] = []
        self.events: list[Happening] = []

    def stream(self, rows: Rows, *, gap: bool = False) -> None:
        for start in range(0, len(rows), 20):
            piece = [_row(row) for row in rows[start : start + 20]]
            samples = Samples(
                device=self.device, at=self.now, rate_hz=RATE, xyz_g=piece, gap=gap and start == 0
            )
            self.now += len(piece) * 50
            self._note(self.step([samples], self.now))

    def press(self, button: str) -> None:
        self._note(self.step([Press(device=self.device, button=button, at=self.now)], self.now))

    def sos(self, device: str = "wrist-1") -> None:
        self._note(self.step([happening("sos", at=self.now, device=device, instant=True)], self.now))

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1000
            self._note(self.step([], self.now))

    @property
    def phases(self) -> list[str]:
        return [phase for phase, _ in self.told]

    def _note(self, items: list[Item]) -> None:
        falls = [h for h in of(Happening, items) if h.kind == "fall"]
        self.events += falls
        self.told += [(h.phase, (self.now - NOW) / 1000) for h in falls]


@pytest.mark.parametrize("rate", [10.0, 20.0, 50.0, 100.0])
def test_impact_posture_and_stillness_make_a_suspicion(rate: float) -> None:
    [found] = suspicions(a_fall(rate=rate), rate)
    assert found.impact_g == pytest.approx(6, abs=0.2)
    assert found.posture_change_deg > 60
    assert found.at == NOW + 5000


@pytest.mark.parametrize(
    "rows",
    [
        np.vstack([walk(5), impact(), still(10, STANDING)]),
        np.vstack([walk(5), impact(), walk(10)]),
        np.vstack([walk(5), still(10)]),
        np.vstack([walk(5), impact(peak_g=1.7), still(10)]),
        np.vstack([walk(5), *[impact(), still(0.4, STANDING)] * 6, still(10, STANDING)]),
        np.vstack([impact(), still(20)]),
        np.zeros((400, 3)),
    ],
    ids=["same posture", "walks on", "no impact", "soft", "clapping", "no before", "dead sensor"],
)
def test_daily_life_makes_none(rows: Rows) -> None:
    assert suspicions(rows) == []


def test_one_impact_is_suspected_once_and_a_second_fall_again() -> None:
    up = np.vstack([still(10), walk(10, STANDING)])
    assert len(suspicions(np.vstack([a_fall(30), up, impact(), still(20)]))) == 2


@pytest.mark.parametrize("piece", [1, 7, 20, 256, 10_000])
def test_the_pieces_do_not_matter(piece: int) -> None:
    rows = np.vstack([a_fall(10), walk(8), impact(), still(10)])
    step, told = Fall(options()), []
    for start in range(0, len(rows), piece):
        at = NOW + start * 50
        part = [_row(row) for row in rows[start : start + piece]]
        items = step([Samples(device="wrist-1", at=at, rate_hz=RATE, xyz_g=part)], NOW)
        told += [h for h in of(Happening, items) if h.kind == "fall"]
    [first] = [h for h in told if h.phase == "suspected"][:1]
    assert first.at == NOW + 5000
    assert [h.evidence["impact_g"] for h in told if h.phase == "suspected"][:1] == [
        suspicions(rows)[0].impact_g
    ]


def test_fifteen_seconds_after_the_suspicion_the_fall_is_raised() -> None:
    wearer = Wearer()
    wearer.stream(a_fall(30))
    [(_, suspected), (_, raised)] = wearer.told
    assert wearer.phases == ["suspected", "raised"]
    assert raised - suspected == pytest.approx(PRE_ALARM_MS / 1000, abs=1)
    first, second = wearer.events
    assert first.activation == second.activation
    assert first.evidence["reasons"] == ["impact", "posture_change", "stillness", "clear"]
    assert second.at == NOW + 5000, "the time of the fall, not of the raising"


def test_time_raises_it_when_the_stream_has_stopped() -> None:
    wearer = Wearer()
    wearer.stream(a_fall(5))
    wearer.wait(12)
    assert wearer.phases == ["suspected"]
    wearer.wait(3)
    assert wearer.phases == ["suspected", "raised"]


def test_the_cancel_button_ends_it() -> None:
    wearer = Wearer()
    wearer.stream(a_fall(5))
    wearer.press("single")
    wearer.press("cancel")
    wearer.wait(30)
    assert wearer.phases == ["suspected", "cancelled"]
    assert wearer.events[-1].evidence["cancelled_by"] == "button"


def test_the_cancel_button_takes_back_a_raised_fall_for_ten_minutes() -> None:
    wearer = Wearer()
    wearer.stream(a_fall(25))
    wearer.wait(300)
    wearer.press("cancel")
    wearer.press("cancel")
    assert wearer.phases == ["suspected", "raised", "cancelled"]
    late = Wearer()
    late.stream(a_fall(25))
    late.wait(700)
    late.press("cancel")
    assert late.phases == ["suspected", "raised"]
    assert late.events[-1].evidence["reasons"][-1] == "lies_still"


def test_a_clock_that_is_set_back_makes_nobody_wait() -> None:
    wearer = Wearer()
    wearer.stream(a_fall(5))
    wearer.now -= 3_600_000
    wearer.wait(1)
    assert wearer.phases == ["suspected", "raised"]


def test_getting_up_and_walking_cancels() -> None:
    wearer = Wearer()
    wearer.stream(a_fall(5))
    wearer.stream(walk(10))
    wearer.wait(30)
    assert wearer.phases == ["suspected", "cancelled"]
    assert wearer.events[-1].evidence["cancelled_by"] == "movement"


def test_a_struggle_on_the_floor_does_not_cancel() -> None:
    wearer = Wearer()
    wearer.stream(a_fall(5))
    wearer.stream(walk(20, LYING))
    assert wearer.phases == ["suspected", "raised"]


def test_for_a_deaf_or_aphasic_person_only_the_button_cancels() -> None:
    wearer = Wearer(Fall(options(button_only=frozenset({"wrist-1"}))))
    wearer.stream(a_fall(5))
    wearer.stream(walk(20))
    assert wearer.phases == ["suspected", "raised"]


def test_an_sos_confirms_at_once() -> None:
    for device in ("wrist-1", "zb-wall-button"):
        wearer = Wearer()
        wearer.stream(a_fall(5))
        wearer.sos(device)
        assert wearer.phases == ["suspected", "raised"]
        assert wearer.events[-1].evidence["confirmed_by"] == "sos"
        wearer.sos(device)
        wearer.wait(30)
        assert wearer.phases == ["suspected", "raised"]


def test_an_sos_confirms_the_fall_of_its_own_wearer_first() -> None:
    step = Fall(options())
    one, two = Wearer(step, "wrist-1"), Wearer(step, "wrist-2")
    one.stream(a_fall(5))
    two.stream(a_fall(5))
    one.sos("wrist-1")
    assert [h.device for h in one.events if h.phase == "raised"] == ["wrist-1"]


def test_on_a_gateway_of_many_homes_a_strangers_sos_confirms_nothing() -> None:
    wearer = Wearer(Fall(options(many_homes=True)))
    wearer.stream(a_fall(5))
    wearer.sos("watch-of-another-home")
    assert wearer.phases == ["suspected"]


def test_missing_rows_start_the_window_anew() -> None:
    wearer = Wearer()
    wearer.stream(np.vstack([walk(5), impact()]))
    wearer.stream(still(10), gap=True)
    assert wearer.phases == []


def test_a_restart_in_the_pre_alarm_still_raises() -> None:
    before = Wearer()
    before.stream(a_fall(5))
    after = Wearer(Fall(options()))
    after.now = before.now
    after.step.restore(before.step.state() | {"wrist-9": {"rubbish": 1}})
    after.wait(16)
    assert after.phases == ["raised"]
    assert after.events[0].activation == before.events[0].activation


def test_a_button_without_a_fall_does_nothing() -> None:
    wearer = Wearer()
    wearer.press("cancel")
    wearer.sos()
    assert wearer.phases == []


def test_a_struggle_on_the_floor_is_suspected_without_stillness() -> None:
    [found] = suspicions(np.vstack([walk(5), impact(), walk(10, LYING)]))
    assert "stillness" not in found.reasons
    assert "posture_change" in found.reasons


def test_a_sensor_that_clips_is_named() -> None:
    rows = a_fall()
    clipped = FallDetector(RATE, range_g=4.0)
    whole = FallDetector(RATE, range_g=16.0)
    for detector, named in ((clipped, True), (whole, False)):
        found = [detector.feed(_row(row.clip(-4, 4)), NOW + n * 50.0) for n, row in enumerate(rows)]
        [suspicion] = [one for one in found if one is not None]
        assert ("sensor_clipped" in suspicion.reasons) is named


def test_a_device_with_the_role_waist_is_judged_as_worn_there() -> None:
    roles: dict[str, Place] = {"waist": "waist", "sos": "wrist"}
    for role, place in roles.items():
        wearer = Wearer(Fall(options(roles={"wrist-1": role})))
        wearer.stream(a_fall(5))
        detector = FallDetector(RATE, place)
        found = [detector.feed(_row(row), NOW + n * 50.0) for n, row in enumerate(a_fall(5))]
        [expected] = [one.score for one in found if one is not None]
        assert wearer.events[0].evidence["score"] == expected


def test_times_that_jitter_and_rows_of_any_rate_come_onto_one_grid() -> None:
    random = np.random.default_rng(3)
    for rate in (31.0, 100.0):
        grid = Resampler()
        times = np.sort(np.arange(0, 5000, 1000 / rate) + random.uniform(-3, 3, round(5 * rate)))
        even = [pair for t in times for pair in grid.feed((t / 1000, 0.0, 1.0), t)]
        assert np.diff([at for _, at in even]) == pytest.approx(50)
        assert [row[0] for row, _ in even] == pytest.approx([at / 1000 for _, at in even])
    assert [Resampler().feed((1, 0, 0), 10.0)] == [[((1, 0, 0), 10.0)]]


def test_the_weights_fit_the_features_that_are_measured() -> None:
    moment = Moment(a_fall(4)[:200], 100)
    places: tuple[Place, ...] = ("wrist", "waist")
    for place in places:
        model = shipped(place)
        assert model.names == tuple(features(moment))
        assert 0 < model.threshold < 1
        assert model.hidden.shape[1] == len(model.names) == len(model.mean) == len(model.scale)


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-64, 64)] * 3), min_size=1, max_size=40),
    st.floats(1, 400),
)
def test_no_signal_breaks_the_detector(rows: list[tuple[float, float, float]], rate: float) -> None:
    detector = FallDetector(rate, "waist")
    for n, row in enumerate(rows * 8):
        detector.feed(row, NOW + n * 1000 / rate)


def test_a_lost_line_during_the_four_seconds_is_bridged_by_its_times() -> None:
    rows = a_fall(20)
    for lost_s, phases in ((1, ["suspected", "raised"]), (2, [])):
        wearer = Wearer()
        wearer.stream(rows[:140])
        wearer.now += lost_s * 1000
        wearer.stream(rows[140 + lost_s * 20 :], gap=True)
        wearer.wait(10)
        assert wearer.phases == phases


@pytest.mark.parametrize("step_ms", [-6000, -700, 700, 6000])
def test_a_clock_that_is_put_right_in_the_middle_of_a_fall_does_not_hide_it(step_ms: int) -> None:
    rows = a_fall(30)
    wearer = Wearer()
    wearer.stream(rows[:120])
    wearer.now += step_ms
    wearer.stream(rows[120:])
    assert wearer.phases == ["suspected", "raised"]
    assert abs(wearer.events[0].at - (NOW + 5000 + step_ms)) <= 500


def test_a_band_that_runs_one_percent_fast_is_followed() -> None:
    step, now, told = Fall(options()), float(NOW), []
    rows = np.vstack([walk(400), a_fall(12)])
    for start in range(0, len(rows), 20):
        piece = [_row(row) for row in rows[start : start + 20]]
        items = step([Samples(device="wrist-1", at=round(now), rate_hz=RATE, xyz_g=piece)], round(now))
        now += 990
        told += of(Happening, items)
    [found] = told
    assert abs(found.at - (NOW + 405 * 990)) <= 60
