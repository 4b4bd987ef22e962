"""`decode bluetooth`: lines of the Bluetooth transport; HCI events and notifications also by hand."""

from collections import Counter
from typing import Any

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, json_object, shown_bytes, shown_items
from edge.drivers import bthome, gatt, oximeters, viatom
from edge.drivers.bluetooth import BluetoothDriver
from edge.drivers.options import DriverOptions


def bluetooth() -> Decoder:
    """One driver for all lines: one adapter."""
    driver = BluetoothDriver(DriverOptions())
    return lambda data: _decode(data, driver)


def _decode(data: bytes, driver: BluetoothDriver) -> Decoded:
    message = json_object(data)
    try:
        decoded = _decoded(message)
        given = {"address": "000000000000"} | {
            key: value for key, value in message.items() if value is not None
        }
        items = driver.receive(msgspec.json.encode(given) + b"\n", 0)
    except gatt.Invalid as error:
        raise Unreadable(
            f"特征值无效 / invalid characteristic: {error}", found={"error": "invalid"}
        ) from error
    except (ValueError, TypeError) as error:
        raise Unreadable(f"读不懂 / unreadable: {error}") from error
    return {"decoded": decoded, "items": shown_items(items), "replies": shown_bytes(driver.replies())}


def _decoded(message: dict[str, Any]) -> Decoded:
    if isinstance(message.get("hci"), str):
        adverts = [
            _advert(advert, message.get("key")) for advert in bthome.from_hci(bytes.fromhex(message["hci"]))
        ]
        if not adverts:
            raise Unreadable("没有 BTHome 广播 / no BTHome advertisement")
        return adverts[0]
    uuid, value = message.get("uuid"), message.get("value")
    if isinstance(uuid, str) and isinstance(value, str):
        return _value(gatt.short_uuid(uuid), bytes.fromhex(value))
    services = message.get("service_data")
    data = services.get(bthome.SERVICE) if isinstance(services, dict) else None
    if isinstance(data, str):
        address = str(message.get("address", "")).replace(":", "").upper()
        return _advert(
            bthome.Advert(address=address, rssi=message.get("rssi"), data=bytes.fromhex(data)),
            message.get("key"),
        )
    if isinstance(message.get("connected"), bool):
        return {"connected": message["connected"]}
    raise Unreadable("既无广播也无特征值 / neither an advertisement nor a characteristic")


def _advert(advert: bthome.Advert, key: Any) -> Decoded:
    """The values of an advertisement under BTHome's names; an encrypted one needs `key` on its line."""
    content = bthome.read(advert, key if isinstance(key, str) else None)
    counter = {} if content.counter is None else {"packet": content.counter}
    return {"mac": advert.address, "rssi": advert.rssi, "whole": content.whole} | counter | content.named()


def _value(uuid: str, data: bytes) -> Decoded:
    """A health profile's characteristic, or the frames of a vendor's."""
    if uuid in gatt.READERS:
        return gatt.decode(uuid, data)
    counts: Counter[str] = Counter()
    if uuid == viatom.NOTIFY:
        found = viatom.Viatom("", counts).feed(data, 0)
    elif uuid in oximeters.KINDS:
        found = oximeters.KINDS[uuid](counts).feed(data, 0)
    else:
        raise Unreadable(f"未知特征 / unknown characteristic: {uuid}")
    if not found:
        raise Unreadable("没有完整的帧 / no whole frame")
    return found[-1]
