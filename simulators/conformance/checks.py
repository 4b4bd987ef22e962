"""The checks of a gateway, in the order of the report: name, clause of the wire page, what it asks, judge."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from firmware_specs.language import chinese
from simulators.conformance import event_judges, order_judges, wire_judges
from simulators.conformance.evidence import Evidence
from simulators.conformance.verdict import Result, Verdict


@dataclass(frozen=True)
class Check:
    """One promise of the contract; `clause` is a section of firmware_specs/README.md."""

    name: str
    clause: str
    zh: str
    en: str
    judge: Callable[[Evidence], Verdict]


@dataclass(frozen=True)
class Finding:
    """The outcome of a check, as the report prints it."""

    name: str
    clause: str
    title: str
    result: Result
    seen: str


_TOPICS, _SEND, _ACK = "Topics", "Send one event", "Acknowledge and resend"
_TELEMETRY, _ORDERS = "Telemetry", "Configuration and orders"

CHECKS: Final = (
    Check(
        "connects",
        _TOPICS,
        "以网关编号连接",
        "connects under its own id",
        wire_judges.connects,
    ),
    Check(
        "keep_alive",
        _TOPICS,
        "保活不超过 30 秒",
        "keep-alive of 30 s at most",
        wire_judges.keeps_alive,
    ),
    Check(
        "last_will",
        _TOPICS,
        "遗嘱带本次运行号并保留",
        "a retained last will with its run",
        wire_judges.leaves_a_will,
    ),
    Check(
        "subscribes",
        _TOPICS,
        "只订阅自己的下行",
        "subscribes to its own down topics",
        wire_judges.subscribes,
    ),
    Check(
        "topics",
        _TOPICS,
        "只写自己的主题",
        "writes its own topics only",
        wire_judges.keeps_to_its_topics,
    ),
    Check(
        "retained",
        _TOPICS,
        "状态保留，上报不保留",
        "states retained, reports never",
        wire_judges.retains_states_only,
    ),
    Check(
        "qos",
        _TOPICS,
        "以 QoS 1 发布",
        "publishes with QoS 1",
        wire_judges.publishes_with_qos_1,
    ),
    Check(
        "messages",
        _SEND,
        "每条消息都符合契约",
        "every message is as the contract says",
        wire_judges.speaks_the_contract,
    ),
    Check(
        "greeting",
        _TOPICS,
        "每次连接先报身份与在线",
        "birth and online at each connect",
        wire_judges.greets,
    ),
    Check(
        "heartbeat",
        _TOPICS,
        "每 30 秒再报在线",
        "online again each 30 s",
        wire_judges.beats,
    ),
    Check(
        "event",
        _SEND,
        "按下求助就有事件",
        "a press becomes an event",
        event_judges.reports_a_press,
    ),
    Check(
        "event_seq",
        _SEND,
        "事件编号连续、不重用",
        "events are numbered without a gap",
        event_judges.numbers_events,
    ),
    Check(
        "clock",
        _SEND,
        "时间正确，或说明没有时钟",
        "right times, or says that it has none",
        event_judges.tells_the_time,
    ),
    Check(
        "resend",
        _ACK,
        "2、4、8 秒重发",
        "sends again after 2, 4, 8 s",
        event_judges.resends,
    ),
    Check(
        "only_stored",
        _ACK,
        "只有入库回执才算数",
        "only `stored` of its own run counts",
        event_judges.waits_for_stored,
    ),
    Check(
        "reconnects",
        _ACK,
        "断线后重新连接",
        "connects again after a loss",
        event_judges.reconnects,
    ),
    Check(
        "kept",
        _ACK,
        "未入库的断线后再发",
        "sends what is not stored after a loss",
        event_judges.keeps_until_stored,
    ),
    Check(
        "stops",
        _ACK,
        "入库后不再重发",
        "stops when it is stored",
        event_judges.stops_when_stored,
    ),
    Check(
        "telemetry_seq",
        _TELEMETRY,
        "读数批次编号连续",
        "batches are numbered without a gap",
        event_judges.numbers_batches,
    ),
    Check(
        "telemetry_resend",
        _ACK,
        "批次 30 秒后重发",
        "sends a batch again after 30 s",
        event_judges.resends_batches,
    ),
    Check(
        "config",
        _ORDERS,
        "应用新配置、忽略旧配置",
        "applies the newer configuration only",
        order_judges.applies_configuration,
    ),
    Check(
        "garbage",
        _ORDERS,
        "乱码下行不影响工作",
        "works on after garbage",
        order_judges.survives_garbage,
    ),
    Check(
        "order",
        _ORDERS,
        "不认识的命令有回答",
        "answers an unknown order",
        order_judges.answers_orders,
    ),
    Check(
        "order_once",
        _ORDERS,
        "同一命令同一回答",
        "the same order, the same answer",
        order_judges.answers_twice_the_same,
    ),
    Check(
        "order_expired",
        _ORDERS,
        "过期命令不执行",
        "does nothing after the expiry",
        order_judges.refuses_late_orders,
    ),
    Check(
        "replay",
        _ORDERS,
        "重放事件，编号不变",
        "replays events with their numbers",
        order_judges.replays_events,
    ),
    Check(
        "replay_telemetry",
        _ORDERS,
        "重放读数",
        "replays telemetry",
        order_judges.replays_batches,
    ),
    Check(
        "power_cut",
        _ACK,
        "断电后仍补发",
        "sends it after a power cut, too",
        event_judges.survives_a_power_cut,
    ),
    Check(
        "new_run",
        _SEND,
        "每次启动换运行号",
        "draws a new run at each start",
        event_judges.begins_a_new_run,
    ),
)


def judge(evidence: Evidence) -> list[Finding]:
    """Every check of one examination."""
    findings = []
    for check in CHECKS:
        verdict = check.judge(evidence)
        title = check.zh if chinese() else check.en
        findings.append(Finding(check.name, check.clause, title, verdict.result, verdict.seen))
    return findings
