"""The demo as a person meets it: start, press a button, see the case, Ctrl-C, start again."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_port
from tests.waiting import LIMIT_S

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.postgres, pytest.mark.broker]


@dataclass
class Town:
    page: httpx.AsyncClient
    console: httpx.AsyncClient
    said: str
    process: asyncio.subprocess.Process

    async def homes(self, kind: str) -> list[dict[str, Any]]:
        town = (await self.page.get("/api/town")).json()
        return [home for home in town["homes"] if home["kind"] == kind]

    async def press(self, home: dict[str, Any], action: str) -> None:
        answer = await self.page.post(f"/api/homes/{home['id']}", json={"action": action})
        assert answer.json() == {"ok": True}

    async def case_of(self, kind: str, residents: list[str]) -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            while True:
                cases = (await self.console.get("/api/v1/cases", params={"state": "live"})).json()["items"]
                for case in cases:
                    if kind in case["kinds"] and (
                        not case["resident"] or case["resident"]["name"] in residents
                    ):
                        return dict(case)
                await asyncio.sleep(0.05)


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Town]:
    ports = [free_port() for _ in range(3)]
    names = ("--http-port", "--mqtt-port", "--page-port")
    options = [text for name, port in zip(names, ports, strict=True) for text in (name, str(port))]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "demo", "--data-dir", str(folder), *options),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        cwd=ROOT,
    )
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(5 * LIMIT_S):
        while "Ctrl-C" not in said:
            line = await process.stdout.readline()
            assert line, said
            said += line.decode()
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports[2]}", trust_env=False, timeout=LIMIT_S) as page,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ports[0]}", trust_env=False, timeout=LIMIT_S
        ) as console,
    ):
        try:
            yield Town(page, console, said, process)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), 30)


async def _sign_in(town: Town) -> None:
    user, password = re.findall(r"operator +(\S+), password (\S+)", town.said)[0]
    answer = await town.console.post("/api/v1/session", json={"username": user, "password": password})
    assert answer.status_code == 200
    town.console.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    town.console.headers["Origin"] = str(town.console.base_url).rstrip("/")


async def _call(town: Town, case_id: str) -> None:
    """The desk dials from a case; the town's telephone system rings and is answered."""
    seat = await town.console.post("/api/v1/telephony/seat", json={"extension": "801"})
    assert seat.status_code == 200, seat.text
    dialled = await town.console.post(f"/api/v1/cases/{case_id}/dial", json={"number": "12025300000"})
    assert dialled.status_code == 201, dialled.text
    async with asyncio.timeout(LIMIT_S):
        while True:
            call = (await town.console.get(f"/api/v1/telephony/calls/{dialled.json()['id']}")).json()
            if call["state"] == "connected":
                return
            await asyncio.sleep(0.2)


def _running(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


async def test_a_button_becomes_a_case_and_a_second_start_goes_on_with_the_same_town(data_dir: Path) -> None:
    folder = data_dir / "demo"
    async with demo(folder) as town:
        await _sign_in(town)
        full, light = await town.homes("agent"), await town.homes("light")
        assert (len(full), len(light)) == (3, 50)
        assert all(home["online"] for home in [*full, *light])
        await town.press(full[0], "sos")
        urgent = await town.case_of("sos", full[0]["residents"])
        assert urgent["priority"] == 1
        await _call(town, urgent["id"])
        await town.press(light[7], "fall")
        assert (await town.case_of("fall", light[7]["residents"]))["state"] == "open"
    assert town.process.returncode == 0
    assert _running(folder) == []
    kept = json.loads((folder / "demo.json").read_text())
    assert (folder / "demo.json").stat().st_mode & 0o777 == 0o600

    async with demo(folder) as again:
        await _sign_in(again)
        assert [home["id"] for home in await again.homes("agent")] == [home["id"] for home in full]
        assert (await again.case_of("sos", full[0]["residents"]))["state"] == "open"
    assert json.loads((folder / "demo.json").read_text()) == kept
    assert _running(folder) == []
