"""What maps are drawn on, from a TOML file (see `basemap.example.toml`); the built-in schematic without one.

kind      what it is                                          needs
schematic a made-up town, drawn by the console itself         nothing
geojson   roads, areas and places .geojson, in WGS-84         folder
xyz       picture tiles of a provider                         url, attribution, approval_no
pmtiles   vector tiles in one file on this machine            file, attribution, approval_no

Everything in CareBed is WGS-84; `crs` says what the tiles are drawn in, for the console's drawing edge alone.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from cloud.texts import text

FILE: Final = "basemap.toml"
ADDRESS: Final = "/basemap/"
PMTILES: Final = "map.pmtiles"
LAYERS: Final = ("roads.geojson", "areas.geojson", "places.geojson")
_HOST: Final = re.compile(r"[a-z0-9{][a-z0-9.{}-]*(?::[0-9]{1,5})?")
_LARGEST: Final = 64 * 1024 * 1024
_OWN: Final[dict[str, tuple[str, ...]]] = {
    "schematic": (),
    "geojson": ("folder",),
    "xyz": ("url", "attribution", "approval_no"),
    "pmtiles": ("file", "attribution", "approval_no"),
}


class BasemapError(ValueError):
    """The configuration cannot be used; the text names the file, the key and what to do."""


class Basemap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file's keys. `overlay_url`: a second layer of the same provider, such as labels."""

    kind: Literal["schematic", "geojson", "xyz", "pmtiles"] = "schematic"
    crs: Literal["WGS84", "GCJ02", "BD09"] = "WGS84"
    url: str = ""
    overlay_url: str = ""
    subdomains: Annotated[str, Meta(pattern=r"^[a-z0-9]{0,16}$")] = ""
    max_zoom: Annotated[int, Meta(ge=1, le=22)] = 18
    attribution: Annotated[str, Meta(max_length=200)] = ""
    approval_no: Annotated[str, Meta(max_length=100)] = ""
    folder: Path | None = None
    file: Path | None = None

    @property
    def address(self) -> str | None:
        """Where a browser finds it."""
        own = {"geojson": ADDRESS, "pmtiles": ADDRESS + PMTILES, "xyz": self.url}
        return own.get(self.kind)

    @property
    def tile_origins(self) -> list[str]:
        """The other machines that the content policy must let pictures come from: those, and no more."""
        found = []
        for url in filter(None, (self.url, self.overlay_url)) if self.kind == "xyz" else ():
            parts = urlsplit(url)
            for letter in self.subdomains or " ":
                found.append(f"{parts.scheme}://{parts.netloc.replace('{s}', letter)}")
        return sorted(set(found))

    def served(self, name: str) -> Path | None:
        """The file of this machine behind a name below ADDRESS."""
        if self.kind == "pmtiles" and name == PMTILES:
            return self.file
        if self.kind == "geojson" and name in LAYERS and self.folder is not None:
            return self.folder / name
        return None


def load(path: Path | None) -> Basemap:
    """What a file configures, the schematic without one; raises BasemapError."""
    if path is None:
        return Basemap()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        found = msgspec.convert(given, Basemap, dec_hook=_path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise _bad(path, "basemap_unreadable", reason=error) from error
    beside = {key: path.parent / place for key in ("folder", "file") if (place := getattr(found, key))}
    found = msgspec.structs.replace(found, **beside)
    _check_keys(path, given, found)
    match found.kind:
        case "xyz":
            _check_tiles(path, found)
        case "geojson":
            _check_layers(path, found)
        case "pmtiles":
            _check_archive(path, found)
    return found


def _path(wanted: type, given: object) -> object:
    if wanted is Path and isinstance(given, str):
        return Path(given)
    raise ValueError("a path is wanted")


def _check_keys(path: Path, given: dict[str, Any], found: Basemap) -> None:
    for key in _OWN[found.kind]:
        if not getattr(found, key):
            raise _bad(path, "basemap_missing", name=key, kind=found.kind)
    for key in ("folder", "file", "url", "overlay_url", "subdomains"):
        only_tiles = found.kind == "xyz" and key in ("overlay_url", "subdomains")
        if key in given and key not in _OWN[found.kind] and not only_tiles:
            raise _bad(path, "basemap_needless", name=key, kind=found.kind)
    if found.kind in ("schematic", "geojson") and found.crs != "WGS84":
        raise _bad(path, "basemap_wgs84", kind=found.kind)


def _check_tiles(path: Path, found: Basemap) -> None:
    if found.crs == "BD09":  # Baidu's tiles are cut in a grid of their own
        raise _bad(path, "basemap_bd09")
    for key in ("url", "overlay_url"):
        url: str = getattr(found, key)
        if not url:
            continue
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) is not None
        if not usable or not all(word in url for word in ("{x}", "{y}", "{z}")):
            raise _bad(path, "basemap_url", name=key, url=url)
        if "{" in parts.netloc.replace("{s}", "") or ("{s}" in url) != bool(found.subdomains):
            raise _bad(path, "basemap_subdomains", name=key, url=url)


def _check_layers(path: Path, found: Basemap) -> None:
    for name in LAYERS:
        layer = (found.folder or path.parent) / name
        try:
            if layer.stat().st_size > _LARGEST:
                raise ValueError("> 64 MiB")
            features = json.loads(layer.read_text(encoding="utf-8"))["features"]
            if not isinstance(features, list):
                raise TypeError("features")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _bad(path, "basemap_layer", layer=layer, reason=error) from error


def _check_archive(path: Path, found: Basemap) -> None:
    assert found.file is not None
    try:
        with found.file.open("rb") as archive:
            head = archive.read(8)
    except OSError as error:
        raise _bad(path, "basemap_archive", file=found.file, reason=error) from error
    if head != b"PMTiles\x03":
        raise _bad(path, "basemap_archive", file=found.file, reason="PMTiles v3 ?")


def _bad(path: Path, key: str, **values: object) -> BasemapError:
    return BasemapError(text(key, path=path, **values))
