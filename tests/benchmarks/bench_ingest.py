"""A prepared backlog of telemetry -> committed rows, beside COPY of the same rows and beside mq-bridge.

One run, four drains: batches of twenty readings through a broker of `up` (with everything on: dedupe,
indices, homes checked, last values, acks queued, broker acks after the commit); COPY of the stored rows from
a file into the emptied table; messages of one reading through mosquitto; and mq-bridge (a venv of its own,
made where `--mq-bridge` says) writing the same single readings with an upsert by key, through mosquitto, too.
The backlog is published while the ingestor stands still (SIGSTOP). `make bench-ingest` prints one last line
`ingest: readings_per_s=… messages_per_s=… copy_ratio=… mq_bridge_ratio=…`; `messages_per_s` is of single
readings, `mq_bridge_ratio` compares readings.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, LiteralString, NamedTuple

import numpy as np

from tests.benchmarks import ingest_stage as stages
from tests.benchmarks.ingest_stage import Broker, Stage
from tests.ports import free_port

_LIMIT_S: Final = 240.0
_SAY: Final = sys.stdout.write
_STORED: Final = "select count(*) from ack_queue"
_BRIDGED: Final = "select count(*) from bridged"
_ROWS: Final = "device_key, kind_id, quality, measured_at, received_at, value"
_BRIDGE_TABLE: Final = """create table bridged (
    device text, kind text, measured_ms bigint, value double precision,
    primary key (device, kind, measured_ms)
)"""
_BROKERS: Final = {"nats": stages.nats_broker, "mosquitto": stages.mosquitto_broker}
_BRIDGE: Final = (
    "import json, sys; from mq_bridge import Route; Route.from_config(json.load(sys.stdin)).run()"
)


class Drained(NamedTuple):
    """Rows a second, and the microseconds of CPU that a row took in each process."""

    rate: float
    costs: list[float]


def watch(stage: Stage, query: LiteralString, until: int, pids: Sequence[int] = ()) -> Drained:
    """Between the first rows that are seen and the last, of `until` in all: how fast, at what cost."""
    seen: list[tuple[float, int]] = []
    before: list[float] = []
    with stage.connect() as conn:
        started = time.monotonic()
        while not seen or seen[-1][1] < until:
            row = conn.execute(query).fetchone()
            assert row is not None
            if row[0]:
                before = before or [stages.cpu_s(pid) for pid in pids]
                seen.append((time.monotonic(), int(str(row[0]))))
            if time.monotonic() - started > _LIMIT_S:
                raise SystemExit(f"{seen[-1:]} of {until} within {_LIMIT_S:g} s")
            time.sleep(0.2)
    used = [stages.cpu_s(pid) - cpu for pid, cpu in zip(pids, before, strict=True)]
    (first, few), (last, after) = seen[0], next(entry for entry in seen if entry[1] >= until)
    if last == first:
        raise SystemExit(f"{until} rows came in one look: take a larger backlog")
    rows = after - few
    return Drained(rows / (last - first), [cpu / rows * 1e6 for cpu in used])


async def drain(
    stage: Stage, broker: Broker, messages: list[stages.Message], members: Sequence[str] = ("",)
) -> float:
    """Messages a second that an ingestor, or each of a group its share, commits of a backlog."""
    with stage.connect() as conn:
        conn.execute("truncate ack_queue, reading, reading_last, last_waiting, batch_seen, judging")
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(stages.ingestor(stage, broker, member=member)) for member in members]
        for reader in readers:
            await asyncio.to_thread(stages.wait_ready, reader)
            reader.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        await stages.publish(broker, messages)
        _SAY(f"  backlog: {len(messages) / (time.monotonic() - started):,.0f} messages/s published\n")
        for reader in readers:
            reader.send_signal(signal.SIGCONT)
        pids = stage.pid, broker.pid, *(reader.pid for reader in readers)
        rate, costs = await asyncio.to_thread(watch, stage, _STORED, len(messages), pids)
    database, queue, *ingestors = costs
    _SAY(
        f"  CPU a message, us: ingestors {sum(ingestors):.0f}, database {database:.0f}, broker {queue:.0f}\n"
    )
    return rate


def expect(stage: Stage, rows: int) -> None:
    """Every reading is there once."""
    with stage.connect() as conn:
        found = conn.execute(
            "select count(*), count(distinct (device_key, kind_id, measured_at)) from reading"
        )
        counts = found.fetchone()
    if counts != (rows, rows):
        raise SystemExit(f"{counts} rows (all, distinct) instead of {rows}")


def copy(stage: Stage, rows: int) -> float:
    """Rows a second of the server's own COPY from a file, with the same table and index."""
    path = stage.folder / "rows.bin"
    path.touch()
    path.chmod(0o666)
    with stage.connect() as conn:
        conn.execute(f"copy (select {_ROWS} from reading order by received_at) to '{path}' (format binary)")
        conn.execute("truncate reading")
        conn.execute("checkpoint")
        started = time.monotonic()
        conn.execute(f"copy reading ({_ROWS}) from '{path}' (format binary)")
        rate = rows / (time.monotonic() - started)
    path.unlink()
    return rate


async def bridge(stage: Stage, broker: Broker, python: Path, messages: list[stages.Message]) -> float:
    """Messages a second that mq-bridge upserts of the same backlog."""
    topic = {"mqtt": {
        "url": f"tcp://127.0.0.1:{broker.address.port}", "topic": "bridge/+", "client_id": "bridge",
        "qos": 1, "protocol": "v3", "queue_capacity": 10_000, "max_inflight": 8000, "clean_session": False,
    }}  # fmt: skip
    url = stage.database_url.replace("postgresql:///", "postgres://carebed@localhost/")
    table = {"sqlx": {
        "url": url, "table": "bridged", "columns": "auto", "key": "device,kind,measured_ms",
    }}  # fmt: skip
    route = json.dumps({"input": topic, "output": table, "batch_size": 1000})
    with stage.connect() as conn:
        conn.execute(_BRIDGE_TABLE)

    def start() -> subprocess.Popen[bytes]:
        with (stage.folder / "bridge.log").open("ab") as log:
            child = subprocess.Popen([python, "-c", _BRIDGE], stdin=subprocess.PIPE, stdout=log, stderr=log)
        assert child.stdin is not None
        child.stdin.write(route.encode())
        child.stdin.close()
        return child

    child = start()  # its durable session, then its backlog
    try:
        await _until_it_writes(stage, broker, messages[:1])
    finally:
        child.kill()
        child.wait()
    await stages.publish(broker, messages[1:])
    child = start()
    try:
        return (await asyncio.to_thread(watch, stage, f"{_BRIDGED} offset 0", len(messages))).rate
    finally:
        child.kill()
        child.wait()


async def _until_it_writes(stage: Stage, broker: Broker, first: list[stages.Message]) -> None:
    """Until mq-bridge has subscribed: what is published before is for nobody."""
    with stage.connect() as conn:
        for _ in range(60):
            await stages.publish(broker, first)
            await asyncio.sleep(0.5)
            if conn.execute(_BRIDGED).fetchone() != (0,):
                return
    raise SystemExit(f"mq-bridge wrote nothing: {(stage.folder / 'bridge.log').read_text()[-2000:]}")


def bridge_python(folder: Path) -> Path:
    """The interpreter of a venv that has mq-bridge; made where it is missing."""
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "mq-bridge"], check=True)
    return python


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """All four drains, one after the other, and the last line."""
    now = datetime.now(UTC)  # noqa: TID251 - a benchmark's own clock
    homes, count, single = arguments.homes, arguments.messages, arguments.singles
    end_ms = int(now.timestamp() * 1000) - arguments.age_min * 60_000
    batched = list(stages.batches(count, homes, end_ms=end_ms, compressed=arguments.compressed))
    ones = list(stages.singles(single, homes, end_ms=end_ms))
    _SAY(f"payload: {np.mean([len(payload) for _, payload in batched]):.0f} bytes for 20 readings\n")
    flat = [
        (
            f"bridge/{n % 100}",
            json.dumps(dict(zip(("device", "kind", "measured_ms", "value"), row, strict=True))).encode(),
        )
        for n, (_, row) in enumerate(ones)
    ]
    async with stages.database(folder, now, homes) as stage:
        async with _BROKERS[arguments.broker](folder, free_port()) as broker:
            members = [str(n + 1) for n in range(arguments.members)] if arguments.members > 1 else [""]
            twenty = await drain(stage, broker, batched, members)
            _SAY(f"batches of 20: {twenty:,.0f} messages/s = {twenty * 20:,.0f} readings/s\n")
        expect(stage, count * 20)
        copied = copy(stage, count * 20)
        _SAY(f"COPY of the same rows from a file: {copied:,.0f} rows/s\n")
        async with stages.mosquitto_broker(folder, free_port()) as broker:
            alone = await drain(stage, broker, [message for message, _ in ones])
            _SAY(f"single readings: {alone:,.0f} messages/s\n")
            expect(stage, single)
            bridged = await bridge(stage, broker, bridge_python(arguments.mq_bridge), flat)
            _SAY(f"mq-bridge: {bridged:,.0f} messages/s, single readings ours/its {alone / bridged:.2f}\n")
    _SAY(
        f"ingest: readings_per_s={twenty * 20:.0f} messages_per_s={alone:.0f} "
        f"copy_ratio={twenty * 20 / copied:.2f} mq_bridge_ratio={twenty * 20 / bridged:.2f}\n"
    )


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=120_000, help="batches of twenty readings")
    parser.add_argument("--singles", type=int, default=60_000, help="messages of one reading")
    parser.add_argument("--homes", type=int, default=14_800)
    parser.add_argument("--broker", choices=sorted(_BROKERS), default="mosquitto", help="of the batches")
    parser.add_argument("--members", type=int, default=1, help="processes that share the batches")
    parser.add_argument("--compressed", type=float, default=0.5, help="share of homes on metered links")
    parser.add_argument("--age-min", type=int, default=15, help="how long the ingestor was away")
    parser.add_argument("--mq-bridge", type=Path, default=Path(tempfile.gettempdir()) / "carebed-mq-bridge")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-ingest-") as name:
        Path(name).chmod(0o711)
        asyncio.run(measure(arguments, Path(name)))


if __name__ == "__main__":
    main()
