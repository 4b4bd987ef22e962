"""A broker and a cloud for the tests of the agent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.stand import Broker, FakeCloud
from tests.ports import free_port
from tests.waiting import LIMIT_S


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """A running nats-server."""
    made = Broker(tmp_path / "broker", free_port())
    made.start()
    await made.ready()
    yield made
    made.kill()


@pytest.fixture
async def fake_cloud(broker: Broker) -> AsyncIterator[FakeCloud]:
    """A cloud that listens and acknowledges."""
    made = FakeCloud(broker)
    task = asyncio.create_task(made.run())
    async with asyncio.timeout(LIMIT_S):
        await made.up.wait()
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
