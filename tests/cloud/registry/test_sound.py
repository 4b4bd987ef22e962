"""How names sound: polyphonic surnames, rare characters, and what is no name at all."""

import pytest

from cloud.registry.search import understand
from cloud.registry.sound import sound_of


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("王秀英", ("wangxiuying", "wxy", "wangxy")),
        ("单雄信", ("shanxiongxin", "sxx", "danxiongxin")),
        ("曾国藩", ("zengguofan", "zgf", "cengguofan")),
        ("仇和平", ("qiuheping", "qhp", "chouheping")),
        ("解缙", ("xiejin", "xj")),
        ("朴明", ("piaoming", "pm")),
        ("吕布", ("lvbu", "lubu", "lb")),
        ("欧阳修", ("ouyangxiu", "oyx")),
        ("尉迟恭", ("yuchigong", "ycg")),
        ("阿依古丽·买买提", ("ayigulimaimaiti",)),
        ("Mary 王", ("marywang",)),
    ],
)
def test_a_name_is_found_as_people_type_it(name: str, typed: tuple[str, ...]) -> None:
    forms = sound_of(name).split()
    assert set(typed) <= set(forms)


def test_rare_characters_have_their_sound_or_are_left_out() -> None:
    assert "wang" in sound_of("王𠅤").split() or "wang" in sound_of("王𠅤")
    assert sound_of("㐂").isascii()
    assert sound_of("") == ""
    assert sound_of("·—！") == ""


def test_many_readings_do_not_explode() -> None:
    assert len(sound_of("重行长乐单曾仇解区朴盖种").split()) <= 3 * 64
    assert len(sound_of("长" * 100).split()) <= 3 * 64


def test_a_text_is_understood_for_what_it_can_mean() -> None:
    assert understand("１３９ 8112").digits == "1398112"
    assert understand("+86 138-0000").digits == "1380000"
    assert understand("501").digits == ""
    assert understand("wang xiu ying").sound == "wangxiuying"
    assert understand("  ") == understand("")
    assert understand("100%_").inside == r"%100\%\_%"
    assert understand("zb-00158d").device == "zb-00158d"
    assert understand("胜利小区 501").words == ["%胜利小区%", "%501%"]
