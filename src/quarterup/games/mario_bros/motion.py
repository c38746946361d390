"""How Mario and the others will move: the rule-based player looks ahead with it. Compiled.

Speeds are pixels a frame, fitted to the stand-in. Time goes in ticks of two frames. A body is five numbers: X, Y, speed
to the right, speed down, and 1 in the air. A path is a row for each tick: X, Y, and 1 for who stands on a floor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled
from quarterup.games.mario_bros.memory import FLOOR_THICK, FLOORS, GROUND_Y, SCREEN_WIDTH

Floats = NDArray[np.float64]

BODY_X, BODY_Y, BODY_VX, BODY_VY, BODY_AIR = range(5)
TICK = 2
"""Frames."""
TOP_SPEED = 304 / 256
WALK, BRAKE, SLIDE, STEER = 13 / 256, 18 / 256, 9 / 256, 4 / 256
"""Speed won or lost a frame: walking, turning, without a button, in the air."""
JUMP_SPEED = -1008 / 256
GRAVITY = 36 / 256
FASTEST_FALL = 3.0
HEAD = 22
KNOCKED_DOWN = 96 / 256
"""Speed down after the head has knocked against something."""
FOOT = 4
HIT_REACH = 15
"""A knock is felt this far left and right."""
TOUCH_X = 13
TOUCH_BELOW, TOUCH_ABOVE = 20, 12
"""Mario's feet this far below or above another's touch it; with two pixels of caution, as TOUCH_X."""
FIREBALL_SIDE, FIREBALL_TOP = 10, 48
"""Where a bouncing fireball turns."""
POW_LEFT, POW_RIGHT, POW_TOP, POW_TALL = 120, 135, 160, 16
NOTHING = -1
"""What a tick returns in which nothing was knocked against."""

SOLID = np.zeros((256 // FLOOR_THICK, SCREEN_WIDTH), np.bool_)
"""By Y over 8 and X: where a floor has its upper edge."""
for _top, _pieces in FLOORS:
    for _first, _last in _pieces:
        SOLID[_top // FLOOR_THICK, _first : _last + 1] = True


@compiled
def stands(x: float, y: float, pow_block: bool) -> bool:
    """Whether feet at X, and at the upper edge of a tile, have a floor under them."""
    if y >= GROUND_Y:
        return True
    if pow_block and y == POW_TOP and POW_LEFT - FOOT <= x <= POW_RIGHT + FOOT:
        return True
    row, column = int(y) // FLOOR_THICK, int(x)
    on_edge = int(y) % FLOOR_THICK == 0
    return on_edge and (SOLID[row, (column - FOOT) % SCREEN_WIDTH] or SOLID[row, (column + FOOT) % SCREEN_WIDTH])


@compiled
def advance(body: Floats, direction: int, jump: bool, pow_block: bool) -> int:
    """A tick on. Returns Y of the floor that Mario's head knocked against, or NOTHING."""
    knocked = NOTHING
    for frame in range(TICK):
        vx = body[BODY_VX]
        if body[BODY_AIR] == 0.0:
            if direction:
                vx += direction * (WALK if vx * direction >= 0 else BRAKE)
            elif abs(vx) <= SLIDE:
                vx = 0.0
            else:
                vx -= SLIDE if vx > 0 else -SLIDE
            if jump and frame == 0:
                body[BODY_AIR], body[BODY_VY] = 1.0, JUMP_SPEED
        else:
            vx += direction * STEER
        body[BODY_VX] = vx = min(max(vx, -TOP_SPEED), TOP_SPEED)
        body[BODY_X] = (body[BODY_X] + vx) % SCREEN_WIDTH
        if body[BODY_AIR] == 0.0:
            if not stands(body[BODY_X], body[BODY_Y], pow_block):
                body[BODY_AIR], body[BODY_VY] = 1.0, 0.0
        elif not (jump and frame == 0):
            met = _fly(body, pow_block)
            knocked = met if met != NOTHING else knocked
    return knocked


@compiled
def _fly(body: Floats, pow_block: bool) -> int:
    old = body[BODY_Y]
    body[BODY_VY] = min(body[BODY_VY] + GRAVITY, FASTEST_FALL)
    body[BODY_Y] = y = old + body[BODY_VY]
    if body[BODY_VY] < 0.0:
        return _knock(body, pow_block)
    edge = int(y) // FLOOR_THICK * FLOOR_THICK
    if edge >= int(old) and stands(body[BODY_X], edge, pow_block):
        body[BODY_Y], body[BODY_VY], body[BODY_AIR] = edge, 0.0, 0.0
    return NOTHING


@compiled
def _knock(body: Floats, pow_block: bool) -> int:
    head, x = body[BODY_Y] - HEAD, body[BODY_X]
    if pow_block and POW_LEFT - 5 <= x <= POW_RIGHT + 5 and POW_TOP <= head < POW_TOP + POW_TALL:
        body[BODY_VY] = KNOCKED_DOWN
        return POW_TOP
    edge = int(max(head, 0.0)) // FLOOR_THICK * FLOOR_THICK
    if edge < GROUND_Y and stands(x, edge, False):
        body[BODY_Y], body[BODY_VY] = edge + FLOOR_THICK + HEAD, KNOCKED_DOWN
        return edge
    return NOTHING


@compiled
def walk(x: float, y: float, vx: float, vy: float, falls: bool, path: Floats) -> None:
    """Where somebody who walks will be; who loses the floor falls."""
    for tick in range(len(path)):
        for _ in range(TICK):
            x = (x + vx) % SCREEN_WIDTH
            if falls:
                old = y
                vy = min(vy + GRAVITY, FASTEST_FALL)
                y += vy
                edge = int(y) // FLOOR_THICK * FLOOR_THICK
                if vy > 0.0 and edge >= int(old) and stands(x, edge, False):
                    y, falls = float(edge), False
            elif not stands(x, y, False):
                falls, vy = True, 0.0
        path[tick, 0], path[tick, 1], path[tick, 2] = x, y, 0.0 if falls else 1.0


@compiled
def fly(x: float, y: float, vx: float, vy: float, path: Floats) -> None:
    """Where a fireball will be that bounces off the ground, off the top and off the sides."""
    for tick in range(len(path)):
        x, y = x + vx * TICK, y + vy * TICK
        if (x < FIREBALL_SIDE and vx < 0) or (x > SCREEN_WIDTH - FIREBALL_SIDE and vx > 0):
            vx = -vx
        if (y < FIREBALL_TOP and vy < 0) or (y > GROUND_Y and vy > 0):
            vy = -vy
        path[tick, 0], path[tick, 1], path[tick, 2] = x, y, 0.0


@compiled
def distance(body: Floats, x: float, y: float, more: float) -> float:
    """By how many pixels Mario, there, would miss somebody at X, Y; 0 if he touches him. `more` pixels further up or
    down are counted to the other."""
    below = body[BODY_Y] - y
    beside = abs((body[BODY_X] - x + SCREEN_WIDTH / 2) % SCREEN_WIDTH - SCREEN_WIDTH / 2)
    misses: float = max(beside - TOUCH_X, below - TOUCH_BELOW - more, -TOUCH_ABOVE - more - below, 0.0)
    return misses
