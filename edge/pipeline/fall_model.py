"""How likely an impact was a fall: a few small networks, trained offline, run in plain numpy.

The weights and what is known about them lie in `fall_weights/` (`MODEL_CARD.md`); `tests/evaluation/` trains
them.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Place = Literal["wrist", "waist"]
Vector = NDArray[np.float64]

FOLDER: Final = Path(__file__).parent / "fall_weights"
LIMIT: Final = 4.0


@dataclass(frozen=True)
class Model:
    """`networks` networks of one hidden layer over `names` features; a score of `threshold` suspects a fall,
    one of `sure` is a fall unless the home speaks against it.

    A feature is centred by `mean`, divided by `scale` and held within 4 deviations, so that a signal unlike
    any recording cannot run away. Shapes: hidden (networks, features, units), output (networks, units).
    """

    version: str
    names: tuple[str, ...]
    threshold: float
    sure: float
    mean: Vector
    scale: Vector
    hidden: Vector
    hidden_bias: Vector
    output: Vector
    output_bias: Vector

    def score(self, found: Vector) -> float:
        """The mean of the networks' answers, 0..1, for one vector of features in the order of `names`."""
        return float(self.scores(found[None])[0])

    def scores(self, found: Vector) -> Vector:
        """The same for rows of features."""
        x = ((found - self.mean) / self.scale).clip(-LIMIT, LIMIT)
        units = np.maximum(0, np.einsum("nf,mfu->nmu", x, self.hidden) + self.hidden_bias)
        answers = 1 / (1 + np.exp(-((units * self.output).sum(axis=2) + self.output_bias)))
        mean: Vector = answers.mean(axis=1)
        return mean


@cache
def shipped(place: Place) -> Model:
    """The weights that come with this version."""
    return read(FOLDER / f"{place}.npz")


def read(path: Path) -> Model:
    """A model from the file that `write` made."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {
            name: file[name].astype(np.float64)
            for name in ("mean", "scale", "hidden", "hidden_bias", "output", "output_bias")
        }
        return Model(
            version=str(file["version"]),
            names=tuple(str(name) for name in file["names"]),
            threshold=float(file["threshold"]),
            sure=float(file["sure"]),
            **arrays,
        )


def write(model: Model, path: Path) -> None:
    """Keep a model; single precision."""
    arrays = {
        name: getattr(model, name).astype(np.float32)
        for name in ("mean", "scale", "hidden", "hidden_bias", "output", "output_bias")
    }
    np.savez_compressed(
        path,
        version=np.array(model.version),
        names=np.array(model.names),
        threshold=np.array(model.threshold),
        sure=np.array(model.sure),
        allow_pickle=False,
        **arrays,
    )
