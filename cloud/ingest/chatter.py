"""A device that activates again and again is a fault of the device: told beside its alarms, never instead."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from cloud.alarms.alarm import Action, AlarmDraft
from cloud.cases import flood
from cloud.cases.intake import CaseRef, take_alarm
from cloud.database import queries
from cloud.database.pool import Connection
from firmware_specs.kinds import EVENTS

_SQL: Final = queries.load("cloud.cases", "flood.sql")
_KIND: Final = "device_chatter"


async def notice(conn: Connection, actions: Iterable[Action], now: datetime) -> CaseRef | None:
    """Raise a technical alarm about the device at its third activation in a minute; its event is stored."""
    draft = next((action for action in actions if isinstance(action, AlarmDraft)), None)
    if draft is None or draft.device_key is None or draft.alarm_class == "test":
        return None
    values = {
        "device_key": draft.device_key,
        "since": draft.occurred_at - flood.CHATTER_WINDOW,
        "until": draft.occurred_at,
    }
    row = await (await conn.execute(_SQL["chattering"], values)).fetchone()
    activations = 0 if row is None else int(row[0])
    if not flood.is_chatter(activations):
        return None
    chatter = msgspec.structs.replace(
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
    return await take_alarm(conn, chatter, now)
