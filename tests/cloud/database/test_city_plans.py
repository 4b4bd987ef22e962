"""What is asked for each event of a city is answered by an index, however many homes there are."""

import re
from typing import Any, Final
from uuid import UUID

import pytest

from cloud.database import arrays, queries
from cloud.database.pool import Connection
from tests.benchmarks import ingest_stage as stages
from tests.conftest import START

pytestmark = pytest.mark.postgres

_HOMES: Final = 1500
_ASKED: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("cloud.ingest", "hear_gateways"): {"ids": ["gw-00100"], "ats": [START]},
    ("cloud.ingest", "place_devices"): {
        "asked": arrays.of_rows([{"n": 0, "device_id": "watch-00100", "at": START, "received_at": START}])
    },
    ("cloud.cases", "resident_cards"): {
        "asked": arrays.of_rows([{"n": 0, "resident_id": UUID(int=1), "at": START}])
    },
    ("cloud.cases", "contacts_of"): {
        "asked": arrays.of_rows([{"n": 0, "resident_id": UUID(int=1), "at": START}])
    },
    ("cloud.cases", "open_cases"): {"cases": arrays.of_rows([{"id": UUID(int=1)}]), "now": START},
    ("cloud.telemetry", "installations_of"): {"keys": [100, 101, 102]},
}
_LARGE: Final = "gateway|device|installation|home|bed_stay|resident|person"


@pytest.fixture
async def city(conn: Connection) -> Connection:
    given = {"homes": _HOMES, "now": START, "devices": list(stages.DEVICES)}
    await conn.execute(stages.CITY, given)
    await conn.execute("analyze")
    return conn


async def test_no_event_and_no_batch_reads_a_whole_table_of_the_city(city: Connection) -> None:
    for (package, name), values in _ASKED.items():
        plan = await city.execute("explain " + queries.load(package)[name], values)
        text = "\n".join(row[0] for row in await plan.fetchall())
        assert not re.search(f"Seq Scan on ({_LARGE}) ", text), f"{name}: {text}"
