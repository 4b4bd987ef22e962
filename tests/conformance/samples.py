"""Sample messages out of a folder of `*.md` and `*.jsonl` files.

In markdown a heading `## family — ...` names the family of the JSON objects below it, one a line. In a
`.jsonl` file an object names it itself (`"family"`), else the file's name does. In each object `in`, `in_hex`
or `in_hci_hex` are the bytes as they arrive (other keys as the family needs them), and each key that begins
with `want` holds expected values.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

Values = dict[str, Any]
_HEADING: Final = re.compile(r"^#{1,6}\s+(\w+)")
_NOT_INPUT: Final = ("want", "peer", "note", "prov")


@dataclass(frozen=True)
class Sample:
    """One message: `given` is what a driver may see, `want` what it must make of it.

    `broken` says why the line itself cannot be read; such a sample counts as failed.
    """

    family: str
    where: str
    given: Values
    want: Values
    broken: str | None = None


def read_folder(folder: Path) -> list[Sample]:
    """Every sample below `folder`, files in the order of their names."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".jsonl") and path.is_file())
    return [sample for path in files for sample in _read(path)]


def given_bytes(given: Values) -> bytes:
    """The bytes of `in`, `in_hex` or `in_hci_hex`; KeyError when the sample has none of them."""
    for key in ("in_hex", "in_hci_hex"):
        if key in given:
            return bytes.fromhex(given[key])
    return str(given["in"]).encode()


def _read(path: Path) -> Iterator[Sample]:
    family = path.stem
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if path.suffix == ".md" and (heading := _HEADING.match(line)):
            family = heading[1]
        elif line.lstrip().startswith("{"):
            yield _sample(family, f"{path.name}:{number}", line)


def _sample(family: str, where: str, line: str) -> Sample:
    try:
        values: Values = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Sample(family, where, {}, {}, broken=f"not JSON: {error}")
    want = {key: value for key, value in values.items() if key.startswith("want")}
    given = {key: value for key, value in values.items() if not key.startswith(_NOT_INPUT)}
    broken = None if want else "no want"
    return Sample(str(given.pop("family", family)), where, given, want, broken)
