"""The feed: one number after another in the order of commits, each reader its own chain."""

import asyncio
import uuid

import pytest

from cloud.access.access import Identity, Role
from cloud.database.pool import Connection, Pool, connect
from cloud.feed import store as feed
from cloud.feed.store import CHANNEL
from tests.cloud.town import NOW, seconds

ORG, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


def reader(area: str = "", org: uuid.UUID | None = None, role: Role = "operator") -> Identity:
    return Identity(id=uuid.UUID(int=9), name="甲", role=role, area_code=area, org_id=org)


async def append(conn: Connection, area: str = "370502", org: uuid.UUID = ORG, type: str = "case") -> int:
    async with conn.transaction():
        return await feed.append(conn, now=NOW, type=type, data={"a": 1}, area_code=area, org_id=org)


async def test_many_writers_leave_no_gap_and_commit_in_order(pool: Pool, conn: Connection) -> None:
    seen: list[int] = []
    done = asyncio.Event()

    async def write(n: int) -> None:
        for turn in range(10):
            async with pool.connection() as mine:
                try:
                    async with mine.transaction():
                        await feed.append(mine, now=NOW, type="case", data={"n": n})
                        if (n + turn) % 4 == 0:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    continue

    async def follow() -> None:
        """A reader that asks all the time must never see a later frame before an earlier one."""
        after = 0
        while not done.is_set():
            for frame in await feed.read_after(conn, after, reader()):
                assert frame.prev == after
                after = frame.seq
                seen.append(after)
            await asyncio.sleep(0)

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(n) for n in range(5)))
    last = await feed.position(conn) if not following.done() else 0
    done.set()
    await following
    rest = [frame.seq for frame in await feed.read_after(conn, seen[-1] if seen else 0, reader())]
    assert seen + rest == list(range(1, last + 1))
    assert 30 <= last < 50


async def test_each_reader_has_a_chain_of_its_own(conn: Connection) -> None:
    for area in ("370502", "370600", "370502", "110101", "370502"):
        await append(conn, area)
    frames = await feed.read_after(conn, 0, reader("3705"))
    assert [(frame.prev, frame.seq) for frame in frames] == [(0, 1), (1, 3), (3, 5)]
    assert [frame.seq for frame in await feed.read_after(conn, 3, reader("3706"))] == []
    assert len(await feed.read_after(conn, 0, reader())) == 5


async def test_an_organisation_sees_its_own(conn: Connection) -> None:
    await append(conn, org=ORG)
    await append(conn, org=OTHER)
    assert [frame.seq for frame in await feed.read_after(conn, 0, reader(org=OTHER))] == [2]


@pytest.mark.parametrize(
    ("role", "types"),
    [
        ("operator", ["case"]),
        ("supervisor", ["case", "escalation"]),
        ("admin", ["case", "escalation"]),
        ("family", []),
        ("responder", []),
    ],
)
async def test_a_role_sees_its_types(conn: Connection, role: Role, types: list[str]) -> None:
    await append(conn)
    await append(conn, type="escalation")
    assert [frame.type for frame in await feed.read_after(conn, 0, reader(role=role))] == types


async def test_a_commit_wakes_the_listeners_with_its_number(database_url: str, conn: Connection) -> None:
    async with await connect(database_url) as listener:
        await listener.execute(f"listen {CHANNEL}")
        seq = await append(conn)
        async for notify in listener.notifies(timeout=30, stop_after=1):
            assert notify.payload == str(seq)
            return
    pytest.fail("no notification")


async def test_old_frames_are_forgotten_but_never_the_latest(conn: Connection) -> None:
    for _ in range(3):
        await append(conn)
    assert await feed.trim(conn, before=NOW + seconds(1)) == 0
    assert await feed.oldest(conn) == 1
    await conn.execute("update feed_counter set seq = 2000")
    assert await feed.trim(conn, before=NOW + seconds(1)) == 3
    assert await feed.oldest(conn) == 0


async def test_a_frame_is_json_as_it_was_stored(conn: Connection) -> None:
    await append(conn)
    (frame,) = await feed.read_after(conn, 0, reader())
    assert frame.encode() == b'{"seq":1,"prev":0,"type":"case","data":{"a": 1}}'
