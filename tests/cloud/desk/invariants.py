"""What must hold after every step, said in SQL of its own: nothing here asks the code that it judges.

ALWAYS holds at every commit; CARED holds right after a whole round of the timers.
"""

from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import dict_row

from cloud.cases import chain
from cloud.database.pool import Connection
from firmware_specs.kinds import LIFE_SAFETY

_LIVE: Final = "('open', 'handed_over', 'claimed', 'contacting', 'dispatched', 'on_scene')"
_HELD: Final = "('claimed', 'contacting', 'dispatched', 'on_scene')"
_WAITS: Final = (
    "c.state in ('open', 'handed_over') and c.class <> 'test' and c.group_id is null"
    " and c.shelved_until is null"
)
_RUNNING: Final = "('offered', 'accepted', 'arrived')"

ALWAYS: Final[dict[str, LiteralString]] = {
    "two live cases of one subject and class": f"""
        select min(id::text) from cases where state in {_LIVE}
        group by subject_kind, subject_id, class having count(*) > 1""",
    "an alarm on no case, or on one that was merged away": """
        select a.id::text from alarm a left join cases c on c.id = a.case_id
        where c.id is null or c.state = 'merged'""",
    "a case miscounts its alarms": """
        select c.id::text from cases c
        where c.alarm_count <> (select count(*) from alarm a where a.case_id = c.id)""",
    "an alarm is not on any timeline": """
        select a.id::text from alarm a where not exists (select from case_entry e
            where e.kind = 'alarm' and e.data ->> 'alarm_id' = a.id::text)""",
    "a held case without owner or limit": f"""
        select id::text from cases where state in {_HELD} and (owner_id is null or stage_due_at is null)""",
    "a waiting case with an owner": """
        select id::text from cases
        where state in ('open', 'handed_over') and (owner_id is not null or seat_id is not null)""",
    "handed over to nobody": """
        select id::text from cases where (state = 'handed_over') <> (handed_to_id is not null)""",
    "closed without a disposition": """
        select id::text from cases where state = 'closed' and (disposition is null or closed_at is null)""",
    "P1 or P2 waits and no step is to come": f"""
        select c.id::text from cases c where {_WAITS} and c.priority <= 2 and (c.escalation_since is null
            or not exists (select from escalation_due d
                where d.case_id = c.id and d.round = c.escalation_round and d.done_at is null))""",
    "a case that somebody has still escalates": """
        select id::text from cases where escalation_since is not null
            and state not in ('open', 'handed_over')""",
    "others will be called to a case that somebody has": f"""
        select n.id || ' ' || n.attempts || ' ' || n.reason
        from notification n join cases c on c.id = n.case_id
        where n.state = 'queued' and n.step_key like 'escalation:%%' and c.state in {_HELD}""",
    "somebody who is not needed will be called to help": f"""
        select n.id || ' ' || d.state || ' ' || c.state
        from notification n join dispatch d on n.step_key = 'dispatch:' || d.id
        join cases c on c.id = d.case_id
        where n.state = 'queued' and (d.state not in ('offered', 'no_answer') or c.state not in {_LIVE})""",
    "somebody goes twice to one case": f"""
        select min(id::text) from dispatch where state in {_RUNNING}
        group by case_id, staff_id having count(*) > 1""",
    "a step was done twice": """
        select case_id || ' ' || (data ->> 'round') || ' ' || (data ->> 'cycle') || ' ' || (data ->> 'step')
        from case_entry where kind in ('rang', 'escalated', 'notified') and data ? 'round'
        group by case_id, data ->> 'round', data ->> 'cycle', data ->> 'step' having count(*) > 1""",
    "a step was done and not written down": """
        select d.case_id || ' ' || d.round || ' ' || d.cycle || ' ' || d.step from escalation_due d
        where d.done_at is not null and d.outcome <> 'stopped' and not exists (select from case_entry e
            where e.case_id = d.case_id and e.data ? 'round' and (e.data ->> 'round')::int = d.round
                and (e.data ->> 'cycle')::int = d.cycle and (e.data ->> 'step')::int = d.step)""",
    "the feed has a gap": """
        select count(*) || ' of ' || max(seq) from feed
        having max(seq) <> (select seq from feed_counter) or max(seq) - min(seq) + 1 <> count(*)""",
    "the feed tells another story than the case": """
        select c.id || ': ' || f.state || ' is ' || c.state from cases c
        cross join lateral (select data ->> 'state' as state, (data ->> 'priority')::int as priority,
                data -> 'owner' ->> 'id' as owner
            from feed where case_id = c.id and type = 'case' order by seq desc limit 1) f
        where c.group_id is null and (f.state <> c.state or f.priority <> c.priority
            or f.owner is distinct from c.owner_id::text)""",
    "a life-safety event is nowhere": """
        select e.id || ' ' || e.kind || ' ' || e.phase from event e
        where e.kind = any(%(life)s) and e.phase in ('raised', 'suspected')
            and not exists (select from alarm a where a.gateway_id = e.gateway_id and a.event_id = e.id)
            and not exists (select from alarm_event_link l
                where l.gateway_id = e.gateway_id and l.event_id = e.id)
            and not (e.phase = 'suspected' and (
                exists (select from suspicion s where s.gateway_id = e.gateway_id and s.event_id = e.id)
                or exists (select from event o where o.id = e.id and o.gateway_id = e.gateway_id
                    and o.phase in ('cancelled', 'cleared', 'restored'))))""",
    "an event was not answered": """
        select e.id::text from event e where e.run <> 'salvaged' and not exists (
            select from ack_queue q where q.gateway_id = e.gateway_id and q.event_seq = e.seq)""",
    "a case was opened twice, or not first of all": """
        select case_id::text from case_entry where (kind = 'opened') <> (n = 1)""",
    "responders go to a case that is over": f"""
        select d.id::text from dispatch d join cases c on c.id = d.case_id
        where d.state in {_RUNNING} and c.state in ('closed', 'merged')""",
    "dispatched, and nobody was sent": f"""
        select c.id::text from cases c where c.state = 'dispatched' and not exists (
            select from dispatch d where d.case_id = c.id and d.state in {_RUNNING})""",
}

CARED: Final[dict[str, LiteralString]] = {
    "a stage may last longer than its limit": f"""
        select c.id || ' ' || c.state from cases c left join seat s on s.id = c.seat_id
        where c.state in {_HELD} and c.stage_due_at > greatest(
            %(now)s::timestamptz + interval '95 s', s.call_until,
            case when c.state = 'on_scene' then %(now)s::timestamptz + interval '30 min' end,
            case when c.state = 'dispatched' then (select max(greatest(d.promised_at,
                d.eta_at + interval '5 min')) from dispatch d where d.case_id = c.id) end)""",
    "a dead seat holds a case": f"""
        select c.id::text from cases c join seat s on s.id = c.seat_id
        where c.state in {_HELD} and (s.call_until is null or s.call_until <= %(now)s)
            and (s.closed_at is not null or s.last_seen_at < %(now)s::timestamptz - interval '20 s')""",
    "a claim beyond its limit": f"""
        select c.id::text from cases c left join seat s on s.id = c.seat_id
        where c.state in {_HELD} and c.stage_due_at <= %(now)s
            and (s.call_until is null or s.call_until <= %(now)s)
            and (c.warned_at is null or c.warned_at <= %(now)s::timestamptz - interval '30 s')""",
    "who was named did not come, and the case waits for them": """
        select id::text from cases where state = 'handed_over' and stage_due_at <= %(now)s""",
    "a step is overdue": """
        select d.case_id || ' ' || d.step from escalation_due d join cases c on c.id = d.case_id
        where d.done_at is null and d.next_at <= %(now)s and d.round = c.escalation_round
            and c.escalation_since is not null""",
    "P1 is unowned beyond its limit and nobody was told": f"""
        select c.id::text from cases c
        where {_WAITS} and c.priority = 1 and exists (
            select from (values (1, 30), (2, 30), (3, 60), (4, 120), (5, 120)) as step (n, after_s)
            where c.escalation_since + step.after_s * interval '1 s' <= %(now)s and not exists (
                select from escalation_due d where d.case_id = c.id and d.round = c.escalation_round
                    and d.step = step.n and d.done_at is not null))""",
    "a round counts from later than the wait": f"""
        select c.id::text from cases c where {_WAITS} and c.priority = 1
            and c.escalation_since > c.waiting_since and c.shelf_reason is null and c.children = 0
            and not exists (select from case_entry e where e.case_id = c.id and e.at = c.escalation_since)""",
    "a suspicion is overdue": "select event_id::text from suspicion where due_at <= %(now)s",
    "a suspected fall waits beyond 120 s and is not urgent": f"""
        select c.id::text from cases c join alarm a on a.case_id = c.id
        where {_WAITS} and c.class = 'care' and c.priority > 1 and a.kind = 'fall_suspected'
            and a.cleared_at is null and a.stored_at <= %(now)s::timestamptz - interval '120 s'
            and c.waiting_since < %(now)s""",
    "a responder who does not answer is waited for": """
        select id::text from dispatch where state = 'offered' and answer_due_at <= %(now)s""",
    "a shelf is overdue": f"select id::text from cases where state in {_LIVE} and shelved_until <= %(now)s",
}


def _union(rules: dict[str, LiteralString]) -> LiteralString:
    return " union all ".join(
        f"select '{name}' as rule, x::text as what from ({rule}) as broken (x)"
        for name, rule in rules.items()
    )


_ALWAYS: Final = _union(ALWAYS)
_CARED: Final = _union(ALWAYS | CARED)
_VIEW: Final = """
    select c.id, c.state, c.class as class_, c.priority, c.owner_id, c.handed_to_id, s.call_until,
        (select array_agg(d.id order by d.id) from dispatch d where d.case_id = c.id) as dispatches
    from cases c left join seat s on s.id = c.seat_id and c.state in
        ('claimed', 'contacting', 'dispatched', 'on_scene')
    order by c.number
"""
_NEW_ENTRIES: Final = """
    select e.case_id, e.n, e.at, e.kind, e.actor, e.data, e.salt, e.previous, e.hash, e.algorithm
    from case_entry e left join unnest(%s::uuid[], %s::int[]) as known (id, n) on known.id = e.case_id
    where e.n > coalesce(known.n, 0) order by e.case_id, e.n
"""


async def broken(conn: Connection, *, cared: bool, now: datetime) -> list[str]:
    """Every rule that does not hold, with where."""
    cursor = await conn.execute(_CARED if cared else _ALWAYS, {"now": now, "life": sorted(LIFE_SAFETY)})
    return [f"{rule}: {what}" for rule, what in await cursor.fetchall()]


async def view(conn: Connection) -> list[dict[str, Any]]:
    """All cases, oldest first."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_VIEW)
        return await cursor.fetchall()


class Chains:
    """The timelines as far as they were checked: each entry once, and at the end all of them again."""

    def __init__(self) -> None:
        self._last: dict[UUID, tuple[int, bytes]] = {}

    async def check(self, conn: Connection) -> list[str]:
        """What is wrong with the entries that are new."""
        known = list(self._last)
        cursor = await conn.execute(_NEW_ENTRIES, (known, [self._last[id][0] for id in known]))
        found = []
        for case_id, *row in await cursor.fetchall():
            n, at, kind, actor, data, salt, previous, hashed, algorithm = row
            last_n, last_hash = self._last.get(case_id, (0, chain.FIRST))
            link = chain.entry_hash(
                bytes(previous), bytes(salt), case_id, n, at, kind, actor, data, algorithm
            )
            if n != last_n + 1 or bytes(previous) != last_hash or link != bytes(hashed):
                found.append(f"the chain is broken: {case_id} entry {n} {kind}")
            self._last[case_id] = (n, bytes(hashed))
        return found

    async def check_again(self, conn: Connection) -> list[str]:
        """Whether anything that was checked has changed since."""
        self._last, was = {}, self._last
        found = await self.check(conn)
        return found + [f"entries have changed: {id}" for id in was if self._last.get(id) != was[id]]
