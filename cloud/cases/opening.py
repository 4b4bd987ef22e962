"""How cases begin: what they are about is frozen, with their first alarm and the first lines of the timeline.

Many at once cost hardly more than one: each statement is for all of them. The boundary owns the transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms import store as alarms
from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.rules import fire_suspected
from cloud.cases import case, grouping, timeline
from cloud.cases.freezing import freeze
from cloud.cases.summary import Frozen, Place, iso
from cloud.database import arrays, queries
from cloud.database.pool import Connection
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.cases")
SYSTEM: Final = "system"


class CaseRef(msgspec.Struct, frozen=True, kw_only=True):
    """The case and alarm that a draft ended in. `tell` is False where the feed need not say so."""

    case_id: UUID
    alarm_id: UUID
    opened: bool
    tell: bool = True


class _New(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is to be opened; `cause` and `group_id` are of the line that it begins behind."""

    id: UUID
    alarm_id: UUID
    draft: AlarmDraft
    frozen: Frozen
    place: Place | None
    fire: bool
    follows_id: UUID | None
    cause: str | None
    group_id: UUID | None

    def row(self) -> dict[str, Any]:
        """The case, as it is stored; its time is the statement's."""
        draft = self.draft
        return {
            "id": self.id,
            "subject_kind": draft.subject_kind,
            "subject_id": draft.subject_id,
            "class": draft.alarm_class,
            "priority": draft.priority,
            "kinds": [draft.kind],
            "resident_id": draft.resident_id,
            "home_id": draft.home_id,
            "area_code": draft.area_code,
            "org_id": draft.org_id,
            "frozen": self.frozen,
            "place": self.place or {},
            "fire_suspected": self.fire,
            "late": draft.late,
            "event_ids": case.joined_event_ids([], draft.event_id),
            "occurred_at": draft.occurred_at,
            "follows_id": self.follows_id,
            "cause": self.cause,
            "group_id": self.group_id,
        }

    def entries(self) -> list[tuple[str, dict[str, Any]]]:
        """The first lines of its timeline."""
        words: dict[str, Any] = {"priority": self.draft.priority}
        words |= {"follows_id": str(self.follows_id)} if self.follows_id else {}
        words |= {"group_id": str(self.group_id)} if self.group_id else {}
        return [("opened", words), ("alarm", alarm_words(self.draft, self.alarm_id))]


async def open_cases(conn: Connection, drafts: Sequence[AlarmDraft], now: datetime) -> list[CaseRef | None]:
    """A new case with its first alarm for each draft, all of different subjects; None where another
    transaction has just opened it.
    """
    if not drafts:
        return []
    wanted = await _new(conn, drafts, now)
    given = {"cases": arrays.of_rows(new.row() for new in wanted), "now": now}
    opened = {row[0] for row in await (await conn.execute(_SQL["open_cases"], given)).fetchall()}
    ours = [new for new in wanted if new.id in opened]
    if ours:
        await alarms.insert(conn, [(new.alarm_id, new.id, new.draft) for new in ours], now=now)
        await timeline.add_all(conn, {new.id: new.entries() for new in ours}, actor=SYSTEM, now=now)
    return [
        CaseRef(case_id=new.id, alarm_id=new.alarm_id, opened=True, tell=new.group_id is None)
        if new.id in opened
        else None
        for new in wanted
    ]


async def fires(conn: Connection, drafts: Sequence[AlarmDraft]) -> list[bool]:
    """Whether each alarm, with what else rang in its home around it, looks like a fire that somebody saw."""
    homes = [draft.home_id if draft.alarm_class == "care" else None for draft in drafts]
    signs = await alarms.fire_signs(
        conn, [(home, draft.occurred_at) for home, draft in zip(homes, drafts, strict=True)]
    )
    return [
        home is not None and fire_suspected([*seen, (draft.kind, draft.occurred_at)])
        for home, seen, draft in zip(homes, signs, drafts, strict=True)
    ]


def alarm_words(draft: AlarmDraft, alarm_id: UUID) -> dict[str, Any]:
    """What the timeline says of an alarm."""
    words: dict[str, Any] = {
        "alarm_id": str(alarm_id),
        "kind": draft.kind,
        "priority": draft.priority,
        "phase": draft.phase,
        "occurred_at": iso(draft.occurred_at),
        "received_at": iso(draft.received_at),
        "reasons": list(draft.reasons),
    }
    optional = {
        "event_id": None if draft.event_id is None else str(draft.event_id),
        "device": draft.device_id,
        "room": draft.room,
        "late": draft.late,
        "position": draft.position,
        "device_at": None if draft.device_at is None else iso(draft.device_at),
    }
    return words | {name: value for name, value in optional.items() if value}


async def _new(conn: Connection, drafts: Sequence[AlarmDraft], now: datetime) -> list[_New]:
    cards = await freeze(conn, drafts)
    lines = [await grouping.line_for(conn, draft) for draft in drafts]
    follows = await _followed(conn, drafts, now)
    at_ms = round(now.timestamp() * 1000)
    return [
        _New(
            id=uuid7(at_ms),
            alarm_id=uuid7(at_ms),
            draft=draft,
            frozen=frozen,
            place=place,
            fire=fire,
            follows_id=follows.get(n),
            cause=cause,
            group_id=group_id,
        )
        for n, (draft, (frozen, place), (cause, group_id), fire) in enumerate(
            zip(drafts, cards, lines, await fires(conn, drafts), strict=True)
        )
    ]


async def _followed(conn: Connection, drafts: Sequence[AlarmDraft], now: datetime) -> dict[int, UUID]:
    subjects = arrays.of_rows(
        {
            "n": n,
            "subject_kind": draft.subject_kind,
            "subject_id": draft.subject_id,
            "class": draft.alarm_class,
        }
        for n, draft in enumerate(drafts)
    )
    values = {"subjects": subjects, "closed_after": now - case.FOLLOWS_WITHIN}
    return dict(await (await conn.execute(_SQL["find_followed"], values)).fetchall())
