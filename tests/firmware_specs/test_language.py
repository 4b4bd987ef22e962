"""What a person at a terminal reads when a file or a system refuses."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from firmware_specs.language import said

TEXTS = ("无法使用：{reason}", "unusable: {reason}")


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    port: Annotated[int, Meta(ge=1, le=65_535)]
    kind: Literal["a", "b"] = "a"
    name: Annotated[str, Meta(min_length=2, pattern="^[a-z]+$")] = "ab"


def refusal(parse: Callable[[], object]) -> Exception:
    with pytest.raises((ValueError, OSError)) as caught:
        parse()
    return caught.value


def shape(**fields: object) -> Exception:
    return refusal(lambda: msgspec.convert(fields, Shape))


def toml(text: str) -> Exception:
    return refusal(lambda: tomllib.loads(text))


@pytest.mark.parametrize(
    ("error", "zh"),
    [
        (shape(port="x"), "应为 `int`，却是 `str`（`$.port`）"),
        (shape(port=99_999), "应为 <= 65535 的 `int`（`$.port`）"),
        (shape(), "缺少 `port`"),
        (shape(port=1, other=2), "没有名为 `other` 的键"),
        (shape(port=1, kind="c"), "不能取值 'c'（`$.kind`）"),
        (shape(port=1, name="a"), "`str` 的长度应 >= 2（`$.name`）"),
        (shape(port=1, name="AB"), "应为符合 '^[a-z]+$' 的 `str`（`$.name`）"),
        (toml("port 1"), "键后缺少 =（第 1 行第 6 列）"),
        (toml("port = "), "值无效（文件末尾）"),
        (toml("port = 1\nport = 2\nx = 1"), "同一个键或表写了两次（第 2 行第 9 列）"),
        (refusal(lambda: Path("/no/such/file").read_text()), "/no/such/file：没有这个文件或设备"),
    ],
)
def test_reasons_are_told_in_chinese_to_who_reads_chinese(
    monkeypatch: pytest.MonkeyPatch, error: Exception, zh: str
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert said(TEXTS, {"reason": error}) == f"无法使用：{zh}"
    monkeypatch.setenv("LC_ALL", "C")
    assert said(TEXTS, {"reason": error}) == f"unusable: {error}"


def test_a_reason_without_words_of_its_own_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert said(TEXTS, {"reason": ValueError("odd")}) == "无法使用：odd"
