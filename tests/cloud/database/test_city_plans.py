"""What is asked for each event of a city is answered by an index, however many homes there are."""

from typing import Any, Final

import pytest

from cloud.database import queries
from cloud.database.pool import Connection
from tests.benchmarks import ingest_stage as stages
from tests.conftest import START

pytestmark = pytest.mark.postgres

_HOMES: Final = 1500
_ASKED: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("cloud.ingest", "place_device"): {"device_id": "watch-00100", "at": START, "received_at": START},
    ("cloud.telemetry", "installations_of"): {"keys": [100, 101, 102]},
}


@pytest.fixture
async def city(conn: Connection) -> Connection:
    given = {"homes": _HOMES, "now": START, "devices": list(stages.DEVICES)}
    await conn.execute(stages.CITY, given)
    await conn.execute("analyze")
    return conn


async def test_no_event_and_no_batch_reads_the_installations_of_the_whole_city(city: Connection) -> None:
    for (package, name), values in _ASKED.items():
        plan = await city.execute("explain " + queries.load(package)[name], values)
        text = "\n".join(row[0] for row in await plan.fetchall())
        assert "Seq Scan on installation" not in text, name
        assert "Seq Scan on bed_stay" not in text, name
