"""The one clock of every program, so that hours can be played in minutes across processes.

`--clock-start ISO[@REAL_MS]` sets the simulated time at the real moment REAL_MS (default: the start of the
program); `--clock-rate R` lets R simulated seconds pass a real one. Without them it is the machine's clock.
"""

import argparse
import asyncio
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """Simulated time in milliseconds UTC: `start_ms + (real - anchor_ms) * rate`."""

    start_ms: int = 0
    anchor_ms: int = 0
    rate: float = 1.0

    def now_ms(self) -> int:
        """Milliseconds UTC now."""
        return self.start_ms + round((time.time() * 1000 - self.anchor_ms) * self.rate)

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    async def sleep(self, simulated_s: float) -> None:
        """Sleep until `simulated_s` simulated seconds have passed."""
        await asyncio.sleep(max(simulated_s, 0.0) / self.rate)

    def arguments(self) -> list[str]:
        """Command-line arguments that give a child process the same clock; empty for the machine's clock."""
        if self == Clock():
            return []
        start = datetime.fromtimestamp(self.start_ms / 1000, UTC).isoformat()
        return ["--clock-start", f"{start}@{self.anchor_ms}", "--clock-rate", repr(self.rate)]


def add_clock_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--clock-start` and `--clock-rate` to a program's parser."""
    parser.add_argument(
        "--clock-start", metavar="ISO[@REAL_MS]", help="模拟起始时间 / simulated time at the start"
    )
    parser.add_argument(
        "--clock-rate", type=float, default=1.0, help="时间倍率 / simulated seconds a real second"
    )


def clock_from(arguments: argparse.Namespace) -> Clock:
    """The clock that the arguments describe; ValueError for an unreadable time or a rate not above 0."""
    rate = float(arguments.clock_rate)
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"--clock-rate must be a number above 0, got {rate}")
    if arguments.clock_start is None:
        if rate == 1.0:
            return Clock()
        real = round(time.time() * 1000)
        return Clock(real, real, rate)
    text, _, anchor = str(arguments.clock_start).partition("@")
    start = datetime.fromisoformat(text)
    if start.tzinfo is None:
        raise ValueError(f"--clock-start needs a zone, such as {text}+08:00")
    return Clock(round(start.timestamp() * 1000), int(anchor) if anchor else round(time.time() * 1000), rate)
