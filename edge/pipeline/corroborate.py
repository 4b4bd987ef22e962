"""What the other sensors of the home say about a fall: reasons, the question to ask first, and a verdict.

Three tables. RULES (scene.py) turn what was heard into reasons, QUESTIONS choose the operator's first
question, VERDICTS say what becomes of a fall of which this gateway is the judge: it is raised, or cancelled,
or left suspected, so that the cloud asks about it (urgent after 20 s, a matter of life when nobody takes it
for 120 s more). Only what was heard is used, so the same items replayed give the same answers. On a gateway
of many homes nothing is said: whose door it is, is not known.
"""

from typing import Any, Final, Literal

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.pipeline.scene import QUESTIONS, RESTING_ROOMS, RULES, SETTLED_MS, TOGETHER_MS, Scene, Sensors
from edge.readings import Happening, Item, Reading
from edge.recent import Recent

ASKED_MS: Final = 10 * 60_000
HARD_G: Final = 3.0
_MAX_DEVICES: Final = 200
_HOME_SAYS: Final = frozenset(name for name, _ in RULES) | {ask for _, ask in QUESTIONS}

Verdict = Literal["raise", "ask", "cancel"]
# The first row whose reasons were all given decides. `unsure`: daily life scores so, or no tremor is told;
# `doubted`: the detector was; `hard`: an impact of 3 g. Nothing here cancels a fall it was sure of; only its
# wearer does (fall.py).
# What a radar sees never speaks against a fall: who moves there or has left may be somebody else.
VERDICTS: Final[tuple[tuple[frozenset[str], Verdict], ...]] = (
    (frozenset({"sos"}), "raise"),
    (frozenset({"two_fall_sensors"}), "raise"),
    (frozenset({"doubted", "lay_down"}), "cancel"),
    (frozenset({"taken_off"}), "ask"),
    (frozenset({"no_tremor"}), "ask"),
    (frozenset({"faint"}), "ask"),
    (frozenset({"hard", "still_there", "lies_still"}), "raise"),
    (frozenset({"lies_in_bed"}), "ask"),
    (frozenset({"clear", "lies_still", "somebody_there"}), "raise"),
    (frozenset({"moves_in_another_room"}), "ask"),
    (frozenset({"unsure"}), "ask"),
    (frozenset({"stirs"}), "ask"),
    (frozenset({"clear"}), "raise"),
    (frozenset(), "ask"),
)


# An impact too faint for a suspicion, after which the arm is not as before: told only where the home says the
# one and nothing of the other, and nobody goes to lie down. A second row: who lies there is not who moves.
FAINT: Final[tuple[tuple[frozenset[str], frozenset[str]], ...]] = (
    (frozenset({"no_motion_since"}), frozenset({"lies_in_bed", "taken_off", "door_opened_since"})),
    (frozenset({"still_there"}), frozenset({"taken_off"})),
)
SHOWN: Final = frozenset({"movement", "walking", "posture"})  # what ends nothing once it is raised


class _Fall(msgspec.Struct):
    """A fall whose pre-alarm is over: `asked` (its raising waits here) or raised; at `since` (ms UTC)."""

    told: Happening
    since: int
    asked: bool


class Corroborate:
    """Remembers beds, doors, motion, presence; gives falls reasons and a question, those it judges a verdict.

    What was left to be asked about is raised when within 10 min the SOS is pressed, when somebody lies still
    there for 45 s, or when within a minute of it another sensor tells a fall; movement in the old posture
    takes it back, but not a raised one.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options
        self._sensors = Sensors(options)
        self._falls: Recent[str, tuple[int, str | None]] = Recent(_MAX_DEVICES)
        self._judged: Recent[str, _Fall] = Recent(_MAX_DEVICES)
        self._off_at: Recent[str, int | None] = Recent(_MAX_DEVICES)
        self._faint: Recent[str, bool] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on; falls carry what the home says, and go on by the verdict."""
        for name in [name for name, fall in self._judged.items() if now - fall.since > ASKED_MS]:
            del self._judged[name]
        return [told for item in items for told in self._told(item, now)] + self._lying(now)

    def state(self) -> dict[str, Any]:
        """The falls that were judged within the last 10 min, and what the home said of faint ones (`faint`),
        as plain JSON values.
        """
        judged = {name: msgspec.to_builtins(fall) for name, fall in self._judged.items()}
        return judged | {"faint": dict(self._faint)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state()` gave; what cannot be read is left out (the cloud asks about it anyway)."""
        faint = state.get("faint")
        for name, agreed in faint.items() if isinstance(faint, dict) else ():
            self._faint[name] = agreed is True
        for name, kept in state.items():
            try:
                self._judged[name] = msgspec.convert(kept, _Fall)
            except msgspec.ValidationError:
                continue

    def _told(self, item: Item, now: int) -> list[Item]:
        self._sensors.hear(item)
        match item:
            case Happening(kind="fall") if "faint" in _given(item) and not self._agreed(item, now):
                return []
            case Reading(kind="worn", late=False):
                self._off_at[item.device] = None if item.value else item.at
            case Happening(kind="sos", phase="raised", late=False):
                return [item, *self._confirmed(item)]
            case Happening(kind="fall", phase="suspected" | "raised", late=False):
                return self._fell(item, now)
            case Happening(kind="fall", phase="cancelled"):
                return self._taken_back(item)
        return [item]

    def _fell(self, fall: Happening, now: int) -> list[Item]:
        at, room = self._falls.get(fall.device, (0, None))
        self._falls[fall.device] = (fall.at, room if at == fall.at else self._room(fall))
        if self._options.many_homes:
            return [fall]
        told = self._with_reasons(fall, now)
        others = self._agreeing(fall)
        if fall.phase != "raised" or "score" not in fall.evidence:
            return [told, *others]
        verdict = _verdict(told)
        self._judged[fall.activation] = _Fall(told, now, asked=verdict == "ask")
        match verdict:
            case "raise":
                return [told, *others]
            case "ask":
                return [msgspec.structs.replace(told, phase="updated"), *others]
            case "cancel":
                evidence = {**told.evidence, "cancelled_by": "home"}
                return [msgspec.structs.replace(told, phase="cancelled", at=now, evidence=evidence), *others]

    def _agreed(self, fall: Happening, now: int) -> bool:
        """Whether the home speaks for a fall whose impact was faint; it is asked once, at the suspicion."""
        if fall.phase == "suspected" and not self._options.many_homes:
            room = self._room(fall)
            said = set(self._said(fall, room, now))
            agreed = any(said >= needs and not never & said for needs, never in FAINT)
            self._faint[fall.activation] = agreed and room not in RESTING_ROOMS
        return self._faint.get(fall.activation, False)

    def _agreeing(self, fall: Happening) -> list[Item]:
        """What was asked about and is now told by this other sensor, too."""
        return [
            self._raised(asked, "two_fall_sensors")
            for asked in self._asked()
            if asked.told.device != fall.device and abs(asked.told.at - fall.at) <= TOGETHER_MS
        ]

    def _lying(self, now: int) -> list[Item]:
        """What was asked about and of which somebody still lies there, now for long enough."""
        raised: list[Item] = []
        for fall in self._asked():
            if self._falls.get(fall.told.device, (0, None))[0] != fall.told.at:
                continue
            told = self._with_reasons(fall.told, now)
            if "still_there" in _given(told) and _verdict(told) == "raise":
                fall.told = told
                raised.append(self._raised(fall, "still_there"))
        return raised

    def _confirmed(self, sos: Happening) -> list[Item]:
        asked = self._asked()
        own = [fall for fall in asked if fall.told.device == sos.device]
        return [self._raised(fall, "sos") for fall in own or asked]

    def _asked(self) -> list[_Fall]:
        return [fall for fall in self._judged.values() if fall.asked]

    def _raised(self, fall: _Fall, why: str) -> Happening:
        fall.asked = False
        return msgspec.structs.replace(fall.told, evidence={**fall.told.evidence, "confirmed_by": why})

    def _taken_back(self, item: Happening) -> list[Item]:
        fall = self._judged.get(item.activation)
        if fall is None:
            return [item]
        if not fall.asked and item.evidence.get("cancelled_by") in SHOWN:
            return []
        del self._judged[item.activation]
        return [item]

    def _room(self, fall: Happening) -> str | None:
        """Where it was: a bracelet has no room, it is where somebody moved or came in last before."""
        return self._options.rooms.get(fall.device) or self._sensors.last_room(fall.at + SETTLED_MS)

    def _said(self, fall: Happening, room: str | None, now: int) -> list[str]:
        scene = Scene(
            at=fall.at,
            now=now,
            room=room,
            sensors=self._sensors.all(),
            taken_off=self._off_at.get(fall.device) is not None,
            other_falls=[at for device, (at, _) in self._falls.items() if device != fall.device],
        )
        return [reason for reason, holds in RULES if holds(scene)]

    def _with_reasons(self, fall: Happening, now: int) -> Happening:
        given = [said for said in _given(fall) if not isinstance(said, str) or said not in _HOME_SAYS]
        reasons = [*given, *self._said(fall, self._falls[fall.device][1], now)]
        reasons.append(next(ask for reason, ask in QUESTIONS if reason is None or reason in reasons))
        return msgspec.structs.replace(fall, evidence={**fall.evidence, "reasons": reasons})


def _given(fall: Happening) -> list[Any]:
    """The reasons that a fall brings along."""
    given = fall.evidence.get("reasons")
    return given if isinstance(given, list) else []


def _verdict(fall: Happening) -> Verdict:
    """What becomes of a fall that its pre-alarm would raise."""
    said = {reason for reason in fall.evidence["reasons"] if isinstance(reason, str)}
    said |= {"sos"} if fall.evidence.get("confirmed_by") == "sos" else set()
    said |= {"doubted"} if fall.evidence.get("unsure") is True else set()
    impact_g = fall.evidence.get("impact_g")
    said |= {"hard"} if isinstance(impact_g, int | float) and impact_g >= HARD_G else set()
    return next(verdict for signs, verdict in VERDICTS if signs <= said)
