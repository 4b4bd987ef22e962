"""A deployment's own basemap under the marks: town plan and vector tiles, from here and nowhere else."""

import json
import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from cloud.basemap import LAYERS
from tests.cloud.console import pmtiles_file
from tests.cloud.console.conftest import OpenSeat
from tests.cloud.console.crew import GATE, wear
from tests.cloud.console.district import District
from tests.waiting import LIMIT_S

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def plan(folder: Path) -> None:
    """A street past the homes' gate, an estate, and their names."""
    lat, lon = GATE
    street = {"type": "LineString", "coordinates": [[lon - 0.01, lat + 0.0005], [lon + 0.01, lat + 0.0005]]}
    corners = [(-0.004, -0.004), (-0.004, -0.001), (-0.001, -0.001), (-0.001, -0.004), (-0.004, -0.004)]
    estate = {"type": "Polygon", "coordinates": [[[lon + x, lat + y] for x, y in corners]]}
    name = {"type": "Point", "coordinates": [lon - 0.0025, lat - 0.0012]}
    made: dict[str, list[tuple[dict[str, str], dict[str, Any]]]] = {
        "roads.geojson": [({"kind": "main", "name": "幸福路"}, street)],
        "areas.geojson": [({"kind": "estate"}, estate)],
        "places.geojson": [({"name": "幸福里"}, name)],
    }
    for file, features in made.items():
        collection = {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": p, "geometry": g} for p, g in features],
        }
        (folder / file).write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")


def serve(page: Page, folder: Path, basemap: dict[str, object]) -> list[str]:
    """As the cloud would with such a configuration (tests/cloud/test_basemap.py); the ranges asked for."""
    ranges: list[str] = []

    def config(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"basemap": basemap})

    def file(route: Route) -> None:
        body = (folder / route.request.url.rpartition("/")[2]).read_bytes()
        wanted = route.request.headers.get("range")
        if wanted is None:
            route.fulfill(body=body, content_type="application/geo+json")
            return
        ranges.append(wanted)
        first, last = (int(one) for one in wanted.removeprefix("bytes=").split("-"))
        part = body[first : last + 1]
        headers = {"content-range": f"bytes {first}-{first + len(part) - 1}/{len(body)}", "etag": '"1"'}
        route.fulfill(status=206, body=part, headers=headers)

    page.route("**/api/v1/ui-config", config)
    page.route("**/basemap/*", file)
    return ranges


BASE: dict[str, object] = {
    "crs": "WGS84",
    "overlay_url": None,
    "subdomains": None,
    "max_zoom": 15,
    "attribution": "© 区规划局",
    "approval_no": "GS(2026)0001号",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plan(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(LAYERS)
    pmtiles_file.write(tmp_path / "map.pmtiles")
    return tmp_path


def open_case(district: District, page: Page) -> None:
    home = district.homes[-1]
    wear(district, home, 120)
    district.alarm(home, "sos")
    expect(page.locator('[data-group="waiting"] .row').first).to_be_visible()
    page.keyboard.press("F2")
    expect(page.locator(".case .map .map-home")).to_be_visible()


def test_a_town_plan_of_ones_own_lies_under_the_marks(
    district: District, open_seat: OpenSeat, folder: Path, tmp_path: Path
) -> None:
    district.home()  # the broker knows its gateway by the time the operator has signed in
    seat = open_seat()
    serve(seat.page, folder, BASE | {"kind": "geojson", "url": "/basemap/"})
    page = seat.sign_in(district.operator("王敏"))
    open_case(district, page)
    expect(page.locator(".map .map-place span")).to_have_text("幸福里")
    expect(page.locator(".map .map-road span")).to_have_text("幸福路")
    expect(page.locator(".map path.town-main")).to_have_count(1)
    expect(page.locator(".map-note")).to_have_text("© 区规划局 · 审图号：GS(2026)0001号")
    page.screenshot(path=tmp_path / "geojson.png")


def test_vector_tiles_are_read_in_parts_of_one_file(
    district: District, open_seat: OpenSeat, folder: Path, tmp_path: Path
) -> None:
    district.home()  # the broker knows its gateway by the time the operator has signed in
    seat = open_seat()
    ranges = serve(seat.page, folder, BASE | {"kind": "pmtiles", "url": "/basemap/map.pmtiles"})
    page = seat.sign_in(district.operator("王敏"))
    open_case(district, page)
    expect(page.locator(".map canvas.leaflet-tile-loaded").first).to_be_visible()
    assert ranges
    colour = "canvas => [...canvas.getContext('2d').getImageData(20, 20, 1, 1).data]"
    painted = page.locator(".map canvas.leaflet-tile-loaded").first.evaluate(colour)
    assert painted[3] == 255
    page.evaluate("() => { document.documentElement.dataset.theme = 'night' }")
    tile = page.locator(".map canvas.leaflet-tile-loaded").first
    darker = f"({colour})(document.querySelector('.map canvas.leaflet-tile-loaded'))[0] < {painted[0]} - 60"
    page.wait_for_function(f"() => document.querySelector('.map canvas.leaflet-tile-loaded') && {darker}")
    expect(tile).to_be_visible()
    expect(page.locator(".map-note b")).to_have_count(0)
    page.screenshot(path=tmp_path / "pmtiles.png")


class Tiles(BaseHTTPRequestHandler):
    """A tile server: each tile is one grey."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(grey_tile())

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def grey_tile() -> bytes:
    """256 x 256 pixels of one grey, as PNG."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 256, 256, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xb4" * 256) * 256)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_tiles_of_a_server_lie_under_the_marks(
    district: District, open_seat: OpenSeat, folder: Path, tmp_path: Path
) -> None:
    district.home()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"http://127.0.0.1:{server.server_port}"
    seat = open_seat()

    def tile_of(route: Route) -> None:
        # This cloud's policy names no other host; with such a basemap it would: tests/cloud/test_basemap.py.
        path = route.request.url.partition("/tiles")[2]
        route.fulfill(body=httpx.get(host + path, timeout=LIMIT_S).content, content_type="image/png")

    seat.page.route("**/tiles/**", tile_of)
    serve(seat.page, folder, BASE | {"kind": "xyz", "url": "/tiles/{z}/{x}/{y}.png", "crs": "GCJ02"})
    page = seat.sign_in(district.operator("王敏"))
    open_case(district, page)
    tile = page.locator(".map img.leaflet-tile-loaded").first
    expect(tile).to_be_visible()
    assert tile.evaluate("(image) => image.naturalWidth") == 256
    expect(page.locator(".map-note")).to_have_text("© 区规划局 · 审图号：GS(2026)0001号")
    assert all(path.endswith(".png") for path in Tiles.asked)
    page.screenshot(path=tmp_path / "xyz.png")
    server.shutdown()
