"""A whole city on one machine: every gateway connected with its own credentials, real rates, one screen.

`carebed-cloud up` runs with everything on and the broker that a city is to have; the homes are written into
its database. A generator in a process of its own (`city_load.py`) connects all gateways, and sends what a
city sends. For `--seconds` SOS are pressed `--events-per-s` times a second, then two hundred at once; each is
awaited at a WebSocket client, and is late after a second. Then the generator stops, and every batch must have
been stored. With `--steps` the batches come more and more often until p99 is over a second. `make bench-city`
prints one last line `city: homes=… p50_ms=… p99_ms=… burst_max_ms=… cpu_percent=… rss_mib=… missed=…`: CPU is
of the whole machine (all cores are 100 %), memory is PSS, both of all processes of the cloud, the generator
apart.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
from websockets.asyncio.client import connect

from cloud.broker import gateway_verifiers, new_secret
from cloud.config import DataDir
from cloud.downlink.store import GATEWAYS_CHANNEL
from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi
from simulators.processes import python_module
from simulators.stage import OwnCloud
from tests.benchmarks import ingest_stage as stages
from tests.benchmarks.process_costs import Costs

_ONLINE_S: Final = 600.0
_SETTLE_S: Final = 60.0
_BURST: Final = 200
_BURST_S: Final = 30.0
_LATE_MS: Final = 1000.0
_STORED_S: Final = 60.0
_SAY: Final = sys.stdout.write


class _Case(msgspec.Struct):
    event_ids: list[str] = []


class _Frame(msgspec.Struct):
    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


@dataclass
class Watch:
    """When each event was sent, and when the screen had it, in monotonic seconds."""

    sent: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    async def follow(self, api: CloudApi, ready: asyncio.Event) -> None:
        """Endless: note each event the first time a frame names it. Raises when the line breaks."""
        address = api.url.replace("http", "ws", 1) + "/api/v1/ws"
        headers = {"Authorization": f"Bearer {api.token}"}
        frames, cases = msgspec.json.Decoder(_Frame), msgspec.json.Decoder(_Case)
        async with connect(address, additional_headers=headers, proxy=None, max_queue=None) as socket:
            async for text in socket:
                now = time.monotonic()
                frame = frames.decode(text)
                if frame.type == "hello":
                    ready.set()
                elif frame.type == "case":
                    for event_id in cases.decode(frame.data).event_ids:
                        self.seen.setdefault(event_id, now)
        raise SystemExit("the screen's line broke")

    def took(self, since: float) -> list[float]:
        """Milliseconds of the events sent since a moment, sorted; infinite where it never came."""
        return sorted(
            (self.seen.get(id_, float("inf")) - at) * 1000 for id_, at in self.sent.items() if at >= since
        )


class Generator:
    """The process that is the city."""

    def __init__(self, process: asyncio.subprocess.Process, watch: Watch) -> None:
        """Keep the arguments; `listen` must run."""
        self.pid = process.pid
        self._process = process
        self._watch = watch
        self._reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listen(self) -> None:
        """Endless: events that it sends, reports that were asked for."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "event" in said:
                self._watch.sent[said["event"]] = said["at"]
            else:
                self._reports.put_nowait(said)
        raise SystemExit("the generator ended")

    def order(self, **command: float | bool) -> None:
        """One command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")

    async def report(self) -> dict[str, Any]:
        """How many are online, what was sent and stored."""
        self.order(report=True)
        return await asyncio.wait_for(self._reports.get(), 30)

    async def until(self, name: str, number: int, limit_s: float) -> dict[str, Any]:
        """The first report in which `name` has reached a number, or the last within the limit."""
        until = time.monotonic() + limit_s
        while True:
            report = await self.report()
            if report[name] >= number or time.monotonic() > until:
                return report
            await asyncio.sleep(1)


@asynccontextmanager
async def generator(port: int, secrets: Path, watch: Watch) -> AsyncIterator[Generator]:
    """The city's gateways; they end with the block."""
    command = python_module("tests.benchmarks.city_load", "127.0.0.1", str(port), str(secrets))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    city = Generator(process, watch)
    listening = asyncio.create_task(city.listen(), name="generator")
    try:
        yield city
    finally:
        listening.cancel()
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 20)
        if process.returncode is None:
            process.kill()


def found(database_url: str, homes: int, clock: Clock) -> list[str]:
    """Write the homes with everything in them; the secrets of their gateways in their order."""
    secrets = [new_secret() for _ in range(homes)]
    hashed = [gateway_verifiers(secret) for secret in secrets]
    with psycopg.connect(database_url) as conn:
        given = {"homes": homes, "now": clock.now(), "devices": list(stages.DEVICES)}
        conn.execute(stages.CITY, given)
        conn.execute(
            "update gateway g set secret_bcrypt = b, secret_pbkdf2 = p"
            " from unnest(%s::text[], %s::text[], %s::text[]) as t (id, b, p) where g.id = t.id",
            [[stages.gateway(n) for n in range(homes)], *map(list, zip(*hashed, strict=True))],
        )
        conn.execute("select pg_notify(%s, '')", [GATEWAYS_CHANNEL])
    return secrets


def say_rates(homes: int) -> None:
    """What the city sends, and what that means on the disk."""
    a_second = homes / 2 * 20 / 60 + homes / 2 * 4 / 10
    day = a_second * 86_400 * 90
    _SAY(
        f"rates: {a_second:,.0f} readings/s in {homes / 2 / 60 + homes / 2 / 10:,.0f} batches/s,"
        f" {homes / 30:,.0f} heartbeats/s; about {day / 1e9:.1f} GB a day with its index at 90 bytes a"
        f" reading, so that 1 TB holds {1e12 / day:.0f} days of readings; hours are kept five years\n"
    )


async def press(city: Generator, watch: Watch, seconds: float, rate: float) -> list[float]:
    """Milliseconds of the events of so many seconds, sorted."""
    since = time.monotonic()
    city.order(events_per_s=rate)
    await asyncio.sleep(seconds)
    city.order(events_per_s=0)
    await asyncio.sleep(2)
    return watch.took(since)


async def burst(city: Generator, watch: Watch, count: int) -> list[float]:
    """Milliseconds of so many events at once, sorted."""
    since = time.monotonic()
    city.order(events=count)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BURST_S):
            while len(watch.took(since)) < count or watch.took(since)[-1] == float("inf"):
                await asyncio.sleep(0.2)
    return watch.took(since)


def at(sorted_ms: list[float], share: float) -> float:
    """A percentile of sorted values; infinite where there is none."""
    return sorted_ms[min(len(sorted_ms) - 1, int(len(sorted_ms) * share))] if sorted_ms else float("inf")


async def climb(city: Generator, watch: Watch, arguments: argparse.Namespace, homes: int) -> None:
    """Batches more and more often, until events are late."""
    for speed in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64):
        city.order(speed=speed)
        before, began = await city.report(), time.monotonic()
        await asyncio.sleep(_SETTLE_S)
        took = await press(city, watch, arguments.step_s, arguments.events_per_s)
        after, seconds = await city.report(), time.monotonic() - began
        rate = (after["readings"] - before["readings"]) / seconds
        lag = after["sent"] - after["stored"]
        _SAY(
            f"step: speed={speed} readings_per_s={rate:.0f} as_homes={homes * speed}"
            f" p50_ms={at(took, 0.5):.0f} p99_ms={at(took, 0.99):.0f} batches_unanswered={lag}\n"
        )
        sys.stdout.flush()
        if at(took, 0.99) > _LATE_MS:
            break


async def measure(arguments: argparse.Namespace, folder: Path) -> str:
    """The last line."""
    clock, watch, homes = Clock(), Watch(), arguments.homes
    say_rates(homes)
    cloud = OwnCloud(folder / "cloud", clock, options=("--no-canary", "--broker", arguments.broker))
    await cloud.start()
    try:
        database_url = str(DataDir(cloud.folder).running()["database_url"])
        secrets = folder / "secrets"
        secrets.write_text("\n".join(found(database_url, homes, clock)))
        async with (
            CloudApi(cloud.api_url, await cloud.token("city", "admin")) as api,
            generator(cloud.mqtt_port, secrets, watch) as city,
        ):
            return await _measure(arguments, cloud, city, watch, api)
    finally:
        await cloud.stop()


async def _measure(
    arguments: argparse.Namespace, cloud: OwnCloud, city: Generator, watch: Watch, api: CloudApi
) -> str:
    homes, ready = arguments.homes, asyncio.Event()
    watching = asyncio.create_task(watch.follow(api, ready), name="screen")
    await asyncio.wait_for(ready.wait(), 30)
    began = time.monotonic()
    report = await city.until("online", homes, _ONLINE_S)
    _SAY(f"{report['online']} gateways online after {time.monotonic() - began:.0f} s\n")
    await asyncio.sleep(arguments.settle_s)
    costs = Costs(cloud.child.pid, city.pid)
    took = await press(city, watch, arguments.seconds, arguments.events_per_s)
    used = costs.used()
    for line in used.lines:
        _SAY(f"  {line}\n")
    costs = Costs(cloud.child.pid, city.pid)
    at_once = await burst(city, watch, min(_BURST, homes))
    _SAY("  burst, CPU in s: " + ", ".join(costs.used().seconds) + "\n")
    if arguments.steps:
        await climb(city, watch, arguments, homes)
    assert not watching.done(), "the screen follows for ever"
    watching.cancel()
    city.order(stop=True)
    sent = (await city.report())["sent"]
    end = await city.until("stored", sent, _STORED_S)
    never = sum(ms == float("inf") for ms in took + at_once)
    late = sum(_LATE_MS < ms < float("inf") for ms in took + at_once)
    unstored = end["sent"] - end["stored"]
    _SAY(
        f"events={len(took)}+{len(at_once)} never={never} late={late} batches={end['sent']}"
        f" readings={end['readings']} batches_unanswered={unstored}\n"
    )
    return (
        f"city: homes={report['online']} p50_ms={at(took, 0.5):.0f} p99_ms={at(took, 0.99):.0f}"
        f" burst_max_ms={at(at_once, 1):.0f} cpu_percent={used.percent:.1f} rss_mib={used.pss_mib:.0f}"
        f" missed={never + unstored}"
    )


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=14_800)
    parser.add_argument("--broker", choices=("mosquitto", "nats"), default="mosquitto")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--settle-s", type=float, default=_SETTLE_S)
    parser.add_argument("--events-per-s", type=float, default=2)
    parser.add_argument("--steps", action="store_true", help="then more and more, until p99 > 1 s")
    parser.add_argument("--step-s", type=float, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-city-") as name:
        Path(name).chmod(0o711)
        _SAY(asyncio.run(measure(arguments, Path(name))) + "\n")


if __name__ == "__main__":
    main()
