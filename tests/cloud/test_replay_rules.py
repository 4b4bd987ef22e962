"""What was stored, judged once more: the same rules find the same, others what differs; nothing changes."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from cloud import judging
from cloud.alarms.observations import Observed
from cloud.alarms.rule_versions import RULES_V1, RuleSet, changed
from cloud.database.pool import Connection
from cloud.replay.rules import replay
from cloud.timers import raise_due_suspicions
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.measured_home import MINUTE, NIGHT, a_bad_set, a_home, measure, observe
from tests.cloud.town import NOW, Home, event, seconds

pytestmark = pytest.mark.postgres

START, END = NIGHT - timedelta(hours=20), NIGHT + timedelta(hours=8)


async def replayed(
    conn: Connection, rules: RuleSet = RULES_V1, **more: Any
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    lines = [line async for line in replay(conn, start=START, end=END, rules=rules, **more)]
    *found, last = lines
    return [(line["found"], line["kind"]) for line in found], last["summary"]


async def a_day(conn: Connection) -> Home:
    """An SOS, falls cancelled, raised and unanswered, a bad set, a high pulse, an empty bed, an open door."""
    home = await a_home(conn)
    await town.send(conn, home.gateway, event("sos", device="watch-1"))
    cancelled, real = event("fall", phase="suspected", device="watch-1"), event("fall", device="watch-1")
    await town.send(conn, home.gateway, cancelled)
    cancelled_again = event("fall", phase="cancelled", device="watch-1", id=cancelled["id"])
    await town.send(conn, home.gateway, cancelled_again, at=NOW + seconds(9))
    await town.send(conn, home.gateway, real, at=NOW + seconds(90))
    alone = event("fall", phase="suspected", device="watch-1", at=NOW + seconds(300))
    await town.send(conn, home.gateway, alone, at=NOW + seconds(300))
    due = Moment(now=NOW + seconds(321), started_at=NOW)
    await raise_due_suspicions(conn, due)
    await town.send(conn, home.gateway, event("sos", device="watch-1"), at=NOW + seconds(400))
    for n in range(2):
        await a_bad_set(conn, home, NOW + n * 2 * MINUTE)
    for n, pulse in enumerate((118, 119, 90, 90, 90)):
        await measure(conn, home, "watch-1", NOW + (20 + n) * MINUTE, {"heart_rate": pulse})
        await judging.judge_waiting(conn, now=NOW + (20 + n) * MINUTE)
    await measure(conn, home, "mat-1", NIGHT - MINUTE, {"in_bed": 1})
    await measure(conn, home, "mat-1", NIGHT, {"in_bed": 0})
    await measure(conn, home, "zb-door", NIGHT, {"door_open": 1})
    for n in (1, 10, 35):
        await judging.judge_waiting(conn, now=NIGHT + n * MINUTE)
        await judging.raise_overdue(conn, now=NIGHT + n * MINUTE)
    await observe(conn, home, NIGHT + timedelta(hours=1), Observed(kind="symptom", text="dizzy"))
    await judging.judge_waiting(conn, now=NIGHT + timedelta(hours=1))
    return home


async def everything(conn: Connection) -> dict[str, int]:
    names = await (
        await conn.execute("select tablename from pg_tables where schemaname = 'public'")
    ).fetchall()
    counts = {}
    for (name,) in names:
        query = sql.SQL("select count(*), coalesce(sum(hashtext(t::text)), 0) from {} t").format(
            sql.Identifier(name)
        )
        counts[name] = hash(await (await conn.execute(query)).fetchone())
    return counts


async def test_the_same_rules_find_the_same_alarms_and_change_nothing(conn: Connection) -> None:
    await a_day(conn)
    before = await everything(conn)
    found, summary = await replayed(conn)
    kinds = {kind for _, kind in found}
    assert {"sos", "fall", "fall_suspected", "news2_high", "vital_out_of_band"} <= kinds
    assert {"not_returned_to_bed", "door_left_open"} <= kinds
    assert {what for what, _ in found} == {"same"}, found
    assert summary["same"] == len(found)
    assert await everything(conn) == before


async def test_another_version_shows_what_it_would_and_would_not_have_raised(conn: Connection) -> None:
    await a_day(conn)
    trial = changed(
        RULES_V1,
        {
            "version": "trial",
            "bed_return": "PT6H",
            "bands": {"heart_rate": {"high": 125}},
            "door_open_at_night": "PT1M",
        },
    )
    found, summary = await replayed(conn, trial)
    assert ("gone", "not_returned_to_bed") in found
    assert ("gone", "vital_out_of_band") in found
    assert summary["rule_version"] == "trial"
    later = changed(RULES_V1, {"version": "later", "news2": {"high": 9}})
    found, _ = await replayed(conn, later)
    assert ("gone", "news2_high") in found
    assert ("new", "news2_medium") in found


async def test_one_elder_is_looked_at_alone(conn: Connection) -> None:
    home = await a_day(conn)
    found, _ = await replayed(conn, resident_id=home.resident_id)
    assert "sos" not in {kind for _, kind in found}
    assert ("same", "news2_high") in found
    other = await town.add_home(conn)
    assert (await replayed(conn, resident_id=other.resident_id))[0] == []


async def test_late_telemetry_raises_nothing_in_a_replay_either(conn: Connection) -> None:
    home = await a_home(conn)
    at = NOW - timedelta(hours=1)
    await measure(conn, home, "watch-1", at, {"heart_rate": 220}, arrived=NOW, late=True)
    assert (await replayed(conn))[0] == []


def command(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud", "replay-rules", "--database-url", database_url, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"LANG": "C", "PATH": "/usr/bin:/bin"},
    )


async def test_the_command_prints_json_lines_and_sums(
    conn: Connection, database_url: str, tmp_path: Path
) -> None:
    await a_day(conn)
    span = ("--from", START.isoformat(), "--to", END.isoformat())
    done = command(database_url, *span)
    assert done.returncode == 0, done.stderr
    *lines, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert last["summary"]["same"] == len(lines) > 0
    assert "the same" in done.stderr
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"version": "trial", "bed_return": "PT6H"}))
    differing = command(database_url, *span, "--rules-file", str(rules), "--differences").stdout.splitlines()
    assert {json.loads(line)["found"] for line in differing[:-1]} == {"gone"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "yesterday", "--to", "2026-01-02T00:00+08:00"),
        ("--from", "2026-01-01T00:00", "--to", "2026-01-02T00:00+08:00"),
        ("--from", "2026-01-02T00:00+08:00", "--to", "2026-01-01T00:00+08:00"),
        ("--from", "2026-01-01T00:00Z", "--to", "2026-01-02T00:00Z", "--rules-file", "/nowhere.json"),
        ("--from", "2026-01-01T00:00Z", "--to", "2026-01-02T00:00Z", "--rule-version", "99"),
    ],
)
def test_what_cannot_be_replayed_is_said(arguments: tuple[str, ...]) -> None:
    done = command("postgresql://127.0.0.1:1/none", *arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr
