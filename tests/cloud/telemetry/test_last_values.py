"""Last values of a flood wait in packs and are moved together; none is lost, none goes back."""

from datetime import timedelta

import pytest

from cloud.database.pool import Connection
from cloud.telemetry import last_values, writer
from cloud.telemetry.writer import TelemetryWriter
from tests.cloud.telemetry.a_home import START_MS, batch, home, incoming, install, place, rows
from tests.conftest import START

pytestmark = pytest.mark.postgres

LAST = "select d.id, l.value, l.quality from reading_last l join device d on d.key = l.device_key order by 1"


async def test_a_flood_is_moved_later_and_as_exactly(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LAST_AT_ONCE", 1)
    monkeypatch.setattr(last_values, "_AT_ONCE", 2)
    names = [f"watch-{n}" for n in range(5)]
    for minute in (1, 2, 0):
        flood = batch(
            minute + 1, *(float(10 * minute + n) for n in range(5)), devices=names, d=list(range(5)),
            at_ms=START_MS + minute * 60_000, quality=[90] * 5 if minute else None,
        )  # fmt: skip
        await TelemetryWriter().write(conn, [incoming(flood, received_ms=START_MS + 200_000)], START)
    assert await rows(conn, LAST) == []
    assert await last_values.move(conn) == 5
    assert await rows(conn, LAST) == [(name, 20.0 + n, 90) for n, name in enumerate(names)]
    assert await rows(conn, "select count(*) from last_waiting") == [(0,)]
    assert await last_values.move(conn) == 0


async def test_what_is_remembered_of_homes_is_forgotten_when_told(conn: Connection) -> None:
    await place(conn)
    await home(conn, "li", "gw-1")
    await home(conn, "wang", "gw-2")
    writing = TelemetryWriter()
    writing.homes.remembering = True
    own = [incoming(batch(seq, 60 + seq)) for seq in (1, 2, 3)]
    assert await writing.write(conn, own[:1], START) == 1
    await install(conn, "watch-1", "wang", START - timedelta(hours=1), None)
    assert await writing.write(conn, own[1:2], START) == 1  # nobody has told yet
    writing.homes.forget()
    assert await writing.write(conn, own[2:], START) == 0


async def test_every_change_of_gateways_and_installations_is_told(conn: Connection) -> None:
    await conn.execute("listen carebed_places")

    async def told() -> int:
        return len([one async for one in conn.notifies(timeout=0.2)])

    await place(conn)
    await home(conn, "li", "gw-1")
    assert await told() == 1
    await install(conn, "watch-1", "li", START, None)
    assert await told() == 1
    await conn.execute("update gateway set last_seen_at = %s", (START,))
    assert await told() == 0
    await conn.execute("update gateway set retired_at = %s", (START,))
    await conn.execute("delete from installation")
    assert await told() == 2
