"""Safe zones that are no circle: a ring of points, degrees WGS-84. Pure.

A ring is some kilometres across at most, so that degrees are as good as a plane: a point is inside by the
crossings of a ray (Shimrat, Algorithm 112, 1962).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

from cloud.access.errors import InvalidInput

Corner = tuple[float, float]
"""Longitude and latitude, as GeoJSON has them."""

_MOST: Final = 200
_WIDEST_DEG: Final = 1.0


def ring_of(corners: Sequence[Corner]) -> list[Corner]:
    """The corners without the closing one; raises InvalidInput for what encloses no area once."""
    ring = list(corners)
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    if not 3 <= len(set(ring)) == len(ring) <= _MOST:
        raise _fault(f"须有 3 至 {_MOST} 个不同的点", f"give 3 to {_MOST} different corners")
    if any(max(axis) - min(axis) > _WIDEST_DEG for axis in zip(*ring, strict=True)):
        raise _fault("范围过大（超过 1 度）", "it is wider than one degree")
    edges = list(zip(ring, ring[1:] + ring[:1], strict=True))
    if any(_cross(*one, *other) for one, other in combinations(edges, 2)):
        raise _fault("边线互相交叉", "its edges cross")
    if abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in edges)) < 1e-12:
        raise _fault("各点在一条线上", "its corners lie on one line")
    return ring


def inside(ring: Sequence[Corner], lat: float, lon: float) -> bool:
    """True where a point lies within a ring."""
    found = False
    for (ax, ay), (bx, by) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (ay > lat) != (by > lat) and lon < (bx - ax) * (lat - ay) / (by - ay) + ax:
            found = not found
    return found


def _fault(zh: str, en: str) -> InvalidInput:
    return InvalidInput(f"安全区域不对：{zh}", f"the safe zone is wrong: {en}", field="ring")


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """True where two edges meet elsewhere than at a corner that they share."""
    if {a, b} & {c, d}:
        return False
    sides = [_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)]
    return (sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0) or any(
        side == 0 and _between(*three)
        for side, three in zip(sides, ((a, b, c), (a, b, d), (c, d, a), (c, d, b)), strict=True)
    )


def _side(a: Corner, b: Corner, point: Corner) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _between(a: Corner, b: Corner, point: Corner) -> bool:
    return all(min(a[i], b[i]) <= point[i] <= max(a[i], b[i]) for i in (0, 1))
