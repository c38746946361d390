"""However MAME, its guard or we end: an error in time, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from real_mame import PATIENCE_S, Make, assert_nothing_left, guard_of, mame_of

from quarterup.emulators.emulator import EmulatorDied, EmulatorError, MemoryRange, Picture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

StartOwner = Callable[[str], tuple[subprocess.Popen[str], list[psutil.Process]]]


# ------------------------------------------------------------------------------------------ MAME or its guard is killed


@pytest.mark.parametrize("transport", ["pipe", "tcp"])
def test_a_killed_mame_is_noticed_at_once(make: Make, private_tmp: Path, transport: str) -> None:
    emulator = make(transport=transport)
    processes = [mame_of(emulator), guard_of(emulator)]
    processes[0].kill()
    started = time.monotonic()
    with pytest.raises(EmulatorDied, match=r"ended\. The last it printed:\n(.*\n)*.*WRONG CHECKSUMS"):
        emulator.step()
    assert time.monotonic() - started < PATIENCE_S
    assert_nothing_left(processes, private_tmp)
    with pytest.raises(EmulatorDied, match="closed: make a new one"):
        emulator.step()
    emulator.close()


def test_a_killed_mame_is_noticed_while_we_wait_for_it(make: Make) -> None:
    emulator = make()
    threading.Timer(0.3, mame_of(emulator).kill).start()
    emulator.send_step((), 65_000)
    started = time.monotonic()
    with pytest.raises(EmulatorDied, match="ended"):
        emulator.receive_step()
    assert 0.1 < time.monotonic() - started < PATIENCE_S


def test_a_large_message_to_a_dead_mame_does_not_wait(make: Make) -> None:
    emulator = make()
    mame_of(emulator).kill()
    started = time.monotonic()
    with pytest.raises(EmulatorDied):
        emulator.write(0x2000, bytes(3 << 20))
    assert time.monotonic() - started < PATIENCE_S


@pytest.mark.parametrize("transport", ["pipe", "tcp"])
def test_a_frozen_mame_is_ended_in_time(make: Make, private_tmp: Path, transport: str) -> None:
    emulator = make(timeout_s=0.5, transport=transport)
    processes = [mame_of(emulator), guard_of(emulator)]
    processes[0].suspend()
    started = time.monotonic()
    with pytest.raises(EmulatorDied, match=r"did not answer for 0\.5 s"):
        emulator.step()
    assert 0.4 < time.monotonic() - started < PATIENCE_S
    assert_nothing_left(processes, private_tmp)


def test_a_killed_guard_takes_mame_with_it(make: Make, private_tmp: Path) -> None:
    emulator = make()
    processes = [mame_of(emulator), guard_of(emulator)]
    processes[1].kill()
    with pytest.raises(EmulatorDied, match="ended"):
        emulator.step((), 65_000)
    assert_nothing_left(processes, private_tmp)


def test_a_stopped_guard_does_not_hold_us_up_for_ever(
    make: Make, private_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterup.emulators.child.GUARD_PATIENCE_S", 0.3)
    emulator = make()
    processes = [mame_of(emulator), guard_of(emulator)]
    processes[1].suspend()
    emulator.close()
    assert_nothing_left(processes, private_tmp)


# --------------------------------------------------------------------------------------------------------- we are ended

OWNER = """
import os, signal, sys, time
from quarterup.emulators.emulator import Picture
from quarterup.emulators.mame import MameEmulator
emulators = [MameEmulator("invaders", picture=Picture()) for _ in range(2)]
for emulator in emulators:
    emulator.step((), 9)
print("ready", flush=True)
"""


@pytest.fixture
def start_owner(private_tmp: Path) -> Iterator[StartOwner]:
    """Start a Python that owns two emulators and then does `ending`; gives it and the processes below it."""
    owners = []

    def start(ending: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER + ending],
            env={**os.environ, "TMPDIR": str(private_tmp)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        owners.append(owner)
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        return owner, psutil.Process(owner.pid).children(recursive=True)

    yield start
    for owner in owners:
        owner.kill()
        owner.communicate()


WAIT = "time.sleep(60)"


@pytest.mark.parametrize("stopped", [False, True])
def test_nothing_survives_a_killed_owner(start_owner: StartOwner, private_tmp: Path, stopped: bool) -> None:
    owner, below = start_owner(WAIT)
    assert len(below) == 4
    if stopped:
        for process in below:
            if "guard.py" not in " ".join(process.cmdline()):
                process.suspend()
    owner.kill()
    assert_nothing_left(below, private_tmp)


def test_nothing_survives_an_owner_killed_in_the_middle_of_a_step(start_owner: StartOwner, private_tmp: Path) -> None:
    owner, below = start_owner("emulators[0].step((), 65_000)")
    time.sleep(0.1)
    owner.kill()
    assert_nothing_left(below, private_tmp)


def test_nothing_survives_control_c(start_owner: StartOwner, private_tmp: Path) -> None:
    owner, below = start_owner("while True: emulators[0].step((), 60)")
    time.sleep(0.1)
    os.killpg(owner.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in owner.communicate(timeout=10)[1]
    assert_nothing_left(below, private_tmp)


@pytest.mark.parametrize(
    "ending", ["", "sys.exit(3)", "os._exit(3)", "raise RuntimeError('oops')", "del emulators, emulator; " + WAIT]
)
def test_nothing_survives_an_owner_that_does_not_close(start_owner: StartOwner, private_tmp: Path, ending: str) -> None:
    owner, below = start_owner(ending)
    if ending.endswith(WAIT):
        assert_nothing_left(below, private_tmp)
        owner.kill()
    error = owner.communicate(timeout=10)[1]
    assert_nothing_left(below, private_tmp)
    assert "Exception ignored" not in error


def test_a_forked_copy_of_the_owner_keeps_nothing_alive_and_ends_nothing(
    start_owner: StartOwner, private_tmp: Path
) -> None:
    ending = """
if os.fork() == 0:
    time.sleep(0.3)
    sys.exit()  # runs what Python runs at its end
os.wait()
emulators[0].step()
print("still there", flush=True)
if os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(60)
    os._exit(0)
time.sleep(60)
"""
    owner, below = start_owner(ending)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "still there\n"
    copy = psutil.Process(int(owner.stdout.readline()))
    owner.kill()
    assert_nothing_left([process for process in below if process != copy], private_tmp)
    copy.kill()


# ---------------------------------------------------------------------------------------------- an interrupted exchange


def test_an_interrupted_answer_is_never_taken_for_a_later_one(make: Make, private_tmp: Path) -> None:
    emulator = make(watch=[MemoryRange(0x2000, 0x400)])
    mame = mame_of(emulator)
    mame.suspend()
    emulator.send_step((), 5)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        emulator.receive_step()
    mame.resume()
    with pytest.raises(EmulatorDied, match="was interrupted before its last answer"):
        emulator.step((), 1)
    assert_nothing_left([mame], private_tmp)


@pytest.mark.parametrize("then", ["send_step", "receive_step", "save_state", "screenshot"])
def test_after_an_interruption_nothing_else_works_either(make: Make, then: str) -> None:
    emulator = make(picture=Picture())
    mame = mame_of(emulator)
    mame.suspend()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        emulator.step()
    mame.resume()
    with pytest.raises(EmulatorDied, match="was interrupted"):
        getattr(emulator, then)()


def test_an_answer_that_nobody_asked_for_is_not_waited_for(make: Make) -> None:
    emulator = make()
    with pytest.raises(EmulatorError, match="without a step that was sent"):
        emulator.receive_step()
    emulator.step()
