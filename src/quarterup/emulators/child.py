"""A child process of ours, and the two byte streams between us and the script that runs inside it.

It owns a private folder, a guard (see `guard.py`) and a pair of named pipes or a TCP connection. Whatever goes wrong
with any of them becomes `EmulatorDied` with the last lines the child printed.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path
from typing import Literal, NoReturn

from quarterup.emulators import guard
from quarterup.emulators.emulator import EmulatorDied

Transport = Literal["pipe", "tcp"]

FOLDER_PREFIX = "quarterup-"
SHOWN_LOG_LINES = 15
LOG_TAIL_BYTES = 16_384
PIPE_BYTES = 1 << 20
"""What Linux lets an ordinary user ask for: a native picture goes through in one piece."""


class Child:
    """Start with `start`, after preparing `folder`; then `send` and `receive_into`; `close` at the end.

    Args:
        transport: `pipe` (POSIX only: a waiting side costs nothing) or `tcp` (anywhere).
        start_timeout_s: how long the child may take to connect.
        timeout_s: how long any later answer may take before the child counts as frozen.
    """

    def __init__(self, transport: Transport | None, start_timeout_s: float, timeout_s: float) -> None:
        self.transport: Transport = transport or ("pipe" if os.name == "posix" else "tcp")
        if self.transport == "pipe" and os.name != "posix":
            raise ValueError("named pipes need a POSIX system: use transport='tcp'")
        sweep_dead_folders()
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self.timeout_s = timeout_s
        self._start_timeout_s = start_timeout_s
        self._guard: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._read_fd = self._write_fd = -1
        self._poll: select.poll | None = None
        self._finalizer = weakref.finalize(self, shutil.rmtree, self.folder, True)

    def environment(self) -> dict[str, str]:
        """Where the script inside the child finds us. Call before `start`; opens our side of the connection."""
        if self.transport == "pipe":
            for name in ("requests", "replies"):
                os.mkfifo(self.folder / name, 0o600)
            # Opened for reading too, so that opening does not wait for the child.
            self._write_fd = os.open(self.folder / "requests", os.O_RDWR | os.O_CLOEXEC)
            self._read_fd = os.open(self.folder / "replies", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            _enlarge_pipe(self._read_fd)
            return {"QUARTERUP_PIPES": str(self.folder)}
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1)
        return {"QUARTERUP_SOCKET": f"127.0.0.1:{self._socket.getsockname()[1]}"}

    def start(self, command: list[str], environment: dict[str, str]) -> None:
        """Run `command` under a guard and wait until it has connected."""
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(self.folder), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=os.name == "posix",
        )
        if self.transport == "tcp":
            self._accept()
        self._poll = select.poll()
        self._poll.register(self._read_fd, select.POLLIN)
        assert self._guard.stdout is not None
        self._poll.register(self._guard.stdout.fileno(), select.POLLIN)

    def _accept(self) -> None:
        assert self._socket is not None
        listener = self._socket
        deadline = time.monotonic() + self._start_timeout_s
        listener.settimeout(0.05)
        while True:
            try:
                self._socket, _ = listener.accept()
                break
            except TimeoutError:
                if time.monotonic() > deadline:
                    self.died(f"did not connect within {self._start_timeout_s:g} s")
                if self._has_ended():
                    self.died("ended before it connected")
        listener.close()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read_fd = self._write_fd = self._socket.fileno()

    def fileno(self) -> int:
        """Readable when (part of) an answer is there; for selecting over many children."""
        return self._read_fd

    def send(self, message: bytes) -> None:
        if self._guard is None:
            raise EmulatorDied("this emulator is closed: make a new one")
        view = memoryview(message)
        while view:
            try:
                view = view[os.write(self._write_fd, view) :]
            except BlockingIOError:
                if not select.select([], [self._write_fd], [], self.timeout_s)[1]:
                    self.died(f"took no request for {self.timeout_s:g} s")
            except OSError as problem:
                self.died(f"closed the connection ({problem.strerror})")

    def receive_into(self, buffer: memoryview, timeout_s: float | None = None) -> None:
        """Fill `buffer`. Raises EmulatorDied when the child ends or falls silent first."""
        if self._poll is None:
            raise EmulatorDied("this emulator is closed: make a new one")
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        filled = 0
        while filled < len(buffer):
            self._wait_for_data(timeout_s)
            try:
                count = os.readv(self._read_fd, [buffer[filled:]])
            except BlockingIOError:
                continue
            except OSError as problem:
                self.died(f"closed the connection ({problem.strerror})")
            if count == 0:
                self.died("ended")
            filled += count

    def _wait_for_data(self, timeout_s: float) -> None:
        assert self._poll is not None
        events = self._poll.poll(timeout_s * 1000)
        if not events:
            self.died(f"did not answer for {timeout_s:g} s")
        if all(descriptor != self._read_fd for descriptor, _ in events):
            self.died("ended")

    def _has_ended(self, wait_s: float = 0.0) -> bool:
        assert self._guard is not None
        assert self._guard.stdout is not None
        return bool(select.select([self._guard.stdout], [], [], wait_s)[0])

    def output(self) -> str:
        """What the child has printed so far, at most its last 16 KiB."""
        with contextlib.suppress(OSError), (self.folder / guard.LOG_NAME).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            return log.read().decode(errors="replace")
        return ""

    def died(self, what: str) -> NoReturn:
        """End whatever is left of the child and raise EmulatorDied."""
        output = self.output()
        self.close()
        lines = [line for line in output.splitlines() if line.strip()][-SHOWN_LOG_LINES:]
        printed = "\n".join(f"  | {line}" for line in lines) or "  | (nothing)"
        raise EmulatorDied(f"the emulator {what}. The last it printed:\n{printed}")

    def close(self) -> None:
        """Kill the child and remove the folder. Safe to call twice."""
        if self._guard is not None:
            assert self._guard.stdin is not None
            assert self._guard.stdout is not None
            with contextlib.suppress(OSError):
                self._guard.stdin.close()  # the guard's sign to end everything
            self._guard.wait()
            self._guard.stdout.close()
            self._guard = None
        self._poll = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        elif self._read_fd >= 0:
            os.close(self._read_fd)
            os.close(self._write_fd)
        self._read_fd = self._write_fd = -1
        self._finalizer()


def sweep_dead_folders() -> None:
    """Remove private folders whose guard was itself killed. A living guard holds a lock."""
    if os.name != "posix":
        return
    import fcntl

    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        try:
            descriptor = os.open(folder / guard.LOCK_NAME, os.O_RDWR)
        except OSError:
            continue  # just being made, or not ours
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


def _enlarge_pipe(descriptor: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
