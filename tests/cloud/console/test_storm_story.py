"""A simulated town calls within seconds: two desks share the storm, and one is cut off in its middle."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from firmware_specs.messages import Event
from simulators.fleet import Fleet, FleetHome
from simulators.home import DISTRICT_CODE
from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import RunningCloud
from tests.cloud.console.looks import picture
from tests.cloud.console.proxy import Proxy
from tests.cloud.console.street import Street
from tests.waiting import LIMIT_S, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HOMES = 24
ROWS = "(rows) => rows.map((row) => row.dataset.row)"

# What is said to wait, twice; the rows that are shown, and how many a folded line says that it stands for.
NUMBERS = """() => {
  const number = (element) => Number(element.textContent.match(/\\d+/)?.[0] ?? 0);
  const waiting = document.querySelector('[data-group="waiting"]');
  const folds = [...waiting.querySelectorAll('.fold > span:not([class])')];
  const rows = waiting.querySelectorAll('.row').length;
  const folded = folds.reduce((sum, line) => sum + number(line), 0);
  const bar = document.querySelector('.numbers > div');
  return [number(waiting.querySelector('h3 b')), number(bar), rows, folded];
}"""


class Storm:
    """What a fleet has cried for: the kind by event id."""

    def __init__(self, cloud: RunningCloud, street: Street) -> None:
        self.cloud, self.street = cloud, street
        self.fleet: Fleet = street.live(cloud.url, cloud.token, HOMES)
        self.events: dict[str, str] = {}

    def cry(self, how: Callable[[FleetHome], Event]) -> None:
        """Every home at once, each message twice; returns when the cloud has answered each."""

        async def all_at_once() -> None:
            for home in self.fleet.homes.values():
                event = how(home)
                home.gateway.repeat(event, 1)
                self.events[event.id] = event.kind
                await asyncio.sleep(0)
            assert await self.fleet.settled(LIMIT_S)

        self.street.do(all_at_once())

    def cases(self) -> list[dict[str, Any]]:
        """Every live case that one of these events is in."""
        found = self.cloud.get("/cases?state=live&limit=1000")["items"]
        return [case for case in found if not self.events.keys().isdisjoint(case["event_ids"])]

    def lines(self) -> list[dict[str, Any]]:
        """The lines that stand for what several homes of this town have in common."""
        found = self.cloud.get("/cases?state=live&limit=1000")["items"]
        return [case for case in found if DISTRICT_CODE in case["subject_id"]]


def shown(page: Page) -> dict[str, list[str]]:
    """The cases on a desk by group, each from the top."""
    groups = ("waiting", "mine", "others")
    return {name: page.locator(f'[data-group="{name}"] .row').evaluate_all(ROWS) for name in groups}


def agree(storm: Storm, desks: dict[str, Page]) -> None:
    """Every desk comes to show each case of life, once, where the cloud has it."""

    def they_do() -> bool:
        owners = {case["id"]: case["owner"] for case in storm.cases() if case["priority"] == 1}
        for me, page in desks.items():
            wanted: dict[str, list[str]] = {"waiting": [], "mine": [], "others": []}
            for id, owner in owners.items():
                wanted["waiting" if owner is None else "mine" if owner["name"] == me else "others"].append(id)
            found = {name: [id for id in ids if id in owners] for name, ids in shown(page).items()}
            if any(sorted(found[name]) != sorted(wanted[name]) for name in wanted):
                return False
        return True

    wait_until(they_do)


def counted(page: Page) -> None:
    """The numbers come to be true, above the waiting and in the bar: rows, and what a line stands for."""

    def they_are() -> bool:
        above, bar, rows, folded = page.evaluate(NUMBERS)
        return bool(above == bar == rows + folded)

    wait_until(they_are)


def race(desks: dict[str, Page]) -> None:
    """All press F2 in the same moment; returns when each has its answer."""
    for page in desks.values():
        page.evaluate("() => void window.dispatchEvent(new KeyboardEvent('keydown', {key: 'F2'}))")
    for page in desks.values():
        expect(page.locator(".claim-top")).to_be_enabled()


def none_is_lost_and_none_doubled(storm: Storm) -> None:
    """Each call for help is one alarm of one case; each home without mains is alone or behind one line."""
    cases = storm.cases()
    alarms = [
        alarm["event_id"]
        for case in cases
        for alarm in storm.cloud.get(f"/cases/{case['id']}")["alarms"]
        if storm.events.get(alarm["event_id"]) in ("sos", "smoke")
    ]
    assert len(alarms) == len(set(alarms)) == 2 * HOMES
    dark = [case for case in cases if case["subject_kind"] != "area" and "mains_lost" in case["kinds"]]
    assert len(dark) + sum(case["children"] for case in storm.lines()) == HOMES


def test_two_desks_share_the_storm_of_a_town_and_one_is_cut_off_in_its_middle(
    cloud: RunningCloud, street: Street, open_seat: OpenSeat, proxy: Proxy
) -> None:
    storm = Storm(cloud, street)
    seat = open_seat(port=proxy.port)
    seat.link_may_break = True
    desks = {
        name: one.sign_in(cloud.user(name, "operator", DISTRICT_CODE)[1])
        for name, one in (("王敏", seat), ("李娜", open_seat()))
    }
    page, other = desks.values()
    storm.cry(lambda home: home.raise_alarm("sos"))
    agree(storm, desks)
    assert len(shown(page)["waiting"]) == HOMES
    for _ in range(3):
        race(desks)
    for desk in desks.values():
        agree(storm, desks)
        desk.keyboard.press("F2")
        expect(desk.locator('[data-group="mine"] .row').first).to_be_visible()
        expect(desk.locator(".case .log-list li").first).to_be_visible()
        counted(desk)
    agree(storm, desks)
    picture(page, "storm")

    proxy.cut()
    expect(page.locator('.link[data-link="connecting"]')).to_be_visible()
    storm.cry(lambda home: home.raise_alarm("smoke"))
    storm.cry(lambda home: home.gateway.event("mains_lost"))
    other.keyboard.press("F2")
    agree(storm, {"李娜": other})
    proxy.restore()
    agree(storm, desks)
    for desk in desks.values():
        counted(desk)
        marks = desk.locator('[data-group="waiting"] > ul .mark').all_inner_texts()
        assert marks == sorted(marks), "what fails in the houses stands behind what threatens lives"
    picture(page, "storm-after")
    none_is_lost_and_none_doubled(storm)
