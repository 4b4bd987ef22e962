"""Orders to devices: what a driver that can carry them out offers."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable


class OrderRefused(ValueError):
    """An order that a device does not know, whose arguments do not fit, or that is too dangerous."""


@runtime_checkable
class Ordering(Protocol):
    """A driver whose devices take orders."""

    def order(self, device: str, name: str, args: Mapping[str, Any]) -> bool:
        """Put the order into `replies()`; False when the device is not on this connection. OrderRefused says
        why an order cannot be given to it.
        """
