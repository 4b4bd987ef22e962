"""What a configuration tells a gateway of homes: where they are, how one knows to be there, whom to call."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from firmware_specs.fields import Bssid, Latitude, Longitude, Phone, Text, WireId

MAX_ACCESS_POINTS: Final = 16
MAX_HOMES: Final = 10_000
_MAX_DEVICES: Final = 100


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """Where a home is: its gate, degrees WGS-84."""

    lat: Latitude
    lon: Longitude


class Zone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A circle around home (degrees WGS-84, metres); a ring of [longitude, latitude] goes before it."""

    lat: Latitude
    lon: Longitude
    radius_m: Annotated[float, Meta(gt=0)]
    ring: Annotated[list[tuple[Longitude, Latitude]], Meta(max_length=200)] = []


class HomeContact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a gateway may tell without the cloud; `inside`: the telephone is in the home itself."""

    name: Text
    phone: Phone
    inside: bool = False


class ServedHome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A home whose devices call in at a gateway of many homes; `access_points` are its Wi-Fi's BSSIDs."""

    devices: Annotated[list[WireId], Meta(max_length=_MAX_DEVICES)]
    gate: Gate | None = None
    safe_zone: Zone | None = None
    access_points: Annotated[list[Bssid], Meta(max_length=MAX_ACCESS_POINTS)] = []
