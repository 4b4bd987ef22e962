"""What could not be understood is kept as it came, so that somebody can look at it."""

import hashlib
import logging
from datetime import datetime
from typing import Final
from uuid import UUID

from cloud import metrics
from cloud.alarms.rules import bare_alarm, gateway_alarm
from cloud.cases.intake import CaseRef, take_alarm
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.ingest import salvage, whereabouts

logger = logging.getLogger(__name__)

RAW_KEPT: Final = 64 * 1024
_SQL: Final = queries.load(__package__ or "cloud.ingest")


async def keep(
    conn: Connection, *, topic: str, gateway_id: str | None, payload: bytes, reason: str, now: datetime
) -> None:
    """Keep a message and why; the same bytes on the same topic are one row that counts."""
    metrics.QUARANTINED.inc()
    await conn.execute(
        _SQL["quarantine"],
        {
            "at": now,
            "topic": _plain(topic),
            "gateway_id": gateway_id,
            "reason": _plain(reason)[:500],
            "size": len(payload),
            "sha256": hashlib.sha256(payload).digest(),
            "raw": payload[:RAW_KEPT],
        },
    )


async def report(
    conn: Connection, gateway_id: str, reason: str, *, area_code: str, org_id: UUID | None, now: datetime
) -> CaseRef:
    """A technical alarm about the gateway that sends what nobody can read; a storm of it is one case."""
    draft = gateway_alarm(
        "undecodable_message",
        gateway_id=gateway_id,
        area_code=area_code,
        org_id=org_id,
        at=now,
        reasons=("undecodable_message",),
        inputs={"reason": _plain(reason)[:500]},
    )
    return await take_alarm(conn, draft, now)


async def set_aside(
    conn: Connection, *, topic: str, gateway_id: str, payload: bytes, reason: str, now: datetime
) -> set[UUID]:
    """Quarantine a message and raise what is due: its life-safety kind if it names one, else a technical
    alarm. Returns the cases that are to be told of.
    """
    sender = await whereabouts.hear(conn, gateway_id, at=now)
    await keep(conn, topic=topic, gateway_id=gateway_id, payload=payload, reason=reason, now=now)
    logger.warning(
        "message set aside",
        extra={"action": "message_quarantined", "gateway": gateway_id, "size": len(payload)},
    )
    kind = salvage.life_safety_word(payload)
    touched = []
    if kind is not None:
        draft = bare_alarm(
            kind,
            gateway_id=gateway_id,
            home_id=sender.home_id,
            area_code=sender.area_code,
            org_id=sender.org_id,
            event_id=salvage.derived_id(payload, gateway_id),
            at=now,
        )
        touched.append(await take_alarm(conn, draft, now))
    touched.append(
        await report(conn, gateway_id, reason, area_code=sender.area_code, org_id=sender.org_id, now=now)
    )
    return {ref.case_id for ref in touched if ref.tell}


def _plain(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()
