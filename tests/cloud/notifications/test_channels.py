"""Every channel to its simulated far end and back."""

import uuid

import pytest

from cloud.notifications import addresses
from cloud.notifications.notification import Recipient
from tests.cloud.notifications.conftest import Desk

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("ending", "state", "outcome"),
    [
        ("press-1", "delivered", "accepted"),
        ("press-2", "delivered", "refused"),
        ("normal", "delivered", "answered"),
        ("no_answer", "failed", "no_answer"),
        ("busy", "failed", "busy"),
    ],
)
async def test_a_call_ends_as_the_called_person_ends_it(
    desk: Desk, ending: str, state: str, outcome: str
) -> None:
    desk.use(desk.voice())
    desk.far.behave("13800000009", ending)
    id = await desk.queue(await desk.person("13800000009"), "voice")
    await desk.run()
    found = await desk.reaches(id, state)
    assert found.outcome == outcome
    (call,) = desk.far.to("13800000009")
    assert "王秀英" in call.text
    assert "按1接受" in call.text


async def test_an_sms_is_delivered_in_the_readers_language(desk: Desk) -> None:
    desk.use(desk.sms())
    id = await desk.queue(await desk.person("13800000000"), language="en")
    await desk.run()
    await desk.reaches(id, "delivered")
    (message,) = desk.far.to("13800000000")
    assert message.text.startswith("求助 alarm at 王秀英's home")
    assert "press" not in message.text.lower()


async def test_a_provider_of_form_fields_with_other_names(desk: Desk) -> None:
    fields = {"text": "content"}
    desk.use(desk.sms(body="form", fields=fields, fixed={"account": "carebed"}, ref_field="ref"))
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    await desk.reaches(id, "delivered")
    (message,) = desk.far.to("13800000000")
    assert message.body["account"] == "carebed"
    assert "王秀英" in message.body["content"]


async def test_aliyun_takes_the_signed_request_and_reports(desk: Desk) -> None:
    desk.use(desk.aliyun())
    id = await desk.queue(await desk.person("+86 138 0000 0000"))
    await desk.run()
    await desk.reaches(id, "delivered")
    (message,) = desk.far.to("13800000000")
    assert message.body["SignName"] == "颐养床位"
    assert message.body["TemplateCode"] == "SMS_1"
    assert message.text == '{"name":"王秀英","where":"胜利小区"}'


async def test_aliyun_reports_a_phone_that_is_off(desk: Desk) -> None:
    desk.use(desk.aliyun())
    desk.far.behave("13800000000", "failed")
    id = await desk.queue(await desk.person("13800000000"))
    await desk.run()
    found = await desk.reaches(id, "failed")
    assert (found.reason, found.outcome) == ("MK:0001", "unreachable")


async def test_wechat_fetches_its_token_once_and_anew_when_it_is_not_taken(desk: Desk) -> None:
    desk.use(desk.sms(), desk.wechat())
    people = []
    for number in range(3):
        whom = await desk.person("13800000000", f"人{number}")
        await addresses.set_address(desk.conn, whom, "wechat", f"openid-{number}", now=desk.clock.now())
        people.append(whom)
    first = await desk.queue(people[0], "wechat", 2)
    second = await desk.queue(people[1], "wechat", 2)
    await desk.run()
    await desk.reaches(first, "delivered")
    await desk.reaches(second, "delivered")
    assert desk.far.tokens == 1
    desk.far.tokens = 5  # theirs ended
    third = await desk.queue(people[2], "wechat", 2)
    await desk.run()
    await desk.reaches(third, "delivered")
    assert desk.far.tokens == 6


async def test_a_p1_never_rests_on_wechat_alone(desk: Desk) -> None:
    desk.use(desk.sms(), desk.wechat())
    whom = await desk.person("13800000000")
    await addresses.set_address(desk.conn, whom, "wechat", "openid", now=desk.clock.now())
    await desk.queue(whom, "wechat", 1)
    assert sorted(one.channel for one in await desk.of_case()) == ["sms", "wechat"]


async def test_wechat_in_addition_to_a_call_brings_no_further_sms(desk: Desk) -> None:
    whom = await desk.person("13800000000")
    await desk.queue(whom, "voice", 1)
    await desk.queue(whom, "wechat", 1)
    assert sorted(one.channel for one in await desk.of_case()) == ["voice", "wechat"]


async def test_mail_arrives_with_its_id_and_chinese_words(desk: Desk) -> None:
    desk.use(desk.email())
    whom = await desk.staff()
    await addresses.set_address(desk.conn, whom, "email", "chief@carebed.test", now=desk.clock.now())
    id = await desk.queue(whom, "email", 2, template="supervisor_page")
    await desk.run()
    assert await desk.state(id) == "sent"
    (mail,) = desk.mail.to("chief@carebed.test")
    assert str(id) in mail["Message-ID"]
    assert "求助" in mail.get_content()


@pytest.mark.parametrize(("address", "state"), [("nobody@x.test", "dead"), ("full@x.test", "queued")])
async def test_a_refused_mail_is_dead_or_waits(desk: Desk, address: str, state: str) -> None:
    desk.use(desk.email())
    whom = await desk.staff()
    await addresses.set_address(desk.conn, whom, "email", address, now=desk.clock.now())
    id = await desk.queue(whom, "email", 2)
    await desk.sender.step()
    assert await desk.state(id) == state


async def test_a_webhook_gets_a_signed_cloud_event(desk: Desk) -> None:
    desk.use(desk.webhook())
    id = await desk.queue(Recipient.endpoint("city"), "webhook", 3, template="attention")
    await desk.run()
    assert await desk.state(id) == "delivered"
    (event,) = desk.far.to("city")
    assert event.body["specversion"] == "1.0"
    assert event.body["id"] == str(id)
    assert event.body["type"] == "carebed.notification.attention"
    assert event.body["subject"] == f"cases/{desk.case_id}"
    assert event.body["time"] == "2026-01-01T02:10:00.000Z"


async def test_a_webhook_with_a_wrong_secret_is_a_dead_letter(desk: Desk) -> None:
    desk.use(desk.webhook(secret=b"other"))
    id = await desk.queue(Recipient.endpoint("city"), "webhook", 3)
    await desk.run()
    found = await desk.find(id)
    assert (found.state, found.reason) == ("dead", "refused")


async def test_a_webhook_is_retried_with_back_off_until_it_is_taken(desk: Desk) -> None:
    desk.use(desk.webhook())
    desk.far.behave("city", "error", "error", "normal")
    id = await desk.queue(Recipient.endpoint("city"), "webhook", 3)
    await desk.run()
    first = await desk.find(id)
    assert first.state == "queued"
    assert first.next_at is not None
    assert first.next_at > desk.clock.now()
    for _ in range(2):
        desk.clock.move(minutes=2)
        await desk.run()
    assert await desk.state(id) == "delivered"
    assert len(desk.far.to("city")) == 1


async def test_a_webhook_into_our_own_network_is_refused(desk: Desk) -> None:
    desk.use(desk.webhook(allow_private=False))
    id = await desk.queue(Recipient.endpoint("city"), "webhook", 3)
    await desk.run()
    found = await desk.find(id)
    assert (found.state, found.reason) == ("dead", "private_address")
    assert desk.far.requests == 0


async def test_an_unknown_endpoint_is_a_dead_letter(desk: Desk) -> None:
    desk.use(desk.webhook())
    id = await desk.queue(Recipient.endpoint("elsewhere"), "webhook", 3)
    await desk.run()
    assert (await desk.find(id)).reason == "channel_not_configured"


async def test_an_endpoint_is_not_reached_by_telephone(desk: Desk) -> None:
    with pytest.raises(ValueError, match="not reached over"):
        await desk.queue(Recipient.endpoint("city"), "sms")
    with pytest.raises(ValueError, match="badly formed"):
        await desk.queue(Recipient("person", "not-an-id"), "sms")
    with pytest.raises(ValueError, match="priority"):
        await desk.queue(Recipient.person(uuid.uuid4()), "sms", 5)
