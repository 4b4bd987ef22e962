"""Messages and calls through a modem on a serial port, as far as the installation test proved them."""

import asyncio
import itertools
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Final

from edge.help_settings import PhoneSection
from edge.help_steps import Outcome
from edge.modem import TIMEOUT, Answer, Ask, Dialogue, Reader, make_call, send_sms
from edge.sms_pdu import encode
from edge.transports.serial import SerialPort
from firmware_specs.kinds import EVENTS
from firmware_specs.messages import Event

log = logging.getLogger(__name__)

_WRITE_S: Final = 5.0


def message(event: Event, place: str, utc_offset_h: float) -> str:
    """What a contact reads: what happened, where, when (by the home's clock), and what to do."""
    kind = EVENTS.get(event.kind)
    moment = ""
    if event.clock.source != "none":
        zone = timezone(timedelta(hours=utc_offset_h))
        moment = f"{datetime.fromtimestamp(event.at / 1000, zone):%H:%M} "
    what = ("（测试）" if event.test else "") + (kind.zh if kind else event.kind)
    return f"【家庭养老床位】{moment}{place or '您的家人'}：{what}！服务中心暂时联系不上，请马上联系或前往。"


@dataclass
class ModemPhone:
    """Opens the port for each message and each call, so that a modem may come and go; one at a time."""

    settings: PhoneSection
    _references: "itertools.count[int]" = field(default_factory=itertools.count)
    _line: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def sms(self, number: str, text: str) -> Outcome:
        """Send a message."""
        try:
            pdus = encode(number, text, next(self._references))
        except ValueError:
            return "impossible"
        return await self._hold(send_sms(pdus))

    async def call(self, number: str) -> Outcome:
        """Ring somebody, hold the line a while, hang up."""
        return await self._hold(make_call(number, self.settings.ring_s, self.settings.talk_s))

    async def prove(self, how: str, number: str, text: str) -> str:
        """What went wrong when the modem sends `text` to `number`, or rings it; "" where it was taken.
        It waits for nobody, so that help waits for one proof at most.
        """
        if self._line.locked():
            return "busy"
        outcome = await (self.sms(number, text) if how == "sms" else self.call(number))
        return "" if outcome in ("done", "answered") else outcome

    async def _hold(self, dialogue: Dialogue) -> Outcome:
        """Carry a dialogue out; a modem that is gone is a failure worth another try."""
        try:
            async with self._line, SerialPort(self.settings.port, self.settings.baud) as port:
                return await _converse(port, dialogue)
        except (OSError, TimeoutError) as error:
            log.error("no modem", extra={"action": "modem_failed", "reason": str(error)})
            return "failed"


async def _converse(port: SerialPort, dialogue: Dialogue) -> Outcome:
    """To the dialogue's end; when the modem goes after it has dialled, the call counts as made."""
    reader, rings = Reader(), False
    try:
        ask = next(dialogue)
        while True:
            rings = rings or ask.rings
            ask = dialogue.send(await _answer(port, reader, ask))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    except OSError as error:
        if not rings:
            raise
        log.error("modem lost in a call", extra={"action": "modem_failed", "reason": str(error)})
        return "no_answer"


async def _answer(port: SerialPort, reader: Reader, ask: Ask) -> Answer:
    """Write, then wait for the answer; what came before it unasked is passed over."""
    if ask.data:
        async with asyncio.timeout(_WRITE_S):
            await port.write(ask.data)
    try:
        async with asyncio.timeout(ask.limit_s):
            while True:
                answers = reader.feed(await port.read())
                if answers:
                    return next((answer for answer in answers if not answer.ok), answers[-1])
    except TimeoutError:
        return Answer(TIMEOUT)
