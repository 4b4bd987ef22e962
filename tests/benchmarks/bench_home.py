"""What a home of forty devices costs its gateway: memory, processor, and what is written to the card.

A real agent, in real time, on a disk: 34 Zigbee sensors (ten of motion), two watches, a wrist accelerometer
at 20 Hz, two radars and a bed sensor at their own rates. Measured after a minute of settling. Writes are what
the kernel counts for the process (/proc/PID/io, pages made dirty); fsyncs are counted by the recorder of the
power cuts, whose own log is left out. Last line: `home: devices=40 rss_mib=... cpu_percent=...
written_mib_per_hour=... fsyncs_per_hour=...`; the processor is one core's, of a machine that may be busy.
"""

import argparse
import asyncio
import os
import struct
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from firmware_specs.clock import Clock
from simulators.devices import motion, wrist
from simulators.devices.beds import sca11h_record
from simulators.devices.radars import R60, TINYFRAME, r60_frame, tiny_frame
from simulators.devices.watch import WatchState, frame, keep_alive_content, position_content
from simulators.devices.zigbee import Sensor, Zigbee2Mqtt
from tests.benchmarks.bench_edge import rss_mib, say
from tests.edge.power.disk import Disk, recorder, records
from tests.edge.stand import AgentProcess, Broker, FakeCloud, write_config
from tests.ports import free_port

SENSORS = {"motion": 10, "door": 6, "smoke": 5, "water_leak": 4, "sos_button": 4, "gas": 3, "co": 2}
DOORS = ("wrist_accelerometer", "r60", "tinyframe", "sca11h")
WATCHES = ("861100000000017", "861100000000018")
SETTLE_S = 60.0


@dataclass(frozen=True)
class Cost:
    """What a process has used so far: seconds of a processor, bytes written."""

    cpu_s: float
    written: int

    @staticmethod
    def of(pid: int) -> "Cost":
        """As the kernel counts."""
        times = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        counts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text("ascii").splitlines())
        ticks = int(times[11]) + int(times[12])
        return Cost(ticks / os.sysconf("SC_CLK_TCK"), int(counts["write_bytes"]))


@dataclass
class Home:
    """Forty devices at their usual rates."""

    ports: dict[str, int]
    bridge: Zigbee2Mqtt
    random: Random
    pulse: int = 70

    async def live(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._zigbee())
            group.create_task(self._wrist())
            for number, name in enumerate(WATCHES):
                group.create_task(self._watch(name, number * 150))
            group.create_task(self._each_second("r60", self._r60))
            group.create_task(self._each_second("tinyframe", self._tinyframe))
            group.create_task(self._each_second("sca11h", self._bed))

    async def _zigbee(self) -> None:
        """Each motion sensor changes about each minute, a door each ten minutes; all report each hour."""
        async with self.bridge.connected():
            for second in range(1, 1_000_000):
                await asyncio.sleep(1)
                for number, sensor in enumerate(self.bridge.sensors):
                    if sensor.kind == "motion" and self.random.random() < 1 / 60:
                        moves = not sensor.state["occupancy"]
                        await self.bridge.report(
                            sensor, {"occupancy": moves, "illuminance": self.random.randint(1, 400)}
                        )
                    elif sensor.kind == "door" and self.random.random() < 1 / 600:
                        await self.bridge.report(sensor, {"contact": not sensor.state["contact"]})
                    elif (second + 100 * number) % 3600 == 0:
                        await self.bridge.report(sensor)

    async def _watch(self, name: str, offset_s: int) -> None:
        """A sign of life each five minutes, place and pulse each ten; the first at once."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports["watch"])
        for second in range(1_000_000):
            if (second + offset_s) % 300 == 0 or second == 1:
                said = [keep_alive_content(WatchState()), f"PULSE,{self.random.randint(60, 95)}"]
                if second % 600 < 300:
                    said.append(position_content("UD", WatchState(), Clock().now_ms()))
                for content in said:
                    writer.write(frame("3G", name, content))
                await writer.drain()
            await asyncio.sleep(1)
        reader.feed_eof()

    async def _wrist(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports["wrist_accelerometer"])
        writer.write(wrist.hello_line("wrist-bench"))
        random = np.random.default_rng(1)
        for second in range(1, 1_000_000):
            rows = (motion.walk if second % 300 < 60 else motion.still)(1, random=random)
            writer.write(wrist.samples_line(second, Clock().now_ms() - 1000, rows))
            await reader.readline()
            await asyncio.sleep(1)

    async def _each_second(self, driver: str, said: Callable[[int], bytes]) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", self.ports[driver])
        for second in range(1, 1_000_000):
            writer.write(said(second))
            await writer.drain()
            await asyncio.sleep(1)

    def _r60(self, second: int) -> bytes:
        what, value = self._measured(second)
        if value:
            R60[what] = (*R60[what][:2], bytes((value,)))
        return r60_frame(what if value else "somebody")

    def _tinyframe(self, second: int) -> bytes:
        what, value = self._measured(second)
        if value:
            TINYFRAME[what] = (TINYFRAME[what][0], struct.pack("<f", value))
        return tiny_frame(what if value else "distance_83", second)

    def _measured(self, second: int) -> tuple[str, int]:
        """Of three seconds one tells a pulse that wanders, one a breath, one (0) neither."""
        self.pulse = min(90, max(55, self.pulse + self.random.randint(-2, 2)))
        return (("heart_72", self.pulse), ("breath_16", self.random.randint(12, 18)), ("", 0))[second % 3]

    def _bed(self, second: int) -> bytes:
        return sca11h_record("turns" if self.random.random() < 1 / 60 else "sleeps", second)


def transports(home: Broker, ports: dict[str, int]) -> str:
    """The doors of edge.toml beside the watches'."""
    lines = [f'[[transport]]\ntype = "mqtt"\ndriver = "zigbee2mqtt"\nbroker_url = "{home.url}"']
    for driver in DOORS:
        device = "" if driver == "wrist_accelerometer" else f'device = "{driver}-1"\n'
        lines.append(f'[[transport]]\ntype = "tcp"\ndriver = "{driver}"\nport = {ports[driver]}\n{device}')
    return "\n".join(lines)


def sensors() -> list[Sensor]:
    """The home's Zigbee devices."""
    kinds = [kind for kind, count in SENSORS.items() for _ in range(count)]
    return [Sensor(kind, f"00158d00000000{n:02x}", f"{kind}-{n}") for n, kind in enumerate(kinds)]


async def bench(folder: Path, minutes: float) -> None:
    broker, home = Broker(folder / "broker", free_port()), Broker(folder / "home", free_port())
    for each in (broker, home):
        each.start()
        await each.ready()
    cloud = FakeCloud(broker)
    listening = asyncio.create_task(cloud.run())
    await cloud.up.wait()
    ports = {driver: free_port() for driver in ("watch", *DOORS)}
    path = write_config(
        folder / "agent", broker, more=transports(home, ports), batch_s=10, port=ports["watch"]
    )
    library = recorder(folder)
    disk = Disk(folder / "agent", folder / "record", library) if library else None
    agent = AgentProcess(path, environment=disk.environment() if disk else None)
    try:
        await agent.start()
        assert agent.process is not None
        living = asyncio.create_task(
            Home(ports, Zigbee2Mqtt("127.0.0.1", home.port, Clock(), sensors()), Random(1)).live()
        )
        await asyncio.wait({living}, timeout=SETTLE_S)
        await measure(agent.process.pid, disk, minutes * 60, living, cloud)
        living.cancel()
        await asyncio.wait({living})
        await agent.terminate()
    finally:
        await agent.kill()
        listening.cancel()
        await asyncio.wait({listening})
        broker.kill()
        home.kill()


async def measure(
    pid: int, disk: Disk | None, seconds: float, living: "asyncio.Task[None]", cloud: FakeCloud
) -> None:
    """Let the home live on, and say what it cost."""
    log = disk.log if disk else Path(os.devnull)
    before, logged, began = Cost.of(pid), log.stat().st_size, time.monotonic()
    synced = fsyncs(disk)
    await asyncio.wait({living}, timeout=seconds)
    if living.done():
        living.result()
    after, hours = Cost.of(pid), (time.monotonic() - began) / 3600
    written = after.written - before.written - (log.stat().st_size - logged)
    devices = len({d for batch in cloud.batches.values() for d in batch.devices})
    readings = sum(len(batch.value) for batch in cloud.batches.values())
    say(
        f"cpu_s={after.cpu_s - before.cpu_s:.2f} of {hours * 3600:.0f} s; "
        f"heard {devices} devices, {readings} readings"
    )
    say(
        f"home: devices={sum(SENSORS.values()) + len(WATCHES) + len(DOORS)} rss_mib={rss_mib(pid):.1f} "
        f"cpu_percent={(after.cpu_s - before.cpu_s) / hours / 36:.2f} "
        f"written_mib_per_hour={written / hours / 2**20:.1f} "
        f"fsyncs_per_hour={(fsyncs(disk) - synced) / hours:.0f}"
    )


def fsyncs(disk: Disk | None) -> int:
    """How often the agent had the disk synchronise; 0 where it is not recorded."""
    return sum(record.what in "SD" for record in records(disk.log)) if disk else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-home-", ignore_cleanup_errors=True) as folder:
        asyncio.run(bench(Path(folder), given.minutes))


if __name__ == "__main__":
    main()
