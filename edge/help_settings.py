"""The sections of edge.toml about local help; each effect is off unless its section is there."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.help_steps import Contact
from firmware_specs.ids import WIRE_ID_PATTERN

_Id = Annotated[str, Meta(pattern=WIRE_ID_PATTERN)]
_Seconds = Annotated[float, Meta(gt=0, le=600)]
_Word = Annotated[str, Meta(min_length=1, max_length=500)]
Number = Annotated[str, Meta(pattern=r"^\+?[0-9]{3,20}$")]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections."""


class LocalHelpSection(_Section, frozen=True, kw_only=True):
    """[local_help]: seconds without `stored`, and without a connection, after which the home helps itself."""

    after_s: _Seconds = 20.0
    away_s: _Seconds = 30.0
    place: str = ""


class SirenSection(_Section, frozen=True, kw_only=True):
    """[siren]: Zigbee sirens that understand `warning`."""

    devices: Annotated[list[_Id], Meta(min_length=1)]
    mode: Literal["burglar", "fire", "emergency", "police_panic", "fire_panic", "emergency_panic"] = (
        "emergency"
    )
    level: Literal["low", "medium", "high", "very_high"] = "high"
    strobe: bool = True
    duration_s: Annotated[int, Meta(ge=1, le=1800)] = 180


class LightSection(_Section, frozen=True, kw_only=True):
    """[light]: Zigbee lamps that are switched on, and left on for those who come."""

    devices: Annotated[list[_Id], Meta(min_length=1)]


class SpeechSection(_Section, frozen=True, kw_only=True):
    """[speech]: a program with its arguments, no shell; {text} is the sentence, {file} a recorded one.

    A prompt with a file NAME.wav in `sounds` is played with `player`, the others are spoken by `command`.
    """

    command: list[_Word] = []
    sounds: str | None = None
    player: list[_Word] = msgspec.field(default_factory=lambda: ["aplay", "-q", "{file}"])
    language: Literal["zh", "en"] = "zh"
    limit_s: _Seconds = 30.0


class ContactEntry(_Section, frozen=True, kw_only=True):
    """[[phone.contact]]: whom to tell until the cloud has sent its list."""

    name: str
    number: Number
    inside: bool = False

    def contact(self) -> Contact:
        """As local help knows it."""
        return Contact(name=self.name, number=self.number, inside=self.inside)


class PhoneSection(_Section, frozen=True, kw_only=True):
    """[phone]: a modem with AT commands. Only what the installation test proved is used."""

    port: str
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600] = 115200
    sms_proven: bool = False
    call_proven: bool = False
    ring_s: _Seconds = 40.0
    talk_s: _Seconds = 20.0
    utc_offset_h: Annotated[float, Meta(ge=-12, le=14)] = 8.0
    contact: list[ContactEntry] = []
