"""The part of Home Assistant's templates that devices send as `value_template` (page `home_assistant.md`).

Text with `{{ expression }}` parts. An expression knows `value`, `value_json`, members, literals, arithmetic,
comparisons, `and or not in`, `is defined`, `a if b else c` and a dozen filters. Anything else raises
Unsupported: it is reported, never guessed. Every step is bounded, so that no template can stop the agent.
"""

import json
import operator
import re
from collections.abc import Callable
from typing import Any, Final

_LONGEST: Final = 2_000
_LONGEST_TEXT: Final = 4_096
_DEEPEST: Final = 20
_PART: Final = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^'\\]*'|"[^"\\]*")|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<sign>==|!=|<=|>=|//|[-+*/%<>()\[\].,|~]))"""
)
_NUMBERS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_NAMES: Final[dict[str, Any]] = {"true": True, "false": False, "none": None, "True": True, "False": False}


class Unsupported(ValueError):
    """The template is outside of what the page lists."""


def render(template: str, payload: str) -> Any:
    """The value that a template makes of a payload: its own type for a single expression, else text; None
    when what it names is not there. Raises Unsupported.
    """
    if len(template) > _LONGEST or "{%" in template or "{#" in template:
        raise Unsupported(template[:80])
    names = _NAMES | {"value": payload, "value_json": _json(payload)}
    parts = _PART.split(template.strip())
    if any("{{" in text or "}}" in text for text in parts[::2]):
        raise Unsupported(template[:80])
    values: list[Any] = list(parts)
    for n in range(1, len(parts), 2):
        values[n] = _Expression(parts[n], names).whole()
    if len(values) == 3 and not values[0] and not values[2]:
        return values[1]
    return "".join("" if value is None else _text(value) for value in values)[:_LONGEST_TEXT]


def _json(payload: str) -> Any:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: Any, default: Any = None) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return default


def _whole(value: Any, default: Any = None) -> Any:
    number = _number(value)
    return int(number) if number is not None and abs(number) < 1e15 else default


def _rounded(value: Any, digits: Any = 0) -> Any:
    number, places = _number(value), _whole(digits, 0)
    return None if number is None else round(number, max(-15, min(15, places)))


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "float": _number,
    "int": _whole,
    "round": _rounded,
    "abs": lambda value: None if _number(value) is None else abs(_number(value)),
    "default": lambda value, other="": other if value is None else value,
    "d": lambda value, other="": other if value is None else value,
    "lower": lambda value: None if value is None else _text(value).lower(),
    "upper": lambda value: None if value is None else _text(value).upper(),
    "trim": lambda value: None if value is None else _text(value).strip(),
    "string": lambda value: None if value is None else _text(value),
    "is_defined": lambda value: value,
    "iif": lambda value, yes=True, no=False, none=None: (
        none if value is None and none is not None else (yes if value else no)
    ),
}


class _Expression:
    """One expression, read and worked out in one pass; what is not there is None."""

    def __init__(self, text: str, names: dict[str, Any]) -> None:
        self._names = names
        self._tokens: list[tuple[str, str]] = []
        self._depth = 0
        at = 0
        text = text.strip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise Unsupported(text[at : at + 20])
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at = 0

    def whole(self) -> Any:
        """The value of the expression, which must end where the text ends."""
        value = self._choice()
        if self._at < len(self._tokens):
            raise Unsupported(self._tokens[self._at][1])
        return value

    def _next(self, *words: str) -> str:
        """Take the next token if it is one of these names or signs; "" when it is not."""
        kind, word = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind in ("name", "sign") and word in words:
            self._at += 1
            return word
        return ""

    def _need(self, word: str) -> None:
        if not self._next(word):
            raise Unsupported(f"{word} expected")

    def _choice(self) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unsupported("nested too deeply")
        value = self._any()
        if self._next("if"):
            condition = self._any()
            other = self._choice() if self._next("else") else None
            value = value if condition else other
        self._depth -= 1
        return value

    def _any(self) -> Any:
        value = self._all()
        while self._next("or"):
            other = self._all()
            value = value or other
        return value

    def _all(self) -> Any:
        value = self._not()
        while self._next("and"):
            other = self._not()
            value = value and other
        return value

    def _not(self) -> Any:
        negated = False
        while self._next("not"):
            negated = not negated
        value = self._compared()
        return not value if negated else value

    def _compared(self) -> Any:
        value = self._sum()
        if sign := self._next("==", "!="):
            return (value == self._sum()) is (sign == "==")
        if sign := self._next(*_ORDERS):
            return _ordered(_ORDERS[sign], value, self._sum())
        if self._next("in"):
            box = self._sum()
            return value is not None and isinstance(box, str | list | dict) and _inside(value, box)
        if self._next("is"):
            absent = bool(self._next("not"))
            word = self._next("defined", "none", "number")
            if not word:
                raise Unsupported("is")
            holds = _number(value) is not None if word == "number" else (value is None) is (word == "none")
            return holds is not absent
        return value

    def _sum(self) -> Any:
        value = self._product()
        while sign := self._next("+", "-", "~"):
            other = self._product()
            if sign == "~":
                value = (_text(value) + _text(other))[:_LONGEST_TEXT]
            else:
                value = _worked(sign, value, other)
        return value

    def _product(self) -> Any:
        value = self._signed()
        while sign := self._next("*", "//", "/", "%"):
            value = _worked(sign, value, self._signed())
        return value

    def _signed(self) -> Any:
        negative = False
        while self._next("-"):
            negative = not negative
        value = self._members()
        return _worked("-", 0.0, value) if negative else value

    def _members(self) -> Any:
        value = self._primary()
        while True:
            if self._next("."):
                kind, word = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
                if kind not in ("name", "number"):
                    raise Unsupported(".")
                self._at += 1
                value = _member(value, word)
            elif self._next("["):
                value = _member(value, self._choice())
                self._need("]")
            elif self._next("|"):
                name = self._next(*_FILTERS)
                if not name:
                    raise Unsupported("filter")
                value = _called(name, [value, *self._arguments()])
            else:
                return value

    def _arguments(self) -> list[Any]:
        given: list[Any] = []
        if not self._next("("):
            return given
        while not self._next(")"):
            given.append(self._choice())
            if not self._next(","):
                self._need(")")
                break
        return given

    def _primary(self) -> Any:
        if self._next("("):
            value = self._choice()
            self._need(")")
            return value
        kind, word = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        self._at += 1
        if kind == "number":
            return float(word)
        if kind == "text":
            return word[1:-1]
        if kind == "name" and word in self._names:
            return self._names[word]
        if kind == "name" and word in ("float", "int", "round", "iif"):
            return _called(word, self._arguments())
        raise Unsupported(word or "end")


def _called(name: str, given: list[Any]) -> Any:
    try:
        return _FILTERS[name](*given)
    except TypeError as error:
        raise Unsupported(name) from error


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key if isinstance(key, str) else _text(key))
    if isinstance(value, list):
        at = _whole(key)
        return value[at] if at is not None and -len(value) <= at < len(value) else None
    return None


def _inside(value: Any, box: Any) -> bool:
    return _text(value) in box if isinstance(box, str | dict) else value in box


def _ordered(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    a, b = _number(left), _number(right)
    return a is not None and b is not None and compare(a, b)


def _worked(sign: str, left: Any, right: Any) -> Any:
    a, b = _number(left), _number(right)
    if a is None or b is None or (sign in "//%" and b == 0):
        return None
    try:
        return _NUMBERS[sign](a, b)
    except OverflowError:
        return None
