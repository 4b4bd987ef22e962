"""One program's life as its keeper sees it: ready, alive, ending; told on its port and to systemd."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Final

from cloud.config import Place
from cloud.operations.post import Post

logger = logging.getLogger(__name__)

Announce = Callable[[str], None]
READY: Final = "ready"
OPERATIONS: Final = "operations"
_ASKING: Final = (signal.SIGTERM, signal.SIGINT)
_SOCKET: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = "WATCHDOG_USEC"
# systemd speaks with the process that it started, not with that one's children.
KEPT_FROM_CHILDREN: Final = (_SOCKET, _WATCHDOG, "WATCHDOG_PID")


class Duty:
    """`ready` once the program can do its work, `end` once it has been asked to stop."""

    def __init__(self, post: Post, announce: Announce) -> None:
        """Keep the arguments; `announce` prints a line."""
        self._post = post
        self._announce = announce
        self._asked_at: float | None = None

    def ready(self) -> None:
        """The program does its work from now on."""
        self._announce(READY)
        notify("READY=1")

    def end(self) -> None:
        """It finishes what it has in hand and takes nothing new; being told twice changes nothing."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()
            self._post.draining = True
            notify("STOPPING=1")
            logger.info("finishing what is in hand", extra={"action": "draining"})

    def ended(self) -> None:
        """It has finished."""
        if self._asked_at is not None:
            took_s = round(time.monotonic() - self._asked_at, 3)
            logger.info("ended in good order", extra={"action": "drained", "took_s": took_s})

    @contextlib.contextmanager
    def asked_to_end(self, end: Callable[[], object]) -> Iterator[None]:
        """SIGTERM and SIGINT call `end`, once: whoever asks twice is not heard twice."""
        loop = asyncio.get_running_loop()

        def asked() -> None:
            for name in _ASKING:
                loop.add_signal_handler(name, lambda: None)
            self.end()
            end()

        for name in _ASKING:
            loop.add_signal_handler(name, asked)
        yield

    async def until_stopped(self, *parts: Coroutine[Any, Any, None]) -> None:
        """Run the parts until SIGTERM or SIGINT; one that fails ends the program, and it is started again.

        Each part finishes what it has in hand, for at most LAST_WORK_S; what it has not begun is left.
        """
        task = asyncio.current_task()
        assert task is not None
        with self.asked_to_end(task.cancel), contextlib.suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(part)


@contextlib.asynccontextmanager
async def on_duty(post: Post, place: Place | None, announce: Announce) -> AsyncIterator[Duty]:
    """A program's life: the port stands where there is a place, and systemd hears from its event loop."""
    duty = Duty(post, announce)
    async with contextlib.AsyncExitStack() as stack:
        if place is not None:
            announce(f"{OPERATIONS} {await stack.enter_async_context(post.standing(place))}")
        beating = asyncio.create_task(_beat(), name="watchdog")
        try:
            yield duty
        finally:
            beating.cancel()
    duty.ended()


def notify(state: str) -> None:
    """Send a state to systemd (sd_notify); nothing happens without NOTIFY_SOCKET or a listener."""
    address = os.environ.get(_SOCKET, "")
    if not address:
        return
    target = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), target)


async def _beat() -> None:
    """While the event loop turns systemd knows, twice as often as it asks; endless, or nothing to do."""
    asked = os.environ.get(_WATCHDOG, "")
    every_s = int(asked) / 2_000_000 if asked.isdigit() else 0.0
    while every_s:
        notify("WATCHDOG=1")
        await asyncio.sleep(every_s)
