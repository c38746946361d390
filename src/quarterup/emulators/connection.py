"""The two byte streams between us and the script inside a child process: named pipes, or a TCP connection.

Both are used the same way: made before the child starts, told to it by `environment`, opened by `wait_for_child`, and
then written and read without ever waiting longer than asked.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

Transport = Literal["pipe", "tcp"]

PIPE_BYTES = 1 << 20
"""What Linux lets an ordinary user ask for: a native picture goes through in one piece."""
POLL_S = 0.02


class Closed(Exception):
    """The other side has ended."""


class Connection(Protocol):
    environment: dict[str, str]
    """Tells the script inside the child where we are."""

    def wait_for_child(self, timeout_s: float, has_ended: Callable[[], bool]) -> None:
        """Raises TimeoutError, or Closed if the child ended before it connected."""
        ...

    def fileno(self) -> int:
        """Readable when (part of) an answer is there."""
        ...

    def send(self, message: bytes, timeout_s: float) -> None:
        """Raises TimeoutError or Closed."""
        ...

    def receive_some(self, buffer: memoryview, timeout_s: float) -> int:
        """Fill the beginning of `buffer` and say how much. Raises TimeoutError or Closed."""
        ...

    def close(self) -> None: ...


def connect(transport: Transport | None, folder: Path) -> Connection:
    """`pipe` (POSIX only: a waiting side costs nothing) or `tcp` (anywhere); None: pipes where the system has them."""
    if transport not in (None, "pipe", "tcp"):
        raise ValueError(f"transport={transport!r}: it is 'pipe' or 'tcp'")
    if transport == "pipe" and os.name != "posix":
        raise ValueError("named pipes need a POSIX system: use transport='tcp'")
    return TcpConnection() if transport == "tcp" or os.name != "posix" else PipeConnection(folder)


class PipeConnection:
    def __init__(self, folder: Path) -> None:
        for name in ("requests", "replies"):
            os.mkfifo(folder / name, 0o600)
        # Opened for reading too, so that opening does not wait for the child.
        self._write_fd = os.open(folder / "requests", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._read_fd = os.open(folder / "replies", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        _enlarge_pipe(self._read_fd)
        self._poll = select.poll()
        self._poll.register(self._read_fd, select.POLLIN)
        self.environment = {"QUARTERUP_PIPES": str(folder)}

    def wait_for_child(self, timeout_s: float, has_ended: Callable[[], bool]) -> None:
        deadline = time.monotonic() + timeout_s
        while not self._poll.poll(POLL_S * 1000):
            if has_ended():
                raise Closed
            if time.monotonic() > deadline:
                raise TimeoutError

    def fileno(self) -> int:
        return self._read_fd

    def send(self, message: bytes, timeout_s: float) -> None:
        sent = 0
        while sent < len(message):
            try:
                sent += os.write(self._write_fd, message[sent:] if sent else message)
            except BlockingIOError:
                self._wait_for_room(timeout_s)

    def _wait_for_room(self, timeout_s: float) -> None:
        poll = select.poll()
        poll.register(self._write_fd, select.POLLOUT)
        poll.register(self._read_fd, 0)  # only whether it has hung up: its answers are not ours to take here
        events = dict(poll.poll(timeout_s * 1000))
        if not events:
            raise TimeoutError
        if self._read_fd in events:
            raise Closed

    def receive_some(self, buffer: memoryview, timeout_s: float) -> int:
        if not self._poll.poll(timeout_s * 1000):
            raise TimeoutError
        count = os.readv(self._read_fd, (buffer,))
        if not count:
            raise Closed
        return count

    def close(self) -> None:
        os.close(self._read_fd)
        os.close(self._write_fd)


class TcpConnection:
    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1)
        host, port = self._socket.getsockname()[:2]
        self.environment = {"QUARTERUP_SOCKET": f"{host}:{port}"}

    def wait_for_child(self, timeout_s: float, has_ended: Callable[[], bool]) -> None:
        deadline = time.monotonic() + timeout_s
        self._socket.settimeout(POLL_S)
        while True:
            try:
                connection, _ = self._socket.accept()
                break
            except TimeoutError:
                if has_ended():
                    raise Closed from None
                if time.monotonic() > deadline:
                    raise
        self._socket.close()
        self._socket = connection
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: bytes, timeout_s: float) -> None:
        self._set_timeout(timeout_s)
        try:
            self._socket.sendall(message)
        except ConnectionError:
            raise Closed from None

    def receive_some(self, buffer: memoryview, timeout_s: float) -> int:
        self._set_timeout(timeout_s)
        try:
            count = self._socket.recv_into(buffer)
        except ConnectionError:
            raise Closed from None
        if not count:
            raise Closed
        return count

    def _set_timeout(self, timeout_s: float) -> None:
        if self._socket.gettimeout() != timeout_s:
            self._socket.settimeout(timeout_s)

    def close(self) -> None:
        self._socket.close()


def _enlarge_pipe(descriptor: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
