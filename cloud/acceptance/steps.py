"""What a technician must prove in a home before it is handed over: the steps, and whether each is. Pure.

Nothing is ticked by hand: a step is passed by what a gateway answered, a device sent or a seat saw.
"""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from cloud.acceptance.acceptance import Device, Gateway, Kind, Proof, Seen, State, Step, Trouble

ROUND_TRIP_LIMIT_MS: Final = 3_000
OFFSET_LIMIT_MS: Final = 5_000
HEARD_WITHIN: Final = timedelta(hours=1)
SEEN_WITHIN_S: Final = 30.0
LOWEST_BATTERY: Final = 20.0
LOWEST_SIGNAL_PERCENT: Final = 20.0
LOWEST_LQI: Final = 30.0  # of 255
LOWEST_DBM: Final = -90.0
ALARMING: Final = frozenset(
    {"watch", "wrist_accelerometer", "button", "trv", "gt06", "jt808", "r60", "tinyframe"}
)
CALLING: Final = frozenset({"watch", "trv", "gt06", "jt808"})
MOVEMENT: Final = frozenset({"motion", "presence", "in_bed", "door_open", "vibration"})
_DANGER: Final = frozenset({"smoke", "gas", "co", "water_leak"})
_OF_ITSELF: Final = frozenset(
    {"battery", "battery_low", "battery_voltage", "link_quality", "signal_strength", "signal_dbm", "tamper"}
)


def steps(
    gateways: list[Gateway], devices: list[Device], reasons: dict[str, str], now: datetime
) -> list[Step]:
    """Every step of a home at this moment, in the order in which they are walked."""
    found = [step for gateway in gateways for step in (_reached(gateway, now), _clock(gateway))]
    if not gateways:
        found.append(_step("gateway", "", "failed", "no_gateway"))
    found += [_device(device, now) for device in devices]
    found += [_alarm(device) for device in devices if alarms(device)]
    found += _rooms(devices)
    found += [_hotline(device) for device in devices if device.family in CALLING]
    for gateway in gateways:
        if gateway.modem:
            found += [_modem("sms", gateway, gateway.sms, now), _modem("voice", gateway, gateway.voice, now)]
    return [msgspec.structs.replace(step, reason=reasons.get(step.key, "")) for step in found]


def unproven(found: list[Step]) -> list[str]:
    """The steps that are not passed and have no reason: as long as there is one, nothing is finished."""
    return [step.key for step in found if step.state != "passed" and not step.reason]


def alarms(device: Device) -> bool:
    """Whether it must be heard as an alarm: what may raise one, and what nobody has heard measure yet."""
    measures = device.kinds - _OF_ITSELF
    return device.family in ALARMING or device.role == "sos" or bool(measures & _DANGER) or not measures


def _step(kind: Kind, subject: str, state: State, trouble: Trouble | None = None, **found: Any) -> Step:
    return Step(key=f"{kind}:{subject}", kind=kind, subject=subject, state=state, trouble=trouble, **found)


def _reached(gateway: Gateway, now: datetime) -> Step:
    """Online, and an order came there and back within the limit."""
    ping = gateway.ping
    if not gateway.online:
        return _step("gateway", gateway.id, "failed", "offline")
    if ping is None:
        return _step("gateway", gateway.id, "waiting", "not_asked")
    if ping.answered_at is None or ping.status == "expired":
        over = now >= ping.expires_at
        return _step("gateway", gateway.id, "failed" if over else "waiting", "no_answer" if over else "asked")
    trip = _ms(ping.answered_at - ping.asked_at)
    slow = trip > ROUND_TRIP_LIMIT_MS
    state: State = "failed" if slow else "passed"
    return _step(
        "gateway", gateway.id, state, "slow" if slow else None, at=ping.answered_at, round_trip_ms=trip
    )


def _clock(gateway: Gateway) -> Step:
    """The gateway's time against ours, in the middle of the round trip."""
    ping = gateway.ping
    if ping is None or ping.answered_at is None or ping.status == "expired":
        return _step("clock", gateway.id, "waiting", "not_asked")
    if ping.at is None:
        return _step("clock", gateway.id, "failed", "clock_unsaid", at=ping.answered_at)
    if ping.clock == "none":
        return _step("clock", gateway.id, "failed", "no_clock", at=ping.answered_at, clock="none")
    offset = _ms(ping.at - ping.asked_at - (ping.answered_at - ping.asked_at) / 2)
    wrong = abs(offset) > OFFSET_LIMIT_MS
    return _step(
        "clock",
        gateway.id,
        "failed" if wrong else "passed",
        "clock_off" if wrong else None,
        at=ping.answered_at,
        offset_ms=offset,
        clock=ping.clock,
    )


def _device(device: Device, now: datetime) -> Step:
    """Heard lately, its battery and signal good as far as it tells them."""
    state: State = "failed"
    trouble: Trouble | None = None
    if device.heard_at is None:
        state, trouble = "waiting", "never_heard"
    elif device.online is False:
        trouble = "offline"
    elif device.battery_percent is not None and device.battery_percent < LOWEST_BATTERY:
        trouble = "battery_low"
    elif _weak(device):
        trouble = "weak_signal"
    elif now - device.heard_at > HEARD_WITHIN:
        state, trouble = "waiting", "long_silent"
    else:
        state = "passed"
    return _step(
        "device",
        device.id,
        state,
        trouble,
        at=device.heard_at,
        battery_percent=device.battery_percent,
        link_quality=device.link_quality,
        signal_percent=device.signal_percent,
        signal_dbm=device.signal_dbm,
        **_about(device),
    )


def _about(device: Device) -> dict[str, Any]:
    return {"family": device.family, "model": device.model, "role": device.role, "room": device.room}


def _weak(device: Device) -> bool:
    limits = (
        (device.signal_dbm, LOWEST_DBM),
        (device.signal_percent, LOWEST_SIGNAL_PERCENT),
        (device.link_quality, LOWEST_LQI),
    )
    return any(value is not None and value < least for value, least in limits)


def _alarm(device: Device) -> Step:
    """Pressed in test mode, and seen at a seat: the seconds in between."""
    alarm = device.alarm
    about = _about(device)
    if alarm is None:
        return _step("alarm", device.id, "waiting", "not_pressed", **about)
    about |= {"event": alarm.kind, "at": alarm.at}
    if not alarm.test:
        return _step("alarm", device.id, "failed", "rang_for_real", **about)
    if alarm.seen_at is None:
        return _step("alarm", device.id, "waiting", "not_seen", **about)
    # A clock that is a little ahead, or far behind, must not make the road look shorter or longer.
    began = (
        alarm.at if timedelta() <= alarm.received_at - alarm.at <= timedelta(minutes=1) else alarm.received_at
    )
    seconds = round((alarm.seen_at - began).total_seconds(), 1)
    late = seconds > SEEN_WITHIN_S
    state: State = "failed" if late else "passed"
    return _step("alarm", device.id, state, "seen_late" if late else None, seen_s=seconds, **about)


def _rooms(devices: list[Device]) -> list[Step]:
    """Each sensor of a room has noticed whoever walks through."""
    sensors: dict[str, list[Seen]] = {}
    for device in devices:
        for kind in sorted(device.kinds & MOVEMENT):
            seen = Seen(device=device.id, kind=kind, at=device.moved.get(kind))
            sensors.setdefault(device.room, []).append(seen)
    found = []
    for room, there in sensors.items():
        times = [one.at for one in there if one.at is not None]
        done = len(times) == len(there)
        found.append(
            _step(
                "room",
                room,
                "passed" if done else "waiting",
                None if done else "not_moved",
                room=room,
                at=max(times) if done else None,
                seen_by=there,
            )
        )
    return found


def _hotline(device: Device) -> Step:
    """The numbers are in the watch, and it has called once."""
    call = device.call
    if call is None:
        return _step("hotline", device.id, "waiting", "not_written", **_about(device))
    about = _about(device) | {"phones": call.phones, "number": call.sim_number}
    if call.written is None:
        return _step("hotline", device.id, "waiting", "not_taken", **about)
    if not call.written:
        return _step("hotline", device.id, "failed", "refused", said=call.error or "", **about)
    if call.proven_at is None:
        return _step("hotline", device.id, "waiting", "not_called", **about)
    return _step("hotline", device.id, "passed", at=call.proven_at, **about)


def _modem(kind: Literal["sms", "voice"], gateway: Gateway, proof: Proof | None, now: datetime) -> Step:
    """An SMS of the gateway's own modem whose code came back; a call that was answered."""
    if proof is None:
        return _step(kind, gateway.id, "waiting", "not_sent")
    about: dict[str, Any] = {"number": proof.number, "at": proof.at}
    if proof.status == "done":
        if kind == "sms" and not proof.proven:
            return _step(kind, gateway.id, "waiting", "no_code", **about)
        return _step(kind, gateway.id, "passed", **about)
    if proof.status in ("failed", "rejected"):
        return _step(kind, gateway.id, "failed", "refused", said=proof.error or "", **about)
    over = now >= proof.expires_at
    return _step(kind, gateway.id, "failed" if over else "waiting", "no_answer" if over else "asked", **about)


def _ms(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
