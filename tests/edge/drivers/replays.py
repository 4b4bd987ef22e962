"""The same bytes in all the ways in which they can arrive, for every driver with frames of its own."""

from collections.abc import Sequence

from edge.drivers.catalogue import DRIVERS
from edge.drivers.options import DriverOptions
from edge.readings import Item

AT = 1_770_401_400_000
WIRE = DriverOptions(device="radar-1")


def receive(name: str, pieces: Sequence[bytes], options: DriverOptions | None = None) -> list[Item]:
    """Items of the pieces at one moment, by a new driver with a memory of its own."""
    given = options or WIRE
    driver = DRIVERS[name](DriverOptions(device=given.device, keys=given.keys))
    items = [item for piece in pieces for item in driver.receive(piece, AT)]
    return items + driver.receive(b"", AT + 2_000)


def assert_same_in_pieces(name: str, frames: Sequence[bytes], garbage: bytes = b"\x00\xfe[~") -> list[Item]:
    """Whole, concatenated, byte by byte and after garbage give the same items; returned for closer looks."""
    whole = receive(name, frames)
    stream = b"".join(frames)
    assert receive(name, [stream]) == whole
    assert receive(name, [stream[n : n + 1] for n in range(len(stream))]) == whole
    assert receive(name, [garbage, stream]) == whole
    assert receive(name, [frame + garbage for frame in frames]) == whole
    return whole
