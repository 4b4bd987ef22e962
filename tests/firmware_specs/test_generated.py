"""The generated files are those of the messages; the AsyncAPI page says every topic as the wire does."""

import builtins
import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from firmware_specs.__main__ import CHANNELS, ROOT, asyncapi, generate, main, stale
from firmware_specs.messages import Message

QOS_AND_RETAINED: Final = {
    "event": (1, False),
    "telemetry": (1, False),
    "result": (1, False),
    "log": (0, False),
    "online": (1, True),
    "birth": (1, True),
    "device-state": (1, True),
    "ack": (1, False),
    "command": (1, False),
    "config": (1, True),
    "cloud-status": (1, True),
}


def document() -> Any:
    return yaml.safe_load((ROOT / "asyncapi.yaml").read_text(encoding="utf-8"))


def test_the_committed_files_are_fresh() -> None:
    assert stale(ROOT, generate()) == []


def test_generation_is_deterministic() -> None:
    assert generate() == generate()


def test_stale_missing_and_left_over_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    (tmp_path / "schemas" / "event.json").write_text("{}")
    (tmp_path / "schemas" / "ack.json").unlink()
    (tmp_path / "schemas" / "old.json").write_text("{}")
    capsys.readouterr()
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().out
    assert all(f"schemas/{name}.json" in said for name in ("event", "ack", "old"))
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert not (tmp_path / "schemas" / "old.json").exists()


def test_a_chinese_locale_is_told_in_chinese(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["--check"], tmp_path) == 1
    assert "已过期" in capsys.readouterr().out


def test_without_pyyaml_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_yaml(name: str, *rest: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    with pytest.raises(SystemExit, match="pip install pyyaml"):
        generate()


def test_every_message_has_exactly_one_channel() -> None:
    assert {channel.message for channel in CHANNELS} == set(Message.__subclasses__())
    assert len(CHANNELS) == len(Message.__subclasses__())


@pytest.mark.parametrize("path", sorted((ROOT / "schemas").glob("*.json")), ids=lambda path: str(path.stem))
def test_a_schema_is_sound_and_portable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    schema = json.loads(text)
    jsonschema.Draft7Validator.check_schema(schema)
    assert "(?!" not in text
    references = set(re.findall(r'"#/\$defs/(\w+)"', text))
    assert references <= set(schema.get("$defs", {}))
    assert schema["description"]


def test_the_page_gives_each_channel_its_qos_and_retained_flag() -> None:
    operations = document()["operations"]
    found = {
        one["channel"]["$ref"].rsplit("/", 1)[1]: (
            one["bindings"]["mqtt"]["qos"],
            one["bindings"]["mqtt"]["retain"],
        )
        for one in operations.values()
    }
    assert found == QOS_AND_RETAINED


def test_the_page_names_no_server_and_its_parameters_fill_the_addresses() -> None:
    page = document()
    assert page["asyncapi"] == "3.0.0"
    assert "servers" not in page
    for channel in page["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel.get("parameters", {}))


def test_every_reference_of_the_page_leads_somewhere() -> None:
    page = document()
    for reference in references_of(page):
        if reference.startswith("#/"):
            node: Any = page
            for word in reference[2:].split("/"):
                node = node[word]
            assert node
        else:
            assert (ROOT / reference).is_file()


def references_of(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references_of(value)]
    return [found for item in node for found in references_of(item)] if isinstance(node, list) else []


def test_the_gateway_sends_what_goes_up_and_receives_what_comes_down() -> None:
    for channel in CHANNELS:
        up = "/up/" in channel.address or "/state/" in channel.address
        assert (channel.action == "send") is up
    assert len(asyncapi()["operations"]) == len(CHANNELS)
