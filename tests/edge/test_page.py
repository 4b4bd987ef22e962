"""The technician's page: who may see it, what it shows, and what it does with requests that are none."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent import Agent
from edge.page.access import PAUSE_S, Sessions, hashed, matches
from edge.page.http import (
    BODY_BYTES,
    CONNECTIONS,
    OF_ONE_ADDRESS,
    HttpServer,
    Refused,
    Request,
    Response,
    body_length,
    head,
)
from edge.page.trace import Trace, shown
from edge.trial import LONGEST_S, Trial
from tests.edge.stand import DEVICE, Broker, FakeCloud, door, heart_rate, running, sos, watch, write_config
from tests.waiting import until

PASSWORD = "a long password"
HASH = hashed(PASSWORD, b"salt")


async def raw(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        async with asyncio.timeout(30):
            with contextlib.suppress(ConnectionResetError):
                return await reader.read()
        return b""
    finally:
        writer.close()


async def ask(
    port: int, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    answer = await raw(port, "\r\n".join([*lines, "", ""]).encode() + data)
    top, _, content = answer.partition(b"\r\n\r\n")
    first, *rest = top.decode().split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in rest), content


async def sign_in(port: int) -> str:
    code, headers, _ = await ask(port, "POST", "/session", {"password": PASSWORD})
    assert code == 204
    assert "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
    return headers["Set-Cookie"].split(";")[0]


def page_port(agent: Agent) -> int:
    return int(agent.transports[-1].status.rstrip(")").rsplit(":", 1)[1])


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async def handler(request: Request) -> Response:
        if request.path == "/fault":
            raise ValueError("a fault of ours")
        return Response(200, request.body or b"hello")

    made = HttpServer("127.0.0.1", 0, handler, limit_s=0.5)
    task = asyncio.create_task(made.run())
    await until(made.tried.is_set)
    yield made
    task.cancel()


def listening(server: HttpServer) -> int:
    return int(server.status.rstrip(")").rsplit(":", 1)[1])


@pytest.mark.broker
async def test_a_technician_sees_devices_frames_and_the_times_of_a_test_alarm(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    more = f'[page]\nport = 0\npassword_hash = "{HASH}"\n[[device]]\nid = "{DEVICE}"\nroom = "bedroom"\n'
    async with (
        running(write_config(tmp_path / "home", broker, more=more)) as agent,
        watch(door(agent)) as device,
    ):
        port = page_port(agent)
        assert (await ask(port, "GET", "/state"))[0] == 401
        cookie = await sign_in(port)
        assert (await ask(port, "POST", "/test", {"minutes": "5"}, Cookie=cookie))[0] == 204
        await device.say(heart_rate(71))
        await device.ask(sos())
        await until(lambda: bool(fake_cloud.events))
        assert next(iter(fake_cloud.events.values())).test is True
        await until(agent.link.events.idle)
        code, headers, content = await ask(port, "GET", "/state?after=0", Cookie=cookie)
        state = json.loads(content)
        assert (code, state["gateway"], state["connected"]) == (200, "gw-test", True)
        assert 0 < state["test_left_s"] <= 300
        (row,) = [row for row in state["devices"] if row["device"] == DEVICE]
        assert (row["room"], row["online"]) == ("bedroom", True)
        assert "AL," in row["frame"]
        assert row["seen"] == state["frames"][-1]["at"]
        assert state["frames"][-1]["devices"] == [DEVICE]
        assert any("heart_rate=71" in frame["items"] for frame in state["frames"])
        (event,) = state["events"]
        assert (event["kind"], event["test"]) == ("sos", True)
        assert event["stored"] is not None
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        last = state["frames"][-1]["n"]
        later = json.loads((await ask(port, "GET", f"/state?after={last}", Cookie=cookie))[2])
        assert later["frames"] == []
        assert (await ask(port, "DELETE", "/session", {}, Cookie=cookie))[0] == 204
        assert (await ask(port, "GET", "/state", Cookie=cookie))[0] == 401


@pytest.mark.broker
async def test_only_the_right_password_and_no_other_site_gets_in(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    more = f'[page]\nport = 0\npassword_hash = "{HASH}"\n'
    async with running(write_config(tmp_path / "home", broker, more=more)) as agent:
        port = page_port(agent)
        cookie = await sign_in(port)
        evil = {"Origin": "http://evil.example", "Cookie": cookie}
        assert (await ask(port, "POST", "/test", {"minutes": "5"}, **evil))[0] == 403
        own = {"Origin": f"http://127.0.0.1:{port}", "Cookie": cookie}
        assert (await ask(port, "POST", "/test", {"minutes": "0"}, **own))[0] == 204
        bodies: list[Any] = [{"minutes": "-1"}, {"minutes": 5}, {"minutes": "999"}, [], "x", {}]
        for body in bodies:
            assert (await ask(port, "POST", "/test", body, Cookie=cookie))[0] == 400
        for path in ("/", "/page.js", "/page.css"):
            assert (await ask(port, "GET", path))[0] == 200
        for path in ("/../edge.toml", "/static/index.html", "//", "/%2e%2e/gateway.secret"):
            assert (await ask(port, "GET", path))[0] == 404
        assert (await ask(port, "PUT", "/state"))[0] == 405
        for _ in range(5):
            assert (await ask(port, "POST", "/session", {"password": "wrong"}))[0] == 401
        assert (await ask(port, "POST", "/session", {"password": PASSWORD}))[0] == 429
        assert (await ask(port, "GET", "/state", Cookie=cookie))[0] == 200


def test_a_password_is_kept_as_a_hash_and_guessing_has_pauses() -> None:
    assert PASSWORD not in HASH
    assert matches(PASSWORD, HASH)
    for kept in ("", "scrypt$x", "scrypt$!$!", "plain$a$b", HASH[:-2], PASSWORD):
        assert not matches(PASSWORD, kept)
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    for _ in range(5):
        assert sessions.may_guess("a")
        sessions.guessed_wrong("a")
    assert not sessions.may_guess("a")
    assert sessions.may_guess("b")
    token = sessions.open()
    now[0] = PAUSE_S + 1
    assert sessions.may_guess("a")
    assert sessions.valid(token)
    now[0] += 3600
    assert not sessions.valid(token)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES + 1), 413),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nab", 408),
        (b"GET / HT", 408),
        (b"GET /fault HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 500),
        (b"HEAD / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200),
    ],
)
async def test_a_request_that_is_none_gets_a_clear_refusal(
    server: HttpServer, data: bytes, status: int
) -> None:
    answer = await raw(listening(server), data)
    assert answer.startswith(b"HTTP/1.1 %d " % status)


async def test_slow_and_many_connections_do_not_keep_others_out(server: HttpServer) -> None:
    slow = [await asyncio.open_connection("127.0.0.1", listening(server)) for _ in range(CONNECTIONS)]
    port = listening(server)

    async def served() -> bool:
        answer = await raw(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return answer.startswith(b"HTTP/1.1 200 ")

    await until(served)
    for _, writer in slow:
        writer.close()
    await until(served)


async def test_one_address_cannot_take_every_place(server: HttpServer) -> None:
    port, server.limit_s = listening(server), 120
    slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    async with asyncio.timeout(30):
        await asyncio.gather(*(slow[n][0].read() for n in range(OF_ONE_ADDRESS, CONNECTIONS)))  # sent away
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    for _, each in [*slow, (reader, writer)]:
        each.close()


@given(st.binary(max_size=300))
def test_no_bytes_bring_more_than_a_refusal_out_of_the_reader(data: bytes) -> None:
    try:
        method, path, _, headers = head(data)
        body_length(method, headers)
    except Refused:
        return
    assert path.startswith("/")


def test_the_trace_shows_bytes_as_people_read_them_and_test_mode_ends() -> None:
    assert shown(b"[3G*861100000000017*0002*LK]\r\n") == "[3G*861100000000017*0002*LK]"
    assert shown(b"\x01\x00\xff") == "01 00 ff"
    assert shown("温度 36.5".encode()) == "温度 36.5"
    assert len(shown(b"a" * 1000)) < 300
    published = b'{"topic": "zigbee2mqtt/door", "retained": false, "payload": "{\\"contact\\":true}"}\n'
    assert shown(published) == 'zigbee2mqtt/door {"contact":true}'
    assert shown(b'{"topic": 7}') == '{"topic": 7}'
    steady = [0.0]
    trace = Trace(lambda: 0, lambda: steady[0])
    trial = Trial(lambda: steady[0])
    trial.begin(99)
    assert (trial.left_s(), trial.covers("zb-1")) == (LONGEST_S, True)
    trial.begin(5, ["zb-1"])
    assert (trial.covers("zb-1"), trial.covers("zb-2")) == (True, False)
    steady[0] = LONGEST_S
    assert (trial.left_s(), trial.covers("zb-1")) == (0, False)
    for number in range(1000):
        trace.frame("watch", "x", b"%d" % number, [])
    assert len(trace.frames) == 200
