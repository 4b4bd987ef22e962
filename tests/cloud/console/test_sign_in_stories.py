"""How an operator's session begins and ends at a desk."""

import re

import pytest
from playwright.sync_api import expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_told_and_the_right_one_opens_the_desk(
    district: District, open_seat: OpenSeat
) -> None:
    username = district.operator("王敏")
    seat = open_seat()
    seat.page.goto(seat.home_url)
    seat.page.get_by_label("用户名").fill(username)
    seat.page.get_by_label("密码").fill("不是这个")
    seat.page.locator("button[type=submit]").click()
    expect(seat.page.get_by_role("alert")).to_contain_text("用户名或密码不对")
    page = seat.sign_in(username)
    expect(page.locator(".quiet h2")).to_have_text("当前没有待接警")
    expect(page.locator(".top")).to_contain_text("声音 已就绪")
    expect(page.locator(".top")).to_contain_text("王敏")
    expect(page.locator(".server-time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))


def test_after_a_reload_the_sound_waits_for_a_gesture_or_is_armed(
    district: District, open_seat: OpenSeat
) -> None:
    page = open_seat().sign_in(district.operator("王敏"))
    page.reload()
    unarmed = page.locator(".top .attention")
    expect(unarmed).to_have_text("声音 未启用")
    assert unarmed.evaluate("(one) => getComputedStyle(one).backgroundColor") == "rgb(242, 182, 0)"
    page.get_by_role("button", name="声音 未启用").click()
    expect(page.locator(".top")).to_contain_text("声音 已就绪")


def test_signing_out_waits_until_no_case_is_held_and_a_note_waits_for_its_writer(
    district: District, open_seat: OpenSeat
) -> None:
    home, operator = district.home(), district.operator("王敏")
    seat = open_seat()
    page = seat.sign_in(operator)
    district.alarm(home, "sos")
    waiting = page.locator('[data-group="waiting"] .row')
    note = page.get_by_role("textbox", name="记录一句话，回车保存")
    out = page.get_by_role("button", name="退出")

    def claim() -> None:
        expect(waiting).to_be_visible()
        page.keyboard.press("F2")
        expect(note).to_be_visible()

    def leave() -> None:
        page.get_by_role("button", name="交回队列").click()
        out.click()
        expect(page.get_by_label("用户名")).to_be_visible()
        expect(page.locator(".sign-in .late")).to_have_count(0)

    claim()
    expect(out).to_be_disabled()
    note.fill("老人说右髋")
    leave()
    seat.sign_in(operator)
    claim()
    expect(note).to_have_value("老人说右髋")
    leave()
    seat.sign_in(district.operator("李娜"))
    claim()
    expect(note).to_have_value("")
    assert "右髋" not in page.evaluate("() => JSON.stringify({...sessionStorage, ...localStorage})")
    note.fill("改由我处理")
    note.press("Enter")
    expect(page.locator(".log-list")).to_contain_text("改由我处理")
    page.reload()
    expect(page.locator('[data-group="mine"] .row')).to_be_visible()
    page.locator('[data-group="mine"] .row-open').click()
    expect(note).to_have_value("")
