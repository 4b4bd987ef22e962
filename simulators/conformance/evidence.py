"""What the kit did in an examination, beside the record of what it saw."""

from dataclasses import dataclass, field
from typing import Final, Literal

from firmware_specs.messages import Command, Event
from simulators.conformance.played_cloud import Key
from simulators.conformance.record import Record

ROOM: Final = "conformance-room"
OLDER_ROOM: Final = "older-room"
RESENDS_S: Final = (2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Pace:
    """The contract's seconds times `scale` (1 outside tests); `grace_s` is how late anything may come."""

    scale: float = 1.0
    grace_s: float = 5.0
    settle_s: float = 2.0

    def s(self, contract_s: float) -> float:
        """Seconds of the contract in real seconds."""
        return contract_s * self.scale

    def limit(self, contract_s: float) -> float:
        """Until when something due after `contract_s` may come."""
        return self.s(contract_s) + self.grace_s


@dataclass(frozen=True)
class Pressed:
    """An SOS that was asked for, and the event that came; `asked_ms`, `came_ms` are ms UTC."""

    event: Event
    asked_ms: int
    came_ms: int
    at: float


@dataclass
class Evidence:
    """What the kit did, beside the record of what it saw; None: it did not come to that. Loop seconds."""

    record: Record
    pace: Pace
    presses: list[Pressed] = field(default_factory=list)
    false_ack_at: float | None = None
    cut_session: int | None = None
    quiet: tuple[Key, float, float] | None = None
    configured: Pressed | None = None
    garbage_answered: bool | None = None
    probe: Command | None = None
    probe_again_at: float | None = None
    expired: Command | None = None
    replay: Command | None = None
    replay_at: float = 0.0
    replayed_events: list[Event] = field(default_factory=list)
    replayed_batches: list[Key] = field(default_factory=list)
    withheld: tuple[Key, float] | None = None
    power: tuple[Pressed, int] | None = None
    retained: dict[str, bytes] | None = None
    ended_at: float = 0.0


def missing(evidence: Evidence, stream: Literal["event", "telemetry"]) -> list[Key]:
    """What of a replay has not come again."""
    record, since = evidence.record, evidence.replay_at
    if stream == "event":
        wanted = [(event.run, event.seq) for event in evidence.replayed_events]
        came = {(event.run, event.seq) for seen, event in record.events if seen.at >= since}
    else:
        wanted = evidence.replayed_batches
        came = {(batch.run, batch.seq) for seen, batch in record.batches if seen.at >= since}
    return [key for key in wanted if key not in came]
