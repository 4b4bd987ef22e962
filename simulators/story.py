"""Plays a scenario on a cloud and judges it as an operator's screen would show it."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from firmware_specs.clock import Clock
from simulators import judge
from simulators.cloud_api import CloudApi, LiveCases
from simulators.processes import SimulatorError
from simulators.scenario import ExpectSpec, Scenario, StepSpec
from simulators.stage import Stage
from simulators.story_home import StoryHome

_MARGIN_S = 0.05
_ONLINE_LIMIT_S = 30.0


@dataclass
class Verdict:
    """The outcome of a story; one JSON line."""

    scenario: str
    passed: bool = False
    event_to_screen_ms: float | None = None
    took_s: float = 0.0
    expectations: int = 0
    failures: list[str] = field(default_factory=list)
    seed: int = 0
    clock_rate: float = 1.0


@dataclass
class _Begun:
    """When a step began: real monotonic seconds."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    at: float = 0.0


class Story:
    """One playing of a scenario."""

    def __init__(self, scenario: Scenario, name: str, stage: Stage, home: StoryHome, clock: Clock) -> None:
        self._scenario = scenario
        self._stage = stage
        self._home = home
        self._clock = clock
        self._live = LiveCases()
        start = datetime.fromtimestamp(clock.now_ms() / 1000, UTC) - timedelta(hours=1)
        self._since = start.isoformat()
        self._begun = [_Begun() for _ in scenario.step]
        self._background: list[asyncio.Task[Any]] = []
        self._times: dict[int, float] = {}
        self.verdict = Verdict(name, expectations=len(scenario.expect), seed=home.seed, clock_rate=clock.rate)

    async def play(self) -> Verdict:
        """Set up, do the steps, wait for the expectations. Raises SimulatorError when set-up fails."""
        started = time.monotonic()
        async with (
            CloudApi(self._stage.api_url, self._stage.admin_token) as admin,
            CloudApi(self._stage.api_url, self._stage.operator_token) as screen,
        ):
            await self._home.start(admin, self._stage)
            try:
                await self._home_online(admin)
                async with self._live.follow(screen):
                    await self._act(admin, screen)
            finally:
                for task in self._background:
                    task.cancel()
                await self._home.stop()
        verdict = self.verdict
        verdict.passed = not verdict.failures
        verdict.took_s = round(time.monotonic() - started, 2)
        if self._times:
            verdict.event_to_screen_ms = round(self._times[min(self._times)], 1)
        return verdict

    async def _act(self, admin: CloudApi, screen: CloudApi) -> None:
        judges = [
            asyncio.create_task(self._judge(n, expect, screen), name=f"expect-{n + 1}")
            for n, expect in enumerate(self._scenario.expect)
        ]
        zero = self._clock.now_ms()
        try:
            for n, step in enumerate(self._scenario.step):
                await self._clock.sleep((zero + step.at * 1000 - self._clock.now_ms()) / 1000)
                self._begun[n].at = time.monotonic()
                self._begun[n].done.set()
                await self._do(step, admin)
            for failures in await asyncio.gather(*judges):
                self.verdict.failures += failures
        finally:
            for task in judges:
                task.cancel()

    async def _do(self, step: StepSpec, admin: CloudApi) -> None:
        """One step; what takes long goes on in the background."""
        doing: Coroutine[Any, Any, object] = self._home.do(step, admin)
        task = asyncio.create_task(doing, name=f"step {step.do}")
        self._background.append(task)
        if step.device in ("technician", "gateway"):
            await task
        else:
            task.add_done_callback(self._note_failure)

    def _note_failure(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.verdict.failures.append(f"{task.get_name()}: {type(error).__name__}: {error}")

    async def _home_online(self, admin: CloudApi) -> None:
        wanted = set(self._home.gateways)
        deadline = time.monotonic() + _ONLINE_LIMIT_S
        while time.monotonic() < deadline:
            gateways = (await admin.get("gateways"))["items"]
            if wanted <= {entry["id"] for entry in gateways if entry["online"]}:
                return
            await asyncio.sleep(0.05)
        raise SimulatorError(
            f"gateways {sorted(wanted)} did not come online at the cloud: {self._home.agent_log}"
        )

    def _step_of(self, expect: ExpectSpec) -> _Begun:
        names = [step.name for step in self._scenario.step]
        return self._begun[names.index(expect.after)] if expect.after else self._begun[0]

    async def _judge(self, n: int, expect: ExpectSpec, screen: CloudApi) -> list[str]:
        begun = self._step_of(expect)
        await begun.done.wait()
        limit_s = expect.within_s / self._clock.rate + _MARGIN_S
        deadline = begun.at + limit_s
        if expect.readings is not None:
            found = await self._judge_readings(expect, screen, deadline)
        elif expect.no_case is not None:
            found = await self._judge_none(expect, begun.at, deadline)
        else:
            found = await self._judge_case(n, expect, screen, begun.at, deadline)
        return [f"expect {n + 1}: {text}" for text in found]

    async def _judge_none(self, expect: ExpectSpec, since: float, deadline: float) -> list[str]:
        def rang() -> bool:
            return bool(self._concerned(expect, since))

        if await self._live.wait_for(rang, deadline - time.monotonic()):
            return [
                f"no case {expect.no_case} was expected: {judge.describe(self._concerned(expect, since))}"
            ]
        return []

    async def _judge_case(
        self, n: int, expect: ExpectSpec, screen: CloudApi, since: float, deadline: float
    ) -> list[str]:
        if expect.settled:
            await asyncio.sleep(max(deadline - time.monotonic(), 0))
            return await self._fit_now(n, expect, screen, since)
        seen = -1

        def changed() -> bool:
            return self._live.frames > seen

        while True:
            seen = self._live.frames
            found = await self._fit_now(n, expect, screen, since)
            if not found or not await self._live.wait_for(changed, deadline - time.monotonic()):
                return found

    async def _fit_now(self, n: int, expect: ExpectSpec, screen: CloudApi, since: float) -> list[str]:
        """Empty when a case fits now; keeps the time of the first version that did."""
        cases = self._concerned(expect, 0 if expect.settled else since)
        if expect.cases is not None and len(cases) != expect.cases:
            return [f"{len(cases)} cases, expected {expect.cases}: {judge.describe(cases)}"]
        best = [f"no such case within {expect.within_s:g} s; seen: {judge.describe(self._all_of_home())}"]
        for case in cases:
            found = judge.misfits(expect, case, self._home.residents)
            if not found and judge.needs_detail(expect):
                found = judge.detail_misfits(expect, await screen.get(f"cases/{case['id']}"))
            if not found:
                self._keep_time(n, expect, case["id"], since)
                return []
            best = [f"case #{case['number']}: {text}" for text in found]
        return best

    def _keep_time(self, n: int, expect: ExpectSpec, case_id: str, since: float) -> None:
        for at, version in self._live.cases[str(case_id)].versions:
            if at >= since and judge.concerns(expect, version, self._home.subjects):
                self._times.setdefault(n, (at - since) * 1000)
                return

    def _concerned(self, expect: ExpectSpec, since: float) -> list[dict[str, Any]]:
        return [
            seen.summary
            for seen in self._live.cases.values()
            if seen.versions[-1][0] >= since and judge.concerns(expect, seen.summary, self._home.subjects)
        ]

    def _all_of_home(self) -> list[dict[str, Any]]:
        subjects = set(self._home.subjects.values())
        return [seen.summary for seen in self._live.cases.values() if seen.summary["subject_id"] in subjects]

    async def _judge_readings(self, expect: ExpectSpec, screen: CloudApi, deadline: float) -> list[str]:
        """Wait for enough readings; a limit from above is judged when the time is over."""
        assert expect.readings is not None
        while True:
            count = 0
            for resident in self._home.residents[expect.readings_of]:
                query: dict[str, str | int] = {"kind": expect.readings, "points": 2000, "from": self._since}
                trend = await screen.get(f"residents/{resident}/trend", **query)
                count += sum(item["value"] >= expect.readings_above for item in trend["items"])
            over = time.monotonic() >= deadline
            if expect.readings_at_most is not None and count > expect.readings_at_most:
                return [f"{count} readings {expect.readings}, expected at most {expect.readings_at_most}"]
            if expect.readings_at_least is not None and count >= expect.readings_at_least:
                return []
            if over:
                enough = expect.readings_at_least is None
                return (
                    []
                    if enough
                    else [f"{count} readings {expect.readings}, expected {expect.readings_at_least}"]
                )
            await asyncio.sleep(0.2)
