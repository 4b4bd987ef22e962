"""Finding residents, and the history of a bed: who sees what, and that it was looked at."""

import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.registry import equipment, people, search, store
from cloud.registry.store import Belongs
from tests.cloud.api.conftest import EAST, Town, bearer, ring

pytestmark = pytest.mark.postgres


async def elder(conn: Connection, services: Services, town: Town, name: str, *phones: str) -> uuid.UUID:
    given = people.NewResident(name=name, phones=phones)
    async with conn.transaction():
        return await people.create_resident(
            conn, services.seal, now=services.clock.now(), given=given,
            belongs=Belongs(EAST, town.org_id), bed=None,
        )  # fmt: skip


async def find(http: httpx.AsyncClient, town: Town, text: str, who: str = "east", **more: Any) -> list[Any]:
    answer = await http.get("/api/v1/residents", params={"search": text} | more, headers=bearer(town, who))
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


async def test_an_elder_is_found_by_whatever_is_remembered(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    now = services.clock.now()
    shan = await elder(conn, services, town, "单桂芝", "13911112222")
    async with conn.transaction():
        await equipment.register_device(conn, now=now, device_id="watch-77", family="watch")
        await equipment.install_device(
            conn, now=now, device_id="watch-77", home_id=town.east.home_id, bed_id=town.east.bed_id
        )
    east = str(town.east.resident_id)
    for text in ("shanguizhi", "sgz", "shan gui zhi", "单桂", "1111", "139-1111-2222", "dgz"):
        assert [hit["id"] for hit in await find(http, town, text)] == [str(shan)], text
    for text in ("王秀英", "wxy", "胜利小区 501", "3号楼", "watch-77", str(town.east.bed_id), "13800000000"):
        assert east in [hit["id"] for hit in await find(http, town, text)], text
    (hit,) = await find(http, town, "wangxiuying")
    assert (hit["name"], hit["sex"], hit["state"]) == ("王秀英", "female", "active")
    assert hit["place"] == "胜利小区 3号楼 2单元 501"
    assert (hit["open_case_id"], hit["matched"]) == (None, "pinyin")
    case_id = await ring(conn, services, town, town.east)
    assert (await find(http, town, "王秀英"))[0]["open_case_id"] == str(case_id)


async def test_two_of_one_name_are_both_shown_in_a_steady_order_and_in_pages(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    both = {str(await elder(conn, services, town, "李桂兰")) for _ in range(2)}
    assert {hit["id"] for hit in await find(http, town, "李桂兰")} == both
    pages = [(await find(http, town, "lgl", limit=1, after=n))[0]["id"] for n in range(2)]
    assert set(pages) == both


async def test_nobody_is_found_across_a_border_and_every_search_is_written_down(
    http: httpx.AsyncClient, conn: Connection, town: Town
) -> None:
    assert [hit["id"] for hit in await find(http, town, "王秀英", "west")] == [str(town.west.resident_id)]
    refused = await http.get("/api/v1/residents?search=a", headers=bearer(town, "technician"))
    assert refused.status_code == 403
    cursor = await conn.execute("select detail ->> 'search' from audit where action = 'residents_searched'")
    assert await cursor.fetchall() == [("王秀英",)]


@pytest.mark.parametrize("text", ["%", "_", "'", "\\", "()", "😀", "𠮷", "x" * 100, "1' or '1'='1", "‮"])
async def test_odd_texts_find_nothing_and_break_nothing(
    http: httpx.AsyncClient, town: Town, text: str
) -> None:
    assert await find(http, town, text) == []


async def test_ill_formed_searches_are_refused(http: httpx.AsyncClient, town: Town) -> None:
    for query in (
        "",
        "?search=",
        "?search=%00",
        f"?search={'x' * 101}",
        "?search=a&limit=0",
        "?search=a&after=-1",
    ):
        answer = await http.get(f"/api/v1/residents{query}", headers=bearer(town, "east"))
        assert answer.status_code == 422, query


async def test_names_from_before_are_read_aloud_once_and_a_rare_one_is_found_as_written(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    rare = await elder(conn, services, town, "王𠅤𬭁")
    await conn.execute("update person set sound = null")
    assert await find(http, town, "wangxiuying") == []
    assert await search.fill_sounds(conn) > 0
    assert await search.fill_sounds(conn) == 0
    assert len(await find(http, town, "wangxiuying")) == 1
    assert [hit["id"] for hit in await find(http, town, "𠅤")] == [str(rare)]


async def test_a_bed_knows_who_lived_in_it_what_was_installed_and_what_happened(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    now = services.clock.now()
    bed = town.east.bed_id
    async with conn.transaction():
        await equipment.register_device(conn, now=now, device_id="mat-7", family="mattress")
        await equipment.install_device(
            conn, now=now, device_id="mat-7", home_id=town.east.home_id, bed_id=bed
        )
        await people.set_state(
            conn, now=now, resident_id=town.east.resident_id, state="hospital",
            until=now + timedelta(days=3), place={"text": "市人民医院"},
        )  # fmt: skip
    case_id = await ring(conn, services, town, town.east)
    found = (await http.get(f"/api/v1/beds/{bed}", headers=bearer(town, "east"))).json()
    assert [stay["name"] for stay in found["stays"]] == ["王秀英"]
    assert [one["device"] for one in found["installations"]] == ["mat-7"]
    assert (found["states"][0]["state"], found["states"][0]["place"]) == ("hospital", "市人民医院")
    for path in (f"beds/{bed}/cases", f"residents/{town.east.resident_id}/cases"):
        listed = (await http.get(f"/api/v1/{path}", headers=bearer(town, "east"))).json()["items"]
        assert [case["id"] for case in listed] == [str(case_id)]
        assert (await http.get(f"/api/v1/{path}", headers=bearer(town, "west"))).status_code == 404
    assert (await http.get(f"/api/v1/beds/{bed}", headers=bearer(town, "west"))).status_code == 404
    assert (await store.find_bed(conn, bed)).home_id == town.east.home_id


async def test_a_case_by_hand_is_its_openers_and_a_second_one_joins(
    http: httpx.AsyncClient, town: Town
) -> None:
    path = f"/api/v1/residents/{town.east.resident_id}/case"
    opened = await http.post(path, json={"note": "家属来电"}, headers=bearer(town, "east"))
    assert opened.status_code == 201, opened.text
    case = opened.json()
    assert (case["state"], case["kinds"], case["owner"]["name"]) == ("claimed", ["phone_call"], "east")
    again = await http.post(path, json={"note": "又来电"}, headers=bearer(town, "east"))
    assert again.json()["id"] == case["id"]
    assert (await http.post(path, json={"note": ""}, headers=bearer(town, "east"))).status_code == 422
    assert (await http.post(path, json={"note": "x"}, headers=bearer(town, "west"))).status_code == 404
    assert (await http.post(path, json={"note": "x"}, headers=bearer(town, "admin"))).status_code == 403
