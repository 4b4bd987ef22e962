"""What a disk holds after a power cut: all that was synchronised, of the rest whatever chance lets survive.

`recorder.c` writes down what the agent does to its folder; `Disk.cut` plays it on what the disk held before.
A write that no fsync followed survives or not sector by sector, some sectors in part; names, renames and
deletions that no fsync of their folder followed survive up to a point, in their order, as in a file system
with a journal.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

SECTOR: Final = 512
TORN: Final = 0.05
SHARES: Final = (0.0, 0.1, 0.5, 0.9, 1.0)
_SOURCE: Final = Path(__file__).with_name("recorder.c")
_HEAD: Final = struct.Struct("<cQQQ")
_WITHOUT_DATA: Final = frozenset("TSA")


class Record(NamedTuple):
    """One operation: `what` is W(rite), T(runcate), A(llocate), S(ynchronise), C(reate), M(ake folder),
    R(ename), U(nlink) or D (a folder is synchronised); `data` is what was written, or the path.
    """

    what: str
    inode: int
    at: int
    data: bytes

    @property
    def paths(self) -> list[str]:
        """The names that it is about; of a rename, from and to."""
        return self.data.decode().split("\0")


@dataclass
class File:
    """What of a file is on the disk for sure, and what may be."""

    sure: bytearray = field(default_factory=bytearray)
    unsure: list[Record] = field(default_factory=list)

    def settle(self) -> None:
        """Everything is on the disk."""
        for record in self.unsure:
            _apply(self.sure, record, b"\0")
        self.unsure.clear()

    def after_cut(self, chance: Random, share: float) -> bytes:
        """What the disk gives back when `share` of the sectors came through; unwritten ones hold anything."""
        left = bytearray(self.sure)
        for record in self.unsure:
            for piece in _sectors(record):
                if chance.random() < share:
                    torn = piece.what == "W" and chance.random() < TORN
                    kept = piece.data[: chance.randrange(len(piece.data))] if torn else piece.data
                    _apply(left, piece._replace(data=kept), chance.choice([b"\0", b"\0", b"\xa5"]))
        return bytes(left)


@dataclass
class Disk:
    """A folder as its disk has it; a process with `environment` writes down in `log` what it does there."""

    folder: Path
    log: Path
    library: Path
    _files: dict[int, File] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)
    _unsure: list[Record] = field(default_factory=list)

    def begin(self) -> None:
        """What is in the folder now is on the disk for sure."""
        self.log.unlink(missing_ok=True)
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        self._names = {str(path): path.stat().st_ino for path in found}
        self._files = {path.stat().st_ino: File(bytearray(path.read_bytes())) for path in found}
        self._folders = {str(path) for path in [self.folder, *self.folder.rglob("*")] if path.is_dir()}
        self._unsure = []

    def environment(self) -> dict[str, str]:
        """Environment of the process whose power will be cut."""
        given = {"CAREBED_DISK_FOLDER": str(self.folder), "CAREBED_DISK_LOG": str(self.log)}
        return os.environ | given | {"LD_PRELOAD": str(self.library)}

    def cut(self, chance: Random) -> int:
        """The process is dead, the power gone: the folder becomes what the disk kept of it.

        Returns how many operations were not synchronised.
        """
        for record in records(self.log):
            self._play(record)
        unsure = len(self._unsure) + sum(len(file.unsure) for file in self._files.values())
        for record in self._unsure[: round(len(self._unsure) * chance.choice([0, 1, chance.random()]))]:
            self._name(record)
        share = chance.choice(SHARES)
        left = {name: self._files[inode].after_cut(chance, share) for name, inode in self._names.items()}
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in map(Path, sorted(self._folders)):
            path.mkdir(exist_ok=True)
        for name, data in left.items():
            if str(Path(name).parent) in self._folders:  # else nothing leads to the file any more
                Path(name).write_bytes(data)
        return unsure

    def _play(self, record: Record) -> None:
        match record.what:
            case "S":
                self._files.setdefault(record.inode, File()).settle()
            case "D":
                here = {id(r) for r in self._unsure if str(Path(r.paths[-1]).parent) == record.paths[0]}
                for done in [r for r in self._unsure if id(r) in here]:
                    self._name(done)
                self._unsure = [r for r in self._unsure if id(r) not in here]
            case "C" | "M" | "R" | "U":
                if record.what == "C":
                    self._files[record.inode] = File()
                self._unsure.append(record)
            case _:
                self._files.setdefault(record.inode, File()).unsure.append(record)

    def _name(self, record: Record) -> None:
        """A change of names that the disk has."""
        first, last = record.paths[0], record.paths[-1]
        match record.what:
            case "C":
                self._names[first] = record.inode
            case "M":
                self._folders.add(first)
            case "U":
                self._names.pop(first, None)
            case _:
                if first in self._names:
                    self._names[last] = self._names.pop(first)


def recorder(folder: Path) -> Path | None:
    """The compiled recorder; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "recorder.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True)
    return library


def records(log: Path) -> Iterator[Record]:
    """What was written down, in order; a record that was cut off is left out."""
    data = log.read_bytes() if log.exists() else b""
    start = 0
    while start + _HEAD.size <= len(data):
        what, inode, at, length = _HEAD.unpack_from(data, start)
        start += _HEAD.size
        kind = what.decode()
        size = 0 if kind in _WITHOUT_DATA else length
        yield Record(kind, inode, at, data[start : start + size])
        start += size


def _sectors(record: Record) -> Iterator[Record]:
    """A write in pieces that no sector's border divides; anything else as it is."""
    if record.what != "W":
        yield record
        return
    start = 0
    while start < len(record.data):
        end = min(len(record.data), start + SECTOR - (record.at + start) % SECTOR)
        yield record._replace(at=record.at + start, data=record.data[start:end])
        start = end


def _apply(content: bytearray, record: Record, filler: bytes) -> None:
    end = record.at + len(record.data)
    if record.what == "T":
        del content[record.at :]
    if len(content) < end:
        content.extend((b"\0" if record.what == "T" else filler) * (end - len(content)))
    if record.what == "W":
        content[record.at : end] = record.data
