"""Several stories in one home at the same time: cheaper than one after the other, and nearer to life."""

from pathlib import Path
from typing import Final

import msgspec

from simulators.scenario import ExpectSpec, Scenario, ScenarioError, StepSpec, load
from simulators.texts import say
from simulators.verbs import ACTORS

# What counts all that happens in a home cannot be expected of one story among others.
_COUNTS: Final = (
    "no_case",
    "cases",
    "rings",
    "rings_at_least",
    "repeats",
    "alarm_count",
    "settled",
    "readings_at_most",
)


def load_together(paths: list[Path]) -> Scenario:
    """The story of a file, or one story of several files in the first one's home. Raises ScenarioError."""
    if len(paths) == 1:
        return load(paths[0])
    stories = {path.stem: load(path) for path in paths}
    for name, story in stories.items():
        counted = [key for expect in story.expect for key in _COUNTS if getattr(expect, key)]
        if story.own_clock or story.other_home is not None or counted:
            raise ScenarioError(say("not_together", name=name))
    parts = [_apart(name, story) for name, story in stories.items()]
    return Scenario(
        title=" + ".join(stories),
        home=parts[0].home,
        device=[device for part in parts for device in part.device],
        step=sorted((step for part in parts for step in part.step), key=lambda step: step.at),
        expect=[expect for part in parts for expect in part.expect],
    )


def _apart(name: str, story: Scenario) -> Scenario:
    """The story with names of its own, each step named."""
    steps = [step.name or f"step {n}" for n, step in enumerate(story.step)]

    def own(word: str) -> str:
        return f"{name} {word}"

    def step(n: int, given: StepSpec) -> StepSpec:
        device = given.device if given.device in ACTORS else own(given.device)
        target = own(given.target) if given.target else ""
        return msgspec.structs.replace(given, name=own(steps[n]), device=device, target=target)

    def expect(given: ExpectSpec) -> ExpectSpec:
        return msgspec.structs.replace(given, after=own(given.after or steps[0]))

    return msgspec.structs.replace(
        story,
        device=[msgspec.structs.replace(device, name=own(device.name)) for device in story.device],
        step=[step(n, given) for n, given in enumerate(story.step)],
        expect=[expect(given) for given in story.expect],
    )
