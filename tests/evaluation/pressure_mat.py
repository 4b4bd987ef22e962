"""Somebody on a pressure mat: PMD (on the mattress, eight adults, always occupied) and PoPu (under and on the
mattress, one man and the empty bed).

PMD has no empty frame and no getting up; PoPu's empty bed is six frames of one bed. So many more frames say
"occupied is found" than "empty is". Between two of PMD's recordings the person has turned, within one they
lie as told: that is the truth of `moved`. PoPu's unlabelled frames are left out. Nothing is trained; the
constants of the detector were set while looking at these frames.
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.pipeline.rhythm import Vector
from tests.evaluation.mat import MatLook, PressureMat
from tests.evaluation.measure import NoRecordings, Result, Task, rate, span, with_interval

LEARNED_EMPTY = 3


@dataclass
class Counts:
    """Frames by what is true and what was said."""

    occupied: list[MatLook] = field(default_factory=list)
    empty: list[MatLook] = field(default_factory=list)
    turned: list[MatLook] = field(default_factory=list)
    still: list[MatLook] = field(default_factory=list)


def occupancy(task: Task) -> Result:
    """The last line counts PMD and PoPu together; blanks count against the one that was true."""
    found = Counts()
    lines = [*_pmd(task.folder, found), *_popu(task.folder.parent / "popu_under_mattress", found)]
    if not lines:
        raise NoRecordings(f"no subject in {task.folder.name} and no sheet in popu_under_mattress")
    hits = sum(look.occupied is True for look in found.occupied)
    empty = sum(look.occupied is False for look in found.empty)
    turned = sum(look.moved is True for look in found.turned)
    still = sum(look.moved is False for look in found.still)
    blank = sum(look.occupied is None for look in [*found.occupied, *found.empty])
    table = [
        *lines,
        f"occupied {with_interval(hits, len(found.occupied))}",
        f"empty {with_interval(empty, len(found.empty))}",
        f"turned over {with_interval(turned, len(found.turned))}",
        f"lies as before {with_interval(still, len(found.still))}",
        f"left blank {blank}",
    ]
    figures = (
        f"sensitivity={rate(hits, len(found.occupied))} specificity={rate(empty, len(found.empty))} "
        f"turned={rate(turned, len(found.turned))} still={rate(still, len(found.still))} "
        f"sensitivity_95={span(hits, len(found.occupied))}"
    )
    return Result(figures, table)


def _pmd(folder: Path, found: Counts) -> Iterator[str]:
    for path in sorted(folder.glob("subject_*.csv.gz")):
        names, frames = _frames(path, 2)
        looks = _looks(PressureMat(), frames)
        found.occupied += looks
        turned, still = len(found.turned), len(found.still)
        for look, name, before in zip(looks[1:], names[1:], names, strict=False):
            (found.still if name[0] == before[0] else found.turned).append(look)
        seen = sum(look.moved is True for look in found.turned[turned:])
        false = sum(look.moved is True for look in found.still[still:])
        occupied = sum(look.occupied is True for look in looks)
        yield (
            f"  {path.name.removesuffix('.csv.gz')}: occupied {occupied} of {len(looks)}, "
            f"turned {seen} of {len(found.turned) - turned}, falsely {false}"
        )


def _popu(folder: Path, found: Counts) -> Iterator[str]:
    under, over = folder / "under_mattress_6x12.csv.gz", folder / "over_mattress_27x64.csv.gz"
    if under.is_file():
        names, frames = _frames(under, 3)
        kinds = np.array([name[1] for name in names])
        empty = frames[kinds == "empty"]
        yield from _with(f"under the mattress, empty learned on {LEARNED_EMPTY} frames", kinds, frames, found,
                         empty[:LEARNED_EMPTY])  # fmt: skip
    if over.is_file():
        names, frames = _frames(over, 2)
        yield from _with("on the mattress", np.array([name[1] for name in names]), frames, found, None)


def _with(
    title: str, kinds: np.ndarray, frames: Vector, found: Counts, empty: Vector | None
) -> Iterator[str]:
    learned = 0 if empty is None else len(empty)
    quiet = _looks(PressureMat(empty), frames[kinds == "empty"][learned:])
    lying = _looks(PressureMat(empty), frames[(kinds != "empty") & (kinds != "others")])
    found.empty += quiet
    found.occupied += lying
    yield (
        f"  PoPu {title}: occupied {sum(look.occupied is True for look in lying)} of {len(lying)}, "
        f"empty {sum(look.occupied is False for look in quiet)} of {len(quiet)}"
    )


def _looks(mat: PressureMat, frames: Sequence[Vector] | Vector) -> list[MatLook]:
    return [mat.feed(frame) for frame in frames]


def _frames(path: Path, words: int) -> tuple[list[list[str]], Vector]:
    """The words that begin each row, and the counts after them."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(",") for line in file][1:]
    return [row[:words] for row in rows], np.array([row[words:] for row in rows], dtype=np.float64)
