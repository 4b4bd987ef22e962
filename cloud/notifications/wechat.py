"""Template messages of a WeChat official account (微信公众号模板消息): besides calls and SMS, never alone.

POST /cgi-bin/message/template/send with an access token that is fetched once and kept until it ends;
`client_msg_id` keeps a repeated request from being sent twice. Receipts are the TEMPLATESENDJOBFINISH event.
Source: Tencent, developers.weixin.qq.com: sendTemplateMessage, getStableAccessToken, receiving events.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec

from cloud.notifications import templates
from cloud.notifications.base import Base, Facts
from cloud.notifications.channel import (
    Forged,
    Incoming,
    NoTemplate,
    NotSent,
    OutcomeUnknown,
    Outgoing,
    Refused,
    Report,
    Sent,
    Unreadable,
)
from cloud.notifications.http import Answer, Call, check_status, perform
from cloud.notifications.notification import Channel

_TOKEN_ENDED: Final = frozenset({40001, 40014, 42001})
_LATER: Final = frozenset({-1, 45009, 45011})
_TOLERANCE: Final = timedelta(minutes=5)
_FIELD: Final = re.compile(
    rb"<(Event|MsgID|Status)>(?:<!\[CDATA\[(.{0,200}?)\]\]>|([^<]{0,200}))</", re.DOTALL
)


class WeChatTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template of the account: its id, and which of our parameters each of its words is."""

    id: str
    params: dict[str, str] = {}


class WeChatAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The official account; `callback_secret` is the Token of its server configuration (服务器配置)."""

    app_id: str
    app_secret: bytes
    templates: dict[str, WeChatTemplate]
    callback_secret: bytes = b""
    endpoint: str = "https://api.weixin.qq.com"
    most_characters: int = 20


class _TokenEnded(Exception):
    """The access token is not taken any more."""


class WeChat(Base):
    """Template messages of one account."""

    channel: ClassVar[Channel] = "wechat"
    idempotent: ClassVar[bool] = True

    def __init__(self, facts: Facts, account: WeChatAccount) -> None:
        super().__init__(facts, frozenset(account.templates))
        self._account = account
        self._token: tuple[str, datetime] | None = None
        self._fetching = asyncio.Lock()

    def check(self, message: Outgoing) -> None:
        """Raise NoTemplate where the account has none for it."""
        if message.template not in self._account.templates:
            raise NoTemplate("template_missing", message.template)

    def content(self, message: Outgoing) -> dict[str, Any]:
        """The body of a template message."""
        self.check(message)
        template = self._account.templates[message.template]
        most = self._account.most_characters
        data = {
            theirs: {"value": templates.plain(message.params.get(ours, "…"))[:most] or "…"}
            for theirs, ours in template.params.items()
        }
        return {
            "touser": message.address,
            "template_id": template.id,
            "client_msg_id": message.id.hex,
            "data": data,
        }

    def answer(self, answer: Answer) -> Sent:
        """What the answer to a template message means; raises ChannelError."""
        check_status(answer)
        found = answer.fields()
        code = found.get("errcode")
        if code == 0:
            ref = found.get("msgid")
            return Sent(ref=None if ref is None else str(ref))
        if code in _TOKEN_ENDED:
            raise _TokenEnded
        if not isinstance(code, int):
            raise OutcomeUnknown("garbage", "no errcode")
        later = code in _LATER
        raise Refused("throttled" if later else "refused", f"errcode {code}", permanent=not later)

    async def send(self, message: Outgoing, now: datetime) -> Sent:
        """Hand it over, with a fresh token where the kept one is not taken; raises ChannelError."""
        body = msgspec.json.encode(self.content(message))
        for fresh in (False, True):
            token = await self._access_token(now, fresh=fresh)
            url = f"{self._account.endpoint}/cgi-bin/message/template/send"
            headers = {"Content-Type": "application/json"}
            call = Call("POST", url, headers, body, {"access_token": token})
            try:
                return self.answer(await perform(self._client, call))
            except _TokenEnded:
                continue
        raise Refused("token_refused", permanent=False)

    async def query(self, message: Outgoing, now: datetime) -> Report | None:
        """The account cannot be asked."""
        raise OutcomeUnknown("nobody_to_ask")

    async def _access_token(self, now: datetime, *, fresh: bool) -> str:
        """The token, fetched by one task at a time; raises NotSent."""
        async with self._fetching:
            if not fresh and self._token is not None and now < self._token[1]:
                return self._token[0]
            body = {"grant_type": "client_credential", "appid": self._account.app_id}
            body |= {"secret": self._account.app_secret.decode()}
            url = f"{self._account.endpoint}/cgi-bin/stable_token"
            headers = {"Content-Type": "application/json"}
            try:
                answer = await perform(
                    self._client,
                    Call("POST", url, headers, msgspec.json.encode(body | {"force_refresh": fresh})),
                )
                found = answer.fields()
            except OutcomeUnknown as error:
                raise NotSent("no_token", error.reason) from error
            token, life = found.get("access_token"), found.get("expires_in")
            if not isinstance(token, str) or not isinstance(life, int):
                raise NotSent("no_token", f"errcode {found.get('errcode')}")
            self._token = token, now + timedelta(seconds=max(life - 300, 60))
            return token

    def reports(self, request: Incoming) -> Sequence[Report]:
        """TEMPLATESENDJOBFINISH; other events say nothing. Raises ReceiptError."""
        self._check(request)
        fields = {key: cdata or plain for key, cdata, plain in _FIELD.findall(request.body)}
        if b"Event" not in fields:
            raise Unreadable("no event")
        if fields[b"Event"] != b"TEMPLATESENDJOBFINISH":
            return []
        ref = fields.get(b"MsgID", b"").decode("utf-8", "replace").strip()
        status = fields.get(b"Status", b"").decode("utf-8", "replace").strip()
        if not ref or not status:
            raise Unreadable("no MsgID or Status")
        if status == "success":
            return [Report(status="delivered", ref=ref)]
        return [Report(status="failed", ref=ref, outcome="unreachable", detail=status[:60])]

    def echo(self, request: Incoming) -> str:
        """The answer by which WeChat sees that the address is ours; raises Forged."""
        self._check(request)
        return request.query.get("echostr", "")[:200]

    def receipt_answer(self) -> bytes:
        """As their documentation wants it."""
        return b"success"

    def _check(self, request: Incoming) -> None:
        """SHA-1 over token, timestamp and nonce, sorted and joined, no older than five minutes."""
        timestamp, nonce = request.query.get("timestamp", ""), request.query.get("nonce", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise Forged("no timestamp")
        if abs(request.now.timestamp() - int(timestamp)) > _TOLERANCE.total_seconds():
            raise Forged("too old or too new")
        secret = self._account.callback_secret.decode()
        words = "".join(sorted([secret, timestamp, nonce])).encode("utf-8", "replace")
        right = hashlib.sha1(words).hexdigest()  # noqa: S324 - their scheme
        given = request.query.get("signature", "").encode("utf-8", "replace")
        if not secret or not hmac.compare_digest(right.encode(), given):
            raise Forged("wrong signature")
