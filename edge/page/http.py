"""As much of HTTP/1.1 as one page needs: one request a connection, small, in time, or a clear refusal."""

import asyncio
import contextlib
import ipaddress
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

log = logging.getLogger(__name__)

HEAD_BYTES: Final = 8 * 1024
BODY_BYTES: Final = 2 * 1024
REQUEST_S: Final = 10.0
CONNECTIONS: Final = 16
OF_ONE_ADDRESS: Final = 8
_LINE: Final = re.compile(r"([A-Z]{1,8}) (/[!-~]{0,1000}) HTTP/1\.[01]")
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([\t -~\x80-\xff]*)")
_REASONS: Final = {
    200: "OK",
    204: "No Content",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    411: "Length Required",
    413: "Content Too Large",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Request:
    """One request; header names in lower case; `source` is the address it came from."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    source: str


@dataclass(frozen=True)
class Response:
    """One answer."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The request is not served; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(_REASONS[status])
        self.status = status


Handler = Callable[[Request], Awaitable[Response]]


def head(data: bytes) -> tuple[str, str, str, dict[str, str]]:
    """Method, path, query and headers of a head without its last blank line. Raises Refused."""
    lines = data.decode("latin-1").split("\r\n")
    first = _LINE.fullmatch(lines[0])
    if first is None:
        raise Refused(400)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        found = _FIELD.fullmatch(line)
        if found is None or found.group(1).lower() in headers:
            raise Refused(400)
        headers[found.group(1).lower()] = found.group(2).strip()
    path, _, query = first.group(2).partition("?")
    return first.group(1), path, query, headers


def body_length(method: str, headers: dict[str, str]) -> int:
    """How many bytes follow the head. Raises Refused."""
    if "transfer-encoding" in headers:
        raise Refused(411)
    text = headers.get("content-length", "0" if method in ("GET", "HEAD") else "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Refused(411 if not text else 400)
    if int(text) > BODY_BYTES:
        raise Refused(413)
    return int(text)


def own_host(host: str, configured: str) -> bool:
    """Whether a Host header names us by address: a name could be somebody's who points it at this network."""
    name = re.sub(r":[0-9]{1,5}$", "", host).strip("[]")
    if name in (configured, "localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def encoded(response: Response, *, with_body: bool = True) -> bytes:
    """The bytes of an answer."""
    headers = _ALWAYS | response.headers | {"Content-Length": str(len(response.body))}
    if response.body:
        headers["Content-Type"] = response.kind
    lines = [f"HTTP/1.1 {response.status} {_REASONS[response.status]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (response.body if with_body else b"")


@dataclass
class HttpServer:
    """Listens like a transport; at most 16 connections, 8 of an address, ten seconds a request."""

    host: str
    port: int
    handler: Handler
    name: str = "page"
    status: str = "starting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    limit_s: float = REQUEST_S
    _open: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Serve until cancelled; a port that cannot be had is said once and tried again."""
        while True:
            try:
                server = await asyncio.start_server(self._serve, self.host, self.port, limit=HEAD_BYTES)
            except OSError as error:
                if not self.status.startswith("failed"):
                    extra = {"action": "page_failed", "reason": str(error)}
                    log.error("the technician's page cannot be served", extra=extra)
                self.status = f"failed({self.host}:{self.port})"
                self.tried.set()
                await asyncio.sleep(30)
                continue
            async with server:
                self.status = f"listening({self.host}:{server.sockets[0].getsockname()[1]})"
                self.tried.set()
                await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = str((writer.get_extra_info("peername") or ("",))[0])
        self._open[source] += 1
        try:
            async with asyncio.timeout(self.limit_s):
                if self._open.total() > CONNECTIONS or self._open[source] > OF_ONE_ADDRESS:
                    writer.write(encoded(Response(503)))
                else:
                    writer.write(await self._answer(reader, writer))
                await writer.drain()
        except TimeoutError:
            writer.write(encoded(Response(408)))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open[source] -= 1
            self._open += Counter()  # forgets whom it serves no more
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        method = ""
        try:
            request = await self._request(reader, writer)
            method = request.method
            response = await self.handler(request)
        except Refused as refused:
            response = _plain(refused.status)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            raise
        except Exception:
            log.exception("a request failed", extra={"action": "page_error"})
            response = _plain(500)
        return encoded(response, with_body=method != "HEAD")

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
        try:
            data = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise Refused(431) from error
        method, path, query, headers = head(data[:-4])
        if not own_host(headers.get("host", ""), self.host):
            raise Refused(421)
        body = await reader.readexactly(body_length(method, headers))
        peer = writer.get_extra_info("peername")
        return Request(method, path, query, headers, body, str(peer[0]) if peer else "")


def _plain(status: int) -> Response:
    return Response(status, f"{status} {_REASONS[status]}\n".encode())
