"""Millions of hostile bytes into every driver of the catalogue: does one raise, does one grow?

A third is noise, a third good messages with flipped, lost, doubled and inserted bytes, a third sealed frames
(right length and checksum, random inside), in any pieces.
One driver and one memory a protocol take all of it. Growth is what driver and memory hold at the end above
what they held at half time. Last line: `fuzz: drivers=N bytes=N crashes=N growth_kib=N`; exit code 1 for a
crash, or when one grows by more than 1 MiB.
"""

import argparse
import gc
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from types import FunctionType, ModuleType

from edge.drivers.catalogue import DRIVERS
from edge.drivers.options import DriverOptions
from simulators.devices.gt06 import Gt06
from simulators.devices.jt808 import Jt808
from tests.edge.drivers.frames import AT, frame
from tests.edge.drivers.test_hostile_bytes import SOS

LIMIT_KIB = 1024
_PIECE = 4096


@dataclass
class Outcome:
    """What became of one protocol: `held_kib` at the end, `growth_kib` since half time."""

    name: str
    sent: int
    crashes: int
    items: int
    held_kib: int
    growth_kib: int
    seconds: float


def fuzz(name: str, size: int, seed: int = 1) -> Outcome:
    """At least `size` hostile bytes into one driver."""
    begun = time.monotonic()
    options = DriverOptions(device="radar-1")
    driver = DRIVERS[name](options)
    outcome = Outcome(name, 0, 0, 0, 0, 0, 0.0)
    half: int | None = None
    for piece in _pieces(name, Random(seed)):
        try:
            outcome.items += len(driver.receive(piece, AT + outcome.sent))
            driver.replies()
        except Exception:
            outcome.crashes += 1
            if outcome.crashes <= 3:
                sys.stderr.write(f"{name} {piece.hex()}\n{traceback.format_exc()}")
        outcome.sent += len(piece)
        if half is None and outcome.sent >= size // 2:
            half = _kib(driver, options)
        if outcome.sent >= size:
            break
    outcome.held_kib = _kib(driver, options)
    outcome.growth_kib = outcome.held_kib - (half or 0)
    outcome.seconds = time.monotonic() - begun
    return outcome


def _pieces(name: str, random: Random) -> Iterator[bytes]:
    """Hostile bytes without end."""
    good, sealed = SOS[name], SEALED.get(name)
    while True:
        kind = random.randrange(3)
        if kind == 0:
            data = random.randbytes(random.randrange(1, _PIECE))
        elif kind == 1 and sealed is not None:
            data = b"".join(sealed(random) for _ in range(random.randrange(1, 20)))
        else:
            data = b"".join(_damaged(good, random) for _ in range(random.randrange(1, 8)))
        at = 0
        while at < len(data):
            end = at + random.choice((1, 7, 60, 600, _PIECE))
            yield data[at:end]
            at = end


def _damaged(good: bytes, random: Random) -> bytes:
    data = bytearray(good)
    for _ in range(random.choice((0, 1, 1, 2, 5))):
        at = random.randrange(len(data))
        match random.randrange(5):
            case 0:
                data[at] = random.randrange(256)
            case 1:
                data[at] ^= 1 << random.randrange(8)
            case 2:
                del data[at : at + random.randrange(1, 20)]
                data = data or bytearray(1)
            case 3:
                data[at:at] = data[at : at + random.randrange(1, 40)]
            case _:
                data[at:at] = random.randbytes(random.randrange(1, 20))
    return bytes(data)


def _gt06(random: Random) -> bytes:
    kinds = (0x01, 0x10, 0x12, 0x13, 0x16, 0x19, 0x22, 0x26, 0x27, 0x8A, 0x94, 0xA0, 0xA4, 0xA5)
    return Gt06().frame(random.choice(kinds), random.randbytes(random.randrange(60)))


def _jt808(random: Random) -> bytes:
    """Some bodies are a location with random additions."""
    device = Jt808(newer=random.random() < 0.3)
    kinds = (0x0001, 0x0002, 0x0004, 0x0100, 0x0102, 0x0200, 0x0201, 0x0704, 0x0900)
    body = random.randbytes(random.randrange(120))
    if random.random() < 0.5:
        return device.message(0x0200, device.location(AT, random.getrandbits(32)) + body)
    return device.message(random.choice(kinds), body)


def _trv(random: Random) -> bytes:
    kinds = ("AP00", "AP01", "AP02", "AP03", "AP10", "AP49", "AP50", "APHP", "APHT", "CP01", "YP03", "YP14")
    fields = [str(random.randrange(-9, 10**6)) for _ in range(random.randrange(12))]
    odd = random.choice(["", "|", "&", "A|A4-00-00-00-00-01|-9", "\x1e", "\u0665", "nan", "-", "1e999"])
    return f"IW{random.choice(kinds)},{','.join([*fields, odd, *fields])}#".encode()


def _watch(random: Random) -> bytes:
    kinds = (
        "UD",
        "UD2",
        "AL",
        "LK",
        "WT",
        "BLOOD",
        "bphrt",
        "btemp2",
        "oxygen",
        "TEMP",
        "TK",
        "JXTK",
        "INIT",
    )
    fields = [str(random.randrange(-9, 10**6)) for _ in range(random.randrange(30))]
    fields[2:3] = [random.choice("AVX")]
    odd = random.choice(["", "A4:00:00:00:00:01", "\x1e", "\u0665", "nan", "FFFF", "1e999", "]"])
    return frame(",".join([random.choice(kinds), *fields, odd, *fields]))


def _r60(random: Random) -> bytes:
    data = random.randbytes(random.randrange(20))
    control = random.choice((0x01, 0x02, 0x05, 0x06, 0x80, 0x81, 0x83, 0x84, 0x85))
    body = b"SY" + bytes((control, random.randrange(256))) + len(data).to_bytes(2, "big") + data
    return body + bytes((sum(body) & 0xFF,)) + b"TC"


SEALED: dict[str, Callable[[Random], bytes]] = {
    "gt06": _gt06,
    "jt808": _jt808,
    "r60": _r60,
    "trv": _trv,
    "watch": _watch,
}


def _kib(*roots: object) -> int:
    """KiB of everything that can be reached, code left out."""
    seen: set[int] = set()
    total, todo = 0, list(roots)
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        total += sys.getsizeof(thing)
        todo += gc.get_referents(thing)
    return total // 1024


def main(arguments: list[str]) -> int:
    """Fuzz all drivers, or the named ones, and print a line each."""
    parser = argparse.ArgumentParser(prog="fuzz_drivers")
    parser.add_argument("drivers", nargs="*", metavar="DRIVER", default=sorted(DRIVERS))
    parser.add_argument("--bytes", type=int, default=10_000_000, help="a protocol")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    outcomes = []
    for name in options.drivers:
        outcome = fuzz(name, options.bytes, options.seed)
        outcomes.append(outcome)
        sys.stdout.write(
            f"{name}: bytes={outcome.sent} items={outcome.items} crashes={outcome.crashes} "
            f"held_kib={outcome.held_kib} growth_kib={outcome.growth_kib} s={outcome.seconds:.0f}\n"
        )
        sys.stdout.flush()
    crashes = sum(outcome.crashes for outcome in outcomes)
    growth = max(outcome.growth_kib for outcome in outcomes)
    sent = sum(outcome.sent for outcome in outcomes)
    sys.stdout.write(f"fuzz: drivers={len(outcomes)} bytes={sent} crashes={crashes} growth_kib={growth}\n")
    return 1 if crashes or growth > LIMIT_KIB else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
