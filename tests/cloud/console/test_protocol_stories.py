"""The protocol at the desk: steps tick as work goes on, F9 sends, supervisors write the next version."""

import re

import pytest
from playwright.sync_api import expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.crew import north_of_home, responder
from tests.cloud.console.district import District

pytestmark = pytest.mark.browser


def test_the_steps_tick_as_calls_are_made_and_f9_sends_the_first_free_responder(
    district: District, open_seat: OpenSeat
) -> None:
    responder(district, "马志强", north_of_home(310), "key_holder")
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "fall")
    expect(page.locator('[data-group="waiting"] .row')).to_contain_text("跌倒")
    page.keyboard.press("F2")
    steps = page.locator(".steps")
    expect(steps).to_contain_text("跌倒 第 1 版")
    here = steps.locator('[data-progress="current"]')
    expect(here).to_have_count(1)
    expect(here).to_contain_text("呼叫本人")
    expect(steps.locator(".alarm-list")).to_contain_text("跌倒")

    page.keyboard.press("F9")
    expect(page.locator(".queue .notice")).to_contain_text("当前步骤不是派单")
    expect(page.locator(".dispatch-list [data-dispatch]")).to_have_count(0)

    here.get_by_role("button", name="呼叫 本人").click()
    here.get_by_role("button", name="未接").click()
    first = steps.locator(".step-list > li").first
    expect(first).to_have_attribute("data-progress", "done")
    expect(first.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))

    send = here.get_by_role("button", name=re.compile("F9 派 马志强"))
    expect(send).to_be_visible()
    page.keyboard.press("F9")
    expect(here).to_contain_text("120")
    expect(page.locator(".stages [data-step=done]")).to_have_count(4)
    expect(page.locator(".dispatch-list")).to_contain_text("马志强")


def test_a_step_that_no_machine_sees_is_ticked_by_hand_or_left_out(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos", "smoke", room="kitchen")
    expect(page.locator('[data-group="waiting"] .row')).to_contain_text("烟雾报警")
    page.keyboard.press("F2")
    steps = page.locator(".steps")
    here = steps.locator('[data-progress="current"]')
    expect(here).to_contain_text("先拨 119")
    here.get_by_role("button", name="已拨 119").click()
    expect(here).to_contain_text("呼叫本人")
    here.get_by_role("button", name="不需要").click()
    expect(here).to_contain_text("派最近响应人")
    expect(here).to_contain_text("没有空闲的响应人员")
    expect(steps.locator(".step-list > li").nth(1)).to_contain_text("不需要")
    log = page.locator(".log-list")
    expect(log).to_contain_text("完成步骤：先拨 119")
    expect(log).to_contain_text("不需要：呼叫本人")
    expect(page.locator(".actions .resolve")).to_have_class(re.compile("plain"))
