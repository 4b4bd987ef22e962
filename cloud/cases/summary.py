"""A case as people see it: the shapes that the feed and the API share, serialised once. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """The elder as known when the case was opened; `age` in years."""

    id: UUID
    name: str
    sex: str
    age: int | None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where help must go: the address as it was, degrees WGS-84 of a live fix or the home's gate.

    `temporary`: where somebody stays who is away from home.
    """

    area: str = ""
    compound: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    text: str = ""
    incident_room: str | None = None
    lat: float | None = None
    lon: float | None = None
    temporary: bool = False


class OwnerShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a case."""

    id: UUID
    name: str
    seat_id: UUID | None


class HandedTo(msgspec.Struct, frozen=True, kw_only=True):
    """Who was named and has still to take it."""

    id: UUID
    name: str


class CaseSummary(msgspec.Struct, frozen=True, kw_only=True, rename={"class_": "class"}):
    """A case as the queue shows it. `repeats` counts activations, `event_ids` are the latest twenty.

    `group_id` is the line that stands for it, `children` and `high_risk` count the cases and the high-risk
    elders behind a line; `shelved_until` while it is set aside. `overdue`: the owner was warned;
    `escalation_level`: the last step that was taken while nobody has it.
    """

    id: UUID
    number: int
    subject_kind: str
    subject_id: str
    class_: str
    state: str
    priority: int
    kinds: list[str]
    rings: int
    fire_suspected: bool
    late: bool
    alarm_count: int
    repeats: int
    resident: Resident | None
    place: Place | None
    owner: OwnerShown | None
    opened_at: str
    occurred_at: str
    claimed_at: str | None
    stage_due_at: str | None
    resolved_at: str | None
    closed_at: str | None
    disposition: str | None
    follows_id: UUID | None
    event_ids: list[UUID]
    version: int
    group_id: UUID | None = None
    children: int = 0
    high_risk: int = 0
    shelved_until: str | None = None
    overdue: bool = False
    escalation_level: int = 0
    handed_from: str | None = None
    handed_to: HandedTo | None = None
    merged_into: UUID | None = None
    service_order: bool = False
    followed_up_at: str | None = None


class AlarmShown(msgspec.Struct, frozen=True, kw_only=True, rename={"class_": "class"}):
    """One alarm of a case, with each hop's time."""

    id: UUID
    event_id: UUID | None
    kind: str
    class_: str
    priority: int
    phase: str
    device: str | None
    room: str
    occurred_at: str
    received_at: str
    stored_at: str
    late: bool
    reasons: list[str]
    inputs: dict[str, Any]
    rule_version: str
    repeats: int
    last_at: str
    cleared_at: str | None


class EntryShown(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline."""

    n: int
    at: str
    kind: str
    actor: str
    data: dict[str, Any]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call, as it was when the case was opened.

    `distance_m`: from the home, 0 in it, of who is an elder of a bed themselves; of others we do not know.
    """

    name: str
    relation: str
    phone: str
    has_key: bool
    distance_note: str
    distance_m: int | None = None


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How to get in; the door code itself is asked for separately."""

    note: str = ""
    has_door_code: bool = False


class GatewayShown(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway that the latest alarm came through; `online` None is unknown."""

    id: str
    online: bool | None
    last_seen_at: str | None


class DispatchShown(msgspec.Struct, frozen=True, kw_only=True):
    """A responder who was asked to go; times are ISO 8601."""

    id: UUID
    case_id: UUID
    staff_id: UUID
    name: str
    state: str
    offered_at: str
    offered_by: str
    answer_due_at: str
    promised_at: str
    answered_at: str | None
    eta_at: str | None
    arrived_at: str | None
    ended_at: str | None
    reason: str
    outcome: str


class AdviceShown(msgspec.Struct, frozen=True, kw_only=True):
    """What must be done, or left undone, before anything else."""

    code: str
    zh: str
    en: str


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """A stop on the road of the case's first alarm, and when it was there; None is missing."""

    name: str
    at: str | None


class CaseDetail(CaseSummary, frozen=True, kw_only=True, rename={"class_": "class"}):
    """All of a case; `chain_valid` tells whether the timeline is as it was written."""

    alarms: list[AlarmShown]
    timeline: list[EntryShown]
    contacts: list[Contact]
    risks: list[Any]
    needs: dict[str, Any]
    profile: dict[str, Any]
    access: Access
    gateway: GatewayShown | None
    chain_valid: bool
    hops: list[Hop]
    advice: list[AdviceShown]
    dispatches: list[DispatchShown] = []


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """What is copied into a case when it opens, so that later changes do not rewrite what was shown."""

    resident: Resident | None = None
    contacts: list[Contact] = []
    risks: list[Any] = []
    needs: dict[str, Any] = {}
    profile: dict[str, Any] = {}
    access: Access = Access()


def iso(at: datetime) -> str:
    """A time as the API writes it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(at: datetime | None) -> str | None:
    """`iso`, or None."""
    return None if at is None else iso(at)


def age_at(born: date | None, on: date) -> int | None:
    """Full years of age on a day."""
    if born is None:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def summary_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of CaseSummary from a row of `cases`."""
    frozen = msgspec.convert(row["frozen"], Frozen)
    owner = None
    if row["owner_id"] is not None:
        owner = OwnerShown(id=row["owner_id"], name=row["owner_name"] or "", seat_id=row["seat_id"])
    times = {
        name: iso_or_none(row[name])
        for name in (
            "claimed_at",
            "stage_due_at",
            "resolved_at",
            "closed_at",
            "opened_at",
            "occurred_at",
            "shelved_until",
            "followed_up_at",
        )
    }
    plain = {
        name: row[name]
        for name in (
            "id", "number", "subject_kind", "subject_id", "state", "priority", "kinds", "rings",
            "fire_suspected", "late", "alarm_count", "repeats", "disposition", "follows_id",
            "event_ids", "version", "merged_into", "service_order", "escalation_level",
            "group_id", "children", "high_risk",
        )
    }  # fmt: skip
    place = msgspec.convert(row["place"], Place) if row["place"] else None
    handed_to = None
    if row["handed_to_id"] is not None:
        handed_to = HandedTo(id=row["handed_to_id"], name=row["handed_to_name"] or "")
    return {
        **plain,
        **times,
        "class_": row["class"],
        "resident": frozen.resident,
        "place": place,
        "owner": owner,
        "overdue": row["warned_at"] is not None,
        "handed_from": row["handed_from_name"],
        "handed_to": handed_to,
    }


def summary_of(row: Mapping[str, Any]) -> CaseSummary:
    """A row of `cases` as everybody sees it."""
    return CaseSummary(**summary_fields(row))
