"""What the gateway does alone when the cloud does not answer a life-safety event. Pure; `effects.py` acts.

No `stored` for 20 s, or the cloud known to be away: siren, light, voice, SMS and calls to the contacts. Gas:
nothing is switched and nothing sounds inside, only people elsewhere are told. Every step is written down
before it is taken, so that a restart repeats none, and ends when the cloud has stored the event.
`now` is milliseconds since boot: a clock that is set meanwhile moves no time limit.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from edge.help_steps import Action, Activation, Lane, Outcome, Rules, Step
from firmware_specs.messages import Event

HELPED: Final = frozenset({"sos", "fall", "smoke", "gas", "co"})
PRE_ALARM: Final = frozenset({"fall", "inactivity"})
# Where the home is only spoken to: too quiet a home is no reason for a siren, nor to wake a family by itself.
FOLLOWED: Final = HELPED | PRE_ALARM
ASK_MS: Final = 120_000
ASK_AGAIN_MS: Final = 30_000
STATUS_SILENT_MS: Final = 90_000
TOO_OLD_MS: Final = 10 * 60_000
PHONED_LATELY_MS: Final = 10 * 60_000
GAS_STAYS_MS: Final = 60 * 60_000
RETRY_MS: Final = 15_000
MAX_KEPT: Final = 50
_ATTEMPTS: Final[dict[Step, int]] = {
    "siren_on": 40, "siren_off": 40, "light_on": 40, "say": 2, "sms": 5, "call": 3,
}  # fmt: skip
# A step that was begun before a crash is taken for done; a message is better sent twice than not at all.
_REPEATABLE: Final[frozenset[str]] = frozenset({"sms", "siren_on", "siren_off", "light_on"})


class LocalHelp:
    """Events, acks and the state of the cloud in; `next` gives the step to take, `finished` its outcome."""

    def __init__(self, rules: Rules, boot: str, now: int) -> None:
        self.rules = rules
        self._boot = boot
        self._known: dict[str, Activation] = {}
        self._connected = False
        self._connected_since = now
        self._alive = True
        self._heard_at = now

    def connection(self, connected: bool, now: int) -> None:
        """Whether the uplink is up."""
        if connected != self._connected:
            self._connected, self._connected_since = connected, now

    def cloud_status(self, alive: bool, now: int, *, retained: bool = False) -> None:
        """What cloud/status says; a retained `alive` is history and no sign of life."""
        self._alive = alive
        if alive and not retained:
            self._heard_at = now

    def away(self, now: int) -> bool:
        """Whether the cloud is known to be away."""
        since_ms = now - self._connected_since
        if not self._connected:
            return since_ms > self.rules.away_s * 1000
        silent_ms = now - max(self._heard_at, self._connected_since)
        return not self._alive or silent_ms > STATUS_SILENT_MS

    def happened(self, event: Event, now: int, age_ms: int = 0) -> None:
        """A new event, `age_ms` after it happened; one that is too old waits for the cloud alone."""
        known = self._known.get(event.id)
        if event.phase in ("cleared", "cancelled"):
            if known is not None:
                self._over(known, event)
            return
        pre_alarm = event.phase == "suspected" and event.kind in PRE_ALARM
        told = event.phase == "raised" or (event.phase == "updated" and event.kind not in PRE_ALARM)
        raised = told and event.kind in FOLLOWED  # a suspicion that is explained is still one
        if not (pre_alarm or raised) or (known is None and age_ms > TOO_OLD_MS):
            return
        if known is None:
            known = Activation(event.id, event.kind, event.at, now, self._boot, "suspected")
            self._known[event.id] = known
            self._forget()
        if raised and known.phase == "suspected":
            known.phase, known.since = "raised", now

    def stored(self, event: Event, now: int) -> None:
        """The cloud has this row: help for its activation ends."""
        self._heard_at = now
        known = self._known.get(event.id)
        if known is None or known.phase == "suspected":
            return
        known.stored = known.stored or known.phase == "ended" or event.phase in ("raised", "updated")

    def claimed(self, ids: list[str], now: int) -> None:
        """An operator has the call of these events."""
        self._heard_at = now
        for known in [self._known[event_id] for event_id in ids if event_id in self._known]:
            known.claimed = True
            known.stored = known.stored or known.phase == "raised"

    def watching(self) -> bool:
        """Whether time alone may call for a step: an activation waits for the cloud or for a person."""
        return any(k.phase != "ended" and not k.stored for k in self._known.values())

    def next(self, lane: Lane, now: int) -> Action | None:
        """The step to take now in this lane; it counts as begun."""
        for known in self._known.values():
            self._begin(known, now)
        for known in list(self._known.values()):
            for action in self._steps(known, lane, now):
                if self._due(known, action, now):
                    known.steps[action.key] = "begun"
                    known.tries[action.key] = known.tries.get(action.key, 0) + 1
                    return action
        return None

    def finished(self, action: Action, outcome: Outcome, now: int) -> None:
        """How a step ended; what failed or was busy is tried again, a few times."""
        known = self._known.get(action.event)
        if known is None:
            return
        again = outcome in ("failed", "busy") and known.tries.get(action.key, 0) < _ATTEMPTS[action.step]
        known.steps[action.key] = "again" if again else outcome
        known.retry_at[action.key] = now + RETRY_MS

    def local(self, event_id: str) -> dict[str, Any]:
        """What the gateway did for this event, for its `local`; no number is named. Empty: nothing."""
        known = self._known.get(event_id)
        if known is None or not known.why:
            return {}
        told: dict[str, Any] = {"why": known.why, "after_ms": known.began_after_ms}
        for key, outcome in known.steps.items():
            step, _, subject = key.partition(":")
            if outcome == "skipped":
                continue
            if step == "say":
                told.setdefault("said", {})[subject] = outcome
            elif step in ("sms", "call"):
                counts = told.setdefault(step, {})
                counts[outcome] = counts.get(outcome, 0) + 1
            else:
                told[step] = outcome
        return told

    def unsettled(self) -> set[str]:
        """Ids of raised events of which no `stored` was heard, and one that is still to come is enough."""
        return {k.id for k in self._known.values() if k.phase == "raised" and not (k.stored or k.unasked)}

    def settle(self, ids: set[str]) -> None:
        """These were stored while nobody listened (before a restart): nothing more is done or said."""
        for event_id in ids & self._known.keys():
            self._known[event_id].stored = True
            self._known[event_id].steps.setdefault("say:received", "skipped")

    def state(self) -> bytes:
        """What must outlive a restart."""
        return msgspec.json.encode(list(self._known.values()))

    def restore(self, kept: bytes, now: int) -> None:
        """Take back what `state` gave; unreadable notes are as none."""
        try:
            found = msgspec.json.decode(kept, type=list[Activation])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        for known in found:
            if known.boot != self._boot:
                known.since, known.boot, known.retry_at = now, self._boot, {}
            for key, outcome in known.steps.items():
                if outcome == "begun":
                    known.steps[key] = "again" if key.partition(":")[0] in _REPEATABLE else "done"
            self._known[known.id] = known

    def _over(self, known: Activation, event: Event) -> None:
        """A suspicion or a fall taken back ends everything; a detector that is quiet again, its sound."""
        known.cleared = True
        if event.phase == "cancelled":
            known.phase = "ended"

    def _begin(self, known: Activation, now: int) -> None:
        """Help begins when the cloud is away or silent for too long; a fall that only the cloud could ask
        about is then taken for one (`unasked`), until it is claimed.
        """
        waited = now - known.since
        unasked = known.phase == "suspected" and known.kind == "fall" and not known.claimed
        if unasked and waited >= ASK_MS and self.away(now):
            known.phase, known.unasked = "raised", True
        if known.phase != "raised" or known.stored or known.kind not in HELPED:
            return
        if not known.why and (waited >= self.rules.after_s * 1000 or self.away(now)):
            known.why = "no_ack" if waited >= self.rules.after_s * 1000 else "cloud_away"
            known.began_after_ms = waited
        if known.why:
            known.joined = self._told_already(known)

    def _told_already(self, known: Activation) -> bool:
        """Whether an earlier one of its kind has lately been told by telephone, or is about to be."""
        for other in self._known.values():
            if other is known:
                break
            lately = not other.joined and abs(known.since - other.since) < PHONED_LATELY_MS
            if other.kind == known.kind and lately and other.tells:
                return True
        return False

    def _steps(self, known: Activation, lane: Lane, now: int) -> Iterator[Action]:
        """The steps that this activation calls for in a lane, in order."""
        match lane:
            case "home":
                if known.kind != "gas" and not self._gas(now):
                    yield from self._home(known)
            case "speech":
                if self.rules.speech and known.kind != "gas" and not self._gas(now):
                    yield from (
                        self._action(known, "say", prompt) for prompt in _prompts(known, now - known.since)
                    )
            case "phone":
                if known.helping and not known.joined:
                    yield from self._phone(known, now)

    def _home(self, known: Activation) -> Iterator[Action]:
        if known.helping and not known.cleared:
            if self.rules.siren:
                yield self._action(known, "siren_on")
            if self.rules.light:
                yield self._action(known, "light_on")
        elif "siren_on" in known.steps and not any(  # also one that failed: some may have heard it
            other.helping and not other.cleared for other in self._known.values()
        ):
            yield self._action(known, "siren_off")

    def _phone(self, known: Activation, now: int) -> Iterator[Action]:
        spark = known.kind == "gas" or self._gas(now)
        contacts = [contact for contact in self.rules.contacts if not (contact.inside and spark)]
        if self.rules.sms:
            yield from (self._action(known, "sms", contact.number) for contact in contacts)
        answered = any(k.startswith("call:") and v == "answered" for k, v in known.steps.items())
        if self.rules.call and not answered:
            yield from (self._action(known, "call", contact.number) for contact in contacts)

    def _action(self, known: Activation, step: Step, subject: str = "") -> Action:
        return Action(step=step, event=known.id, kind=known.kind, subject=subject)

    def _due(self, known: Activation, action: Action, now: int) -> bool:
        outcome = known.steps.get(action.key)
        return outcome is None or (outcome == "again" and now >= known.retry_at.get(action.key, 0))

    def _gas(self, now: int) -> bool:
        """Whether gas may still be in the air: a spark could light it."""
        return any(
            k.kind == "gas" and k.phase == "raised" and not k.cleared and now - k.since < GAS_STAYS_MS
            for k in self._known.values()
        )

    def _forget(self) -> None:
        """Keep the newest; never gas, nor one that is being helped, unless there are far too many."""
        while len(self._known) > MAX_KEPT:
            idle = [k.id for k in self._known.values() if not k.helping and k.kind != "gas"]
            del self._known[idle[0] if idle else next(iter(self._known))]


def _prompts(known: Activation, waited_ms: int) -> Iterator[str]:
    """What is said aloud for an activation, in the order of its life; what is past is not said any more."""
    if known.phase == "suspected":
        yield f"ask_{known.kind}"
        if known.kind == "fall" and waited_ms >= ASK_AGAIN_MS and not known.claimed:
            yield "ask_fall_again"
    elif known.phase == "ended":
        if any(key.startswith("say:ask_") for key in known.steps):
            yield "cancelled"
    elif known.claimed:
        yield "claimed"
    elif known.stored:
        yield "received"
    elif known.helping and not known.cleared:
        yield f"alone_{known.kind}"
        if any(k.startswith("sms:") and v == "done" for k, v in known.steps.items()):
            yield "family_told"
