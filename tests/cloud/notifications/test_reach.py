"""Every hole in a chain is seen before a step relies on it."""

import pytest

from cloud.notifications import addresses
from cloud.notifications.notification import Channel, Recipient
from cloud.notifications.reach import Reachability, reachable
from tests.cloud.notifications.conftest import Desk

pytestmark = pytest.mark.postgres


async def reach(
    desk: Desk, whom: Recipient, channel: Channel = "sms", priority: int = 1, template: str | None = None
) -> Reachability:
    return await reachable(
        desk.conn, whom, channel, now=desk.clock.now(), priority=priority, template=template
    )


async def test_nothing_is_configured_and_that_is_seen(desk: Desk) -> None:
    found = await reach(desk, await desk.person("13800000000"))
    assert found.reasons == ("channel_not_configured",)
    assert not found.reachable
    assert found.address == "138****0000"


async def test_a_person_with_a_phone_is_reached_by_call_and_sms_but_not_by_wechat(desk: Desk) -> None:
    desk.use(desk.sms(), desk.voice(), desk.wechat())
    await desk.sender.keep()
    whom = await desk.person("13800000000")
    assert (await reach(desk, whom)).reachable
    assert (await reach(desk, whom, "voice")).reachable
    assert (await reach(desk, whom, "wechat")).reasons == ("no_address",)


async def test_every_hole_has_its_name(desk: Desk) -> None:
    desk.use(desk.sms(per_minute=1), desk.webhook())
    await desk.sender.keep()
    phone = await desk.person("13800000000")
    assert (await reach(desk, await desk.person(None))).reasons == ("no_address",)
    assert (await reach(desk, await desk.staff())).reasons == ("no_address",)
    assert (await reach(desk, await desk.staff(active=False))).reasons == ("inactive",)
    assert (await reach(desk, Recipient.endpoint("city"), "webhook")).reachable
    nowhere = await reach(desk, Recipient.endpoint("nowhere"), "webhook")
    assert nowhere.reasons == ("channel_not_configured",)
    await desk.queue(phone, priority=2)
    await desk.run()
    assert (await reach(desk, phone, priority=2)).reasons == ("quota_used_up",)
    assert (await reach(desk, phone, priority=1)).reachable
    await addresses.set_address(desk.conn, phone, "sms", "", opted_out=True, now=desk.clock.now())
    assert (await reach(desk, phone)).reasons == ("opted_out",)
    desk.clock.move(minutes=2)
    assert "sender_silent" in (await reach(desk, phone)).reasons
    await desk.die()
    assert "deceased" in (await reach(desk, phone)).reasons


async def test_a_template_without_approval_is_a_hole_unless_another_provider_has_words(desk: Desk) -> None:
    desk.use(desk.aliyun())
    await desk.sender.keep()
    whom = await desk.person("13800000000")
    assert (await reach(desk, whom, template="emergency_contact")).reachable
    assert (await reach(desk, whom, template="chain_gap")).reasons == ("template_missing",)
    desk.use(desk.sms())
    await desk.sender.keep()
    assert (await reach(desk, whom, template="chain_gap")).reachable


async def test_staff_are_reached_where_it_was_written_down(desk: Desk) -> None:
    desk.use(desk.sms(), desk.voice())
    await desk.sender.keep()
    chief = await desk.staff()
    await addresses.set_address(desk.conn, chief, "voice", "13912345678", now=desk.clock.now())
    assert (await reach(desk, chief, "voice")).address == "139****5678"
    assert (await reach(desk, chief, "sms")).reachable
