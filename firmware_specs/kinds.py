"""The closed list of reading and event kinds: unit, plausible range, dead band, priority and the standards' codes.

Units are SenML's (RFC 8428 registry), `ucum` is UCUM's, LOINC codes are those of FHIR's vital signs, `scaip`
is the device type of SS 91100 (SCAIP). An unknown kind is stored raw, never refused.
"""

from typing import Final, Literal

import msgspec


class ReadingKind(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value: `low`..`high` is what a working sensor can say, `dead_band` the change that is worth sending."""

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
    """Something that happened: default `priority` 1 life .. 4 technical; `life_safety` is never refused, grouped or shelved."""

    name: str
    priority: int
    alarm_class: AlarmClass = "care"
    life_safety: bool = False
    scaip: str | None = None
    zh: str
    en: str


def _state(name: str, zh: str, en: str) -> ReadingKind:
    """A yes/no state as 1 or 0, sent at each change and each hour."""
    return ReadingKind(name=name, unit="/", low=0, high=1, dead_band=0.5, heartbeat_s=3600, zh=zh, en=en)


_READINGS: Final = (
    ReadingKind(name="heart_rate", unit="beat/min", low=20, high=260, dead_band=3, ucum="/min", loinc="8867-4", zh="心率", en="heart rate"),
    ReadingKind(name="resp_rate", unit="1/min", low=2, high=70, dead_band=2, ucum="/min", loinc="9279-1", zh="呼吸", en="respiration"),
    ReadingKind(name="spo2", unit="%", low=50, high=100, dead_band=1, ucum="%", loinc="59408-5", zh="血氧", en="SpO2"),
    ReadingKind(name="body_temperature", unit="Cel", low=25, high=45, dead_band=0.2, ucum="Cel", loinc="8310-5", zh="体温", en="body temperature"),
    ReadingKind(name="systolic", unit="mm[Hg]", low=40, high=300, dead_band=0, ucum="mm[Hg]", loinc="8480-6", zh="收缩压", en="systolic pressure"),
    ReadingKind(name="diastolic", unit="mm[Hg]", low=20, high=200, dead_band=0, ucum="mm[Hg]", loinc="8462-4", zh="舒张压", en="diastolic pressure"),
    ReadingKind(name="weight", unit="kg", low=1, high=400, dead_band=0, ucum="kg", loinc="29463-7", zh="体重", en="weight"),
    ReadingKind(name="glucose", unit="mmol/l", low=0.5, high=60, dead_band=0, ucum="mmol/L", loinc="15074-8", zh="血糖", en="glucose"),
    ReadingKind(name="steps", unit="count", low=0, high=200_000, dead_band=50, ucum="{steps}", loinc="55423-8", zh="步数", en="steps"),
    ReadingKind(name="tumbles", unit="count", low=0, high=1_000_000, dead_band=1, heartbeat_s=21_600, zh="翻身次数", en="turns in sleep"),
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
    ReadingKind(name="acceleration_g", unit="g", low=0, high=40, dead_band=1, heartbeat_s=3600, zh="加速度峰值", en="acceleration peak"),
    ReadingKind(name="battery", unit="%EL", low=0, high=100, dead_band=2, heartbeat_s=21_600, ucum="%", zh="电量", en="battery"),
    ReadingKind(name="battery_voltage", unit="V", low=0, high=60, dead_band=0.05, heartbeat_s=21_600, ucum="V", zh="电池电压", en="battery voltage"),
    ReadingKind(name="link_quality", unit="/", low=0, high=255, dead_band=40, heartbeat_s=21_600, zh="信号质量", en="link quality"),
    ReadingKind(name="signal_strength", unit="%", low=0, high=100, dead_band=20, heartbeat_s=21_600, zh="信号强度", en="signal strength"),
    ReadingKind(name="temperature", unit="Cel", low=-40, high=85, dead_band=0.5, heartbeat_s=3600, ucum="Cel", zh="室温", en="room temperature"),
    ReadingKind(name="humidity", unit="%RH", low=0, high=100, dead_band=3, heartbeat_s=3600, ucum="%", zh="湿度", en="humidity"),
    ReadingKind(name="illuminance", unit="lx", low=0, high=200_000, dead_band=50, heartbeat_s=3600, ucum="lx", zh="照度", en="illuminance"),
    ReadingKind(name="co2", unit="ppm", low=0, high=20_000, dead_band=100, heartbeat_s=3600, zh="二氧化碳", en="carbon dioxide"),
    ReadingKind(name="pm25", unit="ug/m3", low=0, high=2000, dead_band=10, heartbeat_s=3600, zh="PM2.5", en="PM2.5"),
    ReadingKind(name="power", unit="W", low=0, high=20_000, dead_band=20, heartbeat_s=3600, ucum="W", zh="功率", en="power"),
    ReadingKind(name="energy", unit="kWh", low=0, high=1_000_000, dead_band=0.1, heartbeat_s=3600, ucum="kW.h", zh="用电量", en="energy"),
    ReadingKind(name="current", unit="A", low=0, high=100, dead_band=0.1, heartbeat_s=3600, ucum="A", zh="电流", en="current"),
)

_EVENTS: Final = (
    EventKind(name="sos", priority=1, life_safety=True, scaip="0003", zh="紧急求助", en="SOS"),
    EventKind(name="fall", priority=1, life_safety=True, scaip="0005", zh="跌倒", en="fall"),
    EventKind(name="smoke", priority=1, life_safety=True, scaip="0023", zh="烟雾报警", en="smoke"),
    EventKind(name="gas", priority=1, life_safety=True, scaip="0021", zh="燃气泄漏", en="gas leak"),
    EventKind(name="co", priority=1, life_safety=True, scaip="0026", zh="一氧化碳", en="carbon monoxide"),
    EventKind(name="fall_suspected", priority=2, life_safety=True, scaip="0005", zh="疑似跌倒", en="suspected fall"),
    EventKind(name="water_leak", priority=2, scaip="0033", zh="漏水", en="water leak"),
    EventKind(name="fence_exit", priority=2, scaip="0015", zh="走出安全围栏", en="left the safe zone"),
    EventKind(name="inactivity", priority=2, scaip="0018", zh="长时间无活动", en="inactivity"),
    EventKind(name="not_returned_to_bed", priority=2, scaip="0012", zh="夜间离床未归", en="not back in bed"),
    EventKind(name="door_left_open", priority=3, scaip="0014", zh="门长时间未关", en="door left open"),
    EventKind(name="vital_out_of_band", priority=3, scaip="0019", zh="体征异常", en="vital sign out of band"),
    EventKind(name="watch_removed", priority=4, alarm_class="technical", zh="手表被摘下", en="watch taken off"),
    EventKind(name="battery_low", priority=4, alarm_class="technical", scaip="0041", zh="电量低", en="battery low"),
    EventKind(name="mains_lost", priority=4, alarm_class="technical", scaip="0041", zh="断电", en="mains lost"),
    EventKind(name="tamper", priority=4, alarm_class="technical", scaip="0038", zh="防拆报警", en="tamper"),
    EventKind(name="device_offline", priority=4, alarm_class="technical", zh="设备离线", en="device offline"),
    EventKind(name="device_chatter", priority=4, alarm_class="technical", zh="设备频繁报警", en="device chatters"),
    EventKind(name="gateway_offline", priority=4, alarm_class="technical", scaip="0041", zh="网关离线", en="gateway offline"),
    EventKind(name="gateway_cloned", priority=4, alarm_class="technical", zh="网关疑似被克隆", en="gateway cloned"),
    EventKind(name="clock_wrong", priority=4, alarm_class="technical", zh="时钟错误", en="wrong clock"),
    EventKind(name="unknown_alarm_bit", priority=4, alarm_class="technical", zh="未知报警位", en="unknown alarm bit"),
    EventKind(name="unknown_device", priority=4, alarm_class="technical", zh="未登记设备", en="unregistered device"),
    EventKind(name="undecodable_message", priority=4, alarm_class="technical", zh="无法解读的消息", en="message that cannot be read"),
    EventKind(name="outbox_damaged", priority=4, alarm_class="technical", zh="网关存储损坏", en="gateway store damaged"),
    EventKind(name="storage_full", priority=4, alarm_class="technical", zh="网关存储已满", en="gateway storage full"),
    EventKind(name="detector_test", priority=4, alarm_class="test", zh="探测器自检", en="detector's own test"),
)

READINGS: Final[dict[str, ReadingKind]] = {kind.name: kind for kind in _READINGS}
EVENTS: Final[dict[str, EventKind]] = {kind.name: kind for kind in _EVENTS}
LIFE_SAFETY: Final[frozenset[str]] = frozenset(kind.name for kind in _EVENTS if kind.life_safety)
