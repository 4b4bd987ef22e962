"""Calls at the desk, with the simulated telephone system: dialled from a case, not answered, coming in."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District
from tests.cloud.console.exchange import Exchange, take_extension
from tests.cloud.console.looks import check_everywhere

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def exchange(district: District) -> Exchange:
    return Exchange(district)


def registered(open_seat: OpenSeat, district: District, extension: str) -> Page:
    """A desk with an extension."""
    page = open_seat().sign_in(district.operator("王敏"))
    take_extension(page, extension)
    return page


def test_a_call_is_dialled_from_the_case_by_f4_and_a_failed_try_shows_its_time(
    district: District, open_seat: OpenSeat, exchange: Exchange, axe: None
) -> None:
    home = district.home()
    page = registered(open_seat, district, "801")
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    own = page.locator(".own-phone")
    expect(own.get_by_role("button", name="呼叫")).to_be_visible()
    far = exchange.dialled_by(page, "801")
    expect(own).to_contain_text("正在拨号")
    exchange.say("ringing", "c-1", **far)
    expect(own).to_contain_text("对方振铃")
    exchange.say("no_answer", "c-1", **far)
    expect(own).to_contain_text(re.compile(r"未接 \d\d:\d\d:\d\d"))
    expect(page.locator(".log-list")).to_contain_text("无人接听")
    check_everywhere(page, "outcome")
    own.get_by_role("button", name="无人接听").click()
    expect(page.locator(".band h2")).to_contain_text("无人应答")
    expect(page.locator(".log-list")).to_contain_text("回拨结果：无人接听")
    expect(own.locator(".outcomes")).to_have_count(0)

    far = exchange.dialled_by(page, "801")
    exchange.say("connected", "c-2", **far)
    first = page.locator(".contact-list li").first
    expect(first).to_contain_text("通话中")
    expect(page.get_by_label("电话状态")).to_have_value("busy")
    check_everywhere(page, "talking", may_scroll=True)
    with page.expect_response("**/hang-up") as ended:
        page.keyboard.press("F4")
    assert ended.value.status == 200
    exchange.say("ended", "c-2", **far)
    expect(page.get_by_label("电话状态")).to_have_value("wrap_up")
    expect(first).to_contain_text(re.compile(r"接通 \d\d:\d\d:\d\d"))
    page.get_by_label("电话状态").select_option("ready")
    expect(page.get_by_label("电话状态")).to_have_value("ready")


def test_an_incoming_call_opens_by_itself_only_where_no_case_is_open(
    district: District, open_seat: OpenSeat, exchange: Exchange, axe: None
) -> None:
    home = district.home()
    page = registered(open_seat, district, "802")
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    exchange.say("ringing", "c-3", number="13900001111", extension="802")
    pop = page.locator(".call-pop")
    expect(pop).to_contain_text("139 0000 1111")
    expect(pop.locator("li", has_text=home.elder)).to_contain_text("长子")
    check_everywhere(page, "incoming")
    exchange.say("connected", "c-3", number="13900001111", extension="802")
    pop.locator("li", has_text=home.elder).get_by_role("button", name=re.compile("打开警情")).click()
    expect(page.locator(".case .person")).to_contain_text(home.elder)
    expect(pop).to_have_count(0)
    expect(page.locator(".log-list")).to_contain_text("接通")
    exchange.say("ended", "c-3", extension="802")
    expect(page.locator(".incoming-bar")).to_have_count(0)

    exchange.say("ringing", "c-4", number="13700000000", extension="802")
    bar = page.locator(".incoming-bar")
    expect(bar).to_contain_text("号码未登记")
    expect(page.locator(".case .person")).to_contain_text(home.elder)
    expect(pop).to_have_count(0)
    bar.get_by_role("button", name="查看来电").click()
    expect(pop).to_contain_text("137 0000 0000")
    expect(page.locator(".case .person")).to_contain_text(home.elder)
    check_everywhere(page, "caller-over-a-case", may_scroll=True)
    exchange.say("no_answer", "c-4", extension="802")
    expect(pop).to_have_count(0)
    page.get_by_role("button", name="返回", exact=True).click()
    missed = page.locator(".due-list li", has_text="137 0000 0000")
    expect(missed).to_contain_text("漏接来电")
    missed.get_by_role("button", name="查看来电 137 0000 0000").click()
    pop.get_by_role("button", name="建警情（来电人未知）").click()
    expect(page.locator('[data-group="mine"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".case .person")).to_contain_text(home.elder)
    page.get_by_role("button", name="合并 1").click()
    page.locator(".case-panel").get_by_role("radio").click()
    page.locator(".case-panel").get_by_role("button", name="并入本警情").click()
    expect(page.locator(".log-list")).to_contain_text("并入")
    expect(page.locator('[data-group="mine"] .row')).to_have_count(1)


def test_without_a_telephone_system_calls_are_marked_by_hand(
    district: District, open_seat: OpenSeat, axe: None
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.get_by_label("电话状态")).to_have_count(0)
    expect(page.get_by_label("分机")).to_have_count(0)
    own = page.locator(".own-phone")
    own.get_by_role("button", name="呼叫").click()
    check_everywhere(page, "calling")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("通话还没有结束")
    page.keyboard.press("Escape")
    own.get_by_role("button", name="未接").click()
    expect(page.locator(".band h2")).to_contain_text("无人应答")
    expect(own).to_contain_text("未接")
    expect(page.locator(".contacts .next-call")).to_have_text("呼叫 F4")
    page.keyboard.press("F4")
    first = page.locator(".contact-list li").first
    expect(first.locator(".calling")).to_contain_text("正在呼叫")
    first.get_by_role("button", name="接通").click()
    expect(first.locator(".calling")).to_contain_text("通话中")
    expect(first.get_by_role("button")).to_have_text("通话结束 F4")
    page.keyboard.press("F4")
    expect(first.locator(".calling")).to_have_count(0)
    expect(first).to_contain_text(re.compile(r"接通 \d\d:\d\d:\d\d"))
    expect(page.locator(".log-list")).to_contain_text("呼叫 长子 张伟 — 接通")
