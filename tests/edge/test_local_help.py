"""What a gateway does alone, decided without a clock: `now` is milliseconds since boot."""

from typing import Any

from edge.help_steps import Action, Contact, Lane, Outcome, Rules
from edge.local_help import LocalHelp
from firmware_specs.messages import Event, Phase

SON = Contact(name="son", number="13800000001")
WIFE = Contact(name="wife", number="13800000002", inside=True)
ALL = Rules(siren=True, light=True, speech=True, sms=True, call=True, contacts=[SON, WIFE])


def event(kind: str = "sos", number: int = 1, phase: Phase = "raised") -> Event:
    return Event(
        id=f"018f0000-0000-7000-8000-{number:012d}", run="run00001", boot="b", seq=number, kind=kind,
        phase=phase, at=0,
    )  # fmt: skip


class Home:
    """A plan with a connected cloud, and everything that it did."""

    def __init__(self, rules: Rules = ALL, *, connected: bool = True) -> None:
        self.plan = LocalHelp(rules, "boot-1", 0)
        self.now = 0
        if connected:
            self.plan.connection(True, 0)
            self.plan.cloud_status(True, 0)
        self.did: list[str] = []
        self.outcome: dict[str, Outcome] = {"call": "no_answer"}

    def until(self, seconds: float, lanes: tuple[Lane, ...] = ("home", "speech", "phone")) -> list[str]:
        """Let time pass; returns what was done meanwhile."""
        before = len(self.did)
        while self.now <= seconds * 1000:
            for lane in lanes:
                while (action := self.plan.next(lane, self.now)) is not None:
                    self.did.append(action.key)
                    self.plan.finished(action, self.outcome.get(action.step, "done"), self.now)
            self.now += 500
        return self.did[before:]

    def happened(self, *events: Event) -> None:
        for one in events:
            self.plan.happened(one, self.now)

    def restarted(self, boot: str = "boot-1") -> None:
        kept = self.plan.state()
        self.plan = LocalHelp(self.plan.rules, boot, self.now)
        self.plan.connection(True, self.now)
        self.plan.restore(kept, self.now)


PHONED = ["sms:13800000001", "sms:13800000002", "call:13800000001", "call:13800000002"]


def test_an_sos_that_the_cloud_stores_in_time_is_only_answered_aloud() -> None:
    home = Home()
    home.happened(event())
    assert home.until(19) == []
    home.plan.stored(event(), home.now)
    assert home.until(200) == ["say:received"]
    home.plan.claimed([event().id], home.now)
    assert home.until(300) == ["say:claimed"]
    assert home.plan.local(event().id) == {}


def test_after_twenty_seconds_without_stored_the_home_helps_itself_once() -> None:
    home = Home()
    home.happened(event())
    did = home.until(600)
    assert sorted(did) == sorted(["siren_on", "light_on", "say:alone_sos", "say:family_told", *PHONED])
    assert did[:2] == ["siren_on", "light_on"]
    assert [step for step in did if step in PHONED] == PHONED
    assert home.plan.local(event().id) == {
        "why": "no_ack",
        "after_ms": 20_000,
        "siren_on": "done",
        "light_on": "done",
        "said": {"alone_sos": "done", "family_told": "done"},
        "sms": {"done": 2},
        "call": {"no_answer": 2},
    }


def test_a_cloud_known_to_be_away_is_not_waited_for() -> None:
    for away in ("lost", "says so", "silent"):
        home = Home(connected=away != "lost")
        home.until(31 if away != "silent" else 91)
        if away == "says so":
            home.plan.cloud_status(False, home.now)
        home.happened(event())
        assert "siren_on" in home.until(home.now / 1000), away
        assert home.plan.local(event().id)["why"] == "cloud_away"


def test_a_retained_word_that_the_cloud_lives_is_no_sign_of_life() -> None:
    home = Home()
    home.until(89)
    home.plan.cloud_status(True, home.now, retained=True)
    home.until(91)
    assert home.plan.away(home.now)


def test_a_late_ack_stops_what_is_not_done_yet() -> None:
    home = Home()
    home.happened(event())
    home.until(20, ("home",))
    sms = home.plan.next("phone", home.now)
    assert sms is not None
    home.plan.stored(event(), home.now)
    home.plan.finished(sms, "done", home.now)
    assert home.until(600) == ["siren_off", "say:received"]


def test_only_the_ack_of_the_raised_row_ends_help_for_a_fall() -> None:
    home = Home()
    home.happened(event("fall", phase="suspected"))
    home.until(15)
    home.happened(event("fall", phase="raised"))
    home.plan.stored(event("fall", phase="suspected"), home.now)
    assert "siren_on" in home.until(36)
    home.plan.stored(event("fall", phase="raised"), home.now)
    assert home.until(40) == ["siren_off", "say:received"]


def test_a_pre_alarm_is_spoken_and_can_be_cancelled() -> None:
    for kind in ("fall", "inactivity"):
        home = Home(connected=False)
        home.happened(event(kind, phase="suspected"))
        assert home.until(10) == [f"say:ask_{kind}"]
        home.happened(event(kind, phase="cancelled"))
        assert home.until(600) == ["say:cancelled"]


def test_too_quiet_a_home_is_spoken_to_and_nothing_else_is_done() -> None:
    home = Home(connected=False)
    home.happened(event("inactivity", phase="suspected"), event("inactivity", 1, phase="raised"))
    assert home.until(600) == []
    home.plan.stored(event("inactivity"), home.now)
    assert home.until(700) == ["say:received"]
    home.plan.claimed([event().id], home.now)
    assert home.until(800) == ["say:claimed"]
    assert home.plan.local(event().id) == {}


def test_gas_switches_nothing_and_rings_nothing_inside() -> None:
    home = Home(connected=False)
    home.until(40)
    home.happened(event("gas"))
    assert home.until(300) == ["sms:13800000001", "call:13800000001"]
    home.happened(event("sos", 2))
    assert home.until(400) == ["sms:13800000001", "call:13800000001"], "a lamp lights gas, whoever calls"
    home.happened(event("gas", phase="cleared"))
    assert "siren_on" in home.until(500)


def test_a_restart_repeats_no_step() -> None:
    home = Home()
    home.happened(event())
    home.until(100)
    home.restarted()
    home.happened(event())
    assert home.until(700) == []


def test_a_call_cut_off_by_a_crash_is_not_made_again_but_a_message_is() -> None:
    home = Home()
    home.happened(event())
    home.until(21, ("home", "speech"))
    assert home.plan.next("phone", home.now) == Action(
        step="sms", event=event().id, kind="sos", subject=SON.number
    )
    home.restarted()
    assert home.until(22, ("phone",))[0] == "sms:13800000001"
    home = Home(Rules(call=True, contacts=[SON]))
    home.happened(event())
    home.now = 21_000
    assert home.plan.next("phone", home.now) is not None
    home.restarted()
    assert home.until(600) == []


def test_what_was_stored_just_before_a_crash_is_left_in_peace() -> None:
    home = Home()
    home.happened(event())
    home.until(21)
    home.restarted()
    home.plan.settle(home.plan.unsettled())
    assert home.until(600) == ["siren_off"]


def test_after_a_power_cut_the_cloud_gets_its_twenty_seconds_again() -> None:
    home = Home()
    home.happened(event())
    home.until(10)
    home.restarted("boot-2")
    assert home.until(29) == []
    assert "siren_on" in home.until(31)


def test_presses_while_help_is_on_its_way_ring_again_but_phone_nobody_twice() -> None:
    home = Home()
    home.happened(event(number=1), event(number=2), event(number=3))
    did = home.until(300)
    assert did.count("siren_on") == 3
    assert [step for step in did if step in PHONED] == PHONED
    home.until(1200)
    home.happened(event(number=4))
    assert [step for step in home.until(1500) if step in PHONED] == PHONED


def test_a_second_press_is_told_by_telephone_when_the_first_was_stored_before_anybody_was() -> None:
    home = Home(connected=False)
    home.until(40)
    home.happened(event(number=1))
    assert "siren_on" in home.until(41, ("home",))
    home.plan.stored(event(number=1), home.now)
    home.until(60)
    home.happened(event(number=2))
    assert [step for step in home.until(300) if step in PHONED] == PHONED


def test_a_second_press_tries_the_telephone_again_when_the_first_reached_nobody() -> None:
    home = Home(Rules(sms=True, contacts=[SON]))
    home.outcome["sms"] = "failed"
    home.happened(event(number=1))
    home.until(300)
    home.outcome["sms"] = "done"
    home.happened(event(number=2))
    assert home.until(400) == ["sms:13800000001"]


def test_a_siren_that_may_have_heard_is_stopped_also_when_its_answer_was_lost() -> None:
    home = Home(Rules(siren=True))
    home.outcome["siren_on"] = "failed"
    home.happened(event())
    home.until(40)
    home.plan.stored(event(), home.now)
    assert home.until(60) == ["siren_off"]


def test_a_claim_ends_help_though_the_word_that_it_is_stored_was_lost() -> None:
    home = Home()
    home.happened(event())
    home.until(20, ("home",))
    home.plan.claimed([event().id], home.now)
    assert home.until(600) == ["siren_off", "say:claimed"]


def test_gas_in_the_air_is_not_forgotten_over_many_other_alarms() -> None:
    home = Home()
    home.happened(event("gas"))
    home.plan.stored(event("gas"), home.now)
    for number in range(2, 100):
        home.happened(event("smoke", number))
        home.plan.stored(event("smoke", number), home.now)
    home.happened(event("sos", 100))
    assert "siren_on" not in home.until(300)


def test_an_answered_call_ends_the_calls_and_a_busy_line_is_tried_again() -> None:
    home = Home()
    home.outcome["call"] = "answered"
    home.happened(event())
    assert [step for step in home.until(300) if step.startswith("call")] == ["call:13800000001"]
    home = Home(Rules(call=True, contacts=[SON]))
    home.outcome["call"] = "busy"
    home.happened(event())
    assert home.until(600) == ["call:13800000001"] * 3


def test_a_home_without_a_siren_a_voice_or_a_telephone_does_nothing_wrong() -> None:
    home = Home(Rules())
    home.happened(event())
    assert home.until(600) == []


def test_old_events_and_other_kinds_wait_for_the_cloud_alone() -> None:
    home = Home(connected=False)
    home.until(40)
    home.plan.happened(event(), home.now, age_ms=11 * 60_000)
    home.happened(event("water_leak", 2), event("detector_test", 3), event("fall_suspected", 4))
    assert home.until(600) == []


def test_notes_that_cannot_be_read_are_as_none() -> None:
    broken: list[Any] = [b"", b"[1]", b'[{"id":1}]', b"\xff", b"{}"]
    for kept in broken:
        plan = LocalHelp(ALL, "boot", 0)
        plan.restore(kept, 0)
        assert plan.next("home", 10**9) is None


def test_the_plan_does_not_grow() -> None:
    home = Home()
    for number in range(1, 500):
        home.happened(event(number=number))
        home.plan.stored(event(number=number), 0)
    assert len(home.plan.state()) < 20_000


def test_who_does_not_answer_is_asked_once_more_and_an_explained_suspicion_sounds_nothing() -> None:
    home = Home()
    home.happened(event("fall", phase="suspected"))
    assert home.until(20) == ["say:ask_fall"]
    home.happened(event("fall", phase="updated"))
    assert home.until(100) == ["say:ask_fall_again"]
    home.happened(event("fall", phase="cancelled"))
    assert home.until(200) == ["say:cancelled"]


def test_an_unasked_suspicion_is_helped_through_a_restart_until_somebody_claims_it() -> None:
    home = Home()
    home.happened(event("fall", phase="suspected"))
    home.plan.stored(event("fall", phase="suspected"), 0)
    home.plan.connection(False, 0)
    assert "siren_on" in home.until(200)
    home.restarted()
    home.plan.settle(home.plan.unsettled())
    assert "siren_off" not in home.until(300)
    home.plan.claimed([event("fall").id], home.now)
    assert home.until(310) == ["siren_off", "say:claimed"]
