"""A worker that is asked to end while a message is being handed over writes down how that went."""

import asyncio

import pytest

from cloud.notifications.channel import Outgoing, Sent
from cloud.notifications.sms import HttpSms
from tests.cloud.notifications.conftest import Desk

pytestmark = pytest.mark.postgres


async def test_what_is_being_handed_over_is_finished_and_released(desk: Desk, database_url: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(HttpSms):
        async def send(self, message: Outgoing, now: object) -> Sent:
            begun.set()
            await go_on.wait()
            return await super().send(message, now)

    plain = desk.sms(callback_url=None)
    plain.__class__ = Slow
    desk.use(plain)
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
