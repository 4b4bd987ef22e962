"""The chain over a case's timeline: whatever is changed afterwards shows."""

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.cases import detail, timeline
from cloud.cases.chain import FIRST, Entry, chain_holds, entry_hash
from cloud.database.pool import Connection
from tests.cloud import town
from tests.cloud.town import NOW, event, seconds

CASE = uuid.UUID(int=5)


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    previous = FIRST
    for n in range(1, length + 1):
        salt, data = bytes([n]) * 16, {"n": n}
        hashed = entry_hash(previous, salt, CASE, n, NOW, "note", "甲", data)
        entries.append(
            Entry(n=n, at=NOW, kind="note", actor="甲", data=data, salt=salt, previous=previous, hash=hashed)
        )
        previous = hashed
    return entries


def test_a_chain_as_written_holds() -> None:
    assert chain_holds(CASE, chain(5))
    assert chain_holds(CASE, [])


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "closed"},
        {"actor": "乙"},
        {"data": {"n": 99}},
        {"at": NOW + seconds(1)},
        {"n": 9},
        {"salt": bytes(16)},
        {"previous": bytes([1]) * 32},
        {"hash": bytes(32)},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("position", [0, 2, 4])
def test_any_changed_field_shows(position: int, change: dict[str, object]) -> None:
    entries = chain(5)
    entries[position] = msgspec.structs.replace(entries[position], **change)
    assert not chain_holds(CASE, entries)


@given(st.permutations(range(5)).filter(lambda order: list(order) != sorted(order)))
def test_any_other_order_shows(order: list[int]) -> None:
    entries = chain(5)
    assert not chain_holds(CASE, [entries[position] for position in order])


def test_a_missing_entry_and_another_case_show() -> None:
    entries = chain(5)
    assert not chain_holds(CASE, entries[1:])
    assert not chain_holds(CASE, entries[:2] + entries[3:])
    assert not chain_holds(uuid.UUID(int=6), entries)


async def test_an_edited_row_in_the_database_shows_on_the_case(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    await town.send(conn, home.gateway, event("sos"))
    case = await town.care(conn)
    assert case.chain_valid
    await conn.execute(
        "update case_entry set data = data || '{\"priority\": 3}' where case_id = %s and n = 1", (case.id,)
    )
    assert not (await detail.detail(conn, case.id, town.EVERYONE)).chain_valid
    assert not await timeline.verify_chain(conn, case.id)


async def test_numbers_survive_the_database(conn: Connection) -> None:
    home = await town.add_home(conn)
    await town.add_device(conn, "zb-1", home)
    position = {"device": "zb-1", "at": town.ms(NOW), "lat": 38.0, "lon": 118.6700001, "accuracy_m": 1e16}
    await town.send(conn, home.gateway, event("sos", position=position))
    assert (await town.care(conn)).chain_valid
