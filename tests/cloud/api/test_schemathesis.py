"""Requests derived from the API's own description: no 5xx, no answer off its schema."""

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.errors import SchemathesisError
from schemathesis.specs.openapi import checks

from cloud.access.roles import MAY, PUBLIC
from cloud.api.app import openapi
from cloud.api.services import Services
from cloud.database.pool import Connection
from tests.cloud.api.conftest import PASSWORD, ROLES, Town, bearer, ring, serving
from tests.waiting import LIMIT_S

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

EXAMPLES = int(os.environ.get("CAREBED_EXAMPLES", "2"))
# The server itself refuses an address longer than its buffer, before any route is asked.
UNREADABLE = b"Invalid HTTP request received."
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Caller:
    """Whose headers an operation is called with."""

    seat: dict[str, str]
    tokens: dict[str, dict[str, str]]

    def headers(self, operation: str) -> dict[str, str]:
        """A supervisor's seat where that may, else the token of a role that may."""
        if operation in PUBLIC:
            return {}
        roles = MAY[operation]
        if "supervisor" in roles and operation != "sign_out":
            return self.seat
        return self.tokens[sorted(roles)[0]]


async def signed_in(address: str, town: Town) -> Caller:
    url = f"http://{address}"
    async with httpx.AsyncClient(base_url=url, timeout=LIMIT_S) as client:
        body = {"username": "supervisor", "password": PASSWORD}
        answer = await client.post("/api/v1/session", json=body)
        assert answer.status_code == 200, answer.text
        cookie = f"carebed_session={client.cookies['carebed_session']}"
    seat = {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf_token"], "Origin": url}
    return Caller(seat, {role: bearer(town, role) for role in ROLES})


async def seed(
    conn: Connection, services: Services, town: Town, address: str, caller: Caller
) -> dict[str, str]:
    """Something of each sort, and its id by the name that paths have for it."""
    case = await ring(conn, services, town, town.east)
    await ring(conn, services, town, town.west, kind="water_leak", priority=2)
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("admin", "/gateways", {"id": "gw-1", "home_id": str(town.east.home_id)}),
        ("admin", "/devices", {"id": "zb-1", "family": "button", "home_id": str(town.east.home_id)}),
        ("admin", "/telephony/providers", {"id": "pbx", "driver": "simulated"}),
    ]
    async with httpx.AsyncClient(base_url=f"http://{address}/api/v1", timeout=LIMIT_S) as client:
        for role, path, body in bodies:
            answer = await client.post(path, json=body, headers=caller.tokens[role])
            assert answer.status_code == 201, answer.text
        event = {"id": "1", "call": "1", "event": "ringing", "direction": "incoming", "number": "13800000000"}
        path = "/telephony/providers/pbx/simulated-events"
        call = await client.post(path, json=event, headers=caller.seat)
        phone = await client.post("/telephony/seat", json={"extension": "801"}, headers=caller.seat)
        assert phone.status_code == 200, phone.text
    return {
        "case_id": str(case),
        "resident_id": str(town.east.resident_id),
        "home_id": str(town.east.home_id),
        "gateway_id": "gw-1",
        "device_id": "zb-1",
        "provider_id": "pbx",
        "call_id": call.json()["call_id"],
    }


@dataclass
class Tried:
    """Where the requests go, with whose headers, and what they found."""

    url: str
    caller: Caller
    known: dict[str, str]
    faults: list[str] = field(default_factory=list)
    requests: int = 0

    def try_all(self) -> None:
        """Each operation with requests as described, at what is there and what is not, and hostile ones."""
        for found in schemathesis.openapi.from_dict(openapi()).get_all_operations():
            assert isinstance(found, Ok), "the document describes every operation well"
            operation = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._try(operation, mode, self.known)
            if any(f"{{{word}}}" in operation.path for word in self.known):
                self._try(operation, GenerationMode.POSITIVE, {})

    def _try(self, operation: Any, mode: GenerationMode, known: dict[str, str]) -> None:
        name = str(operation.definition.raw["operationId"])

        @SETTINGS
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            words = set(case.path_parameters) & set(known)
            for word in words:
                case.path_parameters[word] = known[word]
            self.requests += 1
            try:
                answer = case.call(base_url=self.url, headers=self.caller.headers(name))
            except OSError:
                # Who refuses a file before all of it has come hangs up; the rest takes the answer along.
                assert case.media_type == "application/octet-stream", name
                return
            if answer.content == UNREADABLE:
                return
            try:
                # A hostile address was put right above; of a word given twice in a query the last one counts.
                more = [] if words or case.query else [checks.negative_data_rejection]
                case.validate_response(answer, checks=CHECKS + more)
            except* Exception as fault:
                self.faults.append(f"{name} {mode.value} {answer.status_code}\n{fault.exceptions}\n{case!r}")

        try:
            ask()
        except (Unsatisfiable, SchemathesisError):
            return  # nothing hostile can be derived for it


async def test_no_request_makes_a_5xx_or_an_answer_off_its_schema(
    services: Services, town: Town, conn: Connection
) -> None:
    async with serving(services) as address:
        caller = await signed_in(address, town)
        known = await seed(conn, services, town, address, caller)
        tried = Tried(f"http://{address}", caller, known)
        await asyncio.to_thread(tried.try_all)
    assert tried.requests > 300
    assert not tried.faults, f"{len(tried.faults)} faults:\n" + "\n\n".join(tried.faults[:40])
