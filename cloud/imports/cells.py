"""One cell -> one value, or what is wrong with it in Chinese and English; nothing is ever guessed. Pure."""

import re
import unicodedata
from datetime import date
from typing import Final, NamedTuple

from cloud.imports.reader import Cell
from cloud.registry.registry import Sex, id_number_fault, normal_id_number

_EXPONENT: Final = re.compile(r"^[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,2}$")
_DATES: Final = (
    re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})$"),
    re.compile(r"^(\d{4})/(\d{1,2})/(\d{1,2})$"),
    re.compile(r"^(\d{4})\.(\d{1,2})\.(\d{1,2})\.?$"),
    re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})[日号]?$"),
    re.compile(r"^(\d{4})(\d{2})(\d{2})$"),
)
_SEXES: Final[dict[str, Sex]] = {
    "男": "male", "男性": "male", "m": "male", "male": "male", "女": "female", "女性": "female",
    "f": "female", "female": "female", "未知": "unknown", "不详": "unknown", "": "unknown",
}  # fmt: skip
_YES: Final = frozenset({"是", "有", "y", "yes", "√", "1", "true"})
_NO: Final = frozenset({"否", "无", "没有", "n", "no", "×", "0", "false", ""})
_PHONE: Final = re.compile(r"^\+?[0-9]{3,20}$")


class Fault(NamedTuple):
    """What is wrong with a cell and what to do."""

    zh: str
    en: str


def narrow(text: str) -> str:
    """Full-width digits, letters and signs in their plain form, without a leading apostrophe."""
    return unicodedata.normalize("NFKC", text).lstrip("'‘’`").strip()


def unusable(cell: Cell) -> Fault | None:
    """A formula or an error of Excel is no value."""
    if cell.kind == "formula":
        return Fault(
            "单元格是公式，请改成数值或文字（选择性粘贴为值）",
            "the cell is a formula: paste its value instead",
        )
    if cell.kind == "error":
        return Fault(f"单元格是错误值 {cell.text}", f"the cell is the error {cell.text}")
    return None


def id_number(cell: Cell, today: date) -> str | Fault | None:
    """A checked ID-card number; one that Excel has rounded is named, never restored."""
    text = narrow(cell.text)
    if not text:
        return None
    if _EXPONENT.match(text):
        return Fault(
            f"身份证号被 Excel 变成了 {text}，后几位已丢失，请按证件重新录入并设为文本格式",
            f"Excel made {text} of the ID-card number and its last digits are lost: type it again as text",
        )
    number = normal_id_number(text)
    if cell.kind == "number" and len(number) >= 16:
        return Fault(
            "身份证号存成了数字，Excel 只保留 15 位，末尾已变成 0，请按证件重新录入并设为文本格式",
            "the ID-card number is stored as a number and Excel keeps 15 digits only: type it again as text",
        )
    fault = id_number_fault(number, today)
    if fault is not None and re.fullmatch(r"[0-9]{15}000", number):
        return Fault(
            "身份证号末三位是 000，像是被 Excel 截断，请按证件重新录入",
            "the ID-card number ends in 000 as if cut by Excel: type it again from the card",
        )
    if fault is not None and re.fullmatch(r"[0-9]{15}", number):
        return Fault(
            "这是 15 位旧身份证号，请填 18 位新号", "this is an old number of 15 digits: give the one of 18"
        )
    return number if fault is None else Fault(*fault)


def phone(cell: Cell) -> str | Fault | None:
    """One telephone number in plain digits."""
    text = narrow(cell.text)
    if not text:
        return None
    if _EXPONENT.match(text):
        return Fault(
            f"电话被 Excel 变成了 {text}，请重新录入",
            f"Excel has turned the telephone number into {text}: type it again",
        )
    digits = re.sub(r"\.0+$", "", text) if cell.kind == "number" else text
    digits = re.sub(r"[\s().-]", "", digits)
    if cell.kind == "number" and not re.fullmatch(r"1[0-9]{10}|[0-9]{3,8}", digits):
        return Fault(
            "电话存成了数字，区号前的 0 可能已丢失，请设为文本后重新录入",
            "the telephone number is stored as a number and may lack its leading 0: type it again as text",
        )
    if not _PHONE.match(digits):
        return Fault("电话号码应为 3 到 20 位数字", "a telephone number has 3 to 20 digits")
    if re.match(r"^1[3-9]", digits) and len(digits) != 11:
        return Fault(
            f"手机号应为 11 位，这里是 {len(digits)} 位",
            f"a mobile number has 11 digits, this one has {len(digits)}",
        )
    return digits


def phones(cell: Cell) -> tuple[str, ...] | Fault:
    """Telephone numbers, separated by / 、 , ; or a line break."""
    parts = re.split(r"[/、,，;；|\n]+", cell.text)
    found: list[str] = []
    for part in parts:
        one = phone(Cell(part, cell.kind))
        if isinstance(one, Fault):
            return one
        if one is not None and one not in found:
            found.append(one)
    return tuple(found[:10])


def birth_date(cell: Cell, today: date) -> date | Fault | None:
    """A date in one of five notations, or Excel's own; a bare serial number is not guessed at."""
    text = re.sub(r"\s+", "", narrow(cell.text).removesuffix(" 00:00:00"))
    if not text:
        return None
    if cell.kind == "number" and not re.fullmatch(r"(18|19|20)\d{6}", text):
        return Fault(
            f"出生日期是数字 {text}，请写成 1943-05-01",
            f"the birth date is the number {text}: write 1943-05-01",
        )
    for notation in _DATES:
        found = notation.match(text)
        if found is None:
            continue
        try:
            born = date(*(int(part) for part in found.groups()))
        except ValueError:
            break
        if date(1850, 1, 1) <= born <= today:
            return born
        return Fault("出生日期不可能", "the birth date is impossible")
    return Fault(f"看不懂日期“{text[:20]}”，请写成 1943-05-01", f"{text[:20]!r} is no date: write 1943-05-01")


def sex(cell: Cell) -> Sex | Fault:
    """A sex; an empty cell is unknown."""
    found = _SEXES.get(narrow(cell.text).lower())
    return found or Fault("性别请填 男 或 女", "the sex is 男 (male) or 女 (female)")


def yes(cell: Cell) -> bool | Fault:
    """Yes or no; an empty cell is no."""
    text = narrow(cell.text).lower()
    if text in _YES:
        return True
    return False if text in _NO else Fault("请填 是 或 否", "this is 是 (yes) or 否 (no)")


def words(cell: Cell, most: int = 100) -> str | Fault:
    """A short text; numbers lose the .0 that Excel adds."""
    text = re.sub(r"\.0$", "", cell.text) if cell.kind == "number" else cell.text
    text = text.lstrip("'").strip()
    return text if len(text) <= most else Fault(f"最多 {most} 个字", f"{most} characters at most")


def listed(cell: Cell) -> list[str]:
    """Short texts separated by 、 , ; or a line break."""
    return [part.strip()[:100] for part in re.split(r"[、,，;；\n]+", cell.text) if part.strip()][:20]
