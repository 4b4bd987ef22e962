"""What the simulated homes of `make bench-homes` gave: what was told, beside what happened."""

from dataclasses import dataclass, field
from typing import Any

from simulators import lives


@dataclass
class Told:
    """One event of the gateway, by its id: when each phase came."""

    kind: str
    at: int
    phases: dict[str, int]
    evidence: dict[str, Any]
    met: str = ""
    true: bool = False
    waits_ms: int = 0

    @property
    def asked_at(self) -> int | None:
        """When the cloud asks an operator about it, by the rules of the cloud."""
        due = self.phases.get("suspected", 1 << 62) + self.waits_ms
        ended = min(self.phases.get(phase, due) for phase in ("raised", "cancelled"))
        return due if "suspected" in self.phases and ended >= due else None


@dataclass
class Lay:
    """A fall with what was told of it first: by what, and how many seconds after it."""

    fall: lives.Fall
    until: int | None
    pet: bool
    told_s: float | None = None
    raised_s: float | None = None
    by: str = ""


@dataclass(frozen=True)
class Due:
    """Now the cloud asks about an event that is neither raised nor cancelled."""

    event: str


@dataclass
class Record:
    """What one home gave."""

    seed: int = 0
    days: int = 0
    told: list[Told] = field(default_factory=list)
    lays: list[Lay] = field(default_factory=list)
    knocks: int = 0
    suspected: int = 0
