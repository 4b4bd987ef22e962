"""Draws the phones' icons (the bed of src/icon.svg) into public/: `python cloud/console/draw_icons.py`."""

import struct
import zlib
from pathlib import Path

INK, WHITE = b"\x26\x32\x3f", b"\xff\xff\xff"
# The strokes of src/icon.svg in its 32 x 32 units: left, top, right, bottom.
STROKES = ((5, 18.5, 27, 21.5), (3.5, 10, 6.5, 26), (25.5, 16, 28.5, 26), (11, 14.5, 27, 17.5))


def drawn(size: int, margin: float) -> bytes:
    """A PNG of size x size, the bed within a margin (0..1 of the width)."""
    scale = size * (1 - 2 * margin) / 32
    boxes = [tuple(round(size * margin + at * scale) for at in stroke) for stroke in STROKES]
    rows = []
    for y in range(size):
        row = bytearray(INK * size)
        for left, top, right, bottom in boxes:
            if top <= y < bottom:
                row[left * 3 : right * 3] = WHITE * (right - left)
        rows.append(b"\x00" + bytes(row))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def main() -> None:
    """Write the three icons."""
    folder = Path(__file__).parent / "public"
    for name, size, margin in (
        ("icon-192", 192, 0.06),
        ("icon-512", 512, 0.06),
        ("icon-maskable-512", 512, 0.2),
    ):
        (folder / f"{name}.png").write_bytes(drawn(size, margin))


if __name__ == "__main__":
    main()
