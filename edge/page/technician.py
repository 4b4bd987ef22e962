"""What the technician's page answers: its files, signing in, the state of the gateway, test mode."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from edge.page.access import Sessions, matches
from edge.page.http import Refused, Request, Response
from edge.page.trace import Trace
from edge.trial import Trial

COOKIE: Final = "carebed_page"
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}


@dataclass
class TechnicianPage:
    """Routes of the page; `snapshot` gives what is to be seen, `password_hash` comes from edge.toml."""

    password_hash: str
    sessions: Sessions
    trace: Trace
    trial: Trial
    snapshot: Callable[[], Awaitable[dict[str, Any]]]
    _guessing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, request: Request) -> Response:
        """Answer one request. Raises Refused."""
        if request.path in _FILES:
            if request.method not in ("GET", "HEAD"):
                raise Refused(405)
            name, kind = _FILES[request.path]
            return Response(200, resources.files("edge.page").joinpath("static", name).read_bytes(), kind)
        match request.method, request.path:
            case "POST", "/session":
                return await self._sign_in(request)
            case "DELETE", "/session":
                self.sessions.close(self._session(request))
                return Response(204)
            case "GET", "/state":
                self._session(request)
                return _json(await self.snapshot() | self._lately(request))
            case "POST", "/test":
                self._session(request)
                self.trial.begin(_minutes(request))
                return Response(204)
            case _, "/session" | "/state" | "/test":
                raise Refused(405)
            case _:
                raise Refused(404)

    async def _sign_in(self, request: Request) -> Response:
        _same_origin(request)
        if not self.sessions.may_guess(request.source) or self._guessing.locked():
            raise Refused(429)
        password = _field(request, "password")
        async with self._guessing:
            right = await asyncio.to_thread(matches, password, self.password_hash)
        if not right:
            self.sessions.guessed_wrong(request.source)
            raise Refused(401)
        cookie = f"{COOKIE}={self.sessions.open()}; HttpOnly; SameSite=Strict; Path=/"
        return Response(204, headers={"Set-Cookie": cookie})

    def _session(self, request: Request) -> str:
        """The token of a request's open session. Raises Refused."""
        found = re.search(
            rf"(?:^|; *){COOKIE}=([A-Za-z0-9_-]{{1,64}})(?:;|$)", request.headers.get("cookie", "")
        )
        token = found.group(1) if found else ""
        if not self.sessions.valid(token):
            raise Refused(401)
        if request.method != "GET":
            _same_origin(request)
        return token

    def _lately(self, request: Request) -> dict[str, Any]:
        """The test mode, the events, and the frames after the one that the page has seen."""
        after = parse_qs(request.query).get("after", ["0"])[0]
        seen = int(after) if re.fullmatch(r"[0-9]{1,15}", after) else 0
        return {
            "test_left_s": round(self.trial.left_s()),
            "events": self.trace.events(),
            "frames": [frame for frame in self.trace.frames if frame["n"] > seen],
        }


def _same_origin(request: Request) -> None:
    """Raise Refused for a request that another site made the browser send."""
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host', '')}":
        raise Refused(403)


def _field(request: Request, name: str) -> str:
    """A text of a JSON body. Raises Refused."""
    try:
        value = msgspec.json.decode(request.body, type=dict[str, Any]).get(name)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400) from error
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise Refused(400)
    return value


def _minutes(request: Request) -> float:
    text = _field(request, "minutes")
    if not re.fullmatch(r"[0-9]{1,2}", text):
        raise Refused(400)
    return float(text)


def _json(value: dict[str, Any]) -> Response:
    return Response(200, msgspec.json.encode(value), "application/json")
