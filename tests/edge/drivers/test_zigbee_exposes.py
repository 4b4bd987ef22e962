from typing import Any

import pytest

from tests.edge.drivers.zigbee_lines import binary, bridge, enum, numeric, tell, values


@pytest.mark.parametrize(
    ("expose", "state", "reading"),
    [
        (binary("smoke"), {"smoke": True}, {"smoke": 1}),
        (enum("smoke_state", "alarm", "normal"), {"smoke_state": "ALARM"}, {"smoke": 1}),
        (binary("gas"), {"gas": False}, {"gas": 0}),
        (enum("gas_sensor_state", "alarm", "normal"), {"gas_sensor_state": "alarm"}, {"gas": 1}),
        (binary("carbon_monoxide"), {"carbon_monoxide": True}, {"co": 1}),
        (enum("co_state", "alarm", "normal"), {"co_state": "normal"}, {"co": 0}),
        (binary("water_leak"), {"water_leak": True}, {"water_leak": 1}),
        (
            enum("water_leakage_state", "water_leakage_yes"),
            {"water_leakage_state": "water_leakage_yes"},
            {"water_leak": 1},
        ),
        (binary("contact", False, True), {"contact": False}, {"door_open": 1}),
        (binary("contact", True, False), {"contact": False}, {"door_open": 1}),
        (binary("contact", "ON", "OFF"), {"contact": "OFF"}, {"door_open": 1}),
        (binary("contact", False, True), {"contact": True}, {"door_open": 0}),
        (binary("occupancy"), {"occupancy": True}, {"motion": 1}),
        (binary("moving"), {"moving": True}, {"motion": 1}),
        (binary("presence"), {"presence": False}, {"presence": 0}),
        (enum("motion_state", "none", "small", "large"), {"motion_state": "small"}, {"presence": 1}),
        (enum("human_motion_state", "none", "small"), {"human_motion_state": "none"}, {"presence": 0}),
        (binary("tilt"), {"tilt": True}, {"vibration": 1}),
        (binary("tamper"), {"tamper": True}, {"tamper": 1}),
        (enum("battery_state", "low", "middle", "high"), {"battery_state": "low"}, {"battery_low": 1}),
        (numeric("battery", "%"), {"battery": 64}, {"battery": 64}),
        (numeric("voltage", "mV"), {"voltage": 2950}, {"battery_voltage": 2.95}),
        (numeric("voltage", "V"), {"voltage": 231.5}, {"mains_voltage": 231.5}),
        (numeric("breathing_rate"), {"breathing_rate": 16}, {"resp_rate": 16}),
        (numeric("breathing_rate"), {"breathing_rate": 0}, {}),
        (binary("heartbeat"), {"heartbeat": True}, {}),
        (numeric("battery", "%"), {"battery": 101}, {}),
        (numeric("battery", "%"), {"battery": "full"}, {}),
        (numeric("battery", "%"), {"battery": None}, {}),
        (numeric("power", "W"), {"power": 84}, {"power": 84}),
        (binary("smoke"), {"linkquality": 73}, {"link_quality": 73}),
        (enum("fall_detection", "ON", "OFF", access=3), {"fall_detection": "ON"}, {}),
        (binary("tamper", access=3), {"tamper": True}, {}),
        (
            binary("occupancy", key="occupancy_left"),
            {"occupancy_left": True, "occupancy": False},
            {"motion": 1},
        ),
    ],
)
def test_exposes_tell_what_a_state_means(
    expose: dict[str, Any], state: Any, reading: dict[str, float]
) -> None:
    assert values(tell(bridge(expose), state)) == reading


def test_parts_of_a_light_are_walked_into_and_settings_are_left_out() -> None:
    switch = {"type": "switch", "features": [binary("state", "ON", "OFF", access=7), numeric("power", "W")]}
    assert values(tell(bridge(switch), {"state": "ON", "power": 12})) == {"power": 12}
