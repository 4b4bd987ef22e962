"""The people of a simulated shift: operators who claim, call, send and close; responders who go. Through the
public API, from seats that are signed in, with delays as people have them.
"""

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Final

import httpx
import websockets
from websockets.asyncio.client import ClientConnection, connect

from firmware_specs.clock import Clock
from simulators.processes import SimulatorError
from simulators.shift_plan import human
from simulators.texts import say

logger = logging.getLogger(__name__)

Json = dict[str, Any]
_BEAT_REAL_S: Final = 2.0
_TECHNICAL_AFTER_S: Final = 600.0  # most faults of a link go away before that
_RENEW_S: Final = 45.0


class Refused(Exception):
    """The API said no; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Seat:
    """Somebody who is signed in: calls with cookie and CSRF token, and for the desk a live screen."""

    def __init__(self, api_url: str, username: str, password: str, clock: Clock) -> None:
        self.name = username
        self.clock = clock
        self.cases: dict[str, Json] = {}
        self.changed = asyncio.Event()
        self._url = api_url
        self._password = password
        self._shown: set[tuple[str, int]] = set()
        self._http = httpx.AsyncClient(base_url=f"{api_url}/api/v1/", timeout=30, trust_env=False)

    async def sign_in(self) -> None:
        """Sign in; raises SimulatorError."""
        self._http.headers["Origin"] = self._url
        body = {"username": self.name, "password": self._password}
        answer = await self._http.post("session", json=body)
        if answer.is_error:
            raise SimulatorError(
                say(
                    "api_refused",
                    method="POST",
                    path="session",
                    status=answer.status_code,
                    detail=answer.text[:200],
                )
            )
        self._http.headers["X-CSRF-Token"] = answer.json()["csrf_token"]

    async def close(self) -> None:
        """Leave without signing off; nothing of the shift is counted after it."""
        await self._http.aclose()

    async def post(self, path: str, body: Json | None = None) -> Json:
        """One action; raises Refused."""
        return await self._call("POST", path, body or {})

    async def get(self, path: str) -> Json:
        """One look; raises Refused."""
        return await self._call("GET", path, None)

    async def _call(self, method: str, path: str, body: Json | None) -> Json:
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise Refused(0) from error
        if answer.is_error:
            raise Refused(answer.status_code)
        return dict(answer.json()) if answer.content else {}

    async def watch(self) -> None:
        """Follow the live feed for ever, show what rings, give signs of life."""
        listed = await self._http.get("cases", params={"state": "live", "limit": 500})
        for summary in listed.json()["items"]:
            self.cases[summary["id"]] = summary
        seq = int(listed.json()["seq"])
        while True:
            with contextlib.suppress(OSError, websockets.WebSocketException):
                cookie = self._http.cookies["carebed_session"]
                headers = {"Cookie": f"carebed_session={cookie}", "Origin": self._url}
                address = self._url.replace("http", "ws", 1) + f"/api/v1/ws?after={seq}"
                async with connect(address, additional_headers=headers, proxy=None) as socket:
                    beat = asyncio.create_task(self._beat(socket), name="beat")
                    try:
                        async for text in socket:
                            seq = await self._frame(json.loads(text), socket, seq)
                    finally:
                        beat.cancel()
            await asyncio.sleep(0.2)

    async def _beat(self, socket: ClientConnection) -> None:
        while True:
            await socket.send('{"type":"hb"}')
            await asyncio.sleep(_BEAT_REAL_S)

    async def _frame(self, frame: Json, socket: ClientConnection, seq: int) -> int:
        if frame.get("type") != "case":
            return int(frame.get("seq", seq))
        case = frame["data"]
        self.cases[case["id"]] = case
        self.changed.set()
        ring = (case["id"], case["rings"])
        if case["state"] == "open" and ring not in self._shown:
            self._shown.add(ring)
            said = {"type": "shown", "case_id": case["id"], "rings": case["rings"]}
            await socket.send(json.dumps(said))
        return int(frame["seq"])


@dataclass
class Help:
    """Who goes out: each at one case at a time."""

    random: Random
    clock: Clock
    people: dict[str, Seat] = field(default_factory=dict)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def ask(self, dispatch: Json, done: Callable[[], None]) -> None:
        """A responder was called: everything until they are done or have refused."""
        task = asyncio.create_task(self._go(dispatch, done), name=f"responder {dispatch['id']}")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _go(self, dispatch: Json, done: Callable[[], None]) -> None:
        who, path = self.people[str(dispatch["staff_id"])], f"dispatches/{dispatch['id']}"
        random, sleep = self.random, self.clock.sleep
        try:
            await sleep(human(random, 18, most_s=50))
            if random.random() < 0.06:
                await who.post(f"{path}/refuse", {"reason": "正在另一户"})
                await self._next(who, dispatch, done)
                return
            travel_s = human(random, 660, 0.35)
            await who.post(f"{path}/accept", {"eta_minutes": max(1, round(travel_s / 60))})
            await sleep(travel_s)
            await who.post(f"{path}/arrive")
            await sleep(human(random, 600))
            outcome = random.choices(("help_given", "real_emergency", "false_alarm"), (6, 2, 2))[0]
            await who.post(f"{path}/finish", {"outcome": outcome})
        except Refused as refused:
            extra = {"action": "responder_refused", "status": refused.status}
            logger.info("a responder's step was refused", extra=extra)
        done()

    async def _next(self, who: Seat, dispatch: Json, done: Callable[[], None]) -> None:
        """Whom the cloud asked instead."""
        for staff_id, other in self.people.items():
            mine = (await other.get("dispatches")).get("items", [])
            for found in mine:
                if found["case_id"] == dispatch["case_id"] and found["state"] == "offered":
                    self.ask(found | {"staff_id": staff_id}, done)
                    return
        done()


class Operator:
    """One seat: takes the most urgent case, calls, decides, ends it; what help has done is ended first."""

    def __init__(self, seat: Seat, random: Random, help_: Help) -> None:
        self.seat = seat
        self._random = random
        self._help = help_
        self._clock = seat.clock
        self._ready: deque[str] = deque()
        self._helped: set[str] = set()

    async def work(self) -> None:
        """For ever."""
        while True:
            try:
                if self._ready:
                    await self._end(self._ready.popleft(), "help_given")
                elif (case := self._most_urgent()) is not None:
                    await self._take(case)
                else:
                    self.seat.changed.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.seat.changed.wait(), 5 / self._clock.rate)
            except Refused:
                await self._clock.sleep(1)

    def _most_urgent(self) -> Json | None:
        now = self._clock.now_ms()
        waiting = [
            case for case in self.seat.cases.values() if case["state"] == "open" and self._wants(case, now)
        ]
        return min(waiting, key=lambda case: (case["priority"], case["opened_at"]), default=None)

    def _wants(self, case: Json, now_ms: int) -> bool:
        return case["priority"] < 4 or now_ms - _ms(case["opened_at"]) > _TECHNICAL_AFTER_S * 1000

    async def _take(self, case: Json) -> None:
        await self._clock.sleep(human(self._random, 3.5, 0.35, most_s=20))
        if self.seat.cases[case["id"]]["state"] != "open":
            return
        try:
            await self.seat.post(f"cases/{case['id']}/claim")
        except Refused as refused:
            if refused.status == 409:
                self.seat.cases[case["id"]]["state"] = "claimed"  # somebody was quicker
                return
            raise
        if case["class"] != "care":
            await self._technical(case)
        elif case["id"] in self._helped:
            await self._end(case["id"], "help_given")
        else:
            await self._call_back(case)

    async def _technical(self, case: Json) -> None:
        await self._clock.sleep(human(self._random, 40))
        await self.seat.post(f"cases/{case['id']}/notes", {"text": "已通知维护人员"})
        await self._end(case["id"], "technical")

    async def _call_back(self, case: Json) -> None:
        """Call the home: most are fine, some need somebody, some do not answer."""
        random, path = self._random, f"cases/{case['id']}"
        await self._clock.sleep(human(random, 2.5))
        await self.seat.post(f"{path}/contact")
        await self.seat.post(f"{path}/call", {"call_s": 300})
        fate = random.random()
        await self._clock.sleep(human(random, 24, 0.35, most_s=50) if fate > 0.1 else 25)
        outcome = "no_answer" if fate <= 0.1 else "needs_help" if fate <= 0.3 else "answered_ok"
        if outcome == "answered_ok":
            await self._busy(human(random, 45, 0.5, most_s=240), path)
        await self.seat.post(f"{path}/call-back", {"outcome": outcome})
        if outcome != "answered_ok":
            await self._send(case["id"])
        await self.seat.post(f"{path}/call", {"call_s": 0})
        if outcome == "answered_ok":
            await self._end(case["id"], "false_alarm")

    async def _send(self, case_id: str) -> None:
        """Somebody goes; where nobody is free it is tried again each half a minute."""
        for _ in range(20):
            try:
                made = await self.seat.post(f"cases/{case_id}/dispatches")
            except Refused as refused:
                if refused.status != 409 or self.seat.cases[case_id]["state"] in ("open", "closed"):
                    raise
                await self._busy(30, f"cases/{case_id}")
                continue
            self._help.ask(made["dispatch"], lambda: self._done(case_id))
            return

    def _done(self, case_id: str) -> None:
        self._helped.add(case_id)
        self._ready.append(case_id)
        self.seat.changed.set()

    async def _end(self, case_id: str, disposition: str) -> None:
        await self._clock.sleep(human(self._random, 4))
        await self.seat.post(f"cases/{case_id}/resolve")
        await self._clock.sleep(human(self._random, 5))
        await self.seat.post(f"cases/{case_id}/close", {"disposition": disposition})

    async def _busy(self, seconds: float, path: str) -> None:
        """Work on a case for a while, and say so."""
        while seconds > 0:
            await self._clock.sleep(min(seconds, _RENEW_S))
            seconds -= _RENEW_S
            await self.seat.post(f"{path}/renew")


def _ms(iso: str) -> int:
    return round(datetime.fromisoformat(iso).timestamp() * 1000)
