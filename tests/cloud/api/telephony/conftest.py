"""The desk's telephones: a telephone system that is played, a seat with an extension, what it heard."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.cloud.api.conftest import Seat, Town, bearer, sign_in

_events = iter(range(1, 1_000_000))


class Exchange:
    """The simulated telephone system, played over the API."""

    def __init__(self, http: httpx.AsyncClient, town: Town) -> None:
        self._http = http
        self._headers = bearer(town, "supervisor")

    async def say(self, event: str, call: str = "c-1", **fields: Any) -> dict[str, Any]:
        body = {"id": f"e-{next(_events)}", "call": call, "event": event, "direction": "incoming"} | fields
        answer = await self._http.post(
            "/api/v1/telephony/providers/pbx/simulated-events", json=body, headers=self._headers
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def exchange(http: httpx.AsyncClient, town: Town) -> Exchange:
    body = {"id": "pbx", "driver": "simulated", "dial_code": "0546"}
    made = await http.post("/api/v1/telephony/providers", json=body, headers=bearer(town, "admin"))
    assert made.status_code == 201, made.text
    return Exchange(http, town)


@pytest.fixture
async def seat(app: FastAPI, town: Town, exchange: Exchange) -> AsyncIterator[Seat]:
    """An operator at extension 801."""
    found = await sign_in(app, "operator")
    assert (await found.post("/telephony/seat", {"extension": "801"})).json()["state"] == "ready"
    yield found
    await found.client.aclose()


async def calls_seen(seat: Seat) -> list[dict[str, Any]]:
    """What the seat's feed says of calls."""
    items = (await seat.get("/feed", after=0, limit=1000)).json()["items"]
    return [frame["data"] for frame in items if frame["type"] == "call"]


async def entries(seat: Seat, case: object) -> list[dict[str, Any]]:
    detail = (await seat.get(f"/cases/{case}")).json()
    assert detail["chain_valid"]
    return [entry["data"] for entry in detail["timeline"] if entry["kind"] == "call"]
