"""A serial port on a file descriptor: raw bytes, nothing waits for ever."""

import asyncio
import errno
import fcntl
import os
import termios
from types import TracebackType
from typing import Final, Self

_READ: Final = 4096
_GONE: Final = frozenset({errno.EIO, errno.ENODEV, errno.ENXIO, errno.EBADF})


class Unplugged(OSError):
    """The device is not there, or no longer."""


class SerialPort:
    """`async with SerialPort(path, baud) as port`; nobody else may open it meanwhile. Raises OSError."""

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        self._baud = baud
        self._fd = -1
        self._arrived: asyncio.Event = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Open the port, raw, without flow control."""
        self._fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _make_raw(self._fd, self._baud)
            fcntl.ioctl(self._fd, termios.TIOCEXCL)
        except (OSError, termios.error) as error:
            os.close(self._fd)
            raise Unplugged(f"{self._path} is no serial port: {error}") from error
        asyncio.get_running_loop().add_reader(self._fd, self._arrived.set)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the port."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    async def read(self) -> bytes:
        """At least one byte. Raises Unplugged."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            try:
                data = os.read(self._fd, _READ)
            except BlockingIOError:
                continue
            except OSError as error:
                raise _gone(error) from error
            if not data:
                raise Unplugged("the port was closed at its other end")
            self._arrived.set()
            return data

    async def write(self, data: bytes) -> None:
        """All bytes. Raises Unplugged."""
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                await asyncio.sleep(0.01)  # a line that takes no more; the caller has a time limit
            except OSError as error:
                raise _gone(error) from error


def _gone(error: OSError) -> OSError:
    return Unplugged(str(error)) if error.errno in _GONE else error


def _make_raw(fd: int, baud: int) -> None:
    """8 data bits, no parity, one stop bit, no echo, no translation; reads return what is there."""
    speed = getattr(termios, f"B{baud}")
    attributes = termios.tcgetattr(fd)
    attributes[0] = attributes[1] = attributes[3] = 0
    attributes[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    attributes[4] = attributes[5] = speed
    attributes[6][termios.VMIN] = 1
    attributes[6][termios.VTIME] = 0
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    termios.tcflush(fd, termios.TCIOFLUSH)
