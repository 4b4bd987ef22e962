"""One event, one transaction: from the bytes of a message to the case and the feed."""

from cloud.cases import detail
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.ingest.ingestor import ingest_event
from tests.cloud import town
from tests.cloud.town import NOW, encoded, event


async def test_a_pressed_button_becomes_a_case_with_resident_address_and_contacts(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home, room="bathroom")
    message = event("sos")
    async with conn.transaction():
        await ingest_event(
            conn, topic="t", gateway_id=home.gateway, payload=encoded(message), received_at=NOW, now=NOW
        )
    frames = await feed.read_after(conn, 0, town.EVERYONE)
    assert [frame.seq for frame in frames] == [1]
    row = await (await conn.execute("select id from cases")).fetchone()
    assert row is not None
    case = await detail.detail(conn, row[0], town.EVERYONE)
    assert case.priority == 1
    assert case.resident is not None
    assert case.resident.name == "王秀英"
    assert case.resident.age == 82
    assert case.place is not None
    assert case.place.incident_room == "bathroom"
    assert case.contacts[0].phone == "13800000000"
    assert [entry.kind for entry in case.timeline] == ["opened", "alarm"]
    assert case.chain_valid
    acks = await (
        await conn.execute("select gateway_id, run, stage, event_id::text from ack_queue")
    ).fetchall()
    assert acks == [(home.gateway, message["run"], "stored", message["id"])]
