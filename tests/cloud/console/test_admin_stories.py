"""An administrator's day in the browser: a home with bed, elder and device; a register that is put right."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.cloud.api.test_import import HEAD
from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.district import PASSWORDS, District
from tests.cloud.console.looks import check_everywhere
from tests.cloud.console.test_phone_stories import Desk
from tests.cloud.imports.test_reader import workbook
from tests.waiting import wait_until

GO = "(path) => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')) }"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def sign_in(district: District, open_seat: OpenSeat, place: str) -> Page:
    username = district.operator("孙管理", "admin")
    seat = open_seat()
    seat.input_may_be_refused = True
    seat.page.goto(f"{seat.home_url}admin/{place}")
    seat.page.get_by_label("用户名").fill(username)
    seat.page.get_by_label("密码").fill(PASSWORDS[username])
    seat.page.locator("button[type=submit]").click()
    seat.page.locator(".admin-page h2").wait_for()
    return seat.page


def test_a_home_a_bed_an_elder_and_a_device_are_registered(district: District, open_seat: OpenSeat) -> None:
    page = sign_in(district, open_seat, "homes")
    page.get_by_role("link", name="新建").click()
    page.get_by_label("区划").select_option(district.area)
    page.get_by_label("机构").select_option(label="康养中心")
    page.get_by_label("小区").fill("桂花苑")
    page.get_by_label("门锁密码").fill("7788#")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="桂花苑")).to_be_visible()
    page.get_by_label("名称").fill("东卧")
    page.get_by_role("button", name="添加床位").click()
    page.get_by_role("link", name="登记老人到此床位").click()
    expect(page.get_by_label("姓名")).to_be_visible()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("请填写")).to_be_visible()
    page.get_by_label("姓名").fill("赵一")
    page.get_by_label("身份证号").fill("110105194912310021")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".field .wrong")).to_contain_text("校验码")
    page.get_by_label("身份证号").fill("11010519491231002X")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="赵一")).to_be_visible()
    expect(page.get_by_text("末四位 002X")).to_be_visible()
    page.get_by_role("link", name="桂花苑").click()
    page.get_by_role("link", name="登记设备到此住户").click()
    page.get_by_label("设备编号").fill(f"zb-{district.area}")
    page.get_by_label("类别").fill("zigbee2mqtt")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("table", name="安装记录")).to_contain_text("桂花苑")
    page.get_by_role("link", name="返回列表").click()
    page.get_by_role("searchbox").fill("zy")
    expect(page.get_by_role("table", name="设备", exact=True)).to_contain_text(f"zb-{district.area}")
    for part, row in (("床位与住户", "桂花苑"), ("老人", "赵一")):
        page.get_by_role("link", name=part).click()
        expect(page.get_by_role("heading", name=part, exact=True)).to_be_visible()
        page.get_by_role("searchbox").fill("没有这个人")
        expect(page.locator(".register")).to_contain_text("没有符合的记录")
        page.get_by_role("searchbox").fill("zy")
        expect(page.locator(".register")).to_contain_text(row)


def test_a_member_of_staff_is_made_changed_and_shut_out(district: District, open_seat: OpenSeat) -> None:
    page = sign_in(district, open_seat, "staff/new")
    form = page.get_by_role("form", name="人员")
    form.get_by_label("登录名").fill(f"li-{district.area}")
    form.get_by_label("姓名").fill("李娜")
    form.get_by_label("区划").select_option(district.area)
    form.get_by_role("button", name="保存").click()
    PASSWORDS[f"li-{district.area}"] = page.locator(".once code").inner_text()
    desk = open_seat().sign_in(f"li-{district.area}")
    expect(desk.locator(".top .seat")).to_contain_text("李娜")
    page.get_by_role("link", name="返回列表").click()
    page.get_by_role("searchbox").fill("ln")
    page.get_by_role("link", name="李娜").click()
    form.get_by_label("姓名").fill("李娜娜")
    form.get_by_label("可登录").uncheck()
    form.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="李娜娜")).to_be_visible()
    expect(desk.locator(".sign-in .late")).to_contain_text("登录已失效")


def test_a_responder_is_made_in_the_browser_and_can_be_sent(district: District, open_seat: OpenSeat) -> None:
    home = district.home()
    page = sign_in(district, open_seat, "areas")
    zone = page.get_by_role("form", name="响应片区")
    zone.get_by_label("名称").fill(f"滨江 {district.area}")
    zone.get_by_label("区划").select_option(district.area)
    zone.get_by_label("出发点纬度").fill("37.432")
    zone.get_by_label("出发点经度").fill("118.671")
    zone.get_by_role("button", name="添加").click()
    expect(page.get_by_role("table", name="响应片区")).to_contain_text(f"滨江 {district.area}")
    page.evaluate(GO, "/admin/staff/new")
    form = page.get_by_role("form", name="人员")
    form.get_by_label("登录名").fill(f"ma-{district.area}")
    form.get_by_label("姓名").fill("马志强")
    form.get_by_label("角色").select_option("responder")
    form.get_by_label("区划").select_option(district.area)
    form.get_by_role("button", name="保存").click()
    page.get_by_role("link", name="打开 马志强").click()
    going = page.get_by_role("form", name="作为响应人员")
    expect(page.get_by_text("保存之前不能被派单")).to_be_visible()
    going.get_by_label("所属片区").select_option(label=f"滨江 {district.area}")
    going.get_by_label("急救证").check()
    going.get_by_role("button", name="保存").click()
    expect(page.get_by_text("保存之前不能被派单")).to_have_count(0)
    expect(going.get_by_label("急救证")).to_be_checked()
    district.alarm(home, "sos")
    wait_until(lambda: len(district.cases()) == 1)
    (case,) = district.cases()
    desk = Desk(district.cloud, district.operator("王敏"))
    (able,) = desk.get(f"/cases/{case['id']}/responders")["items"]
    assert (able["name"], able["skills"], able["standing"]) == ("马志强", ["first_aid"], "free")
    assert able["minutes"] is not None


def test_a_register_is_checked_put_right_and_imported(
    district: District, open_seat: OpenSeat, tmp_path: Path
) -> None:
    page = sign_in(district, open_seat, "import")
    file = tmp_path / "登记表.xlsx"
    row = [
        "钱一",
        "3.70502E+17",
        "13800000001",
        district.area,
        "桂花苑",
        "1栋",
        "101",
        "钱二",
        "儿子",
        "13900000009",
    ]
    file.write_bytes(workbook(HEAD, row))
    page.get_by_label("没写机构的行归入").select_option(label="康养中心")
    page.get_by_label("登记表").set_input_files(file)
    page.get_by_role("button", name="检查").click()
    wrong = page.get_by_role("table", name="有误")
    expect(wrong).to_contain_text("3.70502E+17")
    expect(page.get_by_role("button", name=re.compile("导入 0 行"))).to_be_disabled()
    row[1] = ""
    file.write_bytes(workbook(HEAD, row))
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_role("alert")).to_contain_text("请重新选择这个文件")
    page.get_by_label("登记表").set_input_files(file)
    page.get_by_role("button", name="检查").click()
    page.get_by_role("button", name="导入 1 行").click()
    expect(page.get_by_text("导入完成：新增 1")).to_be_visible()
    row[6] = "102"
    plain = tmp_path / "登记表.csv"
    plain.write_text("\r\n".join(",".join(line) for line in (HEAD, row)), encoding="gb18030")
    page.get_by_label("登记表").set_input_files(plain)
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_text("CSV GB18030，表头在第 1 行")).to_be_visible()
    expect(page.get_by_role("table", name="可能重复")).to_contain_text("姓名和电话相同")
    page.get_by_label("第 2 行怎样处理").select_option(label="合并到已有档案")
    page.get_by_role("button", name="导入 1 行").click()
    expect(page.get_by_text("导入完成：新增 0，合并 1")).to_be_visible()
    page.get_by_role("link", name="老人").click()
    expect(page.get_by_role("table", name="老人")).to_contain_text("钱一")


def test_limits_a_safe_zone_and_a_name_are_put_right_and_equipment_is_retired(
    district: District, open_seat: OpenSeat
) -> None:
    home = district.home()
    page = sign_in(district, open_seat, f"residents/{home.resident_id}")
    limits = page.get_by_role("form", name="个人限值")
    limits.get_by_label("心率 正常上限").fill("95")
    limits.get_by_label("心率 紧急上限").fill("90")
    limits.get_by_role("button", name="保存").click()
    expect(limits.get_by_role("alert")).to_contain_text("心率：各限值须从小到大")
    limits.get_by_label("心率 紧急上限").fill("130")
    limits.get_by_role("button", name="保存").click()
    page.reload()
    expect(limits.get_by_label("心率 紧急上限")).to_have_value("130")

    contacts = page.locator(".contacts-edited")
    contacts.get_by_label("电话 2").fill("13911112222")
    contacts.get_by_role("button", name="上移 张敏").click()
    expect(contacts.get_by_label("姓名 1")).to_have_value("张敏")
    contacts.get_by_role("button", name="保存").click()
    page.reload()
    expect(contacts.get_by_label("电话 1")).to_have_value("13911112222")
    expect(contacts.get_by_label("姓名 2")).to_have_value("张伟")

    relatives = f"kin-{district.area}"
    district.cloud.post("/staff", {"username": relatives, "name": "张伟", "role": "family"})
    binding = page.get_by_role("form", name="绑定家属账号")
    binding.get_by_label("账号").fill(relatives)
    binding.get_by_label("联系人").select_option(label="长子 张伟")
    binding.get_by_label("同意", exact=False).first.fill("本人当面签字")
    binding.get_by_role("button", name="绑定家属账号").click()
    accounts = page.get_by_role("table", name="家属账号")
    expect(accounts).to_contain_text(f"张伟 · {relatives}")
    page.evaluate(GO, "/admin/family")
    end = page.get_by_role("button", name=f"结束 {relatives} 与 {home.elder} 的绑定")
    end.click()
    end.click()
    expect(accounts.locator("tr", has_text=relatives)).to_contain_text("已结束")
    page.get_by_role("link", name=home.elder).first.click()

    page.locator(".stay a").click()
    wifi = page.get_by_role("form", name="家中 Wi-Fi")
    addresses = wifi.get_by_label("MAC 地址")
    addresses.fill("A6-00-00-00-00-01")
    wifi.get_by_role("button", name="保存").click()
    expect(wifi.get_by_role("alert")).to_contain_text("手机热点")
    addresses.fill("A4-00-00-00-00-01，a40000000002")
    wifi.get_by_role("button", name="保存").click()
    expect(addresses).to_have_value("a4:00:00:00:00:01\na4:00:00:00:00:02")
    zone = page.get_by_role("form", name="安全范围")
    corners = [[118.66, 37.43], [118.68, 37.43], [118.68, 37.44], [118.66, 37.43]]
    zone.get_by_label("GeoJSON").fill(json.dumps({"type": "Polygon", "coordinates": [corners]}))
    zone.get_by_label("粘贴的坐标来自").select_option("GCJ02")
    expect(zone.locator("path.map-fence")).to_be_visible()
    zone.get_by_role("button", name="去掉最后一点").click()
    expect(zone.get_by_text("区域共 2 个点")).to_be_visible()
    zone.locator(".map-canvas").click(position={"x": 200, "y": 300})
    expect(zone.get_by_text("区域共 3 个点")).to_be_visible()
    zone.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="改名：主卧床位").click()
    page.get_by_label("改名：主卧床位").fill("东卧")
    page.get_by_role("table", name="床位").get_by_role("button", name="保存").click()
    expect(page.get_by_role("table", name="床位")).to_contain_text("东卧")
    ring = district.cloud.get(f"/homes/{page.url.rpartition('/')[2]}")["safe_ring"]
    assert len(ring) == 3
    assert 118.652 < ring[0]["lon"] < 118.658, "what was copied from a GCJ-02 map is kept in WGS-84"

    page.get_by_role("link", name=home.watch).click()
    page.get_by_label("原因").fill("表带断裂，已回收")
    page.get_by_role("button", name="停用").click()
    expect(page.get_by_text("已停用，自")).to_be_visible()
    expect(page.get_by_role("table", name="安装记录")).not_to_contain_text("仍在")
    page.evaluate(GO, f"/admin/gateways/{home.gateway}")
    page.get_by_label("原因").fill("换新网关")
    page.get_by_role("button", name="停用").click()
    expect(page.get_by_role("button", name="恢复使用")).to_be_visible()


def test_no_page_of_administration_scrolls_or_breaks_a_rule(
    district: District, open_seat: OpenSeat, tmp_path: Path
) -> None:
    home = district.home()
    home_id = district.cloud.get(f"/residents/{home.resident_id}")["bed"]["home_id"]
    page = sign_in(district, open_seat, "residents")
    for place in (
        "residents",
        f"residents/{home.resident_id}",
        f"homes/{home_id}",
        "devices",
        f"gateways/{home.gateway}",
        "staff/new",
        "family",
        "areas",
        "screens",
        "import",
    ):
        page.evaluate(GO, f"/admin/{place}")
        expect(page.locator(".admin-page [role=status]", has_text="正在读取")).to_have_count(0)
        expect(page.locator(".admin-page h2")).to_be_visible()
        check_everywhere(page, f"admin-{place.split('/')[0]}-{len(place)}", may_scroll=True)
