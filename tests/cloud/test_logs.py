"""Log lines tell where a program failed and why, and nothing of the people it failed for."""

import json
import logging
import sys

import psycopg
import pytest

from cloud import logs
from cloud.database.pool import Connection

SECRET = "13812345678"


def line_of(error: BaseException) -> str:
    record = logging.makeLogRecord({"msg": "failed", "exc_info": (type(error), error, error.__traceback__)})
    return str(json.loads(logs.JsonLines("work").format(record))["trace"])


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("statement", "tells"),
    [
        ("insert into kept values (%s::text, null)", "23502 kept n"),
        ("insert into kept values (%s::text, 0)", "23514 kept kept_n_check"),
        ("select %s::text::uuid", "22P02"),
    ],
)
async def test_what_a_database_refused_is_not_logged(conn: Connection, statement: str, tells: str) -> None:
    await conn.execute("create temporary table kept (phone text, n int not null check (n > 0))")
    with pytest.raises(psycopg.Error) as caught:
        await conn.execute(statement.encode(), (SECRET,))
    told = line_of(caught.value)
    assert tells in told
    assert "test_logs.py" in told
    assert SECRET not in told


def test_a_cause_is_told_without_what_it_could_not_read() -> None:
    try:
        try:
            float(f"heart rate {SECRET}")
        except ValueError as error:
            raise ExceptionGroup("several", [OSError(28, "No space left"), KeyError(SECRET)]) from error
    except ExceptionGroup:
        found = sys.exc_info()[1]
    assert found is not None
    told = line_of(found)
    assert [word in told for word in ("ValueError", "No space left", "KeyError")] == [True] * 3
    assert SECRET not in told
