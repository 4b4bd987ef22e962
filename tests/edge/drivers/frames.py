"""Watch frames built by hand from the device page, for tests."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver
from edge.readings import Happening, Item, Reading

T = TypeVar("T")

AT = int(datetime(2026, 2, 6, 18, 10, tzinfo=UTC).timestamp() * 1000)


def frame(content: str | bytes, *, maker: str = "3G", identity: str = "2300000017", index: str = "") -> bytes:
    body = content.encode() if isinstance(content, str) else content
    middle = f"{index}*" if index else ""
    return f"[{maker}*{identity}*{middle}{len(body):04X}*".encode() + body + b"]"


def position(
    kind: str = "UD",
    *,
    at: int = AT,
    status: str = "00000000",
    fix: str = "A",
    place: str = "37.381500,N,118.012300,E",
    battery: int = 80,
    tail: str = "0,0,12.5",
) -> str:
    when = datetime.fromtimestamp(at / 1000, UTC)
    return f"{kind},{when:%d%m%y},{when:%H%M%S},{fix},{place},0.4,90,11,9,80,{battery},310,2,{status},{tail}"


def of(kind: type[T], items: list[Item]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def raised(items: list[Item]) -> list[str]:
    return [item.kind for item in of(Happening, items) if item.phase == "raised"]


def values(items: list[Item]) -> dict[str, float]:
    return {item.kind: item.value for item in of(Reading, items)}


def hear(content: str, at: int = AT, driver: WatchDriver | None = None, **header: Any) -> list[Item]:
    return (driver or WatchDriver(DriverOptions())).receive(frame(content, **header), at)
