"""TCP ports for the programs that a test starts."""

import contextlib
import itertools
import os
import secrets
import socket
from typing import Final

# Below the ports that outgoing connections are given, each test process within a span of its own: between
# the question and the program's own bind nobody else takes it.
_SPAN: Final = 1_200
_FIRST: Final = 10_000 + _SPAN * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4)
_NEXT: Final = itertools.count(secrets.randbelow(_SPAN))


def free_port() -> int:
    """A port of loopback that nobody listens on; not the same twice in a row."""
    while True:
        port = _FIRST + next(_NEXT) % _SPAN
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
