"""What a second of Mario's life would bring: the rule-based player tries its moves in here. Compiled.

A move is followed for a few ticks, then the best of all moves after it: so that a step is not refused for a danger
that the next one avoids. Touching somebody deadly is the worst, the sooner the worse; kicking, coins and knocking an
enemy over count for a move; and then, who ends nearer to the goal wins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled
from quarterup.games.mario_bros.memory import SCREEN_WIDTH
from quarterup.games.mario_bros.motion import (
    BODY_AIR,
    BODY_X,
    BODY_Y,
    HIT_REACH,
    NOTHING,
    POW_LEFT,
    POW_RIGHT,
    POW_TOP,
    Floats,
    advance,
    distance,
)
from quarterup.games.mario_bros.routes import DOWN, UP, WAY_X, along, level_of


class Others(NamedTuple):
    """Everybody but Mario who can be touched, a row each."""

    paths: Floats
    """[other, tick] X, Y, and 1 for who stands on a floor."""
    kinds: NDArray[np.int64]
    """DEADLY, TOUGH, LYING or TAKEN."""
    rises: NDArray[np.int64]
    """From which tick on those that lie are deadly again."""
    more: Floats
    """How many pixels higher or lower than expected they may be."""


class Aim(NamedTuple):
    """Where Mario wants to go."""

    level: int
    """NOWHERE: he only wants to live."""
    x: float
    rest: Floats
    """[level, way] what is left of the way from there, see `routes.py`."""


NOWHERE = -1
Bools = NDArray[np.bool_]

DEADLY, TOUGH, LYING, TAKEN = range(4)
"""What others are: deadly until knocked over, deadly even then, to be kicked, to be taken."""
HORIZON_TICKS = 36
FIRST_TICKS = (4, 10)
"""So long the first move may last; the second one takes the rest."""
DEATH, DEATH_LATER = 20_000.0, 300.0
KICK, TAKE, KNOCK, KNOCK_UP = 3_000.0, 2_000.0, 1_200.0, -1_500.0
POW_COST = 2_600.0
"""A blow of the POW block is worth more than two enemies knocked over."""
SOONER = 20.0
"""What a tick of delay costs any of these."""
NEAR, NEAR_COST = 12.0, 80.0
"""A tick spent this near to somebody deadly costs, up to so much: not all goes as imagined."""
JUMP_COST = 40.0
"""A jump that brings nothing is not made."""


@compiled
def best_move(body: Floats, can_jump: bool, others: Others, aim: Aim, pow_block: bool) -> tuple[int, float]:
    """The move, 0 to 2 for stay, left, right, plus 3 with a jump, and what it is worth."""
    best, best_worth = 0, -np.inf
    gone = np.zeros(len(others.paths), np.bool_)
    for first_ticks in FIRST_TICKS:
        for move in range(6 if can_jump else 3):
            start = body.copy()
            gone[:] = False
            worth, alive = _follow(start, move, 0, first_ticks, others, gone, pow_block)
            if alive:
                best_end = -np.inf
                for then in range(3 if start[BODY_AIR] else 6):
                    best_end = max(best_end, _end(start, then, first_ticks, others, gone, aim, pow_block))
                worth += best_end
            if worth > best_worth:
                best, best_worth = move, worth
    return best, best_worth


@compiled
def direction_of(move: int) -> int:
    """-1 left, 1 right, 0 neither."""
    return (0, -1, 1)[move % 3]


@compiled
def _end(start: Floats, move: int, first: int, others: Others, gone: Bools, aim: Aim, pow_block: bool) -> float:
    """What the second move brings, and how far from the goal it ends."""
    body = start.copy()
    worth, alive = _follow(body, move, first, HORIZON_TICKS, others, gone.copy(), pow_block)
    if not alive or aim.level == NOWHERE:
        return worth
    level, x = level_of(body[BODY_X], body[BODY_Y]), body[BODY_X]
    if level == aim.level:
        return worth - along(level, x, aim.x)
    way = UP if aim.level > level else DOWN
    one: float = along(level, x, WAY_X[level, way, 0]) + aim.rest[level, 0]
    other: float = along(level, x, WAY_X[level, way, 1]) + aim.rest[level, 1]
    return worth - min(one, other)


@compiled
def _follow(
    body: Floats, move: int, first: int, last: int, others: Others, gone: Bools, pow_block: bool
) -> tuple[float, bool]:
    """Move `body` on; what that is worth, and whether it lives. Who is kicked, taken or knocked over is `gone`."""
    jump = move >= 3
    worth = -JUMP_COST if jump else 0.0
    for tick in range(first, last):
        knocked = advance(body, direction_of(move), jump and tick == first, pow_block)
        if knocked != NOTHING:
            worth += _knock(body[BODY_X], knocked, tick, others, gone, pow_block)
        for other in range(len(gone)):
            if gone[other]:
                continue
            misses = distance(body, others.paths[other, tick, 0], others.paths[other, tick, 1], others.more[other])
            kind = others.kinds[other]
            deadly = kind <= TOUGH or (kind == LYING and tick >= others.rises[other])
            if deadly and misses < NEAR:
                if misses == 0.0:
                    return worth - DEATH + DEATH_LATER * tick, False
                worth -= NEAR_COST * (1.0 - misses / NEAR)
            elif not deadly and misses == 0.0:
                gone[other] = True
                worth += (TAKE if kind == TAKEN else KICK) - SOONER * tick
    return worth, True


@compiled
def _knock(x: float, y: int, tick: int, others: Others, gone: Bools, pow_block: bool) -> float:
    """What knocking against a floor, or against the POW block, there is worth."""
    everywhere = pow_block and y == POW_TOP and POW_LEFT - 5 <= x <= POW_RIGHT + 5
    worth = -POW_COST if everywhere else 0.0
    for other in range(len(gone)):
        beside = abs((others.paths[other, tick, 0] - x + SCREEN_WIDTH / 2) % SCREEN_WIDTH - SCREEN_WIDTH / 2)
        hit = everywhere or (others.paths[other, tick, 1] == y and beside < HIT_REACH)
        if gone[other] or not hit or others.paths[other, tick, 2] == 0.0:
            continue
        if others.kinds[other] == LYING:
            worth += KNOCK_UP
            continue
        worth += KNOCK - SOONER * tick
        gone[other] = others.kinds[other] != TOUGH
    return worth
