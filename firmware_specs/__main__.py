"""`python -m firmware_specs` writes `schemas/*.json` and `asyncapi.yaml`; `--check` only names stale ones."""

import argparse
import inspect
import json
import sys
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec

from firmware_specs import messages, topics
from firmware_specs.fields import END
from firmware_specs.ids import WIRE_ID_PATTERN
from firmware_specs.language import said

ROOT: Final = Path(__file__).parent
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"  # AsyncAPI's own draft; nothing newer is used
_ANY_ID: Final = {"gateway": "{gateway}", "device": "{device}"}


class Channel(NamedTuple):
    """One topic: who sends on it (seen from the gateway), which message, with which QoS, retained or not."""

    name: str
    address: str
    action: Literal["send", "receive"]
    message: type[messages.Message]
    qos: int
    retained: bool
    summary: str


_GATEWAY: Final = "{gateway}"
CHANNELS: Final = (
    Channel("event", topics.up(_GATEWAY, "event"), "send", messages.Event, 1, False,
            "一条事件 / One event a message; again at 2, 4, 8, 15 s, then each 30 s until stored."),
    Channel("telemetry", topics.up(_GATEWAY, "telemetry"), "send", messages.TelemetryBatch, 1, False,
            "一批读数 / 1 to 200 readings, at most 64 KiB; JSON, or zlib of it (first byte 0x78)."),
    Channel("result", topics.up(_GATEWAY, "result"), "send", messages.Result, 1, False,
            "命令的结果 / The answer to a command; the same id twice gets the same answer."),
    Channel("log", topics.up(_GATEWAY, "log"), "send", messages.Log, 0, False,
            "诊断日志 / Diagnostics on request."),
    Channel("online", topics.state(_GATEWAY, "online"), "send", messages.Online, 1, True,
            "在线状态与遗嘱 / At each connect and each 30 s; also the last will, with online false."),
    Channel("birth", topics.state(_GATEWAY, "birth"), "send", messages.Birth, 1, True,
            "网关自述 / At each connect: versions, adapters, devices, network."),
    Channel("device-state", topics.device_state(_GATEWAY, "{device}"), "send", messages.DeviceState, 1, True,
            "设备状态 / What the gateway knows of one device."),
    Channel("ack", topics.down(_GATEWAY, "ack"), "receive", messages.Ack, 1, False,
            "应用层确认 / What the cloud has committed; cloud_at sets the clock where NTP is blocked."),
    Channel("command", topics.down(_GATEWAY, "command"), "receive", messages.Command, 1, False,
            "命令 / Repeated until answered or expired."),
    Channel("config", topics.down(_GATEWAY, "config"), "receive", messages.Config, 1, True,
            "期望配置 / The desired configuration; the highest version wins."),
    Channel("cloud-status", topics.CLOUD_STATUS, "receive", messages.CloudStatus, 1, True,
            "云端状态 / The ingestor is alive; silent for 90 s: the gateway helps alone."),
)  # fmt: skip

_TEXTS: Final = {
    "stale": ("已过期，请运行 python -m firmware_specs：", "stale, run python -m firmware_specs: "),
    "fresh": ("生成文件均为最新", "all generated files are up to date"),
    "wrote": ("已写入", "wrote"),
    "yaml": (
        "需要 PyYAML（开发依赖）：pip install pyyaml",
        "PyYAML is needed (a development dependency): pip install pyyaml",
    ),
}


def _say(key: str) -> str:
    return said(_TEXTS[key], {})


def schema(message: type[messages.Message]) -> dict[str, Any]:
    """The JSON Schema (draft-07) of one message; unknown fields are allowed, for they are ignored."""
    made = msgspec.json.schema(message)
    definitions: dict[str, Any] = made["$defs"]
    for definition in definitions.values():
        definition["description"] = inspect.cleandoc(definition["description"])
    body: dict[str, Any] = {"$schema": _DRAFT, **definitions.pop(message.__name__)}
    if definitions:
        body["$defs"] = definitions
    return dict(_portable(body))


def _portable(node: Any) -> Any:
    """The node in the words of draft-07, with patterns that other regular-expression engines read, too."""
    if isinstance(node, dict):
        if "prefixItems" in node:
            node = {**node, "items": node["prefixItems"], "additionalItems": False}
            del node["prefixItems"]
        return {
            key: value.replace(END, "$") if key == "pattern" and isinstance(value, str) else _portable(value)
            for key, value in node.items()
        }
    return [_portable(item) for item in node] if isinstance(node, list) else node


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document, seen from a gateway. It names no server: each city has its own."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "CareBed gateway protocol / 家庭养老床位网关协议",
            "version": f"{messages.VERSION}.0.0",
            "description": "JSON on MQTT 3.1.1 between home gateway and cloud. `send`: the gateway sends.\n"
            "A gateway subscribes to its `down/#` with QoS 0: what matters is repeated until answered.\n"
            "Unknown fields are ignored, new fields have defaults, no field changes its type or meaning.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {f"{channel.action}-{channel.name}": _operation(channel) for channel in CHANNELS},
        "components": {
            "messages": {channel.name: _message(channel) for channel in CHANNELS},
            "parameters": {
                "gateway": {"description": f"网关编号 / The gateway's id, {WIRE_ID_PATTERN}"},
                "device": {"description": f"设备编号 / The device's id, {WIRE_ID_PATTERN}"},
            },
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    """One channel object; its parameters are the words in braces of the address."""
    named = [name for name, word in _ANY_ID.items() if word in channel.address]
    return {
        "address": channel.address,
        "description": channel.summary,
        "messages": {channel.name: {"$ref": f"#/components/messages/{channel.name}"}},
        **({"parameters": {n: {"$ref": f"#/components/parameters/{n}"} for n in named}} if named else {}),
    }


def _operation(channel: Channel) -> dict[str, Any]:
    """One operation object with its MQTT binding."""
    return {
        "action": channel.action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.summary,
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.name}"}],
        "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retained, "bindingVersion": "0.2.0"}},
    }


def _message(channel: Channel) -> dict[str, Any]:
    """One message object; the payload's schema is the file beside."""
    return {
        "name": channel.name,
        "title": channel.message.__name__,
        "summary": channel.summary,
        "contentType": "application/json",
        "payload": {"$ref": f"./schemas/{channel.name}.json"},
    }


def generate() -> dict[str, str]:
    """Every generated file as text by its path under `firmware_specs/`. Raises SystemExit without PyYAML."""
    try:
        import yaml
    except ImportError as error:
        raise SystemExit(_say("yaml")) from error
    files = {
        f"schemas/{channel.name}.json": json.dumps(schema(channel.message), ensure_ascii=False, indent=2)
        + "\n"
        for channel in CHANNELS
    }
    document = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=110)
    files["asyncapi.yaml"] = "# Generated by `python -m firmware_specs`; do not edit.\n" + document
    return files


def stale(root: Path, files: dict[str, str]) -> list[str]:
    """Paths under `root` that differ from `files`, are missing, or are schemas of no message any more."""
    wrong = [
        path
        for path, text in files.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]
    left = (f"schemas/{path.name}" for path in (root / "schemas").glob("*.json"))
    return sorted(wrong + [path for path in left if path not in files])


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write or check the generated files under `root`; 1 when `--check` finds a stale one."""
    parser = argparse.ArgumentParser(prog="python -m firmware_specs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="只检查，不写入 / only check")
    check = parser.parse_args(arguments).check
    files = generate()
    wrong = stale(root, files)
    if check:
        print(_say("stale") + ", ".join(wrong) if wrong else _say("fresh"))
        return 1 if wrong else 0
    for path in wrong:
        if path not in files:
            (root / path).unlink()
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(files[path], encoding="utf-8")
        print(_say("wrote"), path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
