"""The doctor names what is wrong and what to do."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge import doctor
from edge.doctor import Finding
from firmware_specs.clock import Clock
from firmware_specs.messages import CloudStatus, encode
from simulators.devices import beds
from tests.edge.stand import GATEWAY, ROOT, Broker, FakeCloud, running, write_config
from tests.ports import free_port

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")


async def examine(path: Path, clock: Clock | None = None) -> dict[str, Finding]:
    (path.parent / "gateway.secret").chmod(0o600)
    findings = await doctor.examine(path, clock or Clock(), broker_s=3, status_s=0.2)
    return {finding.check: finding for finding in findings}


async def test_a_sound_installation_is_called_sound(tmp_path: Path, broker: Broker) -> None:
    found = await examine(write_config(tmp_path / "home", broker))
    assert all(finding.good for finding in found.values()), found
    assert set(found) == {"config", "secret", "data_dir", "transport", "broker", "clock"}


async def test_what_local_help_would_miss_is_named(tmp_path: Path, broker: Broker) -> None:
    more = '[speech]\ncommand = ["no-such-voice", "{text}"]\n[phone]\nport = "/no/such/modem"\n'
    path = write_config(tmp_path / "home", broker, more=more)
    (path.parent / "gateway.secret").chmod(0o600)
    found = await doctor.examine(path, Clock(), broker_s=3, status_s=0.2)
    texts = [finding.text for finding in found if finding.check == "help" and not finding.good]
    assert len(texts) == 3
    assert "no-such-voice" in texts[0]
    assert "/no/such/modem" in texts[1]
    assert "sms_proven" in texts[2]


async def test_a_running_agent_is_not_pushed_out_of_the_broker(tmp_path: Path, broker: Broker) -> None:
    path = write_config(tmp_path / "home", broker, port=free_port())
    async with running(path) as agent:
        found = await examine(path)
        assert all(finding.good for finding in found.values()), found
        assert agent.link.connected.is_set()


async def test_a_busy_port_an_absent_broker_and_an_unusable_folder_are_named(
    tmp_path: Path, broker: Broker
) -> None:
    broker.kill()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        path = write_config(tmp_path / "home", broker, port=port)
        (tmp_path / "home" / "data").write_text("a file", encoding="utf-8")
        found = await examine(path)
    assert f"127.0.0.1:{port}" in found["transport"].text
    assert str(broker.port) in found["broker"].text
    assert "data_dir" in found["data_dir"].text
    assert [check for check, finding in found.items() if not finding.good] == [
        "data_dir",
        "transport",
        "broker",
    ]


async def test_sticks_pages_and_the_bluetooth_package_are_looked_at(tmp_path: Path, broker: Broker) -> None:
    page = await beds.serve_page(lambda: beds.emfit_page("sleeps"))
    url = f"http://127.0.0.1:{page.sockets[0].getsockname()[1]}/dvmstatus.htm"
    away = f"http://127.0.0.1:{free_port()}/"
    entries = [
        f'type = "serial"\ndriver = "r60"\npath = "{tmp_path}/no-stick"',
        f'type = "http"\ndriver = "emfit_qs"\nurl = "{url}"',
        f'type = "http"\ndriver = "emfit_qs"\nurl = "{away}"',
        'type = "bluetooth"\ndevices = ["54:48:E6:00:00:01"]',
    ]
    path = write_config(tmp_path / "home", broker, more="".join(f"[[transport]]\n{e}\n" for e in entries))
    (path.parent / "gateway.secret").chmod(0o600)
    told = [
        f for f in await doctor.examine(path, Clock(), broker_s=3, status_s=0.2) if f.check == "transport"
    ]
    page.close()
    assert "no-stick" in told[0].text
    assert f"{url} answers (200)" in told[1].text
    assert away in told[2].text
    assert [finding.good for finding in told[:3]] == [False, True, False]
    assert "Bluetooth" in told[3].text or "bleak" in told[3].text


async def test_a_refused_secret_and_a_missing_permission_are_told_apart(tmp_path: Path) -> None:
    users = f"""authorization {{ users = [
        {{ user: "{GATEWAY}", password: "right",
           permissions: {{ publish: ["carebed.v1.{GATEWAY}.>"], subscribe: ["x.>"] }} }} ] }}"""
    broker = Broker(tmp_path / "broker", free_port(), users)
    broker.start()
    await broker.ready()
    path = write_config(tmp_path / "home", broker)
    found = await examine(path)
    assert "refused" in found["broker"].text
    (tmp_path / "home" / "gateway.secret").write_text("right", encoding="utf-8")
    found = await examine(path)
    assert "does not let" in found["broker"].text
    broker.kill()


async def test_a_wrong_clock_is_compared_with_the_clouds(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    path = write_config(tmp_path / "home", broker)
    found = await examine(path, Clock(0, Clock().now_ms(), 1.0))
    assert "NTP" in found["clock"].text
    assert not found["clock"].good
    assert fake_cloud.client is not None
    status = encode(CloudStatus(alive=True, at=Clock().now_ms()))
    await fake_cloud.client.publish("carebed/v1/cloud/status", status, qos=1, retain=True)
    assert (await examine(path))["clock"].good


def test_the_program_exits_with_1_and_prints_json(tmp_path: Path) -> None:
    broken = tmp_path / "edge.toml"
    broken.write_text('gateway = "gw-1"\nbatch = 3\n', encoding="utf-8")
    command = [sys.executable, "-m", "edge", "doctor", "--json", "--config", str(broken)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    answer = json.loads(result.stdout)
    assert result.returncode == 1
    assert answer["good"] is False
    assert "line 2" in answer["findings"][0]["text"]
