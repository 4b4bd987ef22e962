"""Falls of wrist and waist sensors: UMAFall trials by subject, and false alarms where nobody falls."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.pipeline.fall_features import FallDetector
from tests.evaluation.measure import Result, Task, rate, with_interval
from tests.evaluation.motion import Rows, Trial, mobgap, umafall

Detector = Callable[[Rows, Rows], int]


@dataclass(frozen=True)
class Answer:
    """How often a fall was suspected in a trial."""

    trial: Trial
    suspected: int

    @property
    def right(self) -> bool:
        """Whether the trial was told apart rightly."""
        return self.trial.fall == (self.suspected > 0)


def wrist(task: Task) -> Result:
    """Wrist sensors."""
    trials = umafall(task.folder, "wrist")
    return summary([Answer(trial, suspicions(trial.t_ms, trial.xyz_g)) for trial in trials], [])


def waist(task: Task) -> Result:
    """Waist sensors, and the lower back for false alarms."""
    trials = umafall(task.folder, "waist")
    quiet = [
        (name, suspicions(t_ms, xyz_g), float(t_ms[-1]) / 3_600_000)
        for name, t_ms, xyz_g in mobgap(task.folder.parent / "mobgap_lower_back")
    ]
    return summary([Answer(trial, suspicions(trial.t_ms, trial.xyz_g)) for trial in trials], quiet)


def suspicions(t_ms: Rows, xyz_g: Rows) -> int:
    """How often the shipped detector suspects a fall in these rows."""
    rate_hz = 1000 * (len(t_ms) - 1) / float(t_ms[-1] - t_ms[0])
    detector = FallDetector(rate_hz)
    return sum(
        detector.feed((x, y, z), t) is not None for t, (x, y, z) in zip(t_ms, xyz_g.tolist(), strict=True)
    )


def summary(answers: Sequence[Answer], quiet: Sequence[tuple[str, int, float]]) -> Result:
    """The figures over all trials; `quiet` are other recordings without falls: name, false alarms, hours."""
    falls = [answer for answer in answers if answer.trial.fall]
    daily = [answer for answer in answers if not answer.trial.fall]
    older = [answer for answer in daily if answer.trial.older]
    found, kept, calm = (sum(answer.right for answer in group) for group in (falls, daily, older))
    alarms = sum(answer.suspected for answer in daily) + sum(n for _, n, _ in quiet)
    hours = sum(answer.trial.seconds for answer in daily) / 3600 + sum(h for _, _, h in quiet)
    table = [
        *_by_activity(answers),
        *_by_subject(answers),
        f"sensitivity {with_interval(found, len(falls))}",
        f"specificity {with_interval(kept, len(daily))}",
        f"specificity, older subjects {with_interval(calm, len(older))}",
        *(f"false alarms {name}: {n} in {60 * h:.1f} min" for name, n, h in quiet),
        f"false alarms in all: {alarms} in {hours:.2f} h",
    ]
    per_hour = f"{alarms / hours:.2f}" if hours else "n/a"
    return Result(
        figures=f"sensitivity={rate(found, len(falls))} specificity={rate(kept, len(daily))} "
        f"elderly_adl_specificity={rate(calm, len(older))} false_alarms_per_hour={per_hour} "
        f"subjects={len({answer.trial.subject for answer in answers})}",
        table=table,
    )


def _by_activity(answers: Sequence[Answer]) -> list[str]:
    yes: Counter[tuple[bool, str]] = Counter()
    of: Counter[tuple[bool, str]] = Counter()
    for answer in answers:
        key = (answer.trial.fall, answer.trial.activity)
        of[key] += 1
        yes[key] += answer.suspected > 0
    return [
        f"{'fall' if key[0] else 'daily':5} {key[1]:28} suspected {yes[key]:3} of {of[key]:3}"
        for key in sorted(of)
    ]


def _by_subject(answers: Sequence[Answer]) -> list[str]:
    subjects = sorted({answer.trial.subject for answer in answers}, key=lambda name: (len(name), name))
    lines = []
    for subject in subjects:
        own = [answer for answer in answers if answer.trial.subject == subject]
        falls = [answer.right for answer in own if answer.trial.fall]
        daily = [answer.right for answer in own if not answer.trial.fall]
        lines.append(
            f"subject {subject:>2}: falls found {sum(falls):3} of {len(falls):3}, "
            f"daily life rightly quiet {sum(daily):3} of {len(daily):3}"
        )
    return lines
