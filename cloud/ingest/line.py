"""What waits of one gateway: what a life may hang on first, and once what came several times."""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Protocol


class Arrived(Protocol):
    """A message from a broker, as cloud/ingest/mqtt_source.py hands it on."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def retained(self) -> bool: ...
    @property
    def received_at(self) -> datetime: ...

    def ack(self) -> None:
        """Tell the broker that the message is kept."""


class Line:
    """Messages in their order. One of them is chosen: being taken, or to be tried again after so many
    `failures` of its own and `outages`. However many wait, each step takes the same time.
    """

    def __init__(self) -> None:
        """Nothing waits."""
        self.failures = 0
        self.outages = 0
        self._chosen: Hashable = None
        self._urgent: dict[Hashable, list[Arrived]] = {}
        self._routine: dict[Hashable, list[Arrived]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many messages wait or are being taken."""
        return self._count

    @property
    def urgent(self) -> bool:
        """Whether something urgent is among them."""
        return bool(self._urgent)

    @property
    def oldest_at(self) -> datetime:
        """When what waits longest arrived."""
        return min(next(iter(some.values()))[0].received_at for some in (self._urgent, self._routine) if some)

    def add(self, arrived: Arrived, *, urgent: bool, once: bool) -> None:
        """At the end; with `once` beside what has come already, byte for byte, and still waits."""
        key = (arrived.topic, arrived.payload, arrived.retained) if once else object()
        (self._urgent if urgent else self._routine).setdefault(key, []).append(arrived)
        self._count += 1

    def choose(self) -> Arrived:
        """Whose turn it is; the same until it is done."""
        if self._chosen is None:
            self._chosen = next(iter(self._urgent or self._routine))
        return (self._urgent if self._chosen in self._urgent else self._routine)[self._chosen][0]

    def done(self) -> list[Arrived]:
        """What was chosen is stored: it, and what repeated it, wait no longer."""
        done = (self._urgent if self._chosen in self._urgent else self._routine).pop(self._chosen)
        self._chosen, self.failures, self.outages = None, 0, 0
        self._count -= len(done)
        return done

    def leave_out_last(self, replaced: Callable[[Arrived], bool]) -> Arrived | None:
        """The last routine message, taken out where it is `replaced` and not chosen."""
        key, last = next(reversed(self._routine.items()), (None, []))
        if key is None or key == self._chosen or not replaced(last[-1]):
            return None
        del self._routine[key]
        self._count -= 1
        return last[-1]
