"""IEEE 11073-20601 numbers of medical devices: SFLOAT (16 bits) and FLOAT (32 bits), little-endian."""

import math
from typing import Final

_SPECIAL_16: Final = {0x07FF: None, 0x0800: None, 0x0801: None, 0x07FE: math.inf, 0x0802: -math.inf}
_SPECIAL_32: Final = {
    0x7FFFFF: None,
    0x800000: None,
    0x800001: None,
    0x7FFFFE: math.inf,
    0x800002: -math.inf,
}


def sfloat(data: bytes) -> float | None:
    """Exponent in the upper 4 bits, mantissa in the lower 12, both two's complement; None for not-a-number,
    not at this resolution and reserved; infinities as such.
    """
    raw = int.from_bytes(data[:2], "little")
    return _value(raw >> 12, 4, raw & 0xFFF, 12, _SPECIAL_16)


def float32(data: bytes) -> float | None:
    """Exponent in the upper 8 bits, mantissa in the lower 24; else as `sfloat`."""
    raw = int.from_bytes(data[:4], "little")
    return _value(raw >> 24, 8, raw & 0xFFFFFF, 24, _SPECIAL_32)


def _value(
    exponent: int, exponent_bits: int, mantissa: int, bits: int, special: dict[int, float | None]
) -> float | None:
    """Mantissa x 10^exponent; a special value is known by its mantissa when the exponent is 0."""
    if exponent == 0 and mantissa in special:
        return special[mantissa]
    power = _signed(exponent, exponent_bits)
    whole = _signed(mantissa, bits)
    return float(whole) * 10.0**power if power >= 0 else whole / 10.0**-power


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
