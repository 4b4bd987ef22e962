"""What happens at an operator's desk, one thing at a time (the whole: test_whole_story)."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


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
    expect(page.locator(".case .log-list li").first).to_be_visible()
    page.keyboard.press("Control+Enter")
    page.keyboard.press("3")
    closing = page.get_by_role("dialog")
    confirm = closing.get_by_role("button", name="确认结案")
    expect(confirm).to_be_enabled()
    district.alarm(home, "smoke", room="kitchen")
    expect(page.locator(".fire")).to_contain_text("先拨 119")
    expect(page.locator('[data-group="mine"] .row')).to_contain_text("新报警")
    expect(page.locator('.desk[data-ringing="1"]')).to_be_visible()
    expect(closing.get_by_role("alert")).to_contain_text("刚才又有报警，请看明情况后再选一次结果")
    expect(confirm).to_be_disabled()
    page.keyboard.press("Escape")
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
        district.alarm(home, "smoke")
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
