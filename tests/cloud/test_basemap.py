"""The configured basemap: what is wrong is named; what is right reaches the browser and no more."""

from pathlib import Path

import httpx
import pytest

from cloud.api.app import create_app
from cloud.api.services import Services
from cloud.basemap import LAYERS, BasemapError, load

TILES = 'kind = "xyz"\ncrs = "GCJ02"\nattribution = "© 某图"\napproval_no = "GS(2026)0001号"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "basemap.toml"
    path.write_text(text, encoding="utf-8")
    return path


def layers(folder: Path) -> Path:
    for name in LAYERS:
        (folder / name).write_text('{"type": "FeatureCollection", "features": []}')
    return folder


def archive(folder: Path) -> Path:
    file = folder / "town.pmtiles"
    file.write_bytes(b"PMTiles\x03" + bytes(range(256)))
    return file


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("kind = 'xyz'\nnonsense", "basemap.toml"),
        ('kind = "mars"', "kind"),
        ('kind = "xyz"\ncolour = "red"', "colour"),
        ('kind = "xyz"', "url"),
        (TILES.partition("approval_no")[0] + 'url = "https://t.cn/{z}/{x}/{y}"', "approval_no"),
        (TILES + 'url = "https://t.cn/{z}/{x}"', "url"),
        (TILES + 'url = "javascript:alert(1)//{z}{x}{y}"', "url"),
        (TILES + "url = \"https://t.cn; script-src 'unsafe-inline'/{z}/{x}/{y}\"", "url"),
        (TILES + 'url = "https://*/{z}/{x}/{y}"', "url"),
        (TILES + 'url = "https://{s}.t.cn/{z}/{x}/{y}"', "subdomains"),
        (TILES.replace("GCJ02", "BD09") + 'url = "https://t.cn/{z}/{x}/{y}"', "BD09"),
        ('kind = "geojson"\nfolder = "nowhere"', "roads.geojson"),
        ('kind = "geojson"\nfolder = "."\ncrs = "GCJ02"', "WGS84"),
        ('kind = "schematic"\nurl = "https://t.cn/{z}/{x}/{y}"', "url"),
        ('kind = "pmtiles"\nfile = "none.pmtiles"\nattribution = "a"\napproval_no = "GS1"', "none.pmtiles"),
        ('kind = "pmtiles"\nfile = "basemap.toml"\nattribution = "a"\napproval_no = "GS1"', "PMTiles"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(BasemapError, match=named):
        load(written(tmp_path, text))


def test_without_a_file_it_is_the_schematic() -> None:
    found = load(None)
    assert (found.kind, found.address, found.tile_origins) == ("schematic", None, [])
    assert found.attribution == ""  # the console names it, in the language of its reader


def test_the_example_is_usable(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "cloud" / "basemap.example.toml"
    (tmp_path / "map").mkdir()
    layers(tmp_path / "map")
    assert load(written(tmp_path, example.read_text(encoding="utf-8"))).kind == "geojson"


async def answer(services: Services, path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://carebed.test") as client:
        return await client.get(path, headers=headers)


def with_basemap(path: Path) -> Services:
    # What is None here is never asked, so the types may be wrong.
    return Services(pool=None, database_url="", clock=None, seal=None, basemap=load(path))  # type: ignore[arg-type]


async def test_the_policy_names_the_tile_hosts_and_no_other(tmp_path: Path) -> None:
    tiles = TILES + 'url = "https://tile{s}.map.cn:8443/{z}/{x}/{y}.png"\nsubdomains = "12"\n'
    found = await answer(with_basemap(written(tmp_path, tiles)), "/api/v1/ui-config")
    policy = found.headers["content-security-policy"]
    pictures = "img-src 'self' data: https://tile1.map.cn:8443 https://tile2.map.cn:8443;"
    assert pictures in policy
    assert policy.count("http") == 2
    assert found.json()["basemap"] == {
        "kind": "xyz",
        "crs": "GCJ02",
        "url": "https://tile{s}.map.cn:8443/{z}/{x}/{y}.png",
        "overlay_url": None,
        "subdomains": "12",
        "max_zoom": 18,
        "attribution": "© 某图",
        "approval_no": "GS(2026)0001号",
    }


async def test_own_layers_are_served_and_nothing_beside_them(tmp_path: Path) -> None:
    layers(tmp_path)
    (tmp_path / "secret.geojson").write_text("{}")
    services = with_basemap(written(tmp_path, f'kind = "geojson"\nfolder = "{tmp_path}"'))
    for name in LAYERS:
        assert (await answer(services, f"/basemap/{name}")).json()["type"] == "FeatureCollection"
    for name in ("secret.geojson", "..%2Fbasemap.toml", "map.pmtiles"):
        assert (await answer(services, f"/basemap/{name}")).status_code == 404


async def test_an_archive_is_served_in_ranges(tmp_path: Path) -> None:
    archive(tmp_path)
    text = 'kind = "pmtiles"\nfile = "town.pmtiles"\nattribution = "© 区规划局"\napproval_no = "GS1"'
    services = with_basemap(written(tmp_path, text))
    part = await answer(services, "/basemap/map.pmtiles", Range="bytes=8-11")
    assert (part.status_code, part.content) == (206, bytes([0, 1, 2, 3]))
    assert part.headers["content-range"] == "bytes 8-11/264"
    assert (await answer(services, "/basemap/map.pmtiles", Range="bytes=9000-")).status_code == 416
