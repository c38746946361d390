"""Every emulator of the NES plays the same Lantern Cup: the same inputs leave the same bytes of the match."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from numpy.typing import NDArray

from quarterup.emulators.emulator import EmulatorNotFound, MemoryRange
from quarterup.emulators.launch import launch
from quarterup.emulators.roms import STAND_INS
from quarterup.emulators.systems import SYSTEMS, EmulatorName
from quarterup.games.nekketsu_soccer import NekketsuSoccer

MATCH, MATCH_BYTES, FRAMES = 0x0500, 0x54, 0x4E
TITLE_FRAMES = 70
STEPS = 300


def trace_of(name: EmulatorName) -> NDArray[np.uint8]:
    """The match after each step of a shoot-out in that emulator, shape (STEPS, MATCH_BYTES)."""
    watch = [MemoryRange(MATCH, MATCH_BYTES)]
    try:
        emulator = launch("nes", "nekketsu_soccer", emulator=name, roms=[STAND_INS], watch=watch)
    except EmulatorNotFound as missing:
        pytest.skip(str(missing))
    with contextlib.closing(emulator):
        # They differ by a frame or two in what counts as the first one, and chance moves once a frame.
        while emulator.step((), 1).memory[FRAMES] != TITLE_FRAMES:
            pass
        emulator.step(("P1 Start",), 4)
        actions = NekketsuSoccer.actions
        pressed = np.random.default_rng(1).integers(len(actions), size=STEPS)
        return np.stack([emulator.step(actions[index].inputs, 4).memory.copy() for index in pressed])


@pytest.fixture(scope="module")
def expected() -> NDArray[np.uint8]:
    return trace_of(SYSTEMS["nes"].emulators[0])


@pytest.mark.parametrize("name", SYSTEMS["nes"].emulators[1:])
def test_another_emulator_plays_the_same_shoot_out(name: EmulatorName, expected: NDArray[np.uint8]) -> None:
    trace = trace_of(name)
    differing = np.flatnonzero((trace != expected).any(axis=1))
    assert not len(differing), f"from step {differing[0]} on"
    assert len(np.unique(trace[:, 0])) >= 4, "several phases were seen"
