"""A rule-based player of the penalty shoot-out.

Kicking, it runs aside against the wind, which the keeper mostly follows, and then shoots where he does not lean; past
a keeper who stands it shoots hard, to the side where there is more room. Keeping goal, it works out where the shot will
arrive, and walks there if there is time, else dives.
"""

from __future__ import annotations

from quarterup.games.nekketsu_soccer.memory import (
    CENTRE_Y,
    DIVE_PIXELS,
    FLIGHT,
    KEEPER_REACH,
    LEANS,
    PLAYER,
    RUNUP,
    STANDS,
    SoccerMemory,
    arrival,
    arrival_y,
)

NONE, RUN, RUN_FAR, RUN_NEAR = 0, 1, 2, 3
SHOOT_FAR, SHOOT_NEAR = 5, 6
BLOCK = 7
POWER_FAR, POWER_NEAR = 10, 11
"""Indices of the game's actions. For a keeper the same are steps and dives to that side."""

KICK_FROM_X, KICK_BEFORE_X = 92, 102
"""The ball is met well in what follows of the step."""
STANDING_REACH = 8
DIVE_SPEED = 2.5
CROUCH_FRAMES = 3
SHORTEST_DIVE = DIVE_PIXELS - KEEPER_REACH + 2
"""A dive's length is fixed: to something nearer it would go past."""
SHIFT_PIXELS = 6
"""So far it steps to the side that the computer's run leans to, before the kick."""


class NekketsuSoccerExpert:
    """Remembers the step before, which shows how the ball bends."""

    def __init__(self) -> None:
        self._before: SoccerMemory | None = None

    def reset(self) -> None:
        self._before = None

    def act(self, memory: SoccerMemory) -> int:
        before, self._before = self._before or memory, memory
        if memory.phase not in (RUNUP, FLIGHT):
            return NONE
        if memory.who_kicks == PLAYER:
            return _kick(memory) if memory.phase == RUNUP else NONE
        return _keep(before, memory)


def _kick(memory: SoccerMemory) -> int:
    if not KICK_FROM_X <= memory.kicker_x < KICK_BEFORE_X:
        return _run(memory.wind)
    if memory.keeper_state == LEANS:
        return SHOOT_NEAR if memory.keeper_side < 0 else SHOOT_FAR
    return POWER_NEAR if memory.keeper_y < CENTRE_Y else POWER_FAR


def _run(wind: int) -> int:
    """Aside, against the wind: both posts can then be aimed at without shooting past them."""
    if wind == 0:
        return RUN
    return RUN_NEAR if wind < 0 else RUN_FAR


def _keep(before: SoccerMemory, memory: SoccerMemory) -> int:
    if memory.keeper_state != STANDS:
        return NONE
    here = memory.keeper_y - CENTRE_Y
    if memory.phase == RUNUP:
        return _step_towards(SHIFT_PIXELS * memory.kicker_lean - here, 2)
    misses = arrival_y(before, memory) - here
    frames = arrival(memory)
    if abs(misses) - STANDING_REACH <= frames or abs(misses) < SHORTEST_DIVE:
        return _step_towards(misses, 3)
    hurried = CROUCH_FRAMES + (abs(misses) - KEEPER_REACH) / DIVE_SPEED > frames
    if misses < 0:
        return POWER_FAR if hurried else SHOOT_FAR
    return POWER_NEAR if hurried else SHOOT_NEAR


def _step_towards(pixels: float, tolerance: float) -> int:
    if abs(pixels) <= tolerance:
        return NONE
    return RUN_FAR if pixels < 0 else RUN_NEAR
