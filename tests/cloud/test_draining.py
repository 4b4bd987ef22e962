"""What has begun is finished although somebody asks to end, unless it takes too long."""

import asyncio

import pytest

from cloud import draining
from cloud.draining import whole


async def test_what_has_begun_is_finished_and_its_caller_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        begun.set()
        await go_on.wait()
        done.append("whole")
        return "result"

    caller = asyncio.create_task(whole(work()))
    await begun.wait()
    caller.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["whole"]
    assert await whole(work()) == "result"

    monkeypatch.setattr(draining, "LAST_WORK_S", 0.05)
    go_on.clear()
    caller = asyncio.create_task(whole(work()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["whole", "whole"]
