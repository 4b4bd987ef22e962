"""Which protocol a case follows, and how its steps tick themselves from the timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.protocols import protocol as rules
from cloud.protocols.protocol import Callees, Happened, Protocol, Step

AT = datetime(2026, 1, 1, 2, 10, tzinfo=UTC)
CALLEES = Callees(resident=frozenset({"…4471"}), contacts=frozenset({"张伟 长子"}))
FALL = Protocol(
    key="fall",
    version=2,
    name_zh="跌倒",
    name_en="Fall",
    changed_at=AT,
    changed_by="李强",
    steps=(
        Step(text_zh="呼叫本人", text_en="Call", action="call_resident", done_when="called"),
        Step(text_zh="派单", text_en="Send", action="dispatch", done_when="dispatched"),
        Step(text_zh="转 120", text_en="120", action="call_120"),
        Step(text_zh="通知家属", text_en="Family", action="call_contacts", done_when="connected"),
        Step(text_zh="到场", text_en="There", done_when="arrived"),
        Step(text_zh="处置完毕", text_en="Resolve", action="resolve", done_when="resolved"),
    ),
)


def line(second: int, kind: str, **data: Any) -> Happened:
    return Happened(at=AT + timedelta(seconds=second), kind=kind, actor="王敏", data=data)


def marks(*entries: Happened, over: bool = False) -> str:
    """One letter a step: d done, C current, - later."""
    letters = {"done": "d", "current": "C", "later": "-"}
    return "".join(letters[state.progress] for state in rules.progress(FALL, entries, CALLEES, over=over))


@pytest.mark.parametrize(
    ("kinds", "case_class", "fire", "key"),
    [
        (["fall"], "care", False, "fall"),
        (["sos", "fall"], "care", False, "fall"),
        (["sos"], "care", False, "sos"),
        (["sos", "smoke"], "care", True, "fire"),
        (["smoke"], "care", False, "fire"),
        (["vital_out_of_band", "news2_high"], "care", False, "vitals_high"),
        (["gateway_offline"], "technical", False, "technical"),
        (["smoke"], "test", False, "test"),
        (["something_new"], "care", False, "default"),
        ([], "care", False, "default"),
    ],
)
def test_the_gravest_kind_chooses_the_protocol(
    kinds: list[str], case_class: str, fire: bool, key: str
) -> None:
    assert rules.key_for(kinds, case_class, fire_suspected=fire) == key


def test_steps_tick_themselves_from_what_happened() -> None:
    entries = [line(0, "opened"), line(1, "claimed")]
    assert marks(*entries) == "C-----"
    entries.append(line(10, "note", text="呼叫 本人 — 未接", called="resident", outcome="no_answer"))
    assert marks(*entries) == "dC----"
    entries.append(line(20, "dispatched", dispatch_id="1"))
    assert marks(*entries) == "ddC---"
    entries.append(line(30, "step_done", protocol="fall", version=2, step=3, needed=False))
    entries.append(line(40, "call", direction="outgoing", state="connected", to="张伟 长子"))
    entries.append(line(50, "arrived", dispatch_id="1"))
    assert marks(*entries) == "dddddC"
    states = rules.progress(FALL, entries, CALLEES)
    assert states[1].done == rules.Done(at=AT + timedelta(seconds=20), by="王敏")
    assert states[2].done is not None
    assert (states[2].done.by_hand, states[2].done.needed) == (True, False)
    assert marks(*entries, line(60, "resolved"), over=True) == "dddddd"


def test_a_step_done_out_of_turn_stays_done_and_the_first_open_one_is_current() -> None:
    assert marks(line(5, "dispatched", dispatch_id="1")) == "Cd----"


def test_a_case_that_is_over_has_no_current_step() -> None:
    assert marks(line(5, "resolved"), over=True) == "-----d"


@pytest.mark.parametrize("kind", ["dispatch_undone", "recalled", "refused", "no_answer"])
def test_a_dispatch_that_came_to_nothing_does_not_count(kind: str) -> None:
    sent = line(5, "dispatched", dispatch_id="1")
    assert marks(sent, line(7, kind, dispatch_id="1")) == "C-----"
    assert marks(sent, line(7, kind, dispatch_id="1"), line(9, "dispatched", dispatch_id="2")) == "Cd----"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (line(1, "call", direction="outgoing", state="connected", to="…4471"), "dC----"),
        (line(1, "call", direction="outgoing", state="no_answer", to="…4471"), "dC----"),
        (line(1, "call", direction="incoming", state="connected", **{"from": "…4471"}), "dC----"),
        (line(1, "call", direction="outgoing", state="dialling", to="…4471"), "C-----"),
        (line(1, "call", direction="outgoing", state="connected", to="…0120"), "C-----"),
        (line(1, "call", call_s=180), "C-----"),
        (line(1, "call_back", outcome="needs_help"), "dC----"),
        (line(1, "call_back", outcome="wrong_number"), "C-----"),
        (line(1, "note", text="呼叫 本人 — 接通"), "C-----"),
    ],
)
def test_only_a_call_to_the_elder_ticks_the_call_to_the_elder(entry: Happened, expected: str) -> None:
    assert marks(entry) == expected


def test_the_family_must_have_answered_where_the_step_says_so() -> None:
    missed = line(1, "note", called="contact", outcome="no_answer")
    assert rules.progress(FALL, [missed], CALLEES)[3].done is None
    reached = line(2, "note", called="contact", outcome="connected")
    assert rules.progress(FALL, [missed, reached], CALLEES)[3].done is not None


def test_a_tick_of_another_version_is_not_this_ones() -> None:
    assert marks(line(1, "step_done", protocol="fall", version=1, step=1)) == "C-----"
    assert marks(line(1, "step_done", protocol="sos", version=2, step=1)) == "C-----"


def test_what_cannot_work_is_named() -> None:
    step = Step(text_zh="转 120", text_en="120", action="call_120", done_when="arrived")
    assert "第 1 步" in rules.mistakes("fall", [step])[0][0]
    assert rules.mistakes("fall", FALL.steps) == []
    assert "119" in rules.mistakes("fire", FALL.steps)[0][1]
