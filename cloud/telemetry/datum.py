"""Datums of positions that devices send -> WGS-84, degrees. Pure.

GCJ-02 is the shifted grid of public Chinese maps, BD-09 Baidu's on top of it. The formulas are the published
ones of eviltransform and gcoord; the way back is found by fixed-point iteration, good to a millimetre.
"""

import math
from collections.abc import Callable
from typing import Final

Degrees = tuple[float, float]  # latitude, longitude
_AXIS_M: Final = 6_378_245.0  # Krasovsky 1940
_ECCENTRICITY2: Final = 0.00669342162296594323
_BD: Final = math.pi * 3000.0 / 180.0


def to_wgs84(lat: float, lon: float, datum: str) -> Degrees:
    """A position of a datum (`wgs84`, `gcj02`, `bd09`) in WGS-84; raises ValueError for any other datum."""
    match datum:
        case "wgs84":
            return lat, lon
        case "gcj02":
            return _back(lat, lon, gcj02)
        case "bd09":
            return _back(*_back(lat, lon, bd09), gcj02)
    raise ValueError(f"no datum is called {datum!r}")


def gcj02(lat: float, lon: float) -> Degrees:
    """WGS-84 -> GCJ-02; outside of China's bounding box nothing is shifted."""
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    wave = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + _waves(y, (20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + _waves(x, (20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))) * 2.0 / 3.0
    part = 1 - _ECCENTRICITY2 * math.sin(math.radians(lat)) ** 2
    metres_north = _AXIS_M * (1 - _ECCENTRICITY2) / (part * math.sqrt(part))
    metres_east = _AXIS_M / math.sqrt(part) * math.cos(math.radians(lat))
    return lat + math.degrees(north / metres_north), lon + math.degrees(east / metres_east)


def bd09(lat: float, lon: float) -> Degrees:
    """GCJ-02 -> BD-09."""
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BD)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BD)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


def _waves(at: float, *terms: tuple[float, float]) -> float:
    return sum(height * math.sin(at * frequency * math.pi) for height, frequency in terms)


def _back(lat: float, lon: float, forward: Callable[[float, float], Degrees]) -> Degrees:
    """The point that `forward` moves to (lat, lon)."""
    at = (lat, lon)
    for _ in range(8):
        there = forward(*at)
        at = (at[0] + lat - there[0], at[1] + lon - there[1])
    return at
