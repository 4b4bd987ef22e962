"""The frames of the live feed, and its page by HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import CaseSummary, Shown
from cloud.api.telephony_schemas import CallFrame
from cloud.api.times import Instant


class Escalation(Shown):
    """Nobody acts on a case."""

    case_id: UUID
    reason: str


class CaseFrame(Shown):
    """A case is new or has changed; `prev` is the last seq this client was entitled to see."""

    seq: int
    prev: int
    type: Literal["case"]
    data: CaseSummary


class EscalationFrame(Shown):
    """For supervisors."""

    seq: int
    prev: int
    type: Literal["escalation"]
    data: Escalation


class DeskNews(Shown):
    """`notifications_overdue`: look at the list; `notification_dead`: a P1 came to nothing on a channel."""

    kind: Literal["notifications_overdue", "notification_dead"]
    count: int
    case_ids: list[UUID]
    reason: str


class FloodNews(Shown):
    """More alarms come than the seats can look at (or no longer); technical ones are grouped by cause."""

    kind: Literal["flood"]
    state: Literal["on", "over"]
    since: Instant
    alarms: int = Field(description="in the last ten minutes")
    seats: int
    rows: int = Field(description="on the screen of who sees everything")


class CanaryNews(Shown):
    """`red`: a press took longer than 5 s from a gateway to a screen, or never came. A red bar for all."""

    kind: Literal["canary"]
    state: Literal["red", "ok"]
    since: Instant
    last_ms: int | None
    reason: str


class GapNews(Shown):
    """The holes in a district's chain have changed: who is relied on is not there or cannot be reached."""

    kind: Literal["gaps"]
    count: int
    kinds: list[str]


class NoteNews(Shown):
    """Somebody left a hand-over note, perhaps one for the reader: read GET /shift-notes."""

    kind: Literal["shift_note"]
    since: Instant


class PhoneNews(Shown):
    """To one seat: its extension rings at somebody else's from now on."""

    kind: Literal["phone_moved"]
    extension: str
    to: str


class DeskFrame(Shown):
    """Something for everybody at the desk, or for one seat."""

    seq: int
    prev: int
    type: Literal["desk"]
    data: Annotated[
        DeskNews | FloodNews | CanaryNews | GapNews | NoteNews | PhoneNews, Field(discriminator="kind")
    ]


class WallFrame(Shown):
    """For walls (`view=wall`): the numbers of GET /wall have changed; nothing of what changed them."""

    seq: int
    prev: int
    type: Literal["wall"]
    data: dict[str, str]


class FamilyNews(Shown):
    """There is something new to read of this elder."""

    resident_id: UUID


class FamilyFrame(Shown):
    """For the elder's own family."""

    seq: int
    prev: int
    type: Literal["family"]
    data: FamilyNews


class DispatchNews(Shown):
    """There is something new to read of a case that the responder was asked to go to."""

    case_id: UUID


class DispatchFrame(Shown):
    """For the responders of a case."""

    seq: int
    prev: int
    type: Literal["dispatch"]
    data: DispatchNews


Frame = Annotated[
    CaseFrame | EscalationFrame | DeskFrame | CallFrame | FamilyFrame | DispatchFrame,
    Field(discriminator="type"),
]


class FeedPage(Shown):
    """Frames after a position; `seq` is where to go on from."""

    items: list[Frame]
    seq: int


class HelloFrame(Shown):
    """First message of a live connection: frames after `seq` follow."""

    type: Literal["hello"]
    seq: int
    at: Instant


class HeartbeatFrame(Shown):
    """Each 5 s: the link lives, and `seq` is the last frame that was sent here."""

    type: Literal["hb"]
    seq: int
    at: Instant


class ResetFrame(Shown):
    """The position asked for is not kept: read the lists again; frames after `seq` follow."""

    type: Literal["reset"]
    seq: int
    at: Instant


LIVE_MESSAGES = (
    CaseFrame,
    EscalationFrame,
    DeskFrame,
    CallFrame,
    WallFrame,
    FamilyFrame,
    DispatchFrame,
    HelloFrame,
    HeartbeatFrame,
    ResetFrame,
)
