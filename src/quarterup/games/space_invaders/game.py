"""Space Invaders (Taito / Midway 1978) on the Midway 8080 board.

## Description
A rack of 55 enemies walks from side to side and comes down a step at each edge, faster the fewer are left. Three kinds
of shots fall from it: one aims at the player, two follow fixed patterns of columns. Four shields wear away. Now and
then a bonus ship crosses at the top. The game is over with the last ship, or when the rack reaches the ground.

## Actions
| # | name | held |
| --- | --- | --- |
| 0 | stay | nothing |
| 1 | left | P1 Left |
| 2 | right | P1 Right |
| 3 | fire | P1 Button 1 |
| 4 | left and fire | P1 Left, P1 Button 1 |
| 5 | right and fire | P1 Right, P1 Button 1 |

The gun shoots once a press: holding fire does not repeat it. One shot of the player's flies at a time.

## Observations
`features`: 95 numbers, each described in `features.py`. `bitmap`: the playfield from the video memory, two
by two pixels joined, (100, 104). `ram`: the 1,024 bytes of work memory. The others: see `envs/observations.py`.

## Rewards
The points won in a step: 10, 20 or 30 for an enemy by its row, 50 to 300 for the bonus ship. The board's counter has
four digits and wraps at 10,000; the reward does not.

## Start
Coin, then the one-player start button, until the gun can move. Never by writing to memory.

## End
Terminated when the last ship is lost or the rack has landed.

## Memory
`memory.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import MemoryRange
from quarterup.games.game import Action, Expert, Game, Outcome, StartError, Step
from quarterup.games.space_invaders.features import FEATURES, MIRROR
from quarterup.games.space_invaders.memory import (
    ALIVE,
    COLUMN_BYTES,
    SCORE_WRAP,
    SCREEN_WIDTH,
    VIDEO_RAM,
    InvadersMemory,
    gun_ready,
)

BOOT_FRAMES = 120
START_ATTEMPTS = 30
PRESS_FRAMES = 6
PAUSE_FRAMES = 24
GET_READY_FRAMES = 900

BITMAP_LEFT, BITMAP_COLUMNS = 8, 208
BITMAP_FIRST_BYTE, BITMAP_LAST_BYTE = 3, 28
"""Y 24 to 223: from just below the gun to just below the score."""


class SpaceInvaders(Game[InvadersMemory]):
    __doc__ = __doc__

    id = "space_invaders"
    env_name = "SpaceInvaders"
    title = "Space Invaders"
    machine = "invaders"
    memory = InvadersMemory
    ram = MemoryRange(0x2000, 0x400)
    actions = (
        Action("stay", ()),
        Action("left", ("P1 Left",)),
        Action("right", ("P1 Right",)),
        Action("fire", ("P1 Button 1",)),
        Action("left and fire", ("P1 Left", "P1 Button 1")),
        Action("right and fire", ("P1 Right", "P1 Button 1")),
    )
    features = FEATURES
    mirror = MIRROR
    bitmap_memory = (MemoryRange(VIDEO_RAM, SCREEN_WIDTH * COLUMN_BYTES),)
    bitmap_shape = ((BITMAP_LAST_BYTE - BITMAP_FIRST_BYTE) * 4, BITMAP_COLUMNS // 2)

    def start(self, step: Step[InvadersMemory]) -> InvadersMemory:
        memory = step((), BOOT_FRAMES)
        for _ in range(START_ATTEMPTS):
            if not memory.credits:
                step(("Coin 1",), PRESS_FRAMES)
                memory = step((), PAUSE_FRAMES)
            if memory.credits:
                step(("1 Player Start",), PRESS_FRAMES)
                memory = step((), PAUSE_FRAMES)
            if memory.game_mode == 1:
                break
        for _ in range(GET_READY_FRAMES):
            if memory.game_mode == 1 and memory.in_game and memory.things_move and gun_ready(memory):
                return memory
            memory = step((), 1)
        raise StartError(
            "Space Invaders did not start after a coin and the start button. Is the ROM set 'invaders' another game?"
        )

    def outcome(self, before: InvadersMemory, after: InvadersMemory) -> Outcome:
        over = after.in_game == 0 or after.game_mode == 0
        reward = (after.score - before.score) % SCORE_WRAP
        return Outcome(float(reward), over, self.lives(after) < self.lives(before))

    def lives(self, memory: InvadersMemory) -> int:
        """Ships in reserve, and the one in play until it is hit."""
        return memory.ships + (memory.gun == ALIVE) if memory.in_game else 0

    def level(self, memory: InvadersMemory) -> int:
        return memory.wave

    def feature_vector(self, before: InvadersMemory, memory: InvadersMemory, out: NDArray[np.float32]) -> None:
        self._write_features(np.frombuffer(memory.data, np.uint8), out)

    @cached_property
    def _write_features(self) -> Callable[[NDArray[np.uint8], NDArray[np.float32]], None]:
        """Not loaded before it is needed: numba takes its time."""
        from quarterup.games.space_invaders.feature_writer import write_features

        return write_features

    def bitmap(self, watched: NDArray[np.uint8]) -> NDArray[np.uint8]:
        columns = watched.reshape(SCREEN_WIDTH, COLUMN_BYTES)
        columns = columns[BITMAP_LEFT : BITMAP_LEFT + BITMAP_COLUMNS, BITMAP_FIRST_BYTE:BITMAP_LAST_BYTE]
        joined = columns[0::2] | columns[1::2]
        joined |= joined >> 1  # every even bit now stands for two pixels
        bits = np.unpackbits(joined, axis=1, bitorder="little")[:, ::2]
        return bits.T[::-1] * np.uint8(255)

    def expert(self) -> Expert[InvadersMemory]:
        from quarterup.games.space_invaders.expert import SpaceInvadersExpert

        return SpaceInvadersExpert()
