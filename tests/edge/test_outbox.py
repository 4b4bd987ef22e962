"""The outbox keeps its word on full disks and in damaged files."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.agent import lock
from edge.outbox.outbox import Limits, Outbox
from edge.readings import Fix, Reading
from firmware_specs.batches import decode_batch, encode_batch
from firmware_specs.ids import uuid7
from firmware_specs.messages import ClockState, Event, Position, TelemetryBatch
from tests.waiting import LIMIT_S

NOW = 1_767_225_600_000
MANY = 1 << 60
SMALL = Limits(events_bytes=1 << 20, telemetry_bytes=200_000, reserve_bytes=256 * 1024)


def event(kind: str = "sos", **more: object) -> Event:
    return Event(id=str(uuid7(NOW)), run="none", boot="b", seq=1, kind=kind, at=NOW, evidence=dict(more))


def reading(value: float, at: int = NOW, *, late: bool = False, device: str = "watch-1") -> Reading:
    return Reading(device=device, kind="heart_rate", at=at, value=value, late=late)


@asynccontextmanager
async def outbox(
    folder: Path,
    run: str = "run00001",
    *,
    limits: Limits = SMALL,
    now: int | Callable[[], int] = NOW,
    steady: Callable[[], int] = lambda: 0,
) -> AsyncIterator[Outbox]:
    at = now if callable(now) else lambda: now
    made = Outbox(folder, run, boot="b", now=at, steady=steady, clock=ClockState, limits=limits)
    await made.open()
    task = asyncio.create_task(made.commit_loop())
    try:
        yield made
    finally:
        await made.close()
        task.cancel()


async def all_batches(box: Outbox) -> list[TelemetryBatch]:
    return [kept.batch for kept in await box.waiting_batches(0, MANY, 10_000)]


async def test_events_are_numbered_as_they_are_written_and_wait_until_stored(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        await asyncio.gather(*(box.keep([event(n=n)], {}) for n in range(20)))
    async with outbox(tmp_path, "run00002") as box:
        await box.keep([event(n=20)], {})
        waiting = await box.waiting_events(100)
        keys = {(e.run, e.seq) for e in waiting}
        assert keys == {("run00001", seq) for seq in range(1, 21)} | {("run00002", 1)}
        box.mark_events([("run00001", seq) for seq in range(1, 21)])
        assert [(e.run, e.seq) for e in await box.waiting_events(100)] == [("run00002", 1)]


async def test_the_most_urgent_event_is_the_first_of_those_that_wait(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        for kind in ("battery_low", "door_left_open", "smoke"):
            await box.keep([event(kind)], {})
        assert [e.kind for e in await box.waiting_events(2)] == ["smoke", "door_left_open"]


async def test_it_says_how_long_the_oldest_row_of_each_stream_has_waited(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        assert await box.waits_s() == (0, 0)
        await box.keep([event()], {})
        box.add([reading(60)])
        await box.commit_telemetry(seal=True)
    async with outbox(tmp_path, "run00002", now=NOW + 90_000) as box:
        await box.keep([event()], {})
        assert await box.waits_s() == (90, 90)
        box.mark_events([("run00001", 1)])
        box.mark_batches([(batch.run, batch.seq) for batch in await all_batches(box)])
        assert await box.waits_s() == (0, 0)


async def test_a_row_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        for n in range(3):
            await box.keep([event(n=n)], {})
            box.add([reading(float(n))])
            await box.commit_telemetry(seal=True)
        for name, rows in (
            ("telemetry.db", "batch set payload = 'x' where n = 1"),
            ("events.db", "event set payload = 'x' where seq = 1"),
        ):
            with contextlib.closing(sqlite3.connect(tmp_path / name)) as db:
                db.execute(f"update {rows}")
                db.commit()
        assert [kept.batch.seq for kept in await box.waiting_batches(0, MANY, 1)] == [2]
        assert [kept.seq for kept in await box.waiting_events(1)] == [2]
        assert await box.counts() == (2, 2)


async def test_notes_come_back_after_a_restart(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        await box.keep([event()], {"pipeline": b"one"})
        await box.keep([event()], {"pipeline": b"two"})
    async with outbox(tmp_path) as box:
        assert await box.note("pipeline") == b"two"


async def test_readings_become_batches_of_columns_backfill_apart(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        box.add([reading(float(n), NOW + n) for n in range(450)])
        box.add([reading(1.0, NOW - 86_400_000, late=True)])
        box.add([Fix(position=Position(device="watch-1", at=NOW, lat=37.0, lon=118.0))])
        await box.commit_telemetry(seal=True)
        batches = await all_batches(box)
    assert [(len(b.value) + len(b.positions), b.late) for b in batches] == [
        (200, False),
        (200, False),
        (51, False),
        (1, True),
    ]
    assert [b.seq for b in batches] == [1, 2, 3, 4]
    for batch in batches:
        assert decode_batch(encode_batch(batch)) == batch


async def test_what_the_wire_cannot_carry_is_left_out_alone(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        box.add([reading(float("nan")), reading(float("inf")), reading(3.0, -5), reading(4.0, device="No!")])
        box.add([Fix(position=Position(device="watch-1", at=NOW, lat=95.0, lon=118.0)), reading(7.0)])
        await box.commit_telemetry(seal=True)
        batches = await all_batches(box)
    assert [(b.value, b.positions) for b in batches] == [([7.0], [])]


async def test_readings_of_the_last_seconds_survive_a_crash(tmp_path: Path) -> None:
    """Committed but not yet sealed: the next run makes the batch."""
    box = Outbox(
        tmp_path, "run00001", boot="b", now=lambda: NOW, steady=lambda: 0, clock=ClockState, limits=SMALL
    )
    await box.open()
    box.add([reading(71.0)])
    await box.commit_telemetry(seal=False)
    async with outbox(tmp_path, "run00002") as after:
        await after.commit_telemetry(seal=True)
        assert [(b.run, b.value) for b in await all_batches(after)] == [("run00002", [71.0])]
    await box.close()


async def test_a_full_outbox_thins_the_oldest_telemetry_says_so_and_keeps_events(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        await box.keep([event()], {})
        for minute in range(200):
            box.add([reading(60.0 + n % 40, NOW + minute * 60_000 + n) for n in range(200)])
            await box.commit_telemetry(seal=True)
        batches = await all_batches(box)
        assert len(await box.waiting_events(10)) == 1
    with contextlib.closing(sqlite3.connect(tmp_path / "telemetry.db")) as db:
        pending = db.execute("select total(count) from gap").fetchone()[0]
    gone = sum(gap.count for b in batches for gap in b.gaps)
    kept = sum(len(b.value) for b in batches)
    assert batches[0].t0 > NOW
    assert batches[-1].t0 == NOW + 199 * 60_000
    assert 0 < gone == 200 * 200 - kept - pending
    assert (tmp_path / "telemetry.db").stat().st_size < 5 * SMALL.telemetry_bytes


@pytest.mark.parametrize("garbage", [b"not a database at all" * 500, b"SQLite format 3\0" + b"\xff" * 8000])
async def test_a_damaged_file_is_set_aside_and_a_fresh_one_begun(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "events.db").write_bytes(garbage)
    (tmp_path / "telemetry.db").write_bytes(garbage)
    box = Outbox(
        tmp_path, "run00001", boot="b", now=lambda: NOW, steady=lambda: 0, clock=ClockState, limits=SMALL
    )
    problems: list[tuple[str, str]] = []
    box.on_problem = lambda problem, detail: problems.append((problem, detail))
    await box.open()
    task = asyncio.create_task(box.commit_loop())
    await box.keep([event()], {})
    box.add([reading(70.0)])
    await box.commit_telemetry(seal=True)
    assert len(await box.waiting_events(10)) == 1
    assert len(await all_batches(box)) == 1
    assert sorted(problem for problem, _ in problems) == ["outbox_damaged"] * 2
    assert set_aside(tmp_path, "events.db") == set_aside(tmp_path, "telemetry.db") == garbage
    await box.close()
    task.cancel()


async def test_events_of_a_file_that_is_damaged_later_are_rescued(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        for n in range(50):
            await box.keep([event(n=n)], {"pipeline": b"state"})
    with contextlib.closing(sqlite3.connect(tmp_path / "events.db")) as db:
        root = db.execute("select rootpage from sqlite_schema where name = 'event_age'").fetchone()[0]
        size = db.execute("pragma page_size").fetchone()[0]
        db.execute("pragma wal_checkpoint(truncate)")
    overwrite(tmp_path / "events.db", (root - 1) * size, b"\xff" * size)
    async with outbox(tmp_path, "run00002") as box:
        waiting = await box.waiting_events(100)
        assert sorted(e.evidence["n"] for e in waiting) == list(range(50))
        assert await box.note("pipeline") == b"state"
    assert set_aside(tmp_path, "events.db")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB; skips where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_on_a_full_disk_events_take_the_reserve_then_memory_and_later_the_disk_again(
    small_disk: Path,
) -> None:
    box = Outbox(
        small_disk, "run00001", boot="b", now=lambda: NOW, steady=lambda: 0, clock=ClockState, limits=SMALL
    )
    problems: list[str] = []
    box.on_problem = lambda problem, detail: problems.append(problem)
    await box.open()
    assert (small_disk / "reserved-space").exists()
    tasks = [asyncio.create_task(box.commit_loop()), asyncio.create_task(box.upkeep_loop(0.05, 0.1))]
    fill(small_disk / "photos")
    big = "x" * 8000
    for n in range(60):
        await box.keep([event(n=n, big=big)], {})
    assert not (small_disk / "reserved-space").exists()
    assert problems == ["storage_full"]
    waiting = await box.waiting_events(1000)
    assert sorted(e.evidence["n"] for e in waiting) == list(range(60))
    on_disk = count(small_disk / "events.db")
    assert 0 < on_disk < 60
    (small_disk / "photos").unlink()
    async with asyncio.timeout(LIMIT_S):
        while count(small_disk / "events.db") < 60:
            await asyncio.sleep(0.05)
    assert len({(e.run, e.seq) for e in await box.waiting_events(1000)}) == 60
    await box.close()
    for task in tasks:
        task.cancel()


async def test_telemetry_on_a_full_disk_is_thinned_while_events_stay(small_disk: Path) -> None:
    async with outbox(small_disk, limits=Limits(reserve_bytes=1 << 20)) as box:
        await box.keep([event()], {})
        for minute in range(2000):
            box.add([reading(60.0 + n / 7, NOW + minute * 60_000 + n) for n in range(200)])
            await box.commit_telemetry(seal=True)
        batches = await all_batches(box)
        assert len(await box.waiting_events(10)) == 1
    assert batches[-1].t0 > NOW + 1950 * 60_000
    assert sum(gap.count for b in batches for gap in b.gaps) > 0


def fill(path: Path) -> None:
    """Take all free space of a file system."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096) == 4096:
            os.fsync(file.fileno())


def count(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return int(db.execute("select count(*) from event").fetchone()[0])


def set_aside(folder: Path, name: str) -> bytes:
    """What a damaged file held."""
    return (folder / f"{name}.damaged-{NOW}").read_bytes()


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


async def test_on_a_card_that_can_only_be_read_alarms_live_in_memory(small_disk: Path) -> None:
    async with outbox(small_disk) as box:
        await box.keep([event(n=1)], {})
    make_read_only(small_disk)
    held = lock(small_disk)
    problems: list[str] = []
    async with outbox(small_disk, "run00002") as box:
        box.on_problem = lambda problem, detail: problems.append(problem)
        await box.keep([event(n=2)], {})
        box.add([reading(70.0)])
        await box.commit_telemetry(seal=True)
        assert ("run00002", 1) in {(e.run, e.seq) for e in await box.waiting_events(10)}
        box.mark_events([("run00002", 1)])
        assert ("run00002", 1) not in {(e.run, e.seq) for e in await box.waiting_events(10)}
    assert problems == ["storage_full"]
    os.close(held)
