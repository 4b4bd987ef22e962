"""`carebed-sim replay`: a real recording of a wrist goes through a bracelet, a real agent and a cloud."""

import argparse
import asyncio
import contextlib
import secrets
from pathlib import Path
from typing import Any, Final

import numpy as np

from firmware_specs.clock import Clock, clock_from
from simulators.cloud_api import CloudApi, LiveCases
from simulators.commands import given_stage, stage_for, tell, work_folder
from simulators.devices.motion import RATE_HZ, Rows, still
from simulators.devices.wrist import Wrist, read_trials
from simulators.home import invent_home
from simulators.household import Household
from simulators.processes import SimulatorError
from simulators.registration import DeviceRecord, device_id, register_home, register_town
from simulators.stage import Stage
from simulators.texts import say

_BEFORE_S: Final = 4.0
_AFTER_S: Final = 50.0
_CLOUD_S: Final = 5.0


def choose_trial(path: Path, name: str | None) -> tuple[str, Rows]:
    """The named trial (a part that fits one is enough), else the first. Raises SimulatorError."""
    try:
        trials = read_trials(path)
    except (OSError, EOFError, ValueError) as error:
        raise SimulatorError(say("recording_unreadable", reason=error)) from error
    if name is None:
        return next(iter(trials.items()))
    fitting = [trial for trial in trials if name == trial] or [trial for trial in trials if name in trial]
    if len(fitting) != 1:
        known = ", ".join(fitting or list(trials)[:20])
        raise SimulatorError(say("trial_unknown", path=path, trial=name, known=known))
    return fitting[0], trials[fitting[0]]


def with_rest(rows: Rows, seed: int) -> Rows:
    """The recording between some seconds of rest in its first posture and a longer rest in its last one.

    A recording stops seconds after a fall; a bracelet goes on, and a person who has fallen lies there.
    """
    random = np.random.default_rng(seed)
    first, last = np.median(rows[: RATE_HZ // 2], axis=0), np.median(rows[-RATE_HZ:], axis=0)
    return np.vstack((still(_BEFORE_S, first, random=random), rows, still(_AFTER_S, last, random=random)))


async def replay(arguments: argparse.Namespace) -> int:
    """Play the trial, print the resulting cases as one JSON line, return 0."""
    trial, rows = choose_trial(Path(arguments.wrist), arguments.trial)
    given = given_stage(arguments)
    if arguments.speed != 1.0 and arguments.clock_rate == 1.0:
        if given is not None:
            raise SimulatorError(say("speed_needs_clock", speed=arguments.speed))
        arguments.clock_rate = arguments.speed
    clock = clock_from(arguments)
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(400_000)
    with work_folder(keep=arguments.keep) as folder:
        async with stage_for(given, folder, clock) as stage:
            cases = await _play(rows, stage, folder, clock, seed)
    tell(
        {
            "file": Path(arguments.wrist).name,
            "trial": trial,
            "recorded_s": round(len(rows) / RATE_HZ, 1),
            "rest_before_s": _BEFORE_S,
            "rest_after_s": _AFTER_S,
            "cases": cases,
        }
    )
    return 0


async def _play(rows: Rows, stage: Stage, folder: Path, clock: Clock, seed: int) -> list[dict[str, Any]]:
    async with (
        CloudApi(stage.api_url, stage.admin_token) as admin,
        CloudApi(stage.api_url, stage.operator_token) as screen,
    ):
        await register_town(admin)
        bracelet = DeviceRecord(name="wrist", type="wrist", id=device_id("wrist", seed, 0), bed=1)
        home = invent_home(seed, residents=1)
        record = await register_home(admin, home, seed=seed, gateway=f"gw-{seed:06d}", devices=[bracelet])
        house = Household(record, folder / "home", stage.broker_url, clock, batch_s=5)
        live = LiveCases()
        try:
            await house.start()
            async with live.follow(screen):
                await _stream(house.wrists["wrist"], with_rest(rows, seed), clock)
                await live.wait_for(lambda: bool(_care_cases(live, record.home_id)), _CLOUD_S)
        finally:
            await house.stop()
        return [await screen.get(f"cases/{case['id']}") for case in _care_cases(live, record.home_id)]


async def _stream(bracelet: Wrist, rows: Rows, clock: Clock) -> None:
    """Play all rows and wait until the agent has answered the last line."""
    bracelet.idle = "still"
    bracelet.queue(rows)
    limit_s = 2 * len(rows) / RATE_HZ / clock.rate + 10
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await bracelet.played()


def _care_cases(live: LiveCases, home_id: str) -> list[dict[str, Any]]:
    return [
        seen.summary
        for seen in live.cases.values()
        if seen.summary["subject_id"] == home_id and seen.summary["class"] == "care"
    ]
