"""Notifications: what was sent, what came to nothing, what is to be done by hand, and providers' receipts."""

import logging
from typing import Annotated, Any, Final, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput, NotAllowed, NotFound
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.notification_schemas import (
    AddressChannel,
    AddressGiven,
    AttemptShown,
    ChannelList,
    ChannelShown,
    NotificationDetail,
    NotificationList,
    NotificationShown,
    OverdueList,
    OverdueShown,
    PersonKind,
    ProviderShown,
    ReachShown,
    ReceiptTaken,
    RecipientShown,
)
from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.notifications import addresses, quotas, reach, receipts, store, templates
from cloud.notifications.channel import Forged, Incoming, NoTemplate, Provider, Unreadable
from cloud.notifications.notification import Channel, Notification, Recipient, State
from cloud.notifications.wechat import WeChat

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/notifications", tags=["notifications"])

_NOT_SHOWN: Final = ("resident_id", "area_code", "org_id", "params", "language", "digest_id")


@router.get("", operation_id="list_notifications", response_model=NotificationList)
async def list_notifications(
    identity: Caller,
    services: With,
    state: Annotated[
        list[State] | None, Query(description="any of these; `dead` are the dead letters")
    ] = None,
    case_id: UUID | None = None,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> NotificationList:
    """Newest first."""
    async with services.pool.connection() as conn:
        rows = await store.list_notifications(
            conn, identity, states=state, case_id=case_id, before=before, limit=limit
        )
    last = rows[-1].id if len(rows) == limit else None
    return NotificationList(items=[NotificationShown(**_fields(row)) for row in rows], next_before=last)


@router.get("/overdue", operation_id="list_overdue_notifications", response_model=OverdueList)
async def list_overdue(
    identity: Caller,
    services: With,
    after: Annotated[UUID | None, Query(description="`next_after` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> OverdueList:
    """Calls and messages that were too old to be sent after an outage, most urgent first: to be made by hand.

    That the numbers were looked at is written down.
    """
    async with services.pool.connection() as conn, conn.transaction():
        rows = await store.overdue(conn, identity, after=after, limit=limit)
        items = []
        for row in rows:
            found = await addresses.find_address(conn, row.recipient, row.channel)
            extra: dict[str, Any] = {"case_number": row.case_number, "recipient_name": row.recipient_name}
            extra |= {"address": found.address, "text": _text(row)}
            items.append(OverdueShown(**_fields(row) | extra))
        if items:
            await audit(conn, services, identity, "overdue_listed", "notifications", count=len(items))
    return OverdueList(items=items, next_after=rows[-1].id if len(rows) == limit else None)


@router.get("/channels", operation_id="list_channels", response_model=ChannelList)
async def list_channels(identity: Caller, services: With) -> ChannelList:
    """Every channel with its providers and quotas; one without providers is a hole in each chain."""
    now = services.clock.now()
    async with services.pool.connection() as conn:
        known = await quotas.providers_of(conn, None, now=now)
    items = []
    for channel in get_args(Channel):
        providers = [
            ProviderShown(
                name=one.name,
                channel=channel,
                silent=one.alive_until < now,
                per_minute=one.per_minute,
                per_day=one.per_day,
                minute_used=one.minute_used,
                day_used=one.day_used,
                templates=one.templates,
            )
            for one in known
            if one.channel == channel
        ]
        items.append(ChannelShown(channel=channel, configured=bool(providers), providers=providers))
    return ChannelList(items=items)


@router.get("/reach", operation_id="check_reach", response_model=ReachShown)
async def check_reach(
    identity: Caller,
    services: With,
    recipient_kind: PersonKind,
    recipient_id: UUID,
    channel: AddressChannel,
    priority: Annotated[int, Query(ge=1, le=4)] = 1,
) -> ReachShown:
    """Whether somebody could be reached over a channel now, and every hole that was found."""
    recipient = Recipient(recipient_kind, str(recipient_id))
    async with services.pool.connection() as conn:
        await _visible(conn, identity, recipient)
        found = await reach.reachable(conn, recipient, channel, now=services.clock.now(), priority=priority)
    return ReachShown(reachable=found.reachable, reasons=list(found.reasons), address=found.address)


@router.post("/addresses", operation_id="set_address", status_code=204, response_class=Response)
async def set_address(body: AddressGiven, identity: Caller, services: With) -> Response:
    """Where a member of staff or a contact is reached over a channel; the same twice is once."""
    recipient = Recipient(body.recipient_kind, str(body.recipient_id))
    if not body.address and not body.opted_out:
        raise InvalidInput("请给出地址", "an address is needed")
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        await _visible(conn, identity, recipient)
        await addresses.set_address(
            conn, recipient, body.channel, body.address, opted_out=body.opted_out, now=now
        )
        subject = f"{recipient.kind}:{recipient.id}"
        await audit(conn, services, identity, "address_set", subject, channel=body.channel)
    return Response(status_code=204)


@router.post("/receipts/{provider}", operation_id="take_receipt", response_model=ReceiptTaken)
async def take_receipt(provider: str, request: Request, services: With) -> Response:
    """Reports of a provider, proved by its token or signature; doubled and late ones change nothing."""
    found = _provider(services, provider)
    incoming = await _incoming(request, services)
    try:
        reports = found.reports(incoming)
    except Forged as error:
        logger.warning("receipt refused", extra={"action": "receipt_forged", "provider": found.name})
        raise NotAllowed("回执未通过验证", f"the receipt is not proved: {error}") from error
    except Unreadable as error:
        logger.warning("receipt unreadable", extra={"action": "receipt_unreadable", "provider": found.name})
        raise InvalidInput("回执无法解读", f"the receipt cannot be read: {error}") from error
    async with services.pool.connection() as conn:
        for report in reports:
            async with conn.transaction():
                await receipts.take(conn, found.name, report, now=services.clock.now())
    media = "text/plain" if isinstance(found, WeChat) else "application/json"
    return Response(found.receipt_answer(), media_type=media)


@router.get("/receipts/{provider}", operation_id="prove_receipt_address", include_in_schema=False)
async def prove_receipt_address(provider: str, request: Request, services: With) -> Response:
    """WeChat asks once whether the address is ours and wants its `echostr` back."""
    found = _provider(services, provider)
    if not isinstance(found, WeChat):
        raise NotFound("没有这个地址", "there is no such address")
    try:
        echo = found.echo(await _incoming(request, services))
    except Forged as error:
        raise NotAllowed("请求未通过验证", f"the request is not proved: {error}") from error
    return Response(echo, media_type="text/plain")


@router.get("/{notification_id}", operation_id="get_notification", response_model=NotificationDetail)
async def get_notification(notification_id: UUID, identity: Caller, services: With) -> NotificationDetail:
    """One notification with its words and attempts."""
    async with services.pool.connection() as conn:
        return await _detail(conn, notification_id, identity)


@router.post("/{notification_id}/retry", operation_id="retry_notification", response_model=NotificationDetail)
async def retry_notification(notification_id: UUID, identity: Caller, services: With) -> NotificationDetail:
    """Send a dead, failed or overdue one after all; 409 for any other, so twice is once."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.seen_by(conn, notification_id, identity)
        await store.retry(conn, notification_id, now=services.clock.now())
        await audit(conn, services, identity, "notification_retried", notification_id)
        return await _detail(conn, notification_id, identity)


@router.post("/{notification_id}/done", operation_id="finish_notification", response_model=NotificationDetail)
async def finish_notification(notification_id: UUID, identity: Caller, services: With) -> NotificationDetail:
    """The caller did by hand what it was for: it leaves the list. Twice is once."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.seen_by(conn, notification_id, identity)
        await store.handle(conn, notification_id, by=identity.name, now=services.clock.now())
        await audit(conn, services, identity, "notification_done", notification_id)
        return await _detail(conn, notification_id, identity)


async def _detail(conn: Connection, id: UUID, identity: Identity) -> NotificationDetail:
    row = await store.seen_by(conn, id, identity)
    tries = [AttemptShown(**_plain(attempt)) for attempt in await store.attempts_of(conn, id)]
    return NotificationDetail(**_fields(row), text=_text(row), tries=tries)


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _fields(row: Notification) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in Notification.__struct_fields__ if name not in _NOT_SHOWN}
    kind, id = fields.pop("recipient_kind"), fields.pop("recipient_id")
    return fields | {"recipient": RecipientShown(kind=kind, id=id)}


def _text(row: Notification) -> str | None:
    try:
        return templates.text(row.template, row.params, row.language)
    except NoTemplate:
        return None


async def _visible(conn: Connection, identity: Identity, recipient: Recipient) -> None:
    """Raise NotFound unless somebody of the caller's area and organisation is meant."""
    belongs = await addresses.belongs(conn, recipient)
    if belongs is None or not any(identity.sees(*one) for one in belongs or [("", None)]):
        raise NotFound("没有这个人", "there is no such person")


def _provider(services: Services, name: str) -> Provider:
    found = services.providers.get(name)
    if found is None:
        raise NotFound("没有配置这个通知渠道", "no such provider is configured")
    return found


async def _incoming(request: Request, services: Services) -> Incoming:
    return Incoming(
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
        now=services.clock.now(),
    )
