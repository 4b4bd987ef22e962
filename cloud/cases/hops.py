"""The road of one alarm, hop by hop, read from its case's timeline alone. A hop without a time is said to be
missing. Pure.
"""

from collections.abc import Iterable
from typing import Any, Final

from cloud.cases.chain import Entry
from cloud.cases.summary import Hop, iso

NAMES: Final[dict[str, tuple[str, str]]] = {
    "device": ("设备", "device"),
    "gateway": ("网关判定", "gateway"),
    "received": ("云端收到", "received"),
    "stored": ("入库", "stored"),
    "shown": ("屏幕显示", "shown"),
    "claimed": ("接警", "claimed"),
    "called": ("回拨", "called"),
    "dispatched": ("派单", "dispatched"),
    "arrived": ("到场", "arrived"),
    "resolved": ("处置完毕", "resolved"),
    "closed": ("结案", "closed"),
}
# The first entry of these kinds is the hop.
_KINDS: Final[dict[str, frozenset[str]]] = {
    "shown": frozenset({"shown"}),
    "claimed": frozenset({"claimed"}),
    "called": frozenset({"call", "contacting", "call_back"}),
    "dispatched": frozenset({"dispatched"}),
    "arrived": frozenset({"arrived"}),
    "resolved": frozenset({"resolved"}),
    "closed": frozenset({"closed"}),
}
_IN_ALARM: Final = {"device": "device_at", "gateway": "occurred_at", "received": "received_at"}


def hops(entries: Iterable[Entry]) -> list[Hop]:
    """Every hop of a case's first alarm, in order, those without a time too."""
    found: dict[str, str] = {}
    for entry in entries:
        if entry.kind == "alarm" and "stored" not in found:
            found["stored"] = iso(entry.at)
            found |= _said(entry.data)
        for name, kinds in _KINDS.items():
            if entry.kind in kinds and name not in found and not _ended_call(entry):
                found[name] = iso(entry.at)
    return [Hop(name=name, at=found.get(name)) for name in NAMES]


def _said(data: dict[str, Any]) -> dict[str, str]:
    """The times that an alarm's own entry names."""
    return {name: data[key] for name, key in _IN_ALARM.items() if isinstance(data.get(key), str)}


def _ended_call(entry: Entry) -> bool:
    return entry.kind == "call" and entry.data.get("call_s") == 0
