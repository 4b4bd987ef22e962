"""The tail of a watch position: cells, Wi-Fi, accuracy; cut, odd and half-empty tails are legal."""

import math
import re
from typing import Final

import msgspec

from edge.drivers.wifi import MAX_ENTRIES, WifiSeen

_LETTER: Final = re.compile(r"[A-Fa-f]")


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One radio cell; `rssi` as the watch says it, None when absent."""

    mcc: int
    mnc: int
    lac: int
    cid: int
    rssi: int | None


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """What the tail told; `accuracy_m` only when the whole tail could be read."""

    cells: list[Cell] = []
    wifi: list[WifiSeen] = []
    accuracy_m: float | None = None


def parse_tail(fields: list[str]) -> Tail:
    """`ncell,TA,MCC,MNC,(LAC,CID,rssi)*,nwifi,(SSID,MAC,rssi)*,accuracy`; never raises."""
    count = _whole(fields[0]) if fields else None
    if count is None or not 0 <= count <= MAX_ENTRIES:
        return Tail()
    if count == 0:
        short, long = _wifi(fields[1:]), _wifi(fields[4:])
        return short if short.accuracy_m is not None or short.wifi else long
    cells_end = 4 + 3 * count
    return msgspec.structs.replace(_wifi(fields[cells_end:]), cells=_cells(fields[2:cells_end]))


def _cells(fields: list[str]) -> list[Cell]:
    mcc, mnc = (_whole(text) for text in (*fields[:2], "", "")[:2])
    if mcc is None or mnc is None or not (0 < mcc <= 999 and 0 <= mnc <= 999):
        return []
    cells: list[Cell] = []
    for n in range(2, len(fields) - 1, 3):
        base = 16 if _LETTER.search(fields[n] + fields[n + 1]) else 10
        lac, cid = _whole(fields[n], base), _whole(fields[n + 1], base)
        if lac is not None and cid is not None:
            rssi = _whole(fields[n + 2]) if n + 2 < len(fields) else None
            cells.append(Cell(mcc=mcc, mnc=mnc, lac=lac, cid=cid, rssi=rssi))
    return cells


def _wifi(fields: list[str]) -> Tail:
    """nwifi, its entries and the accuracy; empty when the count does not fit what follows."""
    count = _whole(fields[0]) if fields else None
    if count is None or not 0 <= count <= MAX_ENTRIES:
        return Tail()
    end = 1 + 3 * count
    entries = [fields[n : n + 3] for n in range(1, min(end, len(fields) - 2), 3)]
    wifi = [
        WifiSeen(ssid=ssid, mac=mac, rssi=rssi)
        for ssid, mac, text in entries
        if ":" in mac and (rssi := _whole(text)) is not None
    ]
    complete = len(wifi) == count and len(fields) == end + 1
    return Tail(wifi=wifi, accuracy_m=_metres(fields[-1]) if complete else None)


def _metres(text: str) -> float | None:
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _whole(text: str, base: int = 10) -> int | None:
    try:
        value = int(text.strip(), base)
    except ValueError:
        return None
    return value if abs(value) < 2**40 else None
