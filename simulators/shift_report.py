"""How a simulated shift ended: the cloud's own figures beside its promises, as lines for a terminal. Pure."""

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

_COLUMNS: Final = (
    ("cases_all", "警情", "cases", ""),
    ("cases_acted", "须处置", "to act on", ""),
    ("answer_p50_s", "接警中位", "claim p50", "s"),
    ("answer_p95_s", "接警 p95", "claim p95", "s"),
    ("answer_15s_all", "≤15s 全部", "<=15s all", "%"),
    ("answer_15s_acted", "≤15s 须处置", "<=15s acted", "%"),
    ("answer_60s_acted", "≤60s", "<=60s acted", "%"),
    ("answer_180s_acted", "≤180s", "<=180s acted", "%"),
    ("dispatched", "派单", "sent", ""),
    ("dispatch_p50_s", "派单中位", "send p50", "s"),
    ("arrival_p90_s", "到场 p90", "arrival p90", "s"),
    ("load_per_hour", "每席每时", "alarms/h", ""),
    ("returned", "退回", "returned", ""),
)


def told(
    found: dict[str, Any],
    *,
    name: str,
    hours: float,
    operators: int,
    planned: int,
    homes: int,
    rate: float,
    chinese: bool,
) -> str:
    """Promises, groups, mix, loudest devices; `found` is what GET /kpi answered."""
    total = found["total"]
    shown = _own_time(total, rate)
    if chinese:
        what = "白班" if name == "day" else "夜班"
        title = f"== {what} {hours:g} 小时，{operators} 席，{homes} 户，{planned} 次报警 =="
        note = (
            f"时钟 {rate:g} 倍：“入库到屏幕”全是程序耗时，已折回真实时间（{_ms(shown)}）；"
            f"人的各项时间里程序每耗时 0.1 秒多算 {rate / 10:g} 秒，只会偏慢"
        )
    else:
        title = f"== {name}: {hours:g} h, {operators} seats, {homes} homes, {planned} alarms =="
        note = (
            f"clock x{rate:g}: from stored to screen is programs' time alone and given in real time"
            f" ({_ms(shown)}); in what people do, each 0.1 s of the programs counts as {rate / 10:g} s:"
            " those figures are too slow, never too fast"
        )
    lines = [
        title,
        note,
        "",
        _promises([_in_real_time(item, shown) for item in found["promises"]], chinese=chinese),
        "",
        _groups(found, chinese=chinese),
    ]
    mix = "  ".join(f"P{n} {_number(total[f'priority_{n}'], '%')}" for n in (1, 2, 3, 4))
    stale = f"{'滞留' if chinese else 'stale'} {total['stale']}"
    floods = f"{total['floods']} ({total['flood_minutes']:g} min), {stale}"
    lines += [
        "",
        f"{'优先级' if chinese else 'priorities'} {mix}",
        f"{'洪泛' if chinese else 'floods'} {floods}",
    ]
    loud = [f"  {item['device']}  {item['activations']}" for item in total["top_devices"][:10]]
    return "\n".join([*lines, "报警最多的设备" if chinese else "loudest devices", *(loud or ["  -"])])


def _own_time(total: dict[str, Any], rate: float) -> float | None:
    """Real seconds from stored to screen, p99: no person is part of it, so the clock's rate is not either."""
    shown = total["shown_p99_s"]
    return None if shown is None else float(shown) / rate


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.0f} ms"


def _in_real_time(promise: dict[str, Any], shown: float | None) -> dict[str, Any]:
    """The promise about the screen, judged by real time; any other as it is."""
    if promise["figure"] != "shown_p99_s" or shown is None:
        return promise
    return promise | {"reached": round(shown, 3), "kept": shown <= promise["value"]}


def _promises(promises: list[dict[str, Any]], *, chinese: bool) -> str:
    head = (
        ("指标", "达到", "承诺", "他处要求", "")
        if chinese
        else ("figure", "reached", "promise", "others ask", "")
    )
    rows = []
    for item in promises:
        sign = ">=" if item["compare"] == "least" else "<="
        mark = {True: "✓", False: "✗", None: ""}[item["kept"]]
        promise = f"{sign} {item['value']:g} {item['unit']}"
        words = item["zh"] if chinese else item["en"]
        rows.append((words, _number(item["reached"], item["unit"]), promise, item["others"], mark))
    return aligned([head, *rows])


def _groups(found: dict[str, Any], *, chinese: bool) -> str:
    head = ("", *(zh if chinese else en for _, zh, en, _ in _COLUMNS))
    groups = [{"label": "全部" if chinese else "all", "figures": found["total"]}, *found["groups"]]
    rows = [
        (group["label"], *(_number(group["figures"][key], unit) for key, _, _, unit in _COLUMNS))
        for group in groups
    ]
    return aligned([head, *rows])


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
