"""The checks of a device's frames, and what each looks at. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from firmware_specs.language import chinese
from simulators.conformance.checks import Finding
from simulators.conformance.device_record import DeviceRecord
from simulators.conformance.frames import Fault
from simulators.conformance.verdict import Verdict, bad, ok, unseen

_PAGES: Final = {"bluetooth": "gatt.md, bthome.md, vendor_ble.md"}
_PLAUSIBLE_MS: Final = (1_577_836_800_000, 4_102_444_800_000)  # 2020 to 2100
_LIVE_MS: Final = 60_000


def judge_device(record: DeviceRecord) -> list[Finding]:
    """Every check of one device."""
    page = f"devices/{_PAGES.get(record.driver, record.driver + '.md')}"
    found = []
    for name, (zh, en, judge) in _CHECKS.items():
        verdict = judge(record)
        found.append(Finding(name, page, zh if chinese() else en, verdict.result, verdict.seen))
    return found


def _frames(record: DeviceRecord) -> Verdict:
    if not record.heard:
        return bad("no_frames", strange=record.strange_bytes)
    if record.strange_bytes:
        return bad("strange_bytes", strange=record.strange_bytes, count=len(record.heard))
    return ok("frames", count=len(record.heard))


def _without(fault: Fault) -> Callable[[DeviceRecord], Verdict]:
    def judge(record: DeviceRecord) -> Verdict:
        wrong = [h.frame for h in record.heard if fault in record.form.faults(h.frame)]
        if not record.heard:
            return unseen()
        return bad("bad_frames", count=len(wrong), frame=_shown(wrong[0])) if wrong else ok("good_frames")

    return judge


def _readable(record: DeviceRecord) -> Verdict:
    wrong = [heard for heard in record.heard if "error" in heard.told]
    if wrong:
        return bad("not_read", frame=_shown(wrong[0].frame), reason=wrong[0].told["error"], count=len(wrong))
    return ok("good_frames") if record.heard else unseen()


def _means_something(record: DeviceRecord) -> Verdict:
    empty = [h.frame for h in record.heard if "error" not in h.told and not _all_items(h.told)]
    silent = [frame for frame in empty if frame.strip()]
    if silent:
        return bad("says_nothing", frame=_shown(silent[0]), count=len(silent))
    return ok("good_frames") if record.heard else unseen()


def _all_items(told: dict[str, Any]) -> list[Any]:
    return [*told.get("items", []), *([told["replies"]] if told.get("replies") else [])]


def _items(record: DeviceRecord) -> Iterator[tuple[int | None, dict[str, Any]]]:
    for heard in record.heard:
        for item in heard.told.get("items", []):
            yield heard.at, item


def _one_name(record: DeviceRecord) -> Verdict:
    names = {str(item.get("device") or item.get("state", {}).get("device")) for _, item in _items(record)}
    if not names:
        return unseen()
    if any(name.endswith("-unknown") for name in names):
        return bad("no_name", names=sorted(names))
    return ok("names", names=sorted(names))


def _time(record: DeviceRecord) -> Verdict:
    """Live messages within a minute, kept ones of a year that can be."""
    times = [(at, t, bool(item.get("late"))) for at, item in _items(record) if (t := item.get("device_at"))]
    if not times:
        return unseen("no_times")
    for at, said, late in times:
        plausible = _PLAUSIBLE_MS[0] <= said <= (_PLAUSIBLE_MS[1] if at is None else at + _LIVE_MS)
        if not plausible or (at is not None and not late and abs(said - at) > _LIVE_MS):
            return bad("time_wrong", seconds=None if at is None else round((said - at) / 1000), said=said)
    return ok("good_frames")


def _calls_for_help(record: DeviceRecord) -> Verdict:
    kinds = {item["kind"] for _, item in _items(record) if item.get("item") == "happening"}
    if "sos" in kinds:
        return ok("kinds", kinds=sorted(kinds))
    return bad("no_event") if record.asked_sos else unseen("kinds", kinds=sorted(kinds))


def _hears_answers(record: DeviceRecord) -> Verdict:
    """An alarm that was answered and comes again, byte for byte, was not heard."""
    if not record.asked_sos:
        return unseen()
    answered: set[bytes] = set()
    for heard in record.heard:
        urgent = any(item.get("item") == "happening" for item in heard.told.get("items", []))
        if heard.frame in answered:
            return bad("answer_unheard", frame=_shown(heard.frame))
        if urgent and heard.told.get("replies"):
            answered.add(heard.frame)
    return ok("good_frames") if answered else unseen()


def _shown(frame: bytes) -> str:
    text = frame[:120]
    printable = all(32 <= byte < 127 for byte in text)
    return (text.decode("ascii") if printable else "hex:" + text.hex()) + ("…" if len(frame) > 120 else "")


_CHECKS: Final[dict[str, tuple[str, str, Callable[[DeviceRecord], Verdict]]]] = {
    "frames": ("只有帧，没有别的字节", "frames and nothing else", _frames),
    "mark": ("帧头与形式正确", "marks and form are right", _without("mark")),
    "length": ("长度字段正确", "length fields are right", _without("length")),
    "checksum": ("校验正确", "checks are right", _without("checksum")),
    "readable": ("每帧都读得懂", "every frame can be read", _readable),
    "meaning": ("每帧都有含义或应答", "every frame means something, or is answered", _means_something),
    "identity": ("说出自己的编号", "says who it is", _one_name),
    "clock": ("时间正确", "its times are right", _time),
    "sos": ("按下求助就有求助", "a press is a call for help", _calls_for_help),
    "answers": ("收到应答后不再重复报警", "does not repeat an answered alarm", _hears_answers),
}
