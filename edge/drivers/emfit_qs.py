"""Driver of the Emfit QS bed sensor's own web page (page `firmware_specs/devices/emfit_qs.md`)."""

import re
from collections import Counter
from typing import Final

import msgspec

from edge.drivers.lines import Lines
from edge.drivers.one_device import OneDevice
from edge.drivers.options import DriverOptions
from edge.readings import Item

_LINE_LIMIT: Final = 128 * 1024
_MAX_DEVICES: Final = 64


class _Page(msgspec.Struct, frozen=True):
    status: int
    body: str = ""


class EmfitDriver:
    """Lines `{"status", "body"}` in, one a poll; items out. One object may see several sensors."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._lines = Lines(_LINE_LIMIT, self.counts)
        self._devices: dict[str, OneDevice] = {}

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the pages that these bytes complete; never raises. `b""` lets time pass."""
        items: list[Item] = []
        for line in self._lines.feed(data):
            if line is not None:
                items += self._page(line, at)
        for device in self._devices.values():
            items += device.silence(at)
        return items

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._lines.finish()

    def replies(self) -> bytes:
        """Nothing: the transport asks for the page by itself."""
        return b""

    def _page(self, line: bytes, at: int) -> list[Item]:
        try:
            page = msgspec.json.decode(line, type=_Page)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.counts["line_unreadable"] += 1
            return []
        fields = read_page(page.body)
        serial = fields.get("ser")
        if page.status != 200 or not serial:
            self.counts["page_unreadable"] += 1
            return []
        self.counts["messages"] += 1
        device = self._devices.get(serial)
        if device is None and len(self._devices) < _MAX_DEVICES:
            device = self._devices[serial] = OneDevice(
                self._options, f"emfit-{serial}", self.counts, own=True
            )
        return [] if device is None else device.values(values(fields), at)


def read_page(body: str) -> dict[str, str]:
    """`KEY=VALUE<br>` lines: keys in lower case without `:` and `,`, blanks as `_`."""
    fields = {}
    for line in re.split(r"<br\s*/?>|\r|\n", body):
        key, sign, value = line.partition("=")
        if sign:
            fields[re.sub(r"[:,]", "", key.strip().lower()).replace(" ", "_")] = value.strip()
    return fields


def values(fields: dict[str, str]) -> dict[str, bool | float]:
    """In bed or not, and the rates while somebody is there."""
    present = {"1": True, "0": False}.get(fields.get("pres", ""))
    if present is None:
        return {}
    found: dict[str, bool | float] = {"in_bed": present}
    for key, name in (("hr", "heart_rate"), ("rr", "resp_rate")):
        if present and re.fullmatch(r"\d{1,3}(\.\d+)?", fields.get(key, "")):
            found[name] = float(fields[key])
    return found
