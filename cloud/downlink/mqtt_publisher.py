"""Publishing on MQTT from asyncio: QoS 1, awaited until the broker has taken the messages."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final, Self

from cloud.broker import Address
from cloud.mqtt import packets
from cloud.mqtt.kept import Connection, Kept
from cloud.mqtt.link import MqttLink
from cloud.mqtt.packets import Control, Publish

_KEEP_ALIVE_S: Final = 10  # a dead line is found out before homes begin to help themselves
_MIDS: Final = 65_535
_AT_ONCE: Final = 8_000  # messages on their way at most


class NotPublished(Exception):
    """The broker did not take the messages in time; publish them again later."""


class MqttPublisher(Kept):
    """`async with MqttPublisher(address, client_id) as publisher`; reconnects by itself."""

    def __init__(self, address: Address, client_id: str, *, limit_s: float = 5.0) -> None:
        """Keep the arguments; `limit_s` is how long messages may wait for the broker's answer."""
        super().__init__(address, client_id)
        self._limit_s = limit_s
        self._link: _Link | None = None

    @classmethod
    def one_of_several(cls, address: Address, name: str) -> Self:
        """Under a client id of its own: whoever comes with one that is there has the other thrown out."""
        return cls(address, f"{name}-{secrets.token_hex(4)}")

    @property
    def connected(self) -> bool:
        """True while the broker has accepted us."""
        return self._ready.is_set()

    async def wait_connected(self) -> None:
        """Return when the broker has accepted us."""
        await self._ready.wait()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return when the broker has taken it; raises NotPublished at the limit or a lost connection."""
        await self.publish_all([(topic, payload)], retain=retain)

    async def publish_all(self, messages: Sequence[tuple[str, bytes]], *, retain: bool = False) -> None:
        """The same for many: after NotPublished the broker may have taken some of them."""
        for start in range(0, len(messages), _AT_ONCE):
            if self._link is None or not self.connected:
                raise NotPublished("not connected")
            try:
                async with asyncio.timeout(self._limit_s):
                    await self._link.publish(messages[start : start + _AT_ONCE], retain=retain)
            except TimeoutError:
                raise NotPublished(f"no answer within {self._limit_s} s") from None

    def _connection(self) -> Connection:
        self._link = _Link(self)
        return self._link


class _Link(MqttLink):
    """One connection, and what on it waits for the broker's answer."""

    def __init__(self, publisher: MqttPublisher) -> None:
        super().__init__(publisher.address, publisher.name, clean=True, keep_alive_s=_KEEP_ALIVE_S)
        self._publisher = publisher
        self._waiting: dict[int, _Answer] = {}
        self._mid = 0

    def accepted(self) -> None:
        """The broker has accepted us."""
        self._publisher.granted()

    async def publish(self, messages: Sequence[tuple[str, bytes]], *, retain: bool) -> None:
        """Return when the broker has answered all of them; raises NotPublished when the connection ends."""
        answer = _Answer(len(messages), self._loop.create_future())
        mids = [self._wait_for(answer) for _ in messages]
        try:
            sent = [
                packets.publish(topic, payload, mid, retain=retain)
                for mid, (topic, payload) in zip(mids, messages, strict=True)
            ]
            self.write(b"".join(sent))
            if self._end.done():
                raise NotPublished("connection lost")
            await answer.whole
        finally:
            for mid in mids:
                self._waiting.pop(mid, None)

    def received(self, found: list[Publish | Control]) -> None:
        """Answers of the broker."""
        for packet in found:
            if isinstance(packet, Control) and packet.kind == packets.PUBACK:
                answer = self._waiting.pop(int.from_bytes(packet.body[:2], "big"), None)
                if answer is not None:
                    answer.came()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        for answer in self._waiting.values():
            answer.fail()

    def _wait_for(self, answer: "_Answer") -> int:
        while True:
            self._mid = self._mid % _MIDS + 1
            if self._mid not in self._waiting:
                self._waiting[self._mid] = answer
                return self._mid


class _Answer:
    """What the broker has still to say about messages that were sent together."""

    def __init__(self, missing: int, whole: asyncio.Future[None]) -> None:
        self._missing = missing
        self.whole = whole

    def came(self) -> None:
        self._missing -= 1
        if not self._missing and not self.whole.done():
            self.whole.set_result(None)

    def fail(self) -> None:
        if not self.whole.done():
            self.whole.set_exception(NotPublished("connection lost"))
