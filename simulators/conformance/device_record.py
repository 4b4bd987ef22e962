"""What was heard of one device, frame by frame."""

from dataclasses import dataclass, field
from typing import Any

from simulators.conformance.frames import Form


@dataclass(frozen=True)
class Heard:
    """One frame: when it came (ms UTC, None from a file), and what the decoder made of it."""

    frame: bytes
    at: int | None
    told: dict[str, Any]


@dataclass
class DeviceRecord:
    """Everything that a device said. `asked_sos`: somebody was asked to press."""

    driver: str
    form: Form
    heard: list[Heard] = field(default_factory=list)
    strange_bytes: int = 0
    asked_sos: bool = False
    connections: int = 0
