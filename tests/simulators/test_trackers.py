"""Simulated trackers against the bytes that their pages show, and against a server that is slow to answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from firmware_specs.clock import Clock
from simulators.devices.gt06 import Gt06, crc_x25
from simulators.devices.jt808 import Jt808
from simulators.devices.tracker import Tracker, speech
from simulators.devices.trv import Trv

AT = 1_770_401_400_000  # 2026-02-06T18:10:00Z
GT06_LOGIN = bytes.fromhex("78780d01086110000000001700 01c96f0d0a")
KINDS: dict[str, Callable[[], Any]] = {"trv": Trv, "gt06": Gt06, "jt808": Jt808}


def test_the_pages_frames_are_what_the_devices_say() -> None:
    assert Gt06().login() == GT06_LOGIN
    assert crc_x25(b"123456789") == 0x906E
    heartbeat = Jt808(serial=4).heartbeat()
    assert heartbeat == bytes.fromhex("7e00020000013900000017000528 7e")
    place = "260206A3722.8900N11800.7380E000.4181000090.0008000908000102,460,0,9377,36611"
    assert Trv().alarm("sos", AT).startswith(f"IWAP10{place},01".encode())


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_an_alarm_is_repeated_until_it_is_answered_also_after_a_dead_line(kind: str) -> None:
    says = KINDS[kind]()
    heard: list[bytes] = []
    answers: dict[str, Callable[[bytes], bytes]] = {
        "trv": lambda data: b"IWBP00#IWBP01#IWDP01#" + (b"IWBP10#" if len(heard) > 1 else b""),
        "gt06": _gt06_answers(heard),
        "jt808": lambda data: b"\x01\x02\x00\x00\x02\x00" + (b"\x02\x00\x00" if len(heard) > 1 else b""),
    }
    answer = answers[kind]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            heard.append(data)
            writer.write(answer(data))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    device = Tracker(says, "127.0.0.1", server.sockets[0].getsockname()[1], Clock(), repeat_s=0.2)
    task = asyncio.create_task(device.run())
    async with asyncio.timeout(30):
        await device.linked()
        assert await device.alarm("sos", tries=50)
        device.hang()
        await device.linked()
        assert await device.alarm("sos", fault="mid_frame_cut", tries=50)
    task.cancel()
    server.close()


def _gt06_answers(heard: list[bytes]) -> Callable[[bytes], bytes]:
    def answer(data: bytes) -> bytes:
        parts = data.split(b"\x78\x78")[1:]
        return b"".join(
            b"\x78\x78\x05" + part[1:2] + part[-6:-4] for part in parts if part[1] != 0x16 or len(heard) > 1
        )

    return answer


def test_each_kind_is_made_with_its_own_name() -> None:
    assert speech("trv", "861100000000017", 1, 2).device_id == "trv-861100000000017"
    assert speech("gt06", "861100000000017", 1, 2).device_id == "gt06-861100000000017"
    assert speech("jt808", "13900000017", 1, 2).device_id == "jt808-13900000017"
