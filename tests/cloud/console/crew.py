"""Responders of a story's district, and where its people wear their watches: through the public roads."""

import uuid

import httpx
import msgspec

from firmware_specs.clock import Clock
from firmware_specs.messages import Position, TelemetryBatch
from tests.cloud.console.district import PASSWORDS, District, Home
from tests.waiting import LIMIT_S

GATE = (37.43, 118.67)  # of every home of a story's district
_METRES = 111_195.0


def north_of_home(metres: float, east_m: float = 0.0) -> tuple[float, float]:
    """So far from the homes' gate."""
    return GATE[0] + metres / _METRES, GATE[1] + east_m / (_METRES * 0.794)


def wear(district: District, home: Home, metres: float, accuracy_m: float = 25.0) -> None:
    """The watch of a home reports a place so far north of it."""
    lat, lon = north_of_home(metres)
    now = Clock().now_ms()
    place = Position(device=home.watch, at=now, lat=lat, lon=lon, accuracy_m=accuracy_m, source="gnss")
    batch = TelemetryBatch(
        run=uuid.uuid4().hex[:16], boot="boot-1", seq=1, sent_at=now, t0=now, positions=[place]
    )
    sent = msgspec.json.encode(batch)
    district.street.tell(home.gateway, home.secret, lambda gateway: gateway.raw("telemetry", sent))


def responder(
    district: District, name: str, at: tuple[float, float], *skills: str, available: bool = True
) -> httpx.Client:
    """A responder of the district who has told where they are: their own signed-in client."""
    staff_id, username = district.cloud.user(name, "responder", district.area)
    district.cloud.put(f"/responders/{staff_id}", {"skills": list(skills), "speed_kmh": 12})
    client = httpx.Client(
        base_url=f"{district.cloud.url}/api/v1", headers={"Origin": district.cloud.url}, timeout=LIMIT_S
    )
    session = client.post("/session", json={"username": username, "password": PASSWORDS[username]})
    assert session.is_success, session.text
    client.headers["X-CSRF-Token"] = session.json()["csrf_token"]
    assert client.post("/responder/position", json={"lat": at[0], "lon": at[1]}).is_success
    if not available:
        assert client.post("/responder/availability", json={"available": False}).is_success
    return client
