"""START HERE to follow events: from the bytes of MQTT messages to cases on the screen, in ONE transaction.

The lane (lane.py) opens the transaction, commits, and only then acknowledges the messages to the broker.
What arrived together, one message of each of several gateways, walks together: a step is one statement for
all of them where it is the usual way, and one by one where it is not.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cloud.alarms import rules
from cloud.alarms import store as alarms
from cloud.alarms.alarm import AlarmDraft, Context, End, Explain, Suspect
from cloud.cases.explaining import explain_alarm
from cloud.cases.intake import end_alarm, take_alarm, take_new
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.downlink import store as downlink
from cloud.ingest import chatter, keeping, quarantine, salvage, whereabouts
from cloud.ingest.context import with_place_and_past
from cloud.ingest.passage import Message, Passage
from cloud.ingest.times import judge_time
from cloud.ingest.whereabouts import Asked

_SQL: Final = queries.load(__package__ or "cloud.ingest")
Passages = Sequence[Passage]


async def ingest_events(conn: Connection, messages: Sequence[Message], *, now: datetime) -> None:
    """Take messages of `up/event`, each of another gateway; the caller's transaction is all or nothing. Doing
    it twice changes nothing.

    The gateways' rows are held first: the messages of each are taken one by one, whoever takes them. The feed
    is told last, since that holds its counter until commit.
    """
    senders = await whereabouts.hear_all(conn, {m.gateway_id: m.received_at for m in messages})
    passages, touched = [], set[UUID]()
    for message in messages:
        understood = salvage.read_event(message.payload, message.gateway_id)
        if understood is None:
            touched |= await quarantine.set_aside(
                conn,
                topic=message.topic,
                gateway_id=message.gateway_id,
                payload=message.payload,
                reason="no event in it",
                now=now,
            )
        else:
            sender = senders[message.gateway_id]
            passages.append(Passage(message=message, understood=understood, sender=sender, now=now))
    if passages:
        for step in STEPS:
            await step(conn, passages)
    await publish(conn, touched.union(*(p.touched for p in passages)), now=now)
    for p in passages:
        p.tell_hops()


async def tell_time(conn: Connection, passages: Passages) -> None:
    """When each happened; a wrong clock is a problem, never a refusal."""
    for p in passages:
        at = None if "time_missing" in p.problems else p.event.at
        synchronised = p.event.clock.source != "none"
        boot_at = None
        if at is not None and not synchronised:
            boot_at = await _boot_at(conn, p, timedelta(milliseconds=at))
        p.time = judge_time(
            at,
            received_at=p.received_at,
            device_at_ms=p.event.device_at,
            synchronised=synchronised,
            boot_at=boot_at,
        )
        p.problems += p.time.problems


async def find_places(conn: Connection, passages: Passages) -> None:
    """For whom each device worked at that time."""
    asked = [Asked(p.sender, p.event.device, p.time.occurred_at, p.received_at) for p in passages]
    for p, place in zip(passages, await whereabouts.locate(conn, asked), strict=True):
        p.place = place
        p.problems += place.problems


async def judge(conn: Connection, passages: Passages) -> None:
    """The rules say what is to be done; nothing for a duplicate."""
    new = [p for p in passages if not p.duplicate]
    known = await alarms.find_by_events(conn, [(p.gateway_id, p.event_id) for p in new])
    residents, at = [p.place.resident_id for p in new], [p.received_at for p in new]
    states = await whereabouts.states_of(conn, residents, at)
    for p, alarm, state in zip(new, known, states, strict=True):
        p.known = alarm
        p.actions = rules.judge(p.event, await _context(conn, p, state))


async def act(conn: Connection, passages: Passages) -> None:
    """Suspicions, alarms, cases and their timelines."""
    fresh: list[tuple[Passage, AlarmDraft]] = []
    for p in passages:
        for draft in p.drafts:
            if draft.event_id is not None and draft.kind in rules.SUSPECTED:
                await alarms.forget_suspicion(conn, p.gateway_id, draft.event_id)
            if p.known is None:
                fresh.append((p, draft))
            else:
                ref = await take_alarm(conn, draft, p.now, known=p.known)
                p.touched |= {ref.case_id} if ref.tell else set()
    refs = await take_new(conn, [draft for _, draft in fresh], passages[0].now)
    for (p, _), ref in zip(fresh, refs, strict=True):
        p.touched |= {ref.case_id} if ref.tell else set()
    for p in passages:
        await _act_otherwise(conn, p)


async def notice_chatter(conn: Connection, passages: Passages) -> None:
    """A device that activates three times in a minute is a fault of its own."""
    noisy = [(p, p.drafts[0]) for p in passages if p.drafts]
    refs = await chatter.notice(conn, [draft for _, draft in noisy], passages[0].now)
    for (p, _), ref in zip(noisy, refs, strict=True):
        p.touched |= {ref.case_id} if ref is not None and ref.tell else set()


async def queue_acks(conn: Connection, passages: Passages) -> None:
    """The gateways' own `stored`: sent after the commit, for a duplicate again."""
    await downlink.queue_event_acks(
        conn,
        [
            (p.gateway_id, p.event.run, UUID(p.event.id), p.event.seq)
            for p in passages
            if p.understood.answerable
        ],
    )


STEPS: Final[tuple[Callable[[Connection, Passages], Awaitable[None]], ...]] = (
    tell_time,
    find_places,
    keeping.keep_events,
    keeping.recall_phases,
    judge,
    act,
    notice_chatter,
    queue_acks,
)


async def _act_otherwise(conn: Connection, p: Passage) -> None:
    """What is not an alarm of its own."""
    for action in p.actions:
        match action:
            case Suspect():
                await alarms.suspect(conn, action)
            case Explain():
                p.touched |= await explain_alarm(conn, p.gateway_id, p.event_id, action.reasons, now=p.now)
            case End():
                changed = await end_alarm(
                    conn, p.gateway_id, p.event_id, action.phase, at=p.time.occurred_at, now=p.now
                )
                p.touched |= set() if changed is None else {changed}
            case AlarmDraft():
                pass  # taken already


async def _boot_at(conn: Connection, p: Passage, since_boot: timedelta) -> datetime | None:
    """When the gateway's boot was, as far as earlier messages tell; this one is learned from too."""
    key = {"gateway_id": p.gateway_id, "boot": p.event.boot}
    row = await (await conn.execute(_SQL["boot_at"], key)).fetchone()
    if since_boot < rules.LONGEST_UPTIME:
        values = key | {"boot_at": p.received_at - since_boot, "now": p.now}
        await conn.execute(_SQL["learn_boot"], values)
    return None if row is None else row[0]


async def _context(conn: Connection, p: Passage, state: str | None) -> Context:
    known = Context(
        gateway_id=p.gateway_id,
        received_at=p.received_at,
        occurred_at=p.time.occurred_at,
        device_at=p.time.device_at,
        late=p.time.late,
        event_id=p.event_id,
        resident_state=state,
        problems=p.problems,
        alarm=p.known,
    )
    return await with_place_and_past(conn, known, p.event, p.place, p.others, (p.event.run, p.event.seq))
