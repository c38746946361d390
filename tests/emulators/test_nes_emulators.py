"""The same NES game in FCEUX, in stable-retro and in MAME: byte for byte the same, once they begin alike."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quarterup.emulators.emulator import Emulator, EmulatorNotFound, MemoryRange
from quarterup.emulators.fceux import FceuxEmulator
from quarterup.emulators.fceux_program import find_fceux
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.mame_program import find_mame
from quarterup.emulators.retro import RetroEmulator
from quarterup.emulators.retro_core import has_retro

DATA = Path(__file__).parents[1] / "data"
GAMES = ("falling", "starevil")
RAM = MemoryRange(0, 0x800)
FRAMES, FRAMES_A_STEP, STEPS_HELD = 3_000, 2, 4
BUTTONS = ("P1 Up", "P1 Down", "P1 Left", "P1 Right", "P1 A", "P1 B", "P1 Start")

Begin = tuple[Callable[[Path], Emulator], int, int]
"""How to start one, what the RAM of its console is filled with at power-on, and the frames that it has run by then."""
BEGINNINGS: dict[str, Begin] = {
    "retro": (lambda rom: RetroEmulator(rom, watch=[RAM]), 0xFF, 1),
    "mame": (lambda rom: MameEmulator("nes", media={"cart": rom}, watch=[RAM]), 0x00, 2),
}


def is_installed(name: str) -> bool:
    try:
        find_fceux()
        if name == "mame":
            find_mame()
    except EmulatorNotFound:
        return False
    return name != "retro" or has_retro()


def played(emulator: Emulator) -> list[bytes]:
    """The RAM after each of many steps, in which buttons are pressed at random."""
    rng = np.random.default_rng(0)
    seen = []
    for step in range(FRAMES // FRAMES_A_STEP):
        if step % STEPS_HELD == 0:
            held = tuple(name for name in BUTTONS if rng.random() < (0.1 if name == "P1 Start" else 0.3))
        seen.append(emulator.step(held, FRAMES_A_STEP).memory.tobytes())
    return seen


@pytest.mark.parametrize("name", BEGINNINGS)
@pytest.mark.parametrize("game", GAMES)
def test_the_same_inputs_give_the_same_memory_as_in_fceux(game: str, name: str) -> None:
    if not is_installed(name):
        pytest.skip(f"fceux or {name} is not installed")
    start, fill, frames = BEGINNINGS[name]
    rom = DATA / f"{game}.nes"
    with contextlib.closing(start(rom)) as other, contextlib.closing(FceuxEmulator(rom, watch=[RAM])) as fceux:
        fceux.write(0, bytes([fill]) * RAM.size)
        fceux.step((), frames)
        expected, found = played(fceux), played(other)
    differing = [step for step in range(len(found)) if found[step] != expected[step]]
    assert not differing
    assert len(set(found)) > 500, "something happened in the game"
