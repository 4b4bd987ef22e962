"""A dict with an upper size: what strangers can fill must not grow for ever."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(OrderedDict[K, V]):
    """Keeps the `limit` entries that were set or asked for by `of` last; the oldest goes first."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def __setitem__(self, key: K, value: V) -> None:
        """Set, as the newest."""
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self.limit:
            self.popitem(last=False)

    def of(self, key: K, make: Callable[[], V]) -> V:
        """The value under `key`, made when absent; it becomes the newest."""
        if key not in self:
            self[key] = make()
        self.move_to_end(key)
        return self[key]
