"""Nothing is clipped, nothing scrolls that must not, axe finds nothing: both sizes, looks and languages."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District
from tests.cloud.console.looks import CASE, check, check_everywhere, picture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

VITALS = {"heart_rate": 117, "spo2": 93, "body_temperature": 36.6, "systolic": 128, "diastolic": 76}
VITALS |= {"resp_rate": 18, "in_bed": 0, "worn": 1, "presence": 1, "door_open": 0}


def seen_without_colour(page: Page, scene: str) -> None:
    """Pictures as who sees no colour, or no green, would see them, to be looked at."""
    page.set_viewport_size({"width": 1920, "height": 1080})
    devtools = page.context.new_cdp_session(page)
    for vision in ("achromatopsia", "deuteranopia", "none"):
        devtools.send("Emulation.setEmulatedVisionDeficiency", {"type": vision})
        if vision != "none":
            picture(page, f"{scene}-{vision}")
    devtools.detach()


def claim_top(page: Page) -> None:
    page.keyboard.press("F2")
    expect(page.locator(".case-body .log-list li").first).to_be_visible()
    expect(page.locator(".vital").first).to_be_visible()
    page.mouse.move(0, 0)


def test_the_sign_in_page(open_seat: OpenSeat, axe: None) -> None:
    seat = open_seat()
    seat.page.goto(seat.home_url)
    expect(seat.page.locator("form")).to_be_visible()
    check_everywhere(seat.page, "sign-in")


def undelivered(page: Page) -> None:
    """One message of an outage that came to nothing, until somebody has told its person."""
    words = {"recipient_name": "张敏", "address": "13900002222", "text": "张桂兰 02:10 求助，请回电"}
    message = words | {"id": "01980000-0000-7000-8000-000000000001"}
    waiting = [message]

    def told(route: Route) -> None:
        waiting.clear()
        route.fulfill(json=message)

    listed, done = "**/api/v1/notifications/overdue*", f"**/api/v1/notifications/{message['id']}/done"
    page.route(listed, lambda route: route.fulfill(json={"items": waiting, "next_after": None}))
    page.route(done, told)


def test_a_quiet_desk_tells_whom_to_call_what_the_shift_left_and_how_it_did(
    district: District, open_seat: OpenSeat, axe: None
) -> None:
    home = district.home()
    seat = open_seat()
    undelivered(seat.page)
    page = seat.sign_in(district.operator("王敏"))
    quiet = page.locator(".quiet")
    expect(quiet.locator(".due")).to_contain_text("张敏 139 0000 2222 · 张桂兰 02:10 求助，请回电")
    expect(page.locator(".numbers > div", has_text="离线设备")).to_be_visible()
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    claim_top(page)
    page.get_by_role("button", name="转工单", exact=True).click()
    page.locator(".case-panel").get_by_role("textbox").fill("只是想修水管")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="转回警情").click()
    expect(page.locator(".log-list")).to_contain_text("只是想修水管")
    page.get_by_role("button", name="处置完毕", exact=True).click()
    page.get_by_role("button", name="返回").click()
    quiet.get_by_label("给下一班的话，回车保存").fill("张桂兰家门锁已换")
    page.keyboard.press("Enter")
    expect(quiet.locator(".notes")).to_contain_text("张桂兰家门锁已换")
    page.reload()
    expect(quiet.locator(".notes")).to_contain_text("张桂兰家门锁已换")
    expect(quiet.locator(".figures").first).to_contain_text("接警1")
    expect(quiet.locator(".due .due-list li")).to_have_count(2)
    check_everywhere(page, "quiet")
    seen_without_colour(page, "quiet")
    quiet.get_by_role("button", name="已告知 张敏").click()
    expect(quiet.locator(".due .due-list li")).to_have_count(1)
    quiet.get_by_role("button", name="回访").click()
    page.get_by_label("老人现在怎样").fill("已平复，在家")
    page.get_by_role("button", name="记为已回访").click()
    page.get_by_role("button", name="返回").click()
    expect(quiet.locator(".due")).to_contain_text("没有待回访的老人")


def test_a_case_while_another_life_is_at_risk(district: District, open_seat: OpenSeat, axe: None) -> None:
    homes = [district.home() for _ in range(3)]
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(homes[0], "fall", "sos")
    expect(page.locator(".row", has_text="紧急求助 + 跌倒")).to_be_visible()
    district.readings(homes[0], **VITALS)
    claim_top(page)
    expect(page.locator(".vital[data-outside]")).to_have_count(2)
    expect(page.locator(".score")).to_be_visible()
    check_everywhere(page, "case", CASE, colours=False)
    district.alarm(homes[1], "smoke", room="kitchen")
    district.alarm(homes[2], "fence_exit")
    expect(page.locator('[data-group="waiting"] .row')).to_have_count(2)
    check_everywhere(page, "alarm", CASE)
    seen_without_colour(page, "alarm")
    told = "(all) => all.map((one) => `${one.querySelector('svg').firstChild.tagName} ${one.textContent}`)"
    assert page.locator(".row .mark").evaluate_all(told) == ["rect 1P1", "path 2P2", "rect 1P1"]


def test_a_flood(district: District, open_seat: OpenSeat, axe: None) -> None:
    dark = [district.home(compound="桂花苑小区") for _ in range(5)]
    homes = [*dark, *(district.home() for _ in range(10))]
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(homes[0], "sos", "smoke", room="kitchen")
    expect(page.locator('[data-group="waiting"] .row')).to_contain_text("烟雾报警")
    claim_top(page)
    district.readings(homes[0], **VITALS)
    expect(page.locator(".vital[data-outside]")).to_have_count(2)
    for number, home in enumerate(homes[1:]):
        district.alarm(home, ("sos", "fence_exit", "door_left_open")[number % 3])
    expect(page.locator(".fold").first).to_be_visible()
    check_everywhere(page, "flood", CASE)
    seen_without_colour(page, "flood")
    for home in dark:
        district.alarm(home, "mains_lost")
    page.locator(".fold", has_text="3、4 级").click()
    outage = page.locator(".row", has_text="5 户")
    outage.locator(".row-open").click()
    group = page.locator(".case .contacts")
    expect(group.locator(".group-list li")).to_have_count(5)
    check(page, "outage", small=True)
    group.locator(".link-button").first.click()
    expect(page.locator(".case .address")).to_contain_text("桂花苑小区")


def test_the_closing_dialog(district: District, open_seat: OpenSeat, axe: None) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row')).to_be_visible()
    claim_top(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog")).to_be_visible()
    check_everywhere(page, "closing dialog")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
