"""Stored readings and observations judged once more, by any version of the rules. Reads only.

Each person is walked as the worker walks them, moment by moment, on the values it would have looked at.
Limits are the present ones (they are not dated), states those of the time. A walk begins some hours before
the window, so that a condition that held already is not taken for a new one.
"""

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms import vitals_store
from cloud.alarms.absence import Expect, Fulfilled, expect, expectation_key, still_matters
from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.judgement import (
    JUDGED,
    LATE_AFTER,
    Overdue,
    Place,
    Trigger,
    overdue_draft,
    turns,
    windows,
)
from cloud.alarms.person import Person
from cloud.alarms.readings import Sample, method_of
from cloud.alarms.rule_versions import RuleSet
from cloud.alarms.vitals import Active
from cloud.alarms.vitals_store import Subject
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.replay")
State = tuple[datetime | None, datetime | None, str]


class Series:
    """A person's values by kind and device, and what of them matters at a moment (see `values` in SQL)."""

    def __init__(self, samples: Iterable[Sample], rules: RuleSet) -> None:
        self._rules = rules
        self._windows = windows(rules)
        self._by_kind: dict[tuple[str, str | None], list[Sample]] = {}
        self._entered = [sample for sample in samples if sample.device is None]
        for sample in samples:
            if sample.device is not None:
                self._by_kind.setdefault((sample.kind, sample.device), []).append(sample)
        for series in self._by_kind.values():
            series.sort(key=lambda sample: sample.at)

    def at(self, now: datetime) -> list[Sample]:
        """The newest two of each series, three from a minute before, the oldest two of its window."""
        found = list(self._entered)
        for (kind, _), series in self._by_kind.items():
            end = bisect_right(series, now, key=lambda sample: sample.at)
            start = bisect_right(series, now - self._windows[kind], key=lambda sample: sample.at)
            if start < end:
                apart = bisect_right(series, series[end - 1].at - self._rules.apart, key=lambda s: s.at)
                chosen = {*range(max(start, end - 2), end), *range(start, min(start + 2, end))}
                chosen |= set(range(max(start, apart - 3), apart))
                found += [series[n] for n in sorted(chosen)]
        return found


async def drafts(
    conn: Connection, *, start: datetime, end: datetime, rules: RuleSet, resident_id: UUID | None = None
) -> AsyncIterator[AlarmDraft]:
    """What the rules would have raised from readings and observations of [start, end), person by person."""
    span = {"from": start, "to": end, "resident_id": resident_id}
    people = await (await conn.execute(_SQL["residents"], span)).fetchall()
    for (each,) in people:
        async for draft in _of_person(conn, each, start, end, rules):
            yield draft
    if resident_id is None:
        async for draft in _of_doors(conn, start, end, rules):
            yield draft


async def _of_person(
    conn: Connection, resident_id: UUID, start: datetime, end: datetime, rules: RuleSet
) -> AsyncIterator[AlarmDraft]:
    warm = start - max(rules.again_after.values())
    back = windows(rules)
    given = {"resident_id": resident_id, "from": warm - max(back.values()), "to": end}
    given |= {"kinds": list(back), "late_after": LATE_AFTER}
    rows = await (await conn.execute(_SQL["series"], given)).fetchall()
    entered = [
        sample
        for _, sample in await vitals_store.observed(conn, [resident_id], now=end, rules=rules, since=warm)
    ]
    triggers = [*_triggers(rows, warm), *_observations(entered, warm)]
    if not triggers:
        return
    states = await (await conn.execute(_SQL["states"], {"resident_id": resident_id})).fetchall()
    subject = (await vitals_store.subjects(conn, [resident_id], at=triggers[-1].at))[resident_id]
    series = Series([*(_sample(row) for row in rows), *entered], rules)
    for draft in _walk(triggers, series, subject, [(a, b, str(c)) for a, b, c in states], end, rules):
        if start <= draft.occurred_at < end:
            yield draft


class Awaiting:
    """Expectations as the worker keeps them: each begins once, is overdue once, and ends when it happened."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Expect, Trigger]] = {}
        self._raised: set[str] = set()

    def take(self, what: Expect | Fulfilled, trigger: Trigger, resident_id: UUID | None) -> None:
        """A state reading began or ended something."""
        key = expectation_key(what.rule, resident_id, trigger.device_key or 0)
        if isinstance(what, Expect):
            self._waiting.setdefault(key, (what, trigger))
        elif key in self._waiting and self._waiting[key][0].began_at <= what.at:
            del self._waiting[key]
            self._raised.discard(key)

    def due(self, now: datetime) -> Iterator[tuple[Expect, Trigger]]:
        """What should have happened before `now`."""
        for key, (what, trigger) in self._waiting.items():
            if what.due_at < now and key not in self._raised:
                self._raised.add(key)
                yield what, trigger


def _walk(
    triggers: Sequence[Trigger],
    series: Series,
    subject: Subject,
    states: Sequence[State],
    end: datetime,
    rules: RuleSet,
) -> Iterator[AlarmDraft]:
    if subject.place is None:
        return
    active: Mapping[str, Active] = {}
    awaiting = Awaiting()
    moments = groupby(sorted(triggers, key=lambda t: t.at), key=lambda t: t.at)
    for at, together in (*((at, list(new)) for at, new in moments), (end, [])):
        for what, trigger in awaiting.due(at):
            person = msgspec.structs.replace(subject.person, state=_state_at(states, what.due_at))
            if still_matters(what.rule, person, rules):
                yield _overdue_draft(what, trigger, person, subject.place, rules)
        person = msgspec.structs.replace(subject.person, state=_state_at(states, at))
        for turn in turns(together, series.at(at), active, person=person, place=subject.place, rules=rules):
            active = turn.active
            yield from (draft for draft, _ in turn.drafts)
            for each in turn.awaited:
                trigger = next(t for t in together if t.device_key == each.device_key)
                awaiting.take(each.what, trigger, person.id)


async def _of_doors(
    conn: Connection, start: datetime, end: datetime, rules: RuleSet
) -> AsyncIterator[AlarmDraft]:
    given = {"from": start, "to": end, "late_after": LATE_AFTER}
    rows = await (await conn.execute(_SQL["doors"], given)).fetchall()
    for home_id, of_home in groupby(rows, key=lambda row: row[0]):
        place = await vitals_store.place_of(conn, home_id)
        people = await vitals_store.people_of_home(conn, home_id, at=end)
        person = people[0] if len(people) == 1 else None
        awaiting = Awaiting()
        triggers = [
            Trigger(at=at, received_at=received, kind="door_open", value=value, device=device, device_key=key)
            for _, key, device, at, received, value in of_home
        ]
        for trigger in sorted(triggers, key=lambda trigger: trigger.at):
            for what, by in awaiting.due(trigger.at):
                yield _overdue_draft(what, by, person, place, rules)
            found = expect("door_open", trigger.value, None, at=trigger.at, person=person, rules=rules)
            if found is not None:
                awaiting.take(found, trigger, None)
        for what, by in awaiting.due(end):
            yield _overdue_draft(what, by, person, place, rules)


def _overdue_draft(
    what: Expect, trigger: Trigger, person: Person | None, place: Place, rules: RuleSet
) -> AlarmDraft:
    overdue = Overdue(
        rule=what.rule,
        device_key=trigger.device_key or 0,
        resident_id=None if person is None else person.id,
        home_id=place.home_id,
        began_at=what.began_at,
        due_at=what.due_at,
        rule_version=rules.version,
        device=trigger.device or "",
        room="",
    )
    state = None if person is None else person.state
    return overdue_draft(overdue, place, now=what.due_at, gateway_away=False, state=state)


def _triggers(rows: Sequence[tuple[Any, ...]], since: datetime) -> Iterator[Trigger]:
    for kind, at, received_at, value, _, device, key, *_ in rows:
        if kind in JUDGED and at >= since:
            yield Trigger(
                at=at, received_at=received_at, kind=kind, value=value, device=device, device_key=key
            )


def _observations(entered: Sequence[Sample], since: datetime) -> Iterator[Trigger]:
    for at in sorted({sample.known_at for sample in entered if sample.known_at >= since}):
        yield Trigger(at=at, received_at=at)


def _sample(row: tuple[Any, ...]) -> Sample:
    kind, at, _, value, quality, device, _, role, family, model = row
    method = method_of(role, family, model, device)
    return Sample(kind=kind, at=at, known_at=at, value=value, method=method, device=device, quality=quality)


def _state_at(states: Sequence[State], at: datetime) -> str | None:
    return next(
        (
            state
            for begin, end, state in states
            if (begin is None or begin <= at) and (end is None or at < end)
        ),
        None,
    )
