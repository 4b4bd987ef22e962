"""SMS of Alibaba Cloud (阿里云短信服务): dysmsapi 2017-05-25, RPC style with an HMAC-SHA1 signature.

Chinese SMS need an approved signature (SignName) and an approved template (TemplateCode) with named
variables: both are configured for each of our templates. `OutId` carries our id into receipts and look-ups.
Sources: Alibaba Cloud, 短信服务 API: 签名机制, SendSms, QuerySendDetails, SmsReport.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from cloud.notifications import templates
from cloud.notifications.base import Base, Facts
from cloud.notifications.channel import (
    Incoming,
    NoTemplate,
    OutcomeUnknown,
    Outgoing,
    Refused,
    Report,
    Sent,
    Unreadable,
)
from cloud.notifications.http import Answer, Call, check_status, perform
from cloud.notifications.notification import Channel
from cloud.notifications.proof import check_token
from firmware_specs.ids import uuid7

_CHINA: Final = timezone(timedelta(hours=8))
_LATER: Final = frozenset(
    {"isv.BUSINESS_LIMIT_CONTROL", "isp.SYSTEM_ERROR", "isp.RAM_PERMISSION_DENY", "isv.AMOUNT_NOT_ENOUGH"}
)


class AliyunTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An approved template: its code, and which of our parameters each of its variables is."""

    code: str
    params: dict[str, str] = {}


class AliyunAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys, signature and templates; a variable holds at most `most_characters` (35 by their rules)."""

    access_key_id: str
    access_key_secret: bytes
    sign_name: str
    templates: dict[str, AliyunTemplate]
    callback_secret: bytes = b""
    endpoint: str = "https://dysmsapi.aliyuncs.com/"
    region: str = "cn-hangzhou"
    most_characters: int = 35


def sign(parameters: Mapping[str, str], secret: bytes, method: str) -> str:
    """The RPC signature: base64 of HMAC-SHA1 over METHOD&%2F&encoded(sorted, encoded query), key + `&`."""
    query = "&".join(f"{_encoded(key)}={_encoded(value)}" for key, value in sorted(parameters.items()))
    words = f"{method}&%2F&{_encoded(query)}"
    return base64.b64encode(hmac.new(secret + b"&", words.encode(), hashlib.sha1).digest()).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


class AliyunSms(Base):
    """SMS over Alibaba Cloud."""

    channel: ClassVar[Channel] = "sms"
    can_ask = True

    def __init__(self, facts: Facts, account: AliyunAccount) -> None:
        super().__init__(facts, frozenset(account.templates))
        self._account = account

    def check(self, message: Outgoing) -> None:
        """Raise NoTemplate where no code was approved for it."""
        if message.template not in self._account.templates:
            raise NoTemplate("template_missing", message.template)

    def call(self, action: str, own: Mapping[str, str], now: datetime, nonce: str) -> Call:
        """A signed request."""
        parameters = {
            "AccessKeyId": self._account.access_key_id,
            "Action": action,
            "Format": "JSON",
            "RegionId": self._account.region,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": nonce,
            "SignatureVersion": "1.0",
            "Timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Version": "2017-05-25",
            **own,
        }
        signature = sign(parameters, self._account.access_key_secret, "POST")
        body = urlencode(parameters | {"Signature": signature}, quote_via=quote, safe="-_.~")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Call("POST", self._account.endpoint, headers, body.encode())

    def content(self, message: Outgoing) -> dict[str, str]:
        """The parameters of SendSms; raises NoTemplate."""
        self.check(message)
        template = self._account.templates[message.template]
        most = self._account.most_characters
        values = {
            theirs: templates.plain(message.params.get(ours, "…"))[:most] or "…"
            for theirs, ours in template.params.items()
        }
        return {
            "OutId": str(message.id),
            "PhoneNumbers": national(message.address),
            "SignName": self._account.sign_name,
            "TemplateCode": template.code,
            "TemplateParam": msgspec.json.encode(values).decode(),
        }

    def answer(self, answer: Answer) -> Sent:
        """What the answer to SendSms means; raises ChannelError. Errors of the service come with 4xx too."""
        if answer.status >= 500 or answer.status == 429:
            check_status(answer)
        found = answer.fields()
        code = str(found.get("Code", ""))
        if code == "OK":
            return Sent(ref=str(found.get("BizId") or "") or None)
        if not code:
            check_status(answer)
            raise OutcomeUnknown("garbage", "no Code")
        later = code in _LATER or code.startswith(("Throttling", "ServiceUnavailable", "InternalError"))
        raise Refused("throttled" if later else "refused", code, permanent=not later)

    async def send(self, message: Outgoing, now: datetime) -> Sent:
        """Hand it over; raises ChannelError."""
        call = self.call("SendSms", self.content(message), now, _nonce(now))
        return self.answer(await perform(self._client, call))

    async def query(self, message: Outgoing, now: datetime) -> Report | None:
        """Look for our OutId among what was sent to the number that day."""
        own = {
            "PhoneNumber": national(message.address),
            "SendDate": message.at.astimezone(_CHINA).strftime("%Y%m%d"),
            "PageSize": "50",
            "CurrentPage": "1",
        }
        if message.ref:
            own["BizId"] = message.ref
        call = self.call("QuerySendDetails", own, now, _nonce(now))
        answer = await perform(self._client, call)
        check_status(answer)
        return self.found(answer, message)

    def found(self, answer: Answer, message: Outgoing) -> Report | None:
        """A report from the answer to QuerySendDetails; raises OutcomeUnknown."""
        fields = answer.fields()
        if fields.get("Code") != "OK":
            raise OutcomeUnknown("refused", str(fields.get("Code")))
        details = fields.get("SmsSendDetailDTOs")
        items = details.get("SmsSendDetailDTO", []) if isinstance(details, dict) else []
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict) and item.get("OutId") == str(message.id):
                return _of_status(item.get("SendStatus"), str(item.get("ErrCode") or ""))
        if len(items) >= 50:
            raise OutcomeUnknown("not_on_first_page")
        return None

    def reports(self, request: Incoming) -> Sequence[Report]:
        """SmsReport, a JSON array; their pushes carry no signature, so the address carries our token."""
        check_token(self._account.callback_secret, request)
        try:
            items = msgspec.json.decode(request.body, type=list[dict[str, Any]])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable("not a JSON array") from error
        return [_pushed(item) for item in items[:500]]

    def receipt_answer(self) -> bytes:
        """As their documentation wants it."""
        return '{"code":0,"msg":"成功"}'.encode()


def national(phone: str) -> str:
    """A mainland number without +86, a foreign one with its country code and without +."""
    digits = "".join(char for char in phone if char.isdigit())
    return digits[2:] if digits.startswith("86") and len(digits) == 13 else digits


def _pushed(item: Mapping[str, Any]) -> Report:
    delivered = item.get("success") is True
    out_id, biz_id = str(item.get("out_id") or ""), str(item.get("biz_id") or "")
    if not (out_id or biz_id):
        raise Unreadable("neither out_id nor biz_id")
    try:
        id = UUID(out_id)
    except ValueError:
        id = None
    return Report(
        status="delivered" if delivered else "failed",
        id=id,
        ref=biz_id[:200] or None,
        outcome=None if delivered else "unreachable",
        detail="" if delivered else str(item.get("err_code") or "")[:60],
    )


def _of_status(status: Any, error: str) -> Report:
    match status:
        case 3:
            return Report(status="delivered")
        case 2:
            return Report(status="failed", outcome="unreachable", detail=error[:60])
        case _:
            return Report(status="sent")


def _nonce(now: datetime) -> str:
    return str(uuid7(round(now.timestamp() * 1000)))
