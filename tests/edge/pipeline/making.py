"""Items and options for pipeline tests."""

import itertools
from typing import Any, TypeVar

from edge.pipeline.options import PipelineOptions
from edge.readings import Fix, Happening, Item, Reading
from firmware_specs.messages import Position

NOW = 1_770_401_400_000
T = TypeVar("T")


def options(**more: Any) -> PipelineOptions:
    numbers = itertools.count(1)
    return PipelineOptions(new_id=lambda now: f"id-{next(numbers)}", **more)


def of(kind: type[T], items: list[Item]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def reading(kind: str, value: float, at: int = NOW, device: str = "watch-1", **more: Any) -> Reading:
    return Reading(device=device, kind=kind, at=at, value=value, **more)


def fix(
    lat: float, lon: float = 118.0, at: int = NOW, accuracy_m: float | None = None, *, late: bool = False
) -> Fix:
    position = Position(device="watch-1", at=at, lat=lat, lon=lon, accuracy_m=accuracy_m, source="gnss")
    return Fix(position=position, late=late)


def happening(
    kind: str, phase: Any = "raised", at: int = NOW, device: str = "watch-1", **more: Any
) -> Happening:
    return Happening(device=device, kind=kind, phase=phase, at=at, **more)
