"""Telephone numbers as people and exchanges write them: one canonical form, and all the forms in use. Pure.

Chinese numbers (GB: mobile 11 digits from 13 to 19, land line area code 0xx/0xxx + 7 or 8 digits) come with
+86, 0086, 86, spaces, hyphens, brackets, a trunk 0 before a mobile, and without their area code.
"""

import re
from typing import Final

_NOT_DIALLED: Final = re.compile(r"[^0-9+]")
_COUNTRY: Final = re.compile(r"^(?:\+86|0086|86(?=(?:1[3-9]\d{9}|0?[2-9]\d{8,10})$))0?")
_MOBILE: Final = re.compile(r"^0?(1[3-9][0-9]{9})$")
_LAND_LINE: Final = re.compile(r"^0(10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}$")
_LOCAL: Final = re.compile(r"^[2-8][0-9]{6,7}$")
SHOWN_DIGITS: Final = 4


def canonical(number: str, dial_code: str = "") -> str:
    """The number without country code, blanks and trunk 0: `13800000000`, `05461234567`, `+4412345`, `120`.

    A local number gets `dial_code` (such as 0546) put before it where there is one. "" for no number.
    """
    dialled = _NOT_DIALLED.sub("", number.split("@", 1)[0].split(";", 1)[0].removeprefix("sip:"))
    dialled = dialled[:1] + dialled[1:].replace("+", "")
    national = _COUNTRY.sub("", dialled)
    if national != dialled:
        return national if _MOBILE.match(national) or len(national) < 8 else _with_trunk(national)
    mobile = _MOBILE.match(dialled)
    if mobile is not None:
        return mobile.group(1)
    if dialled.startswith("00") and len(dialled) > 8:
        return "+" + dialled[2:]
    if dial_code and _LOCAL.match(dialled):
        return dial_code + dialled
    return "" if dialled == "+" else dialled


def _with_trunk(national: str) -> str:
    return "0" + national if _LAND_LINE.match("0" + national) else national


def spellings(number: str, dial_code: str = "") -> list[str]:
    """Every form in which the registry may hold the number, itself first; empty for no number."""
    plain = canonical(number, dial_code)
    if not plain:
        return []
    found = [plain]
    if plain.startswith("+"):
        found.append("00" + plain[1:])
    elif _MOBILE.match(plain):
        found += [prefix + plain for prefix in ("+86", "86", "0086", "0")]
    elif _LAND_LINE.match(plain):
        found += [prefix + plain[1:] for prefix in ("+86", "86", "0086")]
        found += [prefix + plain for prefix in ("+86", "86", "0086")]
        if dial_code and plain.startswith(dial_code):
            found.append(plain.removeprefix(dial_code))
    return found


def same_number(one: str, other: str, dial_code: str = "") -> bool:
    """True where both spell one number."""
    return bool(canonical(one, dial_code)) and canonical(one, dial_code) == canonical(other, dial_code)


def ending(number: str) -> str:
    """What a timeline may say of a number that is nobody's: its last four digits."""
    digits = canonical(number).lstrip("+")
    return f"…{digits[-SHOWN_DIGITS:]}" if len(digits) > SHOWN_DIGITS else digits
