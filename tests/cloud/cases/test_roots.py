"""The signed root of a day: what was taken away, put in or changed afterwards shows."""

import stat
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.cases import merkle, roots, store
from cloud.cases.chain import digest
from cloud.cases.merkle import Leaf
from cloud.cases.roots import Finding, verify_day
from cloud.cases.signing import SigningError, load_signer, make_signing_key, public_pem, signature_holds
from cloud.database.pool import Connection, Pool
from cloud.proof import proof_jobs
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.town import LONG_AGO, NOW, event, seconds

DAY = date(2026, 1, 1)
NEXT_DAY = datetime(2026, 1, 1, 16, 6, tzinfo=UTC)  # 00:06 in Shanghai


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    make_signing_key(path)
    return path


def leaves(count: int) -> list[bytes]:
    return [
        merkle.leaf_hash("sha256", Leaf(case_id=uuid.UUID(int=n), n=n, hash=bytes([n]) * 32))
        for n in range(count)
    ]


@given(st.integers(1, 70).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1))))
def test_every_leaf_climbs_to_the_root_and_no_other_does(chosen: tuple[int, int]) -> None:
    count, index = chosen
    hashes = leaves(count)
    root = merkle.root_of("sha256", hashes)
    path = merkle.path_to("sha256", hashes, index)
    assert merkle.climb("sha256", hashes[index], path) == root
    assert merkle.climb("sha256", bytes(32), path) != root


def test_the_tree_is_the_one_of_rfc_6962() -> None:
    a, b, c = leaves(3)
    node = digest("sha256", b"\x01", a, b)
    assert merkle.root_of("sha256", [a, b, c]) == digest("sha256", b"\x01", node, c)
    assert merkle.root_of("sha256", []).hex().startswith("e3b0c44298fc1c14")


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path, key_file: Path) -> None:
    before = key_file.read_bytes()
    make_signing_key(key_file)
    assert key_file.read_bytes() == before
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]
    signer = load_signer(key_file)
    assert signature_holds(signer.public_key, signer.sign(b"x"), b"x")
    assert not signature_holds(signer.public_key, signer.sign(b"x"), b"y")
    assert not signature_holds(b"short", b"", b"")
    assert public_pem(signer.public_key).startswith("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2Vw")


def test_a_key_that_others_can_read_or_that_is_none_is_refused(tmp_path: Path, key_file: Path) -> None:
    key_file.chmod(0o640)
    with pytest.raises(SigningError, match="chmod 600"):
        load_signer(key_file)
    other = tmp_path / "other.pem"
    other.write_text("nothing")
    other.chmod(0o600)
    with pytest.raises(SigningError, match="not a PEM"):
        load_signer(other)
    with pytest.raises(SigningError, match="cannot be read"):
        load_signer(tmp_path / "absent.pem")
    with pytest.raises(SigningError, match="cannot be made"):
        make_signing_key(tmp_path / "no" / "folder.pem")


async def ring(conn: Connection, *, at: datetime = NOW) -> uuid.UUID:
    """A case in a home of its own."""
    home = await town.add_home(conn)
    device = f"zb-{home.gateway}"
    await town.add_device(conn, device, home)
    await town.send(conn, home.gateway, event("sos", device=device, at=at), at=at)
    return (await town.all_cases(conn))[-1].id


async def sign(conn: Connection, key_file: Path, now: datetime = NEXT_DAY) -> None:
    (_, job) = proof_jobs(load_signer(key_file))
    await job.run(conn, Moment(now=now, started_at=LONG_AGO))


async def a_signed_day(conn: Connection, key_file: Path) -> list[uuid.UUID]:
    cases = [await ring(conn) for _ in range(5)]
    await sign(conn, key_file)
    assert await verify_day(conn, DAY) == []
    return cases


async def test_a_day_is_signed_once_it_is_five_minutes_over_and_only_once(
    conn: Connection, pool: Pool, key_file: Path
) -> None:
    await ring(conn)
    await sign(conn, key_file, NEXT_DAY - timedelta(minutes=2))
    assert await town.count(conn, "case_root") == 0
    assert await verify_day(conn, DAY) == [Finding(flaw="no_root")]
    async with pool.connection() as other:
        for each in (conn, other):
            await sign(each, key_file)
    assert await town.count(conn, "case_root") == 1
    assert await verify_day(conn, DAY) == []


async def test_days_without_cases_are_signed_too_and_each_names_the_day_before(
    conn: Connection, key_file: Path
) -> None:
    await ring(conn)
    await sign(conn, key_file, NEXT_DAY + timedelta(days=3))
    assert await town.count(conn, "case_root") == 4
    for n in range(4):
        assert await verify_day(conn, DAY + timedelta(days=n)) == []
    await conn.execute("delete from case_root where day = %s", (DAY + timedelta(days=1),))
    assert await verify_day(conn, DAY + timedelta(days=2)) == [Finding(flaw="day_before")]


async def test_nothing_is_signed_before_there_is_a_case(conn: Connection, key_file: Path) -> None:
    await sign(conn, key_file)
    assert await town.count(conn, "case_root") == 0


async def test_a_last_entry_that_was_taken_away_shows(conn: Connection, key_file: Path) -> None:
    cases = await a_signed_day(conn, key_file)
    await conn.execute("delete from case_entry where case_id = %s and n = 2", (cases[1],))
    assert await verify_day(conn, DAY) == [Finding(flaw="entry_missing", case_id=cases[1], n=2)]


async def test_a_timeline_written_anew_shows(conn: Connection, key_file: Path) -> None:
    cases = await a_signed_day(conn, key_file)
    await conn.execute("delete from case_entry where case_id = %s", (cases[2],))
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, cases[2], operator, now=NOW)
        await store.note(conn, cases[2], operator, "另一个故事", now=NOW)
    assert await verify_day(conn, DAY) == [Finding(flaw="entry_changed", case_id=cases[2], n=2)]


async def test_an_edited_entry_and_a_leaf_that_was_taken_away_show(conn: Connection, key_file: Path) -> None:
    cases = await a_signed_day(conn, key_file)
    await conn.execute("update case_entry set actor = '乙' where case_id = %s and n = 1", (cases[0],))
    await conn.execute("delete from case_root_leaf where case_id = %s", (cases[3],))
    assert await verify_day(conn, DAY) == [
        Finding(flaw="tree"),
        Finding(flaw="chain", case_id=cases[0], n=1),
        Finding(flaw="added_afterwards", case_id=cases[3], n=1),
    ]


async def test_a_root_that_was_made_anew_needs_the_key(conn: Connection, key_file: Path) -> None:
    await a_signed_day(conn, key_file)
    await conn.execute("update case_root set root = sha256('x')")
    assert await verify_day(conn, DAY) == [Finding(flaw="signature"), Finding(flaw="tree")]


async def test_work_on_later_days_leaves_an_earlier_day_as_it_was(conn: Connection, key_file: Path) -> None:
    cases = await a_signed_day(conn, key_file)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, cases[0], operator, now=NEXT_DAY)
    assert await verify_day(conn, DAY) == []
    await sign(conn, key_file, NEXT_DAY + timedelta(days=1))
    covered = await roots.covering(conn, cases[0])
    assert [found.root.day for found in covered] == [DAY, DAY + timedelta(days=1)]
    assert [found.n for found in covered] == [2, 3]


async def test_an_entry_dated_back_into_a_signed_day_shows(conn: Connection, key_file: Path) -> None:
    cases = await a_signed_day(conn, key_file)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.claim(conn, cases[0], operator, now=NOW + seconds(9))
    assert await verify_day(conn, DAY) == [Finding(flaw="added_afterwards", case_id=cases[0], n=3)]


async def test_a_worker_without_a_key_still_keeps_readings() -> None:
    assert [job.name for job in proof_jobs(None)] == ["readings"]
