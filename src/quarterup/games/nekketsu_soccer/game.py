"""Nekketsu Soccer, the penalty shoot-out (Technos 1990), on the NES.

## Description
Five kicks each, then sudden death. The player runs up and shoots past a keeper who walks his line and mostly leans,
before the kick, to the side that the run shows; then he keeps goal against the computer, whose run mostly, not always,
shows where the shot will go. Wind carries the ball along the goal, slow shots further than fast ones.

## Actions
| # | name | held | kicking | keeping goal |
| --- | --- | --- | --- | --- |
| 0 | none | nothing | slow down | wait |
| 1 | R | Right | run | wait |
| 2 | UR | Up, Right | run, leaning to the far post | step to the far side |
| 3 | DR | Down, Right | run, leaning to the near post | step to the near side |
| 4 | RB | Right, B | shot to the middle | block: arms and legs spread |
| 5 | URB | Up, Right, B | shot to the far post | dive to the far side |
| 6 | DRB | Down, Right, B | shot to the near post | dive to the near side |
| 7 | B | B | chip over a diving keeper | block |
| 8 | AB | A, B | curled shot: it starts to where the run leant, and ends at the other post | jump for a high ball |
| 9 | RAB | Right, A, B | power shot to the middle | jump |
| 10 | URAB | Up, Right, A, B | power shot to the far post | fast dive to the far side, with less reach |
| 11 | DRAB | Down, Right, A, B | power shot to the near post | the same to the near side |

The eleven are those of the earlier system that played this shoot-out (Naereen's gym-nes-mario-bros); none is new. A
shot needs the ball in reach, and a run: a slow kicker's is weak. A power shot that is not met well goes over the bar.

## Observations
`features`: 34 numbers, each described in `features.py`. `ram`: the 2,048 bytes of the NES. The others: see
`envs/observations.py`.

## Rewards
1 for a goal of the player's, -1 for one of the computer's.

## Start
The start button on the title screen, until the player's first kick. Never by writing to memory.

Of the original's ROM only the two bytes with the goals are publicly known. Reward, pictures and `ram` would work with
it; but how a shoot-out is reached from power-on, and when it has ended, is not known. The earlier system began from a
save state made by hand and never ended. So this file plays the stand-in, Lantern Cup, and says so when it finds another
game.

## End
Terminated when the shoot-out is decided: when one side can no longer catch up, or in sudden death leads after a pair of
kicks; a draw after 99.

## Memory
`memory.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import MemoryRange
from quarterup.games.game import Action, Expert, Game, Outcome, StartError, Step
from quarterup.games.nekketsu_soccer.features import FEATURES, write_features
from quarterup.games.nekketsu_soccer.memory import OVER, RUNUP, SIGNATURE, TITLE, SoccerMemory

BOOT_FRAMES = 60
PRESS_FRAMES = 4
ANNOUNCE_FRAMES = 120

RIGHT, UP, DOWN, A, B = "P1 Right", "P1 Up", "P1 Down", "P1 A", "P1 B"


class NekketsuSoccer(Game[SoccerMemory]):
    __doc__ = __doc__

    id = "nekketsu_soccer"
    env_name = "NekketsuSoccer"
    title = "Nekketsu Soccer, penalty shoot-out"
    system = "nes"
    machine = "nekketsu_soccer"
    memory = SoccerMemory
    ram = MemoryRange(0x0000, 0x0800)
    actions = (
        Action("none", ()),
        Action("R", (RIGHT,)),
        Action("UR", (UP, RIGHT)),
        Action("DR", (DOWN, RIGHT)),
        Action("RB", (RIGHT, B)),
        Action("URB", (UP, RIGHT, B)),
        Action("DRB", (DOWN, RIGHT, B)),
        Action("B", (B,)),
        Action("AB", (A, B)),
        Action("RAB", (RIGHT, A, B)),
        Action("URAB", (UP, RIGHT, A, B)),
        Action("DRAB", (DOWN, RIGHT, A, B)),
    )
    features = FEATURES

    def start(self, step: Step[SoccerMemory]) -> SoccerMemory:
        memory = step((), BOOT_FRAMES)
        if memory.signature != SIGNATURE:
            raise StartError(
                "this ROM is not Lantern Cup, the game that quarterup brings along for nekketsu_soccer. Of the original"
                " only the addresses of the goals are known (0x052E, 0x052F), not how its penalty shoot-out is reached"
                " from power-on, so it cannot be started. Take your nekketsu_soccer.nes out of the ROM folder, and the"
                " stand-in plays."
            )
        if memory.phase == TITLE:
            step(("P1 Start",), PRESS_FRAMES)
        for _ in range(ANNOUNCE_FRAMES):
            memory = step((), 1)
            if memory.phase == RUNUP:
                return memory
        raise StartError("Lantern Cup did not begin its shoot-out after the start button on the title screen.")

    def outcome(self, before: SoccerMemory, after: SoccerMemory) -> Outcome:
        scored = (after.goals_for - before.goals_for) - (after.goals_against - before.goals_against)
        return Outcome(float(scored), after.phase == OVER, life_lost=False)

    def lives(self, memory: SoccerMemory) -> int:
        """1 until the shoot-out is decided."""
        return int(memory.winner == 0)

    def level(self, memory: SoccerMemory) -> int:
        """Rounds that are over; 5 and more in sudden death."""
        return memory.round

    def feature_vector(self, before: SoccerMemory, memory: SoccerMemory, out: NDArray[np.float32]) -> None:
        write_features(before, memory, out)

    def expert(self) -> Expert[SoccerMemory]:
        from quarterup.games.nekketsu_soccer.expert import NekketsuSoccerExpert

        return NekketsuSoccerExpert()
