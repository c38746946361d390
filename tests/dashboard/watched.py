"""A training on the real arcade machine with its page, and how tests talk to its server."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 60.0
PATIENCE_MS = 1000 * PATIENCE_S
SMALL = ("--envs", "2", "--agent.learning-starts", "100", "--agent.batch-size", "8", "--agent.replay-capacity", "5000")

RAINBOW = ("--agent.values", "c51", "--agent.noisy", "--agent.dueling", "--agent.prioritized", "--agent.epsilon", "0")


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


@contextlib.contextmanager
def training_in(folder: Path) -> Iterator[Training]:
    """One of two emulators, with short games, by an agent that has noise and distributions to show."""
    command = [sys.executable, "-m", "quarterup.cli.main", "train", "space_invaders", "--port", "0", "--run", "watched"]
    command += ["--steps", "100000000", "--mode", "sync", "--max-episode-frames", "1200", *SMALL, *RAINBOW]
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
