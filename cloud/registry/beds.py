"""The history of a bed: who lived in it, what was installed, when they were away."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.errors import NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry.registry import Sex, StateName

_SQL: Final = queries.load(__package__ or "cloud.registry", "beds.sql")


class BedCard(msgspec.Struct, frozen=True, kw_only=True):
    """A bed and its address."""

    id: UUID
    label: str
    home_id: UUID
    area: str
    street: str
    compound: str
    building: str
    unit: str
    room: str


class StayRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who lived in the bed; `until` None: still does."""

    resident_id: UUID
    name: str
    sex: Sex
    birth_date: date | None
    since: datetime | None
    until: datetime | None


class InstalledRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device at the bed."""

    device: str
    family: str
    model: str
    room: str
    role: str
    since: datetime | None
    until: datetime | None


class StateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A state of somebody who lived in the bed, with where they stayed meanwhile."""

    resident_id: UUID
    name: str
    state: StateName
    since: datetime | None
    until: datetime | None
    place: str | None


class BedHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but the cases and the curves."""

    card: BedCard
    stays: list[StayRow]
    installations: list[InstalledRow]
    states: list[StateRow]


async def history_of(conn: Connection, bed_id: UUID, *, at: datetime) -> BedHistory:
    """The history of a bed, newest first; raises NotFound."""
    query = {"id": bed_id, "at": at}
    async with conn.cursor(row_factory=class_row(BedCard)) as cards:
        card = await (await cards.execute(_SQL["find_bed_card"], query)).fetchone()
    if card is None:
        raise NotFound("没有这张床位", "there is no such bed", id=str(bed_id))
    async with conn.cursor(row_factory=class_row(StayRow)) as stays:
        lived = await (await stays.execute(_SQL["stays_of_bed"], query)).fetchall()
    async with conn.cursor(row_factory=class_row(InstalledRow)) as installed:
        devices = await (await installed.execute(_SQL["installations_of_bed"], query)).fetchall()
    async with conn.cursor(row_factory=class_row(StateRow)) as states:
        dated = await (await states.execute(_SQL["states_of_bed"], query)).fetchall()
    return BedHistory(card=card, stays=lived, installations=devices, states=dated)
