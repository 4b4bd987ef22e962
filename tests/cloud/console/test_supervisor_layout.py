"""The wall and the supervisor's pages: nothing clipped, nothing for axe, both sizes, looks, languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District
from tests.cloud.console.looks import check_everywhere
from tests.cloud.console.test_supervisor_stories import at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NUMBERS = ".wall-count, .wall-longest strong"


def test_every_page_of_the_supervisor(district: District, open_seat: OpenSeat, axe: None) -> None:
    homes = [district.home() for _ in range(3)]
    operator = open_seat().sign_in(district.operator("王敏"))
    district.alarm(homes[0], "sos")
    expect(operator.locator('[data-group="waiting"] .row')).to_be_visible()
    operator.keyboard.press("F2")
    expect(operator.locator('[data-group="mine"] .row')).to_be_visible()
    district.alarm(homes[1], "smoke", room="kitchen")
    district.alarm(homes[2], "fence_exit")
    seat = open_seat()
    seat.sign_in(district.operator("赵班长", "supervisor"))
    page = at(seat, "/supervisor")
    expect(page.locator('[data-panel="chief-waiting"] li')).to_have_count(2)
    expect(page.locator('[data-panel="chief-held"] li')).to_have_count(1)
    page.get_by_role("button", name="接管").click()
    check_everywhere(page, "seats", may_scroll=True)
    page = at(seat, "/supervisor/policies")
    page.locator(".record").first.click()
    page.get_by_label("名称").fill("")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".mistake")).to_have_count(1)
    check_everywhere(page, "policies", may_scroll=True)
    page = at(seat, "/supervisor/protocols")
    page.locator(".record").first.click()
    page.get_by_label("第 1 步 中文").fill("")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".mistake")).to_have_count(1)
    page.locator("summary").first.click()
    check_everywhere(page, "protocols", may_scroll=True)
    page = at(seat, "/supervisor/schedules")
    page.locator(".chief-records").get_by_role("button", name="新建").click()
    page.locator(".editor").get_by_role("button", name="保存").click()
    check_everywhere(page, "schedules", may_scroll=True)
    page = at(seat, "/supervisor/kpi")
    expect(page.locator('[data-panel="kpi-groups"] tbody tr').first).to_be_visible()
    check_everywhere(page, "kpi", may_scroll=True)
    page = at(seat, "/supervisor/audit")
    page.get_by_role("button", name="查询").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    check_everywhere(page, "audit", may_scroll=True)
    page = at(seat, "/supervisor/notices")
    expect(page.locator('[data-panel="notice-channels"] li').first).to_be_visible()
    check_everywhere(page, "notices", may_scroll=True)
    # Who answers for every district sees the holes that the worker, looking once a minute, found by now.
    seat = open_seat()
    seat.sign_in(district.cloud.user("周主任", "supervisor", "37")[1])
    page = at(seat, "/supervisor")
    hole = page.locator('[data-panel="chief-gaps"] li', has_text="没有排班 · 值班经理").first
    expect(hole).to_have_text(re.compile(r"[市区县]\s*自 \d\d/\d\d \d\d:\d\d"), timeout=150_000)


def test_the_wall_is_read_from_eight_metres(district: District, open_seat: OpenSeat, axe: None) -> None:
    homes = [district.home() for _ in range(4)]
    operator = open_seat().sign_in(district.operator("王敏"))
    district.alarm(homes[0], "sos", "fall")
    expect(operator.locator('[data-group="waiting"] .row')).to_contain_text("跌倒")
    operator.keyboard.press("F2")
    expect(operator.locator('[data-group="mine"] .row')).to_be_visible()
    page = open_seat().sign_in(district.operator("主管单位", "official"))
    check_everywhere(page, "wall-calm", may_scroll=True)
    for home, kind in zip(homes[1:], ("smoke", "fence_exit", "door_left_open"), strict=True):
        district.alarm(home, kind)
    expect(page.locator(".wall-count").first).to_have_text("3")
    expect(page.locator(".wall-bar[data-grave]")).to_be_visible(timeout=90_000)
    page.set_viewport_size({"width": 1920, "height": 1080})
    sizes = page.locator(NUMBERS).evaluate_all(
        "(all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize))"
    )
    # Digits are 0.72 of their size high: 60 px at least, 47 mm on a wall of 0.63 mm a pixel.
    assert min(sizes) * 0.72 >= 60
    check_everywhere(page, "wall", may_scroll=True)
    expect(page.locator("[data-grave] .wall-count")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
