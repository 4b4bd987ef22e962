"""Events between the pipeline and the outbox: what of a happening the wire carries. Pure."""

from typing import Any, Final

import msgspec

from edge.readings import Happening, IdentifiedEvent, Item
from firmware_specs.ids import uuid7

FRESH_FIX: Final = frozenset({"sos", "fall", "fence_exit"})
# A message that the broker refuses would come back at every connection, and nothing behind it would go.
EVIDENCE_BYTES: Final = 16 * 1024
_SMALL_BYTES: Final = 512
_NAMED: Final = 20


def needs_place(event: IdentifiedEvent) -> bool:
    """A live call for help, or an elder who is out: where is the device now?"""
    return event.kind in FRESH_FIX and event.phase in ("raised", "updated") and not (event.late or event.test)


def is_call(item: Item) -> bool:
    """Whether something begins here that a person may have to act on."""
    return isinstance(item, Happening) and item.phase in ("suspected", "raised")


def fitting(evidence: dict[str, Any]) -> dict[str, Any]:
    """Evidence of at most 16 KiB: of more only what is small stays, and `left_out` names the rest."""
    if _length(evidence) <= EVIDENCE_BYTES:
        return evidence
    small = {key: value for key, value in evidence.items() if _length({key: value}) <= _SMALL_BYTES}
    small = dict(list(small.items())[:_NAMED])
    return small | {"left_out": [key[:64] for key in evidence if key not in small][:_NAMED]}


def identified(item: Happening) -> IdentifiedEvent:
    """A happening that no step could identify still becomes an event."""
    return IdentifiedEvent(
        id=str(uuid7(item.at)),
        device=item.device,
        kind=item.kind,
        phase=item.phase,
        at=item.at,
        device_at=item.device_at,
        evidence=item.evidence,
        position=item.position,
        test=item.test,
        late=item.late,
    )


def _length(value: dict[str, Any]) -> int:
    """Bytes as JSON; more than any limit for what JSON cannot carry."""
    try:
        return len(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError):
        return EVIDENCE_BYTES + 1
