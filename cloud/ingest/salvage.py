"""An event out of whatever arrived: strictly, else field by field, else by the one word that matters. Pure.

A life-safety alarm is never rejected for a bad field; what had to be guessed is listed as `problems`.
"""

import hashlib
import re
import uuid
from typing import Any, Final

import msgspec

from firmware_specs.ids import is_wire_id
from firmware_specs.kinds import EVENTS
from firmware_specs.messages import EVENT_DECODER, Event

SALVAGED_RUN: Final = "salvaged"
LARGEST: Final = 64 * 1024
_LIFE_SAFETY_WORD: Final = re.compile(rb'"kind"\s*:\s*"(sos|fall|smoke|gas|co)"', re.IGNORECASE)
_TEXT_LIMIT: Final = 64
_UNREADABLE: Final = (ValueError, RecursionError)
_FIELDS: Final = {field.name: field for field in msgspec.structs.fields(Event)}


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """An event and what was wrong with its message; `answerable` when its own run and id can be
    acknowledged.
    """

    event: Event
    problems: tuple[str, ...] = ()
    answerable: bool = True


def read_event(payload: bytes, gateway_id: str) -> Understood | None:
    """The event of a message; None when not even a kind can be made out. Never raises."""
    if len(payload) <= LARGEST:
        try:
            event = EVENT_DECODER.decode(payload)
        except _UNREADABLE:
            pass
        else:
            return _storable(event, (), answerable=True)
    fields = _generic(payload)
    if fields is None or not isinstance(fields.get("kind"), str):
        word = life_safety_word(payload)
        if word is None:
            return None
        fields = {"kind": word}
        problems: tuple[str, ...] = ("not_json",)
    else:
        problems = ("oversized",) if len(payload) > LARGEST else ()
    return _salvage(fields, problems, payload, gateway_id)


def life_safety_word(payload: bytes) -> str | None:
    """The life-safety kind that stands in the bytes, whatever they are."""
    match = _LIFE_SAFETY_WORD.search(payload)
    return match.group(1).decode("ascii").lower() if match else None


def fingerprint(payload: bytes, gateway_id: str) -> bytes:
    """What stands for a message that has no number of its own: a resend has the same."""
    return hashlib.sha256(gateway_id.encode() + b"\0" + payload).digest()


def derived_id(payload: bytes, gateway_id: str) -> uuid.UUID:
    """An event id for a message that has none, the same for each resend."""
    return uuid.UUID(bytes=fingerprint(payload, gateway_id)[:16], version=5)


def derived_seq(payload: bytes, gateway_id: str) -> int:
    """A sequence number for a message that has none, 1 to 2**62."""
    return (int.from_bytes(fingerprint(payload, gateway_id)[16:24], "big") >> 2) + 1


def _generic(payload: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(payload)
    except _UNREADABLE:
        return None
    return found if isinstance(found, dict) else None


def _salvage(
    found: dict[str, Any], problems: tuple[str, ...], payload: bytes, gateway_id: str
) -> Understood | None:
    kept: dict[str, Any] = {}
    wrong = []
    for name, field in _FIELDS.items():
        if name not in found:
            continue
        try:
            kept[name] = msgspec.convert(found[name], field.type)
        except _UNREADABLE:
            wrong.append(f"bad_{name}")
    kind = _kind(found["kind"])
    if kind is None:
        return None
    if "oversized" in problems:
        kept.pop("evidence", None)
        kept.pop("local", None)
    if "at" not in kept:
        wrong.append("time_missing")
    answerable = {"id", "run", "seq"} <= kept.keys()
    if not ("run" in kept and "seq" in kept):
        wrong.append("unnumbered")
        kept["run"], kept["seq"] = SALVAGED_RUN, derived_seq(payload, gateway_id)
    if "id" not in kept:
        wrong.append("id_missing")
        kept["id"] = str(derived_id(payload, gateway_id))
    kept = {"boot": "", "at": 0} | kept | {"kind": kind}
    return _storable(msgspec.convert(kept, Event), (*problems, *wrong), answerable=answerable)


def _kind(claimed: str) -> str | None:
    """A kind, in the list's spelling where it differs only by case; None for what cannot be a name."""
    name = claimed.strip().lower().replace("\0", "")[:_TEXT_LIMIT]
    if name in EVENTS:
        return name
    return name if is_wire_id(name.replace("_", "-")) else None


def _storable(event: Event, problems: tuple[str, ...], *, answerable: bool) -> Understood:
    """The event as PostgreSQL can hold it: a listed spelling of its kind, no NUL, numbers that JSON can
    carry.
    """
    lower = event.kind.lower()
    if event.kind not in EVENTS and lower in EVENTS:
        event = msgspec.structs.replace(event, kind=lower)
        problems = (*problems, "kind_spelling")
    try:
        encoded = msgspec.json.encode(event)
        if b"\\u0000" in encoded:
            event = msgspec.convert(_strip(msgspec.json.decode(encoded)), Event)
            problems = (*problems, "nul_characters")
    except (*_UNREADABLE, OverflowError):
        event = msgspec.structs.replace(event, evidence={}, local={}, room=None, boot="")
        problems = (*problems, "bad_evidence")
    return Understood(event=event, problems=problems, answerable=answerable)


def _strip(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "")
        case dict():
            return {_strip(key): _strip(item) for key, item in value.items()}
        case list():
            return [_strip(item) for item in value]
        case _:
            return value
