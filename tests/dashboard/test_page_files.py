"""The page's own files: each once, none twice, and all that is needed asked for at once."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from quarterup.dashboard.page_files import STATIC
from quarterup.dashboard.process import DashboardProcess


@pytest.fixture(scope="module")
def connection(server: DashboardProcess) -> Iterator[http.client.HTTPConnection]:
    address = urlsplit(server.links.control)
    opened = http.client.HTTPConnection(address.hostname or "", address.port)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/", "text/html"),
        ("/style.css", "text/css"),
        ("/js/main.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_a_browser_is_sent_a_file_once(connection: http.client.HTTPConnection, path: str, media_type: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read()
    assert content == (STATIC / (path.strip("/") or "index.html")).read_bytes()
    assert answer.headers["Content-Type"].partition(";")[0] == media_type
    connection.request("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
    again = connection.getresponse()
    assert (again.status, again.read()) == (304, b"")
    connection.request("GET", path, headers={"If-None-Match": '"another"'})
    assert connection.getresponse().read() == content


def test_the_head_names_all_modules_that_the_page_needs() -> None:
    """So that they are asked for at once, and not one after the other as they are found in each other."""
    preloaded = re.findall(r'rel="modulepreload" href="([^"]+)"', (STATIC / "index.html").read_text())
    assert sorted(preloaded) == sorted(imported_by(STATIC / "js" / "main.js"))


def imported_by(module: Path) -> set[str]:
    """What a module imports, and what that does, as addresses of the page."""
    paths = re.findall(r'^import .*"(\..+)";', module.read_text(), re.MULTILINE)
    modules = [(module.parent / path).resolve() for path in paths]
    return {one.relative_to(STATIC).as_posix() for one in modules}.union(*map(imported_by, modules))
