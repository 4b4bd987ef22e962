"""A program's own port: figures, life, readiness; whatever else comes in is refused and harms nothing."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cloud.__main__ import main
from cloud.config import Place
from cloud.database.pool import Connection, Pool
from cloud.operations import checks
from cloud.operations.asking import ask
from cloud.operations.duty import on_duty
from cloud.operations.gathering import Gathering
from cloud.operations.post import Post
from cloud.telemetry.storage import survey
from tests.cloud.town import NOW
from tests.conftest import START

LOOPBACK = Place("127.0.0.1", 0)


@pytest.fixture
def wrong() -> dict[str, str]:
    return {"database": "", "broker": ""}


@pytest.fixture
def post(wrong: dict[str, str]) -> Post:
    async def database() -> str:
        return wrong["database"]

    async def broker() -> str:
        if wrong["broker"] == "fails":
            raise OSError
        return wrong["broker"]

    return Post({"database": database, "broker": broker})


@pytest.fixture
async def place(post: Post) -> AsyncIterator[Place]:
    async with post.standing(LOOPBACK) as port:
        yield Place("127.0.0.1", port)


async def readiness(place: Place) -> tuple[int, dict[str, str]]:
    status, body = await ask(place, "/readyz")
    return status, json.loads(body)["wrong"]


async def test_it_is_ready_when_nothing_is_wrong_and_alive_all_along(
    post: Post, place: Place, wrong: dict[str, str]
) -> None:
    assert await readiness(place) == (200, {})
    wrong["broker"] = "not subscribed"
    assert await readiness(place) == (503, {"broker": "not subscribed"})
    wrong["broker"] = "fails"
    assert await readiness(place) == (503, {"broker": "OSError"})
    post.draining = True
    assert (await readiness(place))[0] == 503
    assert (await ask(place, "/livez"))[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\xff\x00" * 50,
        b"GET /" + b"a" * 20_000,
        b"POST /metrics HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_question_is_refused_and_the_next_is_answered(place: Place, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection(*place)
    writer.write(sent)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    assert b" 200 " not in answer
    assert (await ask(place, "/livez"))[0] == 200
    assert (await ask(place, "/etc/passwd"))[0] == 404


async def test_children_are_told_at_one_port_each_with_its_name(place: Place, wrong: dict[str, str]) -> None:
    wrong["database"] = "migration 19 of 20"
    gathering = Gathering(["one", "two", "three"])
    gathering.note("one", place.port)
    gathering.note("two", 9)  # nobody is there
    async with gathering.post().standing(LOOPBACK) as port:
        own = Place("127.0.0.1", port)
        assert await readiness(own) == (
            503,
            {"one": "database: migration 19 of 20", "two": "does not answer", "three": "not started"},
        )
        _, body = await ask(own, "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    up = {sample.labels["program"]: sample.value for sample in families["carebed_program_up"].samples}
    assert up == {"one": 1, "two": 0, "three": 0}
    waits = families["carebed_message_seconds"]
    assert waits.type == "histogram"
    assert {sample.labels["program"] for sample in waits.samples} <= {"one"}
    assert families["process_resident_memory_bytes"].samples[0].value > 1 << 20


async def test_systemd_hears_ready_alive_and_stopping(
    tmp_path: Path, post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="cloud")
    said: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "20000")
        async with on_duty(post, None, said.append) as duty:
            duty.ready()
            loop = asyncio.get_running_loop()
            heard = [await loop.sock_recv(manager, 100) for _ in range(4)]
            duty.end()
            duty.end()
            while b"STOPPING=1" not in heard:
                heard.append(await loop.sock_recv(manager, 100))
    assert heard.count(b"READY=1") == heard.count(b"STOPPING=1") == 1
    assert b"WATCHDOG=1" in heard
    assert said == ["ready"]
    assert post.draining
    assert [record.getMessage() for record in caplog.records][-1] == "ended in good order"


@pytest.mark.postgres
async def test_the_database_counts_with_this_programs_migrations_or_newer_ones(
    pool: Pool, conn: Connection
) -> None:
    ready = checks.database(pool)
    assert await ready() == ""
    await conn.execute(
        "insert into schema_migration select number + 1, 'newer', sha256, applied_at from schema_migration"
        " order by number desc limit 1"
    )
    assert await ready() == ""
    await conn.execute("delete from schema_migration where number > 3")
    assert (await ready()).startswith("migration 3 of ")


async def test_what_has_waited_for_a_minute_is_behind() -> None:
    class Queue:
        oldest_at = NOW

    later = iter((NOW + 0.5 * checks.BEHIND_AFTER, NOW + 2 * checks.BEHIND_AFTER))
    behind = checks.prompt([Queue()], lambda: next(later))
    assert [await behind(), await behind()] == ["", "behind by 120 s"]


@pytest.mark.postgres
async def test_storage_says_until_when_partitions_stand(conn: Connection) -> None:
    kept = {entry.table: entry for entry in (await survey(conn, START)).kept}
    assert kept["reading"].until is not None
    assert (kept["reading"].until - START).days == 3


async def test_the_probe_says_what_is_wrong_in_the_callers_language(
    place: Place, wrong: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def probe(port: int) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["probe", str(port)])
        return code, capsys.readouterr().err

    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert await probe(place.port) == (0, "")
    wrong["broker"] = "not subscribed"
    assert await probe(place.port) == (1, "broker 未就绪：not subscribed\n")
    code, said = await probe(1)
    assert code == 1
    assert "127.0.0.1:1 未就绪" in said
