"""What was sent to a town of chaos beside what is stored: counted, and what is lost by its name."""

import sys
from typing import Any, Final

import psycopg

from tests.benchmarks.chaos_town import ROWS, Town


async def judge(town: Town) -> dict[str, int]:
    """Presses by the public API, events and readings row by row in the database."""
    own = set(town.pressed)
    details = [
        await town.api.get(f"cases/{case_id}")
        for case_id, case in list(town.live.cases.items())
        if case.summary["subject_id"] in own and case.summary["class"] == "care"
    ]
    reached = {detail["subject_id"] for detail in details}
    doubled = sum(_extra(detail) for detail in details) + len(details) - len(reached)
    devices = [home.entry.devices["watch"] for home in town.fleet.homes.values()]
    async with await psycopg.AsyncConnection.connect(town.database_url) as conn:
        rows, different = await _row(conn, _READINGS, [devices])
        (late,) = await _row(conn, _LATE, [])
        (quarantined,) = await _row(conn, "select coalesce(sum(times), 0) from quarantine", [])
        found = await conn.execute("select id::text, phase, count(*) from event group by 1, 2")
        stored = {(row[0], row[1]): int(row[2]) for row in await found.fetchall()}
    await _name_lost(town)
    lost = [f"press of {home}" for home in own - reached] + [
        f"{phase} of event {id}" for id, phase in town.events.keys() - stored.keys()
    ]
    sys.stdout.writelines(f"  lost: {one}\n" for one in lost)
    return {
        "sent": len(own) + len(town.events) + town.readings,
        "lost": len(lost) + town.readings - different,
        "doubled": doubled + sum(stored.get(key, 1) - 1 for key in town.events) + rows - different,
        "late": late,
        "quarantined": quarantined,
        "chains_broken": sum(not detail["chain_valid"] for detail in details),
        "presses": len(own),
        "events": len(town.events),
        "readings": town.readings,
    }


async def _name_lost(town: Town) -> None:
    """Say which batches have no row, and what else the database knows of them."""
    async with await psycopg.AsyncConnection.connect(town.database_url) as conn:
        for (device, start), (gateway, run, seq) in town.batches.items():
            values = {"device": device, "at": start / 1000, "gateway": gateway, "run": run, "seq": seq}
            found = await (await conn.execute(_BATCH, values)).fetchone()
            if found is not None and found[0] < ROWS:
                stored, seen, waiting = found
                sys.stdout.write(f"  lost: {values} rows={stored} seen={seen} ack_waits={waiting}\n")


_BATCH: Final = """select
    (select count(*) from reading r join device d on d.key = r.device_key where d.id = %(device)s
        and r.measured_at >= to_timestamp(%(at)s) and r.measured_at < to_timestamp(%(at)s + 0.02)),
    (select seen @> %(seq)s::bigint from batch_seen where gateway_id = %(gateway)s and run = %(run)s),
    (select count(*) from ack_queue where gateway_id = %(gateway)s and run = %(run)s)
"""
_READINGS: Final = (
    "select count(*), count(distinct (device_key, measured_at)) from reading r join device d "
    "on d.key = r.device_key where d.id = any(%s)"
)
_LATE: Final = (
    "select count(*) from event where stored_at - received_at > '10 s' or received_at - occurred_at > '60 s'"
)


async def _row(conn: psycopg.AsyncConnection[Any], query: Any, values: list[Any]) -> tuple[int, ...]:
    row = await (await conn.execute(query, values)).fetchone()
    assert row is not None
    return tuple(int(value) for value in row)


def _extra(detail: dict[str, Any]) -> int:
    """Events, alarms or repeats of one home beyond the single press that was made there."""
    return max(len(detail["event_ids"]), int(detail["alarm_count"]), int(detail["repeats"])) - 1
