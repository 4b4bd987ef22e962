"""The demo's calls and messages: providers on this machine that always get through; nobody is called."""

import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi
from simulators.far_ends import FarEnds
from simulators.far_server import serving

_KEPT: Final = "demo-providers.secret"
_CHANNELS: Final = ("voice", "sms")


@asynccontextmanager
async def providers(folder: Path, api_url: str, clock: Clock) -> AsyncIterator[None]:
    """Serve them, and write into the cloud's data folder where they are; before the cloud starts."""
    secret = secrets.token_urlsafe(24)
    async with serving(FarEnds(clock, secret=secret, by_digit={})) as url:
        _write(folder, secret, "\n".join(_provider(channel, url, api_url) for channel in _CHANNELS))
        yield


def _write(folder: Path, secret: str, configuration: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / _KEPT
    kept.touch(mode=0o600)
    kept.write_text(secret)
    (folder / "notifications.toml").write_text(configuration, encoding="utf-8")


def _provider(channel: str, url: str, api_url: str) -> str:
    return f"""[[provider]]
name = "demo-{channel}"
driver = "http_{channel}"
url = "{url}/{channel}"
query_url = "{url}/{channel}"
callback_url = "{api_url}/api/v1/notifications/receipts/demo-{channel}"
callback_secret_file = "{_KEPT}"
callback_signed = true
idempotent = true
"""


async def give_telephones(api: CloudApi, staff_ids: Iterable[str]) -> None:
    """Each of the staff a telephone, for calls and SMS; the numbers belong to nobody."""
    for place, staff_id in enumerate(staff_ids):
        body = {"recipient_kind": "staff", "recipient_id": staff_id, "channel": "voice"}
        await api.post("notifications/addresses", body | {"address": f"1390000{place:04d}"})
