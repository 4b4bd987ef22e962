"""A broker and a free port for the conformance kit."""

import pytest

from tests.edge.conftest import broker
from tests.ports import free_port

__all__ = ["broker"]


@pytest.fixture
def unused_port() -> int:
    """A port that is free now."""
    return free_port()
