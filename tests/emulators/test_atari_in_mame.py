"""The same Atari games in MAME's a2600 and in ale-py: the same RAM, frame by frame, and why it is not where it differs.

Both begin with the RAM that ale-py has: what it holds at power-on, ale-py draws at random and MAME does not. Then both
get the same inputs. ale-py looks at the RAM when the game begins the vertical sync, MAME at the end of its own frame, a
moment earlier in the game's loop. So what the game computes between the two is a frame newer in ale-py.

docs/emulators/atari.md has what was found for other games. The ROMs are those that ale-py brings along.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from real_mame import Make

from quarterup.emulators.atari import AtariEmulator
from quarterup.emulators.atari_roms import atari_rom
from quarterup.emulators.emulator import MemoryRange

RAM = MemoryRange(0x80, 128)
BOOT_FRAMES, RESET_FRAMES, SETTLED_FRAMES = 60, 8, 20
"""ale-py lets 60 frames pass and then presses the reset switch twice, for four frames each."""
FRAMES = 300
CHOICES: tuple[tuple[str, ...], ...] = ((), ("P1 Left",), ("P1 Right",), ("P1 Up",), ("P1 Button 1",))

PITFALL_PICTURE = {0xC5, 0xC7, 0xC9, 0xCB, 0xCD, 0xCF}
"""Pointers that its drawing code sets anew for each part of the picture: MAME looks while a part is drawn."""
PITFALL_STACK = {0xFC, 0xFD, 0xFE, 0xFF}
"""Return addresses: of where the game was when it was looked at."""
PITFALL_TWICE = {0xE0}
"""Written twice in a frame, so that it is now in the one, now in the other half."""


def traces(rom: str, make: Make) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The RAM after each frame, in MAME and in ale-py. Shape (frames, 128) each."""
    chosen = np.repeat(np.random.default_rng(1).integers(len(CHOICES), size=FRAMES // 4), 4)
    mame = make("a2600", media={"cart": atari_rom(rom)}, watch=[RAM])
    mame.step((), BOOT_FRAMES)
    mame.step(("Reset Game",), RESET_FRAMES)
    mame.step((), SETTLED_FRAMES)
    with AtariEmulator(rom, watch=[RAM]) as ale:
        mame.write(0x80, ale.step((), SETTLED_FRAMES).memory.tobytes())
        in_ale = np.array([ale.step(CHOICES[choice]).memory.copy() for choice in chosen])
    return np.array([mame.step(CHOICES[choice]).memory.copy() for choice in chosen]), in_ale


def addresses(bytes_of_ram: NDArray[np.bool_]) -> set[int]:
    return {0x80 + int(index) for index in np.flatnonzero(bytes_of_ram)}


def test_each_byte_of_qbert_is_that_of_ale_py_or_a_frame_behind_it_all_the_time(make: Make) -> None:
    in_mame, in_ale = traces("qbert", make)
    now, behind = in_mame[1:] == in_ale[1:], in_mame[1:] == in_ale[:-1]
    assert (np.ptp(in_ale, axis=0) > 0).sum() > 40, "the game has to be going on"
    assert addresses(~(now.all(axis=0) | behind.all(axis=0))) == set()


def test_pitfall_differs_in_what_it_draws_with_and_in_where_it_is_alone(make: Make) -> None:
    in_mame, in_ale = traces("pitfall", make)
    now, behind = in_mame[1:] == in_ale[1:], in_mame[1:] == in_ale[:-1]
    assert (np.ptp(in_ale, axis=0) > 0).sum() > 20, "the game has to be going on"
    assert addresses(~(now | behind).all(axis=0)) <= PITFALL_PICTURE | PITFALL_STACK
    assert addresses(~(now.all(axis=0) | behind.all(axis=0))) <= PITFALL_PICTURE | PITFALL_STACK | PITFALL_TWICE
