"""Stories that the model found, each told again word for word."""

from cloud.cases import by_time, detail, store
from cloud.database.pool import Connection
from tests.cloud import town
from tests.cloud.town import EVERYONE, NOW, event, seconds


async def test_a_second_case_does_not_wait_for_the_end_of_a_call_that_ended_early(conn: Connection) -> None:
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
        await store.call(conn, calling, operator, call_s=0, now=NOW + seconds(10))
    assert await by_time.claims(conn, now=NOW + seconds(11)) == [other]
    async with conn.transaction():
        assert await by_time.hold_or_return(conn, other, now=NOW + seconds(11))
    held = await detail.detail(conn, other, EVERYONE)
    assert held.state == "claimed"
    assert held.stage_due_at == "2026-01-01T02:11:41.000Z"
    assert await by_time.claims(conn, now=NOW + seconds(12)) == []
