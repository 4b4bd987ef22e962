"""Many technical cases of one place and cause behind one line, and what never goes behind one."""

import json
from uuid import UUID

from cloud.access.access import Identity
from cloud.cases import dispatching, grouping, store
from cloud.cases.case import State
from cloud.cases.publish import publish
from cloud.cases.summary import CaseSummary
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.ingest import whereabouts
from cloud.ingest.states import set_online
from cloud.supervision.jobs import group_causes
from cloud.timers import settle_technical
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.cases.desk import add_responder
from tests.cloud.town import EVERYONE, LONG_AGO, NOW, Home, event, seconds


async def homes_of(conn: Connection, count: int, compound: str = "胜利小区") -> list[Home]:
    homes = [await town.add_home(conn) for _ in range(count)]
    ids = [home.id for home in homes]
    await conn.execute("update home set compound = %s where id = any(%s)", (compound, ids))
    return homes


async def go(conn: Connection, home: Home, *, online: bool, at: float = 0) -> None:
    """A gateway comes or goes."""
    now = NOW + seconds(at)
    async with conn.transaction():
        sender = await whereabouts.hear(conn, home.gateway, at=None)
        changed = await set_online(conn, sender, online=online, reason="last_will", now=now)
        await publish(conn, changed, now=now)


async def work(conn: Connection, at: float) -> None:
    """The worker's look at groups and at what has settled."""
    moment = Moment(now=NOW + seconds(at), started_at=LONG_AGO)
    await group_causes(conn, moment)
    await settle_technical(conn, moment)


async def live(conn: Connection) -> list[CaseSummary]:
    return [case for case in await town.all_cases(conn) if case.state not in ("closed", "merged")]


async def the_line(conn: Connection) -> CaseSummary:
    (line,) = [case for case in await live(conn) if case.subject_kind == "area"]
    return line


async def test_a_compounds_power_cut_is_one_line_with_its_children(conn: Connection) -> None:
    homes = await homes_of(conn, 30)
    for home in homes[:10]:
        await go(conn, home, online=False)
    await work(conn, 1)
    for home in homes[10:]:
        await go(conn, home, online=False, at=2)
    await work(conn, 3)
    (line,) = await live(conn)
    assert (line.kinds, line.children, line.priority) == (["area_outage", "gateway_offline"], 30, 4)
    assert line.class_ == "technical"
    assert line.place is not None
    assert "胜利小区" in line.place.text
    assert line.place.room == ""
    children = await grouping.children(conn, line.id, limit=100)
    assert len(children) == 30
    assert {child.group_id for child in children} == {line.id}


async def test_two_compounds_are_two_lines_and_a_single_silence_is_none(conn: Connection) -> None:
    for compound, count in (("甲小区", 6), ("乙小区", 7), ("丙小区", 1)):
        for home in await homes_of(conn, count, compound):
            await go(conn, home, online=False)
    await conn.execute("insert into flood (since) values (null) on conflict do nothing")
    for name in ("甲", "乙", "丙"):  # three seats: no flood
        await town.add_operator(conn, name)
    await work(conn, 1)
    rows = await live(conn)
    assert sorted(case.children for case in rows) == [0, 6, 7]


async def test_life_safety_is_never_grouped_however_many(conn: Connection) -> None:
    for home in await homes_of(conn, 15):
        await town.add_device(conn, f"zb-{home.gateway}", home)
        await town.send(conn, home.gateway, event("smoke", device=f"zb-{home.gateway}"))
    await work(conn, 1)
    assert [case.class_ for case in await live(conn)] == ["care"] * 15
    row = await (await conn.execute("select since from flood")).fetchone()
    assert row is not None
    assert row[0] is not None


async def test_mains_lost_where_somebody_needs_oxygen_stays_a_row_of_its_own(conn: Connection) -> None:
    homes = await homes_of(conn, 8)
    await conn.execute(
        'update resident set needs = \'{"power": "制氧机"}\' where id = %s', (homes[3].resident_id,)
    )
    for home in homes:
        await town.send(conn, home.gateway, event("mains_lost", device=None))
    await work(conn, 1)
    rows = await live(conn)
    assert sorted((case.priority, case.children) for case in rows) == [(2, 0), (4, 7)]


async def test_a_line_names_its_high_risk_elders_with_their_telephones(conn: Connection) -> None:
    homes = await homes_of(conn, 6)
    await conn.execute(
        "update resident set limits = '{\"high_risk\": true}' where id = any(%s)",
        ([homes[1].resident_id, homes[4].resident_id],),
    )
    await conn.execute(
        "insert into person_phone (person_id, phone) select person_id, '0546-1' from resident where id = %s",
        (homes[1].resident_id,),
    )
    await conn.execute(
        "insert into resident_state (resident_id, state, valid) values (%s, 'hospital', tstzrange(%s, null))",
        (homes[4].resident_id, LONG_AGO),
    )
    for home in homes:
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    assert line.high_risk == 1, "who is in hospital is not to be called at home"
    (callee,) = await grouping.call_list(conn, line.id, now=NOW + seconds(1))
    assert (callee.resident_id, callee.phones) == (homes[1].resident_id, ["0546-1"])


async def test_when_a_group_ends_it_says_so_and_closes(conn: Connection) -> None:
    homes = await homes_of(conn, 6)
    for home in homes:
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    for home in homes[:5]:
        await go(conn, home, online=True, at=10)
    await work(conn, 11)
    await work(conn, 12)
    assert (await the_line(conn)).children == 1
    await go(conn, homes[5], online=True, at=20)
    for at in (21, 22, 23):
        await work(conn, at)
    assert await live(conn) == []
    rows = await (
        await conn.execute("select kind, data from case_entry where case_id = %s order by n", (line.id,))
    ).fetchall()
    kinds = [row[0] for row in rows]
    assert kinds.index("group_ended") < kinds.index("closed")
    assert next(row[1] for row in rows if row[0] == "group_ended") == {"cases": 6}


async def test_the_feed_tells_of_a_group_and_not_of_each_child(conn: Connection) -> None:
    homes = await homes_of(conn, 40)
    for home in homes[:6]:
        await go(conn, home, online=False)
    await work(conn, 1)
    before = await feed.position(conn)
    for home in homes[6:]:
        await go(conn, home, online=False, at=2)
    assert await feed.position(conn) == before
    await work(conn, 3)
    frames = await feed.read_after(conn, before, EVERYONE)
    shown = [json.loads(frame.encode())["data"] for frame in frames if frame.type == "case"]
    assert [data["children"] for data in shown] == [40]


async def test_a_screen_that_follows_the_feed_shows_what_the_list_shows(conn: Connection) -> None:
    for home in await homes_of(conn, 12):
        await go(conn, home, online=False)
    await work(conn, 1)
    shown: dict[str, bool] = {}
    for frame in await feed.read_after(conn, 0, EVERYONE):
        data = json.loads(frame.encode())["data"]
        if frame.type == "case":
            shown[data["id"]] = data["group_id"] is None and data["state"] != "closed"
    assert {UUID(id_) for id_, visible in shown.items() if visible} == {case.id for case in await live(conn)}


async def test_whoever_takes_a_child_takes_it_out_of_the_group(conn: Connection) -> None:
    for home in await homes_of(conn, 6):
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    child = (await grouping.children(conn, line.id, limit=1))[0]
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, child.id, operator, now=NOW + seconds(2))
    await work(conn, 3)
    await work(conn, 4)
    assert (await the_line(conn)).children == 5
    assert child.id in {case.id for case in await live(conn)}


async def test_closing_a_line_closes_what_is_behind_it(conn: Connection) -> None:
    for home in await homes_of(conn, 6):
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    operator = await town.add_operator(conn, "甲", seen=NOW + seconds(5))
    async with conn.transaction():
        await store.claim(conn, line.id, operator, now=NOW + seconds(2))
    async with conn.transaction():
        await store.resolve(conn, line.id, operator, now=NOW + seconds(3))
    await work(conn, 4)
    assert {case.state for case in await live(conn)} == {"resolved"}
    async with conn.transaction():
        await store.close(conn, line.id, operator, disposition="technical", now=NOW + seconds(5))
    await work(conn, 6)
    rows = await (await conn.execute("select distinct state, disposition from cases")).fetchall()
    assert rows == [("closed", "technical")]


async def send_somebody(conn: Connection, case_id: UUID, at: float) -> UUID:
    """An operator takes a case, sends a responder and gives it back within a second."""
    now = NOW + seconds(at)
    operator = await town.add_operator(conn, "乙", seen=now)
    await add_responder(conn, "近")
    async with conn.transaction():
        await store.claim(conn, case_id, operator, now=now)
        _, dispatch_id = await dispatching.offer(conn, case_id, operator, now=now)
        await store.release(conn, case_id, operator, now=now)
    return dispatch_id


async def test_a_case_that_somebody_is_on_the_way_to_goes_behind_no_line(conn: Connection) -> None:
    homes = await homes_of(conn, 7)
    await go(conn, homes[0], online=False)
    (first,) = await live(conn)
    await send_somebody(conn, first.id, 1)
    for home in homes[1:]:
        await go(conn, home, online=False, at=2)
    await work(conn, 3)
    assert {(case.children, case.id == first.id) for case in await live(conn)} == {(6, False), (0, True)}


async def test_closing_a_line_leaves_open_what_somebody_is_on_the_way_to(conn: Connection) -> None:
    for home in await homes_of(conn, 6):
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    operator = await town.add_operator(conn, "甲", seen=NOW + seconds(5))
    child = (await grouping.children(conn, line.id, limit=1))[0]
    async with conn.transaction():
        await store.claim(conn, line.id, operator, now=NOW + seconds(2))
        await store.resolve(conn, line.id, operator, now=NOW + seconds(3))
        await store.close(conn, line.id, operator, disposition="technical", now=NOW + seconds(4))
    found = await grouping.taken_out(conn)
    await send_somebody(conn, child.id, 4)  # between the worker's look and its deed
    for each in found:
        async with conn.transaction():
            await grouping.settle_child(conn, each, now=NOW + seconds(5))
    (left,) = await live(conn)
    assert (left.id, left.state, left.group_id) == (child.id, "open", None)


async def test_a_child_that_somebody_is_on_the_way_to_comes_out_of_the_group(conn: Connection) -> None:
    for home in await homes_of(conn, 6):
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    child = (await grouping.children(conn, line.id, limit=1))[0]
    await send_somebody(conn, child.id, 2)
    await work(conn, 3)
    await work(conn, 4)
    assert (await the_line(conn)).children == 5
    assert child.id in {case.id for case in await live(conn)}


async def test_a_new_silence_after_a_closed_line_is_shown(conn: Connection) -> None:
    homes = await homes_of(conn, 7)
    for home in homes[:6]:
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    operator = await town.add_operator(conn, "甲", seen=NOW + seconds(5))
    async with conn.transaction():
        await store.claim(conn, line.id, operator, now=NOW + seconds(2))
    async with conn.transaction():
        await store.resolve(conn, line.id, operator, now=NOW + seconds(3))
    await go(conn, homes[6], online=False, at=4)
    await work(conn, 5)
    assert [case.children for case in await live(conn) if case.state == "open"] == [0]


async def test_a_grouped_case_that_becomes_urgent_makes_its_line_urgent(conn: Connection) -> None:
    homes = await homes_of(conn, 6)
    for home in homes:
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    child = (await grouping.children(conn, line.id, limit=1))[0]
    await conn.execute("update cases set priority = 2 where id = %s", (child.id,))
    await work(conn, 2)
    after = await the_line(conn)
    assert (after.priority, after.children, after.rings) == (2, 6, line.rings + 1)


async def test_another_kind_of_fault_behind_a_line_makes_the_line_ring_and_name_it(conn: Connection) -> None:
    homes = await homes_of(conn, 6)
    for home in homes:
        await go(conn, home, online=False)
    await work(conn, 1)
    line = await the_line(conn)
    await town.send(conn, homes[0].gateway, event("storage_full", device=None))
    await work(conn, 2)
    after = await the_line(conn)
    assert after.kinds == [*line.kinds, "storage_full"]
    assert after.rings == line.rings + 1


async def test_the_beginning_and_the_end_of_a_flood_are_told_to_everybody(conn: Connection) -> None:
    east = Identity(id=EVERYONE.id, name="东", role="operator", area_code="370502")
    homes = await homes_of(conn, 12)
    for home in homes:
        await town.send(conn, home.gateway, event("storage_full", device=None))
    await work(conn, 1)
    (line,) = await live(conn)
    assert (line.kinds, line.children) == (["same_cause", "storage_full"], 12)
    await work(conn, 700)
    news = [
        json.loads(frame.encode())["data"]
        for frame in await feed.read_after(conn, 0, east)
        if frame.type == "desk"
    ]
    assert [(item["kind"], item["state"]) for item in news] == [("flood", "on"), ("flood", "over")]
    assert news[0]["alarms"] == 12


async def test_cases_of_two_organisations_are_never_behind_one_line(conn: Connection) -> None:
    homes = await homes_of(conn, 12)
    other = UUID(int=5)
    await conn.execute("insert into org (id, name, created_at) values (%s, '另一家', %s)", (other, LONG_AGO))
    ids = [home.gateway for home in homes[:6]]
    await conn.execute("update gateway set org_id = %s where id = any(%s)", (other, ids))
    for home in homes:
        await go(conn, home, online=False)
    await work(conn, 1)
    rows = await live(conn)
    assert [case.children for case in rows] == [6, 6]
    limited = Identity(id=EVERYONE.id, name="另", role="operator", org_id=other)
    assert len(await store.list_cases(conn, limited, states=list(State))) == 1
