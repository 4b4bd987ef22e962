"""HTTP to providers: one client a provider, and what each kind of failure says about the message."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import httpx
import msgspec

from cloud.notifications.channel import NotSent, OutcomeUnknown, Refused

LIMIT_S: Final = 10.0
CONNECT_S: Final = 5.0
_MOST_BYTES: Final = 256 * 1024
_NEVER_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Call:
    """A request as a driver writes it; pure, so that tests compare it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    query: Mapping[str, str] | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises OutcomeUnknown for garbage: who answers so may have sent it."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise OutcomeUnknown("garbage", self.body[:80].decode("utf-8", "replace")) from error

    def fields(self) -> dict[str, Any]:
        """The body as a JSON object; raises OutcomeUnknown."""
        found = self.json()
        if not isinstance(found, dict):
            raise OutcomeUnknown("garbage", "no JSON object")
        return found


def new_client(proxy: str | None = None) -> httpx.AsyncClient:
    """A client without redirects and without the environment's proxies."""
    limits = httpx.Limits(max_connections=16, max_keepalive_connections=8)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(LIMIT_S, connect=CONNECT_S),
        limits=limits,
        follow_redirects=False,
        trust_env=False,
        proxy=proxy,
        verify=_trusted(),
    )


@cache
def _trusted() -> ssl.SSLContext:
    """Whom a provider's certificate may be signed by; read once, because that takes 40 ms."""
    return httpx.create_ssl_context(trust_env=False)


async def perform(client: httpx.AsyncClient, call: Call) -> Answer:
    """Make a call. Raises NotSent where nothing can have arrived, else OutcomeUnknown."""
    try:
        request = client.build_request(
            call.method,
            call.url,
            headers=dict(call.headers),
            content=call.body,
            params=None if call.query is None else dict(call.query),
            extensions=dict(call.extensions),
        )
        response = await client.send(request, stream=True)
        try:
            return Answer(response.status_code, await _read(response))
        finally:
            await response.aclose()
    except _NEVER_ARRIVED as error:
        raise NotSent("unreachable", type(error).__name__) from error
    except httpx.HTTPError as error:
        raise OutcomeUnknown("no_answer", type(error).__name__) from error
    except (httpx.InvalidURL, ValueError) as error:
        raise NotSent("address_invalid", str(error)) from error


async def _read(response: httpx.Response) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > _MOST_BYTES:
            break
    return body


def check_status(answer: Answer) -> None:
    """Raise for a status other than 2xx: 408, 425, 429 and 5xx may go better later, others will not.

    502 and 504 come from something in front of the provider, which may have it.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    detail = f"HTTP {status}"
    if status in (502, 504):
        raise OutcomeUnknown("gateway_error", detail)
    if status == 429:
        raise Refused("throttled", detail, permanent=False)
    if status in (408, 425) or status >= 500:
        raise Refused("provider_error", detail, permanent=False)
    raise Refused("refused", detail, permanent=True)
