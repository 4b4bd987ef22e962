import io
import json
from pathlib import Path
from typing import Any

import pytest

from edge import decode
from simulators.devices import beds, radars
from simulators.devices.gt06 import Gt06
from simulators.devices.jt808 import Jt808
from simulators.devices.trv import Trv
from tests.edge.drivers.frames import frame, position

SHARED = Path(__file__).parents[2].parent / "shared"
VECTORS = SHARED / "vectors" / "device_samples.md"
FIXTURES = SHARED / "data" / "device_fixtures"
needs_vectors = pytest.mark.skipif(not VECTORS.is_file(), reason="no ../shared/vectors beside the checkout")
needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="no ../shared/data beside the checkout")


def told(protocol: str, *lines: str | bytes) -> list[dict[str, Any]]:
    out = io.StringIO()
    decode.run(protocol, [line if isinstance(line, bytes) else line.encode() for line in lines], out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def section(name: str) -> list[dict[str, Any]]:
    if not VECTORS.is_file():
        return []
    text = VECTORS.read_text(encoding="utf-8")
    part = text[text.index(f"## {name} ") :].split("\n## ", 1)[0]
    return [json.loads(line) for line in part.splitlines() if line.startswith("{")]


def jsonl(name: str) -> list[dict[str, Any]]:
    path = FIXTURES / name
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    )


def events(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["kind"], item["phase"]) for item in answer["items"] if item["item"] == "happening"]


def test_a_watch_alarm_shows_fields_items_and_reply() -> None:
    [answer] = told("watch", frame(position("AL", status="00010001"), index="00A3"))
    fields = answer["decoded"]
    assert (fields["type"], fields["index"], fields["lat"], fields["accuracy_m"]) == (
        "AL",
        "00A3",
        37.3815,
        12.5,
    )
    assert (fields["time_utc"], fields["status_bits"]) == ("2026-02-06T18:10:00Z", [0, 16])
    assert fields["flags"] == ["low_battery", "sos"]
    assert answer["replies"] == fields["server_ack"] == "[3G*2300000017*00A3*0002*AL]"
    assert events(answer) == [("sos", "raised")]


def test_hexadecimal_lines_and_several_frames_a_line() -> None:
    data = frame("LK,1,2,80") + frame(b"TK,\x00\x7d\x03\xff")
    [answer] = told("watch", f"hex:{data.hex()}")
    assert [fields["type"] for fields in answer["decoded"]] == ["LK", "TK"]
    assert (
        answer["frames"][1]
        == "hex:" + frame(b"TK,\x00]\xff").replace(b"0006", b"0007").replace(b"0005", b"0006").hex()
    )


@pytest.mark.parametrize("protocol", sorted(decode.DECODERS))
@pytest.mark.parametrize(
    "bad", [b"rubbish", b"hex:zz", b"hex:00ff", b"\xff\xfe\x00", b"{}", b"[1]", b"[" * 99_999]
)
def test_a_bad_line_is_an_error_line_and_the_next_one_is_read(protocol: str, bad: bytes) -> None:
    good = {
        "watch": frame("LK"),
        "zigbee2mqtt": b'{"topic":"zigbee2mqtt/x","payload":"{\\"smoke\\":true}"}',
        "wrist_accelerometer": b'{"type":"hello","device":"wrist-a","rate_hz":20,"range_g":8}',
        "sca11h": b"hex:" + beds.sca11h_record("sleeps").hex().encode(),
        "emfit_qs": b"SER=1<br>PRES=1<br>",
        "bluetooth": b'{"uuid":"2a37","value":"0648"}',
        "home_assistant": b'{"topic":"homeassistant/sensor/x/config",'
        b'"payload":{"stat_t":"x","dev_cla":"humidity"},"then":{"topic":"x","payload":"40"}}',
        "trv": Trv().heartbeat(),
        "gt06": b"hex:" + Gt06().heartbeat().hex().encode(),
        "jt808": b"hex:" + Jt808().heartbeat().hex().encode(),
        "r60": b"hex:" + radars.r60_frame("fall").hex().encode(),
        "tinyframe": b"hex:" + radars.tiny_frame("fall").hex().encode(),
    }[protocol]
    first, *_, last = told(protocol, bad + b"\n", b"\n", good + b"\r\n")
    assert first["error"]
    assert "error" not in last
    assert last["items"]


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(frame("LK") + b"\n")
    bad.write_bytes(b"rubbish\n")
    assert decode.main(["watch", str(good)]) == 0
    assert decode.main(["watch", str(bad)]) == 1
    assert decode.main(["watch", str(tmp_path / "absent")]) == 2
    assert decode.main(["morse", str(good)]) == 2
    assert "watch, wrist_accelerometer, zigbee2mqtt" in capsys.readouterr().out


def test_zigbee_remembers_the_devices_of_the_lines_before() -> None:
    exposes = [{"type": "binary", "name": "contact", "property": "contact", "access": 1, "value_on": True}]
    devices = [{"ieee_address": "0x" + "a" * 16, "friendly_name": "门", "definition": {"exposes": exposes}}]
    lines = [
        {"topic": "zigbee2mqtt/bridge/devices", "retained": True, "payload": json.dumps(devices)},
        {"topic": "zigbee2mqtt/门", "retained": False, "payload": '{"contact":false,"linkquality":9}'},
    ]
    _, answer = told("zigbee2mqtt", *[json.dumps(line) for line in lines])
    assert answer["decoded"]["points"] == [["door_open", True], ["lqi", 9]]
    assert {item["device"] for item in answer["items"] if "device" in item} == {"zb-" + "a" * 16}


def test_a_wrist_stream_shows_its_answers() -> None:
    hello = '{"type":"hello","device":"wrist-a","rate_hz":20,"range_g":8}'
    _, answer = told("wrist_accelerometer", hello, '{"type":"samples","seq":1,"at":5000,"xyz":[[0,0,1]]}')
    assert answer["replies"] == '{"type":"ok","seq":1}\n'
    assert answer["items"][0]["xyz_g"] == [[0.0, 0.0, 1.0]]


@needs_vectors
@pytest.mark.parametrize("vector", section("watch_uplink"), ids=lambda v: v["in"][:24])
def test_real_watch_messages(vector: dict[str, Any]) -> None:
    [answer] = told("watch", vector["in"])
    want = {key: value for key, value in vector["want"].items() if key != "traccar_alarm"}
    assert {key: answer["decoded"].get(key) for key in want} == want
    assert answer["replies"] == (want["server_ack"] or "")
    if "sos" in want.get("flags", []):
        assert ("sos", "raised") in events(answer)
    if want["type"].startswith("AL"):
        assert events(answer), "an alarm message never yields nothing"


_TRACCAR_ALARMS = {
    "ALARM_SOS": "sos",
    "ALARM_REMOVING": "watch_removed",
    "ALARM_LOW_BATTERY": "battery_low",
    "ALARM_FALL_DOWN": "fall",
    "ALARM_GEOFENCE_EXIT": "fence_exit",
}


@needs_fixtures
@pytest.mark.parametrize(
    "fixture",
    [f for f in jsonl("traccar_trackers.jsonl") if f["protocol"] == "Watch"],
    ids=lambda f: f["payload"][:24],
)
def test_traccar_watch_messages(fixture: dict[str, Any]) -> None:
    line = fixture["payload"] if fixture["encoding"] == "ascii" else "hex:" + fixture["payload"]
    [answer] = told("watch", line)
    assert answer["decoded"]["id"]
    for name, kind in _TRACCAR_ALARMS.items():
        if any(name in expected for expected in fixture["expected"]):
            assert (kind, "raised") in events(answer)


_PUBLISHED_EVENTS: list[tuple[str, Any, str, str]] = [
    ("smoke", True, "smoke", "raised"),
    ("gas", True, "gas", "raised"),
    ("carbon_monoxide", True, "co", "raised"),
    ("water_leak", True, "water_leak", "raised"),
    ("action", "emergency", "sos", "raised"),
    ("battery_low", True, "battery_low", "raised"),
    ("fall_down_status", "fall", "fall", "raised"),
    ("fall_status", "fall_alarm", "fall", "raised"),
    ("fall_status", "fall_warning", "fall", "suspected"),
    ("status", "falling", "fall", "raised"),
]


@needs_fixtures
@pytest.mark.parametrize(
    "fixture", jsonl("zigbee2mqtt_messages.jsonl"), ids=lambda f: f["z2m_model"] + str(f["published"])[:30]
)
def test_what_real_converters_publish(fixture: dict[str, Any]) -> None:
    payload = json.dumps(fixture["published"])
    [answer] = told("zigbee2mqtt", json.dumps({"topic": "zigbee2mqtt/0x" + "1" * 16, "payload": payload}))
    published = fixture["published"].items()
    want = [(kind, phase) for key, value, kind, phase in _PUBLISHED_EVENTS if (key, value) in published]
    assert sorted(events(answer)) == sorted(want)
