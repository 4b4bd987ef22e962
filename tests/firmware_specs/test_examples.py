"""Every example of every version: valid ones decode for ever, invalid ones are refused for their reason."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import msgspec
import pytest

from firmware_specs.__main__ import CHANNELS, schema
from firmware_specs.batches import BatchReader, decode_batch
from firmware_specs.messages import Message, TelemetryBatch, decode, encode
from firmware_specs.orders import ReplayArgs

EXAMPLES: Final = Path(__file__).parents[2] / "firmware_specs" / "examples"
VALID: Final = sorted(EXAMPLES.glob("v*/valid/*.json"))
INVALID: Final = sorted(path for path in EXAMPLES.glob("v*/invalid/*.json") if path.name != "REASONS.json")
BETWEEN_COLUMNS: Final = (
    "columns d, k, dt, value differ",
    "quality has",
    "points outside",
    "no reading, position or gap",
    "outside the calendar",
)


def message_of(path: Path) -> type[Message]:
    """The message whose name the file's name starts with; the longest such name."""
    names = {channel.name: channel.message for channel in CHANNELS}
    return names[max((name for name in names if path.name.startswith(f"{name}-")), key=len)]


def decoded(path: Path) -> Message:
    kind = message_of(path)
    data = path.read_bytes()
    return decode_batch(data) if kind is TelemetryBatch else decode(data, kind)


def as_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def holds(written: Any, back: Any) -> bool:
    """`back` is `written` without its defaults and unknown fields."""
    if isinstance(back, dict):
        return all(key in written and holds(written[key], part) for key, part in back.items())
    if isinstance(back, list):
        return len(written) == len(back) and all(map(holds, written, back))
    return bool(written == back)


def name_of(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_a_valid_example_decodes_and_comes_back_equal(path: Path) -> None:
    message = decoded(path)
    encoded = encode(message)
    assert decode(encoded, type(message)) == message
    written = as_json(path)
    assert holds(written, json.loads(encoded))
    unknown = set(written) - {field.encode_name for field in msgspec.structs.fields(message)}
    assert bool(unknown) == ("future-field" in path.name or "-and-field" in path.name)


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_a_valid_example_satisfies_its_schema(path: Path) -> None:
    jsonschema.validate(as_json(path), schema(message_of(path)), cls=jsonschema.Draft7Validator)


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_an_invalid_example_is_refused_for_its_reason(path: Path) -> None:
    reason = as_json(path.with_name("REASONS.json"))[path.name]
    with pytest.raises(ValueError, match=re.escape(reason)):
        decoded(path)
    if message_of(path) is TelemetryBatch:
        with pytest.raises(ValueError, match=re.escape(reason)):
            BatchReader().decode(path.read_bytes())


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_the_schema_refuses_what_the_decoder_refuses(path: Path) -> None:
    """All but what holds between the columns of a batch, which a schema cannot say."""
    reason = as_json(path.with_name("REASONS.json"))[path.name]
    fits = jsonschema.Draft7Validator(schema(message_of(path))).is_valid(as_json(path))
    assert fits == any(words in reason for words in BETWEEN_COLUMNS)


def test_every_invalid_example_has_a_reason_and_every_reason_an_example() -> None:
    for folder in EXAMPLES.glob("v*/invalid"):
        named = set(as_json(folder / "REASONS.json"))
        assert named == {path.name for path in INVALID if path.parent == folder}


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: str(channel.name))
def test_each_message_has_at_least_three_valid_and_four_invalid_examples(channel: Any) -> None:
    assert sum(message_of(path) is channel.message for path in VALID) >= 3
    assert sum(message_of(path) is channel.message for path in INVALID) >= 4


def test_no_published_example_was_changed_or_taken_away() -> None:
    for sums in EXAMPLES.glob("v*/SHA256SUMS"):
        lines = [line.split("  ") for line in sums.read_text().splitlines()]
        published = {name: digest for digest, name in lines}
        for name, digest in published.items():
            assert hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() == digest, name
        assert set(published) == {f"valid/{path.name}" for path in VALID if path.parent.parent == sums.parent}


def test_the_example_replay_command_has_replay_arguments() -> None:
    args = as_json(EXAMPLES / "v1" / "valid" / "command-replay.json")["args"]
    replay = msgspec.convert(args, ReplayArgs)
    assert (replay.stream, replay.from_at, replay.to_at) == ("event", args["from"], args["to"])
