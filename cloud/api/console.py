"""The operator console's built files, or a page that says how to build them."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from cloud.basemap import ADDRESS, Basemap

_UNBUILT: Final = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>CareBed</title></head><body>
<h1>控制台尚未构建</h1>
<p>服务已在运行，但界面文件不存在。请在源码目录执行：</p>
<pre>cd cloud/console &amp;&amp; npm ci &amp;&amp; npm run build</pre>
<p>接口说明：<a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>
<hr>
<h1>The console has not been built</h1>
<p>The service is running, but the console's files are not there. In the source folder, run:</p>
<pre>cd cloud/console &amp;&amp; npm ci &amp;&amp; npm run build</pre>
<p>What the API offers: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>
</body></html>
"""


# What the machine's own list of media types may not know, or call otherwise.
_MEDIA_TYPES: Final = {".webmanifest": "application/manifest+json", ".js": "text/javascript"}


class Assets(StaticFiles):
    """Files whose names change with their content: kept by browsers for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or 404."""
        response = await super().get_response(path, scope)
        if response.status_code in {200, 304}:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def install(app: FastAPI, folder: Path, basemap: Basemap) -> None:
    """Serve the console at /; every path that is not a file shows index.html, so that links into it work."""
    app.mount("/assets", Assets(directory=folder / "assets", check_dir=False))
    root = folder.resolve()

    @app.api_route(ADDRESS + "{name:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def layer(name: str) -> Response:
        # Whole, or the part that a Range asks for. Public, as the console itself is: it tells of no person.
        file = basemap.served(name)
        if file is None or not file.is_file():
            raise HTTPException(404)
        kind = "application/geo+json" if name.endswith(".geojson") else "application/octet-stream"
        return FileResponse(file, media_type=kind, headers={"Cache-Control": "no-cache"})

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(path: str) -> Response:
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404)
        found = _file(root, path)
        if found is None:
            return HTMLResponse(_UNBUILT, headers={"Cache-Control": "no-cache"})
        return FileResponse(
            found, headers={"Cache-Control": "no-cache"}, media_type=_MEDIA_TYPES.get(found.suffix)
        )


def _file(root: Path, path: str) -> Path | None:
    """The file of a path inside `root`, else index.html, else None."""
    if path and "\x00" not in path and len(path) < 500:
        wanted = (root / path).resolve()
        if wanted.is_relative_to(root) and wanted.is_file():
            return wanted
    index = root / "index.html"
    return index if index.is_file() else None
