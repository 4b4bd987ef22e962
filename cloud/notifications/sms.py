"""SMS over a generic HTTP interface that takes whole texts; status is queued, sent, delivered or failed."""

from typing import Any, ClassVar

from cloud.notifications import templates
from cloud.notifications.channel import Outgoing, Report, Unreadable
from cloud.notifications.generic import GenericHttp
from cloud.notifications.notification import Channel


class HttpSms(GenericHttp):
    """A provider of SMS."""

    channel: ClassVar[Channel] = "sms"

    def content(self, message: Outgoing) -> dict[str, Any]:
        """The whole text."""
        return {"text": templates.text(message.template, message.params, message.language)}

    def read(self, status: str, fields: dict[str, Any]) -> Report:
        """How it went."""
        match status:
            case "queued" | "sent" | "accepted":
                return Report(status="sent")
            case "delivered":
                return Report(status="delivered")
            case "failed" | "rejected" | "undelivered":
                return Report(status="failed", outcome="unreachable")
        raise Unreadable("unknown status")
