"""A screen in every look that matters, and what it must keep in each of them (`rules.js`, axe-core).

Words and sizes decide what is clipped, the theme what stands out; so each language is checked at every size,
Chinese by day and English by night, and axe-core, contrast and focus once by day and once by night.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page

from tests.cloud.console.conftest import CONSOLE

Size = tuple[int, int]
DESK: tuple[Size, ...] = ((1920, 1080), (1366, 768))
PHONE: tuple[Size, ...] = ((390, 844), (360, 640))
MIDDLE: Size = (1600, 900)
CASE = (*DESK, MIDDLE)
AXE = CONSOLE / "node_modules" / "axe-core" / "axe.min.js"
RULES = Path(__file__).with_name("rules.js").read_text()


class Look(NamedTuple):
    """One of them; `colours`: what depends on the theme alone is looked for here."""

    size: Size
    theme: str
    language: str
    colours: bool


def picture(page: Page, name: str) -> None:
    """A picture to look at, where CAREBED_SHOTS names a folder for them: drawing them costs a minute."""
    if folder := os.environ.get("CAREBED_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def looks(page: Page, sizes: Sequence[Size]) -> Iterator[Look]:
    """Every look, in the open page; it is Chinese and by day again at the end, the focus where it was."""
    longer = CASE if sizes == DESK else sizes
    for theme, language, there in (("day", "zh", sizes), ("night", "en", longer)):
        _turn(page, theme, language)
        for size in there:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            yield Look(size, theme, language, colours=size == min(sizes))
    _turn(page, "day", "zh")


def _turn(page: Page, theme: str, language: str) -> None:
    if page.locator("html").get_attribute("lang") != {"zh": "zh-CN", "en": "en"}[language]:
        page.locator("button[lang]").dispatch_event("click")
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
    page.emulate_media(color_scheme="light" if theme == "day" else "dark")  # of a page that asks the machine


def violations(page: Page) -> list[str]:
    """What axe-core finds, injected past the content policy."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    run = "async () => JSON.stringify((await axe.run({resultTypes: ['violations']})).violations)"
    return [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in json.loads(page.evaluate(run))]


def check(page: Page, where: str, *, small: bool, colours: bool = True) -> None:
    """One look. `small`: bodies of panels may scroll; `colours`: axe-core, contrast and focus too."""
    if colours:
        page.keyboard.press("ScrollLock")  # who uses keys is shown the focus
    problems = page.evaluate(RULES, {"small": small, "colours": colours})
    if colours and (found := violations(page)):
        problems["axe"] = found
    assert not problems, f"{where}: {json.dumps(problems, ensure_ascii=False, indent=2)}"


def check_everywhere(
    page: Page, scene: str, sizes: Sequence[Size] = DESK, *, may_scroll: bool = False, colours: bool = True
) -> None:
    """Every look. `may_scroll`: bodies of panels may scroll at the largest size too, as of a long log."""
    for look in looks(page, sizes):
        picture(page, f"{scene}-{look.size[0]}-{look.theme}-{look.language}")
        small = may_scroll or look.size < max(sizes)
        check(page, f"{scene} {look}", small=small, colours=colours and look.colours)
