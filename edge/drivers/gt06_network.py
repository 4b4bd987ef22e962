"""What a GT06 device hears of the network: cells and access points, where it has no satellites. Pure."""

from typing import Final, NamedTuple

from edge.drivers.device_clock import calendar_ms
from edge.drivers.watch_tail import Cell
from edge.drivers.wifi import MAX_ENTRIES, WifiSeen

WIFI_ALARM: Final = 0xA9
_SIGNED: Final = 0x80
_SEVEN: Final = 7


class _List(NamedTuple):
    """Bytes of LAC and CID, how many cells, whether access points follow."""

    lac: int
    cid: int
    cells: int
    wifi: bool


_LISTS: Final = {
    0x18: _List(2, 3, _SEVEN, wifi=True),
    0x28: _List(2, 3, _SEVEN, wifi=False),
    0x2C: _List(2, 3, _SEVEN, wifi=True),
    0x2E: _List(2, 3, _SEVEN, wifi=False),
    0x33: _List(2, 4, 6, wifi=True),
    0xA1: _List(4, 8, _SEVEN, wifi=False),
    0xA2: _List(4, 8, _SEVEN, wifi=True),
}
NETWORK_TYPES: Final = frozenset(_LISTS) | {WIFI_ALARM}


class Network(NamedTuple):
    """What was heard, when (ms of the digits read as UTC), and what follows; None where it is cut."""

    time: int | None
    cells: list[Cell]
    wifi: list[WifiSeen]
    rest: bytes | None


def decode_network(proto: int, body: bytes) -> Network:
    """Date, MCC, MNC, cells, timing advance, access points; what is cut is left out."""
    time = calendar_ms(2000 + body[0], *body[1:6]) if len(body) >= 6 else None
    mcc, mnc, at = _operator(body, 6)
    if proto == WIFI_ALARM:
        wide, count = (body[at : at + 2] + b"\0\0")[:2]
        kind, at = _List(4 if wide else 2, 8 if wide else 3, count, wifi=True), at + 2
    else:
        kind = _LISTS[proto]
    size = kind.lac + kind.cid + 1
    end = at + kind.cells * size
    if len(body) < end + 1:
        return Network(time, [], [], None)
    cells = []
    for start in range(at, min(end, at + MAX_ENTRIES * size), size):
        lac = int.from_bytes(body[start : start + kind.lac], "big")
        cid = int.from_bytes(body[start + kind.lac : start + size - 1], "big")
        if lac and mcc:
            cells.append(Cell(mcc=mcc, mnc=mnc, lac=lac, cid=cid, rssi=_dbm(body[start + size - 1])))
    wifi, rest = _wifi(body[end + 1 :]) if kind.wifi else ([], body[end + 1 :])
    return Network(time, cells, wifi, rest)


def cell_of(data: bytes, *, wide: bool) -> tuple[Cell | None, bytes]:
    """MCC, MNC, LAC, CID and what follows; `wide` is 4G's."""
    mcc, mnc, at = _operator(data, 0)
    lac_end = at + (4 if wide else 2)
    end = lac_end + (8 if wide else 3)
    if len(data) < end:
        return None, b""
    lac, cid = int.from_bytes(data[at:lac_end], "big"), int.from_bytes(data[lac_end:end], "big")
    return Cell(mcc=mcc, mnc=mnc, lac=lac, cid=cid, rssi=None), data[end:]


def _operator(data: bytes, at: int) -> tuple[int, int, int]:
    """MCC, MNC and where they end; with bit 15 of MCC the MNC has two bytes."""
    mcc = int.from_bytes(data[at : at + 2], "big")
    end = at + (4 if mcc >> 15 else 3)
    return mcc & 0x7FFF, int.from_bytes(data[at + 2 : end], "big"), end


def _wifi(data: bytes) -> tuple[list[WifiSeen], bytes | None]:
    """A count, then address and strength of each; what follows."""
    end = 1 + 7 * data[0] if data else 1
    if len(data) < end:
        return [], None
    seen = [
        WifiSeen(mac=data[n : n + 6].hex(":"), rssi=_dbm(data[n + 6]))
        for n in range(1, min(end, 1 + 7 * MAX_ENTRIES), 7)
        if any(data[n : n + 6])
    ]
    return seen, data[end:]


def _dbm(strength: int) -> int:
    """Boards send dBm as a signed byte, or without its minus."""
    return strength - 256 if strength >= _SIGNED else -strength
