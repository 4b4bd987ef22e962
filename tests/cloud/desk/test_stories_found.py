"""Stories that the model found, each told again word for word."""

import asyncio

import pytest

from cloud.access.errors import Conflict
from cloud.cases import answers, by_time, detail, dispatching, stages, store
from cloud.cases.case import Actor
from cloud.database.pool import Connection, connect
from tests.cloud import town
from tests.cloud.cases.desk import a_desk, add_responder, send
from tests.cloud.desk.ward import found
from tests.cloud.town import EVERYONE, NOW, event, seconds
from tests.waiting import until


@pytest.mark.parametrize(
    ("call_s", "due"), [(0, "2026-01-01T02:11:41.000Z"), (120, "2026-01-01T02:12:10.000Z")]
)
async def test_a_second_case_does_not_wait_for_the_end_of_a_call_that_ended_or_became_shorter(
    conn: Connection, call_s: int, due: str
) -> None:
    ids = []
    for _ in range(2):
        home = await town.add_home(conn)
        await town.send(conn, home.gateway, event("sos"))
    operator = await town.add_operator(conn, "甲", seen=NOW + seconds(20))
    for case in [one for one in await town.all_cases(conn) if one.class_ == "care"]:
        ids.append(case.id)
        async with conn.transaction():
            await store.claim(conn, case.id, operator, now=NOW)
    calling, other = ids
    async with conn.transaction():
        await store.call(conn, calling, operator, call_s=3600, now=NOW)
    async with conn.transaction():
        await store.note(conn, other, operator, "……", now=NOW + seconds(5))
    assert other not in await by_time.claims(conn, now=NOW + seconds(9))
    async with conn.transaction():
        await store.call(conn, calling, operator, call_s=call_s, now=NOW + seconds(10))
    assert await by_time.claims(conn, now=NOW + seconds(11)) == [other]
    async with conn.transaction():
        assert await by_time.hold_or_return(conn, other, now=NOW + seconds(11))
    held = await detail.detail(conn, other, EVERYONE)
    assert held.state == "claimed"
    assert held.stage_due_at == due
    assert await by_time.claims(conn, now=NOW + seconds(12)) == []


async def test_who_was_asked_to_go_is_recalled_when_it_becomes_a_service_order(conn: Connection) -> None:
    desk = await a_desk(conn)
    await desk.claim()
    await add_responder(conn, "近")
    await send(desk)
    async with conn.transaction():
        await stages.make_order(conn, desk.case_id, desk.owner, now=NOW + seconds(3))
    seen = await desk.look()
    assert (seen.state, [one.state for one in seen.dispatches]) == ("resolved", ["recalled"])
    cursor = await conn.execute("select distinct state from notification")
    assert await cursor.fetchall() == [("suppressed",)]
    async with conn.transaction():
        await store.close(conn, desk.case_id, desk.owner, disposition="service_order", now=NOW + seconds(9))


async def test_a_fault_that_went_away_stays_open_while_somebody_is_on_the_way(database_url: str) -> None:
    ward = await found(database_url)
    async with ward.lines.connection() as conn:
        gateway = ward.homes[0].gateway
        raised = event("tamper", device="smoke-0")
        await town.send(conn, gateway, raised)
        (case,) = await town.all_cases(conn)
        operator = await town.add_operator(conn, "丁")
        async with conn.transaction():
            await store.claim(conn, case.id, operator, now=NOW)
            _, dispatch_id = await dispatching.offer(conn, case.id, operator, now=NOW)
            await store.release(conn, case.id, operator, now=NOW)
        await town.send(conn, gateway, event("tamper", device="smoke-0", phase="cleared", id=raised["id"]))
        assert await by_time.settled(conn, now=NOW) == []
        assert not await by_time.settle(conn, case.id, now=NOW)
        async with conn.transaction():
            robot = Actor(id=ward.responders[0].id, name="出勤")
            await answers.refuse(conn, dispatch_id, robot, now=NOW)
            row = await (await conn.execute("select id from dispatch where state = 'offered'")).fetchone()
            assert row is not None, "the next one was asked"
            await answers.recall(conn, row[0], robot, now=NOW)
        assert await by_time.settled(conn, now=NOW) == [case.id]
    await ward.close()


async def test_who_did_not_answer_is_not_called_again_to_a_fault_that_went_away(conn: Connection) -> None:
    desk = await a_desk(conn, "tamper")
    await add_responder(conn, "近")
    await desk.claim()
    dispatch_id = await send(desk)
    await desk.dispatches(61)
    await conn.execute(  # the call found the line busy and is to be made again
        "update notification set state = 'queued', next_at = %s where step_key = %s",
        (NOW + seconds(90), f"dispatch:{dispatch_id}"),
    )
    async with conn.transaction():
        await store.release(conn, desk.case_id, desk.owner, now=NOW + seconds(62))
    await conn.execute("update alarm set cleared_at = %s", (NOW + seconds(63),))
    async with conn.transaction():
        assert await by_time.settle(conn, desk.case_id, now=NOW + seconds(64))
    cursor = await conn.execute(
        "select distinct state from notification where step_key = %s", (f"dispatch:{dispatch_id}",)
    )
    assert await cursor.fetchall() == [("suppressed",)]


async def test_an_order_becomes_no_alarm_again_beside_a_new_case_of_the_same_moment(
    conn: Connection, database_url: str
) -> None:
    desk = await a_desk(conn)
    await desk.claim()
    async with conn.transaction():
        await stages.make_order(conn, desk.case_id, desk.owner, now=NOW)
    await town.add_device(conn, "zb-new", desk.home)

    async def back() -> None:
        async with conn.transaction():
            await stages.unmake_order(conn, desk.case_id, desk.owner, now=NOW)

    async with await connect(database_url) as ingest, await connect(database_url) as watcher:
        async with ingest.transaction():
            await town.send(ingest, desk.home.gateway, event("sos", device="zb-new"))
            refused = asyncio.create_task(back())

            async def waits() -> bool:
                cursor = await watcher.execute(
                    "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
                    (conn.info.backend_pid,),
                )
                return await cursor.fetchone() is not None

            await until(waits)
        with pytest.raises(Conflict) as told:
            await refused
    newer = (await town.all_cases(conn))[-1]
    assert told.value.members["existing_id"] == str(newer.id)
