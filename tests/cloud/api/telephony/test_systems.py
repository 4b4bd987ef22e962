"""A telephone system behind HTTP: told and telling signed, and what happens when it is not there."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.telephony import cti
from tests.cloud.api.conftest import Town, bearer, ring, sign_in
from tests.cloud.api.telephony.conftest import entries

pytestmark = pytest.mark.postgres


class FarEnd:
    """An HTTP telephone system: what it was told, and how it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.status = 202

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.told.append((headers, body))
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def far_end() -> AsyncIterator[tuple[FarEnd, str]]:
    played = FarEnd()
    server = await asyncio.start_server(played.serve, "127.0.0.1", 0)
    yield played, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/commands"
    server.close()
    await server.wait_closed()


async def provide(http: httpx.AsyncClient, town: Town, url: str) -> str:
    body = {"id": "cti", "driver": "cti_webhook", "command_url": url}
    made = await http.post("/api/v1/telephony/providers", json=body, headers=bearer(town, "admin"))
    assert made.status_code == 201, made.text
    return str(made.json()["secret"])


async def post_signed(
    http: httpx.AsyncClient, services: Services, secret: str, body: dict[str, Any]
) -> httpx.Response:
    raw = json.dumps(body).encode()
    headers = cti.sign(secret, services.clock.now(), raw) | {"Content-Type": "application/json"}
    return await http.post("/api/v1/telephony/providers/cti/events", content=raw, headers=headers)


async def test_a_telephone_system_behind_http_is_told_and_tells_signed_both_ways(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services,
    far_end: tuple[FarEnd, str],
) -> None:  # fmt: skip
    played, url = far_end
    secret = await provide(http, town, url)
    seat = await sign_in(app, "operator")
    await seat.post("/telephony/seat", {"extension": "801"})
    case = await ring(conn, services, town, town.east)
    call = (await seat.post(f"/cases/{case}/dial", {"number": "+86 138-0000-0000"})).json()
    commands = [json.loads(body) for _, body in played.told]
    assert commands == [
        {"command": "seat_state", "extension": "801", "state": "ready"},
        {"command": "dial", "call": call["id"], "extension": "801", "number": "13800000000"},
    ]
    headers, body = played.told[-1]
    stamp, mark = headers[cti.TIMESTAMP.lower()], headers[cti.SIGNATURE.lower()]
    assert cti.signed(secret, timestamp=stamp, signature=mark, body=body, now=services.clock.now())
    event = {"id": "1", "call": "77", "event": "connected", "direction": "outgoing", "our_call": call["id"]}
    taken = await post_signed(http, services, secret, event)
    assert taken.json() == {"call_id": call["id"], "moved": True, "state": "connected"}


async def test_what_is_not_signed_by_the_provider_is_refused_without_a_word_of_why(
    http: httpx.AsyncClient, town: Town, services: Services, far_end: tuple[FarEnd, str], conn: Connection
) -> None:
    secret = await provide(http, town, far_end[1])
    event = {"id": "1", "call": "77", "event": "ringing", "direction": "incoming"}
    wrong = await post_signed(http, services, "wrong", event)
    bare = await http.post("/api/v1/telephony/providers/cti/events", json=event)
    nobody = await http.post("/api/v1/telephony/providers/none/events", json=event)
    assert wrong.status_code == bare.status_code == nobody.status_code == 401
    assert wrong.json() == bare.json() == nobody.json()
    renewed = await http.post("/api/v1/telephony/providers/cti/secret", headers=bearer(town, "admin"))
    assert (await post_signed(http, services, secret, event)).status_code == 401
    assert (await post_signed(http, services, renewed.json()["secret"], event)).status_code == 200
    kept = await conn.execute("select secret_cipher from phone_provider")
    assert renewed.json()["secret"].encode() not in bytes((await kept.fetchone() or (b"",))[0])


async def test_a_telephone_system_that_does_not_answer_fails_the_call_and_not_the_desk(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services,
    far_end: tuple[FarEnd, str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    played, url = far_end
    played.status = 500
    await provide(http, town, url)
    seat = await sign_in(app, "operator")
    assert (await seat.post("/telephony/seat", {"extension": "801"})).status_code == 200
    case = await ring(conn, services, town, town.east)
    call = await seat.post(f"/cases/{case}/dial", {"number": "13800000000"})
    assert (call.status_code, call.json()["state"]) == (201, "failed")
    assert [one["state"] for one in await entries(seat, case)] == ["dialling", "failed"]
    assert "13800000000" not in caplog.text
    assert all("13800000000" not in str(vars(record)) for record in caplog.records)
