"""Arrays in text form are the arrays that were meant, whatever is in them."""

import pytest

from cloud.database.arrays import of_numbers, of_texts
from cloud.database.pool import Connection

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["gw-1", "null", "NULL"], ['a"b', "c\\d", '"', "\\"], ["{}", "a,b", " ", "老人\n"]],
)
async def test_texts_arrive_as_they_are(conn: Connection, texts: list[str]) -> None:
    found = await (await conn.execute("select %s::text[]", [of_texts(texts)])).fetchone()
    assert found == (texts,)


async def test_numbers_arrive_as_they_are(conn: Connection) -> None:
    numbers = [1, -(2**63), 2**63 - 1]
    given = [of_numbers(numbers), of_numbers([])]
    found = await (await conn.execute("select %s::bigint[], %s::bigint[]", given)).fetchone()
    assert found == (numbers, [])
