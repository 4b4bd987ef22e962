"""Three nats-servers on loopback that keep everything thrice, two readers of each kind; nodes are killed.

Gateways and readers reach any node that lives through a line that stands for the load balancer before a
cluster. The order and moments follow `--seed`. The last line is
`cluster: killed=… sent=… lost=0 doubled=0 worst_gap_s=…`: the longest time in which nothing was stored.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

from cloud.broker import INGEST_USER, Address, Cluster, login, nats_config, new_secret
from cloud.database.pool import Connection, connect
from cloud.embedded import nats, process
from firmware_specs.clock import Clock
from tests.benchmarks.chaos_proxy import Line
from tests.benchmarks.group_load import ROWS, RUN, Sent, answered, batches, deliver, presses
from tests.benchmarks.ingest_stage import Broker, Stage, database, gateway, ingestor, publish
from tests.ports import free_port
from tests.waiting import until

_NODES: Final = 3
_GATEWAYS: Final = 10
_GENERATOR: Final = "chaos-generator"
_LIMIT_S: Final = 20 * 60


@dataclass
class Node:
    """One server of the cluster."""

    place: nats.Broker
    log: Path
    mqtt_port: int
    client_port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def lives(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start it and wait until gateways can come."""
        self.process = await nats.start(self.place, log=self.log)
        await process.wait_listening(self.process, self.mqtt_port, limit_s=60)

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()


@dataclass
class Nodes:
    """The cluster, its users, and which node the next connection goes to."""

    nodes: list[Node]
    secrets: dict[str, str]
    chance: Random
    killed: int = 0
    stored_at: list[float] = field(default_factory=list)

    def living(self) -> Node:
        """Any node that runs."""
        return self.chance.choice([node for node in self.nodes if node.lives])


@asynccontextmanager
async def a_cluster(folder: Path, chance: Random) -> AsyncIterator[Nodes]:
    """Three nodes that know each other."""
    secrets = {name: new_secret() for name in (INGEST_USER, _GENERATOR)}
    user = json.dumps({"user": _GENERATOR, "password": login(_GENERATOR, secrets[_GENERATOR]).bcrypt})
    ports = [free_port() for _ in range(_NODES)]
    routes = tuple(f"nats-route://127.0.0.1:{port}" for port in ports)
    nodes = []
    for n, port in enumerate(ports):
        node = Node(nats.prepare(folder / f"n{n}"), folder / f"n{n}.log", free_port(), free_port())
        text = nats_config(
            [],
            [login(INGEST_USER, secrets[INGEST_USER])],
            mqtt_port=node.mqtt_port,
            client_port=node.client_port,
            store_dir=str(node.place.store),
            cluster=Cluster(f"n{n}", f"127.0.0.1:{port}", routes),
        )
        nats.write_config(node.place, text.replace("users: [", f"users: [\n    {user}"))
        nodes.append(node)
    try:
        await asyncio.gather(*(node.start() for node in nodes))
        yield Nodes(nodes, secrets, chance)
    finally:
        for node in nodes:
            if node.process is not None:
                await nats.stop(node.process)


async def kill_in_turn(cluster: Nodes, times: int) -> None:
    """A random node dies, and comes back some seconds later, again and again."""
    for _ in range(times):
        await asyncio.sleep(cluster.chance.uniform(3, 8))
        node = cluster.living()
        await node.kill()
        cluster.killed += 1
        sys.stdout.write(f"killed node {cluster.nodes.index(node)}\n")
        await asyncio.sleep(cluster.chance.uniform(2, 8))
        await node.start()


async def note_progress(conn: Connection, cluster: Nodes, loop: asyncio.AbstractEventLoop) -> None:
    """Endless: when something new was stored."""
    before = 0
    while True:
        row = await (await conn.execute("select coalesce(max(id), 0) from ack_queue")).fetchone()
        if row is not None and row[0] > before:
            before = row[0]
            cluster.stored_at.append(loop.time())
        await asyncio.sleep(0.05)


async def load(
    conn: Connection, brokers: dict[str, Broker], killing: "asyncio.Task[None]", sent: Sent
) -> None:
    """New batches and presses all the time until the killing is over; what is missing comes again."""
    number = 0
    while not killing.done():
        sent |= batches(brokers, range(number * 20 + 1, number * 20 + 20))
        sent |= presses(brokers, [number * 20 + 20])
        await deliver(conn, brokers, sent, limit_s=2)
        number += 1
    while not await deliver(conn, brokers, sent, limit_s=5):
        pass


async def run(seed: int, kills: int, folder: Path) -> dict[str, float]:
    """Start, load, kill, wait, count."""
    chance, loop = Random(seed), asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(database(folder, Clock().now(), _GATEWAYS))
        cluster = await stack.enter_async_context(a_cluster(folder, chance))
        for_gateways = await stack.enter_async_context(
            Line(lambda: cluster.living().mqtt_port, chance).open()
        )
        for_readers = await stack.enter_async_context(
            Line(lambda: cluster.living().client_port, chance).open()
        )
        broker = Broker(
            0,
            Address(
                "127.0.0.1", for_readers.port, INGEST_USER, cluster.secrets[INGEST_USER], False, nats=True
            ),
            Address("127.0.0.1", for_gateways.port, _GENERATOR, cluster.secrets[_GENERATOR], False),
        )
        conn = await stack.enter_async_context(await connect(stage.database_url))
        watching = await stack.enter_async_context(await connect(stage.database_url))
        await _readers(stack, stage, broker, conn)
        progress = asyncio.create_task(note_progress(watching, cluster, loop))
        killing = asyncio.create_task(kill_in_turn(cluster, kills))
        sent: Sent = {}
        await load(conn, dict.fromkeys(map(gateway, range(_GATEWAYS)), broker), killing, sent)
        await killing
        progress.cancel()
        return await count(conn, sent) | {"killed": cluster.killed, "worst_gap_s": _gap(cluster.stored_at)}


async def _readers(stack: AsyncExitStack, stage: Stage, broker: Broker, conn: Connection) -> None:
    """Two of each kind, once the stream stands."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(OSError):
                await publish(broker, [])
                break
            await asyncio.sleep(0.5)
    for member in ("a", "b"):
        for program in ("ingest", "telemetry"):
            stack.enter_context(ingestor(stage, broker, program, member=member))

    async def listening() -> bool:
        row = await (
            await conn.execute("select count(*) from reader_life where listening_since is not null")
        ).fetchone()
        return row is not None and row[0] == 4

    await until(listening, 120)


async def count(conn: Connection, sent: Sent) -> dict[str, float]:
    """Every event and reading that was sent against those that are stored."""
    events = {key for key, (topic, _) in sent.items() if topic.endswith("/event")}
    stored = await (
        await conn.execute("select gateway_id, seq, count(*) from event where run = %s group by 1, 2", [RUN])
    ).fetchall()
    row = await (
        await conn.execute("select count(*), count(distinct (device_key, measured_at)) from reading")
    ).fetchone()
    assert row is not None
    readings = (len(sent) - len(events)) * ROWS
    missing = len(sent.keys() - await answered(conn))
    return {
        "sent": len(events) + readings,
        "lost": len(events - {(r[0], r[1]) for r in stored}) + readings - row[1] + missing,
        "doubled": sum(r[2] - 1 for r in stored) + row[0] - row[1],
    }


def _gap(times: list[float]) -> float:
    return max((after - before for before, after in pairwise(times)), default=0.0)


async def bounded(seed: int, kills: int, folder: Path) -> dict[str, float]:
    """The same within 20 minutes."""
    async with asyncio.timeout(_LIMIT_S):
        return await run(seed, kills, folder)


def main() -> None:
    """Play one seed; exit 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-cluster-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        counts = asyncio.run(bounded(arguments.seed, arguments.kills, folder))
    words = " ".join(f"{key}={counts[key]:.0f}" for key in ("killed", "sent", "lost", "doubled"))
    sys.stdout.write(f"cluster: {words} worst_gap_s={counts['worst_gap_s']:.1f}\n")
    sys.exit(bool(counts["lost"] or counts["doubled"]))


if __name__ == "__main__":
    main()
