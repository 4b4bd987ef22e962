"""The live feed on a real port: nothing lost, nothing doubled, nothing shown to whom it does not concern."""

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from cloud.api import live, live_routes
from cloud.api.schemas import CaseFrame, HelloFrame
from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.feed import store as feed
from tests.cloud.api.conftest import PASSWORD, MovedClock, Town, bearer, ring
from tests.waiting import until

pytestmark = pytest.mark.postgres


def follow(address: str, headers: dict[str, str], after: int | None = None, **options: Any) -> connect:
    query = "" if after is None else f"?after={after}"
    return connect(
        f"ws://{address}/api/v1/ws{query}",
        additional_headers=headers,
        proxy=None,
        compression=None,
        **options,
    )


async def receive(socket: ClientConnection, limit_s: float = 5) -> dict[str, Any]:
    async with asyncio.timeout(limit_s):
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


async def closed(socket: ClientConnection, limit_s: float = 10) -> int | None:
    """Read on until the server closes: its code, None where the link broke."""
    while True:
        try:
            await receive(socket, limit_s)
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
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as client:
        answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        return {
            "Cookie": f"carebed_session={answer.cookies['carebed_session']}",
            "X-CSRF-Token": answer.json()["csrf_token"],
        }


async def test_an_alarm_reaches_a_screen_within_a_moment(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    async with follow(address, bearer(town, "operator")) as socket:
        hello = HelloFrame.model_validate(await receive(socket))
        delays = []
        for kind in ("sos", "smoke", "fall", "gas", "co"):
            start = time.perf_counter()
            await ring(conn, services, town, town.east, kind)
            frame = CaseFrame.model_validate(await receive(socket))
            delays.append(time.perf_counter() - start)
            assert frame.data.state == "open"
        assert frame.seq == hello.seq + 5
        assert sorted(delays)[2] < 0.5


async def test_a_client_that_returns_misses_nothing_and_gets_nothing_twice(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    last = 0
    seen: list[int] = []
    writing = asyncio.create_task(append(conn, services, "370502", 300))
    while not (writing.done() and last == writing.result()):
        async with follow(address, bearer(town, "operator"), last) as socket:
            assert (await receive(socket))["seq"] == last
            for _ in range(23):
                if writing.done() and last == writing.result():
                    break
                frame = await receive(socket)
                if frame["type"] == "case":
                    assert frame["prev"] == last
                    last = frame["seq"]
                    seen.append(last)
    assert seen == list(range(1, 301))


async def test_prev_lets_a_filtered_client_notice_a_gap(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    async with follow(address, bearer(town, "east")) as socket:
        hello = await receive(socket)
        first = await append(conn, services, "370502")
        await append(conn, services, "370503", 5)
        last = await append(conn, services, "370502")
        frames = await frames_until(socket, last)
    assert [(frame["seq"], frame["prev"]) for frame in frames] == [(first, hello["seq"]), (last, first)]


async def test_operators_are_not_told_of_escalations(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    async with (
        follow(address, bearer(town, "operator")) as operator,
        follow(address, bearer(town, "supervisor")) as supervisor,
    ):
        await receive(operator)
        await receive(supervisor)
        async with conn.transaction():
            await feed.append(conn, now=services.clock.now(), type="escalation", data={}, area_code="370502")
        last = await append(conn, services, "370502")
        assert [frame["type"] for frame in await frames_until(operator, last)] == ["case"]
        assert [frame["type"] for frame in await frames_until(supervisor, last)] == ["escalation", "case"]


@pytest.mark.parametrize("after", ["999999", "-1", "abc", "99999999999999999999999"])
async def test_a_position_that_is_not_kept_resets_the_client(
    address: str, conn: Connection, services: Services, town: Town, after: str
) -> None:
    head = await append(conn, services, "370502", 3)
    url = f"ws://{address}/api/v1/ws?after={after}"
    async with connect(url, additional_headers=bearer(town, "operator"), proxy=None) as socket:
        assert (await receive(socket))["type"] == "hello"
        reset = await receive(socket)
        assert (reset["type"], reset["seq"]) == ("reset", head)
        seq = await append(conn, services, "370502")
        assert (await receive(socket))["prev"] == head
        assert seq == head + 1


async def test_a_position_older_than_what_is_kept_resets_the_client(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    head = await append(conn, services, "370502", 10)
    await conn.execute("delete from feed where seq < 5")
    async with follow(address, bearer(town, "operator"), 2) as socket:
        assert [(await receive(socket))["type"] for _ in range(2)] == ["hello", "reset"]
    async with follow(address, bearer(town, "operator"), 4) as socket:
        await receive(socket)
        assert [frame["seq"] for frame in await frames_until(socket, head)] == list(range(5, 11))


async def test_a_restored_database_sends_clients_back_to_their_lists(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    await append(conn, services, "370502", 10)
    async with follow(address, bearer(town, "operator"), 10) as socket:
        await receive(socket)
        await append(conn, services, "370502")
        await receive(socket)
        await conn.execute("delete from feed where seq > 4")
        await conn.execute("update feed_counter set seq = 4")
        assert await closed(socket) == live.RESTORED


async def test_a_slow_client_is_cut_off_and_the_others_do_not_notice(
    address: str, conn: Connection, services: Services, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUEUE_FRAMES", 20)
    async with (
        follow(address, bearer(town, "operator"), max_queue=1) as slow,
        follow(address, bearer(town, "operator")) as quick,
    ):
        await receive(slow)
        slow.transport.pause_reading()
        start = (await receive(quick))["seq"]
        for n in range(60):
            last = await append(conn, services, "370502", size=200_000)
            assert (await receive(quick))["seq"] == start + n + 1
        slow.transport.resume_reading()
        await closed(slow, 30)
    async with follow(address, bearer(town, "operator"), last) as back:
        assert (await receive(back))["seq"] == last


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
        assert (await receive(socket))["type"] == "hb"


async def last_seen(conn: Connection) -> Any:
    row = await (await conn.execute("select last_seen_at from seat")).fetchone()
    assert row is not None
    return row[0]


async def seat_moved(conn: Connection, before: Any) -> bool:
    return bool(await last_seen(conn) > before)


async def sound(conn: Connection) -> bool:
    row = await (await conn.execute("select sound from seat")).fetchone()
    return bool(row and row[0])


async def test_what_was_shown_is_on_the_timeline_once_a_ring(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
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


async def shown(conn: Connection) -> bool:
    cursor = await conn.execute("select 1 from case_entry where kind = 'shown'")
    return await cursor.fetchone() is not None


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
        async with httpx.AsyncClient(trust_env=False) as client:
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
    for headers, status in (({}, 401), (bearer(town, "family"), 403), ({"Authorization": "Bearer x"}, 401)):
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
