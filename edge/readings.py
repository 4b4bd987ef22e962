"""What flows through the agent, from a driver to the outbox, and what a driver is."""

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

import msgspec

from firmware_specs.messages import DeviceState, Phase, Position

Bytes = bytes | bytearray | memoryview
# A gateway that does not know the day counts from its start: times below (ms; 2001 as a day) are such.
SINCE_BOOT_MS: Final = 1_000_000_000_000


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value. `at` is ms UTC, judged trustworthy; `device_at` is what the device's clock said."""

    device: str
    kind: str
    at: int
    value: float
    quality: int | None = None
    device_at: int | None = None
    late: bool = False


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One position of a device. `late` is backfill: it never moves the last position."""

    position: Position
    late: bool = False


class HeardWifi(msgspec.Struct, frozen=True, kw_only=True):
    """The access points that a device heard when it made the report of this `at`: BSSID (as in a
    configuration) and dBm. It says nothing of any other report.
    """

    device: str
    at: int
    access_points: list[tuple[str, int]]
    late: bool = False


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A device showed that it lives, with what it said of itself."""

    state: DeviceState


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """A button's gesture (`single`, `hold`, `cancel` ...) that only a role or a suspicion gives a meaning."""

    device: str
    button: str
    at: int
    device_at: int | None = None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """An event before it has an id: `pipeline/identify` gives one for each activation until cleared.

    `activation` names what is active (default: device and kind); `instant` marks happenings that have no
    clearing, such as a button press: each is an activation of its own. The same `fingerprint` within
    `repeat_ms` is the same activation told again (a device that got no answer); a new fingerprint is a new
    activation, even while one is active.
    """

    device: str
    kind: str
    phase: Phase
    at: int
    device_at: int | None = None
    evidence: dict[str, Any] = {}
    position: Position | None = None
    test: bool = False
    instant: bool = False
    late: bool = False
    activation: str = ""
    fingerprint: str | None = None
    repeat_ms: int = 60_000


class IdentifiedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its id and room; the outbox adds run, boot, seq and clock and makes it a message."""

    id: str
    device: str
    kind: str
    phase: Phase
    at: int
    room: str | None = None
    device_at: int | None = None
    evidence: dict[str, Any] = {}
    position: Position | None = None
    test: bool = False
    late: bool = False


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of raw acceleration: rows of (x, y, z) in g, evenly spaced from `at` (ms UTC) at `rate_hz`.

    A piece continues the one before it, unless `gap` says that rows between them are missing. Its sensor
    clips at `range_g`, where that is known.
    """

    device: str
    at: int
    rate_hz: float
    xyz_g: list[tuple[float, float, float]]
    gap: bool = False
    range_g: float | None = None


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a raw signal, evenly spaced from `at` (ms UTC) at `rate_hz`, in the sensor's own unit: what
    a `bed` feels of breath, heart and movement, or the light of a pulse sensor (`ppg`). `gap` as in Samples.
    """

    device: str
    at: int
    rate_hz: float
    what: Literal["bed", "ppg"]
    values: list[float]
    gap: bool = False


Item = Reading | Fix | HeardWifi | Sighting | Press | Happening | IdentifiedEvent | Samples | Signal


class Driver(Protocol):
    """Bytes in, items and reply bytes out; no I/O, no clock. One object a connection or subscription.

    Send `replies()` only after the items are kept: a reply is a promise.
    """

    @property
    def counts(self) -> Mapping[str, int]:
        """How often what happened, by name, since the driver was made."""

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Take bytes that arrived at `at` (ms UTC); half frames wait for their rest. Never raises for bytes.

        With `b""` only time passes (call it each second): what waited for more may come out.
        """

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""

    def replies(self) -> bytes:
        """Bytes to send back now, each once."""


class Step(Protocol):
    """One step of the pipeline: items in, items out; pure, `now` (ms UTC) is an argument."""

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Transform what one arrival brought; called with an empty list each second so that time can pass."""
