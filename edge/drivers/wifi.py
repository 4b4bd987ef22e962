"""Access points as devices tell them, and what they say to the pipeline."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from edge.readings import HeardWifi

MAX_ENTRIES: Final = 30
_WEAKEST_DBM: Final = -120
_ADDRESS: Final = re.compile(r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}")


class WifiSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One access point; a malformed MAC is kept as it came. `rssi` as the device says it: dBm below 0."""

    ssid: str = ""
    mac: str
    rssi: int


def heard(device: str, at: int, seen: Sequence[WifiSeen], *, late: bool) -> list[HeardWifi]:
    """What the report of a device heard, where any of it has an address and a strength in dBm.

    A strength of 0 and above is in no unit that is known, so that it says nothing of how near one is.
    """
    found = [
        (mac.replace("-", ":"), one.rssi)
        for one in seen[:MAX_ENTRIES]
        if _ADDRESS.fullmatch(mac := one.mac.strip().lower()) and _WEAKEST_DBM <= one.rssi < 0
    ]
    return [HeardWifi(device=device, at=at, access_points=found, late=late)] if found else []
