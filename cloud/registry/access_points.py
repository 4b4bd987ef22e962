"""Addresses of a home's Wi-Fi access points (BSSIDs), as people write them. Pure."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from cloud.access.errors import InvalidInput
from firmware_specs.fields import Bssid
from firmware_specs.homes import MAX_ACCESS_POINTS

_SEPARATORS: Final = re.compile(r"[\s:.\-]")
_DIGITS: Final = re.compile(r"[0-9a-f]{12}")


def bssids(given: Sequence[str]) -> list[str]:
    """Each once, lower case with colons, in the order given; raises InvalidInput for what names no fixed
    access point: a telephone's hotspot has another address tomorrow, and is carried away.
    """
    found = list(dict.fromkeys(_bssid(text) for text in given))
    if len(found) > MAX_ACCESS_POINTS:
        raise _fault(f"最多 {MAX_ACCESS_POINTS} 个", f"give {MAX_ACCESS_POINTS} at most")
    return found


def _bssid(text: str) -> str:
    digits = _SEPARATORS.sub("", text).lower()
    if not _DIGITS.fullmatch(digits) or set(digits) == {"0"}:
        raise _fault(f"“{text[:40]}”不是 MAC 地址", f"{text[:40]!r} is no MAC address")
    mac = ":".join(digits[n : n + 2] for n in range(0, 12, 2))
    try:
        return msgspec.convert(mac, Bssid)
    except msgspec.ValidationError:
        raise _fault(
            f"{mac} 是手机热点、访客网络等自造的地址（或组播地址），不能当作家；请填路由器标签上的地址",
            f"{mac} was made up by a telephone or a guest network, or is a group's: give the router's own",
        ) from None


def _fault(zh: str, en: str) -> InvalidInput:
    return InvalidInput(f"Wi-Fi 地址不对：{zh}", f"a Wi-Fi address is wrong: {en}", field="access_points")
