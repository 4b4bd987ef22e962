"""Registering the homes of a fleet at the cloud, several at a time."""

import asyncio

from simulators.cloud_api import CloudApi
from simulators.fleet import GatewayEntry
from simulators.home import invent_home
from simulators.registration import DeviceRecord, HomeRecord, device_id, register_home, register_town

_DEVICES = (("watch", "", 1), ("smoke", "kitchen", 0), ("motion", "living_room", 0))


async def register_fleet(
    api: CloudApi, count: int, *, first_seed: int, prefix: str, at_once: int = 6
) -> tuple[list[GatewayEntry], list[HomeRecord]]:
    """Invent and register `count` homes with a light gateway each. Raises SimulatorError."""
    await register_town(api)
    gate = asyncio.Semaphore(at_once)

    async def one(seed: int) -> HomeRecord:
        async with gate:
            devices = [
                DeviceRecord(name=kind, type=kind, id=device_id(kind, seed, n), room=room, bed=bed)
                for n, (kind, room, bed) in enumerate(_DEVICES)
            ]
            home = invent_home(seed)
            return await register_home(api, home, seed=seed, gateway=f"{prefix}-{seed:06d}", devices=devices)

    records = await asyncio.gather(*(one(first_seed + n) for n in range(count)))
    return [entry_of(record) for record in records], list(records)


def entry_of(record: HomeRecord) -> GatewayEntry:
    """The credentials and devices of a registered home."""
    return GatewayEntry(
        id=record.gateway,
        secret=record.secret,
        seed=record.seed,
        lat=record.lat,
        lon=record.lon,
        devices={device.type: device.id for device in record.devices},
    )
