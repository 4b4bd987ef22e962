"""The console speaks the API's and the contract's words: fresh generated types, a text for every kind."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from cloud.access.access import CANARY_ROLE, WALL_ROLE, Role
from cloud.access.acts import Act, Detail
from cloud.api.acceptance_schemas import ChecklistStep
from cloud.api.import_schemas import ImportDone
from cloud.api.observation_schemas import GivenBand, News2Order, ResidentLimits
from cloud.console import build_hook
from cloud.protocols.protocol import FITTING
from cloud.telephony.telephony import CallState
from firmware_specs.kinds import EVENTS, READINGS

CONSOLE = Path(build_hook.__file__).parent
SHOWN_READINGS = ("heart_rate", "resp_rate", "spo2", "body_temperature", "systolic", "diastolic")


def texts(name: str, room: str = "texts") -> dict[str, str]:
    """Keys and texts of one of the console's text files."""
    found = re.findall(r'^ {2}"([^"]+)": "([^"]*)",$', (CONSOLE / "src" / room / name).read_text(), re.M)
    return dict(found)


def codes(name: str, prefix: str) -> set[str]:
    """What a text file of the supervisor's pages has words for under a prefix."""
    keys = texts(name, "supervisor")
    return {key.removeprefix(f"{prefix}.") for key in keys if key.startswith(f"{prefix}.")}


def test_every_event_kind_has_the_contracts_name_in_both_languages() -> None:
    chinese, english = texts("zh_terms.ts"), texts("en_terms.ts")
    for kind in EVENTS.values():
        assert chinese.get(f"event.{kind.name}") == kind.zh
        assert english.get(f"event.{kind.name}", "").lower() == kind.en.lower()


def test_event_kinds_stand_in_the_contracts_order_which_is_their_gravity() -> None:
    kinds = [key.removeprefix("event.") for key in texts("zh_terms.ts") if key.startswith("event.")]
    assert kinds == list(EVENTS)
    priorities = [EVENTS[kind].priority for kind in kinds]
    assert priorities == sorted(priorities)


def test_every_vital_sign_has_the_contracts_name() -> None:
    chinese = texts("zh_terms.ts")
    for name in SHOWN_READINGS:
        assert chinese.get(f"reading.{name}") == READINGS[name].zh


def test_whatever_the_cloud_writes_into_the_audit_trail_has_words() -> None:
    """The type checker lets only `Act` and `Detail` be written; what passes it as `Any` is named here."""
    assert codes("audit_texts.ts", "act") == set(get_args(Act))
    details = codes("audit_detail_texts.ts", "detail")
    assert details == set(Detail.__annotations__)
    assert details >= set(ImportDone.model_fields)
    limits = {*ResidentLimits.model_fields, *News2Order.model_fields, *GivenBand.model_fields}
    assert codes("audit_detail_texts.ts", "code.limits") >= limits
    assert codes("audit_detail_texts.ts", "code.state") >= {state.value for state in CallState}
    steps = get_args(ChecklistStep.model_fields["kind"].annotation)
    assert codes("audit_detail_texts.ts", "code.step") == set(steps)
    routes = "".join(path.read_text() for path in (CONSOLE.parent / "api").glob("*_routes.py"))
    lists = re.findall(r'audit\(\s*conn, services, identity, "\w+", "(\w+)"', routes)
    assert codes("audit_detail_texts.ts", "about") >= set(lists) >= {"cases", "residents"}


def test_every_role_has_a_word() -> None:
    roles = {f"role.{role}" for role in (*get_args(Role), CANARY_ROLE, WALL_ROLE)}
    assert roles <= texts("zh.ts").keys() & texts("en.ts").keys()


def test_the_generated_types_fit_the_api() -> None:
    node = shutil.which("node")
    if node is None or not (CONSOLE / "node_modules" / "openapi-typescript").is_dir():
        pytest.skip("the console's packages are not installed: run npm ci in cloud/console")
    done = subprocess.run(
        [node, "generate.mjs", "--check"],
        cwd=CONSOLE,
        env={"PATH": str(Path(node).parent), "CAREBED_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_lock_names_no_registry_and_every_version_is_pinned() -> None:
    lock = json.loads((CONSOLE / "package-lock.json").read_text())
    assert [path for path, package in lock["packages"].items() if "resolved" in package] == []
    assert [path for path, package in lock["packages"].items() if path and "integrity" not in package] == []
    package = json.loads((CONSOLE / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in wanted.items() if not re.fullmatch(r"[0-9.]+", version)] == []


def test_no_page_of_the_console_carries_an_inline_script(built_console: Path) -> None:
    page = (built_console / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r'(?:src|href)="(?!/)', page) == []
    assert re.findall(r"\bon[a-z]+=", page) == []


def test_the_protocol_editor_offers_what_the_server_takes() -> None:
    source = (CONSOLE / "src" / "supervisor" / "protocol.ts").read_text()
    offered = dict(re.findall(r"^ {2}(\w+): \[([^\]]*)\],$", source, re.M))
    assert {action: set(re.findall(r'"(\w+)"', ends)) for action, ends in offered.items()} == FITTING
