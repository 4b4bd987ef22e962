"""What happens to a case that nobody takes: each step once, at its time, until somebody does."""

import asyncio
import uuid
from datetime import timedelta

import pytest

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotAllowed
from cloud.cases import escalation, escalation_work, policies, store
from cloud.cases.escalation import Policy, Step
from cloud.cases.escalation_work import Key
from cloud.database.pool import Connection, Pool, connect, open_pool
from cloud.desk_jobs import escalate_unclaimed
from cloud.feed import store as feed
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.cases.desk import a_desk, add_senders, add_staff
from tests.cloud.town import LONG_AGO, NOW, seconds

SUPERVISOR = Identity(id=uuid.UUID(int=1), name="主管", role="supervisor")
PAGE = Step(delay_s=60, target="supervisors", channels=("voice",), repeats=True)


def policy(*steps: Step, **fields: object) -> Policy:
    plain: dict[str, object] = {"id": uuid.UUID(int=9), "version": 0, "name": "x", "priority": 1}
    return Policy(steps=steps or (PAGE,), **plain | fields)  # type: ignore[arg-type]


def test_a_round_goes_by_the_delays_and_a_case_that_was_taken_back_is_in_a_hurry() -> None:
    steps = (Step(delay_s=30, target="all_seats"), PAGE)
    assert [due.at - NOW for due in escalation.first_cycle(policy(*steps), NOW)] == [seconds(30), seconds(60)]
    again = escalation.first_cycle(policy(*steps), NOW, returns=1)
    assert [due.at - NOW for due in again] == [seconds(15), seconds(30)]
    assert escalation.first_cycle(policy(*steps), NOW, returns=9)[0].at - NOW == seconds(7.5)


def test_only_the_repeated_steps_come_again() -> None:
    plan = policy(Step(delay_s=30, target="all_seats"), PAGE, repeat_every_s=120)
    again = escalation.next_cycle(plan, 1, NOW)
    assert [(due.cycle, due.step, due.at - NOW) for due in again] == [(2, 2, seconds(120))]
    assert escalation.next_cycle(policy(PAGE), 1, NOW) == []


def test_the_closest_policy_is_taken() -> None:
    resident = uuid.UUID(int=5)
    everybody, district, hers = (
        policy(id=uuid.UUID(int=1)),
        policy(id=uuid.UUID(int=2), area_code="3705"),
        policy(id=uuid.UUID(int=3), resident_id=resident),
    )
    every = [hers, everybody, district, policy(id=uuid.UUID(int=4), priority=2, area_code="370502")]

    def chosen(area: str, who: uuid.UUID | None) -> Policy | None:
        return escalation.choose(every, priority=1, area_code=area, org_id=None, resident_id=who)

    assert chosen("370502", None) is district
    assert chosen("110101", None) is everybody
    assert chosen("370502", resident) is hers


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step(delay_s=0, target="supervisors"),),
        (Step(delay_s=0, target="supervisors", channels=("wechat",)),),
        (Step(delay_s=0, target="all_seats", channels=("voice",)), PAGE),
        (Step(delay_s=0, target="all_seats"),),
    ],
)
def test_a_policy_that_reaches_nobody_is_refused(steps: tuple[Step, ...]) -> None:
    assert escalation.mistakes(steps)
    assert not escalation.mistakes((PAGE,))


def test_tests_and_lesser_alarms_do_not_escalate() -> None:
    assert escalation.waits("open", "care", 2)
    assert escalation.waits("handed_over", "technical", 2)
    for state, alarm_class, priority in (("open", "test", 1), ("claimed", "care", 1), ("open", "care", 3)):
        assert not escalation.waits(state, alarm_class, priority)


async def test_an_unclaimed_life_rings_pages_and_calls_at_30_60_and_120_seconds(conn: Connection) -> None:
    await add_senders(conn, alive=NOW + seconds(200))
    for name, role in (("主管甲", "supervisor"), ("值班经理", "admin")):
        await add_staff(conn, name, role)
    desk = await a_desk(conn)
    await desk.see(29)
    await desk.escalate(29.9)
    assert await desk.steps() == []
    await desk.see(30)
    await desk.escalate(30)
    assert await desk.steps() == [(1, 1, 1, "done"), (1, 1, 2, "done")]
    assert (await desk.look()).rings == 2
    assert await desk.queued() == []
    await desk.escalate(60)
    assert await desk.queued() == [("supervisor_page", "staff", "sms"), ("supervisor_page", "staff", "voice")]
    await desk.escalate(119)
    assert len(await desk.steps()) == 3
    await desk.escalate(120)
    assert ("emergency_contact", "person", "voice") in await desk.queued()
    # No schedule names a duty manager: that is a hole, and it is said.
    assert (await desk.steps())[3:] == [(1, 1, 4, "done"), (1, 1, 5, "gap")]
    assert (await desk.look()).escalation_level == 5
    assert (await desk.look()).chain_valid


async def test_it_comes_again_but_the_family_is_called_once(conn: Connection) -> None:
    await add_senders(conn, alive=NOW + seconds(1000))
    await add_staff(conn, "主管甲", "supervisor")
    desk = await a_desk(conn)
    for at in range(0, 600, 10):
        await desk.see(at)
        await desk.escalate(at)
    queued = [one[0] for one in await desk.queued()]
    assert queued.count("emergency_contact") == 2
    assert queued.count("supervisor_page") >= 6


async def test_a_claim_stops_it_and_withdraws_what_was_not_sent(conn: Connection) -> None:
    await add_senders(conn, alive=NOW + seconds(600))
    await add_staff(conn, "主管甲", "supervisor")
    desk = await a_desk(conn)
    await desk.see(60)
    await desk.escalate(60)
    await desk.claim(61)
    await desk.see(500)
    await desk.escalate(500)
    assert {outcome for *_, outcome in (await desk.steps())[3:]} == {"stopped"}
    cursor = await conn.execute("select distinct state from notification")
    assert await cursor.fetchall() == [("suppressed",)]
    assert (await desk.look()).escalation_level == 0


async def test_a_case_that_was_taken_back_starts_anew_and_faster(conn: Connection) -> None:
    desk = await a_desk(conn)
    await desk.claim()
    await desk.hold(21)
    case = await desk.look()
    assert (case.state, case.rings, case.handed_from) == ("open", 2, "甲")
    await desk.escalate(35)
    assert not [step for step in await desk.steps() if step[0] == 2]
    await desk.escalate(36)
    assert (2, 1, 1) in [step[:3] for step in await desk.steps()]


async def test_a_step_that_reaches_nobody_brings_the_next_one_forward(conn: Connection) -> None:
    """Nobody at a seat, no supervisor, no manager: at 30 s the family is called, not at 120 s."""
    await add_senders(conn, alive=NOW + seconds(100))
    desk = await a_desk(conn)
    await conn.execute("update seat set closed_at = %s", (NOW,))
    await desk.escalate(30)
    outcomes = {step: outcome for _, _, step, outcome in await desk.steps()}
    assert outcomes == {1: "gap", 2: "done"}
    await desk.escalate(60)
    assert [step[3] for step in await desk.steps()] == ["gap", "done", "gap", "done"]
    gaps = [entry for entry in (await desk.look()).timeline if entry.data.get("outcome") == "gap"]
    assert [entry.data["to"] for entry in gaps] == ["supervisors"]


async def test_a_p2_reaches_the_supervisor_after_two_minutes(conn: Connection) -> None:
    desk = await a_desk(conn, "water_leak")
    await desk.escalate(119)
    assert await desk.steps() == []
    await desk.escalate(120)
    frames = [frame.type for frame in await feed.read_after(conn, 0, town.EVERYONE)]
    assert frames.count("escalation") == 1


async def test_after_a_long_outage_the_family_is_not_called(conn: Connection) -> None:
    await add_senders(conn, alive=NOW + seconds(9000))
    await add_staff(conn, "主管甲", "supervisor")
    desk = await a_desk(conn)
    await desk.escalate(7200)
    assert (1, 1, 4, "too_late") in await desk.steps()
    assert "emergency_contact" not in [one[0] for one in await desk.queued()]
    assert "supervisor_page" in [one[0] for one in await desk.queued()]


async def test_eight_workers_take_each_step_exactly_once(database_url: str, conn: Connection) -> None:
    await add_senders(conn, alive=NOW + seconds(1000))
    await add_staff(conn, "主管甲", "supervisor")
    desks = [await a_desk(conn) for _ in range(6)]
    moment = Moment(now=NOW + seconds(121), started_at=LONG_AGO)
    async with open_pool(database_url, max_size=8) as pool:

        async def work() -> None:
            async with pool.connection() as mine:
                await escalate_unclaimed(mine, moment)

        await asyncio.gather(*(work() for _ in range(8)))
        await work()  # what one brought forward while another looked
    for desk in desks:
        assert [step[:3] for step in await desk.steps()] == [(1, 1, n) for n in range(1, 6)]
        kinds = await desk.kinds()
        assert (kinds.count("rang"), kinds.count("escalated"), kinds.count("notified")) == (1, 1, 3)
        assert (await desk.look()).chain_valid
    cursor = await conn.execute(
        "select count(*), count(distinct (case_id, step_key, recipient_id, channel)) from notification"
    )
    counted = await cursor.fetchone()
    assert counted is not None
    assert counted[0] == counted[1] == 6 * 4
    frames = [frame.type for frame in await feed.read_after(conn, 0, town.EVERYONE, limit=1000)]
    assert frames.count("escalation") == 6


async def test_a_worker_that_dies_within_a_step_leaves_it_to_the_next(
    database_url: str, conn: Connection
) -> None:
    await add_senders(conn, alive=NOW + seconds(1000))
    await add_staff(conn, "主管甲", "supervisor")
    desk = await a_desk(conn)
    await desk.see(60)
    await desk.escalate(30)
    doomed = await connect(database_url)
    row = await (await doomed.execute("select pg_backend_pid()")).fetchone()
    assert row is not None
    await doomed.execute("begin")
    assert await escalation_work.take(doomed, Key(desk.case_id, 1, 1, 3), now=NOW + seconds(60))
    assert await desk.queued() == [], "nothing before the commit"
    await desk.escalate(60)
    assert len(await desk.steps()) == 2, "the other worker has it"
    await conn.execute("select pg_terminate_backend(%s, 5000)", (row[0],))
    await doomed.close()
    await desk.escalate(61)
    assert [step[:3] for step in await desk.steps()] == [(1, 1, 1), (1, 1, 2), (1, 1, 3)]
    assert [one[0] for one in await desk.queued()] == ["supervisor_page"] * 2
    assert (await desk.kinds()).count("notified") == 1


async def test_claims_and_workers_at_once_never_wait_for_each_other(pool: Pool, conn: Connection) -> None:
    desks = [await a_desk(conn) for _ in range(8)]

    async def work(at: float) -> None:
        async with pool.connection() as mine:
            await escalate_unclaimed(mine, Moment(now=NOW + seconds(at), started_at=LONG_AGO))

    async def claim(n: int) -> None:
        async with pool.connection() as mine, mine.transaction():
            await store.claim(mine, desks[n].case_id, desks[n].owner, now=NOW + seconds(120))

    async with asyncio.timeout(30):
        await asyncio.gather(*(work(120) for _ in range(3)), *(claim(n) for n in range(8)))
    for desk in desks:
        assert (await desk.look()).state == "claimed"
        assert (await desk.look()).chain_valid


async def test_a_policy_has_versions_and_the_slower_editor_is_told(conn: Connection) -> None:
    async with conn.transaction():
        made = await policies.write_policy(conn, policy(), SUPERVISOR, now=NOW)
        assert made.version == 1
        made = await policies.write_policy(conn, made, SUPERVISOR, now=NOW)
        assert made.version == 2
    with pytest.raises(Conflict) as refused:
        await policies.write_policy(conn, policy(), SUPERVISOR, now=NOW)
    assert refused.value.members["version"] == 2
    assert [one.version for one in await policies.policies(conn) if one.id == made.id] == [2]
    assert await policies.policy(conn, made.id, 1) is not None, "a running round keeps its version"
    with pytest.raises(InvalidInput):
        await policies.write_policy(conn, policy(Step(delay_s=0, target="all_seats")), SUPERVISOR, now=NOW)


async def test_everybodys_policy_cannot_be_taken_away_nor_one_of_another_district(conn: Connection) -> None:
    (default,) = [one for one in await policies.policies(conn) if one.priority == 1]
    with pytest.raises(Conflict):
        await policies.write_policy(conn, default, SUPERVISOR, retired=True, now=NOW)
    east = Identity(id=uuid.UUID(int=2), name="东", role="supervisor", area_code="370502")
    for area in ("", "3705", "370503"):
        with pytest.raises(NotAllowed):
            await policies.write_policy(conn, policy(area_code=area), east, now=NOW)


async def test_a_residents_own_policy_counts_for_her(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-own", home)
    own = policy(PAGE, resident_id=home.resident_id, id=uuid.uuid4())
    async with conn.transaction():
        await policies.write_policy(conn, own, SUPERVISOR, now=NOW)
    await town.send(conn, home.gateway, town.event("sos", device="zb-own"))
    cursor = await conn.execute("select policy_id, step, next_at from escalation_due")
    assert await cursor.fetchall() == [(own.id, 1, NOW + timedelta(seconds=60))]
