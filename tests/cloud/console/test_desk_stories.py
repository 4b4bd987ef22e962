"""What happens at an operator's desk, from the pressed button to the closed case."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.crew import north_of_home, responder
from tests.cloud.console.district import District
from tests.cloud.console.watch_at_home import watch_at_home
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def until_the_end() -> Iterator[ExitStack]:
    """What runs until the story is over."""
    with ExitStack() as stack:
        yield stack


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


def test_an_sos_at_the_wrist_is_painted_claimed_by_f2_worked_on_and_closed(
    district: District, open_seat: OpenSeat, tmp_path: Path, until_the_end: ExitStack
) -> None:
    home = district.home()
    ma = responder(district, "马志强", north_of_home(310), "key_holder")
    page = open_seat().sign_in(district.operator("王敏"))
    press = until_the_end.enter_context(watch_at_home(district, home, tmp_path))
    press()
    waiting = page.locator('[data-group="waiting"] .row')
    expect(waiting).to_contain_text("紧急求助")
    expect(waiting).to_contain_text(f"{home.elder} 女 8")
    expect(waiting.locator(".mark-p1[data-flashing]")).to_be_visible()
    expect(page.locator('.desk[data-ringing="1"]')).to_be_visible()
    expect(page.locator(".case")).to_have_count(0)

    page.keyboard.press("F2")
    case = page.locator(".case")
    expect(case.locator(".band h2")).to_contain_text("紧急求助")
    expect(case.locator(".address")).to_contain_text("桂花苑小区")
    expect(case.locator(".risks")).to_contain_text("华法林")
    expect(case.locator(".contacts")).to_contain_text("139 0000 1111")
    expect(case.locator(".needs")).to_contain_text("左耳聋")
    expect(case.locator(".vitals")).to_contain_text("没有收到读数")
    expect(page.locator(".desk[data-ringing]")).to_have_count(0)
    log = case.locator(".log-list")
    expect(log).to_contain_text("已显示在坐席屏幕")
    expect(log).to_contain_text("接警")

    page.get_by_role("button", name="身体不适").click()
    page.keyboard.type("，右髋痛")
    page.keyboard.press("Enter")
    expect(log).to_contain_text("身体不适，右髋痛")
    page.get_by_role("button", name="显示密码").click()
    expect(case.locator(".door-code b")).to_have_text(re.compile(r"^88\d{4}#$"))
    expect(log).to_contain_text("查看了门锁密码")

    case.locator(".own-phone").get_by_role("button", name="呼叫").click()
    case.locator(".own-phone").get_by_role("button", name="接通").click()
    expect(log).to_contain_text("呼叫 本人 — 接通")
    expect(case.locator(".own-phone .calling")).to_have_text(re.compile(r"通话中 \d\d:\d\d"))
    expect(case.locator(".limit")).to_contain_text("通话保留")
    case.locator(".own-phone").get_by_role("button", name="通话结束").click()
    expect(case.locator(".own-phone")).to_contain_text("接通")
    expect(case.locator(".contacts .next-call")).to_have_count(1)

    page.get_by_role("button", name="派单给 马志强").click()
    sent = case.locator(".dispatch-list li").first
    expect(sent).to_contain_text("等待接受")
    (offer,) = ma.get("/dispatches").json()["items"]
    assert ma.post(f"/dispatches/{offer['id']}/accept", json={"eta_minutes": 3}).is_success
    expect(sent).to_contain_text("已接受")
    assert ma.post(f"/dispatches/{offer['id']}/arrive", json={}).is_success
    expect(sent).to_contain_text("已到场")
    expect(case.locator(".stages li[data-step=done]")).to_have_count(5)
    finished = ma.post(f"/dispatches/{offer['id']}/finish", json={"outcome": "help_given"})
    assert finished.is_success, finished.text
    expect(sent).to_contain_text("已完成")

    page.get_by_role("button", name="处置完毕", exact=True).click()
    expect(page.locator('[data-group="mine"] .row')).to_contain_text("待结案")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".quiet h2")).to_have_text("当前没有待接警")
    expect(page.locator(".quiet tbody tr").first).to_contain_text("已提供帮助")
    assert [case["state"] for case in district.cases("closed")] == ["closed"]


def test_of_two_operators_one_gets_the_case_and_the_other_is_told_who(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    first = open_seat().sign_in(district.operator("王敏"))
    second = open_seat().sign_in(district.operator("李娜"))
    district.alarm(home, "sos")
    for page in (first, second):
        expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    pressed = "() => void window.dispatchEvent(new KeyboardEvent('keydown', {key: 'F2'}))"
    for page in (first, second):
        page.evaluate(pressed)
    for page in (first, second):
        expect(page.locator('[data-group="waiting"]')).to_have_count(0)
    winners = [page for page in (first, second) if page.locator('[data-group="mine"]').count() == 1]
    losers = [page for page in (first, second) if page.locator('[data-group="others"]').count() == 1]
    assert len(winners) == len(losers) == 1
    winner = district.cases()[0]["owner"]["name"]
    expect(winners[0].locator(".top .seat")).to_contain_text(winner)
    expect(winners[0].locator(".case")).to_be_visible()
    expect(losers[0].locator('[data-group="others"] .row')).to_contain_text(winner)
    expect(losers[0].locator(".case")).to_have_count(0)


def test_a_claim_that_comes_too_late_names_the_winner(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    other = open_seat().sign_in(district.operator("李娜"))
    district.alarm(home, "sos")
    for one in (page, other):
        expect(one.locator('[data-group="waiting"] .row')).to_be_visible()

    def be_slower(route: Route) -> None:
        """The request leaves only when the other operator's claim is stored."""
        other.keyboard.press("F2")
        _wait_until_owned(district, "李娜")
        route.continue_()

    page.route("**/claim", be_slower)
    page.keyboard.press("F2")
    expect(page.locator(".notice")).to_have_text("李娜 已先接警")


def _wait_until_owned(district: District, name: str) -> None:
    def owned() -> bool:
        owner = district.cases()[0]["owner"]
        return owner is not None and owner["name"] == name

    wait_until(owned)


def test_a_first_priority_alarm_interrupts_without_taking_the_focus(
    district: District, open_seat: OpenSeat
) -> None:
    busy, urgent = district.home(), district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(busy, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    note = page.get_by_role("textbox", name="记录一句话，回车保存")
    note.fill("正在问")
    district.alarm(urgent, "smoke", room="kitchen")
    bar = page.locator(".interrupt")
    expect(bar).to_contain_text("烟雾报警")
    expect(bar).to_contain_text(urgent.elder)
    expect(note).to_be_focused()
    expect(note).to_have_value("正在问")
    expect(page.locator(".case .person")).to_contain_text(busy.elder)
    page.keyboard.press("F2")
    expect(page.locator(".case .person")).to_contain_text(urgent.elder)
    expect(bar).to_have_count(0)
    expect(page.locator('[data-group="mine"] .row')).to_have_count(2)


def test_a_new_alarm_on_a_held_case_rings_again_until_its_owner_reacts(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".desk[data-ringing]")).to_have_count(0)
    district.alarm(home, "smoke", room="kitchen")
    expect(page.locator(".fire")).to_contain_text("先拨 119")
    expect(page.locator('[data-group="mine"] .row')).to_contain_text("新报警")
    expect(page.locator('.desk[data-ringing="1"]')).to_be_visible()
    page.locator(".case .address").click()
    expect(page.locator(".desk[data-ringing]")).to_have_count(0)
    expect(page.locator(".alarm-list li")).to_have_count(2)


def test_muting_is_shown_and_a_new_first_priority_alarm_breaks_it(
    district: District, open_seat: OpenSeat
) -> None:
    first, second = district.home(), district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(first, "sos")
    expect(page.locator('.desk[data-ringing="1"]')).to_be_visible()
    page.keyboard.press("F8")
    expect(page.locator(".queue header button")).to_contain_text("已静音")
    expect(page.locator(".desk[data-ringing]")).to_have_count(0)
    expect(page.locator('[data-group="waiting"] .row')).to_have_count(1)
    district.alarm(second, "sos")
    expect(page.locator('.desk[data-ringing="1"]')).to_be_visible()
    expect(page.locator(".queue header button")).to_contain_text("静音 60 秒")


def test_a_new_row_never_moves_the_row_under_the_pointer(district: District, open_seat: OpenSeat) -> None:
    homes = [district.home() for _ in range(3)]
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(homes[0], "water_leak")
    held = page.locator(".row", has_text=homes[0].elder)
    expect(held).to_be_visible()
    held.hover()
    before = held.bounding_box()
    district.alarm(homes[1], "sos")
    district.alarm(homes[2], "smoke")
    expect(page.locator('[data-group="waiting"] .row')).to_have_count(3)
    after = held.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 1
    expect(page.locator('[data-group="waiting"] .row').last).to_contain_text(homes[0].elder)
    page.mouse.move(1200, 600)
    expect(page.locator(".row", has_text=homes[1].elder)).to_be_in_viewport()


def test_repeats_of_one_source_stay_one_row_with_a_counter(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    for _ in range(3):
        district.alarm(home, "sos")
    rows = page.locator('[data-group="waiting"] .row-p1')
    expect(rows).to_contain_text("×3")
    expect(rows).to_have_count(1)


def test_enter_that_picks_a_word_in_an_input_method_saves_nothing(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    note = page.get_by_role("textbox", name="记录一句话，回车保存")
    note.fill("shenzhi")
    composing = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true})"
    note.evaluate(f"(input) => void input.dispatchEvent({composing})")
    expect(note).to_have_value("shenzhi")
    note.press("Enter")
    expect(note).to_have_value("")
    expect(page.locator(".log-list li", has_text="shenzhi")).to_have_count(1)


def test_vital_signs_show_age_source_and_what_is_out_of_the_persons_own_band(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.readings(home, heart_rate=117, spo2=96, worn=1, resp_rate=18, in_bed=0)
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    vital = page.locator(".vital")
    expect(vital.nth(0)).to_have_text(re.compile(r"心率117 ↑ 次/分\(55–95\) · \d+ 秒前 · 手表"))
    expect(vital.nth(1)).to_have_text("呼吸—离床无数据")
    expect(vital.nth(2)).to_have_text(re.compile(r"血氧96 %\(94–100\) · \d+ 秒前 · 手表"))
    expect(vital.nth(3)).to_have_text("血压—没有收到读数")
    expect(page.locator(".bed-strip")).to_have_text(re.compile(r"离床\s*00:\d\d"))
    expect(page.locator(".states")).to_contain_text("已佩戴")
    charts = page.locator(".trend-chart")
    expect(charts.nth(0)).to_have_attribute("aria-label", re.compile("心率：117–117 次/分"))
    expect(charts.nth(1)).to_have_attribute("aria-label", re.compile("呼吸：没有数据；.*离床无数据"))
    expect(charts.nth(2)).to_have_attribute("aria-label", re.compile("血氧：96–96 %"))
    expect(page.locator(".score")).to_contain_text("不是 NEWS2")


def test_given_back_a_case_waits_and_rings_again(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    page.get_by_role("button", name="交回队列").click()
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    expect(page.locator('.desk[data-ringing="1"]')).to_be_visible()


def test_a_late_alarm_shows_its_true_age(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos", age_s=23 * 60 + 5)
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".warnings")).to_contain_text("实际发生在 23 分钟前")


def test_the_other_language_changes_every_word_but_the_data(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("Wang Min"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".case-body .log-list li").first).to_be_visible()
    page.locator(".top button[lang]").click()
    expect(page.locator(".queue h2")).to_have_text("Emergency queue")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    headings = page.locator("h1, h3, dt, button:not(.row-open), .stages, .limit").all_text_contents()
    chinese = [text for text in headings if re.search("[一-鿿]", text) and "中文" not in text]
    assert chinese == []
    page.reload()
    expect(page.locator(".queue h2")).to_have_text("Emergency queue")
    expect(page.locator('[data-group="mine"] .row')).to_contain_text("SOS")


def test_after_a_reload_the_sound_waits_for_a_gesture_or_is_armed(
    district: District, open_seat: OpenSeat
) -> None:
    page = open_seat().sign_in(district.operator("王敏"))
    page.reload()
    expect(page.locator(".top")).to_contain_text("声音 未启用")
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
