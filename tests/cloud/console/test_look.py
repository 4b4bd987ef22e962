"""What an eye would notice: a normal screen is grey, and the desk is small enough to be there at once."""

import base64
import gzip
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ROUTE_LIMIT_BYTES = 120_000
# Chroma of a pixel is its largest channel less its smallest; the greys of the house stay under 30.
SATURATED = """async (picture) => {
  const image = new Image();
  image.src = picture;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const found = {};
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b] = [data[at], data[at + 1], data[at + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > 60) {
      const name = `${r >> 4},${g >> 4},${b >> 4}`;
      found[name] = (found[name] ?? 0) + 1;
    }
  }
  return JSON.stringify(found);
}"""
# Whatever moves on the screen, and how fast, in milliseconds.
FLASHING = """() => document.getAnimations().map((one) =>
  [one.effect.target.parentElement.className, one.effect.getComputedTiming().duration])"""


def saturated(page: Page) -> dict[str, int]:
    """Saturated pixels of what is painted, counted by colour (four bits a channel)."""
    page.mouse.move(0, 0)
    page.evaluate("() => document.activeElement?.blur()")
    picture = "data:image/png;base64," + base64.b64encode(page.screenshot()).decode()
    found: dict[str, int] = json.loads(page.evaluate(SATURATED, picture))
    return found


def tint(page: Page) -> int:
    """Chroma of what the only row lies on."""
    ground = page.locator(".row").evaluate("(row) => getComputedStyle(row).backgroundColor")
    channels = [int(part) for part in re.findall(r"\d+", ground)][:3]
    return max(channels) - min(channels)


@pytest.mark.parametrize("theme", ["day", "night"])
def test_a_normal_screen_has_no_saturated_pixel_and_neither_has_a_case_of_no_priority(
    district: District, open_seat: OpenSeat, theme: str
) -> None:
    home = district.home()
    page = open_seat(theme=theme).sign_in(district.operator("王敏"))
    assert saturated(page) == {}
    district.readings(home, heart_rate=72, worn=1)
    district.alarm(home, "tamper")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".case-body .log-list li").first).to_be_visible()
    expect(page.locator(".trend-chart").first).to_be_visible()
    expect(page.locator(".map .leaflet-container")).to_be_visible()
    assert saturated(page) == {}


def test_a_first_priority_alarm_has_colour_and_flashes_until_it_is_in_hand(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    waiting = sum(saturated(page).values())
    assert waiting > 1_000
    assert tint(page) > 15
    page.emulate_media(reduced_motion="no-preference")
    flashing = page.evaluate(FLASHING)
    assert flashing == [["mark mark-p1", 667]], "the mark alone, one and a half times a second"
    page.keyboard.press("F2")
    expect(page.locator('[data-group="mine"] .row')).to_be_visible()
    expect(page.locator(".case-body .log-list li").first).to_be_visible()
    assert page.evaluate(FLASHING) == []
    assert tint(page) < 5
    assert sum(saturated(page).values()) < waiting / 2, "in hand, only the marks and the band are red"


def wanted(script: Path, page: str) -> set[str]:
    """What the build says a page must fetch, styles too, in the script that loads it."""
    text = script.read_text()
    (files,) = re.findall(r"__vite__mapDeps=.*?(\[[^\]]*\])", text)
    (numbers,) = re.findall(rf"import\(`\./{page}-.*?__vite__mapDeps\((\[[\d,]*\])\)", text)
    return {json.loads(files)[number].removeprefix("assets/") for number in json.loads(numbers)}


def test_the_desk_adds_at_most_120_kb_to_the_base(built_console: Path) -> None:
    assets = built_console / "assets"
    (start,) = assets.glob("index-*.js")
    base = set(re.findall(r'from"\./([^"]+)"', start.read_text()))
    size = {name: len(gzip.compress((assets / name).read_bytes())) for name in wanted(start, "Desk") - base}
    assert any(name.endswith(".css") for name in size)
    assert sum(size.values()) <= ROUTE_LIMIT_BYTES, size
