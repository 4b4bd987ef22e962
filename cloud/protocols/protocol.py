"""What is to be done about a case, step by step, and how far that has come. Pure.

A protocol is data that supervisors edit. Which one is for which kind, and what makes a step done, is here:
steps tick themselves from the case's timeline, what no machine sees is ticked by hand.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

Action = Literal[
    "call_resident", "call_contacts", "dispatch", "call_119", "call_120", "note", "resolve", "none"
]
DoneWhen = Literal["connected", "called", "dispatched", "accepted", "arrived", "noted", "resolved", "by_hand"]
Progress = Literal["done", "current", "later"]

TICKED: Final = "step_done"
DEFAULT: Final = "default"
# Gravest first: of the kinds of a case the first protocol that has one of them is followed.
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "fire": ("smoke", "heat"),
    "gas": ("gas",),
    "co": ("co",),
    "fall": ("fall", "fall_suspected"),
    "vitals_high": ("news2_high",),
    "sos": ("sos", "phone_call", "needs_help"),
    "no_answer": ("no_answer",),
    "not_returned": ("not_returned_to_bed",),
    "inactivity": ("inactivity",),
    "fence": ("fence_exit",),
    "vitals": ("news2_medium", "vital_out_of_band"),
    "water": ("water_leak",),
    "door": ("door_left_open",),
    "medication": ("medication_missed",),
}
OF_CLASS: Final[dict[str, str]] = {"technical": "technical", "test": "test"}
KEYS: Final = (*KINDS, *OF_CLASS.values(), DEFAULT)

# What can end each action by itself; every step can be ticked by hand too.
FITTING: Final[dict[str, frozenset[str]]] = {
    "call_resident": frozenset({"connected", "called", "by_hand"}),
    "call_contacts": frozenset({"connected", "called", "by_hand"}),
    "dispatch": frozenset({"dispatched", "accepted", "arrived", "by_hand"}),
    "call_119": frozenset({"by_hand"}),
    "call_120": frozenset({"by_hand"}),
    "note": frozenset({"noted", "by_hand"}),
    "resolve": frozenset({"resolved", "by_hand"}),
    "none": frozenset({"arrived", "by_hand"}),
}
_ENDED: Final = frozenset({"dispatch_undone", "recalled", "refused", "no_answer"})
_ANSWERED: Final = frozenset({"answered_ok", "needs_help"})
_UNANSWERED: Final = frozenset({"no_answer", "busy", "failed"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    text_zh: str
    text_en: str
    action: Action = "none"
    done_when: DoneWhen = "by_hand"


class Phrase(msgspec.Struct, frozen=True, kw_only=True):
    """A line that operators often write."""

    zh: str
    en: str


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a protocol."""

    key: str
    version: int
    name_zh: str
    name_en: str
    steps: tuple[Step, ...]
    phrases: tuple[Phrase, ...] = ()
    changed_at: datetime
    changed_by: str


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a case's timeline."""

    at: datetime
    kind: str
    actor: str
    data: dict[str, Any]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """When a step was done and by whom; `by_hand`: ticked; `needed` false: left out on purpose."""

    at: datetime
    by: str
    by_hand: bool = False
    needed: bool = True


class Callees(msgspec.Struct, frozen=True, kw_only=True):
    """How a case's timeline names those who are called: the elder, and the contacts."""

    resident: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()


class StepState(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a case and how far it is."""

    step: Step
    progress: Progress
    done: Done | None = None


def key_for(kinds: Iterable[str], case_class: str, *, fire_suspected: bool = False) -> str:
    """Which protocol a case follows: fire first, then by the gravest of its kinds."""
    if case_class in OF_CLASS:
        return OF_CLASS[case_class]
    rung = set(kinds)
    if fire_suspected:
        return "fire"
    return next((key for key, about in KINDS.items() if rung.intersection(about)), DEFAULT)


def mistakes(key: str, steps: Sequence[Step]) -> list[tuple[str, str]]:
    """What is wrong with steps, in both languages."""
    found = []
    for number, step in enumerate(steps, 1):
        if step.done_when not in FITTING[step.action]:
            zh = f"第 {number} 步：动作 {step.action} 不能以 {step.done_when} 判断完成"
            found.append((zh, f"step {number}: {step.action} is never done by {step.done_when}"))
        if not step.text_zh.strip() or not step.text_en.strip():
            found.append((f"第 {number} 步：缺少中文或英文", f"step {number}: a text is missing"))
    if key == "fire" and (not steps or steps[0].action != "call_119"):
        found.append(("火警预案第一步必须是拨打 119", "the fire protocol begins with calling 119"))
    return found


def progress(
    protocol: Protocol, entries: Sequence[Happened], callees: Callees, *, over: bool = False
) -> list[StepState]:
    """Each step with what the timeline says of it; one is current until all are done or the case is over."""
    states: list[StepState] = []
    current = over
    for number, step in enumerate(protocol.steps, 1):
        done = _first(entries, callees, protocol, number, step)
        if done is not None:
            states.append(StepState(step=step, progress="done", done=done))
            continue
        states.append(StepState(step=step, progress="later" if current else "current"))
        current = True
    return states


def is_ticked(protocol: Protocol, number: int, entries: Sequence[Happened]) -> bool:
    """Whether a step of this very version was ticked by hand."""
    return any(_is_tick(entry, protocol, number) for entry in entries)


def _is_tick(entry: Happened, protocol: Protocol, number: int) -> bool:
    data = entry.data
    same = data.get("protocol") == protocol.key and data.get("version") == protocol.version
    return entry.kind == TICKED and same and data.get("step") == number


def _first(
    entries: Sequence[Happened], callees: Callees, protocol: Protocol, number: int, step: Step
) -> Done | None:
    ended = {
        entry.data["dispatch_id"]
        for entry in entries
        if entry.kind in _ENDED and isinstance(entry.data.get("dispatch_id"), str)
    }
    for entry in entries:
        if _is_tick(entry, protocol, number):
            needed = entry.data.get("needed") is not False
            return Done(at=entry.at, by=entry.actor, by_hand=True, needed=needed)
        stopped = entry.data.get("dispatch_id") in ended
        if not stopped and _TESTS[step.done_when](entry, step, callees):
            return Done(at=entry.at, by=entry.actor)
    return None


def _called(entry: Happened, callees: Callees) -> tuple[str, bool] | None:
    """Who was called, resident or contact, and whether they answered; None for any other line."""
    data = entry.data
    if entry.kind == "call_back":
        outcome = data.get("outcome")
        return ("resident", outcome in _ANSWERED) if outcome in _ANSWERED | _UNANSWERED else None
    if entry.kind == "note":
        who, outcome = data.get("called"), data.get("outcome")
        return (who, outcome == "connected") if who in ("resident", "contact") else None
    state, to = data.get("state"), data.get("to")
    if entry.kind != "call" or state not in {"connected", *_UNANSWERED}:
        return None
    if data.get("direction") == "incoming":
        to = data.get("from")
    if to in callees.contacts:
        return "contact", state == "connected"
    return ("resident", state == "connected") if to in callees.resident else None


def _connected(entry: Happened, step: Step, callees: Callees) -> bool:
    return _reached(entry, step, callees) is True


def _tried(entry: Happened, step: Step, callees: Callees) -> bool:
    return _reached(entry, step, callees) is not None


def _reached(entry: Happened, step: Step, callees: Callees) -> bool | None:
    wanted = "contact" if step.action == "call_contacts" else "resident"
    found = _called(entry, callees)
    return found[1] if found is not None and found[0] == wanted else None


def _any(*kinds: str) -> Callable[[Happened, Step, Callees], bool]:
    return lambda entry, step, callees: entry.kind in kinds


_TESTS: Final[dict[str, Callable[[Happened, Step, Callees], bool]]] = {
    "connected": _connected,
    "called": _tried,
    "dispatched": _any("dispatched"),
    "accepted": _any("accepted", "arrived"),
    "arrived": _any("arrived"),
    "noted": lambda entry, step, callees: entry.kind == "note" and "called" not in entry.data,
    "resolved": _any("resolved", "service_order"),
    "by_hand": lambda entry, step, callees: False,
}
