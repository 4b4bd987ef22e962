"""START HERE: builds the agent from its configuration and runs it.

transports -> intake (driver, pipeline) -> outbox -> uplink. Each runs as a named task; none can stop another.
"""

import asyncio
import importlib.metadata
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from edge import config
from edge.agent import Agent, Transport
from edge.config import Broker, Config, ConfigError
from edge.desired import Desired
from edge.doors import doors
from edge.drivers.catalogue import CONNECTIONS, DOORS, DRIVERS
from edge.effects import Effects, House
from edge.help_steps import Rules
from edge.intake import Intake
from edge.local_help import TOO_OLD_MS, LocalHelp
from edge.outbox import batches
from edge.outbox.outbox import Limits, Outbox
from edge.page.view import page
from edge.phone import ModemPhone, message
from edge.pipeline import steps
from edge.pipeline.options import PipelineOptions
from edge.speech import Speech
from edge.supervisor import Pulse
from edge.texts import say
from edge.timekeeping import Timekeeper, boot_id, since_boot_ms
from edge.transports.mqtt import LocalMqtt
from edge.trial import Trial
from edge.uplink import event_lane
from edge.uplink.board import Board, inventory_hash
from edge.uplink.commands import Commands
from edge.uplink.event_lane import EventLane
from edge.uplink.link import Link
from edge.uplink.schedule import Timings
from edge.uplink.telemetry_lane import TelemetryLane
from firmware_specs.clock import Clock
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import Birth, Event, TelemetryBatch

TIMINGS: Final = Timings()
COUNTS_S: Final = 1.0
MIB: Final = 1024 * 1024


def build(
    settings: Config, clock: Clock, *, timings: Timings = TIMINGS, limits: Limits | None = None
) -> Agent:
    """The agent of a configuration, not yet running. Raises ConfigError."""
    check_drivers(settings)
    time = Timekeeper(clock, boot=boot_id())
    run, pulse = new_run(), Pulse()
    outbox = _outbox(settings, time, run, pulse, limits)
    entries = {entry.id: entry for entry in settings.device}
    board = Board(entries, timings.device_state_s, run, time.boot, time.state)
    options = _pipeline_options(settings)
    pipeline = steps.steps(options)
    steady = _steady(time)
    intake = Intake(pipeline, outbox, board, time.boot, time.now_ms, time.state)
    intake.trial = Trial(lambda: steady() / 1000)
    # The cloud counts silence by the same clock.
    timings = replace(timings, heartbeat_s=timings.heartbeat_s / clock.rate)
    link = _link(settings, timings, time, intake, pulse)
    opened = doors(settings, intake)
    effects = _effects(settings, time, link, opened, pulse)

    def set_batch_s(wanted_s: float) -> None:
        agent.batch_s = msgspec.structs.replace(settings, batch_s=wanted_s).effective_batch_s()

    def set_heartbeat_s(wanted_s: float | None) -> None:
        link.heartbeat(timings.heartbeat_s if wanted_s is None else wanted_s / clock.rate)

    desired = Desired(settings, outbox, options, entries, effects, set_batch_s, set_heartbeat_s)
    link.configure = desired.take
    batch_s = settings.effective_batch_s()
    agent = Agent(settings, time, outbox, intake, link, opened, effects, desired, batch_s, pulse)
    _commands(link.commands, intake, effects, lambda: agent.stop(again=True))
    outbox.on_problem = agent.problem
    if settings.page is not None:
        agent.transports.append(page(agent, settings.page, version()))
    return agent


def _commands(commands: Commands, intake: Intake, effects: Effects, restart: Callable[[], None]) -> None:
    """What a technician's orders work on."""
    commands.restart, commands.clock = restart, intake.clock
    commands.test_mode = intake.trial.begin
    if isinstance(effects.phone, ModemPhone):
        commands.prove_phone = effects.phone.prove


def _outbox(settings: Config, time: Timekeeper, run: str, pulse: Pulse, limits: Limits | None) -> Outbox:
    room = settings.storage
    return Outbox(
        Path(settings.data_dir),
        run,
        boot=time.boot,
        now=time.now_ms,
        steady=_steady(time),
        clock=time.state,
        limits=limits or Limits(room.events_mib * MIB, room.telemetry_mib * MIB, room.reserve_mib * MIB),
        pulse=pulse,
    )


def _link(settings: Config, timings: Timings, time: Timekeeper, intake: Intake, pulse: Pulse) -> Link:
    """The uplink: both lanes on the outbox, the cloud's orders, the connection. Raises ConfigError."""
    outbox, board = intake.outbox, intake.board
    broker = config.broker(settings.broker_url)
    events = EventLane(outbox, timings, _event_mover(time))
    telemetry = TelemetryLane(
        outbox, timings, _batch_mover(time), time.now_ms, settings.metered, time.clock.rate
    )
    outbox.on_batches = telemetry.look
    events.beat, telemetry.beat = _beats(pulse, "uplink-events"), _beats(pulse, "uplink-telemetry")

    def replayed() -> None:
        events.look_again()
        telemetry.look_again()

    return Link(
        broker,
        settings.gateway,
        config.secret(settings),
        outbox.run_id,
        tls(settings, broker),
        timings,
        events,
        telemetry,
        Commands(outbox, time.now_ms, lambda: not events.idle(), replayed, intake.locate, intake.order),
        board,
        birth=_birth(settings, time, intake),
        inventory_hash=lambda: inventory_hash(board.inventory(intake.inventory())),
        cloud_time=time.cloud_says,
        claimed=outbox.note_stage,
        waits_s=outbox.waits_s,
        pulse=pulse,
    )


def _rules(settings: Config) -> Rules:
    """When the gateway helps by itself, and with what."""
    phone = settings.phone
    return Rules(
        after_s=settings.local_help.after_s,
        away_s=settings.local_help.away_s,
        siren=settings.siren is not None,
        light=settings.light is not None,
        speech=settings.speech is not None,
        sms=phone is not None and phone.sms_proven,
        call=phone is not None and phone.call_proven,
        contacts=[entry.contact() for entry in (phone.contact if phone else [])],
    )


def _effects(
    settings: Config, time: Timekeeper, link: Link, opened: list[Transport], pulse: Pulse
) -> Effects:
    """Local help, tied to the events, the acks and the state of the uplink."""
    outbox, events = link.commands.outbox, link.events
    now, phone = _steady(time), settings.phone
    offset_h = phone.utc_offset_h if phone else 0.0
    local = next(
        (door for door in opened if isinstance(door, LocalMqtt) and door.name == "zigbee2mqtt"), None
    )
    effects = Effects(
        LocalHelp(_rules(settings), time.boot, now()),
        outbox,
        now,
        link.connected.is_set,
        _age(time),
        lambda event: message(_event_mover(time)(event), effects.place, offset_h),
        pulse.beat,
        House(local.publish, local.base_topic, settings.siren, settings.light) if local else None,
        Speech(settings.speech) if settings.speech else None,
        ModemPhone(phone) if phone else None,
        settings.local_help.place,
        rate=time.clock.rate,
    )
    events.local = effects.plan.local
    events.on_stored = effects.stored
    link.cloud_status = effects.cloud_status

    def kept(found: list[Event]) -> None:
        events.add(found)
        effects.happened(found)

    async def claimed(ids: list[str], stage: str) -> None:
        if stage == "claimed":
            effects.claimed(ids)
        await outbox.note_stage(ids, stage)

    outbox.on_events = kept
    link.claimed = claimed
    return effects


def _beats(pulse: Pulse, name: str) -> Callable[[], None]:
    return lambda: pulse.beat(name)


def _steady(time: Timekeeper) -> Callable[[], int]:
    """Milliseconds since boot at the clock's rate: what setting the clock does not move."""
    return lambda: round(since_boot_ms() * time.clock.rate)


def _age(time: Timekeeper) -> Callable[[Event], int]:
    """How long ago an event happened, ms; of an event without time of day and of another boot, very long."""

    def age(event: Event) -> int:
        moved = _event_mover(time)(event)
        if moved.clock.source == "none" and moved.boot != time.boot:
            return TOO_OLD_MS + 1
        return max(0, time.now_ms() - moved.at)

    return age


def check_drivers(settings: Config) -> None:
    """Raise ConfigError for a driver that does not exist, or that nothing comes to over such a transport."""
    for entry in settings.transport:
        if entry.driver not in DRIVERS:
            raise ConfigError(say("driver_unknown", driver=entry.driver, known=", ".join(sorted(DRIVERS))))
        given, doors = str(entry.__struct_config__.tag), DOORS.get(entry.driver, CONNECTIONS)
        if given not in (*doors, "recording"):
            known = ", ".join(doors)
            raise ConfigError(say("driver_elsewhere", driver=entry.driver, given=given, known=known))


def tls(settings: Config, broker: Broker) -> ssl.SSLContext | None:
    """The TLS context of an mqtts:// address; None for mqtt://. Raises ConfigError."""
    if not broker.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigError(say("tls_unusable", path=settings.ca_file or "-", reason=error)) from error


def version() -> str:
    """The installed version of CareBed."""
    try:
        return importlib.metadata.version("carebed")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _pipeline_options(settings: Config) -> PipelineOptions:
    return PipelineOptions(
        new_id=lambda now: str(uuid7(now)),
        roles={entry.id: entry.role for entry in settings.device if entry.role},
        rooms={entry.id: entry.room for entry in settings.device if entry.room},
        home=settings.home(),
        button_only=frozenset(entry.id for entry in settings.device if entry.button_only),
        many_homes=settings.many_homes,
        asks_aloud=settings.speech is not None and not settings.many_homes,
    )


def _birth(settings: Config, time: Timekeeper, intake: Intake) -> Callable[[], Awaitable[Birth]]:
    started_at = time.now_ms()
    agent_version = version()
    modem = {"modem"} if settings.phone is not None else set()

    async def birth() -> Birth:
        inventory = intake.board.inventory(intake.inventory())
        events = waiting = 0
        with suppress(TimeoutError):  # of a disk that hangs
            async with asyncio.timeout(COUNTS_S):
                events, waiting = await intake.outbox.counts()
        return Birth(
            run=intake.outbox.run_id,
            boot=time.boot,
            started_at=started_at,
            agent_version=agent_version,
            clock=time.state(),
            adapters=sorted({entry.driver for entry in settings.transport} | modem),
            devices=inventory,
            inventory_hash=inventory_hash(inventory),
            network=msgspec.structs.replace(settings.link, metered=settings.metered),
            outbox_events=events,
            outbox_batches=waiting,
        )

    return birth


def _event_mover(time: Timekeeper) -> Callable[[Event], Event]:
    return lambda event: event_lane.in_time_of_day(event, time.boot, time.boot_started_ms())


def _batch_mover(time: Timekeeper) -> Callable[[TelemetryBatch], TelemetryBatch]:
    return lambda batch: batches.in_time_of_day(batch, time.boot, time.boot_started_ms())
