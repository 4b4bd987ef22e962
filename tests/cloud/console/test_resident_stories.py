"""Finding an elder, looking at them and at their bed, without losing the case in hand."""

import re

import pytest
from playwright.sync_api import expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District
from tests.cloud.console.looks import check_everywhere

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_an_elder_is_found_by_pinyin_and_the_case_in_hand_is_one_key_away(
    district: District, open_seat: OpenSeat, axe: None
) -> None:
    home, other = district.home("单桂兰"), district.home("曾国栋")
    page = open_seat().sign_in(district.operator("王敏"))
    district.readings(home, heart_rate=117, spo2=96, worn=1)
    district.alarm(other, "sos")
    page.locator(".row", has_text="曾国栋").wait_for()
    page.keyboard.press("F2")
    expect(page.locator(".case .person")).to_contain_text("曾国栋")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="查找老人")
    expect(box).to_be_focused()
    box.fill("13981124471")
    expect(page.get_by_role("option")).to_have_count(2)
    box.fill("松林里")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("option")).to_contain_text("曾国栋")
    box.fill("sgl")
    hit = page.get_by_role("option", name=re.compile("单桂兰"))
    expect(hit).to_have_attribute("aria-selected", "true")
    check_everywhere(page, "search")
    page.keyboard.press("Enter")
    elder = page.locator(".resident")
    expect(elder.locator(".person")).to_contain_text("单桂兰")
    expect(elder.locator(".last-values li[data-outside]")).to_contain_text("117")
    expect(elder.locator(".devices li")).to_have_count(2)
    expect(elder.locator(".people li")).to_have_count(3)
    check_everywhere(page, "resident")
    elder.get_by_role("button", name="床位档案").click()
    expect(page.locator(".bed-body .stays")).to_contain_text("单桂兰")
    expect(page.locator(".bed-body .installed li")).to_have_count(2)
    expect(page.locator(".month .trend-chart")).to_be_visible()
    check_everywhere(page, "bed")
    page.get_by_role("button", name="返回警情").click()
    expect(page.locator(".case .person")).to_contain_text("曾国栋")


def test_a_case_is_opened_by_hand_and_belongs_to_who_opened_it(
    district: District, open_seat: OpenSeat
) -> None:
    district.home("仇和平")
    page = open_seat().sign_in(district.operator("王敏"))
    page.keyboard.press("Control+k")
    page.keyboard.type("qiuheping")
    page.get_by_role("option", name=re.compile("仇和平")).click()
    page.get_by_role("textbox", name="为何建立，例如家属来电").fill("女儿来电：老人胸闷")
    page.get_by_role("button", name="建立并接警").click()
    expect(page.locator(".case .person")).to_contain_text("仇和平")
    expect(page.locator('[data-group="mine"] .row')).to_have_count(1)
    expect(page.locator(".log-list")).to_contain_text("女儿来电：老人胸闷")
