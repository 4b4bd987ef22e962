"""The simulated telephone system of a district: what its far end says, and a desk with an extension."""

import itertools
from typing import Any

from playwright.sync_api import Page, expect

from tests.cloud.console.district import District

_events = itertools.count(1)


class Exchange:
    """The far end of a simulated telephone system that serves one district."""

    def __init__(self, district: District) -> None:
        self._cloud = district.cloud
        self.id = f"pbx-{district.area}"
        body = {"id": self.id, "driver": "simulated", "area_code": district.area}
        self._cloud.post("/telephony/providers", body)

    def say(self, event: str, call: str, **fields: Any) -> None:
        """The system tells of a call: ringing, connected, no_answer, ended."""
        body = {"id": f"e-{next(_events)}", "call": call, "event": event, "direction": "incoming"} | fields
        self._cloud.post(f"/telephony/providers/{self.id}/simulated-events", body)

    def dialled_by(self, page: Page, extension: str) -> dict[str, str]:
        """F4 at a desk; what the system then says of that call names it so."""
        with page.expect_response("**/dial") as dialled:
            page.keyboard.press("F4")
        return {"direction": "outgoing", "our_call": dialled.value.json()["id"], "extension": extension}


def take_extension(page: Page, extension: str) -> None:
    """The telephone beside this desk is registered and ready."""
    page.get_by_label("分机").fill(extension)
    page.get_by_label("分机").press("Enter")
    expect(page.get_by_label("电话状态")).to_have_value("ready")
