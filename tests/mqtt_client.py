"""A plain MQTT 3.1.1 client for tests: it says what the broker answered and keeps what arrived."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

LIMIT_S = 10.0


class Refused(Exception):
    """The broker refused the connection."""


@dataclass
class TestClient:
    """One connection; every call waits for the broker's answer with a limit."""

    __test__ = False
    client: mqtt.Client
    answers: "queue.Queue[ReasonCode | None]" = field(default_factory=queue.Queue)
    granted: "queue.Queue[list[ReasonCode]]" = field(default_factory=queue.Queue)
    messages: "queue.Queue[mqtt.MQTTMessage]" = field(default_factory=queue.Queue)
    gone: threading.Event = field(default_factory=threading.Event)

    def subscribe(self, topic: str, qos: int = 0) -> bool:
        """True when the broker granted it."""
        self.client.subscribe(topic, qos)
        return not self.granted.get(timeout=LIMIT_S)[0].is_failure

    def publish(self, topic: str, payload: bytes | str, qos: int = 1, *, retain: bool = False) -> None:
        """Publish and wait for the PUBACK."""
        info = self.client.publish(topic, payload, qos, retain)
        info.wait_for_publish(LIMIT_S)
        assert info.is_published() or qos == 0

    def next(self, timeout_s: float = LIMIT_S) -> mqtt.MQTTMessage:
        """The next message; raises queue.Empty after the limit."""
        return self.messages.get(timeout=timeout_s)


def _wire(made: TestClient) -> None:
    def connected(
        client: mqtt.Client, _: Any, flags: mqtt.ConnectFlags, code: ReasonCode, p: Properties | None
    ) -> None:
        made.answers.put(code)

    def subscribed(
        client: mqtt.Client, _: Any, mid: int, codes: list[ReasonCode], p: Properties | None
    ) -> None:
        made.granted.put(codes)

    def message(client: mqtt.Client, _: Any, arrived: mqtt.MQTTMessage) -> None:
        made.messages.put(arrived)

    def closed(
        client: mqtt.Client, _: Any, flags: mqtt.DisconnectFlags, code: ReasonCode, p: Properties | None
    ) -> None:
        made.answers.put(None)

    made.client.on_connect = connected
    made.client.on_disconnect = closed
    made.client.on_subscribe = subscribed
    made.client.on_message = message


def _answer(made: TestClient, port: int) -> ReasonCode:
    """What the broker says to CONNECT; asked again when it hangs up silently (a name that came too soon)."""
    until_s = time.monotonic() + LIMIT_S
    while True:
        made.client.connect("127.0.0.1", port, keepalive=30)
        made.client.loop_start()
        code = made.answers.get(timeout=max(0.0, until_s - time.monotonic()))
        if code is not None:
            return code
        made.client.loop_stop()


@contextmanager
def mqtt_client(
    port: int,
    user: str | None = None,
    secret: str | None = None,
    *,
    client_id: str | None = None,
    clean: bool = True,
    will: tuple[str, str] | None = None,
) -> Iterator[TestClient]:
    """A connected client; raises Refused when the broker does not let it in."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id or user or "test",
        clean_session=clean,
        reconnect_on_failure=False,
    )
    if user is not None:
        client.username_pw_set(user, secret)
    if will is not None:
        client.will_set(*will, qos=1)
    made = TestClient(client)
    _wire(made)
    try:
        code = _answer(made, port)
        if code.is_failure:
            raise Refused(str(code))
        yield made
    finally:
        result = client.disconnect()
        assert result in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN)
        client.loop_stop()
