"""Each event is stored once, under its number; what is stored of the same activation is recalled."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cloud.alarms import store as alarms
from cloud.database import arrays, queries
from cloud.database.pool import Connection
from cloud.ingest import quarantine, salvage
from cloud.ingest.passage import Passage

_SQL: Final = queries.load(__package__ or "cloud.ingest")
_READING_PROBLEMS: Final = frozenset(
    {"not_json", "oversized", "unnumbered", "id_missing", "time_missing", "kind_spelling", "nul_characters",
     "number_reused", "id_reused"}
)  # fmt: skip


async def keep_events(conn: Connection, passages: Sequence[Passage]) -> None:
    """Store each under its number; what is stored already is a duplicate."""
    kept = await _insert(conn, passages)
    for p in passages:
        if p.gateway_id not in kept:
            await _look_again(conn, p)
        problems = any(problem in _READING_PROBLEMS or problem.startswith("bad_") for problem in p.problems)
        if problems and not p.duplicate:
            await quarantine.keep(
                conn,
                topic=p.message.topic,
                gateway_id=p.gateway_id,
                payload=p.message.payload,
                reason="salvaged: " + ", ".join(p.problems),
                now=p.now,
            )


async def recall_phases(conn: Connection, passages: Sequence[Passage]) -> None:
    """What is stored of the same activations; the same phase again is a duplicate under another number."""
    new = {p.gateway_id: p for p in passages if not p.duplicate}
    asked = arrays.of_rows(_key(p) | {"id": p.event_id} for p in new.values())
    for gateway, *other in await (await conn.execute(_SQL["phases_of"], {"asked": asked})).fetchall():
        phase, run, seq = other
        new[gateway].others.append((phase, run, seq))
    for p in new.values():
        if p.event.phase != "updated" and p.event.phase in {phase for phase, _, _ in p.others}:
            await _tell_apart(conn, p)


async def _look_again(conn: Connection, p: Passage) -> None:
    """Its number is taken: by itself, or by another event, such as of an old memory card, and it is kept all
    the same.
    """
    row = await (await conn.execute(_SQL["event_numbered"], _key(p))).fetchone()
    if row is not None and row[0] == p.event_id and row[1] == p.event.phase:
        p.duplicate = True
        return
    p.problems += ("number_reused",)
    p.run, p.seq = salvage.SALVAGED_RUN, salvage.derived_seq(p.message.payload, p.gateway_id)
    p.duplicate = not await _insert(conn, [p])


async def _tell_apart(conn: Connection, p: Passage) -> None:
    known = await alarms.find_by_event(conn, p.gateway_id, p.event_id)
    if known is not None and known.cleared_at is not None and p.time.occurred_at > known.cleared_at:
        # Its id was used up when it was cleared: this is a new activation.
        p.problems += ("id_reused",)
        p.event_id = salvage.derived_id(p.message.payload, p.gateway_id)
        p.others = []
    else:
        p.duplicate = True


async def _insert(conn: Connection, passages: Sequence[Passage]) -> set[str]:
    """The gateways whose events were new."""
    events = arrays.of_rows(_key(p) | _row(p) for p in passages)
    return {row[0] for row in await (await conn.execute(_SQL["keep_events"], {"events": events})).fetchall()}


def _key(p: Passage) -> dict[str, Any]:
    return {"gateway_id": p.gateway_id, "run": p.run, "seq": p.seq}


def _row(p: Passage) -> dict[str, Any]:
    return {
        "id": p.event_id,
        "kind": p.event.kind,
        "phase": p.event.phase,
        "device_key": p.place.device_key,
        "occurred_at": p.time.occurred_at,
        "device_at": p.time.device_at,
        "received_at": p.received_at,
        "stored_at": p.now,
        "payload": msgspec.Raw(msgspec.json.encode(p.event)),
        "problems": p.problems,
    }
