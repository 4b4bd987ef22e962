"""`carebed-sim conformance`: its arguments, and who plays which part."""

import argparse
import asyncio
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from firmware_specs.clock import Clock
from firmware_specs.ids import is_wire_id
from simulators.commands import work_folder
from simulators.conformance import hands as who
from simulators.conformance.checks import Finding, judge
from simulators.conformance.device import examine_device
from simulators.conformance.evidence import Pace
from simulators.conformance.examination import Examination
from simulators.conformance.frames import FORMS
from simulators.conformance.given_broker import GivenBroker
from simulators.conformance.hands import Hands
from simulators.conformance.record import Record
from simulators.conformance.report import readable, write_junit
from simulators.conformance.small_broker import SmallBroker
from simulators.conformance.texts import say
from simulators.devices.watch import SOS, Watch
from simulators.processes import Child, SimulatorError, free_port, python_module

_AGENT_READY_S: Final = 30.0
_AUTOMATIC_S: Final = 60.0


async def gateway(arguments: argparse.Namespace) -> int:
    """Examine a gateway; 0 when nothing failed, 1 when something did, 2 when it cannot be examined."""
    name: str = arguments.gateway
    if not is_wire_id(name):
        raise SimulatorError(say("bad_gateway_id", gateway=name))
    secret = arguments.secret or secrets.token_urlsafe(16)
    record = Record(name)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(work_folder(keep=False))
        wire: SmallBroker | GivenBroker
        if arguments.broker:
            wire = given = GivenBroker(record, arguments.broker)
            await stack.enter_async_context(given.connected())
        else:
            wire = own = SmallBroker(record, secret)
            await _listen(own, arguments)
            stack.push_async_callback(own.stop)
        _tell(arguments, wire, secret)
        hands = await _hands(arguments, wire, secret, folder, stack)
        findings = judge(await Examination(wire, hands, Pace(), Clock().now_ms).run())
    return _report(arguments, name, findings)


async def device(arguments: argparse.Namespace) -> int:
    """Examine a device's frames; the same codes."""
    what = f"{arguments.driver} {arguments.file or arguments.listen}"
    return _report(arguments, what, await examine_device(arguments))


def _report(arguments: argparse.Namespace, what: str, findings: list[Finding]) -> int:
    sys.stdout.write(readable(what, findings))
    if arguments.junit:
        write_junit(Path(arguments.junit), what, findings)
    return 1 if any(found.result == "failed" for found in findings) else 0


async def _listen(wire: SmallBroker, arguments: argparse.Namespace) -> None:
    try:
        await wire.start(arguments.host, 0 if arguments.reference else arguments.port)
    except OSError as error:
        raise SimulatorError(say("cannot_listen", port=arguments.port, reason=error)) from error


def _tell(arguments: argparse.Namespace, wire: SmallBroker | GivenBroker, secret: str) -> None:
    """Where the gateway is expected, on stderr."""
    if isinstance(wire, SmallBroker):
        url = f"mqtt://{arguments.host}:{wire.port}"
        sys.stderr.write(say("waiting", gateway=arguments.gateway, url=url, secret=secret) + "\n")
    else:
        url = arguments.broker.rpartition("@")[2]
        sys.stderr.write(say("waiting_given", gateway=arguments.gateway, url=url) + "\n")
    sys.stderr.write(say("siren_may_sound") + "\n")


async def _hands(
    arguments: argparse.Namespace,
    wire: SmallBroker | GivenBroker,
    secret: str,
    folder: Path,
    stack: AsyncExitStack,
) -> Hands:
    hands = who.from_script(Path(arguments.script)) if arguments.script else Hands()
    if arguments.reference:
        if not isinstance(wire, SmallBroker):
            raise SimulatorError(say("reference_own_broker"))
        reference = Reference(folder, arguments.gateway, secret, wire.port)
        await stack.enter_async_context(reference.running())
        hands = Hands(None, None, reference.power_cycle, person=False, limit_s=_AUTOMATIC_S)
        arguments.watch = f"127.0.0.1:{reference.port}"
    if arguments.watch:
        host, _, port = arguments.watch.rpartition(":")
        if not port.isdecimal():
            raise SimulatorError(say("bad_address", address=arguments.watch))
        hands.press_sos = await stack.enter_async_context(_worn(host or "127.0.0.1", int(port)))
    return hands


@asynccontextmanager
async def _worn(host: str, port: int) -> AsyncIterator[who.Act]:
    """A simulated watch at the gateway; gives what presses it (SOS, and a pulse, so that readings come)."""
    watch, pulse = Watch("861100000000017", host, port, Clock()), iter(range(60, 200))
    task = asyncio.create_task(watch.run(), name="conformance-watch")

    async def press() -> None:
        await watch.linked()
        await watch.alarm(SOS)
        await watch.measured(f"PULSE,{next(pulse)}")

    try:
        yield press
    finally:
        task.cancel()
        await asyncio.wait({task})


@dataclass
class Reference:
    """The project's own agent with one watch port, as a child process."""

    folder: Path
    gateway: str
    secret: str
    broker_port: int
    port: int = field(default_factory=free_port)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The agent for the length of the block. Raises SimulatorError with the end of its log."""
        (self.folder / "gateway.secret").write_text(self.secret + "\n")
        config = self.folder / "edge.toml"
        config.write_text(
            f'gateway = "{self.gateway}"\ndata_dir = "./edge-data"\nbatch_s = 2\n'
            f'broker_url = "mqtt://127.0.0.1:{self.broker_port}"\nsecret_file = "gateway.secret"\n'
            f'[[transport]]\ntype = "tcp"\ndriver = "watch"\nport = {self.port}\n'
        )
        command = python_module("edge", "run", "--config", str(config))
        self._agent = Child("carebed-edge", command, self.folder / "agent.log")
        try:
            await self._start()
            yield
        finally:
            await self._agent.stop()

    async def power_cycle(self) -> None:
        """Killed in the middle of its work, and started again."""
        self._agent.send(signal.SIGKILL)
        await self._agent.wait()
        await self._start()

    async def _start(self) -> None:
        await self._agent.start()
        await self._agent.ready(_AGENT_READY_S)


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`conformance gateway` and `conformance device`."""
    kit = commands.add_parser("conformance", help="检查网关或设备是否符合契约 / is it as the contract says?")
    kinds = kit.add_subparsers(required=True, metavar="gateway|device")
    box = kinds.add_parser("gateway", help="检查一个网关的固件 / a gateway's firmware")
    box.set_defaults(command=gateway)
    box.add_argument("--gateway", default="gw-conformance", metavar="ID", help="网关编号 / the gateway's id")
    box.add_argument("--secret", help="网关密码（默认随机）/ its password (a random one)")
    box.add_argument("--broker", metavar="URL", help="用已有的消息服务器 / a broker that runs already")
    box.add_argument("--watch", metavar="HOST:PORT", help="用模拟手表按求助 / a simulated watch presses SOS")
    box.add_argument("--script", metavar="FILE", help="代替人手的命令（TOML）/ commands instead of hands")
    box.add_argument("--reference", action="store_true", help="检查本项目的网关 / the project's own agent")
    one = kinds.add_parser("device", help="检查设备的帧 / a device's frames")
    one.set_defaults(command=device)
    one.add_argument("driver", choices=sorted(FORMS), help="协议 / its protocol")
    one.add_argument("file", nargs="?", metavar="FILE", help="每行一条：文本或十六进制 / a message a line")
    one.add_argument("--seconds", type=float, default=180, help="等待设备的时间 / how long to wait for it")
    one.add_argument(
        "--listen", type=int, default=0, metavar="PORT", help="设备连接的端口 / where it connects"
    )
    box.add_argument("--port", type=int, default=1884, help="消息服务器端口 / the kit's broker")
    for parser in (box, one):
        parser.add_argument("--host", default="127.0.0.1", help="监听地址 / where to listen")
        parser.add_argument("--junit", metavar="FILE", help="另写 JUnit XML / also write JUnit XML")
