"""A row of a register -> an elder with home and contacts, and the faults of its cells. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from cloud.imports import cells
from cloud.imports.cells import Fault
from cloud.imports.columns import CONTACTS, Column, columns_of, is_heading_row
from cloud.imports.reader import Cell, Line, Sheet, Unreadable
from cloud.registry.people import ContactRow
from cloud.registry.registry import Sex, born_on, sex_of

_HEADING_WITHIN: Final = 10
_WORDS: Final = ("street", "compound", "building", "unit", "room", "bed", "area", "org")
_PROFILE: Final = ("living", "care_level")
_NEEDS: Final = ("hearing", "dialect")


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one cell; `row` and `column` as Excel names them."""

    row: int
    column: str
    heading: str
    zh: str
    en: str


class ImportRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a good row says; `area` and `org` as they stand there, empty where the file's own are meant."""

    number: int
    name: str
    sex: Sex
    birth_date: date | None
    id_number: str | None
    phones: tuple[str, ...]
    area: str
    org: str
    street: str
    compound: str
    building: str
    unit: str
    room: str
    bed: str
    access_note: str
    door_code: str
    profile: dict[str, Any]
    needs: dict[str, Any]
    risks: list[str]
    contacts: tuple[ContactRow, ...]

    @property
    def address(self) -> tuple[str, str, str, str, str]:
        """The address below the area; empty parts where none is given."""
        return (self.street, self.compound, self.building, self.unit, self.room)

    def digest(self) -> str:
        """Equal for rows that say the same, wherever they stand."""
        told = msgspec.structs.asdict(self) | {"number": 0}
        return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A file's rows: the good ones, what is wrong with the others, and how many were examples."""

    heading_row: int
    columns: list[Column]
    rows: list[ImportRow]
    problems: list[Problem]
    bad_rows: int
    examples: int


def judge(sheet: Sheet, today: date) -> Judged:
    """Every row of a sheet below its headings; raises Unreadable where there are no headings."""
    heads = (
        place
        for place, line in enumerate(sheet.lines[:_HEADING_WITHIN])
        if is_heading_row([cell.text for cell in line.cells])
    )
    place = next(heads, None)
    if place is None:
        raise Unreadable(
            "前 10 行里没有找到表头：至少要有“姓名”和另一个已知的列名。可先下载模板",
            "no headings in the first 10 rows: 姓名 and one more known heading are needed; see the template",
        )
    line = sheet.lines[place]
    columns = columns_of([cell.text for cell in line.cells])
    rows: list[ImportRow] = []
    problems: list[Problem] = []
    bad = examples = 0
    for one in sheet.lines[place + 1 :]:
        reader = _Row(one, columns, today)
        if reader.is_example():
            examples += 1
            continue
        row = reader.read()
        problems += reader.problems
        bad += row is None
        rows += [] if row is None else [row]
    return Judged(
        heading_row=line.number,
        columns=columns,
        rows=rows,
        problems=problems,
        bad_rows=bad,
        examples=examples,
    )


class _Row:
    """Reads one line; collects its faults."""

    def __init__(self, line: Line, columns: Sequence[Column], today: date) -> None:
        self._line, self._today = line, today
        self._columns: Mapping[str, list[Column]] = {
            field: [column for column in columns if column.field == field]
            for field in {column.field for column in columns if column.field}
        }
        self._no_column = Column(place=0, heading="", field=None)
        self.problems: list[Problem] = []

    def is_example(self) -> bool:
        """True for the template's own row."""
        return "示例" in self._cell("name").text

    def _cell(self, field: str) -> Cell:
        for column in self._columns.get(field, ()):
            if column.place < len(self._line.cells) and self._line.cells[column.place].text:
                return self._line.cells[column.place]
        return Cell()

    def _fault(self, field: str, fault: Fault) -> None:
        column = next(iter(self._columns.get(field, ())), self._no_column)
        place = column.letter if column.heading else "—"
        self.problems.append(
            Problem(
                row=self._line.number, column=place, heading=column.heading or field, zh=fault.zh, en=fault.en
            )
        )

    def _take(self, field: str, given: Any, empty: Any) -> Any:
        if isinstance(given, Fault):
            self._fault(field, given)
            return empty
        return given

    def _words(self, field: str, most: int = 100) -> str:
        return str(self._take(field, cells.words(self._cell(field), most), ""))

    def read(self) -> ImportRow | None:
        """The row, or None where a cell of it is wrong."""
        if self._line.merged:
            self._fault(
                "name",
                Fault(
                    "这一行有合并单元格，请取消合并并逐行填写",
                    "the row has merged cells: unmerge and fill in each row",
                ),
            )
            return None
        for field in self._columns:
            fault = cells.unusable(self._cell(field))
            if fault is not None:
                self._fault(field, fault)
        if self.problems:
            return None
        row = self._whole()
        return None if self.problems else row

    def _whole(self) -> ImportRow:
        today = self._today
        name = self._words("name")
        if not name:
            self._fault("name", Fault("缺少姓名", "the name is missing"))
        number = self._take("id_number", cells.id_number(self._cell("id_number"), today), None)
        born = self._take("birth_date", cells.birth_date(self._cell("birth_date"), today), None)
        sex: Sex = self._take("sex", cells.sex(self._cell("sex")), "unknown")
        if number is not None:
            born, sex = self._as_the_card_says(number, born, sex)
        plain = {field: self._words(field) for field in _WORDS}
        profile: dict[str, Any] = {field: said for field in _PROFILE if (said := self._words(field))}
        conditions = cells.listed(self._cell("conditions"))
        return ImportRow(
            number=self._line.number,
            name=name,
            sex=sex,
            birth_date=born,
            id_number=number,
            phones=self._phones(),
            access_note=self._words("access_note", 500),
            door_code=self._words("door_code"),
            profile=profile | ({"conditions": conditions} if conditions else {}),
            needs={field: said for field in _NEEDS if (said := self._words(field))},
            risks=cells.listed(self._cell("risks")),
            contacts=tuple(self._contacts()),
            **plain,
        )

    def _as_the_card_says(self, number: str, born: date | None, sex: Sex) -> tuple[date | None, Sex]:
        on_card, of_card = born_on(number), sex_of(number)
        if born is not None and born != on_card:
            self._fault(
                "birth_date",
                Fault("出生日期与身份证号不符", "the birth date differs from the one in the ID-card number"),
            )
        if sex not in {"unknown", of_card}:
            self._fault(
                "sex", Fault("性别与身份证号不符", "the sex differs from the one in the ID-card number")
            )
        return on_card, of_card

    def _phones(self) -> tuple[str, ...]:
        found: list[str] = []
        for column in self._columns.get("phones", ()):
            cell = self._line.cells[column.place] if column.place < len(self._line.cells) else Cell()
            found += self._take("phones", cells.phones(cell), ())
        return tuple(dict.fromkeys(found))[:10]

    def _contacts(self) -> list[ContactRow]:
        found: list[ContactRow] = []
        for number in range(1, CONTACTS + 1):
            prefix = f"contact{number}."
            name = self._words(prefix + "name")
            numbers = self._take(prefix + "phone", cells.phones(self._cell(prefix + "phone")), ())
            has_key = bool(self._take(prefix + "key", cells.yes(self._cell(prefix + "key")), False))
            if not name and not numbers:
                continue
            if not name or not numbers:
                missing = prefix + ("phone" if name else "name")
                if not self.problems:
                    self._fault(missing, Fault("联系人须有姓名和电话", "a contact needs a name and a number"))
                continue
            relation = self._words(prefix + "relation")
            found.append(ContactRow(name=name, relation=relation, phone=numbers[0], has_key=has_key))
        return found
