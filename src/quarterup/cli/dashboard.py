"""`quarterup dashboard`: the page of runs that are over, of several to compare, or of one that trains elsewhere."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import tyro

from quarterup.cli.console import make_console
from quarterup.cli.page import HOST, PORT
from quarterup.dashboard.process import DashboardProcess
from quarterup.training.errors import RunFolderError
from quarterup.training.run_folder import RunFolder


@dataclass(frozen=True)
class Settings:
    """Show runs in the browser: their charts, their events, and if one trains just now, its games.

    Ctrl-C ends it. It changes nothing in the runs unless you ask for it on the page.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run folders. The page begins with the first; the others are drawn beside it."""
    host: str = HOST
    """Where to listen. Any other than this machine itself, such as 0.0.0.0, makes links with a token."""
    port: int = PORT
    """Where to listen; the next one if it is taken. 0: any that is free."""


def run(settings: Settings) -> int:
    if not settings.runs:
        raise RunFolderError("Name at least one run folder.")
    paths = [RunFolder.open(path).path for path in settings.runs]
    console = make_console(json=False)
    server = DashboardProcess(paths, settings.host, settings.port)
    try:
        console.print(f"Dashboard: {server.links.control}", soft_wrap=True)
        if server.links.view:
            console.print(f"For watching only: {server.links.view}", soft_wrap=True)
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        ended.wait()
    finally:
        server.close()
    return 0
