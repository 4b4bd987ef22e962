"""A plausible home in an invented town: address, rooms, residents, contacts. One seed is one home.

Nobody in here exists: the area code belongs to no place, telephone numbers begin with 120 (no carrier).
"""

from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Final

CITY: Final = "安澜市"
DISTRICT: Final = "滨江区"
DISTRICT_CODE: Final = "371698"
ORG: Final = "安澜市居家养老服务中心"
CENTRE_LAT: Final = 37.38
CENTRE_LON: Final = 118.01
ROOMS: Final = ("bedroom", "living_room", "kitchen", "bathroom", "hall")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Compound:
    """A residential compound (小区) with its street, street code and gate."""

    name: str
    street: str
    code: str
    lat: float
    lon: float


COMPOUNDS: Final = (
    Compound("桂花苑", "望江路18号", f"{DISTRICT_CODE}001", 37.3812, 118.0125),
    Compound("松林里", "松涛路6号", f"{DISTRICT_CODE}002", 37.3871, 118.0236),
    Compound("望潮新村", "潮音路77号", f"{DISTRICT_CODE}001", 37.3768, 118.0048),
    Compound("梧桐花园", "凤栖路102号", f"{DISTRICT_CODE}003", 37.3925, 117.9981),
    Compound("荷塘人家", "荷塘路9号", f"{DISTRICT_CODE}003", 37.3703, 118.0312),
)
AREAS: Final = (
    (DISTRICT_CODE, f"{CITY}{DISTRICT}"),
    (f"{DISTRICT_CODE}001", "临江街道"),
    (f"{DISTRICT_CODE}002", "松林街道"),
    (f"{DISTRICT_CODE}003", "梧桐街道"),
)
_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_FEMALE: Final = (
    "秀英",
    "桂兰",
    "玉珍",
    "淑华",
    "凤英",
    "兰英",
    "素梅",
    "玉兰",
    "慧芳",
    "春梅",
    "月娥",
    "佩芬",
)
_MALE: Final = (
    "建国",
    "德明",
    "志强",
    "国华",
    "文彬",
    "永福",
    "树林",
    "福生",
    "长江",
    "宝山",
    "学文",
    "守仁",
)
_CHILDREN: Final = ("伟", "敏", "静", "磊", "丽", "强", "洋", "艳", "勇", "娟", "涛", "霞")
_RISKS: Final = ("跌倒高风险", "高血压", "冠心病", "糖尿病", "轻度认知障碍", "独居", "骨质疏松", "脑卒中后")
_NEEDS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"hearing": "右耳重听，请大声慢说"},
    {"dialect": "方言为主，普通话可听懂"},
    {"cognition": "轻度认知障碍，易走失"},
    {"speech": "言语不清，请耐心等待"},
    {"power": "家用制氧机，断电需立即联系"},
)


@dataclass(frozen=True)
class Contact:
    """Somebody who is told when something happens."""

    name: str
    relation: str
    phone: str
    has_key: bool
    distance_note: str


@dataclass(frozen=True)
class Profile:
    """What the registry knows of one elder."""

    name: str
    sex: str
    birth_date: date
    id_number: str
    phones: tuple[str, ...]
    risks: tuple[str, ...]
    needs: dict[str, Any]
    profile: dict[str, Any]
    contacts: tuple[Contact, ...]
    bed_label: str


@dataclass(frozen=True)
class Home:
    """One household: its address, gate, notes and one or two residents."""

    compound: Compound
    building: str
    unit: str
    room: str
    access_note: str
    door_code: str
    safe_radius_m: float
    residents: tuple[Profile, ...]
    rooms: tuple[str, ...] = field(default=ROOMS)

    @property
    def label(self) -> str:
        """Short address for people: 桂花苑 3号楼2单元501室."""
        return f"{self.compound.name} {self.building}{self.unit}{self.room}"


def id_number(area_code: str, birth: date, sequence: int) -> str:
    """An 18-character identity number with the check of GB 11643 (MOD 11-2); odd sequences are men."""
    body = f"{area_code[:6]}{birth:%Y%m%d}{sequence % 1000:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def invent_home(seed: int, *, residents: int | None = None, compound: str | None = None) -> Home:
    """The home of a seed; about one in four is a couple unless `residents` (1 or 2) says otherwise.

    Raises ValueError for an unknown compound.
    """
    random = Random(f"home-{seed}")
    place = _compound(random, compound)
    count = residents if residents is not None else (2 if random.random() < 0.25 else 1)
    people = tuple(_profile(random, place, seed, index, couple=count > 1) for index in range(count))
    return Home(
        compound=place,
        building=f"{random.randint(1, 18)}号楼",
        unit=f"{random.randint(1, 4)}单元",
        room=f"{random.randint(1, 18)}{random.randint(1, 4):02d}室",
        access_note=random.choice(
            ("单元门有门禁，按门铃找物业", "钥匙在物业中控室", "门口有两级台阶，担架需抬", "电梯需刷卡")
        ),
        door_code=f"{random.randint(0, 999_999):06d}",
        safe_radius_m=300.0,
        residents=people,
    )


def _compound(random: Random, name: str | None) -> Compound:
    if name is None:
        return random.choice(COMPOUNDS)
    for place in COMPOUNDS:
        if place.name == name:
            return place
    raise ValueError(f"compound {name!r} is not in {CITY}: {', '.join(place.name for place in COMPOUNDS)}")


def _profile(random: Random, place: Compound, seed: int, index: int, *, couple: bool) -> Profile:
    female = (index == 1) if couple else random.random() < 0.6
    surname = random.choice(_SURNAMES)
    birth = date(random.randint(1934, 1955), random.randint(1, 12), random.randint(1, 28))
    risks = random.sample(_RISKS, random.randint(1, 3))
    return Profile(
        name=surname + random.choice(_FEMALE if female else _MALE),
        sex="female" if female else "male",
        birth_date=birth,
        id_number=id_number(place.code, birth, (seed * 4 + index * 2) % 998 + (0 if female else 1)),
        phones=(_phone(seed, index * 10),),
        risks=tuple(risks),
        needs=random.choice(_NEEDS),
        profile={"blood_type": random.choice("ABO"), "mobility": random.choice(("自如", "拄拐", "轮椅"))},
        contacts=tuple(_contact(random, surname, seed, index, n) for n in range(random.randint(1, 3))),
        bed_label=("主卧" if index == 0 else "次卧") + "床位",
    )


def _contact(random: Random, surname: str, seed: int, index: int, n: int) -> Contact:
    relation, note = (("女儿", "同城 15 分钟"), ("儿子", "外地"), ("邻居", "同单元"))[n]
    family = surname if relation != "邻居" else random.choice(_SURNAMES)
    return Contact(
        name=family + random.choice(_CHILDREN),
        relation=relation,
        phone=_phone(seed, index * 10 + n + 1),
        has_key=relation != "儿子",
        distance_note=note,
    )


def _phone(seed: int, n: int) -> str:
    """Eleven digits of no carrier: mobile numbers begin with 13 to 19."""
    return f"120{seed % 1_000_000:06d}{n % 100:02d}"
