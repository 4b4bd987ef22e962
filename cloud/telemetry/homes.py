"""For which home a gateway may speak: gateways and installations, remembered while somebody listens.

A home's gateway does not speak for a device while that is installed in another home; a protocol gateway
speaks for all, one that is not in service for none that is installed.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from cloud.database.pool import Connection
from cloud.telemetry import columns as c
from cloud.telemetry import store
from cloud.telemetry.columns import Flags, Ints
from cloud.telemetry.store import Period

CHANNEL: Final = "carebed_places"  # a gateway or an installation has changed
_HELD: Final = 500_000
_UNKNOWN: Final = ("home", None)
Sender = tuple[
    str, tuple[int, ...]
]  # a gateway, and the keys of the devices that one of its batches speaks of


class Homes:
    """Gateways and installations as the database has them; read again after each `forget`.

    `remembering` is True only while somebody hears of every change and calls `forget`.
    """

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self.remembering = False
        self.forget()

    def forget(self) -> None:
        """Something has changed, or may have; what is in use stays as it was."""
        self._gateways: dict[str, tuple[str, UUID | None]] = {}
        self._installed: dict[int, tuple[Period, ...]] = {}
        self._at_home: set[Sender] = set()

    async def learn(self, conn: Connection, senders: Iterable[Sender]) -> "Known":
        """What is to be known about these gateways and devices."""
        held = len(self._gateways) + len(self._installed) + len(self._at_home)
        if not self.remembering or held > _HELD:
            self.forget()
        known = Known(self._gateways, self._installed, self._at_home)
        new = [sender for sender in senders if sender not in known.at_home]
        new_gateways = {gateway_id for gateway_id, _ in new if gateway_id not in known.gateways}
        new_keys = {key for _, keys in new for key in keys if key not in known.periods}
        if new_gateways:
            found = await store.gateway_homes(conn, new_gateways)
            known.gateways.update(dict.fromkeys(new_gateways, _UNKNOWN) | found)
        if new_keys:
            periods = await store.installations_of(conn, new_keys)
            known.periods.update({key: tuple(periods.get(key, ())) for key in new_keys})
        return known


class Known:
    """Gateways and installations since the last `forget`; `at_home` are senders that need no look."""

    def __init__(
        self,
        gateways: dict[str, tuple[str, UUID | None]],
        periods: dict[int, tuple[Period, ...]],
        at_home: set[Sender],
    ) -> None:
        """Keep the arguments."""
        self.gateways = gateways
        self.periods = periods
        self.at_home = at_home

    def installed(self, device_key: Ints) -> Flags:
        """Which of these devices have ever been installed anywhere."""
        unique, where = np.unique(device_key, return_inverse=True)
        return np.array([bool(self.periods.get(key)) for key in unique.tolist()], np.bool_)[where]

    def allowed(self, senders: Sequence[Sender], of: Ints, device_key: Ints, measured_ms: Ints) -> Flags:
        """Which readings their senders may send; `senders` are gateway and devices of each batch."""
        allowed = np.ones(len(device_key), np.bool_)
        for n, sender in enumerate(senders):
            if sender in self.at_home:
                continue
            foreign = self._foreign(sender)
            if not foreign:
                self.at_home.add(sender)
            for key, start, end in foreign:
                inside = (of == n) & (device_key == key)
                inside &= start is None or measured_ms >= c.to_ms(start)
                inside &= end is None or measured_ms < c.to_ms(end)
                allowed &= ~inside
        return allowed

    def _foreign(self, sender: Sender) -> list[tuple[int, datetime | None, datetime | None]]:
        """Devices, and when they were installed where this gateway does not speak for them."""
        kind, own = self.gateways.get(sender[0], _UNKNOWN)
        if kind == "protocol":
            return []
        return [
            (key, start, end)
            for key in sender[1]
            for home, start, end in self.periods.get(key, ())
            if home != own
        ]
