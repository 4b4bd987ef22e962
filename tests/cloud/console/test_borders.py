"""Which page belongs to whom: every role at every address, and what the others are told."""

import pytest
from playwright.sync_api import Page, expect

from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import PASSWORDS, District
from tests.cloud.console.looks import picture, violations
from tests.cloud.console.test_admin_stories import GO

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DESK = {"/", "/resident"}
HAS = {
    "operator": DESK,
    "supervisor": DESK | {"/supervisor", "/wall"},
    "admin": DESK | {"/supervisor", "/wall", "/admin"},
    "family": {"/family"},
    "responder": {"/go"},
    "technician": {"/tech"},
    "official": {"/wall"},
    "wall": {"/wall"},
}
BEGINS = {role: "/" if "/" in pages else min(pages) for role, pages in HAS.items()}
WHOSE = {
    "/resident": "坐席、班长、管理员",
    "/supervisor": "班长、管理员",
    "/wall": "班长、主管部门、管理员",
    "/family": "家属",
    "/go": "响应人员",
    "/tech": "技术员",
    "/admin": "管理员",
}


def account(district: District, role: str) -> str:
    """Somebody of this role who has all that their own page needs; the user name."""
    match role:
        case "family":
            return district.family("张敏", district.homes[0], "张敏")
        case "responder":
            return district.responder("马志强")
        case _:
            return district.operator("王敏", role)


def begin(page: Page, district: District, role: str) -> None:
    """Signed in as nobody but this role, or opened by a wall screen's link."""
    url = district.cloud.url
    page.context.clear_cookies()
    if role == "wall":
        made = district.cloud.post("/screens", {"name": "东墙", "area_code": district.area})
        page.goto(f"{url}/wall#screen={made['token']}")
    else:
        username = account(district, role)
        whose = {"username": username, "password": PASSWORDS[username]}
        answer = page.context.request.post(f"{url}/api/v1/session", data=whose, headers={"Origin": url})
        assert answer.ok, answer.text()
        page.goto(f"{url}/")
    expect(page).to_have_url(f"{url}{BEGINS[role]}")
    expect(page.locator("main")).to_be_visible()


def test_every_role_gets_its_pages_and_is_told_whose_the_others_are(
    district: District, open_seat: OpenSeat, axe: None
) -> None:
    resident = f"/resident/{district.home().resident_id}"
    page = open_seat(width=1366, height=768).page
    told = page.locator(".not-yours [role=alert]")
    refused: list[str] = []
    page.on("response", lambda one: refused.append(f"{one.status} {one.url}") if one.status > 401 else None)
    for role, pages in HAS.items():
        begin(page, district, role)
        for path, whose in WHOSE.items():
            page.evaluate(GO, resident if path == "/resident" else path)
            if path in pages:
                expect(page.locator("main:not(.plain-page)").first).to_be_visible()
                expect(told).to_have_count(0)
                if (role, path) == ("admin", "/resident"):
                    expect(page.locator("main")).to_contain_text("只有坐席和班长可以看体征。")
            else:
                expect(told).to_have_text(f"此页面供{whose}使用，您的账号打不开。")
        assert refused == [], role
    picture(page, "not-yours")
    assert violations(page) == []
    page.get_by_role("link", name="回到我的页面").click()
    expect(page.locator(".wall-count")).to_have_count(3)
