import json

from simulators.devices.zigbee import MODELS, ON, Sensor, bridge_devices

AT = 1_770_401_400_000


def test_a_pressed_button_sends_its_action_once_and_does_not_keep_it() -> None:
    button = Sensor("sos_button", "00158d0001a2b3c4", "玄关/按钮")
    pressed = button.payload(ON["sos_button"], AT)
    assert pressed == {
        "action": "emergency",
        "battery": 97,
        "voltage": 3000,
        "linkquality": 120,
        "last_seen": "2026-02-06T18:10:00.000+00:00",
    }
    assert "action" not in button.payload({}, AT)
    assert button.device_id == "zb-00158d0001a2b3c4"


def test_a_state_repeats_every_key_as_the_bridge_does() -> None:
    smoke = Sensor("smoke", "00158d0000000001", "kitchen")
    assert smoke.payload({"smoke": True}, AT)["smoke"] is True
    later = smoke.payload({}, AT)
    assert later["smoke"] is True
    assert later["test"] is False


def test_bridge_devices_lists_the_coordinator_and_every_sensor_with_exposes() -> None:
    sensors = [Sensor(kind, f"{n:016x}", kind) for n, kind in enumerate(MODELS)]
    listed = json.loads(json.dumps(bridge_devices(sensors)))
    assert listed[0]["type"] == "Coordinator"
    assert listed[0]["definition"] is None
    for entry, sensor in zip(listed[1:], sensors, strict=True):
        assert entry["ieee_address"] == f"0x{sensor.ieee}"
        names = {expose["name"] for expose in entry["definition"]["exposes"]}
        assert set(ON[sensor.kind]) <= names


def test_a_door_contact_is_true_when_closed_whatever_its_value_on_says() -> None:
    contact = MODELS["door"].exposes[0]
    assert contact["value_on"] is False
    assert MODELS["door"].idle == {"contact": True}
    assert ON["door"] == {"contact": False}
