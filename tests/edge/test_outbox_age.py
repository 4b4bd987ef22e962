"""What the outbox forgets, and when: by the time of its own use, whatever a clock says."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from edge.outbox.outbox import Limits, Outbox
from tests.edge.test_outbox import MANY, NOW, event, outbox, reading

HOUR = 3_600_000
JUMPS = {2036: 2_082_758_400_000, 2000: 946_684_800_000}


async def keep_two_of_each(box: Outbox) -> None:
    """Two events and two batches, of each the first stored by the cloud."""
    for n in range(2):
        await box.keep([event(n=n)], {})
        box.add([reading(n)])
        await box.commit_telemetry(seal=True)
    box.mark_events([(box.run_id, 1)])
    box.mark_batches([(box.run_id, 1)])
    await box.flush_marks()


@pytest.mark.parametrize("year", JUMPS)
async def test_a_clock_that_jumps_makes_no_row_old(tmp_path: Path, year: int) -> None:
    clock, steady = [NOW], [5_000]
    async with outbox(tmp_path, now=lambda: clock[0], steady=lambda: steady[0]) as box:
        await keep_two_of_each(box)
        await box.keep_answer("c1", b"done")
        clock[0] = JUMPS[year]
        await box.purge()
        assert await box.counts() == (1, 1)
        await box.keep([event()], {})
        clock[0], steady[0] = NOW + HOUR, steady[0] + HOUR
        await box.purge()
        assert await box.answer("c1") == b"done"
        assert await box.send_again("all", 0, MANY) == 2, "what was stored is kept for a replay"
        assert await box.counts() == (3, 2)


async def test_rows_age_by_the_time_of_use_also_over_restarts(tmp_path: Path) -> None:
    steady, left = [0], []
    async with outbox(tmp_path, steady=lambda: steady[0]) as box:
        await keep_two_of_each(box)
    for hours in (36, 37, 31 * 24):  # each is a start of the machine: its steady time begins anew
        async with outbox(tmp_path, f"run{hours:05}", steady=lambda: steady[0]) as box:
            steady[0] = hours * HOUR
            await box.keep([event()], {})
            box.add([reading(hours)])
            await box.commit_telemetry(seal=True)
            await box.purge()
            left.append(await box.send_again("all", 0, MANY))
            box.mark_events([("run00001", 1)])
            box.mark_batches([("run00001", 1)])
        steady[0] = 0
    assert left == [2, 1, 0], "batches are kept for 72 h, events for 30 days"


async def test_events_age_over_short_starts_in_which_nobody_ever_gave_a_command(tmp_path: Path) -> None:
    steady = [0]
    for start in range(3):
        steady[0] = 0
        async with outbox(tmp_path, f"run1000{start}", steady=lambda: steady[0]) as box:
            steady[0] = HOUR // 2
            await box.keep([event()], {})
    with contextlib.closing(sqlite3.connect(tmp_path / "events.db")) as db:
        assert db.execute("select max(kept_at) from event").fetchone() == (3 * HOUR // 2,)


async def test_of_too_many_events_those_kept_first_go_first_whatever_the_clock_said(tmp_path: Path) -> None:
    clock, steady = [NOW], [0]
    small = Limits(events_bytes=300_000, telemetry_bytes=1 << 20, reserve_bytes=0)
    async with outbox(tmp_path, limits=small, now=lambda: clock[0], steady=lambda: steady[0]) as box:
        await box.keep([event(pad="x" * 300) for _ in range(1_000)], {})
        clock[0], steady[0] = JUMPS[2000], HOUR
        await box.keep([event(pad="x" * 300) for _ in range(10)], {})
        box.mark_events([("run00001", seq) for seq in range(1, 1_011)])
        await box.flush_marks()
        await box.purge()
        assert await box.send_again("event", 0, MANY) == 10
        assert {each.seq for each in await box.waiting_events(100)} == set(range(1_001, 1_011))


def take_age_away(folder: Path) -> None:
    for name, tables in (("events.db", ["event", "answer"]), ("telemetry.db", ["batch"])):
        with contextlib.closing(sqlite3.connect(folder / name)) as db:
            db.execute("drop index if exists event_age")
            for table in tables:
                db.execute(f"alter table {table} drop column kept_at")


async def test_files_of_an_agent_that_knew_no_age_are_taken_over(tmp_path: Path) -> None:
    async with outbox(tmp_path) as box:
        await keep_two_of_each(box)
    take_age_away(tmp_path)
    problems: list[str] = []
    async with outbox(tmp_path, "run00002", steady=lambda: 10 * HOUR) as box:
        box.on_problem = lambda problem, detail: problems.append(detail)
        assert await box.counts() == (1, 1)
        await box.purge()
        assert await box.send_again("all", 0, MANY) == 2
    assert problems == []
