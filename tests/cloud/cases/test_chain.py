"""What the chain says of erased words, of another hash, and where it first breaks."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
import pytest

from cloud.cases import chain, store, timeline
from cloud.cases.chain import FIRST, AlgorithmMissing, Broken, Entry, first_broken
from cloud.cases.intake import lock
from cloud.database.pool import Connection
from tests.cloud import town
from tests.cloud.town import NOW, event, seconds

CASE = uuid.UUID(int=5)
needs_sm3 = pytest.mark.skipif(not chain.offered("sm3"), reason="OpenSSL without SM3")


def written(*lines: tuple[str, dict[str, Any]], algorithm: str = "sha256") -> list[Entry]:
    """Entries as the store writes them."""
    entries: list[Entry] = []
    previous = FIRST
    for n, (kind, data) in enumerate(lines, 1):
        salt = bytes([n]) * 16
        inner = chain.digest(algorithm, salt, chain.payload(CASE, n, NOW, kind, "甲", data))
        link = chain.digest(algorithm, previous, inner)
        entries.append(
            Entry(
                n=n, at=NOW, kind=kind, actor="甲", data=data, salt=salt, previous=previous,
                hash=link, algorithm=algorithm, payload_hash=inner,
            )
        )  # fmt: skip
        previous = link
    return entries


def gone(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, salt=None, data={}, erased_at=NOW)


def test_the_first_broken_entry_is_named_with_what_is_wrong() -> None:
    entries = written(("opened", {}), ("note", {"text": "a"}), ("note", {"text": "b"}), ("closed", {}))
    assert first_broken(CASE, entries) is None
    edited = [*entries[:2], msgspec.structs.replace(entries[2], data={"text": "c"}), entries[3]]
    assert first_broken(CASE, edited) == Broken(n=3, flaw="payload")
    assert first_broken(CASE, entries[:1] + entries[2:]) == Broken(n=2, flaw="missing")
    relinked = [*entries[:3], msgspec.structs.replace(entries[3], previous=FIRST)]
    assert first_broken(CASE, relinked) == Broken(n=4, flaw="previous")


def test_erased_words_leave_the_chain_whole_where_an_entry_says_so() -> None:
    entries = written(("note", {"text": "王"}), ("note", {}), ("erased", {"entries": [1]}))
    assert first_broken(CASE, [gone(entries[0]), *entries[1:]]) is None
    assert first_broken(CASE, [entries[0], gone(entries[1]), entries[2]]) == Broken(n=2, flaw="erased")


def test_an_erasure_cannot_hide_another_or_itself() -> None:
    entries = written(("erased", {"entries": [2]}), ("note", {}), ("erased", {"entries": [3]}))
    assert first_broken(CASE, [entries[0], gone(entries[1]), entries[2]]) == Broken(n=2, flaw="erased")
    assert first_broken(CASE, [*entries[:2], gone(entries[2])]) == Broken(n=3, flaw="erased")


def test_a_changed_hash_of_erased_words_shows() -> None:
    entries = written(("note", {"text": "王"}), ("erased", {"entries": [1]}))
    changed = msgspec.structs.replace(gone(entries[0]), payload_hash=bytes(32))
    assert first_broken(CASE, [changed, entries[1]]) == Broken(n=1, flaw="hash")


@needs_sm3
def test_sm3_is_the_published_one_and_makes_a_chain() -> None:
    # GB/T 32905-2016, example 1.
    assert chain.digest("sm3", b"abc").hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    entries = written(("opened", {}), ("closed", {}), algorithm="sm3")
    assert first_broken(CASE, entries) is None
    other = [entries[0], msgspec.structs.replace(entries[1], algorithm="sha256")]
    assert first_broken(CASE, other) == Broken(n=2, flaw="payload")


def test_a_hash_that_is_not_offered_is_named() -> None:
    with pytest.raises(AlgorithmMissing, match="md5"):
        chain.digest("md5", b"")
    entries = written(("opened", {}))
    odd = msgspec.structs.replace(entries[0], algorithm="sm9")
    assert first_broken(CASE, [odd]) == Broken(n=1, flaw="algorithm")


async def a_case(conn: Connection) -> tuple[uuid.UUID, datetime]:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.send(conn, home.gateway, event("sos"))
    return (await town.care(conn)).id, NOW + seconds(10)


async def test_a_persons_words_are_erased_from_the_database_and_the_chain_still_holds(
    conn: Connection,
) -> None:
    case_id, later = await a_case(conn)
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.note(conn, case_id, operator, "王秀英摔倒了", now=later)
        await lock(conn, case_id)
        erased = await timeline.erase(conn, case_id, [2, 3, 99], actor="system", reason="request", now=later)
    assert erased == [2, 3]
    rows = await (
        await conn.execute(
            "select data::text, salt from case_entry where case_id = %s order by n", (case_id,)
        )
    ).fetchall()
    assert "王秀英" not in str(rows)
    assert [row[1] is None for row in rows] == [False, True, True, False]
    assert await timeline.verify_chain(conn, case_id)
    assert (await town.care(conn)).timeline[-1].data == {"entries": [2, 3], "reason": "request"}
    async with conn.transaction():
        await lock(conn, case_id)
        again = await timeline.erase(conn, case_id, [2, 4], actor="system", reason="request", now=later)
    assert again == [], "what was erased, and what says so, stays as it is"
    await conn.execute(
        "update case_entry set data = data - 'entries' where case_id = %s and n = 4", (case_id,)
    )
    assert not await timeline.verify_chain(conn, case_id)


async def test_lines_from_before_payload_hashes_were_kept_are_still_proved_and_can_be_erased(
    conn: Connection,
) -> None:
    case_id, later = await a_case(conn)
    await conn.execute("update case_entry set payload_hash = null where case_id = %s", (case_id,))
    assert await timeline.verify_chain(conn, case_id)
    async with conn.transaction():
        await lock(conn, case_id)
        await timeline.erase(conn, case_id, [1], actor="system", reason="request", now=later)
    assert await timeline.verify_chain(conn, case_id)


@needs_sm3
async def test_a_deployment_changes_its_hash_and_old_lines_stay_proved(conn: Connection) -> None:
    case_id, later = await a_case(conn)
    await timeline.set_algorithm(conn, "sm3")
    operator = await town.add_operator(conn, "甲")
    async with conn.transaction():
        await store.note(conn, case_id, operator, "电话", now=later)
    entries = await timeline.read(conn, case_id)
    assert [entry.algorithm for entry in entries] == ["sha256", "sha256", "sm3"]
    assert await timeline.verify_chain(conn, case_id)


async def test_no_alarm_is_refused_for_a_hash_that_is_missing(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await conn.execute("update timeline_policy set algorithm = 'sm3'")
    whole = chain.digest

    def without_sm3(algorithm: str, *parts: bytes) -> bytes:
        if algorithm == "sm3":
            raise AlgorithmMissing(algorithm)
        return whole(algorithm, *parts)

    monkeypatch.setattr(chain, "digest", without_sm3)
    case_id, _ = await a_case(conn)
    assert {entry.algorithm for entry in await timeline.read(conn, case_id)} == {"sha256"}
    assert await timeline.verify_chain(conn, case_id)
    assert "hash is missing" in caplog.text
    with pytest.raises(AlgorithmMissing, match="sm3"):
        await timeline.set_algorithm(conn, "sm3")
