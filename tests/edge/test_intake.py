"""Between a device's bytes and the answer it gets: an answer is a promise, whatever else goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver
from edge.intake import Intake, Line
from edge.outbox.outbox import Outbox
from edge.pipeline.options import PipelineOptions
from edge.pipeline.steps import steps
from edge.readings import Happening, IdentifiedEvent, Item
from edge.uplink.board import Board
from firmware_specs.ids import uuid7
from firmware_specs.messages import ClockState, Event
from tests.edge.drivers.frames import AT, frame, position

SOS = frame(position("AL", status="00010000"))


@dataclass
class Disk:
    """An outbox whose commits end when the test says so."""

    run_id: str = "run00001"
    slow: bool = False
    kept: list[Event] = field(default_factory=list)
    commits: list[asyncio.Event] = field(default_factory=list)

    async def keep(self, events: list[Event], notes: dict[str, bytes]) -> None:
        self.commits.append(asyncio.Event())
        if self.slow:
            await self.commits[-1].wait()
        self.kept += events

    def add(self, samples: list[Item]) -> None:
        """Readings are of no interest here."""


@dataclass
class Clumsy:
    """Hears a call for help in each byte and answers it, then fails over an `!`; time alone is an alarm."""

    counts: Counter[str] = field(default_factory=Counter)
    answers: bytes = b""

    def receive(self, data: bytes, at: int) -> list[Item]:
        items: list[Item] = [] if data else [happening("smoke", at)]
        for letter in data:
            items.append(happening("sos", at))
            self.answers += bytes([letter])
            if letter == ord("!"):
                raise RuntimeError("a fault of ours")
        return items

    def finish(self) -> None:
        """Nothing is left half."""

    def replies(self) -> bytes:
        answers, self.answers = self.answers, b""
        return answers


def happening(kind: str, at: int) -> Happening:
    return Happening(device="watch-1", kind=kind, phase="raised", at=at, instant=True, fingerprint=f"{at}")


def intake(disk: Disk, new_id: Callable[[int], str] | None = None) -> Intake:
    pipeline = steps(PipelineOptions(new_id=new_id or (lambda now: str(uuid7(now)))))
    board = Board({}, 3600, disk.run_id, "boot", ClockState)
    return Intake(pipeline, cast(Outbox, disk), board, "boot", lambda: AT, ClockState)


async def test_what_a_driver_lost_in_a_fault_is_not_acknowledged() -> None:
    disk, sent = Disk(), list[bytes]()
    made = intake(disk)
    line = made.connect(Line("clumsy", Clumsy(), "here", sent.append))
    await made.take(line, b"a!")
    assert (disk.kept, sent) == ([], [])
    await made.take(line, b"b")
    assert ([event.kind for event in disk.kept], sent) == (["sos"], [b"b"])


async def test_an_answer_waits_for_its_own_commit_not_for_another_of_its_connection() -> None:
    disk, sent = Disk(slow=True), list[bytes]()
    made = intake(disk)
    line = made.connect(Line("clumsy", Clumsy(), "here", sent.append))
    ticking = asyncio.create_task(made.tick())
    await asyncio.sleep(0)
    pressing = asyncio.create_task(made.take(line, b"s"))
    await asyncio.sleep(0)
    disk.commits[0].set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (sent, [event.kind for event in disk.kept]) == ([], ["smoke"])
    disk.slow = False
    for commit in disk.commits:
        commit.set()
    await asyncio.gather(ticking, pressing)
    assert (sent, [event.kind for event in disk.kept]) == ([b"s"], ["smoke", "sos"])


async def test_a_watch_is_asked_on_the_connection_that_it_speaks_on_now() -> None:
    asked: list[int] = []
    disk, options = Disk(), DriverOptions()
    made = intake(disk)

    def answering(number: int) -> Callable[[bytes], None]:
        return lambda data: asked.append(number)

    for number in range(30):  # a watch that comes back leaves half open connections behind
        line = Line("watch", WatchDriver(options), f"{number}", answering(number))
        await made.take(made.connect(line), frame("LK,0,0,50"))
    asked.clear()
    assert made.locate("watch-2300000017")
    assert made.order("watch-2300000017", "find", {})
    assert asked == [29, 29]


async def test_a_step_that_fails_after_it_saw_an_sos_does_not_take_it_for_a_repeat() -> None:
    faults = [True]

    def failing_once(now: int) -> str:
        if faults:
            faults.pop()
            raise RuntimeError("a fault of ours")
        return str(uuid7(now))

    disk = Disk()
    made = intake(disk, failing_once)
    await made.take(made.connect(Line("watch", WatchDriver(DriverOptions()), "here", lambda data: None)), SOS)
    assert [event.kind for event in disk.kept] == ["sos"]


async def test_evidence_that_no_broker_would_take_is_cut_and_the_event_goes() -> None:
    disk = Disk()
    made = intake(disk)
    huge = {"action": "sos" + "x" * 2_000_000, "role": "sos", **{f"key{n}": "y" * 400 for n in range(50)}}
    press = Happening(device="zb-1", kind="sos", phase="raised", at=AT, evidence=huge, instant=True)
    driver = Clumsy()
    driver.receive = lambda data, at: [press]  # type: ignore[method-assign]  # a driver that hears a press
    await made.take(made.connect(Line("clumsy", driver, "here", lambda data: None)), b"x")
    (event,) = disk.kept
    assert event.kind == "sos"
    assert event.evidence["role"] == "sos"
    assert "action" in event.evidence["left_out"]


async def test_an_event_counted_since_boot_says_so_though_the_day_is_known_by_now() -> None:
    disk = Disk()
    made = intake(disk)
    event = IdentifiedEvent(id=str(uuid7(AT)), device="wrist-1", kind="fall", phase="raised", at=30_000)

    def fallen(items: list[Item], now: int) -> list[Item]:
        return [event]

    made.pipeline = [fallen]
    await made.tick()
    assert [(kept.at, kept.clock.source) for kept in disk.kept] == [(30_000, "none")]


async def test_a_trace_that_fails_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(driver: str, source: str, data: bytes, items: list[Item]) -> None:
        raise RuntimeError("a fault of ours")

    disk = Disk()
    made = intake(disk)
    made.trace = broken
    await made.take(made.connect(Line("watch", WatchDriver(DriverOptions()), "here", lambda data: None)), SOS)
    assert [event.kind for event in disk.kept] == ["sos"]
    assert caplog.records[0].where == "trace"  # type: ignore[attr-defined]  # of extra=
