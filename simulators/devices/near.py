"""Devices beside the gateway that need nothing but a line, a page or the home's broker: radars, bed sensors,
Bluetooth behind a proxy, boards. What happens -> bytes at the agent's door.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import aiomqtt

from firmware_specs.clock import Clock
from simulators.devices.beds import emfit_page, sca11h_record, serve_page
from simulators.devices.bluetooth import Peripheral
from simulators.devices.faults import FAULTS
from simulators.devices.home_assistant import Board, Message
from simulators.devices.radars import r60_frame, tiny_frame

_AGAIN_S: Final = 0.2


@dataclass(frozen=True)
class Kind:
    """A type of device: the agent's driver, what each verb makes happen, what it says each second."""

    driver: str
    verbs: dict[str, str]
    at_first: str = ""
    every_second: bool = False


_RADAR: Final = {"come": "somebody", "leave": "nobody", "fall": "fall", "get_up": "gets_up"}
_BED: Final = {"lie_down": "sleeps", "leave": "empty"}
NEAR: Final[dict[str, Kind]] = {
    "board": Kind(
        "home_assistant",
        {"fall": "fall", "get_up": "gets_up", "press_sos": "sos", "alarm": "smoke", "clear": "clear_air"},
    ),
    "ble_sensor": Kind("bluetooth", {"alarm": "smoke", "clear": "clear_air", "leak": "leak"}, "clear_air"),
    "ble_cuff": Kind("bluetooth", {"measure": "pressure_123_80"}),
    "ble_oximeter": Kind("bluetooth", {"measure": "berrymed_97", "leave": "berrymed_no_finger"}),
    "r60": Kind("r60", _RADAR, "somebody"),
    "tinyframe": Kind("tinyframe", _RADAR, "somebody"),
    "sca11h": Kind("sca11h", _BED, "empty", every_second=True),
    "emfit": Kind("emfit_qs", _BED, "empty"),
}


class Near(Protocol):
    """`run` until cancelled; `do` may be called when it is linked."""

    device_id: str

    async def run(self) -> None:
        """Be there."""

    async def linked(self) -> None:
        """Wait until the agent hears it."""

    async def do(self, what: str, fault: str = "") -> None:
        """Something happens; with a fault the first time, then as it should be said."""


@dataclass
class Line:
    """A device whose bytes come over TCP (a serial bridge, a Bluetooth proxy); `says` makes them."""

    device_id: str
    port: int
    kind: Kind
    says: Callable[[str], bytes]
    clock: Clock
    _state: str = ""
    _writer: asyncio.StreamWriter | None = None
    _linked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Connect again and again; say how things are, each second where the device does."""
        self._state = self.kind.at_first
        while True:
            with contextlib.suppress(OSError):
                _, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
                if self._state:
                    self._writer.write(self.says(self._state))
                self._linked.set()
                while not self._writer.is_closing():
                    await self.clock.sleep(1)
                    if self.kind.every_second:
                        self._writer.write(self.says(self._state))
            self._linked.clear()
            await asyncio.sleep(_AGAIN_S)

    async def linked(self) -> None:
        """Wait until there is a connection."""
        await self._linked.wait()

    async def do(self, what: str, fault: str = "") -> None:
        """Say it; an empty piece of a fault is a new connection."""
        self._state = what
        frame = self.says(what)
        for piece in [*FAULTS[fault](frame), frame] if fault else [frame]:
            await self.linked()
            assert self._writer is not None
            if not piece:
                self._linked.clear()
                self._writer.transport.abort()
            else:
                self._writer.write(piece)
                await self._writer.drain()


@dataclass
class Page:
    """An Emfit's web page; the agent asks for it. `rates`: what it measures of who lies there."""

    device_id: str
    port: int
    kind: Kind
    rates: tuple[float, float] | None = None
    _state: str = ""
    _cut: bool = False
    _linked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Answer until cancelled."""
        self._state = self.kind.at_first
        server = await serve_page(self._page, self.port)
        async with server:
            await server.serve_forever()

    async def linked(self) -> None:
        """Wait until the agent has asked."""
        await self._linked.wait()

    async def do(self, what: str, fault: str = "") -> None:
        """The page shows it from now on; with a fault its first half only, the next time."""
        self._state, self._cut = what, bool(fault)

    def _page(self) -> str:
        self._linked.set()
        page, cut = emfit_page(self._state, self.device_id.removeprefix("emfit-"), self.rates), self._cut
        self._cut = False
        return page[: len(page) // 2] if cut else page


@dataclass
class Announced:
    """A board at the home's own broker."""

    device_id: str
    broker_port: int
    _client: aiomqtt.Client | None = None
    _linked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Announce, then stay connected."""
        board = self._board()
        async with aiomqtt.Client("127.0.0.1", self.broker_port) as self._client:
            for message in [*board.announce(), board.tell("gets_up"), board.tell("clear_air")]:
                await self._publish(message)
            self._linked.set()
            await asyncio.Event().wait()

    async def linked(self) -> None:
        """Wait until it has announced itself."""
        await self._linked.wait()

    async def do(self, what: str, fault: str = "") -> None:
        """Publish the state."""
        message = self._board().tell(what)
        payload = message.payload.encode()
        for piece in [*FAULTS[fault](payload), payload] if fault else [payload]:
            if piece:
                await self._publish(Message(message.topic, piece.decode("latin-1")))

    def _board(self) -> Board:
        return Board(self.device_id.removeprefix("ha-"))

    async def _publish(self, message: Message) -> None:
        assert self._client is not None
        retain = "button" not in message.topic  # a press that stays at the broker would be pressed again
        await self._client.publish(message.topic, message.payload, qos=1, retain=retain)


def near(kind: str, device_id: str, port: int, clock: Clock) -> Near:
    """The simulated device of a type; `port` is the agent's door, an Emfit's own, the broker's for boards."""
    about = NEAR[kind]
    match kind:
        case "board":
            return Announced(device_id, port)
        case "emfit":
            return Page(device_id, port, about)
        case _:
            return Line(device_id, port, about, _speech(kind, device_id, clock), clock)


def transport(kind: str, device_id: str, port: int) -> str:
    """The `[[transport]]` of edge.toml that hears this device."""
    driver = NEAR[kind].driver
    match kind:
        case "board":
            door = f'type = "mqtt"\nbroker_url = "mqtt://127.0.0.1:{port}"'
        case "emfit":
            door = f'type = "http"\nurl = "http://127.0.0.1:{port}/dvmstatus.htm"\nevery_s = 1'
        case "ble_sensor" | "ble_cuff" | "ble_oximeter":
            door = f'type = "tcp"\nport = {port}'
        case _:
            door = f'type = "tcp"\nport = {port}\ndevice = "{device_id}"'
    return f'[[transport]]\ndriver = "{driver}"\n{door}'


def _speech(kind: str, device_id: str, clock: Clock) -> Callable[[str], bytes]:
    """What makes bytes of what happens; frames are numbered where the page numbers them."""
    numbers: Iterator[int] = itertools.count(1)
    match kind:
        case "r60":
            return r60_frame
        case "tinyframe":
            return lambda what: tiny_frame(what, next(numbers))
        case "sca11h":
            return lambda what: sca11h_record(what, next(numbers))
    digits = device_id.removeprefix("ble-").upper()
    device = Peripheral(":".join(digits[at : at + 2] for at in range(0, 12, 2)))
    if kind == "ble_sensor":
        return device.advertises
    if kind == "ble_oximeter":
        return device.vendor
    return lambda what: device.connects("1810") + device.measures(what, clock.now_ms())
