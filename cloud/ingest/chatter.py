"""A device that activates again and again is a fault of the device: told beside its alarms, never instead."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from cloud.alarms.alarm import AlarmDraft
from cloud.cases import flood
from cloud.cases.intake import CaseRef, take_alarm
from cloud.database import arrays, queries
from cloud.database.pool import Connection
from firmware_specs.kinds import EVENTS

_SQL: Final = queries.load("cloud.cases", "flood.sql")
_KIND: Final = "device_chatter"


async def notice(conn: Connection, drafts: Sequence[AlarmDraft], now: datetime) -> list[CaseRef | None]:
    """Raise a technical alarm about each alarm's device at its third activation in a minute; their events are
    stored.
    """
    asked = arrays.of_rows(
        {
            "n": n,
            "device_key": draft.device_key,
            "since": draft.occurred_at - flood.CHATTER_WINDOW,
            "until": draft.occurred_at,
        }
        for n, draft in enumerate(drafts)
        if draft.device_key is not None and draft.alarm_class != "test"
    )
    found: list[CaseRef | None] = [None for _ in drafts]
    for n, stored in await (await conn.execute(_SQL["chattering"], {"asked": asked})).fetchall():
        activations = stored - _later(drafts, n)
        if flood.is_chatter(activations):
            found[n] = await take_alarm(conn, _chatter(drafts[n], activations), now)
    return found


def _later(drafts: Sequence[AlarmDraft], n: int) -> int:
    """How many activations of its device were stored with it but are told after it."""
    began, ended = drafts[n].occurred_at - flood.CHATTER_WINDOW, drafts[n].occurred_at
    return sum(
        other.device_key == drafts[n].device_key
        and other.phase == "raised"
        and began < other.occurred_at <= ended
        for other in drafts[n + 1 :]
    )


def _chatter(draft: AlarmDraft, activations: int) -> AlarmDraft:
    return msgspec.structs.replace(
        draft,
        alarm_class="technical",
        kind=_KIND,
        priority=EVENTS[_KIND].priority,
        phase="raised",
        event_id=None,
        resident_id=None,
        position=None,
        reasons=(_KIND,),
        inputs={"kind": draft.kind, "activations": activations},
    )
