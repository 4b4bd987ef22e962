"""Text and JSON that a client sends: what PostgreSQL cannot store is refused here, as a 422."""

import math
from typing import Annotated, Any, Final

from pydantic import AfterValidator, StringConstraints

from firmware_specs.ids import WIRE_ID_PATTERN

_DEPTH: Final = 8
_NODES: Final = 2000


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("the character U+0000 cannot be stored")
    return text


def _storable(value: Any) -> Any:
    """A JSON value without U+0000, NaN, lone surrogates, more than 8 levels or 2000 values."""
    rest: list[tuple[Any, int]] = [(value, 1)]
    seen = 0
    while rest:
        item, depth = rest.pop()
        seen += 1
        if depth > _DEPTH or seen > _NODES:
            raise ValueError(f"at most {_DEPTH} levels and {_NODES} values are kept")
        if isinstance(item, dict):
            rest += [(key, depth) for key in item] + [(child, depth + 1) for child in item.values()]
        elif isinstance(item, list):
            rest += [(child, depth + 1) for child in item]
        elif isinstance(item, str):
            _no_nul(item).encode()
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError("NaN and infinity cannot be stored")
        elif isinstance(item, int) and abs(item) >= 1 << 63:
            raise ValueError("a number is too large")
    return value


Word = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True), AfterValidator(_no_nul)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_no_nul)
]
Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_no_nul)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_no_nul)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 -]{3,24}$")]
AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,12}$")]
WireId = Annotated[str, StringConstraints(pattern=WIRE_ID_PATTERN)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]
JsonList = Annotated[list[Any], AfterValidator(_storable)]
