"""A child of `up` is ready when it answers, however late; one that has ended is not waited for."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from cloud.children import answers_health, same_port
from tests.ports import free_port


async def test_a_program_that_does_not_answer_at_first_is_asked_again() -> None:
    asked = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"" if asked < 3 else b"HTTP/1.0 200 OK\r\n\r\n{}")
        writer.close()

    child = await asyncio.create_subprocess_exec("sleep", "60")
    async with await asyncio.start_server(answer, "127.0.0.1", port := free_port()):
        await answers_health(child, "127.0.0.1", port)
    child.kill()
    await child.wait()
    assert asked == 3


async def test_one_that_has_ended_is_not_waited_for() -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", "raise SystemExit(7)")
    with pytest.raises(RuntimeError, match="ended with code 7"):
        await answers_health(child, "127.0.0.1", free_port())


def test_a_port_is_kept_from_run_to_run_until_somebody_else_has_it(tmp_path: Path) -> None:
    port = same_port(tmp_path / "port")
    assert same_port(tmp_path / "port") == port
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        other = same_port(tmp_path / "port")
    assert other != port
    assert same_port(tmp_path / "port") == other
    (tmp_path / "port").write_text("no port")
    assert same_port(tmp_path / "port") > 0
