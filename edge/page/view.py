"""The page of one agent: what it shows is read from the running parts; some tell it what happens."""

import logging
import time as monotonic
from collections.abc import Callable
from typing import Any, TypeVar

from edge.agent import Agent
from edge.config import PageSection
from edge.page.access import Sessions
from edge.page.http import HttpServer
from edge.page.technician import TechnicianPage
from edge.page.trace import Trace
from firmware_specs.messages import DeviceState, InventoryEntry

log = logging.getLogger(__name__)
T = TypeVar("T")


def page(agent: Agent, settings: PageSection, version: str) -> HttpServer:
    """A server for an agent that does not run yet."""
    trace = Trace(agent.time.now_ms, monotonic.monotonic)
    agent.intake.trace = trace.frame
    agent.outbox.on_events = _both(agent.outbox.on_events, trace.kept)
    agent.link.events.on_stored = _both(agent.link.events.on_stored, trace.stored)
    claimed = agent.link.claimed

    async def note_claimed(ids: list[str], stage: str) -> None:
        if stage == "claimed":
            trace.claimed(ids)
        await claimed(ids, stage)

    agent.link.claimed = note_claimed

    async def snapshot() -> dict[str, Any]:
        events, batches = await agent.outbox.counts()
        return {
            "gateway": agent.config.gateway,
            "version": version,
            "now": agent.time.now_ms(),
            "clock": agent.time.state().source,
            "connected": agent.link.connected.is_set(),
            "waiting": {"events": events, "batches": batches},
            "doors": [{"name": door.name, "status": door.status} for door in agent.transports],
            "help": _helps(agent),
            "contacts": len(agent.help.plan.rules.contacts),
            "devices": _devices(agent, trace),
        }

    technician = TechnicianPage(
        settings.password_hash, Sessions(monotonic.monotonic), trace, agent.intake.trial, snapshot
    )
    return HttpServer(settings.host, settings.port, technician)


def _helps(agent: Agent) -> list[str]:
    """The kinds of local help that this home has."""
    rules = agent.help.plan.rules
    return [name for name in ("siren", "light", "speech", "sms", "call") if getattr(rules, name)]


def _devices(agent: Agent, trace: Trace) -> list[dict[str, Any]]:
    """One row a device: what is known of it, nothing invented."""
    states = {state.device: state for state in agent.intake.board.states()}
    known = agent.intake.board.inventory(agent.intake.inventory())
    return [_row(entry, states.get(entry.device), trace) for entry in known]


def _row(entry: InventoryEntry, state: DeviceState | None, trace: Trace) -> dict[str, Any]:
    """States are told again only after minutes when nothing changes; the trace has heard every frame."""
    told = state.last_seen if state else None
    return {
        "device": entry.device,
        "driver": entry.driver,
        "model": entry.model,
        "room": entry.room,
        "role": entry.role,
        "online": state.online if state else None,
        "worn": state.worn if state else None,
        "charging": state.charging if state else None,
        "battery": state.battery_percent if state else None,
        "signal": state.link_quality if state else None,
        "seen": max(told or 0, trace.heard.get(entry.device) or 0) or None,
        "frame": trace.last.get(entry.device) or "",
    }


def _both(first: Callable[[T], None], second: Callable[[T], None]) -> Callable[[T], None]:
    """The first, then the second, whose faults are only logged."""

    def call(value: T) -> None:
        first(value)
        try:
            second(value)
        except Exception:  # what is shown must never stop what is sent
            log.exception("the page missed something", extra={"action": "page_error"})

    return call
