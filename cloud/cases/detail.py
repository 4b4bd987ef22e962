"""All of a case, put together for one look."""

from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from cloud.access.access import Identity
from cloud.access.errors import NotFound
from cloud.alarms import store as alarms
from cloud.alarms.advice import advice_for
from cloud.cases import timeline
from cloud.cases.chain import chain_holds
from cloud.cases.hops import hops
from cloud.cases.summary import (
    AdviceShown,
    AlarmShown,
    CaseDetail,
    DispatchShown,
    Frozen,
    GatewayShown,
    iso,
    iso_or_none,
    summary_fields,
)
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.responders import store as responders

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def detail(conn: Connection, case_id: UUID, reader: Identity) -> CaseDetail:
    """Everything about a case that the reader may see; raises NotFound for any other."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["find_case"], {"id": case_id})
        row = await cursor.fetchone()
    if row is None or not reader.sees(row["area_code"], row["org_id"]):
        raise NotFound("没有这个警情", "there is no such case")
    frozen = msgspec.convert(row["frozen"], Frozen)
    entries = await timeline.read(conn, case_id)
    return CaseDetail(
        **summary_fields(row),
        alarms=[_alarm(alarm) for alarm in await alarms.of_case(conn, case_id)],
        timeline=[timeline.shown(entry) for entry in entries],
        contacts=frozen.contacts,
        risks=frozen.risks,
        needs=frozen.needs,
        profile=frozen.profile,
        access=frozen.access,
        gateway=await _gateway(conn, case_id),
        dispatches=[dispatch_shown(one) for one in await responders.of_case(conn, case_id)],
        chain_valid=chain_holds(case_id, entries),
        hops=hops(entries),
        advice=[
            AdviceShown(code=one.code, zh=one.zh, en=one.en)
            for one in advice_for(row["kinds"], fire_suspected=row["fire_suspected"])
        ],
    )


def dispatch_shown(row: dict[str, Any]) -> DispatchShown:
    """A row of `dispatch` as everybody sees it."""
    plain = ("id", "case_id", "staff_id", "name", "state", "offered_by", "reason", "outcome")
    fields: dict[str, Any] = {name: row[name] for name in plain}
    fields |= {name: iso_or_none(row[name]) for name in ("answered_at", "eta_at", "arrived_at", "ended_at")}
    return DispatchShown(
        **fields,
        offered_at=iso(row["offered_at"]),
        answer_due_at=iso(row["answer_due_at"]),
        promised_at=iso(row["promised_at"]),
    )


async def _gateway(conn: Connection, case_id: UUID) -> GatewayShown | None:
    row = await (await conn.execute(_SQL["gateway_of"], {"id": case_id})).fetchone()
    if row is None:
        return None
    return GatewayShown(id=row[0], online=row[1], last_seen_at=iso_or_none(row[2]))


def _alarm(row: dict[str, Any]) -> AlarmShown:
    return AlarmShown(
        id=row["id"],
        event_id=row["event_id"],
        kind=row["kind"],
        class_=row["class"],
        priority=row["priority"],
        phase=row["phase"],
        device=row["device_id"],
        room=row["room"],
        occurred_at=iso(row["occurred_at"]),
        received_at=iso(row["received_at"]),
        stored_at=iso(row["stored_at"]),
        late=row["late"],
        reasons=row["reasons"],
        inputs=row["inputs"],
        rule_version=row["rule_version"],
        repeats=row["repeats"],
        last_at=iso(row["last_at"]),
        cleared_at=iso_or_none(row["cleared_at"]),
    )
