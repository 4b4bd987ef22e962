"""The live feed on a real port: nothing lost, nothing doubled, nothing shown to whom it does not concern."""

import asyncio
import json
import uuid

import pytest
from prometheus_client import REGISTRY
from websockets.asyncio.client import connect

from cloud.access.access import Identity
from cloud.api import live
from cloud.api.feed_schemas import CaseFrame, HelloFrame
from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.feed import store as feed
from tests.cloud.api.conftest import Town, bearer, ring, serving
from tests.cloud.api.screens import append, closed, follow, frames_until, receive
from tests.waiting import until

pytestmark = pytest.mark.postgres


async def test_an_alarm_reaches_a_screen_when_it_is_stored_not_at_the_next_look(
    conn: Connection, services: Services, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_LOOK_EVERY_S", 600.0)
    hops = ("carebed_event_hop_seconds_count", {"hop": "feed"})
    counted = REGISTRY.get_sample_value(*hops) or 0
    async with serving(services) as address, follow(address, bearer(town, "operator")) as socket:
        hello = HelloFrame.model_validate(await receive(socket))
        for kind in ("sos", "smoke", "fall", "gas", "co"):
            await ring(conn, services, town, town.east, kind)
            frame = CaseFrame.model_validate(await receive(socket))
            assert frame.data.state == "open"
        assert frame.seq == hello.seq + 5
        assert REGISTRY.get_sample_value(*hops) == counted + 5


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
        await closed(slow)
    async with follow(address, bearer(town, "operator"), last) as back:
        assert (await receive(back))["seq"] == last


async def test_a_client_that_is_there_before_the_process_has_read_the_feed_misses_nothing(
    conn: Connection, services: Services, town: Town
) -> None:
    await append(conn, services, "370502", 5)
    hub = live.LiveFeed(services)
    supervisor = Identity(id=uuid.uuid4(), name="x", role="supervisor")
    subscription, lost = await hub.start(supervisor, 2)
    assert not lost
    seen: list[int] = []

    async def collect() -> None:
        async for text in hub.frames(subscription):
            seen.append(json.loads(text or "{}")["seq"])

    task = asyncio.create_task(collect())
    await asyncio.sleep(0)
    async with hub.running():
        await until(lambda: seen == [3, 4, 5])
        await append(conn, services, "370502")
        await until(lambda: seen == [3, 4, 5, 6])
        task.cancel()


async def test_the_feed_goes_on_when_the_listening_connection_is_killed(
    address: str, conn: Connection, services: Services, town: Town
) -> None:
    async with follow(address, bearer(town, "operator")) as socket:
        start = (await receive(socket))["seq"]
        kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = %s"
        assert await (await conn.execute(kill, ("carebed-live",))).fetchone() == (1,)
        last = await append(conn, services, "370502", 20)
        assert [frame["seq"] for frame in await frames_until(socket, last)] == list(
            range(start + 1, last + 1)
        )
