"""Checks an evidence file without database, network or key: chain, signed roots, seal, page. Pure."""

import re
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from cloud.cases import chain, merkle
from cloud.cases.chain import AlgorithmMissing, Entry
from cloud.cases.evidence import Evidence, EvidenceEntry, EvidenceRoot, Sealed, text_of
from cloud.cases.evidence_page import DATA_TAG, SEAL_TAG, entry_row, page, unescaped
from cloud.cases.merkle import Leaf, Node
from cloud.cases.signing import key_id, signature_holds

What = Literal["file", "entry", "shown_entry", "root", "seal", "key", "page"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that does not hold: `n` is the entry, `word` says more (a flaw, a day)."""

    what: What
    n: int | None = None
    word: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the check found; `faults` is empty where all holds. `key_ids` are to be compared with what the
    deployment published; `roots` says how many days' roots cover the case, `sealed` if the file is signed.
    """

    faults: list[Fault]
    entries: int = 0
    erased: int = 0
    roots: int = 0
    sealed: bool = False
    key_ids: list[str] = []
    case_number: int | None = None


_NOT_EVIDENCE: Final = Verdict(faults=[Fault(what="file")])


def check(html: str, *, known_key: str | None = None) -> Verdict:
    """Check a file's text; `known_key` is the key id that the deployment published."""
    try:
        evidence = msgspec.json.decode(_part(html, DATA_TAG), type=Evidence)
        sealed = msgspec.json.decode(_part(html, SEAL_TAG), type=Sealed | None)
        case_id = UUID(str(evidence.case["id"]))
        number = int(evidence.case["number"])
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        return _NOT_EVIDENCE
    faults = _chain_faults(case_id, evidence.entries)
    faults += _root_faults(case_id, evidence)
    faults += _seal_faults(evidence, sealed)
    faults += _page_faults(html, evidence, sealed)
    keys = sorted({root.key_id for root in evidence.roots} | ({sealed.key_id} if sealed else set()))
    if known_key is not None and any(key != known_key for key in keys):
        faults.append(Fault(what="key", word=known_key))
    return Verdict(
        faults=faults,
        entries=len(evidence.entries),
        erased=sum(entry.payload is None for entry in evidence.entries),
        roots=len(evidence.roots),
        sealed=sealed is not None,
        key_ids=keys,
        case_number=number,
    )


def _part(html: str, tag: str) -> str:
    """The JSON of one of the file's data blocks; raises ValueError unless it is there exactly once."""
    found: list[str] = re.findall(re.escape(tag) + r"(.*?)</pre>", html, re.DOTALL)
    if len(found) != 1:
        raise ValueError(tag)
    return unescaped(found[0])


def _chain_faults(case_id: UUID, lines: list[EvidenceEntry]) -> list[Fault]:
    """The first line that is not as it was written."""
    entries = []
    for line in lines:
        entry = _entry(case_id, line)
        if entry is None:
            return [Fault(what="entry", n=line.n, word="payload")]
        entries.append(entry)
    broken = chain.first_broken(case_id, entries)
    return [] if broken is None else [Fault(what="entry", n=broken.n, word=broken.flaw)]


def _entry(case_id: UUID, line: EvidenceEntry) -> Entry | None:
    """The stored line; None where its text is not what the store would have hashed."""
    try:
        words = msgspec.json.decode(line.payload if line.payload is not None else line.kept or "")
        entry = Entry(
            n=line.n,
            at=datetime.fromisoformat(words["at"]),
            kind=words["kind"],
            actor=words["actor"],
            data=words["data"],
            salt=None if line.payload is None or line.salt is None else bytes.fromhex(line.salt),
            previous=bytes.fromhex(line.previous),
            hash=bytes.fromhex(line.hash),
            algorithm=line.algorithm,
            payload_hash=bytes.fromhex(line.payload_hash),
        )
        again = chain.payload_of(case_id, entry).decode()
    except (ValueError, KeyError, TypeError, AttributeError, msgspec.DecodeError):
        return None
    if line.payload is None:
        return entry if line.erased_at is not None else None
    return entry if line.salt is not None and again == line.payload else None


def _root_faults(case_id: UUID, evidence: Evidence) -> list[Fault]:
    faults = []
    for root in evidence.roots:
        day, flaw = "?", "text"
        try:
            words: dict[str, Any] = msgspec.json.decode(root.text)
            day = str(words["day"])
            flaw = _root_flaw(case_id, evidence.entries, root, words)
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, msgspec.DecodeError):
            pass
        if flaw:
            faults.append(Fault(what="root", n=root.n, word=f"{day} {flaw}"))
    return faults


def _root_flaw(case_id: UUID, lines: list[EvidenceEntry], root: EvidenceRoot, words: dict[str, Any]) -> str:
    """What is wrong with a root; empty where nothing is."""
    public_key = bytes.fromhex(root.public_key)
    if root.key_id != key_id(public_key):
        return "key"
    if not signature_holds(public_key, bytes.fromhex(root.signature), root.text.encode()):
        return "signature"
    if not 1 <= root.n <= len(lines):
        return "entry_missing"
    leaf = Leaf(case_id=case_id, n=root.n, hash=bytes.fromhex(lines[root.n - 1].hash))
    path = [
        Node(side="left" if node.side == "left" else "right", hash=bytes.fromhex(node.hash))
        for node in root.path
    ]
    try:
        reached = merkle.climb(words["algorithm"], merkle.leaf_hash(words["algorithm"], leaf), path)
    except AlgorithmMissing:
        return "algorithm"
    return "" if reached.hex() == words["root"] else "entry_changed"


def _seal_faults(evidence: Evidence, sealed: Sealed | None) -> list[Fault]:
    if sealed is None:
        return []
    try:
        public_key, signature = bytes.fromhex(sealed.public_key), bytes.fromhex(sealed.signature)
    except ValueError:
        return [Fault(what="seal")]
    good = sealed.key_id == key_id(public_key) and signature_holds(
        public_key, signature, text_of(evidence).encode()
    )
    return [] if good else [Fault(what="seal")]


def _page_faults(html: str, evidence: Evidence, sealed: Sealed | None) -> list[Fault]:
    """The page must show what the data say: the first line that does not, else the page around them."""
    if html == page(evidence, sealed):
        return []
    for line in evidence.entries:
        if entry_row(line) not in html:
            return [Fault(what="shown_entry", n=line.n)]
    return [Fault(what="page", word=evidence.program)]
