"""The evidence of a case as one HTML file: Chinese and English, printable, with a verifier and no request to
anywhere. Pure: the same data make the same file, byte for byte, which is how a changed page shows.
"""

import html
import json
from collections.abc import Iterable
from importlib import resources
from typing import Any, Final

import msgspec

from cloud.cases.evidence import Evidence, EvidenceEntry, EvidenceReadings, EvidenceRoot, Sealed, text_of
from cloud.cases.hops import NAMES
from cloud.cases.signing import public_pem

DATA_TAG: Final = '<pre id="evidence-data" hidden>'
SEAL_TAG: Final = '<pre id="evidence-seal" hidden>'

_KINDS: Final[dict[str, str]] = {
    "opened": "立案",
    "alarm": "报警",
    "rang": "再次响铃",
    "shown": "屏幕显示",
    "claimed": "接警",
    "renewed": "续办",
    "warned": "超时提醒",
    "returned": "退回队列",
    "released": "放回队列",
    "note": "备注",
    "call": "通话",
    "step_done": "步骤完成",
    "contacting": "开始回拨",
    "call_back": "回拨结果",
    "dispatched": "派单",
    "dispatch_undone": "撤销派单",
    "recalled": "召回",
    "accepted": "接单",
    "eta": "预计到达",
    "refused": "拒单",
    "no_answer": "派单无应答",
    "arrived": "到场",
    "responder_done": "现场处理完毕",
    "service_order": "转为服务工单",
    "alarm_again": "工单转回警情",
    "shelved": "搁置",
    "unshelved": "恢复",
    "ungrouped": "移出分组",
    "group_ended": "分组结束",
    "handed_over": "交接",
    "taken_over": "班长接管",
    "merged": "合并",
    "notified": "通知",
    "resolved": "处置完毕",
    "followed_up": "回访",
    "closed": "结案",
    "explained": "补充说明",
    "cleared": "报警解除",
    "cancelled": "报警取消",
    "escalated": "升级",
    "door_code_viewed": "查看门锁密码",
    "erased": "依法删除",
}
_CASE: Final[dict[str, str]] = {
    "number": "警情编号 / case number",
    "id": "标识 / id",
    "class": "类别 / class",
    "kinds": "报警类型 / kinds",
    "priority": "优先级 / priority",
    "state": "状态 / state",
    "resident": "老人 / resident",
    "place": "地点 / place",
    "subject_kind": "对象类型 / subject",
    "subject_id": "对象 / subject id",
    "occurred_at": "发生 / occurred",
    "opened_at": "立案 / opened",
    "claimed_at": "接警 / claimed",
    "resolved_at": "处置完毕 / resolved",
    "closed_at": "结案 / closed",
    "disposition": "结论 / disposition",
}
_HEALTH: Final[dict[str, str]] = {
    "left_out": "本文件不含健康数据。/ Health data were left out of this file.",
    "none": "警情尚未结案，没有留存的读数。/ The case is not closed: no readings are kept yet.",
    "given": "",
}


def page(evidence: Evidence, sealed: Sealed | None) -> str:
    """The whole file."""
    title = f"警情 {evidence.case['number']} 证据 / Evidence of case {evidence.case['number']}"
    seal_json = msgspec.json.encode(sealed).decode()
    parts = [
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">",
        f"<title>{_text(title)}</title>\n<style>\n{_resource('evidence.css')}</style>\n</head>\n<body>",
        f"<h1>{_text(title)}</h1>",
        _made(evidence),
        '<p id="verdict" class="verdict">尚未校验 / not verified yet</p>',
        '<button id="verify" type="button">在本机校验 / Verify on this machine</button>',
        '<ul id="findings"></ul>',
        "<h2>警情 / Case</h2>",
        _table(_case_rows(evidence.case)),
        "<h2>各环节时间 / Time of each hop</h2>",
        _table((f"{NAMES[hop.name][0]} / {NAMES[hop.name][1]}", _hop(hop.at)) for hop in evidence.hops),
        "<h2>时间线 / Timeline</h2>",
        _timeline(evidence.entries),
        "<h2>每日签名根 / Signed daily roots</h2>",
        *(_root(root) for root in evidence.roots),
        "" if evidence.roots else _paragraph("当日尚未签名。/ The day has not been signed yet."),
        "<h2>文件签名 / Signature of this file</h2>",
        _seal(sealed),
        "<h2>读数 / Readings</h2>",
        _readings(evidence),
        _resource("evidence_by_hand.html"),
        f"{DATA_TAG}{_text(text_of(evidence))}</pre>",
        f"{SEAL_TAG}{_text(seal_json)}</pre>",
        f"<script>\n{_resource('evidence.js')}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def unescaped(text: str) -> str:
    """What stands in a data block."""
    return html.unescape(text)


def entry_row(entry: EvidenceEntry) -> str:
    """One line of the timeline with what proves it."""
    payload = entry.payload if entry.payload is not None else entry.kept or "{}"
    words = _words(payload)
    kind = str(words.get("kind", ""))
    label = f"{_KINDS.get(kind, '')} " if kind in _KINDS else ""
    erased = entry.payload is None
    note = f'<p class="erased">已删除 / erased {_text(entry.erased_at or "")}</p>' if erased else ""
    salt = "—" if entry.salt is None else entry.salt
    return (
        f'<tbody class="entry" data-n="{entry.n}">'
        f'<tr><td>{entry.n}</td><td class="at">{_text(str(words.get("at", "")))}</td>'
        f'<td>{label}<code class="kind">{_text(kind)}</code></td>'
        f'<td class="actor">{_text(str(words.get("actor", "")))}</td></tr>'
        f'<tr><td></td><td colspan="3">{note}<code class="payload">{_text(payload)}</code>'
        f'<div class="proof">{_text(entry.algorithm)} · salt <code class="salt">{_text(salt)}</code><br>'
        f'payload hash <code class="inner">{_text(entry.payload_hash)}</code><br>'
        f'previous <code class="previous">{_text(entry.previous)}</code><br>'
        f'hash <code class="hash">{_text(entry.hash)}</code></div></td></tr></tbody>'
    )


def _words(payload: str) -> dict[str, Any]:
    try:
        words = json.loads(payload)
    except ValueError:
        return {}
    return words if isinstance(words, dict) else {}


def _made(evidence: Evidence) -> str:
    zh = (
        f"由 {evidence.made_by} 于 {evidence.made_at}（UTC）导出，{evidence.program}。"
        "时间均为 UTC，北京时间加 8 小时。"
    )
    en = (
        f"Exported by {evidence.made_by} at {evidence.made_at} (UTC), {evidence.program}. All times are UTC;"
        " Beijing is 8 hours ahead."
    )
    return _paragraph(zh) + _paragraph(en)


def _case_rows(case: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, label in _CASE.items():
        yield label, _shown(name, case.get(name))


def _shown(name: str, value: Any) -> str:
    match name, value:
        case _, None | "" | []:
            return "—"
        case "resident", dict():
            return f"{value.get('name', '')} · {value.get('sex', '')} · {value.get('age') or '?'}"
        case "place", dict():
            return (
                " ".join(str(part) for part in (value.get("text"), value.get("incident_room")) if part) or "—"
            )
        case _, list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _hop(at: str | None) -> str:
    return at or "缺失 / missing"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{_text(label)}</th><td>{_text(value)}</td></tr>" for label, value in rows)
    return f'<table class="facts">{cells}</table>'


def _timeline(entries: Iterable[EvidenceEntry]) -> str:
    head = "<thead><tr><th>#</th><th>时间 / time</th><th>事项 / what</th><th>谁 / who</th></tr></thead>"
    return f'<table class="timeline">{head}\n' + "\n".join(map(entry_row, entries)) + "</table>"


def _root(root: EvidenceRoot) -> str:
    path = "<br>".join(f"{_text(node.side)} {_text(node.hash)}" for node in root.path) or "—"
    rows = (
        ("签名内容 / signed text", root.text),
        ("起点（第几条）/ begins at entry", str(root.n)),
        ("签名 / signature", root.signature),
        ("公钥指纹 / key id", root.key_id),
    )
    key = _text(_pem(root.public_key))
    return f"{_table(rows)}<p>路径 / path</p><code>{path}</code><pre>{key}</pre>"


def _seal(sealed: Sealed | None) -> str:
    if sealed is None:
        return _paragraph("导出时没有签名密钥，本文件未签名。/ No key was at hand: this file is not signed.")
    rows = (("签名 / signature", sealed.signature), ("公钥指纹 / key id", sealed.key_id))
    return f"{_table(rows)}<pre>{_text(_pem(sealed.public_key))}</pre>"


def _pem(public_key: str) -> str:
    try:
        return public_pem(bytes.fromhex(public_key))
    except ValueError:
        return public_key


def _readings(evidence: Evidence) -> str:
    kept = evidence.readings
    if kept is None:
        return _paragraph(_HEALTH.get(evidence.health, ""))
    return _kept(kept)


def _kept(kept: EvidenceReadings) -> str:
    whole = "完整 / complete" if kept.complete else "结案后 60 分钟内，尚未完整 / not complete yet"
    names = ("设备 / device", "种类 / kind", "时间 / time", "值 / value", "质量 / quality")
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{_text('—' if cell is None else str(cell))}</td>" for cell in row) + "</tr>"
        for row in kept.rows
    )
    span = _paragraph(f"{kept.starts_at} – {kept.ends_at} · {whole} · {len(kept.rows)}")
    return f"{span}<table>{head}\n{rows}</table>"


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _text(text: str) -> str:
    return html.escape(text)


def _resource(name: str) -> str:
    return resources.files(__package__ or "cloud.cases").joinpath(name).read_text(encoding="utf-8")
