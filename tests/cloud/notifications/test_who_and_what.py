"""To whom and with which words: what nobody can send is dead and seen, a P1 always finds words."""

import uuid

import pytest

from cloud.notifications.notification import Recipient
from tests.cloud.notifications.conftest import Desk

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("phone", "reason"), [(None, "no_address"), ("13800000000", "channel_not_configured")]
)
async def test_what_nobody_can_send_is_dead_and_shown_to_the_desk(
    desk: Desk, phone: str | None, reason: str
) -> None:
    if phone is None:
        desk.use(desk.sms())
    id = await desk.queue(await desk.person(phone))
    await desk.run()
    found = await desk.find(id)
    assert (found.state, found.reason) == ("dead", reason)
    row = await (await desk.conn.execute("select data from feed where type = 'desk'")).fetchone()
    assert row is not None
    assert row[0]["kind"] == "notification_dead"
    assert row[0]["case_ids"] == [str(desk.case_id)]


async def test_a_template_that_nobody_knows_is_dead_but_a_p1_speaks_the_fallback(desk: Desk) -> None:
    desk.use(desk.sms())
    lesser = await desk.queue(await desk.person("13800000000"), priority=2, template="no_such")
    urgent = await desk.queue(await desk.person("13900000000"), template="no_such")
    await desk.run()
    assert (await desk.find(lesser)).reason == "template_missing"
    await desk.reaches(urgent, "delivered")
    (message,) = desk.far.to("13900000000")
    assert "请立即联系值班台，电话8888" in message.text


async def test_a_chinese_template_without_approval_is_left_to_the_other_provider(desk: Desk) -> None:
    desk.use(desk.aliyun(), desk.sms())
    id = await desk.queue(await desk.person("13800000000"), template="supervisor_page")
    await desk.run()
    assert (await desk.reaches(id, "delivered")).provider == "sms"


async def test_a_parameter_that_is_missing_leaves_a_gap_and_not_a_hole(desk: Desk) -> None:
    desk.use(desk.sms())
    await desk.queue(await desk.person("13800000000"), params={"name": "王秀英\r\n{kind}"})
    await desk.run()
    (message,) = desk.far.to("13800000000")
    assert message.text.startswith("王秀英  {kind}家中…发出…报警")


async def test_former_staff_and_strangers_are_not_called(desk: Desk) -> None:
    desk.use(desk.sms())
    former = await desk.queue(await desk.staff(active=False), template="supervisor_page")
    stranger = await desk.queue(Recipient.person(uuid.uuid4()))
    await desk.run()
    assert (await desk.find(former)).reason == "inactive"
    assert (await desk.find(stranger)).reason == "unknown_recipient"
