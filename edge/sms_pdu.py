"""SMS-SUBMIT PDUs (3GPP TS 23.040, clause 9.2.2.2) in UCS2, long texts in parts with a header. Pure."""

import re
from typing import Final

import msgspec

NUMBER: Final = re.compile(r"\+?[0-9]{3,20}\Z")
SINGLE_UNITS: Final = 70  # UTF-16 code units of a message of its own (140 octets)
PART_UNITS: Final = 67  # of one part: 140 octets less 6 of header
MAX_PARTS: Final = 5
_SUBMIT: Final = 0x11  # SMS-SUBMIT with a relative validity period
_HAS_HEADER: Final = 0x40
_UCS2: Final = 0x08
_ONE_HOUR: Final = 0x0B  # (11 + 1) * 5 minutes: a call for help is worth nothing tomorrow


class Pdu(msgspec.Struct, frozen=True):
    """One message in hexadecimal; `length` is what AT+CMGS wants: octets without the centre's address."""

    text: str
    length: int


def encode(number: str, text: str, reference: int) -> list[Pdu]:
    """The PDUs of a text; `reference` (0..255) ties its parts together. ValueError for a number that is none.

    More than 335 code units are cut off.
    """
    if not NUMBER.match(number):
        raise ValueError("not a telephone number")
    parts = _split(text)
    pdus = []
    for index, part in enumerate(parts, 1):
        header = bytes([5, 0, 3, reference & 0xFF, len(parts), index]) if len(parts) > 1 else b""
        data = header + part
        first = _SUBMIT | (_HAS_HEADER if header else 0)
        octets = bytes([first, 0]) + _address(number) + bytes([0, _UCS2, _ONE_HOUR, len(data)]) + data
        pdus.append(Pdu((b"\x00" + octets).hex().upper(), len(octets)))
    return pdus


def _address(number: str) -> bytes:
    """The destination: count of digits, international or unknown, digits in swapped halves."""
    digits = number.removeprefix("+")
    kind = 0x91 if number.startswith("+") else 0x81
    padded = digits + "F" * (len(digits) % 2)
    swapped = "".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2))
    return bytes([len(digits), kind]) + bytes.fromhex(swapped)


def _split(text: str) -> list[bytes]:
    """UTF-16BE of a text, whole if it fits, else in parts that cut no character."""
    whole = _utf16(text)
    if len(whole) <= 2 * SINGLE_UNITS:
        return [whole]
    parts = [b""]
    for character in text:
        octets = _utf16(character)
        if len(parts[-1]) + len(octets) > 2 * PART_UNITS:
            parts.append(b"")
        parts[-1] += octets
    return parts[:MAX_PARTS]


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be", "replace")
