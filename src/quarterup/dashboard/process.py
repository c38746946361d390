"""The server in a process of its own, so that nothing that a browser does can hold up a training.

    python -m quarterup.dashboard.process   (its settings come as JSON on the first line of stdin)

It works at low priority, and ends when its stdin does: with the process that started it, however that ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from quarterup.dashboard.safety import Access
from quarterup.emulators.processors import keep_to

NICENESS = 15
"""Of 19. The emulators and the learner come first, and what is left over is enough for a page."""
BACKLOG = 64
PORTS_TRIED = 40
END_PATIENCE_S = 3.0


class DashboardError(Exception):
    """The page cannot be served; the message says what to do."""


@dataclass(frozen=True)
class Links:
    """Where the page is."""

    control: str
    view: str | None
    """For others, who may watch and not control; None where everyone may."""


class DashboardProcess:
    """A server that runs until it is closed, or this process ends."""

    def __init__(self, runs: Sequence[Path], host: str, port: int) -> None:
        """Start it for `runs`, listening at `host`, on `port` or the next that is free; 0: on any.

        Raises DashboardError if there is none.
        """
        listener = listen(host, port)
        access = Access.for_host(host)
        self.links = links(access, listener.getsockname()[1])
        with listener:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "quarterup.dashboard.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                start_new_session=True,  # Ctrl-C is for the trainer.
            )
            settings = {
                "runs": [str(run.absolute()) for run in runs],
                "socket": listener.fileno(),
                "access": asdict(access),
            }
            self._say(json.dumps(settings))

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()


def listen(host: str, port: int) -> socket.socket:
    """A socket on `port` of `host`, or on the next that is free. Raises DashboardError."""
    last = min(port + PORTS_TRIED, 65_536) if port else 1
    for candidate in range(port, last):
        try:
            listener = socket.create_server((host, candidate), backlog=BACKLOG, family=_family(host))
            # Connections take it over. asyncio sees to it only for sockets that say they are TCP; these don't.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listener
        except OSError as error:
            problem = error
    raise DashboardError(
        f"The page cannot be served at {host}, port {port}: {problem.strerror or problem}. Choose another --port (0 is"
        " any that is free) or --host, or do without: --no-dashboard."
    )


def links(access: Access, port: int) -> Links:
    """What to open in a browser. The token is behind the #, which browsers send to nobody."""
    name = access.host if access.host not in ("0.0.0.0", "::") else socket.gethostname()
    address = f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"
    if not access.control_token:
        return Links(address, None)
    return Links(f"{address}#token={access.control_token}", f"{address}#token={access.view_token}")


def serve(runs: Sequence[Path], listener: socket.socket, access: Access, until: IO[bytes]) -> None:
    """Serve until `until` ends."""
    import uvicorn

    from quarterup.dashboard.app import make_app
    from quarterup.dashboard.connections import Connection
    from quarterup.dashboard.runs import Runs

    shown = Runs(runs)
    threading.Thread(target=shown.read, name="first look", daemon=True).start()
    config = uvicorn.Config(
        make_app(shown, access),
        log_config=None,
        access_log=False,
        http=Connection,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        ws="none",
        server_header=False,
    )
    server = uvicorn.Server(config)

    def end_with_owner() -> None:
        until.read()
        server.should_exit = True

    threading.Thread(target=end_with_owner, daemon=True).start()
    server.run(sockets=[listener])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def main() -> None:
    settings = json.loads(sys.stdin.buffer.readline())
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICENESS)
    keep_to(range(os.cpu_count() or 1))  # Wherever something is left over.
    listener = socket.socket(fileno=settings["socket"])
    serve([Path(run) for run in settings["runs"]], listener, Access(**settings["access"]), sys.stdin.buffer)


if __name__ == "__main__":
    main()
