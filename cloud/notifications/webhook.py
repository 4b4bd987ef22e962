"""Webhooks: CloudEvents 1.0 in structured JSON, signed as in the Standard Webhooks specification.

An address inside our own network is refused unless the configuration permits it (no SSRF): the name is
resolved once, every address is judged, and the connection goes to the judged address.
"""

import asyncio
import ipaddress
import socket
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from cloud.notifications import templates
from cloud.notifications.base import Base, Facts
from cloud.notifications.channel import NotSent, OutcomeUnknown, Outgoing, Refused, Report, Sent
from cloud.notifications.http import Call, check_status, perform
from cloud.notifications.notification import Channel
from cloud.notifications.proof import signed_headers

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events go. `source` names this platform in them."""

    url: str
    secret: bytes
    allow_private: bool = False
    source: str = "carebed"


def permitted(address: str) -> bool:
    """False for loopback, link-local, private, multicast and reserved addresses, also inside IPv6 ones."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            return permitted(str(inner))
        if found in ipaddress.IPv6Network("64:ff9b::/96"):
            return permitted(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


class Webhook(Base):
    """Events to one endpoint; its name is the recipient's. A repeat has the same id."""

    channel: ClassVar[Channel] = "webhook"
    idempotent: ClassVar[bool] = True

    def __init__(self, facts: Facts, endpoint: Endpoint) -> None:
        super().__init__(facts)
        self._endpoint = endpoint

    def check(self, message: Outgoing) -> None:
        """Any event may be sent: the receiver reads its parameters."""

    def event(self, message: Outgoing) -> dict[str, Any]:
        """The CloudEvent of a message."""
        data: dict[str, Any] = {"template": message.template, "priority": message.priority}
        data["case_id"] = None if message.case_id is None else str(message.case_id)
        data["params"] = message.params
        if message.template in templates.TEMPLATES:
            data["text"] = templates.text(message.template, message.params, message.language)
        event = {
            "specversion": "1.0",
            "id": str(message.id),
            "source": self._endpoint.source,
            "type": f"carebed.notification.{message.template}",
            "time": message.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": data,
        }
        return event if message.case_id is None else event | {"subject": f"cases/{message.case_id}"}

    def call(self, message: Outgoing, now: datetime, address: str) -> Call:
        """The signed request to a resolved address; TLS and Host still name the host."""
        parts = urlsplit(self._endpoint.url)
        body = msgspec.json.encode(self.event(message))
        host = f"[{address}]" if ":" in address else address
        url = urlunsplit(parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}"))
        headers = {"Host": parts.netloc.rpartition("@")[2], "Content-Type": MEDIA_TYPE}
        headers |= signed_headers(self._endpoint.secret, str(message.id), now, body)
        extensions = {"sni_hostname": parts.hostname} if parts.scheme == "https" else {}
        return Call("POST", url, headers, body, None, extensions)

    async def send(self, message: Outgoing, now: datetime) -> Sent:
        """Hand it over: any 2xx is its end; raises ChannelError."""
        address = await self._resolve()
        check_status(await perform(self._client, self.call(message, now, address)))
        return Sent(final=True)

    async def query(self, message: Outgoing, now: datetime) -> Report | None:
        """An endpoint is not asked: it is sent the same event again."""
        raise OutcomeUnknown("nobody_to_ask")

    async def _resolve(self) -> str:
        """An address of the host that may be spoken to; raises NotSent, or Refused where none may."""
        parts = urlsplit(self._endpoint.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                parts.hostname, port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:
            raise NotSent("name_unknown", type(error).__name__) from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self._endpoint.allow_private and not all(permitted(one) for one in addresses):
            raise Refused("private_address", parts.hostname or "", permanent=True)
        return addresses[0]
