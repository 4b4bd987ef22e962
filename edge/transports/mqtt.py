"""The home's own broker: every message below a topic becomes one JSON line for the driver."""

import asyncio
import json
import logging
from dataclasses import dataclass, field
from typing import Any, Final

import aiomqtt

from edge.config import Broker
from edge.transports.receiver import Receiver

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 30.0
MAX_REPLIES: Final = 100
PUBLISH_S: Final = 5.0
AT_ONCE_BYTES: Final = 64 * 1024


def line(topic: str, payload: bytes, *, retained: bool) -> bytes:
    """One message as the driver reads it: `payload_hex` where not UTF-8, `payload` null where empty."""
    framed: dict[str, Any] = {"topic": topic, "retained": retained}
    try:
        framed["payload"] = payload.decode() if payload else None
    except UnicodeDecodeError:
        framed["payload"] = None
        framed["payload_hex"] = payload.hex()
    return json.dumps(framed, ensure_ascii=False).encode() + b"\n"


def _framed(message: aiomqtt.Message) -> bytes:
    payload = message.payload if isinstance(message.payload, bytes) else b""
    return line(str(message.topic), payload, retained=message.retain)


@dataclass
class LocalMqtt:
    """Subscribes `base_topic`/# and reconnects for ever.

    A driver's answers are lines: {"topic", "payload"} to publish, {"subscribe": topic} to hear more.
    """

    name: str
    broker: Broker
    base_topic: str
    client_id: str
    receiver: Receiver
    status: str = "starting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    _client: aiomqtt.Client | None = None
    _replies: list[bytes] = field(default_factory=list)
    _replied: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until cancelled."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                await self._session()
            except* (aiomqtt.MqttError, OSError) as group:
                if self.status.startswith("connected"):
                    retry_s = FIRST_RETRY_S
                if not self.status.startswith("failed"):
                    reason = str(group.exceptions[0])
                    log.warning(
                        "the home's broker is away",
                        extra={"action": "local_broker_lost", "transport": self.name, "reason": reason},
                    )
                self.status = f"failed({self.broker.host}:{self.broker.port})"
                self.tried.set()
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, LONGEST_RETRY_S)

    async def publish(self, topic: str, payload: bytes) -> bool:
        """Publish with QoS 1 now; False while the home's broker is away."""
        if self._client is None:
            return False
        try:
            await self._client.publish(topic, payload, qos=1, timeout=PUBLISH_S)
        except aiomqtt.MqttError:
            return False
        return True

    async def _session(self) -> None:
        async with aiomqtt.Client(
            self.broker.host,
            self.broker.port,
            identifier=self.client_id,
            username=self.broker.username,
            password=self.broker.password,
        ) as client:
            await client.subscribe(f"{self.base_topic}/#", qos=1)
            self.status = f"connected({self.broker.host}:{self.broker.port})"
            self.tried.set()
            log.info(
                "the home's broker answers", extra={"action": "local_broker_back", "transport": self.name}
            )
            self._client = client
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._receive(client), name=f"{self.name}-receive")
                    group.create_task(self._answer(client), name=f"{self.name}-answer")
            finally:
                self._client = None

    async def _receive(self, client: aiomqtt.Client) -> None:
        """Hand on all that has come, together: on a slow disk no call waits behind another's chatter."""
        source = self.receiver.connect(f"{self.name} {self.broker.host}:{self.broker.port}", self._send)
        try:
            async for message in client.messages:
                data = _framed(message)
                while len(client.messages) and len(data) < AT_ONCE_BYTES:
                    data += _framed(await anext(client.messages))
                await self.receiver.take(source, data)
        finally:
            self.receiver.disconnect(source)

    def _send(self, data: bytes) -> None:
        if len(self._replies) < MAX_REPLIES:
            self._replies += data.splitlines()
        self._replied.set()

    async def _answer(self, client: aiomqtt.Client) -> None:
        while True:
            await self._replied.wait()
            self._replied.clear()
            replies, self._replies = self._replies, []
            for reply in replies:
                message = json.loads(reply)
                if "subscribe" in message:
                    await client.subscribe(str(message["subscribe"]), qos=1)
                else:
                    await client.publish(str(message["topic"]), message.get("payload"), qos=1)
