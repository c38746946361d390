"""Crowds of connections and pages that hang, at the real server in its own process."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from watched import ask, wait_until

from quarterup.dashboard import connections
from quarterup.dashboard.app import MAX_VIEWERS
from quarterup.dashboard.connections import MAX_CONNECTIONS, STUCK_S, Connection
from quarterup.dashboard.process import DashboardProcess
from quarterup.dashboard.safety import BODY_PATIENCE_S
from quarterup.training.live_file import LiveFile
from quarterup.training.run_folder import RunFolder, describe
from quarterup.training.settings import TrainSettings, to_json

CROWD = 1000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DashboardProcess]:
    """Of a run that shows 100 kB, twenty times a second, to whoever wants to see them."""
    run = RunFolder.create(tmp_path / "run", describe(to_json(TrainSettings("space_invaders")), None))
    live = LiveFile.create(run.path, 1, 1 << 18)
    over = threading.Event()

    def show() -> None:
        while not over.wait(0.05):
            frame = time.monotonic_ns()
            game = json.dumps({"env": 0, "frame": frame, "noise": str(frame) * 6000}).encode()
            live.write_env(0, len(game).to_bytes(4, "little"), game)

    showing = threading.Thread(target=show, daemon=True)
    showing.start()
    process = DashboardProcess([run.path], "127.0.0.1", 0)
    wait_until(lambda: ask(process.links.control, "/api/describe")[0] == 200)
    yield process
    process.close()
    over.set()
    showing.join()
    live.close()


def connected(server: DashboardProcess, asks_for: str = "") -> socket.socket:
    """A connection, and what it asks for, of which nobody will read the answer."""
    address = urlsplit(server.links.control)
    assert address.hostname is not None
    connection = socket.create_connection((address.hostname, address.port or 0), timeout=5)
    if asks_for:
        connection.sendall(f"GET {asks_for} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    return connection


def held(server: DashboardProcess) -> int:
    found = psutil.Process(server.pid).net_connections("tcp")
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in found)


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        try:
            return connection.recv(1 << 16) == b""
        except ConnectionError:
            return True
    return False


def test_a_crowd_leaves_room_for_the_next_page(server: DashboardProcess) -> None:
    with contextlib.ExitStack() as crowd:
        idle = [crowd.enter_context(connected(server)) for _ in range(CROWD)]
        assert ask(server.links.control, "/api/describe")[0] == 200
        assert held(server) <= MAX_CONNECTIONS + 1
        wait_until(lambda: all(map(is_closed, idle)), 3 * Connection.idle_s)


def test_more_pages_than_may_watch_are_told(server: DashboardProcess) -> None:
    with contextlib.ExitStack() as crowd:
        for _ in range(MAX_VIEWERS):
            watching = crowd.enter_context(connected(server, "/api/live"))
            assert answer_on(watching).status == 200
            threading.Thread(target=read_all, args=(watching,), daemon=True).start()
        answer = answer_on(crowd.enter_context(connected(server, "/api/live")))
        assert answer.status == 503
        assert json.load(answer)["error"] == f"{MAX_VIEWERS} pages are watching already."


def answer_on(connection: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer


def test_a_page_that_reads_nothing_is_dropped_and_one_that_reads_is_not(server: DashboardProcess) -> None:
    watching = "/api/live?rate=15"
    with connected(server, watching), connected(server, watching) as reading:
        reader = threading.Thread(target=read_all, args=(reading,), daemon=True)
        reader.start()
        wait_until(lambda: held(server) == 2)
        wait_until(lambda: held(server) == 1, 6 * STUCK_S)
        assert reader.is_alive()


def read_all(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(1 << 16):
            pass


def test_a_request_that_never_ends_is_answered(server: DashboardProcess) -> None:
    address = urlsplit(server.links.control)
    with connected(server) as slow:
        head = f"POST /api/control HTTP/1.1\r\nHost: {address.netloc}\r\nOrigin: http://{address.netloc}\r\n"
        slow.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{{".encode())
        slow.settimeout(3 * BODY_PATIENCE_S)
        assert answer_on(slow).status == 408


def test_where_every_connection_is_busy_the_next_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "try again" in busy_answer(monkeypatch)


def busy_answer(monkeypatch: pytest.MonkeyPatch) -> str:
    """What the second connection is told where one is all that there may be, and it is in use."""
    import asyncio

    import uvicorn
    from starlette.types import Receive, Scope, Send

    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 1)
    release = asyncio.Event()

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask_twice() -> str:
        config = uvicorn.Config(wait, port=0, http=connections.Connection, ws="none", log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        _, first = await asyncio.open_connection("127.0.0.1", port)
        first.write(request)
        await asyncio.sleep(0.2)
        reader, second = await asyncio.open_connection("127.0.0.1", port)
        second.write(request)
        answer = (await reader.read()).decode()
        release.set()
        first.close()
        second.close()
        server.should_exit = True
        await serving
        assert answer.startswith("HTTP/1.1 503")
        return answer

    return asyncio.run(ask_twice())
