"""The outbox under failure: nothing lost, nothing sent twice without need, nothing silently dropped."""

import asyncio
from typing import Any

import pytest

from cloud.cases import intake
from cloud.notifications import http, store
from cloud.notifications.base import Facts
from cloud.notifications.channel import Outgoing, Provider, Sent
from cloud.notifications.notification import Recipient, State
from cloud.notifications.queue import queue, withdraw
from cloud.notifications.sender import Sender
from cloud.notifications.voice import VoiceCall
from tests.cloud.notifications.conftest import Desk
from tests.cloud.town import EVERYONE
from tests.waiting import until

pytestmark = pytest.mark.postgres


class KilledError(BaseException):
    """The process ends here."""


async def kill_after_sending(desk: Desk, *, before: bool = False) -> None:
    """A worker whose process ends after the provider has it (or before), and before it is written down."""

    class Dying(Sender):
        async def _record(self, plan: Any, ended: Any) -> None:
            raise KilledError

        async def _send(self, plan: Any) -> None:
            if before:
                raise KilledError
            await super()._send(plan)

    with pytest.raises(KilledError):
        await Dying(desk.pool, desk.providers, desk.clock).step()


async def test_a_step_is_queued_once_for_each_recipient_and_channel(desk: Desk) -> None:
    whom = await desk.person("13800000000")
    await desk.queue(whom, "sms")
    with pytest.raises(AssertionError):
        await desk.queue(whom, "sms")
    await desk.queue(whom, "voice")
    await desk.queue(whom, "sms", step="2")
    assert len(await desk.of_case()) == 3


async def test_a_step_without_a_case_is_queued_once_too(desk: Desk) -> None:
    whom = await desk.staff()
    await desk.queue(whom, "sms", case_id=None, step="canary-1")
    with pytest.raises(AssertionError):
        await desk.queue(whom, "sms", case_id=None, step="canary-1")


async def test_what_the_caller_takes_back_was_never_queued(desk: Desk) -> None:
    whom = await desk.person("13800000000")
    with pytest.raises(RuntimeError):  # noqa: PT012 - the block is what fails
        async with desk.conn.transaction():
            await queue(
                desk.conn,
                now=desk.clock.now(),
                step_key="1",
                template="fallback",
                recipient=whom,
                channel="sms",
                priority=1,
                case_id=desk.case_id,
            )
            raise RuntimeError
    assert await desk.of_case() == []


async def test_eight_workers_send_each_message_once(desk: Desk) -> None:
    desk.use(desk.sms(callback_url=None, query_url=None))
    ids = [await desk.queue(await desk.person(f"138000{n:05}0"), step=str(n)) for n in range(40)]

    async def work() -> None:
        sender = desk.sender
        while await sender.step():
            pass

    await asyncio.gather(*(work() for _ in range(8)))
    assert {await desk.state(id) for id in ids} == {"sent"}
    assert desk.far.requests == 40
    assert len(desk.far.placed) == 40


async def test_a_worker_killed_after_sending_sends_nothing_twice(desk: Desk) -> None:
    desk.far.idempotent = False
    desk.use(desk.voice(callback_url=None, idempotent=False))
    id = await desk.queue(await desk.person("13800000001"), "voice")
    await kill_after_sending(desk)
    await desk.run()
    assert await desk.state(id) == "sending"
    desk.clock.move(seconds=61)
    await desk.run()
    found = await desk.find(id)
    assert (found.state, found.outcome) == ("delivered", "accepted")
    assert len(desk.far.placed) == 1


async def test_a_worker_killed_before_sending_leaves_it_to_the_next(desk: Desk) -> None:
    desk.use(desk.voice())
    id = await desk.queue(await desk.person("13800000001"), "voice")
    await kill_after_sending(desk, before=True)
    desk.clock.move(seconds=61)
    await desk.run()
    await desk.reaches(id, "delivered")
    assert len(desk.far.placed) == 1


async def test_an_unknown_outcome_of_a_p1_is_sent_again_of_a_p3_it_is_not(desk: Desk) -> None:
    desk.far.idempotent = False
    desk.use(desk.sms(callback_url=None, query_url=None, idempotent=False))
    for number in ("13800000001", "13800000003"):
        desk.far.behave(number, "lost", "normal")
    urgent = await desk.queue(await desk.person("13800000001"))
    lesser = await desk.queue(await desk.person("13800000003"), priority=3, template="attention")
    for _ in range(3):
        await desk.run()
        desk.clock.move(seconds=30)
    assert await desk.state(urgent) == "sent"
    assert len(desk.far.to("13800000001")) == 2
    found = await desk.find(lesser)
    assert (found.state, found.reason) == ("dead", "outcome_unknown")
    assert len(desk.far.to("13800000003")) == 1


@pytest.mark.parametrize("ending", ["garbage", "lost"])
async def test_what_was_taken_in_spite_of_a_bad_answer_is_found_by_asking(desk: Desk, ending: str) -> None:
    desk.use(desk.sms(callback_url=None))
    desk.far.behave("13800000000", ending)
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    assert await desk.state(id) == "sending"
    desk.clock.move(seconds=15)
    await desk.run()
    assert await desk.state(id) == "delivered"
    assert len(desk.far.placed) == 1


async def test_aliyun_is_asked_for_what_may_have_been_sent(desk: Desk) -> None:
    provider = desk.aliyun()
    desk.far.reports_to.clear()
    desk.use(provider)
    desk.far.behave("13800000000", "lost")
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    desk.clock.move(seconds=15)
    await desk.run()
    assert await desk.state(id) == "delivered"
    assert len(desk.far.placed) == 1


async def test_a_receipt_that_never_comes_is_asked_for(desk: Desk) -> None:
    desk.use(desk.sms())
    desk.far.behave("13800000000", "never")
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    assert await desk.state(id) == "sent"
    desk.clock.move(seconds=21)
    await desk.run()
    assert await desk.state(id) == "delivered"


async def test_a_call_without_any_result_has_failed_after_three_minutes(desk: Desk) -> None:
    desk.use(desk.voice(callback_url=None, query_url=None))
    id = await desk.queue(await desk.person("13800000000"), "voice")
    for _ in range(12):
        await desk.run()
        desk.clock.move(seconds=20)
    found = await desk.find(id)
    assert (found.state, found.reason) == ("failed", "no_result")


async def test_the_second_provider_steps_in_at_once(desk: Desk) -> None:
    desk.use(desk.sms("first"), desk.sms("second"))
    desk.far.behave("13800000000", "error", "normal")
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    found = await desk.reaches(id, "delivered")
    assert (found.provider, found.attempts) == ("second", 2)


async def test_a_provider_that_is_down_is_tried_again_and_then_a_list_for_the_operators(desk: Desk) -> None:
    desk.use(desk.sms(url="http://127.0.0.1:9/nobody", query_url=None))
    id = await desk.queue(await desk.person("13800000000"))
    for _ in range(30):
        await desk.run()
        desk.clock.move(seconds=30)
    await desk.sender.keep()
    found = await desk.find(id)
    assert (found.state, found.reason) == ("expired", "too_old")
    assert found.attempts > 10
    assert [one.id for one in await store.overdue(desk.conn, EVERYONE)] == [id]


async def test_a_lesser_message_is_dead_after_eight_attempts(desk: Desk) -> None:
    desk.use(desk.webhook(url="http://127.0.0.1:9/nobody"))
    id = await desk.queue(Recipient.endpoint("city"), "webhook", 3)
    for _ in range(40):
        await desk.run()
        desk.clock.move(minutes=10)
    found = await desk.find(id)
    assert (found.state, found.reason, found.attempts) == ("dead", "unreachable", 8)
    assert len(await store.attempts_of(desk.conn, id)) == 8


async def test_a_provider_that_breaks_takes_no_other_message_with_it(desk: Desk) -> None:
    class Broken(VoiceCall):
        async def send(self, message: Outgoing, now: object) -> Sent:
            raise ZeroDivisionError

        def check(self, message: Outgoing) -> None:
            if message.address.endswith("2"):
                raise ZeroDivisionError

    broken = Broken(desk.voice()._facts, desk.interface("voice", "voice", query_url=None))
    desk.use(broken, desk.sms())
    one = await desk.queue(await desk.person("13800000001"), "voice")
    two = await desk.queue(await desk.person("13800000002"), "voice")
    three = await desk.queue(await desk.person("13800000000"), "sms")
    await desk.run()
    await desk.reaches(three, "delivered")
    assert await desk.state(one) == "sending"
    assert (await desk.find(two)).reason == "internal_error"


async def test_what_was_claimed_before_the_call_is_not_called(desk: Desk) -> None:
    desk.use(desk.sms())
    id = await desk.queue(await desk.person("13800000000"))
    async with desk.conn.transaction():
        gone = await withdraw(desk.conn, desk.case_id, reason="claimed", now=desk.clock.now())
    await desk.run()
    assert gone == [id]
    assert desk.far.requests == 0


async def test_what_is_being_sent_when_the_case_is_claimed_is_never_sent_again(desk: Desk) -> None:
    desk.far.idempotent = False
    desk.use(desk.sms(callback_url=None, query_url=None, idempotent=False))
    desk.far.behave("13800000001", "lost", "normal")
    id = await desk.queue(await desk.person("13800000001"), step="escalation:1:1:5")
    await desk.run()
    assert await desk.state(id) == "sending", "nobody knows whether it arrived"
    async with desk.conn.transaction():
        prefix, now = "escalation:", desk.clock.now()
        assert await withdraw(desk.conn, desk.case_id, reason="taken", now=now, step_prefix=prefix) == [id]
    for _ in range(3):
        desk.clock.move(seconds=30)
        await desk.run()
    found = await desk.find(id)
    assert (found.state, found.reason) == ("suppressed", "taken")
    assert len(desk.far.to("13800000001")) == 1
    assert await store.overdue(desk.conn, EVERYONE) == []


async def test_what_was_withdrawn_while_it_was_sent_still_brings_its_answer(desk: Desk) -> None:
    desk.use(desk.voice(callback_url=None))
    id = await desk.queue(await desk.person("13800000001"), "voice", step="dispatch:1")
    await kill_after_sending(desk)
    async with desk.conn.transaction():
        await withdraw(desk.conn, desk.case_id, reason="taken", now=desk.clock.now(), step_prefix="dispatch:")
    desk.clock.move(seconds=61)
    await desk.run()
    found = await desk.find(id)
    assert (found.state, found.outcome) == ("delivered", "accepted")
    assert len(desk.far.placed) == 1


async def test_an_answer_that_comes_after_it_was_given_up_for_lost_counts(desk: Desk) -> None:
    held, released = asyncio.Event(), asyncio.Event()

    class Slow(VoiceCall):
        async def send(self, message: Outgoing, now: object) -> Sent:
            held.set()
            await released.wait()
            return Sent(ref="late-1")

        async def query(self, message: Outgoing, now: object) -> None:
            return None

    desk.use(Slow(Facts(name="voice"), desk.interface("voice", "voice")))
    id = await desk.queue(await desk.person("13800000001"), "voice", step="escalation:1")
    sending = asyncio.create_task(desk.sender.step())
    await held.wait()
    async with desk.conn.transaction():
        await withdraw(desk.conn, desk.case_id, reason="taken", now=desk.clock.now())
    desk.clock.move(seconds=61)
    await desk.run()
    assert await desk.state(id) == "suppressed"
    released.set()
    await sending
    assert await desk.state(id) == "sent"


async def test_a_claim_does_not_wait_for_a_sender_that_tells_of_the_same_case(desk: Desk) -> None:
    id = await desk.queue(await desk.person("13800000001"), "voice", step="escalation:1")
    async with desk.pool.connection() as sender, desk.conn.transaction(), sender.transaction():
        await desk.conn.execute("set local lock_timeout = '5s'")
        await sender.execute("set local lock_timeout = '5s'")
        row = await store.lock(sender, id)
        assert row is not None
        await intake.lock(desk.conn, desk.case_id)
        claiming = asyncio.create_task(
            withdraw(desk.conn, desk.case_id, reason="taken", now=desk.clock.now())
        )
        await store.settle(sender, row, State.DEAD, reason="no_address", now=desk.clock.now())
        await sender.execute("commit")
        assert await claiming == []
        await sender.execute("begin")


async def test_a_slow_webhook_takes_no_lane_from_a_p1(desk: Desk, database_url: str) -> None:
    desk.use(desk.sms(callback_url=None), *(desk.webhook(f"slow-{n}") for n in range(20)))
    desk.far.slow_s = 2 * http.LIMIT_S
    for n in range(20):
        desk.far.behave(f"slow-{n}", "slow")
        await desk.queue(Recipient.endpoint(f"slow-{n}"), "webhook", 4, template="technical", step=str(n))
    running = asyncio.create_task(desk.sender.run(database_url))
    try:
        await until(lambda: desk.far.requests >= 3)
        id = await desk.queue(await desk.person("13800000000"))

        async def sent() -> bool:
            return await desk.state(id) == "sent"

        await until(sent, limit_s=http.LIMIT_S - 2)  # before any lane is given up
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_senders_say_with_what_they_are_configured(desk: Desk) -> None:
    providers: list[Provider] = [desk.sms(), desk.webhook()]
    desk.use(*providers)
    await desk.sender.keep()
    rows = await (
        await desk.conn.execute("select name, channel from notification_provider order by position")
    ).fetchall()
    assert rows == [("sms", "sms"), ("city", "webhook")]
    desk.providers.pop()
    desk.clock.move(minutes=15)
    await desk.sender.keep()
    rows = await (await desk.conn.execute("select name from notification_provider")).fetchall()
    assert rows == [("sms",)]
