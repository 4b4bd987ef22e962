"""Times at the API's edge: ISO 8601 in UTC with milliseconds and a Z, such as 2026-01-01T02:10:00.000Z."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, PlainSerializer, WithJsonSchema

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


def iso_ms(at: datetime) -> str:
    """`at` as the API writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plausible(at: datetime) -> datetime:
    if not _EARLIEST <= at <= _LATEST:
        raise ValueError("a time between the years 2000 and 2200 is wanted")
    return at.astimezone(UTC)


Instant = Annotated[
    datetime,
    PlainSerializer(iso_ms, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
GivenInstant = Annotated[AwareDatetime, AfterValidator(_plausible)]
