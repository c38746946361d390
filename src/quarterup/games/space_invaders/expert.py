"""A rule-based player of Space Invaders: it looks a second ahead for shots, and aims where the enemies will be.

Dodging: every enemy shot in the air falls at a known speed, so for each moment of the next second it is known which
places of the gun are hit. Going backwards from the end of that second, `survival` counts for each place how many of the
coming steps can be lived through from there, moving left, right or not at all. Only moves on which that count is the
highest are considered. Among them the one is taken that brings the gun nearer to its target.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.games.space_invaders.memory import (
    ALIVE,
    BONUS_STEPS_A_FRAME,
    BONUS_Y,
    CELL,
    COLUMNS,
    FAST_FROM_ENEMIES,
    FAST_SHOT_SPEED,
    GUN_BOTTOM,
    GUN_CENTRE,
    GUN_LEFTMOST,
    GUN_RIGHTMOST,
    GUN_SPEED,
    GUN_TOP,
    PLAYER_SHOT_SPEED,
    SHOT_CENTRE,
    SHOT_SPEED,
    SHOT_X,
    SHOT_Y,
    X_OFFSET,
    InvadersMemory,
    in_flight,
    lowest_rows,
)
from quarterup.games.space_invaders.motion import drift, rack_origin

STAY, LEFT, RIGHT = 0, 1, 2
FIRE = 3
"""Added to a move, it also fires."""
STEP_FRAMES = 4
HORIZON_STEPS = 20
PLACES = GUN_RIGHTMOST - GUN_LEFTMOST + 1
GUN_HALF_WIDTH = 10
"""Half the gun, half the shot and two pixels of caution."""
SHOT_MOVE = 5
"""Pixels a shot may be further than its mean speed tells."""
HIT_PIXELS = 4
"""An enemy is at least 8 pixels wide: aimed this well a shot hits."""
ROW_WEIGHT = 12.0
"""How many pixels nearer an enemy must be for each row that it is higher."""
BONUS_PIXELS = 60
"""The bonus ship is worth going this far for."""
LOW_RACK_Y = 0x50
"""From here on the lowest row comes first, wherever it is."""


class SpaceInvadersExpert:
    """Plays on the decoded memory, without a memory of its own."""

    def reset(self) -> None:
        """Nothing is remembered from step to step."""

    def act(self, memory: InvadersMemory) -> int:
        if memory.gun != ALIVE:
            return STAY
        place = min(max(memory.gun_x - GUN_LEFTMOST, 0), PLACES - 1)
        targets = _targets(memory)
        barrel = memory.gun_x + GUN_CENTRE
        goal = min(targets, key=lambda target: abs(target[0] - barrel) + target[1], default=(float(barrel), 0.0))[0]
        move = _safest_move(_survival(memory), place, goal - barrel)
        aimed = any(abs(target - barrel) <= HIT_PIXELS for target, _ in targets)
        return move + FIRE if aimed and memory.shot_status == 0 and not _covered(memory, barrel) else move


def _survival(memory: InvadersMemory) -> NDArray[np.int32]:
    """For each place of the gun one step from now, how many steps of the horizon can be survived from there."""
    hit = np.zeros((HORIZON_STEPS + 1, PLACES), np.bool_)
    speed = FAST_SHOT_SPEED if memory.enemies_left <= FAST_FROM_ENEMIES else SHOT_SPEED
    for shot in memory.enemy_shots():
        if not in_flight(shot):
            continue
        y, centre = shot[SHOT_Y], shot[SHOT_X] + SHOT_CENTRE
        arrives = (y - GUN_TOP - SHOT_MOVE) / speed / STEP_FRAMES
        passes = (y - GUN_BOTTOM + SHOT_MOVE) / speed / STEP_FRAMES
        first, last = max(int(arrives), 0), int(passes) + 1
        if last <= 0 or first > HORIZON_STEPS:
            continue
        left = max(centre - GUN_HALF_WIDTH - GUN_CENTRE - GUN_LEFTMOST, 0)
        right = max(centre + GUN_HALF_WIDTH - GUN_CENTRE - GUN_LEFTMOST, 0)
        hit[first : last + 1, left:right] = True
    survival = np.zeros(PLACES, np.int32)
    reach = STEP_FRAMES * GUN_SPEED
    for step in range(HORIZON_STEPS, 0, -1):
        best = survival.copy()
        np.maximum(best[reach:], survival[:-reach], out=best[reach:])
        np.maximum(best[:-reach], survival[reach:], out=best[:-reach])
        survival = np.where(hit[step], 0, best + 1)
    return survival


def _safest_move(survival: NDArray[np.int32], place: int, wish: float) -> int:
    """The move with the longest life; among equals the one towards `wish` (pixels to the right)."""
    reach = STEP_FRAMES * GUN_SPEED
    options = []
    for move, shift in ((STAY, 0), (LEFT, -reach), (RIGHT, reach)):
        there = min(max(place + shift, 0), PLACES - 1)
        options.append((-int(survival[there]), abs(wish - (there - place)), move))
    return min(options)[2]


def _targets(memory: InvadersMemory) -> list[tuple[float, float]]:
    """Places on the X axis where a shot fired from there now would hit something, each with a handicap in pixels."""
    rows = lowest_rows(memory.enemies)
    columns = [column for column in range(COLUMNS) if rows[column] >= 0]
    if not columns:
        return []
    origin = rack_origin(memory.rack_x, columns[0])
    left, right = origin + CELL * columns[0], origin + CELL * (columns[-1] + 1)
    lowest = min(rows[column] for column in columns)
    pressing = memory.rack_y + CELL * lowest <= LOW_RACK_Y
    targets = []
    for column in columns:
        if pressing and rows[column] > lowest:
            continue
        rise = max(memory.rack_y + CELL * rows[column] - GUN_TOP, 0)
        later = drift(left, right, bool(memory.rack_goes_left), max(memory.enemies_left, 1), rise / PLAYER_SHOT_SPEED)
        targets.append((origin + CELL * column + CELL / 2 + later, ROW_WEIGHT * (rows[column] - lowest)))
    if memory.bonus_active and not memory.bonus_hit:
        flight = (BONUS_Y - GUN_TOP) / PLAYER_SHOT_SPEED
        x = memory.bonus_x + GUN_CENTRE + memory.bonus_step * BONUS_STEPS_A_FRAME * flight
        targets.append((x, -BONUS_PIXELS if not pressing else 0.0))
    return targets


def _covered(memory: InvadersMemory, barrel: int) -> bool:
    """Whether a shield stands right above the barrel."""
    column = barrel - X_OFFSET
    return bool(memory.shields_low[column] or memory.shields_high[column])
