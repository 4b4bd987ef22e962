"""What befalls a worker while a message is being handed over: it is asked to end, the clock jumps."""

import asyncio
from typing import Any

import pytest

from cloud.notifications.channel import Outgoing, Sent
from cloud.notifications.sms import HttpSms
from tests.cloud.notifications.conftest import Desk

pytestmark = pytest.mark.postgres


def a_slow_provider(desk: Desk, **others: Any) -> tuple[asyncio.Event, asyncio.Event]:
    """Set once a message is being handed over; to be set for it to go on."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(HttpSms):
        async def send(self, message: Outgoing, now: object) -> Sent:
            begun.set()
            await go_on.wait()
            return await super().send(message, now)

    plain = desk.sms(callback_url=None, **others)
    plain.__class__ = Slow
    desk.use(plain)
    return begun, go_on


async def test_a_clock_that_jumps_ahead_calls_nobody_twice(desk: Desk) -> None:
    begun, go_on = a_slow_provider(desk, query_url=None, idempotent=False)
    id = await desk.queue(await desk.person("13800000000"))
    sender = desk.sender
    sending = asyncio.create_task(sender.step())
    await asyncio.wait_for(begun.wait(), 30)
    desk.clock.move(hours=1)
    assert await sender.step()
    assert await desk.state(id) == "sending"
    go_on.set()
    await sending
    assert (await desk.state(id), len(desk.far.to("13800000000"))) == ("sent", 1)


async def test_what_is_being_handed_over_is_finished_and_released(desk: Desk, database_url: str) -> None:
    begun, go_on = a_slow_provider(desk)
    ids = [await desk.queue(await desk.person(f"1380000000{n}")) for n in range(2)]
    running = asyncio.create_task(desk.sender.run(database_url))
    await asyncio.wait_for(begun.wait(), 30)
    running.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    states = {await desk.state(id) for id in ids}
    assert "sent" in states
    assert states <= {"sent", "queued"}, "none is left to a lease that must run out"
