"""One emergency as its people live it, each at a screen of their own: operator, responder, family."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District
from tests.cloud.console.exchange import Exchange, take_extension
from tests.cloud.console.looks import check, picture
from tests.cloud.console.test_phone_stories import open_phone, png, steps

# No letter alone, which an input method needs, and no key that a browser has for itself.
TAKEN_FROM_THE_BROWSER = """() => {
  const press = (key) => new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  const browsers = [1, 3, 5, 6, 7, 10, 11, 12].map((number) => `F${number}`);
  const keys = [..."abcdefghijklmnopqrstuvwxyz0123456789", ...browsers];
  return keys.filter((key) => !document.body.dispatchEvent(press(key)));
}"""
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_from_the_button_at_the_wrist_to_the_end_of_the_case(
    district: District, open_seat: OpenSeat, tmp_path: Path
) -> None:
    home, exchange = district.home("张桂兰"), Exchange(district)
    family = open_phone(open_seat, "family", district.family("张敏", home, "张敏")).page
    go = open_phone(open_seat, "go", district.responder("马志强")).page
    page = open_seat().sign_in(district.operator("王敏"))
    take_extension(page, "800")
    expect(page.locator(".top")).to_contain_text("声音 已就绪")
    expect(family.locator("h1")).to_have_text("妈妈 张桂兰")
    expect(family.locator("[data-section=quiet]")).to_be_visible()
    expect(go.locator("[data-section=none]")).to_be_visible()

    it_rings_and_is_claimed(page, district)
    expect(family.locator(".thread h2")).to_contain_text("紧急求助")
    expect(family.locator(".thread")).to_contain_text("坐席 王敏 已接警")
    what_is_said_and_seen_is_on_the_log(page)
    the_elder_is_called(page, exchange)

    page.keyboard.press("F9")
    sent = page.locator(".dispatch-list li").first
    expect(sent).to_contain_text("等待接受")
    expect(family.locator("[data-step=asked]")).to_contain_text("马志强")
    they_go(go, family)
    expect(sent).to_contain_text("已接受")
    expect(page.locator(".log-list")).to_contain_text("马志强")
    go.get_by_role("button", name="我到了").click()
    expect(family.locator("[data-step=arrived]")).to_contain_text("马志强 已到场")
    expect(sent).to_contain_text("已到场")
    expect(page.locator(".stages li[data-step=done]")).to_have_count(5)

    page.get_by_role("button", name="处置完毕", exact=True).click()
    expect(page.locator('[data-group="mine"] .row')).to_contain_text("待结案")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("2")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("马志强 在现场，完成后才能结案")
    expect(dialog.get_by_role("button", name="确认结案")).to_be_disabled()
    check(page, "closing while somebody is there", small=False)
    picture(page, "closing-while-there")
    they_take_a_picture_and_are_done(go)
    expect(page.get_by_role("button", name="看现场照片 1")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    expect(dialog.get_by_role("button", name="确认结案")).to_be_enabled()
    page.keyboard.press("Control+Enter")

    expect(page.locator(".quiet h2")).to_have_text("当前没有待接警")
    expect(page.locator(".quiet tbody tr").first).to_contain_text("已提供帮助")
    expect(family.locator("[data-step=over]")).to_contain_text("已结束：已提供帮助")
    assert steps(family) == ["raised", "taken", "spoken", "coming", "arrived", "over"]
    (case,) = district.cases("closed")
    answer = page.context.request.get(f"{district.cloud.url}/api/v1/cases/{case['id']}/photos")
    photos = answer.json()["items"]
    assert [(one["media_type"], one["taken_by"]) for one in photos] == [("image/jpeg", "马志强")]
    family.screenshot(path=tmp_path / "family-over.png")


def it_rings_and_is_claimed(page: Page, district: District) -> None:
    home = district.homes[-1]
    district.alarm(home, "sos")
    waiting = page.locator('[data-group="waiting"] .row')
    expect(waiting).to_contain_text("紧急求助")
    expect(waiting).to_contain_text(f"{home.elder} 女 8")
    expect(waiting.locator(".mark-p1[data-flashing]")).to_be_visible()
    expect(page.locator('.desk[data-ringing="1"]')).to_be_visible()
    expect(page.locator(".case")).to_have_count(0)
    expect(page.locator(".claim-top kbd")).to_have_text("F2")
    expect(page.locator(".queue header kbd")).to_have_text("F8")
    page.keyboard.press("F2")
    expect(page.locator(".desk[data-ringing]")).to_have_count(0)
    stages = page.locator(".stages li")
    expect(stages).to_have_text(
        [re.compile(r"^报警\d\d:"), re.compile(r"^接警\d\d:"), "联系…", "派单…", "到场…", "结案…"]
    )
    assert stages.nth(2).evaluate("(stage) => getComputedStyle(stage).borderBottomStyle") == "dashed"
    case = page.locator(".case")
    expect(case.locator(".band h2")).to_contain_text("紧急求助")
    expect(case.locator(".address")).to_contain_text("桂花苑小区")
    expect(case.locator(".risks")).to_contain_text("华法林")
    expect(case.locator(".contacts")).to_contain_text("139 0000 1111")
    expect(case.locator(".needs")).to_contain_text("左耳聋")
    expect(case.locator(".vitals")).to_contain_text("没有收到读数")


def what_is_said_and_seen_is_on_the_log(page: Page) -> None:
    log = page.locator(".log-list")
    expect(log).to_contain_text("已显示在坐席屏幕")
    page.get_by_role("button", name="身体不适").click()
    page.keyboard.type("，右髋痛")
    page.keyboard.press("Enter")
    expect(log).to_contain_text("身体不适，右髋痛")
    page.get_by_role("button", name="显示密码").click()
    expect(page.locator(".door-code b")).to_have_text(re.compile(r"^88\d{4}#$"))
    expect(log).to_contain_text("查看了门锁密码")


def the_elder_is_called(page: Page, exchange: Exchange) -> None:
    own = page.locator(".own-phone")
    expect(own.get_by_role("button", name="呼叫").locator("kbd")).to_have_text("F4")
    expect(page.locator(".actions kbd")).to_have_text("Ctrl ⏎")
    assert page.evaluate(TAKEN_FROM_THE_BROWSER) == []
    far = exchange.dialled_by(page, "800")
    exchange.say("connected", "c-0", **far)
    expect(own.locator(".calling")).to_have_text(re.compile(r"通话中 \d\d:\d\d"))
    expect(page.locator(".limit")).to_contain_text("通话保留")
    exchange.say("ended", "c-0", **far)
    own.get_by_role("button", name="需要帮助").click()
    expect(page.locator(".log-list")).to_contain_text("回拨结果：需要帮助")
    expect(page.locator(".band h2")).to_have_text("紧急求助 + 老人需要帮助")
    send = page.locator(".step-list [aria-current]").get_by_role("button", name="派 马志强")
    expect(send.locator("kbd")).to_have_text("F9")


def they_go(go: Page, family: Page) -> None:
    """The way in is theirs from the acceptance on."""
    expect(go.locator("[data-dispatch=offered] .go-place")).to_contain_text("桂花苑小区")
    expect(go.locator("[data-section=way-in]")).to_have_count(0)
    go.get_by_role("button", name="接受").click()
    expect(go.locator("[data-dispatch=accepted]")).to_be_visible()
    go.get_by_role("button", name="5 分", exact=True).click()
    expect(go.locator("[data-eta]")).to_contain_text("已告知")
    expect(family.locator("[data-step=coming]")).to_contain_text(re.compile("马志强 已出发，约 [45] 分钟到"))
    assert not re.search(r"88\d{4}#", go.locator(".phone-body").inner_text())
    go.get_by_role("button", name="查看门锁密码").click()
    expect(go.locator(".go-code")).to_have_text(re.compile(r"^88\d{4}#$"))
    expect(family.locator("[data-section=looks]")).to_contain_text("马志强看了进门方式")


def they_take_a_picture_and_are_done(go: Page) -> None:
    """And with their report the way in is closed again."""
    go.locator("input[type=file]").set_input_files(
        {"name": "scene.png", "mimeType": "image/png", "buffer": png()}
    )
    expect(go.get_by_text("已上传 1 张现场照片")).to_be_visible()
    go.get_by_role("button", name="完成").click()
    go.get_by_role("radio", name="已帮助").click()
    go.get_by_role("button", name="提交并结束").click()
    expect(go.locator("[data-section=none]")).to_be_visible()
    expect(go.locator(".go-code")).to_have_count(0)
