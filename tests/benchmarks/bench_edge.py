"""What an agent costs: resident memory, start time, and bytes a month of a home with the default policy.

A simulated day of one home (resident, watch, five Zigbee sensors, on request a wrist accelerometer) goes
through a real agent process and a real nats-server; a proxy between them reads the MQTT packets. Last line:
`edge: rss_mib=... start_s=... mb_per_month=...`, the month with TCP/IP headers, heartbeats included.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

import numpy as np

from firmware_specs.clock import Clock
from simulators.devices import motion, wrist
from simulators.devices.watch import SOS, WatchState, frame, keep_alive_content, position_content
from simulators.devices.zigbee import Sensor, Zigbee2Mqtt
from simulators.resident import Resident
from tests.benchmarks.mqtt_meter import Meter, metered
from tests.edge.stand import AgentProcess, Broker, FakeCloud, write_config
from tests.ports import free_port

START = datetime(2026, 1, 6, 16, 0, tzinfo=UTC)  # midnight in Shanghai
WATCH = "861100000000017"
HOME = (37.38, 118.01)
DAY_S = 86_400
HEADERS = 40  # TCP and IPv4, bytes a segment
PUBACK = 4
SEGMENTS = {"up": 3, "down": 2}  # a QoS 1 publish, its PUBACK, a bare ACK; a QoS 0 publish and a bare ACK


@dataclass
class Town:
    """One home's day: what happens to the resident becomes bytes at the agent's ports."""

    clock: Clock
    watch_port: int
    wrist_port: int | None
    bridge: Zigbee2Mqtt
    resident: Resident
    random: Random

    async def live(self, seconds: int) -> None:
        """Play until `seconds` of simulated time have passed."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._watch()), group.create_task(self._sensors())]
            if self.wrist_port is not None:
                tasks.append(group.create_task(self._wrist(self.wrist_port)))
            await self.clock.sleep(seconds)
            for task in tasks:
                task.cancel()

    async def _watch(self) -> None:
        """LK each 5 min, position and pulse each 10, the rest hourly or thrice, one SOS."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.watch_port)
        drain = asyncio.create_task(self._drain(reader))
        for minute in range(5, 100_000, 5):
            await self._until(minute * 60)
            body = self.resident.advance(self.clock.now_ms())
            state = replace(
                WatchState(), lat=body.lat, lon=body.lon, steps=body.steps, battery=max(20, 96 - minute // 30)
            )
            said = [keep_alive_content(state)]
            if minute % 10 == 0:
                said += [
                    position_content("UD", state, self.clock.now_ms()),
                    f"PULSE,{body.heart_rate_bpm:.0f}",
                ]
            if minute % 60 == 0:
                said += [
                    f"OXYGEN,0,{self.random.randint(94, 99)}",
                    f"TEMP,{self.random.uniform(36.1, 36.9):.1f}",
                ]
            if minute in (420, 780, 1260):
                said.append(f"BLOOD,{self.random.randint(118, 145)},{self.random.randint(68, 88)}")
            if minute == 600:
                said.append(position_content("AL", replace(state, status=SOS), self.clock.now_ms()))
            for content in said:
                writer.write(frame("3G", WATCH, content))
        drain.cancel()

    async def _sensors(self) -> None:
        """Motion and the door follow the resident; every sensor reports at least each hour."""
        async with self.bridge.connected():
            motion, door = self.bridge.sensors[:2]
            last = ""
            for minute in range(1, 100_000):
                await self._until(minute * 60)
                body = self.resident.advance(self.clock.now_ms())
                if body.activity != "asleep" and self.random.random() < 0.25:
                    await self.bridge.report(motion, {"occupancy": True})
                elif self.random.random() < 0.25:
                    await self.bridge.report(motion, {"occupancy": False})
                if (body.activity == "out") != (last == "out") and last:
                    await self.bridge.report(door, {"contact": False})
                    await self.bridge.report(door, {"contact": True})
                last = body.activity
                if minute % 60 == 0:
                    for sensor in self.bridge.sensors:
                        await self.bridge.report(sensor)

    async def _wrist(self, port: int) -> None:
        """One line a second: still while asleep, walking when the resident walks."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        drain = asyncio.create_task(self._drain(reader))
        random = np.random.default_rng(1)
        writer.write(wrist.hello_line("wrist-bench"))
        for second in range(1, 10_000_000):
            await self._until(second)
            walking = self.resident.activity in ("walking", "cooking", "out")
            rows = motion.walk(1, random=random) if walking else motion.still(1, random=random)
            writer.write(wrist.samples_line(second, self.clock.now_ms() - 1000, rows))
            await writer.drain()
        drain.cancel()

    async def _until(self, second: int) -> None:
        began = round(START.timestamp() * 1000)
        await self.clock.sleep((began + second * 1000 - self.clock.now_ms()) / 1000)

    async def _drain(self, reader: asyncio.StreamReader) -> None:
        while await reader.read(65_536):
            pass


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def sensors() -> list[Sensor]:
    kinds = ("motion", "door", "smoke", "water_leak", "sos_button")
    return [Sensor(kind, f"00158d000000000{n}", kind) for n, kind in enumerate(kinds)]


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


async def start_s(path: Path, arguments: list[str]) -> float:
    """Median of three: seconds from the start of the process to its ready line."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        agent = AgentProcess(path, arguments)
        await agent.start()
        times.append(time.perf_counter() - began)
        await agent.terminate()
    return median(times)


def month(up: Meter, down: Meter, seconds: float) -> tuple[float, float]:
    """(MB of MQTT, MB with TCP/IP headers) a month, heartbeats included, the one connection left out."""
    mqtt = headers = 0
    for meter in (up, down):
        for name, size in meter.sizes.items():
            if name not in ("mqtt", "up/birth"):
                mqtt += size + (PUBACK if meter is up else 0) * meter.packets[name]
                headers += meter.packets[name] * SEGMENTS[meter.direction] * HEADERS
    months = 30 * DAY_S / seconds / 1e6
    return mqtt * months, (mqtt + headers) * months


def transports(home: Broker, wrist_port: int | None, *, is_metered: bool) -> str:
    lines = [f"metered = {str(is_metered).lower()}"]
    lines += ['[[transport]]\ntype = "mqtt"\ndriver = "zigbee2mqtt"', f'broker_url = "{home.url}"']
    if wrist_port is not None:
        lines += [f'[[transport]]\ntype = "tcp"\ndriver = "wrist_accelerometer"\nport = {wrist_port}']
    return "\n".join(lines)


async def bench(folder: Path, given: argparse.Namespace) -> None:
    broker, home = Broker(folder / "broker", free_port()), Broker(folder / "home", free_port())
    cloud = FakeCloud(broker)
    wrist_port = free_port() if given.wrist else None
    for each in (broker, home):
        each.start()
        await each.ready()
    listening = asyncio.create_task(cloud.run())
    await cloud.up.wait()
    try:
        async with metered(broker.port) as (port, up, down):
            path = write_config(
                folder / "agent",
                replace(broker, port=port),
                more=transports(home, wrist_port, is_metered=given.metered),
                batch_s=10,
            )
            started = await start_s(path, [])
            for counter in (up.sizes, up.packets, down.sizes, down.packets):
                counter.clear()
            anchor = Clock().now_ms() + 3000
            clock = Clock(round(START.timestamp() * 1000), anchor, given.rate)
            cloud.cloud_at = clock.now_ms
            agent = AgentProcess(path, clock.arguments())
            watch_port = await agent.start()
            assert agent.process is not None
            empty = rss_mib(agent.process.pid)
            bridge = Zigbee2Mqtt("127.0.0.1", home.port, clock, sensors())
            resident = Resident(1, clock.now_ms(), *HOME, falls_a_year=0)
            town = Town(clock, watch_port, wrist_port, bridge, resident, Random(1))
            await town.live(round(given.hours * 3600))
            rss = rss_mib(agent.process.pid)
            await agent.terminate()
            report(up, down, given.hours * 3600, empty, rss, started, cloud)
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        broker.kill()
        home.kill()


def report(
    up: Meter, down: Meter, seconds: float, empty: float, rss: float, started: float, cloud: FakeCloud
) -> None:
    for meter in (up, down):
        for name, size in sorted(meter.sizes.items()):
            say(f"{name:16} {meter.packets[name]:6} packets {size:9} bytes")
    readings = sum(len(batch.value) + len(batch.positions) for batch in cloud.batches.values())
    say(f"readings={readings} batches={len(cloud.batches)} events={len(cloud.events)}")
    say(f"rss_at_start_mib={empty:.1f} rss_after_mib={rss:.1f}")
    mqtt, wire = month(up, down, seconds)
    say(f"mqtt_mb_per_month={mqtt:.1f} with_tcp_ip_headers_mb_per_month={wire:.1f}")
    say(f"edge: rss_mib={rss:.1f} start_s={started:.2f} mb_per_month={wire:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="simulated hours of a home's life")
    parser.add_argument("--rate", type=float, default=480.0, help="simulated seconds a real second")
    parser.add_argument("--wrist", action="store_true", help="with a wrist accelerometer (loads numpy)")
    parser.add_argument(
        "--metered", action="store_true", help="as on a metered link: 60 s batches, compressed"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-bench-", ignore_cleanup_errors=True) as folder:
        asyncio.run(bench(Path(folder), given))


if __name__ == "__main__":
    main()
