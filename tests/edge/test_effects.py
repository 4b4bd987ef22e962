"""Local help on a real home broker: what is published, what is said, what the cloud is told afterwards."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from edge.config import ConfigError, parse
from edge.help_settings import SpeechSection
from edge.speech import PROMPTS, Speech
from firmware_specs import topics
from firmware_specs.homes import HomeContact
from firmware_specs.messages import Config, encode
from tests.edge.played_modem import played
from tests.edge.stand import GATEWAY, Broker, FakeCloud, running, sos, watch, write_config
from tests.waiting import until

pytestmark = pytest.mark.broker

SIREN = "zb-00158d0001a2b3c4"


def help_config(folder: Path, broker: Broker, after_s: float) -> Path:
    """A home with a siren, a lamp and a voice, on the cloud's own broker."""
    folder.mkdir(parents=True, exist_ok=True)
    voice = folder / "voice.sh"
    voice.write_text(f'#!/bin/sh\necho "$1" >> {folder}/said\n', encoding="utf-8")
    voice.chmod(0o700)
    more = (
        f'[[transport]]\ntype = "mqtt"\ndriver = "zigbee2mqtt"\nbroker_url = "{broker.url}"\n'
        f"[local_help]\nafter_s = {after_s}\naway_s = 600\n"
        f'[siren]\ndevices = ["{SIREN}"]\n[light]\ndevices = ["{SIREN}"]\n'
        f'[speech]\ncommand = ["{voice}", "{{text}}"]\nlanguage = "en"\n'
    )
    path = write_config(folder, broker)
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


@pytest.fixture
async def zigbee(broker: Broker) -> AsyncIterator[list[object]]:
    """What a Zigbee2MQTT on this broker would be told."""
    told: list[object] = []
    ready = asyncio.Event()

    async def listen() -> None:
        async with aiomqtt.Client("127.0.0.1", broker.port, identifier="z2m") as client:
            await client.subscribe("zigbee2mqtt/0x00158d0001a2b3c4/set", qos=1)
            ready.set()
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                told.append(json.loads(message.payload))

    task = asyncio.create_task(listen())
    async with asyncio.timeout(30):
        await ready.wait()
    yield told
    task.cancel()


def port(status: str) -> int:
    return int(status.rsplit(":", 1)[1])


def said(folder: Path) -> list[str]:
    file = folder / "said"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


async def test_an_unanswered_sos_rings_in_the_home_until_the_cloud_has_it(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud, zigbee: list[object]
) -> None:
    fake_cloud.acking = False
    home = tmp_path / "home"
    path = help_config(home, broker, after_s=0.5)
    async with running(path) as agent, watch(port(agent.transports[0].status)) as device:
        await until(lambda: agent.transports[1].status.startswith("connected"))
        await device.say(sos())
        await until(lambda: len(zigbee) == 2 and len(said(home)) == 1)
        assert zigbee == [
            {"warning": {"mode": "emergency", "level": "high", "strobe": True, "duration": 180}},
            {"state": "ON"},
        ]
        assert said(home) == [PROMPTS["alone_sos"][1]]
    async with running(path) as agent:
        fake_cloud.acking = True
        await until(lambda: len(said(home)) == 2)
        assert said(home)[1] == PROMPTS["received"][1]
        await until(lambda: len(zigbee) == 3)
        assert zigbee[2] == {"warning": {"mode": "stop", "level": "high", "strobe": False, "duration": 0}}
    local = next(iter(fake_cloud.events.values())).local
    assert (local["why"], local["siren_on"], local["light_on"]) == ("no_ack", "done", "done")
    assert local["said"] == {"alone_sos": "done"}


async def test_an_sos_that_is_stored_is_confirmed_aloud_and_nothing_rings(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud, zigbee: list[object]
) -> None:
    home = tmp_path / "home"
    async with (
        running(help_config(home, broker, after_s=20)) as agent,
        watch(port(agent.transports[0].status)) as device,
    ):
        await device.say(sos())
        await until(lambda: said(home) == [PROMPTS["received"][1]])
    assert zigbee == []
    assert next(iter(fake_cloud.events.values())).local == {}


async def test_the_contacts_that_the_cloud_named_last_are_told_by_the_modem(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    fake_cloud.acking = False
    with played() as modem:
        more = (
            "[local_help]\nafter_s = 0.3\n"
            f'[phone]\nport = "{modem.path}"\nsms_proven = true\n'
            '[[phone.contact]]\nname = "technician"\nnumber = "10000"\n'
        )
        path = write_config(tmp_path / "home", broker)
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
        wanted = Config(
            version=1, place="安康小区501", contacts=[HomeContact(name="son", phone="13800000001")]
        )
        assert fake_cloud.client is not None
        topic = topics.down(GATEWAY, "config")
        await fake_cloud.client.publish(topic, encode(wanted), qos=1, retain=True)
        async with running(path) as agent, watch(port(agent.transports[0].status)) as device:
            await until(lambda: agent.desired.version == 1)
            await device.say(sos())
            await until(lambda: bool(modem.sent))
            assert modem.sent[0]["number"] == "13800000001"
            assert "安康小区501" in modem.sent[0]["text"]
            fake_cloud.acking = True
            await until(lambda: any(event.local.get("sms") for event in fake_cloud.events.values()))
    assert len(modem.sent) == 1
    assert modem.dialled == []
    assert next(iter(fake_cloud.events.values())).local["sms"] == {"done": 1}


async def test_a_recorded_prompt_is_played_and_a_voice_that_hangs_is_ended(tmp_path: Path) -> None:
    (tmp_path / "received.wav").write_bytes(b"RIFF")
    played = Speech(SpeechSection(sounds=str(tmp_path), command=["say", "{text}"], player=["play", "{file}"]))
    assert played.command("received") == ["play", str(tmp_path / "received.wav")]
    assert played.command("claimed") == ["say", PROMPTS["claimed"][0]]
    assert played.command("no such prompt") == []
    assert await Speech(SpeechSection(command=["sleep", "60"], limit_s=0.05)).say("received") is False
    assert await Speech(SpeechSection(command=["/no/such/program"])).say("received") is False
    assert await Speech(SpeechSection(command=["true", "{text}; rm -rf /"])).say("received") is True


def test_help_that_no_home_has_is_refused_with_its_line() -> None:
    for text, reason in (
        ('gateway = "g"\nmany_homes = true\n[speech]\ncommand = ["x"]\n', "line 3"),
        (f'gateway = "g"\n[siren]\ndevices = ["{SIREN}"]\n', "line 2"),
    ):
        with pytest.raises(ConfigError, match=reason):
            parse(text, "edge.toml")
