"""Registering people and equipment over HTTP: sealed numbers, duplicates, dated rows, secrets shown once."""

from datetime import timedelta
from typing import Any

import bcrypt
import httpx
import psycopg
import pytest

from cloud.api import equipment_schemas, registry_schemas
from cloud.api.services import Services
from cloud.api.times import iso_ms
from cloud.database.pool import Connection
from tests.cloud.api.conftest import MovedClock, PlacedHome, Town, bearer

pytestmark = pytest.mark.postgres

ID_NUMBER = "11010519491231002X"


class Admin:
    """Posts as an admin program."""

    def __init__(self, http: httpx.AsyncClient, town: Town, name: str = "admin") -> None:
        self._http, self._headers = http, bearer(town, name)

    async def post(self, path: str, body: dict[str, Any], expected: int = 201) -> dict[str, Any]:
        answer = await self._http.post(f"/api/v1{path}", json=body, headers=self._headers)
        assert answer.status_code == expected, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
def admin(http: httpx.AsyncClient, town: Town) -> Admin:
    return Admin(http, town)


async def new_bed(admin: Admin, home: PlacedHome) -> str:
    return str((await admin.post(f"/homes/{home.home_id}/beds", {"label": "2"}))["id"])


async def test_id_number_and_door_code_are_nowhere_readable_in_the_database(
    admin: Admin, conn: Connection, town: Town
) -> None:
    home = {"area_code": "370502", "org": "康养中心", "door_code": "7788#"}
    await admin.post("/homes", home)
    await admin.post(
        "/residents", {"name": "赵一", "id_number": ID_NUMBER, "bed_id": await new_bed(admin, town.east)}
    )
    for table in ("person", "home", "audit", "resident"):
        cursor = await conn.execute(
            psycopg.sql.SQL("select t::text from {} t").format(psycopg.sql.Identifier(table))
        )
        text = str(await cursor.fetchall())
        for secret in ("7788#", ID_NUMBER, b"7788#".hex(), ID_NUMBER.encode().hex()):
            assert secret not in text


async def test_an_id_number_gives_birth_date_and_sex_and_shows_only_its_end(
    admin: Admin, http: httpx.AsyncClient, town: Town
) -> None:
    made = await admin.post(
        "/residents",
        {"name": "赵一", "id_number": "11010519491231002x", "bed_id": await new_bed(admin, town.east)},
    )
    answer = await http.get(f"/api/v1/residents/{made['id']}", headers=bearer(town, "operator"))
    shown = registry_schemas.ResidentDetail.model_validate_json(answer.content)
    assert (str(shown.birth_date), shown.sex, shown.id_number_ends) == ("1949-12-31", "female", "002X")
    assert ID_NUMBER not in answer.text


async def test_a_wrong_check_character_is_refused_in_both_languages(admin: Admin, town: Town) -> None:
    bed = await new_bed(admin, town.east)
    body = {"name": "赵一", "id_number": "110105194912310021", "bed_id": bed}
    problem = await admin.post("/residents", body, 422)
    assert "校验码" in problem["detail_zh"]
    assert "check character" in problem["detail"]


async def test_a_known_id_number_names_the_record_that_is_there(
    admin: Admin, conn: Connection, town: Town
) -> None:
    first_bed, second_bed = await new_bed(admin, town.east), await new_bed(admin, town.east)
    body = {"name": "赵一", "id_number": ID_NUMBER}
    made = await admin.post("/residents", body | {"bed_id": first_bed})
    again = await admin.post("/residents", body | {"bed_id": second_bed}, 409)
    assert again["existing_id"] == made["id"]
    await conn.execute("delete from resident_state where resident_id = %s", (made["id"],))
    await conn.execute("delete from bed_stay where resident_id = %s", (made["id"],))
    await conn.execute("delete from resident where id = %s", (made["id"],))
    other = await admin.post("/residents", body | {"name": "赵二", "bed_id": second_bed}, 409)
    assert "合并" in other["detail_zh"]
    assert (await admin.post("/residents", body | {"bed_id": second_bed}))["id"] != made["id"]
    cursor = await conn.execute("select count(*) from person where name = '赵一'")
    assert await cursor.fetchone() == (1,)


async def test_a_contact_of_two_elders_is_one_person(admin: Admin, conn: Connection, town: Town) -> None:
    contact = {"name": "赵明", "relation": "儿子", "phone": "138 1234-5678", "has_key": True}
    for name in ("赵父", "赵母"):
        bed = await new_bed(admin, town.east)
        await admin.post("/residents", {"name": name, "bed_id": bed, "contacts": [contact]})
    cursor = await conn.execute("select count(*) from person where name = '赵明'")
    assert await cursor.fetchone() == (1,)


async def test_a_bed_has_one_resident(admin: Admin, town: Town) -> None:
    problem = await admin.post("/residents", {"name": "赵一", "bed_id": str(town.east.bed_id)}, 409)
    assert problem["existing_id"] == str(town.east.resident_id)


async def test_hospital_ends_by_itself(
    admin: Admin, http: httpx.AsyncClient, town: Town, clock: MovedClock, services: Services
) -> None:
    path = f"/residents/{town.east.resident_id}"
    end = iso_ms(services.clock.now() + timedelta(days=3))
    await admin.post(f"{path}/state", {"state": "hospital", "until": end}, 200)

    async def state() -> str:
        answer = await http.get(f"/api/v1{path}", headers=bearer(town, "operator"))
        return str(answer.json()["state"]["state"])

    assert await state() == "hospital"
    clock.move(timedelta(days=3, seconds=1))
    assert await state() == "active"
    await admin.post(f"{path}/state", {"state": "away"}, 200)
    await admin.post(f"{path}/state", {"state": "deceased", "until": end}, 422)
    await admin.post(f"{path}/state", {"state": "deceased"}, 200)
    assert await state() == "deceased"


async def test_a_gateways_secret_is_shown_once_and_kept_as_verifiers(
    admin: Admin, conn: Connection, town: Town
) -> None:
    await conn.execute("listen carebed_gateways")
    made = await admin.post("/gateways", {"id": "gw-9", "home_id": str(town.east.home_id)})
    equipment_schemas.GatewayCreated.model_validate(made)
    row = await (await conn.execute("select secret_bcrypt, secret_pbkdf2 from gateway")).fetchone()
    assert row is not None
    assert made["secret"] not in row
    assert bcrypt.checkpw(made["secret"].encode(), row[0].encode())
    assert row[1].startswith("$7$")
    heard = [notify.channel async for notify in conn.notifies(timeout=30, stop_after=1)]
    assert heard == ["carebed_gateways"]
    await admin.post("/gateways", {"id": "gw-9", "home_id": str(town.west.home_id)}, 409)
    renewed = await admin.post("/gateways/gw-9/secret", {}, 200)
    assert renewed["secret"] != made["secret"]


async def test_a_protocol_gateway_belongs_to_an_area(
    admin: Admin, http: httpx.AsyncClient, town: Town
) -> None:
    body = {"id": "gw-p", "kind": "protocol", "area_code": "370503", "org": "康养中心"}
    await admin.post("/gateways", body)
    await admin.post("/gateways", {"id": "gw-q", "kind": "protocol"}, 422)
    await admin.post("/gateways", body | {"id": "gw-q", "home_id": str(town.west.home_id)}, 422)
    east = await http.get("/api/v1/gateways", headers=bearer(town, "east"))
    west = await http.get("/api/v1/gateways", headers=bearer(town, "west"))
    assert east.json()["items"] == []
    listed = equipment_schemas.GatewayList.model_validate_json(west.content)
    assert [(item.id, item.online) for item in listed.items] == [("gw-p", None)]


async def test_a_reissued_watch_ends_its_former_installation(
    admin: Admin, http: httpx.AsyncClient, conn: Connection, town: Town, services: Services, clock: MovedClock
) -> None:
    east, west = town.east, town.west
    await admin.post(
        "/devices",
        {"id": "watch-1", "family": "watch", "home_id": str(east.home_id), "bed_id": str(east.bed_id)},
    )
    clock.move(timedelta(days=10))
    start = iso_ms(services.clock.now() - timedelta(days=2))
    place = {"home_id": str(west.home_id), "bed_id": str(west.bed_id)}
    await admin.post("/devices/watch-1/installations", place | {"from": start})
    cursor = await conn.execute(
        "select home_id, upper(valid) is null from installation order by lower(valid)"
    )
    assert await cursor.fetchall() == [(east.home_id, False), (west.home_id, True)]
    earlier = iso_ms(services.clock.now() - timedelta(days=5))
    await admin.post("/devices/watch-1/installations", place | {"from": earlier}, 409)
    answer = await http.get(f"/api/v1/devices?home={west.home_id}", headers=bearer(town, "operator"))
    devices = equipment_schemas.DeviceList.model_validate_json(answer.content).items
    assert [(device.id, device.bed_id) for device in devices] == [("watch-1", west.bed_id)]
    old = await http.get(f"/api/v1/devices?home={east.home_id}", headers=bearer(town, "operator"))
    assert old.json()["items"] == []


async def test_a_bed_of_another_home_is_refused_and_nothing_is_left_behind(
    admin: Admin, conn: Connection, town: Town
) -> None:
    body = {"id": "zb-7", "family": "sos", "home_id": str(town.east.home_id), "bed_id": str(town.west.bed_id)}
    await admin.post("/devices", body, 422)
    cursor = await conn.execute("select count(*) from device")
    assert await cursor.fetchone() == (0,)


async def test_a_device_heard_before_anyone_registered_it_can_be_registered_once(
    admin: Admin, conn: Connection, town: Town, services: Services
) -> None:
    await conn.execute(
        "insert into device (id, registered, created_at) values ('zb-1', false, %s)", (services.clock.now(),)
    )
    await admin.post("/devices", {"id": "zb-1", "family": "smoke"})
    await admin.post("/devices", {"id": "zb-1", "family": "smoke"}, 409)


async def test_a_technician_opens_a_test_window_that_ends_by_itself(
    admin: Admin, http: httpx.AsyncClient, conn: Connection, town: Town
) -> None:
    body = {"id": "zb-1", "family": "sos", "home_id": str(town.east.home_id)}
    await admin.post("/devices", body)
    technician = Admin(http, town, "technician")
    window = equipment_schemas.TestWindow.model_validate(
        await technician.post("/devices/zb-1/test-window", {"minutes": 15})
    )
    assert window.ends_at - window.opens_at == timedelta(minutes=15)
    await Admin(http, town, "west").post("/devices/zb-1/test-window", {"minutes": 15}, 404)
    await technician.post("/devices/zb-1/test-window", {"minutes": 0}, 422)
    cursor = await conn.execute("select count(*) from test_window")
    assert await cursor.fetchone() == (1,)


async def test_an_admin_of_one_area_creates_nothing_elsewhere(
    http: httpx.AsyncClient, conn: Connection, town: Town
) -> None:
    await conn.execute("update api_token set area_code = '370502' where role = 'admin'")
    local = Admin(http, town)
    await local.post("/areas", {"code": "370503001", "name": "某街道"}, 403)
    await local.post("/areas", {"code": "370502001", "name": "某街道"})
    await local.post("/homes", {"area_code": "370503", "org": "康养中心"}, 403)
    await local.post(f"/homes/{town.west.home_id}/beds", {}, 403)
    await local.post("/gateways", {"id": "gw-w", "home_id": str(town.west.home_id)}, 403)
    await local.post(f"/residents/{town.west.resident_id}/state", {"state": "away"}, 403)
    cursor = await conn.execute("select count(*) from home")
    assert await cursor.fetchone() == (2,)


async def test_an_area_finds_its_parent(admin: Admin) -> None:
    made = await admin.post("/areas", {"code": "370502003", "name": "胜利街道"})
    assert made["parent_code"] == "370502"
    await admin.post("/areas", {"code": "370502003", "name": "胜利街道"}, 409)


async def test_every_creation_is_written_down(admin: Admin, conn: Connection, town: Town) -> None:
    await admin.post("/orgs", {"name": "另一机构"})
    row = await (
        await conn.execute("select actor, action from audit where action = 'org_created'")
    ).fetchone()
    assert row is not None
    assert row[0].startswith("token:")
