"""What tests on real FCEUX share: our own tiny game, whose source is beside it, and where it keeps what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quarterup.emulators.emulator import MemoryRange
from quarterup.emulators.fceux import FceuxEmulator

MakeFceux = Callable[..., FceuxEmulator]

DATA = Path(__file__).parents[1] / "data"
COUNTER = DATA / "counter.nes"
FALLING = DATA / "falling.nes"
STAR_EVIL = DATA / "starevil.nes"

COUNTER_RAM = MemoryRange(0, 7)
COUNT, PAD_1, PAD_2, STIRRED, LENGTH = 0, 2, 3, 4, 5
"""Offsets in it."""
BOOT_FRAMES = 4
"""Before the game counts its first frame."""
ALL_RAM = MemoryRange(0, 0x800)
PAD_BITS = {"A": 128, "B": 64, "Select": 32, "Start": 16, "Up": 8, "Down": 4, "Left": 2, "Right": 1}
