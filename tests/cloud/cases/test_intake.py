"""How alarms join, repeat, open and follow: an open case never hides a new alarm."""

from datetime import timedelta

from cloud.cases import detail, store
from cloud.database.pool import Connection
from cloud.feed import store as feed
from tests.cloud import town
from tests.cloud.town import NOW, Home, event, seconds


async def a_home(conn: Connection) -> Home:
    home = await town.add_home(conn)
    for device in ("zb-1", "zb-2", "watch-1"):
        await town.add_device(conn, device, home)
    return home


async def test_second_fall_on_an_open_case_rings_again(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("fall", device="watch-1"))
    later = NOW + seconds(90)
    await town.send(conn, home.gateway, event("fall", device="watch-1", at=later), at=later)
    case = await town.care(conn)
    assert (case.rings, case.alarm_count, case.repeats) == (2, 2, 2)
    assert [entry.kind for entry in case.timeline] == ["opened", "alarm", "alarm"]
    assert len(await feed.read_after(conn, 0, town.EVERYONE)) == 2


async def test_the_same_device_and_kind_within_a_minute_is_counted_and_rings(conn: Connection) -> None:
    home = await a_home(conn)
    presses = [event("sos", at=NOW + seconds(n)) for n in range(3)]
    for n, press in enumerate(presses):
        await town.send(conn, home.gateway, press, at=NOW + seconds(n))
    case = await town.care(conn)
    assert (case.rings, case.alarm_count, case.repeats) == (3, 1, 3)
    assert case.alarms[0].repeats == 3
    assert [str(id) for id in case.event_ids] == [press["id"] for press in presses]
    assert case.timeline[-1].kind == "rang"
    assert case.timeline[-1].data["repeats"] == 3


async def test_another_device_within_a_minute_is_an_alarm_of_its_own(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    await town.send(conn, home.gateway, event("sos", device="zb-2"))
    case = await town.care(conn)
    assert (case.rings, case.alarm_count) == (2, 2)


async def test_a_press_after_the_claim_is_an_alarm_of_its_own_and_rings(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    case = await town.care(conn)
    async with conn.transaction():
        await store.claim(conn, case.id, await town.add_operator(conn, "甲"), now=NOW)
    await town.send(conn, home.gateway, event("sos"), at=NOW + seconds(5))
    case = await town.care(conn)
    assert (case.state, case.rings, case.alarm_count) == ("claimed", 2, 2)


async def test_a_worse_alarm_makes_the_case_urgent_a_lesser_one_does_not(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("water_leak"))
    assert (await town.care(conn)).priority == 2
    await town.send(conn, home.gateway, event("sos"))
    await town.send(conn, home.gateway, event("door_left_open"))
    case = await town.care(conn)
    assert case.priority == 1
    assert case.kinds == ["water_leak", "sos", "door_left_open"]
    assert case.rings == 3


async def test_care_technical_and_test_never_join_each_other(conn: Connection) -> None:
    home = await a_home(conn)
    for kind in ("sos", "battery_low", "detector_test"):
        await town.send(conn, home.gateway, event(kind))
    assert sorted(case.class_ for case in await town.all_cases(conn)) == ["care", "technical", "test"]


async def test_two_homes_are_two_cases(conn: Connection) -> None:
    first, second = await town.add_home(conn), await town.add_home(conn)
    await town.add_device(conn, "zb-1", first)
    await town.add_device(conn, "zb-2", second)
    await town.send(conn, first.gateway, event("sos"))
    await town.send(conn, second.gateway, event("sos", device="zb-2"))
    assert len(await town.all_cases(conn)) == 2


async def test_after_resolved_a_new_alarm_opens_a_new_case_that_follows(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    first = await town.care(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, first.id, operator, now=NOW)
        await store.resolve(conn, first.id, operator, now=NOW)
    await town.send(conn, home.gateway, event("sos"), at=NOW + seconds(10))
    old, new = await town.all_cases(conn)
    assert (old.state, old.rings) == ("resolved", 1)
    assert (new.state, new.follows_id) == ("open", old.id)
    assert (await detail.detail(conn, new.id, town.EVERYONE)).timeline[0].data["follows_id"] == str(old.id)


async def test_a_case_closed_long_ago_is_not_followed(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    first = await town.care(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, first.id, operator, now=NOW)
        await store.resolve(conn, first.id, operator, now=NOW)
        await store.close(conn, first.id, operator, disposition="help_given", now=NOW)
    later = NOW + timedelta(days=3)
    await town.send(conn, home.gateway, event("sos", at=later), at=later)
    assert (await town.all_cases(conn))[1].follows_id is None


async def test_sos_and_smoke_within_ten_minutes_are_one_case_with_a_suspected_fire(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("smoke", device="zb-2"))
    assert not (await town.care(conn)).fire_suspected
    later = NOW + timedelta(minutes=9)
    await town.send(conn, home.gateway, event("sos", at=later), at=later)
    case = await town.care(conn)
    assert (case.fire_suspected, case.priority, case.kinds) == (True, 1, ["smoke", "sos"])


async def test_a_fire_is_suspected_across_a_resolved_case(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    first = await town.care(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, first.id, operator, now=NOW)
        await store.resolve(conn, first.id, operator, now=NOW)
    await town.send(conn, home.gateway, event("co", device="zb-2"), at=NOW + seconds(60))
    assert (await town.all_cases(conn))[1].fire_suspected


async def test_address_and_contacts_stay_as_they_were_shown(conn: Connection) -> None:
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    await conn.execute("update home set room = '999'")
    await conn.execute("update person_phone set phone = '110'")
    await conn.execute("update person set name = '改名'")
    case = await town.care(conn)
    assert case.place is not None
    assert case.place.room == "501"
    assert case.contacts[0].phone == "13800000000"
    assert case.resident is not None
    assert case.resident.name == "王秀英"


async def test_how_far_a_contact_lives_is_said_of_who_has_a_bed_and_of_nobody_else(conn: Connection) -> None:
    home, other = await a_home(conn), await town.add_home(conn)
    await town.send(conn, home.gateway, event("sos"))
    assert (await town.care(conn)).contacts[0].distance_m is None
    for number, (where, north, metres) in enumerate(((other, 0.0, 10), (other, 0.01, 1110), (home, 0.0, 0))):
        await conn.execute("update home set gate_lat = 37.43 + %s where id = %s", (north, other.id))
        await conn.execute(
            "update resident set person_id = (select person_id from contact where resident_id = %s)"
            " where id = %s",
            (home.resident_id, where.resident_id),
        )
        later = NOW + timedelta(days=number + 1)
        await conn.execute("update cases set state = 'closed'")
        await town.send(conn, home.gateway, event("sos", at=later), at=later)
        newest = (await town.all_cases(conn))[-1]
        assert (await detail.detail(conn, newest.id, town.EVERYONE)).contacts[0].distance_m == metres


async def test_a_live_fix_is_the_incident_place(conn: Connection) -> None:
    home = await a_home(conn)
    fix = {"device": "watch-1", "at": town.ms(NOW), "lat": 37.5, "lon": 118.5, "source": "gnss"}
    await town.send(conn, home.gateway, event("fence_exit", device="watch-1"))
    case = await town.care(conn)
    assert case.place is not None
    assert (case.place.lat, case.place.lon) == (37.43, 118.67)
    await town.send(conn, home.gateway, event("sos", device="watch-1", position=fix))
    case = await town.care(conn)
    assert case.place is not None
    assert (case.place.lat, case.place.lon) == (37.5, 118.5)
    assert case.place.room == "501"


async def test_clearing_marks_the_alarm_and_leaves_the_case_to_people(conn: Connection) -> None:
    home = await a_home(conn)
    smoke = event("smoke")
    await town.send(conn, home.gateway, smoke)
    later = NOW + seconds(30)
    await town.send(conn, home.gateway, event("smoke", id=smoke["id"], phase="cleared", at=later), at=later)
    case = await town.care(conn)
    assert (case.state, case.rings) == ("open", 1)
    assert case.alarms[0].cleared_at is not None
    assert case.timeline[-1].kind == "cleared"
    assert case.chain_valid


async def test_a_storm_of_one_device_is_one_case_that_counts(conn: Connection) -> None:
    home = await a_home(conn)
    for n in range(120):
        at = NOW + seconds(n / 10)
        await town.send(conn, home.gateway, event("sos", at=at), at=at)
    case = await town.care(conn)
    assert (case.alarm_count, case.repeats, case.rings) == (1, 120, 120)
    assert len(case.event_ids) == 20
    assert case.chain_valid
