"""The state machine: who does what is drawn, and every promise is checked after each step."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.cloud.desk import gateways, people, workers
from tests.cloud.desk.desk import COMPLAINTS, Desk
from tests.cloud.desk.lines import AFTER_COMMIT, NEVER
from tests.cloud.desk.ward import DEVICES, Ward

STEPS: Final = 30
_HOMES: Final = st.integers(0, 1)
_WHO: Final = st.integers(0, 3)
_PICK: Final = st.integers(0, 6)
_N: Final = st.integers(0, 5)
_DEED: Final = st.sampled_from(people.NAMES)
_SAYING: Final = st.sampled_from(people.SAYINGS)
_KIND: Final = st.integers(0, len(gateways.KINDS) - 1)
_PHASE: Final = st.integers(0, len(gateways.PHASES) - 1)
_DEVICE: Final = st.integers(0, len(DEVICES) - 1)
_CLOCK: Final = st.integers(0, len(gateways.CLOCKS) - 1)
_SELDOM: Final = st.sampled_from((False, False, False, True))
# Mostly the line holds; else it is cut at a statement, at the commit (500), or before the answer.
_CUT: Final = st.one_of(
    st.just(NEVER), st.just(NEVER), st.just(NEVER), st.integers(1, 40), st.sampled_from((AFTER_COMMIT, 500))
)
# How time passes, in seconds: within limits, across them, over an outage.
_SECONDS: Final = st.one_of(
    st.integers(1, 35),
    st.sampled_from((20, 21, 30, 31, 60, 61, 90, 91, 120, 121, 300, 601)),
    st.sampled_from((1800, 3600, 7200, 43_200, 90_000)),
)


@dataclass
class Tally:
    """How many runs were made, and of what they consisted."""

    runs: int = 0
    short: int = 0
    steps: int = 0
    deadlocks: int = 0
    deeds: dict[str, int] = field(default_factory=dict)

    def count(self, deed: str, outcome: str) -> None:
        """One more."""
        key = f"{deed} {outcome}"
        self.deeds[key] = self.deeds.get(key, 0) + 1


class Machine(RuleBasedStateMachine):
    """Everybody at once on one database."""

    ward: ClassVar[Ward]
    loop: ClassVar[asyncio.Runner]
    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(self.ward)
        self.steps = 0
        self.whole = True
        self.loop.run(self.desk.begin())

    def _step(self, act: Awaitable[object]) -> None:
        async def run() -> object:
            outcome = await act
            await self.desk.check()
            return outcome

        self.steps += 1
        self.whole = False
        self.loop.run(run())
        self.whole = True

    @rule(home=_HOMES, kind=_KIND, device=_DEVICE, clock=_CLOCK, test=_SELDOM, strange=_SELDOM, cut=_CUT)
    def begins(
        self, home: int, kind: int, device: int, clock: int, test: bool, strange: bool, cut: int
    ) -> None:
        """Something happens in a home."""
        desk = self.desk
        sent = desk.gateways.begin(home, kind, device, clock, test=test, strange=strange, now=desk.now)
        self._step(desk.deliver(sent, cut))

    @rule(which=_PICK, phase=_PHASE, clock=_CLOCK, cut=_CUT)
    def goes_on(self, which: int, phase: int, clock: int, cut: int) -> None:
        """It is confirmed, cancelled, over, or said again in another phase."""
        sent = self.desk.gateways.go_on(which, phase, clock, now=self.desk.now)
        self._step(self.desk.deliver_waiting() if sent is None else self.desk.deliver(sent, cut))

    @rule(which=_PICK)
    def comes_again(self, which: int) -> None:
        """A message comes twice."""
        sent = self.desk.gateways.again(which)
        self._step(self.desk.deliver_waiting() if sent is None else self.desk.deliver_twice(sent))

    @rule()
    def broker_delivers(self) -> None:
        """What was not acknowledged comes again."""
        self._step(self.desk.deliver_waiting())

    @rule(home=_HOMES, which=st.integers(0, len(gateways.GARBAGE) - 1))
    def garbage(self, home: int, which: int) -> None:
        """A message that nobody understands."""
        self._step(self.desk.deliver(self.desk.gateways.garbage(home, which)))

    @rule(home=_HOMES, online=st.booleans(), cut=_CUT)
    def link(self, home: int, online: bool, cut: int) -> None:
        """A gateway comes or goes."""
        self._step(self.desk.link(home, online=online, cut_at=cut))

    @rule(who=_WHO, deed=_DEED, pick=_PICK, n=_N, cut=_CUT)
    def acts(self, who: int, deed: str, pick: int, n: int, cut: int) -> None:
        """Somebody does something to a case."""
        self._step(self._act(who, deed, pick, n, cut))

    @rule(who=_WHO, pick=_PICK, deeds=st.lists(st.tuples(_DEED, _N), min_size=2, max_size=4))
    def works_on(self, who: int, pick: int, deeds: list[tuple[str, int]]) -> None:
        """Somebody claims a case and goes on with it."""

        async def turns() -> None:
            await self._act(who, "claim", pick, 0, NEVER)
            for deed, n in deeds:
                await self.desk.check()
                await self._act(who, deed, 0, n, NEVER)

        self._step(turns())

    @rule(pick=_PICK)
    def claim_together(self, pick: int) -> None:
        """All claim one case."""
        self._step(self.desk.claim_together(pick))

    @rule(who=_WHO, to=st.integers(0, 4), cut=_CUT)
    def signs_off(self, who: int, to: int, cut: int) -> None:
        """Somebody goes home and names who goes on."""
        self._step(self.desk.sign_off(who, to, cut))

    @rule(who=_WHO, alive=st.booleans())
    def seat(self, who: int, alive: bool) -> None:
        """A screen goes dark, or comes back."""
        self.desk.operators[who].alive = alive
        self._step(self.desk.pass_time(timedelta(seconds=5)))

    @rule(saying=_SAYING, pick=_PICK, n=_N, cut=_CUT)
    def responder_says(self, saying: str, pick: int, n: int, cut: int) -> None:
        """A responder answers."""
        self._step(self._answer(saying, pick, n, cut))

    @rule(number=st.integers(1, 3), everything=_SELDOM, cut=_CUT)
    def timers(self, number: int, everything: bool, cut: int) -> None:
        """Workers look at the clock."""
        cut = -1 if cut == AFTER_COMMIT else cut * 3
        self._step(self.desk.work(number, everything=everything, cut_at=cut))

    @rule(
        number=st.integers(1, 2),
        endings=st.lists(st.sampled_from(workers.ENDINGS), max_size=6),
        nth=st.integers(1, 6),
        cut=_CUT,
    )
    def senders(self, number: int, endings: list[str], nth: int, cut: int) -> None:
        """Calls and messages go out."""
        self._step(self.desk.send(number, endings, nth, cut or NEVER))

    @rule(seconds=_SECONDS, work=st.booleans())
    def time_passes(self, seconds: int, work: bool) -> None:
        """The clock goes on, with workers or without."""

        async def go_on() -> None:
            await self.desk.pass_time(timedelta(seconds=seconds))
            if work:
                await self.desk.care()

        self._step(go_on())

    @rule(seconds=st.sampled_from((15, 30, 31)), times=st.integers(2, 4))
    def a_while(self, seconds: int, times: int) -> None:
        """Some minutes pass as they do, with all at work."""

        async def go_on() -> None:
            for _ in range(times):
                await self.desk.pass_time(timedelta(seconds=seconds))
                await self.desk.care()
                await self.desk.check()

        self._step(go_on())

    @rule(
        acts=st.lists(st.tuples(_WHO, _DEED, _PICK, _N), min_size=1, max_size=3),
        kind=_KIND,
        saying=_SAYING,
        work=st.booleans(),
        cut=_CUT,
    )
    def together(
        self, acts: list[tuple[int, str, int, int]], kind: int, saying: str, work: bool, cut: int
    ) -> None:
        """People, gateways, responders and workers in the same moment."""
        desk = self.desk
        sent = desk.gateways.begin(0, kind, 0, 0, test=False, strange=False, now=desk.now)
        all_acts: list[Awaitable[object]] = [self._act(*act, NEVER) for act in acts]
        all_acts += [desk.deliver(sent, cut), self._answer(saying, 0, acts[0][3], NEVER)]
        if work:
            all_acts += [desk.work(2, everything=False), desk.send(1, [], 0)]

        async def moment() -> None:
            await desk.together(all_acts)
            if work:
                await desk.check()
                await desk.care()

        self._step(moment())

    async def _act(self, who: int, deed: str, pick: int, n: int, cut: int) -> None:
        self.tally.count(deed, await self.desk.act(who, deed, pick, n, cut))

    async def _answer(self, saying: str, pick: int, n: int, cut: int) -> None:
        self.tally.count(saying, await self.desk.answer(saying, pick, n, cut))

    def teardown(self) -> None:
        """The hour after, and the figures; a run that broke a promise has none."""
        if not self.whole:
            return
        self.loop.run(self.desk.end())
        self.tally.runs += 1
        self.tally.short += self.steps < STEPS
        self.tally.steps += self.steps
        self.tally.deadlocks += self.desk.deadlocks


def play(
    ward: Ward, loop: asyncio.Runner, *, runs: int, seed: int | None, shrink: bool, tally: Tally
) -> None:
    """Run the machine so often; raises with the shortest story of a broken promise that was found."""
    members: dict[str, Any] = {"ward": ward, "loop": loop, "tally": tally}
    if seed is not None:
        members["_hypothesis_internal_use_seed"] = seed
    machine = type("DeskMachine", (Machine,), members)
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    rules = settings(
        max_examples=runs,
        stateful_step_count=STEPS + 5,
        deadline=None,
        database=None,
        phases=phases,
        derandomize=seed is None,
        suppress_health_check=list(HealthCheck),
    )
    logging.getLogger("cloud").addHandler(COMPLAINTS)
    try:
        run_state_machine_as_test(machine, settings=rules, _min_steps=STEPS)
    finally:
        logging.getLogger("cloud").removeHandler(COMPLAINTS)
    loop.run(ward.sweep())
