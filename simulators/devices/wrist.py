"""A wrist accelerometer that streams JSON lines (page `firmware_specs/devices/wrist_accelerometer.md`).

`read_trials` gives real recordings as rows of (x, y, z) in g, the shape of what `motion.py` makes. `Wrist`
streams what is queued, else idle motion, one line a simulated second.
"""

import asyncio
import contextlib
import csv
import gzip
import io
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from firmware_specs.clock import Clock
from simulators.devices import motion
from simulators.devices.motion import RANGE_G, RATE_HZ, Rows

Idle = Literal["still", "walk"]
STORY_PEAK_G: Final = 10.0


def read_trials(path: Path) -> dict[str, Rows]:
    """The wrist rows (g) of each trial; columns trial,pos,t_ms,n,ax,ay,az; `.gz` is unpacked.

    Raises ValueError that names the file and line for a file that is not such a recording.
    """
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    reader = csv.DictReader(io.StringIO(raw.decode("utf-8-sig", errors="replace")))
    missing = {"trial", "pos", "ax", "ay", "az"} - set(reader.fieldnames or ())
    if missing:
        raise ValueError(f"{path}: line 1: columns missing: {', '.join(sorted(missing))}")
    trials: dict[str, list[tuple[float, float, float]]] = {}
    for line, row in enumerate(reader, start=2):
        if row["pos"] != "wrist":
            continue
        try:
            values = (float(row["ax"]), float(row["ay"]), float(row["az"]))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: line {line}: ax, ay, az must be numbers in g: {error}") from error
        trials.setdefault(row["trial"], []).append(values)
    if not trials:
        raise ValueError(f"{path}: no row with pos = wrist")
    return {name: np.array(rows) for name, rows in trials.items()}


def hello_line(device: str, rate_hz: float = RATE_HZ, range_g: float = RANGE_G) -> bytes:
    """The first line of a connection."""
    return _line({"type": "hello", "device": device, "rate_hz": rate_hz, "range_g": range_g})


def samples_line(seq: int, at_ms: int, rows: Rows) -> bytes:
    """One line of samples; `at_ms` is the time of the first row."""
    return _line({"type": "samples", "seq": seq, "at": at_ms, "xyz": np.round(rows, 4).tolist()})


def signal_hello_line(device: str, rate_hz: float) -> bytes:
    """The first line of a bed (`bed-...`) or pulse sensor (`ppg-...`) that sends its raw signal."""
    return _line({"type": "hello", "device": device, "rate_hz": rate_hz})


def signal_line(seq: int, at_ms: int, values: Rows) -> bytes:
    """One line of a raw signal; `at_ms` is the time of the first value."""
    return _line({"type": "samples", "seq": seq, "at": at_ms, "values": np.round(values, 4).tolist()})


def button_line(at_ms: int, button: Literal["cancel", "sos"]) -> bytes:
    """A button of the bracelet."""
    return _line({"type": "button", "at": at_ms, "button": button})


def status_line(battery: int, *, worn: bool = True, charging: bool = False) -> bytes:
    """Battery percent, worn, charging."""
    return _line({"type": "status", "battery": battery, "worn": worn, "charging": charging})


@dataclass
class Wrist:
    """One bracelet; `run` until cancelled. `queue` puts motion before the idle motion."""

    name: str
    host: str
    port: int
    clock: Clock
    seed: int = 0
    idle: Idle = "walk"
    battery: int = 74
    clock_error_ms: int = 0
    answered: int = 0
    errors: list[str] = field(default_factory=list)
    _posture: Rows = field(default_factory=lambda: motion.STANDING.copy())
    _queue: deque[Rows] = field(default_factory=deque)
    _writer: asyncio.StreamWriter | None = None
    _linked: asyncio.Event = field(default_factory=asyncio.Event)
    _idle_again: asyncio.Event = field(default_factory=asyncio.Event)
    _answer_came: asyncio.Event = field(default_factory=asyncio.Event)
    _seq: int = 0
    _walked_s: float = 0.0
    _presses: list[tuple[int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    @property
    def device_id(self) -> str:
        """The id of this bracelet on the wire to the cloud."""
        return f"wrist-{self.name}"

    def queue(self, rows: Rows) -> None:
        """Play these rows next, cut into seconds; afterwards the arm rests in their last posture."""
        self._queue.extend(_seconds(rows))
        self._idle_again.clear()
        tail = rows[-RATE_HZ:].mean(axis=0)
        if np.linalg.norm(tail) > 0.3:
            self._posture = tail

    def fall(self) -> None:
        """The wearer falls hard and lies still: a story wants a fall that nobody could doubt."""
        self._queue.clear()
        self.queue(motion.fall(random=self._random, peak_g=STORY_PEAK_G).rows)
        self.idle = "still"

    def get_up(self) -> None:
        """The wearer gets up and walks."""
        self._queue.clear()
        self.queue(motion.recover(self._posture, random=self._random))
        self._posture, self.idle = motion.STANDING.copy(), "walk"

    async def press(self, button: Literal["cancel", "sos"]) -> None:
        """Press a button; after a lost connection it is sent again until a later line was answered."""
        line = button_line(self._device_ms(), button)
        self._presses.append((self._seq + 1, line))
        if self._writer is not None:
            self._writer.write(line)
            with contextlib.suppress(OSError):
                await self._writer.drain()

    async def linked(self) -> None:
        """Wait until the bracelet has a connection."""
        await self._linked.wait()

    async def played(self) -> None:
        """Wait until all that was queued is sent and answered."""
        await self._idle_again.wait()
        last = self._seq
        while self.answered < last:
            await self._answer_came.wait()
            self._answer_came.clear()

    async def run(self) -> None:
        """Connect again and again and stream one line a simulated second."""
        while True:
            with contextlib.suppress(OSError):
                await self._session()
            self._writer = None
            self._linked.clear()
            await asyncio.sleep(0.5)

    def _device_ms(self) -> int:
        return self.clock.now_ms() + self.clock_error_ms

    async def _session(self) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        self._writer = writer
        listener = asyncio.create_task(self._listen(reader), name=f"{self.device_id}-listen")
        try:
            writer.write(hello_line(self.device_id) + status_line(self.battery))
            writer.writelines(line for _, line in self._presses)
            self._linked.set()
            await self._stream(writer, listener)
        finally:
            listener.cancel()
            writer.close()

    async def _stream(self, writer: asyncio.StreamWriter, listener: "asyncio.Task[None]") -> None:
        at = self._device_ms()
        while not listener.done():
            rows = self._queue.popleft() if self._queue else self._idle_second()
            at += round(len(rows) * 1000 / RATE_HZ)
            await self.clock.sleep((at - self._device_ms()) / 1000)
            self._seq += 1
            writer.write(samples_line(self._seq, at - round(len(rows) * 1000 / RATE_HZ), rows))
            if self._seq % 60 == 0:
                writer.write(status_line(self.battery))
            await writer.drain()
            if not self._queue:
                self._idle_again.set()

    def _idle_second(self) -> Rows:
        if self.idle == "walk":
            self._walked_s += 1.0
            return motion.walk(1.0, random=self._random, begin_s=self._walked_s)
        return motion.still(1.0, self._posture, random=self._random)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.readline():
            answer: Any = None
            with contextlib.suppress(ValueError):
                answer = json.loads(data)
            if isinstance(answer, dict) and answer.get("type") == "ok":
                self.answered = int(answer.get("seq", 0))
                self._answer_came.set()
                self._presses = [press for press in self._presses if press[0] > self.answered]
            elif isinstance(answer, dict) and answer.get("type") == "error":
                self.errors.append(str(answer.get("reason")))


def _seconds(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), RATE_HZ):
        yield rows[start : start + RATE_HZ]


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
