"""AT commands to a modem: messages and calls as dialogues without I/O.

A dialogue is a generator: it yields what to write and how long to wait, is sent what came, and returns the
outcome. `Reader` makes answers of bytes. Sources: 3GPP TS 27.007 (CPIN, CREG, CLCC, CHUP, CME errors), 27.005
(CMGF, CMGS, CMS errors), ITU-T V.250 (result codes).
"""

import re
from collections.abc import Generator
from typing import Final

import msgspec

from edge.help_steps import Outcome
from edge.sms_pdu import NUMBER, Pdu

PROMPT: Final = ">"
TIMEOUT: Final = "timeout"
_MAX_LINE: Final = 4096
_MAX_LINES: Final = 100
_FINAL: Final = re.compile(
    r"^(OK|ERROR|\+CM[ES] ERROR:.*|NO CARRIER|BUSY|NO ANSWER|NO DIALTONE|NO DIAL TONE|COMMAND NOT SUPPORT)$"
)
_ENDED: Final[dict[str, Outcome]] = {"BUSY": "busy", "NO ANSWER": "no_answer"}
# Nothing that another try would change: no SIM, a locked SIM, no service for it, no such number.
_HOPELESS: Final = re.compile(
    r"^\+CMS ERROR: (1|8|10|28|29|30|50|69|310|311|313|315|316|317|318|330)$"
    r"|^\+CME ERROR: (10|11|12|13|15|16|17|18)$|SIM (not inserted|failure|PIN required|PUK required)",
    re.IGNORECASE,
)
_REGISTERED: Final = re.compile(r"^\+C(E|G)?REG: *[0-9], *(1|5|6|7)\b")
_CALL: Final = re.compile(r"^\+CLCC: *[0-9]+, *0, *([0-9]), *0\b")
_ACTIVE, _ALERTING = 0, 3
_POLL_S: Final = 1.0


class Ask(msgspec.Struct, frozen=True):
    """Bytes to write, and for how many seconds to wait for the final line or the prompt.

    `rings`: somebody's telephone may ring from here on, whatever becomes of the modem.
    """

    data: bytes
    limit_s: float = 5.0
    rings: bool = False


class Answer(msgspec.Struct, frozen=True):
    """The lines before the final one, and the final one: OK, an error, a result code, `>` or `timeout`."""

    final: str
    lines: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether the command was carried out."""
        return self.final == "OK"


Dialogue = Generator[Ask, Answer, Outcome]


class Reader:
    """Bytes in, answers out; echoes, blank lines and what the modem says unasked are lines like others."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that these bytes complete; never raises."""
        self._buffer = (self._buffer + data)[-_MAX_LINE:]
        answers = []
        while True:
            if self._buffer.lstrip(b"\r\n ").startswith(b">"):
                self._buffer = self._buffer.lstrip(b"\r\n ")[1:]
                answers.append(self._answer(PROMPT))
                continue
            line, found, rest = self._buffer.partition(b"\n")
            if not found:
                return answers
            self._buffer = rest
            text = line.strip(b"\r\n \0").decode("ascii", "replace")
            if _FINAL.match(text):
                answers.append(self._answer(text))
            elif text and len(self._lines) < _MAX_LINES:
                self._lines.append(text)

    def _answer(self, final: str) -> Answer:
        lines, self._lines = self._lines, []
        return Answer(final, lines)


def send_sms(pdus: list[Pdu]) -> Dialogue:
    """Send every part: done, failed (worth another try) or impossible."""
    trouble = yield from _prepare()
    if trouble is not None:
        return trouble
    answer = yield Ask(b"AT+CMGF=0\r")
    if not answer.ok:
        return _trouble(answer)
    for pdu in pdus:
        answer = yield Ask(b"AT+CMGS=%d\r" % pdu.length, 10.0)
        if answer.final == PROMPT:
            answer = yield Ask(pdu.text.encode() + b"\x1a", 60.0)
        if not answer.ok:
            if answer.final in (PROMPT, TIMEOUT):
                yield Ask(b"\x1b", 1.0)
            return _trouble(answer)
    return "done"


def make_call(number: str, ring_s: float, talk_s: float) -> Dialogue:
    """Ring for `ring_s`; once answered stay `talk_s`: answered, no_answer, busy, failed or impossible."""
    if not NUMBER.match(number):
        return "impossible"
    trouble = yield from _prepare()
    if trouble is not None:
        return trouble
    answer = yield Ask(b"ATD%s;\r" % number.encode(), 10.0, rings=True)
    if answer.final == TIMEOUT:
        yield from _hang_up()
        return "no_answer"
    if not answer.ok:
        return _ENDED.get(answer.final) or _trouble(answer)
    outcome = yield from _watch(ring_s, talk_s)
    yield from _hang_up()
    return outcome


def _watch(ring_s: float, talk_s: float) -> Dialogue:
    """Follow a call that was begun, a look a second."""
    rang = False
    for _ in range(max(1, round(ring_s / _POLL_S))):
        answer = yield Ask(b"", _POLL_S)
        if answer.final == TIMEOUT:
            answer = yield Ask(b"AT+CLCC\r", 3.0)
        if answer.final in _ENDED:
            return _ENDED[answer.final]
        if answer.final in ("NO CARRIER", "NO DIALTONE", "NO DIAL TONE"):
            return "no_answer" if rang else "failed"
        calls = [int(found.group(1)) for line in answer.lines if (found := _CALL.match(line))]
        if _ACTIVE in calls:
            yield Ask(b"", talk_s)
            return "answered"
        if answer.ok and answer.lines and not calls:
            continue
        if answer.ok and not calls:
            return "no_answer" if rang else "failed"
        rang = rang or _ALERTING in calls
    return "no_answer"


def _prepare() -> Generator[Ask, Answer, Outcome | None]:
    """Wake the modem and look for SIM and network; None when all is well."""
    for _ in range(3):
        answer = yield Ask(b"AT\r", 1.0)
        if answer.ok:
            break
    else:
        return "failed"
    yield Ask(b"ATE0\r")
    yield Ask(b"AT+CMEE=1\r")
    answer = yield Ask(b"AT+CPIN?\r", 10.0)
    if not (answer.ok and any(line.startswith("+CPIN: READY") for line in answer.lines)):
        return "impossible" if answer.ok else _trouble(answer)
    for command in (b"AT+CREG?\r", b"AT+CEREG?\r"):
        answer = yield Ask(command)
        if any(_REGISTERED.match(line) for line in answer.lines):
            return None
    return "failed"


def _hang_up() -> Generator[Ask, Answer, None]:
    answer = yield Ask(b"AT+CHUP\r")
    if not answer.ok:
        yield Ask(b"ATH\r")


def _trouble(answer: Answer) -> Outcome:
    return "impossible" if _HOPELESS.search(answer.final) else "failed"
