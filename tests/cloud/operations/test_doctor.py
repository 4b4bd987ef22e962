"""The doctor names what is wrong, where, and what to do; of what is in order it says so in a word."""

import json
import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from cloud import config
from cloud.__main__ import main
from cloud.backup import copies
from cloud.broker import WORK_USER
from cloud.config import DataDir
from cloud.database.pool import Connection
from cloud.operations import database_doctor, doctor, doctor_texts
from cloud.operations.doctor import examine
from cloud.registry.sealing import make_key_file
from cloud.supervision import canaries, ourselves
from cloud.telemetry import partitions
from cloud.telemetry.storage import Disk
from firmware_specs.clock import Clock
from firmware_specs.ids import uuid7
from tests.cloud import town
from tests.conftest import RunningBroker

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    for name in (config.BROKER_URL, config.DATABASE_URL, config.KEY_FILE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def in_order(conn: Connection, tmp_path: Path) -> DataDir:
    """A data folder and a database as of a cloud that runs well."""
    clock, data = Clock(), DataDir(tmp_path / "data")
    data.make()
    make_key_file(data.key_file)
    await partitions.prepare(conn, clock.now())
    await ourselves.note_alive(conn, "work", now=clock.now())
    await ourselves.note_alive(conn, "canary", now=clock.now())
    await conn.execute("insert into ingest_life (alive_at) values (%s)", (clock.now(),))
    await canaries.note_run(conn, run(clock), now=clock.now())
    copy = tmp_path / "copies" / "tonight"
    copy.mkdir(parents=True)
    manifest = {"began_at": clock.now(), "migrations": [], "bytes": 0, "sha256": ""}
    (copy / copies.MANIFEST).write_text(json.dumps(manifest, default=str))
    return data


def run(clock: Clock) -> canaries.Run:
    return canaries.Run(id=uuid7(clock.now_ms()), pressed_at=clock.now(), seen_at=clock.now(), took_ms=40)


async def wrong(data: DataDir, url: str, tmp_path: Path, clock: Clock | None = None) -> dict[str, str]:
    """What is wrong, by check."""
    found = await examine(data, clock or Clock(), url=url, backups=tmp_path / "copies")
    texts: dict[str, str] = {}
    for finding in found:
        if not finding.good:
            texts[finding.check] = "\n".join(filter(None, (texts.get(finding.check), finding.text)))
    return texts


async def test_a_cloud_in_order_lacks_only_what_nobody_has_configured(
    in_order: DataDir,
    database_url: str,
    tmp_path: Path,
    broker: RunningBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(config.BROKER_URL, broker.url(WORK_USER))
    assert set(await wrong(in_order, database_url, tmp_path)) == {"notifications"}
    monkeypatch.setenv(config.BROKER_URL, f"mqtt://{WORK_USER}:guessed@127.0.0.1:{broker.port}")
    monkeypatch.setattr(doctor, "_BROKER_S", 0.5)
    assert "does not let carebed-work in" in (await wrong(in_order, database_url, tmp_path))["broker"]


async def test_what_is_wrong_is_named_with_what_to_do(
    in_order: DataDir, conn: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(config.BROKER_URL, "mqtt://x:y@127.0.0.1:1")
    in_order.key_file.chmod(0o644)
    (in_order.path / "notifications.toml").write_text("nonsense")
    for n in range(7):
        await town.add_gateway(conn, f"gw-{n}", None, online=n % 2 == 0 or None)
    await conn.execute("update gateway set online = false, online_changed_at = %s where online", (town.NOW,))
    await conn.execute("update canary_state set red_since = %s, reason = 'slow'", (town.NOW,))
    await conn.execute("insert into history_waiting values ('reading_20260101', 'reading', '2026-01-01')")
    found = await wrong(in_order, database_url, tmp_path, Clock(start_ms=40 * 86_400_000))
    assert "1 pieces of a copy are not back" in found["partitions"]
    assert "127.0.0.1:1 cannot be reached" in found["broker"]
    assert f"chmod 600 {in_order.key_file}" in found["keys"]
    assert "notifications.toml" in found["notifications"]
    assert "4 of 7 have been offline for more than 15 min" in found["gateways"]
    assert "3 were registered and never came online: gw-1, gw-3, gw-5." in found["gateways"]
    assert "since 2026-01-01 02:10:00 UTC (slow)" in found["canary"]
    assert "partitions of reading end at" in found["partitions"]
    assert "work has been silent for 40 d" in found["programs"]
    assert "is 40 d old" in found["backup"]


def test_a_disk_that_will_be_full_within_a_month_is_named_with_how_many_days_fit() -> None:
    now = town.NOW
    disk = Disk("/data", 10**12, 10**11, now + timedelta(days=3), 21)
    assert "--keep 21" in database_doctor._filling(disk, now)[0].text
    assert (
        database_doctor._filling(msgspec.structs.replace(disk, full_at=now + timedelta(days=31)), now) == []
    )


async def test_without_database_cloud_copies_and_key_it_still_says_all_it_can(tmp_path: Path) -> None:
    nowhere = DataDir(tmp_path / "nothing")
    found = await wrong(nowhere, "postgresql://127.0.0.1:1/x?connect_timeout=2", tmp_path)
    assert set(found) == {"database", "broker", "keys", "backup", "notifications"}
    assert "Enable carebed-backup.timer" in found["backup"]
    asked = await examine(nowhere, Clock(), url=None, backups=tmp_path)
    assert next(finding.check for finding in asked if not finding.good) == "cloud"


async def test_missing_migrations_come_before_what_needs_them(conn: Connection) -> None:
    await conn.execute("delete from schema_migration where number > 5")
    found = {finding.check: finding.text for finding in await database_doctor.examine(conn, Clock())}
    assert "Run carebed-cloud migrate" in found["migrations"]
    assert "partitions" not in found


def test_the_command_speaks_the_callers_language_and_ends_with_what_it_found(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["doctor", "--data-dir", str(tmp_path), "--database-url", database_url]
    assert main([*arguments, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["good"] is False
    assert {finding["check"] for finding in told["findings"]} <= set(doctor_texts.NAMES)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(told["findings"])
    assert all(re.match(r"\[(正常|异常)\] \S+: .", line) for line in lines)
    assert database_url not in "".join(lines), "an address may hold a password"
