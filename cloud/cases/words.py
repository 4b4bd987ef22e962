"""What a case is called in messages to people: plain words for the templates. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cloud.notifications.templates import local_time
from firmware_specs.kinds import EVENTS

_UNKNOWN_NAME: Final = "未登记"
_MORE: Final = {"needs_help": "老人需要帮助"}


def kinds_zh(kinds: list[str]) -> str:
    """The kinds of a case in Chinese; one that is not in the list says itself."""
    return "、".join(EVENTS[kind].zh if kind in EVENTS else _MORE.get(kind, kind) for kind in kinds)


def waited_zh(since: datetime, now: datetime) -> str:
    """How long somebody waits, to the second below two minutes."""
    seconds = max(0, round((now - since).total_seconds()))
    return f"{seconds}秒" if seconds < 120 else f"{seconds // 60}分钟"


def params_of(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Parameters of every template about a case."""
    resident = row["frozen"].get("resident") or {}
    place = row["place"] or {}
    return {
        "number": row["number"],
        "name": resident.get("name") or _UNKNOWN_NAME,
        "kind": kinds_zh(row["kinds"]),
        "place": place.get("text") or row["subject_id"],
        "at": local_time(row["occurred_at"]),
        "waited": waited_zh(row["waiting_since"], now),
    }
