"""Rooms in which somebody else moves: a cat, a spouse. Motion there says nothing about the elder.

Told by the bed: who lies in it does not move in another room. Only where there is just one bed sensor, and
only of nights that end, so that a sensor that sticks says nothing. A room stays theirs until nobody was heard
for four weeks: a guest now and then must not have the home's rhythm learned anew each time.
"""

from typing import Final, Literal

import msgspec

from edge.readings import Reading

SETTLED_MS: Final = 10 * 60_000
NIGHT_MS: Final = (60 * 60_000, 14 * 60 * 60_000)
OFTEN_DAYS: Final = 3
LEAST_S: Final = 12 * 3600
KEPT_DAYS: Final = 28
_DAY_MS: Final = 86_400_000
_MAX_ROOMS: Final = 50


class Others(msgspec.Struct):
    """`days[room]`: numbers of the days on which somebody moved there while the bed was occupied (since
    `lies_since`, ms UTC, 0: not; on `bed`, "" when there are several); `moved[room]`: when first this time;
    `theirs`: rooms that have been doubtful.
    """

    days: dict[str, list[int]] = {}
    bed: str | None = None
    lies_since: int = 0
    moved: dict[str, int] = {}
    theirs: list[str] = []

    def doubtful(self, room: str | None, now: int) -> bool:
        """Whether motion in a room may well be somebody else's."""
        since = now // _DAY_MS - KEPT_DAYS
        lately = 0 if room is None else sum(day >= since for day in self.days.get(room, ()))
        return lately >= (1 if room in self.theirs else OFTEN_DAYS)

    def hear(self, item: Reading, room: str | None, now: int) -> Literal["own", "others", "learned"]:
        """A sensor of that room: the elder, or perhaps others; `learned`: a room has become theirs."""
        if item.kind == "in_bed":
            return "learned" if self.lies(item.device, item.value > 0, now) else "own"
        if item.kind != "motion" or item.value < 0.5:
            return "own"
        self.moves(room, now)
        return "others" if self.doubtful(room, now) else "own"

    def least_s(self, now: int) -> int:
        """How long it may always be quiet: where a room tells nothing of the elder, longer."""
        return LEAST_S if any(self.doubtful(room, now) for room in self.days) else 0

    def lies(self, bed: str, occupied: bool, now: int) -> set[str]:
        """A bed is occupied or empty: the rooms that are doubtful from now on."""
        self.bed = bed if self.bed in (None, bed) else ""
        if occupied:
            self.lies_since = self.lies_since or now
            return set()
        began, moved = self.lies_since, self.moved
        self.lies_since, self.moved = 0, {}
        if not (began and self.bed and NIGHT_MS[0] <= now - began <= NIGHT_MS[1]):
            return set()
        return {room for room, at in moved.items() if at <= now - SETTLED_MS and self._seen(room, now)}

    def moves(self, room: str | None, now: int) -> None:
        """Somebody moves in a room; the bed's own says nothing."""
        lies = self.lies_since and now - self.lies_since >= SETTLED_MS
        if room not in (None, "bedroom") and lies and len(self.moved) < _MAX_ROOMS:
            self.moved.setdefault(str(room), now)

    def _seen(self, room: str, now: int) -> bool:
        """Note the day; True when the room becomes doubtful by it."""
        before, day = self.doubtful(room, now), now // _DAY_MS
        days = [one for one in self.days.get(room, []) if day - KEPT_DAYS <= one < day]
        self.days[room] = [*days, day]
        if not before:
            self.theirs = [one for one in self.theirs if one != room]
        if not self.doubtful(room, now):
            return False
        self.theirs = sorted({*self.theirs, room})
        return not before
