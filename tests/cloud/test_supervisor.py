"""`carebed-cloud up`: starts everything, keeps it running, ends it, and says what is in its way."""

import asyncio
import os
import re
import signal
import socket
import time
from pathlib import Path
from queue import Empty
from typing import Any

import httpx
import msgspec
import pytest

from cloud.config import DataDir, Place
from cloud.database.pool import connect
from cloud.operations.asking import ask
from cloud.operations.doctor import examine
from firmware_specs.clock import Clock
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import Ack, CloudStatus, Event, TelemetryBatch, encode
from tests.cloud.running import Cloud, add_gateway, failing_up, running_cloud
from tests.conftest import Mosquitto
from tests.mqtt_client import Refused, mqtt_client
from tests.ports import free_port
from tests.programs import program
from tests.waiting import LIMIT_S, until

pytestmark = [pytest.mark.postgres, pytest.mark.broker]

STORED = """select (select count(*) from event where gateway_id = 'gw-1'), (select count(*) from reading),
    (select count(*) from cases where class = 'care')"""
ROAD_S = 60.0
"""A press of the canary that a kill broke off is given up after 25 s, and the next ends the red."""
CHILDREN = ("postgres", "nats", "ingest", "telemetry", "api", "work")


async def health(cloud: Cloud) -> dict[str, Any]:
    """What the API says of the whole; not `ok` where nobody answers."""
    async with httpx.AsyncClient(timeout=LIMIT_S) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{cloud.http_port}/api/v1/health")
        except httpx.TransportError:
            return {"ok": False}
    found: dict[str, Any] = answer.json()
    return found


async def healthy(cloud: Cloud) -> bool:
    return bool((await health(cloud))["ok"])


async def ready(operations: Place) -> bool:
    return (await ask(operations, "/readyz", LIMIT_S))[0] == 200


def comes_in(port: int, user: str, secret: str) -> bool:
    try:
        with mqtt_client(port, user, secret):
            return True
    except Refused:
        return False


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def send_sos_and_readings(port: int, gateway: str, secret: str) -> set[str]:
    """An SOS and a batch from a gateway, again and again until both are acknowledged; returns what was."""
    run, at = new_run(), now_ms()
    event = Event(id=str(uuid7(at)), run=run, boot="b", seq=1, kind="sos", device="zb-1", at=at)
    batch = TelemetryBatch(
        run=run,
        boot="b",
        seq=9,
        sent_at=at,
        t0=at,
        devices=["zb-1"],
        kinds=["battery"],
        d=[0],
        k=[0],
        dt=[0],
        value=[80],
    )
    acked: set[str] = set()
    with mqtt_client(port, gateway, secret) as client:
        assert client.subscribe(f"carebed/v1/{gateway}/down/ack", 0)
        until_s = time.monotonic() + LIMIT_S
        while acked != {event.id, "9"}:
            client.publish(f"carebed/v1/{gateway}/up/event", encode(event))
            client.publish(f"carebed/v1/{gateway}/up/telemetry", encode(batch))
            try:
                ack = msgspec.json.decode(client.next(3).payload, type=Ack)
            except Empty:
                assert time.monotonic() < until_s, acked
                continue
            if ack.run == run:  # one that was sent twice is answered twice, late
                assert ack.stage == "stored"
                acked |= {*ack.events, *map(str, ack.telemetry)}
    return acked


def cloud_is_alive(port: int, gateway: str, secret: str) -> bool:
    """What the cloud says of itself to a gateway that has just come."""
    with mqtt_client(port, gateway, secret) as client:
        assert client.subscribe("carebed/v1/cloud/status", 0)
        return msgspec.json.decode(client.next(LIMIT_S).payload, type=CloudStatus).alive


async def gone(pids: list[int]) -> None:
    await until(lambda: not any(alive(pid) for pid in pids))


def alive(pid: int) -> bool:
    """Whether it runs; who is dead and not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(params=["nats", "mosquitto"])
def own_broker(request: pytest.FixtureRequest) -> str:
    """The broker that `up` is to run."""
    return "nats" if request.param == "nats" else program("mosquitto", request).name


async def test_a_new_gateway_is_let_in_heard_and_answered_and_all_of_it_is_there_after_a_restart(
    data_dir: Path, own_broker: str
) -> None:
    operations = Place("127.0.0.1", free_port())
    options = ("--broker", own_broker)
    async with running_cloud(data_dir, "--operations-port", str(operations.port), *options) as cloud:
        assert await healthy(cloud)
        secret = await add_gateway(cloud.facts["database_url"], "gw-1")
        await until(lambda: asyncio.to_thread(comes_in, cloud.mqtt_port, "gw-1", secret))
        await asyncio.to_thread(send_sos_and_readings, cloud.mqtt_port, "gw-1", secret)
        await until(lambda: ready(operations))
        told = (await ask(operations, "/metrics"))[1].decode()
        taken = re.search(r'carebed_message_seconds_count\{lane="events",program="ingest"\} (\S+)', told)
        assert taken is not None
        assert float(taken[1]) >= 1
        examined = await examine(DataDir(data_dir), Clock(), url=None, backups=data_dir)
        missing = {finding.check for finding in examined if not finding.good}
        assert missing <= {"notifications", "backup", "canary", "gateways"}, examined
        assert set(re.findall(r'carebed_program_up\{program="(\w+)"\} 1', told)) >= set(CHILDREN[2:])
        assert await asyncio.to_thread(cloud_is_alive, cloud.mqtt_port, "gw-1", secret)
        pids = list(cloud.facts["children"].values())
        assert await cloud.stop(signal.SIGINT) == 0
        assert cloud.said("child_forced") == []
        await gone(pids)
        assert not (data_dir / "running.json").exists()
    async with running_cloud(data_dir, *options) as cloud:
        async with await connect(cloud.facts["database_url"]) as conn:
            assert await (await conn.execute(STORED)).fetchone() == (1, 1, 1)
            await conn.commit()
            if own_broker == "mosquitto":
                assert "Failed to associate" not in DataDir(data_dir).log("mosquitto").read_text()
                await kill_and_await(cloud, own_broker, secret)
            await asyncio.to_thread(send_sos_and_readings, cloud.mqtt_port, "gw-1", secret)
            await conn.execute("update gateway set retired_at = now()")
            await conn.execute("select pg_notify('carebed_gateways', '')")
            await conn.commit()
        await until(lambda: asyncio.to_thread(lambda: not comes_in(cloud.mqtt_port, "gw-1", secret)))


async def kill_and_await(cloud: Cloud, name: str, secret: str) -> None:
    """Kill a child: it comes back, is said to be lost and back once, and messages go through again."""
    said = {action: len(cloud.said(action)) for action in ("child_lost", "child_back")}

    def since(action: str) -> list[str]:
        # The canary starts after all others, and anew where one of them is away just then.
        return [line["child"] for line in cloud.said(action)[said[action] :] if line["child"] != "canary"]

    os.kill(cloud.child(name), signal.SIGKILL)
    await until(lambda: name in since("child_back"))
    try:
        await until(lambda: healthy(cloud), ROAD_S)
    except TimeoutError as error:
        error.add_note(f"{name} was killed: {await health(cloud)}")
        raise
    await asyncio.to_thread(send_sos_and_readings, cloud.mqtt_port, "gw-1", secret)
    assert since("child_lost") == since("child_back") == [name]


async def test_killed_children_come_back_one_after_the_other_and_messages_go_through_again(
    data_dir: Path,
) -> None:
    async with running_cloud(data_dir) as cloud:
        secret = await add_gateway(cloud.facts["database_url"], "gw-1")
        await until(lambda: asyncio.to_thread(comes_in, cloud.mqtt_port, "gw-1", secret))
        for name in CHILDREN:
            await kill_and_await(cloud, name, secret)


async def test_nothing_outlives_a_killed_supervisor_and_the_next_start_goes_on_with_the_same_secrets(
    data_dir: Path,
) -> None:
    def kept() -> list[bytes]:
        return [(data_dir / name).read_bytes() for name in ("services.json", "carebed.key")]

    async with running_cloud(data_dir) as cloud:
        private = ["carebed.key", "services.json", "running.json", "nats/nats.conf"]
        assert {(data_dir / name).stat().st_mode & 0o777 for name in private} == {0o600}
        before = kept()
        pids = [cloud.child(name) for name in CHILDREN]
        await cloud.stop(signal.SIGKILL)
        await gone(pids)
    async with running_cloud(data_dir) as cloud:
        assert kept() == before
        said = await failing_up(data_dir, free_port(), free_port())
        assert f"in use by process {cloud.process.pid}" in said, "a second start names the first"
        assert "--data-dir" in said
        assert await healthy(cloud)


@pytest.mark.parametrize(("what", "option"), [("HTTP", "--http-port"), ("MQTT", "--mqtt-port")])
async def test_a_busy_port_is_named_in_both_languages(data_dir: Path, what: str, option: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        busy = holder.getsockname()[1]
        ports = (busy, free_port()) if what == "HTTP" else (free_port(), busy)
        english = await failing_up(data_dir, *ports)
        chinese = await failing_up(data_dir, *ports, language="zh_CN.UTF-8")
    assert f"127.0.0.1:{busy} ({what})" in english
    assert option in english
    assert f"127.0.0.1:{busy}（{what}）已被占用" in chinese


async def test_a_broker_that_cannot_start_says_why_by_itself(data_dir: Path) -> None:
    (data_dir / "nats").mkdir(parents=True)
    (data_dir / "nats" / "store").write_text("a file where its folder should be")
    said = await failing_up(data_dir, free_port(), free_port())
    assert "nats did not start: it ended with code 1 (" in said
    assert "storage directory is not a directory" in said


async def test_an_open_address_and_wrong_urls_are_refused_with_the_way_out(data_dir: Path) -> None:
    ports = (free_port(), free_port())
    assert "TLS" in await failing_up(data_dir, *ports, "--host", "0.0.0.0")
    assert "--broker-url" in await failing_up(data_dir, *ports, "--broker-url", "http://x")
    nowhere = f"postgresql://127.0.0.1:{free_port()}/x"
    assert "database" in await failing_up(data_dir, *ports, "--database-url", nowhere)


async def test_debians_postgresql_and_mosquitto_take_the_place_of_the_embedded_ones_without_a_canary(
    data_dir: Path, debian_database_url: str, mosquitto: Mosquitto
) -> None:
    options = ["--no-canary", "--database-url", debian_database_url, "--broker-url"]
    async with running_cloud(data_dir, *options, f"mqtt://127.0.0.1:{mosquitto.service_port}") as cloud:
        assert set(cloud.facts["children"]) == {"ingest", "telemetry", "api", "work"}
        assert (await health(cloud))["canary"]["state"] == "off"
        await add_gateway(debian_database_url, "gw-1")
        await asyncio.to_thread(
            send_sos_and_readings, mosquitto.gateway_port, "gw-1", mosquitto.secrets["gw-1"]
        )
        async with await connect(debian_database_url) as conn:
            assert await (await conn.execute(STORED)).fetchone() == (1, 1, 1)
            version = await (await conn.execute("show server_version_num")).fetchone()
            assert version is not None
            assert int(version[0]) < 180_000
