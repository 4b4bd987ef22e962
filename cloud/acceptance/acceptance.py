"""What is known of a home while a technician checks it, and what becomes of each step. Pure values."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

Kind = Literal["gateway", "clock", "device", "alarm", "room", "hotline", "sms", "voice"]
State = Literal["passed", "failed", "waiting"]
Trouble = Literal[
    "no_gateway", "offline", "not_asked", "asked", "no_answer", "slow", "no_clock", "clock_off",
    "clock_unsaid", "never_heard", "long_silent", "battery_low", "weak_signal", "not_pressed",
    "rang_for_real", "not_seen",
    "seen_late", "not_moved", "not_written", "not_taken", "refused", "not_called", "not_sent", "no_code",
]  # fmt: skip


class Ping(msgspec.Struct, frozen=True, kw_only=True):
    """The last question to a gateway and its answer: `at` is its own time, `clock` how it knows it."""

    status: str
    asked_at: datetime
    answered_at: datetime | None
    expires_at: datetime
    at: datetime | None = None
    clock: str | None = None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """The last use of a gateway's modem; `proven` where the code of an SMS was given back."""

    number: str
    status: str
    error: str | None
    at: datetime
    expires_at: datetime
    proven: bool = False


class Gateway(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway that serves the home."""

    id: str
    online: bool
    modem: bool
    ping: Ping | None = None
    sms: Proof | None = None
    voice: Proof | None = None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """The last alarm of a device; `seen_at`: a seat's screen showed it, or somebody there acted on it."""

    kind: str
    test: bool
    at: datetime
    received_at: datetime
    seen_at: datetime | None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """The hotline of a watch, see cloud/telephony/hotline.py."""

    phones: list[str]
    sim_number: str
    written: bool | None
    error: str | None
    proven_at: datetime | None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """An installed device: `kinds` it has ever measured, `moved` when it last noticed somebody, by kind."""

    id: str
    family: str
    model: str
    room: str
    role: str
    online: bool | None
    heard_at: datetime | None
    battery_percent: float | None
    link_quality: float | None
    signal_percent: float | None
    signal_dbm: float | None
    kinds: frozenset[str] = frozenset()
    moved: dict[str, datetime] = {}
    alarm: Alarm | None = None
    call: Call | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor of a room, and when it noticed the technician."""

    device: str
    kind: str
    at: datetime | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step; what it does not measure is null. `subject` is a gateway, a device or a room."""

    key: str
    kind: Kind
    subject: str
    state: State
    trouble: Trouble | None = None
    family: str = ""
    model: str = ""
    role: str = ""
    room: str = ""
    at: datetime | None = None
    round_trip_ms: int | None = None
    offset_ms: int | None = None
    clock: str | None = None
    battery_percent: float | None = None
    link_quality: float | None = None
    signal_percent: float | None = None
    signal_dbm: float | None = None
    event: str | None = None
    seen_s: float | None = None
    seen_by: list[Seen] = []
    number: str = ""
    phones: list[str] = []
    said: str = ""
    reason: str = ""


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """A checklist as it is stored; `steps` only of one that has ended."""

    id: UUID
    home_id: UUID
    started_by_name: str
    started_at: datetime
    test_until: datetime | None
    reasons: dict[str, str]
    proofs: dict[str, Any]
    ended_at: datetime | None
    ended_by_name: str | None
    outcome: Literal["finished", "abandoned"] | None
    steps: list[Step] | None
