"""What is wrong with an installation and what to do: configuration, secret, storage, ports, broker."""

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiomqtt
import msgspec

from edge import config, wiring
from edge.agent import lock
from edge.config import SECRET_VARIABLE, Broker, Config, ConfigError
from edge.texts import say
from edge.timekeeping import FLOOR_MS, TOLERANCE_MS, Timekeeper, boot_id
from edge.transport_settings import (
    BluetoothTransport,
    HttpTransport,
    MqttTransport,
    RecordingTransport,
    SerialTransport,
    TcpTransport,
    Transport,
)
from edge.transports.bluetooth import BluetoothMissing, bleak_radio
from edge.transports.http_page import get_page
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.messages import CloudStatus, decode

NEED_MIB: Final = 64
BROKER_S: Final = 6.0
STATUS_S: Final = 35.0
STATUS_AGE_MS: Final = 60_000
_MIB: Final = 1024 * 1024
_REFUSED: Final = 0x80


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; `text` says what is wrong and what to do."""

    check: str
    good: bool
    text: str


async def examine(
    path: Path, clock: Clock, *, broker_s: float = BROKER_S, status_s: float = STATUS_S
) -> list[Finding]:
    """Look at everything; `..._s` are the seconds to wait for the broker and for the cloud's time."""
    try:
        settings = config.load(path)
        wiring.check_drivers(settings)
    except ConfigError as error:
        return [_wrong("config", str(error))]
    findings = [_good("config", say("config_good", gateway=settings.gateway))]
    if not settings.transport:
        findings.append(_wrong("config", say("no_transport")))
    findings += _secret(settings)
    running, storage = _storage(settings)
    findings += storage
    for entry in settings.transport:
        findings.append(await _transport(entry, running=running, wait_s=broker_s))
    cloud_at, broker = await _broker(
        settings, clock.now_ms(), running=running, wait_s=broker_s, status_s=status_s
    )
    findings.append(broker)
    findings += _help(settings)
    findings.append(_clock(clock, cloud_at))
    return findings


def as_text(findings: list[Finding]) -> str:
    """One line a finding, for a person."""
    lines = [f"[{say('good' if f.good else 'wrong')}] {say(f'name_{f.check}')}: {f.text}" for f in findings]
    if all(finding.good for finding in findings):
        lines.append(say("all_good"))
    return "\n".join(lines)


def as_json(findings: list[Finding]) -> str:
    """All findings, for a program."""
    good = all(finding.good for finding in findings)
    return msgspec.json.encode({"good": good, "findings": findings}).decode()


def _good(check: str, text: str) -> Finding:
    return Finding(check=check, good=True, text=text)


def _wrong(check: str, text: str) -> Finding:
    return Finding(check=check, good=False, text=text)


def _secret(settings: Config) -> list[Finding]:
    try:
        config.secret(settings)
    except ConfigError as error:
        return [_wrong("secret", str(error))]
    path = settings.secret_file
    if path and SECRET_VARIABLE not in os.environ and Path(path).stat().st_mode & 0o077:
        return [_wrong("secret", say("secret_open", path=path))]
    return [_good("secret", say("secret_good"))]


def _help(settings: Config) -> list[Finding]:
    """What local help would find missing when it is needed."""
    findings = []
    if settings.speech is not None and settings.speech.command:
        program = settings.speech.command[0]
        there = shutil.which(program) is not None
        text = say("speech_good" if there else "speech_missing", program=program)
        findings.append(Finding(check="help", good=there, text=text))
    if settings.phone is not None:
        port = settings.phone.port
        there = os.access(port, os.R_OK | os.W_OK)
        text = say("phone_good" if there else "phone_missing", port=port)
        findings.append(Finding(check="help", good=there, text=text))
        if not (settings.phone.sms_proven or settings.phone.call_proven):
            findings.append(_wrong("help", say("phone_unproven")))
    return findings


def _storage(settings: Config) -> tuple[bool, list[Finding]]:
    """Whether the agent runs on this folder now, and what is to be said of the folder."""
    folder = Path(settings.data_dir)
    running = False
    try:
        os.close(lock(folder))
        (folder / ".probe").write_bytes(b"probe")
        (folder / ".probe").unlink()
    except ConfigError as error:
        running = (folder / "lock").exists() and os.access(folder, os.W_OK)
        if not running:
            return False, [_wrong("data_dir", str(error))]
    except OSError as error:
        return False, [_wrong("data_dir", say("data_dir_unusable", path=folder, reason=error))]
    free = shutil.disk_usage(folder).free // _MIB
    if free < NEED_MIB:
        return running, [_wrong("data_dir", say("space_low", path=folder, free_mib=free, need_mib=NEED_MIB))]
    return running, [_good("data_dir", say("data_dir_good", path=folder, free_mib=free))]


async def _transport(entry: Transport, *, running: bool, wait_s: float) -> Finding:
    if isinstance(entry, RecordingTransport):
        return _recording(entry.path)
    if isinstance(entry, MqttTransport):
        return await _local_broker(config.broker(entry.broker_url), wait_s)
    if not isinstance(entry, TcpTransport):
        return await _near(entry, wait_s)
    address = f"{entry.host}:{entry.port}"
    try:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), entry.host, entry.port)
    except OSError as error:
        if running:
            return _good("transport", say("port_used_by_agent", address=address))
        return _wrong("transport", say("port_busy", address=address, reason=error))
    server.close()
    await server.wait_closed()
    return _good("transport", say("port_good", address=address))


async def _near(entry: SerialTransport | HttpTransport | BluetoothTransport, wait_s: float) -> Finding:
    """A stick, a device's page, the Bluetooth adapter's package."""
    match entry:
        case BluetoothTransport():
            try:
                bleak_radio()
            except BluetoothMissing as error:
                return _wrong("transport", str(error))
            return _good("transport", say("bluetooth_good", count=len(entry.devices)))
        case SerialTransport():
            good = os.access(entry.path, os.R_OK | os.W_OK)
            return Finding(
                check="transport",
                good=good,
                text=say("serial_good" if good else "serial_missing", path=entry.path),
            )
        case HttpTransport():
            try:
                code, _ = await asyncio.wait_for(get_page(entry.url), wait_s)
            except (OSError, ValueError, TimeoutError) as error:
                return _wrong("transport", say("page_unreachable", url=entry.url, reason=error))
            return _good("transport", say("page_good", url=entry.url, code=code))


def _recording(path: str) -> Finding:
    if Path(path).is_file():
        return _good("transport", say("recording_good", path=path))
    return _wrong("transport", say("recording_missing", path=path))


async def _local_broker(broker: Broker, wait_s: float) -> Finding:
    address = f"{broker.host}:{broker.port}"
    try:
        async with aiomqtt.Client(
            broker.host, broker.port, username=broker.username, password=broker.password, timeout=wait_s
        ):
            return _good("transport", say("local_broker_good", address=address))
    except (aiomqtt.MqttError, OSError) as error:
        return _wrong("transport", say("local_broker_unreachable", address=address, reason=error))


async def _broker(
    settings: Config, now: int, *, running: bool, wait_s: float, status_s: float
) -> tuple[int | None, Finding]:
    """The cloud's live time (ms UTC; None where it gave none) and what is to be said of the broker.

    While the agent runs, its own connection is left alone: a second sign-in would push it out.
    """
    broker = config.broker(settings.broker_url)
    address = f"{broker.host}:{broker.port}"
    if running:
        return None, _good("broker", say("broker_running", gateway=settings.gateway))
    try:
        context = wiring.tls(settings, broker)
        async with aiomqtt.Client(
            broker.host,
            broker.port,
            identifier=settings.gateway,
            username=settings.gateway,
            password=config.secret(settings),
            timeout=wait_s,
            tls_context=context,
        ) as client:
            for topic in (topics.down(settings.gateway, "#"), topics.CLOUD_STATUS):
                granted = await client.subscribe(topic, qos=0)
                if any((code if isinstance(code, int) else code.value) >= _REFUSED for code in granted):
                    text = say("not_permitted", address=address, gateway=settings.gateway, topic=topic)
                    return None, _wrong("broker", text)
            return await _cloud_time(client, now, status_s), _good(
                "broker", say("broker_good", address=address)
            )
    except ConfigError as error:
        return None, _wrong("broker", str(error))
    except aiomqtt.MqttCodeError as error:
        return None, _wrong("broker", say("broker_refused", address=address, reason=error))
    except (aiomqtt.MqttError, OSError) as error:
        return None, _wrong("broker", say("broker_unreachable", address=address, reason=error))


async def _cloud_time(client: aiomqtt.Client, now: int, wait_s: float) -> int | None:
    """The cloud's time: `now` where a retained status of the last minute confirms it, else the first live.

    None when none comes in time.
    """
    try:
        async with asyncio.timeout(wait_s):
            async for message in client.messages:
                if str(message.topic) != topics.CLOUD_STATUS:
                    continue
                at = decode(bytes(message.payload), CloudStatus).at
                if not message.retain:
                    return at
                if -TOLERANCE_MS <= now - at <= STATUS_AGE_MS:
                    return now
    except (TimeoutError, ValueError):
        return None
    return None


def _clock(clock: Clock, cloud_at: int | None) -> Finding:
    now = clock.now_ms()
    if now < FLOOR_MS:
        return _wrong("clock", say("clock_before_floor", now=_day(now), floor=_day(FLOOR_MS)))
    if cloud_at is None:
        ruled = Timekeeper(clock, boot=boot_id()).state().source == "ntp"
        return _good("clock", say("clock_ntp" if ruled else "clock_plausible"))
    difference = abs(now - cloud_at)
    text = "clock_good" if difference <= TOLERANCE_MS else "clock_off"
    finding = say(text, difference_s=round(difference / 1000, 1))
    return _good("clock", finding) if text == "clock_good" else _wrong("clock", finding)


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="minutes")
