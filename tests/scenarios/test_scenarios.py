"""Every story that ships, played for real: broker, database, API, agent and devices as child processes."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edge.drivers.catalogue import DRIVERS
from firmware_specs.clock import Clock
from simulators.registration import driver_of
from simulators.scenario import load
from simulators.stage import OwnCloud, Stage

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "simulators" / "scenarios"
STORIES = sorted(path.stem for path in FOLDER.glob("*.toml"))
OWN_CLOCK = [name for name in STORIES if load(FOLDER / f"{name}.toml").own_clock]
# One story a driver of what stands beside the gateway: played in one home, by one agent, at once.
TOGETHER = ["bed_emfit", "bed_sca11h", "bluetooth", "home_assistant", "radar_r60", "radar_tinyframe"]
REAL_TIME = [name for name in STORIES if name not in {*OWN_CLOCK, *TOGETHER}]
INSTANT = {"sos_button", "smoke", "sos_and_smoke", "wrong_clock", "reissued_watch", "duplicate_storm"}

pytestmark = [pytest.mark.postgres, pytest.mark.broker]


@pytest.fixture(scope="module")
def shared_stage() -> Iterator[Stage]:
    """One cloud for all stories that keep real time."""
    folder = Path(tempfile.mkdtemp(prefix="carebed-stories-"))
    folder.chmod(0o711)  # as root the database runs as another user
    with asyncio.Runner() as runner:
        cloud = OwnCloud(folder / "cloud", Clock())
        try:
            runner.run(cloud.start())
            yield runner.run(cloud.stage())
        finally:
            runner.run(cloud.stop())
            shutil.rmtree(folder, ignore_errors=True)


async def _play(names: str, *options: str) -> tuple[int | None, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        "run",
        *(str(FOLDER / f"{name}.toml") for name in names.split("+")),
        *options,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    lines = out.decode().strip().splitlines()
    assert len(lines) == 1, f"one verdict line was expected: {lines}"
    verdict: dict[str, Any] = json.loads(lines[0])
    return process.returncode, verdict


def _check(name: str, code: int | None, verdict: dict[str, Any]) -> None:
    assert verdict["failures"] == []
    assert (verdict["scenario"], verdict["passed"], code) == (name, True, 0)


def test_every_driver_has_a_story() -> None:
    played = {driver_of(device.type) for name in STORIES for device in load(FOLDER / f"{name}.toml").device}
    assert set(DRIVERS) - played == set()


@pytest.mark.parametrize("name", [*REAL_TIME, "+".join(TOGETHER)])
async def test_story_in_real_time(name: str, shared_stage: Stage) -> None:
    stage = shared_stage
    code, verdict = await _play(
        name,
        *("--api", stage.api_url, "--token", stage.admin_token),
        *("--operator-token", stage.operator_token, "--broker", stage.broker_url),
    )
    _check(name, code, verdict)
    if name in INSTANT:
        assert verdict["event_to_screen_ms"] < 1000


@pytest.fixture(scope="module")
def played_aside() -> Iterator[dict[str, Future[tuple[int | None, dict[str, Any]]]]]:
    """The stories that bring their own cloud, three at a time: most of their time they wait."""
    with ThreadPoolExecutor(3) as pool:
        yield {name: pool.submit(asyncio.run, _play(name)) for name in OWN_CLOCK}


@pytest.mark.parametrize("name", OWN_CLOCK)
def test_story_with_a_clock_of_its_own(
    name: str, played_aside: dict[str, "Future[tuple[int | None, dict[str, Any]]]"]
) -> None:
    code, verdict = played_aside[name].result()
    _check(name, code, verdict)


async def test_a_story_whose_expectation_fails_says_so_and_exits_non_zero(
    shared_stage: Stage, tmp_path: Path
) -> None:
    story = tmp_path / "nobody_presses.toml"
    story.write_text(
        'title = "x"\n[[device]]\nname = "b"\ntype = "sos_button"\n'
        '[[step]]\nat = 0\ndevice = "b"\ndo = "press"\n[[expect]]\nwithin_s = 1\ncase = "smoke"\n'
    )
    stage = shared_stage
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "run", str(story), "--api", stage.api_url),
        *(
            "--token",
            stage.admin_token,
            "--operator-token",
            stage.operator_token,
            "--broker",
            stage.broker_url,
        ),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    verdict = json.loads(out)
    assert process.returncode == 1
    assert verdict["passed"] is False
    assert "sos" in verdict["failures"][0]


async def test_a_story_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    story = tmp_path / "broken.toml"
    story.write_text('title = "x"\n[[step]]\nat = "soon"\n')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "run", str(story)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        cwd=ROOT,
    )
    out, err = await process.communicate()
    assert process.returncode == 2
    assert json.loads(out)["passed"] is False
    assert "broken.toml, line" in err.decode()
