"""Receipts in every order, doubled, forged, of strangers, and before anybody knows what they are about."""

import asyncio
import json
import uuid
from typing import Any

import httpx
import pytest

from cloud.notifications import receipts
from cloud.notifications.channel import Outgoing, Report, Sent
from cloud.notifications.notification import after_report
from cloud.notifications.sms import HttpSms
from cloud.notifications.wechat import WeChat
from tests.cloud.notifications.conftest import SECRET, Desk
from tests.cloud.town import count
from tests.waiting import LIMIT_S

pytestmark = pytest.mark.postgres


async def push(
    desk: Desk, body: Any, *, provider: str = "sms", headers: dict[str, str] | None = None, query: str = ""
) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = desk.far.signed(raw) if headers is None else headers
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        url = f"{desk.api_url}/api/v1/notifications/receipts/{provider}{query}"
        return await client.post(url, content=raw, headers=given)


async def sent(desk: Desk) -> uuid.UUID:
    desk.use(desk.sms(callback_url=None))
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    assert await desk.state(id) == "sent"
    return id


async def test_a_late_and_a_doubled_receipt_take_nothing_back(desk: Desk) -> None:
    id = await sent(desk)
    for status in ("delivered", "queued", "delivered", "failed"):
        answer = await push(desk, {"id": str(id), "status": status})
        assert answer.status_code == 200
        assert await desk.state(id) == "delivered"
    rows = await (await desk.conn.execute("select kind from notification_news order by id")).fetchall()
    assert rows == [("sent",), ("delivered",)]
    assert await count(desk.conn, "notification_receipt") == 4


async def test_a_delivery_after_a_failure_counts(desk: Desk) -> None:
    id = await sent(desk)
    await push(desk, [{"id": str(id), "status": "failed", "reason": "off"}])
    assert (await desk.find(id)).reason == "off"
    await push(desk, [{"id": str(id), "status": "delivered"}])
    assert (await desk.find(id)).reason == ""
    assert await desk.state(id) == "delivered"


async def test_a_pressed_1_is_never_unpressed(desk: Desk) -> None:
    desk.use(desk.voice(callback_url=None, query_url=None))
    id = await desk.queue(await desk.person("13800000000"), "voice")
    await desk.run()
    for body in (
        {"status": "answered", "digit": "1"},
        {"status": "answered"},
        {"status": "no_answer"},
        {"status": "answered", "digit": "2"},
    ):
        await push(desk, body | {"id": str(id)}, provider="voice")
    assert (await desk.find(id)).outcome == "accepted"


async def test_every_report_twice_and_out_of_order_by_the_far_end(desk: Desk) -> None:
    desk.use(desk.sms())
    desk.far.behave("13800000000", "twice")
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    await desk.reaches(id, "delivered")


async def test_a_receipt_before_the_answer_is_not_lost(desk: Desk) -> None:
    desk.use(desk.sms())
    desk.far.behave("13800000000", "early")
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    assert await desk.state(id) == "delivered"


async def test_a_receipt_of_a_reference_that_is_not_known_yet_waits_for_it(desk: Desk) -> None:
    desk.use(desk.wechat())
    from cloud.notifications import addresses

    whom = await desk.person("13800000000")
    await addresses.set_address(desk.conn, whom, "wechat", "openid-x", now=desk.clock.now())
    desk.far.behave("openid-x", "early")
    id = await desk.queue(whom, "wechat", 2)
    await desk.run()
    assert await desk.state(id) == "delivered"


async def test_a_reference_and_its_receipt_at_the_same_moment_do_not_miss_one_another(desk: Desk) -> None:
    class Racing(HttpSms):
        """Gives its reference away while the sender writes it down."""

        async def send(self, message: Outgoing, now: object) -> Sent:
            ref = f"ref-{message.id}"
            report = Report(status="delivered", ref=ref)

            async def take() -> None:
                async with desk.pool.connection() as conn, conn.transaction():
                    await receipts.take(conn, self.name, report, now=desk.clock.now())

            tasks.append(asyncio.create_task(take()))
            return Sent(ref=ref)

    tasks: list[asyncio.Task[None]] = []
    desk.use(Racing(desk.sms()._facts, desk.interface("sms", "sms", query_url=None)))
    ids = [await desk.queue(await desk.person("13800000000"), step=str(n)) for n in range(50)]
    await asyncio.gather(desk.run(), desk.run(), desk.run())
    await asyncio.gather(*tasks)
    assert {await desk.state(id) for id in ids} == {"delivered"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Callback-Token": SECRET},
        {"webhook-id": "1", "webhook-timestamp": "1767233400", "webhook-signature": "v1,AAAA"},
        {"webhook-id": "1", "webhook-timestamp": "yesterday", "webhook-signature": "v1,"},
    ],
)
async def test_a_forged_receipt_changes_nothing(desk: Desk, headers: dict[str, str]) -> None:
    id = await sent(desk)
    answer = await push(desk, {"id": str(id), "status": "delivered"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "carebed:not-allowed"
    assert await desk.state(id) == "sent"


async def test_an_old_receipt_with_a_right_signature_is_not_taken(desk: Desk) -> None:
    id = await sent(desk)
    body = json.dumps({"id": str(id), "status": "delivered"}).encode()
    headers = desk.far.signed(body)
    desk.clock.move(minutes=6)
    assert (await push(desk, body, headers=headers)).status_code == 403


async def test_a_token_in_the_address_is_enough_where_the_provider_cannot_sign(desk: Desk) -> None:
    desk.use(desk.aliyun())
    desk.far.behave("13800000000", "never")
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    body = [{"out_id": str(id), "biz_id": "1", "success": True}]
    assert (await push(desk, body, provider="aliyun", headers={}, query="?token=wrong")).status_code == 403
    assert (await push(desk, body, provider="aliyun", headers={})).status_code == 403
    answer = await push(desk, body, provider="aliyun", headers={}, query=f"?token={SECRET}")
    assert answer.json() == {"code": 0, "msg": "成功"}
    assert await desk.state(id) == "delivered"


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"null", b"[1]", b'{"status": "lost in space"}', b"[[[[[[", b'{"id": "x"}', b"<xml>"],
)
async def test_garbage_with_a_right_signature_is_a_422(desk: Desk, body: bytes) -> None:
    desk.use(desk.sms(), desk.voice(), desk.aliyun())
    assert (await push(desk, body)).status_code == 422
    assert (await push(desk, body, provider="voice")).status_code == 422
    assert (await push(desk, body, provider="aliyun", query=f"?token={SECRET}")).status_code == 422


async def test_a_provider_cannot_report_what_another_was_given(desk: Desk) -> None:
    desk.use(desk.sms("first", callback_url=None), desk.sms("second"))
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    for stranger in (str(id), str(uuid.uuid4())):
        answer = await push(desk, {"id": stranger, "status": "delivered"}, provider="second")
        assert answer.status_code == 200
    assert await desk.state(id) == "sent"


async def test_an_unknown_provider_is_a_404(desk: Desk) -> None:
    assert (await push(desk, {}, provider="nobody")).status_code == 404


async def test_wechat_proves_that_the_address_is_ours(desk: Desk) -> None:
    provider = desk.wechat()
    assert isinstance(provider, WeChat)
    desk.use(provider, desk.sms())
    query = desk.far._wechat_query() | {"echostr": "12345"}
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        base = f"{desk.api_url}/api/v1/notifications/receipts"
        answer = await client.get(f"{base}/wechat", params=query)
        assert (answer.status_code, answer.text) == (200, "12345")
        forged = await client.get(f"{base}/wechat", params=query | {"signature": "0" * 40})
        assert forged.status_code == 403
        assert (await client.get(f"{base}/sms", params=query)).status_code == 404


def test_a_report_only_ever_adds_to_what_is_known() -> None:
    assert after_report("sending", None, "delivered", "accepted") == ("delivered", "accepted")
    assert after_report("delivered", "accepted", "failed", "busy") == ("delivered", "accepted")
    assert after_report("suppressed", None, "delivered", "accepted") == ("delivered", "accepted")
    assert after_report("expired", None, "delivered", None) == ("delivered", None)
    assert after_report("failed", "busy", "sent", None) == ("failed", "busy")
