"""The report of a conformance run, for a person and for a machine (JUnit XML)."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

from simulators.conformance.checks import Finding
from simulators.conformance.texts import say
from simulators.conformance.verdict import Result
from simulators.processes import SimulatorError

_MARKS: Final[dict[Result, str]] = {"passed": "✓", "failed": "✗", "not_observed": "–"}


def readable(what: str, findings: Sequence[Finding]) -> str:
    """One line a check, the failed ones with their clause, and a sum."""
    lines = [say("head", what=what)]
    for found in findings:
        lines.append(f"{_MARKS[found.result]} {say(found.result)}  {found.name}: {found.title}")
        lines.append(f"      {found.seen}")
        if found.result == "failed":
            lines.append(f"      → firmware_specs: {found.clause}")
    count = Counter(found.result for found in findings)
    total = say("sum", **{name: count[name] for name in _MARKS})
    return "\n".join([*lines, total]) + "\n"


def write_junit(path: Path, what: str, findings: Sequence[Finding]) -> None:
    """The same as JUnit XML: what was not observed is `skipped`. Raises SimulatorError."""
    count = Counter(found.result for found in findings)
    suite = Xml.Element(
        "testsuite",
        name=_clean(f"conformance {what}"),
        tests=str(len(findings)),
        failures=str(count["failed"]),
        skipped=str(count["not_observed"]),
        errors="0",
    )
    for found in findings:
        case = Xml.SubElement(suite, "testcase", classname=_clean(found.clause), name=_clean(found.name))
        if found.result == "failed":
            Xml.SubElement(case, "failure", message=_clean(found.seen)).text = _clean(found.title)
        elif found.result == "not_observed":
            Xml.SubElement(case, "skipped", message=_clean(found.seen))
        else:
            Xml.SubElement(case, "system-out").text = _clean(found.seen)
    try:
        Xml.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise SimulatorError(f"{path}: {error.strerror}") from error


def _clean(text: str) -> str:
    """Without what XML cannot hold: a device may say anything."""
    return "".join(
        c if c in "\t\n" or (c.isprintable() and ord(c) < 0xFFFE) or ord(c) > 0xFFFF else "�" for c in text
    )
