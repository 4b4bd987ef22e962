"""A screen on the live feed, as tests play it."""

import asyncio
import json
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.feed import store as feed
from tests.cloud.api.conftest import PASSWORD
from tests.waiting import LIMIT_S


def follow(address: str, headers: dict[str, str], after: int | None = None, **options: Any) -> connect:
    query = "" if after is None else f"?after={after}"
    return connect(
        f"ws://{address}/api/v1/ws{query}",
        additional_headers=headers,
        proxy=None,
        compression=None,
        **options,
    )


async def receive(socket: ClientConnection) -> dict[str, Any]:
    """The next frame; heartbeats come between them whenever five seconds have passed."""
    while (frame := await _heard(socket))["type"] == "hb":
        pass
    return frame


async def beat(socket: ClientConnection) -> None:
    """Read on until a heartbeat."""
    while (await _heard(socket))["type"] != "hb":
        pass


async def _heard(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(LIMIT_S):
        frame: dict[str, Any] = json.loads(await socket.recv())
        return frame


async def frames_until(socket: ClientConnection, seq: int) -> list[dict[str, Any]]:
    """Sequenced frames up to `seq`."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["seq"] < seq:
        frame = await receive(socket)
        if frame["type"] in {"case", "escalation"}:
            found.append(frame)
    return found


async def closed(socket: ClientConnection) -> int | None:
    """Read on until the server closes: its code, None where the link broke."""
    while True:
        try:
            await _heard(socket)
        except ConnectionClosed as end:
            return None if end.rcvd is None else end.rcvd.code


async def append(conn: Connection, services: Services, area: str, count: int = 1, size: int = 10) -> int:
    seq = 0
    for n in range(count):
        async with conn.transaction():
            seq = await feed.append(
                conn, now=services.clock.now(), type="case", data={"n": n, "text": "x" * size}, area_code=area
            )
    return seq


async def sign_in(address: str, username: str = "operator") -> dict[str, str]:
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False, timeout=LIMIT_S) as client:
        answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        return {
            "Cookie": f"carebed_session={answer.cookies['carebed_session']}",
            "X-CSRF-Token": answer.json()["csrf_token"],
        }
