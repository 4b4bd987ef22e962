"""A program's own small port: GET /metrics, /livez, /readyz. Loopback unless another address is named.

It reads the head of one request a connection and answers; whatever else comes is refused. What is told holds
no health, no place, no person.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cloud.config import Place

logger = logging.getLogger(__name__)

_HEAD_BYTES: Final = 8192
_HEAD_LIMIT_S: Final = 5.0
_AT_ONCE: Final = 32
_CHECK_LIMIT_S: Final = 2.0

Check = Callable[[], Awaitable[str]]
"""Says what is wrong, "" when nothing is."""


class Answer(NamedTuple):
    """A status, the type of what follows, and that."""

    status: int
    kind: str
    body: bytes


_WORDS: Final = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class Post:
    """Answers while its block runs; not ready before `open` and after `draining` is set."""

    def __init__(
        self, checks: Mapping[str, Check], metrics: Callable[[], Awaitable[bytes]] | None = None
    ) -> None:
        """Keep the arguments; without `metrics` those of this process are told."""
        self._checks = checks
        self._metrics = metrics or _own_metrics
        self._connections = 0
        self.draining = False

    @contextlib.asynccontextmanager
    async def standing(self, place: Place) -> AsyncIterator[int]:
        """Listen for the length of the block; gives the port. Raises OSError for one that is taken."""
        server = await asyncio.start_server(self._serve, place.host, place.port, limit=_HEAD_BYTES)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()

    async def ready(self) -> dict[str, str]:
        """What is wrong, by the name of the check; nothing when the program can do its work."""
        if self.draining:
            return {"draining": "ends"}
        said = await asyncio.gather(*(_asked(check) for check in self._checks.values()))
        return {name: wrong for name, wrong in zip(self._checks, said, strict=True) if wrong}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= _AT_ONCE:
                async with asyncio.timeout(_HEAD_LIMIT_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await self._answer(head.partition(b"\r\n")[0])
                lines = f"HTTP/1.1 {status} {_WORDS[status]}\r\nContent-Type: {kind}"
                lines += f"\r\nContent-Length: {len(body)}"
                writer.write(
                    f"{lines}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n".encode() + body
                )
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks so is not answered
        except Exception:
            logger.exception("operations port failed", extra={"action": "operations_failed"})
        finally:
            self._connections -= 1
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        method, _, rest = line.partition(b" ")
        if method not in (b"GET", b"HEAD"):
            return _json(405, {"error": "GET only"})
        match rest.partition(b" ")[0].partition(b"?")[0]:
            case b"/metrics":
                return Answer(200, CONTENT_TYPE_LATEST, await self._metrics())
            case b"/livez":
                return _json(200, {"live": True})
            case b"/readyz":
                wrong = await self.ready()
                return _json(503 if wrong else 200, {"ready": not wrong, "wrong": wrong})
            case _:
                return _json(404, {"error": "/metrics, /livez, /readyz"})


async def _own_metrics() -> bytes:
    return generate_latest()


async def _asked(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_LIMIT_S):
            return await check()
    except TimeoutError:
        return f"no answer within {_CHECK_LIMIT_S:.0f} s"
    except Exception as error:  # a check that fails is a program that is not ready
        return type(error).__name__


def _json(status: int, value: object) -> Answer:
    return Answer(status, "application/json", json.dumps(value, ensure_ascii=False).encode())
