"""Orders from the cloud: the same id twice is one action and one answer; nothing runs after it expired."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from edge.outbox.outbox import Outbox
from firmware_specs.messages import Command, ReplayArgs, Result, decode, encode

log = logging.getLogger(__name__)

_DANGEROUS: Final = frozenset(
    {"erase", "factory_reset", "format", "power_off", "reboot", "shell", "siren_off", "silence", "unpair"}
)


class Refused(Exception):
    """The order is not carried out; the text says why."""


@dataclass
class Commands:
    """Carries orders out. `now` is ms UTC; `replayed` tells the lanes that rows wait again.

    `busy` is true while an event is not stored; `locate` asks a device for its position, False when it
    cannot be asked; `order` gives it an order, ValueError when refused; `restart` ends this run of the agent
    and begins another.
    """

    outbox: Outbox
    now: Callable[[], int]
    busy: Callable[[], bool]
    replayed: Callable[[], None]
    locate: Callable[[str], bool]
    order: Callable[[str, str, Mapping[str, Any]], bool] = lambda _device, _name, _args: False
    restart: Callable[[], None] = lambda: None
    _running: set[str] = field(default_factory=set)
    _restarting: str | None = None

    async def handle(self, payload: bytes, publish: Callable[[bytes], Awaitable[None]]) -> None:
        """Answer one order; what cannot be read has no id to answer to and is logged."""
        try:
            command = decode(payload, Command)
        except ValueError as error:
            log.warning("unreadable command", extra={"action": "command_unreadable", "reason": str(error)})
            return
        if command.id in self._running:
            return
        self._running.add(command.id)
        try:
            await publish(await self._answer(command))
        finally:
            self._running.discard(command.id)
        if command.id == self._restarting:
            self.restart()

    async def _answer(self, command: Command) -> bytes:
        given = await self.outbox.answer(command.id)
        if given is not None:
            return given
        result = await self._result(command)
        answer = encode(result)
        await self.outbox.keep_answer(command.id, answer)
        log.info(
            "command",
            extra={"action": "command", "op": command.op, "id": command.id, "status": result.status},
        )
        return answer

    async def _result(self, command: Command) -> Result:
        if self.now() > command.expires_at:
            return Result(id=command.id, status="expired")
        try:
            match command.op:
                case "replay":
                    await self._replay(command)
                case "locate":
                    self._locate(command)
                case "order":
                    self._order(command)
                case "restart":
                    self._restart(command)
                case op if op in _DANGEROUS:
                    raise Refused(f"{op} is dangerous: this agent never does it by remote order")
                case op:
                    raise Refused(f"unknown operation {op[:64]!r}; there are replay, locate, order, restart")
        except Refused as refused:
            return Result(id=command.id, status="rejected", error=str(refused))
        except Exception as error:
            log.exception(
                "command failed", extra={"action": "command_failed", "op": command.op, "id": command.id}
            )
            return Result(id=command.id, status="failed", error=str(error)[:200])
        return Result(id=command.id, status="done")

    async def _replay(self, command: Command) -> None:
        try:
            args = msgspec.convert(command.args, ReplayArgs)
        except msgspec.ValidationError as error:
            raise Refused(
                f"replay needs stream (event or telemetry), from and to in ms UTC: {error}"
            ) from error
        count = await self.outbox.send_again(args.stream, args.from_at, args.to_at)
        log.info("replay", extra={"action": "replay", "stream": args.stream, "rows": count})
        self.replayed()

    def _locate(self, command: Command) -> None:
        if command.device is None:
            raise Refused("locate needs a device")
        if not self.locate(command.device):
            raise Refused(f"{command.device} is not connected, or cannot be asked for its position")

    def _order(self, command: Command) -> None:
        """`args`: `name` of the order, and what that order needs."""
        name = command.args.get("name")
        if command.device is None or not isinstance(name, str):
            raise Refused("order needs a device and args with a name")
        try:
            given = self.order(command.device, name, command.args)
        except ValueError as error:
            raise Refused(str(error)) from error
        if not given:
            raise Refused(f"{command.device} is not connected, or takes no orders")

    def _restart(self, command: Command) -> None:
        if self.busy():
            raise Refused("an event is not yet stored by the cloud; restart later")
        self._restarting = command.id
