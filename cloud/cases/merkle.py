"""The tree over the last entries of a day's cases (as in RFC 6962): one root, a path for each case. Pure.

leaf = H(0x00 || case id, 16 bytes || entry number, 8 bytes big-endian || entry hash)
node = H(0x01 || left || right); the left side holds the largest power of two below the number of leaves
no leaves: H of nothing
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

from cloud.cases.chain import digest
from cloud.cases.summary import iso

Side = Literal["left", "right"]


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A case and its last entry of the day."""

    case_id: UUID
    n: int
    hash: bytes


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A neighbour on the way to the root, and on which side it stands."""

    side: Side
    hash: bytes


def leaf_hash(algorithm: str, leaf: Leaf) -> bytes:
    """The leaf of a case."""
    return digest(algorithm, b"\x00", leaf.case_id.bytes, leaf.n.to_bytes(8, "big"), leaf.hash)


def root_of(algorithm: str, hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    match len(hashes):
        case 0:
            return digest(algorithm)
        case 1:
            return hashes[0]
        case count:
            half = _split(count)
            return _node(algorithm, root_of(algorithm, hashes[:half]), root_of(algorithm, hashes[half:]))


def path_to(algorithm: str, hashes: Sequence[bytes], index: int) -> list[Node]:
    """The neighbours of a leaf from below to the root."""
    if len(hashes) <= 1:
        return []
    half = _split(len(hashes))
    if index < half:
        below = path_to(algorithm, hashes[:half], index)
        return [*below, Node(side="right", hash=root_of(algorithm, hashes[half:]))]
    below = path_to(algorithm, hashes[half:], index - half)
    return [*below, Node(side="left", hash=root_of(algorithm, hashes[:half]))]


def climb(algorithm: str, leaf: bytes, path: Sequence[Node]) -> bytes:
    """The root that a leaf and its path lead to."""
    for node in path:
        pair = (node.hash, leaf) if node.side == "left" else (leaf, node.hash)
        leaf = _node(algorithm, *pair)
    return leaf


def signed_text(
    *, day: date, made_at: datetime, algorithm: str, leaves: int, root: bytes, previous: bytes | None
) -> bytes:
    """What is signed: JSON with sorted keys and no spaces, hashes in hexadecimal."""
    words = {
        "algorithm": algorithm,
        "day": day.isoformat(),
        "leaves": leaves,
        "made_at": iso(made_at),
        "previous": None if previous is None else previous.hex(),
        "root": root.hex(),
    }
    return msgspec.json.encode(words, order="sorted")


def _node(algorithm: str, left: bytes, right: bytes) -> bytes:
    return digest(algorithm, b"\x01", left, right)


def _split(count: int) -> int:
    """The largest power of two below a number of at least two."""
    return int(1 << ((count - 1).bit_length() - 1))
