"""A child process of ours and what belongs to it: a private folder, a guard (see `guard.py`), and a connection.

Whatever goes wrong with any of them becomes `EmulatorDied` with the last lines the child printed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path
from typing import BinaryIO, NoReturn

from quarterup.emulators import guard
from quarterup.emulators.connection import Closed, Transport, connect
from quarterup.emulators.emulator import EmulatorDied

FOLDER_PREFIX = "quarterup-emulator-"
SHOWN_LOG_LINES = 15
LOG_TAIL_BYTES = 65_536
GUARD_PATIENCE_S = 5.0
"""How long the guard may take to end everything. It takes milliseconds, unless somebody stopped it."""
LOOK_AGAIN_S = 0.01
UNLOCKED_FOLDER_AGE_S = 60.0
"""A folder without a lock is one whose guard is just starting, or one whose owner was killed right then."""


class Child:
    """Start with `start`, after preparing `folder`; then `send` and `receive_into`; `close` at the end.

    Args:
        transport: see `connection.connect`.
        start_timeout_s: how long the child may take to connect.
        timeout_s: how long any later answer may take before the child counts as frozen.
    """

    def __init__(self, transport: Transport | None, start_timeout_s: float, timeout_s: float) -> None:
        sweep_dead_folders()
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._guards: list[subprocess.Popen[bytes]] = []  # at most one, known to the finalizer
        self._end_all = weakref.finalize(self, _end_all, self.folder, self._guards, os.getpid())
        self.timeout_s = timeout_s
        self._start_timeout_s = start_timeout_s
        try:
            self._connection = connect(transport, self.folder)
        except BaseException:
            self._end_all()
            raise
        self._open = True
        _living.add(self)

    def start(
        self, command: list[str], environment: dict[str, str], processor: int | None = None, hopeless: str = ""
    ) -> None:
        """Run `command` under a guard, on that processor only if one is named, and wait until it has connected.

        Once it prints `hopeless` it is not waited for any longer.
        """
        place = guard.ANY_PROCESSOR if processor is None else str(processor)
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(self.folder), place, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment | self._connection.environment,
            start_new_session=os.name == "posix",
        )
        self._guards.append(self._guard)
        try:
            self._connection.wait_for_child(
                self._start_timeout_s, lambda: self._has_ended() or bool(hopeless and hopeless in self.output())
            )
        except TimeoutError:
            self.died(f"did not connect within {self._start_timeout_s:g} s")
        except Closed:
            self.died("ended before it connected")

    def _has_ended(self) -> bool:
        return (self.folder / guard.STATUS_NAME).exists() or self._guard.poll() is not None

    def fileno(self) -> int:
        """Readable when (part of) an answer is there; for selecting over many children. -1 once closed."""
        return self._connection.fileno() if self._open else -1

    def send(self, message: bytes) -> None:
        self.check_open()
        try:
            self._connection.send(message, self.timeout_s)
        except TimeoutError:
            self.died(f"took no request for {self.timeout_s:g} s")
        except Closed:
            self.died("ended")

    def receive_some(self, buffer: memoryview, timeout_s: float | None = None) -> int:
        """Fill the beginning of `buffer` and say how much. Raises EmulatorDied if the child ends or falls silent."""
        self.check_open()
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        try:
            return self._connection.receive_some(buffer, timeout_s)
        except TimeoutError:
            self.died(f"did not answer for {timeout_s:g} s")
        except Closed:
            self.died("ended")

    def receive_into(self, buffer: memoryview, timeout_s: float | None = None) -> None:
        """Fill all of `buffer`."""
        filled = 0
        while filled < len(buffer):
            filled += self.receive_some(buffer[filled:], timeout_s)

    def check_open(self) -> None:
        if not self._open:
            raise EmulatorDied("this emulator is closed: make a new one")

    def output(self) -> str:
        """What the child has printed so far, at most its last 64 KiB."""
        with contextlib.suppress(OSError), (self.folder / guard.LOG_NAME).open("rb") as log:
            return tail_of(log)
        return ""

    def died(self, what: str) -> NoReturn:
        """End whatever is left of the child and raise EmulatorDied."""
        output = self.output()
        self.close()
        raise EmulatorDied(f"the emulator {what}. The last it printed:\n{last_lines(output)}", output)

    def close(self, patience_s: float = 0.0) -> None:
        """Remove the folder, and kill the child if it has not ended by itself within that time. Safe to call twice."""
        if self._open:
            self._open = False
            self._connection.close()
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline and not self._has_ended():
                time.sleep(LOOK_AGAIN_S)
            self._end_all()

    def let_go(self) -> None:
        """In a forked copy of the owner: drop our ends, so that only the owner keeps the child alive."""
        if self._open:
            self._open = False
            self._connection.close()
            for running in self._guards:
                _close_input(running)
                running.returncode = 0  # not this process's child: nothing to wait for


def tail_of(log: BinaryIO) -> str:
    """The last 64 KiB of what a process printed into a file."""
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
    return log.read().decode(errors="replace")


def last_lines(output: str) -> str:
    """The end of what a process printed, as messages show it."""
    lines = [line for line in output.splitlines() if line.strip()][-SHOWN_LOG_LINES:]
    return "\n".join(f"  | {line}" for line in lines) or "  | (nothing)"


def _end_all(folder: Path, guards: list[subprocess.Popen[bytes]], owner: int) -> None:
    """What closing comes to. It also runs when a `Child` is forgotten and when Python ends."""
    if os.getpid() != owner:
        return
    for running in guards:
        _close_input(running)  # the guard's sign to end everything
        try:
            running.wait(GUARD_PATIENCE_S)
        except subprocess.TimeoutExpired:
            running.kill()  # takes the emulator with it, where the system is Linux
            running.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _close_input(running: subprocess.Popen[bytes]) -> None:
    assert running.stdin is not None
    with contextlib.suppress(OSError):
        running.stdin.close()


_living: weakref.WeakSet[Child] = weakref.WeakSet()


def _let_go_of_all() -> None:
    for child in list(_living):
        child.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_of_all)


def sweep_dead_folders() -> None:
    """Remove private folders whose guard was itself killed. A living guard holds a lock."""
    if os.name != "posix":
        return
    import fcntl

    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        try:
            descriptor = os.open(folder / guard.LOCK_NAME, os.O_RDWR)
        except FileNotFoundError:
            _remove_if_old(folder)
            continue
        except OSError:
            continue  # not ours
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


def _remove_if_old(folder: Path) -> None:
    with contextlib.suppress(OSError):
        facts = folder.lstat()
        if facts.st_uid == os.getuid() and time.time() - facts.st_mtime > UNLOCKED_FOLDER_AGE_S:
            shutil.rmtree(folder, ignore_errors=True)
