"""Who presses and pulls plugs at the gateway: a person who is asked, programs of a script, the kit itself."""

import asyncio
import sys
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from simulators.conformance.texts import say
from simulators.processes import SimulatorError

Act = Callable[[], Awaitable[None]]
PERSON_S: Final = 180.0
PROGRAM_S: Final = 60.0


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`--script FILE`: a command (program and arguments, no shell) for each thing to do."""

    press_sos: list[str] = []
    cut_network: list[str] = []
    power_cycle: list[str] = []


@dataclass
class Hands:
    """What nobody does by itself, a person is asked for on stderr, where there is one."""

    press_sos: Act | None = None
    cut_network: Act | None = None
    power: Act | None = None
    person: bool = True
    limit_s: float = PERSON_S

    @property
    def can_power_cycle(self) -> bool:
        """Whether somebody can pull the plug."""
        return self.power is not None or self.person

    async def press(self) -> None:
        """Press SOS of a device of the gateway."""
        await self._do(self.press_sos, "press_sos")

    async def cut(self) -> bool:
        """Take the network away for some seconds; False when nobody can."""
        return await self._do(self.cut_network, "cut_network")

    async def power_cycle(self) -> bool:
        """Pull the plug and put it in again; False when nobody can."""
        return await self._do(self.power, "power_cycle")

    async def _do(self, act: Act | None, what: str) -> bool:
        if act is not None:
            await act()
            return True
        if self.person:
            sys.stderr.write(say(f"ask_{what}", limit=self.limit_s) + "\n")
        return self.person


def from_script(path: Path) -> Hands:
    """The hands of a script; what it leaves out cannot be done. Raises SimulatorError."""
    try:
        script = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Script)
    except (OSError, ValueError) as error:
        raise SimulatorError(say("script_unreadable", path=path, reason=error)) from error
    return Hands(
        _program(script.press_sos),
        _program(script.cut_network),
        _program(script.power_cycle),
        person=False,
        limit_s=PROGRAM_S,
    )


def _program(command: list[str]) -> Act | None:
    if not command:
        return None

    async def act() -> None:
        try:
            process = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr)
        except OSError as error:
            raise SimulatorError(say("script_failed", command=command[0], reason=error)) from error
        if code := await process.wait():
            raise SimulatorError(say("script_failed", command=command[0], reason=code))

    return act
