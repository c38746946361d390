"""Mario Bros. (Nintendo 1983) on the NES.

## Description
A single screen of floors above a sewer. Enemies come out of the pipes at the top, walk down from floor to floor and
into the pipes at the bottom, from where they come again. Mario turns them over by jumping against the floor they stand
on from below, and then has to kick them off before they are up again. The POW block hits all floors at once, three
times. Later phases have enemies that need two knocks, enemies that hop, ice, and fireballs for who dawdles; some are
coins only. The game is over with the last life.

## Actions
| # | name | held |
| --- | --- | --- |
| 0 | stay | nothing |
| 1 | left | P1 Left |
| 2 | right | P1 Right |
| 3 | jump | P1 A |
| 4 | jump left | P1 Left, P1 A |
| 5 | jump right | P1 Right, P1 A |
| 6 | run left | P1 Left, P1 B |
| 7 | run right | P1 Right, P1 B |

Mario jumps once a press: holding A does not repeat it. B does nothing in the stand-in; 6 and 7 are those of the earlier
system, whose five were 3 to 7.

## Observations
`features`: 94 numbers, each described in `features.py`. `ram`: the 2,048 bytes of work memory. The others: see
`envs/observations.py`.

## Rewards
The points won in a step: 10 for turning an enemy over, 800 for kicking it (1,600, 2,400, 3,200 for more of them in a
row), 800 for a coin, and so on. The counter has six digits and wraps at 1,000,000; the reward does not, and is not cut
to a byte either.

## Start
The title's first line, one player and game A, by the real Select and Start, until Mario obeys. Never by writing to
memory.

## End
Terminated when the last life is lost. Also when the memory shows that another game has begun: another mode than one
player A, or a score that fell back.

## Memory
`memory.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import MemoryRange
from quarterup.games.game import Action, Expert, Game, Outcome, StartError, Step
from quarterup.games.mario_bros.features import FEATURES, write_features
from quarterup.games.mario_bros.memory import MARIO, MODE_ONE_PLAYER_A, SCORE_WRAP, MarioMemory

BOOT_FRAMES = 90
PRESS_FRAMES = 6
PAUSE_FRAMES = 20
MENU_LINES = 4
START_ATTEMPTS = 10
BEGIN_FRAMES = 120
"""So long it may take after Start until Mario is there."""
OBEY_FRAMES = 600
"""and so long until he does what he is told."""
PROBE_FRAMES = 8
FELL_BACK = SCORE_WRAP // 2
"""A score that grows by more in a step has not grown: it began anew."""


class MarioBros(Game[MarioMemory]):
    __doc__ = __doc__

    id = "mario_bros"
    env_name = "MarioBros"
    title = "Mario Bros."
    machine = "mario_bros"
    system = "nes"
    memory = MarioMemory
    ram = MemoryRange(0x0000, 0x800)
    actions = (
        Action("stay", ()),
        Action("left", ("P1 Left",)),
        Action("right", ("P1 Right",)),
        Action("jump", ("P1 A",)),
        Action("jump left", ("P1 Left", "P1 A")),
        Action("jump right", ("P1 Right", "P1 A")),
        Action("run left", ("P1 Left", "P1 B")),
        Action("run right", ("P1 Right", "P1 B")),
    )
    features = FEATURES

    def start(self, step: Step[MarioMemory]) -> MarioMemory:
        step((), BOOT_FRAMES)
        for _ in range(START_ATTEMPTS):
            memory = step((), PAUSE_FRAMES)
            for _ in range(MENU_LINES):
                if memory.mode == MODE_ONE_PLAYER_A:
                    break
                step(("P1 Select",), PRESS_FRAMES)
                memory = step((), PAUSE_FRAMES)
            step(("P1 Start",), PRESS_FRAMES)
            memory = step((), BEGIN_FRAMES)
            if self.in_game(memory) and self.lives(memory):
                return self._until_obeyed(step, memory)
        raise StartError("Mario Bros. did not start after Select and Start. Is 'mario_bros.nes' another game?")

    def _until_obeyed(self, step: Step[MarioMemory], memory: MarioMemory) -> MarioMemory:
        """The phase is announced first. Mario is there already then, but stands whatever is pressed."""
        for _ in range(OBEY_FRAMES // PROBE_FRAMES):
            before, memory = memory.player(), step(("P1 Right",), PROBE_FRAMES)
            after = memory.player()
            if before and after and after.x != before.x:
                return memory
        raise StartError("Mario Bros. started, but Mario does not move. Is 'mario_bros.nes' another game?")

    def in_game(self, memory: MarioMemory) -> bool:
        """Whether Mario is there, in a game of one player."""
        player = memory.player()
        return player is not None and player.id == MARIO and memory.mode == MODE_ONE_PLAYER_A

    def outcome(self, before: MarioMemory, after: MarioMemory) -> Outcome:
        gained = (after.score - before.score) % SCORE_WRAP
        anew = gained > FELL_BACK or after.mode != MODE_ONE_PLAYER_A
        over = anew or (self.lives(after) == 0 and after.player() is None)
        return Outcome(0.0 if anew else float(gained), over, over or self.lives(after) < self.lives(before))

    def lives(self, memory: MarioMemory) -> int:
        """Lives left, the one in play too. Below 0 counts as none."""
        return memory.lives_left if memory.lives_left < 0x80 else 0

    def level(self, memory: MarioMemory) -> int:
        return max(memory.level_shown - 1, 0)

    def feature_vector(self, before: MarioMemory, memory: MarioMemory, out: NDArray[np.float32]) -> None:
        write_features(before, memory, out)

    def expert(self) -> Expert[MarioMemory]:
        from quarterup.games.mario_bros.expert import MarioBrosExpert

        return MarioBrosExpert()
