"""Falls of wrist and waist sensors: UMAFall trials by subject, and false alarms where nobody falls."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from edge.pipeline.fall_detector import CANDIDATE_G, FallDetector, Suspicion
from edge.pipeline.fall_model import Model, Place, shipped
from edge.pipeline.recovery import LIFELESS_G, WALKED_S, RecoveryWatch
from tests.evaluation import plots
from tests.evaluation.fall_training import Trainer, tabulate
from tests.evaluation.measure import NoRecordings, Result, Task, rate, span, with_interval
from tests.evaluation.motion import Rows, Trial, mobgap, umafall

PLOTTED = 8


@dataclass(frozen=True)
class Answer:
    """The falls that were suspected in a trial."""

    trial: Trial
    suspicions: Sequence[Suspicion]

    @property
    def right(self) -> bool:
        """Whether the trial was told apart rightly."""
        return self.trial.fall == bool(self.suspicions)

    @property
    def sure(self) -> bool:
        """Whether one is above the second limit."""
        return any(not found.unsure for found in self.suspicions)

    @property
    def clear(self) -> bool:
        """Whether one is clear: raised by itself, if the wearer then lies still."""
        return any("clear" in found.reasons for found in self.suspicions)


def wrist(task: Task) -> Result:
    """Wrist sensors."""
    return _measured(task, "wrist", [])


def waist(task: Task) -> Result:
    """Waist sensors; for false alarms also the lower back of people who walk and do daily things."""
    return _measured(task, "waist", list(lower_backs(task.folder.parent / "mobgap_lower_back", "waist")))


def wrist_on_waist(task: Task) -> Result:
    """What was learned at wrists, tried on waists of people never seen."""
    return _tried(task, "wrist", "waist")


def waist_on_wrist(task: Task) -> Result:
    """And the other way."""
    return _tried(task, "waist", "wrist")


def other_sets(task: Task) -> Result:
    """The shipped weights on the non-fall recordings of another set: people, sensor and place never seen."""
    table, figures = [], []
    for place in CANDIDATE_G:
        quiet = list(lower_backs(task.folder, place))
        if not quiet:
            raise NoRecordings(f"no recording in {task.folder.name}")
        alarms, hours = sum(n for _, n, _ in quiet), sum(h for _, _, h in quiet)
        table += [f"{place} weights, {name}: {n} in {60 * h:.1f} min" for name, n, h in quiet]
        figures.append(f"{place}={alarms} {place}_per_hour={alarms / hours:.2f}")
    return Result(" ".join([*figures, f"hours={hours:.2f}"]), table)


def lower_backs(folder: Path, place: Place) -> Iterator[tuple[str, int, float]]:
    """Name, false alarms by the weights shipped for `place`, hours of each lower-back recording."""
    for name, t_ms, xyz_g in mobgap(folder):
        yield name, len(suspicions(t_ms, xyz_g, place, shipped(place))), float(t_ms[-1]) / 3_600_000


@cache
def learned(folder: Path, place: Place, *, frozen: bool) -> Mapping[str, Model]:
    """By person the model that never saw them; frozen: the shipped one, whoever it is."""
    trials = umafall(folder, place)
    subjects = sorted({trial.subject for trial in trials})
    if frozen:
        return dict.fromkeys(subjects, shipped(place))
    trainer = Trainer(tabulate(trials, place))
    return {subject: trainer.train(set(subjects) - {subject}) for subject in subjects}


def _tried(task: Task, trained: Place, tried: Place) -> Result:
    models = learned(task.folder, trained, frozen=task.frozen)
    known = [trial for trial in umafall(task.folder, tried) if trial.subject in models]
    if not known:
        raise NoRecordings(f"nobody with a sensor at {trained} and {tried}")
    answers = [Answer(one, suspicions(one.t_ms, one.xyz_g, tried, models[one.subject])) for one in known]
    return summary(answers, [])


def _measured(task: Task, place: Place, quiet: Sequence[tuple[str, int, float]]) -> Result:
    trials = umafall(task.folder, place)
    models = learned(task.folder, place, frozen=task.frozen)
    answers = [
        Answer(trial, suspicions(trial.t_ms, trial.xyz_g, place, models[trial.subject])) for trial in trials
    ]
    wrong = [answer for answer in answers if not answer.right]
    drawn = plots.recordings(
        task.report / f"falls_{place}_wrong.png",
        [(_title(answer), answer.trial.t_ms, answer.trial.xyz_g) for answer in wrong[:PLOTTED]],
    )
    thresholds = sorted(model.threshold for model in models.values())
    return summary(
        answers, quiet, [f"threshold {thresholds[0]:.3f} to {thresholds[-1]:.3f}", *map(_title, wrong), drawn]
    )


def suspicions(t_ms: Rows, xyz_g: Rows, place: Place, model: Model) -> list[Suspicion]:
    """What the detector suspects in these rows, fed one by one as a gateway hears them."""
    detector = FallDetector(20.0, place, model=model)
    rows = zip(t_ms.tolist(), xyz_g.tolist(), strict=True)
    return [found for t, (x, y, z) in rows if (found := detector.feed((x, y, z), t)) is not None]


def _title(answer: Answer) -> str:
    what = "missed" if answer.trial.fall else "false"
    return f"{what}: {answer.trial.name} {', '.join(f'score {found.score}' for found in answer.suspicions)}"


def summary(
    answers: Sequence[Answer], quiet: Sequence[tuple[str, int, float]], notes: Sequence[str] = ()
) -> Result:
    """The figures over all trials; `quiet` are other recordings without falls: name, false alarms, hours."""
    falls = [answer for answer in answers if answer.trial.fall]
    daily = [answer for answer in answers if not answer.trial.fall]
    older = [answer for answer in daily if answer.trial.older]
    found, kept, calm = (sum(answer.right for answer in group) for group in (falls, daily, older))
    alarms = sum(len(answer.suspicions) for answer in daily) + sum(n for _, n, _ in quiet)
    hours = sum(answer.trial.seconds for answer in daily) / 3600 + sum(h for _, _, h in quiet)
    table = [
        *_by_activity(answers),
        *_by_subject(answers),
        *_walking(answers),
        f"sensitivity {with_interval(found, len(falls))}",
        f"specificity {with_interval(kept, len(daily))}",
        f"specificity, older subjects {with_interval(calm, len(older))}",
        *(
            f"sure, and clear, of {name}: {with_interval(sum(a.sure for a in group), len(group))}, "
            f"{with_interval(sum(a.clear for a in group), len(group))}"
            for name, group in (
                ("falls", falls),
                ("daily life", daily),
                ("older subjects' daily life", older),
            )
        ),
        *(f"false alarms {name}: {n} in {60 * h:.1f} min" for name, n, h in quiet),
        *notes,
        f"false alarms in all: {alarms} in {hours:.2f} h",
    ]
    per_hour = f"{alarms / hours:.2f}" if hours else "n/a"
    return Result(
        figures=f"sensitivity={rate(found, len(falls))} specificity={rate(kept, len(daily))} "
        f"elderly_adl_specificity={rate(calm, len(older))} false_alarms_per_hour={per_hour} "
        f"subjects={len({answer.trial.subject for answer in answers})} "
        f"sensitivity_95={span(found, len(falls))}",
        table=table,
    )


def _by_activity(answers: Sequence[Answer]) -> list[str]:
    yes: Counter[tuple[bool, str]] = Counter()
    of: Counter[tuple[bool, str]] = Counter()
    for answer in answers:
        key = (answer.trial.fall, answer.trial.activity)
        of[key] += 1
        yes[key] += bool(answer.suspicions)
    return [
        f"{'fall' if key[0] else 'daily':5} {key[1]:28} suspected {yes[key]:3} of {of[key]:3}"
        for key in sorted(of)
    ]


def _walking(answers: Sequence[Answer]) -> list[str]:
    """How often the walking that ends an unsure fall is seen: where people walk, and after falls (never)."""
    walks = [walked(a.trial) for a in answers if a.trial.activity == "Walking"]
    falls = [walked(a.trial) for a in answers if a.trial.fall]
    dead = [one for a in answers if a.trial.fall and (one := lifeless(a.trial)) is not None]
    return [
        f"11 s of walking seen in walks of 15 s: {with_interval(sum(walks), len(walks))}",
        f"and after falls: {with_interval(sum(falls), len(falls))}",
        f"not the least tremor after falls: {with_interval(sum(dead), len(dead))}",
    ]


def walked(trial: Trial) -> bool:
    """Whether the recovery watch sees walking; in a trial with a fall from a second after its hardest row."""
    begin = 0
    if trial.fall:
        begin = int(np.linalg.norm(trial.xyz_g, axis=1).argmax()) + 20
    watch, most = RecoveryWatch(20.0, (0.0, 0.0, 1.0)), 0
    for x, y, z in trial.xyz_g[begin:].tolist():
        watch.feed((x, y, z))
        most = max(most, watch.walked_s)
    return most >= WALKED_S


def lifeless(trial: Trial) -> bool | None:
    """Whether the arm or body is as still as a table from two seconds after the hardest row on; None: fewer
    than three seconds are left.
    """
    watch = RecoveryWatch(20.0, (0.0, 0.0, 1.0))
    for x, y, z in trial.xyz_g[int(np.linalg.norm(trial.xyz_g, axis=1).argmax()) + 40 :].tolist():
        watch.feed((x, y, z))
    return watch.most_g < LIFELESS_G if watch.heard_s >= 3 else None


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
