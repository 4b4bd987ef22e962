"""What gateways send: activations with their phases, twice, late, out of order, by wrong clocks, garbage."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from firmware_specs import topics
from firmware_specs.ids import uuid7
from tests.cloud.desk.ward import DEVICES, Ward
from tests.cloud.town import encoded, ms

# kind -> the first phase of an activation
KINDS: Final = (
    ("sos", "raised"),
    ("sos", "raised"),
    ("fall", "suspected"),
    ("fall", "suspected"),
    ("fall", "raised"),
    ("smoke", "raised"),
    ("co", "raised"),
    ("gas", "updated"),
    ("water_leak", "raised"),
    ("fence_exit", "raised"),
    ("battery_low", "raised"),
    ("mains_lost", "raised"),
    ("tamper", "raised"),
    ("detector_test", "raised"),
    ("something_new", "raised"),
)
PHASES: Final = ("raised", "cancelled", "cleared", "updated", "suspected", "restored")
# What a gateway's clock says, in seconds from the truth; None: milliseconds since its boot.
CLOCKS: Final = (0, 0, 0, -1, -120, -7200, -40_000_000, 3600, 86_400, None)
GARBAGE: Final = (
    b"",
    b"\xff\xfe\x00",
    b'{"kind":"sos"',
    b'{"v":1,"kind":"smoke","phase":"raised","seq":-4}',
    b'{"v":1,"kind":"battery","seq":"x"}',
    b"[1,2,3]",
)
_RUN: Final = "0123456789abcdef"


@dataclass(frozen=True)
class Sent:
    """One message of a gateway."""

    gateway: str
    payload: bytes
    topic: str


@dataclass
class _Activation:
    gateway: str
    device: str
    kind: str
    id: str


@dataclass
class Gateways:
    """All gateways of the ward, and every event they ever sent."""

    ward: Ward
    sent: list[Sent] = field(default_factory=list)
    _activations: list[_Activation] = field(default_factory=list)
    _seq: int = 0

    def begin(
        self, home: int, kind: int, device: int, clock: int, *, test: bool, strange: bool, now: datetime
    ) -> Sent:
        """A new activation; `strange`: of a device that nobody has registered, or of the other home."""
        name, phase = KINDS[kind]
        number = home if not strange else (9 if device == 0 else 1 - home)
        made = _Activation(
            self.ward.homes[home].gateway, f"{DEVICES[device]}-{number}", name, str(uuid7(ms(now)))
        )
        self._activations.append(made)
        return self._send(made, phase, clock, test, now)

    def go_on(self, which: int, phase: int, clock: int, *, now: datetime) -> Sent | None:
        """Another phase of an activation that began; None where none did."""
        if not self._activations:
            return None
        return self._send(
            self._activations[-1 - which % len(self._activations)], PHASES[phase], clock, False, now
        )

    def again(self, which: int) -> Sent | None:
        """A message that was sent before; None where none was."""
        return self.sent[-1 - which % len(self.sent)] if self.sent else None

    def garbage(self, home: int, which: int) -> Sent:
        """Something that is no event."""
        gateway = self.ward.homes[home].gateway
        return Sent(gateway, GARBAGE[which], topics.up(gateway, "event"))

    def _send(self, of: _Activation, phase: str, clock: int, test: bool, now: datetime) -> Sent:
        self._seq += 1
        off = CLOCKS[clock]
        message: dict[str, Any] = {
            "v": 1,
            "id": of.id,
            "run": _RUN,
            "boot": "boot-1",
            "seq": self._seq,
            "kind": of.kind,
            "phase": phase,
            "device": of.device,
            "test": test,
        }
        if off is None:
            message |= {"at": 1000 * self._seq, "clock": {"source": "none"}}
        else:
            message["at"] = ms(now + timedelta(seconds=off))
        sent = Sent(of.gateway, encoded(message), topics.up(of.gateway, "event"))
        self.sent.append(sent)
        return sent
