"""What operators, supervisors and responders can do to cases: each deed as the API's route does it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from cloud.cases import answers, dispatching, handing, merging, shelving, stages, store
from cloud.cases.case import Actor
from cloud.database.pool import Connection

# Of which cases a deed is mostly tried: one's own, waiting ones, those of others, those that are over.
Kind = Literal["own", "waiting", "others", "over"]


@dataclass(frozen=True)
class Turn:
    """What a deed is done with: a number, another case, a colleague, a responder."""

    now: datetime
    n: int
    other: UUID
    colleague: UUID
    responder: UUID


Deed = Callable[[Connection, UUID, Actor, Turn], Awaitable[object]]

DEEDS: Final[dict[str, tuple[Kind, Deed]]] = {
    "claim": ("waiting", lambda c, i, a, t: store.claim(c, i, a, now=t.now)),
    "claim_others": ("others", lambda c, i, a, t: store.claim(c, i, a, now=t.now)),
    "renew": ("own", lambda c, i, a, t: store.renew(c, i, a, now=t.now)),
    "contact": ("own", lambda c, i, a, t: stages.contact(c, i, a, now=t.now)),
    "call": ("own", lambda c, i, a, t: store.call(c, i, a, call_s=(30, 600, 3600)[t.n % 3], now=t.now)),
    "hang_up": ("own", lambda c, i, a, t: store.call(c, i, a, call_s=0, now=t.now)),
    "no_answer": ("own", lambda c, i, a, t: stages.call_back(c, i, a, "no_answer", now=t.now)),
    "needs_help": ("own", lambda c, i, a, t: stages.call_back(c, i, a, "needs_help", now=t.now)),
    "is_well": ("own", lambda c, i, a, t: stages.call_back(c, i, a, "answered_ok", now=t.now)),
    "call_late": ("over", lambda c, i, a, t: stages.call_back(c, i, a, "no_answer", now=t.now)),
    "dispatch": ("own", lambda c, i, a, t: dispatching.offer(c, i, a, chain=t.n % 2 == 0, now=t.now)),
    "dispatch_to": ("own", lambda c, i, a, t: dispatching.offer(c, i, a, t.responder, now=t.now)),
    "resolve": ("own", lambda c, i, a, t: store.resolve(c, i, a, disposition="help_given", now=t.now)),
    "close": ("over", lambda c, i, a, t: store.close(c, i, a, disposition="false_alarm", now=t.now)),
    "release": ("own", lambda c, i, a, t: store.release(c, i, a, now=t.now)),
    "hand_over": ("own", lambda c, i, a, t: handing.hand_over(c, i, a, t.colleague, now=t.now)),
    "to_queue": ("own", lambda c, i, a, t: handing.hand_over(c, i, a, None, now=t.now)),
    "take_over": ("others", lambda c, i, a, t: handing.take_over(c, i, a, now=t.now)),
    "merge": ("waiting", lambda c, i, a, t: merging.merge(c, i, t.other, a, now=t.now)),
    "note": ("own", lambda c, i, a, t: store.note(c, i, a, "……", key=str(t.n), now=t.now)),
    "shown": ("waiting", lambda c, i, a, t: store.shown(c, i, a, rings=t.n, now=t.now)),
    "follow_up": ("over", lambda c, i, a, t: stages.follow_up(c, i, a, now=t.now)),
    "order": ("own", lambda c, i, a, t: stages.make_order(c, i, a, now=t.now)),
    "no_order": ("over", lambda c, i, a, t: stages.unmake_order(c, i, a, now=t.now)),
    "shelve": ("waiting", lambda c, i, a, t: shelving.shelve(c, i, a, minutes=5, reason="……", now=t.now)),
    "unshelve": ("waiting", lambda c, i, a, t: shelving.unshelve(c, i, a, now=t.now)),
}
NAMES: Final = tuple(DEEDS)
# What any seat may do; taking over is a supervisor's.
SUPERVISORS: Final = frozenset({"take_over"})

Answer = Callable[[Connection, UUID, Actor, Turn], Awaitable[object]]
ANSWERS: Final[dict[str, Answer]] = {
    "accept": lambda c, i, a, t: answers.accept(c, i, a, eta_minutes=(None, 5, 40)[t.n % 3], now=t.now),
    "refuse": lambda c, i, a, t: answers.refuse(c, i, a, now=t.now),
    "estimate": lambda c, i, a, t: answers.estimate(c, i, a, eta_minutes=1 + t.n, now=t.now),
    "arrive": lambda c, i, a, t: answers.arrive(c, i, a, now=t.now),
    "finish": lambda c, i, a, t: answers.finish(c, i, a, outcome="help_given", now=t.now),
    "finish_badly": lambda c, i, a, t: answers.finish(c, i, a, outcome="needs_help", now=t.now),
    "undo": lambda c, i, a, t: answers.undo(c, i, a, now=t.now),
    "recall": lambda c, i, a, t: answers.recall(c, i, a, now=t.now),
}
SAYINGS: Final = tuple(ANSWERS)
