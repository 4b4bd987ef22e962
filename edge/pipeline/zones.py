"""Distances on the ground; how far a point is beyond the border of a safe zone. Degrees WGS-84, metres."""

import math
from dataclasses import dataclass
from typing import Final

EARTH_RADIUS_M: Final = 6_371_008.8

Corner = tuple[float, float]
"""Longitude and latitude, as GeoJSON has them."""


@dataclass(frozen=True)
class SafeZone:
    """A circle around home; with a `ring` of corners only the ring counts.

    At night (22-06 local time) the elder belongs within `night_radius_m` of its middle, where set.
    """

    lat: float
    lon: float
    radius_m: float
    ring: tuple[Corner, ...] = ()
    night_radius_m: float | None = None


@dataclass(frozen=True)
class Home:
    """A home as its wearers' positions are judged: its safe zone, where it is (latitude, longitude), and the
    BSSIDs of its own Wi-Fi.
    """

    zone: SafeZone | None = None
    at: tuple[float, float] | None = None
    access_points: frozenset[str] = frozenset()


def distance_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance (haversine, mean earth radius)."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    h = (
        math.sin((b - a) / 2) ** 2
        + math.cos(a) * math.cos(b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def middle(zone: SafeZone) -> Corner:
    """Longitude and latitude of the middle of a zone, the mean of the corners where it is a ring."""
    corners = zone.ring or ((zone.lon, zone.lat),)
    return sum(lon for lon, _ in corners) / len(corners), sum(lat for _, lat in corners) / len(corners)


def beyond_m(zone: SafeZone, lat: float, lon: float, *, night: bool = False) -> float:
    """How far outside a point is; below 0 inside, by the distance to the border."""
    if night and zone.night_radius_m is not None:
        return distance_m(lat, lon, zone.lat, zone.lon) - zone.night_radius_m
    if len(zone.ring) < 3:
        return distance_m(lat, lon, zone.lat, zone.lon) - zone.radius_m
    corners = [_plane(corner, lat, lon) for corner in zone.ring]
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    border = min(_from_origin(a, b) for a, b in edges)
    crossings = sum(
        (a[1] > 0) != (b[1] > 0) and (b[0] - a[0]) * -a[1] / (b[1] - a[1]) + a[0] > 0 for a, b in edges
    )
    return -border if crossings % 2 else border


def _plane(corner: Corner, lat: float, lon: float) -> tuple[float, float]:
    """East and north of a point, m; a zone is some kilometres wide at most, so a plane is good enough."""
    metre = math.radians(1) * EARTH_RADIUS_M
    east = (corner[0] - lon + 180) % 360 - 180
    return east * math.cos(math.radians(lat)) * metre, (corner[1] - lat) * metre


def _from_origin(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of an edge from where its plane begins."""
    along = (b[0] - a[0], b[1] - a[1])
    length = along[0] ** 2 + along[1] ** 2
    share = 0.0 if length == 0 else min(1.0, max(0.0, -(a[0] * along[0] + a[1] * along[1]) / length))
    return math.hypot(a[0] + share * along[0], a[1] + share * along[1])
