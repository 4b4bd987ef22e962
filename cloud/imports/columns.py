"""Which heading means which field, with the synonyms that registers usually have. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import msgspec

CONTACTS: Final = 3
"""How many contacts a row may name."""

_SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("姓名", "老人姓名", "服务对象", "服务对象姓名", "名字", "name"),
    "sex": ("性别", "sex"),
    "birth_date": ("出生日期", "出生年月日", "生日", "birth date", "birth_date"),
    "id_number": ("身份证号", "身份证号码", "身份证", "证件号码", "证件号", "公民身份号码", "id number"),
    "phones": ("联系电话", "手机号", "手机号码", "手机", "电话", "本人电话", "老人电话", "联系方式", "phone"),
    "area": ("区划代码", "行政区划代码", "行政区划", "区划", "区域", "片区", "所属区域", "area"),
    "org": ("机构", "服务机构", "所属机构", "机构名称", "organisation"),
    "street": ("街道", "乡镇", "街道/乡镇", "乡镇/街道", "乡镇街道", "街道乡镇", "镇街", "道路", "street"),
    "compound": ("小区", "小区名称", "小区/村", "社区", "村", "社区/村", "村/社区", "compound"),
    "building": ("楼栋", "楼栋号", "楼号", "栋", "栋号", "楼", "幢", "building"),
    "unit": ("单元", "单元号", "unit"),
    "room": ("门牌号", "房号", "门牌", "室", "室号", "户室", "房间", "房间号", "户号", "room"),
    "bed": ("床位", "床位名称", "床号", "床位号", "bed"),
    "access_note": ("进门说明", "入户说明", "怎么进门", "access note"),
    "door_code": ("门锁密码", "门禁密码", "开门密码", "door code"),
    "living": ("居住情况", "居住状况", "居住", "居住方式", "living"),
    "care_level": ("失能等级", "护理等级", "能力等级", "评估等级", "care level"),
    "conditions": ("慢病", "慢性病", "疾病", "病史", "既往病史", "患病情况", "conditions"),
    "risks": ("风险提示", "注意事项", "过敏史", "过敏", "risks"),
    "hearing": ("听力", "听力情况", "hearing"),
    "dialect": ("方言", "语言", "dialect"),
}  # fmt: skip
_CONTACT: Final[dict[str, tuple[str, ...]]] = {
    "name": ("紧急联系人", "紧急联系人姓名", "联系人", "联系人姓名", "监护人", "监护人姓名", "contact"),
    "relation": ("关系", "与老人关系", "联系人关系", "紧急联系人关系", "监护人关系", "relation"),
    "phone": ("紧急联系人电话", "联系人电话", "紧急联系电话", "紧急联系人手机", "联系人手机",
              "联系人手机号", "紧急联系人手机号", "监护人电话", "contact phone"),
    "key": ("有钥匙", "联系人有钥匙", "紧急联系人有钥匙", "有无钥匙", "has key"),
}  # fmt: skip
_NUMBERS: Final = {"1": 1, "2": 2, "3": 3, "一": 1, "二": 2, "三": 3}
_PLAIN: Final = {word.replace(" ", ""): field for field, words in _SYNONYMS.items() for word in words}
_OF_CONTACT: Final = {word.replace(" ", ""): part for part, words in _CONTACT.items() for word in words}
TEMPLATE: Final = (
    ("name", "姓名", "王秀英（示例）"),
    ("sex", "性别", "女"),
    ("birth_date", "出生日期", "1949-12-31"),
    ("id_number", "身份证号", ""),
    ("phones", "联系电话", "13800000000"),
    ("area", "区划代码", "370502"),
    ("org", "机构", "康养中心"),
    ("street", "街道", "胜利街道"),
    ("compound", "小区", "胜利小区"),
    ("building", "楼栋", "3号楼"),
    ("unit", "单元", "2单元"),
    ("room", "门牌号", "501"),
    ("bed", "床位", "东卧"),
    ("access_note", "进门说明", "备用钥匙在网格员处"),
    ("living", "居住情况", "独居"),
    ("care_level", "失能等级", "失能 2 级"),
    ("conditions", "慢病", "高血压、房颤"),
    ("risks", "风险提示", "青霉素过敏"),
    ("contact1.name", "紧急联系人", "王芳"),
    ("contact1.relation", "关系", "女儿"),
    ("contact1.phone", "紧急联系人电话", "13900000000"),
    ("contact1.key", "有钥匙", "是"),
    ("contact2.name", "紧急联系人2", ""),
    ("contact2.relation", "关系2", ""),
    ("contact2.phone", "紧急联系人2电话", ""),
)
"""Field, heading and example of each column of the template."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a file: its place from 0, its heading, and the field it fills, None for one not used."""

    place: int
    heading: str
    field: str | None

    @property
    def letter(self) -> str:
        """The column's name in Excel."""
        return letter(self.place)


def letter(place: int) -> str:
    """The name in Excel of the column at a place from 0: A, B, ... Z, AA."""
    name, rest = "", place + 1
    while rest > 0:
        rest, digit = divmod(rest - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def field_of(heading: str) -> str | None:
    """The field that a heading means; contacts are `contact1.name` to `contact3.key`."""
    word = unicodedata.normalize("NFKC", heading).lower()
    word = re.sub(r"\(.*?\)|\[.*?\]|[\s*:_]", "", word)
    if word in _PLAIN:
        return _PLAIN[word]
    number = 1
    found = re.search(r"第?([123一二三])", word)
    if found is not None:
        number = _NUMBERS[found.group(1)]
        word = word[: found.start()] + word[found.end() :]
    part = _OF_CONTACT.get(word)
    return None if part is None else f"contact{number}.{part}"


def columns_of(headings: Sequence[str]) -> list[Column]:
    """The columns of a row of headings; of a field named twice all but `phones` count once, at first."""
    found: list[Column] = []
    taken: set[str] = set()
    for place, heading in enumerate(headings):
        if not heading.strip():
            continue
        field = field_of(heading)
        if field in taken and field != "phones":
            field = None
        taken |= {field} if field is not None else set()
        found.append(Column(place=place, heading=heading.strip()[:40], field=field))
    return found


def is_heading_row(texts: Sequence[str]) -> bool:
    """True for a row that names a person's name and at least one more known field."""
    fields = {field_of(text) for text in texts if text.strip()} - {None}
    return "name" in fields and len(fields) >= 2
