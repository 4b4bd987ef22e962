"""What one measure is given and what it answers; the table of all of them is in `__main__.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

Z95: Final = 1.959964


@dataclass(frozen=True)
class Task:
    """`folder` holds the measure's data set. `frozen`: the shipped weights, nothing is trained.

    Plots of the worst cases go into `report`.
    """

    folder: Path
    frozen: bool
    report: Path


@dataclass(frozen=True)
class Result:
    """`figures` end the last line, e.g. `recall=0.931 precision=0.840`; `table` is printed before them."""

    figures: str
    table: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Measure:
    """A line of the summary: its name, the data set's folder under DATA, what computes it, and a further set
    that is enough for it, too.

    `run` raises NoRecordings when the folders hold nothing that it can use.
    """

    name: str
    folder: str
    run: Callable[[Task], Result]
    other: str | None = None

    @property
    def sets(self) -> list[str]:
        """The folders of which one is enough."""
        return [self.folder, *([self.other] if self.other else [])]


class NoRecordings(Exception):
    """There is nothing to measure on; the text says what is missing."""


def interval(hits: int, of: int) -> tuple[float, float]:
    """The 95 % confidence interval (Wilson) of the rate `hits` / `of`; (0, 1) of nothing."""
    if of == 0:
        return 0.0, 1.0
    rate, spread = hits / of, Z95**2 / of
    centre = (rate + spread / 2) / (1 + spread)
    half = Z95 * ((rate * (1 - rate) + spread / 4) / of) ** 0.5 / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def rate(hits: int, of: int) -> str:
    """`hits` / `of` with three digits; `n/a` of nothing."""
    return f"{hits / of:.3f}" if of else "n/a"


def span(hits: int, of: int) -> str:
    """The interval alone: `0.900-0.976`; `n/a` of nothing."""
    if of == 0:
        return "n/a"
    low, high = interval(hits, of)
    return f"{low:.3f}-{high:.3f}"


def with_interval(hits: int, of: int) -> str:
    """`0.950 (134 of 141, 95 % 0.900-0.976)`."""
    return f"{rate(hits, of)} ({hits} of {of}, 95 % {span(hits, of)})"
