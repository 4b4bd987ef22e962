"""An alarm as the family and the responder live it, each on a telephone of their own."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.cloud.console.conftest import OpenSeat, Seat
from tests.cloud.console.crew import wear
from tests.cloud.console.district import PASSWORDS, District, RunningCloud
from tests.cloud.console.looks import PHONE, check_everywhere
from tests.waiting import LIMIT_S, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Desk:
    """An operator as a program: claims, sends help, closes."""

    def __init__(self, cloud: RunningCloud, username: str) -> None:
        self.http = httpx.Client(base_url=f"{cloud.url}/api/v1", timeout=LIMIT_S)
        signed = self.http.post("/session", json={"username": username, "password": PASSWORDS[username]})
        self.http.headers["X-CSRF-Token"] = signed.json()["csrf_token"]

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.http.post(path, json=body or {})
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def get(self, path: str) -> dict[str, Any]:
        answer = self.http.get(path)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found


def open_phone(open_seat: OpenSeat, address: str, username: str, *, port: int | None = None) -> Seat:
    seat = open_seat(width=PHONE[0][0], height=PHONE[0][1], port=port)
    seat.home_url += address
    seat.page.goto(seat.home_url)
    seat.page.get_by_label("用户名").fill(username)
    seat.page.get_by_label("密码").fill(PASSWORDS[username])
    seat.page.locator("button[type=submit]").click()
    seat.page.locator('.link[data-link="live"]').wait_for()
    return seat


def the_case(district: District) -> str:
    wait_until(lambda: bool(district.cases()))
    return str(district.cases()[0]["id"])


def png() -> bytes:
    """A small picture with a note of where it was taken."""
    rows = b"".join(b"\x00" + b"\x80\x20\x20" * 40 for _ in range(30))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0)),
        (b"tEXt", b"GPS\x0037.43,118.67"),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def steps(page: Page) -> list[str | None]:
    return [item.get_attribute("data-step") for item in page.locator(".thread li[data-step]").all()]


def test_a_responder_who_cannot_go_says_why_and_is_asked_no_more(
    cloud: RunningCloud, district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    operator = Desk(cloud, district.operator("王敏"))
    go = open_phone(open_seat, "go", district.responder("马志强")).page
    switch = go.get_by_role("switch")
    expect(switch).to_have_attribute("aria-checked", "true")
    district.alarm(home, "sos")
    expect(go.locator(".phone")).to_be_visible()
    case_id = the_case(district)
    operator.post(f"/cases/{case_id}/claim")
    operator.post(f"/cases/{case_id}/dispatches")
    go.get_by_role("button", name="拒绝").click()
    go.get_by_role("button", name="走不开").click()
    expect(go.locator("[data-section=none]")).to_be_visible()
    ended = go.locator("[data-section=ended] li")
    expect(ended).to_contain_text("您没有接 · 走不开")
    refused = cloud.get(f"/cases/{case_id}")["dispatches"][0]
    again = operator.post(f"/cases/{case_id}/dispatches", {"staff_id": refused["staff_id"]})["dispatch"]
    expect(go.locator("[data-dispatch=offered]")).to_be_visible()
    operator.post(f"/dispatches/{again['id']}/recall")
    expect(ended.first).to_contain_text("坐席已取消，不用去了")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    assert (refused["state"], refused["reason"]) == ("refused", "走不开")
    cloud.post(f"/staff/{refused['staff_id']}/password", {})
    expect(go.locator(".sign-in .late")).to_have_text("登录已失效，请重新登录。")


def test_a_false_alarm_is_one_sentence_to_the_family(
    cloud: RunningCloud, district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    operator = Desk(cloud, district.operator("王敏"))
    family = open_phone(open_seat, "family", district.family("张伟", home, "张伟")).page
    district.alarm(home, "sos")
    expect(family.locator(".thread")).to_be_visible()
    case_id = the_case(district)
    operator.post(f"/cases/{case_id}/claim")
    operator.post(f"/cases/{case_id}/resolve")
    operator.post(f"/cases/{case_id}/close", {"disposition": "false_alarm"})
    expect(family.locator(".thread h2")).to_have_text("一次误报，已核实")
    expect(family.locator(".thread li")).to_have_count(0)
    expect(family.locator(".phone-body")).not_to_contain_text("紧急求助")


# The paths of what the worker keeps, once it keeps more than the page itself; what it has after ten seconds.
SHELL_KEPT = """async () => {
  const until = Date.now() + 10_000;
  for (;;) {
    const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const caught = (await Promise.all(stores.map((store) => store.keys()))).flat();
    if (caught.length > 2 || Date.now() > until) return caught.map((one) => new URL(one.url).pathname);
    await new Promise((next) => setTimeout(next, 50));
  }
}"""


def test_without_a_network_the_phone_says_so_and_shows_nothing_as_live(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    seat = open_phone(open_seat, "family", district.family("张敏", home, "张敏"))
    seat.link_may_break = True
    page = seat.page
    expect(page.locator("[data-section=now]")).to_be_visible()
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    kept = page.evaluate(SHELL_KEPT)
    assert len(kept) > 2
    assert not [path for path in kept if path.startswith("/api")]
    page.reload()
    page.locator('.link[data-link="live"]').wait_for()
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("[data-offline] [role=alert]")).to_contain_text("没有网络")
    expect(page.get_by_role("link", name="打给坐席 12349")).to_have_attribute("href", "tel:12349")
    expect(page.locator("[data-section=now]")).to_have_count(0)
    page.context.set_offline(False)
    page.locator('.link[data-link="live"]').wait_for()


def test_the_pages_can_be_installed(cloud: RunningCloud) -> None:
    for name in ("family", "go", "tech"):
        found = httpx.get(f"{cloud.url}/{name}.webmanifest", timeout=LIMIT_S)
        assert found.headers["content-type"].startswith("application/manifest+json")
        manifest = json.loads(found.text)
        assert (manifest["start_url"], manifest["scope"]) == (f"/{name}", f"/{name}")
        for icon in manifest["icons"]:
            picture = httpx.get(cloud.url + icon["src"], timeout=LIMIT_S)
            assert picture.headers["content-type"] == "image/png"
            width, height = struct.unpack(">II", picture.content[16:24])
            assert f"{width}x{height}" == icon["sizes"]
    worker = httpx.get(f"{cloud.url}/sw.js", timeout=LIMIT_S)
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"


def test_nothing_is_clipped_and_every_target_fits_a_thumb(
    cloud: RunningCloud, district: District, open_seat: OpenSeat, tmp_path: Path
) -> None:
    blank = open_seat(width=PHONE[0][0], height=PHONE[0][1]).page
    for address, title in (("family", "家属登录"), ("go", "响应人登录"), ("tech", "技术员登录")):
        blank.goto(f"{cloud.url}/{address}")
        expect(blank.locator("h2")).to_have_text(title)
        check_everywhere(blank, f"sign-in-{address}", PHONE)
    home = district.home("张桂兰")
    operator = Desk(cloud, district.operator("王敏"))
    family_seat = open_phone(open_seat, "family", district.family("张敏", home, "张敏"))
    family, go = family_seat.page, open_phone(open_seat, "go", district.responder("马志强")).page
    go.route("**/api/v1/dispatches?running=true", too_late)
    district.readings(home, heart_rate=76, worn=1, in_bed=1, resp_rate=18)
    expect(family.locator("[data-section=quiet]")).to_be_visible()
    district.alarm(home, "fall", "sos")
    expect(family.locator(".thread")).to_be_visible()
    case_id = the_case(district)
    operator.post(f"/cases/{case_id}/claim")
    operator.post(f"/cases/{case_id}/dispatches")
    expect(go.locator("[data-dispatch=no_answer]")).to_contain_text("已超过答复时间，仍可接受")
    check_everywhere(go, "go-late", PHONE)
    go.unroute("**/api/v1/dispatches?running=true")
    go.reload()
    expect(go.locator("[data-dispatch=offered]")).to_be_visible()
    check_everywhere(go, "go-offered", PHONE, colours=False)
    go.locator(".phone-foot .primary").click()
    expect(go.locator("[data-section=way-in]")).to_be_visible()
    check_everywhere(go, "go-accepted", PHONE)
    expect(family.locator("[data-step=coming]")).to_be_visible()
    wear(district, home, 640)
    wait_until(lambda: operator.get(f"/cases/{case_id}/whereabouts")["fix"] is not None)
    place = family.locator("[data-section=place]")
    place.get_by_role("button").click()
    expect(place.locator(".map-home")).to_be_visible()
    expect(place.locator(".map-band")).to_be_visible()
    expect(place.locator("[data-said]")).to_contain_text("围栏外 · 距家 640 米")
    check_everywhere(family, "family", PHONE)
    family.locator("[data-section=place]").screenshot(path=tmp_path / "family-place.png")
    go.locator(".phone-foot .primary").click()
    go.locator(".go-photo").wait_for()
    go.locator(".phone-foot button.primary").click()
    expect(go.get_by_role("radio").first).to_be_visible()
    check_everywhere(go, "go-finishing", PHONE)
    go.get_by_role("radio").first.click()
    go.get_by_role("button", name="提交并结束").click()
    expect(go.locator("[data-ended=done]")).to_contain_text("已提交：已帮助，没事了")
    check_everywhere(go, "go-ended", PHONE)
    the_end(family_seat, operator, case_id)


def too_late(route: Route) -> None:
    """The list as it is when a minute has passed without an answer."""
    answer = route.fetch()
    found = answer.json()
    route.fulfill(
        response=answer, json=found | {"items": [one | {"state": "no_answer"} for one in found["items"]]}
    )


def the_end(seat: Seat, operator: Desk, case_id: str) -> None:
    """A family hears of it: first that it is not known any more, then how it ended."""
    page, pages = seat.page, "**/api/v1/family/residents/*"
    seat.link_may_break = True
    page.route(pages, lambda route: route.abort())
    operator.post(f"/cases/{case_id}/claim")  # of which the queue had it back, as no screen was open
    operator.post(f"/cases/{case_id}/resolve")
    expect(page.locator(".phone[data-stale] .phone-lost")).to_contain_text("连接中断 · 数据截至")
    check_everywhere(page, "family-stale", PHONE)
    page.unroute(pages)
    operator.post(f"/cases/{case_id}/close", {"disposition": "help_given"})
    expect(page.locator("[data-step=over]")).to_be_visible()
    expect(page.locator(".phone[data-stale]")).to_have_count(0)
    check_everywhere(page, "family-over", PHONE)
