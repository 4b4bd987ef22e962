"""SOS at a watch's TCP port -> the case at a WebSocket client, with the demo town running.

200 presses in 60 homes, each found again by an event id of its own. `make bench-alarm` prints one last line
`alarm: p50_ms=… p99_ms=… n=200`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np

from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi, LiveCases
from simulators.devices.watch import SOS
from tests.benchmarks.demo_town import demo_town
from tests.benchmarks.watch_post import WatchPost, register_watch_homes

_HOMES: Final = 60
_FIRST_SEED: Final = 700_000
_PAUSE_S: Final = 0.1
_LIMIT_S: Final = 30.0


class Presses:
    """Presses and the event ids that a screen has seen of each home."""

    def __init__(self, live: LiveCases, post: WatchPost) -> None:
        self._live = live
        self._post = post
        self._known: dict[str, set[str]] = {home: set() for home in post.watches}
        self.milliseconds: list[float] = []

    async def press(self, home: str) -> None:
        """Press SOS in a home and wait until its new event id is on the screen."""
        started = time.monotonic()
        answered = asyncio.create_task(self._post.watches[home].alarm(SOS))
        if not await self._live.wait_for(lambda: self._seen(home, started) is not None, _LIMIT_S):
            raise SystemExit(f"no case for {home} within {_LIMIT_S:g} s")
        seen = self._seen(home, started)
        assert seen is not None
        at, ids = seen
        self._known[home] |= ids
        self.milliseconds.append((at - started) * 1000)
        await answered

    def _seen(self, home: str, since: float) -> tuple[float, set[str]] | None:
        """When a version with exactly one id that was not known before came, and that id."""
        for case in self._live.cases.values():
            if case.summary["subject_id"] == home and case.summary["class"] == "care":
                for at, version in case.versions:
                    fresh = set(version["event_ids"]) - self._known[home]
                    if at >= since and fresh:
                        if len(fresh) != 1:
                            raise SystemExit(f"{home}: one press became {len(fresh)} events")
                        return at, fresh
        return None


async def measure(presses: int, folder: Path) -> list[float]:
    """Start the demo town and the watches, press, and return the milliseconds of each press."""
    async with demo_town(folder) as town, CloudApi(town.url, town.state.admin_token) as api:
        records, secret = await register_watch_homes(api, _HOMES, _FIRST_SEED)
        post = WatchPost(records, folder / "post", Clock(), report_s=60)
        live = LiveCases()
        try:
            await post.start(secret, town.broker_url)
            async with live.follow(api):
                return await _press_all(Presses(live, post), list(post.watches), presses)
        finally:
            await post.stop()


async def _press_all(presses: Presses, homes: list[str], count: int) -> list[float]:
    async with asyncio.TaskGroup() as group:
        for n in range(count):
            group.create_task(presses.press(homes[n % len(homes)]), name=f"press {n}")
            await asyncio.sleep(_PAUSE_S)
    return presses.milliseconds


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-bench-") as name:
        Path(name).chmod(0o711)
        taken = np.array(asyncio.run(measure(arguments.presses, Path(name))))
    p50, p90, p99 = np.percentile(taken, [50, 90, 99])
    out = sys.stdout.write
    out(f"homes={_HOMES} min_ms={taken.min():.1f} p90_ms={p90:.1f} max_ms={taken.max():.1f}\n")
    out(f"alarm: p50_ms={p50:.1f} p99_ms={p99:.1f} n={len(taken)}\n")


if __name__ == "__main__":
    main()
