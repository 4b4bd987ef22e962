"""A TRV/IW watch (page `firmware_specs/devices/trv.md`): what happens -> messages."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

ALARMS: Final = {"sos": "01", "fall": "05"}


@dataclass
class Trv:
    """One watch; degrees WGS-84, percent, the time that it believes as ms UTC."""

    imei: str = "861100000000017"
    lat: float = 37.3815
    lon: float = 118.0123
    battery: int = 80

    @property
    def device_id(self) -> str:
        """The id of this watch on the wire to the cloud."""
        return f"trv-{self.imei}"

    def login(self) -> bytes:
        """The first message of a connection."""
        return f"IWAP00{self.imei},89860000000000000000,460000000000000#".encode()

    def heartbeat(self) -> bytes:
        """A sign of life with signal, satellites and battery."""
        return f"IWCP01,080009{self.battery:03d}00102#".encode()

    def position(self, at_ms: int) -> bytes:
        """Where it is."""
        return f"IWAP01{self._packed(at_ms)},460,0,9377,36611,HOME|A4-00-00-00-00-01|61#".encode()

    def alarm(self, what: str, at_ms: int) -> bytes:
        """An alarm and where it is."""
        alarm = f"{ALARMS[what]},zhcn,00,HOME|A4-00-00-00-00-01|61"
        return f"IWAP10{self._packed(at_ms)},460,0,9377,36611,{alarm}#".encode()

    def is_answer(self, data: bytes, message: bytes) -> bool:
        """True when `data` from the server answers the message."""
        prefix, kind = (b"IW", message[2:6])
        return prefix + bytes([kind[0] + 1]) + kind[1:] in data

    def _packed(self, at_ms: int) -> str:
        when = datetime.fromtimestamp(at_ms / 1000, UTC)
        lat, lon = _degrees(self.lat, 2, "NS"), _degrees(self.lon, 3, "EW")
        return f"{when:%y%m%d}A{lat}{lon}000.4{when:%H%M%S}090.00080009{self.battery:03d}00102"


def _degrees(value: float, width: int, letters: str) -> str:
    whole = int(abs(value))
    return f"{whole:0{width}d}{(abs(value) - whole) * 60:07.4f}{letters[value < 0]}"
