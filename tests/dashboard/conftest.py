"""A training on the real arcade machine with its page, and a real browser to open it."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

PATIENCE_S = 40.0
SMALL = ("--envs", "2", "--agent.learning-starts", "100", "--agent.batch-size", "8", "--agent.replay-capacity", "5000")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Training:
    """One that goes on until the tests are over."""

    run: Path
    link: str
    process: subprocess.Popen[str]


def wait_until(holds: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ask(
    link: str, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """One request to the server behind `link`: the status and what its JSON says."""
    address = urlsplit(link)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    sent = {"Host": address.netloc, **(headers or {})}
    if method == "POST":
        sent = {"Origin": f"http://{sent['Host']}", "Content-Type": "application/json", **sent}
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    try:
        connection.request(method, path, content, sent)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    with contextlib.suppress(ValueError):
        return answer.status, json.loads(text)
    return answer.status, text


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    folder = tmp_path_factory.mktemp("training")
    command = [sys.executable, "-m", "quarterup.cli.main", "train", "space_invaders", "--port", "0", "--run", "watched"]
    command += ["--steps", "100000000", "--mode", "sync", "--max-episode-frames", "1200", *SMALL]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"Dashboard: (http://\S+)", line):
            break
    else:
        raise AssertionError("no link was printed")
    yield Training(folder / "watched", found[1], process)
    process.terminate()
    process.communicate(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()
