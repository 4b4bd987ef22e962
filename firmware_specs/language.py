"""The language of the reader at a terminal: Chinese where the locale is Chinese, else English."""

import errno
import os
import re
from typing import Final

_SYSTEM: Final = {
    errno.EACCES: "没有权限",
    errno.EADDRINUSE: "已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "连接被拒绝",
    errno.ECONNRESET: "连接被对方断开",
    errno.EEXIST: "已存在",
    errno.EHOSTUNREACH: "无法到达该主机",
    errno.EIO: "设备读写出错",
    errno.EISDIR: "这是一个文件夹",
    errno.ENETUNREACH: "网络不通",
    errno.ENOENT: "没有这个文件或设备",
    errno.ENOSPC: "磁盘已满",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EPERM: "不允许",
    errno.EROFS: "只读，不能写入",
    errno.ETIMEDOUT: "超时没有应答",
}
# What msgspec and tomllib say of a configuration; what stands in none of these stays English.
_PARSERS: Final = [
    (re.compile(pattern), zh)
    for pattern, zh in (
        (r"Expected (`[^`]+`), got (`[^`]+`)", r"应为 \1，却是 \2"),
        (r"Expected (`[^`]+`) matching regex (['\"].+['\"])", r"应为符合 \2 的 \1"),
        (r"Expected (`[^`]+`) of length (\S+ \d+)", r"\1 的长度应 \2"),
        (r"Expected (`[^`]+`) ([<>]=? \S+)", r"应为 \2 的 \1"),
        (r"Object missing required field (`[^`]+`)", r"缺少 \1"),
        (r"Object contains unknown field (`[^`]+`)", r"没有名为 \1 的键"),
        (r"Invalid enum value (\S+)", r"不能取值 \1"),
        (r"Invalid value ('[^']*')", r"不能取值 \1"),
        (r" - at (`[^`]+`)", r"（\1）"),
        (r"Expected '=' after a key in a key/value pair", "键后缺少 ="),
        (r"Cannot overwrite a value|Cannot declare \(.*\) twice", "同一个键或表写了两次"),
        (r"Invalid value", "值无效"),
        (r"Invalid statement", "无法理解这一行"),
        (r"Unclosed array", "数组没有结束"),
        (r"Unterminated string", "字符串没有结束"),
        (r"Illegal character (\S+)", r"不允许的字符 \1"),
        (r"Expected newline or end of document after a statement", "语句之后应换行"),
        (r" ?\(at line (\d+), column (\d+)\)", r"（第 \1 行第 \2 列）"),
        (r" ?\(at end of document\)", "（文件末尾）"),
    )
]


def chinese() -> bool:
    """True where LC_ALL, LC_MESSAGES or LANG, in this order, names a Chinese locale."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value.lower().startswith("zh")
    return False


def said(texts: tuple[str, str], values: dict[str, object]) -> str:
    """A text (Chinese, English) in the reader's language, with the values filled in; an error among them
    says its reason in that language too, where there are words for it.
    """
    if not chinese():
        return texts[1].format(**values)
    told = {key: _reason(one) if isinstance(one, Exception) else one for key, one in values.items()}
    return texts[0].format(**told)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        file = "" if error.filename is None else f"{error.filename}："
        return file + _SYSTEM[error.errno]
    words = str(error)
    for pattern, zh in _PARSERS:
        words = pattern.sub(zh, words)
    return words
