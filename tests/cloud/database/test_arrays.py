"""Arrays in text form are the arrays that were meant, whatever is in them."""

from datetime import UTC, datetime
from math import inf

import numpy as np
import pytest

from cloud.database.arrays import of_numbers, of_texts, of_times
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


async def test_fractions_and_what_is_missing_arrive_as_they_are(conn: Connection) -> None:
    numbers = [0.1, None, -1e300, inf, 5e-324, 37.0]
    found = await (await conn.execute("select %s::double precision[]", [of_numbers(numbers)])).fetchone()
    assert found == (numbers,)


async def test_times_arrive_to_the_millisecond(conn: Connection) -> None:
    times = np.array([0, 1_767_225_599_999, -86_400_001], np.int64)
    found = await (await conn.execute("select %s::timestamptz[]", [of_times(times)])).fetchone()
    assert found is not None
    assert [round(at.timestamp() * 1000) for at in found[0]] == times.tolist()
    assert found[0][1] == datetime(2025, 12, 31, 23, 59, 59, 999_000, UTC)
