"""What the API takes and gives about protocols: what is to be done about a case, step by step."""

from typing import Annotated, Literal

from pydantic import Field

from cloud.api.schemas import Given, Shown
from cloud.api.texts import Name
from cloud.api.times import Instant

Action = Literal[
    "call_resident", "call_contacts", "dispatch", "call_119", "call_120", "note", "resolve", "none"
]
DoneWhen = Literal["connected", "called", "dispatched", "accepted", "arrived", "noted", "resolved", "by_hand"]
Progress = Literal["done", "current", "later"]
Key = Annotated[str, Field(pattern=r"^[a-z_]{1,32}$", examples=["fall"])]
StepText = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*\S[^\x00]*$")]


class ProtocolStep(Given):
    """One thing to do; `done_when` says what on the timeline ticks it, besides ticking by hand."""

    text_zh: StepText
    text_en: StepText
    action: Action = "none"
    done_when: DoneWhen = "by_hand"


class ProtocolPhrase(Given):
    """A line that operators often write in such a case."""

    zh: Name
    en: Name


class ProtocolGiven(Given):
    """A protocol as it shall be."""

    version: Annotated[int, Field(ge=1, le=2**31 - 2, description="the version that was edited")]
    name_zh: Name
    name_en: Name
    steps: Annotated[list[ProtocolStep], Field(min_length=1, max_length=20)]
    phrases: Annotated[list[ProtocolPhrase], Field(default_factory=list, max_length=20)]


class Protocol(Shown):
    """One version of a protocol, for cases of these kinds of alarm."""

    key: str
    version: int
    kinds: list[str]
    name_zh: str
    name_en: str
    steps: list[ProtocolStep]
    phrases: list[ProtocolPhrase]
    changed_at: Instant
    changed_by: str


class ProtocolList(Shown):
    """The newest of each, gravest first; or the versions of one, newest first."""

    items: list[Protocol]


class CaseStep(Shown):
    """A step as it stands in a case. `by_hand`: ticked; `needed` false: left out on purpose."""

    number: int
    text_zh: str
    text_en: str
    action: Action
    done_when: DoneWhen
    progress: Progress
    done_at: Instant | None
    done_by: str | None
    by_hand: bool
    needed: bool


class CaseProtocol(Shown):
    """The protocol that a case follows, in the version of when it was opened."""

    key: str
    version: int
    name_zh: str
    name_en: str
    steps: list[CaseStep]
    phrases: list[ProtocolPhrase]


class StepTick(Given):
    """A step that was done, or was not needed."""

    key: Key
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    step: Annotated[int, Field(ge=1, le=20)]
    needed: bool = True
