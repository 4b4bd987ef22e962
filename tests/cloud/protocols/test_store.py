"""Protocols in the database: what is seeded, versions, two editors at once, what a case follows."""

import asyncio
import uuid
from datetime import timedelta

import pytest

from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.cases import following, store
from cloud.cases.case import Actor
from cloud.database.pool import Connection, Pool
from cloud.protocols import protocol as rules
from cloud.protocols import store as protocols
from cloud.protocols.protocol import Protocol, Step
from tests.cloud import town
from tests.cloud.cases.desk import a_desk, add_responder, send
from tests.cloud.town import NOW, seconds

pytestmark = pytest.mark.postgres

ONE = (Step(text_zh="呼叫本人", text_en="Call", action="call_resident", done_when="called"),)


async def write(
    conn: Connection, key: str, edited: int, *, steps: tuple[Step, ...] = ONE, by: str = "李强"
) -> Protocol:
    async with conn.transaction():
        return await protocols.write(
            conn, key, edited=edited, name_zh="改", name_en="Changed", steps=steps, phrases=(), by=by, now=NOW
        )


async def test_each_kind_has_a_seeded_protocol_that_can_work(conn: Connection) -> None:
    found = await protocols.newest(conn)
    assert [one.key for one in found] == [*rules.KEYS]
    for one in found:
        assert rules.mistakes(one.key, one.steps) == [], one.key
        assert 2 <= len(one.steps) <= 7
        assert one.steps[-1].action in ("resolve", "none") or one.key == "test"
    assert found[0].key == "fire"
    assert found[0].steps[0].action == "call_119"


async def test_of_two_supervisors_at_once_one_is_told_who_was_quicker(pool: Pool, conn: Connection) -> None:
    async def edit(name: str) -> Protocol:
        async with pool.connection() as own:
            return await write(own, "fall", 1, by=name)

    answers = await asyncio.gather(edit("甲"), edit("乙"), return_exceptions=True)
    made = [answer for answer in answers if isinstance(answer, Protocol)]
    refused = [answer for answer in answers if isinstance(answer, Conflict)]
    assert (len(made), len(refused)) == (1, 1)
    assert refused[0].members["version"] == 2
    versions = await protocols.versions(conn, "fall")
    assert [one.version for one in versions] == [2, 1]
    assert versions[0].changed_by == made[0].changed_by


async def test_a_protocol_that_cannot_work_is_refused(conn: Connection) -> None:
    with pytest.raises(InvalidInput):
        await write(conn, "fire", 1)
    with pytest.raises(NotFound):
        await write(conn, "no_such", 1)


async def test_a_case_follows_the_version_of_when_it_was_opened(conn: Connection) -> None:
    desk = await a_desk(conn, "fall")
    before = await following.shown(conn, desk.case_id, town.EVERYONE)
    assert (before.key, before.version) == ("fall", 1)
    async with conn.transaction():
        await protocols.write(
            conn, "fall", edited=1, name_zh="新", name_en="New", steps=ONE, phrases=(), by="李强",
            now=NOW + seconds(5),
        )  # fmt: skip
    assert (await following.shown(conn, desk.case_id, town.EVERYONE)).version == 1
    assert (await protocols.in_force(conn, "fall", NOW + timedelta(minutes=1))).version == 2


async def test_the_steps_of_a_case_tick_as_work_goes_on(conn: Connection) -> None:
    desk = await a_desk(conn, "fall")
    await desk.claim()

    async def progress() -> list[str]:
        return [one.progress for one in (await following.shown(conn, desk.case_id, town.EVERYONE)).steps]

    assert (await progress())[:2] == ["current", "later"]
    async with conn.transaction():
        await store.note(
            conn,
            desk.case_id,
            desk.owner,
            "呼叫 本人 — 接通",
            called="resident",
            outcome="connected",
            now=NOW,
        )
    assert (await progress())[:2] == ["done", "current"]
    await send(desk, await add_responder(conn, "马志强"))
    assert (await progress())[:3] == ["done", "done", "current"]


async def tick(
    conn: Connection,
    case_id: uuid.UUID,
    actor: Actor,
    number: int,
    *,
    key: str = "fall",
    version: int = 1,
    needed: bool = True,
) -> None:
    async with conn.transaction():
        await following.tick(
            conn,
            case_id,
            actor,
            key=key,
            version=version,
            number=number,
            needed=needed,
            now=NOW + seconds(3),
        )


async def test_a_step_is_ticked_once_and_only_by_the_owner(conn: Connection) -> None:
    desk = await a_desk(conn, "fall")
    other = await town.add_operator(conn, "乙")
    with pytest.raises(Conflict):
        await tick(conn, desk.case_id, desk.owner, 3)  # nobody has it
    await desk.claim()
    with pytest.raises(Conflict):
        await tick(conn, desk.case_id, other, 3)
    await tick(conn, desk.case_id, desk.owner, 3, needed=False)
    await tick(conn, desk.case_id, desk.owner, 3)
    assert (await desk.kinds()).count("step_done") == 1
    step = (await following.shown(conn, desk.case_id, town.EVERYONE)).steps[2]
    assert (step.progress, step.by_hand, step.needed, step.done_by) == ("done", True, False, "甲")
    assert (await desk.look()).chain_valid
    with pytest.raises(Conflict):
        await tick(conn, desk.case_id, desk.owner, 1, version=2)
    with pytest.raises(Conflict):
        await tick(conn, desk.case_id, desk.owner, 1, key="sos")
    with pytest.raises(InvalidInput):
        await tick(conn, desk.case_id, desk.owner, 20)
