"""Takes the queue of readings and observations, judges each person's, and raises what the rules say.

A queue row is written with its reading and deleted with its judgement: a crash loses nothing and raises
nothing twice. Most judgements change nothing: those rows are deleted together. The event lane never waits.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import msgspec
import psycopg
from psycopg import errors

from cloud.alarms import vitals_store as store
from cloud.alarms.absence import Expect, expect, expectation_key, still_matters
from cloud.alarms.judgement import Awaited, Turn, overdue_draft, turns
from cloud.alarms.person import Person
from cloud.alarms.rule_versions import CURRENT, RuleSet
from cloud.alarms.vitals_store import Ended, Subject, Waiting
from cloud.cases import rule_alarms
from cloud.cases.intake import take_alarm
from cloud.cases.publish import publish
from cloud.database.pool import Connection

logger = logging.getLogger(__name__)

AT_ONCE: Final = 500
_CHUNKS: Final = 5
_TRIES: Final = 5
_TRY_AGAIN: Final = timedelta(seconds=30)
_OVERDUE_AT_ONCE: Final = 200
_FORGET_AFTER: Final = timedelta(days=2)
_PASSING: Final = (errors.DeadlockDetected, errors.SerializationFailure)


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one subject and what they came to; `turns` is empty where nothing changes."""

    ids: tuple[int, ...]
    turns: tuple[Turn, ...] = ()
    subject: Subject | None = None


async def judge_waiting(conn: Connection, *, now: datetime, rules: RuleSet = CURRENT) -> int:
    """Judge what waits, oldest first; returns how many rows. The connection must not be in a transaction."""
    done = 0
    for _ in range(_CHUNKS):
        rows = await store.waiting(conn, now=now, limit=AT_ONCE)
        if rows:
            await _judge_chunk(conn, rows, now, rules)
        done += len(rows)
        if len(rows) < AT_ONCE:
            break
    return done


async def raise_overdue(conn: Connection, *, now: datetime, rules: RuleSet = CURRENT) -> int:
    """Raise what should have happened by now; returns how many alarms."""
    raised = 0
    for key in await store.overdue(conn, now=now, limit=_OVERDUE_AT_ONCE):
        try:
            async with conn.transaction():
                raised += await _raise_overdue(conn, key, now, rules)
        except _PASSING:
            continue
        except psycopg.OperationalError:
            raise
        except Exception:
            logger.exception("expectation failed", extra={"action": "expectation_failed"})
    return raised


async def forget(conn: Connection, *, now: datetime) -> None:
    """Drop expectations that nothing will ever end."""
    await store.trim_expectations(conn, before=now - _FORGET_AFTER)


class _TakenElsewhere(Exception):
    """Another worker has judged some of these rows: roll back, the others come again."""


async def _judge_chunk(conn: Connection, rows: Sequence[Waiting], now: datetime, rules: RuleSet) -> None:
    of_person: dict[UUID, list[Waiting]] = {}
    of_door: dict[UUID, list[Waiting]] = {}
    nobodys: list[int] = []
    for row in rows:
        if row.trigger.kind == "door_open" and row.home_id is not None:
            of_door.setdefault(row.home_id, []).append(row)
        elif row.resident_id is not None and row.trigger.kind != "door_open":
            of_person.setdefault(row.resident_id, []).append(row)
        else:
            nobodys.append(row.id)
    works = await _judge_people(conn, of_person, now, rules)
    quiet = [row_id for work in works if not work.turns for row_id in work.ids]
    await store.take(conn, [*nobodys, *quiet])
    for work in works:
        if work.turns:
            await _alone(conn, work.ids, now, partial(_carry_out, conn, work, now, rules))
    for home_id, group in of_door.items():
        ids = [row.id for row in group]
        await _alone(conn, ids, now, partial(_watch_doors, conn, home_id, group, now, rules))


async def _judge_people(
    conn: Connection, waiting: Mapping[UUID, Sequence[Waiting]], now: datetime, rules: RuleSet
) -> list[Work]:
    if not waiting:
        return []
    since = {person: min(row.trigger.at for row in rows) for person, rows in waiting.items()}
    subjects = await store.subjects(conn, waiting, at=now)
    samples = await store.values(conn, since, now=now, rules=rules)
    before = await store.conditions(conn, waiting)
    works = []
    for resident_id, rows in waiting.items():
        ids = tuple(row.id for row in rows)
        subject = subjects.get(resident_id)
        found: list[Turn] = []
        if subject is not None:
            try:
                found = list(
                    turns(
                        [row.trigger for row in rows],
                        samples[resident_id],
                        before.get(resident_id, {}),
                        person=subject.person,
                        place=subject.place,
                        rules=rules,
                    )
                )
            except Exception:
                logger.exception("judgement failed", extra={"action": "judgement_failed"})
                await _put_off(conn, ids, now)
                continue
        works.append(Work(ids=ids, turns=tuple(found), subject=subject))
    return await _loud(conn, works)


async def _loud(conn: Connection, works: Sequence[Work]) -> list[Work]:
    """Without turns that change nothing: most beds say time and again that somebody is in them."""
    ends = {_key(work, each) for work in works for turn in work.turns for each in turn.awaited}
    expected = await store.expected(conn, ends) if ends else set()
    found = []
    for work in works:
        turns = work.turns
        if not any(isinstance(each.what, Expect) for turn in turns for each in turn.awaited):
            turns = tuple(
                msgspec.structs.replace(
                    turn, awaited=tuple(each for each in turn.awaited if _key(work, each) in expected)
                )
                for turn in turns
            )
        loud = tuple(turn for turn in turns if not turn.quiet)
        found.append(msgspec.structs.replace(work, turns=loud))
    return found


def _key(work: Work, awaited: Awaited) -> str:
    resident_id = None if work.subject is None else work.subject.person.id
    return expectation_key(awaited.what.rule, resident_id, awaited.device_key)


async def _alone(
    conn: Connection, ids: Sequence[int], now: datetime, act: Callable[[], Awaitable[None]]
) -> None:
    """One subject's rows in a transaction of their own; a failure is put off and holds nobody up."""
    try:
        async with conn.transaction():
            if not await store.take(conn, ids):
                raise _TakenElsewhere
            await act()
    except (*_PASSING, _TakenElsewhere):
        return
    except psycopg.OperationalError:
        raise
    except Exception:
        logger.exception("judgement failed", extra={"action": "judgement_failed"})
        await _put_off(conn, ids, now)


async def _put_off(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    async with conn.transaction():
        if not await store.put_off(conn, ids, until=now + _TRY_AGAIN, tries=_TRIES):
            logger.error("readings could not be judged", extra={"action": "judgement_given_up"})


async def _carry_out(conn: Connection, work: Work, now: datetime, rules: RuleSet) -> None:
    subject = work.subject
    assert subject is not None
    assert subject.place is not None
    touched: set[UUID] = set()
    for turn in work.turns:
        for draft, findings in turn.drafts:
            ref = await take_alarm(conn, draft, now)
            touched |= {ref.case_id} if ref.tell else set()
            for finding in findings:
                await store.set_condition(
                    conn,
                    subject.person.id,
                    turn.active[finding.key],
                    alarm_id=ref.alarm_id,
                    rule_version=rules.version,
                )
        ended = await store.alarms_over(conn, subject.person.id, turn.over)
        for key in turn.over:
            await store.set_condition(
                conn, subject.person.id, turn.active[key], alarm_id=None, rule_version=rules.version
            )
        for awaited in turn.awaited:
            ended += await _await(conn, awaited, subject.person, subject.place.home_id, rules)
        touched |= await _end(conn, ended, at=turn.at, now=now)
    await publish(conn, touched, now=now)


async def _watch_doors(
    conn: Connection, home_id: UUID, rows: Sequence[Waiting], now: datetime, rules: RuleSet
) -> None:
    people = await store.people_of_home(conn, home_id, at=now)
    person = people[0] if len(people) == 1 else None
    touched: set[UUID] = set()
    for row in sorted(rows, key=lambda row: (row.trigger.at, row.id)):
        trigger = row.trigger
        what = expect(trigger.kind, trigger.value, None, at=trigger.at, person=person, rules=rules)
        if what is not None and trigger.device_key is not None:
            awaited = Awaited(device_key=trigger.device_key, what=what)
            ended = await _await(conn, awaited, person, home_id, rules)
            touched |= await _end(conn, ended, at=trigger.at, now=now)
    await publish(conn, touched, now=now)


async def _await(
    conn: Connection, awaited: Awaited, person: Person | None, home_id: UUID, rules: RuleSet
) -> list[Ended]:
    """Begin or end an expectation; the alarm of one that had been overdue."""
    what = awaited.what
    resident_id = None if person is None else person.id
    key = expectation_key(what.rule, resident_id, awaited.device_key)
    match what:
        case Expect():
            row = {
                "rule": what.rule,
                "device_key": awaited.device_key,
                "resident_id": resident_id,
                "home_id": home_id,
                "began_at": what.began_at,
                "due_at": what.due_at,
                "rule_version": rules.version,
            }
            await store.begin_expectation(conn, key, row)
            return []
        case _:
            ended = await store.end_expectation(conn, key, at=what.at)
            return [] if ended is None else [ended]


async def _end(conn: Connection, ended: Sequence[Ended], *, at: datetime, now: datetime) -> set[UUID]:
    """Mark alarms as over; the cases that changed."""
    return {
        each.case_id
        for each in ended
        if await rule_alarms.end(conn, each.alarm_id, each.case_id, at=at, now=now)
    }


async def _raise_overdue(conn: Connection, key: str, now: datetime, rules: RuleSet) -> int:
    found = await store.take_overdue(conn, key)
    if found is None:
        return 0
    person = None
    if found.resident_id is not None:
        subjects = await store.subjects(conn, [found.resident_id], at=now)
        person = subjects[found.resident_id].person
    if not still_matters(found.rule, person, rules):
        await store.drop_expectation(conn, key)
        return 0
    place = await store.place_of(conn, found.home_id)
    draft = overdue_draft(
        found,
        place,
        now=now,
        gateway_away=await store.gateway_is_away(conn, found.home_id),
        state=None if person is None else person.state,
    )
    ref = await take_alarm(conn, draft, now)
    await store.set_overdue(conn, key, ref.alarm_id)
    await publish(conn, [ref.case_id], now=now)
    return 1
