"""Expected against decoded values."""

import re
from collections.abc import Iterator
from typing import Any, Final

NOT_COMPARED: Final = frozenset({"traccar_alarm", "len_field", "content_len"})
COMMENTARY: Final = frozenset({"note", "peer_alarm"})  # about the message, not decoded from it
_ERROR: Final = 1e-6
_PLACEHOLDER: Final = "<yyyyMMddHHmmss UTC>"


def differences(want: Any, got: Any, where: str = "") -> Iterator[str]:
    """A line for each expected value that differs: `key: want ..., got ...`; nothing when all agree.

    What was decoded beyond the expected keys is no difference; expected null is also an absent key.
    """
    if isinstance(want, dict) and isinstance(got, dict):
        for key, value in want.items():
            if key not in NOT_COMPARED | COMMENTARY:
                yield from differences(value, got.get(key), f"{where}.{key}" if where else key)
    elif isinstance(want, list) and isinstance(got, list):
        yield from _lists(want, got, where)
    elif not _same(want, got):
        yield f"{where}: want {want!r}, got {got!r}"


def _lists(want: list[Any], got: list[Any], where: str) -> Iterator[str]:
    """Points `[name, value]` must be among the decoded ones; other lists agree item by item."""
    if want and all(isinstance(item, list) for item in want):
        for item in want:
            if not any(not list(differences(item, other)) for other in got):
                yield f"{where}: want {item!r} among {got!r}"
    elif len(want) != len(got):
        yield f"{where}: want {len(want)} items, got {len(got)}: {want!r}, {got!r}"
    else:
        for n, (item, other) in enumerate(zip(want, got, strict=True)):
            yield from differences(item, other, f"{where}[{n}]")


def _same(want: Any, got: Any) -> bool:
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, int | float) and isinstance(got, int | float):
        return abs(want - got) <= _ERROR * max(1.0, abs(want))
    if isinstance(want, str) and isinstance(got, str) and _PLACEHOLDER in want:
        pattern = r"\d{14}".join(map(re.escape, want.split(_PLACEHOLDER)))
        return re.fullmatch(pattern, got) is not None
    return bool(want == got)
