"""One id for each activation until it clears, kept for all its phases and retries, also over a restart."""

from typing import Any, Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.readings import Happening, IdentifiedEvent, Item
from firmware_specs.messages import Phase

_MAX_IDS: Final = 20
_MAX_KEPT: Final = 1_000
_RANK: Final[dict[Phase, int]] = {"suspected": 1, "raised": 2, "updated": 2, "restored": 2}


class _Active(msgspec.Struct):
    """An activation that has not cleared: its events' ids, newest last; `rank` of the highest phase told."""

    ids: list[str]
    rank: int
    fingerprint: str | None = None


class _State(msgspec.Struct):
    active: dict[str, _Active] = {}
    told: dict[str, list[int]] = {}


class Identify:
    """Happenings in, events with ids out; what is no news is dropped.

    A repeated `raised` of an active activation is no news, nor is a `cleared` of nothing.
    A suspicion that goes away by
    itself is `cancelled`. One `cleared` closes every event of its activation.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._new_id = options.new_id
        self._rooms = options.rooms
        self._state = _State()

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Replace each happening by the events it makes, in order."""
        identified: list[Item] = []
        for item in items:
            if isinstance(item, Happening):
                identified.extend(self._identify(item, now))
            else:
                identified.append(item)
        return identified

    def state(self) -> dict[str, Any]:
        """Active activations and the fingerprints of what was told, as plain JSON values."""
        return dict(msgspec.to_builtins(self._state))

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state()` gave; what cannot be read is as if nothing were active."""
        try:
            self._state = msgspec.convert(state, _State)
        except msgspec.ValidationError:
            self._state = _State()

    def _identify(self, item: Happening, now: int) -> list[Item]:
        if self._is_repeat(item, now):
            return []
        if item.instant:
            return [self._event(item, self._new_id(now), item.phase)]
        name = item.activation or f"{item.device}:{item.kind}"
        active = self._state.active.get(name)
        if item.phase in ("cleared", "cancelled"):
            return self._ended(item, name, active)
        rank = _RANK.get(item.phase, 2)
        told_anew = (
            active is not None and item.fingerprint is not None and item.fingerprint != active.fingerprint
        )
        if active is None or told_anew:
            return [self._opened(item, name, rank, active, now)]
        if item.phase == "updated":
            return [self._event(item, active.ids[-1], item.phase)]
        if rank <= active.rank:
            return []
        active.rank = rank
        return [self._event(item, active.ids[-1], item.phase)]

    def _opened(
        self, item: Happening, name: str, rank: int, active: _Active | None, now: int
    ) -> IdentifiedEvent:
        ids = [*(active.ids if active else []), self._new_id(now)][-_MAX_IDS:]
        self._state.active.pop(name, None)
        self._state.active[name] = _Active(ids, rank, item.fingerprint)
        while len(self._state.active) > _MAX_KEPT:
            del self._state.active[next(iter(self._state.active))]
        return self._event(item, ids[-1], item.phase)

    def _ended(self, item: Happening, name: str, active: _Active | None) -> list[Item]:
        if active is None:
            return []
        del self._state.active[name]
        phase: Phase = "cancelled" if active.rank == _RANK["suspected"] else item.phase
        return [self._event(item, event_id, phase) for event_id in active.ids]

    def _is_repeat(self, item: Happening, now: int) -> bool:
        if item.fingerprint is None or item.phase in ("cleared", "cancelled"):
            return False
        told = self._state.told
        key = f"{item.device}:{item.kind}:{item.fingerprint}"
        until, since = told.pop(key, [0, 0])
        # Told in the future: the clock was set back, and would hide every such call until it is there again.
        repeat = since - item.repeat_ms <= now < until
        told[key] = [max(now + item.repeat_ms, until) if repeat else now + item.repeat_ms, now]
        for old in [k for k, (end, _) in told.items() if end <= now]:
            del told[old]
        while len(told) > _MAX_KEPT:
            del told[next(iter(told))]
        return repeat

    def _event(self, item: Happening, event_id: str, phase: Phase) -> IdentifiedEvent:
        return IdentifiedEvent(
            id=event_id,
            device=item.device,
            kind=item.kind,
            phase=phase,
            at=item.at,
            room=self._rooms.get(item.device),
            device_at=item.device_at,
            evidence=item.evidence,
            position=item.position,
            test=item.test,
            late=item.late,
        )
