"""A gateway's silence is an alarm, but only while somebody of ours listened."""

from datetime import datetime

import pytest

from cloud.database.pool import Connection
from cloud.ingest.life import note_life
from cloud.timers import heard_for_long, notice_silence
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.town import LONG_AGO, NOW, seconds


async def notice(conn: Connection, at: float, *, started: datetime = LONG_AGO) -> None:
    """The job, `at` seconds after the beginning, on a worker that started then."""
    await notice_silence(conn, Moment(now=NOW + seconds(at), started_at=started))


async def listen(conn: Connection, since: float, until_: float) -> None:
    """The ingestor heard the broker between two times."""
    at = since
    while at <= until_:
        await note_life(conn, listening=True, now=NOW + seconds(at))
        at += 5


async def hear(conn: Connection, gateway: str, at: float) -> None:
    await conn.execute(
        "update gateway set last_seen_at = %s, online = true where id = %s", (NOW + seconds(at), gateway)
    )


async def test_a_silent_gateway_is_offline_after_seventy_five_seconds(conn: Connection) -> None:
    home = await town.add_home(conn)
    await hear(conn, home.gateway, 0)
    await listen(conn, -200, 100)
    await notice(conn, 75)
    assert await town.all_cases(conn) == []
    await notice(conn, 75.1)
    await notice(conn, 90)
    (case,) = await town.all_cases(conn)
    assert (case.kinds, case.class_, case.priority, case.repeats) == (["gateway_offline"], "technical", 4, 1)


async def test_a_gateway_that_never_spoke_is_not_missed(conn: Connection) -> None:
    await town.add_home(conn)
    await listen(conn, -200, 1000)
    await notice(conn, 1000)
    assert await town.all_cases(conn) == []


async def test_after_our_own_downtime_gateways_get_their_time_to_speak(conn: Connection) -> None:
    home = await town.add_home(conn)
    await hear(conn, home.gateway, 0)
    await notice(conn, 10_000)
    assert await town.all_cases(conn) == [], "no ingestor ever listened"
    await listen(conn, 10_000, 10_070)
    await notice(conn, 10_070)
    assert await town.all_cases(conn) == [], "it listens for 70 s only"
    await listen(conn, 10_070, 10_080)
    await notice(conn, 10_080, started=NOW + seconds(10_010))
    assert await town.all_cases(conn) == [], "this worker runs for 70 s only"
    await notice(conn, 10_080)
    assert len(await town.all_cases(conn)) == 1


@pytest.mark.parametrize(
    ("listening_since", "alive", "started", "long"),
    [
        (-100, 0, -100, True),
        (None, 0, -100, False),
        (-100, -31, -100, False),
        (-74, 0, -100, False),
        (-100, 0, -74, False),
    ],
)
def test_silence_counts_only_while_somebody_listened(
    listening_since: float | None, alive: float, started: float, long: bool
) -> None:
    since = None if listening_since is None else NOW + seconds(listening_since)
    moment = Moment(now=NOW, started_at=NOW + seconds(started))
    assert heard_for_long((since, NOW + seconds(alive)), moment, NOW - seconds(75)) is long
    assert heard_for_long(None, moment, NOW - seconds(75)) is False


async def test_listening_begins_anew_after_the_broker_or_the_ingestor_was_away(conn: Connection) -> None:
    async def since() -> object:
        row = await (await conn.execute("select listening_since from ingest_life")).fetchone()
        assert row is not None
        return row[0]

    await note_life(conn, listening=True, now=NOW)
    await note_life(conn, listening=True, now=NOW + seconds(5))
    assert await since() == NOW
    await note_life(conn, listening=False, now=NOW + seconds(10))
    assert await since() is None
    await note_life(conn, listening=True, now=NOW + seconds(15))
    assert await since() == NOW + seconds(15)
    await note_life(conn, listening=True, now=NOW + seconds(60))
    assert await since() == NOW + seconds(60)
