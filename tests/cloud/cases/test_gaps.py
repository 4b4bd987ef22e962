"""A hole in the chain is itself shown: while it lasts, and thirty days before."""

import uuid
from typing import Any

from cloud.access.access import Identity
from cloud.cases import gaps, policies
from cloud.cases.schedule import Schedule, Shift
from cloud.database.pool import Connection
from cloud.feed import store as feed
from tests.cloud import town
from tests.cloud.cases.desk import add_senders, add_staff
from tests.cloud.town import NOW, seconds

CHIEF = Identity(id=uuid.UUID(int=1), name="主管", role="supervisor")


async def kinds(conn: Connection, at: float = 0) -> set[tuple[str, str]]:
    return {(gap.kind, gap.data["target"]) for gap in await gaps.look(conn, now=NOW + seconds(at))}


async def plan(conn: Connection, role: str, staff: uuid.UUID, **shift: Any) -> Schedule:
    times = {"starts_minute": 0, "ends_minute": 0} | shift
    given = Schedule(
        id=uuid.uuid4(), version=0, name=role, role=role, shifts=(Shift(staff=(staff,), **times),)  # type: ignore[arg-type]
    )  # fmt: skip
    async with conn.transaction():
        return await policies.write_schedule(conn, given, CHIEF, now=NOW)


async def test_an_empty_desk_is_full_of_holes_and_a_staffed_one_has_none(conn: Connection) -> None:
    home = await town.add_home(conn)
    assert await kinds(conn) == {
        ("no_seat", "all_seats"),
        ("nobody_scheduled", "supervisors"),
        ("nobody_scheduled", "duty_manager"),
    }
    await add_senders(conn, alive=NOW + seconds(600))
    manager = await add_staff(conn, "经理", "admin")
    await add_staff(conn, "主管", "supervisor")
    await town.add_operator(conn, "甲")
    await plan(conn, "duty_manager", manager)
    assert await kinds(conn) == set()
    await conn.execute("delete from contact where resident_id = %s", (home.resident_id,))
    assert await kinds(conn) == {("no_contact", "contacts")}


async def test_one_operator_at_night_is_enough_when_supervisor_and_manager_can_be_called(
    conn: Connection,
) -> None:
    await town.add_home(conn)
    await add_senders(conn, alive=NOW + seconds(600))
    chief, manager = [await add_staff(conn, name, "supervisor") for name in ("主管", "经理")]
    await plan(conn, "supervisor", chief, starts_minute=20 * 60, ends_minute=8 * 60)
    await plan(conn, "duty_manager", manager)
    await town.add_operator(conn, "夜班", seen=NOW)
    # NOW is 10:10 in China: the night shift is over.
    assert await kinds(conn) == {("nobody_on_duty", "supervisors")}
    late = 11 * 3600
    await add_senders(conn, alive=NOW + seconds(late + 60))
    await conn.execute("update seat set last_seen_at = %s", (NOW + seconds(late),))
    assert await kinds(conn, late) == set()


async def test_who_cannot_be_reached_is_named_with_the_reason(conn: Connection) -> None:
    await town.add_home(conn)
    mute = await add_staff(conn, "无号", "supervisor", phone=None)
    await add_senders(conn, alive=NOW + seconds(600))
    found = {gap.data["target"]: gap for gap in await gaps.look(conn, now=NOW)}
    gap = found["supervisors"]
    assert gap.kind == "unreachable"
    assert gap.data["people"] == [
        {"staff_id": str(mute), "name": "无号", "reasons": ["sms:no_address", "voice:no_address"]}
    ]
    await add_staff(conn, "有号", "supervisor")
    found = {gap.data["target"]: gap for gap in await gaps.look(conn, now=NOW)}
    assert found["supervisors"].kind == "partly_unreachable"


async def test_a_hole_is_told_when_it_opens_and_when_it_closes_and_not_each_minute(conn: Connection) -> None:
    home = await town.add_home(conn)

    async def minute(at: float) -> bool:
        async with conn.transaction():
            return await gaps.keep(conn, await gaps.look(conn, now=NOW + seconds(at)), now=NOW + seconds(at))

    assert await minute(0)
    assert not await minute(60)
    since = {gap.since for gap in await gaps.shown(conn, CHIEF)}
    assert since == {"2026-01-01T02:10:00.000Z"}
    await conn.execute("delete from contact where resident_id = %s", (home.resident_id,))
    assert await minute(120)
    frames = [frame for frame in await feed.read_after(conn, 0, CHIEF) if frame.type == "desk"]
    assert len(frames) == 2
    elsewhere = Identity(id=uuid.uuid4(), name="x", role="supervisor", area_code="11")
    assert await gaps.shown(conn, elsewhere) == []


async def test_the_forecast_names_the_hours_that_nobody_covers(conn: Connection) -> None:
    staff = await add_staff(conn, "主管", "supervisor")
    await plan(conn, "supervisor", staff, weekdays=(1, 2, 3, 4, 5, 6))
    found = await gaps.forecast(conn, CHIEF, now=NOW)
    assert len(found) == 4, "four Sundays in thirty days"
    assert (found[0].starts_at, found[0].ends_at) == ("2026-01-03T16:00:00.000Z", "2026-01-04T16:00:00.000Z")
