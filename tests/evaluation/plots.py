"""Pictures of recordings, where matplotlib is installed."""

from collections.abc import Sequence
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
