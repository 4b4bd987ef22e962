"""Responders are sent: asked, undone, refused, missed, on the way, there, done; nothing is left open."""

import asyncio
from uuid import UUID

import pytest

from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import answers, dispatching, merging, store
from cloud.cases.case import Actor
from cloud.database.pool import Connection, Pool
from cloud.responders.responder import step_key
from tests.cloud.cases.desk import Desk, a_desk, add_responder, send
from tests.cloud.town import NOW, all_cases, seconds


async def a_claimed_desk(conn: Connection) -> Desk:
    desk = await a_desk(conn)
    await desk.claim()
    return desk


async def state_of(conn: Connection, dispatch_id: UUID) -> str:
    row = await (await conn.execute("select state from dispatch where id = %s", (dispatch_id,))).fetchone()
    assert row is not None
    return str(row[0])


async def of_dispatch(conn: Connection, dispatch_id: UUID) -> set[str]:
    """States of the call and the message to who was asked."""
    key = step_key(dispatch_id)
    cursor = await conn.execute("select state from notification where step_key = %s", (key,))
    return {state for (state,) in await cursor.fetchall()}


async def press(conn: Connection, dispatch_id: UUID) -> None:
    """They press 1 in the call."""
    await conn.execute(
        "update notification set outcome = 'accepted' where channel = 'voice' and step_key = %s",
        (step_key(dispatch_id),),
    )


async def test_the_nearest_free_one_is_asked_and_called_after_five_seconds(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    await add_responder(conn, "远", lat=37.6)
    near = await add_responder(conn, "近")
    await add_responder(conn, "不在", available=False)
    dispatch_id = await send(desk)
    case = await desk.look()
    assert (case.state, case.dispatches[0].name, case.stage_due_at) == (
        "dispatched",
        "近",
        "2026-01-01T02:40:00.000Z",
    )
    cursor = await conn.execute("select channel, recipient_id, next_at from notification order by channel")
    assert await cursor.fetchall() == [
        (channel, str(near.id), NOW + seconds(5)) for channel in ("sms", "voice")
    ]
    with pytest.raises(Conflict):
        await send(desk, near)
    assert await state_of(conn, dispatch_id) == "offered"


async def test_undone_within_five_seconds_nobody_is_called(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    await add_responder(conn, "近")
    first = await send(desk)
    async with conn.transaction():
        case = await answers.undo(conn, first, desk.owner, now=NOW + seconds(5))
    assert (case.state, await state_of(conn, first)) == ("claimed", "undone")
    cursor = await conn.execute("select distinct state from notification")
    assert await cursor.fetchall() == [("suppressed",)]
    second = await send(desk, Actor(id=(await desk.look()).dispatches[0].staff_id, name="近"), at=10)
    with pytest.raises(Conflict):
        await answers.undo(conn, second, desk.owner, now=NOW + seconds(15.1))
    async with conn.transaction():
        await answers.recall(conn, second, desk.owner, reason="家属已到", now=NOW + seconds(16))
    assert ("case_update", "staff", "sms") in await desk.queued()


async def test_who_does_not_answer_within_sixty_seconds_is_followed_by_the_next(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    await add_responder(conn, "近")
    await add_responder(conn, "远", lat=37.5)
    first = await send(desk)
    await desk.dispatches(59.9)
    assert await state_of(conn, first) == "offered"
    await desk.dispatches(60)
    case = await desk.look()
    assert [(one.name, one.state) for one in case.dispatches] == [("近", "no_answer"), ("远", "offered")]
    second = case.dispatches[1].id
    async with conn.transaction():
        await answers.refuse(conn, second, Actor(id=second, name="远"), reason="堵车", now=NOW + seconds(70))
    case = await desk.look()
    assert case.state == "claimed", "nobody is left: it is in its owner's hands"
    assert case.timeline[-1].data["reason"] == "no_responder"
    async with conn.transaction():
        late = await answers.accept(conn, first, Actor(id=first, name="近"), now=NOW + seconds(80))
    assert late.state == "dispatched", "late, and still welcome"


async def test_without_a_chain_nobody_else_is_asked(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    first = await add_responder(conn, "近")
    await add_responder(conn, "远", lat=37.5)
    await send(desk, first, chain=False)
    await desk.dispatches(60)
    assert [one.name for one in (await desk.look()).dispatches] == ["近"]


async def test_from_the_offer_to_the_end_each_stage_has_its_limit(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)
    async with conn.transaction():
        case = await answers.accept(conn, one, who, eta_minutes=10, now=NOW + seconds(20))
        assert case.stage_due_at == "2026-01-01T02:25:20.000Z", "ETA and 5 min"
        case = await answers.estimate(conn, one, who, eta_minutes=20, now=NOW + seconds(30))
        assert case.stage_due_at == "2026-01-01T02:35:30.000Z"
        case = await answers.arrive(conn, one, who, now=NOW + seconds(600))
        assert (case.state, case.stage_due_at) == ("on_scene", "2026-01-01T02:50:00.000Z")
        case = await answers.finish(conn, one, who, outcome="help_given", now=NOW + seconds(900))
        assert (case.state, case.stage_due_at) == ("on_scene", "2026-01-01T02:26:30.000Z")
        await store.resolve(conn, desk.case_id, desk.owner, now=NOW + seconds(910))
        await store.close(conn, desk.case_id, desk.owner, disposition="help_given", now=NOW + seconds(911))
    kinds = await desk.kinds()
    wanted = ["dispatched", "accepted", "eta", "arrived", "responder_done", "resolved", "closed"]
    assert [kind for kind in kinds if kind in wanted] == wanted
    seen = await desk.look()
    assert seen.chain_valid
    times = {hop.name: hop.at for hop in seen.hops}
    assert times["dispatched"] == "2026-01-01T02:10:00.000Z"
    assert times["arrived"] == "2026-01-01T02:20:00.000Z"
    assert times["called"] is None


async def test_who_cannot_cope_there_calls_for_more_help(conn: Connection) -> None:
    desk = await a_desk(conn, "water_leak")
    await desk.claim()
    who = await add_responder(conn, "近")
    one = await send(desk)
    async with conn.transaction():
        await answers.arrive(conn, one, who, now=NOW + seconds(300))
        rings = (await desk.look()).rings
        case = await answers.finish(
            conn, one, who, outcome="needs_help", note="抬不动", now=NOW + seconds(400)
        )
    assert (case.priority, case.rings, case.kinds) == (1, rings + 1, ["water_leak", "needs_help"])
    assert case.state == "on_scene"
    seen = await desk.look()
    assert (seen.alarms[-1].kind, seen.alarms[-1].reasons) == ("needs_help", ["responder"])
    assert seen.dispatches[0].outcome == "needs_help"


async def test_who_cannot_cope_after_the_case_was_resolved_opens_a_new_one(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)
    async with conn.transaction():
        await answers.arrive(conn, one, who, now=NOW + seconds(300))
        await store.resolve(conn, desk.case_id, desk.owner, now=NOW + seconds(310))
        await answers.finish(conn, one, who, outcome="needs_help", now=NOW + seconds(320))
    fresh = (await all_cases(conn))[-1]
    assert (fresh.state, fresh.kinds, fresh.priority) == ("open", ["needs_help"], 1)
    assert fresh.follows_id == desk.case_id


async def test_no_case_closes_before_its_responder_is_done(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)
    async with conn.transaction():
        await answers.accept(conn, one, who, now=NOW)
        await store.resolve(conn, desk.case_id, desk.owner, now=NOW)
        with pytest.raises(Conflict):
            await store.close(conn, desk.case_id, desk.owner, disposition="other", now=NOW)
        await answers.arrive(conn, one, who, now=NOW)
        await answers.finish(conn, one, who, outcome="help_given", now=NOW)
        closed = await store.close(conn, desk.case_id, desk.owner, disposition="other", now=NOW)
    assert closed.state == "closed"


async def test_who_has_not_answered_when_it_is_over_is_recalled(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    await add_responder(conn, "近")
    one = await send(desk)
    async with conn.transaction():
        await store.resolve(conn, desk.case_id, desk.owner, now=NOW + seconds(20))
        closed = await store.close(conn, desk.case_id, desk.owner, disposition="other", now=NOW)
    assert (closed.state, await state_of(conn, one)) == ("closed", "recalled")


async def test_help_goes_on_when_the_owner_dies_and_the_next_one_finds_it_so(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)
    await desk.hold(21)
    assert (await desk.look()).state == "open"
    async with conn.transaction():
        await answers.accept(conn, one, who, eta_minutes=10, now=NOW + seconds(25))
    await desk.see(30)
    await desk.claim(30)
    assert (await desk.look()).state == "dispatched"
    await desk.hold(60)
    async with conn.transaction():
        await answers.arrive(conn, one, who, now=NOW + seconds(100))
    await desk.claim(101)
    assert (await desk.look()).state == "on_scene"


async def test_a_key_pressed_in_the_call_is_an_answer(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    await add_responder(conn, "近")
    one = await send(desk)
    await conn.execute("update notification set outcome = 'accepted' where channel = 'voice'")
    await desk.dispatches(30)
    await desk.dispatches(61)
    assert await state_of(conn, one) == "accepted"
    assert (await desk.kinds()).count("accepted") == 1


async def test_a_key_pressed_just_after_the_minute_is_still_welcome(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)
    await desk.dispatches(60)
    assert await state_of(conn, one) == "no_answer"
    await press(conn, one)
    await desk.dispatches(63)
    assert (await state_of(conn, one), (await desk.look()).state) == ("accepted", "dispatched")
    async with conn.transaction():
        await answers.refuse(conn, one, who, reason="车坏了", now=NOW + seconds(70))
    await desk.dispatches(71)
    assert await state_of(conn, one) == "refused"


async def test_who_says_yes_when_the_case_is_over_is_told_not_to_come(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    await add_responder(conn, "近")
    one = await send(desk)
    await desk.dispatches(60)
    async with conn.transaction():
        await store.resolve(conn, desk.case_id, desk.owner, now=NOW + seconds(61))
    assert await of_dispatch(conn, one) == {"suppressed"}, "nobody is called to a case that is over"
    await press(conn, one)
    for at in (63, 64):
        await desk.dispatches(at)
    assert await state_of(conn, one) == "recalled"
    assert (await desk.queued()).count(("case_update", "staff", "sms")) == 1


async def test_who_was_asked_anew_accepts_that_one(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)
    await desk.dispatches(60)
    two = await send(desk, who, at=61)
    await press(conn, one)
    await desk.dispatches(62)
    with pytest.raises(Conflict):
        await answers.accept(conn, one, who, now=NOW + seconds(63))
    async with conn.transaction():
        await answers.accept(conn, two, who, now=NOW + seconds(63))
    assert [await state_of(conn, id) for id in (one, two)] == ["no_answer", "accepted"]


@pytest.mark.parametrize("deed", ["refuse", "arrive"])
async def test_who_has_answered_otherwise_is_not_called_any_more(conn: Connection, deed: str) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)
    async with conn.transaction():
        await getattr(answers, deed)(conn, one, who, now=NOW + seconds(2))
    assert await of_dispatch(conn, one) == {"suppressed"}


async def test_a_key_counts_although_the_case_was_merged_meanwhile(conn: Connection) -> None:
    gone, kept = await a_claimed_desk(conn), await a_desk(conn)
    await add_responder(conn, "近")
    one = await send(gone)
    async with conn.transaction():
        await store.claim(conn, kept.case_id, gone.owner, now=NOW)
        await merging.merge(conn, gone.case_id, kept.case_id, gone.owner, now=NOW + seconds(10))
    await press(conn, one)
    await kept.dispatches(30)
    assert await state_of(conn, one) == "accepted"
    assert (await kept.look()).state == "dispatched"


@pytest.mark.parametrize("further", ["gone", "kept"])
async def test_who_was_sent_to_two_cases_goes_once_when_they_are_one(conn: Connection, further: str) -> None:
    gone, kept = await a_claimed_desk(conn), await a_desk(conn)
    who = await add_responder(conn, "近", most_cases=2)
    first = await send(gone)
    async with conn.transaction():
        await store.claim(conn, kept.case_id, gone.owner, now=NOW)
        _, second = await dispatching.offer(conn, kept.case_id, gone.owner, who.id, now=NOW)
        await answers.accept(conn, first if further == "gone" else second, who, now=NOW + seconds(9))
        await merging.merge(conn, gone.case_id, kept.case_id, gone.owner, now=NOW + seconds(10))
    states = {await state_of(conn, first), await state_of(conn, second)}
    assert states == {"accepted", "recalled"}
    assert (await kept.look()).state == "dispatched"
    assert ("case_update", "staff", "sms") not in await kept.queued(), "they go, and are not told otherwise"


async def test_without_anybody_free_the_owner_is_told_so(conn: Connection) -> None:
    desk = await a_claimed_desk(conn)
    with pytest.raises(Conflict):
        await send(desk)
    with pytest.raises(InvalidInput):
        await send(desk, desk.owner)
    other = await add_responder(conn, "忙")
    await send(desk, other)
    second = await a_desk(conn)
    await second.claim()
    with pytest.raises(Conflict):
        await send(second)


async def test_an_acceptance_and_the_end_of_the_minute_at_once_leave_one_answer(
    pool: Pool, conn: Connection
) -> None:
    desk = await a_claimed_desk(conn)
    who = await add_responder(conn, "近")
    one = await send(desk)

    async def accept() -> None:
        async with pool.connection() as mine, mine.transaction():
            await answers.accept(mine, one, who, now=NOW + seconds(60))

    async def miss() -> None:
        async with pool.connection() as mine, mine.transaction():
            await answers.miss(mine, one, now=NOW + seconds(60))

    await asyncio.gather(accept(), *(miss() for _ in range(4)))
    assert await state_of(conn, one) == "accepted"
    assert (await desk.look()).state == "dispatched"
    assert step_key(one) == f"dispatch:{one}"
