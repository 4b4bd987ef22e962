"""Topics: what is written can be parsed, and what no gateway may write is None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs import topics
from firmware_specs.__main__ import CHANNELS
from firmware_specs.topics import UpTopic, parse_up

wire_ids = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)


@given(wire_ids, st.sampled_from(["event", "telemetry", "result", "log"]))
def test_up_topics_come_back(gateway: str, channel: str) -> None:
    assert parse_up(topics.up(gateway, channel)) == UpTopic(gateway, channel)


@given(wire_ids, st.sampled_from(["online", "birth"]))
def test_state_topics_come_back(gateway: str, channel: str) -> None:
    assert parse_up(topics.state(gateway, channel)) == UpTopic(gateway, channel)


@given(wire_ids, wire_ids)
def test_device_states_come_back_with_their_device(gateway: str, device: str) -> None:
    assert parse_up(topics.device_state(gateway, device)) == UpTopic(gateway, "device", device)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "carebed",
        "carebed/v1",
        "carebed/v1/gw/up",
        "carebed/v1/gw/up/",
        "carebed/v1//up/event",
        "carebed/v1/gw/up/event/",
        "/carebed/v1/gw/up/event",
        "carebed/v1/gw/up/Event",
        "carebed/v2/gw/up/event",
        "carebed/v1/GW/up/event",
        "carebed/v1/gw\n/up/event",
        "carebed/v1/+/up/event",
        "carebed/v1/#",
        "carebed/v1/gw/up/#",
        "carebed/v1/gw/down/ack",
        "carebed/v1/gw/state",
        "carebed/v1/gw/state/device",
        "carebed/v1/gw/state/device/",
        "carebed/v1/gw/state/device/a/b",
        "carebed/v1/gw/state/device/../event",
        "carebed/v1/gw/state/device/床垫",
        "carebed/v1/gw/state/secret",
        f"carebed/v1/{'g' * 65}/up/event",
        "carebed/v1/cloud/status",
        "$SYS/broker/clients",
        "carebed/v1/gw/up/event\x00",
    ],
)
def test_a_hostile_topic_is_nobodys(topic: str) -> None:
    assert parse_up(topic) is None


@given(st.text())
def test_no_topic_raises(topic: str) -> None:
    assert parse_up(topic) is None or topic.startswith("carebed/v1/")


def test_the_topics_are_those_of_the_wire() -> None:
    assert {channel.address for channel in CHANNELS} == {
        "carebed/v1/{gateway}/up/event",
        "carebed/v1/{gateway}/up/telemetry",
        "carebed/v1/{gateway}/up/result",
        "carebed/v1/{gateway}/up/log",
        "carebed/v1/{gateway}/state/online",
        "carebed/v1/{gateway}/state/birth",
        "carebed/v1/{gateway}/state/device/{device}",
        "carebed/v1/{gateway}/down/ack",
        "carebed/v1/{gateway}/down/command",
        "carebed/v1/{gateway}/down/config",
        "carebed/v1/cloud/status",
    }


def test_subscriptions_and_down_topics() -> None:
    assert topics.down("gw", "#") == "carebed/v1/gw/down/#"
    assert topics.CLOUD_STATUS == "carebed/v1/cloud/status"
    patterns = [topics.EVENTS, topics.TELEMETRY, topics.RESULTS, topics.LOGS]
    assert patterns == [topics.up("+", name) for name in ("event", "telemetry", "result", "log")]
    assert topics.state("+", "#") == topics.STATES
    assert topics.OFFLINE_AFTER_S > 2 * topics.KEEP_ALIVE_S
