"""Heart rate from a bed, SEMI-SYNTHETIC: real RR intervals and a real breathing belt (li2024, other nights),
the mean beat of a real ballistocardiogram (bcg_samples_small), and noise and movements that are made.

No bed recording with a valid reference could be had. Two hours a night from 1.5 h after its start; noise is
drawn a night between 0 and -10 dB of the beats' rms; a movement of 3-15 s comes each 4 min on average.
Windows (30 s, each 5 s) in which the RR recording has a drop-out or an interval outside 0.3-2 s have no truth
and are not counted. Nothing is trained.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edge.pipeline.meters import HEART, Meter
from edge.pipeline.rhythm import Vector, smooth, tops
from simulators import bed_signal
from simulators.bed_signal import RATE_HZ
from simulators.sleeper import turns
from tests.evaluation import plots, rates
from tests.evaluation.measure import NoRecordings, Result, Task
from tests.evaluation.rates import Scores

START_S: Final = 5400.0
MINUTES: Final = 120
NOISE_DB: Final = ((0.0, 10.0), (-6.0, -6.0))
_BELT_HZ: Final = 20.0
_SLACK_S: Final = 3.0


@dataclass(frozen=True)
class Night:
    """Beat times (s) of a night's stretch, and the spans without a truth."""

    name: str
    beats_s: Vector
    unknown_s: tuple[tuple[float, float], ...]

    def rate(self, first_s: float, last_s: float) -> float | None:
        """True beats a minute of a window; None where the recording has a hole."""
        if any(a < last_s and b > first_s for a, b in self.unknown_s):
            return None
        inside = self.beats_s[(self.beats_s >= first_s) & (self.beats_s < last_s)]
        return float(60 * (len(inside) - 1) / (inside[-1] - inside[0])) if len(inside) > 2 else None


def heart_rate(task: Task) -> Result:
    """Last line: 0-10 dB; the table gives noise at -6 dB (louder than the beats) beside it."""
    nights, belts = recordings(task.folder)
    shape = beat(task.folder)
    usual, loud = (_scores(nights, belts, shape, db) for db in NOISE_DB)
    table = [
        "SEMI-SYNTHETIC: real RR intervals, breathing belt and beat shape, made noise and movements",
        *made_too(task.folder),
    ]
    table += rates.table("heart rate from a bed, beats 0 to 10 dB over the noise", usual)
    table.append(f"beats 6 dB under the noise: {rates.figures(loud)} ({rates.interval(loud)})")
    table.append(_drawn(task, usual, nights, belts, shape))
    return Result(rates.figures(usual), table)


def made_too(folder: Path) -> list[str]:
    """What had to be made because DATA does not hold it."""
    parts = []
    if not any(folder.glob("resp20hz_*.csv.gz")):
        parts.append("the breathing is MADE, too: no belt in this folder")
    if not _beat_file(folder).is_file():
        parts.append("the shape of a beat is MADE, too: no bcg_samples_small")
    return parts


def _beat_file(folder: Path) -> Path:
    return folder.parent / "bcg_samples_small" / "biosppy_bcg_1000hz.csv.gz"


def _drawn(task: Task, usual: list[Scores], nights: list[Night], belts: list[Vector], shape: Vector) -> str:
    """Pictures of the worst window of the worst nights, with the true beats."""
    drawn = []
    for error, name, end in rates.worst(usual):
        number = next(n for n, night in enumerate(nights) if night.name == name)
        signal = made_bed(nights[number], belts[number % len(belts)], shape, NOISE_DB[0], seed=number)
        first = round((end - HEART.window_s) * RATE_HZ)
        seconds = np.arange(first, round(end * RATE_HZ)) / RATE_HZ
        beats = [beat for beat in nights[number].beats_s if seconds[0] <= beat < end]
        fast = smooth(signal, 2) - smooth(signal, 0.2 * RATE_HZ)
        lines = {"bed, 3-8 Hz": fast[first : round(end * RATE_HZ)].tolist()}
        title = f"{name} semi-synthetic, error {error:+.1f}/min"
        drawn.append(plots.Stretch(title, seconds.tolist(), lines, {"true beats": beats}))
    return plots.stretches(task.report / "heart_rate.png", drawn)


def _scores(nights: list[Night], belts: list[Vector], shape: Vector, db: tuple[float, float]) -> list[Scores]:
    found = []
    for number, night in enumerate(nights):
        scores = Scores(night.name)
        signal = made_bed(night, belts[number % len(belts)], shape, db, seed=number)
        for rows, estimate in Meter(RATE_HZ, HEART).feed(signal.tolist()):
            end = rows / RATE_HZ
            true = night.rate(end - HEART.window_s, end)
            if true is not None:
                scores.take(estimate, true, night.name, end)
        found.append(scores)
    return found


def made_bed(night: Night, belt: Vector, shape: Vector, db: tuple[float, float], seed: int) -> Vector:
    """The semi-synthetic signal at 50 Hz of one night."""
    rng = np.random.default_rng(seed)
    count = int(len(belt) / _BELT_HZ * RATE_HZ)
    breathing = np.interp(np.arange(count) / RATE_HZ, np.arange(len(belt)) / _BELT_HZ, belt)
    breathing = breathing - smooth(breathing, 20 * RATE_HZ)
    breathing = np.clip(breathing / (1.6 * smooth(np.abs(breathing), 60 * RATE_HZ) + 1e-9), -3, 3)
    movements = turns(count / RATE_HZ, rng)
    noise = 10 ** (-rng.uniform(*db) / 20)
    return bed_signal.bed(night.beats_s, breathing, shape, noise=noise, movements=movements, rng=rng)


def night_of(name: str, stamps_s: Vector, rr_s: Vector, seconds: float) -> Night:
    """Beats by summing RR intervals; where the recording's own clock runs ahead, beats are missing."""
    beats, unknown, at = [], [], 0.0
    for stamp, rr in zip(stamps_s - stamps_s[0], rr_s, strict=True):
        if stamp - at > _SLACK_S:
            unknown.append((at, float(stamp)))
            at = float(stamp)
        if not 0.3 < rr < 2.0:
            unknown.append((at, at + float(rr)))
        at += float(rr)
        beats.append(at)
        if at > seconds:
            break
    else:
        unknown.append((at, seconds))
    return Night(name, np.array(beats), tuple(unknown))


def recordings(folder: Path) -> tuple[list[Night], list[Vector]]:
    """Nights by name and breathing belts, a made one where there is none. Raises NoRecordings."""
    nights = []
    for path in sorted(folder.glob("rr_*.csv.gz")):
        rows = _numbers(path)
        rows = rows[rows[:, 0] >= START_S]
        if len(rows) > 100:
            name = path.name.removesuffix(".csv.gz")
            nights.append(night_of(name, rows[:, 0], rows[:, 2], MINUTES * 60.0))
    paths = sorted(folder.glob("resp20hz_*.csv.gz"))
    belts = [_numbers(path)[: int(MINUTES * 60 * _BELT_HZ), 0] for path in paths]
    if not nights:
        raise NoRecordings(f"no RR night in {folder.name}")
    return nights, belts or [_made_belt()]


def _made_belt() -> Vector:
    """Breathing between 11 and 16 a minute, as the recorded belts show."""
    t = np.arange(MINUTES * 60 * _BELT_HZ) / _BELT_HZ
    belt: Vector = np.sin(2 * np.pi * (13.5 / 60) * t + 6 * np.sin(2 * np.pi * t / 900))
    return belt


def beat(folder: Path) -> Vector:
    """The mean beat of the BioSPPy recording around its J peaks, at 50 Hz; a made one without it."""
    path = _beat_file(folder)
    if not path.is_file():
        return bed_signal.beat_shape()
    signal = _numbers(path)[:, 0]
    block = round(1000 / RATE_HZ)
    signal = signal[: len(signal) // block * block].reshape(-1, block).mean(axis=1)
    signal = signal - smooth(signal, RATE_HZ)
    fast = smooth(signal, 2)
    envelope = smooth(np.abs(fast - smooth(fast, 0.3 * RATE_HZ)), 0.3 * RATE_HZ)
    near = [
        int(row)
        for row in tops(envelope - envelope.mean(), int(0.35 * RATE_HZ))
        if 40 < row < len(signal) - 40
    ]
    peaks = [row - 12 + int(np.argmax(signal[row - 12 : row + 13])) for row in near]
    before = round(bed_signal.SHAPE_BEFORE_S * RATE_HZ)
    beats = [signal[peak - before : peak - before + round(RATE_HZ)] for peak in peaks]
    return bed_signal.normalised(np.mean([beat for beat in beats if len(beat) == round(RATE_HZ)], axis=0))


def _numbers(path: Path) -> Vector:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        table: Vector = np.genfromtxt(file, delimiter=",", skip_header=1, ndmin=2)
    return table
