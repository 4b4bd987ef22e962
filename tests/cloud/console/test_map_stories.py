"""Where the people are and who goes there: on the map, in words, and in the dispatch list."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.crew import north_of_home, responder, wear
from tests.cloud.console.district import District
from tests.cloud.console.looks import check, check_everywhere

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def claim(page: Page, district: District, *kinds: str) -> None:
    district.alarm(district.homes[-1], *kinds)
    expect(page.locator('[data-group="waiting"] .row').first).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".case .map .leaflet-container")).to_be_visible()


def test_the_map_shows_home_wristband_fence_and_who_is_near_and_says_so(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    responder(district, "马志强", north_of_home(310), "key_holder")
    responder(district, "唐丽", north_of_home(-200, 500), "first_aid", available=False)
    page = open_seat().sign_in(district.operator("王敏"))
    wear(district, home, 640)
    claim(page, district, "fence_exit")
    panel = page.locator(".case .map")
    expect(panel.locator(".aside")).to_contain_text("围栏外 · 距家 640 米")
    expect(panel.locator(".aside")).to_contain_text("误差 ±25 米")
    expect(panel.locator(".map-home")).to_have_text("家")
    expect(panel.locator(".map-band")).to_have_text("环")
    expect(panel.locator("path.map-accuracy")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.map-fence')).strokeDasharray") != "none"
    expect(panel.locator(".map-going", has_text="马志强")).to_have_text(re.compile(r"^马志强 \d+′$"))
    expect(panel.locator(".map-going.map-busy span", has_text="唐丽")).to_be_visible()
    expect(panel.locator(".map-note")).to_have_text("示意图 · 非测绘数据")
    expect(panel.get_by_role("region")).to_have_attribute("aria-label", re.compile("围栏外 · 距家 640 米"))
    frame = panel.locator(".map-frame").bounding_box()
    for mark in (".map-home", ".map-band"):
        box = panel.locator(mark).bounding_box()
        assert frame is not None
        assert box is not None
        assert frame["x"] <= box["x"] <= frame["x"] + frame["width"] - box["width"]
        assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]
    wear(district, home, 0)
    expect(panel.locator(".aside")).to_contain_text("围栏内 · 距家 0 米")
    there, worn = (panel.locator(mark).bounding_box() for mark in (".map-home", ".map-band"))
    assert there is not None
    assert worn is not None
    assert worn["x"] >= there["x"] + there["width"] - 1, "two marks stay two"


def test_the_map_is_moved_and_fitted_again_by_keyboard(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = open_seat().sign_in(district.operator("王敏"))
    wear(district, home, 200)
    claim(page, district, "sos")
    mark = page.locator(".case .map .map-home")
    before = mark.bounding_box()
    page.locator(".case .map .leaflet-container").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".case .map .map-home")).to_be_visible()
    moved = mark.bounding_box()
    assert before is not None
    assert moved is not None
    assert moved["y"] > before["y"]
    page.get_by_role("button", name="放大地图").press("Enter")
    page.get_by_role("button", name="显示住址").press("Enter")
    after = mark.bounding_box()
    assert after is not None
    assert abs(after["y"] - before["y"]) < 3


def test_one_click_sends_and_within_five_seconds_it_is_undone(
    district: District, open_seat: OpenSeat
) -> None:
    district.home()
    responder(district, "马志强", north_of_home(310), "key_holder", "first_aid")
    responder(district, "唐丽", north_of_home(560))
    responder(district, "冯静", north_of_home(200), available=False)
    page = open_seat().sign_in(district.operator("王敏"))
    other = open_seat().sign_in(district.operator("李娜"))
    claim(page, district, "sos")
    other.locator(".row-open").first.click()
    rows = page.locator(".dispatch-list li")
    expect(rows).to_have_count(3)
    assert [name.split()[0] for name in page.locator(".dispatch-who b").all_inner_texts()] == [
        "马志强",
        "唐丽",
        "冯静",
    ]
    expect(rows.nth(0)).to_contain_text("有门钥匙")
    expect(rows.nth(0)).to_contain_text("急救证")
    expect(page.get_by_role("button", name="派单给 冯静")).to_be_disabled()
    expect(other.get_by_role("button", name="派单给 马志强")).to_be_disabled()

    page.get_by_role("button", name="派单给 唐丽").click()
    expect(rows.nth(0)).to_contain_text("唐丽")
    expect(rows.nth(0)).to_contain_text("等待接受")
    expect(other.locator(".dispatch-list li").nth(0)).to_contain_text("等待接受")
    page.get_by_role("button", name="撤销给 唐丽 的派单").click()
    expect(page.get_by_role("button", name="派单给 唐丽")).to_be_visible()
    expect(other.locator(".dispatch-list")).not_to_contain_text("等待接受")
    expect(page.locator(".log-list")).to_contain_text("撤销")


def photographs_are_seen_beside_the_case(page: Page, sent: httpx.Client, dispatch: str) -> None:
    """Two are sent from the spot: the newest is shown where the map was, and the map comes back."""
    for part in (".map", ".dispatch"):
        picture = page.locator(part).screenshot(type="jpeg")
        kind = {"Content-Type": "image/jpeg"}
        assert sent.post(f"/dispatches/{dispatch}/photos", content=picture, headers=kind).is_success
    page.get_by_role("button", name="看现场照片 2").click()
    image = page.locator(".photos img")
    expect(image).to_have_attribute("alt", re.compile(r"^马志强 \d\d:\d\d:\d\d 拍的现场照片$"))
    newest = image.get_attribute("src")
    page.wait_for_function("() => document.querySelector('.photos img').naturalWidth > 100")
    check_everywhere(page, "photographs", may_scroll=True)  # the log has become long
    page.get_by_role("button", name="上一张").click()
    expect(page.locator(".photos")).to_contain_text("第 1 张，共 2 张")
    assert image.get_attribute("src") != newest
    page.get_by_role("button", name="返回地图").click()
    expect(page.locator(".map-frame")).to_be_visible()


def test_an_answer_is_seen_by_every_operator_and_who_is_not_needed_is_recalled(
    district: District, open_seat: OpenSeat
) -> None:
    district.home()
    ma = responder(district, "马志强", north_of_home(310), "key_holder")
    page = open_seat().sign_in(district.operator("王敏"))
    claim(page, district, "sos")
    page.get_by_role("button", name="派单给 马志强").click()
    row = page.locator(".dispatch-list li").first
    expect(row).to_contain_text("等待接受")
    expect(page.get_by_role("button", name="召回 马志强")).to_be_visible()  # 5 s later
    dispatch = ma.get("/dispatches").json()["items"][0]["id"]
    assert ma.post(f"/dispatches/{dispatch}/accept", json={"eta_minutes": 3}).is_success
    expect(row).to_contain_text("已接受 预计 3′")
    expect(page.locator(".limit")).to_have_text(re.compile(r"^到场时限 \d\d:\d\d:\d\d · 剩余 0[678]:\d\d$"))
    photographs_are_seen_beside_the_case(page, ma, dispatch)
    page.get_by_role("button", name="召回 马志强").click()
    expect(row).to_contain_text("已召回")
    expect(page.get_by_role("button", name="派单给 马志强")).to_have_text("再派")
    the_end_waits_for_who_goes(page, ma)


def the_end_waits_for_who_goes(page: Page, sent: httpx.Client) -> None:
    """Who was only asked is recalled with it; who goes, by hand; who is there may report by telephone."""
    row, again = page.locator(".dispatch-list li").first, page.get_by_role("button", name="派单给 马志强")
    unfinished = page.get_by_role("dialog").get_by_role("alert")
    confirm = page.get_by_role("dialog").get_by_role("button", name="确认结案")

    def tell(*verbs: str) -> None:
        (running,) = sent.get("/dispatches").json()["items"]
        for verb in verbs:
            assert sent.post(f"/dispatches/{running['id']}/{verb}", json={}).is_success

    again.click()
    expect(row).to_contain_text("等待接受")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("2")
    expect(unfinished).to_contain_text("马志强 还没有答复，结案时一并召回")
    expect(confirm).to_be_enabled()
    tell("accept")
    expect(unfinished).to_contain_text("马志强 正在赶来，召回后才能结案")
    expect(confirm).to_be_disabled()
    unfinished.get_by_role("button", name="召回 马志强").click()
    expect(unfinished).to_have_count(0)
    expect(confirm).to_be_enabled()
    page.keyboard.press("Escape")
    again.click()
    expect(row).to_contain_text("等待接受")
    tell("accept", "arrive")
    page.keyboard.press("Control+Enter")
    done = unfinished.get_by_role("button", name="马志强 已电话报告完成")
    expect(done).to_be_disabled()
    page.keyboard.press("2")
    done.click()
    expect(unfinished).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".quiet tbody tr").first).to_contain_text("已提供帮助")


def test_a_case_with_map_and_dispatch_list_in_every_look(
    district: District, open_seat: OpenSeat, tmp_path: Path, axe: None
) -> None:
    home = district.home()
    responder(district, "马志强", north_of_home(310), "key_holder")
    responder(district, "唐丽", north_of_home(-260, 460), "first_aid")
    responder(district, "市三医院急救", north_of_home(30, -500), "ambulance", available=False)
    page = open_seat().sign_in(district.operator("王敏"))
    wear(district, home, 90)
    claim(page, district, "fall")
    expect(page.locator(".dispatch-list li")).to_have_count(3)
    page.mouse.move(0, 0)
    check_everywhere(page, "map")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator(".dispatch-list li", has_text="马志强").get_by_role("button").click()
    expect(page.locator('.dispatch-list li[data-dispatch="offered"]')).to_be_visible()
    check(page, "dispatched", small=True, colours=False)
    page.screenshot(path=tmp_path / "dispatched-1366.png")
