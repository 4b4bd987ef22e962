"""What is asked for each event of a city is answered by an index, however many homes there are."""

import re
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from cloud.database import arrays, queries
from cloud.database.pool import Connection
from cloud.registry import search
from tests.benchmarks import ingest_stage as stages
from tests.conftest import START

pytestmark = pytest.mark.postgres

_HOMES: Final = 1500
_PAST: Final = """
with c as (
    insert into cases (
        id, subject_kind, subject_id, class, state, priority, area_code, opened_at, waiting_since,
        occurred_at, closed_at
    )
    select gen_random_uuid(), 'home', h.id::text, 'care', 'closed', 1, h.area_code, at, at, at, at
    from home h, generate_series(1, 4) n, (select %(now)s::timestamptz as at) s
    returning id, subject_id::uuid as home_id, opened_at as at
), e as (
    insert into event (gateway_id, run, seq, id, kind, phase, occurred_at, received_at, stored_at, payload)
    select g.id, 'run', row_number() over (), c.id, 'sos', 'raised', c.at, c.at, c.at, '{}'
    from c join gateway g on g.home_id = c.home_id
    returning id, gateway_id, occurred_at as at
)
insert into alarm (
    id, case_id, event_id, kind, class, priority, phase, gateway_id, home_id, occurred_at, received_at,
    stored_at, rule_version, last_at
)
select gen_random_uuid(), c.id, c.id, 'sos', 'care', 1, 'raised', e.gateway_id, c.home_id, at, at, at, '', at
from c join e using (id, at)
"""
_KEY: Final = {"n": 0, "gateway_id": "gw-00100", "run": "run", "seq": 0}
_SUBJECT: Final = {"n": 0, "subject_kind": "home", "subject_id": str(UUID(int=1)), "class": "care"}
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
    ("cloud.cases", "lock_open_cases"): {"subjects": arrays.of_rows([_SUBJECT])},
    ("cloud.cases", "find_followed"): {"subjects": arrays.of_rows([_SUBJECT]), "closed_after": START},
    ("cloud.cases/escalation.sql", "begin_rounds"): {
        "begun": arrays.of_rows([{"id": UUID(int=1), "since": START}])
    },
    ("cloud.ingest", "phases_of"): {"asked": arrays.of_rows([_KEY | {"id": UUID(int=1)}])},
    ("cloud.alarms", "alarms_of_events"): {"asked": arrays.of_rows([_KEY | {"event_id": UUID(int=1)}])},
    ("cloud.alarms", "fire_signs"): {
        "asked": arrays.of_rows([{"n": 0, "home_id": UUID(int=1), "after": START, "before": START}])
    },
    ("cloud.telemetry", "installations_of"): {"keys": [100, 101, 102]},
}
_LARGE: Final = "gateway|device|installation|home|bed_stay|resident|person|event|alarm|cases"
# As large, but in order: it ends early only where something is found.
_WHOLE: Final = f"Seq Scan on ({_LARGE}) |using (cases_number_key|alarm_stored) "


@pytest.fixture
async def city(conn: Connection) -> Connection:
    given = {"homes": _HOMES, "now": START, "devices": list(stages.DEVICES)}
    await conn.execute(stages.CITY, given)
    await conn.execute(_PAST, given)
    await conn.execute("analyze")
    return conn


async def test_no_event_and_no_batch_reads_a_whole_table_of_the_city(city: Connection) -> None:
    for (where, name), values in _ASKED.items():
        plan = await city.execute("explain " + queries.load(*where.split("/"))[name], values)
        text = "\n".join(row[0] for row in await plan.fetchall())
        assert not re.search(_WHOLE, text), f"{name}: {text}"


async def test_a_search_reads_the_city_a_few_times_and_not_once_for_each_resident(city: Connection) -> None:
    await city.execute("update person set sound = ' elder ' || replace(name, 'elder ', 'e')")
    await city.execute(
        "insert into person_phone (person_id, phone) select id, '138' || right(id::text, 8) from person"
    )
    await city.execute("analyze")
    given = queries.load("cloud.registry", "search.sql")
    explain = "explain (analyze, timing off, format json) " + given["hits"] + given["find_residents"]
    for text in ("elder 1499", "elder", "e", "1380", "1499", "watch-00100"):
        asked = msgspec.structs.asdict(search.understand(text))
        asked |= {"at": START, "limit": 20, "after": 0, "area_code": "37", "org_id": None}
        row = await (await city.execute(explain, asked)).fetchone()
        assert row is not None
        assert _rows_read(row[0][0]["Plan"]) < 40 * _HOMES, text


def _rows_read(node: dict[str, Any]) -> float:
    """What a step of a plan gave on or left out, each time that it ran, and those below it."""
    seen = sum(value for key, value in node.items() if key == "Actual Rows" or key.startswith("Rows Removed"))
    return float(seen * node["Actual Loops"] + sum(map(_rows_read, node.get("Plans", []))))
