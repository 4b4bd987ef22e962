"""A PMTiles v3 archive of one vector tile with one filled square, by hand: enough for a map to draw."""

import struct
from pathlib import Path

_HEADER = 127


def _varint(n: int) -> bytes:
    out = b""
    while n > 0x7F:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _tile() -> bytes:
    """One layer `earth` with a polygon over the whole tile (Mapbox vector tile 2.1)."""
    moves = [9, 0, 0, 26, 8192, 0, 0, 8192, 8191, 0, 15]  # MoveTo 0,0; LineTo right, down, left; close
    geometry = b"".join(map(_varint, moves))
    feature = _number(1, 1) + _field(2, _varint(0) + _varint(0)) + _number(3, 3) + _field(4, geometry)
    layer = _field(1, b"earth") + _field(2, feature) + _field(3, b"kind") + _field(4, _field(1, b"earth"))
    return _field(3, layer + _number(5, 4096) + _number(15, 2))


def write(path: Path) -> None:
    """The archive: tile 0/0/0, uncompressed."""
    tile, metadata = _tile(), b"{}"
    directory = _varint(1) + _varint(0) + _varint(1) + _varint(len(tile)) + _varint(1)
    at_metadata = _HEADER + len(directory)
    at_tile = at_metadata + len(metadata)
    header = b"PMTiles\x03" + struct.pack(
        "<11Q", _HEADER, len(directory), at_metadata, len(metadata), 0, 0, at_tile, len(tile), 1, 1, 1
    )
    header += struct.pack("<6B", 1, 1, 1, 1, 0, 0)  # clustered, nothing compressed, vector tiles, zoom 0 to 0
    bounds = (-180, -85, 180, 85)
    header += struct.pack("<4iB2i", *(round(one * 1e7) for one in bounds), 0, 0, 0)
    path.write_bytes(header + directory + metadata + tile)
