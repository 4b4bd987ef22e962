"""CPU and memory of a program and all its descendants, by what they are, from /proc."""

import contextlib
import os
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
_PROGRAM: Final = re.compile(r"-m\0cloud\0(\w+)")


class Used(NamedTuple):
    """What each kind of process used in words and in seconds; the program's share of the machine, PSS."""

    lines: list[str]
    seconds: list[str]
    percent: float
    pss_mib: float


class Costs:
    """What a program and another process beside it, such as a load generator, use from now on."""

    def __init__(self, program: int, beside: int) -> None:
        """Begin; both are process ids."""
        self._program, self._beside = program, beside
        self._began = time.monotonic()
        self._before = self._cpu()

    def used(self) -> Used:
        """CPU since the beginning, memory now."""
        seconds = time.monotonic() - self._began
        cores = len(os.sched_getaffinity(0))
        cpu, pss = defaultdict[str, float](float), defaultdict[str, float](float)
        for pid, spent in self._cpu().items():
            name = "generator" if pid == self._beside else _name(pid)
            cpu[name] += spent - self._before.get(pid, 0.0)
            pss[name] += _pss_mib(pid)
        names = sorted(cpu, key=lambda name: -cpu[name])
        percent = {name: cpu[name] / seconds / cores * 100 for name in names}
        ours = [name for name in names if name != "generator"]
        return Used(
            [f"{name}: {percent[name]:.1f} % of the machine, {pss[name]:.0f} MiB" for name in names],
            [f"{name} {cpu[name]:.2f}" for name in names],
            sum(percent[name] for name in ours),
            sum(pss[name] for name in ours),
        )

    def _cpu(self) -> dict[int, float]:
        parents, spent = {}, {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    parents[int(entry.name)] = int(fields[1])
                    spent[int(entry.name)] = (int(fields[11]) + int(fields[12])) * _TICK_S
        return {
            pid: used
            for pid, used in spent.items()
            if pid == self._beside or _descends(pid, self._program, parents)
        }


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        pid = parents.get(pid, 0)
    return False


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        line = (Path("/proc") / str(pid) / "cmdline").read_text(errors="replace")
        if found := _PROGRAM.search(line):
            return found[1]
        return "postgres" if "postgres" in line else Path(line.split("\0")[0]).name or "ended"
    return "ended"


def _pss_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
