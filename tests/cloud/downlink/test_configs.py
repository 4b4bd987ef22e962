"""A home's gateway is told of every change of its home, however it came about, and only of changes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from psycopg.types.json import Jsonb

from cloud.broker import WORK_USER, Address
from cloud.database.pool import Connection, Pool
from cloud.downlink import configs
from cloud.downlink.mqtt_publisher import MqttPublisher
from cloud.registry import changes
from firmware_specs.batches import inflate
from firmware_specs.homes import Gate, HomeContact, ServedHome, Zone
from firmware_specs.messages import Config, decode
from tests.cloud.town import NOW, add_device, add_gateway, add_home, add_resident
from tests.conftest import RunningBroker
from tests.mqtt_client import TestClient, mqtt_client

pytestmark = [pytest.mark.broker, pytest.mark.postgres]


@pytest.fixture
async def publisher(broker: RunningBroker) -> AsyncIterator[MqttPublisher]:
    async with MqttPublisher(Address.parse(broker.url(WORK_USER)), WORK_USER) as opened:
        await asyncio.wait_for(opened.wait_connected(), 30)
        yield opened


def told(client: TestClient) -> tuple[Config, bool]:
    message = client.next()
    return decode(bytes(message.payload), Config), message.retain


async def test_a_gateway_is_told_of_its_home_and_of_each_change(
    pool: Pool, conn: Connection, broker: RunningBroker, publisher: MqttPublisher
) -> None:
    home = await add_home(conn, "gw-1")
    await add_device(conn, "zb-1", home, room="卧室")
    assert await configs.refresh(pool, NOW) == 1
    assert await configs.refresh(pool, NOW) == 0
    assert not await configs.publish_waiting(pool, publisher, NOW)
    with mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]) as gateway:
        assert gateway.subscribe("carebed/v1/gw-1/down/#", 0)
        first, retained = await asyncio.to_thread(told, gateway)
        assert retained
        assert first.contacts == [HomeContact(name="女儿", phone="13800000000")]
        assert (first.place, first.rooms, first.safe_zone) == (
            "胜利小区3号楼2单元501",
            {"zb-1": "卧室"},
            None,
        )
        await conn.execute("update home set safe_radius_m = 300")
        await conn.execute("update person_phone set phone = '+86 138-1111-2222'")
        await conn.execute(
            "insert into person_phone (person_id, phone) select person_id, '不知道' from contact"
        )
        assert await configs.refresh(pool, NOW + timedelta(minutes=1)) == 1
        await configs.publish_waiting(pool, publisher, NOW)
        second, _ = await asyncio.to_thread(told, gateway)
        assert second.safe_zone == Zone(lat=37.43, lon=118.67, radius_m=300)
        assert [contact.phone for contact in second.contacts] == ["+8613811112222"]
        assert second.version > first.version
        ring = [[118.66, 37.42], [118.68, 37.42], [118.68, 37.44]]
        await conn.execute("update home set safe_ring = %s", (Jsonb(ring),))
        assert await configs.refresh(pool, NOW + timedelta(minutes=2)) == 1
        await configs.publish_waiting(pool, publisher, NOW)
        third, _ = await asyncio.to_thread(told, gateway)
        assert third.safe_zone == Zone(
            lat=37.43, lon=118.67, radius_m=300, ring=[(lon, lat) for lon, lat in ring]
        )


async def test_the_wifi_of_a_home_is_told_to_its_gateway_and_to_the_one_its_watch_calls_in_at(
    pool: Pool, conn: Connection, broker: RunningBroker, publisher: MqttPublisher
) -> None:
    home, quiet = await add_home(conn, "gw-1"), await add_home(conn, "gw-2")
    await add_gateway(conn, "gw-many", None)
    await add_device(conn, "watch-1", home)
    await add_device(conn, "watch-2", quiet)
    await conn.execute("insert into gateway_run values ('gw-many', 'run00001', %s, %s)", (NOW, NOW))
    await conn.execute('update device set state = \'{"run": "run00001"}\'')
    await changes.set_access_points(conn, home.id, ["A4-00-00-00-00-01"], revision=1)
    assert await configs.refresh(pool, NOW) == 3
    await configs.publish_waiting(pool, publisher, NOW)
    gate = Gate(lat=37.43, lon=118.67)
    with mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]) as gateway:
        assert gateway.subscribe("carebed/v1/gw-1/down/#", 0)
        own, _ = await asyncio.to_thread(told, gateway)
        assert (own.gate, own.access_points, own.homes) == (gate, ["a4:00:00:00:00:01"], [])
    served = ServedHome(devices=["watch-1"], gate=gate, access_points=["a4:00:00:00:00:01"])
    assert (await _content(conn, "gw-many"))["homes"] == [msgspec.to_builtins(served)], "and of nobody else's"
    await conn.execute("update device set state = '{}'")
    assert await configs.refresh(pool, NOW + timedelta(minutes=1)) == 1
    assert await _content(conn, "gw-many") == {}


async def test_the_homes_of_a_city_s_watches_fit_one_message(pool: Pool, conn: Connection) -> None:
    home = {
        "safe_zone": {"lat": 37.43, "lon": 118.67, "radius_m": 300},
        "access_points": ["a4:00:00:00:00:01"],
    }
    homes = [home | {"devices": [f"watch-23{n * 99_991 % 10**8:08d}"]} for n in range(5_000)]
    payload = configs._payload("gw-many", 1, {"homes": homes})
    assert payload is not None
    assert len(payload) < 256 * 1024
    assert len(decode(inflate(payload, 1 << 24), Config).homes) == 5_000


async def test_a_broker_that_lost_what_it_kept_is_told_again_within_about_an_hour(
    pool: Pool, conn: Connection, broker: RunningBroker, publisher: MqttPublisher
) -> None:
    await add_home(conn, "gw-1")
    await configs.refresh(pool, NOW)
    await configs.publish_waiting(pool, publisher, NOW)
    with mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]) as gateway:
        assert gateway.subscribe("carebed/v1/gw-1/down/#", 0)
        first, _ = await asyncio.to_thread(told, gateway)
        for minutes in (30, 61, 90):
            now = NOW + timedelta(minutes=minutes)
            assert await configs.refresh(pool, now) == 0
            await configs.publish_waiting(pool, publisher, now)
        again, _ = await asyncio.to_thread(told, gateway)
        assert again == first
        assert gateway.messages.empty()


async def test_versions_grow_even_over_a_restored_backup(pool: Pool, conn: Connection) -> None:
    await add_home(conn, "gw-1")
    await configs.refresh(pool, NOW)
    await conn.execute("delete from gateway_config")
    await configs.refresh(pool, NOW + timedelta(seconds=5))
    row = await (await conn.execute("select version from gateway_config")).fetchone()
    assert row is not None
    assert row[0] == round(NOW.timestamp()) + 5


async def test_a_spouse_who_lives_there_is_inside_and_the_dead_are_left_in_peace(
    pool: Pool, conn: Connection
) -> None:
    home = await add_home(conn, "gw-1")
    _, spouse = await add_resident(conn, home.id, "李桂英")
    await conn.execute(
        "insert into contact (resident_id, person_id, position)"
        " select %s, person_id, 2 from resident where id = %s",
        (home.resident_id, spouse),
    )
    await conn.execute(
        "insert into person_phone (person_id, phone)"
        " select person_id, '0546-8123456' from resident where id = %s",
        (spouse,),
    )
    await configs.refresh(pool, NOW)
    content = await _content(conn)
    assert content["contacts"] == [
        {"name": "女儿", "phone": "13800000000"},
        {"name": "李桂英", "phone": "05468123456", "inside": True},
    ]
    await conn.execute(
        "insert into resident_state (resident_id, state, valid)"
        " select id, 'deceased', tstzrange(%s, null) from resident",
        (NOW,),
    )
    await configs.refresh(pool, NOW)
    assert "contacts" not in await _content(conn)


async def test_a_home_that_the_wire_cannot_carry_does_not_stop_the_others(
    pool: Pool, conn: Connection, broker: RunningBroker, publisher: MqttPublisher
) -> None:
    await add_home(conn, "gw-2")
    home = await add_home(conn, "gw-1")
    await add_device(conn, "zb-1", home, room="卧\n室")
    await configs.refresh(pool, NOW)
    await conn.execute("update gateway_config set content = '{\"place\": 7}' where gateway_id = 'gw-2'")
    await configs.publish_waiting(pool, publisher, NOW)
    with mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]) as gateway:
        assert gateway.subscribe("carebed/v1/gw-1/down/#", 0)
        config, _ = await asyncio.to_thread(told, gateway)
        assert config.rooms == {"zb-1": "卧室"}


async def _content(conn: Connection, gateway: str = "gw-1") -> dict[str, object]:
    query = "select content from gateway_config where gateway_id = %s"
    row = await (await conn.execute(query, (gateway,))).fetchone()
    assert row is not None
    return dict(row[0])
