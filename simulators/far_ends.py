"""The far ends of notifications, simulated: telephone, SMS, Alibaba Cloud, WeChat, webhooks.

`far_server` puts them on a port, `far_mail` is the mail server.

What happens is set for each number (`behave`), else follows its last digit, so that a person at a keyboard
can play every ending with a fitting number:

    0 delivered / answered     3 not answered     6 garbage, but taken          9 answers late
    1 presses 1                4 busy             7 taken, answer lost
    2 presses 2                5 out of order     8 every report twice, the last one first
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import httpx
from fastapi import Request, Response

from firmware_specs.clock import Clock

ENDINGS: Final = {
    "0": "normal",
    "1": "press-1",
    "2": "press-2",
    "3": "no_answer",
    "4": "busy",
    "5": "error",
    "6": "garbage",
    "7": "lost",
    "8": "twice",
    "9": "slow",
}
_STATUS: Final = {"no_answer": "no_answer", "busy": "busy", "failed": "failed"}
_WECHAT_DONE: Final = (
    "<xml><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>"
    "<MsgID>{ref}</MsgID><Status><![CDATA[{status}]]></Status></xml>"
)


@dataclass
class Placed:
    """A call made or a message sent: what a family would notice."""

    kind: str
    to: str
    id: str
    ref: str
    text: str
    ending: str
    status: str = "queued"
    digit: str = ""
    body: dict[str, Any] = field(default_factory=dict)


class FarEnds:
    """All far ends of one port. `placed` is what really went out, `requests` counts what came in."""

    def __init__(
        self, clock: Clock, *, secret: str, idempotent: bool = True, by_digit: Mapping[str, str] = ENDINGS
    ) -> None:
        """`secret` signs reports and checks Alibaba Cloud's, WeChat's and webhooks' signatures; `by_digit`:
        the ending of a number by its last digit, well for any other.
        """
        self.placed: list[Placed] = []
        self.requests = 0
        self.tokens = 0
        self.slow_s = 1.0
        self.reports_to: dict[str, str] = {}  # kind -> address, for providers that are told it elsewhere
        self.idempotent = idempotent
        self._clock = clock
        self._secret = secret
        self._by_digit = by_digit
        self._endings: dict[str, list[str]] = {}
        self._reporting: set[asyncio.Task[None]] = set()

    def behave(self, number: str, *endings: str) -> None:
        """The endings of the next requests for a number; the last one stays."""
        self._endings[number] = list(endings)

    def to(self, number: str) -> list[Placed]:
        """What went out to a number or address."""
        return [one for one in self.placed if one.to == number]

    def _ending(self, number: str) -> str:
        given = self._endings.get(number)
        if given:
            return given.pop(0) if len(given) > 1 else given[0]
        return self._by_digit.get(number[-1:], "normal")

    async def take(self, kind: str, to: str, id: str, text: str, body: dict[str, Any]) -> Response | Placed:
        """One request: an answer that ends it badly, or what was placed."""
        self.requests += 1
        ending = self._ending(to)
        match ending:
            case "error":
                return Response("out of order", 503)
            case "refuse":
                return Response("number not allowed", 400)
            case "throttle":
                return Response("too many", 429)
            case "slow":
                await asyncio.sleep(self.slow_s)
        known = next((one for one in self.placed if one.id == id), None) if self.idempotent else None
        placed = known or Placed(kind, to, id, f"{kind}-{len(self.placed) + 1}", text, ending, body=body)
        if known is None:
            self.placed.append(placed)
            self._finish(placed)
        if ending == "garbage":
            return Response("<html>oops", 200)
        if ending == "lost":
            return Response(b"", 200, {"content-length": "512"})  # the connection ends in the middle
        if ending == "early":
            await asyncio.gather(*self._reporting)
        return placed

    def _finish(self, placed: Placed) -> None:
        """Decide how it ends, and report it."""
        ending = placed.ending
        if placed.kind == "voice":
            placed.status = _STATUS.get(ending, "answered")
            placed.digit = {"press-1": "1", "press-2": "2"}.get(ending, "")
        else:
            placed.status = "failed" if ending in _STATUS else "delivered"
        url = str(placed.body.get("callback_url") or self.reports_to.get(placed.kind, ""))
        if url and ending != "never":
            task = asyncio.create_task(self._report(url, placed), name=f"report-{placed.ref}")
            self._reporting.add(task)
            task.add_done_callback(self._reporting.discard)

    async def _report(self, url: str, placed: Placed) -> None:
        bodies = [self.report(placed)]
        if placed.ending == "twice":
            first = json.dumps({"id": placed.id, "ref": placed.ref, "status": "queued"}).encode()
            bodies = [*bodies, first, *bodies] if placed.kind in ("voice", "sms") else bodies * 2
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
                for body in bodies:
                    query = self._wechat_query() if placed.kind == "wechat" else {}
                    await client.post(url, content=body, headers=self.signed(body), params=query)

    def report(self, placed: Placed) -> bytes:
        """A report as the provider of that kind writes it."""
        failed = placed.status == "failed"
        if placed.kind == "aliyun":
            report = {"phone_number": placed.to, "success": not failed, "out_id": placed.id}
            report |= {"biz_id": placed.ref, "err_code": "MK:0001" if failed else "DELIVERED"}
            return json.dumps([report]).encode()
        if placed.kind == "wechat":
            status = "failed:user block" if failed else "success"
            return _WECHAT_DONE.format(ref=placed.ref, status=status).encode()
        fields = {"id": placed.id, "ref": placed.ref, "status": placed.status, "digit": placed.digit}
        return json.dumps(fields).encode()

    def signed(self, body: bytes, id: str = "report") -> dict[str, str]:
        """Headers that prove a report, as token and as signature."""
        at = int(self._clock.now().timestamp())
        mac = hmac.new(self._secret.encode(), f"{id}.{at}.".encode() + body, hashlib.sha256)
        headers = {"webhook-id": id, "webhook-timestamp": str(at)}
        headers["webhook-signature"] = f"v1,{base64.b64encode(mac.digest()).decode()}"
        return headers | {"X-Callback-Token": self._secret}

    def _wechat_query(self) -> dict[str, str]:
        at = str(int(self._clock.now().timestamp()))
        words = "".join(sorted([self._secret, at, "nonce"]))
        return {"timestamp": at, "nonce": "nonce", "signature": _sha1(words)}

    def aliyun_signature_right(self, fields: dict[str, str]) -> bool:
        """Their RPC signature, written anew from their page."""

        def encode(text: str) -> str:
            return quote(text, safe="~")

        given = fields.get("Signature", "")
        pairs = sorted((key, value) for key, value in fields.items() if key != "Signature")
        query = encode("&".join(encode(key) + "=" + encode(value) for key, value in pairs))
        mac = hmac.new(f"{self._secret}&".encode(), f"POST&%2F&{query}".encode(), hashlib.sha1)
        return hmac.compare_digest(given, base64.b64encode(mac.digest()).decode())

    def webhook_signature_right(self, request: Request, body: bytes) -> bool:
        """The signature of an event that was sent here."""
        id, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        mac = hmac.new(self._secret.encode(), f"{id}.{at}.".encode() + body, hashlib.sha256)
        right = f"v1,{base64.b64encode(mac.digest()).decode()}"
        return hmac.compare_digest(request.headers.get("webhook-signature", ""), right)


def _sha1(words: str) -> str:
    return hashlib.sha1(words.encode()).hexdigest()  # noqa: S324 - WeChat's scheme
