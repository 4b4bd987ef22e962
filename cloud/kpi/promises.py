"""What the desk promises, beside what others ask: each a figure and what it must reach. Pure."""

from typing import Final, Literal

import msgspec

from cloud.kpi.figures import LOAD_GOOD, LOAD_MOST, Figures


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A figure must be at least, or at most, a number; `others` is what comparable services ask."""

    figure: str
    compare: Literal["least", "most"]
    value: float
    unit: Literal["s", "%", "/h"]
    zh: str
    en: str
    others: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A promise with what was reached; `kept` None where there was nothing to count."""

    promise: Promise
    reached: float | None
    kept: bool | None


PROMISES: Final = (
    Promise(
        figure="shown_p99_s",
        compare="most",
        value=1.0,
        unit="s",
        zh="入库到屏幕 p99",
        en="stored to painted row, p99",
        others="10 s",
    ),
    Promise(
        figure="answer_15s_acted",
        compare="least",
        value=95.0,
        unit="%",
        zh="15 秒内接警（P1、P2）",
        en="claimed within 15 s (P1, P2)",
        others="97.5 % ≤ 60 s, 99 % ≤ 180 s",
    ),
    Promise(
        figure="p1_seen_60s",
        compare="least",
        value=100.0,
        unit="%",
        zh="P1 在 60 秒内有人接警或班长已知",
        en="P1 claimed or known to a supervisor within 60 s",
        others="-",
    ),
    Promise(
        figure="dispatch_60s",
        compare="least",
        value=90.0,
        unit="%",
        zh="接警后 60 秒内派单",
        en="dispatched within 60 s of the claim",
        others="90 % ≤ 60 s",
    ),
    Promise(
        figure="arrival_promised",
        compare="least",
        value=90.0,
        unit="%",
        zh="在片区承诺时间内到场",
        en="arrived within the zone's promise",
        others="90 % ≤ 45 min",
    ),
    Promise(
        figure="loop_closed",
        compare="least",
        value=100.0,
        unit="%",
        zh="派单闭环",
        en="dispatches with an end",
        others="-",
    ),
    Promise(
        figure="load_per_hour",
        compare="most",
        value=LOAD_GOOD,
        unit="/h",
        zh="每席每小时报警数",
        en="alarms an hour for a seat",
        others=f"{LOAD_GOOD:g}–{LOAD_MOST:g}",
    ),
)


def judged(figures: Figures) -> list[Kept]:
    """Every promise against what was reached."""
    found = []
    for promise in PROMISES:
        reached: float | None = getattr(figures, promise.figure)
        kept = None
        if reached is not None:
            kept = reached >= promise.value if promise.compare == "least" else reached <= promise.value
        found.append(Kept(promise=promise, reached=reached, kept=kept))
    return found
