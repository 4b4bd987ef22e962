"""One event on its way through the ingestor: what came, and what each step found."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cloud import metrics
from cloud.alarms.alarm import Action, AlarmDraft, KnownAlarm
from cloud.ingest.salvage import Understood
from cloud.ingest.times import EventTime
from cloud.ingest.whereabouts import Sender, Whereabouts
from firmware_specs.messages import Event


class Message(NamedTuple):
    """One message of `up/event`, as it arrived."""

    topic: str
    gateway_id: str
    payload: bytes
    received_at: datetime


@dataclass(kw_only=True, eq=False)
class Passage:
    """One event on its way; each step fills in what it found."""

    message: Message
    understood: Understood
    sender: Sender
    now: datetime
    problems: tuple[str, ...] = field(init=False)
    event_id: UUID = field(init=False)
    run: str = field(init=False)
    seq: int = field(init=False)
    time: EventTime = field(init=False)
    place: Whereabouts = field(init=False)
    duplicate: bool = False
    others: list[tuple[str, str, int]] = field(default_factory=list)
    known: KnownAlarm | None = None
    actions: list[Action] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take the event's identity from the message."""
        self.problems = self.understood.problems
        self.event_id = UUID(self.event.id)
        self.run, self.seq = self.event.run, self.event.seq

    @property
    def event(self) -> Event:
        """What the gateway said."""
        return self.understood.event

    @property
    def gateway_id(self) -> str:
        """Who said it: the topic's, which the broker vouches for."""
        return self.message.gateway_id

    @property
    def received_at(self) -> datetime:
        """When it arrived."""
        return self.message.received_at

    @property
    def drafts(self) -> list[AlarmDraft]:
        """The alarms that are to be raised."""
        return [action for action in self.actions if isinstance(action, AlarmDraft)]

    def tell_hops(self) -> None:
        """How long it was on its way, where the clocks that say so can be believed."""
        if not self.duplicate and not self.time.problems:
            metrics.hop("gateway", self.time.device_at, self.time.occurred_at)
            metrics.hop("received", self.time.occurred_at, self.received_at)
