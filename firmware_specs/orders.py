"""The `args` of orders that gateways know (`down/command`)."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from firmware_specs.fields import Ms, Phone, Text, WireId

_MAX_DEVICES: Final = 200


class ReplayArgs(msgspec.Struct, frozen=True, kw_only=True):
    """`args` of the command `replay`: send the rows of a time (ms UTC) again, with their own run and seq."""

    stream: Literal["event", "telemetry", "all"]
    from_at: Ms = msgspec.field(name="from")
    to_at: Ms = msgspec.field(name="to")


class TrialArgs(msgspec.Struct, frozen=True, kw_only=True):
    """`args` of the command `test_mode`: for so many minutes what these devices raise is a test."""

    minutes: Annotated[float, Meta(ge=0, le=60)]
    devices: Annotated[list[WireId], Meta(max_length=_MAX_DEVICES)]


class ProvePhoneArgs(msgspec.Struct, frozen=True, kw_only=True):
    """`args` of the command `prove_phone`: the gateway's own modem sends `text` to `number`, or rings it."""

    how: Literal["sms", "call"]
    number: Phone
    text: Text = ""
