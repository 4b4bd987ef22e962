"""Each rule of the screens (`RULES.md`) is held by a test; one whose test is gone is held by nobody."""

import re
from pathlib import Path

from cloud.console import build_hook

HERE = Path(__file__).parent
SOURCES = Path(build_hook.__file__).parent / "src"


def held(file: str) -> str:
    """What a file holds, a line each: its tests, or its findings."""
    if file.endswith(".ts"):
        found = re.findall(r'^test\("([^"]+)"', (SOURCES / file).read_text(), re.M)
    elif file == "rules.js":
        table = (HERE / file).read_text().partition("const found = {")[2]
        found = re.findall(r'^ {4}"?([\w -]+?)"?: ', table, re.M)
    else:
        found = re.findall(r"^def (test_\w+)", (HERE / file).read_text(), re.M)
    return "\n".join(found)


def test_each_rule_is_held_by_a_test_that_is_there() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", (HERE / "RULES.md").read_text(), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 40))
    holders = [holder.partition(": ") for _, names in rows for holder in names.split("; ")]
    assert [f"{file}: {name}" for file, _, name in holders if name not in held(file)] == []
