"""What the people at several desks do with one another's cases: tell, hand over, set aside, join."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District, Home
from tests.cloud.console.looks import check, check_everywhere

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def claimed(page: Page, district: District, home: Home, *kinds: str) -> None:
    """An alarm of a home, painted and claimed at this desk."""
    district.alarm(home, *kinds)
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".case .log-list li").first).to_be_visible()


def button(page: Page, name: str) -> None:
    page.locator(".actions").get_by_role("button", name=name, exact=True).click()


def test_a_case_is_handed_over_by_name_and_the_other_one_accepts_it(
    district: District, open_seat: OpenSeat
) -> None:
    home, another = district.home(), district.home()
    giver = open_seat().sign_in(district.operator("王敏"))
    taker = open_seat().sign_in(district.operator("李娜"))
    giver.get_by_label("给下一班的话，回车保存").fill("张桂兰家门锁已换")
    giver.keyboard.press("Enter")
    expect(taker.locator(".quiet .notes")).to_contain_text("张桂兰家门锁已换")
    claimed(taker, district, another, "sos")
    claimed(giver, district, home, "sos")
    button(giver, "移交")
    panel = giver.locator(".case-panel")
    expect(panel.get_by_role("radio")).to_contain_text("李娜")
    expect(panel.get_by_role("radio")).to_be_focused()
    giver.keyboard.press("Enter")
    panel.get_by_role("textbox").fill("老人只讲四川话")
    giver.keyboard.press("Enter")
    expect(panel).to_have_count(0)
    expect(giver.locator('[data-group="others"]')).to_contain_text("等待 李娜 接受")
    # A first priority stays anybody's, also from its row: nobody needs to wait for a name.
    expect(giver.locator('[data-group="others"] .row', has_text="等待").locator(".claim")).to_be_enabled()
    expect(giver.locator(".desk[data-ringing]")).to_have_count(0)
    bar = taker.locator(".handed")
    expect(bar).to_contain_text("王敏 把警情移交给您")
    expect(bar).to_contain_text("老人只讲四川话")
    expect(taker.locator(".case .person")).to_contain_text(another.elder)
    check_everywhere(taker, "handed")
    bar.get_by_role("button", name="接受").click()
    expect(taker.locator(".case .person")).to_contain_text(home.elder)
    expect(taker.locator(".log-list")).to_contain_text("移交给 李娜 — 老人只讲四川话")
    expect(bar).to_have_count(0)
    expect(giver.locator('[data-group="others"] .row', has_text="李娜")).to_have_count(2)


def test_the_supervisor_is_told_by_a_seat_and_opens_the_case(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    chief = open_seat().sign_in(district.operator("赵班长", role="supervisor"))
    claimed(page, district, home, "sos")
    button(page, "报班长")
    page.locator(".case-panel").get_by_role("textbox").fill("家属要求负责人回电")
    page.keyboard.press("Enter")
    expect(page.locator(".actions")).to_contain_text(re.compile(r"已报班长 \d\d:\d\d:\d\d"))
    expect(page.locator(".log-list")).to_contain_text("报班长 — 家属要求负责人回电")
    bar = chief.locator(".escalation")
    expect(bar).to_contain_text("坐席报告")
    expect(bar).to_contain_text(home.elder)
    bar.get_by_role("button", name="打开").click()
    expect(chief.locator(".case .person")).to_contain_text(home.elder)
    expect(bar).to_have_count(0)


def test_the_interrupt_bar_tells_the_supervisor_with_one_key(district: District, open_seat: OpenSeat) -> None:
    busy, urgent = district.home(), district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    claimed(page, district, busy, "sos")
    district.alarm(urgent, "smoke", room="kitchen")
    told = page.locator(".interrupt").get_by_role("button", name="报班长")
    told.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".interrupt").get_by_role("button", name="已报班长")).to_be_disabled()
    expect(page.locator(".case .person")).to_contain_text(busy.elder)


def test_a_first_priority_case_cannot_be_set_aside_and_a_technical_one_can_with_a_reason(
    district: District, open_seat: OpenSeat
) -> None:
    home, other = district.home(), district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    claimed(page, district, home, "sos")
    refused = page.locator(".actions").get_by_role("button", name="搁置", exact=True)
    expect(refused).to_be_disabled()
    expect(refused).to_have_attribute("title", re.compile("求助.*永不搁置"))
    district.alarm(other, "tamper")
    row = page.locator(".row", has_text="拆")
    row.locator(".row-open").click()
    button(page, "搁置")
    panel = page.locator(".case-panel")
    panel.get_by_role("radio", name="2 小时").click()
    confirm = panel.get_by_role("button", name="搁置", exact=True)
    expect(confirm).to_be_disabled()
    panel.get_by_role("textbox").fill("维修人员在场")
    check_everywhere(page, "shelving")
    confirm.click()
    expect(row).to_have_count(0)
    shelf = page.locator(".shelved")
    expect(shelf).to_contain_text("已搁置 1")
    shelf.get_by_role("button", name="已搁置 1").click()
    expect(shelf).to_contain_text("王敏：维修人员在场")
    expect(shelf.locator(".shelved-left")).to_have_text(re.compile(r"1:59:\d\d 后恢复"))
    check(page, "shelf", small=True)
    shelf.get_by_role("button", name=re.compile("立即恢复")).click()
    expect(shelf).to_have_count(0)
    expect(page.locator('[data-group="waiting"] .row', has_text="拆")).to_be_visible()


def test_a_panel_closes_with_escape_and_an_input_method_confirms_nothing(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    claimed(page, district, home, "sos")
    button(page, "报班长")
    words = page.locator(".case-panel").get_by_role("textbox")
    words.fill("jiashu")
    composing = "new KeyboardEvent('keydown', {key: 'Escape', isComposing: true, bubbles: true})"
    words.evaluate(f"(input) => void input.dispatchEvent({composing})")
    expect(words).to_have_value("jiashu")
    page.keyboard.press("Escape")
    expect(words).to_have_count(0)
    expect(page.locator(".case")).to_be_visible()


def test_a_broken_road_of_alarms_is_red_for_everybody(district: District, open_seat: OpenSeat) -> None:
    seat = open_seat()
    told = {"state": "red", "last_ms": None, "last_at": "2026-01-01T02:10:00.000Z"}
    told |= {"since": "2026-01-01T02:11:00.000Z", "reason": "not_seen"}

    def broken(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"ok": False, "canary": told})

    seat.page.route("**/api/v1/health", broken)
    page = seat.sign_in(district.operator("王敏"))
    bar = page.locator(".road")
    expect(bar).to_contain_text("报警全链路自检失败")
    expect(bar).to_contain_text("自检报警没有到达屏幕 · 自 10:11:00 · 最近一次自检 10:10:00")
    check_everywhere(page, "road")
    seat.page.unroute_all(behavior="wait")
