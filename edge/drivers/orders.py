"""Orders to devices: what a driver that can carry them out offers."""

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol, runtime_checkable

_PHONE: Final = re.compile(r"\+?[0-9]{2,20}")


class OrderRefused(ValueError):
    """An order that a device does not know, whose arguments do not fit, or that is too dangerous."""


def telephone(value: Any) -> str:
    """A telephone number as a device takes it; OrderRefused for anything else."""
    text = str(value).replace(" ", "").replace("-", "")
    if not _PHONE.fullmatch(text):
        raise OrderRefused("a telephone number has 2 to 20 digits")
    return text


def telephones(args: Mapping[str, Any], most: int) -> list[str]:
    """The numbers that a device shall call for help: `phones`, at most so many; OrderRefused."""
    phones = args.get("phones")
    if not isinstance(phones, list) or not 1 <= len(phones) <= most:
        raise OrderRefused(f"phones must be a list of 1 to {most} numbers")
    return [telephone(phone) for phone in phones]


@runtime_checkable
class Ordering(Protocol):
    """A driver whose devices take orders."""

    def order(self, device: str, name: str, args: Mapping[str, Any]) -> bool:
        """Put the order into `replies()`; False when the device is not on this connection. OrderRefused says
        why an order cannot be given to it.
        """
