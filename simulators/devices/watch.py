"""A GPS watch that speaks the "3G watch" text protocol over TCP (page `firmware_specs/devices/watch.md`).

The builders at the top are pure: fields -> frame bytes. `Watch` keeps the connection, sends LK and UD,
repeats an alarm until the server's AL, keeps positions for later (UD2) while it has no connection.
"""

import asyncio
import contextlib
import re
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from firmware_specs.clock import Clock
from simulators.devices.faults import FAULTS

SOS: Final = 1 << 16
LOW_BATTERY: Final = 1 << 17
LEFT_FENCE: Final = 1 << 18
ENTERED_FENCE: Final = 1 << 19
REMOVED: Final = 1 << 20
FALL: Final = 1 << 21
STATE_LOW_BATTERY: Final = 1 << 0
STATE_OUT_OF_FENCE: Final = 1 << 1
STATE_IN_FENCE: Final = 1 << 2
STATE_TAKEN_OFF: Final = 1 << 3
STATE_STATIONARY: Final = 1 << 4

_FRAME: Final = re.compile(rb"\[(\w{2})\*(\d{8,17})\*(?:([0-9a-fA-F]{4})\*)?([0-9a-fA-F]{4})\*([^\]]*)\]")
_SERVER_ANSWERS: Final = frozenset({"LK", "AL", "TKQ", "TKQ2", "INIT", "JXTKR"})
_MAX_KEPT: Final = 500
VERSION: Final = "S10U-SIM-1.0"


@dataclass(frozen=True)
class WatchState:
    """What the watch knows of itself: degrees WGS-84, km/h, metres, percent; MAC and dBm of each Wi-Fi."""

    lat: float = 0.0
    lon: float = 0.0
    fix: bool = True
    speed_kmh: float = 0.0
    course: float = 0.0
    altitude_m: float = 12.0
    satellites: int = 9
    gsm: int = 80
    battery: int = 86
    steps: int = 0
    tumbles: int = 0
    status: int = 0
    accuracy_m: float = 10.0
    wifi: tuple[tuple[str, int], ...] = ()


def frame(maker: str, identity: str, content: str, index: int | None = None) -> bytes:
    """`[MF*ID*LEN*CONTENT]` or `[MF*ID*IDX*LEN*CONTENT]`; LEN is the length in bytes, four hex digits."""
    body = content.encode()
    middle = f"{index:04x}*" if index is not None else ""
    return f"[{maker}*{identity}*{middle}{len(body):04x}*".encode() + body + b"]"


def position_content(kind: str, state: WatchState, at_ms: int) -> str:
    """The content of UD, UD2, AL or WT: the 19 position fields with no cells; time is UTC."""
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    lat, lon = (state.lat, state.lon) if state.fix else (0.0, 0.0)
    fields = [
        kind,
        f"{when:%d%m%y}",
        f"{when:%H%M%S}",
        "A" if state.fix else "V",
        f"{abs(lat):.6f}",
        "N" if lat >= 0 else "S",
        f"{abs(lon):.6f}",
        "E" if lon >= 0 else "W",
        f"{state.speed_kmh:.2f}",
        f"{state.course:.0f}",
        f"{state.altitude_m:.0f}",
        str(state.satellites if state.fix else 0),
        str(state.gsm),
        str(state.battery),
        str(state.steps),
        str(state.tumbles),
        f"{state.status:08x}",
        "0",  # cells: without one the timing advance, MCC and MNC are absent, too
        str(len(state.wifi)),
        *(f"WIFI{n:02d},{mac},{dbm}" for n, (mac, dbm) in enumerate(state.wifi)),
        f"{state.accuracy_m:g}",
    ]
    return ",".join(fields)


def keep_alive_content(state: WatchState) -> str:
    """LK with steps, tumbles and battery."""
    return f"LK,{state.steps},{state.tumbles},{state.battery}"


def command_answer(content: str) -> str | None:
    """What the watch says to a command: its word again, and its version; None for an answer of the server."""
    kind = content.partition(",")[0]
    if kind in _SERVER_ANSWERS:
        return None
    return f"VERNO,{VERSION}" if kind == "VERNO" else kind


@dataclass
class Watch:
    """One watch on one TCP port; `run` until cancelled, the verbs may be called at any time."""

    identity: str
    host: str
    port: int
    clock: Clock
    maker: str = "3G"
    index: int | None = None
    clock_error_ms: int = 0
    report_s: float = 60.0
    repeat_s: float = 10.0
    state: WatchState = field(default_factory=WatchState)
    answers: list[str] = field(default_factory=list)
    _kept: deque[tuple[int, WatchState]] = field(default_factory=lambda: deque(maxlen=_MAX_KEPT))
    _writer: asyncio.StreamWriter | None = None
    _listening: asyncio.Task[None] | None = None
    _silent: list[asyncio.StreamWriter] = field(default_factory=list)
    _linked: asyncio.Event = field(default_factory=asyncio.Event)
    _alarm_answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def device_id(self) -> str:
        """The id of this watch on the wire to the cloud."""
        return f"watch-{self.identity}"

    async def run(self) -> None:
        """Connect again and again, report each `report_s` simulated seconds."""
        while True:
            with contextlib.suppress(OSError):
                await self._session()
            self._writer = None
            self._linked.clear()
            await asyncio.sleep(0.5)

    async def linked(self) -> None:
        """Wait until the watch has a connection."""
        await self._linked.wait()

    async def alarm(self, bits: int, *, tries: int = 6, fault: str = "", at: int | None = None) -> bool:
        """Send AL with these status bits, first with the fault, and repeat it until the server answers AL;
        True when it did.
        """
        moment = at if at is not None else self._device_ms()
        content = position_content("AL", replace(self.state, status=self.state.status | bits), moment)
        self._alarm_answered.clear()
        for _ in range(tries):
            await self.linked()
            await self._send(content, fault)
            fault = ""
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._alarm_answered.wait(), self.repeat_s / self.clock.rate)
                return True
        return False

    async def alarm_storm(self, bits: int, times: int) -> None:
        """The same AL frame many times without waiting, as a watch whose answers are lost."""
        content = position_content(
            "AL", replace(self.state, status=self.state.status | bits), self._device_ms()
        )
        await self.linked()
        for _ in range(times):
            await self._send(content)

    async def report(self) -> None:
        """Send the live position now, or keep it for later when there is no connection."""
        if self._writer is None:
            self._kept.append((self._device_ms(), self.state))
            return
        await self._send(position_content("UD", self.state, self._device_ms()))

    async def backfill(self, at_ms: int, state: WatchState | None = None) -> None:
        """Send one historical position (UD2)."""
        await self.linked()
        await self._send(position_content("UD2", state or self.state, at_ms))

    async def measured(self, content: str) -> None:
        """Send a measurement such as `PULSE,72`, `TEMP,36.5` or `BLOOD,128,76`."""
        await self.linked()
        await self._send(content)

    async def garbage(self, data: bytes) -> None:
        """Send raw bytes."""
        await self.linked()
        assert self._writer is not None
        self._writer.write(data)
        await self._writer.drain()

    def drop(self) -> None:
        """Lose the connection at once."""
        if self._writer is not None:
            self._writer.transport.abort()

    def hang(self) -> None:
        """The line dies without a word: the old connection stays open and silent, a new one is made."""
        if self._writer is not None and self._listening is not None:
            self._silent.append(self._writer)
            self._writer = None
            self._listening.cancel()

    def _device_ms(self) -> int:
        return self.clock.now_ms() + self.clock_error_ms

    async def _session(self) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        self._writer = writer
        self._linked.set()
        reporter = asyncio.create_task(self._report_for_ever(), name=f"watch-{self.identity}-report")
        self._listening = asyncio.create_task(self._listen(reader), name=f"watch-{self.identity}-listen")
        try:
            await asyncio.wait([self._listening])
            with contextlib.suppress(asyncio.CancelledError):
                self._listening.result()
        finally:
            self._listening.cancel()
            reporter.cancel()
            if writer not in self._silent:
                writer.close()

    async def _report_for_ever(self) -> None:
        with contextlib.suppress(OSError):
            await self._send(keep_alive_content(self.state))
            while self._kept:
                at, state = self._kept.popleft()
                await self._send(position_content("UD2", state, at))
            while True:
                await self.report()
                await self.clock.sleep(self.report_s)
                await self._send(keep_alive_content(self.state))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        buffer = b""
        while data := await reader.read(4096):
            buffer += data
            end = 0
            for match in _FRAME.finditer(buffer):
                end = match.end()
                await self._answer(match[5].decode(errors="replace"))
            buffer = buffer[end:][-65_536:]

    async def _answer(self, content: str) -> None:
        self.answers.append(content)
        kind = content.partition(",")[0]
        answer = command_answer(content)
        if kind == "AL":
            self._alarm_answered.set()
        elif answer is not None:
            await self._send(answer)
        if kind == "CR":
            await self.report()
        elif kind == "UPLOAD":
            with contextlib.suppress(ValueError):
                self.report_s = max(float(content.partition(",")[2]), 10.0)

    async def _send(self, content: str, fault: str = "") -> None:
        if self.index is not None:
            self.index = (self.index + 1) % 0x10000
        whole = frame(self.maker, self.identity, content, self.index)
        for piece in FAULTS[fault](whole) if fault else [whole]:
            if not piece:
                self.drop()
                self._linked.clear()
                await self.linked()
            if self._writer is None:
                raise ConnectionError("the watch has no connection")
            self._writer.write(piece)
            await self._writer.drain()
