"""The line to the cloud is lost and comes back: the screen never pretends to know."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import PASSWORDS, District
from tests.cloud.console.looks import check_everywhere
from tests.cloud.console.proxy import Proxy

# What the loudspeaker is given: the pitch of each pulse, in hertz.
LISTEN = """
globalThis.heard = [];
OscillatorNode.prototype.start = function (at) {
  heard.push(this.frequency.value);
  AudioScheduledSourceNode.prototype.start.call(this, at);
};"""
pytestmark = pytest.mark.browser


def test_a_silently_dead_line_turns_the_screen_stale_and_catches_up_without_a_gap(
    district: District, open_seat: OpenSeat, proxy: Proxy
) -> None:
    held, home, meanwhile = district.home(), district.home(), district.home()
    seat = open_seat(port=proxy.port)
    seat.link_may_break = True
    seat.page.add_init_script(LISTEN)
    page = seat.sign_in(district.operator("王敏"))
    district.alarm(held, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.wait_for_function("() => heard.filter((pitch) => pitch === 523).length > 10")  # the test tone's, too
    page.keyboard.press("F2")
    expect(page.locator(".case .log-list li").first).to_be_visible()
    page.get_by_role("button", name="处置完毕", exact=True).click()  # a held one would return to the queue
    expect(page.locator('[data-group="mine"] .row')).to_contain_text("待结案")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("2")
    closing = page.get_by_role("dialog")
    confirm = closing.get_by_role("button", name="确认结案")
    expect(confirm).to_be_enabled()
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    proxy.swallow()
    district.alarm(meanwhile, "smoke", room="kitchen")
    expect(page.locator(".desk[data-stale]")).to_be_visible(timeout=40_000)
    page.wait_for_function("() => heard.includes(330) && heard.includes(220)")
    expect(page.locator(".link")).to_have_text(re.compile(r"连接中断 · 数据截至 \d\d:\d\d:\d\d"))
    assert page.locator(".queue").evaluate("(area) => getComputedStyle(area).outlineStyle") == "dashed"
    expect(closing.get_by_role("alert")).to_contain_text("连接中断，现在不能结案")
    expect(confirm).to_be_disabled()
    page.keyboard.press("Escape")
    top = page.locator(".claim-top")
    expect(top).to_be_disabled()
    expect(top).to_contain_text("请用电话接警")
    expect(page.locator('[data-group="waiting"] .claim')).to_be_disabled()
    clock = page.locator(".server-time").text_content()
    expect(page.locator(".server-time")).not_to_have_text(clock or "")
    page.keyboard.press("F2")
    expect(page.locator('[data-group="waiting"] .row')).to_have_count(1)

    check_everywhere(page, "stale")

    proxy.restore()
    expect(page.locator('.link[data-link="live"]')).to_be_visible()
    expect(page.locator(".desk[data-stale]")).to_have_count(0)
    expect(page.locator('[data-group="waiting"] .row')).to_have_count(2)
    page.keyboard.press("F2")
    expect(page.locator('[data-group="mine"] .row')).to_have_count(2)


def test_a_line_that_is_cut_for_a_moment_comes_back_before_anything_is_stale(
    district: District, open_seat: OpenSeat, proxy: Proxy
) -> None:
    home = district.home()
    seat = open_seat(port=proxy.port)
    seat.link_may_break = True
    page = seat.sign_in(district.operator("王敏"))
    proxy.cut()
    expect(page.locator('.link[data-link="connecting"]')).to_be_visible()
    district.alarm(home, "sos")
    proxy.restore()
    expect(page.locator('[data-group="waiting"] .row')).to_have_count(1)
    expect(page.locator('.link[data-link="live"]')).to_be_visible()
    expect(page.locator(".desk[data-stale]")).to_have_count(0)


def test_a_note_that_did_not_arrive_stays_in_its_line_and_is_saved_once(
    district: District, open_seat: OpenSeat, proxy: Proxy
) -> None:
    home = district.home()
    seat = open_seat(port=proxy.port)
    seat.link_may_break = True
    page = seat.sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    note = page.get_by_role("textbox", name="记录一句话，回车保存")
    note.fill("神志清楚")
    proxy.cut()
    note.press("Enter")
    expect(page.locator(".note .failure")).to_contain_text("没有保存")
    expect(note).to_have_value("神志清楚")
    proxy.restore()
    expect(page.locator('.link[data-link="live"]')).to_be_visible()
    note.press("Enter")
    expect(note).to_have_value("")
    expect(page.locator(".log-list li", has_text="神志清楚")).to_have_count(1)


def test_a_server_that_fails_or_is_slow_or_forgets_the_session_is_told_in_words(
    district: District, open_seat: OpenSeat
) -> None:
    home, operator = district.home(), district.operator("王敏")
    seat = open_seat()
    seat.server_may_fail = True
    page = seat.page
    page.route("**/api/v1/cases?*", lambda route: route.fulfill(status=500))
    page.goto(seat.home_url)
    page.get_by_label("用户名").fill(operator)
    page.get_by_label("密码").fill(PASSWORDS[operator])
    page.keyboard.press("Enter")
    expect(page.locator(".quiet h2")).to_have_text("不知道有没有新报警")
    expect(page.locator(".quiet-line")).to_contain_text("请用电话接警")
    expect(page.locator(".nothing")).to_have_text("不知道有没有新报警")
    expect(page.locator(".numbers div").first).to_have_text("待接警—")
    page.unroute("**/api/v1/cases?*")
    expect(page.locator(".quiet h2")).to_have_text("当前没有待接警")

    district.alarm(home, "sos")
    waiting = page.locator('[data-group="waiting"] .row')
    expect(waiting).to_be_visible()
    page.route(f"**/residents/{home.resident_id}", lambda route: route.fulfill(status=500))
    held: list[Route] = []
    page.route("**/claim", lambda route: held.append(route))
    page.keyboard.press("F2")
    expect(page.locator(".claim-top")).to_have_text("F2 正在接警…")
    expect(waiting.locator(".claim")).to_be_disabled()
    expect(page.locator(".notice")).to_contain_text("服务器应答慢，已等")
    expect(page.locator(".case")).to_have_count(0)
    page.keyboard.press("F2")
    assert len(held) == 1, "one press, one claim"
    held[0].continue_()
    expect(page.locator(".case .own-phone")).to_contain_text("读不到号码")
    page.unroute("**/claim")
    page.unroute(f"**/residents/{home.resident_id}")
    expect(page.locator(".case .own-phone")).to_contain_text("139 8112 4471")
    page.route("**/resolve?*", lambda route: route.fulfill(status=500))
    page.get_by_role("button", name="处置完毕", exact=True).click()
    expect(page.locator(".notice")).to_contain_text("服务器出错（500），没有办成")
    expect(page.locator('[data-group="mine"] .row')).to_have_attribute("data-phase", "held")

    note = page.get_by_role("textbox", name="记录一句话，回车保存")
    note.fill("老人说冷")
    (member,) = district.cloud.get(f"/staff?text={operator}")["items"]
    PASSWORDS[operator] = district.cloud.post(f"/staff/{member['id']}/password", {})["password"]
    expect(page.locator(".sign-in .late")).to_contain_text("登录前用电话接警")
    expect(page.locator(".case")).to_have_count(0)
    seat.sign_in(operator)
    page.locator(".row-open").click()
    expect(note).to_have_value("老人说冷")


def test_an_owner_whose_seat_is_gone_loses_the_case_to_the_queue(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    gone = open_seat()
    page = gone.sign_in(district.operator("王敏"))
    stays = open_seat().sign_in(district.operator("李娜"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(stays.locator('[data-group="others"] .row')).to_contain_text("王敏")
    page.close()
    expect(stays.locator('[data-group="waiting"] .row')).to_be_visible(timeout=40_000)
    expect(stays.locator('.desk[data-ringing="1"]')).to_be_visible()


def test_a_desk_that_is_open_needs_no_more_code_for_its_first_case(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    page.route("**/assets/**", lambda route: route.abort())
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".case .person")).to_contain_text(home.elder)
    expect(page.locator(".map .leaflet-container")).to_be_visible()


def test_a_screen_whose_code_did_not_arrive_says_so_and_is_opened_again(
    district: District, open_seat: OpenSeat
) -> None:
    seat = open_seat()
    page = seat.sign_in(district.operator("赵班长", "supervisor"))
    page.route("**/assets/Supervisor-*", lambda route: route.abort())
    page.locator('a[href="/supervisor"]').click()
    expect(page.get_by_role("alert")).to_contain_text("页面出错")
    page.unroute("**/assets/Supervisor-*")
    page.get_by_role("button", name="重新打开").click()
    expect(page.locator(".chief-nav")).to_be_visible()
    assert all("Supervisor" in error or "ERR_FAILED" in error for error in seat.errors), seat.errors
    seat.errors.clear()
