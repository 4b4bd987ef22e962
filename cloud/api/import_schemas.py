"""What the API takes and gives about importing registers."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import Shown


class ImportColumn(Shown):
    """A column of the file; `field` null is one that is not used."""

    column: str
    heading: str
    field: str | None


class ImportProblem(Shown):
    """What is wrong with one cell; row and column as Excel names them."""

    row: int
    column: str
    heading: str
    zh: str
    en: str


class ImportKnown(Shown):
    """Whom a row may be; null names where the caller may not see them."""

    person_id: UUID
    resident_id: UUID | None
    name: str
    birth_date: date | None
    place: str


class ImportDuplicate(Shown):
    """A row that may be a known person or repeat an earlier row; the admin chooses one of `options`."""

    row: int
    name: str
    why: Literal["id_number", "birth_date", "phone"]
    known: ImportKnown | None
    earlier_row: int | None
    options: list[Literal["merge", "new", "skip"]]


class ImportReport(Shown):
    """What a file would do; `digest` is sent with the import. The first 1000 problems are listed."""

    digest: str
    kind: Literal["xlsx", "csv"]
    encoding: str
    sheet: str
    left_out_sheets: list[str]
    heading_row: int
    columns: list[ImportColumn]
    new: int
    unchanged: int = Field(description="rows that were imported before")
    bad: int
    examples: int = Field(description="the template's own row, left out")
    problems: list[ImportProblem]
    problem_count: int
    duplicates: list[ImportDuplicate]


class ImportDone(Shown):
    """What an import has done."""

    created: int
    merged: int
    unchanged: int
    skipped: int
    left_out: int
    homes: int
