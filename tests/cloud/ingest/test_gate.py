"""Who goes next where only so many can."""

import asyncio

import pytest

from cloud.ingest.gate import Gate


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_urgent_go_before_the_others_and_each_kind_in_its_order() -> None:
    gate, went = Gate(1), list[str]()
    release = asyncio.Event()

    async def hold() -> None:
        async with gate.passing("first", urgent=False):
            await release.wait()

    async def go(key: str, *, urgent: bool) -> None:
        async with gate.passing(key, urgent=urgent):
            went.append(key)

    async with asyncio.TaskGroup() as group:
        group.create_task(hold())
        await settle()
        for key, urgent in (("a", False), ("b", False), ("c", True), ("d", True), ("e", False)):
            group.create_task(go(key, urgent=urgent))
            await settle()
        gate.hurry("e")
        gate.hurry("nobody")
        release.set()
    assert went == ["c", "d", "e", "a", "b"]


async def test_whoever_gives_up_waiting_takes_no_room_with_him() -> None:
    gate = Gate(1)
    release = asyncio.Event()

    async def hold() -> None:
        async with gate.passing("first", urgent=False):
            await release.wait()

    async def wait(key: str) -> None:
        async with gate.passing(key, urgent=True):
            pass

    holder = asyncio.create_task(hold())
    await settle()
    waiting = [asyncio.create_task(wait(str(n))) for n in range(3)]
    await settle()
    waiting[0].cancel()
    release.set()
    await settle()
    waiting[1].cancel()
    await asyncio.gather(holder, *waiting, return_exceptions=True)
    async with asyncio.timeout(1):
        await wait("again")


async def test_never_more_than_its_width_are_through() -> None:
    gate, most, now = Gate(3), 0, 0

    async def go(n: int) -> None:
        nonlocal most, now
        async with gate.passing(str(n), urgent=n % 5 == 0):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(go(n) for n in range(100)))
    assert (most, now) == (3, 0)


@pytest.mark.parametrize("urgent", [True, False])
async def test_an_open_gate_lets_through_at_once(urgent: bool) -> None:
    gate = Gate(1)
    for n in range(3):
        async with asyncio.timeout(1), gate.passing(str(n), urgent=urgent):
            pass
