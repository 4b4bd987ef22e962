"""Figures as an Excel workbook: all figures by group, the promises, the devices that rang most. Pure."""

import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from cloud.kpi.store import Kpi
from cloud.kpi.tables import NAMES, cells, harmless
from cloud.shifts.shift import ZONE

_BOLD: Final = Font(bold=True)
_WIDEST: Final = 44


def as_xlsx(kpi: Kpi) -> bytes:
    """A workbook of three sheets; no cell begins a formula."""
    book = Workbook()
    first = book.active
    assert isinstance(first, Worksheet), "a new workbook has a sheet"
    first.title = "指标 figures"
    named = [("全部 / all", kpi.total), *((group.label, group.figures) for group in kpi.groups)]
    spread = [list(cells(figures)) for _, figures in named]
    head = ["指标 figure", *(harmless(label) for label, _ in named)]
    _fill(first, head, ([name, *row] for name, *row in zip(NAMES, *spread, strict=True)))
    first.append([])
    span = [f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" for at in (kpi.span.start, kpi.span.end)]
    first.append(["时段 span", " – ".join(span)])
    promises = book.create_sheet("承诺 promises")
    _fill(
        promises,
        ("指标 figure", "", "达到 reached", "承诺 promise", "单位 unit", "他处 others", ""),
        _promises(kpi),
    )
    devices = book.create_sheet("设备 devices")
    top = kpi.total.top_devices
    _fill(
        devices,
        ("设备 device", "报警 alarms", "%"),
        ([harmless(d.device), d.activations, d.share] for d in top),
    )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _promises(kpi: Kpi) -> Iterable[Sequence[Any]]:
    for item in kpi.promises:
        promise = item.promise
        sign = "≥" if promise.compare == "least" else "≤"
        mark = {True: "✓", False: "✗", None: ""}[item.kept]
        reached = f"{sign} {promise.value:g}"
        yield (promise.zh, promise.en, item.reached, reached, promise.unit, harmless(promise.others), mark)


def _fill(sheet: Worksheet, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet.append(list(head))
    for row in rows:
        sheet.append(list(row))
    for cell in sheet[1]:
        cell.font = _BOLD
    sheet.freeze_panes = "B2"
    for number, column in enumerate(sheet.columns, 1):
        longest = max(len(str(cell.value or "")) for cell in column)
        sheet.column_dimensions[get_column_letter(number)].width = min(_WIDEST, max(10, longest * 1.3))
