"""A clock that is set back by an hour: nobody is forgotten for that hour, and no dead seat lives in it."""

from uuid import UUID

from cloud.cases import store
from cloud.cases.case import Actor
from cloud.database.pool import Connection
from cloud.notifications import store as outbox
from tests.cloud import town
from tests.cloud.test_timers import a_home, look, pass_time
from tests.cloud.town import NOW, event, seconds

HOUR = 3600.0


async def test_a_call_for_help_from_the_hour_that_never_was_is_escalated_in_its_own_time(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"), at=NOW + seconds(HOUR))
    await pass_time(conn, HOUR + 1)
    await pass_time(conn, 1)
    await pass_time(conn, 29)
    case = await town.care(conn)
    assert [entry.kind for entry in case.timeline].count("escalated") == 0
    await pass_time(conn, 32)
    await pass_time(conn, 122)
    timeline = (await look(conn, case.id)).timeline
    told = [entry.data.get("to") for entry in timeline if entry.kind in ("escalated", "notified")]
    assert set(told) >= {"supervisors", "contacts"}


async def claimed_ahead(conn: Connection) -> tuple[UUID, Actor]:
    """A case that rang and was claimed in the hour that never was, and who claimed it."""
    home, at = await a_home(conn), NOW + seconds(HOUR)
    await town.send(conn, home.gateway, event("sos"), at=at)
    case = await town.care(conn)
    operator = await town.add_operator(conn, "甲", seen=at)
    async with conn.transaction():
        await store.claim(conn, case.id, operator, now=at)
    return case.id, operator


async def test_a_claim_from_the_hour_that_never_was_ends_with_its_seat(conn: Connection) -> None:
    case_id, operator = await claimed_ahead(conn)
    async with conn.transaction():
        await store.call(conn, case_id, operator, call_s=60, now=NOW + seconds(HOUR))
    await pass_time(conn, 1)
    assert (await look(conn, case_id)).state == "claimed"
    await conn.execute("update seat set call_until = null")
    await pass_time(conn, 22)
    assert (await look(conn, case_id)).state == "open"


async def test_who_keeps_the_seat_loses_the_case_after_its_stage_and_not_after_an_hour(
    conn: Connection,
) -> None:
    case_id, _ = await claimed_ahead(conn)
    for moment in (1, 92, 125):
        await conn.execute("update seat set last_seen_at = %s", (NOW + seconds(moment),))
        await pass_time(conn, moment)
    found = await look(conn, case_id)
    assert (found.state, found.timeline[-1].data["reason"]) == ("open", "stage_overdue")


async def test_a_call_that_was_queued_or_handed_over_then_is_due_now(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"), at=NOW + seconds(HOUR))
    for at in (HOUR + 61, HOUR + 121):
        await pass_time(conn, at)
    waiting = await outbox.take_due(conn, now=NOW + seconds(HOUR + 122), up_to=1)
    assert waiting is not None
    await conn.execute(
        "update notification set state = 'sending', sent_at = queued_at where id = %s", (waiting.id,)
    )
    assert await outbox.take_due(conn, now=NOW + seconds(60), up_to=1) is None
    await pass_time(conn, 1)
    due = await conn.execute(
        "select state, next_at <= %s, expires_at from notification", (NOW + seconds(62),)
    )
    rows = await due.fetchall()
    assert {row[0] for row in rows} == {"queued", "sending"}
    assert all(row[1] for row in rows)
    assert all(row[2] <= NOW + seconds(602) for row in rows if row[0] == "queued")


async def test_a_gateway_heard_ahead_of_now_is_missed_when_it_says_nothing_more(conn: Connection) -> None:
    home = await a_home(conn)
    ahead = NOW + seconds(HOUR)
    await conn.execute(
        "update gateway set last_seen_at = %s, online = true where id = %s", (ahead, home.gateway)
    )
    await conn.execute("insert into reader_life values ('ingest', '', %s, %s)", (ahead, NOW))
    await pass_time(conn, 0)
    await conn.execute("update reader_life set alive_at = %s", (NOW + seconds(80),))
    await pass_time(conn, 80)
    row = await (await conn.execute("select online from gateway where id = %s", (home.gateway,))).fetchone()
    assert row == (False,)
