"""A small disk of memory that can be filled to the last byte; without root a plain folder that cannot."""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_PIECE: Final = 1 << 20


class SmallDisk:
    """`with SmallDisk(folder, megabytes=…) as disk`: `fill` and `free`."""

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        """Keep the arguments."""
        self.folder = folder
        self.mounted = False
        self._megabytes = megabytes

    def __enter__(self) -> Self:
        """Mount it; where that is not allowed, a folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={self._megabytes}m,mode=711",
            "none",
            str(self.folder),
        ]
        done = subprocess.run(command, capture_output=True, check=False)
        self.mounted = done.returncode == 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unmount it, whoever still has a file open there; its logs stay beside it."""
        if self.mounted:
            for log in self.folder.rglob("*.log"):
                copy = self.folder.with_name(f"{self.folder.name}-logs") / log.relative_to(self.folder)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(log, copy)
            command = ["umount", "-l", str(self.folder)]
            subprocess.run(command, capture_output=True, check=False)

    def fill(self) -> None:
        """Take every byte that is left."""
        try:
            with (self.folder / "ballast").open("ab") as file:
                while True:
                    file.write(bytes(_PIECE))
                    file.flush()
        except OSError:
            pass
        try:
            with (self.folder / "ballast-rest").open("ab", buffering=0) as file:
                while file.write(bytes(512)):
                    pass
        except OSError:
            pass

    def free(self) -> None:
        """Give it back."""
        for name in ("ballast", "ballast-rest"):
            (self.folder / name).unlink(missing_ok=True)

    def copy(self, name: str, to: Path) -> None:
        """A copy of a folder on it."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder / name, to)

    def restore(self, name: str, image: Path) -> None:
        """Put a copy back in the place of what is there."""
        shutil.rmtree(self.folder / name)
        shutil.copytree(image, self.folder / name)
        os.sync()
