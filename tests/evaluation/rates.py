"""How far rates (breathing, pulse, heart) are from their references, by subject and by promised quality."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from edge.pipeline.meters import Estimate

_DRAWS: Final = 2000
_BANDS: Final = ((1, 40), (40, 60), (60, 80), (80, 101))


@dataclass
class Scores:
    """All windows of one subject: errors in 1/min and qualities where there is a value, else why not."""

    subject: str
    errors: list[float] = field(default_factory=list)
    qualities: list[int] = field(default_factory=list)
    blanks: Counter[str] = field(default_factory=Counter)
    windows_of: list[tuple[str, float]] = field(default_factory=list)

    def take(self, estimate: Estimate, reference: float, recording: str = "", end_s: float = 0.0) -> None:
        """Count one window whose true rate is known: of which recording, and when it ended."""
        if estimate.per_min is None:
            self.blanks[str(estimate.blank)] += 1
            return
        self.errors.append(estimate.per_min - reference)
        self.qualities.append(estimate.quality)
        self.windows_of.append((recording, end_s))

    @property
    def windows(self) -> int:
        """Windows with a reference, with a value or without."""
        return len(self.errors) + self.blanks.total()


def mae_and_coverage(all_scores: Sequence[Scores]) -> tuple[float, float]:
    """Mean absolute error over all windows with a value, and their share of all windows; nan of nothing."""
    errors = np.abs([error for scores in all_scores for error in scores.errors])
    windows = sum(scores.windows for scores in all_scores)
    return (float(errors.mean()) if len(errors) else float("nan")), (
        len(errors) / windows if windows else 0.0
    )


def figures(all_scores: Sequence[Scores]) -> str:
    """The end of a last line: `mae=0.15 coverage=0.908`."""
    mae, coverage = mae_and_coverage(all_scores)
    return f"mae={mae:.2f} coverage={coverage:.3f}"


def interval(all_scores: Sequence[Scores]) -> str:
    """95 % intervals of both figures over whole subjects drawn again (bootstrap, seed fixed)."""
    rng = np.random.default_rng(7)
    sums = np.array(
        [[np.abs(s.errors).sum(), len(s.errors), s.windows] for s in all_scores], dtype=np.float64
    )
    drawn = sums[rng.integers(0, len(sums), (_DRAWS, len(sums)))].sum(axis=1)
    drawn = drawn[drawn[:, 1] > 0]
    if not len(drawn):
        return "no window with a value"
    mae = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    coverage = np.percentile(drawn[:, 1] / drawn[:, 2], [2.5, 97.5])
    return (
        f"95 % over {len(sums)} subjects drawn again: mae {mae[0]:.2f}-{mae[1]:.2f}, "
        f"coverage {coverage[0]:.3f}-{coverage[1]:.3f}"
    )


def table(title: str, all_scores: Sequence[Scores]) -> list[str]:
    """Lines by subject, by quality, and of what was left blank and why."""
    lines = [f"{title}: {figures(all_scores)} ({interval(all_scores)})"]
    for scores in all_scores:
        worst = max(np.abs(scores.errors), default=float("nan"))
        lines.append(f"  {scores.subject:12} {figures([scores])} worst={worst:.1f} windows={scores.windows}")
    errors = np.abs([error for scores in all_scores for error in scores.errors])
    qualities = np.array([quality for scores in all_scores for quality in scores.qualities])
    for low, high in _BANDS:
        inside = errors[(qualities >= low) & (qualities < high)] if len(errors) else errors
        if len(inside):
            lines.append(f"  quality {low:2}-{high - 1:3}: mae={inside.mean():.2f} windows={len(inside)}")
    blanks = sum((scores.blanks for scores in all_scores), Counter[str]())
    lines.append(
        f"  left blank: {', '.join(f'{why} {count}' for why, count in blanks.most_common()) or 'none'}"
    )
    return lines


def worst(all_scores: Sequence[Scores], count: int = 4) -> list[tuple[float, str, float]]:
    """Error, recording and end (s) of the windows with the largest errors, one a recording."""
    known: dict[str, tuple[float, str, float]] = {}
    for scores in all_scores:
        for error, (recording, end) in zip(scores.errors, scores.windows_of, strict=True):
            if abs(error) > abs(known.get(recording, (0.0, "", 0.0))[0]):
                known[recording] = (error, recording, end)
    return sorted(known.values(), key=lambda found: -abs(found[0]))[:count]
