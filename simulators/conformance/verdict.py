"""The outcome of a check: passed, failed or not observed, and what was seen."""

from dataclasses import dataclass
from typing import Literal

from simulators.conformance.texts import say

Result = Literal["passed", "failed", "not_observed"]


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check; `seen` is for a person."""

    result: Result
    seen: str


def ok(text: str, **values: object) -> Verdict:
    return Verdict("passed", say(text, **values))


def bad(text: str, **values: object) -> Verdict:
    return Verdict("failed", say(text, **values))


def unseen(text: str = "no_occasion", **values: object) -> Verdict:
    return Verdict("not_observed", say(text, **values))
