"""For which home a gateway may speak: gateways and installations, remembered while somebody listens.

A home's gateway does not speak for a device while that is installed in another home; a protocol gateway
speaks for all, one that is not in service for none that is installed.
"""

from collections.abc import Iterable, Sequence
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


class Homes:
    """Gateways and installations as the database has them; read again after each `forget`.

    `remembering` is True only while somebody hears of every change and calls `forget`.
    """

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self.remembering = False
        self._gateways: dict[str, tuple[str, UUID | None]] = {}
        self._installed: dict[int, tuple[Period, ...]] = {}
        self._age = 0

    def forget(self) -> None:
        """Something has changed, or may have."""
        self._age += 1
        self._gateways.clear()
        self._installed.clear()

    async def learn(self, conn: Connection, gateway_ids: Iterable[str], keys: Iterable[int]) -> "Known":
        """What is to be known about these gateways and devices."""
        if not self.remembering or len(self._gateways) + len(self._installed) > _HELD:
            self.forget()
        age = self._age
        gateways, installed = self._gateways, self._installed
        new_gateways, new_keys = set(gateway_ids) - gateways.keys(), set(keys) - installed.keys()
        if new_gateways or new_keys:
            gateways, installed = dict(gateways), dict(installed)
            gateways |= dict.fromkeys(new_gateways, _UNKNOWN) | await store.gateway_homes(conn, new_gateways)
            found = await store.installations_of(conn, new_keys)
            installed |= {key: tuple(found.get(key, ())) for key in new_keys}
            if age == self._age:  # else what was read may be old already
                self._gateways, self._installed = gateways, installed
        return Known(gateways, installed)


class Known:
    """Gateways and installations at one moment."""

    def __init__(
        self, gateways: dict[str, tuple[str, UUID | None]], installed: dict[int, tuple[Period, ...]]
    ) -> None:
        """Keep the arguments."""
        self._gateways = gateways
        self._installed = installed

    def installed(self, device_key: Ints) -> Flags:
        """Which of these devices have ever been installed anywhere."""
        unique, where = np.unique(device_key, return_inverse=True)
        return np.array([bool(self._installed.get(key)) for key in unique.tolist()], np.bool_)[where]

    def allowed(
        self, senders: Sequence[tuple[str, Iterable[int]]], of: Ints, device_key: Ints, measured_ms: Ints
    ) -> Flags:
        """Which readings their senders may send; `senders` are gateway and devices of each batch."""
        allowed = np.ones(len(device_key), np.bool_)
        for n, (gateway_id, keys) in enumerate(senders):
            kind, own = self._gateways.get(gateway_id, _UNKNOWN)
            if kind == "protocol":
                continue
            for key in keys:
                for home, start, end in self._installed[key]:
                    if home != own:
                        inside = (of == n) & (device_key == key)
                        inside &= start is None or measured_ms >= c.to_ms(start)
                        inside &= end is None or measured_ms < c.to_ms(end)
                        allowed &= ~inside
        return allowed
