"""START HERE to follow one event: from the bytes of an MQTT message to a case on the screen, in ONE
transaction.

The lane (event_lane.py) opens the transaction, commits, and only then acknowledges the message to the broker.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from cloud import metrics
from cloud.alarms import rules, vitals_store
from cloud.alarms import store as alarms
from cloud.alarms.alarm import Action, AlarmDraft, Context, End, Explain, KnownAlarm, Suspect
from cloud.alarms.person import Person
from cloud.alarms.profiles import BY_PROFILE
from cloud.cases.explaining import explain_alarm
from cloud.cases.intake import end_alarm, take_alarm
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.downlink import store as downlink
from cloud.ingest import chatter, quarantine, salvage, whereabouts
from cloud.ingest.times import EventTime, judge_time
from cloud.ingest.whereabouts import Sender, Whereabouts
from firmware_specs.messages import Event

_SQL: Final = queries.load(__package__ or "cloud.ingest")


@dataclass(kw_only=True)
class Passage:
    """One event on its way; each step fills in what it found."""

    conn: Connection
    topic: str
    gateway_id: str
    payload: bytes
    received_at: datetime
    now: datetime
    event: Event
    answerable: bool = True
    problems: tuple[str, ...] = ()
    event_id: UUID = field(init=False)
    run: str = field(init=False)
    seq: int = field(init=False)
    sender: Sender = field(init=False)
    time: EventTime = field(init=False)
    place: Whereabouts = field(init=False)
    duplicate: bool = False
    others: list[tuple[str, str, int]] = field(default_factory=list)
    known: KnownAlarm | None = None
    actions: list[Action] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take the event's identity from the message."""
        self.event_id = UUID(self.event.id)
        self.run, self.seq = self.event.run, self.event.seq


async def ingest_event(
    conn: Connection, *, topic: str, gateway_id: str, payload: bytes, received_at: datetime, now: datetime
) -> None:
    """Take one message of `up/event`; the caller's transaction is all or nothing. Doing it twice changes
    nothing.
    """
    understood = salvage.read_event(payload, gateway_id)
    if understood is None:
        await quarantine.set_aside(
            conn, topic=topic, gateway_id=gateway_id, payload=payload, reason="no event in it", now=now
        )
        return
    passage = Passage(
        conn=conn,
        topic=topic,
        gateway_id=gateway_id,
        payload=payload,
        received_at=received_at,
        now=now,
        event=understood.event,
        answerable=understood.answerable,
        problems=understood.problems,
    )
    for step in STEPS:
        await step(passage)
    _tell_hops(passage)


async def hear_gateway(p: Passage) -> None:
    """Hold the gateway's row, so that its messages are taken one by one, whoever takes them."""
    p.sender = await whereabouts.hear(p.conn, p.gateway_id, at=p.received_at)


async def tell_time(p: Passage) -> None:
    """When it happened; a wrong clock is a problem, never a refusal."""
    at = None if "time_missing" in p.problems else p.event.at
    synchronised = p.event.clock.source != "none"
    boot_at = None
    if at is not None and not synchronised:
        boot_at = await _boot_at(p, timedelta(milliseconds=at))
    p.time = judge_time(
        at,
        received_at=p.received_at,
        device_at_ms=p.event.device_at,
        synchronised=synchronised,
        boot_at=boot_at,
    )
    p.problems += p.time.problems


async def find_place(p: Passage) -> None:
    """For whom the device worked at that time."""
    p.place = await whereabouts.locate(
        p.conn, p.sender, p.event.device, at=p.time.occurred_at, received_at=p.received_at
    )
    p.problems += p.place.problems


async def keep_event(p: Passage) -> None:
    """Store it under its number; what is stored already is a duplicate."""
    if not await _insert(p):
        found = await p.conn.execute(
            _SQL["event_numbered"], {"gateway_id": p.gateway_id, "run": p.run, "seq": p.seq}
        )
        row = await found.fetchone()
        if row is not None and row[0] == p.event_id and row[1] == p.event.phase:
            p.duplicate = True
            return
        # Another event under a number that is taken, such as of an old memory card: kept all the same.
        p.problems += ("number_reused",)
        p.run, p.seq = salvage.SALVAGED_RUN, salvage.derived_seq(p.payload, p.gateway_id)
        if not await _insert(p):
            p.duplicate = True
            return
    if any(problem in _READING_PROBLEMS or problem.startswith("bad_") for problem in p.problems):
        reason = "salvaged: " + ", ".join(p.problems)
        await quarantine.keep(
            p.conn, topic=p.topic, gateway_id=p.gateway_id, payload=p.payload, reason=reason, now=p.now
        )


async def recall_phases(p: Passage) -> None:
    """What is stored of the same activation; the same phase again is a duplicate under another number."""
    if p.duplicate:
        return
    values = {"gateway_id": p.gateway_id, "id": p.event_id, "run": p.run, "seq": p.seq}
    cursor = await p.conn.execute(_SQL["phases_of"], values)
    p.others = [(row[0], row[1], row[2]) for row in await cursor.fetchall()]
    if p.event.phase == "updated" or p.event.phase not in {phase for phase, _, _ in p.others}:
        return
    known = await alarms.find_by_event(p.conn, p.gateway_id, p.event_id)
    if known is not None and known.cleared_at is not None and p.time.occurred_at > known.cleared_at:
        # Its id was used up when it was cleared: this is a new activation.
        p.problems += ("id_reused",)
        p.event_id = salvage.derived_id(p.payload, p.gateway_id)
        p.others = []
    else:
        p.duplicate = True


async def judge(p: Passage) -> None:
    """The rules say what is to be done; nothing for a duplicate."""
    if not p.duplicate:
        p.actions = rules.judge(p.event, await _context(p))


async def act(p: Passage) -> None:
    """Suspicions, alarms, cases and their timelines."""
    for action in p.actions:
        match action:
            case AlarmDraft():
                if action.event_id is not None and action.kind in rules.SUSPECTED:
                    await alarms.forget_suspicion(p.conn, p.gateway_id, action.event_id)
                ref = await take_alarm(p.conn, action, p.now, known=p.known)
                if ref.tell:
                    p.touched.add(ref.case_id)
            case Suspect():
                await alarms.suspect(p.conn, action)
            case Explain():
                p.touched |= await explain_alarm(p.conn, p.gateway_id, p.event_id, action.reasons, now=p.now)
            case End():
                changed = await end_alarm(
                    p.conn, p.gateway_id, p.event_id, action.phase, at=p.time.occurred_at, now=p.now
                )
                p.touched |= set() if changed is None else {changed}


async def notice_chatter(p: Passage) -> None:
    """A device that activates three times in a minute is a fault of its own."""
    ref = await chatter.notice(p.conn, p.actions, p.now)
    if ref is not None and ref.tell:
        p.touched.add(ref.case_id)


async def queue_ack(p: Passage) -> None:
    """The gateway's own `stored`: sent after the commit, for a duplicate again."""
    if p.answerable:
        await downlink.queue_event_ack(p.conn, p.gateway_id, p.event.run, UUID(p.event.id), seq=p.event.seq)


async def tell_feed(p: Passage) -> None:
    """Last, since it holds the feed's counter until commit."""
    await publish(p.conn, p.touched, now=p.now)


STEPS: Final[tuple[Callable[[Passage], Awaitable[None]], ...]] = (
    hear_gateway,
    tell_time,
    find_place,
    keep_event,
    recall_phases,
    judge,
    act,
    notice_chatter,
    queue_ack,
    tell_feed,
)

_READING_PROBLEMS: Final = frozenset(
    {"not_json", "oversized", "unnumbered", "id_missing", "time_missing", "kind_spelling", "nul_characters",
     "number_reused", "id_reused"}
)  # fmt: skip
_ENDS: Final = frozenset({"cleared", "cancelled", "restored"})


def _tell_hops(p: Passage) -> None:
    """How long it was on its way, where the clocks that say so can be believed."""
    if not p.duplicate and not p.time.problems:
        metrics.hop("gateway", p.time.device_at, p.time.occurred_at)
        metrics.hop("received", p.time.occurred_at, p.received_at)


async def _insert(p: Passage) -> bool:
    values = {
        "gateway_id": p.gateway_id,
        "run": p.run,
        "seq": p.seq,
        "id": p.event_id,
        "kind": p.event.kind,
        "phase": p.event.phase,
        "device_key": p.place.device_key,
        "occurred_at": p.time.occurred_at,
        "device_at": p.time.device_at,
        "received_at": p.received_at,
        "stored_at": p.now,
        "payload": msgspec.json.encode(p.event).decode(),
        "problems": list(p.problems),
    }
    return await (await p.conn.execute(_SQL["keep_event"], values)).fetchone() is not None


async def _boot_at(p: Passage, since_boot: timedelta) -> datetime | None:
    """When the gateway's boot was, as far as earlier messages tell; this one is learned from too."""
    key = {"gateway_id": p.gateway_id, "boot": p.event.boot}
    row = await (await p.conn.execute(_SQL["boot_at"], key)).fetchone()
    if since_boot < rules.LONGEST_UPTIME:
        values = key | {"boot_at": p.received_at - since_boot, "now": p.now}
        await p.conn.execute(_SQL["learn_boot"], values)
    return None if row is None else row[0]


async def _context(p: Passage) -> Context:
    p.known = await alarms.find_by_event(p.conn, p.gateway_id, p.event_id)
    state: str | None = None
    people: tuple[Person, ...] = ()
    if p.event.kind in BY_PROFILE and p.place.home_id is not None:
        people = await vitals_store.people_of_home(p.conn, p.place.home_id, at=p.received_at)
    if p.place.resident_id is not None:
        state = await whereabouts.state_of(p.conn, p.place.resident_id, at=p.received_at)
    ended = [(phase, run, seq) for phase, run, seq in p.others if phase in _ENDS]
    return Context(
        gateway_id=p.gateway_id,
        received_at=p.received_at,
        occurred_at=p.time.occurred_at,
        device_at=p.time.device_at,
        late=p.time.late,
        event_id=p.event_id,
        device_key=p.place.device_key,
        home_id=p.place.home_id,
        resident_id=p.place.resident_id,
        resident_state=state,
        person=next((person for person in people if person.id == p.place.resident_id), None),
        people=people,
        room=p.event.room or p.place.room,
        area_code=p.place.area_code,
        org_id=p.place.org_id,
        problems=p.problems,
        test_window=p.place.test_window,
        alarm=p.known,
        suspected=any(phase == "suspected" for phase, _, _ in p.others),
        begun=any(phase in ("raised", "updated") for phase, _, _ in p.others),
        ended=bool(ended),
        ended_by=next((phase for phase, run, seq in ended if run == p.event.run and seq > p.event.seq), None),
    )
