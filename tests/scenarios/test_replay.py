"""A recording of a wrist goes the whole road and ends as a case."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulators.devices import motion

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "umafall_wrist_waist" / "subject_04.csv.gz"

pytestmark = [pytest.mark.postgres, pytest.mark.broker]


async def _replay(path: Path, *options: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "replay", "--wrist", str(path), "--speed", "8", *options),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(out)
    return told


def _kinds(told: dict[str, Any]) -> list[list[str]]:
    return [case["kinds"] for case in told["cases"]]


async def test_a_made_up_recording_with_a_fall_ends_as_one_case(tmp_path: Path) -> None:
    rows = motion.fall(random=np.random.default_rng(3), lying_s=8, peak_g=10).rows
    lines = [f"made_up,wrist,{n * 50},{n},{x:.4f},{y:.4f},{z:.4f}" for n, (x, y, z) in enumerate(rows)]
    path = tmp_path / "made_up.csv"
    path.write_text("\n".join(["trial,pos,t_ms,n,ax,ay,az", *lines]))
    told = await _replay(path)
    assert told["trial"] == "made_up"
    assert _kinds(told) == [["fall"]]
    assert told["cases"][0]["priority"] == 1
    assert [alarm["phase"] for alarm in told["cases"][0]["alarms"]] == ["raised"]


@pytest.mark.evaluation
@pytest.mark.skipif(not SHARED.exists(), reason="no recordings beside the checkout")
async def test_a_real_fall_ends_as_one_case() -> None:
    told = await _replay(SHARED, "--trial", "Fall_backwardFall_1")
    assert _kinds(told) == [["fall"]]
