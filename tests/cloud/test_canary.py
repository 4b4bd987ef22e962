"""The canary: a press over the whole road each minute, seen by nobody at a desk, missed by everybody."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloud.access.access import Identity, hash_secret
from cloud.canary import EVERY_S, Keys, keys_in
from cloud.cases import detail
from cloud.database.pool import Connection, connect
from cloud.feed import store as feed
from cloud.supervision import canaries
from cloud.supervision.canaries import DEVICE, GATEWAY, Run
from firmware_specs.ids import uuid7
from tests.cloud import town
from tests.cloud.running import Cloud, running_cloud
from tests.cloud.town import EVERYONE, NOW, event, ms, seconds
from tests.waiting import LIMIT_S, until

pytestmark = pytest.mark.postgres
CANARY = Identity(id=EVERYONE.id, name="canary", role="canary")  # type: ignore[arg-type]  # no person's role


async def found(conn: Connection) -> None:
    async with conn.transaction():
        await canaries.found(conn, now=NOW, verifiers=("b", "p"), token_hash=hash_secret("token"))
        await canaries.open_window(conn, now=NOW)


async def press(conn: Connection, at: float = 0, **fields: Any) -> None:
    message = event("sos", device=DEVICE, test=True, at=NOW + seconds(at)) | fields
    await town.send(conn, GATEWAY, message, at=NOW + seconds(at))


def a_run(at: float, took_ms: int | None, reason: str = "") -> Run:
    return Run(id=uuid7(ms(NOW + seconds(at))), pressed_at=NOW + seconds(at), took_ms=took_ms, reason=reason)


async def note(conn: Connection, run: Run) -> bool | None:
    async with conn.transaction():
        return await canaries.note_run(conn, run, now=run.pressed_at)


async def desk_news(conn: Connection, reader: Identity) -> list[dict[str, Any]]:
    import json

    frames = await feed.read_after(conn, 0, reader)
    return [json.loads(frame.encode())["data"] for frame in frames if frame.type == "desk"]


async def test_its_press_is_a_test_case_that_no_seat_is_shown(conn: Connection) -> None:
    await found(conn)
    await press(conn)
    assert await town.all_cases(conn) == []
    row = await (await conn.execute("select id, class, priority, synthetic from cases")).fetchone()
    assert row is not None
    assert row[1:] == ("test", 4, True)
    for role in ("operator", "supervisor", "technician", "admin"):
        reader = Identity(id=EVERYONE.id, name="甲", role=role)
        assert await feed.read_after(conn, 0, reader) == []
    (frame,) = await feed.read_after(conn, 0, CANARY)
    assert frame.type == "canary"


async def test_its_cases_close_themselves_and_each_press_opens_a_new_one(conn: Connection) -> None:
    await found(conn)
    for minute in range(3):
        await press(conn, minute * 60)
        async with conn.transaction():
            assert await canaries.close_own(conn, now=NOW + seconds(minute * 60 + 1)) == 1
    rows = await (await conn.execute("select id, state, disposition from cases order by number")).fetchall()
    assert [row[1:] for row in rows] == [("closed", "test")] * 3
    assert (await detail.detail(conn, rows[-1][0], EVERYONE)).chain_valid


async def test_its_own_gateway_cannot_hide_a_real_alarm(conn: Connection) -> None:
    await found(conn)
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await press(conn, test=False)
    await press(conn, 1, device="zb-1")
    shown = await town.all_cases(conn)
    assert {case.class_ for case in shown} >= {"care"}
    assert all(case.priority == 1 for case in shown if case.class_ == "care")


async def test_its_standing_window_ends_ten_minutes_after_its_last_press(conn: Connection) -> None:
    await found(conn)
    async with conn.transaction():
        await canaries.open_window(conn, now=NOW + seconds(300))
    assert await town.count(conn, "test_window") == 1
    await press(conn, 300 + 601)
    (case,) = await town.all_cases(conn)
    assert (case.class_, case.priority) == ("care", 1)


async def test_no_other_device_can_have_its_window(conn: Connection) -> None:
    await found(conn)
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await conn.execute("update installation set home_id = %s", (home.id,))
    await conn.execute("delete from test_window")
    async with conn.transaction():
        await canaries.open_window(conn, now=NOW)
    assert await town.count(conn, "test_window") == 0


async def test_founding_again_changes_nothing(conn: Connection) -> None:
    await found(conn)
    await found(conn)
    for table, rows in (("gateway", 1), ("home", 1), ("installation", 1), ("api_token", 1)):
        assert await town.count(conn, table) == rows, table


async def test_a_slow_or_missing_press_is_told_once_and_so_is_the_end_of_it(conn: Connection) -> None:
    await found(conn)
    assert await note(conn, a_run(0, 80)) is None
    assert await note(conn, a_run(60, 5001, "slow")) is True
    assert await note(conn, a_run(120, None, "not_seen")) is None
    assert await note(conn, a_run(180, 90)) is False
    assert await note(conn, a_run(240, 90)) is None
    east = Identity(id=EVERYONE.id, name="东", role="operator", area_code="3705")
    for reader in (EVERYONE, east):
        red, ok = await desk_news(conn, reader)
        assert (red["kind"], red["state"], red["last_ms"]) == ("canary", "red", 5001)
        assert (ok["state"], ok["since"]) == ("ok", red["since"])


async def test_the_duty_engineer_is_called_once_a_failure(conn: Connection) -> None:
    await found(conn)
    await town.add_operator(conn, "主管")
    await conn.execute("update staff set role = 'supervisor'")
    await note(conn, a_run(0, None, "not_seen"))
    await note(conn, a_run(60, None, "not_seen"))
    rows = await (await conn.execute("select template, channel, priority from notification")).fetchall()
    assert sorted(rows) == [("duty_page", "sms", 2), ("duty_page", "voice", 2)]
    await note(conn, a_run(120, 90))
    await note(conn, a_run(180, None, "not_seen"))
    assert await town.count(conn, "notification") == 4


async def test_presses_of_last_week_are_forgotten_and_nothing_else_is(conn: Connection) -> None:
    await found(conn)
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.send(conn, home.gateway, event("sos"))
    for minute in range(3):
        await press(conn, minute * 60)
        await note(conn, a_run(minute * 60, 80))
        async with conn.transaction():
            await canaries.close_own(conn, now=NOW + seconds(minute * 60 + 1))
    await canaries.trim(conn, before=NOW + seconds(100))
    assert await town.count(conn, "cases") == 2
    assert await town.count(conn, "canary_run") == 1
    await canaries.trim(conn, before=NOW + seconds(1000))
    (case,) = await town.all_cases(conn)
    assert case.class_ == "care"
    assert await town.count(conn, "event") == 1


def test_its_keys_are_made_once_and_are_private(data_dir: Path) -> None:
    path = data_dir / "canary.json"
    keys = keys_in(path)
    assert isinstance(keys, Keys)
    assert keys_in(path) == keys
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{}")
    with pytest.raises(ValueError, match="canary"):
        keys_in(path)


async def health(cloud: Cloud) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        answer = await client.get(f"http://127.0.0.1:{cloud.http_port}/api/v1/health", timeout=LIMIT_S)
    found: dict[str, Any] = answer.json()["canary"]
    return found


@pytest.mark.broker
async def test_a_stopped_ingestor_is_a_red_bar_and_its_return_is_seen_before_the_next_minute(
    data_dir: Path,
) -> None:
    async with running_cloud(data_dir) as cloud:

        async def is_ok() -> bool:
            return bool((await health(cloud))["state"] == "ok")

        async def is_red() -> bool:
            return bool((await health(cloud))["state"] == "red")

        ingest = cloud.child("ingest")
        os.kill(ingest, signal.SIGSTOP)
        try:
            await until(is_red, limit_s=EVERY_S + LIMIT_S)
        finally:
            os.kill(ingest, signal.SIGCONT)
        await until(is_ok, limit_s=EVERY_S - 10)
        assert 0 < (await health(cloud))["last_ms"] < 5000
        async with await connect(str(cloud.facts["database_url"])) as conn:
            news = [item for item in await desk_news(conn, EVERYONE) if item["kind"] == "canary"]
            assert [item["state"] for item in news] == ["red", "ok"]
            assert [case for case in await town.all_cases(conn) if case.class_ != "technical"] == []
