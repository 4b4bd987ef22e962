"""Tells each home's gateway what it must know to help alone: contacts, rooms, roles, address, safe zone and
Wi-Fi; and a gateway of many homes, where each of them is.

The configurations are compared with the registry every minute, so that every road into it counts: the
console, an import, a merge of persons, a restored backup. Each is told again about every hour, since a broker
may have lost what it kept. No number or name is ever logged.
"""

import asyncio
import logging
import zlib
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg

from cloud.broker import MAX_PAYLOAD_BYTES
from cloud.database import queries
from cloud.database.pool import Pool
from cloud.downlink.mqtt_publisher import MqttPublisher, NotPublished
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.messages import Config, encode

logger = logging.getLogger(__name__)

_SQL = queries.load(__package__, "configs.sql")
EVERY_S: Final = 60.0
_AT_ONCE: Final = 200
_PLAIN_BYTES: Final = 64 * 1024
_AGAIN_AFTER: Final = timedelta(hours=1)
_AGAIN_A_MINUTE: Final = 400  # spread: a city of 24,000 homes in an hour


async def publish_configs(pool: Pool, publisher: MqttPublisher, clock: Clock) -> None:
    """Endless: each minute compare and publish."""
    while True:
        try:
            await refresh(pool, clock.now())
            while await publish_waiting(pool, publisher, clock.now()):
                pass
        except (NotPublished, psycopg.Error):
            pass  # lost and back are logged by the connections; the rows are still there
        await asyncio.sleep(EVERY_S)


async def refresh(pool: Pool, now: datetime) -> int:
    """Write down what changed, by one worker at a time; returns how many gateways it concerns."""
    async with pool.connection() as conn, conn.transaction():
        row = await (await conn.execute(_SQL["lock_configs"])).fetchone()
        if not (row and row[0]):
            return 0
        changed = (await conn.execute(_SQL["refresh_configs"], {"now": now})).rowcount
        again = {"before": now - _AGAIN_AFTER, "limit": _AGAIN_A_MINUTE}
        await conn.execute(_SQL["repeat_configs"], again)
    if changed:
        logger.info("configurations changed", extra={"action": "configs_changed", "count": changed})
    return changed


async def publish_waiting(pool: Pool, publisher: MqttPublisher, now: datetime) -> bool:
    """Publish one round; True when there may be more."""
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute(_SQL["unpublished_configs"], {"limit": _AT_ONCE})).fetchall()
        payloads = [
            (topics.down(gateway_id, "config"), payload)
            for gateway_id, version, content in rows
            if (payload := _payload(gateway_id, version, content)) is not None
        ]
        await publisher.publish_all(payloads, retain=True)
        await conn.execute(_SQL["configs_published"], {"now": now, "ids": [row[0] for row in rows]})
    return len(rows) == _AT_ONCE


def _payload(gateway_id: str, version: int, content: dict[str, Any]) -> bytes | None:
    """The message; None, and said, for what the wire cannot carry: one home must not stop the others."""
    try:
        plain = encode(msgspec.convert({**content, "version": version}, Config))
        payload = plain if len(plain) <= _PLAIN_BYTES else zlib.compress(plain)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"{len(payload)} bytes are too many - at $.homes")
        return payload
    except ValueError as error:
        where = str(error).rpartition(" - at ")[2]
        logger.error(
            "a configuration cannot be sent",
            extra={"action": "config_unsendable", "gateway_id": gateway_id, "where": where},
        )
        return None
