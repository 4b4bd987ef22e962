"""Where the people of a case are: for the desk of their district, while it is live, and written down."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from cloud.api import desk_schemas as shapes
from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.registry import equipment
from tests.cloud.api.conftest import MovedClock, PlacedHome, Seat, Town, ring, sign_in

pytestmark = pytest.mark.postgres


async def wear(conn: Connection, services: Services, home: PlacedHome, device: str = "watch-1") -> int:
    """A watch for the elder of a home; its key."""
    now = services.clock.now()
    key = await equipment.register_device(conn, now=now, device_id=device, family="watch")
    await equipment.install_device(conn, now=now, device_id=device, home_id=home.home_id, bed_id=home.bed_id)
    return key


async def fix(conn: Connection, services: Services, key: int, lat: float, lon: float, **more: Any) -> None:
    values: dict[str, Any] = {"accuracy": 25.0, "datum": "wgs84", "source": "gnss", "back_s": 0} | more
    at = services.clock.now() - timedelta(seconds=values["back_s"])
    await conn.execute(
        "insert into position_fix values (%s, %s, %s, %s, %s, %s, %s, %s, false)",
        (key, at, at, lat, lon, values["accuracy"], values["source"], values["datum"]),
    )


async def look(seat: Seat, case: object) -> shapes.Whereabouts:
    answer = await seat.get(f"/cases/{case}/whereabouts")
    assert answer.status_code == 200, answer.text
    return shapes.Whereabouts.model_validate_json(answer.content)


async def test_home_and_fence_are_known_before_any_fix(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    found = await look(await sign_in(app, "east"), case)
    assert found.home is not None
    assert (found.home.lat, found.home.lon, found.home.label) == (37.43, 118.67, "胜利小区 3号楼")
    assert found.fix is None


async def test_the_newest_fix_is_judged_against_the_fence(
    app: FastAPI, conn: Connection, services: Services, town: Town, clock: MovedClock
) -> None:
    await conn.execute("update home set safe_radius_m = 300")
    key = await wear(conn, services, town.east)
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "east")
    clock.move(timedelta(seconds=30))
    await fix(conn, services, key, 37.4301, 118.67)
    inside = (await look(seat, case)).fix
    assert inside is not None
    assert (inside.inside, inside.distance_m, inside.accuracy_m) == (True, 11, 25.0)
    clock.move(timedelta(seconds=30))
    await fix(conn, services, key, 37.4358, 118.67)
    await fix(conn, services, key, 37.43, 118.67, back_s=20)
    outside = (await look(seat, case)).fix
    assert outside is not None
    assert (outside.inside, outside.distance_m) == (False, 645)
    clock.move(timedelta(seconds=30))
    await fix(conn, services, key, 37.4358, 118.67, source="home")
    at_home = (await look(seat, case)).fix
    assert at_home is not None
    assert (at_home.inside, at_home.source) == (True, "home"), (
        "on the home's Wi-Fi, however its zone is drawn"
    )


async def test_a_fix_of_another_datum_is_given_in_wgs84(
    app: FastAPI, conn: Connection, services: Services, town: Town, clock: MovedClock
) -> None:
    key = await wear(conn, services, town.east)
    clock.move(timedelta(seconds=30))
    await fix(conn, services, key, 37.43066766, 118.67565536, datum="gcj02")
    case = await ring(conn, services, town, town.east)
    found = (await look(await sign_in(app, "east"), case)).fix
    assert found is not None
    assert (round(found.lat, 5), round(found.lon, 5), found.distance_m) == (37.43, 118.67, 0)


async def test_a_neighbours_watch_and_a_former_wearers_fix_are_not_shown(
    app: FastAPI, conn: Connection, services: Services, town: Town, clock: MovedClock
) -> None:
    neighbour = await wear(conn, services, town.west, "watch-2")
    own = await wear(conn, services, town.east)
    clock.move(timedelta(seconds=30))
    await fix(conn, services, neighbour, 37.44, 118.67)
    await fix(conn, services, own, 37.44, 118.67, back_s=3600)
    case = await ring(conn, services, town, town.east)
    assert (await look(await sign_in(app, "east"), case)).fix is None


async def test_each_look_is_written_down_and_the_end_of_the_case_ends_it(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "east")
    await look(seat, case)
    rows = await conn.execute("select subject from audit where action = 'whereabouts_viewed'")
    assert await rows.fetchall() == [(str(case),)]
    assert (await seat.post(f"/cases/{case}/claim")).status_code == 200
    await look(seat, case)
    assert (await seat.post(f"/cases/{case}/resolve")).status_code == 200
    gone = await seat.get(f"/cases/{case}/whereabouts")
    assert (gone.status_code, gone.json()["state"]) == (409, "resolved")


async def test_only_the_desk_of_the_district_may_look(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    west = await sign_in(app, "west")
    assert (await west.get(f"/cases/{case}/whereabouts")).status_code == 404
    for role in ("technician", "responder", "family", "official", "admin"):
        seat = await sign_in(app, role)
        assert (await seat.get(f"/cases/{case}/whereabouts")).status_code == 403, role
