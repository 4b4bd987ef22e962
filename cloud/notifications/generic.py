"""A plain HTTP interface that many providers (or a small adapter before them) can be described with.

    POST url            {id, to, text, language, template, ...}   Idempotency-Key: <id>   -> 2xx {ref}
    GET query_url?id=   2xx {status, digit?, ref?, reason?}, 404: it never arrived
    POST callback_url   one such object or a list of them, each with `id` or `ref`, with the callback's secret

Field names may be mapped, fixed fields added, and a field named that must hold a value for a yes.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from cloud.notifications.base import Base, Facts
from cloud.notifications.channel import (
    Incoming,
    OutcomeUnknown,
    Outgoing,
    Refused,
    Report,
    Sent,
    Unreadable,
    printable,
)
from cloud.notifications.http import Answer, Call, check_status, perform
from cloud.notifications.proof import check_signed, check_token

Reading = Callable[[str, dict[str, Any]], Report]


class Interface(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to speak with one provider; see `notifications.example.toml`."""

    url: str
    token: bytes = b""
    query_url: str | None = None
    callback_url: str | None = None
    callback_secret: bytes = b""
    callback_signed: bool = False
    idempotent: bool = True
    body: Literal["json", "form"] = "json"
    fields: dict[str, str] = {}
    fixed: dict[str, str | int | bool] = {}
    ok_field: str | None = None
    ok_value: str | int | bool | None = None
    ref_field: str = "ref"


class GenericHttp(Base):
    """The HTTP side of a generic provider; its channel says what is sent and how reports are read."""

    def __init__(self, facts: Facts, interface: Interface) -> None:
        super().__init__(facts)
        self._interface = interface
        self.idempotent = interface.idempotent  # type: ignore[misc]  # of the instance here
        self.can_ask = interface.query_url is not None

    def content(self, message: Outgoing) -> dict[str, Any]:
        """The channel's own fields."""
        raise NotImplementedError

    def read(self, status: str, fields: dict[str, Any]) -> Report:
        """A report by its status word; raises Unreadable."""
        raise NotImplementedError

    def call(self, message: Outgoing) -> Call:
        """The request that hands a message over."""
        it = self._interface
        values = {"id": str(message.id), "to": message.address, "language": message.language}
        values |= {"template": message.template, **self.content(message)}
        if it.callback_url:
            values["callback_url"] = it.callback_url
        named = {it.fields.get(key, key): value for key, value in values.items()} | it.fixed
        headers = {"Idempotency-Key": str(message.id), **self._authorization()}
        if it.body == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return Call("POST", it.url, headers, urlencode(named).encode())
        headers["Content-Type"] = "application/json"
        return Call("POST", it.url, headers, msgspec.json.encode(named))

    def answer(self, answer: Answer) -> Sent:
        """What a provider's answer to `call` means; raises ChannelError."""
        check_status(answer)
        it = self._interface
        if it.ok_field is None and not answer.body:
            return Sent()
        found = answer.fields()
        if it.ok_field is not None and found.get(it.ok_field) != it.ok_value:
            raise Refused("refused", f"{it.ok_field}={found.get(it.ok_field)!r}", permanent=False)
        ref = found.get(it.ref_field)
        return Sent(ref=_ref(ref))

    async def send(self, message: Outgoing, now: object) -> Sent:
        """Hand it over; raises ChannelError."""
        return self.answer(await perform(self._client, self.call(message)))

    async def query(self, message: Outgoing, now: object) -> Report | None:
        """What became of a message; raises OutcomeUnknown."""
        if self._interface.query_url is None:
            raise OutcomeUnknown("nobody_to_ask")
        query = {"id": str(message.id)}
        call = Call("GET", self._interface.query_url, self._authorization(), None, query)
        answer = await perform(self._client, call)
        if answer.status == 404:
            return None
        check_status(answer)
        try:
            return self._report(answer.fields())
        except Unreadable as error:
            raise OutcomeUnknown("garbage", str(error)) from error

    def reports(self, request: Incoming) -> Sequence[Report]:
        """What a callback says; raises ReceiptError."""
        check = check_signed if self._interface.callback_signed else check_token
        check(self._interface.callback_secret, request)
        try:
            found = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable("not JSON") from error
        items = found if isinstance(found, list) else [found]
        return [self._report(item) for item in items[:500]]

    def _report(self, fields: Any) -> Report:
        if not isinstance(fields, dict):
            raise Unreadable("not an object")
        it = self._interface
        named = {ours: fields.get(it.fields.get(ours, ours)) for ours in ("id", "status", "digit", "reason")}
        ref = fields.get(it.ref_field)
        report = self.read(str(named["status"] or ""), named)
        return msgspec.structs.replace(
            report,
            id=_uuid(named["id"]),
            ref=_ref(ref),
            detail=printable(str(named["reason"] or "")[:200]),
        )

    def _authorization(self) -> dict[str, str]:
        token = self._interface.token
        return {"Authorization": f"Bearer {token.decode()}"} if token else {}


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _ref(value: Any) -> str | None:
    return None if value is None else printable(str(value)[:200])
