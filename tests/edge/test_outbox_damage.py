"""Whatever happens to an outbox's files, new events are kept, old ones rescued, and no loss is silent."""

import asyncio
import contextlib
import errno
import logging
import os
import random
import shutil
import threading
from pathlib import Path
from typing import Final

import pytest

from edge.outbox.events import EventStore
from edge.outbox.outbox import Limits, Outbox
from edge.readings import Reading
from firmware_specs.ids import uuid7
from firmware_specs.messages import ClockState, Event
from tests.waiting import until

NOW: Final = 1_767_225_600_000
EVENTS: Final = 40
TRIALS: Final = int(os.environ.get("CAREBED_DAMAGE_TRIALS", "80"))


def event(n: int) -> Event:
    return Event(
        id=str(uuid7(NOW + n)),
        run="none",
        boot="b",
        seq=1,
        kind="sos",
        at=NOW,
        evidence={"n": n, "x": "y" * 200},
    )


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A folder for an outbox."""
    folder = tmp_path / "before"
    folder.mkdir()
    return folder


def box(folder: Path, run: str) -> Outbox:
    limits = Limits(reserve_bytes=65_536)
    return Outbox(folder, run, boot="b", now=lambda: NOW, steady=lambda: 0, clock=ClockState, limits=limits)


async def filled(folder: Path) -> Outbox:
    """An outbox with forty events and batches, as a power cut leaves it: not closed."""
    made = box(folder, "run00001")
    await made.open()
    task = asyncio.create_task(made.commit_loop())
    for n in range(EVENTS):
        await made.keep([event(n)], {"pipeline": b"{}"})
        made.add([Reading(device="watch-1", kind="heart_rate", at=NOW + n, value=60.0)])
        await made.commit_telemetry(seal=True)
    task.cancel()
    return made


def spoil(folder: Path, chance: random.Random) -> str:
    """Do to one file what a dying card does; returns which and what."""
    path = folder / (chance.choice(["events.db", "telemetry.db"]) + chance.choice(["", "", "-wal", "-shm"]))
    how = chance.choice(["cut", "flip", "empty", "gone", "blank"])
    data = bytearray(path.read_bytes()) if path.exists() else bytearray()
    if how == "gone" or not data:
        path.unlink(missing_ok=True)
        return f"{path.name} gone"
    if how == "flip":
        for _ in range(chance.choice([1, 10, 200])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif how == "blank":
        at = chance.randrange(0, len(data), 4096)
        data[at : at + 4096] = bytes(len(data[at : at + 4096]))
    else:
        del data[chance.randrange(len(data)) if how == "cut" else 0 :]
    path.write_bytes(data)
    return f"{path.name} {how}"


async def again(folder: Path) -> tuple[int, int, list[str]]:
    """A new run on a spoilt folder: how many old events wait and how many new, what was reported."""
    made = box(folder, "run00002")
    told: list[str] = []
    made.on_problem = lambda problem, detail: told.append(problem)
    await made.open()
    task = asyncio.create_task(made.commit_loop())
    for n in range(100, 103):
        await made.keep([event(n)], {})
    made.add([Reading(device="watch-1", kind="heart_rate", at=NOW, value=61.0)])
    await made.commit_telemetry(seal=True)
    waiting = await made.waiting_events(1000)
    await made.waiting_batches(0, 1 << 60, 10_000)
    for _ in range(3):  # what damage brings back is sent again, and acknowledged again
        made.mark_events([(one.run, one.seq) for one in await made.waiting_events(1000)])
    left = await made.waiting_events(1000)
    await made.commit_telemetry(seal=True)
    assert "outbox_damaged" in told or not left
    await made.close()
    task.cancel()
    new = sum(one.run == "run00002" for one in waiting)
    return len(waiting) - new, new, told


@pytest.mark.parametrize("closed", [False, True])
async def test_no_damage_stops_the_outbox_and_no_event_is_lost_in_silence(
    tmp_path: Path, before: Path, closed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    first = await filled(before)
    if closed:
        await first.close()
    for trial in range(TRIALS // 2):
        folder = tmp_path / "spoilt"
        shutil.copytree(before, folder)
        what = spoil(folder, random.Random(trial))
        files = {path.name for path in folder.iterdir()}
        old, new, told = await again(folder)
        assert new == 3 or "outbox_damaged" in told, what
        assert old == EVENTS or "outbox_damaged" in told, f"{what}: {old} events, {told}"
        assert aside(folder) or "outbox_damaged" not in told or what.startswith("events.db"), (what, files)
        shutil.rmtree(folder)
    if not closed:
        await first.close()


def aside(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes()[:5] for path in folder.glob("*.damaged-*"))


async def test_files_set_aside_in_the_same_moment_are_all_kept(tmp_path: Path) -> None:
    for content in (b"first" * 1000, b"second" * 1000):
        (tmp_path / "events.db").write_bytes(content)
        made = box(tmp_path, "run00001")
        await made.open()
        await made.close()
    kept = aside(tmp_path)
    assert kept == [b"first", b"secon"]


async def test_a_card_that_no_longer_answers_at_all_stops_no_event(
    before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "stat", dead)
    made = box(before, "run00001")
    await made.open()
    committing = asyncio.create_task(made.commit_loop())
    heard: list[Event] = []
    made.on_events = heard.extend
    await made.keep([event(1)], {})
    assert [kept.evidence["n"] for kept in (*heard, *await made.waiting_events(10))] == [1, 1]
    committing.cancel()


async def test_a_card_that_hangs_delays_an_event_and_keeps_it_when_it_answers_again(
    before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, append, told = threading.Event(), EventStore.append, list[str]()

    def hanging(store: EventStore, numbered: list[Event], notes: dict[str, bytes], now: int) -> None:
        assert answers.wait(60)
        append(store, numbered, notes, now)

    monkeypatch.setattr(EventStore, "append", hanging)
    monkeypatch.setattr("edge.outbox.outbox.PATIENCE_S", 0.05)
    monkeypatch.setattr("edge.outbox.outbox.STUCK_S", 0.1)
    made, heard = box(before, "run00001"), list[Event]()
    made.on_events, made.on_problem = heard.extend, lambda kind, detail: told.append(kind)
    await made.open()
    committing = asyncio.create_task(made.commit_loop())
    try:
        for n in range(3):
            await made.keep([event(n)], {})
        assert [(kept.run, kept.seq) for kept in heard] == [("run00001", 1), ("run00001", 2), ("run00001", 3)]
        await until(lambda: told == ["outbox_damaged"])
        made.mark_events([("run00001", 1)])
        with contextlib.suppress(TimeoutError):  # a heartbeat that does not wait
            await asyncio.wait_for(made.waits_s(), 0.01)
    finally:
        answers.set()
        committing.cancel()
    assert [kept.seq for kept in await made.waiting_events(10)] == [2, 3], "and what was stored is known"
    await made.close()
