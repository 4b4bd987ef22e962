"""Importing registers over HTTP: a check that changes nothing, duplicates, one transaction, nothing twice."""

import random
from typing import Any

import httpx
import psycopg
import pytest

from cloud.database.pool import Connection
from cloud.registry.registry import id_number_fault
from tests.cloud.api.conftest import Town, bearer
from tests.cloud.imports.test_reader import TODAY, workbook

pytestmark = pytest.mark.postgres

ID_NUMBER = "11010519491231002X"
HEAD = [
    "姓名",
    "身份证号",
    "联系电话",
    "区划代码",
    "小区",
    "楼栋",
    "门牌号",
    "紧急联系人",
    "关系",
    "紧急联系人电话",
]
COUPLE = [
    ["赵父", ID_NUMBER, "13800000001", "370502", "桂花苑", "1栋", "101", "赵明", "儿子", "13800000009"],
    ["赵母", "", "13800000002", "东营区", "桂花苑", "1栋", "101", "赵明", "儿子", "13800000009"],
]


class Desk:
    """An admin who uploads files."""

    def __init__(self, http: httpx.AsyncClient, town: Town) -> None:
        self._http, self._headers = http, bearer(town, "admin")

    async def check(self, content: bytes, expected: int = 200, **query: Any) -> dict[str, Any]:
        return await self._send("/import/dry-run", content, query, expected)

    async def run(self, content: bytes, digest: str, expected: int = 200, **query: Any) -> dict[str, Any]:
        return await self._send("/import", content, query | {"digest": digest}, expected)

    async def both(self, content: bytes, **query: Any) -> dict[str, Any]:
        return await self.run(content, (await self.check(content))["digest"], **query)

    async def _send(self, path: str, content: bytes, query: dict[str, Any], expected: int) -> dict[str, Any]:
        answer = await self._http.post(
            f"/api/v1{path}", content=content, params=query, headers=self._headers, timeout=120
        )
        assert answer.status_code == expected, answer.text
        told: dict[str, Any] = answer.json()
        return told


@pytest.fixture
def desk(http: httpx.AsyncClient, town: Town) -> Desk:
    return Desk(http, town)


async def count(conn: Connection, table: str) -> int:
    query = psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(table))
    row = await (await conn.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_check_changes_nothing_and_an_import_makes_a_couples_home(
    desk: Desk, conn: Connection, http: httpx.AsyncClient, town: Town
) -> None:
    content = workbook(HEAD, *COUPLE)
    before = [await count(conn, table) for table in ("person", "home", "bed", "resident")]
    report = await desk.check(content)
    assert (report["new"], report["bad"], report["duplicates"], report["sheet"]) == (2, 0, [], "Sheet")
    assert [await count(conn, table) for table in ("person", "home", "bed", "resident")] == before
    done = await desk.run(content, report["digest"])
    assert (done["created"], done["homes"]) == (2, 1)
    after = [await count(conn, table) for table in ("person", "home", "bed", "resident")]
    assert [two - one for one, two in zip(before, after, strict=True)] == [3, 1, 2, 2]
    listed = await http.get("/api/v1/register?area=370502", headers=bearer(town, "admin"))
    father = next(one for one in listed.json()["items"] if one["name"] == "赵父")
    assert (father["place"], father["state"], father["contacts"]) == ("桂花苑 1栋 101", "active", 1)
    shown = (await http.get(f"/api/v1/residents/{father['id']}", headers=bearer(town, "admin"))).json()
    assert (shown["id_number_ends"], shown["birth_date"]) == ("002X", "1949-12-31")


async def test_the_same_file_again_changes_nothing(desk: Desk, conn: Connection) -> None:
    content = workbook(HEAD, *COUPLE)
    report = await desk.check(content)
    await desk.run(content, report["digest"])
    rows = [await count(conn, table) for table in ("person", "home", "bed", "resident", "contact")]
    again = await desk.run(content, report["digest"])
    assert (again["created"], again["unchanged"]) == (0, 2)
    report = await desk.check(content)
    assert (report["new"], report["unchanged"], report["duplicates"]) == (0, 2, [])
    assert (await desk.run(content, report["digest"]))["created"] == 0
    assert [await count(conn, table) for table in ("person", "home", "bed", "resident", "contact")] == rows


async def test_a_file_that_was_not_checked_or_was_changed_is_refused(desk: Desk, conn: Connection) -> None:
    digest = (await desk.check(workbook(HEAD, COUPLE[0])))["digest"]
    await desk.run(workbook(HEAD, *COUPLE), digest, 422)
    await desk.run(workbook(HEAD, COUPLE[0]), "0" * 32 + "-" + "0" * 32, 422)
    assert await count(conn, "resident") == 2


async def test_rows_that_are_wrong_hold_the_file_back_unless_they_are_left_out(desk: Desk) -> None:
    wrong = ["孙一", "3.70502E+17", "", "370502", "", "", "", "", "", ""]
    nowhere = ["孙二", "", "13800000003", "没有的区", "", "", "", "", "", ""]
    content = workbook(HEAD, COUPLE[0], wrong, nowhere)
    report = await desk.check(content)
    assert [(one["row"], one["column"]) for one in report["problems"]] == [(3, "B"), (4, "D")]
    assert "3.70502E+17" in report["problems"][0]["en"]
    assert report["problems"][0]["zh"] != report["problems"][0]["en"]
    await desk.run(content, report["digest"], 422)
    done = await desk.run(content, report["digest"], leave_out_bad=True)
    assert (done["created"], done["left_out"]) == (1, 2)


async def test_duplicates_are_offered_and_a_merged_row_fills_gaps_and_deletes_nothing(
    desk: Desk, conn: Connection, town: Town
) -> None:
    await desk.both(workbook(HEAD, *COUPLE))
    persons = await count(conn, "person")
    head = ["姓名", "身份证号", "出生日期", "电话", "区划代码", "慢病"]
    content = workbook(
        head,
        ["赵父", ID_NUMBER, "", "13800000077", "370502", "房颤"],
        ["赵母", "", "1950-02-03", "13800000002", "370502", ""],
        ["赵某", ID_NUMBER, "", "", "370502", ""],
        ["钱一", "", "1940-01-01", "", "370502", ""],
        ["钱一", "", "1940-01-01", "", "370502", ""],
    )
    report = await desk.check(content)
    found = [(one["row"], one["why"], one["options"], one["earlier_row"]) for one in report["duplicates"]]
    every = ["merge", "new", "skip"]
    assert found == [
        (2, "id_number", ["merge", "skip"], None),
        (3, "phone", every, None),
        (4, "id_number", ["skip"], None),
        (6, "birth_date", every, 5),
    ]
    assert report["duplicates"][0]["known"]["place"] == "桂花苑 1栋 101"
    done = await desk.run(content, report["digest"], duplicates="skip", merge="2-3,6")
    assert (done["created"], done["merged"], done["skipped"]) == (1, 3, 1)
    assert await count(conn, "person") == persons + 4
    query = (
        "select m.name, p.name, p.birth_date from person m join person p on p.id = m.merged_into order by 1"
    )
    merged = await (await conn.execute(query)).fetchall()
    assert [(one[0], one[1], str(one[2])) for one in merged] == [
        ("赵母", "赵母", "1950-02-03"), ("赵父", "赵父", "1949-12-31"), ("钱一", "钱一", "1940-01-01"),
    ]  # fmt: skip
    assert (await desk.check(content))["unchanged"] == 4


async def test_what_changed_since_the_check_must_be_checked_again(desk: Desk, conn: Connection) -> None:
    content = workbook(HEAD, *COUPLE)
    report = await desk.check(content)
    await desk.both(workbook(HEAD, COUPLE[0]))
    clash = await desk.run(content, report["digest"], 409)
    assert "重新检查" in clash["detail_zh"]
    assert await count(conn, "resident") == 3


async def test_an_admin_of_one_area_imports_into_it_only_and_learns_nothing_of_others(
    desk: Desk, conn: Connection, town: Town
) -> None:
    west = ["李西", ID_NUMBER, "", "370503", "西里", "", "", "", "", ""]
    await desk.both(workbook(HEAD, west))
    await conn.execute("update api_token set area_code = '370502' where role = 'admin'")
    report = await desk.check(workbook(HEAD, west, ["李东", ID_NUMBER, "", "370502", "", "", "", "", "", ""]))
    assert [(one["row"], one["column"]) for one in report["problems"]] == [(2, "D")]
    assert [(one["known"], one["options"]) for one in report["duplicates"]] == [(None, ["skip"])]
    assert "李西" not in str(report)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"PK\x03\x04garbage",
        b"\xff\xfe\x00",
        bytes(3000),
        "姓名\n".encode(),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ],
)
async def test_what_is_no_register_is_a_422_in_both_languages(desk: Desk, content: bytes) -> None:
    problem = await desk.check(content, 422)
    assert problem["detail"] != problem["detail_zh"]


async def test_a_file_may_be_larger_than_other_requests_up_to_its_own_limit(desk: Desk) -> None:
    line = "王五,13800000000," + "字" * 500 + "\n"
    content = ("姓名,电话,备注\n" + line * 700).encode()
    assert len(content) > 1_000_000
    assert (await desk.check(content, area="370502"))["new"] == 1
    await desk.check(bytes(10 * 1024 * 1024 + 1), 413)


async def test_the_template_is_a_workbook_and_imports_nothing(
    desk: Desk, http: httpx.AsyncClient, town: Town
) -> None:
    answer = await http.get("/api/v1/import/template.xlsx", headers=bearer(town, "admin"))
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    report = await desk.check(answer.content)
    assert (report["examples"], report["new"]) == (1, 0)


def id_number(rng: random.Random, n: int) -> str:
    body = f"370502{rng.randint(1930, 1959)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}{n % 1000:03}"
    return next(body + last for last in "0123456789X" if id_number_fault(body + last, TODAY) is None)


async def test_thousands_are_imported_with_as_many_statements_as_a_few(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the register of a city fits into the time of one request."""
    rng, asked, execute = random.Random(1), list[Any](), psycopg.AsyncConnection.execute

    async def counted(conn: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(query)
        return await execute(conn, query, *arguments, **options)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", counted)
    statements = []
    for numbers in (range(10), range(10, 2_010)):
        rows = [
            [f"老人{n}", id_number(rng, n), f"1{38_0000_0000 + n * 7:010}", "370502", f"小区{n % 300}",
             f"{n % 40}栋", f"{n}", f"家人{n}", "女儿", f"1{39_0000_0000 + n * 7:010}"]
            for n in numbers
        ]  # fmt: skip
        asked.clear()
        done = await desk.both(workbook(HEAD, *rows))
        assert done["created"] >= len(rows) * 0.99
        statements.append(len(asked))
    assert statements[1] <= statements[0] + 5 * (2_000 // 500), "500 rows go in one piece"
