"""The stages of a case: who may do what, what each limit does, and that nobody who talks loses it."""

import uuid
from contextlib import nullcontext
from typing import Any

import pytest

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import handing, merging, stages, store
from cloud.cases.case import Actor, State
from cloud.cases.summary import CaseDetail
from cloud.database.pool import Connection
from cloud.feed import store as feed
from tests.cloud import town
from tests.cloud.cases.desk import STAGES, Desk, a_desk
from tests.cloud.town import NOW, event, seconds


async def other(desk: Desk, name: str = "乙", at: float = 0) -> Actor:
    return await town.add_operator(desk.conn, name, seen=NOW + seconds(at))


@pytest.mark.parametrize("stage", STAGES)
async def test_an_owner_who_dies_in_any_stage_loses_the_case_after_twenty_seconds(
    conn: Connection, stage: State
) -> None:
    desk = await a_desk(conn)
    await desk.reach(stage)
    await desk.hold(20)
    assert (await desk.look()).state == stage
    await desk.hold(20.1)
    case = await desk.look()
    assert (case.state, case.rings, case.owner, case.handed_from) == ("open", 2, None, "甲")
    assert case.timeline[-1].data["state"] == stage
    assert case.chain_valid


@pytest.mark.parametrize("stage", STAGES)
async def test_nobody_who_is_talking_loses_the_case_in_any_stage(conn: Connection, stage: State) -> None:
    desk = await a_desk(conn)
    await desk.reach(stage)
    async with conn.transaction():
        await store.call(conn, desk.case_id, desk.owner, call_s=3000, now=NOW)
    await desk.hold(2999)
    assert (await desk.look()).state == stage
    await desk.hold(3001)
    assert (await desk.look()).state == "open"


@pytest.mark.parametrize(
    ("stage", "limit_s"),
    [(State.CLAIMED, 90), (State.CONTACTING, 90), (State.DISPATCHED, 600), (State.ON_SCENE, 1800)],
)
async def test_an_overdue_stage_warns_the_owner_then_the_supervisor_then_returns(
    conn: Connection, stage: State, limit_s: int
) -> None:
    desk = await a_desk(conn)
    await desk.reach(stage)

    async def at(moment: float) -> CaseDetail:
        await desk.see(moment)
        await desk.hold(moment)
        return await desk.look()

    assert not (await at(limit_s - 0.1)).overdue
    assert (await at(limit_s)).overdue
    assert (await at(limit_s + 14.9)).timeline[-1].kind == "warned"
    told = await at(limit_s + 15)
    assert (told.timeline[-1].kind, told.timeline[-1].data["to"]) == ("escalated", "supervisors")
    assert (await at(limit_s + 29.9)).state == stage
    case = await at(limit_s + 30)
    assert (case.state, case.rings, case.timeline[-1].data["reason"]) == ("open", 2, "stage_overdue")
    frames = [frame.type for frame in await feed.read_after(conn, 0, town.EVERYONE)]
    assert frames.count("escalation") == 1


async def test_work_renews_a_stage_and_never_shortens_it(conn: Connection) -> None:
    desk = await a_desk(conn)
    await desk.reach(State.DISPATCHED)
    async with conn.transaction():
        early = await store.note(conn, desk.case_id, desk.owner, "x", now=NOW + seconds(10))
        late = await store.note(conn, desk.case_id, desk.owner, "y", now=NOW + seconds(590))
    assert early.stage_due_at == "2026-01-01T02:20:00.000Z"
    assert late.stage_due_at == "2026-01-01T02:21:20.000Z"


async def test_a_case_that_takes_alarms_is_the_only_one_of_its_subject_in_every_stage(
    conn: Connection,
) -> None:
    desk = await a_desk(conn)
    await town.add_device(conn, "zb-again", desk.home)
    for n, stage in enumerate((*STAGES, State.HANDED_OVER), 2):
        await conn.execute("update cases set state = %s where id = %s", (stage, desk.case_id))
        await town.send(conn, desk.home.gateway, event("smoke" if n % 2 else "gas", device="zb-again"))
        assert len([case for case in await town.all_cases(conn) if case.class_ == "care"]) == 1
        assert (await desk.look()).rings == n
    for over in (State.RESOLVED, State.FOLLOWED_UP, State.MERGED):
        await conn.execute("update cases set state = %s where id = %s", (over, desk.case_id))
    await town.send(conn, desk.home.gateway, event("co", device="zb-again"))
    newest = [case for case in await town.all_cases(conn) if case.class_ == "care"][-1]
    assert (newest.state, newest.follows_id) == ("open", desk.case_id)


async def test_a_hand_over_by_name_is_taken_or_comes_back_after_thirty_seconds(conn: Connection) -> None:
    desk = await a_desk(conn)
    taker = await other(desk)
    for to in (taker.seat_id, taker.id):
        await conn.execute("update seat set last_seen_at = %s", (NOW,))
        await desk.claim()
        async with conn.transaction():
            given = await handing.hand_over(conn, desk.case_id, desk.owner, to, note="交班", now=NOW)
        assert (given.state, given.owner, given.handed_from) == ("handed_over", None, "甲")
        assert given.handed_to is not None
        assert given.handed_to.name == "乙"
        await desk.hold(29.9)
        assert (await desk.look()).state == "handed_over"
        await desk.hold(30)
        case = await desk.look()
        assert (case.state, case.timeline[-1].data["reason"]) == ("open", "not_taken")
    await desk.claim()
    async with conn.transaction():
        await handing.hand_over(conn, desk.case_id, desk.owner, taker.id, now=NOW)
        taken = await store.claim(conn, desk.case_id, taker, now=NOW + seconds(5))
    assert taken.owner is not None
    assert (taken.owner.name, taken.handed_to) == ("乙", None)


@pytest.mark.parametrize(
    ("priority", "seat_seen_s", "after_s", "theirs"),
    [
        (2, 0, 5, True),
        (1, 0, 5, False),  # a life waits for nobody
        (2, -25, 5, False),  # the named one's seat is dead
        (2, 30, 30, False),  # the named one did not come, and no worker has said so yet
    ],
)
async def test_a_case_handed_over_by_name_is_kept_for_the_named_one_but_never_a_life(
    conn: Connection, priority: int, seat_seen_s: float, after_s: float, theirs: bool
) -> None:
    desk = await a_desk(conn)
    taker, third = await other(desk), await town.add_operator(conn, "丙")
    await desk.claim()
    async with conn.transaction():
        await handing.hand_over(conn, desk.case_id, desk.owner, taker.id, now=NOW)
    await conn.execute("update cases set priority = %s where id = %s", (priority, desk.case_id))
    await conn.execute(
        "update seat set last_seen_at = %s where id = %s", (NOW + seconds(seat_seen_s), taker.seat_id)
    )
    for who in (third, taker) if theirs else (third,):
        expected = pytest.raises(Conflict, match="乙") if theirs and who is third else nullcontext()
        with expected:
            async with conn.transaction():
                await store.claim(conn, desk.case_id, who, now=NOW + seconds(after_s))
    owner = (await desk.look()).owner
    assert owner is not None
    assert owner.name == ("乙" if theirs else "丙")


async def test_a_case_on_its_way_to_somebody_still_escalates(conn: Connection) -> None:
    desk = await a_desk(conn)
    taker = await other(desk)
    await desk.claim()
    async with conn.transaction():
        await handing.hand_over(conn, desk.case_id, desk.owner, taker.id, now=NOW)
    cursor = await conn.execute(
        "select count(*) from escalation_due d"
        " join cases c on c.id = d.case_id and c.escalation_round = d.round where d.done_at is null"
    )
    assert await cursor.fetchone() == (5,)


async def test_a_case_is_not_handed_to_oneself_or_to_who_is_not_there(conn: Connection) -> None:
    desk = await a_desk(conn)
    gone = await other(desk, at=-30)
    await desk.claim()
    with pytest.raises(InvalidInput):
        await handing.hand_over(conn, desk.case_id, desk.owner, desk.owner.id, now=NOW)
    for nobody in (gone.id, uuid.uuid4()):
        with pytest.raises(Conflict):
            await handing.hand_over(conn, desk.case_id, desk.owner, nobody, now=NOW)
    with pytest.raises(Conflict):
        await handing.hand_over(conn, desk.case_id, gone, None, now=NOW)
    assert (await desk.look()).state == "claimed"


async def test_signing_off_hands_over_by_name_and_to_the_queue_where_nobody_is_there(
    conn: Connection,
) -> None:
    desk = await a_desk(conn)
    taker = await other(desk)
    await desk.claim()
    async with conn.transaction():
        given = await handing.sign_off(conn, desk.case_id, desk.owner, taker.id, now=NOW)
    assert given.state == "handed_over"
    async with conn.transaction():
        await store.claim(conn, desk.case_id, taker, now=NOW)
        given = await handing.sign_off(conn, desk.case_id, taker, uuid.uuid4(), now=NOW)
    assert (given.state, given.handed_from) == ("open", "乙")
    assert (await desk.look()).timeline[-1].data["to"] == "queue"


async def test_a_supervisor_takes_over_in_the_stage_that_it_is_in_but_never_from_who_talks(
    conn: Connection,
) -> None:
    desk = await a_desk(conn)
    chief = await other(desk, "主管")
    with pytest.raises(Conflict):
        await handing.take_over(conn, desk.case_id, chief, now=NOW)
    await desk.reach(State.ON_SCENE)
    async with conn.transaction():
        await store.call(conn, desk.case_id, desk.owner, call_s=60, now=NOW)
    with pytest.raises(Conflict) as refused:
        await handing.take_over(conn, desk.case_id, chief, now=NOW + seconds(59))
    assert refused.value.members["owner_name"] == "甲"
    assert refused.value.members["talking_until"] == "2026-01-01T02:11:00.000Z"
    async with conn.transaction():
        taken = await handing.take_over(conn, desk.case_id, chief, reason="换人", now=NOW + seconds(60))
    assert taken.owner is not None
    assert (taken.state, taken.owner.name) == ("on_scene", "主管")
    assert (await desk.look()).timeline[-1].data["owner"] == "甲"


async def test_merged_cases_have_every_alarm_once_and_both_tell_it(conn: Connection) -> None:
    gone, kept = await a_desk(conn, "smoke"), await a_desk(conn, "water_leak")
    owner = kept.owner
    with pytest.raises(Conflict):
        await merging.merge(conn, gone.case_id, kept.case_id, owner, now=NOW)
    await kept.claim()
    async with conn.transaction():
        result = await merging.merge(conn, gone.case_id, kept.case_id, owner, note="同一处", now=NOW)
    assert result.id == kept.case_id
    assert (result.priority, set(result.kinds), result.alarm_count) == (1, {"smoke", "water_leak"}, 2)
    before, after = await gone.look(), await kept.look()
    assert (before.state, before.merged_into, before.alarms) == ("merged", kept.case_id, [])
    assert len(after.alarms) == 2
    assert before.timeline[-1].data["into"] == str(kept.case_id)
    assert after.timeline[-1].data["from_id"] == str(gone.case_id)
    assert before.chain_valid
    assert after.chain_valid
    await town.add_device(conn, "zb-new", gone.home)
    await town.send(conn, gone.home.gateway, event("sos", device="zb-new"))
    fresh = (await town.all_cases(conn))[-1]
    assert (fresh.state, fresh.follows_id) == ("open", gone.case_id)


async def test_who_has_a_case_keeps_it_from_being_merged_away(conn: Connection) -> None:
    gone, kept = await a_desk(conn), await a_desk(conn)
    await gone.claim()
    await kept.claim()
    with pytest.raises(Conflict) as refused:
        await merging.merge(conn, gone.case_id, kept.case_id, kept.owner, now=NOW)
    assert refused.value.members["owner_name"] == "甲"
    with pytest.raises(InvalidInput):
        await merging.merge(conn, kept.case_id, kept.case_id, kept.owner, now=NOW)
    await conn.execute(
        "update cases set class = 'test', state = 'open', owner_id = null where id = %s", (gone.case_id,)
    )
    with pytest.raises(InvalidInput):
        await merging.merge(conn, gone.case_id, kept.case_id, kept.owner, now=NOW)


async def test_nobody_answering_the_call_back_is_an_emergency(conn: Connection) -> None:
    desk = await a_desk(conn, "water_leak")
    await desk.claim()
    async with conn.transaction():
        for outcome in ("busy", "wrong_number", "answered_ok"):
            case = await stages.call_back(conn, desk.case_id, desk.owner, outcome, now=NOW)
            assert (case.priority, case.state) == (2, "contacting")
        case = await stages.call_back(conn, desk.case_id, desk.owner, "no_answer", now=NOW)
    assert (case.priority, case.state, case.rings) == (1, "contacting", 2)
    assert "no_answer" in case.kinds
    outcomes = [entry.data["outcome"] for entry in (await desk.look()).timeline if entry.kind == "call_back"]
    assert outcomes == ["busy", "wrong_number", "answered_ok", "no_answer"]


async def test_nobody_answering_after_the_end_opens_a_case_of_its_own(conn: Connection) -> None:
    desk = await a_desk(conn)
    await desk.claim()
    async with conn.transaction():
        await store.resolve(conn, desk.case_id, desk.owner, now=NOW)
        await stages.call_back(conn, desk.case_id, await other(desk), "no_answer", now=NOW)
    old, new = await town.all_cases(conn)
    assert (old.state, new.state, new.kinds, new.follows_id) == ("resolved", "open", ["no_answer"], old.id)


async def test_an_alarm_becomes_a_service_order_and_back_in_one_call(conn: Connection) -> None:
    desk = await a_desk(conn)
    helper = await other(desk)
    await desk.claim()
    async with conn.transaction():
        order = await stages.make_order(conn, desk.case_id, desk.owner, note="换灯泡", now=NOW)
        assert (order.state, order.disposition, order.service_order) == ("resolved", "service_order", True)
        back = await stages.unmake_order(conn, desk.case_id, helper, now=NOW)
    assert back.owner is not None
    assert (back.state, back.owner.name, back.service_order, back.disposition) == (
        "claimed",
        "乙",
        False,
        None,
    )
    async with conn.transaction():
        await stages.make_order(conn, desk.case_id, helper, now=NOW)
    await town.add_device(conn, "zb-so", desk.home)
    await town.send(conn, desk.home.gateway, event("sos", device="zb-so"))
    with pytest.raises(Conflict) as refused:
        await stages.unmake_order(conn, desk.case_id, helper, now=NOW)
    assert refused.value.members["existing_id"] == str((await town.all_cases(conn))[-1].id)


async def test_following_up_comes_after_the_end_and_before_closing(conn: Connection) -> None:
    desk = await a_desk(conn)
    with pytest.raises(Conflict):
        await stages.follow_up(conn, desk.case_id, desk.owner, now=NOW)
    await desk.claim()
    async with conn.transaction():
        await store.resolve(conn, desk.case_id, desk.owner, now=NOW)
        asked = await stages.follow_up(conn, desk.case_id, desk.owner, note="已康复", now=NOW)
        assert (asked.state, asked.followed_up_at) == ("followed_up", "2026-01-01T02:10:00.000Z")
        with pytest.raises(Conflict):
            await stages.unmake_order(conn, desk.case_id, desk.owner, now=NOW)
        closed = await store.close(conn, desk.case_id, desk.owner, disposition="help_given", now=NOW)
    assert closed.state == "closed"


async def test_only_the_owner_contacts_and_a_stranger_is_told_whose_it_is(conn: Connection) -> None:
    desk = await a_desk(conn)
    await desk.claim()
    stranger = await other(desk)
    calls: list[Any] = [stages.contact, stages.make_order]
    for act in calls:
        with pytest.raises(Conflict) as refused:
            await act(conn, desk.case_id, stranger, now=NOW)
        assert refused.value.members["owner_name"] == "甲"
    async with conn.transaction():
        contacted = await stages.contact(conn, desk.case_id, desk.owner, now=NOW)
    assert contacted.state == "contacting"


async def test_the_desk_shows_who_is_there(conn: Connection) -> None:
    desk = await a_desk(conn)
    await other(desk, at=-30)
    await desk.claim()
    reader = Identity(id=uuid.uuid4(), name="x", role="operator", area_code="370502")
    (seat,) = await handing.living_seats(conn, reader, now=NOW)
    assert (seat.name, seat.cases, seat.talking) == ("甲", 1, False)
