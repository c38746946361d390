"""How far it is from one floor of the arena to another, and where to leave the floor on the way.

Levels count from the ground: 0 ground, 1 the two low floors, 2 the middle one, 3 the two at the top. Low and top floors
go on beyond the sides of the screen, and have their gap in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

from quarterup.games.mario_bros.memory import LOW_Y, MIDDLE_Y, SCREEN_WIDTH, STUB_Y, TOP_Y, around

GROUND, LOW, MIDDLE, TOP = 0, 1, 2, 3
UP_COST, DOWN_COST = 60, 30
"""Pixels of walking that a jump up to the next level, and a drop to the one below, are worth."""


@dataclass(frozen=True)
class Way:
    """A place to leave a level, and where one comes out on the next."""

    leave_x: int
    arrive_x: int


WAYS_UP = {
    GROUND: (Way(104, 90), Way(151, 165)),
    LOW: (Way(56, 70), Way(199, 185)),
    MIDDLE: (Way(117, 104), Way(138, 151)),
}
"""Jumps through a gap, onto the floor beside it."""
WAYS_DOWN = {
    LOW: (Way(102, 108), Way(153, 147)),
    MIDDLE: (Way(58, 52), Way(197, 203)),
    TOP: (Way(116, 120), Way(139, 135)),
}


def level_of(y: float) -> int:
    """Which level feet at Y are on, or above."""
    if y <= TOP_Y:
        return TOP
    if y <= STUB_Y:
        return MIDDLE
    return LOW if y <= LOW_Y else GROUND


def along(level: int, start: float, goal: float) -> float:
    """Pixels from one X to another on the same level, without leaving it."""
    if level == GROUND:
        return abs(around(round(goal - start)))
    if level == MIDDLE:
        return abs(goal - start)
    # Round the screen, never over the gap in the middle: as a line it begins right of the gap.
    half = SCREEN_WIDTH // 2
    return abs((goal - half) % SCREEN_WIDTH - (start - half) % SCREEN_WIDTH)


def cost(level: int, x: float, goal_level: int, goal_x: float) -> float:
    """About how many pixels of walking it takes from one place to another."""
    if level == goal_level:
        return along(level, x, goal_x)
    up = goal_level > level
    ways, step, toll = (WAYS_UP, 1, UP_COST) if up else (WAYS_DOWN, -1, DOWN_COST)
    return toll + min(
        along(level, x, way.leave_x) + cost(level + step, way.arrive_x, goal_level, goal_x) for way in ways[level]
    )


def height_of(level: int) -> int:
    return (208, LOW_Y, MIDDLE_Y, TOP_Y)[level]
