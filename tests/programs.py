"""Programs that some tests need: absent, the test is skipped and named in the summary; required, it fails."""

import os
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

_absent: dict[str, set[str]] = defaultdict(set)
_PLACES = {
    # The shell is Chromium without its windows: the same pages for a fifth less work.
    "chromium": ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
    "mosquitto": ("mosquitto", "/usr/sbin/mosquitto"),
    "postgresql": tuple(
        str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)
    ),
}


def program(name: str, request: pytest.FixtureRequest) -> Path:
    """The path of `chromium`, `mosquitto` or `postgresql` (its `postgres`); where absent, the test skips."""
    for place in _PLACES[name]:
        found = shutil.which(place)
        if found is not None:
            return Path(found)
    if name in os.environ.get("CAREBED_REQUIRE", "").split(","):
        pytest.fail(f"{name} is required by CAREBED_REQUIRE and absent")
    _absent[name].add(request.node.nodeid)
    pytest.skip(f"{name} is absent")


def absent_programs() -> dict[str, set[str]]:
    """Which tests were skipped, by the program they missed."""
    return dict(_absent)
