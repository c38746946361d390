"""A training in a terminal: its keys, and the terminal as it was afterwards. A real one (a pty) and real MAME."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterup.training.metrics import MetricsReader
from quarterup.training.run_folder import RunFolder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX systems")
PATIENCE_S = 90.0
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        import pty

        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.environ |= {"COLUMNS": "100", "LINES": "50", "TERM": "xterm-256color"}
            os.execv(command[0], command)
        self.screen = ""
        """Everything shown so far, without colours and movements."""

    def press(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def wait_for(self, pattern: str) -> str:
        """Until something new on the screen matches; what came up to then is done with."""
        deadline = time.monotonic() + PATIENCE_S
        while not (match := re.search(pattern, self.screen)):
            assert time.monotonic() < deadline, f"{pattern!r} never came. Shown:\n{self.screen[-3000:]}"
            self._read()
        found = match.group()
        self.screen = self.screen[match.end() :]
        return found

    def watch(self, seconds: float) -> None:
        """Let time pass; what is shown meanwhile is done with."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._read()
        self.screen = ""

    def _read(self) -> None:
        if select.select([self.descriptor], [], [], 0.2)[0]:
            try:
                text = os.read(self.descriptor, 65_536).decode(errors="replace")
            except OSError:  # Linux says so when the program has ended.
                text = ""
            assert text, f"It ended. Shown:\n{self.screen[-3000:]}"
            self.screen += ANSI.sub("", text)

    def end(self) -> int:
        """Wait for the end; returns the exit code."""
        with contextlib.suppress(OSError):
            while os.read(self.descriptor, 65_536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    train = ["train", "space_invaders", "--steps", "1000000", "--envs", "2", "--run", str(tmp_path / "run")]
    started = Terminal([sys.executable, "-m", "quarterup.cli.main", *train, "--eval-episodes", "0"])
    yield started
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(started.process, signal.SIGKILL)
        os.waitpid(started.process, 0)
    os.close(started.descriptor)


def test_keys_steer_a_training(terminal: Terminal, tmp_path: Path) -> None:
    import termios

    terminal.wait_for("learning +[━╺]")
    shown_before = termios.tcgetattr(terminal.descriptor)[3]
    assert not shown_before & termios.ECHO
    terminal.press("h")
    terminal.wait_for("x the machine's own speed, or full speed  F5")
    terminal.press("h ")
    terminal.wait_for("paused: space goes on")
    standing = terminal.wait_for(r"env steps +[\d,]+ of")
    terminal.watch(1.0)
    terminal.press("c")
    assert terminal.wait_for(r"env steps +[\d,]+ of") == standing
    terminal.press(" ")
    terminal.wait_for("goes on")
    terminal.press("\x1b[15~")
    terminal.wait_for("the machine's own speed")
    terminal.press(",")
    terminal.wait_for("1/2 of the machine's own speed")
    terminal.press("x")
    terminal.wait_for("full speed")
    terminal.press("9")
    terminal.wait_for("expert ratio 0.01")
    terminal.press("Ls")
    terminal.wait_for("learning rate 0.0006")
    terminal.wait_for(r"saved at step [\d,]+")
    terminal.press("q")
    terminal.wait_for("Go on with: quarterup train --resume")
    assert terminal.end() == 0
    with MetricsReader(RunFolder.open(tmp_path / "run").metrics) as reader:
        events = [(event.kind, event.text) for event in reader.events()]
    assert ("control", "paused") in events
    assert ("control", "1/2 of the machine's own speed") in events
    assert events[-1][0] in ("stopped", "saved", "best")


def test_at_its_own_speed_a_machine_takes_its_time(terminal: Terminal) -> None:
    """60 frames a second, four to a step, two emulators: 30 env steps a second."""
    terminal.wait_for("learning +[━╺]")
    terminal.press("x")
    terminal.wait_for("the machine's own speed")
    first, began = _env_steps(terminal), time.monotonic()
    terminal.watch(4.0)
    steps, seconds = _env_steps(terminal) - first, time.monotonic() - began
    assert 0.5 * 30 < steps / seconds < 1.5 * 30
    terminal.press("q")
    assert terminal.end() == 0


def _env_steps(terminal: Terminal) -> int:
    return int(terminal.wait_for(r"env steps +[\d,]+ of").split()[2].replace(",", ""))
