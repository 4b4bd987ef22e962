"""What is shipped for deploying names programs, options and settings that exist, and holds no secret."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
import yaml

from cloud import __main__ as program
from cloud import config
from cloud.draining import LAST_WORK_S

DEPLOY = Path(config.__file__).parent / "deploy"
SETTINGS = {
    value for value in vars(config).values() if isinstance(value, str) and value.startswith("CAREBED_")
}
UNITS = sorted(DEPLOY.glob("*.service"))


def unit(path: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    found.read_string(path.read_text())
    return found


def parses(arguments: list[str]) -> None:
    program._parser(arguments[0]).parse_args(arguments)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists(path: Path) -> None:
    command = unit(path)["Service"]["ExecStart"].replace("$CAREBED_UP_OPTIONS", "--http-port 8420")
    command = command.replace("$CAREBED_OPTIONS", "--operations-port 9421")
    line = command.partition("carebed-cloud ")[2].rstrip("'")
    for instance in ("ingest", "telemetry", "api", "work"):
        parses(shlex.split(re.sub(r'"[^"]*\$\([^"]*"', "FOLDER", line.replace("%i", instance))))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_has_no_more_rights_than_it_needs(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] == "carebed"
    wanted = {"NoNewPrivileges": "true", "ProtectSystem": "strict", "ProtectHome": "true", "UMask": "0077"}
    assert {name: service.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("name", ["carebed-cloud.service", "carebed@.service"])
def test_systemd_waits_for_readiness_and_notices_a_program_that_hangs(name: str) -> None:
    service = unit(DEPLOY / name)["Service"]
    assert (service["Type"], service["NotifyAccess"], service["Restart"]) == ("notify", "main", "always")
    assert service["TimeoutStartSec"] == "infinity", "a recovery that is broken off begins anew for ever"
    assert int(service["WatchdogSec"]) >= 30
    assert int(service["TimeoutStopSec"]) > LAST_WORK_S + 10


def test_every_setting_that_is_named_exists() -> None:
    for path in DEPLOY.iterdir():
        for name in re.findall(r"CAREBED_[A-Z_]+", path.read_text()):
            assert name in SETTINGS | {
                "CAREBED_UP_OPTIONS",
                "CAREBED_OPTIONS",
                "CAREBED_HOST",
                "CAREBED_INGEST_SECRET",
                "CAREBED_WORK_SECRET",
            }, (path.name, name)


def test_the_containers_run_each_program_and_hold_no_secret() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = compose["services"]
    ours = {name: entry for name, entry in services.items() if entry["image"] == "carebed:latest"}
    assert set(ours) == {"migrate", "ingest", "telemetry", "work", "api"}
    for entry in ours.values():
        parses(entry["command"])
        health = entry["healthcheck"]
        assert health.get("disable") or health["test"][2:] == ["probe", entry["command"][-1]]
        assert entry["read_only"]
        assert entry["cap_drop"] == ["ALL"]
    for name, entry in services.items():
        assert ":" in entry["image"], name
        for value in entry.get("environment", {}).values():
            assert not re.search(r"://[^:@/]+:(?!\$\{)", str(value)), name
    declared = set(compose["secrets"])
    assert {secret for entry in services.values() for secret in entry.get("secrets", ())} == declared
