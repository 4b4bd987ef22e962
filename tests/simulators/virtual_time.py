"""An event loop whose time jumps to the next timer when nothing is left to do: minutes pass in moments."""

import asyncio
import selectors
from typing import Any

_GUARD_S = 0.005  # bytes on loopback that are still on their way when there seems to be nothing to do


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(timeout if timeout is None else min(timeout, _GUARD_S))
        if not found and timeout is not None and timeout > _GUARD_S:
            self.skipped_s += timeout - _GUARD_S
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """For one process that talks to itself only, by loopback sockets."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds, with all that was skipped."""
        return super().time() + self._jumping.skipped_s
