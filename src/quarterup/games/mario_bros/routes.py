"""How far it is from one floor of the arena to another, and where to leave the floor on the way.

Levels count from the ground: 0 ground, 1 the two low floors, 2 the middle one, 3 the two at the top. Low and top floors
go on beyond the sides of the screen, and have their gap in the middle. From each level there are two ways up, jumps
through a gap onto the floor beside it, and two ways down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled
from quarterup.games.mario_bros.memory import LOW_Y, MIDDLE_Y, SCREEN_WIDTH, STUB_Y, TOP_Y

GROUND, LOW, MIDDLE, TOP = 0, 1, 2, 3
LEVEL_Y = (208, LOW_Y, MIDDLE_Y, TOP_Y)
UP_COST, DOWN_COST = 60, 30
"""Pixels of walking that a jump up to the next level, and a drop to the one below, are worth."""
UP, DOWN = 0, 1
WAY_X = np.array(
    [
        [[104, 151], [0, 0]],
        [[56, 199], [102, 153]],
        [[117, 138], [58, 197]],
        [[0, 0], [116, 139]],
    ],
    np.float64,
)
"""Level, UP or DOWN, which of the two: where to leave,"""
ARRIVE_X = np.array(
    [
        [[90, 165], [0, 0]],
        [[70, 185], [108, 147]],
        [[104, 151], [52, 203]],
        [[0, 0], [120, 135]],
    ],
    np.float64,
)
"""and where one comes out on the next level."""


GAP_LEFT, GAP_RIGHT = 100, 155
"""Between these a place at the height of the low floors, on the POW block say, is as good as one on the ground."""


@compiled
def level_of(x: float, y: float) -> int:
    """Which level feet at X, Y are on, or above."""
    if y <= TOP_Y:
        return TOP
    if y <= STUB_Y:
        return MIDDLE
    return LOW if y <= LOW_Y and not GAP_LEFT <= x <= GAP_RIGHT else GROUND


@compiled
def along(level: int, start: float, goal: float) -> float:
    """Pixels from one X to another on the same level, without leaving it."""
    half = SCREEN_WIDTH / 2
    if level == GROUND:
        return abs((goal - start + half) % SCREEN_WIDTH - half)
    if level == MIDDLE:
        return abs(goal - start)
    # Round the screen, never over the gap in the middle: as a line it begins right of the gap.
    return abs((goal - half) % SCREEN_WIDTH - (start - half) % SCREEN_WIDTH)


def cost(level: int, x: float, goal_level: int, goal_x: float) -> float:
    """About how many pixels of walking it takes from one place to another."""
    if level == goal_level:
        return along(level, x, goal_x)
    way = UP if goal_level > level else DOWN
    return min(along(level, x, WAY_X[level, way, which]) + left(level, which, goal_level, goal_x) for which in (0, 1))


def left(level: int, which: int, goal_level: int, goal_x: float) -> float:
    """What is left of the way once a level is left by one of its two ways."""
    way, toll = (UP, UP_COST) if goal_level > level else (DOWN, DOWN_COST)
    return toll + cost(level + 1 - 2 * way, ARRIVE_X[level, way, which], goal_level, goal_x)


def all_left(goal_level: int, goal_x: float) -> NDArray[np.float64]:
    """`left` for every level and both of its ways; 0 on the goal's own."""
    rest = np.zeros((len(LEVEL_Y), 2))
    for level in range(len(LEVEL_Y)):
        for which in (0, 1):
            rest[level, which] = left(level, which, goal_level, goal_x) if level != goal_level else 0.0
    return rest
