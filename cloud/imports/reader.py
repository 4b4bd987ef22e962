"""Bytes of an .xlsx or CSV file -> rows of cells, numbered as Excel does. Pure; traps raise Unreadable.

Excel's own damage is kept visible: a cell says whether it was a number, a date, a formula or an error.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec

from cloud.access.errors import InvalidInput

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_ROWS: Final = 50_000
MAX_COLUMNS: Final = 100
_MAX_UNPACKED: Final = 96 * 1024 * 1024
_MAX_PARTS: Final = 2_000
_MAX_CELL: Final = 2_000
_MERGE: Final = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="[A-Z]{1,3}(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')


class Unreadable(InvalidInput):
    """The file is no register that can be read; the words say why and what to do."""


class Cell(msgspec.Struct, frozen=True):
    """What stood in a cell; `kind` tells a number that Excel may have rounded from a text."""

    text: str = ""
    kind: Literal["text", "number", "date", "formula", "error"] = "text"


class Line(msgspec.Struct, frozen=True):
    """A row with the number that Excel shows for it; `merged`: a merged area reaches into it."""

    number: int
    cells: list[Cell]
    merged: bool = False


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a file that are not empty, and what it was."""

    kind: Literal["xlsx", "csv"]
    encoding: str
    name: str = ""
    left_out: list[str] = []
    lines: list[Line]


def read(content: bytes) -> Sheet:
    """The rows of a file; raises Unreadable for whatever is no .xlsx and no CSV, too large or a trap."""
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable("文件超过 10 MB，请分成几个文件", "the file is larger than 10 MB: split it")
    if content[:4] == b"PK\x03\x04":
        return _xlsx(content)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Unreadable(
            "这是旧格式 .xls 或加密的文件，请在 Excel 中另存为 .xlsx",
            "this is an old .xls file or an encrypted one: save it as .xlsx in Excel",
        )
    return _csv(content)


def _xlsx(content: bytes) -> Sheet:
    _check_parts(content)
    try:
        return _workbook(content)
    except Unreadable:
        raise
    except Exception as error:  # the library raises whatever a broken file makes it stumble over
        raise Unreadable(
            "文件已损坏或不是 Excel 工作簿，请在 Excel 中打开后另存为 .xlsx",
            "the file is damaged or no workbook: open it in Excel and save it as .xlsx",
        ) from error


def _check_parts(content: bytes) -> None:
    """A bomb says in its own index how large it becomes; where the index lies, unpacking stops at it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except Exception as error:  # zipfile has no one error for what is wrong with an archive
        raise Unreadable(
            "文件不完整，请重新导出或重新上传", "the file is cut off: export it or upload it again"
        ) from error
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
        raise Unreadable(
            "文件解压后过大，已拒绝；请只保留登记表这一页",
            "the file becomes too large when unpacked and is refused: keep only the sheet of the register",
        )


def _workbook(content: bytes) -> Sheet:
    from openpyxl import load_workbook  # half a second that only an import has to pay

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not shown:
        raise Unreadable("工作簿里没有可见的工作表", "the workbook has no visible sheet")
    sheet = shown[0]
    merged = _merged_rows(content, str(getattr(sheet, "_worksheet_path", "")))
    lines: list[Line] = []
    sheet.reset_dimensions()  # what a file says of its own size is often wrong
    for row in sheet.iter_rows():
        cells = [_cell(cell) for cell in row[:MAX_COLUMNS]]
        if any(cell.text for cell in cells):
            number = int(next(cell.row for cell in row if getattr(cell, "row", None)) or 0)
            lines.append(Line(number, cells, number in merged))
            _check_length(lines)
    others = [other.title for other in book.worksheets if other is not sheet]
    return Sheet(kind="xlsx", encoding="", name=sheet.title, left_out=others, lines=lines)


def _check_length(lines: Sequence[Line]) -> None:
    if len(lines) > MAX_ROWS:
        raise Unreadable(f"超过 {MAX_ROWS} 行，请分成几个文件", f"more than {MAX_ROWS} rows: split the file")


def _merged_rows(content: bytes, path: str) -> set[int]:
    """Rows that a merged area reaches into; the read-only reader does not tell."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(path.lstrip("/"))
    start = xml.rfind(b"mergeCells", 0, xml.rfind(b"mergeCells"))
    rows: set[int] = set()
    for found in _MERGE.finditer(xml, max(start, 0)) if start >= 0 else ():
        first, last = int(found.group(1)), int(found.group(2))
        rows |= set(range(first, min(last, first + MAX_ROWS) + 1))
        if len(rows) > MAX_ROWS * 2:
            break
    return rows


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell()
    if cell.data_type == "f":
        return Cell(str(getattr(value, "text", value))[:_MAX_CELL], "formula")
    if cell.data_type == "e":
        return Cell(str(value)[:40], "error")
    match value:
        case bool():
            return Cell("是" if value else "否")
        case int():
            return Cell(str(value)[:40], "number")
        case float():
            return Cell(f"{int(value)}" if value.is_integer() else repr(value), "number")
        case datetime():
            return Cell(value.date().isoformat(), "date")
        case date():
            return Cell(value.isoformat(), "date")
        case _:
            return Cell(_tidy(str(value)))


def _tidy(text: str) -> str:
    """Without what nobody sees: marks of byte order, zero widths, spaces of any width at the ends."""
    kept = "".join(sign for sign in text[:_MAX_CELL] if sign not in "\x00\u200b\u200c\u200d\ufeff\u2060")
    return kept.encode("utf-8", "replace").decode().replace("\u3000", " ").replace("\xa0", " ").strip()


def _decoded(content: bytes) -> tuple[str, str]:
    """The text of a CSV file: UTF-8 with or without mark, else GB18030, both strictly; nothing is guessed."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encodings: tuple[tuple[str, str], ...] = (("utf-16", "UTF-16"),)
    else:
        encodings = (("utf-8-sig", "UTF-8"), ("gb18030", "GB18030"))
    for codec, name in encodings:
        try:
            return content.decode(codec), name
        except (UnicodeDecodeError, UnicodeError):
            continue
    raise Unreadable(
        "读不懂文件的编码：既不是 UTF-8 也不是 GB18030。请上传 .xlsx",
        "the file is neither UTF-8 nor GB18030: upload an .xlsx file instead",
    )


def _csv(content: bytes) -> Sheet:
    text, encoding = _decoded(content)
    if "\x00" in text:
        raise Unreadable("这不是文本文件，请上传 .xlsx 或 CSV", "this is no text: upload .xlsx or CSV")
    head = "\n".join(text.splitlines()[:20])
    separator = max("\t,;|，；", key=lambda sign: (head.count(sign), sign == ","))
    lines: list[Line] = []
    for number, cells in _records(text, separator):
        if any(cell.text for cell in cells):
            lines.append(Line(number, cells))
            _check_length(lines)
    return Sheet(kind="csv", encoding=encoding, lines=lines)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[Cell]]]:
    """Records numbered as Excel numbers rows: a line break inside quotes is no new row."""
    csv.field_size_limit(1 << 20)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for number, record in enumerate(reader, 1):
            yield number, [Cell(_tidy(field)) for field in record[:MAX_COLUMNS]]
    except csv.Error as error:
        raise Unreadable(
            f"CSV 第 {reader.line_num} 行无法读取，请检查引号",
            f"line {reader.line_num} of the CSV file cannot be read: check its quotation marks",
        ) from error
