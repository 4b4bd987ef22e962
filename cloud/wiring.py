"""START HERE: what each of the cloud's programs is built from.

ingest     MQTT -> event lane, state lane -> PostgreSQL
telemetry  MQTT -> telemetry lane -> PostgreSQL
api        PostgreSQL -> HTTP, WebSocket, console
work       what happens because time passed, and what goes down to the gateways
canary     a press that goes the whole road once a minute

They share nothing but the database and the broker; each may be killed and started at any moment. Each imports
what it needs: none starts with the weight of another.
"""

import gc
import logging
import os
import socket
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from cloud import metrics
from cloud.basemap import Basemap, BasemapError
from cloud.basemap import load as load_basemap
from cloud.broker import WORK_USER
from cloud.cases.signing import Signer, SigningError, load_signer, make_signing_key
from cloud.config import Settings
from cloud.database.pool import Pool, open_pool
from cloud.downlink.configs import publish_configs
from cloud.downlink.mqtt_publisher import MqttPublisher
from cloud.downlink.publisher import publish_queues, publish_status
from cloud.ingest.event_lane import event_lane
from cloud.ingest.groups import Membership, source_of
from cloud.ingest.heartbeats import without_heartbeats
from cloud.ingest.lane import Lane
from cloud.ingest.life import Reader, note_life, show_life
from cloud.ingest.source import Source, Subscription
from cloud.ingest.states import state_lane
from cloud.ingest.telemetry_lane import TelemetryLane
from cloud.operations import checks
from cloud.operations.duty import Announce, Duty, on_duty
from cloud.operations.post import Post
from cloud.registry.sealing import load_seal
from cloud.telemetry.last_values import keep_moving
from firmware_specs import topics
from firmware_specs.clock import Clock

if TYPE_CHECKING:
    from cloud.notifications.providers import Configuration

logger = logging.getLogger(__name__)

_RETAINED_AGAIN_S = 15.0  # nats-server loads what it retains some seconds after its start
_BEHIND_EVENTS: Final = 10  # niceness: a backlog of readings takes the processors that events leave
_OBJECTS_BETWEEN_COLLECTIONS: Final = 100_000  # batches are lists, and never rings: looked through seldom


async def run_ingest(settings: Settings, announce: Announce) -> None:
    """Until SIGTERM: take every gateway's events and states; `announce` once the broker grants everything."""
    now = settings.clock.now
    events = _source(settings, "events", Subscription(topics.EVENTS))
    states = _source(
        settings,
        "states",
        Subscription(topics.STATES, again_after_s=_RETAINED_AGAIN_S),
        Subscription(topics.RESULTS),
        Subscription(topics.LOGS, qos=0),
    )
    url = settings.database_url
    async with (
        open_pool(url, name="carebed-events") as for_events,
        open_pool(url, name="carebed-states", max_size=4) as for_states,
        events,
        states,
    ):
        sources, reader = (events, states), _reader(settings, "ingest")
        for_presses, for_gateways = event_lane(for_events, now), state_lane(for_states, now)
        lanes = {"events": (events, for_presses), "states": (states, for_gateways)}
        async with on_duty(_post(settings, for_states, lanes), settings.operations, announce) as duty:
            await duty.until_stopped(
                for_presses.run(events),
                for_gateways.run(without_heartbeats(states, for_states, for_gateways.is_busy)),
                show_life(
                    for_states, settings.clock, lambda: all(source.listening for source in sources), reader
                ),
                _announce_listening(sources, for_states, settings.clock, duty, reader),
            )


async def run_telemetry(settings: Settings, announce: Announce) -> None:
    """Until SIGTERM: take every gateway's readings; a process of its own, so that no event waits for it."""
    os.nice(_BEHIND_EVENTS)
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    source = _source(settings, "telemetry", Subscription(topics.TELEMETRY))
    url = settings.database_url
    async with open_pool(url, name="carebed-telemetry", max_size=4) as pool, source:
        lane, reader = TelemetryLane(pool, settings.clock.now), _reader(settings, "telemetry")
        post = _post(settings, pool, {"telemetry": (source,)})
        async with on_duty(post, settings.operations, announce) as duty:
            await duty.until_stopped(
                lane.run(source),
                lane.remember_places(url),
                keep_moving(url),
                show_life(pool, settings.clock, lambda: source.listening, reader),
                _announce_listening((source,), pool, settings.clock, duty, reader),
            )


async def run_api(settings: Settings, announce: Announce) -> None:
    """Until SIGTERM: serve HTTP and the live feed; `announce` once it accepts."""
    from cloud.api.app import create_app
    from cloud.api.services import Services
    from cloud.api.serving import Server

    async with open_pool(settings.database_url, name="carebed-api", max_size=12) as pool:
        services = Services(
            pool=pool,
            database_url=settings.database_url,
            clock=settings.clock,
            seal=load_seal(settings.key_file),
            broker_url=settings.broker_url,
            signer=_signer(settings),
            basemap=_basemap(settings),
            providers={one.name: one for one in _outbox(settings).providers},
            desk_phone=settings.desk_phone,
        )
        app = create_app(services)
        server = Server(app, settings.http_host, settings.http_port)
        post = Post({"database": checks.database(pool), "feed": app.state.live.follows})
        async with on_duty(post, settings.operations, announce) as duty:
            with duty.asked_to_end(server.end):
                await server.run_until_ended(duty.ready)


async def run_work(settings: Settings, announce: Announce) -> None:
    """Until SIGTERM: timers, acknowledgements and commands, partitions; `announce` once all of it runs."""
    from cloud.notifications.sender import Sender
    from cloud.operations.figures import keep_figures
    from cloud.proof import proof_jobs
    from cloud.telemetry.housekeeping import keep_house
    from cloud.timers import Timers

    url, clock = settings.database_url, settings.clock
    outbox = _outbox(settings)
    async with (
        open_pool(url, name="carebed-timers") as for_timers,
        open_pool(url, name="carebed-downlink", max_size=2) as for_downlink,
        open_pool(url, name="carebed-sender") as for_sender,
        MqttPublisher.one_of_several(settings.broker, WORK_USER) as publisher,
    ):
        post = Post({"database": checks.database(for_timers), "broker": checks.connected(publisher)})
        async with on_duty(post, settings.operations, announce) as duty:
            duty.ready()
            await duty.until_stopped(
                Timers(for_timers, clock, proof_jobs(_signer(settings))).run(),
                publish_queues(url, for_downlink, publisher, clock),
                publish_status(url, publisher, clock),
                publish_configs(for_downlink, publisher, clock),
                keep_house(for_timers, clock),
                Sender(for_sender, outbox.providers, clock, outbox.words).run(url),
                *([keep_figures(for_timers, clock)] if settings.operations else []),
            )


async def run_canary(settings: Settings, announce: Announce) -> None:
    """Until SIGTERM: press and see, once a minute."""
    from cloud.canary import a_canary, keys_in, say_ended

    async with open_pool(settings.database_url, name="carebed-canary", max_size=2) as pool:
        post = Post({"database": checks.database(pool)})
        async with on_duty(post, settings.operations, announce) as duty:
            duty.ready()
            async with a_canary(
                pool,
                settings.clock,
                broker=settings.broker,
                api_url=settings.api_url,
                keys=keys_in(settings.canary_file),
            ) as canary:
                await duty.until_stopped(canary.run())
            await say_ended(pool)


def _outbox(settings: Settings) -> "Configuration":
    """How notifications are sent; nothing for a file that cannot be used: the desk goes on, with a hole."""
    from cloud.notifications.providers import Configuration, ProvidersError
    from cloud.notifications.providers import load as load_providers

    try:
        return load_providers(settings.notifications_file)
    except ProvidersError as error:
        extra = {"action": "providers_unusable", "reason": str(error)}
        logger.error("providers of notifications cannot be used", extra=extra)
        return Configuration()


def _basemap(settings: Settings) -> Basemap:
    """What maps are drawn on; the schematic for a file that cannot be used: alarms come first."""
    try:
        return load_basemap(settings.basemap_file)
    except BasemapError as error:
        extra = {"action": "basemap_unusable", "reason": str(error)}
        logger.error("the configured basemap cannot be used", extra=extra)
        return Basemap()


def _signer(settings: Settings) -> Signer | None:
    """Who signs days and evidence; None where the key cannot be used: days are signed later then."""
    try:
        make_signing_key(settings.signing_key_file)
        return load_signer(settings.signing_key_file)
    except SigningError as error:
        extra = {"action": "signing_key_unusable", "reason": str(error)}
        logger.error("daily roots cannot be signed", extra=extra)
        return None


def _source(settings: Settings, lane: str, *subscriptions: Subscription) -> Source:
    membership = None if settings.member is None else Membership(settings.group, settings.member)
    return source_of(settings.reading, lane, subscriptions, membership, now=settings.clock.now)


def _reader(settings: Settings, program: str) -> Reader:
    """Those that come to a NATS without names of their own are told apart by their machine."""
    nameless = socket.gethostname() if settings.reading.nats else ""
    return Reader(program, settings.member or nameless)


def _post(settings: Settings, pool: Pool, lanes: Mapping[str, tuple[Source, *tuple[Lane, ...]]]) -> Post:
    """What a program that reads the broker tells of itself: each lane's source, and what waits behind it."""
    for name, parts in lanes.items():
        metrics.lane(name, partial(_waiting, parts))
    return Post(
        {
            "database": checks.database(pool),
            "broker": checks.broker([parts[0] for parts in lanes.values()]),
            "lag": checks.prompt([part for parts in lanes.values() for part in parts], settings.clock.now),
        }
    )


def _waiting(parts: tuple[Source, *tuple[Lane, ...]]) -> int:
    return sum(part.waiting for part in parts)


async def _announce_listening(
    sources: tuple[Source, ...], pool: Pool, clock: Clock, duty: Duty, reader: Reader
) -> None:
    for source in sources:
        await source.wait_listening()
    async with pool.connection() as conn:
        await note_life(conn, listening=True, now=clock.now(), reader=reader)
    duty.ready()
