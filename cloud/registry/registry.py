"""Pure rules of the registry: ID-card numbers (GB 11643), addresses, ages."""

import re
from datetime import date, timedelta
from typing import Final, Literal

Sex = Literal["female", "male", "unknown"]
StateName = Literal["active", "hospital", "away", "suspended", "moved", "deceased"]

_ID_NUMBER: Final = re.compile(r"^[0-9]{17}[0-9X]$")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"


def normal_id_number(text: str) -> str:
    """An ID-card number in its one form: full-width digits and spaces tidied, `x` in upper case."""
    table = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("Ｘ"): "X", ord("ｘ"): "X"}
    return text.translate(table).replace(" ", "").replace("-", "").upper()


def id_number_fault(number: str, today: date) -> tuple[str, str] | None:
    """What is wrong with an ID-card number (GB 11643-1999), in Chinese and English; None when it is right."""
    if _ID_NUMBER.fullmatch(number) is None:
        return "身份证号应为 17 位数字加 1 位校验码", "an ID-card number has 17 digits and a check character"
    born = born_on(number)
    if born is None or not date(1850, 1, 1) <= born <= today:
        return "身份证号中的出生日期不可能", "the birth date in the ID-card number is impossible"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    if _CHECK[total % 11] != number[17]:
        return (
            "身份证号校验码不符，请核对",
            "the check character of the ID-card number is wrong; compare it with the card",
        )
    return None


def born_on(number: str) -> date | None:
    """The birth date inside an ID-card number."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def sex_of(number: str) -> Sex:
    """The sex inside an ID-card number: the 17th digit is odd for a man."""
    return "male" if int(number[16]) % 2 else "female"


def age_on(born: date | None, today: date) -> int | None:
    """Completed years."""
    if born is None or born > today:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def china_date(utc_seconds: float) -> date:
    """The calendar day in Asia/Shanghai (UTC+8, no summer time) at a moment."""
    return date(1970, 1, 1) + timedelta(days=int((utc_seconds + 8 * 3600) // 86400))


def place_text(*parts: str | None) -> str:
    """An address of street, compound, building, unit and room; what is empty is left out."""
    return " ".join(part for part in parts if part)
