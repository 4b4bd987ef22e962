"""The hash chain over a case's timeline: whatever is changed, taken away or put in afterwards shows. Pure.

payload      = canonical JSON of {case_id, n, at, kind, actor, data}: keys sorted, no spaces, UTF-8
payload_hash = H(salt || payload)
hash         = H(previous || payload_hash), previous of the first entry being 32 zero bytes

H is named in each entry (SHA-256, or SM3 where OpenSSL offers it). The chain needs only the payload hashes:
where the words and the salt of an entry are erased it still holds. Of an erased entry its place, not its
words, is proved; and an entry counts as erased only where a later entry of kind `erased` names it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from cloud.cases.summary import iso

Algorithm = Literal["sha256", "sm3"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("sha256", "sm3")
FIRST: Final = bytes(32)
ERASED: Final = "erased"
Flaw = Literal["missing", "order", "payload", "previous", "hash", "erased", "algorithm"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One stored line. `payload_hash` None is one from before it was kept; `salt` None is an erased one."""

    n: int
    at: datetime
    kind: str
    actor: str
    data: dict[str, Any]
    salt: bytes | None
    previous: bytes
    hash: bytes
    algorithm: str = "sha256"
    payload_hash: bytes | None = None
    erased_at: datetime | None = None


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The first entry that is not as it was written, and in what."""

    n: int
    flaw: Flaw


class AlgorithmMissing(ValueError):
    """This machine's OpenSSL does not offer the hash."""

    def __init__(self, algorithm: str) -> None:
        super().__init__(
            f"本机的 OpenSSL 不提供 {algorithm} / OpenSSL on this machine does not offer {algorithm}"
        )
        self.algorithm = algorithm


def offered(algorithm: str) -> bool:
    """Whether this machine can compute the hash."""
    try:
        digest(algorithm)
    except AlgorithmMissing:
        return False
    return True


def digest(algorithm: str, *parts: bytes) -> bytes:
    """The hash over the parts put together; raises AlgorithmMissing."""
    if algorithm not in ALGORITHMS:
        raise AlgorithmMissing(algorithm)
    try:
        return hashlib.new(algorithm, b"".join(parts)).digest()
    except ValueError as error:
        raise AlgorithmMissing(algorithm) from error


def payload(case_id: UUID, n: int, at: datetime, kind: str, actor: str, data: dict[str, Any]) -> bytes:
    """The words of an entry, byte for byte as they are hashed."""
    words = {
        "case_id": str(case_id),
        "n": n,
        "at": iso(at),
        "kind": kind,
        "actor": actor,
        "data": _canonical(data),
    }
    return msgspec.json.encode(words, order="sorted")


def payload_of(case_id: UUID, entry: Entry) -> bytes:
    """The words of a stored entry."""
    return payload(case_id, entry.n, entry.at, entry.kind, entry.actor, entry.data)


def entry_hash(
    previous: bytes,
    salt: bytes,
    case_id: UUID,
    n: int,
    at: datetime,
    kind: str,
    actor: str,
    data: dict[str, Any],
    algorithm: str = "sha256",
) -> bytes:
    """The link of one entry to the one before it; raises AlgorithmMissing."""
    inner = digest(algorithm, salt, payload(case_id, n, at, kind, actor, data))
    return digest(algorithm, previous, inner)


def payload_hash_of(case_id: UUID, entry: Entry) -> bytes:
    """H(salt || payload), computed where the words are there, else as kept; raises AlgorithmMissing."""
    if entry.salt is None:
        return entry.payload_hash or b""
    return digest(entry.algorithm, entry.salt, payload_of(case_id, entry))


def first_broken(case_id: UUID, entries: Sequence[Entry]) -> Broken | None:
    """The first entry that does not hold; None where every one is there, in order, and as it was written."""
    previous = FIRST
    recorded = _recorded_erasures(entries)
    for expected, entry in enumerate(entries, 1):
        flaw = _flaw(case_id, expected, entry, previous, recorded)
        if flaw is not None:
            return Broken(n=expected if flaw == "missing" else entry.n, flaw=flaw)
        previous = entry.hash
    return None


def chain_holds(case_id: UUID, entries: Iterable[Entry]) -> bool:
    """True when every entry is there, in order, and as it was written."""
    return first_broken(case_id, list(entries)) is None


def _flaw(
    case_id: UUID, expected: int, entry: Entry, previous: bytes, recorded: dict[int, int]
) -> Flaw | None:
    if entry.n != expected:
        return "missing" if entry.n > expected else "order"
    if entry.salt is None and recorded.get(entry.n, 0) <= entry.n:
        return "erased"
    try:
        inner = payload_hash_of(case_id, entry)
        link = digest(entry.algorithm, previous, inner)
    except AlgorithmMissing:
        return "algorithm"
    if entry.payload_hash is not None and entry.payload_hash != inner:
        return "payload"
    if entry.previous != previous:
        return "previous"
    return None if entry.hash == link else "hash"


def _recorded_erasures(entries: Iterable[Entry]) -> dict[int, int]:
    """Entry number -> number of the entry that says it was erased, of those that still have their words."""
    found: dict[int, int] = {}
    for entry in entries:
        if entry.kind == ERASED and entry.salt is not None:
            numbers = entry.data.get("entries")
            for n in numbers if isinstance(numbers, list) else ():
                if isinstance(n, int):
                    found[n] = entry.n
    return found


def _canonical(value: Any) -> Any:
    """Numbers as the database gives them back: a whole float is an integer."""
    match value:
        case dict():
            return {key: _canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [_canonical(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
