"""How a Chinese name sounds, for people who type: full pinyin, initials, and the surname with initials. Pure.

A character with several readings counts with each of them, so surnames such as 单 (shan), 曾 (zeng), 仇 (qiu)
or 解 (xie) are found by their own reading, and by the common one too. A character without a known reading is
left out. Ü is written v, and also u.
"""

import os
import unicodedata
from functools import cache
from itertools import product
from typing import Final

_READINGS: Final = 6
_FORMS: Final = 64
_LONGEST: Final = 12
_SPELT: Final = str.maketrans({"ü": "v", "ê": "e", "'": "", "’": "", "-": "", "·": ""})
# Readings that names have and dictionaries of common words leave out.
_SURNAMES: Final[dict[str, tuple[str, ...]]] = {
    "单": ("shan",), "仇": ("qiu",), "解": ("xie",), "曾": ("zeng",), "区": ("ou",), "查": ("zha",),
    "任": ("ren",), "朴": ("piao",), "盖": ("ge",), "员": ("yun",), "翟": ("zhai",), "缪": ("miao",),
    "覃": ("qin", "tan"), "种": ("chong",), "乐": ("yue",), "华": ("hua",), "折": ("she",), "黑": ("he",),
    "尉": ("yu", "wei"), "万": ("wan", "mo"), "俟": ("qi",), "繁": ("po",), "洗": ("xian",), "冼": ("xian",),
}  # fmt: skip


def folded(text: str) -> str:
    """A text in the one form it is compared in: compatibility forms unified, lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def sound_of(name: str) -> str:
    """The forms of a name as words, each after a space: " wangxiuying wxy wangxy"; "" where none is known."""
    syllables = [_readings(character) for character in folded(name) if not character.isspace()]
    known = [readings for readings in syllables if readings][:_LONGEST]
    forms: dict[str, None] = {}
    for spoken in list(_few(known)):
        initials = "".join(syllable[0] for syllable in spoken)
        for form in ("".join(spoken), initials, spoken[0] + initials[1:]):
            forms[form] = None
    return "".join(f" {form}" for form in forms)


def _few(known: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The combinations of readings, at most so many; the first reading of each first."""
    if not known:
        return []
    total = 1
    kept = []
    for readings in known:
        take = readings if total * len(readings) <= _FORMS else readings[:1]
        total *= len(take)
        kept.append(take)
    return list(product(*kept))


def _readings(character: str) -> tuple[str, ...]:
    if character.isascii():
        return (character,) if character.isalnum() else ()
    spelt = [reading.translate(_SPELT) for reading in _spoken(character)]
    spelt = [*_SURNAMES.get(character, ()), *spelt]
    spelt += [reading.replace("v", "u") for reading in spelt if "v" in reading]
    return tuple(dict.fromkeys(one for one in spelt if one.isascii() and one.isalpha()))[:_READINGS]


@cache
def _spoken(character: str) -> tuple[str, ...]:
    """What the dictionary of single characters says. Loaded at the first name, without the one of phrases:
    both would cost every program that knows of names a second and 40 MB.
    """
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(found[0]) if found else ()
