"""Whether somebody can be reached over a channel now: asked before a step relies on it."""

from datetime import datetime
from uuid import UUID

import msgspec

from cloud.database.pool import Connection
from cloud.notifications import addresses, quotas
from cloud.notifications.notification import Channel, Recipient, masked
from cloud.notifications.templates import FALLBACK


class Reachability(msgspec.Struct, frozen=True, kw_only=True):
    """`reasons` is empty where the recipient can be reached, else every hole that was found:

    unknown_recipient, inactive, opted_out, no_address, deceased, channel_not_configured, template_missing,
    sender_silent, quota_used_up.
    """

    channel: Channel
    recipient: Recipient
    reasons: tuple[str, ...] = ()
    address: str = ""

    @property
    def reachable(self) -> bool:
        """True where no hole was found."""
        return not self.reasons


async def reachable(
    conn: Connection,
    recipient: Recipient,
    channel: Channel,
    *,
    now: datetime,
    priority: int = 1,
    template: str | None = None,
    resident_id: UUID | None = None,
) -> Reachability:
    """Every hole between us and a recipient; the address is shown masked."""
    found = await addresses.find_address(conn, recipient, channel)
    reasons = [found.reason] if found.reason else []
    if await addresses.is_mourned(conn, recipient, resident_id, now=now):
        reasons.append("deceased")
    reasons += await _channel_holes(conn, recipient, channel, priority, template, now)
    shown = found.address if recipient.kind == "endpoint" else masked(found.address)
    return Reachability(
        channel=channel,
        recipient=recipient,
        reasons=tuple(reasons),
        address=shown if found.address else "",
    )


async def _channel_holes(
    conn: Connection,
    recipient: Recipient,
    channel: Channel,
    priority: int,
    template: str | None,
    now: datetime,
) -> list[str]:
    providers = await quotas.providers_of(conn, channel, now=now)
    if channel == "webhook":
        providers = [provider for provider in providers if provider.name == recipient.id]
    if not providers:
        return ["channel_not_configured"]
    if template is not None:
        wanted = {template, FALLBACK} if priority == 1 else {template}
        providers = [provider for provider in providers if any(map(provider.sends, wanted))]
        if not providers:
            return ["template_missing"]
    holes = []
    if all(provider.alive_until < now for provider in providers):
        holes.append("sender_silent")
    if priority > 1 and all(provider.used_up for provider in providers):
        holes.append("quota_used_up")
    return holes
