"""The page's own files, from memory: beside a training each trip to a thread that reads a file has to wait its turn."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


class PageFile(NamedTuple):
    """One of them, as it is sent."""

    content: bytes
    media_type: str
    tag: str
    """As browsers send it back to ask whether the file is still the same."""


class PageFiles:
    """All of them, read once."""

    def __init__(self, index: str) -> None:
        """`index` is the file that / stands for."""
        self._files = {path.relative_to(STATIC).as_posix(): _read(path) for path in STATIC.rglob("*") if path.is_file()}
        self._files[""] = self._files[index]

    async def answer(self, request: Request) -> Response:
        """For a route with the file's `path`."""
        file = self._files.get(request.path_params["path"])
        if file is None:
            return JSONResponse({"error": "There is no such page."}, 404)
        headers = {"ETag": file.tag}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    media_type = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
    return PageFile(content, media_type, f'"{hashlib.sha256(content).hexdigest()}"')
