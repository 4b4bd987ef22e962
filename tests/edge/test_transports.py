"""One device, however broken or hostile, never disturbs another."""

import asyncio
import contextlib
import json
import logging
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import pytest

from edge.config import Broker as Address
from edge.transports.mqtt import LocalMqtt, line
from edge.transports.recording import Recording
from edge.transports.tcp import TcpServer
from tests.edge.stand import Broker, FakeCloud, door, running, sos, watch, write_config
from tests.waiting import LIMIT_S, until


@dataclass
class Heard:
    label: str
    send: Callable[[bytes], None]
    items: int = 0
    address: str = ""
    data: bytearray = field(default_factory=bytearray)
    gone: bool = False


@dataclass
class Listener:
    """Keeps what every connection said; `answer` is sent after each piece."""

    answer: bytes = b""
    understands: bool = False
    pieces: int = 0
    ready: asyncio.Event | None = None
    lines: list[Heard] = field(default_factory=list)

    def connect(self, label: str, send: Callable[[bytes], None]) -> Heard:
        self.lines.append(Heard(label, send))
        return self.lines[-1]

    async def take(self, source: object, data: bytes) -> None:
        assert isinstance(source, Heard)
        source.data += data
        self.pieces += 1
        if self.ready is not None:
            await self.ready.wait()
        source.items += self.understands
        if self.answer:
            source.send(self.answer)

    def disconnect(self, source: object) -> None:
        assert isinstance(source, Heard)
        source.gone = True


@contextlib.asynccontextmanager
async def serving(made: TcpServer) -> AsyncIterator[TcpServer]:
    task = asyncio.create_task(made.run())
    await made.tried.wait()
    try:
        yield made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_thousand_connections_and_the_sos_among_them(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with (
        running(write_config(tmp_path / "home", broker)) as agent,
        contextlib.AsyncExitStack() as crowd,
    ):
        devices = [await crowd.enter_async_context(watch(door(agent))) for _ in range(1000)]
        for number, device in enumerate(devices):
            await device.say(b"[3G*%015d*0002*LK" % number)
        async with asyncio.timeout(LIMIT_S):
            assert b"*LK]" in await devices[500].ask(b"]")
            assert b"*AL]" in await devices[500].ask(sos())
        await until(lambda: bool(fake_cloud.events))


async def test_too_many_connections_cost_the_ones_that_never_said_anything() -> None:
    listener = Listener(understands=True)
    async with (
        serving(TcpServer("t", "127.0.0.1", 0, listener, mute_s=0, max_connections=3)) as made,
        contextlib.AsyncExitStack() as crowd,
    ):
        talking = [await crowd.enter_async_context(watch(made.port)) for _ in range(2)]
        for device in talking:
            await device.say(b"hello")
        await until(lambda: sum(heard.items for heard in listener.lines) == 2)
        mute = await crowd.enter_async_context(watch(made.port))
        await until(lambda: len(listener.lines) == 3)
        late = await crowd.enter_async_context(watch(made.port))
        await late.say(b"sos")
        await until(lambda: len(listener.lines) == 4 and listener.lines[3].items == 1)
        assert [heard.gone for heard in listener.lines] == [False, False, True, False]
        assert await mute.reader.read() == b""
        refused = await crowd.enter_async_context(watch(made.port))
        with contextlib.suppress(ConnectionError):
            assert await refused.reader.read() == b""
        assert len(listener.lines) == 4


async def test_one_address_that_takes_every_place_keeps_no_other_out() -> None:
    """All of its connections were understood, and it goes on connecting."""
    listener = Listener(understands=True, answer=b"!")
    async with (
        serving(TcpServer("t", "127.0.0.1", 0, listener, max_connections=40)) as made,
        contextlib.AsyncExitStack() as crowd,
    ):
        greedy: list[socket.socket] = []

        def more(count: int) -> None:
            for _ in range(count):
                one = socket.create_connection(("127.0.0.1", made.port), source_address=("127.0.0.2", 0))
                crowd.callback(one.close)
                one.sendall(b"hello")
                greedy.append(one)

        more(40)
        await until(lambda: sum(heard.items for heard in listener.lines) == 40)
        good = [await crowd.enter_async_context(watch(made.port)) for _ in range(10)]
        for device in good:
            await device.say(b"hello")
        for device in good:
            async with asyncio.timeout(30):
                assert await device.reader.readexactly(1) == b"!"
        more(100)
        for device in good:
            await device.say(b"still here")
            async with asyncio.timeout(30):
                assert await device.reader.readexactly(1) == b"!"
        assert sum(not heard.gone for heard in listener.lines) <= 40


async def test_a_silent_connection_is_closed() -> None:
    listener = Listener()
    async with (
        serving(TcpServer("t", "127.0.0.1", 0, listener, idle_s=0.1)) as made,
        watch(made.port) as device,
    ):
        async with asyncio.timeout(LIMIT_S):
            assert await device.reader.read() == b""
        assert listener.lines[0].gone


async def test_a_client_that_reads_no_answers_is_cut_off_and_others_are_served() -> None:
    listener = Listener(answer=b"x" * 16384)
    async with serving(TcpServer("t", "127.0.0.1", 0, listener)) as made, watch(made.port) as good:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", made.port))
            slow.setblocking(False)
            await until(lambda: len(listener.lines) == 2)

            def pushes_until_cut() -> bool:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    slow.send(b"?" * 1000)
                return listener.lines[1].gone

            await until(pushes_until_cut)
            await good.say(b"?")
            async with asyncio.timeout(LIMIT_S):
                assert await good.reader.readexactly(16384) == listener.answer
        assert not listener.lines[0].gone


async def test_a_flood_does_not_starve_the_others() -> None:
    listener = Listener(answer=b"!")
    async with (
        serving(TcpServer("t", "127.0.0.1", 0, listener, bytes_per_s=65536)) as made,
        watch(made.port) as good,
    ):
        flood = socket.create_connection(("127.0.0.1", made.port))
        flood.setblocking(False)

        async def pour() -> None:
            while True:
                with contextlib.suppress(BlockingIOError):
                    flood.send(b"x" * 65536)
                await asyncio.sleep(0)

        pouring = asyncio.create_task(pour())
        for _ in range(20):
            await good.say(b"?")
            async with asyncio.timeout(LIMIT_S):
                assert await good.reader.readexactly(1) == b"!"
        pouring.cancel()
        flood.close()
        assert len(listener.lines[1].data) < 64 * 1024 * 20


async def test_garbage_half_frames_and_broken_connections_disturb_nobody(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    chance = random.Random(3)
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        for _ in range(50):
            async with watch(door(agent)) as bad:
                await bad.say(chance.randbytes(chance.randrange(1, 3000)))
                await bad.say(sos("861100000000099")[: chance.randrange(1, 40)])
                bad.writer.transport.abort()
        assert b"*AL]" in await device.ask(chance.randbytes(2000) + sos())
        await until(lambda: any(e.device == "watch-861100000000017" for e in fake_cloud.events.values()))


async def test_what_a_connection_sent_that_nobody_could_read_is_said_once_with_its_source(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent:
        async with watch(door(agent)) as bad:
            await bad.say(b"GET / HTTP/1.1 ]]" + sos("861100000000099")[:30])
            source = ":".join(str(part) for part in bad.writer.get_extra_info("sockname")[:2])

        def said() -> list[logging.LogRecord]:
            return [r for r in caplog.records if getattr(r, "action", "") == "unreadable_input"]

        await until(lambda: bool(said()))
        (record,) = said()
        assert source in record.__dict__["source"]
        assert record.__dict__["garbage_bytes"] > 0
        assert record.__dict__["frame_cut"] == 1


async def test_a_busy_port_is_named_tried_again_and_stops_nobody_else(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        path = write_config(tmp_path / "home", broker, port=0)
        text = path.read_text(encoding="utf-8")
        path.write_text(
            f'{text}[[transport]]\ntype = "tcp"\ndriver = "watch"\nport = {port}\n', encoding="utf-8"
        )
        async with running(path) as agent:
            assert agent.transports[1].status.startswith(f"failed(127.0.0.1:{port}")
            async with watch(door(agent)) as device:
                assert b"*AL]" in await device.ask(sos())


@pytest.mark.broker
async def test_messages_of_the_homes_broker_become_lines_through_its_restarts(
    tmp_path: Path, broker: Broker
) -> None:
    listener = Listener()
    local = LocalMqtt("zigbee2mqtt", Address(host="127.0.0.1", port=broker.port), "z2m", "agent", listener)
    task = asyncio.create_task(local.run())
    await local.tried.wait()
    async with aiomqtt.Client("127.0.0.1", broker.port) as home:
        await home.publish("z2m/button", b'{"action":"single"}', qos=1)
        await home.publish("z2m/odd", b"\xff\x00", qos=1)
        await home.publish("other/button", b"{}", qos=1)
        await until(lambda: listener.lines[0].data.count(b"\n") == 2)
        lines = [json.loads(text) for text in listener.lines[0].data.splitlines()]
        assert lines == [
            {"topic": "z2m/button", "retained": False, "payload": '{"action":"single"}'},
            {"topic": "z2m/odd", "retained": False, "payload": None, "payload_hex": "ff00"},
        ]
        listener.lines[0].send(b'{"topic": "z2m/bridge/request/x", "payload": "1"}\n')
        await home.subscribe("z2m/bridge/#")
        await until(lambda: listener.lines[0].data.count(b"\n") == 3)
        await home.publish("board/state", b"kept", qos=1, retain=True)
        listener.lines[0].send(b'{"subscribe": "board/state"}\n')
        await until(lambda: b'"board/state", "retained": true' in listener.lines[0].data)
    broker.kill()
    await until(lambda: listener.lines[0].gone)
    broker.start()
    await until(lambda: local.status.startswith("connected"), 20)
    async with aiomqtt.Client("127.0.0.1", broker.port) as home:
        await home.publish("z2m/button", b"again", qos=1)
        await until(lambda: b"again" in listener.lines[-1].data)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.broker
async def test_a_call_for_help_waits_once_for_a_slow_disk_not_once_for_each_message_before_it(
    broker: Broker,
) -> None:
    listener = Listener(ready=asyncio.Event())
    local = LocalMqtt("zigbee2mqtt", Address(host="127.0.0.1", port=broker.port), "z2m", "agent", listener)
    task = asyncio.create_task(local.run())
    await local.tried.wait()
    async with aiomqtt.Client("127.0.0.1", broker.port) as home:
        for n in range(200):
            await home.publish("z2m/chatty", b'{"smoke":%d}' % (n % 2), qos=1)
        await home.subscribe("z2m/button")
        await home.publish("z2m/button", b'{"action":"sos"}', qos=1)
        await anext(home.messages)
        assert listener.ready is not None
        listener.ready.set()
        await until(lambda: b"sos" in listener.lines[0].data)
    assert listener.pieces < 20
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_a_line_says_what_was_retained_and_what_was_empty() -> None:
    assert json.loads(line("a", b"", retained=True)) == {"topic": "a", "retained": True, "payload": None}
    assert line("a", "电".encode(), retained=False).decode().count("电") == 1


async def test_a_recording_is_played_in_its_own_time(tmp_path: Path) -> None:
    path = tmp_path / "watch.jsonl"
    path.write_text(
        '{"at": 1000, "data": "one"}\nnot json\n{"at": 1400, "hex": "ff"}\n{"at": 1800}\n', encoding="utf-8"
    )
    listener = Listener()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await Recording("watch", path, 4.0, listener).run()
    assert bytes(listener.lines[0].data) == b"one\xff"
    assert 0.1 <= loop.time() - began < 0.35
    assert listener.lines[0].gone
    missing = Recording("watch", tmp_path / "none", 1.0, listener)
    await missing.run()
    assert missing.status.startswith("failed")
    assert os.strerror(2) in missing.status
