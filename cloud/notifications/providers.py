"""The configured providers, from a TOML file (see `notifications.example.toml`); none without one.

Secrets are never in that file: `<name>_file` (beside it, or absolute) or `<name>_env` says where one is.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from cloud.notifications.aliyun import AliyunAccount, AliyunSms
from cloud.notifications.base import Facts
from cloud.notifications.channel import Provider
from cloud.notifications.generic import Interface
from cloud.notifications.mail import Mail, MailServer
from cloud.notifications.sms import HttpSms
from cloud.notifications.templates import TEMPLATES
from cloud.notifications.voice import VoiceCall
from cloud.notifications.webhook import Endpoint, Webhook
from cloud.notifications.wechat import WeChat, WeChatAccount

FILE: Final = "notifications.toml"
_SECRETS: Final = (
    "token",
    "callback_secret",
    "access_key_secret",
    "app_secret",
    "password",
    "secret",
)
_FACTS: Final = ("name", "per_minute", "per_day", "proxy")
_URLS: Final = ("url", "query_url", "endpoint")
# A driver: what its table is read as, and what is made of it.
_DRIVERS: Final[dict[str, tuple[type[msgspec.Struct], Callable[[Facts, Any], Provider]]]] = {
    "http_voice": (Interface, VoiceCall),
    "http_sms": (Interface, HttpSms),
    "aliyun_sms": (AliyunAccount, AliyunSms),
    "wechat": (WeChatAccount, WeChat),
    "smtp": (MailServer, Mail),
    "webhook": (Endpoint, Webhook),
}


class ProvidersError(ValueError):
    """The configuration cannot be used; the text says where and why."""


class Configuration(msgspec.Struct, frozen=True):
    """Providers in order of preference, and parameters that every message is given, such as desk_phone."""

    providers: list[Provider] = []
    words: dict[str, str] = {}


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Configuration:
    """What a file configures, nothing without a file; raises ProvidersError."""
    if path is None:
        return Configuration()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProvidersError(f"{path}: {error}") from error
    tables, words = found.pop("provider", []), found.pop("words", {})
    if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
        raise ProvidersError(f'{path}: [words] desk_phone = "..."')
    if found or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ProvidersError(
            f"{path}: 只能有 [words] 与 [[provider]] / only [words] and [[provider]] are expected"
        )
    providers = [_read(path, number, table, environment) for number, table in enumerate(tables, 1)]
    names = [provider.name for provider in providers]
    for name in names:
        if names.count(name) > 1:
            raise ProvidersError(f"{path}: 名称重复 / the name is used twice: {name}")
    return Configuration(providers, words)


def _read(path: Path, number: int, table: dict[str, Any], environment: Mapping[str, str]) -> Provider:
    where = f"{path}: provider {number} ({table.get('name', '?')})"
    driver = table.pop("driver", None)
    if driver not in _DRIVERS:
        raise ProvidersError(f"{where}: driver: {', '.join(_DRIVERS)}")
    shape, make = _DRIVERS[driver]
    try:
        facts = {key: table.pop(key) for key in _FACTS if key in table}
        _resolve_secrets(path.parent, table, environment)
        for key in _URLS:
            _check_url(key, table.get(key))
        _check_templates(table.get("templates"))
        made = msgspec.convert(facts, Facts), msgspec.convert(table, shape, builtin_types=(bytes,))
    except (ValueError, OSError) as error:
        raise ProvidersError(f"{where}: {error}") from error
    if not made[0].name.replace("-", "").replace("_", "").isalnum() or len(made[0].name) > 64:
        raise ProvidersError(f"{where}: name: [a-z0-9_-]{{1,64}}")
    return make(*made)


def _resolve_secrets(folder: Path, table: dict[str, Any], environment: Mapping[str, str]) -> None:
    for key in _SECRETS:
        if key in table:
            raise ValueError(f"{key}: 请写 {key}_file 或 {key}_env / name a file or a variable instead")
        if file := table.pop(f"{key}_file", None):
            table[key] = (folder / str(file)).read_bytes().strip()
        elif name := table.pop(f"{key}_env", None):
            if not environment.get(str(name)):
                raise ValueError(f"{key}_env: 环境变量未设置 / the variable is not set: {name}")
            table[key] = environment[str(name)].encode()
        if key in table and not table[key]:
            raise ValueError(f"{key}: 为空 / it is empty")


def _check_url(key: str, url: Any) -> None:
    if url is None:
        return
    parts = urlsplit(str(url))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError(f"{key}: http(s)://host[:port]/...")


def _check_templates(templates: Any) -> None:
    unknown = set(templates or ()) - set(TEMPLATES)
    if unknown:
        raise ValueError(f"templates: {', '.join(sorted(unknown))}: known are {', '.join(TEMPLATES)}")
