"""A district for each story: homes made through the public API, alarms and readings by simulated devices."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from firmware_specs.clock import Clock
from simulators.devices.watch import FALL, SOS
from simulators.light_gateway import LightGateway
from tests.cloud.console.street import Street

PASSWORDS: Final[dict[str, str]] = {}  # of every user made for a story, by user name
_AT_THE_WRIST = {"sos": SOS, "fall": FALL}
_OF_THE_BED = ("resp_rate", "in_bed")
_numbers = iter(range(1, 1_000_000))
_PEOPLE = (
    ("张桂兰", "female", "1943-05-01", "桂花苑小区"),
    ("陈国栋", "male", "1949-02-11", "松林里"),
    ("周淑芬", "female", "1940-07-30", "青羊坊小区"),
    ("赵文清", "male", "1945-11-05", "惠民小区"),
    ("何秀英", "female", "1937-03-21", "学府花园"),
    ("吴建华", "male", "1954-08-08", "东风新村"),
)


@dataclass(frozen=True)
class Home:
    """One home, its elder and its gateway."""

    gateway: str
    secret: str
    elder: str
    resident_id: str
    watch: str
    mat: str


@dataclass(frozen=True)
class RunningCloud:
    """A whole `carebed-cloud up` on free ports."""

    url: str
    http_port: int
    mqtt_port: int
    data_dir: Path
    token: str
    http: httpx.Client

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """An administrator's request."""
        return self._ask("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """An administrator's change."""
        return self._ask("PUT", path, body)

    def get(self, path: str) -> dict[str, Any]:
        """An administrator's look."""
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.http.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def user(self, name: str, role: str, area: str = "") -> tuple[str, str]:
        """A new user: the id and the user name."""
        about = {"username": f"{role}-{next(_numbers)}", "name": name, "role": role, "area_code": area}
        made = self.post("/staff", about)
        PASSWORDS[made["username"]] = made["password"]
        return made["id"], made["username"]


@dataclass
class District:
    """An area that only its own operators see."""

    cloud: RunningCloud
    area: str
    street: Street
    homes: list[Home] = field(default_factory=list)

    def operator(self, name: str, role: str = "operator") -> str:
        """A new operator (or somebody of another role) of this district; the user name."""
        return self.cloud.user(name, role, self.area)[1]

    def family(self, name: str, home: "Home", contact: str) -> str:
        """A family account that sees the elder of a home, whose contact it is; the user name."""
        _, username = self.cloud.user(name, "family")
        bound = {"resident_id": home.resident_id, "contact": contact, "consent": "本人当面签字"}
        self.cloud.post("/family/access", {"username": username, "location": True} | bound)
        return username

    def responder(self, name: str) -> str:
        """A responder of this district, available, near every home; the user name."""
        staff_id, username = self.cloud.user(name, "responder", self.area)
        zone = {"name": "滨江片区", "area_code": self.area, "lat": 37.432, "lon": 118.671}
        zone_id = self.cloud.post("/zones", zone)["id"]
        self.cloud.put(f"/responders/{staff_id}", {"zone_id": zone_id, "skills": ["first_aid"]})
        return username

    def home(self, elder: str | None = None, compound: str | None = None) -> Home:
        """A home with door code, elder, contacts and gateway."""
        number = next(_numbers)
        name, sex, born, there = _PEOPLE[len(self.homes) % len(_PEOPLE)]
        made = self.cloud.post("/homes", _home(self.area, compound or there, number))
        bed = self.cloud.post(f"/homes/{made['id']}/beds", {"label": "主卧床位"})
        resident = self.cloud.post("/residents", _resident(elder or name, sex, born, bed["id"]))
        gateway = f"gw-{self.area}-{number}"
        secret = self.cloud.post("/gateways", {"id": gateway, "home_id": made["id"]})["secret"]
        watch, mat = f"watch-88{number:08d}", f"mat-{self.area}-{number}"
        for device, family in ((watch, "watch"), (mat, "mattress")):
            placed = {"home_id": made["id"], "bed_id": bed["id"]}
            self.cloud.post("/devices", {"id": device, "family": family, **placed})
        self.homes.append(Home(gateway, secret, elder or name, resident["id"], watch, mat))
        return self.homes[-1]

    def alarm(self, home: Home, *kinds: str, room: str = "bathroom", age_s: float = 0) -> None:
        """Somebody presses the watch's button or falls with it, or the home's gateway tells what it noticed.

        What is older was kept by the gateway; the devices are installed from the moment they are made, so it
        names none.
        """
        worn = {kind for kind in kinds if kind in _AT_THE_WRIST and age_s == 0}
        if worn:
            self.street.press(home.watch, sum(_AT_THE_WRIST[kind] for kind in worn))
        at, device = Clock().now_ms() - round(age_s * 1000), home.watch if age_s == 0 else None

        def notice(gateway: LightGateway) -> None:
            for kind in kinds:
                if kind not in worn:
                    gateway.event(kind, device=device, room=room, at=at)

        if worn != {*kinds}:
            self.street.tell(home.gateway, home.secret, notice)

    def readings(self, home: Home, **values: float) -> None:
        """The watch and the mattress of a home measure: heart_rate, spo2, worn ...; resp_rate, in_bed."""
        now = Clock().now_ms()
        rows = [
            (home.mat if kind in _OF_THE_BED else home.watch, kind, now, value)
            for kind, value in values.items()
        ]
        self.street.tell(home.gateway, home.secret, lambda gateway: gateway.telemetry(rows))

    def cases(self, state: str = "live") -> list[dict[str, Any]]:
        """The district's cases in a state."""
        found = self.cloud.get(f"/cases?state={state}&limit=1000")["items"]
        gateways = {home.gateway for home in self.homes}
        elders = {home.resident_id for home in self.homes}
        return [
            case
            for case in found
            if (case["resident"] or {}).get("id") in elders or case["subject_id"] in gateways
        ]


def _home(area: str, compound: str, number: int) -> dict[str, Any]:
    return {
        "area_code": area,
        "org": "康养中心",
        "street": "滨江街道",
        "compound": compound,
        "building": f"{number % 9 + 1}栋",
        "unit": "2单元",
        "room": f"{number % 6 + 1}01",
        "gate": {"lat": 37.43, "lon": 118.67},
        "safe_radius_m": 300,
        "access_note": "网格员马志强有备用钥匙，有电梯",
        "door_code": f"88{number:04d}#",
    }


def _resident(name: str, sex: str, born: str, bed_id: str) -> dict[str, Any]:
    return {
        "name": name,
        "sex": sex,
        "birth_date": born,
        "phones": ["13981124471"],
        "bed_id": bed_id,
        "profile": {
            "living": "独居",
            "care_level": "失能 2 级",
            "conditions": ["房颤", "高血压", "骨质疏松"],
            "mobility": "助行器，夜间起夜 2 次",
        },
        "needs": {"hearing": "左耳聋，说慢一点", "dialect": "四川话"},
        "limits": {"heart_rate": {"low": 55, "high": 95}, "spo2": {"low": 94, "high": 100}},
        "risks": ["华法林 抗凝，跌倒易出血", "青霉素 过敏", "右髋人工关节 2023", "家用制氧机 不可断电"],
        "contacts": [
            {"name": "张伟", "relation": "长子", "phone": "13900001111", "distance_note": "15 公里"},
            {"name": "张敏", "relation": "次女", "phone": "13900002222", "distance_note": "同小区"},
            {"name": "李婶", "relation": "邻居", "phone": "13900003333", "has_key": True},
        ],
    }
