"""The evidence of a case: what a file needs so that anybody can check it without us. Gathered here, shown by
evidence_page.py, checked by evidence_check.py.
"""

from datetime import datetime
from importlib import metadata
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.cases import chain, readings, roots, timeline
from cloud.cases.chain import Entry
from cloud.cases.hops import hops
from cloud.cases.publish import find, no_such_case
from cloud.cases.roots import Covered
from cloud.cases.signing import Signer
from cloud.cases.summary import Hop, iso, iso_or_none, summary_of
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "evidence.sql")
FORMAT: Final = 1


class EvidenceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line with what proves it: hashes and salt in hexadecimal, `payload` byte for byte as it is hashed.

    An erased line has neither payload nor salt; `kept` is what of it was kept for figures, unproved.
    """

    n: int
    algorithm: str
    payload: str | None
    salt: str | None
    payload_hash: str
    previous: str
    hash: str
    erased_at: str | None = None
    kept: str | None = None


class PathNode(msgspec.Struct, frozen=True, kw_only=True):
    """A neighbour on the way to the root."""

    side: str
    hash: str


class EvidenceRoot(msgspec.Struct, frozen=True, kw_only=True):
    """A day's root: `text` is what was signed, `n` the entry that the path begins at."""

    text: str
    n: int
    path: list[PathNode]
    key_id: str
    public_key: str
    signature: str


class EvidenceReadings(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured around the case: rows of [device, kind, at, value, quality]."""

    starts_at: str
    ends_at: str
    complete: bool
    rows: list[tuple[str, str, str, float, int | None]]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that the file holds. `health`: given, left_out (nobody asked or may), none (not closed yet)."""

    format: int
    program: str
    made_at: str
    made_by: str
    case: dict[str, Any]
    hops: list[Hop]
    entries: list[EvidenceEntry]
    roots: list[EvidenceRoot]
    health: str
    readings: EvidenceReadings | None = None


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """The deployment's signature over the whole file's data; None where no key was at hand."""

    key_id: str
    public_key: str
    signature: str


_CASE_FIELDS: Final = (
    "id", "number", "subject_kind", "subject_id", "class_", "state", "priority", "kinds", "opened_at",
    "occurred_at", "claimed_at", "resolved_at", "closed_at", "disposition", "resident", "place",
)  # fmt: skip


async def gather(
    conn: Connection,
    case_id: UUID,
    reader: Identity,
    *,
    health: bool,
    made_by: str,
    program: str,
    now: datetime,
) -> Evidence:
    """The evidence of a case that the reader may see, as of now; raises NotFound for any other."""
    row = await find(conn, case_id)
    if not reader.sees(row["area_code"], row["org_id"]):
        raise no_such_case()
    summary = msgspec.to_builtins(summary_of(row))
    entries = await timeline.read(conn, case_id)
    kept = await _readings(conn, case_id) if health else None
    return Evidence(
        format=FORMAT,
        program=program,
        made_at=iso(now),
        made_by=made_by,
        case={name.rstrip("_"): summary.get(name.rstrip("_")) for name in _CASE_FIELDS},
        hops=hops(entries),
        entries=[shown_entry(case_id, entry) for entry in entries],
        roots=[_root(covered) for covered in await roots.covering(conn, case_id)],
        health=("none" if kept is None else "given") if health else "left_out",
        readings=kept,
    )


async def case_of_number(conn: Connection, number: int) -> UUID:
    """The case that people call by a number; raises NotFound."""
    row = await (await conn.execute(_SQL["case_of_number"], {"number": number})).fetchone()
    if row is None:
        raise no_such_case()
    return UUID(str(row[0]))


def program() -> str:
    """Name and version of what made a file."""
    try:
        return f"carebed {metadata.version('carebed')}"
    except metadata.PackageNotFoundError:
        return "carebed source"


def shown_entry(case_id: UUID, entry: Entry) -> EvidenceEntry:
    """A stored line as the file shows it."""
    erased = entry.salt is None
    payload = chain.payload_of(case_id, entry).decode()
    return EvidenceEntry(
        n=entry.n,
        algorithm=entry.algorithm,
        payload=None if erased else payload,
        salt=None if entry.salt is None else entry.salt.hex(),
        payload_hash=(entry.payload_hash or chain.payload_hash_of(case_id, entry)).hex(),
        previous=entry.previous.hex(),
        hash=entry.hash.hex(),
        erased_at=iso_or_none(entry.erased_at),
        kept=payload if erased else None,
    )


def _root(covered: Covered) -> EvidenceRoot:
    return EvidenceRoot(
        text=covered.root.text.decode(),
        n=covered.n,
        path=[PathNode(side=node.side, hash=node.hash.hex()) for node in covered.path],
        key_id=covered.root.key_id,
        public_key=covered.root.public_key.hex(),
        signature=covered.root.signature.hex(),
    )


async def _readings(conn: Connection, case_id: UUID) -> EvidenceReadings | None:
    kept = await readings.kept(conn, case_id)
    if kept is None:
        return None
    return EvidenceReadings(
        starts_at=iso(kept.starts_at),
        ends_at=iso(kept.ends_at),
        complete=kept.complete,
        rows=[(row.device, row.kind, iso(row.at), row.value, row.quality) for row in kept.readings],
    )


def text_of(evidence: Evidence) -> str:
    """The data as they stand in the file and are signed."""
    return msgspec.json.encode(evidence, order="deterministic").decode()


def seal(evidence: Evidence, signer: Signer | None) -> Sealed | None:
    """The deployment's signature over the file's data."""
    if signer is None:
        return None
    return Sealed(
        key_id=signer.key_id,
        public_key=signer.public_key.hex(),
        signature=signer.sign(text_of(evidence).encode()).hex(),
    )
