"""Births, wills, heartbeats, device states, results and logs; and two boxes of one name."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from cloud.cases.summary import CaseSummary
from cloud.database.pool import Connection
from cloud.downlink import store as downlink
from cloud.ingest.gateways import is_cloned, judge_run
from cloud.ingest.line import Arrived
from cloud.ingest.states import take_state
from firmware_specs import topics
from firmware_specs.ids import uuid7
from tests.cloud import town
from tests.cloud.town import NOW, encoded, ms, seconds

OLD, NEW = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
_ticks = count()


class Said:
    """One message of a gateway."""

    def __init__(self, topic: str, payload: bytes, at: float, retained: bool) -> None:
        self.topic, self.payload, self.retained = topic, payload, retained
        self.received_at = NOW + seconds(at)

    def ack(self) -> None:
        """Nothing to do."""


async def say(
    conn: Connection, topic: str, message: dict[str, Any] | bytes, *, at: float = 0, retained: bool = False
) -> None:
    payload = message if isinstance(message, bytes) else encoded(message)
    said: Arrived = Said(topic, payload, at, retained)
    async with conn.transaction():
        await take_state(conn, said, said.received_at)


async def birth(
    conn: Connection, gateway: str, run: str, *, at: float = 0, started: float = 0, **fields: Any
) -> None:
    retained = fields.pop("retained", False)
    message = {
        "v": 1,
        "run": run,
        "boot": "b1",
        "started_at": ms(NOW + seconds(started)),
        "agent_version": "0.1.0",
        "network": {"link": "wifi", "metered": False},
    }
    await say(conn, topics.state(gateway, "birth"), message | fields, at=at, retained=retained)


async def online(
    conn: Connection, gateway: str, run: str, is_online: bool, *, at: float = 0, retained: bool = False
) -> None:
    message = {"v": 1, "online": is_online, "run": run}
    await say(conn, topics.state(gateway, "online"), message, at=at, retained=retained)


async def gateway_row(conn: Connection, gateway: str, columns: str = "online, run") -> tuple[Any, ...]:
    row = await (await conn.execute(f"select {columns} from gateway where id = %s", (gateway,))).fetchone()
    assert row is not None
    return row


async def technical(conn: Connection) -> list[CaseSummary]:
    return [case for case in await town.all_cases(conn) if case.class_ == "technical"]


async def test_a_birth_makes_a_gateway_known_and_online(conn: Connection) -> None:
    home = await town.add_home(conn)
    await birth(conn, home.gateway, NEW)
    assert await gateway_row(conn, home.gateway, "online, run, boot, network->>'link', last_seen_at") == (
        True,
        NEW,
        "b1",
        "wifi",
        NOW,
    )
    assert await technical(conn) == []


async def test_a_last_will_raises_and_the_next_heartbeat_ends_it(conn: Connection) -> None:
    home = await town.add_home(conn)
    await birth(conn, home.gateway, NEW)
    await online(conn, home.gateway, NEW, False, at=5)
    (case,) = await technical(conn)
    assert (case.kinds, case.priority, case.subject_id) == (["gateway_offline"], 4, home.gateway)
    assert await gateway_row(conn, home.gateway, "last_seen_at") == (NOW,), "a will is no sign of life"
    await online(conn, home.gateway, NEW, True, at=9)
    row = await (await conn.execute("select cleared_at from alarm")).fetchone()
    assert row == (NOW + seconds(9),)


async def test_a_will_that_is_taken_after_the_gateway_came_back_is_ignored(conn: Connection) -> None:
    """Two readers of a group: one has the will in hand while the other takes what was said after it."""
    home = await town.add_home(conn)
    await birth(conn, home.gateway, NEW)
    await online(conn, home.gateway, NEW, True, at=6)
    await online(conn, home.gateway, NEW, False, at=5)
    assert await gateway_row(conn, home.gateway) == (True, NEW)
    assert await technical(conn) == []


async def test_a_will_of_an_older_run_is_ignored(conn: Connection) -> None:
    home = await town.add_home(conn)
    await birth(conn, home.gateway, OLD)
    await birth(conn, home.gateway, NEW, at=2, started=2)
    await online(conn, home.gateway, OLD, False, at=3)
    assert await gateway_row(conn, home.gateway) == (True, NEW)
    assert await technical(conn) == []


async def test_retained_states_never_raise_or_end_an_alarm(conn: Connection) -> None:
    home = await town.add_home(conn)
    await birth(conn, home.gateway, NEW)
    await online(conn, home.gateway, NEW, False, at=1, retained=True)
    assert await technical(conn) == []
    await online(conn, home.gateway, NEW, False, at=2)
    await online(conn, home.gateway, NEW, True, at=3, retained=True)
    await birth(conn, home.gateway, NEW, at=4, retained=True)
    row = await (await conn.execute("select cleared_at from alarm")).fetchone()
    assert row == (None,)
    assert await gateway_row(conn, home.gateway, "last_seen_at") == (NOW,)


async def test_a_retained_birth_fills_in_what_is_not_known(conn: Connection) -> None:
    home = await town.add_home(conn)
    await birth(conn, home.gateway, OLD, retained=True)
    assert await gateway_row(conn, home.gateway) == (None, OLD)
    await birth(conn, home.gateway, NEW)
    await birth(conn, home.gateway, OLD, at=1, retained=True)
    assert await gateway_row(conn, home.gateway) == (True, NEW)


async def test_a_restart_is_no_clone_however_often(conn: Connection) -> None:
    home = await town.add_home(conn)
    for n in range(6):
        await birth(conn, home.gateway, f"{n:016x}", at=n * 10, started=n * 10)
        await birth(conn, home.gateway, f"{n:016x}", at=n * 10 + 1, started=n * 10)
    assert await technical(conn) == []


async def test_a_birth_delivered_late_is_no_clone_and_takes_nothing_over(conn: Connection) -> None:
    home = await town.add_home(conn)
    await birth(conn, home.gateway, OLD)
    await birth(conn, home.gateway, NEW, at=5, started=5)
    await birth(conn, home.gateway, OLD, at=6)
    assert await gateway_row(conn, home.gateway) == (True, NEW)
    assert await technical(conn) == []


async def test_two_runs_that_alternate_are_a_cloned_gateway(conn: Connection) -> None:
    home = await town.add_home(conn)
    for n in range(3):
        await birth(conn, home.gateway, OLD, at=n * 20)
        await birth(conn, home.gateway, NEW, at=n * 20 + 10, started=1)
    (case,) = await technical(conn)
    assert case.kinds == ["gateway_cloned"]


def test_returns_far_apart_are_no_clone() -> None:
    assert is_cloned([NOW, NOW - timedelta(minutes=9)], NOW)
    assert not is_cloned([NOW, NOW - timedelta(minutes=11)], NOW)
    assert not is_cloned([NOW], NOW)


@pytest.mark.parametrize(
    ("run", "started", "seen", "verdict"),
    [
        ("present", 0, True, "same"),
        ("other", -100, False, "new"),
        ("other", 100, False, "new"),
        ("other", -100, True, "stale"),
        ("other", 100, True, "returned"),
    ],
)
def test_what_a_birth_means(run: str, started: float, seen: bool, verdict: str) -> None:
    assert (
        judge_run(run, NOW + seconds(started), present="present", present_started_at=NOW, seen_before=seen)
        == verdict
    )


async def device(
    conn: Connection, gateway: str, device: str, *, at: float = 0, retained: bool = False, **fields: Any
) -> None:
    message = {"v": 1, "device": device, "at": ms(NOW + seconds(at)), "online": True} | fields
    await say(conn, topics.device_state(gateway, device), message, at=at, retained=retained)


async def device_row(conn: Connection, device: str) -> tuple[Any, ...]:
    row = await (
        await conn.execute(
            "select state->>'battery_percent', state_at, last_seen_at from device where id = %s", (device,)
        )
    ).fetchone()
    assert row is not None
    return row


async def test_a_devices_state_is_kept_and_an_older_one_changes_nothing(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "watch-1", home)
    await device(conn, home.gateway, "watch-1", at=10, battery_percent=80.0, last_seen=ms(NOW + seconds(8)))
    await device(conn, home.gateway, "watch-1", at=5, battery_percent=99.0)
    assert await device_row(conn, "watch-1") == ("80.0", NOW + seconds(10), NOW + seconds(8))


async def test_a_gateway_speaks_only_for_the_devices_of_its_home(conn: Connection) -> None:
    home, other = await town.add_home(conn), await town.add_home(conn)
    await town.add_device(conn, "watch-1", home)
    await device(conn, other.gateway, "watch-1", battery_percent=1.0)
    assert await device_row(conn, "watch-1") == (None, None, None)
    await town.add_gateway(conn, "gw-protocol", None)
    await device(conn, "gw-protocol", "watch-1", battery_percent=50.0)
    assert (await device_row(conn, "watch-1"))[0] == "50.0"


@pytest.mark.parametrize(
    "payload",
    [b"garbage", b"\xff\xfe", b"{}", b'{"online":"yes","run":5}', b"[" * 50_000, b"x" * 1_000_000, b""],
    ids=lambda payload: repr(payload[:12]),
)
@pytest.mark.parametrize("channel", ["online", "birth"])
async def test_garbage_in_a_state_is_kept_and_reported(
    conn: Connection, channel: str, payload: bytes
) -> None:
    home = await town.add_home(conn)
    await say(conn, topics.state(home.gateway, channel), payload)
    assert await town.count(conn, "quarantine") == 1
    (case,) = await technical(conn)
    assert case.kinds == ["undecodable_message"]


async def test_retained_garbage_raises_nothing_and_a_deletion_is_no_garbage(conn: Connection) -> None:
    home = await town.add_home(conn)
    await say(conn, topics.state(home.gateway, "birth"), b"garbage", retained=True)
    await say(conn, topics.state(home.gateway, "online"), b"", retained=True)
    assert await town.count(conn, "quarantine") == 1
    assert await technical(conn) == []


async def test_a_state_under_another_devices_topic_is_set_aside(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "watch-1", home)
    message = {"v": 1, "device": "watch-1", "at": ms(NOW), "battery_percent": 5.0}
    await say(conn, topics.device_state(home.gateway, "watch-2"), message)
    assert (await device_row(conn, "watch-1"))[0] is None
    assert await town.count(conn, "quarantine") == 1


async def test_an_unregistered_gateways_states_are_only_looked_at(conn: Connection) -> None:
    await birth(conn, "gw-nobody", NEW)
    await online(conn, "gw-nobody", NEW, False)
    assert await town.count(conn, "gateway") == 0
    assert await technical(conn) == []


async def test_a_result_finishes_only_the_gateways_own_command(conn: Connection) -> None:
    home, other = await town.add_home(conn), await town.add_home(conn)
    command = uuid7(ms(NOW))
    await downlink.queue_command(
        conn,
        id=command,
        gateway_id=home.gateway,
        op="ping",
        issued_by="t",
        now=NOW,
        expires_at=NOW + seconds(60),
    )
    answer = {"v": 1, "id": str(command), "status": "done"}
    await say(conn, topics.up(other.gateway, "result"), answer)
    row = await (await conn.execute("select finished_at from command")).fetchone()
    assert row == (None,)
    await say(conn, topics.up(home.gateway, "result"), answer, at=1)
    row = await (await conn.execute("select finished_at from command")).fetchone()
    assert row == (NOW + seconds(1),)


async def test_a_log_line_is_logged_and_nothing_else(
    conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    home = await town.add_home(conn)
    with caplog.at_level("INFO"):
        await say(
            conn,
            topics.up(home.gateway, "log"),
            {"v": 1, "at": ms(NOW), "level": "info", "text": "hello"},
        )
    assert "gateway: hello" in caplog.text
    assert await technical(conn) == []
