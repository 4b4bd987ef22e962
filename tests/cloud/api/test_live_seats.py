"""Who may open the live feed, and what a seat says over it."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from cloud.api import live_routes
from cloud.api.services import Services
from cloud.database.pool import Connection
from firmware_specs.clock import Clock
from tests.cloud.api.conftest import MovedClock, Town, bearer, ring, serving
from tests.cloud.api.screens import append, beat, closed, follow, receive, sign_in
from tests.waiting import LIMIT_S, until

pytestmark = pytest.mark.postgres


async def test_heartbeats_keep_the_seat_alive(
    address: str,
    conn: Connection,
    services: Services,
    town: Town,
    clock: MovedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_routes, "BEAT_S", 0.3)
    cookie = await sign_in(address)
    async with follow(address, cookie | {"Origin": f"http://{address}"}) as socket:
        await receive(socket)
        before = await last_seen(conn)
        await socket.send('{"type":"hb"}')
        await until(lambda: seat_moved(conn, before))
        await socket.send('{"type":"sound","armed":true}')
        await until(lambda: sound(conn))
        await beat(socket)


async def test_what_was_shown_is_on_the_timeline_once_a_ring(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    def counted(hop: str) -> float:
        return REGISTRY.get_sample_value("carebed_event_hop_seconds_count", {"hop": hop}) or 0

    before = counted("shown")
    case = await ring(conn, services, town, town.east)
    said = json.dumps({"type": "shown", "case_id": str(case), "rings": 1})
    cookie = await sign_in(address) | {"Origin": f"http://{address}"}
    async with follow(address, cookie) as first, follow(address, cookie) as second:
        for socket in (first, second, first):
            await socket.send(said)
        await until(lambda: shown(conn))
        await first.send(said)
        await first.send('{"type":"sound","armed":true}')
        await until(lambda: sound(conn))
    cursor = await conn.execute("select count(*) from case_entry where kind = 'shown'")
    assert await cursor.fetchone() == (1,)
    assert counted("shown") == before + 1


async def test_a_client_of_another_district_cannot_claim_to_have_shown_a_case(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.west)
    cookie = await sign_in(address, "east") | {"Origin": f"http://{address}"}
    async with follow(address, cookie) as socket:
        await socket.send(json.dumps({"type": "shown", "case_id": str(case), "rings": 1}))
        await socket.send('{"type":"sound","armed":true}')
        await until(lambda: sound(conn))
    assert not await shown(conn)


async def test_signing_out_ends_the_socket(address: str, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_routes, "BEAT_S", 0.3)
    cookie = await sign_in(address)
    async with follow(address, cookie | {"Origin": f"http://{address}"}) as socket:
        await receive(socket)
        async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
            answer = await client.delete(f"http://{address}/api/v1/session", headers=cookie)
            assert answer.status_code == 204
        assert await closed(socket) == live_routes.SIGNED_OUT


@pytest.mark.parametrize("origin", [None, "http://evil.test", "null"])
async def test_a_cookie_from_another_site_opens_nothing(address: str, town: Town, origin: str | None) -> None:
    cookie = await sign_in(address)
    headers = cookie if origin is None else cookie | {"Origin": origin}
    with pytest.raises(InvalidStatus) as refused:
        async with follow(address, headers):
            pass
    assert refused.value.response.status_code == 403


async def test_without_a_role_or_a_token_there_is_no_feed(address: str, town: Town) -> None:
    for headers, status in (
        ({}, 401),
        (bearer(town, "technician"), 403),
        ({"Authorization": "Bearer x"}, 401),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with follow(address, headers):
                pass
        assert refused.value.response.status_code == status
    with pytest.raises(InvalidStatus):
        async with connect(f"ws://{address}/api/v1/ws?token={town.tokens['operator']}", proxy=None):
            pass


async def test_a_browser_program_may_send_its_token_as_a_subprotocol(address: str, town: Town) -> None:
    offered = [Subprotocol("carebed"), Subprotocol("bearer." + town.tokens["operator"])]
    async with follow(address, {}, subprotocols=offered) as socket:
        assert socket.subprotocol == "carebed"
        assert (await receive(socket))["type"] == "hello"


async def test_garbage_from_a_client_is_borne_for_a_while_and_then_ends_the_socket(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    async with follow(address, bearer(town, "operator")) as socket:
        await receive(socket)
        for garbage in ("", "{", "null", '{"type":"shown"}', '{"type":"hb"' + "x" * 5000, b"\x00\xff", "[]"):
            await socket.send(garbage)
        seq = await append(conn, services, "370502")
        assert (await receive(socket))["seq"] == seq
        for _ in range(30):
            await socket.send("[[[[")
        assert await closed(socket) == live_routes.BAD_MESSAGES


async def test_where_time_is_played_faster_a_living_screen_keeps_its_seat(
    services: Services, town: Town, conn: Connection
) -> None:
    real = round(time.time() * 1000)  # noqa: TID251
    fast = replace(services, clock=Clock(real, real, rate=100))
    async with serving(fast) as address:
        cookie = await sign_in(address)
        async with follow(address, cookie | {"Origin": f"http://{address}"}) as socket:
            await socket.send('{"type":"hb"}')
            before = await last_seen(conn)
            await until(lambda: seat_moved(conn, before + timedelta(seconds=60)))


async def last_seen(conn: Connection) -> Any:
    row = await (await conn.execute("select last_seen_at from seat")).fetchone()
    assert row is not None
    return row[0]


async def seat_moved(conn: Connection, before: Any) -> bool:
    return bool(await last_seen(conn) > before)


async def sound(conn: Connection) -> bool:
    row = await (await conn.execute("select sound from seat")).fetchone()
    return bool(row and row[0])


async def shown(conn: Connection) -> bool:
    cursor = await conn.execute("select 1 from case_entry where kind = 'shown'")
    return await cursor.fetchone() is not None
