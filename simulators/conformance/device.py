"""A device's frames against its page: a file of them, or a device that connects to the kit.

Length, check and mark are judged by `frames.py`; what a frame means is asked of `carebed-edge decode`, the
program that technicians have, which also says what the device must be answered.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from firmware_specs.clock import Clock
from simulators.conformance.checks import Finding
from simulators.conformance.device_judges import judge_device
from simulators.conformance.device_record import DeviceRecord, Heard
from simulators.conformance.frames import FORMS, LARGEST, split
from simulators.conformance.texts import say
from simulators.processes import SimulatorError, python_module

_ANSWER_S: Final = 20.0
_REPEATS_S: Final = 10.0  # an alarm that comes again in this time has not heard its answer
_LINES: Final = frozenset({"wrist_accelerometer", "zigbee2mqtt", "home_assistant", "bluetooth", "emfit_qs"})


class Reader:
    """`carebed-edge decode` as a child process: a frame in, what it means out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def read(self, frame: bytes) -> dict[str, Any]:
        """What the decoder says. Raises SimulatorError when it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"hex:" + frame.hex().encode() + b"\n")
        try:
            async with asyncio.timeout(_ANSWER_S):
                line = await self._process.stdout.readline()
            told = msgspec.json.decode(line)
        except (TimeoutError, msgspec.DecodeError, OSError, ValueError) as error:
            raise SimulatorError(say("decoder_ended", reason=error)) from error
        return told if isinstance(told, dict) else {}


@asynccontextmanager
async def reader_of(driver: str) -> AsyncIterator[Reader]:
    """A decoder for the length of the block."""
    process = await asyncio.create_subprocess_exec(
        *python_module("edge", "decode", driver),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        limit=LARGEST * 64,
    )
    try:
        yield Reader(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def examine_device(arguments: argparse.Namespace) -> list[Finding]:
    """Judge a file of frames, or a device that connects within `--seconds`. Raises SimulatorError."""
    driver: str = arguments.driver
    record = DeviceRecord(driver, FORMS[driver])
    async with reader_of(driver) as reader:
        if arguments.file:
            for data in lines_of(Path(arguments.file), driver):
                frames, rest, strange = split(record.form, data)
                record.strange_bytes += strange + len(rest.strip())
                for frame in frames:
                    record.heard.append(Heard(frame, None, await reader.read(frame)))
        else:
            await _listen(arguments, record, reader)
    return judge_device(record)


def lines_of(path: Path, driver: str) -> list[bytes]:
    """The messages of a file: a line is text, `hex:` and digits, or digits alone. Raises SimulatorError."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SimulatorError(f"{path}: {error.strerror}") from error
    end = b"\n" if driver in _LINES else b""
    return [_bytes(line.strip()) + end for line in lines if line.strip()]


def _bytes(line: bytes) -> bytes:
    try:
        return bytes.fromhex(line.decode("ascii").removeprefix("hex:"))
    except ValueError:
        return line


async def _listen(arguments: argparse.Namespace, record: DeviceRecord, reader: Reader) -> None:
    """Be the server of a device: read, ask for an SOS, answer as the page says."""
    calling, pressed, now_ms = asyncio.Lock(), asyncio.Event(), Clock().now_ms

    async def serve(stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        record.connections += 1
        rest = b""
        with contextlib.suppress(OSError):
            while data := await stream.read(4096):
                frames, rest, strange = split(record.form, rest + data)
                record.strange_bytes += strange
                for frame in frames:
                    async with calling:
                        told = await reader.read(frame)
                    record.heard.append(Heard(frame, now_ms(), told))
                    if _is_call(told):
                        pressed.set()
                    writer.write(answer(told))
                    await writer.drain()
        record.strange_bytes += len(rest.strip())
        writer.close()

    try:
        server = await asyncio.start_server(serve, arguments.host, arguments.listen)
    except OSError as error:
        raise SimulatorError(say("cannot_listen", port=arguments.listen, reason=error)) from error
    async with server:
        port = server.sockets[0].getsockname()[1]
        sys.stderr.write(say("waiting_device", host=arguments.host, port=port) + "\n")
        sys.stderr.write(say("ask_press_sos", limit=arguments.seconds) + "\n")
        record.asked_sos = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(arguments.seconds):
                await pressed.wait()
        await asyncio.sleep(min(arguments.seconds, _REPEATS_S))


def answer(told: dict[str, Any]) -> bytes:
    """The reply bytes of a decoded line."""
    text = str(told.get("replies", ""))
    return bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode()


def _is_call(told: dict[str, Any]) -> bool:
    return any(item.get("kind") == "sos" for item in told.get("items", []))
