"""A signed root for each day over the last entry of every changed case: what goes missing later shows.

A day is one of the deployment's zone (Asia/Shanghai has no summer time). Its root is made once the day is
five minutes over, names the root of the day before, and covers a day without cases too.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final, Literal
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.cases import chain, merkle, timeline
from cloud.cases.merkle import Leaf, Node
from cloud.cases.signing import Signer, signature_holds
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "roots.sql")
ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY: Final = timedelta(days=1)
_GRACE: Final = timedelta(minutes=5)  # transactions that began before midnight are over

Flaw = Literal[
    "no_root",
    "signature",
    "day_before",
    "tree",
    "entry_missing",
    "entry_changed",
    "chain",
    "added_afterwards",
]


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """A day's root as it is stored."""

    day: date
    made_at: datetime
    algorithm: str
    leaves: int
    root: bytes
    previous: bytes | None
    key_id: str
    public_key: bytes
    signature: bytes

    @property
    def text(self) -> bytes:
        """What the signature is over."""
        return merkle.signed_text(
            day=self.day,
            made_at=self.made_at,
            algorithm=self.algorithm,
            leaves=self.leaves,
            root=self.root,
            previous=self.previous,
        )


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """A root with the way to it from a case's entry `n`."""

    root: Root
    n: int
    path: list[Node]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What does not hold, of the day or of one case."""

    flaw: Flaw
    case_id: UUID | None = None
    n: int | None = None


def bounds(day: date) -> tuple[datetime, datetime]:
    """When a day begins and ends."""
    start = datetime.combine(day, time(), ZONE).astimezone(UTC)
    return start, start + _DAY


def last_complete(now: datetime) -> date:
    """The last day whose root can be made."""
    return (now - _GRACE).astimezone(ZONE).date() - _DAY


async def sign_next_day(conn: Connection, signer: Signer, *, now: datetime) -> date | None:
    """Make the root of the oldest day that has none; None when all are made. One transaction."""
    async with conn.transaction():
        newest = await (await conn.execute(_SQL["newest_root"])).fetchone()
        if newest is None:
            first = await (await conn.execute(_SQL["first_entry_at"])).fetchone()
            if first is None or first[0] is None:
                return None
            day, previous = first[0].astimezone(ZONE).date(), None
        else:
            day, previous = newest[0] + _DAY, bytes(newest[1])
        if day > last_complete(now):
            return None
        await _sign(conn, signer, day, previous, now)
        return day  # type: ignore[no-any-return]


async def _sign(conn: Connection, signer: Signer, day: date, previous: bytes | None, now: datetime) -> None:
    row = await (await conn.execute(_SQL["algorithm"])).fetchone()
    algorithm = row[0] if row is not None and chain.offered(row[0]) else "sha256"
    starts_at, ends_at = bounds(day)
    cursor = await conn.execute(_SQL["last_of_day"], {"starts_at": starts_at, "ends_at": ends_at})
    leaves = [Leaf(case_id=case_id, n=n, hash=bytes(last)) for case_id, n, last in await cursor.fetchall()]
    root = Root(
        day=day,
        made_at=now,
        algorithm=algorithm,
        leaves=len(leaves),
        root=merkle.root_of(algorithm, [merkle.leaf_hash(algorithm, leaf) for leaf in leaves]),
        previous=previous,
        key_id=signer.key_id,
        public_key=signer.public_key,
        signature=b"",
    )
    root = msgspec.structs.replace(root, signature=signer.sign(root.text))
    if await (await conn.execute(_SQL["add_root"], msgspec.structs.asdict(root))).fetchone() is None:
        return
    given = {
        "day": day,
        "case_ids": [leaf.case_id for leaf in leaves],
        "ns": [leaf.n for leaf in leaves],
        "hashes": [leaf.hash for leaf in leaves],
    }
    await conn.execute(_SQL["add_leaves"], given)


async def find(conn: Connection, day: date) -> Root | None:
    """A day's root."""
    async with conn.cursor(row_factory=class_row(Root)) as cursor:
        await cursor.execute(_SQL["root_of_day"], {"day": day})
        return await cursor.fetchone()


async def covering(conn: Connection, case_id: UUID) -> list[Covered]:
    """Every root over a case, oldest first, each with its path."""
    days = await (await conn.execute(_SQL["days_of_case"], {"case_id": case_id})).fetchall()
    found = []
    for (day,) in days:
        root = await find(conn, day)
        assert root is not None  # a leaf refers to it
        leaves = await _leaves(conn, day)
        index = next(at for at, leaf in enumerate(leaves) if leaf.case_id == case_id)
        hashes = [merkle.leaf_hash(root.algorithm, leaf) for leaf in leaves]
        path = merkle.path_to(root.algorithm, hashes, index)
        found.append(Covered(root=root, n=leaves[index].n, path=path))
    return found


async def verify_day(conn: Connection, day: date) -> list[Finding]:
    """What does not hold of a day: its root, its place among the roots, and every case under it."""
    root = await find(conn, day)
    if root is None:
        return [Finding(flaw="no_root")]
    findings = []
    if not signature_holds(root.public_key, root.signature, root.text):
        findings.append(Finding(flaw="signature"))
    if not await _follows(conn, root):
        findings.append(Finding(flaw="day_before"))
    leaves = await _leaves(conn, day)
    hashes = [merkle.leaf_hash(root.algorithm, leaf) for leaf in leaves]
    if len(leaves) != root.leaves or merkle.root_of(root.algorithm, hashes) != root.root:
        findings.append(Finding(flaw="tree"))
    for leaf in leaves:
        finding = await _verify_leaf(conn, leaf)
        if finding is not None:
            findings.append(finding)
    starts_at, ends_at = bounds(day)
    given = {"day": day, "starts_at": starts_at, "ends_at": ends_at}
    for case_id, n in await (await conn.execute(_SQL["written_afterwards"], given)).fetchall():
        findings.append(Finding(flaw="added_afterwards", case_id=case_id, n=n))
    return findings


async def _follows(conn: Connection, root: Root) -> bool:
    before = await find(conn, root.day - _DAY)
    if before is not None:
        return root.previous == before.root
    row = await (await conn.execute(_SQL["any_root_before"], {"day": root.day})).fetchone()
    return root.previous is None and row is not None and not row[0]


async def _verify_leaf(conn: Connection, leaf: Leaf) -> Finding | None:
    entries = await timeline.read(conn, leaf.case_id)
    broken = chain.first_broken(leaf.case_id, entries)
    if broken is not None:
        return Finding(flaw="chain", case_id=leaf.case_id, n=broken.n)
    if len(entries) < leaf.n:
        return Finding(flaw="entry_missing", case_id=leaf.case_id, n=leaf.n)
    if entries[leaf.n - 1].hash != leaf.hash:
        return Finding(flaw="entry_changed", case_id=leaf.case_id, n=leaf.n)
    return None


async def _leaves(conn: Connection, day: date) -> list[Leaf]:
    cursor = await conn.execute(_SQL["leaves_of_day"], {"day": day})
    return [Leaf(case_id=case_id, n=n, hash=bytes(last)) for case_id, n, last in await cursor.fetchall()]
