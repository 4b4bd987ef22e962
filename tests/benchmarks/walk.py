"""One story a driver, played by `carebed-sim run`: device -> agent -> broker -> cloud -> case or reading.

`make walk` prints a row for each driver and the last line `walk: drivers=12 stories=... passed=...`.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from edge.drivers.catalogue import DRIVERS
from firmware_specs.clock import Clock
from simulators.registration import driver_of
from simulators.scenario import Scenario, load
from simulators.stage import OwnCloud, Stage

FOLDER: Final = Path(__file__).parents[2] / "simulators" / "scenarios"
# Where several stories show a driver, the one to walk.
_SHOWN: Final = {
    "watch": "watch_leaves_fence",
    "zigbee2mqtt": "sos_button",
    "wrist_accelerometer": "fall_in_bathroom_at_night",
}


def stories() -> dict[str, str]:
    """By driver the name of its story; KeyError when one has none."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for device in load(path).device:
            found.setdefault(driver_of(device.type), path.stem)
    return {driver: _SHOWN.get(driver, found[driver]) for driver in sorted(DRIVERS)}


def done(scenario: Scenario, driver: str) -> str:
    """What happens to the devices that this driver hears, and what is wrong with their frames."""
    types = {device.name: device.type for device in scenario.device}
    heard = [
        step for step in scenario.step if step.device in types and driver_of(types[step.device]) == driver
    ]
    words = [
        f"{types[step.device]}: {step.do}" + (f" ({step.fault})" if step.fault else "") for step in heard
    ]
    return ", ".join(dict.fromkeys(words)).replace("_", " ")


def shown(scenario: Scenario) -> str:
    """What the cloud must show: cases with their priority, readings."""
    words = [
        expect.case or "+".join(expect.kinds or []) for expect in scenario.expect if expect.readings is None
    ]
    words += [f"reading {expect.readings}" for expect in scenario.expect if expect.readings is not None]
    return ", ".join(dict.fromkeys(word for word in words if word))


async def play(name: str, stage: Stage | None) -> dict[str, Any]:
    """The verdict of one story, on the given cloud or one of its own."""
    options = [] if stage is None else ["--api", stage.api_url, "--token", stage.admin_token]
    if stage is not None:
        options += ["--operator-token", stage.operator_token, "--broker", stage.broker_url]
    command = (sys.executable, "-m", "simulators", "run", str(FOLDER / f"{name}.toml"), *options)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    verdict: dict[str, Any] = json.loads(out)
    return verdict


async def walk(names: set[str], folder: Path) -> dict[str, dict[str, Any]]:
    """The verdicts of these stories, one after the other."""
    verdicts: dict[str, dict[str, Any]] = {}
    cloud = OwnCloud(folder, Clock())
    try:
        await cloud.start()
        stage = await cloud.stage()
        for name in sorted(names):
            own_clock = load(FOLDER / f"{name}.toml").own_clock
            verdicts[name] = await play(name, None if own_clock else stage)
    finally:
        await cloud.stop()
    return verdicts


def main() -> int:
    """Walk and tell; 0 when every story holds."""
    chosen = stories()
    with tempfile.TemporaryDirectory(prefix="carebed-walk-") as folder:
        Path(folder).chmod(0o711)  # as root the database runs as another user
        verdicts = asyncio.run(walk(set(chosen.values()), Path(folder) / "cloud"))
    head = ("driver", "story", "what happens (fault)", "came at the cloud", "first ms to the screen", "s", "")
    rows = [head, ("---",) * len(head)]
    for driver, name in chosen.items():
        verdict = verdicts[name]
        scenario = load(FOLDER / f"{name}.toml")
        result = "passed" if verdict["passed"] else f"FAILED: {verdict['failures']}"
        first, took = (str(verdict[key] or "") for key in ("event_to_screen_ms", "took_s"))
        told = (done(scenario, driver), shown(scenario))
        rows.append((f"`{driver}`", f"`{name}`", *told, first, took, result))
    passed = sum(verdict["passed"] for verdict in verdicts.values())
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines += [f"walk: drivers={len(chosen)} stories={len(verdicts)} passed={passed}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if passed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
