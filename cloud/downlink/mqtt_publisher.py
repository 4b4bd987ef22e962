"""Publishing on MQTT from asyncio: QoS 1, awaited until the broker has taken the message."""

import asyncio
import logging
import secrets
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud import metrics
from cloud.broker import Address
from cloud.mqtt import KEEP_ALIVE_S, new_client

logger = logging.getLogger(__name__)


class NotPublished(Exception):
    """The broker did not take the message in time; publish it again later."""


class MqttPublisher:
    """`async with MqttPublisher(address, client_id) as publisher`; reconnects by itself."""

    def __init__(self, address: Address, client_id: str, *, limit_s: float = 5.0) -> None:
        """Keep the arguments; `limit_s` is how long one message may wait for the broker's answer."""
        self._address = address
        self._client_id = client_id
        self._limit_s = limit_s
        self._client = new_client(address, client_id, durable=False)
        self._connected = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._lost = False
        self._closing = False

    @classmethod
    def one_of_several(cls, address: Address, name: str) -> Self:
        """Under a client id of its own: whoever comes with one that is there has the other thrown out."""
        return cls(address, f"{name}-{secrets.token_hex(4)}")

    async def __aenter__(self) -> Self:
        """Begin to connect; does not wait for the broker."""
        self._loop = asyncio.get_running_loop()
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_publish = self._on_publish
        self._client.connect_async(self._address.host, self._address.port, KEEP_ALIVE_S)
        self._client.loop_start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._closing = True
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    @property
    def connected(self) -> bool:
        """True while the broker has accepted us."""
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        """Return when the broker has accepted us."""
        await self._connected.wait()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when the broker has taken it; raises NotPublished at the limit or a lost connection."""
        if not self.connected:
            raise NotPublished("not connected")
        info = self._client.publish(topic, payload, 1, retain)
        future = self._loop.create_future()
        self._waiting[info.mid] = future
        try:
            if info.rc != mqtt.MQTT_ERR_SUCCESS:
                raise NotPublished(mqtt.error_string(info.rc))
            if not info.is_published():
                await asyncio.wait_for(future, self._limit_s)
        except TimeoutError:
            raise NotPublished(f"no answer within {self._limit_s} s") from None
        finally:
            self._waiting.pop(info.mid, None)

    # Below: called in paho's thread.

    def _on_connect(
        self, client: mqtt.Client, _: Any, flags: mqtt.ConnectFlags, code: ReasonCode, __: Properties | None
    ) -> None:
        if code.is_failure:
            self._say_lost(f"refused: {code}")
            return
        if self._lost:
            self._lost = False
            metrics.RECONNECTS.inc()
            logger.info("broker is back", extra={"action": "broker_back", "client_id": self._client_id})
        self._loop.call_soon_threadsafe(self._connected.set)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _: Any,
        flags: mqtt.DisconnectFlags,
        code: ReasonCode,
        __: Properties | None,
    ) -> None:
        if not self._closing:
            self._loop.call_soon_threadsafe(self._disconnected)
            self._say_lost(str(code))

    def _on_connect_fail(self, client: mqtt.Client, _: Any) -> None:
        self._say_lost("no connection")

    def _on_publish(
        self, client: mqtt.Client, _: Any, mid: int, code: ReasonCode, properties: Properties
    ) -> None:
        self._loop.call_soon_threadsafe(self._published, mid)

    def _say_lost(self, reason: str) -> None:
        if not self._lost and not self._closing:
            self._lost = True
            extra = {"action": "broker_lost", "client_id": self._client_id, "reason": reason}
            logger.warning("broker is lost", extra=extra)

    # Below: called in the event loop.

    def _published(self, mid: int) -> None:
        future = self._waiting.get(mid)
        if future is not None and not future.done():
            future.set_result(None)

    def _disconnected(self) -> None:
        self._connected.clear()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(NotPublished("connection lost"))
