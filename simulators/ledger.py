"""What was sent and what the cloud acknowledged, one JSON line each, to judge lost and doubled events.

Lines: {"what": "sent", "id", "gateway", "run", "seq", "kind", "phase", "device", "at"} at the first sending,
{"what": "resent", "id", "n"}, {"what": "acked", "id", "stage", "at"}; times are ms UTC.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import msgspec

from firmware_specs.messages import Event


@dataclass
class Ledger:
    """Counts in memory, and lines in `path` when one is given (appended, each line at once on disk's way)."""

    path: Path | None = None
    sent: dict[str, int] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)
    resent: int = 0
    batches_sent: int = 0
    batches_acked: int = 0
    _file: TextIO | None = None

    def event_sent(self, gateway: str, event: Event, now: int) -> None:
        """An event is sent for the first time."""
        self.sent[event.id] = now
        self._write(
            what="sent",
            id=event.id,
            gateway=gateway,
            run=event.run,
            seq=event.seq,
            kind=event.kind,
            phase=event.phase,
            device=event.device,
            at=now,
        )

    def event_resent(self, event_id: str, n: int) -> None:
        """The nth repetition of an event."""
        self.resent += 1
        self._write(what="resent", id=event_id, n=n)

    def event_acked(self, event_id: str, stage: str, now: int) -> None:
        """The cloud says that the event is stored (claimed, closed)."""
        if stage == "stored":
            self.acked.setdefault(event_id, now)
        self._write(what="acked", id=event_id, stage=stage, at=now)

    @property
    def waiting(self) -> int:
        """Events that were sent and never acknowledged."""
        return len(self.sent.keys() - self.acked.keys())

    def summary(self) -> dict[str, Any]:
        """Counts for a report."""
        return {
            "sent": len(self.sent),
            "acked": len(self.acked),
            "waiting": self.waiting,
            "resent": self.resent,
            "batches_sent": self.batches_sent,
            "batches_acked": self.batches_acked,
        }

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, **line: Any) -> None:
        if self.path is None:
            return
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8", buffering=1)
        self._file.write(msgspec.json.encode(line).decode() + "\n")
