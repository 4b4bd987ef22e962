"""The nouns and verbs of `carebed-cloud admin`: a table; each row says its options and what it does."""

import argparse
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cloud.access import store as access
from cloud.access.acts import Act
from cloud.access.passwords import Passwords
from cloud.api import equipment_schemas, registry_schemas
from cloud.broker import SERVICES, Login, gateway_verifiers, login, mosquitto_files, nats_config, new_secret
from cloud.config import DataDir
from cloud.database.pool import Connection
from cloud.family import store as families
from cloud.registry import equipment, people, store
from cloud.registry.sealing import Seal

Arguments = argparse.Namespace
Made = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """What a command works with; `seal` reads the key file when it is first needed."""

    conn: Connection
    now: datetime
    seal: Callable[[], Seal]
    data_dir: DataDir | None


@dataclass(frozen=True)
class Option:
    """One `--name`, or without dashes where it has its place; `values` are the allowed ones."""

    name: str
    zh: str
    en: str
    required: bool = False
    values: tuple[str, ...] = ()
    type: Callable[[str], Any] = str
    many: bool = False
    flag: bool = False
    place: bool = False


@dataclass(frozen=True)
class Command:
    """One noun and verb. `once` names the fields of the answer that are shown this once, `labels` what they
    are called in words, `wrong` the one that counts what a person must set right.
    """

    zh: str
    en: str
    options: tuple[Option, ...]
    act: Callable[[Desk, Arguments], Awaitable[Made]]
    once: tuple[str, ...] = ()
    labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    wrong: str = ""


def _given(arguments: Arguments, *names: str) -> dict[str, Any]:
    """The named options that were given."""
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


async def _audit(desk: Desk, action: Act, subject: object) -> None:
    await access.write_audit(desk.conn, now=desk.now, actor="admin-cli", action=action, subject=str(subject))


async def _org(desk: Desk, arguments: Arguments) -> Any:
    return None if arguments.org is None else await store.find_org(desk.conn, arguments.org)


async def create_user(desk: Desk, arguments: Arguments) -> Made:
    """A user with a generated password, or one read from standard input."""
    password = _password(arguments)
    user_id = await access.create_staff(
        desk.conn,
        now=desk.now,
        username=arguments.username,
        name=arguments.name,
        role=arguments.role,
        password_hash=await Passwords().hash(password),
        area_code=arguments.area or "",
        org_id=await _org(desk, arguments),
    )
    await _audit(desk, "user_created", user_id)
    return {"id": str(user_id), "username": arguments.username, "role": arguments.role, "password": password}


async def set_password(desk: Desk, arguments: Arguments) -> Made:
    """A new password; the user is signed out everywhere."""
    password = _password(arguments)
    hashed = await Passwords().hash(password)
    await access.set_password(desk.conn, now=desk.now, username=arguments.username, password_hash=hashed)
    await _audit(desk, "password_set", arguments.username)
    return {"username": arguments.username, "password": password}


def _password(arguments: Arguments) -> str:
    if arguments.password_stdin:
        given = sys.stdin.readline().rstrip("\n")
        if len(given) < 8:
            raise ValueError("密码至少 8 个字符 / a password has at least 8 characters")
        return given
    return secrets.token_urlsafe(12)


async def create_token(desk: Desk, arguments: Arguments) -> Made:
    """A program's bearer token."""
    token_id, secret = await access.create_token(
        desk.conn,
        now=desk.now,
        name=arguments.name,
        role=arguments.role,
        area_code=arguments.area or "",
        org_id=await _org(desk, arguments),
    )
    await _audit(desk, "token_created", token_id)
    return {"id": str(token_id), "name": arguments.name, "role": arguments.role, "token": secret}


async def create_area(desk: Desk, arguments: Arguments) -> Made:
    """An area."""
    body = registry_schemas.NewArea(code=arguments.code, name=arguments.name)
    parent = await store.create_area(desk.conn, code=body.code, name=body.name)
    await _audit(desk, "area_created", body.code)
    return {"code": body.code, "name": body.name, "parent_code": parent}


async def create_org(desk: Desk, arguments: Arguments) -> Made:
    """An organisation."""
    body = registry_schemas.NewOrg(name=arguments.name)
    org_id = await store.create_org(desk.conn, now=desk.now, name=body.name)
    await _audit(desk, "org_created", org_id)
    return {"id": str(org_id), "name": body.name}


async def create_home(desk: Desk, arguments: Arguments) -> Made:
    """A home."""
    fields = _given(arguments, "org", "street", "compound", "building", "unit", "room", "access_note")
    fields |= _given(arguments, "door_code", "safe_radius_m") | {"area_code": arguments.area}
    if (arguments.lat is None) != (arguments.lon is None):
        raise ValueError("--lat 与 --lon 须同时给出 / --lat and --lon belong together")
    if arguments.lat is not None:
        fields["gate"] = {"lat": arguments.lat, "lon": arguments.lon}
    body = registry_schemas.NewHome.model_validate(fields)
    gate = None if body.gate is None else (body.gate.lat, body.gate.lon)
    home_id = await store.create_home(
        desk.conn, desk.seal(), now=desk.now, gate=gate, **body.model_dump(exclude={"gate"})
    )
    await _audit(desk, "home_created", home_id)
    return {"id": str(home_id)}


async def create_bed(desk: Desk, arguments: Arguments) -> Made:
    """A bed."""
    body = registry_schemas.NewBed(label=arguments.label or "")
    await store.find_home(desk.conn, arguments.home)
    bed_id = await store.create_bed(desk.conn, now=desk.now, home_id=arguments.home, label=body.label)
    await _audit(desk, "bed_created", bed_id)
    return {"id": str(bed_id), "home_id": str(arguments.home)}


def contact(text: str) -> dict[str, Any]:
    """`name,relation,phone[,key]` as an option writes it."""
    parts = [part.strip() for part in text.replace("，", ",").split(",")]
    if len(parts) not in {3, 4} or parts[3:] not in ([], ["key"]):
        raise argparse.ArgumentTypeError("姓名,关系,电话[,key] / name,relation,phone[,key]")
    return {"name": parts[0], "relation": parts[1], "phone": parts[2], "has_key": len(parts) == 4}


async def create_resident(desk: Desk, arguments: Arguments) -> Made:
    """An elder."""
    fields = _given(arguments, "name", "sex", "birth_date", "id_number", "org")
    fields |= {"phones": arguments.phone or [], "contacts": arguments.contact or []}
    fields |= {"bed_id": arguments.bed, "area_code": arguments.area}
    body = registry_schemas.NewResident.model_validate(fields)
    contacts = [people.ContactRow(**one.model_dump()) for one in body.contacts]
    plain = body.model_dump(exclude={"contacts", "bed_id", "area_code", "org"})
    bed = None if body.bed_id is None else await store.find_bed(desk.conn, body.bed_id)
    resident_id = await people.create_resident(
        desk.conn,
        desk.seal(),
        now=desk.now,
        given=people.NewResident(contacts=contacts, **plain),
        belongs=await people.resident_belongs(desk.conn, bed, body.area_code, body.org),
        bed=bed,
    )
    await _audit(desk, "resident_created", resident_id)
    return {"id": str(resident_id)}


async def create_gateway(desk: Desk, arguments: Arguments) -> Made:
    """A gateway with its secret."""
    fields = _given(arguments, "id", "kind", "org") | {"home_id": arguments.home, "area_code": arguments.area}
    body = equipment_schemas.NewGateway.model_validate(fields)
    secret = new_secret()
    belongs = await equipment.gateway_belongs(
        desk.conn, kind=body.kind, home_id=body.home_id, area_code=body.area_code, org=body.org
    )
    await equipment.create_gateway(
        desk.conn,
        now=desk.now,
        gateway_id=body.id,
        kind=body.kind,
        home_id=body.home_id,
        belongs=belongs,
        verifiers=gateway_verifiers(secret),
    )
    await _audit(desk, "gateway_created", body.id)
    return {"id": body.id, "secret": secret}


async def renew_gateway_secret(desk: Desk, arguments: Arguments) -> Made:
    """A new secret for a gateway."""
    secret = new_secret()
    await equipment.renew_gateway_secret(
        desk.conn, gateway_id=arguments.id, verifiers=gateway_verifiers(secret)
    )
    await _audit(desk, "gateway_secret_renewed", arguments.id)
    return {"id": arguments.id, "secret": secret}


async def create_device(desk: Desk, arguments: Arguments) -> Made:
    """A device, installed from now on where a home is named."""
    fields = _given(arguments, "id", "family", "model", "room", "role")
    body = equipment_schemas.NewDevice.model_validate(
        fields | {"home_id": arguments.home, "bed_id": arguments.bed}
    )
    await equipment.register_device(
        desk.conn, now=desk.now, device_id=body.id, family=body.family, model=body.model
    )
    installation = None
    if body.home_id is not None:
        installation = await equipment.install_device(
            desk.conn,
            now=desk.now,
            device_id=body.id,
            home_id=body.home_id,
            bed_id=body.bed_id,
            room=body.room,
            role=body.role,
        )
    await _audit(desk, "device_created", body.id)
    return {"id": body.id, "installation_id": None if installation is None else str(installation)}


async def bind_family(desk: Desk, arguments: Arguments) -> Made:
    """A family account sees an elder."""
    given = families.Binding(
        username=arguments.username,
        resident_id=arguments.resident,
        contact=arguments.contact,
        consent=arguments.consent,
        location=arguments.location,
    )
    await people.lock_resident(desk.conn, arguments.resident)
    made = await families.bind(desk.conn, given, recorded_by="admin-cli", now=desk.now)
    await _audit(desk, "family_bound", arguments.resident)
    return {"id": str(made), "username": arguments.username, "resident_id": str(arguments.resident)}


async def broker_config(desk: Desk, arguments: Arguments) -> Made:
    """Users and permissions for a broker of your own; the services' secrets stay beside the data."""
    gateways = [Login(*row) for row in await equipment.list_logins(desk.conn)]
    return _write_broker_config(desk.data_dir, arguments, gateways)


def _write_broker_config(data_dir: DataDir | None, arguments: Arguments, gateways: list[Login]) -> Made:
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    services = (data_dir or DataDir(output)).service_secrets()
    logins = [login(name, services[name]) for name in SERVICES]
    if arguments.format == "mosquitto":
        files = mosquitto_files(gateways, logins)
    else:
        store_dir = str(arguments.store_dir or output / "jetstream")
        files = {
            "nats.conf": nats_config(gateways, logins, mqtt_port=1883, client_port=4222, store_dir=store_dir)
        }
    for name, text in files.items():
        path = output / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    return {"files": [str(output / name) for name in files], "gateways": len(gateways), "services": services}
