"""A disk that was full is noticed once, and that it has room again, too."""

import asyncio
from pathlib import Path

import pytest

from cloud.embedded.disk import free_bytes, room_again

MB = 1 << 20


async def test_room_again_is_told_once_after_it_was_full(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    left = iter([500, 15, 0, 40, 65, 500, 500, 3, 63, 65])
    told = []

    async def listen() -> None:
        async for _ in room_again(tmp_path, free=lambda _: next(left) * MB, every_s=0):
            told.append(len(caplog.records))

    with pytest.raises(RuntimeError):  # the numbers are used up
        await asyncio.wait_for(listen(), 30)
    assert [record.__dict__["action"] for record in caplog.records] == ["disk_full", "disk_back"] * 2
    assert told == [2, 4]


def test_what_is_free_is_told_in_bytes(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) > 0
