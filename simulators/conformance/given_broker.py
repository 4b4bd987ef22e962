"""A broker that runs already: what it hides (CONNECT, retain bits of live messages) is not observed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import unquote, urlsplit

import aiomqtt

from firmware_specs import topics
from simulators.conformance.record import Record, Seen
from simulators.conformance.texts import say
from simulators.processes import SimulatorError

_LOOK_S: Final = 2.0


class GivenBroker:
    """The kit as a client that may read and write everything of one gateway. `url`: mqtt://user:pass@host:port."""

    def __init__(self, record: Record, url: str) -> None:
        self.record = record
        self._url = urlsplit(url)
        self._client: aiomqtt.Client | None = None
        self._away = True

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Listen for the length of the block. Raises SimulatorError."""
        try:
            async with self._new() as self._client:
                for part in ("up", "state"):
                    await self._client.subscribe(f"{topics.PREFIX}/{self.record.gateway}/{part}/#", qos=1)
                listening = asyncio.create_task(self._listen(self._client))
                try:
                    yield
                finally:
                    listening.cancel()
                    await asyncio.wait({listening})
        except aiomqtt.MqttError as error:
            url = f"{self._url.scheme}://{self._url.hostname}:{self._url.port}"
            raise SimulatorError(say("broker_failed", url=url, reason=error)) from error

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send as the cloud."""
        assert self._client is not None
        await self._client.publish(topic, payload, qos=1, retain=retain)

    async def cut(self) -> bool:
        """Nobody here can break the gateway's connection."""
        return False

    async def retained(self) -> dict[str, bytes]:
        """What a new subscriber of the gateway's topics is given at once."""
        found: dict[str, bytes] = {}
        async with self._new() as client:
            await client.subscribe(f"{topics.PREFIX}/{self.record.gateway}/#", qos=0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    async for message in client.messages:
                        if message.retain and isinstance(message.payload, bytes):
                            found[str(message.topic)] = message.payload
        own_topics = (topics.up(self.record.gateway, ""), topics.state(self.record.gateway, ""))
        return {topic: payload for topic, payload in found.items() if topic.startswith(own_topics)}

    def _new(self) -> aiomqtt.Client:
        url = self._url
        user, password = (unquote(part) if part else None for part in (url.username, url.password))
        return aiomqtt.Client(url.hostname or "127.0.0.1", url.port or 1883, username=user, password=password)

    async def _listen(self, client: aiomqtt.Client) -> None:
        loop = asyncio.get_running_loop()
        async for message in client.messages:
            payload = message.payload
            if message.retain or not isinstance(payload, bytes):
                continue  # from before the examination
            seen = Seen(
                loop.time(), self._session(str(message.topic)), str(message.topic), payload, message.qos
            )
            await self.record.take(seen)
            self._away = bool(self.record.onlines and self.record.onlines[-1][0] is seen) and not (
                self.record.onlines[-1][1].online
            )

    def _session(self, topic: str) -> int:
        """The number of the connection: a birth after a goodbye or a last will begins another one."""
        if self._away and topic == topics.state(self.record.gateway, "birth"):
            self.record.counted += 1
        return self.record.counted
