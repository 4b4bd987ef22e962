"""What gateways send to a group of readers, and what of it the database answers."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Final

from cloud.database.pool import Connection
from firmware_specs import topics
from firmware_specs.batches import encode_batch
from simulators.batches import batch_of
from tests.benchmarks.ingest_stage import Broker, Message, publish
from tests.cloud import town
from tests.waiting import until

RUN: Final = "0123456789abcdef"
ROWS: Final = 5
"""Readings in a batch."""
AT: Final = town.ms(town.NOW)
Sent = dict[tuple[str, int], Message]
"""Gateway and number -> message."""


async def answered(conn: Connection) -> set[tuple[str, int]]:
    """What the cloud would acknowledge to its gateways: nobody publishes the acknowledgements here."""
    rows = await conn.execute("select gateway_id, coalesce(batch_seq, event_seq) from ack_queue")
    return {(row[0], row[1]) for row in await rows.fetchall()}


async def deliver(conn: Connection, brokers: Mapping[str, Broker], sent: Sent, *, limit_s: float) -> bool:
    """Send like gateways, each on its own line, what is not answered; True when all of it is at the limit."""
    missing = sorted(sent.keys() - await answered(conn))

    async def send(name: str) -> None:
        with contextlib.suppress(OSError):  # what did not arrive comes again
            await publish(brokers[name], [sent[key] for key in missing if key[0] == name], name)

    async def done() -> bool:
        return sent.keys() <= await answered(conn)

    try:
        async with asyncio.timeout(limit_s):
            await asyncio.gather(*map(send, brokers))
            await until(done, limit_s)
    except TimeoutError:
        return False
    return True


def batches(gateways: Iterable[str], numbers: Iterable[int]) -> Sent:
    """Batches of a watch in each gateway's home, each reading with a time of its own."""
    names = list(gateways)
    found: Sent = {}
    for seq in numbers:
        for name in names:
            rows = [(f"watch-{name}", "heart_rate", AT + seq * 1000 + n, 70.0) for n in range(ROWS)]
            batch = batch_of(rows, run=RUN, boot="b", seq=seq, sent_at=AT + seq * 1000 + 500)
            found[name, seq] = topics.up(name, "telemetry"), encode_batch(batch)
    return found


def presses(gateways: Iterable[str], numbers: Iterable[int]) -> Sent:
    """An SOS of a device of its own each."""
    names = list(gateways)
    return {
        (name, seq): (
            topics.up(name, "event"),
            town.encoded(town.event("sos", device=f"zb-{name[-1]}-{seq}", run=RUN, seq=seq, at=town.NOW)),
        )
        for seq in numbers
        for name in names
    }
