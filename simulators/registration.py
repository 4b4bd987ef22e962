"""Registering invented homes at the cloud: areas, organisation, home, beds, residents, gateway, devices."""

import asyncio
from typing import Any, Final

import msgspec

from simulators.cloud_api import ApiRefusedError, CloudApi
from simulators.devices.near import NEAR
from simulators.devices.zigbee import MODELS
from simulators.home import AREAS, ORG, Home, Profile

_CONFLICT: Final = 409
TRACKERS: Final = ("trv", "gt06", "jt808")
_FAMILY: Final = (
    {"watch": "watch", "wrist": "wrist_accelerometer", "wire_button": "button"}
    | {tracker: tracker for tracker in TRACKERS}
    | {kind: near.driver for kind, near in NEAR.items()}
)


def driver_of(device_type: str) -> str:
    """The agent's driver that hears devices of a type; what has none speaks to the cloud itself."""
    return "zigbee2mqtt" if device_type in MODELS else _FAMILY[device_type]


class DeviceRecord(msgspec.Struct, kw_only=True):
    """One device as it was registered; `seed` gives its serial numbers."""

    name: str
    type: str
    id: str
    room: str = ""
    role: str = ""
    bed: int = 0


class HomeRecord(msgspec.Struct, kw_only=True):
    """What must be kept to go on with a home after a restart. `secret` is the gateway's, `wifi` the BSSID."""

    seed: int
    home_id: str
    label: str
    lat: float
    lon: float
    radius_m: float
    wifi: str = ""
    gateway: str
    secret: str
    residents: list[str] = []
    resident_names: list[str] = []
    beds: list[str] = []
    devices: list[DeviceRecord] = []


def device_id(device_type: str, seed: int, n: int) -> str:
    """The wire id of the nth device of a seed: ten watch digits, an IMEI, an IEEE address ..."""
    match device_type:
        case "watch":
            return f"watch-{23:02d}{seed % 1_000_000:06d}{n % 100:02d}"
        case "wrist":
            return f"wrist-b{seed % 1_000_000:06d}-{n}"
        case "trv" | "gt06":
            return f"{device_type}-8611{seed % 1_000_000:09d}{n % 100:02d}"
        case "jt808":
            return f"jt808-139{seed % 1_000_000:06d}{n % 100:02d}"
        case "board" | "r60" | "tinyframe" | "sca11h":
            return f"{'ha' if device_type == 'board' else device_type}-{seed % 1_000_000:06d}-{n}"
        case "emfit":
            return f"emfit-{seed % 1_000_000:06d}{n % 100:02d}"
        case "ble_sensor" | "ble_cuff" | "ble_oximeter":
            return f"ble-5448e6{seed % 10_000:04x}{n % 100:02x}"
        case "wire_button":
            return f"button-{seed % 1_000_000:06d}-{n}"
        case _:
            return f"zb-00158d{seed % 1_000_000:08x}{n % 100:02x}"


async def register_town(api: CloudApi) -> None:
    """The areas and the organisation; those that are there already stay as they are."""
    for code, name in AREAS:
        await _unless_there(api, "areas", {"code": code, "name": name})
    await _unless_there(api, "orgs", {"name": ORG})


async def register_home(
    api: CloudApi,
    home: Home,
    *,
    seed: int,
    gateway: str,
    devices: list[DeviceRecord],
    radius_m: float | None = None,
    wifi: bool = False,
    installed_from: str | None = None,
    protocol_gateway: bool = False,
) -> HomeRecord:
    """A home with its people, gateway (none where `gateway` is empty) and devices. Raises SimulatorError."""
    radius = radius_m or home.safe_radius_m
    made = await api.post("homes", _home_body(home, radius))
    record = HomeRecord(
        seed=seed,
        home_id=made["id"],
        label=home.label,
        lat=home.compound.lat,
        lon=home.compound.lon,
        radius_m=radius,
        gateway=gateway,
        secret="",
        devices=devices,
    )
    if wifi:
        record.wifi = await _set_up_wifi(api, record)
    for profile in home.residents:
        bed = await api.post(f"homes/{record.home_id}/beds", {"label": profile.bed_label})
        resident = await api.post("residents", _resident_body(profile, bed["id"]))
        record.beds.append(bed["id"])
        record.residents.append(resident["id"])
        record.resident_names.append(profile.name)
    if gateway:
        record.secret = await register_gateway(api, gateway, home, record.home_id, protocol=protocol_gateway)
    await asyncio.gather(*(_register_device(api, record, device, installed_from) for device in devices))
    return record


async def _set_up_wifi(api: CloudApi, record: HomeRecord) -> str:
    """The home's router is entered as a technician reads it from the label; its BSSID."""
    digits = f"a4{record.seed % 2**40:010x}"
    bssid = ":".join(digits[n : n + 2] for n in range(0, 12, 2))
    home = await api.get(f"homes/{record.home_id}")
    body = {"revision": home["revision"], "access_points": [bssid.upper().replace(":", "-")]}
    await api.put(f"homes/{record.home_id}/access-points", body)
    return bssid


async def register_gateway(
    api: CloudApi, gateway: str, home: Home, home_id: str, *, protocol: bool = False
) -> str:
    """A gateway; returns its secret."""
    body: dict[str, Any] = {"id": gateway, "kind": "home", "home_id": home_id}
    if protocol:
        body = {"id": gateway, "kind": "protocol", "area_code": home.compound.code, "org": ORG}
    return str((await api.post("gateways", body))["secret"])


async def _register_device(
    api: CloudApi, record: HomeRecord, device: DeviceRecord, installed_from: str | None
) -> None:
    model = MODELS[device.type].model if device.type in MODELS else device.type
    body: dict[str, Any] = {"id": device.id, "family": _FAMILY.get(device.type, "zigbee"), "model": model}
    place: dict[str, Any] = {"home_id": record.home_id, "room": device.room, "role": device.role}
    if device.bed:
        place["bed_id"] = record.beds[min(device.bed, len(record.beds)) - 1]
    if installed_from is None:
        await api.post("devices", body | place)
        return
    await api.post("devices", body)
    await api.post(f"devices/{device.id}/installations", place | {"from": installed_from})


async def _unless_there(api: CloudApi, path: str, body: dict[str, Any]) -> None:
    try:
        await api.post(path, body)
    except ApiRefusedError as error:
        if error.status != _CONFLICT:
            raise


def _home_body(home: Home, radius_m: float) -> dict[str, Any]:
    return {
        "area_code": home.compound.code,
        "org": ORG,
        "street": home.compound.street,
        "compound": home.compound.name,
        "building": home.building,
        "unit": home.unit,
        "room": home.room,
        "gate": {"lat": home.compound.lat, "lon": home.compound.lon},
        "access_note": home.access_note,
        "door_code": home.door_code,
        "safe_radius_m": radius_m,
    }


def _resident_body(profile: Profile, bed_id: str) -> dict[str, Any]:
    return {
        "name": profile.name,
        "sex": profile.sex,
        "birth_date": profile.birth_date.isoformat(),
        "phones": list(profile.phones),
        "id_number": profile.id_number,
        "bed_id": bed_id,
        "profile": profile.profile,
        "needs": profile.needs,
        "risks": list(profile.risks),
        "contacts": [
            {
                "name": contact.name,
                "relation": contact.relation,
                "phone": contact.phone,
                "has_key": contact.has_key,
                "distance_note": contact.distance_note,
            }
            for contact in profile.contacts
        ],
    }
