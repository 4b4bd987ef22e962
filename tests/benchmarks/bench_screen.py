"""SOS at a watch's TCP port -> the row painted in Chromium, with the demo town running.

The page notes, with the machine's own clock, when the first frame after a new row has been painted. Each
press is an alarm of its own: the case is taken and closed by another operator before the home presses again.
`make bench-screen` prints one last line `screen: p50_ms=… p99_ms=… n=200`.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np
from playwright.async_api import Page, async_playwright

from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi, LiveCases
from simulators.devices.watch import SOS
from simulators.stage import OwnCloud
from tests.benchmarks.demo_town import DemoTown, demo_town
from tests.benchmarks.watch_post import WatchPost, register_watch_homes

_HOMES: Final = 40
_FIRST_SEED: Final = 720_000
_LIMIT_S: Final = 30.0
_REAL: Final = Clock()
CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = ["--no-sandbox", "--disable-gpu"]
# A message posted from inside a frame's callback arrives when that frame has been painted.
_WATCH_ROWS: Final = """() => {
  window.painted = {};
  const note = () => {
    const fresh = [...document.querySelectorAll('[data-row]')].map((row) => row.dataset.row)
      .filter((id) => !(id in window.painted));
    if (fresh.length === 0) return;
    for (const id of fresh) window.painted[id] = 0;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { for (const id of fresh) window.painted[id] = Date.now(); };
      port2.postMessage(0);
    });
  };
  new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
  note();
}"""


class Bench:
    """One screen, the watches, and the other operator."""

    def __init__(self, page: Page, live: LiveCases, post: WatchPost, other: CloudApi) -> None:
        self.page = page
        self._live = live
        self._post = post
        self._other = other

    async def press(self, home: str, *, look: bool = False) -> float:
        """Milliseconds from the press to the painted row; `look` opens the case at the screen."""
        started = _REAL.now_ms()
        answered = asyncio.create_task(self._post.watches[home].alarm(SOS))
        if not await self._live.wait_for(lambda: self._open_case(home) is not None, _LIMIT_S):
            raise SystemExit(f"no case for {home} within {_LIMIT_S:g} s")
        case_id = self._open_case(home)
        painted = await self.page.wait_for_function(
            "(id) => window.painted[id]", arg=case_id, timeout=_LIMIT_S * 1000
        )
        took = float(await painted.json_value()) - started
        await answered
        if look:
            await self.page.locator(f'[data-row="{case_id}"] .row-open').click()
            await self.page.locator(".case-body").wait_for()
        for step, body in (("claim", {}), ("resolve", {}), ("close", {"disposition": "test"})):
            await self._other.post(f"cases/{case_id}/{step}", body)
        await self._live.wait_for(lambda: self._open_case(home) is None, _LIMIT_S)
        return took

    def _open_case(self, home: str) -> str | None:
        """The home's case of care that nobody has closed."""
        for case_id, case in self._live.cases.items():
            summary = case.summary
            if summary["subject_id"] == home and summary["class"] == "care" and summary["state"] != "closed":
                return case_id
        return None


async def sign_in(page: Page, town: DemoTown) -> None:
    """Sign in as the town's operator, wait for the live line, and begin to note painted rows."""
    await page.goto(town.url)
    await page.fill("input[name=username]", town.state.operator.username)
    await page.fill("input[name=password]", town.state.operator.password)
    await page.click("button[type=submit]")
    await page.locator('.link[data-link="live"]').wait_for()
    await page.evaluate(_WATCH_ROWS)


@asynccontextmanager
async def bench_in_town(folder: Path, clock: Clock) -> AsyncIterator[tuple[Bench, list[str]]]:
    """Town, watches and browser while the block runs: the bench and its homes."""
    live = LiveCases()
    async with (
        demo_town(folder, *clock.arguments()) as town,
        CloudApi(town.url, town.state.admin_token) as api,
    ):
        records, secret = await register_watch_homes(api, _HOMES, _FIRST_SEED)
        post = WatchPost(records, folder / "post", clock, report_s=60)
        other_token = await OwnCloud(town.cloud_folder, clock).token("other-operator", "operator")
        try:
            await post.start(secret, town.broker_url)
            async with CloudApi(town.url, other_token) as other, live.follow(api), async_playwright() as play:
                browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = await browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
                await sign_in(page, town)
                yield Bench(page, live, post, other), list(post.watches)
        finally:
            await post.stop()


async def measure(presses: int, folder: Path) -> list[float]:
    """The milliseconds of each press."""
    async with bench_in_town(folder, Clock()) as (bench, homes):
        return [await bench.press(homes[n % len(homes)]) for n in range(presses)]


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
    out(f"min_ms={taken.min():.0f} p90_ms={p90:.0f} max_ms={taken.max():.0f}\n")
    out(f"screen: p50_ms={p50:.0f} p99_ms={p99:.0f} n={len(taken)}\n")


if __name__ == "__main__":
    main()
