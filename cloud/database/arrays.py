"""Long arrays as parameters: PostgreSQL's own text form, made many times quicker than element by element."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


def of_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """For `json_to_recordset(%(name)s::json)`: one statement for many rows, whatever their columns are. Bytes
    become base64.
    """
    return msgspec.json.encode(list(rows)).decode()


def of_texts(texts: Sequence[str]) -> str:
    """For `%(name)s::text[]`; any text without NUL."""
    inside = '","'.join(texts)
    if "\\" in inside or inside.count('"') != 2 * (len(texts) - 1):
        inside = '","'.join(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return f'{{"{inside}"}}' if texts else "{}"


def of_numbers(numbers: Iterable[float | None]) -> str:
    """For `%(name)s::bigint[]` and other arrays of numbers; None is null."""
    return f"{{{','.join(['null' if number is None else str(number) for number in numbers])}}}"


def of_times(times_ms: NDArray[np.int64]) -> str:
    """For `%(name)s::timestamptz[]`, from ms UTC."""
    texts = np.datetime_as_string(times_ms.astype("datetime64[ms]"), timezone="UTC").tolist()
    return f"{{{','.join(texts)}}}"
