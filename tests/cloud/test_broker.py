"""The access rules on the two brokers themselves, and what their files hold."""

import asyncio
import json
import socket
from contextlib import ExitStack
from dataclasses import dataclass

import bcrypt
import pytest

from cloud.broker import (
    INGEST_USER,
    WORK_USER,
    gateway_verifiers,
    login,
    new_secret,
)
from cloud.embedded import nats, process
from tests.conftest import Mosquitto, RunningBroker
from tests.mqtt_client import Refused, mqtt_client
from tests.waiting import until

pytestmark = pytest.mark.broker


@dataclass(frozen=True)
class Ports:
    gateways: int
    services: int
    secrets: dict[str, str]

    def gateway(self, name: str) -> tuple[int, str, str]:
        return self.gateways, name, self.secrets[name]

    def service(self, name: str) -> tuple[int, str, str]:
        return self.services, name, self.secrets[name]


def of_mosquitto(running: Mosquitto) -> Ports:
    return Ports(running.gateway_port, running.service_port, running.secrets)


@pytest.fixture(params=["nats", "mosquitto"])
def ports(request: pytest.FixtureRequest) -> Ports:
    if request.param == "mosquitto":
        return of_mosquitto(request.getfixturevalue("mosquitto"))
    running: RunningBroker = request.getfixturevalue("broker")
    return Ports(running.port, running.port, running.secrets)


def test_a_gateway_writes_its_own_topics_and_the_ingestor_reads_them(ports: Ports) -> None:
    with mqtt_client(*ports.service(INGEST_USER)) as ingest, mqtt_client(*ports.gateway("gw-1")) as gateway:
        assert ingest.subscribe("carebed/v1/+/up/event", 1)
        assert ingest.subscribe("carebed/v1/+/state/#", 1)
        gateway.publish("carebed/v1/gw-1/up/event", b"{}")
        assert ingest.next().topic == "carebed/v1/gw-1/up/event"
        gateway.publish("carebed/v1/gw-1/state/device/zb-1", b"{}", retain=True)
        assert ingest.next().topic == "carebed/v1/gw-1/state/device/zb-1"


def test_the_worker_reaches_one_gateway_and_all_hear_the_clouds_status(ports: Ports) -> None:
    one, two = mqtt_client(*ports.gateway("gw-1")), mqtt_client(*ports.gateway("gw-2"))
    with mqtt_client(*ports.service(WORK_USER)) as work, one as first, two as second:
        for name, gateway in (("gw-1", first), ("gw-2", second)):
            assert gateway.subscribe(f"carebed/v1/{name}/down/#", 0)
            assert gateway.subscribe("carebed/v1/cloud/status", 0)
        work.publish("carebed/v1/gw-1/down/ack", b"for one")
        work.publish("carebed/v1/cloud/status", b"alive", retain=True)
        assert [first.next().payload for _ in range(2)] == [b"for one", b"alive"]
        assert second.next().payload == b"alive"


def test_what_a_gateway_writes_under_another_id_reaches_nobody(ports: Ports) -> None:
    with mqtt_client(*ports.service(INGEST_USER)) as ingest:
        assert ingest.subscribe("carebed/v1/+/up/#", 1)
        assert ingest.subscribe("carebed/v1/+/state/#", 1)
        for topic in ("carebed/v1/gw-2/up/event", "carebed/v1/gw-2/state/online", "carebed/v1/cloud/status"):
            with mqtt_client(*ports.gateway("gw-1")) as forger:  # mosquitto ends the connection of a forger
                forger.publish(topic, b"forged")
        with mqtt_client(*ports.gateway("gw-1")) as gateway:
            gateway.publish("carebed/v1/gw-1/up/event", b"own")
        assert ingest.next().payload == b"own"
        assert ingest.messages.empty()


@pytest.mark.parametrize(
    "topic",
    ["carebed/v1/gw-2/down/#", "carebed/v1/gw-2/up/event", "carebed/v1/+/down/ack", "#", "$MQTT/sub/#"],
)
def test_what_others_receive_never_reaches_a_gateway(ports: Ports, topic: str) -> None:
    with (
        mqtt_client(*ports.service(INGEST_USER)) as ingest,
        mqtt_client(*ports.service(WORK_USER)) as work,
        mqtt_client(*ports.gateway("gw-2")) as victim,
        mqtt_client(*ports.gateway("gw-1")) as curious,
    ):
        assert ingest.subscribe("carebed/v1/+/up/event", 1)
        assert victim.subscribe("carebed/v1/gw-2/down/#", 0)
        curious.subscribe(topic)
        assert curious.subscribe("carebed/v1/gw-1/down/ack", 0)
        victim.publish("carebed/v1/gw-2/up/event", b"private")
        assert ingest.next().payload == b"private"
        work.publish("carebed/v1/gw-2/down/ack", b"private")
        assert victim.next().payload == b"private"
        work.publish("carebed/v1/gw-1/down/ack", b"own")
        seen = [curious.next().payload]
        assert seen == [b"own"]
        assert curious.messages.empty()


def test_nobody_comes_in_without_a_secret_or_with_a_wrong_one(ports: Ports) -> None:
    for user, secret in ((None, None), ("gw-1", "wrong"), ("gw-1", ""), ("stranger", "x")):
        with pytest.raises(Refused), mqtt_client(ports.gateways, user, secret):
            pass


def test_the_last_will_of_a_gateway_may_only_be_under_its_own_id(ports: Ports) -> None:
    with mqtt_client(*ports.service(INGEST_USER)) as ingest:
        assert ingest.subscribe("carebed/v1/+/state/#", 1)
        for topic in ("carebed/v1/gw-2/state/online", "carebed/v1/gw-1/state/online"):
            _die(ports, topic)
        assert ingest.next().topic == "carebed/v1/gw-1/state/online"
        assert ingest.messages.empty()


def _die(ports: Ports, will_topic: str) -> None:
    """Connect with a will and break the connection; a broker may refuse it for the will's topic."""
    try:
        with mqtt_client(*ports.gateway("gw-1"), will=(will_topic, "dead")) as gateway:
            sock = gateway.client.socket()
            assert isinstance(sock, socket.socket)
            sock.shutdown(socket.SHUT_RDWR)
    except Refused:
        assert "gw-1" not in will_topic


def test_one_megabyte_arrives_whole_so_that_it_can_be_quarantined(ports: Ports) -> None:
    with mqtt_client(*ports.service(INGEST_USER)) as ingest, mqtt_client(*ports.gateway("gw-1")) as gateway:
        assert ingest.subscribe("carebed/v1/+/up/event", 1)
        gateway.publish("carebed/v1/gw-1/up/event", bytes(1_048_576))
        assert len(ingest.next().payload) == 1_048_576


def test_mosquitto_forces_the_client_id_so_one_gateway_cannot_evict_another(mosquitto: Mosquitto) -> None:
    ports = of_mosquitto(mosquitto)
    port, user, secret = ports.gateway("gw-1")
    with mqtt_client(*ports.gateway("gw-2")) as victim:
        assert victim.subscribe("carebed/v1/gw-2/down/#", 0)
        with mqtt_client(port, user, secret, client_id="gw-2") as thief:
            thief.publish("carebed/v1/gw-1/up/event", b"x")
            with mqtt_client(*ports.service(WORK_USER)) as work:
                work.publish("carebed/v1/gw-2/down/ack", b"still here")
            assert victim.next().payload == b"still here"


async def test_a_new_gateway_comes_in_after_a_reload_and_the_others_stay(broker: RunningBroker) -> None:
    secret = new_secret()
    text = broker.broker.config.read_text().replace("users: [", "users: [\n" + _one_more("gw-new", secret), 1)
    with mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]) as old:
        assert nats.write_config(broker.broker, text)
        process.reload(broker.server)
        await until(lambda: asyncio.to_thread(_comes_in, broker.port, "gw-new", secret))
        old.publish("carebed/v1/gw-1/up/event", b"x")
        assert old.client.is_connected()
    assert not nats.write_config(broker.broker, text)


def _one_more(name: str, secret: str) -> str:
    return json.dumps({"user": name, "password": login(name, secret).bcrypt})


def _comes_in(port: int, name: str, secret: str) -> bool:
    try:
        with mqtt_client(port, name, secret):
            return True
    except Refused:
        return False


def test_verifiers_are_salted_and_fit_both_brokers() -> None:
    first, second = gateway_verifiers("s3cret"), gateway_verifiers("s3cret")
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert bcrypt.checkpw(b"s3cret", first[0].encode())
    assert first[1].startswith("$7$101$")


async def test_a_name_that_comes_again_and_again_is_held_for_a_second_and_then_let_in(
    broker: RunningBroker,
) -> None:
    def come_again() -> None:
        with ExitStack() as open_ones:
            for _ in range(3):
                open_ones.enter_context(mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]))

    await asyncio.to_thread(come_again)
