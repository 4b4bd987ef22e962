"""Whatever version a database is of, its data goes on: over every migration, and from every released version.

A released version leaves a copy of a town under `released/VERSION`, made by its own
`carebed-cloud backup make`; restoring it is how a database of that version comes to this one.
"""

import re
from pathlib import Path

import pytest

from cloud.backup import copies, restoring
from cloud.database.migrations import available, migrate
from cloud.database.pool import Connection, connect
from cloud.embedded import postgres
from cloud.preparation import prepare_database
from cloud.telemetry.storage import survey
from tests.cloud import town
from tests.cloud.database.filling import counts, fill
from tests.conftest import START

pytestmark = pytest.mark.postgres

RELEASED = Path(__file__).parent / "released"
COPIES = sorted(RELEASED.glob("*")) if RELEASED.is_dir() else []


@pytest.fixture
async def empty_url(postgres_cluster: postgres.Cluster, database_url: str) -> str:
    name = database_url.partition("?")[0].rpartition("/")[2] + "_old"
    await postgres.create_database(postgres_cluster, name)
    return postgres_cluster.url(name)


async def works(conn: Connection) -> None:
    """What this version does with a database goes well on it."""
    await survey(conn, START)
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-after", home)
    before = await town.count(conn, "cases")
    await town.send(conn, home.gateway, town.event("sos", device="zb-after"))
    assert await town.count(conn, "cases") == before + 1


async def test_every_migration_goes_over_data_of_all_before_it(empty_url: str) -> None:
    steps = available()
    async with await connect(empty_url) as conn:
        filled: dict[str, int] = {}
        for n in range(1, len(steps) + 1):
            assert await migrate(empty_url, now=START, migrations=steps[:n]) == [steps[n - 1].name]
            now = await counts(conn)
            gone = {name for name, count in filled.items() if now.get(name, 0) < count}
            assert gone <= DROPPED.get(n, set()), steps[n - 1].name
            if n == 1:
                home = await town.add_home(conn)
                await town.add_device(conn, "zb-1", home)
                await town.add_operator(conn, "a")
            await fill(conn)
            filled = await counts(conn)
        assert {name for name, count in filled.items() if not count} <= NEVER_FILLED
        await prepare_database(empty_url, START)
        await conn.execute("update feed_counter set seq = 10")  # behind it lies the frame that was filled in
        await works(conn)


# Number of a migration -> tables whose rows it moves elsewhere or leaves behind on purpose.
DROPPED: dict[int, set[str]] = {}
# Tables in which no row of plain values is allowed; the stories of their own rooms fill them.
NEVER_FILLED = {"ack_queue", "judging"}


async def test_a_copy_of_an_older_version_goes_on_as_this_one(
    empty_url: str, tmp_path: Path, postgres_cluster: postgres.Cluster
) -> None:
    steps = available()[:12]
    await migrate(empty_url, now=START, migrations=steps)
    async with await connect(empty_url) as conn:
        await town.add_home(conn)
        await fill(conn)
        before = await counts(conn)
    await copies.make(empty_url, tmp_path / "copy", now=START)
    name = empty_url.partition("?")[0].rpartition("/")[2] + "er"
    await postgres.create_database(postgres_cluster, name)
    await goes_forward(postgres_cluster.url(name), tmp_path / "copy", before)


@pytest.mark.parametrize("copy", COPIES, ids=lambda path: path.name)
async def test_a_copy_of_every_released_version_goes_on_as_this_one(copy: Path, empty_url: str) -> None:
    await goes_forward(empty_url, copy, {"home": 1, "resident": 1, "cases": 1, "event": 1})


async def goes_forward(url: str, copy: Path, at_least: dict[str, int]) -> None:
    await restoring.restore(url, copy, now=START)
    async with await connect(url) as conn:
        now = await counts(conn)
        lost = {name for name, count in at_least.items() if now.get(name, 0) < count} - {"feed"}
        assert lost == set(), "a restored feed begins anew, and nothing else"
        await works(conn)


def test_every_released_version_has_a_copy() -> None:
    changes = (Path(__file__).parents[3] / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = set(re.findall(r"^## \[([0-9][^\]]*)\]", changes, re.MULTILINE))
    assert versions == {path.name for path in COPIES}
