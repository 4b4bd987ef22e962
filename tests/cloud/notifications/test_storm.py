"""Storms, outages, quotas and grief: P1 always goes, the rest is joined, held or handed to the operators."""

import httpx
import pytest

from cloud.access import store as access
from cloud.cases import notified, timeline
from cloud.notifications import addresses, store
from cloud.notifications.notification import Recipient
from tests.cloud.notifications.conftest import Desk
from tests.cloud.town import AREA, EVERYONE
from tests.waiting import LIMIT_S

pytestmark = pytest.mark.postgres


async def lesser(desk: Desk, whom: Recipient, count: int, priority: int = 4) -> None:
    for n in range(count):
        params = {"place": "胜利小区", "what": f"网关{n}离线", "at": "10:10"}
        await desk.queue(whom, priority=priority, template="technical", step=f"t{n}", params=params)


async def test_a_storm_reaches_one_person_as_one_message_and_the_p1_at_once(desk: Desk) -> None:
    desk.use(desk.sms())
    whom = await desk.staff()
    await addresses.set_address(desk.conn, whom, "sms", "13900000000", now=desk.clock.now())
    await lesser(desk, whom, 60)
    urgent = [await desk.queue(whom, step=f"p1-{n}", template="supervisor_page") for n in range(5)]
    await desk.run()
    for id in urgent:
        await desk.reaches(id, "delivered")
    messages = desk.far.to("13900000000")
    assert len(messages) == 6
    digest = next(message for message in messages if "60条提醒" in message.text)
    assert "网关0离线" in digest.text
    rows = await store.list_notifications(desk.conn, EVERYONE, states=["suppressed"])
    assert len(rows) == 59
    assert {row.reason for row in rows} == {"digest"}


async def test_after_one_lesser_message_the_next_ones_wait_and_go_together(desk: Desk) -> None:
    desk.use(desk.sms())
    whom = await desk.person("13800000000")
    await lesser(desk, whom, 1, 3)
    await desk.run()
    for n in range(4):
        await desk.queue(whom, priority=3, template="technical", step=f"later-{n}", params={"what": f"事{n}"})
        await desk.run()
    assert len(desk.far.to("13800000000")) == 1
    desk.clock.move(minutes=15, seconds=1)
    await desk.run()
    (_, digest) = desk.far.to("13800000000")
    assert digest.text.startswith("4条提醒")


async def test_lesser_messages_to_different_people_are_not_joined(desk: Desk) -> None:
    desk.use(desk.sms())
    for n in range(3):
        await lesser(desk, await desk.person(f"1380000000{n}0"), 1)
    await desk.run()
    assert len(desk.far.placed) == 3


async def test_a_digest_that_the_quota_holds_back_loses_nothing(desk: Desk) -> None:
    desk.use(desk.sms(per_minute=1))
    await desk.queue(await desk.person("13900000000"), priority=2)
    await desk.run()
    whom = await desk.person("13800000000")
    await lesser(desk, whom, 3)
    await desk.run()
    assert len(desk.far.placed) == 1
    assert len(await store.list_notifications(desk.conn, EVERYONE, states=["queued"])) == 3
    desk.clock.move(minutes=1)
    await desk.run()
    assert desk.far.to("13800000000")[0].text.startswith("3条提醒")


async def test_the_quota_holds_back_a_p2_and_never_a_p1(desk: Desk) -> None:
    desk.use(desk.sms(per_minute=2, per_day=100))
    seconds = [await desk.queue(await desk.person("13800000000"), priority=2, step=str(n)) for n in range(4)]
    firsts = [await desk.queue(await desk.person("13900000000"), step=f"p1-{n}") for n in range(4)]
    await desk.run()
    assert len(desk.far.to("13900000000")) == 4
    assert desk.far.to("13800000000") == []
    assert {await desk.state(id) for id in seconds} == {"queued"}
    for id in firsts:
        await desk.reaches(id, "delivered")
    for _ in range(3):
        desk.clock.move(minutes=1)
        await desk.run()
    assert len(desk.far.to("13800000000")) == 4


async def test_a_used_up_day_waits_for_the_next_day_or_ends_on_the_list(desk: Desk) -> None:
    desk.use(desk.sms(per_day=1))
    ids = [await desk.queue(await desk.person("13800000000"), priority=2, step=str(n)) for n in range(2)]
    await desk.run()
    (held,) = [id for id in ids if await desk.state(id) == "queued"]
    found = await desk.find(held)
    assert found.reason == "quota"
    assert found.next_at is not None
    assert found.next_at.isoformat() == "2026-01-01T16:00:00+00:00"
    desk.clock.move(minutes=25)
    await desk.sender.keep()
    assert await desk.state(held) == "expired"


async def test_after_a_long_outage_families_get_no_burst_and_operators_one_list(desk: Desk) -> None:
    desk.use(desk.voice(), desk.sms(), desk.webhook())
    ids = []
    for n in range(30):
        whom = await desk.person(f"138000{n:05}", f"家属{n}")
        ids.append(await desk.queue(whom, "voice" if n % 2 else "sms", step=str(n)))
    event = await desk.queue(Recipient.endpoint("city"), "webhook", 3, template="attention")
    desk.clock.move(hours=3)
    fresh = await desk.queue(await desk.person("13900000000"), step="fresh")
    await desk.run()
    await desk.sender.keep()
    await desk.run()
    assert {one.to for one in desk.far.placed} == {"13900000000", "city"}
    await desk.reaches(fresh, "delivered")
    assert await desk.state(event) == "delivered"
    assert {await desk.state(id) for id in ids} == {"expired"}
    frames = await (await desk.conn.execute("select data, area_code from feed where type='desk'")).fetchall()
    assert [(data["kind"], data["count"], area) for data, area in frames] == [
        ("notifications_overdue", 30, AREA)
    ]
    assert len(await store.overdue(desk.conn, EVERYONE)) == 30


async def test_a_worker_killed_before_a_long_outage_leaves_no_late_call(desk: Desk) -> None:
    from tests.cloud.notifications.test_sender import kill_after_sending

    desk.use(desk.voice())
    id = await desk.queue(await desk.person("13800000000"), "voice")
    await kill_after_sending(desk, before=True)
    desk.clock.move(hours=2)
    await desk.run()
    await desk.sender.keep()
    assert desk.far.placed == []
    assert await desk.state(id) == "expired"


async def test_the_operator_works_off_the_list_by_hand(desk: Desk) -> None:
    desk.use(desk.sms())
    id = await desk.queue(await desk.person("13800000000", "王芳"))
    desk.clock.move(hours=1)
    await desk.sender.keep()
    async with desk.conn.transaction():
        _, operator = await access.create_token(desk.conn, now=desk.clock.now(), name="班员", role="operator")
        _, chief = await access.create_token(desk.conn, now=desk.clock.now(), name="班长", role="supervisor")
    async with httpx.AsyncClient(
        trust_env=False, base_url=f"{desk.api_url}/api/v1/notifications", timeout=LIMIT_S
    ) as http:
        http.headers["Authorization"] = f"Bearer {operator}"
        (item,) = (await http.get("/overdue")).json()["items"]
        assert (item["recipient_name"], item["address"]) == ("王芳", "13800000000")
        assert item["case_number"] == 1
        assert item["text"].startswith("王秀英家中")
        done = await http.post(f"/{id}/done")
        assert (done.status_code, done.json()["handled_by"]) == (200, "班员")
        assert (await http.post(f"/{id}/done")).status_code == 200
        assert (await http.get("/overdue")).json()["items"] == []
        http.headers["Authorization"] = f"Bearer {chief}"
        again = await http.post(f"/{id}/retry")
        assert (again.status_code, again.json()["state"]) == (200, "queued")
        assert (await http.post(f"/{id}/retry")).status_code == 409
    await desk.run()
    await desk.reaches(id, "delivered")


async def test_the_family_of_an_elder_who_has_died_hears_nothing_any_more(desk: Desk) -> None:
    desk.use(desk.sms())
    family = await desk.person("13800000000")
    responder = await desk.person("13900000000", contact=False)
    early = await desk.queue(family, step="before")
    await desk.die()
    desk.clock.move(seconds=1)
    late = await desk.queue(family, step="after")
    general = await desk.queue(family, step="general", case_id=None, priority=4, template="technical")
    helper = await desk.queue(responder, step="helper")
    await desk.run()
    for id in (early, late, general):
        found = await desk.find(id)
        assert (found.state, found.reason) == ("suppressed", "deceased")
    await desk.reaches(helper, "delivered")
    assert desk.far.to("13800000000") == []


async def test_who_has_opted_out_of_a_channel_is_left_alone_on_it(desk: Desk) -> None:
    desk.use(desk.sms(), desk.voice())
    whom = await desk.person("13800000001")
    await addresses.set_address(desk.conn, whom, "sms", "", opted_out=True, now=desk.clock.now())
    sms = await desk.queue(whom, "sms")
    call = await desk.queue(whom, "voice")
    await desk.run()
    assert (await desk.find(sms)).reason == "opted_out"
    await desk.reaches(call, "delivered")


async def test_the_timeline_tells_what_became_of_each_message_once_and_in_order(desk: Desk) -> None:
    desk.use(desk.voice())
    id = await desk.queue(await desk.person("13800000001"), "voice")
    nobody = await desk.queue(await desk.person(None), "voice")
    await desk.run()
    await desk.reaches(id, "delivered")
    for _ in range(2):
        for case_id in await notified.waiting(desk.conn):
            async with desk.conn.transaction():
                await notified.tell(desk.conn, case_id, now=desk.clock.now())
    entries = [entry for entry in await timeline.read(desk.conn, desk.case_id) if entry.kind == "notified"]
    told = {(entry.data["id"], entry.data["state"], entry.data.get("outcome")) for entry in entries}
    assert len(entries) == len(told)
    assert told >= {(str(id), "delivered", "accepted"), (str(nobody), "dead", None)}
    assert await timeline.verify_chain(desk.conn, desk.case_id)
