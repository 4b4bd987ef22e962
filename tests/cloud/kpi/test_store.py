"""Figures from real timelines: what the road and the desk wrote down, grouped, filtered, and who may ask."""

import asyncio
import csv
import io
import json
import uuid
from datetime import timedelta

import msgspec
import pytest

from cloud.__main__ import main
from cloud.access.access import Identity
from cloud.access.errors import InvalidInput
from cloud.cases import stages, store
from cloud.cases.case import Actor
from cloud.database.pool import Connection
from cloud.kpi import tables
from cloud.kpi.silent import SilentCounts
from cloud.kpi.store import Grouping, Kpi, at_the_desk, compute, shift_of
from tests.cloud import town
from tests.cloud.town import NOW, event, seconds

LATER = NOW + timedelta(hours=2)


async def ring(conn: Connection, kind: str = "sos", *, area: str = town.AREA, at: float = 0) -> uuid.UUID:
    home = await town.add_home(conn, area=area)
    device = f"zb-{home.gateway}"
    await town.add_device(conn, device, home)
    when = NOW + seconds(at)
    await town.send(conn, home.gateway, event(kind, device=device, at=when), at=when)
    return (await town.all_cases(conn))[-1].id


async def claim(conn: Connection, case_id: uuid.UUID, operator: Actor, at: float) -> None:
    async with conn.transaction():
        await store.claim(conn, case_id, operator, now=NOW + seconds(at))


async def ask(
    conn: Connection, grouping: Grouping = "all", reader: Identity = town.EVERYONE, hours: float = 1
) -> Kpi:
    end = NOW + timedelta(hours=hours)
    return await compute(conn, reader, start=NOW, end=end, grouping=grouping, now=LATER)


async def a_busy_hour(conn: Connection) -> tuple[Actor, Actor]:
    """Four cases: claimed after 5, 10 and 20 s by two operators, one not at all; a battery; a test."""
    first, second = await town.add_operator(conn, "甲"), await town.add_operator(conn, "乙")
    for operator, took in ((first, 5), (first, 10), (second, 20)):
        await claim(conn, await ring(conn), operator, took)
    await ring(conn, area="370503", at=60)
    await ring(conn, "battery_low")
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-test", home)
    await town.send(conn, home.gateway, event("detector_test", device="zb-test"))
    return first, second


async def test_figures_of_a_busy_hour(conn: Connection) -> None:
    await a_busy_hour(conn)
    found = (await ask(conn)).total
    assert (found.cases_all, found.urgent_all, found.activations) == (5, 4, 5)
    assert (found.answer_p50_s, found.answer_most_s) == (10.0, 20.0)
    assert (found.answer_15s_acted, found.answer_60s_acted) == (50.0, 75.0)
    assert found.seat_hours == 2.0
    assert found.load_per_hour == 2.5
    assert len(found.top_devices) == 5


async def test_what_the_system_says_of_itself_counts_and_is_no_devices_alarm(conn: Connection) -> None:
    case_id = await ring(conn)
    assert len((await ask(conn)).total.top_devices) == 1
    await conn.execute(
        "update cases set subject_kind = 'system', subject_id = 'desk' where id = %s", (case_id,)
    )
    found = (await ask(conn)).total
    assert (found.cases_all, found.top_devices) == (1, [])


async def test_test_cases_and_the_canarys_home_count_in_none(conn: Connection) -> None:
    await a_busy_hour(conn)
    before = (await ask(conn)).total
    case_id = await ring(conn)
    assert (await ask(conn)).total.cases_all == before.cases_all + 1
    await conn.execute("update cases set synthetic = true where id = %s", (case_id,))
    assert (await ask(conn)).total == before


async def test_what_the_desks_own_call_back_finds_is_no_load_from_outside(conn: Connection) -> None:
    case_id = await ring(conn)
    operator = await town.add_operator(conn, "甲")
    await claim(conn, case_id, operator, 5)
    async with conn.transaction():
        await stages.call_back(conn, case_id, operator, "no_answer", now=NOW + seconds(40))
    found = (await ask(conn)).total
    assert (found.cases_all, found.activations, found.answer_p50_s) == (1, 1, 5.0)


async def test_groups_by_seat_shift_and_district(conn: Connection) -> None:
    first, _ = await a_busy_hour(conn)
    await conn.execute("insert into area (code, name) values ('370503', '河口区') on conflict do nothing")
    seats = {group.label: group for group in (await ask(conn, "seat")).groups}
    assert seats.keys() == {"甲", "乙", "-"}
    assert seats["甲"].key == str(first.seat_id)
    assert (seats["甲"].figures.cases_all, seats["乙"].figures.answer_p50_s) == (2, 20.0)
    districts = {group.key: group for group in (await ask(conn, "district")).groups}
    assert {key: group.figures.cases_all for key, group in districts.items()} == {"370502": 4, "370503": 1}
    assert districts["370502"].label == "东营区"
    (shift,) = (await ask(conn, "shift")).groups
    assert (shift.key, shift.figures.cases_all) == ("2026-01-01 08:00", 5)
    assert shift_of(NOW - timedelta(hours=3)) == "2026-01-01 00:00"


async def test_the_desk_shows_today_ones_own_shift_and_what_is_silent(conn: Connection) -> None:
    first, _ = await a_busy_hour(conn)
    reader = Identity(id=first.id, name=first.name, role="operator", username="a")
    found = await at_the_desk(conn, reader, silent=SilentCounts(), now=LATER)
    assert found.shift_since == NOW.replace(hour=0, minute=0)  # 08:00 in Asia/Shanghai
    assert (found.today.urgent, found.today.taken_30s, found.today.false_alarms) == (4, 75.0, 0)
    assert found.today.dispatch_mean_s is None
    assert (found.own.taken, found.own.taken_p1, found.own.answer_p50_s) == (2, 2, 5.0)
    assert (found.silent.devices_silent, found.silent.devices) == (0, 6)
    next_shift = await at_the_desk(conn, reader, silent=SilentCounts(), now=NOW + timedelta(hours=7))
    assert (next_shift.own.taken, next_shift.today.urgent) == (0, 4)


async def test_what_is_silent_is_counted_again_after_half_a_minute(conn: Connection) -> None:
    first, _ = await a_busy_hour(conn)
    reader = Identity(id=first.id, name=first.name, role="operator", username="a")
    silent = SilentCounts()
    before = await silent.of(conn, reader, LATER)
    await conn.execute(
        "insert into device_life (device_key, last_at, due_at, offline_at)"
        " select device_key, %(at)s, %(at)s, %(at)s from installation limit 1"
        " on conflict (device_key) do update set offline_at = excluded.offline_at",
        {"at": LATER},
    )
    assert await silent.of(conn, reader, LATER + timedelta(seconds=29)) == before
    after = await silent.of(conn, reader, LATER + timedelta(seconds=30))
    assert after.devices_silent == before.devices_silent + 1
    elsewhere = msgspec.structs.replace(reader, area_code="999999")
    assert (await silent.of(conn, elsewhere, LATER)).devices == 0


async def test_a_reader_gets_the_figures_of_their_own_area(conn: Connection) -> None:
    await a_busy_hour(conn)
    official = Identity(id=uuid.UUID(int=2), name="民政", role="official", area_code="370503")
    assert (await ask(conn, reader=official)).total.cases_all == 1
    stranger = Identity(id=uuid.UUID(int=2), name="他", role="official", org_id=uuid.UUID(int=3))
    assert (await ask(conn, reader=stranger)).total.cases_all == 0


async def test_a_case_open_for_a_day_is_stale_until_somebody_ends_it(conn: Connection) -> None:
    case_id = await ring(conn)
    operator = await town.add_operator(conn, "甲")

    async def stale(hours: float) -> int:
        end = NOW + timedelta(hours=hours)
        found = await compute(conn, town.EVERYONE, start=end - timedelta(hours=1), end=end, now=end)
        return found.total.stale

    assert await stale(24) == 0
    assert await stale(24.1) == 1
    await claim(conn, case_id, operator, 10)
    assert await stale(25) == 1
    async with conn.transaction():
        await store.resolve(conn, case_id, operator, now=NOW + timedelta(hours=26))
    assert (await stale(25.5), await stale(26.5)) == (1, 0)


async def test_a_span_that_cannot_be_is_refused(conn: Connection) -> None:
    for hours in (0, -1, 24 * 93):
        with pytest.raises(InvalidInput):
            await ask(conn, hours=hours)


async def test_erased_words_still_count(conn: Connection) -> None:
    await a_busy_hour(conn)
    before = (await ask(conn)).total
    from cloud.cases import timeline
    from cloud.cases.intake import lock

    for case in await town.all_cases(conn):
        async with conn.transaction():
            await lock(conn, case.id)
            await timeline.erase(
                conn, case.id, range(1, 9), actor="system", reason="x", now=NOW + seconds(90)
            )
    after = (await ask(conn)).total
    assert (after.answer_p50_s, after.cases_all, after.urgent_all) == (
        before.answer_p50_s,
        before.cases_all,
        before.urgent_all,
    )


async def test_the_spreadsheet_has_its_mark_and_no_formula(conn: Connection) -> None:
    operator = await town.add_operator(conn, '=HYPERLINK("x")')
    await claim(conn, await ring(conn), operator, 5)
    text = tables.as_csv(await ask(conn, "seat"))
    assert text.startswith("\ufeffgroup,label,cases_all,")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [len(row) for row in rows] == [len(rows[0])] * len(rows)
    assert rows[1][:3] == ["total", "全部 / all", "1"]
    assert rows[2][1].startswith("'=")


async def test_the_command_prints_the_promises_beside_what_was_reached(
    conn: Connection,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await a_busy_hour(conn)
    monkeypatch.setenv("LC_ALL", "C")
    span = ("--from", "2026-01-01T10:10", "--to", "2026-01-01T11:10", "--database-url", database_url)

    async def run(*more: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["kpi", *span, *more])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = await run("--group", "seat")
    assert code == 0
    assert "claimed within 15 s (P1, P2)" in said
    assert "50 %" in said
    code, said = await run("--json")
    assert json.loads(said)["total"]["cases_all"] == 5
    code, said = await run("--csv")
    assert said.startswith("\ufeff")
    code, said = await run("--to", "2025-01-01T00:00")
    assert (code, said) == (1, "carebed-cloud kpi: `from` must lie before `to`, by 92 days at most\n")
