"""The supervisor in the browser: takes a case over, changes a policy, exports figures, reads who looked."""

import csv
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.cloud.console.conftest import OpenSeat, Seat
from tests.cloud.console.district import District
from tests.waiting import LIMIT_S

# The clock of the supervisor's machine.
AN_HOUR_FAST = """
const True = Date;
globalThis.Date = class extends True {
  constructor(...given) { super(...(given.length === 0 ? [True.now() + 3_600_000] : given)); }
  static now() { return True.now() + 3_600_000; }
};"""
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def at(seat: Seat, path: str) -> Page:
    """Go to an address of the console and wait for a live line."""
    seat.page.goto(f"{seat.home_url.rstrip('/')}{path}")
    seat.page.locator('.link[data-link="live"]').wait_for()
    return seat.page


def test_a_supervisor_takes_a_case_over_and_opens_it_at_the_desk(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    operator = open_seat().sign_in(district.operator("王敏"))
    seat = open_seat()
    seat.sign_in(district.operator("赵班长", "supervisor"))
    seat.page.get_by_role("link", name="班长台").click()
    page = seat.page
    district.alarm(home, "sos")
    expect(page.locator('[data-panel="chief-waiting"] li')).to_contain_text("紧急求助")
    expect(operator.locator('[data-group="waiting"] .row')).to_be_visible()
    operator.keyboard.press("F2")
    held = page.locator('[data-panel="chief-held"] li')
    expect(held).to_contain_text("王敏")
    expect(operator.locator(".case .log-list li").first).to_be_visible()
    operator.keyboard.press("Control+Enter")
    expect(operator.get_by_role("dialog")).to_be_visible()
    expect(page.locator('[data-panel="seats"] tbody tr').filter(has_text="王敏")).to_contain_text(
        "未登记话机"
    )
    held.get_by_role("button", name="接管").click()
    page.get_by_label("接管原因").fill("王敏突发不适")
    page.get_by_role("button", name="确认接管").click()
    expect(page.locator('[data-panel="chief-held"] .said')).to_contain_text("已由您接管")
    expect(held).to_contain_text("我")
    expect(operator.get_by_role("dialog")).to_have_count(0)
    expect(operator.locator(".notice")).to_have_text(f"{home.elder} 的警情已由 赵班长 接管")
    expect(operator.locator(".actions")).to_contain_text("赵班长 正在处理")
    (case,) = district.cases()
    assert case["owner"]["name"] == "赵班长"
    timeline = district.cloud.get(f"/cases/{case['id']}")["timeline"]
    assert [line["data"]["reason"] for line in timeline if line["kind"] == "taken_over"] == ["王敏突发不适"]
    held.get_by_role("button", name="打开").click()
    expect(page.locator(".case-body .log-list li").first).to_be_visible()


def test_the_load_of_a_seat_is_told_by_the_servers_clock(district: District, open_seat: OpenSeat) -> None:
    home, quiet = district.home(), district.operator("李娜")
    operator = open_seat().sign_in(district.operator("王敏"))
    open_seat().sign_in(quiet)
    district.alarm(home, "sos")
    expect(operator.locator('[data-group="waiting"] .row')).to_be_visible()
    operator.keyboard.press("F2")
    expect(operator.locator('[data-group="mine"] .row')).to_be_visible()
    district.alarm(home, *["smoke"] * 7)
    seat = open_seat()
    seat.page.add_init_script(AN_HOUR_FAST)
    seat.sign_in(district.operator("赵班长", "supervisor"))
    page = at(seat, "/supervisor")
    rows = page.locator('[data-panel="seats"] tbody tr')
    expect(rows.filter(has_text="王敏").locator("td").last).to_have_text(re.compile(r"^[78]\.0超过 6$"))
    expect(rows.filter(has_text="王敏")).to_contain_text("已启用")
    expect(rows.filter(has_text="赵班长")).to_contain_text("未启用")
    expect(rows.filter(has_text="李娜").locator("td").last).to_have_text(re.compile("^(0.0|—)$"))


def test_a_policy_is_changed_told_its_mistakes_and_never_overwritten_unseen(
    district: District, open_seat: OpenSeat
) -> None:
    seat = open_seat()
    seat.sign_in(district.operator("赵班长", "supervisor"))
    page = at(seat, "/supervisor/policies")
    page.get_by_role("button", name="新建").click()
    page.get_by_label("名称").fill("")
    page.get_by_label("第 1 步 等待（秒）").fill("abc")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".mistake")).to_have_text(["请填写名称", "0 至 86400 的整数"])
    page.get_by_label("名称").fill("滨江区夜间")
    page.get_by_label("地区代码（空为全部）").fill(district.area)
    page.get_by_label("第 1 步 等待（秒）").fill("45")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".said")).to_have_text("已保存为第 1 版")

    def stored() -> dict[str, object]:
        items = district.cloud.get("/escalation/policies")["items"]
        found: dict[str, object] = next(one for one in items if one["area_code"] == district.area)
        return found

    policy = stored()
    assert policy["steps"] == [
        {"delay_s": 45, "target": "supervisors", "channels": ["voice", "sms"], "repeats": False}
    ]
    body = {name: policy[name] for name in ("version", "priority", "area_code", "steps")} | {"name": "他人"}
    headers = {"Authorization": f"Bearer {district.cloud.token}"}
    url = f"{district.cloud.url}/api/v1/escalation/policies/{policy['id']}"
    assert httpx.put(url, json=body, headers=headers, timeout=LIMIT_S).status_code == 200
    page.get_by_label("名称").fill("我的修改")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".said")).to_contain_text("已被他人修改为第 2 版")
    page.get_by_role("button", name="载入最新版").click()
    expect(page.get_by_label("名称")).to_have_value("他人")
    page.get_by_label("名称").fill("我的修改")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".said")).to_have_text("已保存为第 3 版")
    assert stored()["name"] == "我的修改"


def test_a_protocol_is_changed_by_one_a_stale_second_editor_is_told_and_a_running_case_keeps_its_steps(
    district: District, open_seat: OpenSeat
) -> None:
    homes = [district.home() for _ in range(2)]
    desk = open_seat().sign_in(district.operator("王敏"))
    steps = desk.locator('[data-panel="steps"]')
    district.alarm(homes[0], "medication_missed")
    expect(desk.locator('[data-group="waiting"] .row')).to_be_visible()
    desk.keyboard.press("F2")
    expect(steps).to_contain_text("漏服药 第 1 版")

    def opened(name: str) -> Page:
        seat = open_seat()
        seat.sign_in(district.cloud.user(name, "supervisor")[1])
        page = at(seat, "/supervisor/protocols")
        page.locator(".record").filter(has_text="漏服药").click()
        expect(page.locator("summary")).to_have_count(1)
        return page

    def stored() -> dict[str, Any]:
        newest: dict[str, Any] = district.cloud.get("/protocols/medication")["items"][0]
        return newest

    before = stored()["steps"]
    first, second = opened("赵班长"), opened("钱副班长")
    first.get_by_label("第 1 步 中文").fill("先看服药记录")
    first.get_by_label("第 1 步 动作").select_option(label="写记录")
    ends = first.get_by_label("第 1 步 完成条件").locator("option")
    expect(ends).to_have_text(["已写记录", "手工勾选"])
    first.get_by_role("button", name="下移 第 1 步").click()
    expect(first.get_by_label("第 2 步 中文")).to_have_value("先看服药记录")
    first.get_by_role("button", name="保存").click()
    expect(first.locator(".said")).to_have_text("已保存为第 2 版")
    expect(first.locator("summary")).to_have_count(2)
    expect(first.locator("summary").first).to_contain_text("第 2 版 · 赵班长 · ")
    made = stored()
    assert (made["version"], made["changed_by"], made["steps"][0]) == (2, "赵班长", before[1])
    assert made["steps"][1]["text_zh"] == "先看服药记录"
    assert made["steps"][1]["action"] == "note"

    desk.reload()
    desk.locator('[data-group="mine"] .row-open').click()
    expect(steps).to_contain_text("漏服药 第 1 版")
    expect(steps.locator(".step-text").first).to_have_text(before[0]["text_zh"])
    district.alarm(homes[1], "medication_missed")
    expect(desk.locator('[data-group="waiting"] .row').filter(has_text=homes[1].elder)).to_be_visible()
    desk.keyboard.press("F2")
    expect(desk.locator(".case .person b")).to_have_text(homes[1].elder)
    expect(steps).to_contain_text("漏服药 第 2 版")
    expect(steps.locator(".step-text")).to_contain_text([before[1]["text_zh"], "先看服药记录"])

    second.get_by_label("第 1 步 英文").fill("Mine")
    second.get_by_role("button", name="保存").click()
    expect(second.locator(".said")).to_contain_text("已被他人修改为第 2 版")
    assert stored() == made
    second.get_by_role("button", name="载入最新版").click()
    expect(second.get_by_label("第 2 步 中文")).to_have_value("先看服药记录")
    expect(second.locator("summary")).to_have_count(2)


def test_a_shift_and_a_holiday_are_planned(district: District, open_seat: OpenSeat) -> None:
    seat = open_seat()
    chief = f"赵班长 {district.area}"
    seat.sign_in(district.cloud.user(chief, "supervisor")[1])
    page = at(seat, "/supervisor/schedules")
    page.locator(".chief-records").get_by_role("button", name="新建").click()
    page.locator(".editor").get_by_label("名称").fill("滨江班长")
    page.locator(".editor").get_by_label("地区代码（空为全部）").fill(district.area)
    page.locator(".editor").get_by_role("button", name="保存").click()
    expect(page.locator(".mistake")).to_have_text(["至少一人"])
    page.get_by_label("值班人员 添加…").select_option(label=chief)
    page.get_by_label("开始").fill("00:00")
    page.get_by_label("结束").fill("00:00")
    page.locator(".editor").get_by_role("button", name="保存").click()
    expect(page.locator(".editor .said")).to_have_text("已保存为第 1 版")
    expect(page.locator(".records")).to_contain_text(f"当前值班：{chief}")
    holidays = page.locator('[data-panel="chief-holidays"]')
    holidays.get_by_label("年份").select_option(index=2)
    year = int(holidays.get_by_label("年份").input_value())
    holidays.get_by_role("button", name="添加日期").click()
    holidays.get_by_label("日期").last.fill(f"{year}-10-01")
    holidays.get_by_label("名称").last.fill("国庆节")
    holidays.get_by_role("button", name="保存").click()
    expect(holidays.locator(".said")).to_contain_text("已保存")
    assert {"day": f"{year}-10-01", "name": "国庆节", "off": True} in district.cloud.get(
        f"/duty/holidays/{year}"
    )["items"]


def test_figures_are_taken_away_as_they_are_shown(
    district: District, open_seat: OpenSeat, tmp_path: Path
) -> None:
    home = district.home()
    operator = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(operator.locator('[data-group="waiting"] .row')).to_be_visible()
    operator.keyboard.press("F2")
    expect(operator.locator('[data-group="mine"] .row')).to_be_visible()
    seat = open_seat()
    seat.sign_in(district.operator("赵班长", "supervisor"))
    page = at(seat, "/supervisor/kpi")
    expect(page.locator('[data-panel="kpi-promises"]')).to_contain_text("全部 1 件 · 须处置 1 件")
    expect(page.locator('[data-panel="kpi-groups"] tbody tr')).to_contain_text("王敏")
    cells = page.locator('[data-panel="kpi-groups"] tbody tr').locator("th, td").all_text_contents()
    shown = [cells[0], *(float(cells[number].removesuffix(" s")) for number in (1, 2, 3, 6, 9))]
    names = ("cases_all", "cases_acted", "answer_p50_s", "dispatched", "floods")
    for link in ("导出 CSV", "导出 Excel"):
        with page.expect_download() as download:
            page.get_by_role("link", name=link).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        everything, seat_s = taken_away(path)
        assert [float(everything[name]) for name in ("cases_all", "urgent_all")] == [1, 1], path.name
        figures = [round(float(seat_s[name]), 1) for name in names]
        assert [seat_s["label"], *figures] == shown, path.name


def taken_away(path: Path) -> list[dict[str, Any]]:
    """The figures of everything and of each group, by name, from an exported file."""
    if path.suffix == ".csv":
        return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    names, *groups = zip(*(row for row in rows if row[0] is not None), strict=True)
    return [{"label": group[0], **dict(zip(names, group, strict=True))} for group in groups]


def test_the_audit_trail_shows_who_looked_at_a_door_code(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    operator = open_seat().sign_in(district.operator("王敏"))
    district.alarm(home, "sos")
    expect(operator.locator('[data-group="waiting"] .row')).to_be_visible()
    operator.keyboard.press("F2")
    operator.get_by_role("button", name=re.compile("显示密码")).click()
    expect(operator.get_by_text(re.compile("^88[0-9]{4}#$"))).to_be_visible()
    seat = open_seat()
    seat.sign_in(district.operator("赵班长", "supervisor"))
    page = at(seat, "/supervisor/audit")
    page.get_by_label("动作").select_option(label="查看门锁密码")
    page.get_by_role("button", name="查询").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("王敏")
    expect(rows).to_contain_text("警情")
    page.get_by_label("动作").select_option(label="查阅审计")
    page.get_by_role("button", name="查询").click()
    expect(rows.first).to_contain_text("赵班长")
    expect(rows.first.locator(".audit-detail")).to_contain_text("动作 查看门锁密码")
