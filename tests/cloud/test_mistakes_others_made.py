"""Mistakes that others made, each once; and every sentence about joining that is not proved elsewhere.

An escalation step that has no way to reach its person is proved beside the escalation.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from cloud.access.errors import Conflict
from cloud.cases import detail, store
from cloud.cases.case import Actor
from cloud.cases.summary import CaseDetail
from cloud.database.pool import Connection
from cloud.timers import JOBS, run_alone
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.town import EVERYONE, LONG_AGO, NOW, Home, event, ms, seconds
from tests.edge.drivers.frames import hear, position, raised


async def a_home(conn: Connection) -> Home:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.add_device(conn, "zb-smoke", home)
    await town.add_device(conn, "watch-1", home)
    return home


async def pass_time(conn: Connection, at: float) -> None:
    for job in JOBS:
        await run_alone(conn, job, Moment(now=NOW + seconds(at), started_at=LONG_AGO))


async def look(conn: Connection, case_id: UUID) -> CaseDetail:
    return await detail.detail(conn, case_id, EVERYONE)


async def claim(conn: Connection, case_id: UUID, actor: Actor, at: float = 0) -> None:
    async with conn.transaction():
        await store.claim(conn, case_id, actor, now=NOW + seconds(at))


async def test_acknowledged_and_forgotten(conn: Connection) -> None:
    """A claim that nobody works on goes back to the queue, louder, while its owner's screen still lives."""
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    case_id, operator = (await town.care(conn)).id, await town.add_operator(conn, "甲")
    await claim(conn, case_id, operator)
    for at in range(0, 125, 5):
        await conn.execute("update seat set last_seen_at = %s", (NOW + seconds(at),))
        await pass_time(conn, at)
    case = await look(conn, case_id)
    assert (case.state, case.owner, case.rings) == ("open", None, 2)
    assert [entry.kind for entry in case.timeline if entry.kind in ("warned", "returned")][-1] == "returned"


@pytest.mark.parametrize("claimed", [False, True])
async def test_an_old_open_alarm_hid_new_ones_for_months(conn: Connection, claimed: bool) -> None:
    """A case that is open for months rings for each new alarm, whoever has it."""
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    case_id = (await town.care(conn)).id
    later = timedelta(days=90).total_seconds()
    if claimed:
        await claim(conn, case_id, await town.add_operator(conn, "甲", seen=NOW + seconds(later)), later)
    fresh = event("sos", at=NOW + seconds(later))
    await town.send(conn, home.gateway, fresh, at=NOW + seconds(later))
    case = await look(conn, case_id)
    assert (case.rings, case.alarm_count) == (2, 2)
    assert case.event_ids[-1] == UUID(fresh["id"])
    assert case.timeline[-1].kind == "alarm"


async def test_a_resolved_case_does_not_swallow_a_new_alarm(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    old, operator = (await town.care(conn)).id, await town.add_operator(conn, "甲")
    await claim(conn, old, operator)
    async with conn.transaction():
        await store.resolve(conn, old, operator, now=NOW + seconds(5))
    await town.send(conn, home.gateway, event("sos", at=NOW + seconds(10)), at=NOW + seconds(10))
    new = (await town.all_cases(conn))[-1]
    assert (new.state, new.follows_id, new.rings) == ("open", old, 1)


@pytest.mark.parametrize(
    "at",
    [
        NOW - timedelta(days=365 * 30),
        NOW + timedelta(days=365 * 10),
        NOW - timedelta(hours=3),
        NOW + timedelta(minutes=11),
        None,
    ],
)
async def test_real_alarms_were_dropped_for_a_wrong_timestamp(conn: Connection, at: Any) -> None:
    """An SOS of 1996, of 2036, of three hours ago or without a time rings now."""
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos", at=at))
    case = await town.care(conn)
    assert (case.priority, case.kinds, case.rings) == (1, ["sos"], 1)


async def test_one_message_carried_sos_and_low_battery_and_only_the_battery_was_reported(
    conn: Connection,
) -> None:
    """Both bits of one frame become events of their own, and the SOS is a matter of life."""
    assert raised(hear(position("AL", status="00030000"))) == ["sos", "battery_low"]
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("battery_low", device="watch-1"))
    await town.send(conn, home.gateway, event("sos", device="watch-1"))
    cases = await town.all_cases(conn)
    assert {(case.class_, case.priority) for case in cases} == {("care", 1), ("technical", 4)}


async def test_the_operator_could_not_tell_who_acknowledged(conn: Connection) -> None:
    """Every list, every loser of a claim and the timeline name who has it."""
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    case_id = (await town.care(conn)).id
    one, other = await town.add_operator(conn, "李秀兰"), await town.add_operator(conn, "乙")
    await claim(conn, case_id, one)
    (listed,) = await town.all_cases(conn)
    assert listed.owner is not None
    assert (listed.owner.name, listed.owner.seat_id) == ("李秀兰", one.seat_id)
    with pytest.raises(Conflict) as refused:
        await claim(conn, case_id, other, 1)
    assert refused.value.members["owner_name"] == "李秀兰"
    case = await look(conn, case_id)
    claimed = [entry for entry in case.timeline if entry.kind == "claimed"]
    assert [entry.actor for entry in claimed] == ["李秀兰"]


@pytest.mark.parametrize("first", ["sos", "smoke"])
async def test_the_pendant_was_pressed_while_the_smoke_alarm_sounded_unheard(
    conn: Connection, first: str
) -> None:
    """Both are one case that says: suspected fire, call 119 first. In either order, also when claimed."""
    home = await a_home(conn)
    second = {"sos": "smoke", "smoke": "sos"}[first]
    await town.send(conn, home.gateway, event(first, device="zb-smoke" if first == "smoke" else "zb-1"))
    case_id = (await town.care(conn)).id
    assert not (await look(conn, case_id)).fire_suspected
    await claim(conn, case_id, await town.add_operator(conn, "甲", seen=NOW + seconds(300)))
    late = event(second, device="zb-smoke" if second == "smoke" else "zb-1", at=NOW + seconds(300))
    await town.send(conn, home.gateway, late, at=NOW + seconds(300))
    case = await look(conn, case_id)
    assert case.fire_suspected
    assert (case.priority, case.kinds, case.rings) == (1, [first, second], 2)


async def test_the_unit_had_not_moved_with_the_bed_bound_man_live_fix(conn: Connection) -> None:
    """A watch worn elsewhere: help goes where it is, not to the home it belongs to."""
    home = await a_home(conn)
    fix = {"device": "watch-1", "at": ms(NOW), "lat": 36.67, "lon": 117.02, "source": "gnss", "accuracy_m": 8}
    await town.send(conn, home.gateway, event("sos", device="watch-1", position=fix))
    case = await town.care(conn)
    assert case.place is not None
    assert (case.place.lat, case.place.lon) == (36.67, 117.02)
    assert case.place.building == "3号楼", "the home is still named"


async def test_the_unit_had_not_moved_with_the_bed_bound_man_temporary_address(conn: Connection) -> None:
    """An elder who stays with his daughter: the case names that address."""
    home = await a_home(conn)
    stay = '{"text": "济南市历下区泉城路 1 号 2 单元 301", "lat": 36.66, "lon": 117.03, "phone": "0531-1"}'
    await conn.execute(
        "insert into resident_state (resident_id, state, valid, place)"
        " values (%s, 'away', tstzrange(%s, null), %s::text::jsonb)",
        (home.resident_id, LONG_AGO, stay),
    )
    await town.send(conn, home.gateway, event("sos", device="watch-1"))
    case = await town.care(conn)
    assert case.place is not None
    assert case.place.temporary
    assert case.place.text == "济南市历下区泉城路 1 号 2 单元 301"
    assert (case.place.lat, case.place.lon) == (36.66, 117.03)


async def test_a_smoke_alarm_of_the_home_stays_at_the_home_when_its_elder_is_away(conn: Connection) -> None:
    home = await a_home(conn)
    await conn.execute("delete from bed_stay")
    await conn.execute(
        "insert into resident_state (resident_id, state, valid, place)"
        " values (%s, 'away', tstzrange(%s, null), '{\"text\": \"elsewhere\"}')",
        (home.resident_id, LONG_AGO),
    )
    await town.send(conn, home.gateway, event("smoke", device="zb-smoke"))
    case = await town.care(conn)
    assert case.place is not None
    assert not case.place.temporary
    assert case.place.building == "3号楼"


async def test_a_duplicate_is_the_same_event_id_and_never_rings(conn: Connection) -> None:
    home = await a_home(conn)
    press = event("sos")
    for _ in range(3):
        await town.send(conn, home.gateway, press)
    case = await town.care(conn)
    assert (case.rings, case.repeats, case.alarm_count) == (1, 1, 1)


async def test_the_same_device_and_kind_within_a_minute_before_a_claim_is_counted_and_rings(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    for at in (0, 30, 59):
        await town.send(conn, home.gateway, event("sos", at=NOW + seconds(at)), at=NOW + seconds(at))
    case = await town.care(conn)
    assert (case.repeats, case.alarm_count, case.rings) == (3, 1, 3)
    await town.send(conn, home.gateway, event("sos", at=NOW + seconds(130)), at=NOW + seconds(130))
    assert (await town.care(conn)).alarm_count == 2


async def test_after_a_claim_the_same_press_is_an_alarm_of_its_own(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    case_id = (await town.care(conn)).id
    await claim(conn, case_id, await town.add_operator(conn, "甲"))
    await town.send(conn, home.gateway, event("sos", at=NOW + seconds(10)), at=NOW + seconds(10))
    case = await look(conn, case_id)
    assert (case.alarm_count, case.rings) == (2, 2)


async def test_test_cases_never_join_others(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    await town.send(conn, home.gateway, event("detector_test", device="zb-smoke"))
    await town.send(conn, home.gateway, event("battery_low", device="zb-smoke"))
    cases = await town.all_cases(conn)
    assert sorted(case.class_ for case in cases) == ["care", "technical", "test"]


async def test_chatter_is_told_about_the_device_and_its_alarm_stays_visible(conn: Connection) -> None:
    home = await a_home(conn)
    for at in (0, 20, 40):
        await town.send(conn, home.gateway, event("sos", at=NOW + seconds(at)), at=NOW + seconds(at))
    care = await town.care(conn)
    assert (care.priority, care.rings, care.state) == (1, 3, "open")
    (technical,) = [case for case in await town.all_cases(conn) if case.class_ == "technical"]
    assert technical.kinds == ["device_chatter"]
    alarm = (await look(conn, technical.id)).alarms[0]
    assert alarm.device == "zb-1"
    await pass_time(conn, 40 + 599)
    assert (await look(conn, technical.id)).state == "open"
    await pass_time(conn, 40 + 601)
    await pass_time(conn, 40 + 602)
    assert (await look(conn, technical.id)).state == "closed"


async def test_three_presses_in_more_than_a_minute_are_no_chatter(conn: Connection) -> None:
    home = await a_home(conn)
    for at in (0, 31, 62):
        await town.send(conn, home.gateway, event("sos", at=NOW + seconds(at)), at=NOW + seconds(at))
    assert [case.class_ for case in await town.all_cases(conn)] == ["care"]
