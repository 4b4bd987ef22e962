import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver
from edge.readings import Happening
from tests.edge.drivers.frames import hear, of, position, raised


@pytest.mark.parametrize(
    ("status", "want"),
    [
        ("00010000", ["sos"]),
        ("00010001", ["sos"]),
        ("00010004", ["sos"]),
        ("00010002", ["sos"]),
        ("00030009", ["sos", "battery_low"]),
        ("00110008", ["sos", "watch_removed"]),
        ("00200010", ["fall"]),
        ("003D0000", ["sos", "fall", "watch_removed", "fence_exit"]),
        ("00040000", ["fence_exit"]),
        ("00800000", ["unknown_alarm_bit"]),
        ("80010000", ["sos", "unknown_alarm_bit"]),
        ("00400000", ["unknown_alarm_bit"]),
        ("0001", ["battery_low"]),
        ("0002", ["fence_exit"]),
        ("00000008", ["watch_removed"]),
    ],
)
def test_an_alarm_reports_every_bit_the_gravest_first(status: str, want: list[str]) -> None:
    assert raised(hear(position("AL", status=status))) == want


@pytest.mark.parametrize("status", ["00000000", "0000", "0004", "00000014", "", "xyz"])
def test_an_alarm_that_names_nothing_is_taken_as_an_sos_and_told_to_the_technician(status: str) -> None:
    items = hear(position("AL", status=status))
    assert raised(items) == ["sos", "unknown_alarm_bit"]
    assert of(Happening, items)[0].evidence["reasons"] == ["alarm_without_known_bit"]


def test_an_alarm_whose_fields_cannot_be_read_still_raises() -> None:
    items = hear("AL,what,is,this")
    assert raised(items) == ["sos", "unknown_alarm_bit"]
    assert of(Happening, items)[0].evidence["raw"] == "AL,what,is,this"


def test_bit_22_means_what_the_profile_says() -> None:
    content = position("AL", status="00400000")
    for meaning, want in (
        ("fall", ["fall"]),
        ("heart_rate", ["vital_out_of_band"]),
        ("unknown", ["unknown_alarm_bit"]),
    ):
        driver = WatchDriver(DriverOptions(watch_bit22=meaning))  # type: ignore[arg-type]
        assert raised(hear(content, driver=driver)) == want


def test_a_state_bit_in_a_live_position_raises_only_when_it_rises() -> None:
    driver = WatchDriver(DriverOptions())
    assert raised(hear(position(status="00010000"), driver=driver)) == ["sos"], "nothing known before"
    assert raised(hear(position(status="00010000"), driver=driver)) == []
    assert raised(hear(position(status="00000000"), driver=driver)) == []
    assert raised(hear(position(status="00110000"), driver=driver)) == ["sos", "watch_removed"]
    assert raised(hear(position("AL", status="00110000"), driver=driver)) == ["sos", "watch_removed"]


def test_the_first_position_of_a_connection_does_not_repeat_what_an_alarm_told_before() -> None:
    options = DriverOptions()
    assert raised(hear(position("AL", status="00010000"), driver=WatchDriver(options))) == ["sos"]
    assert raised(hear(position("UD", status="00010000"), driver=WatchDriver(options))) == []


def test_battery_and_strap_clear_when_their_bits_do() -> None:
    driver = WatchDriver(DriverOptions())
    hear(position("AL", status="00120000"), driver=driver)
    items = hear(position("UD", status="00000000"), driver=driver)
    assert [(h.kind, h.phase) for h in of(Happening, items)] == [
        ("battery_low", "cleared"),
        ("watch_removed", "cleared"),
    ]
    assert [h.kind for h in of(Happening, hear(position("UD", status="00000000"), driver=driver))] == []
