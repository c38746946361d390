"""The page of a run that trains: started when the run has a folder, gone when it ends."""

from __future__ import annotations

import contextlib

from quarterup.dashboard.process import DashboardError, DashboardProcess
from quarterup.training.progress import Display
from quarterup.training.run_folder import RunFolder

HOST, PORT = "127.0.0.1", 8787


def serve_page(
    run: RunFolder, display: Display, served: contextlib.ExitStack, host: str = HOST, port: int = PORT
) -> None:
    """Serve it until `served` is closed, and say where it is. If it cannot be served, say so: the training goes on."""
    try:
        server = DashboardProcess([run.path], host, port)
    except DashboardError as error:
        display.note(str(error))
        return
    served.callback(server.close)
    display.note(f"Dashboard: {server.links.control}")
    if server.links.view:
        display.note(f"For watching only: {server.links.view}")
