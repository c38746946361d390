"""What tests on real MAME share: a cartridge of our own, and the processes behind an emulator."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from quarterup.emulators.mame import MameEmulator

Make = Callable[..., MameEmulator]

ATARI_PROGRAM = bytes.fromhex(
    "78 d8 a2ff 9a a900 a200"  # sei; cld; ldx #$ff; txs; lda #0; ldx #0
    "9500 e8 d0fb"  # clear: sta 0,x; inx; bne clear
    "a902 8500 8502 8502 8502 a900 8500"  # frame ($f00e): vertical sync for three lines
    "a225 8502 ca d0fb"  # 37 blank lines
    "e680 ad8002 8581 4582 0a 6580 8582 8509"  # inc $80; lda swcha; sta $81; stir; background colour
    "a900 8501 a2c0 8502 ca d0fb"  # 192 lines of picture
    "a902 8501 a21e 8502 ca d0fb"  # 30 blank lines
    "4c0ef0"  # jmp frame
)
ATARI_COUNT, ATARI_JOYSTICKS = 0, 1
"""Offsets in memory watched from $80."""


def mame_of(emulator: MameEmulator) -> psutil.Process:
    """The MAME process that runs `emulator`."""
    folder = str(emulator._child.folder)
    for child in psutil.Process().children(recursive=True):
        if is_mame(child) and folder in " ".join(child.cmdline()):
            return child
    raise AssertionError("MAME is not running")


def is_mame(process: psutil.Process) -> bool:
    return "guard.py" not in " ".join(process.cmdline())


def guard_of(emulator: MameEmulator) -> psutil.Process:
    return psutil.Process(emulator._child._guard.pid)


PATIENCE_S = 2.0
"""Within this nothing of a dead owner may be left."""


def gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE or not process.is_running()
    except psutil.NoSuchProcess:
        return True


def assert_nothing_left(processes: list[psutil.Process], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if all(gone(process) for process in processes) and not list(folder.iterdir()):
            return
        time.sleep(0.02)
    raise AssertionError(f"left: {[p for p in processes if not gone(p)]}, {list(folder.iterdir())}")
