"""START HERE: what happens to everything a driver hears, in order. One step a file;
a new step is one line in STEPS.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol, runtime_checkable

from edge.pipeline.at_home import AtHome
from edge.pipeline.corroborate import Corroborate
from edge.pipeline.dwell import Dwell
from edge.pipeline.fall import Fall
from edge.pipeline.fence import Fence
from edge.pipeline.identify import Identify
from edge.pipeline.inactivity import Inactivity
from edge.pipeline.options import PipelineOptions
from edge.pipeline.plausible import Plausible
from edge.pipeline.restless import Restless
from edge.pipeline.roles import Roles
from edge.pipeline.thin import Thin
from edge.pipeline.vitals import Vitals
from edge.pipeline.wear import Wear
from edge.readings import Item, Step

STEPS: Final[tuple[Callable[[PipelineOptions], Step], ...]] = (
    Plausible,  # what no working sensor can say goes; an impossible time becomes the arrival
    Roles,  # a plain button becomes an SOS, a contact becomes a bed
    Vitals,  # raw signals -> breathing, pulse, heart rate, somebody in the bed
    Restless,  # movement in an occupied bed -> how restless somebody lies
    Wear,  # a watch on the table has no pulse and does not fall
    AtHome,  # who hears the Wi-Fi of home is at home, wherever satellites put them
    Fence,  # positions -> out of the safe zone, back again
    Fall,  # acceleration -> fall suspected, raised, cancelled
    Inactivity,  # no sign of life for longer than is usual in this home at this hour
    Dwell,  # somebody who does not move in a bathroom, kitchen or hall
    Corroborate,  # what bed, door, motion and radar say about a fall, and what to ask first
    Identify,  # one id for each activation, kept for all its phases
    Thin,  # readings go on change, all of them while an alarm is open
)


@runtime_checkable
class Lasting(Protocol):
    """A step whose knowledge must outlive a restart of the agent."""

    def state(self) -> dict[str, Any]:
        """What it knows, as plain JSON values."""

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state()` gave; anything unreadable is left out."""


def steps(options: PipelineOptions) -> list[Step]:
    """The pipeline of one gateway."""
    return [make(options) for make in STEPS]


def run(pipeline: list[Step], items: list[Item], now: int) -> list[Item]:
    """Pass what one arrival brought (nothing: time passed) through all steps; `now` is ms UTC."""
    for step in pipeline:
        items = step(items, now)
    return items


def state(pipeline: list[Step]) -> dict[str, Any]:
    """What must be kept over a restart, by step, as plain JSON values;
    keep it in the transaction that keeps the events.
    """
    return {type(step).__name__: step.state() for step in pipeline if isinstance(step, Lasting)}


def restore(pipeline: list[Step], kept: dict[str, Any]) -> None:
    """Give each step what `state()` kept of it; unknown or unreadable parts are left out."""
    for step in pipeline:
        part = kept.get(type(step).__name__)
        if isinstance(step, Lasting) and isinstance(part, dict):
            step.restore(part)
