"""What gateways say of themselves and their devices: birth, online and will, device states, results, logs.

Retained messages are a convenience: they may fill in what is not known, and never raise or end an alarm.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms.rules import LONGEST_UPTIME, gateway_alarm
from cloud.cases.intake import clear_gateway, take_alarm
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection, Pool
from cloud.downlink import store as downlink
from cloud.ingest import quarantine, whereabouts
from cloud.ingest.gateways import is_cloned, judge_run
from cloud.ingest.heartbeats import takes_the_place
from cloud.ingest.lane import Lane, gateway_of
from cloud.ingest.line import Arrived
from cloud.ingest.times import judge_time
from cloud.ingest.whereabouts import Sender
from firmware_specs import topics
from firmware_specs.messages import Birth, ClockState, DeviceState, Log, Message, Online, Result, decode

logger = logging.getLogger(__name__)
_SQL: Final = queries.load(__package__ or "cloud.ingest")
_LOG_SHOWN: Final = 500
Handle = Callable[[Connection, str, Any, Arrived, datetime], Awaitable[None]]


def state_lane(pool: Pool, now: Callable[[], datetime], *, parallel: int = 3) -> Lane:
    """The lane of `state/#`, `up/result` and `up/log`."""
    return Lane(
        "states",
        pool,
        take=take_states,
        refuse=refuse_state,
        now=now,
        parallel=parallel,
        replaces=takes_the_place,
    )


async def take_states(conn: Connection, arrivals: Sequence[Arrived], now: datetime) -> None:
    """Messages about gateways and devices."""
    for arrived in arrivals:
        await take_state(conn, arrived, now)


async def take_state(conn: Connection, arrived: Arrived, now: datetime) -> None:
    """One message about a gateway or a device."""
    topic = topics.parse_up(arrived.topic)
    handler = None if topic is None else _HANDLERS.get(topic.channel)
    if topic is None or handler is None:
        logger.warning("unknown topic", extra={"action": "unknown_topic", "topic": arrived.topic[:200]})
        return
    shape, handle = handler
    try:
        message = decode(arrived.payload, shape)
    except ValueError as error:
        await _not_understood(conn, arrived, str(error), now)
        return
    if isinstance(message, DeviceState) and message.device != topic.device:
        await _not_understood(conn, arrived, "the device differs from the topic's", now)
        return
    await handle(conn, topic.gateway, message, arrived, now)


async def refuse_state(conn: Connection, arrived: Arrived, now: datetime) -> None:
    """A state that cannot be stored, for a fault of ours."""
    await _not_understood(conn, arrived, "could not be stored", now)


async def set_online(
    conn: Connection, sender: Sender, *, online: bool, reason: str, now: datetime
) -> set[UUID]:
    """Note that a gateway came or went, and raise or end its alarm. Returns the cases that changed.

    The caller holds the gateway's row and publishes the cases.
    """
    values = {"id": sender.id, "online": online, "at": now}
    told = await (await conn.execute(_SQL["set_online"], values)).fetchone()
    if told is None or not told[0]:
        return set()
    extra = {"action": "gateway_back" if online else "gateway_lost", "gateway": sender.id, "reason": reason}
    logger.info("gateway is back" if online else "gateway is away", extra=extra)
    if online:
        return await clear_gateway(conn, sender.id, "gateway_offline", now=now)
    draft = gateway_alarm(
        "gateway_offline",
        gateway_id=sender.id,
        area_code=sender.area_code,
        org_id=sender.org_id,
        at=now,
        reasons=(reason,),
    )
    return {(await take_alarm(conn, draft, now)).case_id}


async def _online(conn: Connection, gateway: str, message: Online, arrived: Arrived, now: datetime) -> None:
    if arrived.retained:
        return
    # A last will is sent by the broker: it is no sign of life.
    sender = await whereabouts.hear(conn, gateway, at=arrived.received_at if message.online else None)
    present = await _present(conn, gateway)
    if present is None:
        return
    if not message.online and (present["last_seen_at"] or arrived.received_at) > arrived.received_at:
        return  # it has come back meanwhile, and another of a group of readers heard of that first
    if message.run != present["run"] and (not message.online or await _known(conn, gateway, message.run)):
        return
    reason = "heartbeat" if message.online else "last_will"
    changed = await set_online(conn, sender, online=message.online, reason=reason, now=now)
    await publish(conn, changed, now=now)


async def _birth(conn: Connection, gateway: str, message: Birth, arrived: Arrived, now: datetime) -> None:
    live = not arrived.retained
    sender = await whereabouts.hear(conn, gateway, at=arrived.received_at if live else None)
    present = await _present(conn, gateway)
    if present is None:
        return
    started_at = _moment(message.started_at, message.clock, arrived.received_at)
    known = await _known(conn, gateway, message.run)
    verdict = judge_run(
        message.run,
        started_at,
        present=present["run"],
        present_started_at=present["run_started_at"],
        seen_before=known is not None,
    )
    key = {"id": gateway, "run": message.run, "at": now}
    await conn.execute(_SQL["add_run"], key | {"started_at": started_at})
    changed: set[UUID] = set()
    if verdict == "stale":
        if live:
            await conn.execute(_SQL["run_returned"], key)
            changed |= await _report_clone(conn, sender, [now, *(known or [])], now)
    elif live or present["run"] is None:
        values = {
            "started_at": started_at,
            "boot": message.boot,
            "birth": msgspec.json.encode(message).decode(),
            "network": msgspec.json.encode(message.network).decode(),
        }
        await conn.execute(_SQL["take_birth"], key | values)
    if live:
        await _learn_boot(conn, gateway, message.boot, message.started_at, message.clock, arrived, now)
        changed |= await set_online(conn, sender, online=True, reason="birth", now=now)
    await publish(conn, changed, now=now)


async def _report_clone(
    conn: Connection, sender: Sender, returned_at: list[datetime], now: datetime
) -> set[UUID]:
    if not is_cloned(returned_at, now):
        return set()
    draft = gateway_alarm(
        "gateway_cloned",
        gateway_id=sender.id,
        area_code=sender.area_code,
        org_id=sender.org_id,
        at=now,
        reasons=("two_runs_alternate",),
    )
    ref = await take_alarm(conn, draft, now)
    return {ref.case_id} if ref.tell else set()


async def _device(
    conn: Connection, gateway: str, message: DeviceState, arrived: Arrived, now: datetime
) -> None:
    if not arrived.retained:
        await whereabouts.hear(conn, gateway, at=arrived.received_at)
        await _learn_boot(conn, gateway, message.boot, message.at, message.clock, arrived, now)
    last_seen = None
    if message.last_seen is not None:
        last_seen = _moment(message.last_seen, message.clock, arrived.received_at)
    values = {
        "device_id": message.device,
        "gateway_id": gateway,
        "state": msgspec.json.encode(message).decode(),
        "at": _moment(message.at, message.clock, arrived.received_at),
        "last_seen": last_seen,
        "now": now,
    }
    await conn.execute(_SQL["take_device_state"], values)


async def _result(conn: Connection, gateway: str, message: Result, arrived: Arrived, now: datetime) -> None:
    error = None if message.error is None else message.error.replace("\0", "")
    answer = None
    if message.at is not None:
        # Without time of day `at` counts from boot: no time to compare with ours.
        source = None if message.clock is None else message.clock.source
        answer = {"at": message.at, "clock": source}
    command = UUID(message.id)
    if not await downlink.finish_command(conn, gateway, command, message.status, error, now, answer=answer):
        extra = {"action": "unknown_command_answered", "gateway": gateway, "command": message.id}
        logger.warning("answer to no open command", extra=extra)


async def _log(conn: Connection, gateway: str, message: Log, arrived: Arrived, now: datetime) -> None:
    extra = {"action": "gateway_log", "gateway": gateway, "level": message.level}
    logger.info("gateway: %s", message.text[:_LOG_SHOWN], extra=extra)


_HANDLERS: Final[dict[str, tuple[type[Message], Handle]]] = {
    "online": (Online, _online),
    "birth": (Birth, _birth),
    "device": (DeviceState, _device),
    "result": (Result, _result),
    "log": (Log, _log),
}


async def _not_understood(conn: Connection, arrived: Arrived, reason: str, now: datetime) -> None:
    gateway = gateway_of(arrived.topic)
    if not arrived.payload and arrived.retained:
        return  # how a retained message is deleted
    extra = {"action": "message_quarantined", "topic": arrived.topic[:200], "size": len(arrived.payload)}
    logger.warning("message set aside", extra=extra)
    sender = await whereabouts.hear(conn, gateway, at=None if arrived.retained else arrived.received_at)
    await quarantine.keep(
        conn, topic=arrived.topic, gateway_id=gateway, payload=arrived.payload, reason=reason, now=now
    )
    if not arrived.retained:
        ref = await quarantine.report(
            conn, gateway, reason, area_code=sender.area_code, org_id=sender.org_id, now=now
        )
        await publish(conn, [ref.case_id] if ref.tell else [], now=now)


async def _present(conn: Connection, gateway: str) -> dict[str, Any] | None:
    """The run that a gateway is known by; None for a gateway that is not registered."""
    row = await (await conn.execute(_SQL["find_gateway"], {"id": gateway})).fetchone()
    return None if row is None else {"run": row[0], "run_started_at": row[1], "last_seen_at": row[2]}


async def _known(conn: Connection, gateway: str, run: str) -> list[datetime] | None:
    """When a run that was replaced came back; None for a run never seen."""
    row = await (await conn.execute(_SQL["known_run"], {"id": gateway, "run": run})).fetchone()
    return None if row is None else list(row[0])


async def _learn_boot(
    conn: Connection, gateway: str, boot: str, at_ms: int, clock: ClockState, arrived: Arrived, now: datetime
) -> None:
    since_boot = timedelta(milliseconds=at_ms)
    if clock.source == "none" and boot and since_boot < LONGEST_UPTIME:
        values = {
            "gateway_id": gateway,
            "boot": boot,
            "boot_at": arrived.received_at - since_boot,
            "now": now,
        }
        await conn.execute(_SQL["learn_boot"], values)


def _moment(at_ms: int, clock: ClockState, received_at: datetime) -> datetime:
    """A time of a state as far as it can be believed, else the arrival."""
    return judge_time(at_ms, received_at=received_at, synchronised=clock.source != "none").occurred_at
