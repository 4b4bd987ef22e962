import pytest

from edge.pipeline.plausible import Plausible
from edge.pipeline.roles import Roles
from edge.pipeline.wear import Wear
from edge.readings import Happening, Item, Press, Reading, Samples
from tests.edge.pipeline.making import NOW, fix, happening, of, options, reading

DAY = 86_400_000


def samples(at: int = NOW, device: str = "watch-1") -> Samples:
    return Samples(device=device, at=at, rate_hz=20, xyz_g=[(0, 0, 1)])


@pytest.mark.parametrize("value", [-1, 19, 261, float("nan"), float("inf")])
def test_what_no_working_sensor_can_say_is_dropped_and_counted(value: float) -> None:
    step = Plausible(options())
    assert step([reading("heart_rate", value)], NOW) == []
    assert step.dropped == 1


def test_unknown_kinds_and_plausible_values_pass_unchanged() -> None:
    items: list[Item] = [reading("heart_rate", 72), reading("brand_new", -5)]
    assert Plausible(options())(items, NOW) == items


@pytest.mark.parametrize("at", [NOW + 11 * 60_000, NOW - 401 * DAY, 0])
def test_an_impossible_time_becomes_the_arrival_and_nothing_is_rejected(at: int) -> None:
    items = Plausible(options())([reading("steps", 5, at), happening("sos", at=at), fix(37.0, at=at)], NOW)
    [steps], [sos], [place] = of(Reading, items), of(Happening, items), items[2:]
    assert (steps.at, steps.device_at) == (NOW, at)
    assert (sos.at, sos.device_at) == (NOW, at)
    assert place == fix(37.0, at=NOW)


def test_a_late_or_slightly_early_time_is_kept() -> None:
    for at in (NOW - 399 * DAY, NOW + 9 * 60_000):
        assert Plausible(options())([happening("sos", at=at)], NOW) == [happening("sos", at=at)]


@pytest.mark.parametrize(
    ("button", "sos"),
    [
        ("single", True),
        ("double", True),
        ("hold", True),
        ("off", False),
        ("release", False),
        ("hold_release", False),
        ("", False),
    ],
)
def test_a_plain_button_with_the_role_sos_calls_for_help(button: str, sos: bool) -> None:
    press = Press(device="zb-1", button=button, at=NOW)
    [item] = Roles(options(roles={"zb-1": "sos"}))([press], NOW)
    assert isinstance(item, Happening) is sos
    if isinstance(item, Happening):
        assert (item.kind, item.phase, item.instant) == ("sos", "raised", True)
    assert Roles(options())([press], NOW) == [press]


def test_a_bed_pad_tells_who_is_in_bed() -> None:
    step = Roles(options(roles={"zb-1": "bed"}))
    readings = [
        reading(kind, value, device="zb-1")
        for kind, value in (("door_open", 0), ("door_open", 1), ("presence", 1))
    ]
    told = of(Reading, step([*readings], NOW))
    assert [(r.kind, r.value) for r in told] == [("in_bed", 1), ("in_bed", 0), ("in_bed", 1)]
    other = reading("door_open", 1, device="zb-2")
    assert step([other], NOW) == [other]


@pytest.mark.parametrize("idle", [("worn", 0.0, 1.0), ("charging", 1.0, 0.0)])
def test_a_watch_that_nobody_wears_has_no_pulse_and_does_not_fall(idle: tuple[str, float, float]) -> None:
    kind, off, on = idle
    step = Wear(options())
    assert len(step([reading("heart_rate", 70), happening("fall"), samples()], NOW)) == 3
    step([reading(kind, off)], NOW)
    assert step([reading("heart_rate", 70), reading("spo2", 97)], NOW + 1000) == []
    assert step([happening("fall"), samples()], NOW + 31_000) == []
    sos, steps = happening("sos"), reading("steps", 4)
    assert step([sos, steps, happening("fall", "cancelled")], NOW + 31_000) != []
    assert step([sos, steps], NOW + 31_000) == [sos, steps]
    step([reading(kind, on)], NOW + 32_000)
    assert len(step([reading("heart_rate", 70), happening("fall"), samples()], NOW + 33_000)) == 3


def test_a_fall_that_tears_the_strap_off_counts() -> None:
    step = Wear(options())
    items = step([happening("fall"), happening("watch_removed"), reading("worn", 0)], NOW)
    assert [item.kind for item in of(Happening, items)] == ["fall", "watch_removed"]
    assert step([happening("fall")], NOW + 20_000) != []


def test_late_wear_does_not_silence_the_present() -> None:
    step = Wear(options())
    step([reading("worn", 0, late=True)], NOW)
    assert step([reading("heart_rate", 70)], NOW) != []
