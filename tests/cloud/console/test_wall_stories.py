"""The wall in the browser: numbers without a name, opened by a link of its own, true about its own age."""

import re

import httpx
import pytest
from playwright.sync_api import Response, Route, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import District
from tests.cloud.console.looks import check_everywhere

# Of each figure: whether its target is missed, whether it is coloured, how large its letters are.
FIGURES = """(all) => all.map((one) => {
  const [red, green, blue, alpha = 1] = getComputedStyle(one).backgroundColor.match(/[\\d.]+/g).map(Number);
  const size = (part) => parseFloat(getComputedStyle(one.querySelector(part)).fontSize);
  const yellow = alpha > 0 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
  const outside = "outside" in one.dataset;
  return { text: one.textContent, outside, yellow, small: size("small"), large: size("strong") };
})"""
INK = "(one) => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_the_wall_shows_numbers_and_no_answer_holds_a_name(district: District, open_seat: OpenSeat) -> None:
    home, second = district.home(), district.home()
    operator = open_seat().sign_in(district.operator("王敏"))
    chief = open_seat().sign_in(district.operator("赵班长", "supervisor"))
    seat = open_seat()
    answers: list[str] = []

    def keep(answer: Response) -> None:
        if "/api/v1/wall" in answer.url or "/ws" in answer.url:
            answers.append(answer.text())

    seat.page.on("response", keep)
    seat.page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: answers.append(str(frame))))
    page = seat.sign_in(district.operator("主管单位", "official"))
    expect(page).to_have_url(re.compile("/wall$"))
    count = page.locator(".wall-count")
    expect(count).to_have_text(["0", "0", "2"])
    district.alarm(home, "sos")
    expect(count).to_have_text(["1", "0", "2"])
    expect(page.locator(".wall-case").first).to_contain_text("紧急求助")
    operator.keyboard.press("F2")
    expect(count).to_have_text(["0", "1", "2"])
    district.alarm(second, "smoke")
    expect(page.locator(".wall-bar[data-grave]")).to_contain_text("一级报警无人接警", timeout=90_000)
    expect(chief.locator(".escalation")).to_contain_text("一级报警无人接警")
    overdue = operator.locator('[data-group="waiting"] .overdue')
    expect(overdue).to_have_text(re.compile(r"^已超时 \d\d:\d\d$"))
    assert overdue.evaluate(INK) == ["rgb(255, 255, 255)", "rgb(196, 18, 47)"]
    shown = page.locator("body").inner_text()
    for name in (home.elder, second.elder, "王敏", "桂花苑", "松林里", "13981124471", "13900001111"):
        assert name not in shown
        assert not any(name in answer for answer in answers), name
    assert len(answers) > 5
    operator.keyboard.press("F2")
    expect(count).to_have_text(["0", "2", "2"])
    page.reload()
    expect(page.locator(".wall-figure[data-outside]").first).to_contain_text(re.compile(r"[≤≥] .+ · 未达标"))
    for figure in page.locator(".wall-figure").evaluate_all(FIGURES):
        assert figure["yellow"] == figure["outside"], figure
        assert figure["small"] < figure["large"] / 2, figure


def test_a_wall_screen_needs_no_sign_in_shows_the_wall_alone_and_is_taken_back(
    district: District, open_seat: OpenSeat
) -> None:
    made = district.cloud.post("/screens", {"name": "东墙", "area_code": district.area})
    seat = open_seat()

    def troubled(route: Route) -> None:
        answer = route.fetch()
        told = "2026-01-01T02:10:00.000Z"
        life = {"priority": 1, "kinds": ["sos", "smoke"], "since": told, "escalated": True}
        flood = {"waiting": 28, "by_priority": [21, 4, 3, 0], "waiting_cases": [life] * 8}
        troubles = {"flood_since": told, "canary_red_since": told}
        route.fulfill(response=answer, json=answer.json() | flood | troubles)

    seat.page.route("**/api/v1/wall", troubled)
    seat.page.goto(f"{seat.home_url}wall#screen={made['token']}")
    expect(seat.page.locator(".wall-count")).to_have_count(3)
    expect(seat.page.locator(".wall-bar[data-trouble=canary]")).to_contain_text(
        "报警全链路自检失败，自 10:10"
    )
    expect(seat.page.locator(".wall-bar", has_text="报警洪泛：自 10:10")).to_be_visible()
    expect(seat.page.locator(".wall-case")).to_have_count(3)
    expect(seat.page.locator(".wall-more").first).to_have_text("另有 25 条，其中 1 级 18 条")
    check_everywhere(seat.page, "wall-flood")
    assert made["token"] not in seat.page.url
    seat.page.unroute_all(behavior="wait")
    seat.page.goto(seat.home_url)
    expect(seat.page).to_have_url(re.compile("/wall$"))
    expect(seat.page.locator('.link[data-link="live"]')).to_be_visible()
    told = seat.page.evaluate("() => fetch('/api/v1/cases?state=live').then((answer) => answer.status)")
    seat.errors[:] = [error for error in seat.errors if "403" not in error]
    assert told == 403
    headers = {"Authorization": f"Bearer {district.cloud.token}"}
    gone = httpx.delete(f"{district.cloud.url}/api/v1/screens/{made['id']}", headers=headers, timeout=10)
    assert gone.status_code == 204
    expect(seat.page.get_by_label("密码")).to_be_visible(timeout=30_000)


def test_the_wall_marks_what_is_not_current(district: District, open_seat: OpenSeat) -> None:
    seat = open_seat()
    seat.link_may_break = True
    page = seat.sign_in(district.operator("主管单位", "official"))
    expect(page.locator(".wall-count")).to_have_count(3)
    page.route("**/api/v1/wall*", lambda route: route.abort())
    expect(page.locator(".wall[data-stale]")).to_be_visible(timeout=60_000)
    expect(page.locator(".link")).to_contain_text("连接中断")
    page.unroute("**/api/v1/wall*")
    expect(page.locator(".wall[data-stale]")).to_have_count(0)
