"""A TCP proxy between browser and server that can be cut, or go on living while it swallows every byte."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Proxy:
    """Forwards 127.0.0.1:`port` to a server; `swallow` keeps connections open and silent, `cut` ends them."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: set[socket.socket] = set()
        self._mode = "pass"
        threading.Thread(target=self._accept, daemon=True, name="proxy").start()

    def swallow(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self._mode = "swallow"

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        self._mode = "cut"
        self._end_all()

    def restore(self) -> None:
        """Forward again; connections that lost bytes are ended."""
        self._mode = "pass"
        self._end_all()

    def close(self) -> None:
        """End everything."""
        self._mode = "cut"
        self._listener.close()
        self._end_all()

    def _end_all(self) -> None:
        for side in list(self._pairs):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._mode == "cut":
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._pairs |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True, name="pump").start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if self._mode == "pass":
                    sink.sendall(data)
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
        self._pairs.discard(source)
        source.close()


@contextmanager
def proxied(port: int) -> Iterator[Proxy]:
    """A proxy to a port of this machine."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
