"""Orders from the cloud: the same id twice is one action and one answer; nothing runs after it expired."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from edge.outbox.outbox import Outbox
from firmware_specs.messages import ClockState, Command, Result, decode, encode
from firmware_specs.orders import ProvePhoneArgs, ReplayArgs, TrialArgs

log = logging.getLogger(__name__)

_DANGEROUS: Final = frozenset(
    {"erase", "factory_reset", "format", "power_off", "reboot", "shell", "siren_off", "silence", "unpair"}
)
_KNOWN: Final = "ping, replay, locate, order, test_mode, prove_phone, restart"
_T = TypeVar("_T")


class Refused(Exception):
    """The order is not carried out; the text says why."""


@dataclass
class Commands:
    """Carries orders out. `now` is ms UTC; `replayed` tells the lanes that rows wait again.

    `busy` is true while an event is not stored; `locate` asks a device for its position, False when it
    cannot be asked; `order` gives it an order, ValueError when refused; `test_mode` marks devices' events as
    tests for some minutes; `prove_phone` (sms or call, number, text) uses the modem, None without one, and
    gives what went wrong, "" for nothing; `restart` ends this run of the agent and begins another.
    """

    outbox: Outbox
    now: Callable[[], int]
    busy: Callable[[], bool]
    replayed: Callable[[], None]
    locate: Callable[[str], bool]
    order: Callable[[str, str, Mapping[str, Any]], bool] = lambda _device, _name, _args: False
    restart: Callable[[], None] = lambda: None
    clock: Callable[[], ClockState] = ClockState
    test_mode: Callable[[float, Iterable[str]], None] = lambda _minutes, _devices: None
    prove_phone: Callable[[str, str, str], Coroutine[Any, Any, str]] | None = None
    _calls: set[asyncio.Task[None]] = field(default_factory=set)
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
        work = self._carry_out(command, publish)
        if command.op != "prove_phone":
            await work
            return
        # As long as a telephone rings: nothing else waits for it.
        task = asyncio.create_task(work, name="prove phone")
        self._calls.add(task)
        task.add_done_callback(self._called)

    def _called(self, task: asyncio.Task[None]) -> None:
        """An answer that found no way out is kept, and given when the order is repeated."""
        self._calls.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("answer not sent", extra={"action": "answer_unsent", "reason": str(error)})

    async def _carry_out(self, command: Command, publish: Callable[[bytes], Awaitable[None]]) -> None:
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
                case "ping":
                    return Result(id=command.id, status="done", at=self.now(), clock=self.clock())
                case "test_mode":
                    trial = _args(command, TrialArgs)
                    self.test_mode(trial.minutes, trial.devices)
                case "prove_phone":
                    return await self._prove_phone(command)
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
                    raise Refused(f"unknown operation {op[:64]!r}; there are {_KNOWN}")
        except Refused as refused:
            return Result(id=command.id, status="rejected", error=str(refused))
        except Exception as error:
            log.exception(
                "command failed", extra={"action": "command_failed", "op": command.op, "id": command.id}
            )
            return Result(id=command.id, status="failed", error=str(error)[:200])
        return Result(id=command.id, status="done")

    async def _replay(self, command: Command) -> None:
        args = _args(command, ReplayArgs)
        count = await self.outbox.send_again(args.stream, args.from_at, args.to_at)
        log.info("replay", extra={"action": "replay", "stream": args.stream, "rows": count})
        self.replayed()

    async def _prove_phone(self, command: Command) -> Result:
        args = _args(command, ProvePhoneArgs)
        if self.prove_phone is None:
            raise Refused("this gateway has no modem")
        trouble = await self.prove_phone(args.how, args.number, args.text)
        return Result(id=command.id, status="failed" if trouble else "done", error=trouble or None)

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


def _args(command: Command, shape: type[_T]) -> _T:
    """The arguments of an order. Raises Refused."""
    try:
        return msgspec.convert(command.args, shape)
    except msgspec.ValidationError as error:
        raise Refused(f"{command.op}: {error}") from error
