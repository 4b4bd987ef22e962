"""Runs what `local_help.py` decides: siren and lamp on the home's own broker, speech, telephone."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from edge.help_settings import LightSection, SirenSection
from edge.help_steps import Action, Lane, Outcome
from edge.local_help import LocalHelp
from edge.outbox.outbox import Outbox
from edge.speech import Speech
from firmware_specs.messages import Event

log = logging.getLogger(__name__)

NOTE: Final = "local_help"
LOOK_S: Final = 0.5
IDLE_S: Final = 10.0
_WAITING: Final = 500


class Phone(Protocol):
    """Reaches people outside without the cloud."""

    async def sms(self, number: str, text: str) -> Outcome:
        """Send a message: done, failed (worth another try) or impossible."""

    async def call(self, number: str) -> Outcome:
        """Ring somebody: answered, no_answer, busy, failed or impossible."""


@dataclass(frozen=True)
class House:
    """Siren and lamps: `publish` sends a payload to a topic of the home's broker, False when it is away."""

    publish: Callable[[str, bytes], Awaitable[bool]]
    base_topic: str
    siren: SirenSection | None = None
    light: LightSection | None = None

    async def sound(self, on: bool) -> bool:
        """Start or stop every siren."""
        if self.siren is None:
            return False
        warning = {
            "mode": self.siren.mode if on else "stop",
            "level": self.siren.level,
            "strobe": self.siren.strobe and on,
            "duration": self.siren.duration_s if on else 0,
        }
        return await self._set(self.siren.devices, {"warning": warning})

    async def shine(self) -> bool:
        """Switch every lamp on."""
        return self.light is not None and await self._set(self.light.devices, {"state": "ON"})

    async def _set(self, devices: list[str], payload: dict[str, object]) -> bool:
        data = json.dumps(payload).encode()
        sent = [await self.publish(f"{self.base_topic}/{_name(device)}/set", data) for device in devices]
        return all(sent)


@dataclass
class Effects:
    """The loops of local help. `now` is ms since boot, `connected` the state of the uplink.

    `age_ms` tells how old an event is; `text` writes the message about an event's kind and time.
    """

    plan: LocalHelp
    outbox: Outbox
    now: Callable[[], int]
    connected: Callable[[], bool]
    age_ms: Callable[[Event], int]
    text: Callable[[Event], str]
    beat: Callable[[str], None]
    house: House | None = None
    speech: Speech | None = None
    phone: Phone | None = None
    place: str = ""
    rate: float = 1.0
    _texts: dict[str, str] = field(default_factory=dict)
    _changed: dict[Lane, asyncio.Event] = field(
        default_factory=lambda: {"home": asyncio.Event(), "speech": asyncio.Event(), "phone": asyncio.Event()}
    )

    async def restore(self) -> None:
        """Take up what a run before this one began, and what it left without `stored`."""
        kept = await self.outbox.note(NOTE)
        if kept is not None:
            self.plan.restore(kept, self.now())
        waiting = await self.outbox.waiting_events(_WAITING)
        if len(waiting) < _WAITING:
            self.plan.settle(self.plan.unsettled() - {event.id for event in waiting})
        self.happened(waiting)

    def happened(self, events: list[Event]) -> None:
        """Events were kept."""
        for event in events:
            self._texts[event.id] = self.text(event)
            self.plan.happened(event, self.now(), self.age_ms(event))
        while len(self._texts) > _WAITING:
            del self._texts[next(iter(self._texts))]
        self._wake()

    def stored(self, events: list[Event]) -> None:
        """The cloud has these."""
        for event in events:
            self.plan.stored(event, self.now())
        self._wake()

    def claimed(self, ids: list[str]) -> None:
        """An operator has the call of these."""
        self.plan.claimed(ids, self.now())
        self._wake()

    def cloud_status(self, alive: bool, retained: bool) -> None:
        """The cloud speaks of itself."""
        self.plan.cloud_status(alive, self.now(), retained=retained)
        self._wake()

    async def home_loop(self) -> None:
        """Siren and lamps."""
        await self._loop("home")

    async def speech_loop(self) -> None:
        """Prompts, one after another."""
        await self._loop("speech")

    async def phone_loop(self) -> None:
        """Messages and calls, one after another."""
        await self._loop("phone")

    async def _loop(self, lane: Lane) -> None:
        changed = self._changed[lane]
        while True:
            self.beat(f"help-{lane}")
            changed.clear()
            self.plan.connection(self.connected(), self.now())
            action = self.plan.next(lane, self.now())
            if action is None:
                try:
                    look_s = LOOK_S if self.plan.watching() else IDLE_S
                    async with asyncio.timeout(look_s / min(self.rate, 25.0)):
                        await changed.wait()
                except TimeoutError:
                    pass
                continue
            await self._take(action, lane)

    async def _take(self, action: Action, lane: Lane) -> None:
        """Write the step down, take it, write down how it ended."""
        await self._save()
        log.warning(
            "local help",
            extra={"action": "local_help", "step": action.step, "event": action.event, "kind": action.kind},
        )
        task = asyncio.create_task(self._run(action), name=f"help-{action.step}")
        try:
            while not (await asyncio.wait({task}, timeout=1.0))[0]:
                self.beat(f"help-{lane}")
            outcome = task.result()
        except Exception:
            log.exception("a step failed", extra={"action": "local_help_failed", "step": action.step})
            outcome = "failed"
        finally:
            task.cancel()
        self.plan.finished(action, outcome, self.now())
        await self._save()
        self._wake()

    async def _run(self, action: Action) -> Outcome:
        match action.step:
            case "siren_on" | "siren_off" if self.house is not None:
                return _outcome(await self.house.sound(action.step == "siren_on"))
            case "light_on" if self.house is not None:
                return _outcome(await self.house.shine())
            case "say" if self.speech is not None:
                return _outcome(await self.speech.say(action.subject))
            case "sms" if self.phone is not None:
                return await self.phone.sms(action.subject, self._texts.get(action.event, action.kind))
            case "call" if self.phone is not None:
                return await self.phone.call(action.subject)
            case _:
                return "impossible"

    async def _save(self) -> None:
        await self.outbox.keep([], {NOTE: self.plan.state()})

    def _wake(self) -> None:
        for changed in self._changed.values():
            changed.set()


def _outcome(done: bool) -> Outcome:
    return "done" if done else "failed"


def _name(device: str) -> str:
    """A device's address as Zigbee2MQTT knows it: its IEEE address."""
    return f"0x{device.removeprefix('zb-')}" if device.startswith("zb-") else device
