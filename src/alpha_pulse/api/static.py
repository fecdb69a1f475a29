"""Serves the built page. Its files need no token, because they contain no data of a run."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

FOREVER = "public, max-age=31536000, immutable"
ALWAYS_ASK = "no-cache"
NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>AlphaPulse</title>
<h1>AlphaPulse runs, but its page is not built</h1>
<p>Everything can be read and controlled over HTTP; the API is described at <code>/api/v1/openapi.json</code>.
The page is part of an installed AlphaPulse; in a checkout, <code>make page</code> builds it.</p>
</html>
"""


def is_open(path: str) -> bool:
    """Whether a path belongs to the page, and needs no token."""
    return path in {"/", "/index.html", "/favicon.ico", "/favicon.svg"} or path.startswith("/assets/")


def routes(folder: Path | None) -> list[Route]:
    """The page's routes; ``folder`` contains ``index.html`` and ``assets/``; None when the page is not built."""
    root = folder if folder is not None and (folder / "index.html").is_file() else None

    async def page(request: Request) -> Response:
        if root is None:
            return HTMLResponse(NOT_BUILT)
        return FileResponse(root / "index.html", headers={"cache-control": ALWAYS_ASK})

    async def icon(request: Request) -> Response:
        return FileResponse(_inside(root, request.url.path.lstrip("/")), headers={"cache-control": ALWAYS_ASK})

    async def asset(request: Request) -> Response:
        # The builder puts a hash of the content into each name.
        return FileResponse(_inside(root, f"assets/{request.path_params['name']}"), headers={"cache-control": FOREVER})

    endpoints = {
        "/": page,
        "/index.html": page,
        "/favicon.ico": icon,
        "/favicon.svg": icon,
        "/assets/{name:path}": asset,
    }
    return [Route(path, endpoint) for path, endpoint in endpoints.items()]


def _inside(root: Path | None, name: str) -> Path:
    """The file ``name`` in the page's folder. Raises HTTPException (404) for missing files and paths outside of the folder."""
    if root is not None and "\0" not in name and len(name) < 200:
        path = (root / name).resolve()
        if path.is_relative_to(root.resolve()) and path.is_file():
            return path
    raise HTTPException(404, f"the page has no file {name[:80]!r}; reload the page from /")
