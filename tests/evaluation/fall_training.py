"""Train the fall model: `python -m tests.evaluation.fall_training DIR` writes the weights that are shipped.

Leave one subject out, nested: what tests a subject has seen neither its impacts, nor its share in the
normalisation, nor its share in the threshold, which is chosen on answers about training subjects by models
that had not seen them either. The seed is fixed.
"""

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.pipeline.fall_detector import CANDIDATE_G, Impacts
from edge.pipeline.fall_features import features
from edge.pipeline.fall_model import FOLDER, LIMIT, Model, Place, write
from edge.pipeline.resample import STEP_MS
from tests.evaluation.measure import NoRecordings
from tests.evaluation.motion import Rows, Trial, umafall

SEED: Final = 7
NETWORKS: Final = 4
UNITS: Final = 16
DECAY: Final = 1.0
EPOCHS: Final = 80
PHASES: Final = 3  # the grid of 20 Hz may begin anywhere between two rows: three begins are learned
NEAR_MS: Final = 1500.0
QUIET_SHARE: Final = 0.99  # of daily life, on training subjects
SURE_SHARE: Final = 1.0  # of it nothing scores as high as a fall that is raised by itself
VERSION: Final = "2"


Fit = Callable[["Table", NDArray[np.bool_]], Model]


@dataclass(frozen=True)
class Table:
    """Impacts of trials: features, trial number, begin of the grid, label (1 fall, 0 daily, -1 unclear)."""

    names: tuple[str, ...]
    x: Rows
    trial: NDArray[np.int64]
    phase: NDArray[np.int64]
    label: NDArray[np.int64]
    fall: NDArray[np.bool_]
    subject: NDArray[np.str_]

    def rows_of(self, subjects: Collection[str]) -> NDArray[np.bool_]:
        """Which impacts belong to these people."""
        return np.isin(self.subject[self.trial], list(subjects))


def tabulate(trials: Sequence[Trial], place: Place) -> Table:
    """Every impact of every trial, as the detector sees it."""
    x, at, found, named = [], [], [], {}
    for number, trial in enumerate(trials):
        for phase in range(PHASES):
            times = trial.t_ms.copy()
            times[0] += phase * STEP_MS / PHASES
            impacts = Impacts(CANDIDATE_G[place])
            for time, row in zip(times.tolist(), trial.xyz_g.tolist(), strict=True):
                for impact in impacts.feed((row[0], row[1], row[2]), time):
                    named = features(impact.moment)
                    x.append(list(named.values()))
                    at.append((number, phase))
                    found.append((impact.at, named["peak"]))
    if not at:
        raise NoRecordings("no impact in any trial")
    where = np.array(at)
    fall = np.array([trial.fall for trial in trials])
    return Table(
        names=tuple(named),
        x=np.array(x),
        trial=where[:, 0],
        phase=where[:, 1],
        label=_labels(where, np.array(found), fall),
        fall=fall,
        subject=np.array([trial.subject for trial in trials]),
    )


def _labels(where: NDArray[np.int64], found: Rows, fall: NDArray[np.bool_]) -> NDArray[np.int64]:
    """In a trial with a fall the hardest impact is the fall, with those near it of at least half its size."""
    label = np.where(fall[where[:, 0]], -1, 0)
    for key in {(int(trial), int(phase)) for trial, phase in where[label < 0]}:
        own = np.flatnonzero((where == key).all(axis=1))
        at, peak = found[own].T
        hardest = peak.argmax()
        label[own[(np.abs(at - at[hardest]) <= NEAR_MS) & (peak >= peak[hardest] / 2)]] = 1
    return label


def fit(table: Table, rows: NDArray[np.bool_]) -> Model:
    """Networks trained on these rows alone, with thresholds that are still to be chosen; rows without a clear
    label are left out.
    """
    from sklearn.neural_network import MLPClassifier

    used = rows & (table.label >= 0)
    x, y = table.x[used], table.label[used]
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    x = ((x - mean) / scale).clip(-LIMIT, LIMIT)
    nets = [
        MLPClassifier((UNITS,), alpha=DECAY, max_iter=EPOCHS, random_state=SEED + n).fit(x, y)
        for n in range(NETWORKS)
    ]
    return Model(
        version=VERSION,
        names=table.names,
        threshold=0.5,
        sure=0.5,
        mean=mean,
        scale=scale,
        hidden=np.stack([net.coefs_[0] for net in nets]),
        hidden_bias=np.stack([net.intercepts_[0] for net in nets]),
        output=np.stack([net.coefs_[1][:, 0] for net in nets]),
        output_bias=np.array([net.intercepts_[1][0] for net in nets]),
    )


def trial_scores(table: Table, model: Model, subjects: Collection[str]) -> Rows:
    """The highest score in each trial of these people; 0 without an impact, NaN for other people's trials."""
    scores = np.where(np.isin(table.subject, list(subjects)), 0.0, np.nan)
    own = table.rows_of(subjects) & (table.phase == 0)
    if own.any():
        np.maximum.at(scores, table.trial[own], model.scores(table.x[own]))
    return scores


def threshold_for(scores: Rows, fall: NDArray[np.bool_], quiet_share: float) -> float:
    """The lowest threshold that keeps this share of daily life quiet, midway to the next higher score."""
    daily = np.sort(scores[~fall & ~np.isnan(scores)])[::-1]
    allowed = int((1 - quiet_share) * len(daily))
    highest = float(daily[allowed])
    above = scores[~np.isnan(scores) & (scores > highest)]
    return (highest + float(above.min())) / 2 if len(above) else min(1.0, highest + 0.01)


class Trainer:
    """Models of groups of people; each group is fitted once, however many splits ask for it."""

    def __init__(self, table: Table, fit: Fit = fit) -> None:
        self._table, self._fit = table, fit
        self._fitted: dict[frozenset[str], Model] = {}

    def train(self, subjects: Collection[str]) -> Model:
        """A model of these people; its threshold from their scores by models that had not seen them.

        Raises NoRecordings when they are too few: each two of them must leave falls and daily life behind.
        """
        scores = np.full(len(self._table.fall), np.nan)
        for subject in sorted(subjects):
            inner = self._model(frozenset(subjects) - {subject})
            scores = np.fmax(scores, trial_scores(self._table, inner, [subject]))
        threshold, sure = (
            threshold_for(scores, self._table.fall, share) for share in (QUIET_SHARE, SURE_SHARE)
        )
        return replace(self._model(frozenset(subjects)), threshold=threshold, sure=sure)

    def _model(self, group: frozenset[str]) -> Model:
        if group not in self._fitted:
            rows = self._table.rows_of(group)
            if not {0, 1} <= set(self._table.label[rows].tolist()):
                raise NoRecordings("too few people to train on; FROZEN=1 tries the shipped weights")
            self._fitted[group] = self._fit(self._table, rows)
        return self._fitted[group]


def main() -> int:
    """Train on everybody in DIR and write both weights files."""
    folder = Path(sys.argv[1]) / "umafall_wrist_waist"
    for place in CANDIDATE_G:
        trials = umafall(folder, place)
        table = tabulate(trials, place)
        model = Trainer(table).train({trial.subject for trial in trials})
        write(model, FOLDER / f"{place}.npz")
        sys.stdout.write(
            f"{place}: {len(table.x)} impacts, threshold {model.threshold:.3f}, sure {model.sure:.3f}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
