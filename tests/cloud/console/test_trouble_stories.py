"""What goes wrong in an operator's day that is nobody's fault: tabs, reloads, other people's quickness."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.crew import north_of_home, responder
from tests.cloud.console.district import PASSWORDS, District
from tests.cloud.console.looks import CASE, RULES, picture
from tests.cloud.console.test_teamwork_stories import claimed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
NOTE = "记录一句话，回车保存"


def test_a_line_half_typed_when_another_closes_the_case_is_shown_and_not_swallowed(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    other = open_seat().sign_in(district.operator("李娜"))
    claimed(page, district, home, "sos")
    page.get_by_role("button", name="处置完毕", exact=True).click()
    expect(page.locator('[data-group="mine"] .row')).to_contain_text("待结案")
    page.get_by_role("textbox", name=NOTE).fill("女儿说明早来")
    other.locator(".row-open").click()
    expect(other.locator(".case .log-list li").first).to_be_visible()
    other.get_by_role("textbox", name=NOTE).fill("已回访")
    other.keyboard.press("Control+Enter")
    expect(other.get_by_label("补充说明")).to_have_value("已回访")
    other.keyboard.press("Escape")
    other.keyboard.press("Control+Enter")
    other.get_by_role("radio", name="已提供帮助").check()
    other.keyboard.press("Control+Enter")
    expect(page.locator(".log [role=alert]")).to_have_text("警情已结案，这句没有保存：女儿说明早来")
    expect(page.locator(".log-list")).to_contain_text("已回访")
    expect(page.locator(".actions")).to_contain_text("已结案：已提供帮助")


def test_a_reload_or_the_back_button_in_mid_case_loses_nothing(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    responder(district, "马志强", north_of_home(310), "key_holder")
    page = open_seat().sign_in(district.operator("王敏"))
    claimed(page, district, home, "sos")
    page.get_by_role("textbox", name=NOTE).fill("正在问")
    page.get_by_role("button", name="派单给 马志强").click()
    expect(page.locator(".dispatch-list")).to_contain_text("等待接受")
    page.reload()
    page.locator('[data-group="mine"] .row-open').click()
    expect(page.get_by_role("textbox", name=NOTE)).to_have_value("正在问")
    taken_back = page.locator(".dispatch-list").get_by_role("button", name=re.compile("撤销|召回"))
    expect(taken_back).to_be_visible()
    page.goto(f"{district.cloud.url}/healthz")
    page.go_back()
    page.locator('[data-group="mine"] .row-open').click()
    expect(page.get_by_role("textbox", name=NOTE)).to_have_value("正在问")
    expect(page.locator(".case .person")).to_contain_text(home.elder)


def looks_again(page: Page) -> None:
    """The tab is in front again."""
    page.evaluate("() => void dispatchEvent(new Event('visibilitychange'))")


def test_two_tabs_of_one_browser_never_show_two_people(district: District, open_seat: OpenSeat) -> None:
    home, second = district.home(), district.operator("李娜")
    seat = open_seat()
    page = seat.sign_in(district.operator("王敏"))
    tab = page.context.new_page()
    tab.goto(seat.home_url)
    district.alarm(home, "sos")
    for one in (page, tab):
        expect(one.locator('[data-group="waiting"] .row')).to_be_visible()
    tab.keyboard.press("F2")
    page.locator('[data-group="mine"] .row-open').click()
    held: list[Route] = []
    page.route("**/notes", lambda route: held.append(route))
    page.get_by_role("textbox", name=NOTE).fill("正在问")
    page.keyboard.press("Enter")
    expect(page.locator(".note-line")).to_contain_text("正在保存…")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    tab.get_by_role("button", name="交回队列").click()
    expect(page.locator(".notice")).to_have_text(f"{home.elder} 的警情已回到队列")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".actions")).to_contain_text("下一步 接警")
    held[0].continue_()
    tab.get_by_role("button", name="退出").click()
    expect(page.get_by_label("用户名")).to_be_visible()
    tab.get_by_label("用户名").fill(second)
    tab.get_by_label("密码").fill(PASSWORDS[second])
    tab.keyboard.press("Enter")
    expect(tab.locator(".top .seat")).to_contain_text("李娜")
    looks_again(page)
    expect(page.locator(".top .seat")).to_contain_text("李娜")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    page.keyboard.press("F2")
    expect(tab.locator('[data-group="mine"] .row')).to_be_visible()


def test_a_name_of_forty_characters_emoji_or_another_direction_breaks_no_line(
    district: District, open_seat: OpenSeat
) -> None:
    long, estate = "欧阳" * 20, "城市花园尊享康养社区东方明珠国际广场" * 2
    homes = [district.home(long, estate), district.home("محمد عبد الله"), district.home("王👩🏽‍🦽奶奶")]
    page = open_seat().sign_in(district.operator("阿卜杜热合曼·买买提依明江"))
    claimed(page, district, homes[0], "sos", "smoke")
    for home in homes[1:]:
        district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_have_count(2)
    for width, height in CASE:
        page.set_viewport_size({"width": width, "height": height})
        line = page.locator(".log-list li").first.bounding_box()
        assert line is not None
        assert line["height"] < 40, "a long name of who wrote it does not fill the log"
        picture(page, f"long-names-{width}")
        found = page.evaluate(RULES, {"small": True, "colours": False})
        cut = [one for one in found.pop("clipped", []) if "panel-body" not in one]  # those scroll
        assert (found, cut) == ({}, []), width
    expect(page.locator(".case .person b")).to_have_text(long)
