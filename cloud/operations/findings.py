"""One thing that the doctor looked at, and what came of it."""

from datetime import timedelta

import msgspec

from cloud.operations.doctor_texts import say


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`text` says what is wrong, where, and what to do; or in short that nothing is."""

    check: str
    good: bool
    text: str


def good(check: str, key: str, **values: object) -> Finding:
    """Nothing is wrong."""
    return Finding(check=check, good=True, text=say(key, **values))


def wrong(check: str, key: str, **values: object) -> Finding:
    """Somebody must set something right."""
    return Finding(check=check, good=False, text=say(key, **values))


def age(span: timedelta) -> str:
    """A span of time as people read it, in the same letters in both languages."""
    seconds = max(int(span.total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
