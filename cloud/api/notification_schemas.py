"""What the API takes and gives about notifications."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cloud.api.schemas import Given, Priority, Shown
from cloud.api.times import Instant
from cloud.notifications.notification import Channel, Outcome, RecipientKind, State

PersonKind = Literal["person", "staff"]
AddressChannel = Literal["voice", "sms", "wechat", "email"]
GivenAddress = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@+._-]{0,200}$", strip_whitespace=True)]


class RecipientShown(Shown):
    """Whom it is for: an id, or the name of an endpoint."""

    kind: RecipientKind
    id: str


class NotificationShown(Shown):
    """One message to one recipient over one channel."""

    id: UUID
    case_id: UUID | None
    step_key: str
    template: str
    priority: Priority
    channel: Channel
    recipient: RecipientShown
    state: State
    reason: str = Field(description="a fixed word, such as `no_address` or `busy`; empty where all is well")
    outcome: Outcome | None = Field(description="what a called person did")
    attempts: int
    provider: str | None
    queued_at: Instant
    next_at: Instant | None
    sent_at: Instant | None
    finished_at: Instant | None
    expires_at: Instant
    handled_at: Instant | None
    handled_by: str | None
    withdrawn: str | None = Field(
        default=None, description="why nobody needs it any more, such as `taken`: it is not sent again"
    )


class NotificationList(Shown):
    """Newest first; `next_before` asks for the next page, null at the end."""

    items: list[NotificationShown]
    next_before: UUID | None


class AttemptShown(Shown):
    """One hand-over to a provider."""

    n: int
    provider: str
    started_at: Instant
    ended_at: Instant | None
    result: Literal["unknown", "sent", "refused", "not_sent"]
    detail: str
    ref: str | None


class NotificationDetail(NotificationShown):
    """A notification with its words and attempts."""

    text: str | None = Field(description="null where there are no words for its template")
    tries: list[AttemptShown]


class OverdueShown(NotificationShown):
    """What is to be done by hand: whom to call, and what to say."""

    case_number: int | None
    recipient_name: str
    address: str
    text: str | None


class OverdueList(Shown):
    """Most urgent first; `next_after` asks for the next page, null at the end."""

    items: list[OverdueShown]
    next_after: UUID | None


class ProviderShown(Shown):
    """A configured provider; `silent` where no sender has said that it lives."""

    name: str
    channel: Channel
    silent: bool
    per_minute: int | None
    per_day: int | None
    minute_used: int
    day_used: int
    templates: list[str] | None = Field(description="null for all")


class ChannelShown(Shown):
    """A channel; without providers it is not configured."""

    channel: Channel
    configured: bool
    providers: list[ProviderShown]


class ChannelList(Shown):
    """Every channel."""

    items: list[ChannelShown]


class AddressGiven(Given):
    """Where somebody is reached over a channel; an empty address only opts out."""

    recipient_kind: PersonKind
    recipient_id: UUID
    channel: AddressChannel
    address: GivenAddress
    opted_out: bool = False


class ReachShown(Shown):
    """Whether somebody can be reached; `reasons` are the holes."""

    reachable: bool
    reasons: list[str]
    address: str = Field(description="masked")


class ReceiptTaken(BaseModel):
    """The provider's report is kept. Providers that want other words get those."""

    model_config = ConfigDict(extra="allow")
