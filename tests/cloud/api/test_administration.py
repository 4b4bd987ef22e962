"""Administration over HTTP: lists, changes, two admins at once, borders of areas, users and passwords."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.alarms.alarm import AlarmDraft
from cloud.api.services import Services
from cloud.cases import by_time
from cloud.cases.intake import take_alarm
from cloud.database.pool import Connection
from cloud.registry import equipment
from cloud.supervision import canaries
from tests.cloud.api.conftest import EAST, Town, bearer, ring, sign_in

pytestmark = pytest.mark.postgres

ID_NUMBER = "11010519491231002X"


class Desk:
    """An admin program."""

    def __init__(self, http: httpx.AsyncClient, town: Town) -> None:
        self._http, self._headers = http, bearer(town, "admin")

    async def ask(self, method: str, path: str, body: Any = None, expected: int = 200) -> dict[str, Any]:
        answer = await self._http.request(method, f"/api/v1{path}", json=body, headers=self._headers)
        assert answer.status_code == expected, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def get(self, path: str) -> dict[str, Any]:
        return await self.ask("GET", path)


@pytest.fixture
def desk(http: httpx.AsyncClient, town: Town) -> Desk:
    return Desk(http, town)


async def test_areas_organisations_homes_and_residents_are_listed_in_pages(desk: Desk, town: Town) -> None:
    areas = (await desk.get("/areas?limit=2"))["items"]
    assert [area["code"] for area in areas] == ["3705", "370502"]
    rest = (await desk.get("/areas?after=370502"))["items"]
    assert [(area["code"], area["homes"]) for area in rest] == [("370503", 1)]
    assert [org["homes"] for org in (await desk.get("/orgs"))["items"]] == [2]
    first = (await desk.get("/homes?limit=1"))["items"]
    second = (await desk.get(f"/homes?after={first[0]['id']}"))["items"]
    assert [first[0]["residents"], second[0]["residents"]] == [["王秀英"], ["王秀英"]]
    assert len((await desk.get("/homes?text=胜利小区3号"))["items"]) == 2
    assert len((await desk.get("/homes?area=370503"))["items"]) == 1
    register = (await desk.get("/register?area=370502"))["items"]
    assert [(one["name"], one["state"], one["contacts"]) for one in register] == [("王秀英", "active", 1)]
    assert (await desk.get("/register?without_bed=true"))["items"] == []


async def test_every_list_is_searched_by_name_initials_telephone_and_address(
    desk: Desk, http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    now, east = services.clock.now(), town.east
    async with conn.transaction():
        await equipment.register_device(conn, now=now, device_id="watch-77", family="watch")
        await equipment.install_device(
            conn, now=now, device_id="watch-77", home_id=east.home_id, bed_id=east.bed_id
        )

    await desk.ask("POST", "/gateways", {"id": "gw-77", "home_id": str(east.home_id), "kind": "home"}, 201)

    async def found(path: str, text: str) -> list[Any]:
        return list((await desk.get(f"/{path}{'&' if '?' in path else '?'}text={text}"))["items"])

    for text in ("王秀", "wxy", "WangXiuYing", "138-0000-0", "0000", "胜利小区3号楼", "胜利小区 501"):
        assert [one["name"] for one in await found("register?area=370502", text)] == ["王秀英"], text
        assert [one["id"] for one in await found("homes?area=370502", text)] == [str(east.home_id)], text
        assert [one["id"] for one in await found("devices", text)] == ["watch-77"], text
        assert [one["id"] for one in await found("gateways", text)] == ["gw-77"], text
    assert [one["id"] for one in await found("devices", "CH-77")] == ["watch-77"]
    (device,) = await found("devices", "77")
    assert device["place"] == "胜利小区 3号楼 2单元 501"
    for path in ("register", "homes", "devices", "gateways", "staff"):
        assert await found(path, "没有这个") == [], path
    assert await found("register", "3800") == [], "four digits are a telephone's last, not its middle"
    looks = await conn.execute("select count(*) from audit where detail ->> 'search' = 'wxy'")
    assert await looks.fetchone() == (4,), "who looked for a person in any list is kept"

    made = await desk.ask("POST", "/staff", {"username": "zs", "name": "曾珊", "role": "operator"}, 201)
    await conn.execute(
        "insert into notification_address values ('staff', %s, 'voice', '13955556666', false, %s)",
        (made["id"], now),
    )
    for text in ("曾", "zengshan", "zs", "5555-6666"):
        assert made["id"] in [one["id"] for one in await found("staff", text)], text
    body = {
        "name": "单珊",
        "role": "operator",
        "area_code": "",
        "org_id": None,
        "active": True,
        "revision": 1,
    }
    await desk.ask("PUT", f"/staff/{made['id']}", body)
    assert [one["name"] for one in await found("staff", "shanshan")] == ["单珊"]
    assert await found("staff", "zengshan") == []

    technician = bearer(town, "technician")
    for text, count in (("胜利小区", 1), ("watch-77", 1), ("wxy", 0), ("13800000000", 0)):
        answer = await http.get(f"/api/v1/devices?text={text}", headers=technician)
        assert len(answer.json()["items"]) == count, "a technician finds homes, not people"


async def test_the_canarys_home_is_on_no_list_and_no_default_of_an_import(
    desk: Desk, conn: Connection, services: Services, town: Town
) -> None:
    lists = ("areas", "orgs", "homes", "gateways", "devices")
    before = [await desk.get(f"/{name}") for name in lists]
    wall = (await desk.get("/wall"))["gateways"]
    await canaries.found(conn, now=services.clock.now(), verifiers=("b", "p"), token_hash=b"token")
    assert [await desk.get(f"/{name}") for name in lists] == before
    assert (await desk.get("/wall"))["gateways"] == wall
    file = f"姓名,区划\n钱一,{town.east.area}\n".encode()
    checked = await desk._http.post("/api/v1/import/dry-run", content=file, headers=desk._headers)
    assert (checked.json()["new"], checked.json()["problems"]) == (1, []), "the only organisation is meant"


async def test_of_two_admins_who_change_the_same_home_the_second_is_told(desk: Desk, town: Town) -> None:
    path = f"/homes/{town.east.home_id}"
    home = await desk.get(path)
    body = {"revision": home["revision"], "area_code": "370502", "org": "康养中心", "compound": "新小区"}
    answers = await asyncio.gather(
        *(desk._http.put(f"/api/v1{path}", json=body, headers=desk._headers) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    clash = next(answer.json() for answer in answers if answer.status_code == 409)
    assert (clash["revision"], clash["changed_by"]) == (home["revision"] + 1, "program-admin")
    assert "刚被program-admin改过" in clash["detail_zh"]
    assert (await desk.get(path))["compound"] == "新小区"


async def test_a_door_code_stays_changes_or_goes_and_is_never_shown(
    desk: Desk, conn: Connection, town: Town
) -> None:
    path = f"/homes/{town.east.home_id}"
    body: dict[str, Any] = {"area_code": "370502", "org": "康养中心"}

    async def door() -> tuple[Any, ...] | None:
        query = "select door_code_hmac, door_code_cipher is null from home where id = %s"
        return await (await conn.execute(query, (town.east.home_id,))).fetchone()

    before = await door()
    await desk.ask("PUT", path, body | {"revision": 1})
    assert await door() == before
    await desk.ask("PUT", path, body | {"revision": 2, "door_code": "9911#"})
    assert await door() != before
    assert "9911" not in str(await desk.get(path))
    await desk.ask("PUT", path, body | {"revision": 3, "door_code": ""})
    assert await door() == (None, True)
    assert (await desk.get(path))["has_door_code"] is False


async def test_an_elder_is_changed_with_an_id_number_that_is_checked_and_free(desk: Desk, town: Town) -> None:
    path = f"/residents/{town.east.resident_id}"
    body = {"name": "王秀兰", "birth_date": "1949-12-31", "phones": ["138 0000 1111"], "revision": 1}
    await desk.ask("PUT", path, body | {"id_number": "110105194912310021"}, 422)
    await desk.ask("PUT", path, body | {"id_number": ID_NUMBER})
    shown = await desk.get(path)
    assert (shown["name"], shown["phones"], shown["id_number_ends"], shown["revision"]) == (
        "王秀兰", ["13800001111"], "002X", 2,
    )  # fmt: skip
    other = f"/residents/{town.west.resident_id}"
    taken = await desk.ask("PUT", other, body | {"id_number": ID_NUMBER}, 409)
    assert taken["existing_id"] == str(town.east.resident_id)
    await desk.ask("PUT", path, body, 409)


async def test_contacts_are_called_in_the_order_given_and_who_is_left_out_stays_a_person(
    desk: Desk, conn: Connection, town: Town
) -> None:
    path = f"/residents/{town.east.resident_id}"
    people = [
        {"name": "李强", "relation": "邻居", "phone": "13900000001", "has_key": True},
        {"name": "王刚", "relation": "儿子", "phone": "13900000002"},
    ]
    await desk.ask("PUT", f"{path}/contacts", {"revision": 1, "contacts": people})
    await desk.ask("PUT", f"{path}/contacts", {"revision": 2, "contacts": people[::-1]})
    assert [one["name"] for one in (await desk.get(path))["contacts"]] == ["王刚", "李强"]
    await desk.ask("PUT", f"{path}/contacts", {"revision": 3, "contacts": [people[0]] * 2}, 422)
    row = await (await conn.execute("select count(*) from person where name = '王芳'")).fetchone()
    assert row == (1,)


async def test_an_elder_moves_to_a_free_bed_of_another_area_and_belongs_there(desk: Desk, town: Town) -> None:
    path = f"/residents/{town.east.resident_id}/bed"
    await desk.ask("PUT", path, {"revision": 1, "bed_id": str(town.west.bed_id)}, 409)
    bed = (await desk.ask("POST", f"/homes/{town.west.home_id}/beds", {"label": "2"}, 201))["id"]
    await desk.ask("PUT", path, {"revision": 1, "bed_id": bed})
    shown = await desk.get(f"/residents/{town.east.resident_id}")
    assert (shown["bed"]["bed_id"], shown["area_code"]) == (bed, "370503")
    await desk.ask("PUT", path, {"revision": 2, "bed_id": None})
    assert len((await desk.get("/register?without_bed=true"))["items"]) == 1


async def test_a_device_and_a_gateway_are_changed_and_a_retired_gateway_may_not_connect(
    desk: Desk, conn: Connection, town: Town
) -> None:
    home = str(town.east.home_id)
    await desk.ask("POST", "/devices", {"id": "zb-1", "family": "sos", "home_id": home}, 201)
    await desk.ask("PUT", "/devices/zb-1", {"revision": 1, "family": "smoke", "model": "A1"})
    await desk.ask("PUT", "/devices/zb-1", {"revision": 1, "family": "smoke"}, 409)
    places = (await desk.get("/devices/zb-1/installations"))["items"]
    assert [(place["home_id"], place["until"]) for place in places] == [(home, None)]
    await desk.ask("POST", "/gateways", {"id": "gw-9", "home_id": home}, 201)
    body = {"revision": 1, "home_id": str(town.west.home_id), "network": {"link": "4g"}, "retired": True}
    await desk.ask("PUT", "/gateways/gw-9", body)
    shown = await desk.get("/gateways/gw-9")
    assert (shown["area_code"], shown["network"], shown["retired_at"] is None) == (
        "370503", {"link": "4g"}, False,
    )  # fmt: skip
    row = await (await conn.execute("select count(*) from gateway where retired_at is null")).fetchone()
    assert row == (0,)


async def test_a_retired_device_is_installed_nowhere_missed_by_nobody_and_keeps_its_history(
    desk: Desk, conn: Connection, services: Services, town: Town
) -> None:
    home = str(town.east.home_id)
    await desk.ask("POST", "/devices", {"id": "zb-1", "family": "smoke", "home_id": home}, 201)
    now = services.clock.now()
    fault = AlarmDraft(
        subject_kind="home", subject_id=home, alarm_class="technical", kind="device_offline", priority=4,
        device_key=1, device_id="zb-1", home_id=town.east.home_id, area_code=EAST, org_id=town.org_id,
        occurred_at=now, received_at=now, rule_version="1",
    )  # fmt: skip
    case_id = (await take_alarm(conn, fault, now)).case_id
    body = {"revision": 1, "family": "smoke", "model": "A1", "room": "厨房"}
    await desk.ask("PUT", "/devices/zb-1", body)
    await desk.ask("POST", "/devices/zb-1/retirement", {"revision": 1, "reason": "坏了"}, 409)
    await desk.ask("POST", "/devices/zb-1/retirement", {"revision": 2, "reason": "坏了"})
    assert await by_time.settle(conn, case_id, now=now)
    assert (await desk.get(f"/devices?home={home}"))["items"] == (await desk.get("/devices"))["items"] == []
    assert [one["id"] for one in (await desk.get("/devices?retired=true"))["items"]] == ["zb-1"]
    place = (await desk.get("/devices/zb-1/installations"))["items"][0]
    assert (place["room"], place["until"] is None) == ("厨房", False)
    await desk.ask("POST", "/devices/zb-1/installations", {"home_id": home}, 201)
    assert (await desk.get("/devices/zb-1"))["retired_at"] is None


async def test_a_safe_zone_is_a_ring_that_encloses_an_area_once(desk: Desk, town: Town) -> None:
    home = f"/homes/{town.east.home_id}"
    square = [
        {"lat": lat, "lon": lon} for lat, lon in ((37, 118), (37, 118.01), (37.01, 118.01), (37.01, 118))
    ]
    bow = [square[0], square[2], square[1], square[3]]
    told = await desk.ask("PUT", f"{home}/safe-zone", {"revision": 1, "ring": bow}, 422)
    assert "交叉" in told["detail_zh"]
    await desk.ask("PUT", f"{home}/safe-zone", {"revision": 1, "ring": [*square, square[0]]})
    assert (await desk.get(home))["safe_ring"] == square
    told = await desk.ask("PUT", f"{home}/safe-zone", {"revision": 1, "radius_m": 300}, 409)
    assert told["changed_by"] == "program-admin"
    await desk.ask("PUT", f"{home}/safe-zone", {"revision": 2, "radius_m": 300})
    assert (await desk.get(home))["safe_ring"] is None


async def test_the_wifi_of_a_home_is_given_as_it_stands_on_the_router(desk: Desk, town: Town) -> None:
    home = f"/homes/{town.east.home_id}"
    given = ["A4-00-00-00-00-01", "a400.0000.0002", "a4:00:00:00:00:01"]
    await desk.ask("PUT", f"{home}/access-points", {"revision": 1, "access_points": given})
    assert (await desk.get(home))["access_points"] == ["a4:00:00:00:00:01", "a4:00:00:00:00:02"]
    for wrong, words in (
        ("a6:00:00:00:00:01", "手机热点"),
        ("01:00:5e:00:00:01", "组播"),
        ("a4:00:00:00:01", "不是 MAC"),
        ("00:00:00:00:00:00", "不是 MAC"),
    ):
        told = await desk.ask("PUT", f"{home}/access-points", {"revision": 2, "access_points": [wrong]}, 422)
        assert words in told["detail_zh"], wrong
        assert told["field"] == "access_points"
    many = [f"a4:00:00:00:01:{n:02x}" for n in range(17)]
    await desk.ask("PUT", f"{home}/access-points", {"revision": 2, "access_points": many}, 422)
    told = await desk.ask("PUT", f"{home}/access-points", {"revision": 1, "access_points": []}, 409)
    assert told["changed_by"] == "program-admin"
    await desk.ask("PUT", f"{home}/access-points", {"revision": 2, "access_points": []})
    assert (await desk.get(home))["access_points"] == []


async def test_an_elders_limits_and_a_zone_are_changed_in_revisions(desk: Desk, town: Town) -> None:
    path = f"/residents/{town.east.resident_id}/limits"
    body = {"bands": {"heart_rate": {"low": 45, "high": 105}}, "fence": "attention"}
    assert (await desk.ask("PUT", f"{path}?revision=1", body))["revision"] == 2
    clash = await desk.ask("PUT", f"{path}?revision=1", body, 409)
    assert clash["changed_by"] == "program-admin"
    shown = await desk.get(path)
    assert (shown["limits"]["bands"]["heart_rate"]["high"], shown["limits"]["fence"]) == (105, "attention")
    assert (shown["product"]["spo2"]["low"], shown["not_understood"]) == (93, [])
    zone = {"name": "东城", "area_code": EAST, "lat": 37.4, "lon": 118.6}
    made = await desk.ask("POST", "/zones", zone, 201)
    assert (await desk.ask("PUT", f"/zones/{made['id']}", zone | {"revision": 1}))["revision"] == 2
    await desk.ask("PUT", f"/zones/{made['id']}", zone | {"revision": 1}, 409)


async def test_a_user_gets_a_password_once_is_changed_disabled_and_signed_out(
    desk: Desk, app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    given = {"username": "zhang-1", "name": "张静", "role": "operator", "area_code": "370502"}
    made = await desk.ask("POST", "/staff", given, 201)
    seat = await sign_in(app, "zhang-1", made["password"])
    listed = (await desk.get("/staff?text=张"))["items"]
    assert [(one["username"], one["role"]) for one in listed] == [("zhang-1", "operator")]
    renewed = await desk.ask("POST", f"/staff/{made['id']}/password")
    assert (await seat.get("/session")).status_code == 401
    seat = await sign_in(app, "zhang-1", renewed["password"])
    case_id = await ring(conn, services, town, town.east)
    assert (await seat.post(f"/cases/{case_id}/claim")).status_code == 200
    assert (await seat.post(f"/cases/{case_id}/call", {"call_s": 3600})).status_code == 200
    changed = {"name": "张静", "role": "supervisor", "area_code": "370502", "active": False}
    await desk.ask("PUT", f"/staff/{made['id']}", changed | {"revision": 1})
    async with conn.transaction():
        assert await by_time.hold_or_return(conn, case_id, now=services.clock.now()), "gone, not talking"
    await desk.ask("PUT", f"/staff/{made['id']}", changed | {"revision": 1}, 409)
    assert (await seat.get("/session")).status_code == 401
    row = await (await conn.execute("select count(*) from audit where detail::text like '%%' || %s || '%%'",
                                    (renewed["password"],))).fetchone()  # fmt: skip
    assert row == (0,)


async def test_an_admin_of_one_area_neither_sees_nor_makes_what_is_wider(
    desk: Desk, conn: Connection, town: Town
) -> None:
    await conn.execute("update api_token set area_code = '370502' where role = 'admin'")
    assert len((await desk.get("/homes"))["items"]) == 1
    assert [one["area_code"] for one in (await desk.get("/register"))["items"]] == ["370502"]
    assert {one["area_code"] for one in (await desk.get("/staff"))["items"]} == {"370502"}
    await desk.ask("GET", f"/homes/{town.west.home_id}", None, 404)
    wide = {"username": "boss", "name": "全市", "role": "admin"}
    await desk.ask("POST", "/staff", wide, 403)
    await desk.ask("PUT", f"/residents/{town.west.resident_id}", {"name": "x", "revision": 1}, 403)
    move = {"revision": 1, "area_code": "370503", "org": "康养中心"}
    await desk.ask("PUT", f"/homes/{town.east.home_id}", move, 403)
    await desk.ask("PUT", "/areas/370503", {"revision": 1, "name": "x"}, 404)
    await desk.ask("PUT", f"/orgs/{town.org_id}", {"revision": 1, "name": "x"}, 403)


async def test_an_admin_does_not_disable_himself(app: FastAPI, town: Town) -> None:
    seat = await sign_in(app, "admin")
    body = {"name": "admin 甲", "role": "admin", "active": False, "revision": 1}
    answer = await seat.client.put(
        f"/api/v1/staff/{seat.info['user']['id']}", json=body, headers=seat.headers
    )
    assert (answer.status_code, "停用自己" in answer.json()["detail_zh"]) == (422, True)
