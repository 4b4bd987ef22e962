"""Acceleration -> a fall that is suspected, then raised or cancelled:
the pre-alarm of the person who wears the sensor.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.readings import Happening, Item, Press, Samples
from edge.recent import Recent
from firmware_specs.messages import Phase

if TYPE_CHECKING:
    from edge.pipeline.faint import FaintImpacts
    from edge.pipeline.fall_detector import FallDetector, Suspicion
    from edge.pipeline.fall_model import Place
    from edge.pipeline.recovery import RecoveryWatch

PRE_ALARM_MS: Final = 15_000
CHECK_MS: Final = 60_000
CANCEL_AFTER_RAISED_MS: Final = 10 * 60_000
LATE_MS: Final = 10 * 60_000
_SET_MS: Final = -60_000
_BREAK_MS: Final = 10_000
_BRIDGED_MS: Final = 1_500
_BEHIND_MS, _AHEAD_MS = -20.0, 50.0
_MAX_DEVICES: Final = 1_000
_Row = tuple[float, float, float]


class _Fall(msgspec.Struct):
    """One suspected fall of a device: measured at `at`, suspected at `since`, raised at `raised` (ms UTC;
    None: not yet).
    """

    device: str
    at: int
    since: int
    evidence: dict[str, Any]
    before: _Row
    raised: int | None = None

    @property
    def pre_alarm_ms(self) -> int:
        """How long its wearer has to answer."""
        return CHECK_MS if self.evidence.get("asks_s") == CHECK_MS // 1000 else PRE_ALARM_MS

    @property
    def faint(self) -> bool:
        """Whether it waits for what the home says: it may have told nobody, and hides no other fall."""
        return "faint" in self.evidence.get("reasons", ())


@dataclass
class _Stream:
    """One unbroken run of rows; it ends at `end` by its own even time, at `told` by the band (ms UTC)."""

    detector: "FallDetector"
    place: "Place"
    end: float
    told: float
    faint: "FaintImpacts"
    recovery: "RecoveryWatch | None" = None

    def begin(self, samples: Samples) -> float | None:
        """When these rows begin on the stream's own time; None: they do not go on from it.

        A clock that is put right in the middle of a fall must not tear or squeeze it, so the stream follows
        the band's clock by 20 ms back or 50 ms on at a time. Missing rows of up to 1.5 s are bridged.
        """
        if samples.gap:
            missing = samples.at - self.told
            return self.end + missing if 500 / samples.rate_hz < missing <= _BRIDGED_MS else None
        drift = samples.at - self.end
        return self.end + min(max(drift, _BEHIND_MS), _AHEAD_MS) if abs(drift) <= _BREAK_MS else None


class Fall:
    """15 s after a suspicion the fall is raised, unless cancelled by the cancel button, by clear movement in
    the old posture or, when the detector is unsure, by walking or, within 15 s, by 3 s in just that
    posture; then the wearer has 60 s. An impact too faint for a suspicion is one when for 45 s the arm then
    lies still, or keeps moving and is not once as before. A device with the role `waist` is worn there, any
    other at the wrist.

    An SOS within the pre-alarm raises it at once. For devices in `button_only` movement cancels nothing.
    The cancel button also takes back a fall raised within the last 10 min; movement and walking are told as
    long, and `Corroborate` judges what they then end. Raw samples pass on; the last step drops them.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._roles = options.roles
        self._button_only = options.button_only
        self._many_homes = options.many_homes
        self._asks_aloud = options.asks_aloud
        self._streams: Recent[str, _Stream] = Recent(_MAX_DEVICES)
        self._falls: Recent[str, _Fall] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on, with fall happenings behind what caused them."""
        passed: list[Item] = []
        for item in items:
            passed.append(item)
            match item:
                case Samples():
                    passed.extend(self._samples(item, now))
                case Press(button="cancel"):
                    passed.extend(self._cancel(item.device, item.at, "button"))
                case Happening(kind="sos", phase="raised", late=False):
                    passed.extend(self._confirmed(item))
        return passed + self._due(now)

    def state(self) -> dict[str, Any]:
        """Falls that are suspected, or raised so lately that they can be taken back."""
        return {device: msgspec.to_builtins(fall) for device, fall in self._falls.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state()` gave; an unreadable fall is left out (the cloud raises a suspicion that
        nobody ends).
        """
        for device, kept in state.items():
            try:
                self._falls[device] = msgspec.convert(kept, _Fall)
            except msgspec.ValidationError:
                continue

    def _samples(self, samples: Samples, now: int) -> list[Item]:
        stream, begin = self._stream(samples)
        happened: list[Item] = []
        late = round(samples.at - begin)
        for n, row in enumerate(samples.xyz_g):
            suspicion = stream.detector.feed(row, begin + n * 1000 / samples.rate_hz)
            if suspicion is not None:
                happened += self._suspected(samples.device, suspicion, suspicion.at + late, stream, now)
            elif (faint := stream.detector.faint()) is not None:
                stream.faint.add(faint, faint.at + late)
            if (fallen := stream.faint.feed(row)) is not None:
                happened += self._suspected(samples.device, fallen.suspicion, fallen.at, stream, now)
            if stream.recovery is not None:
                stream.recovery.feed(row)
                if (by := self._recovery(samples.device, stream.recovery, now)) is not None:
                    happened += self._recovered(samples, stream, by)
        return happened

    def _stream(self, samples: Samples) -> tuple[_Stream, float]:
        """The device's detector and when these rows begin for it; a new one when too many rows are missing,
        or rate or place have changed.
        """
        from edge.pipeline.faint import FaintImpacts  # numpy: only where samples come
        from edge.pipeline.fall_detector import FallDetector
        from edge.pipeline.recovery import RecoveryWatch

        stream = self._streams.get(samples.device)
        place: Place = "waist" if self._roles.get(samples.device) == "waist" else "wrist"
        begin = None
        if stream is not None and (stream.detector.rate_hz, stream.place) == (samples.rate_hz, place):
            begin = stream.begin(samples)
        if stream is None or begin is None:
            begin = float(samples.at)
            detector = FallDetector(samples.rate_hz, place, samples.range_g)
            stream = _Stream(detector, place, begin, begin, FaintImpacts(samples.rate_hz))
            fall = self._falls.get(samples.device)
            if fall is not None:
                stream.recovery = RecoveryWatch(samples.rate_hz, fall.before)
            self._streams[samples.device] = stream
        lasted = len(samples.xyz_g) * 1000 / samples.rate_hz
        stream.end, stream.told = begin + lasted, samples.at + lasted
        return stream, begin

    def _suspected(
        self, device: str, suspicion: "Suspicion", at: int, stream: _Stream, now: int
    ) -> list[Item]:
        from edge.pipeline.recovery import RecoveryWatch

        if self._known(device, suspicion):
            return []
        if not suspicion.faint:
            stream.faint.clear()
        evidence = {
            "impact_g": suspicion.impact_g,
            "posture_change_deg": suspicion.posture_change_deg,
            "still_s": suspicion.still_s,
            "score": suspicion.score,
            "unsure": suspicion.unsure,
            "model": suspicion.model,
            "reasons": list(suspicion.reasons),
        }
        alone = not any(each.raised is None and not each.faint for each in self._falls.values())
        if suspicion.unsure and not suspicion.faint and self._asks_aloud and alone:
            evidence["asks_s"] = CHECK_MS // 1000
        fall = _Fall(device=device, at=at, since=now, evidence=evidence, before=suspicion.before)
        self._falls[device] = fall
        stream.recovery = RecoveryWatch(stream.detector.rate_hz, suspicion.before)
        return [_happening(fall, "suspected", at, now)]

    def _known(self, device: str, suspicion: "Suspicion") -> bool:
        """Whether a fall of this device covers it; a faint one, perhaps told to nobody, covers only
        what is as faint, while it is pending.
        """
        running = self._falls.get(device)
        if running is None:
            return False
        pending = running.raised is None
        return pending or not running.faint if suspicion.faint else pending and not running.faint

    def _recovery(self, device: str, watch: "RecoveryWatch", now: int) -> str | None:
        """By what the wearer shows that nothing happened; for an unsure fall also old posture or walking."""
        by = watch.shown
        if by is None or by == "movement":
            return by
        fall = self._falls.get(device)
        if fall is None or fall.evidence.get("unsure") is not True:
            return None
        # Later an arm that struggles on the floor passes by the old posture, too.
        soon = 0 <= now - fall.since <= PRE_ALARM_MS
        return by if by == "walking" or soon else None

    def _recovered(self, samples: Samples, stream: _Stream, by: str) -> list[Item]:
        stream.recovery = None
        if samples.device in self._button_only:
            return []
        return self._cancel(samples.device, round(stream.told), by)

    def _cancel(self, device: str, at: int, by: str) -> list[Item]:
        """Who moves after the pre-alarm may still press the button: the fall is kept."""
        fall = self._falls.get(device)
        if fall is None:
            return []
        if fall.raised is None or by == "button":
            del self._falls[device]
        if device in self._streams:
            self._streams[device].recovery = None
        fall.evidence = {**fall.evidence, "cancelled_by": by}
        return [_happening(fall, "cancelled", at, at)]

    def _confirmed(self, sos: Happening) -> list[Item]:
        """An SOS during the pre-alarm confirms the fall of its own device; without one, in a home of its own,
        any.
        """
        pending = [fall for fall in self._falls.values() if fall.raised is None]
        own = [fall for fall in pending if fall.device == sos.device]
        return [self._raise(fall, sos.at, "sos") for fall in own or ([] if self._many_homes else pending)]

    def _due(self, now: int) -> list[Item]:
        for device in [
            d for d, f in self._falls.items() if f.raised and abs(now - f.raised) > CANCEL_AFTER_RAISED_MS
        ]:
            del self._falls[device]
            if device in self._streams:
                self._streams[device].recovery = None
        due = [  # a clock that was set back meanwhile makes nobody wait for it to come round again
            f
            for f in self._falls.values()
            if f.raised is None and not _SET_MS < now - f.since < f.pre_alarm_ms
        ]
        return [self._raise(fall, now, "not_cancelled") for fall in due]

    def _raise(self, fall: _Fall, at: int, why: str) -> Item:
        fall.raised = at
        stream = self._streams.get(fall.device)
        # An arm of which nothing was heard since did not move.
        watch = None if stream is None else stream.recovery
        stirs = watch is not None and watch.stirs
        reasons = [*fall.evidence.get("reasons", []), "stirs" if stirs else "lies_still"]
        if watch is not None and watch.lifeless:  # a bracelet that was put down hard: not clear at all
            reasons = [*(said for said in reasons if said not in ("clear", "unsure")), "unsure", "no_tremor"]
        more = {"confirmed_by": why, "stirred_s": watch.stirred_s if watch else 0, "reasons": reasons}
        fall.evidence = {**fall.evidence, **more}
        return _happening(fall, "raised", fall.at, at)


def _happening(fall: _Fall, phase: Phase, at: int, now: int) -> Happening:
    return Happening(
        device=fall.device,
        kind="fall",
        phase=phase,
        at=at,
        evidence=fall.evidence,
        activation=f"{fall.device}:fall:{fall.at}",
        late=now - fall.at > LATE_MS,
    )
