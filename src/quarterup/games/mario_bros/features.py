"""The feature vector of Mario Bros.: what is known of Mario, then of the nearest others, then of the floors around him.

Differences of X are taken the short way round the screen, and relative to Mario: what matters is who is above, beside
and below him. What others do is told relative to him, too: `closing` is 1 for who comes nearer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.games.game import Feature
from quarterup.games.mario_bros.memory import (
    A_BUTTON,
    BONUS_COINS,
    COIN,
    FALLING,
    FIREBALL,
    FLOOR_THICK,
    FREEZIE,
    GROUND_Y,
    LEFT,
    PLAYER_TALL,
    RIGHT,
    RISING,
    SCREEN_WIDTH,
    SLOWING,
    START_LIVES,
    Entity,
    MarioMemory,
    around,
    ceiling_above,
    floor_below,
)

NEAREST = 5
"""So many of the others are told of, the nearest first."""
NEAR_PIXELS = 32
"""The unit of the features that end in `near`."""
FAST_PIXELS = 8
"""A step's pixels that count as 1."""
HEIGHT = GROUND_Y
PLACES = (-48, -24, 0, 24, 48)
"""Pixels right of Mario at which floors are told of."""
HEAD_ROOM = PLAYER_TALL + FLOOR_THICK
DOWN_WEIGHT = 2
"""A pixel up or down counts as two sideways when the nearest are chosen."""
POW_HITS = 3
LEVELS = 16
SECONDS = 20
KINDS = (
    ("enemy", "an enemy on its feet: deadly"),
    ("flipped", "an enemy on its back: to be kicked"),
    ("coin", "a coin"),
    ("freezie", "a freezie: deadly, turns a floor to ice"),
    ("fireball", "a fireball: deadly"),
    ("harmless", "in a pipe, or kicked: it touches nobody"),
)
OTHER_FEATURES = (
    ("there", 0, "1 if there is a {nth}"),
    ("dx", -1, "its place right of Mario, in half screens"),
    ("dy", -1, "its feet below his, in heights from ground to top"),
    ("near", -1, "the first of these in units of NEAR_PIXELS"),
    ("level", -1, "the second in units of NEAR_PIXELS"),
    *((name, 0, f"1 for {meaning}") for name, meaning in KINDS),
    ("vx", -1, "its speed to the right"),
    ("closing", -1, "1 it comes nearer sideways, -1 it goes away"),
)
NTH = ("nearest", "second nearest", "third nearest", "fourth nearest", "fifth nearest")

FEATURES = (
    Feature("there", 0, 1, "1 while Mario is there"),
    Feature("x", -1, 1, "where he is: left to right"),
    Feature("y", 0, 1, "height of his feet: ground to top"),
    Feature("vx", -1, 1, "pixels to the right since the step before, of FAST_PIXELS"),
    Feature("vy", -1, 1, "pixels down, of FAST_PIXELS"),
    Feature("rising", 0, 1, "1 on the way up"),
    Feature("falling", 0, 1, "1 on the way down"),
    Feature("facing", -1, 1, "1 right, -1 left"),
    Feature("slowing", 0, 1, "1 while he skids"),
    Feature("jump_held", 0, 1, "1 until the jump button is let go: he jumps once a press"),
    Feature("lives", 0, 1, f"lives, of {START_LIVES}"),
    Feature("level", 0, 1, f"phase, of {LEVELS}"),
    Feature("pow", 0, 1, f"blows left in the POW block, of {POW_HITS}"),
    Feature("shaking", 0, 1, "1 while the picture shakes after one"),
    Feature("bonus_time", 0, 1, f"seconds left of a bonus phase, of {SECONDS}"),
    Feature("coin_dx", -1, 1, "the nearest coin of a bonus phase, right of Mario, in half screens; 0 without one"),
    Feature("coin_dy", -1, 1, "the same below him"),
    Feature("flipped", 0, 1, f"how many lie on their backs, of {NEAREST}"),
    Feature("overhead", 0, 1, "how well an enemy on the floor above is placed to be knocked over: 1 right above"),
    *(
        Feature(f"floor_{place:+d}", 0, 1, f"from his feet down to a floor, {place:+d} pixels right of him")
        for place in PLACES
    ),
    *(
        Feature(f"ceiling_{place:+d}", 0, 1, f"from his head up to a floor, {place:+d} pixels right of him")
        for place in PLACES
    ),
    *(
        Feature(f"{index}_{name}", low, 1, meaning.format(nth=nth))
        for index, nth in enumerate(NTH)
        for name, low, meaning in OTHER_FEATURES
    ),
)
PLAIN_FEATURES = len(FEATURES) - NEAREST * len(OTHER_FEATURES)


def write_features(before: MarioMemory, memory: MarioMemory, out: NDArray[np.float32]) -> None:
    """The features of `memory`, in the order of `FEATURES`; `before` was a step earlier. All 0 while Mario is away."""
    out[:] = 0.0
    values = [0.0] * PLAIN_FEATURES
    values[10:15] = [
        min(memory.lives_left / START_LIVES, 1.0) if memory.lives_left < 0x80 else 0.0,
        min(memory.level_shown / LEVELS, 1.0),
        min(memory.pow_hits / POW_HITS, 1.0),
        float(memory.shake > 0),
        min(memory.bonus_seconds / SECONDS, 1.0),
    ]
    player = memory.player()
    if player is not None:
        others = memory.others()
        past = before.player() or player
        values[:10] = _of_player(player, past, memory.held)
        values[15:17] = _bonus_coin(player, memory)
        values[17] = min(sum(other.flipped for other in others) / NEAREST, 1.0)
        values[18] = max((_overhead(player, other) for other in others), default=0.0)
        values[19:] = _floors(player)
        pasts = {other.slot: other for other in before.others()}
        others.sort(key=lambda other: abs(around(other.x - player.x)) + DOWN_WEIGHT * abs(other.y - player.y))
        for other in others[:NEAREST]:
            values += _of_other(player, other, pasts.get(other.slot))
    out[: len(values)] = values


def _of_player(player: Entity, past: Entity, held: int) -> list[float]:
    return [
        1.0,
        player.x / (SCREEN_WIDTH / 2) - 1.0,
        _unit((GROUND_Y - player.y) / HEIGHT, 0.0),
        _unit(around(player.x - past.x) / FAST_PIXELS),
        _unit((player.y - past.y) / FAST_PIXELS),
        float(player.direction & RISING > 0),
        float(player.direction & FALLING > 0),
        float(player.direction & RIGHT > 0) - float(player.direction & LEFT > 0),
        float(player.direction & SLOWING > 0),
        float(held & A_BUTTON > 0),
    ]


def _of_other(player: Entity, other: Entity, past: Entity | None) -> list[float]:
    dx, dy = around(other.x - player.x), other.y - player.y
    same = past is not None and past.id == other.id
    vx = _unit(around(other.x - past.x) / FAST_PIXELS) if same and past is not None else 0.0
    enemy = other.id not in (COIN, FREEZIE, FIREBALL)
    kinds = (
        enemy and not other.flipped and not other.harmless,
        other.flipped and not other.harmless,
        other.id == COIN and not other.harmless,
        other.id == FREEZIE and not other.harmless,
        other.id == FIREBALL and not other.harmless,
        other.harmless,
    )
    sideways = 0.0 if dx == 0 else -1.0 if dx > 0 else 1.0
    return [
        1.0,
        dx / (SCREEN_WIDTH / 2),
        _unit(dy / HEIGHT),
        _unit(dx / NEAR_PIXELS),
        _unit(dy / NEAR_PIXELS),
        *map(float, kinds),
        vx,
        float(np.sign(vx)) * sideways,
    ]


def _overhead(player: Entity, other: Entity) -> float:
    """1 for an enemy on its feet right above, on the floor that Mario's head would knock against."""
    if not other.dangerous or other.in_air or other.y >= player.y:
        return 0.0
    if ceiling_above(player.x, player.y - PLAYER_TALL) != other.y:
        return 0.0
    return max(1.0 - abs(around(other.x - player.x)) / NEAR_PIXELS, 0.0)


def _bonus_coin(player: Entity, memory: MarioMemory) -> tuple[float, float]:
    there = memory.bonus_coins if memory.bonus_seconds else b""
    places = [place for place, flag in zip(BONUS_COINS, there, strict=False) if flag]
    if not places:
        return 0.0, 0.0
    x, y = min(places, key=lambda place: abs(around(place[0] - player.x)) + DOWN_WEIGHT * abs(place[1] - player.y))
    return around(x - player.x) / (SCREEN_WIDTH / 2), _unit((y - player.y) / HEIGHT)


def _floors(player: Entity) -> list[float]:
    x, y = player.x, player.y
    below = [_unit((floor_below(x + place, y) - y) / HEIGHT, 0.0) for place in PLACES]
    head = y - PLAYER_TALL
    above = [
        _unit((head - ceiling_above(x + place, y - HEAD_ROOM + 1) - FLOOR_THICK) / HEIGHT, 0.0) for place in PLACES
    ]
    return below + above


def _unit(value: float, low: float = -1.0) -> float:
    return min(max(value, low), 1.0)
