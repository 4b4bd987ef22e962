"""What a GT06 frame tells, and the names of its alarms (page `firmware_specs/devices/gt06.md`)."""

from typing import Final

import msgspec

from edge.drivers.watch_tail import Cell
from edge.drivers.wifi import WifiSeen

STATE_ALARMS: Final = {
    1: "vibration",
    2: "power_cut",
    3: "low_battery",
    4: "sos",
    6: "fence",
    7: "removed",
}
CODE_ALARMS: Final = {
    0x01: "sos",
    0x02: "power_cut",
    0x03: "vibration",
    0x04: "fence_enter",
    0x05: "fence_exit",
    0x06: "overspeed",
    0x0C: "tampering",
    0x0E: "low_battery",
    0x0F: "low_battery",
    0x11: "power_off",
    0x13: "tampering",
    0x14: "door",
    0x18: "removed",
    0x19: "low_battery",
    0x23: "fall",
    0x25: "tampering",
    0x29: "acceleration",
    0x2A: "cornering",
    0x2B: "cornering",
    0x30: "braking",
    0x32: "tampering",
}


class Gt06Message(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a frame; None is absent or unreadable.

    `time` is ms since 1970 of the digits read as UTC; `lbs_len` the length byte of the cell block as told;
    `status` .. `alarm_code` raw bytes; `unread` an alarm whose codes cannot be found; `resent` backfill.
    """

    imei: str | None = None
    time: int | None = None
    satellites: int | None = None
    speed_kmh: int | None = None
    course: int | None = None
    gps_valid: bool | None = None
    lat: float | None = None
    lon: float | None = None
    lbs_len: int | None = None
    cell: Cell | None = None
    status: int | None = None
    voltage_level: int | None = None
    battery_pct: int | None = None
    gsm_level: int | None = None
    alarm_code: int | None = None
    cells: list[Cell] = []
    wifi: list[WifiSeen] = []
    resent: bool = False
    unread: bool = False

    @property
    def state_alarm(self) -> str | None:
        """The alarm in bits 3-5 of the status; None for none."""
        bits = (self.status or 0) >> 3 & 7
        return STATE_ALARMS.get(bits, f"state{bits}") if bits else None

    @property
    def code_alarm(self) -> str | None:
        """The alarm that the alarm byte names; None for none."""
        code = self.alarm_code or 0
        return CODE_ALARMS.get(code, f"code{code}") if code else None
