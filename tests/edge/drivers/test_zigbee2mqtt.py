import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.zigbee2mqtt import ZigbeeDriver
from edge.readings import Happening, Press, Reading, Sighting
from tests.edge.drivers.zigbee_lines import (
    AT,
    ID,
    IEEE,
    binary,
    bridge,
    entry,
    enum,
    events,
    iso,
    line,
    numeric,
    of,
    tell,
    values,
)


def test_smoke_raises_once_and_clears_once() -> None:
    driver = bridge(binary("smoke"), numeric("battery", "%"))
    assert events(tell(driver, {"smoke": True, "battery": 64})) == [("smoke", "raised")]
    assert events(tell(driver, {"smoke": True, "battery": 63})) == []
    assert events(tell(driver, {"smoke": False, "battery": 63})) == [("smoke", "cleared")]
    assert events(tell(driver, {"smoke": False, "battery": 62})) == []
    [again] = of(Happening, tell(driver, {"smoke": True, "battery": 62}))
    assert (again.device, again.phase, again.evidence) == (ID, "raised", {"key": "smoke", "value": True})


def test_the_same_action_twice_is_two_presses() -> None:
    driver = bridge(enum("action", "emergency"))
    for _ in range(2):
        [press] = of(Happening, tell(driver, {"action": "emergency"}))
        assert (press.kind, press.instant, press.evidence) == ("sos", True, {"action": "emergency"})
    assert (
        tell(driver, {"action": "", "linkquality": 9})[0]
        == tell(driver, {"action": None, "linkquality": 9})[0]
    )
    assert of(Press, tell(driver, {"action": ""})) == []


@pytest.mark.parametrize(
    "action", ["sos", "emergency", "panic", "button_1_sos", "SOS", "press_emergency_hold"]
)
def test_actions_that_say_that_they_are_calls_for_help(action: str) -> None:
    assert events(tell(bridge(enum("action", action)), {"action": action})) == [("sos", "raised")]


@pytest.mark.parametrize("action", ["single", "sosed", "vibration", "release", "drop"])
def test_other_actions_are_presses_for_a_role_to_judge(action: str) -> None:
    items = tell(bridge(enum("action", action)), {"action": action})
    assert events(items) == []
    assert [press.button for press in of(Press, items)] == [action]


def test_an_sos_that_is_a_state_rings_again_only_for_another_press() -> None:
    driver = bridge(binary("sos"), numeric("battery", "%"))
    assert events(tell(driver, {"sos": True, "battery": 90}, AT)) == [("sos", "raised")]
    assert events(tell(driver, {"sos": True, "battery": 90}, AT + 500)) == []
    assert events(tell(driver, {"sos": True, "battery": 89}, AT + 60_000)) == [], "only the battery changed"
    assert events(tell(driver, {"sos": True, "battery": 89}, AT + 90_000)) == [("sos", "raised")]
    assert events(tell(driver, {"sos": False, "battery": 89}, AT + 95_000)) == []
    assert events(tell(driver, {"sos": True, "battery": 89}, AT + 96_000)) == [("sos", "raised")]


def test_what_the_bridge_tells_of_an_old_press_at_its_start_is_no_press() -> None:
    driver = bridge(binary("sos"))
    pressed = {"sos": True, "last_seen": iso(AT)}
    assert events(tell(driver, pressed, AT)) == [("sos", "raised")]
    driver.receive(line("bridge/state", {"state": "online"}), AT + 3_600_000)
    assert events(tell(driver, pressed, AT + 3_600_000)) == []
    again = pressed | {"last_seen": iso(AT + 3_700_000)}
    assert events(tell(driver, again, AT + 3_700_000)) == [("sos", "raised")]


def test_a_clock_that_was_set_back_hides_neither_a_press_nor_smoke_nor_a_silence() -> None:
    later = AT + 31_536_000_000
    driver = bridge(binary("sos"), binary("smoke"), binary("test"))
    tell(driver, {"sos": True, "smoke": False, "test": True}, later)
    assert events(tell(driver, {"sos": True, "smoke": False, "test": True}, AT)) == [("sos", "raised")]
    assert events(tell(driver, {"sos": True, "smoke": True, "test": True}, AT + 1000)) == [
        ("smoke", "raised")
    ]
    day_ms = 86_400_000
    assert [s.state.online for s in of(Sighting, driver.receive(b"", AT + 2 * day_ms))] == [False]


def test_a_gateway_that_learns_the_day_after_its_start_has_not_lost_its_devices() -> None:
    driver = bridge(binary("smoke"))
    tell(driver, {"smoke": False}, 30_000)
    assert of(Sighting, driver.receive(b"", AT)) == []


def test_a_fall_radar_suspects_raises_and_takes_back() -> None:
    driver = bridge(enum("fall_status", "normal", "fall_warning", "fall_alarm"))
    assert events(tell(driver, {"fall_status": "fall_warning"})) == [("fall", "suspected")]
    assert events(tell(driver, {"fall_status": "fall_alarm"})) == [("fall", "raised")]
    assert events(tell(driver, {"fall_status": "fall_warning"})) == []
    assert events(tell(driver, {"fall_status": "normal"})) == [("fall", "cleared")]


def test_a_status_that_holds_falling_also_tells_presence() -> None:
    status = enum("status", "unoccupied", "occupied", "falling")
    items = tell(bridge(status, numeric("breathing_rate")), {"status": "falling", "breathing_rate": 0})
    assert events(items) == [("fall", "raised")]
    assert values(items) == {"presence": 1}


def test_a_walk_test_is_a_test_and_real_smoke_after_it_is_not() -> None:
    driver = bridge(binary("smoke"), binary("test"))
    tell(driver, {"smoke": False, "test": False})
    assert events(tell(driver, {"smoke": True, "test": True}, AT)) == [("detector_test", "raised")] * 2
    assert events(tell(driver, {"smoke": True, "test": True}, AT + 60_000)) == []
    assert events(tell(driver, {"smoke": True, "test": False}, AT + 61_000)) == [
        ("detector_test", "cleared"),
        ("smoke", "raised"),
    ]


def test_a_stuck_test_bit_excuses_nothing_after_five_minutes() -> None:
    driver = bridge(binary("smoke"), binary("test"))
    tell(driver, {"smoke": False, "test": True}, AT)
    assert events(tell(driver, {"smoke": True, "test": True}, AT + 301_000)) == [("smoke", "raised")]


def test_a_smoke_alarm_with_two_keys_is_one_alarm() -> None:
    driver = bridge(binary("smoke"), enum("smoke_state", "alarm", "normal"))
    assert events(tell(driver, {"smoke": True, "smoke_state": "normal"})) == [("smoke", "raised")]


def test_retained_state_never_raises_and_does_not_hide_the_live_alarm() -> None:
    driver = bridge(binary("smoke"), enum("action", "sos"))
    assert tell(driver, {"smoke": True, "action": "sos"}, retained=True) == []
    items = tell(driver, {"smoke": True, "last_seen": iso(AT - 5000)}, retained=True)
    assert events(items) == []
    assert [(r.late, r.at) for r in of(Reading, items)] == [(True, AT - 5000)]
    assert events(tell(driver, {"smoke": True})) == [("smoke", "raised")]


def test_a_state_older_than_the_last_handled_one_is_a_replay() -> None:
    driver = bridge(binary("smoke"))
    tell(driver, {"smoke": True, "last_seen": iso(AT)}, AT)
    tell(driver, {"smoke": False, "last_seen": iso(AT + 60_000)}, AT + 60_000)
    assert tell(driver, {"smoke": True, "last_seen": iso(AT)}, AT + 70_000) == []
    assert driver.counts["replays"] == 1
    fresh = tell(driver, {"smoke": True, "last_seen": iso(AT + 80_000)}, AT + 80_000)
    assert events(fresh) == [("smoke", "raised")]


def test_a_bridge_clock_that_steps_back_does_not_silence_the_house() -> None:
    driver = bridge(enum("action", "sos"))
    future = AT + 3_600_000
    assert events(tell(driver, {"action": "sos", "last_seen": iso(future)}, AT)) == [("sos", "raised")]
    assert events(tell(driver, {"action": "sos", "last_seen": iso(AT + 1000)}, AT + 1000)) == [
        ("sos", "raised")
    ]


def test_the_cache_that_the_bridge_tells_at_its_start_raises_nothing() -> None:
    driver = bridge(binary("smoke"))
    driver.receive(line("bridge/state", {"state": "online"}), AT)
    cached = {"smoke": True, "last_seen": iso(AT - 7_200_000)}
    items = tell(driver, cached, AT + 1000)
    assert events(items) == []
    assert all(reading.late for reading in of(Reading, items))
    assert events(tell(driver, {"smoke": True, "last_seen": iso(AT + 2000)}, AT + 2000)) == [
        ("smoke", "raised")
    ]


def test_a_clock_in_1970_is_no_cache() -> None:
    driver = bridge(binary("smoke"))
    driver.receive(line("bridge/state", {"state": "online"}), AT)
    [smoke] = of(Happening, tell(driver, {"smoke": True, "last_seen": 5000}, AT + 1000))
    assert (smoke.at, smoke.device_at) == (AT + 1000, 5000)


def test_measured_at_is_last_seen_when_it_is_believable() -> None:
    driver = bridge(numeric("battery", "%"))
    for claimed, at in ((AT - 5000, AT - 5000), (AT + 7_200_000, AT)):
        driver = bridge(numeric("battery", "%"))
        [reading] = of(Reading, tell(driver, {"battery": 50, "last_seen": iso(claimed)}))
        assert (reading.at, reading.device_at) == (at, claimed)
    assert of(Reading, tell(driver, {"battery": 50, "last_seen": "yesterday"}))[0].at == AT


@pytest.mark.parametrize("payload", ['{"state":"%s"}', "%s", '"%s"'])
def test_availability_in_all_its_forms_is_a_state_and_no_event(payload: str) -> None:
    driver = bridge(binary("smoke"))
    tell(driver, {"smoke": False})
    for word, online in (("offline", False), ("online", True)):
        [seen] = driver.receive(line("厨房/烟感/availability", payload % word, retained=True), AT)
        assert isinstance(seen, Sighting)
        assert (seen.state.device, seen.state.online) == (ID, online)


def test_a_device_not_yet_heard_is_unknown_rather_than_online() -> None:
    driver = bridge(binary("smoke"))
    [seen] = of(Sighting, driver.receive(line("厨房/烟感/availability", "online", retained=True), AT))
    assert seen.state.online is None


def silent_after(gap_ms: int, messages: int, *, battery: bool) -> int | None:
    """Minutes of silence after which a device heard each `gap_ms` is said to be offline; None within 30 h."""
    exposes = [binary("smoke"), numeric("battery", "%")] if battery else [binary("smoke")]
    driver = bridge(*exposes, power_source="Battery" if battery else "Mains (single phase)")
    for n in range(messages):
        tell(driver, {"smoke": False}, AT + n * gap_ms)
    last = AT + (messages - 1) * gap_ms
    for minute in range(1, 30 * 60):
        for item in of(Sighting, driver.receive(b"", last + minute * 60_000)):
            assert (item.state.device, item.state.online, item.state.last_seen) == (ID, False, last)
            assert of(Sighting, driver.receive(b"", last + (minute + 2) * 60_000)) == [], "said once"
            return minute
    return None


@pytest.mark.parametrize(
    ("gap_min", "messages", "battery", "minutes"),
    [(60, 10, True, 181), (1, 10, True, 121), (1, 10, False, 31), (600, 10, True, 1561), (60, 3, True, 1561)],
)
def test_silence_is_judged_by_what_is_usual_for_the_device(
    gap_min: int, messages: int, battery: bool, minutes: int
) -> None:
    assert silent_after(gap_min * 60_000, messages, battery=battery) == minutes


def test_when_the_bridge_goes_every_device_is_unknown() -> None:
    driver = bridge(binary("smoke"))
    [seen] = driver.receive(line("bridge/state", "offline"), AT)
    assert isinstance(seen, Sighting)
    assert (seen.state.device, seen.state.online) == (ID, None)


def test_a_renamed_device_keeps_its_id_and_its_memory() -> None:
    driver = bridge(binary("smoke"))
    assert events(tell(driver, {"smoke": True})) == [("smoke", "raised")]
    driver.receive(line("bridge/devices", [entry(binary("smoke"), name="kitchen")]), AT)
    assert events(tell(driver, {"smoke": True}, name="kitchen")) == []
    [cleared] = of(Happening, tell(driver, {"smoke": False}, name="kitchen"))
    assert (cleared.device, cleared.phase) == (ID, "cleared")


def test_a_name_may_end_like_a_topic_of_the_bridge() -> None:
    for name in ("hall/availability", "hall/set", "bridge/devices2"):
        driver = bridge(enum("action", "sos"), name=name)
        assert events(tell(driver, {"action": "sos"}, name=name)) == [("sos", "raised")]


@pytest.mark.parametrize(
    "topic", ["厨房/烟感/set", "厨房/烟感/get", "厨房/烟感/set/state", "bridge/logging", "bridge/info"]
)
def test_commands_of_others_and_bridge_talk_are_not_read(topic: str) -> None:
    assert bridge(binary("smoke")).receive(line(topic, {"smoke": True, "action": "sos"}), AT) == []


def test_a_state_before_the_list_of_devices_waits_for_it() -> None:
    driver = ZigbeeDriver(DriverOptions())
    assert tell(driver, {"action": "emergency"}, AT) == []
    items = driver.receive(
        line("bridge/devices", [entry(enum("action", "emergency"))], retained=True), AT + 800
    )
    [sos] = of(Happening, items)
    assert (sos.device, sos.kind, sos.at) == (ID, "sos", AT)


def test_a_state_that_waits_too_long_is_read_without_the_list() -> None:
    driver = ZigbeeDriver(DriverOptions())
    assert tell(driver, {"action": "emergency"}, AT, name="Front Door!") == []
    assert driver.receive(b"", AT + 2000) == []
    [sos] = of(Happening, driver.receive(b"", AT + 3000))
    assert (sos.device, sos.kind) == ("zb-front-door", "sos")
    assert driver.receive(b"", AT + 4000) == []


def test_too_many_waiting_states_lose_none() -> None:
    driver = ZigbeeDriver(DriverOptions())
    items = [i for n in range(600) for i in tell(driver, {"action": "sos"}, AT, name=f"button-{n}")]
    items += driver.receive(b"", AT + 3000)
    assert len(of(Happening, items)) == 600


def test_a_name_that_is_the_address_needs_no_list() -> None:
    driver = ZigbeeDriver(DriverOptions())
    [smoke] = of(Happening, tell(driver, {"smoke": True}, name=IEEE))
    assert (smoke.device, smoke.kind) == (ID, "smoke")


def test_a_device_that_is_not_listed_is_mapped_by_its_keys() -> None:
    driver = bridge(binary("smoke"))
    items = tell(
        driver, {"carbon_monoxide": True, "contact": False, "fall_down_status": "fall"}, name="unlisted"
    )
    assert events(items) == [("co", "raised"), ("fall", "raised")]
    assert values(items)["door_open"] == 1
    assert {item.device for item in of(Reading, items)} == {"zb-unlisted"}


@pytest.mark.parametrize(
    "bad",
    [
        b"not json",
        b"[]",
        b'{"topic":1}',
        b'{"topic":"zigbee2mqtt/x","payload":null}',
        b'{"topic":"zigbee2mqtt/x","retained":false,"payload":null,"payload_hex":"ff"}',
        b'{"topic":"zigbee2mqtt/x","payload":"[1,2]"}',
        b'{"topic":"zigbee2mqtt/x","payload":"{"}',
        b'{"topic":"other/x","payload":"{}"}',
        b"\xff\xfe",
        b'{"topic":"zigbee2mqtt/bridge/devices","payload":"{}"}',
        b'{"topic":"zigbee2mqtt/bridge/devices","payload":"[1,null,{},{\\"ieee_address\\":5}]"}',
        b"[" * 100_000,
    ],
)
def test_bad_lines_are_dropped_and_the_next_is_heard(bad: bytes) -> None:
    driver = bridge(binary("smoke"))
    assert driver.receive(bad + b"\n", AT) == []
    driver = bridge(binary("smoke"))
    driver.receive(bad + b"\n", AT)
    driver.receive(line("bridge/devices", [entry(binary("smoke"))]), AT)
    assert events(tell(driver, {"smoke": True})) == [("smoke", "raised")]


def test_lines_come_in_pieces() -> None:
    driver = bridge(binary("smoke"), numeric("battery", "%"))
    piecewise = bridge(binary("smoke"), numeric("battery", "%"))
    stream = line("厨房/烟感", {"smoke": True, "battery": 64})
    assert [i for b in stream for i in piecewise.receive(bytes([b]), AT)] == driver.receive(stream, AT)


def test_the_inventory_names_models() -> None:
    [device] = bridge(binary("smoke")).inventory()
    assert (device.device, device.driver, device.model) == (ID, "zigbee2mqtt", "X")
