"""The demo's telephone system: it takes the desk's orders, rings, answers, and tells the cloud, signed.

It speaks the webhook of any telephone system: headers `X-CareBed-Timestamp` (whole seconds UTC) and
`X-CareBed-Signature`, `v1=` + hex(HMAC-SHA256(secret, timestamp + "." + body)). Nobody is really called.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from itertools import count
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request, Response

from firmware_specs.clock import Clock
from firmware_specs.ids import uuid7

PROVIDER: Final = "pbx-demo"
PATH: Final = "/orders"
_RINGS_AFTER_S: Final = 1.0
_ANSWERS_AFTER_S: Final = 3.0
_GIVES_UP_AFTER_S: Final = 12.0
_EVERY_UNANSWERED: Final = 4
_log = logging.getLogger(__name__)


class Exchange:
    """One telephone system; every fourth call is answered by nobody."""

    def __init__(self, api_url: str, secret: str, clock: Clock) -> None:
        self._address = f"{api_url}/api/v1/telephony/providers/{PROVIDER}/events"
        self._secret = secret
        self._clock = clock
        self._numbers = count(1)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._calls: dict[str, dict[str, str]] = {}

    def take(self, command: dict[str, Any]) -> bool:
        """An order of the desk; False for one that is not understood."""
        match command:
            case {"command": "dial", "call": str(call), "extension": str(extension), "number": str(number)}:
                fields = {"direction": "outgoing", "our_call": call, "extension": extension, "number": number}
                self._calls[call] = fields
                self._running[call] = asyncio.create_task(self._ring(call, fields), name=f"call {call}")
            case {"command": "hang_up", "call": str(call)} if call in self._calls:
                self._running.pop(call).cancel()
                fields = self._calls.pop(call)
                self._running[call] = asyncio.create_task(
                    self._say("ended", call, fields), name=f"end {call}"
                )
            case {"command": "seat_state" | "hang_up"}:
                pass
            case _:
                return False
        return True

    async def _ring(self, call: str, fields: dict[str, str]) -> None:
        await asyncio.sleep(_RINGS_AFTER_S)
        await self._say("ringing", call, fields)
        if next(self._numbers) % _EVERY_UNANSWERED == 0:
            await asyncio.sleep(_GIVES_UP_AFTER_S)
            await self._say("no_answer", call, fields)
            self._calls.pop(call, None)
        else:
            await asyncio.sleep(_ANSWERS_AFTER_S)
            await self._say("connected", call, fields)

    async def _say(self, event: str, call: str, fields: dict[str, str]) -> None:
        told = {"id": str(uuid7(self._clock.now_ms())), "call": call, "event": event} | fields
        body = json.dumps(told).encode()
        stamp = str(round(self._clock.now_ms() / 1000))
        digest = hmac.new(self._secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"X-CareBed-Timestamp": stamp, "X-CareBed-Signature": f"v1={digest}"}
        headers["Content-Type"] = "application/json"
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                answer = await client.post(self._address, content=body, headers=headers)
                answer.raise_for_status()
        except httpx.HTTPError as error:
            _log.info("call event was not taken", extra={"action": "call_untold", "error": str(error)})

    def app(self) -> FastAPI:
        """Where the cloud sends its orders."""
        app = FastAPI(openapi_url=None)

        @app.post(PATH)
        async def order(request: Request) -> Response:
            try:
                told = json.loads(await request.body())
            except ValueError:
                told = None
            taken = isinstance(told, dict) and self.take(told)
            return Response(status_code=204 if taken else 422)

        return app

    async def stop(self) -> None:
        """End every call."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
