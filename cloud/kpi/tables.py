"""Figures as people take them away: CSV for spreadsheets, tables beside the promises for a terminal. Pure."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from cloud.kpi.figures import Figures
from cloud.kpi.promises import Kept
from cloud.kpi.store import Kpi

BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
NAMES: Final = tuple(field.name for field in msgspec.structs.fields(Figures))


def as_csv(kpi: Kpi) -> str:
    """UTF-8 with its mark, one row a group, everything first; no cell begins a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("group", "label", *NAMES))
    writer.writerow(("total", "全部 / all", *cells(kpi.total)))
    for group in kpi.groups:
        writer.writerow((harmless(group.key), harmless(group.label), *cells(group.figures)))
    return BOM + out.getvalue()


def cells(figures: Figures) -> Iterable[Any]:
    """Every figure as a cell, in the order of NAMES."""
    for name in NAMES:
        value = getattr(figures, name)
        if name == "top_devices":
            value = "; ".join(f"{item.device} {item.activations}" for item in value)
        yield harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) and text != "-" else text


def promises_table(kept: Sequence[Kept], *, chinese: bool) -> str:
    """Each promise: what was reached, what was promised, what others ask."""
    head = (
        ("指标", "达到", "承诺", "他处要求", "")
        if chinese
        else ("figure", "reached", "promise", "others ask", "")
    )
    return aligned([head, *(_promise_row(item, chinese=chinese) for item in kept)])


def _promise_row(item: Kept, *, chinese: bool) -> tuple[str, ...]:
    promise = item.promise
    sign = ">=" if promise.compare == "least" else "<="
    mark = {True: "✓", False: "✗", None: ""}[item.kept]
    return (
        promise.zh if chinese else promise.en,
        _number(item.reached, promise.unit),
        f"{sign} {promise.value:g} {promise.unit}",
        promise.others,
        mark,
    )


def groups_table(kpi: Kpi, *, chinese: bool) -> str:
    """The most asked figures of everything and of each group."""
    columns: tuple[tuple[str, str, str, str], ...] = (
        ("cases_all", "警情", "cases", ""),
        ("cases_acted", "须处置", "to act on", ""),
        ("activations", "报警", "alarms", ""),
        ("answer_p50_s", "接警中位", "claim p50", "s"),
        ("answer_p95_s", "接警 p95", "claim p95", "s"),
        ("answer_15s_all", "≤15s 全部", "<=15s all", "%"),
        ("answer_15s_acted", "≤15s 须处置", "<=15s acted", "%"),
        ("answer_60s_acted", "≤60s", "<=60s acted", "%"),
        ("dispatched", "派单", "sent", ""),
        ("dispatch_60s", "派单≤60s", "sent <=60s", "%"),
        ("arrival_p90_s", "到场 p90", "arrival p90", "s"),
        ("load_per_hour", "每席每时", "alarms/h seat", ""),
        ("load_most", "最高", "most", ""),
        ("floods", "洪泛", "floods", ""),
        ("stale", "滞留", "stale", ""),
    )
    head = ("", *(zh if chinese else en for _, zh, en, _ in columns))
    named = [
        ("全部" if chinese else "all", kpi.total),
        *((group.label, group.figures) for group in kpi.groups),
    ]
    rows = [
        (label, *(_number(getattr(found, name), unit) for name, _, _, unit in columns))
        for label, found in named
    ]
    return aligned([head, *rows])


def mix_table(figures: Figures, *, chinese: bool) -> str:
    """Priorities and the ten loudest devices."""
    mix = "  ".join(f"P{n} {_number(getattr(figures, f'priority_{n}'), '%')}" for n in (1, 2, 3, 4))
    loud = [f"  {item.device}  {item.activations}  {item.share:g} %" for item in figures.top_devices]
    title = "报警最多的设备" if chinese else "loudest devices"
    return "\n".join([("优先级 " if chinese else "priorities ") + mix, title, *(loud or ["  -"])])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns under one another, Chinese characters counted as two."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:g} {unit}".rstrip()


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
