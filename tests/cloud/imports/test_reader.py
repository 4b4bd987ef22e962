"""Files as people make them, and as nobody should: each is read, or refused in words."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from cloud.imports import reader
from cloud.imports.columns import TEMPLATE, field_of, letter
from cloud.imports.reader import Unreadable, read
from cloud.imports.rows import Judged, judge
from cloud.imports.template import template

TODAY = date(2026, 1, 1)
ID_NUMBER = "11010519491231002X"


def workbook(*rows: list[Any], hidden: bool = False) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if hidden:
        book.create_sheet("旧表").append(["姓名", "电话"])
        book["旧表"].sheet_state = "hidden"
    return saved(book)


def saved(book: Workbook) -> bytes:
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def judged(content: bytes) -> Judged:
    return judge(read(content), TODAY)


def faults(content: bytes) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.zh) for one in judged(content).problems]


@pytest.mark.parametrize("separator", [",", "\t", ";", "，"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_file_is_read_in_its_encoding_and_with_its_separator(encoding: str, separator: str) -> None:
    lines = (("姓名", "手机号码"), ("王秀英", "１３８００００００００"), (), ("䶮春", "'13900000000"))
    found = judged("\r\n".join(separator.join(line) for line in lines).encode(encoding))
    assert [(row.number, row.name, row.phones) for row in found.rows] == [
        (2, "王秀英", ("13800000000",)), (4, "䶮春", ("13900000000",)),
    ]  # fmt: skip


def test_bytes_that_are_neither_utf_8_nor_gb18030_are_refused_in_both_languages() -> None:
    with pytest.raises(Unreadable) as refused:
        read("姓名,电话\n".encode() + b"\xff\xff\xff")
    assert "GB18030" in refused.value.zh
    assert "GB18030" in refused.value.en


def test_every_kind_of_ruined_cell_is_named_with_its_row_and_column() -> None:
    head = ["姓名", "身份证号", "联系电话", "出生日期", "性别", "楼栋"]
    content = workbook(
        head,
        ["甲", "3.70502E+17", "", "", "", ""],
        ["乙", 370502194305010000, "", "", "", ""],
        ["丙", "110105194912310000", "", "", "", ""],
        ["丁", "110105194912310021", "", "", "", ""],
        ["戊", "370502430501002", "", "", "", ""],
        ["己", "", "1.38E+10", "", "", ""],
        ["庚", "", 5468234567, "", "", ""],
        ["辛", "", "1380000000", "", "", ""],
        ["壬", "", "", 15827, "", ""],
        ["癸", "", "", "1943-13-01", "", ""],
        ["子", ID_NUMBER, "", "1950-01-01", "男", ""],
        ["丑", "", "", "", "", "=A1&B1"],
        ["", "", "13800000000", "", "", ""],
    )
    found = faults(content)
    assert [(row, column) for row, column, _ in found] == [
        (2, "B"), (3, "B"), (4, "B"), (5, "B"), (6, "B"), (7, "C"), (8, "C"), (9, "C"), (10, "D"), (11, "D"),
        (12, "D"), (12, "E"), (13, "F"), (14, "A"),
    ]  # fmt: skip
    said = [text for _, _, text in found]
    words = ("3.70502E+17", "15 位", "000", "校验码", "旧身份证号", "1.38E+10", "区号", "11 位")
    for word, text in zip(words, said, strict=False):
        assert word in text


def test_numbers_dates_and_phones_that_are_whole_are_read() -> None:
    head = ["姓名", "电话", "出生年月日", "门牌号"]
    content = workbook(
        head,
        ["甲", 13800000000, date(1943, 5, 1), 501.0],
        ["乙", 13800000000.0, "1943年5月1日", "501"],
        ["丙", "0546-8234567/139 0000 0000", "1943/5/1", 501],
        ["丁", "05468234567、13900000000", "1943.05.01", ""],
        ["戊", None, 19430501, None],
        ["己", None, "１９４３-05-01", None],
    )
    rows = judged(content).rows
    assert {row.birth_date for row in rows} == {date(1943, 5, 1)}
    assert [row.phones for row in rows][:3] == [
        ("13800000000",),
        ("13800000000",),
        ("05468234567", "13900000000"),
    ]
    assert [row.room for row in rows][:3] == ["501", "501", "501"]


def test_a_text_that_looks_like_a_command_stays_a_text() -> None:
    rows = judged("姓名,电话,楼栋\n=cmd|'/c calc'!A1,13800000000,+1\n".encode()).rows
    assert [(row.name, row.building) for row in rows] == [("=cmd|'/c calc'!A1", "+1")]


def test_titles_hidden_sheets_empty_rows_and_merged_cells() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["滨江街道老人登记表"])
    sheet.merge_cells("A1:C1")
    for row in (["姓名*", "联系电话（必填）", "街道/乡镇"], ["甲", "13800000000", "滨江"], ["乙", "", None]):
        sheet.append(row)
    sheet.merge_cells("C3:C4")
    sheet.cell(2000, 1).number_format = "@"
    book.create_sheet("旧表").append(["姓名", "电话"])
    book["旧表"].sheet_state = "hidden"
    content = saved(book)
    assert [(row, "合并" in text) for row, _, text in faults(content)] == [(3, True), (4, True)]
    assert read(content).left_out == ["旧表"]


def test_the_template_is_read_and_its_example_left_out() -> None:
    found = judged(template())
    assert (found.rows, found.problems, found.examples) == ([], [], 1)
    assert [column.field for column in found.columns] == [field for field, _, _ in TEMPLATE]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("证件号码", "id_number"),
        ("手机号", "phones"),
        (" 房 号 ", "room"),
        ("紧急联系人2电话", "contact2.phone"),
        ("第二联系人", "contact2.name"),
        ("与老人关系", "contact1.relation"),
        ("联系人电话", "contact1.phone"),
        ("房间", "room"),
        ("备注", None),
    ],
)
def test_usual_headings_are_known(heading: str, field: str | None) -> None:
    assert field_of(heading) == field


def test_columns_are_named_as_excel_does() -> None:
    assert [letter(place) for place in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_file_without_headings_says_what_is_missing() -> None:
    with pytest.raises(Unreadable, match="姓名"):
        judged("甲,13800000000\n".encode())


def test_a_zip_bomb_and_an_old_workbook_are_refused() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 10_000_000)
    for content in (written.getvalue(), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), bytes(11 << 20)):
        with pytest.raises(Unreadable):
            read(content)


def test_of_a_line_with_a_million_columns_a_hundred_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def tidy(text: str) -> str:
        seen.append(text)
        return text

    monkeypatch.setattr(reader, "_tidy", tidy)
    with pytest.raises(Unreadable):
        judge(read(b"a" + b"," * 1_000_000), TODAY)
    assert len(seen) == reader.MAX_COLUMNS


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    content = bytearray(workbook(["姓名", "电话"], ["甲", "13800000000"]))
    place = content.rfind(b"PK\x01\x02")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")
    with pytest.raises(Unreadable):
        read(bytes(content))


GOOD = workbook(["姓名", "电话", "出生日期"], ["王秀英", "13800000000", "1943-05-01"], hidden=True)


def survives(content: bytes) -> None:
    try:
        judged(content)
    except Unreadable:
        return


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_garbage_is_read_or_refused(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", "姓名,电话\n".encode(), "姓名\t电话\n".encode("gb18030")):
        survives(start + content)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD)))
def test_a_workbook_cut_off_anywhere_is_refused(length: int) -> None:
    survives(GOOD[:length])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_workbook_with_wrong_bytes_is_read_or_refused(wrong: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for place, value in wrong:
        content[place] = value
    survives(bytes(content))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(TEXT, min_size=6, max_size=6), max_size=5))
def test_any_text_in_any_cell_is_a_value_or_a_named_fault(rows: list[list[str]]) -> None:
    head = "姓名\t身份证号\t电话\t出生日期\t性别\t有钥匙"
    survives("\n".join([head, *("\t".join(row) for row in rows)]).encode())
