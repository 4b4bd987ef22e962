"""Messages and calls through a modem that is played on a pseudo terminal, in every misfortune."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.help_settings import PhoneSection
from edge.modem import Reader
from edge.phone import ModemPhone, message
from edge.sms_pdu import encode
from firmware_specs.messages import ClockState, Event
from tests.edge.played_modem import PlayedModem, decoded, played

NUMBER = "+8613800000001"
EVENT = Event(
    id="018f0000-0000-7000-8000-000000000001",
    run="run00001",
    boot="b",
    seq=1,
    kind="sos",
    at=1_767_233_400_000,
)


def phone(modem: PlayedModem | str) -> ModemPhone:
    path = modem if isinstance(modem, str) else modem.path
    return ModemPhone(PhoneSection(port=path, ring_s=3, talk_s=0.01))


def clcc(stat: int) -> str:
    return f'\r\n+CLCC: 1,0,{stat},0,0,"13800000001",129\r\n'


async def test_a_chinese_message_is_one_pdu_and_a_long_one_comes_in_parts() -> None:
    short = message(EVENT, "安康小区3号楼2单元501", 8)
    assert "紧急呼叫" in short or "求助" in short
    assert "10:10" in short
    long = short * 3 + "👵" * 20
    with played() as modem:
        assert await phone(modem).prove("sms", NUMBER, short) == ""
        assert modem.sent == [{"number": NUMBER, "text": short, "part": None, "length": modem._length}]
        assert await phone(modem).sms("13800000001", long) == "done"
        assert "".join(sms["text"] for sms in modem.sent[1:]) == long
        parts = [sms["part"] for sms in modem.sent[1:]]
        assert [part[2] for part in parts] == list(range(1, len(parts) + 1))
        assert {part[:2] for part in parts} == {(0, len(parts))}


async def test_help_waits_for_a_proof_and_a_proof_for_nobody() -> None:
    with played() as modem:
        one = phone(modem)
        told = await asyncio.gather(
            one.prove("sms", NUMBER, "code"), one.prove("sms", NUMBER, "again"), one.sms(NUMBER, "help")
        )
        assert list(told) == ["", "busy", "done"]
        assert [sms["text"] for sms in modem.sent] == ["code", "help"]


def test_a_pdu_is_what_the_standard_prints() -> None:
    (pdu,) = encode("+85291234567", "你好", 0)
    assert pdu.text == "0011000B915892214365F700080B044F60597D"
    assert pdu.length == 18


@pytest.mark.parametrize("number", ["", "12", "+86 138", "138;ATD110", "1380000\r", "１３８００", "+" * 4])
def test_what_is_no_number_never_reaches_the_modem(number: str) -> None:
    with pytest.raises(ValueError, match="number"):
        encode(number, "x", 0)


@settings(max_examples=50)
@given(st.text(max_size=400))
def test_every_text_comes_out_as_it_went_in_or_cut_at_its_end(text: str) -> None:
    parts = [decoded(pdu.text) for pdu in encode("12345", text, 300)]
    came = "".join(part["text"] for part in parts)
    sound = text.encode("utf-16-be", "replace").decode("utf-16-be")
    assert came == sound or (len(parts) == 5 and sound.startswith(came))


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_garbage_on_the_line_ends_no_reader(pieces: list[bytes]) -> None:
    reader = Reader()
    for piece in pieces:
        reader.feed(piece)
    answers = reader.feed(b"\r\n\r\nOK\r\n")
    assert answers[-1].ok


@pytest.mark.parametrize(
    ("quirks", "outcome"),
    [
        ({"PDU": "\r\n+CMS ERROR: 42\r\n"}, "failed"),
        ({"PDU": "\r\n+CMS ERROR: 50\r\n"}, "impossible"),
        ({"AT+CMGS": "\r\n+CMS ERROR: 500\r\n"}, "failed"),
        ({"AT+CPIN?": "\r\n+CME ERROR: 10\r\n"}, "impossible"),
        ({"AT+CPIN?": "\r\n+CME ERROR: SIM not inserted\r\n"}, "impossible"),
        ({"AT+CPIN?": "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"}, "impossible"),
        ({"AT+CPIN?": "\r\n+CME ERROR: 14\r\n"}, "failed"),
        ({"AT+CREG?": "\r\n+CREG: 0,2\r\n\r\nOK\r\n"}, "failed"),
        ({"AT+CREG?": "\r\n+CREG: 0,3\r\n\r\nOK\r\n", "AT+CEREG?": "\r\n+CEREG: 0,5\r\n\r\nOK\r\n"}, "done"),
        ({"AT+CMGF": "\r\nERROR\r\n"}, "failed"),
    ],
)
async def test_a_modem_in_trouble_says_whether_another_try_is_worth_it(
    quirks: dict[str, str], outcome: str
) -> None:
    with played(quirks=quirks) as modem:
        assert await phone(modem).sms(NUMBER, "x") == outcome


@pytest.mark.parametrize(
    ("calls", "quirks", "outcome"),
    [
        ([clcc(2), clcc(3), clcc(0)], {}, "answered"),
        ([clcc(3), clcc(3), ""], {}, "no_answer"),
        ([clcc(3)] * 9, {}, "no_answer"),
        ([clcc(2), clcc(3) + "\r\nBUSY\r\n"], {}, "busy"),
        ([], {"ATD": "\r\nBUSY\r\n"}, "busy"),
        ([], {"ATD": "\r\n+CME ERROR: 30\r\n"}, "failed"),
        ([], {"ATD": "\r\nNO CARRIER\r\n"}, "failed"),
        ([], {"AT+CPIN?": "\r\n+CME ERROR: 10\r\n"}, "impossible"),
    ],
)
async def test_a_call_is_followed_to_its_end_and_hung_up(
    calls: list[str], quirks: dict[str, str], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.modem._POLL_S", 0.05)
    with played(calls=list(calls), quirks=quirks) as modem:
        assert await phone(modem).call("13800000001") == outcome
        assert modem.dialled == ([] if outcome == "impossible" else ["ATD13800000001;"])
        assert ("AT+CHUP" in modem.asked) == bool(calls)


async def test_a_modem_pulled_out_in_the_middle_of_a_command_is_a_failure_and_no_more() -> None:
    for command, act in _acts():
        with played(unplug_at=command) as modem:
            async with asyncio.timeout(30):
                assert await act(phone(modem)) == ("no_answer" if command == "ATD" else "failed"), command
    assert await phone("/no/such/modem").sms(NUMBER, "x") == "failed"
    assert await phone("/dev/null").sms(NUMBER, "x") == "failed"


def _acts() -> list[tuple[str, Callable[[ModemPhone], Any]]]:
    return [
        ("AT+CPIN?", lambda made: made.sms(NUMBER, "x")),
        ("AT+CMGS", lambda made: made.sms(NUMBER, "x")),
        ("001100", lambda made: made.sms(NUMBER, "x")),
        ("ATD", lambda made: made.call(NUMBER)),
    ]


def test_a_message_without_a_clock_or_an_address_is_still_one() -> None:
    event = Event(
        id=EVENT.id, run=EVENT.run, boot="b", seq=1, kind="smoke", at=5, clock=ClockState(source="none")
    )
    assert "测试" in message(msgspec.structs.replace(event, test=True), "", 8)
    text = message(event, "", 8)
    assert ":" not in text
    assert len(text) <= 70
