"""What is set aside: named, with a reason, not for long, and never what a life hangs on."""

from uuid import UUID

import pytest

from cloud.access.errors import Conflict, InvalidInput
from cloud.alarms.rules import gateway_alarm
from cloud.cases import detail, shelving, store
from cloud.cases.case import Actor
from cloud.cases.intake import CaseRef, take_alarm
from cloud.cases.summary import CaseDetail, CaseSummary
from cloud.database.pool import Connection
from cloud.supervision.jobs import return_shelved
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.town import EVERYONE, LONG_AGO, NOW, event, seconds


async def fault(conn: Connection, kind: str = "storage_full", at: float = 0) -> CaseRef:
    draft = gateway_alarm(kind, gateway_id="gw-x", area_code=town.AREA, org_id=None, at=NOW + seconds(at))
    async with conn.transaction():
        return await take_alarm(conn, draft, NOW + seconds(at))


async def shelve(
    conn: Connection, case_id: UUID, actor: Actor, *, minutes: int = 60, reason: str = "割接", at: float = 1
) -> CaseSummary:
    async with conn.transaction():
        return await shelving.shelve(
            conn, case_id, actor, minutes=minutes, reason=reason, now=NOW + seconds(at)
        )


async def look(conn: Connection, case_id: UUID) -> CaseDetail:
    return await detail.detail(conn, case_id, EVERYONE)


async def test_a_shelved_case_is_listed_with_who_and_why_and_returns_by_itself(conn: Connection) -> None:
    operator = await town.add_operator(conn, "甲")
    ref = await fault(conn)
    await shelve(conn, ref.case_id, operator, minutes=30)
    (shelved,) = await shelving.shelved(conn, EVERYONE, limit=10)
    assert (shelved.by, shelved.reason, shelved.case.id) == ("甲", "割接", ref.case_id)
    for at in (1800, 1801):
        await return_shelved(conn, Moment(now=NOW + seconds(at), started_at=LONG_AGO))
        assert len(await shelving.shelved(conn, EVERYONE, limit=10)) == (1 if at == 1800 else 0)
    case = await look(conn, ref.case_id)
    assert (case.shelved_until, case.rings) == (None, 2)
    assert [entry.kind for entry in case.timeline][-2:] == ["shelved", "unshelved"]
    assert case.chain_valid


async def test_the_same_fault_does_not_ring_on_the_shelf_and_another_one_brings_it_back(
    conn: Connection,
) -> None:
    operator = await town.add_operator(conn, "甲")
    ref = await fault(conn)
    await shelve(conn, ref.case_id, operator)
    await fault(conn, at=300)
    case = await look(conn, ref.case_id)
    assert (case.rings, case.alarm_count) == (1, 2)
    assert case.shelved_until is not None
    await fault(conn, "tamper", at=301)
    case = await look(conn, ref.case_id)
    assert (case.rings, case.shelved_until) == (2, None)


async def test_care_cases_are_never_shelved(conn: Connection) -> None:
    operator = await town.add_operator(conn, "甲")
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    for kind in ("sos", "smoke", "gas", "co", "fall", "door_left_open"):
        await town.send(conn, home.gateway, event(kind))
        with pytest.raises(Conflict):
            await shelve(conn, (await town.care(conn)).id, operator)
    assert (await town.care(conn)).shelved_until is None


@pytest.mark.parametrize(("minutes", "reason"), [(0, "割接"), (481, "割接"), (60, ""), (60, "  ")])
async def test_a_shelf_needs_a_time_within_eight_hours_and_a_reason(
    conn: Connection, minutes: int, reason: str
) -> None:
    operator = await town.add_operator(conn, "甲")
    ref = await fault(conn)
    with pytest.raises(InvalidInput):
        await shelve(conn, ref.case_id, operator, minutes=minutes, reason=reason)


async def test_what_somebody_else_has_is_not_shelved_over_his_head(conn: Connection) -> None:
    one, other = await town.add_operator(conn, "甲"), await town.add_operator(conn, "乙")
    ref = await fault(conn)
    async with conn.transaction():
        await store.claim(conn, ref.case_id, one, now=NOW)
    with pytest.raises(Conflict) as refused:
        await shelve(conn, ref.case_id, other)
    assert refused.value.members["owner_name"] == "甲"


async def test_bringing_back_by_hand_rings_and_doing_it_twice_changes_nothing(conn: Connection) -> None:
    operator = await town.add_operator(conn, "甲")
    ref = await fault(conn)
    await shelve(conn, ref.case_id, operator)
    for _ in range(2):
        async with conn.transaction():
            await shelving.unshelve(conn, ref.case_id, operator, now=NOW + seconds(5))
    case = await look(conn, ref.case_id)
    assert (case.rings, case.shelved_until) == (2, None)


async def test_the_same_key_shelves_once(conn: Connection) -> None:
    operator = await town.add_operator(conn, "甲")
    ref = await fault(conn)
    for at in (1, 2):
        async with conn.transaction():
            await shelving.shelve(
                conn, ref.case_id, operator, minutes=10, reason="x", key="k", now=NOW + seconds(at)
            )
    case = await look(conn, ref.case_id)
    assert [entry.kind for entry in case.timeline].count("shelved") == 1
