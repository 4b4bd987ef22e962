"""The template of a register: Chinese headings and one example row, telephone and ID columns as text."""

import io
from functools import cache

from cloud.imports.columns import TEMPLATE

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ROWS = 2000


@cache
def template() -> bytes:
    """An .xlsx file; the example row is left out when it is imported unchanged."""
    from openpyxl import Workbook  # half a second that only who asks for it has to pay
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "老人登记表"
    for place, (field, heading, example) in enumerate(TEMPLATE, 1):
        sheet.cell(1, place, heading).font = Font(bold=True)
        sheet.cell(2, place, example)
        name = get_column_letter(place)
        sheet.column_dimensions[name].width = 22 if field == "id_number" else 16
        if field in {"id_number", "birth_date", "area"} or field.endswith(("phone", "phones")):
            sheet.column_dimensions[name].number_format = "@"
            for row in range(2, _ROWS):
                sheet.cell(row, place).number_format = "@"
    sheet.freeze_panes = "B2"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
