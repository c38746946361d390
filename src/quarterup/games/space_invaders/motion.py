"""Where the rack will be. Compiled, for the features; the rule-based player calls it too."""

from __future__ import annotations

from quarterup.compiled import compiled
from quarterup.games.space_invaders.memory import CELL, WALL_LEFT, WALL_RIGHT

STEP_PIXELS = 2
"""A living enemy a frame takes such a step, one after the other."""
LAST_STEP_PIXELS = 3
"""The last enemy's steps to the right."""


@compiled
def rack_origin(rack_x: int, first: int) -> int:
    """The X of column 0, below 0 where it has left the screen, from the byte in memory and the first living column."""
    return rack_x - 0x100 if rack_x + CELL * first > 0xFF else rack_x


@compiled
def drift(left: float, right: float, goes_left: bool, enemies: int, frames: float) -> float:
    """How far to the right the rack walks in `frames`, turning at the walls; `left` and `right` are its edges in X."""
    pace_left = STEP_PIXELS / enemies
    pace_right = LAST_STEP_PIXELS if enemies == 1 else pace_left
    if goes_left:
        turn = max(left - WALL_LEFT, 0) / pace_left
        return -pace_left * frames if frames <= turn else -pace_left * turn + pace_right * (frames - turn)
    turn = max(WALL_RIGHT - right, 0) / pace_right
    return pace_right * frames if frames <= turn else pace_right * turn - pace_left * (frames - turn)
