"""The watch text protocol: uplink frames, framing, commands."""

import re
from typing import Any, Final

from edge.decoding.watch import watch
from edge.drivers.watch_commands import command_content
from edge.drivers.watch_frames import encode_frame
from simulators.devices.watch import command_answer
from simulators.devices.watch import frame as watch_frame
from tests.conformance.samples import Values, given_bytes

# The samples' names of commands and arguments, where ours differ.
_COMMANDS: Final = {
    "alarm_battery": "low_battery_alarm",
    "alarm_clock": "remind",
    "alarm_remove": "removal_alarm",
    "alarm_sos": "sos_sms",
    "heart_rate": "measure_heart_rate",
    "locate-now": "locate",
    "phonebook": "phone_book",
    "position_periodic": "upload_interval",
    "position_single": "locate",
    "poweroff": "power_off",
    "text": "message",
    "upload": "upload_interval",
    "voice_message": "voice",
}
_ARGUMENTS: Final = {"frequency": "seconds", "interval": "seconds", "message": "text", "enabled": "enable"}


def downlink(given: Values) -> Values:
    """A command as the agent sends it; "reply from watch": what our simulated watch answers to one."""
    args: dict[str, Any] = {_ARGUMENTS.get(key, key): value for key, value in given["args"].items()}
    if "in" in args:
        order = re.fullmatch(r"\[(\w+)\*(\d+)\*\w{4}\*(.*)\]", args["in"])
        if order is None:
            return {"want": None}
        maker, identity, content = order.groups()
        answer = command_answer(content)
        return {"want": None if answer is None else watch_frame(maker, identity, answer).decode()}
    content = command_content(_COMMANDS.get(given["cmd"], str(given["cmd"])), args)
    frame = encode_frame(given["id"], content)
    return {"want": frame.decode(errors="replace"), "want_hex": frame.hex()}


def uplink(given: Values) -> Values:
    """One frame from a watch."""
    return {"want": watch()(given_bytes(given))["decoded"]}


def framing(given: Values) -> Values:
    """The frames of a stream, unescaped, as text and as hexadecimal digits."""
    frames: list[str] = watch()(given_bytes(given))["frames"]
    raw = [bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode() for text in frames]
    return {"want": frames, "want_hex": [frame.hex() for frame in raw]}
