"""Every message between gateway and cloud as msgspec structs; JSON Schema and AsyncAPI come from here.

Evolution: new fields have defaults, a field's type or meaning never changes, unknown fields are ignored.
Times are integer milliseconds UTC (`at`, `..._at`); units come from `kinds.py`, never from a record.
Where `clock.source` is `none`, every time of that message counts milliseconds since the boot named by `boot`.
"""

from typing import Annotated, Any, Final, Literal, TypeVar, cast

import msgspec
from msgspec import Meta

from firmware_specs.fields import (
    LAST_MS,
    Bssid,
    Latitude,
    Longitude,
    LongText,
    Ms,
    Name,
    Quality,
    RunId,
    Seq,
    Text,
    Uuid,
    WireId,
)
from firmware_specs.homes import MAX_ACCESS_POINTS, MAX_HOMES, Gate, HomeContact, ServedHome, Zone

VERSION: Final = 1
TELEMETRY_MAX_BYTES: Final = 64 * 1024
TELEMETRY_MAX_READINGS: Final = 200

Phase = Literal["suspected", "raised", "updated", "cleared", "cancelled", "restored"]
Datum = Literal["wgs84", "gcj02", "bd09"]
PositionSource = Literal["gnss", "wifi", "cell", "home", "unknown"]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all messages; `v` is the contract's version, 1 where absent."""

    v: int = msgspec.field(default_factory=lambda: VERSION)  # a factory is encoded always, a default is not


class ClockState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the sender's time can be trusted: with `none`, `at` counts milliseconds since boot."""

    source: Literal["ntp", "cloud", "rtc", "none"] = "ntp"
    error_ms: Annotated[int, Meta(ge=0)] | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One position of a device: degrees in the named datum, accuracy radius in metres."""

    device: WireId
    at: Ms
    lat: Latitude
    lon: Longitude
    accuracy_m: Annotated[float, Meta(ge=0)] | None = None
    source: PositionSource = "unknown"
    datum: Datum = "wgs84"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What a full outbox had to thin out: `count` readings between two times."""

    from_at: Ms
    to_at: Ms
    count: Annotated[int, Meta(ge=1)]


_Index = Annotated[int, Meta(ge=0, lt=TELEMETRY_MAX_READINGS)]
_Offset = Annotated[int, Meta(ge=-LAST_MS, le=LAST_MS)]
_COLUMN: Final = Meta(max_length=TELEMETRY_MAX_READINGS)


class TelemetryBatch(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Readings as columns: number i is of `devices[d[i]]`, `kinds[k[i]]`, at `t0 + dt[i]`; quality 0-100.

    `late` marks backfill after an outage: stored, never an alarm, never the last value. At least one reading,
    position or gap.
    """

    run: RunId
    boot: Text
    seq: Seq
    sent_at: Ms
    t0: Ms
    clock: ClockState = ClockState()
    late: bool = False
    devices: Annotated[list[WireId], _COLUMN] = []
    kinds: Annotated[list[Name], _COLUMN] = []
    d: Annotated[list[_Index], _COLUMN] = []
    k: Annotated[list[_Index], _COLUMN] = []
    dt: Annotated[list[_Offset], _COLUMN] = []
    value: Annotated[list[float], _COLUMN] = []
    quality: Annotated[list[Quality], _COLUMN] | None = None
    positions: Annotated[list[Position], _COLUMN] = []
    gaps: Annotated[list[Gap], _COLUMN] = []


class Event(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a person may have to act on; one id an activation, for all its phases and retries."""

    id: Uuid
    run: RunId
    boot: Text
    seq: Seq
    kind: Name
    phase: Phase = "raised"
    device: WireId | None = None
    room: Text | None = None
    at: Ms
    device_at: Ms | None = None
    clock: ClockState = ClockState()
    evidence: dict[str, Any] = {}
    position: Position | None = None
    test: bool = False
    local: dict[str, Any] = {}


class Ack(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What of one run is committed (`stored`) or became of it; `event_seqs` tells an id's phases apart."""

    run: RunId
    events: list[Uuid] = []
    event_seqs: list[Seq] = []
    telemetry: list[Seq] = []
    stage: Literal["stored", "claimed", "closed"] = "stored"
    cloud_at: Ms


class Command(Message, frozen=True, kw_only=True, omit_defaults=True):
    """An order to a gateway; the same id twice is one action; nothing runs after `expires_at`."""

    id: Uuid
    op: Name
    device: WireId | None = None
    args: dict[str, Any] = {}
    expires_at: Ms
    by: Text


class Result(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway's answer to a command; `at` and `clock`, of a `ping`: its own time, how it knows it."""

    id: Uuid
    status: Literal["accepted", "done", "failed", "rejected", "expired"]
    error: LongText | None = None
    at: Ms | None = None
    clock: ClockState | None = None


class Online(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Retained, and the last will: a will of an older run than the present birth is ignored.

    Seconds that the oldest event and batch have waited for the cloud to store them; 0 when none does.
    """

    online: bool
    run: RunId
    event_wait_s: Annotated[float, Meta(ge=0)] | None = None
    batch_wait_s: Annotated[float, Meta(ge=0)] | None = None


class InventoryEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device that a gateway serves."""

    device: WireId
    driver: Name
    model: Text | None = None
    role: Text | None = None
    room: Text | None = None


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts about a gateway's link; `expires_at` is when its SIM or contract ends."""

    link: Literal["ethernet", "wifi", "cellular", "unknown"] = "unknown"
    metered: bool = False
    iccid: Text | None = None
    carrier: Text | None = None
    expires_at: Ms | None = None


class Birth(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Retained, published at every connect: what this run is and serves. `started_at` orders runs."""

    run: RunId
    boot: Text
    started_at: Ms
    agent_version: Text
    versions: dict[str, str] = {}
    clock: ClockState = ClockState()
    adapters: list[Name] = []
    devices: list[InventoryEntry] = []
    inventory_hash: Text = ""
    network: Network = Network()
    outbox_events: int = 0
    outbox_batches: int = 0


class DeviceState(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Retained: what a gateway knows of one device. None is unknown, never false."""

    device: WireId
    at: Ms
    online: bool | None = None
    worn: bool | None = None
    charging: bool | None = None
    battery_percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    link_quality: float | None = None
    last_seen: Ms | None = None
    role: Text | None = None
    run: RunId | None = None
    boot: Text = ""
    clock: ClockState = ClockState()


class Log(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A diagnostic line sent on request."""

    at: Ms
    level: Literal["debug", "info", "warning", "error"]
    text: LongText
    boot: Text = ""
    clock: ClockState = ClockState()


class Config(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Retained desired configuration; a gateway keeps the highest version that it could apply.

    Where it says nothing, the gateway's own settings count. `contacts` in order; `place` is the address for a
    message to them; `help_after_s`, `help_away_s`: when the gateway helps alone. `heartbeat_s` is kept
    within 5 and 60 s. `gate`, `safe_zone` and `access_points` are of the gateway's own home, `homes` of each
    home whose devices call in at a gateway of many. Above 64 KiB it is sent as zlib of the JSON (first byte
    0x78). Never to be logged.
    """

    version: Annotated[int, Meta(ge=1)]
    heartbeat_s: Annotated[int, Meta(gt=0)] | None = None
    batch_s: Annotated[float, Meta(gt=0)] | None = None
    roles: dict[str, str] = {}
    rooms: dict[WireId, Text] = {}
    contacts: Annotated[list[HomeContact], Meta(max_length=20)] = []
    place: Text = ""
    gate: Gate | None = None
    safe_zone: Zone | None = None
    access_points: Annotated[list[Bssid], Meta(max_length=MAX_ACCESS_POINTS)] = []
    homes: Annotated[list[ServedHome], Meta(max_length=MAX_HOMES)] = []
    help_after_s: Annotated[float, Meta(gt=0, le=600)] | None = None
    help_away_s: Annotated[float, Meta(gt=0, le=600)] | None = None


class CloudStatus(Message, frozen=True, kw_only=True):
    """Retained: the ingestor is alive; silent for 90 s means that the gateway must help alone."""

    alive: bool
    at: Ms


EVENT_DECODER: Final = msgspec.json.Decoder(Event)
BATCH_DECODER: Final = msgspec.json.Decoder(TelemetryBatch)
_DECODERS: Final[dict[type[Message], msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in Message.__subclasses__()
}
_M = TypeVar("_M", bound=Message)


def decode(payload: bytes, kind: type[_M]) -> _M:
    """A message of this kind; ValueError with the reason, as msgspec's are, also when nested too deep."""
    try:
        return cast(_M, _DECODERS[kind].decode(payload))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def encode(message: Message) -> bytes:
    """Compact JSON of a message."""
    return msgspec.json.encode(message)
