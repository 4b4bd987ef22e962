"""What the cloud judges: the facts about an event and what is to be done about it. Values only, no I/O."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from cloud.alarms.person import Person
from firmware_specs.kinds import AlarmClass

SubjectKind = Literal["home", "gateway", "area", "system"]


class KnownAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """The alarm that an earlier phase of the same activation made."""

    id: UUID
    case_id: UUID
    kind: str
    cleared_at: datetime | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when an event is judged: who, where, when, and what came before it.

    `home_id` is where it rings; `ended_by` is a `cleared` or `cancelled` of the same activation that was
    numbered after this event but stored before it; `ended` says that any such phase is stored, `suspected`
    and `begun` the earlier ones. `people` are all who live in the home, `person` the one whom it is about.
    """

    gateway_id: str
    received_at: datetime
    occurred_at: datetime
    device_at: datetime | None = None
    late: bool = False
    event_id: UUID
    device_key: int | None = None
    home_id: UUID | None = None
    resident_id: UUID | None = None
    resident_state: str | None = None
    person: Person | None = None
    people: tuple[Person, ...] = ()
    room: str = ""
    area_code: str = ""
    org_id: UUID | None = None
    problems: tuple[str, ...] = ()
    test_window: bool = False
    alarm: KnownAlarm | None = None
    suspected: bool = False
    begun: bool = False
    ended: bool = False
    ended_by: str | None = None


class AlarmDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm to raise; `reasons` are the rules that fired, `inputs` what they saw."""

    subject_kind: SubjectKind
    subject_id: str
    alarm_class: AlarmClass
    kind: str
    priority: int
    phase: str = "raised"
    event_id: UUID | None = None
    gateway_id: str | None = None
    device_key: int | None = None
    device_id: str | None = None
    home_id: UUID | None = None
    resident_id: UUID | None = None
    room: str = ""
    area_code: str = ""
    org_id: UUID | None = None
    occurred_at: datetime
    device_at: datetime | None = None
    received_at: datetime
    late: bool = False
    position: dict[str, Any] | None = None
    reasons: tuple[str, ...] = ()
    inputs: dict[str, Any] = {}
    rule_version: str

    @property
    def source_address(self) -> str | None:
        """Where a device that nobody registered called from, as its gateway saw it; None for any other."""
        evidence = self.inputs.get("evidence") if "unknown_device" in self.reasons else None
        address = evidence.get("source_address") if isinstance(evidence, dict) else None
        return address if isinstance(address, str) else None


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """Wait for `raised` or `cancelled` until `due_at`, then raise the draft."""

    draft: AlarmDraft
    due_at: datetime


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The activation is over: its suspicion is dropped, its alarm (if there is one) is marked, its case
    stays.
    """

    phase: Literal["cleared", "cancelled"]


class Explain(msgspec.Struct, frozen=True, kw_only=True):
    """More is known of a suspicion, or of the alarm that it has become: its reasons after the first."""

    reasons: tuple[str, ...]


Action = AlarmDraft | Suspect | End | Explain
