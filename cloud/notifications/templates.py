"""The words of each template in two languages, from `templates.toml`. Pure once it is read."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from importlib import resources
from typing import Any, Final

from cloud.notifications.channel import NoTemplate

FALLBACK: Final = "fallback"
DIGEST: Final = "digest"
_CHINA: Final = timezone(timedelta(hours=8))
_CLAUSE: Final = re.compile(r"\[([^\[\]]*)\]")
_NAMES: Final = re.compile(r"\{([a-z_]+)\}")
_PRESS: Final = {
    "zh": "按1接受，按2表示不能处理。",
    "en": " Press 1 to accept, 2 if you cannot.",
}


@dataclass(frozen=True)
class Template:
    """Chinese, English, and whether a call asks for an answer."""

    zh: str
    en: str
    accept: bool = False


class _Given(dict[str, Any]):
    """A parameter that is missing leaves a visible gap: a P1 is not lost for the want of a word."""

    def __missing__(self, key: str) -> str:
        return "…"


def _load() -> dict[str, Template]:
    text = resources.files("cloud.notifications").joinpath("templates.toml").read_text(encoding="utf-8")
    return {key: Template(**words) for key, words in tomllib.loads(text).items()}


TEMPLATES: Final = _load()


def find(key: str) -> Template:
    """A template; raises NoTemplate."""
    found = TEMPLATES.get(key)
    if found is None:
        raise NoTemplate("template_missing", key)
    return found


def text(key: str, params: Mapping[str, Any], language: str) -> str:
    """The words of a message; raises NoTemplate."""
    template = find(key)
    words = template.zh if language == "zh" else template.en
    given = _Given({name: plain(value) for name, value in params.items() if value not in (None, "")})
    return _CLAUSE.sub(lambda found: _clause(found[1], given), words).format_map(given)


def _clause(words: str, given: Mapping[str, Any]) -> str:
    """A clause in brackets; nothing where one of its parameters is missing."""
    return words if all(name in given for name in _NAMES.findall(words)) else ""


def spoken(key: str, params: Mapping[str, Any], language: str) -> str:
    """The words of a call, which ask to press a key where the template wants an answer."""
    return text(key, params, language) + (_PRESS[language] if find(key).accept else "")


def plain(value: Any) -> str:
    """A parameter as one line without control characters, at most 300 characters."""
    line = "".join(char if char.isprintable() else " " for char in str(value))
    return line if len(line) <= 300 else line[:299] + "…"


def local_time(at: datetime) -> str:
    """A moment as people in China say it: `02:10`, for parameters of templates."""
    return at.astimezone(_CHINA).strftime("%H:%M")
