"""The closed list of reading and event kinds: unit, range, dead band, priority and the standards' codes.

Units are SenML's (RFC 8428, RFC 8798), and UCUM's where SenML has none: mm[Hg], mmol/l, [g].
`ucum` is UCUM's code, LOINC codes are those of FHIR's vital signs, `scaip` is the device type of SS 91100.
An unknown kind is stored raw, never refused.
"""

from typing import Final, Literal

import msgspec


class ReadingKind(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value: `low`..`high` is what a sensor can say, `dead_band` the change worth sending."""

    name: str
    unit: str
    low: float
    high: float
    dead_band: float
    heartbeat_s: int = 900
    ucum: str | None = None
    loinc: str | None = None
    zh: str
    en: str


AlarmClass = Literal["care", "technical", "test"]


class EventKind(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened: `priority` 1 life .. 4 technical; `life_safety`: never refused or grouped."""

    name: str
    priority: int
    alarm_class: AlarmClass = "care"
    life_safety: bool = False
    scaip: str | None = None
    zh: str
    en: str


def _vital(
    name: str, unit: str, span: tuple[float, float], dead_band: float, loinc: str, ucum: str, zh: str, en: str
) -> ReadingKind:
    """A value of the body, sent at a change above `dead_band` and each 15 minutes."""
    low, high = span
    return ReadingKind(
        name=name, unit=unit, low=low, high=high, dead_band=dead_band, loinc=loinc, ucum=ucum, zh=zh, en=en
    )


def _state(name: str, zh: str, en: str) -> ReadingKind:
    """A yes/no state as 1 or 0, sent at each change and each hour."""
    return ReadingKind(name=name, unit="/", low=0, high=1, dead_band=0.5, heartbeat_s=3600, zh=zh, en=en)


def _slow(
    name: str,
    unit: str,
    span: tuple[float, float],
    dead_band: float,
    zh: str,
    en: str,
    *,
    ucum: str | None = None,
    hours: int = 1,
) -> ReadingKind:
    """A value of a room, a plug or a device itself, sent at a change and each `hours`."""
    low, high = span
    return ReadingKind(
        name=name,
        unit=unit,
        low=low,
        high=high,
        dead_band=dead_band,
        heartbeat_s=hours * 3600,
        ucum=ucum,
        zh=zh,
        en=en,
    )


def _care(priority: int, name: str, zh: str, en: str, scaip: str | None = None) -> EventKind:
    """An event about a person; priority 1 is life-safety."""
    return EventKind(name=name, priority=priority, life_safety=priority == 1, scaip=scaip, zh=zh, en=en)


def _technical(name: str, zh: str, en: str, scaip: str | None = None) -> EventKind:
    """An event about the equipment, priority 4."""
    return EventKind(name=name, priority=4, alarm_class="technical", scaip=scaip, zh=zh, en=en)


_READINGS: Final = (
    _vital("heart_rate", "beat/min", (20, 260), 3, "8867-4", "/min", "心率", "heart rate"),
    _vital("resp_rate", "1/min", (2, 70), 2, "9279-1", "/min", "呼吸", "respiration"),
    _vital("spo2", "%", (50, 100), 1, "59408-5", "%", "血氧", "SpO2"),
    _vital("body_temperature", "Cel", (25, 45), 0.2, "8310-5", "Cel", "体温", "body temperature"),
    _vital("systolic", "mm[Hg]", (40, 300), 0, "8480-6", "mm[Hg]", "收缩压", "systolic pressure"),
    _vital("diastolic", "mm[Hg]", (20, 200), 0, "8462-4", "mm[Hg]", "舒张压", "diastolic pressure"),
    _vital("weight", "kg", (1, 400), 0, "29463-7", "kg", "体重", "weight"),
    _vital("glucose", "mmol/l", (0.5, 60), 0, "15074-8", "mmol/L", "血糖", "glucose"),
    _vital("steps", "count", (0, 200_000), 50, "55423-8", "{steps}", "步数", "steps"),
    _slow("tumbles", "count", (0, 1_000_000), 1, "翻身次数", "turns in sleep", hours=6),
    _slow("restlessness", "%", (0, 100), 5, "体动占比", "restlessness", ucum="%"),
    _state("in_bed", "在床", "in bed"),
    _state("door_open", "门开", "door open"),
    _state("motion", "活动", "motion"),
    _state("presence", "有人", "presence"),
    _state("vibration", "振动", "vibration"),
    _state("worn", "已佩戴", "worn"),
    _state("charging", "充电中", "charging"),
    _state("smoke", "烟雾", "smoke"),
    _state("gas", "燃气", "gas"),
    _state("co", "一氧化碳", "carbon monoxide"),
    _state("water_leak", "漏水", "water leak"),
    _state("tamper", "防拆", "tamper"),
    _state("battery_low", "电量低", "battery low"),
    _slow("acceleration_g", "[g]", (0, 40), 1, "加速度峰值", "acceleration peak", ucum="[g]"),
    _slow("battery", "%EL", (0, 100), 2, "电量", "battery", ucum="%", hours=6),
    _slow("battery_voltage", "V", (0, 60), 0.05, "电池电压", "battery voltage", ucum="V", hours=6),
    _slow("mains_voltage", "V", (0, 500), 5, "市电电压", "mains voltage", ucum="V"),
    _slow("link_quality", "/", (0, 255), 40, "信号质量", "link quality", hours=6),
    _slow("signal_strength", "%", (0, 100), 20, "信号强度", "signal strength", hours=6),
    _slow("signal_dbm", "dBm", (-130, 0), 10, "信号强度", "signal strength", hours=6),
    _slow("temperature", "Cel", (-40, 85), 0.5, "室温", "room temperature", ucum="Cel"),
    _slow("humidity", "%RH", (0, 100), 3, "湿度", "humidity", ucum="%"),
    _slow("illuminance", "lx", (0, 200_000), 50, "照度", "illuminance", ucum="lx"),
    _slow("co2", "ppm", (0, 20_000), 100, "二氧化碳", "carbon dioxide"),
    _slow("pm25", "ug/m3", (0, 2000), 10, "PM2.5", "PM2.5"),
    _slow("power", "W", (0, 20_000), 20, "功率", "power", ucum="W"),
    _slow("energy", "kWh", (0, 1_000_000), 0.1, "用电量", "energy", ucum="kW.h"),
    _slow("current", "A", (0, 100), 0.1, "电流", "current", ucum="A"),
)

_EVENTS: Final = (
    _care(1, "sos", "紧急求助", "SOS", "0003"),
    _care(1, "fall", "跌倒", "fall", "0005"),
    _care(1, "smoke", "烟雾报警", "smoke", "0023"),
    _care(1, "gas", "燃气泄漏", "gas leak", "0021"),
    _care(1, "co", "一氧化碳", "carbon monoxide", "0026"),
    _care(1, "heat", "高温报警", "heat alarm"),
    _care(1, "news2_high", "早期预警评分高危", "NEWS2 high"),
    _care(1, "no_answer", "回拨无人应答", "nobody answers the call-back"),
    EventKind(
        name="fall_suspected", priority=2, life_safety=True, scaip="0005", zh="疑似跌倒", en="suspected fall"
    ),
    _care(2, "phone_call", "来电求助", "telephone call for help"),
    _care(2, "water_leak", "漏水", "water leak", "0033"),
    _care(2, "fence_exit", "走出安全围栏", "left the safe zone", "0015"),
    _care(2, "inactivity", "长时间无活动", "inactivity", "0018"),
    _care(2, "not_returned_to_bed", "夜间离床未归", "not back in bed", "0012"),
    _care(2, "news2_medium", "早期预警评分中危", "NEWS2 medium"),
    _care(3, "door_left_open", "门长时间未关", "door left open", "0014"),
    _care(3, "vital_out_of_band", "体征异常", "vital sign out of band", "0019"),
    _care(3, "medication_missed", "漏服药", "medication missed"),
    _technical("watch_removed", "手表被摘下", "watch taken off"),
    _technical("battery_low", "电量低", "battery low", "0041"),
    _technical("mains_lost", "断电", "mains lost", "0041"),
    _technical("tamper", "防拆报警", "tamper", "0038"),
    _technical("device_offline", "设备离线", "device offline"),
    _technical("device_chatter", "设备频繁报警", "device chatters"),
    _technical("gateway_offline", "网关离线", "gateway offline"),
    _technical("gateway_cloned", "网关疑似被克隆", "gateway cloned"),
    _technical("clock_wrong", "时钟错误", "wrong clock"),
    _technical("unknown_alarm_bit", "未知报警位", "unknown alarm bit"),
    _technical("unknown_device", "未登记设备", "unregistered device"),
    _technical("undecodable_message", "无法解读的消息", "message that cannot be read"),
    _technical("outbox_damaged", "网关存储损坏", "gateway store damaged"),
    _technical("storage_full", "网关存储已满", "gateway storage full"),
    _technical("area_outage", "片区中断", "area outage"),
    _technical("same_cause", "同因报警", "alarms of one cause"),
    _technical("broker_silent", "消息服务器无响应", "broker is silent"),
    _technical("ingest_silent", "消息接收程序无响应", "ingestor is silent"),
    _technical("member_silent", "一个接收程序无响应，其余正常", "one of several readers is silent"),
    _technical("telemetry_silent", "读数接收程序无响应", "reader of telemetry is silent"),
    _technical("work_silent", "定时任务程序无响应", "worker is silent"),
    _technical("canary_silent", "全链路自检中断", "canary is silent"),
    _technical("screen_silent", "坐席屏幕失联", "operator's screen is silent"),
    EventKind(
        name="detector_test", priority=4, alarm_class="test", zh="探测器自检", en="detector's own test"
    ),
)

READINGS: Final[dict[str, ReadingKind]] = {kind.name: kind for kind in _READINGS}
EVENTS: Final[dict[str, EventKind]] = {kind.name: kind for kind in _EVENTS}
LIFE_SAFETY: Final[frozenset[str]] = frozenset(kind.name for kind in _EVENTS if kind.life_safety)
