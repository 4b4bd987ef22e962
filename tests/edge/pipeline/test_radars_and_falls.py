"""What radars see of a fall: who lies still raises it; who moves, has left or lies down cancels nothing."""

from typing import Any

import pytest

from edge.drivers import r60, tinyframe
from edge.drivers.options import DriverOptions
from edge.drivers.r60 import R60Driver
from edge.drivers.tinyframe import TinyFrameDriver
from edge.pipeline.corroborate import Corroborate
from edge.readings import Happening, Item, Reading, Sighting
from firmware_specs.messages import DeviceState
from tests.edge.pipeline.making import NOW, happening, of, options, reading

ROOMS = {"r60": "bathroom", "zb": "kitchen", "pir": "kitchen", "pir-hall": "hall", "sofa": "living_room"}
Told = list[tuple[int, str, list[str]]]


def _heard(device: str, *told: tuple[float, str, float]) -> list[Reading]:
    """Readings: seconds from the fall, kind, value."""
    return [reading(kind, value, at=NOW + round(s * 1000), device=device) for s, kind, value in told]


def _came(device: str = "r60", at: float = -120) -> list[Reading]:
    return _heard(device, (at - 9, "presence", 0), (at, "presence", 1), (at, "motion", 1))


LIES = [*_came(), *_heard("r60", (3, "motion", 0))]
SPOUSE = _heard("pir-hall", (20, "motion", 1))
LAY_DOWN = _heard("bed", (-99, "in_bed", 0), (-2, "in_bed", 1))


def _fallen(heard: list[Reading], *reasons: str, gone_s: int | None = None, impact_g: float = 3.4) -> Told:
    """Seconds, phase and reasons of what is told of a fall at the wrist whose pre-alarm ends after 15 s; a
    radar that goes offline at `gone_s`.
    """
    step, told = Corroborate(options(rooms=ROOMS)), Told()
    evidence: dict[str, Any] = {"score": 0.8, "reasons": [*reasons], "unsure": "unsure" in reasons}
    evidence["impact_g"] = impact_g
    fall = happening("fall", device="wrist-1", at=NOW, evidence=evidence, activation="wrist-1:fall:1")
    for item in sorted((one for one in heard if one.at < NOW), key=lambda one: one.at):
        step([item], item.at)
    for second in range(71):
        now = NOW + second * 1000
        items: list[Item] = [one for one in heard if one.at >= NOW and now - 1000 < one.at <= now]
        if second == gone_s:
            items.append(Sighting(state=DeviceState(device="r60", at=now, online=False)))
        for one in of(Happening, step([*items, *([fall] if second == 15 else [])], now)):
            told.append((second, one.phase, one.evidence["reasons"]))
    return told


def _phases(told: Told) -> list[tuple[int, str]]:
    return [(second, phase) for second, phase, _ in told]


def test_somebody_who_lies_still_in_the_bathroom_for_45_s_is_raised_though_the_detector_was_unsure() -> None:
    asked, raised = _fallen(LIES, "unsure", "lies_still")
    assert asked == (
        15,
        "updated",
        ["unsure", "lies_still", "somebody_there", "no_motion_since", "ask_if_fell"],
    )
    assert raised[:2] == (48, "raised")
    assert raised[2] == ["unsure", "lies_still", "still_there", "no_motion_since", "ask_if_awake"]
    assert _fallen(LIES, "unsure", "lies_still") == [asked, raised], "replayed, it is the same"


@pytest.mark.parametrize("heard", [SPOUSE, LAY_DOWN, [*SPOUSE, *LAY_DOWN]])
def test_a_spouse_who_moves_or_goes_to_bed_hides_nobody_who_lies_in_the_bathroom(
    heard: list[Reading],
) -> None:
    assert _phases(_fallen([*LIES, *heard], "unsure", "lies_still")) == [(15, "updated"), (48, "raised")]


def test_a_clear_fall_where_a_radar_sees_somebody_is_raised_whoever_moves_elsewhere() -> None:
    heard = _heard("pir-hall", (9, "motion", 1))
    assert _phases(_fallen([*LIES, *heard], "clear", "lies_still")) == [(15, "raised")]
    assert _phases(_fallen([*heard, *_came()], "clear", "lies_still")) == [(15, "raised")]
    unseen = [*_heard("pir", (-60, "motion", 1)), *heard]
    assert _phases(_fallen(unseen, "clear", "lies_still")) == [(15, "updated")]


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ([*_came(), *_heard("r60", (3, "motion", 0), (20, "motion", 1))], "moves_there"),
        ([*_came(), *_heard("r60", (3, "motion", 0), (9, "presence", 0))], "left_room"),
        (_came(), "moves_there"),
    ],
)
def test_who_moves_there_or_has_left_may_be_somebody_else_and_ends_no_fall(
    heard: list[Reading], said: str
) -> None:
    assert _phases(_fallen(heard, "clear", "lies_still")) == [(15, "raised")]
    told = _fallen([*heard, *_heard("r60", (70, "motion", 0))], "unsure", "lies_still")
    assert _phases(told) == [(15, "updated")]
    late = Corroborate(options(rooms=ROOMS))
    for item in heard:
        late([item], item.at)
    [fall] = of(Happening, late([happening("fall", device="wrist-1", at=NOW)], NOW + 25_000))
    assert said in fall.evidence["reasons"]


@pytest.mark.parametrize(
    "heard",
    [
        [*_came(at=-9000), *_heard("r60", (3, "motion", 0))],
        _heard("r60", (-60, "presence", 1), (-60, "motion", 1), (3, "motion", 0)),
        _heard("zb", (-70, "presence", 0), (-60, "presence", 1)),
        [*_came("sofa"), *_heard("sofa", (3, "motion", 0))],
        [*LIES, *_heard("r60", (40, "presence", 0), (41, "presence", 1))],
        [*LIES, *_heard("wrist-1", (20, "worn", 0))],
        [*LIES, *_heard("r60", (9, "motion", 1))],
    ],
    ids=[
        "fan for hours",
        "came in unheard",
        "nothing felt motion",
        "sofa",
        "lost sight of",
        "taken off",
        "moves on",
    ],
)
def test_where_a_radar_may_see_a_ghost_or_daily_life_it_raises_nothing(heard: list[Reading]) -> None:
    assert _phases(_fallen(heard, "unsure", "lies_still")) == [(15, "updated")]


def test_an_arm_that_stirs_a_soft_impact_a_bracelet_on_a_shelf_and_a_radar_that_is_gone_raise_nothing() -> (
    None
):
    assert _phases(_fallen(LIES, "unsure", "stirs")) == [(15, "updated")]
    assert _phases(_fallen(LIES, "unsure", "lies_still", impact_g=2.2)) == [(15, "updated")]
    [shelf] = _fallen(LIES, "lies_still", "unsure", "no_tremor")
    assert (shelf[1], shelf[2][-1]) == ("updated", "ask_if_taken_off")
    assert _phases(_fallen(LIES, "unsure", "lies_still", gone_s=30)) == [(15, "updated")]


def test_a_radar_that_tells_presence_alone_needs_a_motion_sensor_to_know_that_somebody_is_still() -> None:
    zigbee = _heard("zb", (-70, "presence", 0), (-60, "presence", 1))
    told = _fallen([*zigbee, *_heard("pir", (-61, "motion", 1))], "unsure", "lies_still")
    assert _phases(told) == [(15, "updated"), (45, "raised")]


def test_a_faint_impact_is_told_of_who_lies_still_though_a_spouse_moves() -> None:
    evidence = {"score": 0.5, "reasons": ["impact", "faint", "unsure"], "unsure": True}
    for heard, phases in ((LIES, ["suspected"]), (_came("sofa"), [])):
        step = Corroborate(options(rooms=ROOMS | {"wrist-1": "bathroom"}))
        for item in [*heard, *SPOUSE]:
            step([item], item.at)
        fall = happening(
            "fall", "suspected", device="wrist-1", evidence=evidence, activation="wrist-1:fall:1"
        )
        assert [h.phase for h in of(Happening, step([fall], NOW + 50_000))] == phases


def test_a_question_from_before_a_restart_is_not_raised_by_a_radar_heard_since() -> None:
    before, after = (Corroborate(options(rooms=ROOMS)) for _ in range(2))
    evidence = {"score": 0.8, "reasons": ["unsure", "lies_still"], "unsure": True}
    before([happening("fall", device="wrist-1", evidence=evidence, activation="wrist-1:fall:1")], NOW)
    after.restore(before.state())
    for item in LIES:
        after([item], item.at)
    assert after([], NOW + 60_000) == []


def _bytes(driver: R60Driver | TinyFrameDriver, *frames: tuple[float, bytes]) -> list[Reading]:
    """Readings of frames that come so many seconds after the fall."""
    told = [driver.receive(frame, NOW + round(s * 1000)) for s, frame in frames]
    return [one for items in told for one in of(Reading, items)]


def test_frames_of_an_r60_and_of_a_tinyframe_radar_beside_a_motion_sensor_raise_who_lies_there() -> None:
    came, gone = r60.encode(0x80, 0x01, b"\x01"), r60.encode(0x80, 0x01, b"\x00")
    active, still = (r60.encode(0x80, 0x02, bytes((word,))) for word in (2, 1))
    asked = r60.encode(0x80, 0x81, b"\x01")
    heard = _bytes(
        R60Driver(DriverOptions(device="r60")),
        *((-129, gone), (-120, came), (-120, active), (3, still), (33, asked)),
    )
    assert _phases(_fallen(heard, "unsure", "lies_still")) == [(15, "updated"), (48, "raised")]
    heard = _bytes(
        TinyFrameDriver(DriverOptions(device="zb")),
        *(
            (s, tinyframe.encode(0x0F09, bytes((word,))))
            for s, word in ((-70, 0), (-60, 1), (-30, 1), (20, 1))
        ),
    )
    beside = _heard("pir", (-61, "motion", 1))
    assert _phases(_fallen([*heard, *beside], "unsure", "lies_still")) == [(15, "updated"), (45, "raised")]
