"""The drill: a cloud burns down after a copy was made; another one goes on from the copy, complete."""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from cloud.config import DataDir
from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi
from simulators.devices.watch import SOS
from simulators.registration import register_town
from simulators.stage import OwnCloud
from tests.benchmarks.watch_post import WatchPost, register_watch_homes
from tests.waiting import until

pytestmark = [pytest.mark.postgres, pytest.mark.broker]


def backup(*arguments: object) -> str:
    """What `carebed-cloud backup …` prints; it must go well."""
    command = [sys.executable, "-m", "cloud", "backup", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def presses(cloud: OwnCloud) -> list[str]:
    """The id of each stored press, one entry a row."""
    with psycopg.connect(DataDir(cloud.folder).running()["database_url"]) as conn:
        rows = conn.execute("select id::text from event where kind = 'sos' order by id").fetchall()
    return [row[0] for row in rows]


async def test_a_cloud_that_was_lost_goes_on_complete_from_its_copy(data_dir: Path) -> None:
    clock = Clock()
    first = OwnCloud(data_dir / "first", clock)
    await first.start()
    stage = await first.stage()
    async with CloudApi(stage.api_url, stage.admin_token) as api:
        await register_town(api)
        records, secret = await register_watch_homes(api, 3, 1)
    post = WatchPost(records, data_dir / "edge", clock, report_s=3600)
    await post.start(secret, first.broker_url)
    before, after, later = post.watches.values()
    try:
        await before.alarm(SOS, at=clock.now_ms())
        await until(lambda: len(presses(first)) == 1)
        folder, keys = data_dir / "copy", data_dir / "keys"
        backup("make", folder, "--keys", keys, "--data-dir", first.folder)
        await after.alarm(SOS, at=clock.now_ms())
        await until(lambda: len(presses(first)) == 2)
        stored = presses(first)
        await first.stop()
        shutil.rmtree(first.folder)

        second = OwnCloud(
            data_dir / "second",
            clock,
            http_port=first.http_port,
            mqtt_port=first.mqtt_port,
        )
        said = backup("restore", folder, "--desk-first", "--keys", keys, "--data-dir", second.folder)
        assert f"backup readings {folder}" in said
        await second.start()
        try:
            await until(lambda: presses(second) == stored, limit_s=60)
            await later.alarm(SOS, at=clock.now_ms())
            await until(lambda: len(presses(second)) == 3)
            said = backup("readings", folder, "--data-dir", second.folder)
            assert "reading_hour_" in said
            token = await second.token("screen", "operator")
            async with CloudApi(second.api_url, token) as api:
                live = (await api.get("/cases", state="live"))["items"]
            assert sorted(case["alarm_count"] for case in live if case["class"] == "care") == [1, 1, 1]
        finally:
            await second.stop()
    finally:
        await post.stop()
        await first.stop()
