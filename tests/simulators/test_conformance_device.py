"""The kit's reading of frames against simulated devices with every fault, and a device that connects."""

import asyncio
from argparse import Namespace
from pathlib import Path

import pytest

from firmware_specs.clock import Clock
from simulators.conformance.command import device
from simulators.conformance.frames import FORMS, split
from simulators.devices.faults import FAULTS
from simulators.devices.gt06 import Gt06
from simulators.devices.jt808 import Jt808
from simulators.devices.radars import r60_frame, tiny_frame
from simulators.devices.trv import Trv
from simulators.devices.watch import SOS, Watch, frame, keep_alive_content

AT = 1_770_401_400_000
FRAMES = {
    "watch": [frame("3G", "2300000017", "LK,1,2,80"), frame("SG", "861100000000017", "PULSE,71", 3)],
    "trv": [Trv().login(), Trv().alarm("sos", AT)],
    "gt06": [Gt06().login(), Gt06().alarm("sos", AT)],
    "jt808": [Jt808(serial=4).heartbeat(), Jt808(newer=True, serial=0x7E7D).alarm("sos", AT)],
    "r60": [r60_frame("fall"), r60_frame("heart_72")],
    "tinyframe": [tiny_frame("fall"), tiny_frame("heart_72", 258)],
}
CHECKED = ("gt06", "jt808", "r60", "tinyframe")


@pytest.mark.parametrize("driver", FRAMES)
def test_frames_are_found_whole_in_pieces_and_one_behind_the_other(driver: str) -> None:
    form, frames = FORMS[driver], FRAMES[driver]
    assert split(form, b"".join(frames)) == (frames, b"", 0)
    found, rest = [], b""
    for byte in b"".join(frames):
        more, rest, strange = split(form, rest + bytes((byte,)))
        found += more
        assert not strange
    assert found == frames
    assert [form.faults(each) for each in frames] == [[], []]


@pytest.mark.parametrize("driver", CHECKED)
def test_a_wrong_length_and_a_wrong_check_are_named(driver: str) -> None:
    good = FRAMES[driver][1]
    assert "checksum" in FORMS[driver].faults(FAULTS["bad_checksum"](good)[0])
    frames, rest, strange = split(FORMS[driver], FAULTS["wrong_length"](good)[0])
    assert not frames or FORMS[driver].faults(frames[0]) or rest or strange


def test_a_frame_that_breaks_off_before_the_next_is_strange_and_no_frame() -> None:
    whole = FRAMES["watch"][0]
    assert split(FORMS["watch"], b"[3G*2300000017*00" + whole) == ([whole], b"", 17)


def test_a_watch_whose_length_lies_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = frame("3G", "2300000017", keep_alive_content(Watch("2300000017", "", 0, Clock()).state))
    path = tmp_path / "frames.txt"
    path.write_bytes(b"hex:" + good.hex().encode() + b"\n" + FAULTS["wrong_length"](good)[0] + b"\n")
    junit = tmp_path / "junit.xml"
    code = asyncio.run(device(Namespace(driver="watch", file=str(path), listen=0, junit=str(junit))))
    assert code == 1
    failed = [line.split()[2] for line in capsys.readouterr().out.splitlines() if line.startswith("✗")]
    assert failed == ["length:"]
    assert 'failures="1"' in junit.read_text(encoding="utf-8")


async def test_a_device_that_connects_is_answered_and_judged(
    capsys: pytest.CaptureFixture[str], unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.conformance.device._REPEATS_S", 0.5)
    given = Namespace(driver="watch", file=None, host="127.0.0.1", listen=unused_port, seconds=60, junit=None)
    examined = asyncio.create_task(device(given))
    watch = Watch("861100000000017", "127.0.0.1", unused_port, Clock())
    worn = asyncio.create_task(watch.run())
    async with asyncio.timeout(120):
        await watch.linked()
        assert await watch.alarm(SOS, tries=50), "the kit answers as the page says"
        code = await examined
    worn.cancel()
    assert code == 0, capsys.readouterr().out
