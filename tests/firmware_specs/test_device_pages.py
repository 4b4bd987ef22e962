"""The device pages are what simulators and drivers are written from: their examples and names must hold."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from firmware_specs.kinds import EVENTS, READINGS

PAGES: Final = Path(__file__).parents[2] / "firmware_specs" / "devices"
FRAME: Final = re.compile(
    r"\[(?:[0-9A-Z]{2})\*\d{8,17}\*(?:[0-9A-Fa-f]{4}\*)?([0-9A-Fa-f]{4})\*([A-Z][^ \n]*)\](?= |$)", re.M
)
WRONG_ON_PURPOSE: Final = {"LK,1204,16,87"}


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def test_the_length_of_each_watch_example_is_true() -> None:
    examples = page("watch.md").split("## Worked examples")[1]
    frames = FRAME.findall(re.sub(r"\]ab ", "] ", examples))
    assert len(frames) >= 7
    for length, content in frames:
        if "*" in content or content.startswith("TK"):
            continue
        assert (int(length, 16) == len(content)) is (content not in WRONG_ON_PURPOSE), content


@pytest.mark.parametrize("name", ["watch.md", "wrist_accelerometer.md"])
def test_the_kinds_that_a_page_names_exist(name: str) -> None:
    known = set(READINGS) | set(EVENTS)
    named = set(re.findall(r"(?:event|reading)s? `([a-z0-9_]+)`", page(name)))
    assert named
    assert named <= known


def test_the_mapping_table_of_zigbee_ends_in_known_kinds() -> None:
    rows = [
        line.split("|")
        for line in page("zigbee2mqtt.md").splitlines()
        if re.match(r"\| (binary|enum|read-only|numeric) ", line)
    ]
    assert len(rows) > 15
    readings = {word for row in rows for word in re.findall(r"`([a-z0-9_]+)`", row[2])} - {"illuminance_lux"}
    events = {word for row in rows for word in re.findall(r"`([a-z0-9_]+)`", row[3])}
    assert readings <= set(READINGS)
    assert events <= set(EVENTS)
    assert {"sos", "smoke", "gas", "co", "water_leak", "fall", "detector_test"} <= events


def test_the_lines_of_the_wrist_example_are_json() -> None:
    lines = re.findall(r"^(?:band|gateway) +(\{.*?\})(?= {2}|$)", page("wrist_accelerometer.md"), re.M)
    assert {json.loads(line)["type"] for line in lines} == {
        "hello",
        "status",
        "samples",
        "button",
        "ok",
        "error",
    }
