"""Every message between a gateway and the cloud, as msgspec structs; JSON Schema and AsyncAPI are generated from here.

Evolution: new fields have defaults, a field's type or meaning never changes, unknown fields are ignored.
Times are integer milliseconds UTC (`at`, `..._at`); units come from `kinds.py`, never from a record.
"""

import zlib
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from firmware_specs.ids import WIRE_ID_PATTERN

VERSION: Final = 1
TELEMETRY_MAX_BYTES: Final = 64 * 1024
TELEMETRY_MAX_READINGS: Final = 200
_ZLIB_FIRST_BYTE: Final = 0x78

WireId = Annotated[str, Meta(pattern=WIRE_ID_PATTERN)]
RunId = Annotated[str, Meta(pattern=r"^[a-z0-9]{8,32}$")]
Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Ms = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
Seq = Annotated[int, Meta(ge=1, le=2**62)]
Quality = Annotated[int, Meta(ge=0, le=100)]
Phase = Literal["suspected", "raised", "updated", "cleared", "cancelled", "restored"]
Datum = Literal["wgs84", "gcj02", "bd09"]
PositionSource = Literal["gnss", "wifi", "cell", "home", "unknown"]


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all messages; `v` is the contract's version."""

    v: int = VERSION


class ClockState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the sender's time can be trusted: with `none`, `at` counts milliseconds since boot."""

    source: Literal["ntp", "cloud", "rtc", "none"] = "ntp"
    error_ms: int | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One position of a device: degrees in the named datum, accuracy radius in metres."""

    device: WireId
    at: Ms
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy_m: Annotated[float, Meta(ge=0)] | None = None
    source: PositionSource = "unknown"
    datum: Datum = "wgs84"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What a full outbox had to thin out: `count` readings between two times."""

    from_at: Ms
    to_at: Ms
    count: int


class TelemetryBatch(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Readings as columns: reading i is device `devices[d[i]]`, kind `kinds[k[i]]`, at `t0 + dt[i]`, `value[i]`, `quality[i]` 0-100.

    `late` marks backfill after an outage: stored, never an alarm, never the last value.
    """

    run: RunId
    boot: str
    seq: Seq
    sent_at: Ms
    t0: Ms
    clock: ClockState = ClockState()
    late: bool = False
    devices: list[WireId] = []
    kinds: list[str] = []
    d: list[int] = []
    k: list[int] = []
    dt: list[int] = []
    value: list[float] = []
    quality: list[Quality] | None = None
    positions: list[Position] = []
    gaps: list[Gap] = []


class Event(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Something happened that a person may have to act on; one id for an activation, kept through all phases and retries."""

    id: Uuid
    run: RunId
    boot: str
    seq: Seq
    kind: str
    phase: Phase = "raised"
    device: WireId | None = None
    room: str | None = None
    at: Ms
    device_at: Ms | None = None
    clock: ClockState = ClockState()
    evidence: dict[str, Any] = {}
    position: Position | None = None
    test: bool = False
    local: dict[str, Any] = {}


class Ack(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The cloud's word that it has committed these events and batches of one run (`stored`), or what became of them."""

    run: RunId
    events: list[Uuid] = []
    telemetry: list[int] = []
    stage: Literal["stored", "claimed", "closed"] = "stored"
    cloud_at: Ms


class Command(Message, frozen=True, kw_only=True, omit_defaults=True):
    """An order to a gateway; the same id twice is one action; nothing runs after `expires_at`."""

    id: Uuid
    op: str
    device: WireId | None = None
    args: dict[str, Any] = {}
    expires_at: Ms
    by: str


class Result(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway's answer to a command."""

    id: Uuid
    status: Literal["accepted", "done", "failed", "rejected", "expired"]
    error: str | None = None


class Online(Message, frozen=True, kw_only=True):
    """Retained, and the last will: a will of an older run than the present birth is ignored."""

    online: bool
    run: RunId


class InventoryEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One device that a gateway serves."""

    device: WireId
    driver: str
    model: str | None = None
    role: str | None = None
    room: str | None = None


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts about a gateway's link."""

    link: Literal["ethernet", "wifi", "cellular", "unknown"] = "unknown"
    metered: bool = False
    iccid: str | None = None
    carrier: str | None = None


class Birth(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Retained, published at every connect: what this run of the agent is and serves. `started_at` orders runs."""

    run: RunId
    boot: str
    started_at: Ms
    agent_version: str
    clock: ClockState = ClockState()
    adapters: list[str] = []
    devices: list[InventoryEntry] = []
    inventory_hash: str = ""
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
    role: str | None = None


class Log(Message, frozen=True, kw_only=True):
    """A diagnostic line sent on request."""

    at: Ms
    level: Literal["debug", "info", "warning", "error"]
    text: str


class Config(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Retained desired configuration; a gateway keeps the highest version that it could apply."""

    version: int
    heartbeat_s: int | None = None
    batch_s: float | None = None
    roles: dict[str, str] = {}


class CloudStatus(Message, frozen=True, kw_only=True):
    """Retained: the ingestor is alive; silent for 90 s means that the gateway must help alone."""

    alive: bool
    at: Ms


EVENT_DECODER: Final = msgspec.json.Decoder(Event)
BATCH_DECODER: Final = msgspec.json.Decoder(TelemetryBatch)


def encode(message: Message) -> bytes:
    """Compact JSON of a message."""
    return msgspec.json.encode(message)


def encode_batch(batch: TelemetryBatch, *, compress: bool = False) -> bytes:
    """A batch as JSON, or zlib of it where the link is metered."""
    data = msgspec.json.encode(batch)
    return zlib.compress(data, 6) if compress else data


def inflate(payload: bytes) -> bytes:
    """The JSON of a telemetry payload, at most 1 MiB; raises ValueError when zlib data is broken or larger."""
    if not payload or payload[0] != _ZLIB_FIRST_BYTE:
        return payload
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(payload, 1 << 20)
    except zlib.error as error:
        raise ValueError(f"broken zlib data: {error}") from error
    if not stream.eof:
        raise ValueError("zlib data is cut or inflates to more than 1 MiB")
    return data


def decode_batch(payload: bytes) -> TelemetryBatch:
    """A telemetry payload, JSON or zlib of it, with its columns checked; raises ValueError (msgspec's errors are ValueErrors) with the reason."""
    batch = BATCH_DECODER.decode(inflate(payload))
    count = len(batch.value)
    if count > TELEMETRY_MAX_READINGS:
        raise ValueError(f"{count} readings, at most {TELEMETRY_MAX_READINGS}")
    if not len(batch.d) == len(batch.k) == len(batch.dt) == count:
        raise ValueError(f"columns differ in length: d {len(batch.d)}, k {len(batch.k)}, dt {len(batch.dt)}, value {count}")
    if batch.quality is not None and len(batch.quality) != count:
        raise ValueError(f"quality has {len(batch.quality)} entries for {count} readings")
    if count and not (0 <= min(batch.d) and max(batch.d) < len(batch.devices)):
        raise ValueError("d points outside devices")
    if count and not (0 <= min(batch.k) and max(batch.k) < len(batch.kinds)):
        raise ValueError("k points outside kinds")
    return batch
