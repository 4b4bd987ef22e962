"""What one shift leaves for the next: written once, read by who shares the desk, and that is on the trail."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud.database.pool import Connection
from tests.cloud.api.conftest import MovedClock, Town, bearer

pytestmark = pytest.mark.postgres


async def write(http: httpx.AsyncClient, town: Town, who: str, text: str, **headers: str) -> Any:
    answer = await http.post("/api/v1/shift-notes", json={"text": text}, headers=bearer(town, who) | headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def texts(http: httpx.AsyncClient, town: Town, who: str, **query: str) -> list[str]:
    answer = await http.get("/api/v1/shift-notes", params=query, headers=bearer(town, who))
    return [item["text"] for item in answer.json()["items"]]


async def test_a_note_reaches_the_next_shift_of_the_same_district_and_of_the_city(
    http: httpx.AsyncClient, town: Town, clock: MovedClock
) -> None:
    east = await write(http, town, "east", "张桂兰家门锁已换", **{"Idempotency-Key": "note-1"})
    assert await write(http, town, "east", "张桂兰家门锁已换", **{"Idempotency-Key": "note-1"}) == east
    clock.move(timedelta(hours=8))
    whole = await write(http, town, "operator", "今晚全市演练")
    await write(http, town, "west", "网关升级")
    assert await texts(http, town, "east") == ["今晚全市演练", "张桂兰家门锁已换"]
    assert await texts(http, town, "west") == ["网关升级", "今晚全市演练"]
    assert await texts(http, town, "supervisor", limit="1") == ["网关升级"]
    assert await texts(http, town, "supervisor", before=whole["id"]) == ["张桂兰家门锁已换"]
    assert east["shift_since"] < whole["shift_since"] <= whole["at"]


async def test_every_desk_hears_at_once_that_there_is_a_note_and_nothing_of_it(
    http: httpx.AsyncClient, town: Town
) -> None:
    note = await write(http, town, "operator", "今晚全市演练")
    for who in ("east", "west", "supervisor"):
        page = (await http.get("/api/v1/feed", params={"after": 0}, headers=bearer(town, who))).json()
        assert [(frame["type"], frame["data"]) for frame in page["items"]] == [
            ("desk", {"kind": "shift_note", "since": note["at"]})
        ]


async def test_who_wrote_and_who_read_is_on_the_trail(
    http: httpx.AsyncClient, town: Town, conn: Connection
) -> None:
    assert await texts(http, town, "west") == []
    await write(http, town, "east", "交班")
    await texts(http, town, "operator")
    rows = await (await conn.execute("select action, detail from audit order by id")).fetchall()
    assert rows == [("shift_note_written", {}), ("shift_notes_read", {"count": 1})]


async def test_an_administrator_reads_the_notes_and_writes_none(http: httpx.AsyncClient, town: Town) -> None:
    answer = await http.post("/api/v1/shift-notes", json={"text": "x"}, headers=bearer(town, "admin"))
    assert answer.status_code == 403
    assert await texts(http, town, "admin") == []
