"""The looks that a screen is checked in: sizes, day and night, Chinese and English, all in one page."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page

from tests.cloud.console.conftest import CONSOLE

Size = tuple[int, int]
MIDDLE: Size = (1600, 900)
AXE = CONSOLE / "node_modules" / "axe-core" / "axe.min.js"


class Look(NamedTuple):
    """One of them; `axe`: what does not depend on size or words is looked for here too."""

    size: Size
    theme: str
    language: str
    axe: bool


def picture(page: Page, name: str) -> None:
    """A picture to look at, where CAREBED_SHOTS names a folder for them: drawing them costs a minute."""
    if folder := os.environ.get("CAREBED_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def looks(page: Page, scene: str, sizes: Sequence[Size], turn: Callable[[], None]) -> Iterator[Look]:
    """Every size in both languages by day, in the longer one a middle size too (where there is a wider
    one), and the smallest by night; `turn` changes the language.

    The page is Chinese and by day again at the end.
    """
    smallest = min(sizes)
    by_day = {
        "zh": [*sizes],
        "en": [*sizes, *([MIDDLE] if max(sizes) > MIDDLE and MIDDLE not in sizes else [])],
    }
    for language in ("zh", "en"):
        if page.locator("html").get_attribute("lang") != {"zh": "zh-CN", "en": "en"}[language]:
            turn()
        for theme in ("day", "night") if language == "zh" else ("day",):
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
            for size in by_day[language] if theme == "day" else [smallest]:
                page.set_viewport_size({"width": size[0], "height": size[1]})
                picture(page, f"{scene}-{size[0]}-{theme}-{language}")
                yield Look(size, theme, language, axe=size == smallest)
        page.evaluate("() => { document.documentElement.dataset.theme = 'day' }")
    turn()
