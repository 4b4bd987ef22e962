"""The cloud's public API as a program uses it: JSON over HTTP with a bearer token, and the live feed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import websockets
from websockets.asyncio.client import connect

from simulators.processes import SimulatorError
from simulators.texts import say

Json = dict[str, Any]
_SEEN_LIMIT: Final = 5000


class ApiRefusedError(SimulatorError):
    """The API answered with a problem."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class CloudApi:
    """Calls with one token; use as an async context manager."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._http = httpx.AsyncClient(
            base_url=self.url + "/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
            # Shorter than the cloud keeps an idle connection: a request never meets one that is just closing.
            limits=httpx.Limits(keepalive_expiry=2),
        )

    async def __aenter__(self) -> "CloudApi":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, **query: str | int) -> Json:
        """GET; raises SimulatorError."""
        return await self._call("GET", path, params=query)

    async def post(self, path: str, body: Json | None = None) -> Json:
        """POST a JSON body; raises SimulatorError."""
        return await self._call("POST", path, json=body or {})

    async def put(self, path: str, body: Json) -> Json:
        """PUT a JSON body; raises SimulatorError."""
        return await self._call("PUT", path, json=body)

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        try:
            answer = await self._http.request(method, path.lstrip("/"), **options)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise SimulatorError(say("api_unreachable", url=self.url, reason=reason)) from error
        if answer.is_error:
            raise ApiRefusedError(
                say(
                    "api_refused",
                    method=method,
                    path=path,
                    status=answer.status_code,
                    detail=_detail(answer),
                ),
                answer.status_code,
            )
        value = answer.json() if answer.content else {}
        return value if isinstance(value, dict) else {"items": value}


def _detail(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return answer.text[:300]
    if not isinstance(problem, dict):
        return str(problem)[:300]
    errors = problem.get("errors")
    more = json.dumps(errors, ensure_ascii=False) if errors else ""
    return f"{problem.get('detail', '')} {more}".strip()


@dataclass
class SeenCase:
    """A case as it is now, and when (monotonic seconds) this client saw which version of it."""

    summary: Json
    versions: list[tuple[float, Json]] = field(default_factory=list)


class LiveCases:
    """What a screen knows: every case, kept by the live feed."""

    def __init__(self) -> None:
        self.cases: dict[str, SeenCase] = {}
        self.escalations: list[Json] = []
        self.frames = 0
        self.seq = 0
        self._changed = asyncio.Condition()
        self._open = asyncio.Event()

    @asynccontextmanager
    async def follow(self, api: CloudApi) -> AsyncIterator["LiveCases"]:
        """Read the snapshot, then follow the WebSocket for the length of the block."""
        snapshot = await api.get("cases", state="live", limit=200)
        for summary in snapshot["items"]:
            self._take(summary)
        self.seq = int(snapshot["seq"])
        task = asyncio.create_task(self._follow_for_ever(api), name="live-cases")
        try:
            await asyncio.wait_for(self._open.wait(), 20)
            yield self
        finally:
            task.cancel()

    async def wait_for(self, holds: Callable[[], bool], limit_s: float) -> bool:
        """Wait until `holds()`, asked after each frame; False when `limit_s` real seconds have passed."""
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(holds), max(limit_s, 0))
            except TimeoutError:
                return holds()
            return True

    async def _follow_for_ever(self, api: CloudApi) -> None:
        while True:
            try:
                await self._follow_once(api)
            except (OSError, websockets.WebSocketException):
                await asyncio.sleep(0.2)

    async def _follow_once(self, api: CloudApi) -> None:
        address = api.url.replace("http", "ws", 1) + f"/api/v1/ws?after={self.seq}"
        headers = {"Authorization": f"Bearer {api.token}"}
        async with connect(address, additional_headers=headers, proxy=None) as socket:
            async for text in socket:
                await self._frame(json.loads(text), api)

    async def _frame(self, frame: Json, api: CloudApi) -> None:
        self.frames += 1
        match frame.get("type"):
            case "hello":
                self._open.set()
            case "case":
                async with self._changed:
                    self.seq = frame["seq"]
                    self._take(frame["data"])
                    self._changed.notify_all()
            case "escalation":
                async with self._changed:
                    self.seq = frame["seq"]
                    self.escalations.append(frame["data"])
                    self._changed.notify_all()
            case "reset":
                snapshot = await api.get("cases", state="live", limit=200)
                for summary in snapshot["items"]:
                    self._take(summary)
                self.seq = int(frame["seq"])

    def _take(self, summary: Json) -> None:
        seen = self.cases.setdefault(str(summary["id"]), SeenCase(summary))
        seen.summary = summary
        seen.versions.append((time.monotonic(), summary))
        if len(self.cases) > _SEEN_LIMIT:
            self.cases.pop(next(iter(self.cases)))
