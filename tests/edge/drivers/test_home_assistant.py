import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers.ha_templates import Unsupported, render
from edge.drivers.home_assistant import HomeAssistantDriver
from edge.drivers.options import DriverOptions
from edge.readings import Happening, Item, Press, Reading, Sighting
from simulators.devices.home_assistant import Board, Message

AT = 1_770_401_400_000
BOARD = Board("bath-1")


def line(message: Message) -> bytes:
    framed = {"topic": message.topic, "retained": message.retained, "payload": message.payload or None}
    return json.dumps(framed).encode() + b"\n"


def home() -> HomeAssistantDriver:
    return HomeAssistantDriver(DriverOptions())


def told(items: list[Item]) -> list[Any]:
    found: list[Any] = [(item.kind, item.value) for item in items if isinstance(item, Reading)]
    found += [(item.kind, item.phase) for item in items if isinstance(item, Happening)]
    return found + [item.button for item in items if isinstance(item, Press)]


def hears(driver: HomeAssistantDriver, *messages: Message) -> list[Any]:
    return told([item for message in messages for item in driver.receive(line(message), AT)])


def announced(platform: str = "sensor", object_id: str = "x", **config: Any) -> HomeAssistantDriver:
    driver = home()
    payload = json.dumps({"stat_t": "a/state"} | config)
    assert (
        hears(driver, Message(f"homeassistant/{platform}/{object_id}/config", payload, retained=True)) == []
    )
    return driver


def at(payload: str) -> Message:
    return Message("a/state", payload)


def test_a_board_announces_itself_and_its_day_is_understood() -> None:
    driver = home()
    hears(driver, *BOARD.announce())
    asked = [json.loads(text)["subscribe"] for text in driver.replies().splitlines()]
    assert sorted(asked) == sorted({"bath-1/status"} | {f"bath-1/{name}/state" for name in asked_entities()})
    assert [(entry.device, entry.model) for entry in driver.inventory()] == [("ha-bath-1", "MR60FDA2")]
    day = ["somebody", "heart_72", "breath_16", "fall", "fall", "gets_up", "smoke", "clear_air", "press"]
    assert hears(driver, *(BOARD.tell(what) for what in day)) == [
        ("presence", 1),
        ("heart_rate", 72),
        ("resp_rate", 16),
        ("smoke", 1),
        ("smoke", 0),
        ("fall", "raised"),
        ("fall", "cleared"),
        ("smoke", "raised"),
        ("smoke", "cleared"),
        "press",
    ]
    assert hears(driver, BOARD.tell("sos"), BOARD.tell("sos")) == [("sos", "raised")] * 2


def asked_entities() -> list[str]:
    return ["fall_detected", "people_exist", "smoke", "real_time_heart_rate", "breath_rate", "button"]


def test_retained_states_raise_and_measure_nothing() -> None:
    driver = home()
    hears(driver, *BOARD.announce())
    for what in ("fall", "smoke", "sos", "heart_72", "press"):
        assert driver.receive(line(BOARD.tell(what, retained=True)), AT) == []
    assert hears(driver, BOARD.tell("fall")) == [("fall", "raised")]


def test_availability_is_a_state_and_a_retained_online_is_not_believed() -> None:
    driver = home()
    driver.receive(b"".join(map(line, BOARD.announce()[:-1])), AT)
    status = "bath-1/status"

    def seen(payload: str, *, retained: bool) -> list[bool | None]:
        items = driver.receive(line(Message(status, payload, retained)), AT)
        return list({item.state.online for item in items if isinstance(item, Sighting)})

    assert seen("online", retained=True) == []
    assert seen("offline", retained=True) == [False]
    assert seen("online", retained=False) == [True]
    assert seen("nonsense", retained=False) == []


@pytest.mark.parametrize(
    ("mode", "told_online"),
    [
        ("latest", [True, False, True, False]),
        ("any", [True, True, True, False]),
        ("all", [None, False, True, False]),
    ],
)
def test_a_device_with_two_availability_topics_is_there_as_its_mode_says(
    mode: str, told_online: list[bool | None]
) -> None:
    topics = [{"t": "bridge", "val_tpl": "{{ value_json.state }}"}, {"t": "own"}]
    driver = announced(avty=topics, avty_mode=mode)
    bridge = [json.dumps({"state": word}) for word in ("online", "offline")]
    messages = [
        *(Message("own", "online"), Message("bridge", bridge[1])),
        *(Message("bridge", bridge[0]), Message("own", "offline"), Message("bridge", bridge[1])),
    ]
    items = [driver.receive(line(message), AT) for message in messages]
    seen = [item.state.online for found in items for item in found if isinstance(item, Sighting)]
    assert seen[:3] + seen[-1:] == told_online


def test_a_board_that_falls_silent_without_a_last_will_is_offline_once() -> None:
    driver = home()
    hears(driver, *BOARD.announce())
    for hour in range(10):
        driver.receive(line(BOARD.tell("somebody")), AT + hour * 3_600_000)
    states = [
        (minute, item.state.online)
        for minute in range(1, 600)
        for item in driver.receive(b"", AT + 9 * 3_600_000 + minute * 60_000)
        if isinstance(item, Sighting)
    ]
    assert states == [(181, False)]


def test_no_message_keeps_the_driver_busy_with_thousands_of_entities() -> None:
    driver = home()
    heavy = {"state_topic": "t", "value_template": "{{ " + "1+" * 900 + "1 }}", "device_class": "battery"}
    for n in range(300):
        driver.receive(
            line(Message(f"homeassistant/sensor/x{n}/config", json.dumps(heavy), retained=True)), 0
        )
    assert len(driver.entities_at("t")) <= 100
    assert driver.counts["too_many_entities"] > 0
    assert hears(driver, Message("t", json.dumps({"value": "x" * 200_000}))) == []
    assert driver.counts["state_too_long"] == 1


def test_one_message_for_a_whole_device_and_an_empty_one_that_removes_it() -> None:
    driver = home()
    device = {
        "dev": {"ids": "d9", "mdl": "M"},
        "o": {"name": "x"},
        "~": "d9",
        "cmps": {
            "leak": {"p": "binary_sensor", "dev_cla": "moisture", "stat_t": "~/leak"},
            "bell": {"p": "device_automation", "type": "button_short_press", "stype": "sos", "t": "~/bell"},
            "gone": {"p": "sensor"},
            "air": {"p": "sensor", "dev_cla": "temperature", "val_tpl": "{{ value_json.t }}"},
        },
        "stat_t": "~/all",
    }
    topic = "homeassistant/device/d9/config"
    hears(driver, Message(topic, json.dumps(device), retained=True))
    assert sorted(driver.entities(topic)) == ["air", "bell", "leak"]
    assert hears(driver, Message("d9/all", '{"t": 21.5}')) == [("temperature", 21.5)], "no press, no leak"
    leak, bell = Message("d9/leak", "ON"), Message("d9/bell", "short_press")
    assert hears(driver, leak, bell) == [("water_leak", 1), ("water_leak", "raised"), ("sos", "raised")]
    hears(driver, Message(topic, "", retained=True))
    assert hears(driver, leak, bell) == []


def test_a_panic_button_that_shows_as_a_state_is_a_press_at_each_rise() -> None:
    driver = announced("binary_sensor", "panic_button")
    assert hears(driver, *(at(word) for word in ("ON", "ON", "OFF", "ON"))) == [("sos", "raised")] * 2


def test_two_alarms_of_one_kind_in_a_device_are_one_until_both_are_over() -> None:
    driver = home()
    for name in ("up", "down"):
        config = {"stat_t": name, "dev_cla": "smoke", "dev": {"ids": ["d"]}}
        hears(driver, Message(f"homeassistant/binary_sensor/{name}/config", json.dumps(config), True))
    steps = [Message("up", "ON"), Message("down", "ON"), Message("up", "OFF"), Message("down", "OFF")]
    events = [point for point in hears(driver, *steps) if isinstance(point[1], str)]
    assert events == [("smoke", "raised"), ("smoke", "cleared")]


@pytest.mark.parametrize(
    ("object_id", "config", "payload", "point"),
    [
        ("t", {"dev_cla": "temperature", "unit_of_meas": "°F"}, "68", ("temperature", 20)),
        ("body", {"dev_cla": "temperature", "unit_of_meas": "°C"}, "36.6", ("body_temperature", 36.6)),
        ("v", {"dev_cla": "voltage", "unit_of_meas": "mV"}, "3005", ("battery_voltage", 3.005)),
        ("v", {"dev_cla": "voltage", "unit_of_meas": "V"}, "231", ("mains_voltage", 231)),
        ("p", {"dev_cla": "power", "unit_of_meas": "kW"}, "1.5", ("power", 1500)),
        (
            "g",
            {"dev_cla": "blood_glucose_concentration", "unit_of_meas": "mg/dL"},
            "99.088",
            ("glucose", 5.5),
        ),
        ("breath_rate", {}, "15", ("resp_rate", 15)),
        ("spo2", {"unit_of_meas": "%"}, "97", ("spo2", 97)),
        ("wifi", {"dev_cla": "signal_strength", "unit_of_meas": "dBm"}, "-67", ("signal_dbm", -67)),
        ("wifi", {"dev_cla": "signal_strength", "unit_of_meas": "%"}, "66", ("signal_strength", 66)),
        ("rainfall_rate", {"unit_of_meas": "mm/h"}, "3", None),
        ("h", {"dev_cla": "humidity"}, "unavailable", None),
        ("h", {"dev_cla": "humidity"}, "nan", None),
        ("heart_rate", {"unit_of_meas": "bpm"}, "0", None),
    ],
)
def test_sensors_by_class_unit_and_words(
    object_id: str, config: dict[str, Any], payload: str, point: tuple[str, float] | None
) -> None:
    found = hears(announced("sensor", object_id, **config), at(payload))
    assert [(kind, round(value, 3)) for kind, value in found] == ([point] if point else [])


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ value }}", '{"a": {"b": [1, 2.5]}, "on": "ON", "no": null}'),
        ("{{ value_json.a.b[1] }}", 2.5),
        ("{{ value_json['a']['b'][0] | int }}", 1),
        ("{{ value_json.a.b[1] | round(0) }}", 2),
        ("{{ 'ON' if value_json.on == 'ON' else 'OFF' }}", "ON"),
        ("{{ (value_json.a.b[1] * 2 + 1) / 3 }}", 2),
        ("{{ value_json.zzz.y | default('none') }}", "none"),
        ("{{ value_json.no is none and value_json.zzz is not defined }}", True),
        ("{{ 'O' in value_json.on and not 'X' in value_json.on }}", True),
        ("x={{ value_json.a.b[0] }};{{ value_json.on | lower }}", "x=1;on"),
        ("{{ value_json.zzz }}", None),
        ("{{ 1 / 0 }}", None),
        ("{{ value_json.on | iif('yes', 'no') }}", "yes"),
        ("plain", "plain"),
    ],
)
def test_templates(template: str, value: Any) -> None:
    assert render(template, '{"a": {"b": [1, 2.5]}, "on": "ON", "no": null}') == value


@pytest.mark.parametrize(
    "template",
    [
        "{% if value %}1{% endif %}",
        "{{ value.split(',')[0] }}",
        "{{ states('x') }}",
        "{{ value | regex_replace('a') }}",
        "{{ value",
        "{{ }}",
        "{{ value_json. }}",
        "{{ 1 1 }}",
        "{{ " + "(" * 50 + "1" + ")" * 50 + " }}",
        "{{ value }}" + " " * 2000,
    ],
)
def test_an_unsupported_template_is_counted_and_never_guessed(template: str) -> None:
    with pytest.raises(Unsupported):
        render(template, "1")
    driver = announced(dev_cla="temperature", val_tpl=template)
    assert hears(driver, at("21")) == []
    assert driver.counts["template_unsupported"] == 1


TOKENS = """value value_json .a ['a'] [0] ( ) | int float round (2) if else + - * / // % ~ == in is
not defined 9e 1e308 'x' 999999999 < and or"""
tokens = st.sampled_from(TOKENS.split())


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(tokens, max_size=12),
    payload=st.sampled_from(["", "1", "nan", '{"a":[1]}', "[[]]", "-1e308"]),
)
def test_any_template_gives_a_value_or_is_unsupported(parts: list[str], payload: str) -> None:
    with contextlib.suppress(Unsupported):
        render("{{ " + " ".join(parts) + " }}", payload)


values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.lists(st.text(max_size=3), max_size=2)
)


@settings(max_examples=150, deadline=None)
@given(
    value=values | st.dictionaries(st.sampled_from(["ids", "p", "topic", "t", "cns"]), values, max_size=3),
    key=st.sampled_from(["~", "stat_t", "dev", "cmps", "avty", "val_tpl", "dev_cla", "pl_on", "name"]),
    platform=st.sampled_from(["sensor", "binary_sensor", "device", "event", "device_automation"]),
)
def test_settings_of_any_type_never_raise(value: Any, key: str, platform: str) -> None:
    driver = home()
    config = {"stat_t": "a/state", "dev_cla": "smoke", "cmps": {"x": {"p": "sensor", key: value}}} | {
        key: value
    }
    hears(driver, Message(f"homeassistant/{platform}/x/config", json.dumps(config), True), at("ON"), at("{}"))
    driver.replies()
