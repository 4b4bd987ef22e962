"""Pictures of recordings, where matplotlib is installed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.evaluation.motion import Rows


def recordings(path: Path, drawn: Sequence[tuple[str, Rows, Rows]]) -> str:
    """Draw (title, times in ms, rows in g) one below the other; say where, or why not."""
    if not drawn:
        return "nothing to draw"
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "no pictures: matplotlib is not installed"
    figure = Figure(figsize=(11, 2.0 * len(drawn)), layout="constrained")
    axes = figure.subplots(len(drawn), 1, squeeze=False)[:, 0]
    for axis, (title, t_ms, xyz_g) in zip(axes, drawn, strict=True):
        seconds = (t_ms - t_ms[0]) / 1000
        axis.plot(seconds, xyz_g, linewidth=0.7, label=["x", "y", "z"])
        axis.plot(seconds, np.linalg.norm(xyz_g, axis=1), "k", linewidth=1.0, label="length")
        axis.set_title(title, fontsize=8)
        axis.set_ylabel("g")
        axis.grid(alpha=0.4)
    axes[0].legend(fontsize=7, ncols=4)
    axes[-1].set_xlabel("s")
    figure.savefig(path, dpi=80)
    return f"pictures: {path}"


@dataclass(frozen=True)
class Stretch:
    """A piece of a signal (lines over seconds), and upright lines where something was marked."""

    title: str
    seconds: Sequence[float]
    lines: Mapping[str, Sequence[float]]
    marks_s: Mapping[str, Sequence[float]]


def stretches(path: Path, drawn: Sequence[Stretch]) -> str:
    """Draw them one below the other; say where, or why not."""
    if not drawn:
        return "nothing to draw"
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "no pictures: matplotlib is not installed"
    figure = Figure(figsize=(11, 2.0 * len(drawn)), layout="constrained")
    axes = figure.subplots(len(drawn), 1, squeeze=False)[:, 0]
    for axis, stretch in zip(axes, drawn, strict=True):
        for name, values in stretch.lines.items():
            axis.plot(stretch.seconds, values, ".-", linewidth=0.7, markersize=2, label=name)
        for number, (name, marks) in enumerate(stretch.marks_s.items()):
            for n, mark in enumerate(marks):
                label = name if n == 0 else None
                axis.axvline(mark, color=("tab:green", "tab:red")[number % 2], linewidth=0.9, label=label)
        axis.set_title(stretch.title, fontsize=8)
        axis.grid(alpha=0.4)
        axis.legend(fontsize=7, ncols=4)
    axes[-1].set_xlabel("s")
    figure.savefig(path, dpi=80)
    return f"pictures: {path}"
