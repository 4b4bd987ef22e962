"""Calls over a generic HTTP voice interface: words are spoken, 1 is yes, 2 is no.

A report's `status`: queued, ringing, answered (with `digit`), no_answer, busy, failed.
"""

from typing import Any, ClassVar, Final

from cloud.notifications import templates
from cloud.notifications.channel import Outgoing, Report, Unreadable
from cloud.notifications.generic import GenericHttp
from cloud.notifications.notification import Channel, Outcome

_ENDS: Final[dict[str, Outcome]] = {"no_answer": "no_answer", "busy": "busy", "failed": "unreachable"}
_GOES_ON: Final = frozenset({"queued", "ringing", "sent", "accepted"})
_DIGITS: Final[dict[str, Outcome]] = {"1": "accepted", "2": "refused"}


class VoiceCall(GenericHttp):
    """A provider of calls."""

    channel: ClassVar[Channel] = "voice"

    def content(self, message: Outgoing) -> dict[str, Any]:
        """What is spoken, and which keys may be pressed."""
        accept = templates.find(message.template).accept
        words = templates.spoken(message.template, message.params, message.language)
        return {"text": words, "digits": "12" if accept else ""}

    def read(self, status: str, fields: dict[str, Any]) -> Report:
        """How the call went."""
        if status in _GOES_ON:
            return Report(status="sent")
        if status == "answered":
            outcome = _DIGITS.get(str(fields.get("digit") or ""), "answered")
            return Report(status="delivered", outcome=outcome)
        if status in _ENDS:
            return Report(status="failed", outcome=_ENDS[status])
        raise Unreadable("unknown status")
