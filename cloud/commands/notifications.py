"""`carebed-cloud admin notification <verb>`: dead letters, the overdue list, addresses, the configuration."""

from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cloud.access import store as access
from cloud.access.access import Identity
from cloud.access.acts import Act
from cloud.access.errors import InvalidInput, NotFound
from cloud.api.times import iso_ms
from cloud.commands.admin_actions import Arguments, Command, Desk, Made, Option
from cloud.notifications import addresses, store
from cloud.notifications.notification import Notification, Recipient, State
from cloud.notifications.providers import FILE, ProvidersError, load

_EVERYBODY: Final = Identity(id=UUID(int=0), name="admin-cli", role="admin")
_ID: Final = Option("id", "通知编号", "notification id", required=True, type=UUID)


def _line(row: Notification) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "case_id": str(row.case_id) if row.case_id else None,
        "priority": row.priority,
        "channel": row.channel,
        "recipient": f"{row.recipient_kind}:{row.recipient_id}",
        "template": row.template,
        "state": row.state.value,
        "reason": row.reason,
        "outcome": row.outcome,
        "attempts": row.attempts,
        "queued_at": iso_ms(row.queued_at),
    }


async def list_some(desk: Desk, arguments: Arguments) -> Made:
    """The newest notifications of a state; the dead letters unless another is named."""
    states = [arguments.state or State.DEAD.value]
    rows = await store.list_notifications(desk.conn, _EVERYBODY, states=states, limit=arguments.limit or 100)
    return {"items": [_line(row) for row in rows]}


async def list_overdue(desk: Desk, arguments: Arguments) -> Made:
    """Calls and messages to be made by hand."""
    rows = await store.overdue(desk.conn, _EVERYBODY)
    return {"items": [_line(row) | {"recipient_name": row.recipient_name} for row in rows]}


async def retry(desk: Desk, arguments: Arguments) -> Made:
    """Send a dead, failed or overdue one after all."""
    await store.retry(desk.conn, arguments.id, now=desk.now)
    await _audit(desk, "notification_retried", arguments.id)
    return _line(await store.find(desk.conn, arguments.id))


async def set_address(desk: Desk, arguments: Arguments) -> Made:
    """Where a member of staff or a contact is reached over a channel, or that they do not want it."""
    recipient = Recipient(arguments.kind, str(arguments.recipient))
    if not arguments.address and not arguments.opt_out:
        raise InvalidInput("请给出 --address 或 --opt-out", "name --address or --opt-out")
    if await addresses.belongs(desk.conn, recipient) is None:
        raise NotFound("没有这个人", "there is no such person")
    await addresses.set_address(
        desk.conn,
        recipient,
        arguments.channel,
        arguments.address or "",
        opted_out=arguments.opt_out,
        now=desk.now,
    )
    await _audit(desk, "address_set", f"{recipient.kind}:{recipient.id}")
    return {"recipient": f"{recipient.kind}:{recipient.id}", "channel": arguments.channel}


async def check(desk: Desk, arguments: Arguments) -> Made:
    """Read the configuration of providers as the programs would; raises ProvidersError."""
    path = arguments.file or (None if desk.data_dir is None else desk.data_dir.notifications_file)
    if path is None:
        raise ProvidersError(f"没有 {FILE}：所有通知渠道都未配置 / no {FILE}: no channel is configured")
    found = load(path)
    providers = [{"name": one.name, "channel": one.channel} for one in found.providers]
    return {"file": str(path), "words": found.words, "providers": providers}


async def _audit(desk: Desk, action: Act, subject: object) -> None:
    await access.write_audit(desk.conn, now=desk.now, actor="admin-cli", action=action, subject=str(subject))


COMMANDS: Final[dict[tuple[str, str], Command]] = {
    ("notification", "list"): Command(
        "列出通知，默认未能送出的",
        "list notifications, by default the dead letters",
        (
            Option("state", "状态", "state", values=tuple(state.value for state in State)),
            Option("limit", "最多几条", "how many at most", type=int),
        ),
        list_some,
    ),
    ("notification", "overdue"): Command(
        "需人工补打的电话与短信", "calls and messages to be made by hand", (), list_overdue
    ),
    ("notification", "retry"): Command("重新发送", "send it after all", (_ID,), retry),
    ("notification", "address"): Command(
        "设置联系方式",
        "set where somebody is reached",
        (
            Option("kind", "人员类别", "kind", required=True, values=("person", "staff")),
            Option("recipient", "人员编号", "id of the person or member of staff", required=True, type=UUID),
            Option("channel", "渠道", "channel", required=True, values=("voice", "sms", "wechat", "email")),
            Option("address", "号码或地址", "number or address"),
            Option("opt_out", "不再用此渠道联系", "do not use this channel", flag=True),
        ),
        set_address,
    ),
    ("notification", "check"): Command(
        "检查通知渠道配置",
        "check the providers' configuration",
        (Option("file", "配置文件", "the file", type=Path),),
        check,
    ),
}
