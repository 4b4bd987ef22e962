"""The phases of a fall, in whatever order they arrive, before and after the cloud's own deadline."""

from itertools import permutations

import pytest

from cloud.cases.summary import CaseSummary
from cloud.database.pool import Connection
from cloud.timers import raise_due_suspicions
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.town import NOW, Home, event, seconds


async def a_home(conn: Connection) -> Home:
    home = await town.add_home(conn)
    await town.add_device(conn, "watch-1", home)
    return home


PHASES = ("suspected", "raised", "cancelled")


async def _fall(
    conn: Connection, home: Home, order: tuple[str, ...], due_after: int | None
) -> list[CaseSummary]:
    """The phases of one fall, in an order; the cloud's own deadline passes after `due_after` of them."""
    first = event("fall", device="watch-1")
    numbers = {"suspected": 1, "raised": 2, "cancelled": 3}
    for position, phase in enumerate(order):
        message = first | {"phase": phase, "seq": first["seq"] * 10 + numbers[phase]}
        await town.send(conn, home.gateway, message)
        if due_after == position:
            await raise_due_suspicions(conn, Moment(now=NOW + seconds(21), started_at=NOW))
    await raise_due_suspicions(conn, Moment(now=NOW + seconds(60), started_at=NOW))
    return await town.all_cases(conn)


@pytest.mark.parametrize("order", [p for n in (1, 2, 3) for p in permutations(PHASES, n)], ids="-".join)
@pytest.mark.parametrize("due_after", [None, 0, 1])
async def test_a_fall_in_any_order_rings_unless_it_was_only_suspected_and_cancelled(
    conn: Connection, order: tuple[str, ...], due_after: int | None
) -> None:
    home = await a_home(conn)
    cases = await _fall(conn, home, order, due_after)
    assert await town.count(conn, "suspicion") == 0
    if "raised" in order:
        assert [(case.priority, case.kinds) for case in cases] == [(1, ["fall"])]
    elif order == ("suspected",) or (order == ("suspected", "cancelled") and due_after == 0):
        assert [(case.priority, case.kinds) for case in cases] == [(2, ["fall_suspected"])]
    else:
        assert cases == []
    assert await town.count(conn, "alarm") == len(cases), "one activation is one alarm"
    if cases and "cancelled" in order:
        row = await (await conn.execute("select cleared_at is not null from alarm")).fetchone()
        assert row == (True,)


async def test_a_fall_raised_after_the_clouds_suspicion_rings_again_as_the_same_alarm(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    cases = await _fall(conn, home, ("suspected", "raised"), 0)
    assert (cases[0].rings, cases[0].alarm_count) == (2, 1)
    case = await town.care(conn)
    assert case.timeline[-1].data["was"] == "fall_suspected"


async def test_a_fall_raised_after_its_suspicions_case_was_resolved_is_a_new_linked_case(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    fall = event("fall", device="watch-1", phase="suspected")
    await town.send(conn, home.gateway, fall)
    await raise_due_suspicions(conn, Moment(now=NOW + seconds(21), started_at=NOW))
    await conn.execute("update cases set state = 'resolved'")
    await town.send(conn, home.gateway, fall | {"phase": "raised", "seq": fall["seq"] * 10})
    old, new = await town.all_cases(conn)
    assert (new.priority, new.kinds, new.follows_id) == (1, ["fall"], old.id)


async def test_what_the_gateway_learns_meanwhile_reaches_the_operator_without_another_ring(
    conn: Connection,
) -> None:
    home = await a_home(conn)
    said = {"reasons": ["impact", "ask_if_can_get_up"]}
    fall = event("fall", device="watch-1", phase="suspected", evidence=said)
    await town.send(conn, home.gateway, fall)
    more = ["impact", "moves_in_another_room", "ask_if_up_again"]
    update = {"phase": "updated", "evidence": {"reasons": more}}
    await town.send(conn, home.gateway, fall | update | {"seq": fall["seq"] * 10})
    assert await town.all_cases(conn) == []
    await raise_due_suspicions(conn, Moment(now=NOW + seconds(21), started_at=NOW))
    [case] = await town.all_cases(conn)
    assert (await town.care(conn)).alarms[0].reasons == ["neither_raised_nor_cancelled", *more]
    still = {"phase": "updated", "evidence": {"reasons": ["lies_still"]}}
    await town.send(conn, home.gateway, fall | still | {"seq": fall["seq"] * 10 + 1})
    care = await town.care(conn)
    assert care.alarms[0].reasons == ["neither_raised_nor_cancelled", "lies_still"]
    assert (care.rings, care.timeline[-1].kind) == (case.rings, "explained")
    assert care.chain_valid
