"""`carebed-sim demo`: a small town of care beds on this machine, and a page to make things happen in it."""

import argparse
import asyncio
import secrets
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from firmware_specs.clock import Clock, clock_from
from simulators import demo_state
from simulators.cloud_api import CloudApi
from simulators.demo_desk import screen_of, set_duty, telephone_of
from simulators.demo_exchange import Exchange
from simulators.demo_messages import give_telephones, providers
from simulators.demo_page import page_app, serving
from simulators.demo_phones import family_of, responders_of
from simulators.demo_state import Account, DemoState
from simulators.fleet import Fleet
from simulators.fleet_town import entry_of, register_fleet
from simulators.home import DISTRICT_CODE, invent_home
from simulators.household import Household
from simulators.ledger import Ledger
from simulators.processes import SimulatorError, free_port, require_free
from simulators.registration import DeviceRecord, HomeRecord, device_id, register_home, register_town
from simulators.stage import OwnCloud
from simulators.texts import say
from simulators.town import AgentTownHome, LightTownHome, TownHome

FULL_HOMES: Final = 3
LIGHT_HOMES: Final = 50
_DEVICES: Final = (
    ("watch", "watch", "", 1),
    ("wrist", "wrist", "", 1),
    ("sos button", "sos_button", "bedroom", 1),
    ("bed mat", "emfit", "bedroom", 1),
    ("smoke", "smoke", "kitchen", 0),
    ("door", "door", "hall", 0),
    ("motion", "motion", "living_room", 0),
)


async def demo(arguments: argparse.Namespace) -> int:
    """Start the town, say where it is, run until Ctrl-C. Raises SimulatorError, as for a busy port."""
    started = time.monotonic()
    clock = clock_from(arguments)
    folder = Path(arguments.data_dir) if arguments.data_dir else demo_state.data_folder()
    for port, what, option in (
        (arguments.http_port, "what_console", "--http-port"),
        (arguments.mqtt_port, "what_broker", "--mqtt-port"),
        (arguments.page_port, "what_page", "--page-port"),
    ):
        require_free(port, say(what), option)
    _say(say("demo_starting", folder=folder))
    async with AsyncExitStack() as rest:
        rest.enter_context(demo_state.held(folder))
        known = demo_state.read(folder)
        if known is None and (folder / "cloud").exists():
            raise SimulatorError(say("demo_unfinished", folder=folder))
        ports = {"http_port": arguments.http_port, "mqtt_port": arguments.mqtt_port}
        cloud = OwnCloud(folder / "cloud", clock, **ports, options=())
        await rest.enter_async_context(providers(cloud.folder, cloud.api_url, clock))
        rest.push_async_callback(cloud.stop)
        await cloud.start()
        state = known or await _found(cloud, folder)
        homes = await _bring_to_life(state, cloud, folder, clock, rest)
        await _connect_telephones(state, cloud, clock, rest)
        app = page_app(homes, cloud.api_url, arguments.page_port)
        await rest.enter_async_context(serving(app, arguments.page_port))
        _say(_ready_text(state, cloud, arguments.page_port, time.monotonic() - started))
        try:
            await cloud.child.wait()
        except asyncio.CancelledError:
            _say(say("demo_ending"))
            await cloud.stop()  # before its gateways, or it would take their end for an outage
            return 0
    raise SimulatorError(say("demo_lost", name="carebed-cloud", log=cloud.child.log, tail=cloud.child.tail()))


async def _found(cloud: OwnCloud, folder: Path) -> DemoState:
    """The first start: area, organisation, homes, people, accounts, all of it kept."""
    token = await cloud.token("demo", "admin")
    async with CloudApi(cloud.api_url, token) as api:
        await register_town(api)
        first = 1000 * (1 + secrets.randbelow(300))
        operator, supervisor, admin, technician, (_, fleet), homes = await asyncio.gather(
            _account(cloud, "operator", "林晓敏", "operator"),
            _account(cloud, "supervisor", "周建国", "supervisor"),
            _account(cloud, "admin", "陈静", "admin"),
            _account(cloud, "technician", "李强", "technician"),
            register_fleet(api, LIGHT_HOMES, first_seed=first + 100, prefix="gw-light"),
            _register_full(api, first),
        )
        family, crew = await asyncio.gather(family_of(cloud, homes[0]), responders_of(cloud, api))
        people = [one.id for one in crew]
        await asyncio.gather(
            give_telephones(api, [supervisor.id, *people]), set_duty(api, supervisor.id, people)
        )
        screen, exchange_port = await screen_of(api), free_port()
        exchange_secret = await telephone_of(api, exchange_port)
    state = DemoState(
        admin_token=token,
        operator=operator,
        supervisor=supervisor,
        homes=homes,
        fleet=fleet,
        family=family,
        responder=crew[0],
        admin=admin,
        technician=technician,
        screen=screen,
        exchange_port=exchange_port,
        exchange_secret=exchange_secret,
    )
    demo_state.write(folder, state)
    return state


async def _connect_telephones(state: DemoState, cloud: OwnCloud, clock: Clock, rest: AsyncExitStack) -> None:
    """The telephone system, on the port that the cloud knows; without it calls fail."""
    if not state.exchange_port:
        return
    try:
        require_free(state.exchange_port, "", "")
    except SimulatorError:
        return
    exchange = Exchange(cloud.api_url, state.exchange_secret, clock)
    rest.push_async_callback(exchange.stop)
    await rest.enter_async_context(serving(exchange.app(), state.exchange_port))


async def _account(cloud: OwnCloud, username: str, name: str, role: str) -> Account:
    made = await cloud.admin(
        "user", "create", "--username", username, "--name", name, "--role", role, "--area", DISTRICT_CODE
    )
    return Account(username=username, password=made["password"], id=made["id"])


async def _register_full(api: CloudApi, first_seed: int) -> list[HomeRecord]:
    records = []
    for n in range(FULL_HOMES):
        seed = first_seed + n
        devices = [
            DeviceRecord(
                name=name,
                type=kind,
                id=device_id(kind, seed, place),
                room=room,
                bed=bed,
                role="sos" if kind == "sos_button" else "",
            )
            for place, (name, kind, room, bed) in enumerate(_DEVICES)
        ]
        home = invent_home(seed, residents=2 if n == 1 else 1)
        gateway = f"gw-demo-{seed:06d}"
        records.append(await register_home(api, home, seed=seed, gateway=gateway, devices=devices))
    return records


async def _bring_to_life(
    state: DemoState, cloud: OwnCloud, folder: Path, clock: Clock, rest: AsyncExitStack
) -> dict[str, TownHome]:
    """Agents and devices of the full homes, gateways of the light ones; ended by `rest`."""
    houses = [Household(record, folder / record.gateway, cloud.broker_url, clock) for record in state.homes]
    for house in houses:
        rest.push_async_callback(house.stop)
    entries = [entry_of(record) for record in state.fleet]
    fleet = Fleet(entries, ("127.0.0.1", cloud.mqtt_port), clock, Ledger())
    await rest.enter_async_context(fleet.running(seed=1))
    await asyncio.gather(*(house.start() for house in houses))
    await fleet.online(10)
    homes: dict[str, TownHome] = {}
    for house in houses:
        living = AgentTownHome(house, clock)
        homes[house.record.gateway] = living
        task = asyncio.create_task(living.live(), name=f"live {house.record.gateway}")
        rest.callback(task.cancel)
    for record in state.fleet:
        homes[record.gateway] = LightTownHome(record, fleet.homes[record.gateway])
    return homes


def _phones_text(state: DemoState, console: str) -> str:
    """Where the telephones sign in; nothing for a town without them."""
    if state.family is None or state.responder is None:
        return ""
    return say(
        "demo_phones",
        console=console,
        family=state.family.username,
        family_password=state.family.password,
        responder=state.responder.username,
        responder_password=state.responder.password,
    ) + _technician_text(state, console)


def _technician_text(state: DemoState, console: str) -> str:
    """Where the technician signs in, and a gateway to begin with."""
    if state.technician is None:
        return ""
    return say(
        "demo_technician",
        console=console,
        technician=state.technician.username,
        password=state.technician.password,
        gateway=state.homes[0].gateway,
    )


def _office_text(state: DemoState, console: str) -> str:
    """Administration and the wall; nothing for a town without them."""
    if state.admin is None:
        return ""
    return say(
        "demo_office",
        console=console,
        admin=state.admin.username,
        admin_password=state.admin.password,
        screen=state.screen,
    )


def _ready_text(state: DemoState, cloud: OwnCloud, page_port: int, seconds: float) -> str:
    return say(
        "demo_ready",
        seconds=seconds,
        console=cloud.api_url,
        user=state.operator.username,
        password=state.operator.password,
        supervisor=state.supervisor.username,
        supervisor_password=state.supervisor.password,
        page=f"http://127.0.0.1:{page_port}",
        phones=_office_text(state, cloud.api_url) + _phones_text(state, cloud.api_url),
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
