"""What people do to cases: exactly one owner, nothing impossible, everything written down."""

import asyncio

import pytest

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.cases import case as rules
from cloud.cases import detail, store
from cloud.cases.case import State
from cloud.cases.summary import CaseDetail, CaseSummary
from cloud.database.pool import Connection, Pool, open_pool
from cloud.feed import store as feed
from firmware_specs.ids import uuid7
from tests.cloud import town
from tests.cloud.town import NOW, event, seconds


async def an_open_case(conn: Connection) -> CaseDetail:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.send(conn, home.gateway, event("sos"))
    return await town.care(conn)


async def test_of_sixty_four_claims_at_once_exactly_one_wins_and_the_others_are_told_who(
    database_url: str, conn: Connection
) -> None:
    case = await an_open_case(conn)
    operators = [await town.add_operator(conn, f"操作员{n}") for n in range(64)]
    async with open_pool(database_url, max_size=16) as pool:

        async def claim(n: int) -> CaseSummary | Conflict:
            async with pool.connection() as mine:
                try:
                    async with mine.transaction():
                        return await store.claim(mine, case.id, operators[n], now=NOW)
                except Conflict as refused:
                    return refused

        results = await asyncio.gather(*(claim(n) for n in range(64)))
    winners = [result for result in results if isinstance(result, CaseSummary)]
    losers = [result for result in results if isinstance(result, Conflict)]
    assert len(winners) == 1
    assert winners[0].owner is not None
    assert {loser.members["owner_name"] for loser in losers} == {winners[0].owner.name}
    after = await town.care(conn)
    assert [entry.kind for entry in after.timeline].count("claimed") == 1
    assert after.chain_valid


async def test_claiming_ones_own_case_again_renews_it(conn: Connection) -> None:
    case = await an_open_case(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        first = await store.claim(conn, case.id, operator, now=NOW)
        again = await store.claim(conn, case.id, operator, now=NOW + seconds(60))
    assert first.stage_due_at == "2026-01-01T02:11:30.000Z"
    assert again.stage_due_at == "2026-01-01T02:12:30.000Z"


async def test_everything_the_table_forbids_is_refused_with_the_state(conn: Connection) -> None:
    case = await an_open_case(conn)
    operator = await town.add_operator(conn, "甲")
    for act in (store.renew, store.release, store.resolve):
        with pytest.raises(Conflict) as refused:
            await act(conn, case.id, operator, now=NOW)
        assert refused.value.members["state"] == "open"
    with pytest.raises(Conflict):
        await store.close(conn, case.id, operator, disposition="other", now=NOW)
    async with conn.transaction():
        await store.claim(conn, case.id, operator, now=NOW)
    with pytest.raises(Conflict):
        await store.close(conn, case.id, operator, disposition="other", now=NOW)
    async with conn.transaction():
        await store.resolve(conn, case.id, operator, now=NOW)
        await store.close(conn, case.id, operator, disposition="false_alarm", note="误触", now=NOW)
    for act in (store.claim, store.renew, store.release, store.resolve):
        with pytest.raises(Conflict) as refused:
            await act(conn, case.id, operator, now=NOW)
        assert refused.value.members["state"] == "closed"
    with pytest.raises(Conflict):
        await store.note(conn, case.id, operator, "late", now=NOW)


async def test_only_the_owner_acts_on_a_claimed_case(conn: Connection) -> None:
    case = await an_open_case(conn)
    owner, other = await town.add_operator(conn, "甲"), await town.add_operator(conn, "乙")
    async with conn.transaction():
        await store.claim(conn, case.id, owner, now=NOW)
    for act in (store.renew, store.release, store.resolve, store.claim):
        with pytest.raises(Conflict) as refused:
            await act(conn, case.id, other, now=NOW)
        assert refused.value.members["owner_name"] == "甲"


async def test_a_released_case_rings_again_and_anybody_may_claim_it(conn: Connection) -> None:
    case = await an_open_case(conn)
    first, second = await town.add_operator(conn, "甲"), await town.add_operator(conn, "乙")
    async with conn.transaction():
        await store.claim(conn, case.id, first, now=NOW)
        released = await store.release(conn, case.id, first, now=NOW)
        claimed = await store.claim(conn, case.id, second, now=NOW)
    assert (released.state, released.rings, released.owner) == ("open", 2, None)
    assert claimed.owner is not None
    assert claimed.owner.name == "乙"


async def test_a_note_by_the_owner_renews_the_claim_one_by_another_does_not(conn: Connection) -> None:
    case = await an_open_case(conn)
    owner, other = await town.add_operator(conn, "甲"), await town.add_operator(conn, "乙")
    async with conn.transaction():
        claimed = await store.claim(conn, case.id, owner, now=NOW)
        noted = await store.note(conn, case.id, other, "邻居说在家", now=NOW + seconds(30))
        assert noted.stage_due_at == claimed.stage_due_at
        noted = await store.note(conn, case.id, owner, "已联系女儿", now=NOW + seconds(40))
    assert noted.stage_due_at == "2026-01-01T02:12:10.000Z"


async def test_a_running_call_holds_the_claim_until_it_ends(conn: Connection) -> None:
    case = await an_open_case(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, case.id, operator, now=NOW)
        calling = await store.call(conn, case.id, operator, call_s=600, now=NOW)
        assert calling.stage_due_at == "2026-01-01T02:20:00.000Z"
        renewed = await store.renew(conn, case.id, operator, now=NOW + seconds(10))
        assert renewed.stage_due_at == calling.stage_due_at
        ended = await store.call(conn, case.id, operator, call_s=0, now=NOW + seconds(60))
    assert ended.stage_due_at == "2026-01-01T02:12:30.000Z"
    with pytest.raises(InvalidInput):
        await store.call(conn, case.id, operator, call_s=3601, now=NOW)


async def test_the_gateway_hears_of_claim_and_closing_for_every_event(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    presses = [event("sos"), event("sos"), event("smoke")]
    for press in presses:
        await town.send(conn, home.gateway, press)
    case = await town.care(conn)
    operator = await town.add_operator(conn, "甲")
    await conn.execute("delete from ack_queue")
    async with conn.transaction():
        await store.claim(conn, case.id, operator, now=NOW)
        await store.resolve(conn, case.id, operator, now=NOW)
        await store.close(conn, case.id, operator, disposition="real_emergency", now=NOW)
    rows = await (await conn.execute("select stage, event_id::text, run from ack_queue")).fetchall()
    ids = {press["id"] for press in presses}
    assert {row[1] for row in rows if row[0] == "claimed"} == ids
    assert {row[1] for row in rows if row[0] == "closed"} == ids
    assert {row[2] for row in rows} == {presses[0]["run"]}


async def test_what_was_shown_is_written_once_a_ring(conn: Connection) -> None:
    case = await an_open_case(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        assert await store.shown(conn, case.id, operator, rings=1, now=NOW)
        assert not await store.shown(conn, case.id, operator, rings=1, now=NOW)
        assert not await store.shown(conn, case.id, operator, rings=2, now=NOW)
        assert not await store.shown(conn, uuid7(0), operator, rings=1, now=NOW)


async def test_a_case_outside_ones_area_or_organisation_does_not_exist(conn: Connection) -> None:
    case = await an_open_case(conn)
    inside = Identity(id=uuid7(0), name="甲", role="operator", area_code="3705")
    outside = Identity(id=uuid7(0), name="乙", role="operator", area_code="3706")
    elsewhere = Identity(id=uuid7(0), name="丙", role="operator", org_id=uuid7(0))
    assert (await store.summary(conn, case.id, inside)).id == case.id
    for reader in (outside, elsewhere):
        with pytest.raises(NotFound):
            await store.summary(conn, case.id, reader)
        with pytest.raises(NotFound):
            await detail.detail(conn, case.id, reader)
        assert await store.list_cases(conn, reader, states=State) == []
    with pytest.raises(NotFound):
        await store.claim(conn, uuid7(0), await town.add_operator(conn, "甲"), now=NOW)


async def test_a_list_goes_on_from_the_last_number(conn: Connection) -> None:
    for n in range(5):
        home = await town.add_home(conn)
        await town.add_device(conn, f"zb-p{n}", home)
        await town.send(conn, home.gateway, event("sos", device=f"zb-p{n}"))
    first = await store.list_cases(conn, town.EVERYONE, states=State, limit=3)
    rest = await store.list_cases(conn, town.EVERYONE, states=State, limit=3, before=first[-1].number)
    numbers = [case.number for case in (*first, *rest)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 5


async def test_alarms_and_people_at_once_lose_nothing(pool: Pool, conn: Connection) -> None:
    """Presses arrive while operators claim, note and release: every ring is counted, the feed has no gap."""
    home = await town.add_home(conn)
    devices = [f"zb-r{n}" for n in range(8)]
    for device in devices:
        await town.add_device(conn, device, home)
    await town.send(conn, home.gateway, event("sos", device=devices[0]))
    case = await town.care(conn)
    operators = [await town.add_operator(conn, name) for name in ("甲", "乙", "丙")]

    async def press(device: str) -> None:
        async with pool.connection() as mine:
            await town.send(mine, home.gateway, event("sos", device=device))

    async def work(n: int) -> None:
        async with pool.connection() as mine:
            for act in (store.claim, store.renew, store.release):
                try:
                    async with mine.transaction():
                        await act(mine, case.id, operators[n], now=NOW)
                except Conflict:
                    continue

    await asyncio.gather(*(press(device) for device in devices[1:]), *(work(n) for n in range(3)))
    after = await town.care(conn)
    assert after.alarm_count == 8
    released = [entry for entry in after.timeline if entry.kind == "released"]
    assert after.rings == 8 + len(released)
    assert after.chain_valid
    seqs = [frame.seq for frame in await feed.read_after(conn, 0, town.EVERYONE)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert rules.State(after.state) in (State.OPEN, State.CLAIMED)
