"""The feature vector of Space Invaders: what each number is, and a compiled function that writes them all.

In this game single pixels decide, and it is the place relative to the gun that counts. So beside the plain facts there
are profiles: rows of numbers for places left and right of the barrel, which tell what a shot from there would hit, what
is about to hit there, and how much shield stands there. A thing between two places shows in both, in proportion, so
that its exact place is not lost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled
from quarterup.games.game import Feature
from quarterup.games.space_invaders.memory import (
    ALIVE,
    BONUS_STEPS_A_FRAME,
    BONUS_Y,
    CELL,
    COLUMNS,
    ENEMIES,
    FAST_FROM_ENEMIES,
    FAST_SHOT_SPEED,
    GUN_BOTTOM,
    GUN_CENTRE,
    GUN_LEFTMOST,
    GUN_RIGHTMOST,
    GUN_TOP,
    IN_FLIGHT,
    PLAYER_SHOT_SPEED,
    ROWS,
    SCREEN_HEIGHT,
    SCREEN_WIDTH,
    SHOT_CENTRE,
    SHOT_FLYING,
    SHOT_SPEED,
    SHOT_X,
    SHOT_Y,
    X_OFFSET,
    InvadersMemory,
)
from quarterup.games.space_invaders.motion import drift, rack_origin

NEAR_PIXELS = 24
"""The unit of the features that end in `near`."""
QUARTERS = 4
QUARTER = SCREEN_WIDTH // QUARTERS
SHIELD_PIXELS = 300
"""About what a whole shield has, 22 by 16 less its corners and its arch."""
ENEMY_TALL = 8
SHOT_AIM_PIXELS = 16
"""So far from an enemy's middle the flying shot's aim counts as nothing."""

TARGETS = tuple(range(-80, 81, 8))
"""Places of the `target` profile, in pixels right of the barrel; every profile's are equally far apart."""
HEIGHTS = tuple(range(-64, 65, CELL))
THREATS = tuple(range(-30, 31, 6))
COVERS = tuple(range(-24, 25, 8))
THREAT_REACH, THREAT_SOFT = 14, 6
"""A shot this far from the barrel hits nothing; nearer by `THREAT_SOFT` it hits for sure: the gun is 16 wide."""
THREAT_FRAMES = 80
"""Shots that take longer to arrive do not count yet."""
COVER_SIDE = 2
"""Columns left and right of a place that count for its shield,"""
COVER_PIXELS = (2 * COVER_SIDE + 1) * 16
"""and their pixels when it is whole."""

FEATURES = (
    Feature("gun_x", -1, 1, "where the gun is: left end to right end"),
    Feature("gun_ready", 0, 1, "1 while the gun can move"),
    Feature("fire_held", 0, 1, "1 until the fire button is let go: it fires once a press"),
    Feature("shot_flying", 0, 1, "1 while the player's shot is in the air"),
    Feature("shot_free", 0, 1, "1 while a shot can be fired"),
    Feature("shot_dx", -1, 1, "player's shot right of the gun, in screen widths; 0 without a shot"),
    Feature("shot_y", 0, 1, "height of the player's shot; 0 without a shot"),
    Feature("shot_aim", 0, 1, "how well it is aimed: 1 at the middle of an enemy, 0 past all; 0 without a shot"),
    Feature("rack_left", -1, 1, "left edge of the leftmost living column, over the screen"),
    Feature("rack_right", -1, 1, "right edge of the rightmost living column"),
    Feature("rack_bottom", 0, 1, "height of the lowest living enemy above the gun's line"),
    Feature("rack_direction", -1, 1, "1 right, -1 left"),
    Feature("rack_pace", 0, 1, "square root of 1 / enemies left: the rack's speed"),
    Feature("enemies_left", 0, 1, "enemies left of 55"),
    *(
        Feature(f"column_{column}", 0, 1, f"height of the lowest enemy in column {column}; 0 when it is empty")
        for column in range(COLUMNS)
    ),
    *(
        Feature(f"{kind}_{what}", low, 1, meaning)
        for kind in ("rolling", "plunger", "squiggly")
        for what, low, meaning in (
            ("flying", 0, f"1 while the {kind} shot falls"),
            ("dx", -1, "its place right of the gun, in half screen widths; 0 without a shot"),
            ("near", -1, "the same in units of NEAR_PIXELS"),
            ("y", 0, "its height above the gun's line; 0 without a shot"),
        )
    ),
    Feature("bonus_active", 0, 1, "1 while the bonus ship crosses"),
    Feature("bonus_dx", -1, 1, "its place right of the gun, in screen widths; 0 without it"),
    Feature("bonus_direction", -1, 1, "1 right, -1 left, 0 without it"),
    Feature("bonus_near", -1, 1, "where it will be when a shot fired now arrives, in units of NEAR_PIXELS"),
    *(
        Feature(f"shield_{quarter}", 0, 1, f"what is left of the shield in quarter {quarter} of the screen")
        for quarter in range(QUARTERS)
    ),
    Feature("ships", 0, 1, "ships left, the one in play too, of 4"),
    Feature("wave", 0, 1, "wave of 8"),
    *(
        Feature(f"target_{place:+d}", 0, 1, f"how well a shot is aimed that is fired {place:+d} pixels right of here")
        for place in TARGETS
    ),
    *(
        Feature(f"height_{place:+d}", 0, 1, "nearness to the ground of the enemy that it would hit; 0 for none")
        for place in HEIGHTS
    ),
    *(
        Feature(f"threat_{place:+d}", 0, 1, f"how soon a shot comes down {place:+d} pixels right of here; 0 for none")
        for place in THREATS
    ),
    *(
        Feature(f"cover_{place:+d}", 0, 1, f"how much shield stands {place:+d} pixels right of the barrel")
        for place in COVERS
    ),
)
LOWS = np.array([feature.low for feature in FEATURES], np.float32)

GUN_WAIT, GUN, GUN_X, GUN_MOVES, THINGS_MOVE = (
    InvadersMemory.gun_wait.offset,
    InvadersMemory.gun.offset,
    InvadersMemory.gun_x.offset,
    InvadersMemory.gun_moves.offset,
    InvadersMemory.things_move.offset,
)
FIRE_HELD, SHOT_STATUS = InvadersMemory.fire_held.offset, InvadersMemory.shot_status.offset
OWN_SHOT_X, OWN_SHOT_Y = InvadersMemory.shot_x.offset, InvadersMemory.shot_y.offset
RACK_X, RACK_Y = InvadersMemory.rack_x.offset, InvadersMemory.rack_y.offset
RACK_GOES_LEFT, ENEMIES_LEFT = InvadersMemory.rack_goes_left.offset, InvadersMemory.enemies_left.offset
ENEMY_FLAGS = InvadersMemory.enemies.offset
ENEMY_SHOTS = (InvadersMemory.rolling.offset, InvadersMemory.plunger.offset, InvadersMemory.squiggly.offset)
BONUS_ACTIVE, BONUS_HIT = InvadersMemory.bonus_active.offset, InvadersMemory.bonus_hit.offset
BONUS_X, BONUS_STEP = InvadersMemory.bonus_x.offset, InvadersMemory.bonus_step.offset
IN_GAME, SHIPS, WAVE = InvadersMemory.in_game.offset, InvadersMemory.ships.offset, InvadersMemory.wave.offset
SHIELDS_LOW, SHIELDS_HIGH = InvadersMemory.shields_low.offset, InvadersMemory.shields_high.offset


class Rack(NamedTuple):
    """The enemies, as far as they matter: X of column 0, Y of row 0, edges of what lives, direction, number, rows."""

    x: int
    y: int
    left: int
    right: int
    bottom: int
    goes_left: bool
    enemies: int
    rows: NDArray[np.int64]
    """For each column the lowest row with a living enemy, or -1."""


@compiled
def write_features(data: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Write the numbers of `FEATURES` into `out`. `data` is the memory as `InvadersMemory` watches it."""
    barrel = _byte(data, GUN_X) + GUN_CENTRE
    rack = _rack(data)
    at = _write_gun(data, rack, barrel, out)
    at = _write_rack(rack, out, at)
    at = _write_shots(data, barrel, out, at)
    at = _write_bonus(data, barrel, out, at)
    at = _write_shields_and_ships(data, out, at)
    at = _write_targets(rack, barrel, out, at)
    at = _write_heights(rack, barrel, out, at)
    at = _write_threats(data, rack, barrel, out, at)
    at = _write_covers(data, barrel, out, at)
    for index in range(at):
        out[index] = min(max(out[index], LOWS[index]), 1.0)


@compiled
def _byte(data: NDArray[np.uint8], at: int) -> int:
    return np.int64(data[at])  # type: ignore[return-value]


@compiled
def _signed(data: NDArray[np.uint8], at: int) -> int:
    return (np.int64(data[at]) ^ 0x80) - 0x80  # type: ignore[return-value]


@compiled
def _rack(data: NDArray[np.uint8]) -> Rack:
    rows = np.full(COLUMNS, -1)
    first, last, lowest = -1, -1, ROWS
    for column in range(COLUMNS):
        for row in range(ROWS):
            if data[ENEMY_FLAGS + row * COLUMNS + column] == 1:
                rows[column] = row
                first = column if first < 0 else first
                last = column
                lowest = min(lowest, row)
                break
    first = max(first, 0)
    x, y = rack_origin(_byte(data, RACK_X), first), _signed(data, RACK_Y)
    bottom = y + CELL * lowest if last >= 0 else SCREEN_HEIGHT
    enemies = max(_byte(data, ENEMIES_LEFT), 1)
    goes_left = data[RACK_GOES_LEFT] != 0
    return Rack(x, y, x + CELL * first, x + CELL * (last + 1), bottom, goes_left, enemies, rows)


@compiled
def _enemy_x(rack: Rack, column: int, frames: float) -> float:
    """The middle of the column's enemies after `frames`."""
    return rack.x + CELL * column + CELL // 2 + drift(rack.left, rack.right, rack.goes_left, rack.enemies, frames)


@compiled
def _write_gun(data: NDArray[np.uint8], rack: Rack, barrel: int, out: NDArray[np.float32]) -> int:
    status = data[SHOT_STATUS]
    out[0] = (barrel - GUN_CENTRE - GUN_LEFTMOST) / ((GUN_RIGHTMOST - GUN_LEFTMOST) / 2) - 1
    out[1] = data[GUN] == ALIVE and data[GUN_MOVES] == 1 and data[GUN_WAIT] == 0 and data[THINGS_MOVE] != 0
    out[2] = data[FIRE_HELD] != 0
    out[3] = status == SHOT_FLYING
    out[4] = status == 0
    out[5:8] = 0
    if status == SHOT_FLYING:
        x, y = _byte(data, OWN_SHOT_X), _byte(data, OWN_SHOT_Y)
        out[5] = (x - barrel) / SCREEN_WIDTH
        out[6] = y / SCREEN_HEIGHT
        for column in range(COLUMNS):
            height = rack.y + CELL * rack.rows[column]
            if rack.rows[column] >= 0 and height + ENEMY_TALL >= y:
                frames = max(height - y, 0) / PLAYER_SHOT_SPEED
                out[7] = max(out[7], 1 - abs(_enemy_x(rack, column, frames) - x) / SHOT_AIM_PIXELS)
    return 8


@compiled
def _write_rack(rack: Rack, out: NDArray[np.float32], at: int) -> int:
    out[at] = (rack.left - X_OFFSET) / (SCREEN_WIDTH / 2) - 1
    out[at + 1] = (rack.right - X_OFFSET) / (SCREEN_WIDTH / 2) - 1
    out[at + 2] = (rack.bottom - GUN_TOP) / SCREEN_HEIGHT
    out[at + 3] = -1 if rack.goes_left else 1
    out[at + 4] = rack.enemies**-0.5
    out[at + 5] = rack.enemies / ENEMIES
    at += 6
    for column in range(COLUMNS):
        row = rack.rows[column]
        out[at + column] = (rack.y + CELL * row) / SCREEN_HEIGHT if row >= 0 else 0
    return at + COLUMNS


@compiled
def _write_shots(data: NDArray[np.uint8], barrel: int, out: NDArray[np.float32], at: int) -> int:
    for shot in ENEMY_SHOTS:
        out[at : at + 4] = 0
        if data[shot] & IN_FLIGHT:
            dx = _byte(data, shot + SHOT_X) + SHOT_CENTRE - barrel
            out[at] = 1
            out[at + 1] = dx / (SCREEN_WIDTH / 2)
            out[at + 2] = dx / NEAR_PIXELS
            out[at + 3] = (_byte(data, shot + SHOT_Y) - GUN_TOP) / SCREEN_HEIGHT
        at += 4
    return at


@compiled
def _write_bonus(data: NDArray[np.uint8], barrel: int, out: NDArray[np.float32], at: int) -> int:
    out[at : at + 4] = 0
    if data[BONUS_ACTIVE] and not data[BONUS_HIT]:
        step = _signed(data, BONUS_STEP)
        dx = _byte(data, BONUS_X) + GUN_CENTRE - barrel
        later = dx + step * BONUS_STEPS_A_FRAME * (BONUS_Y - GUN_TOP) / PLAYER_SHOT_SPEED
        out[at] = 1
        out[at + 1] = dx / SCREEN_WIDTH
        out[at + 2] = 1 if step > 0 else -1
        out[at + 3] = later / NEAR_PIXELS
    return at + 4


@compiled
def _shield_pixels(data: NDArray[np.uint8], first: int, last: int) -> int:
    """Lit pixels of the shields' height in the screen columns from `first` up to, not with, `last`."""
    count = 0
    for column in range(max(first, 0), min(last, SCREEN_WIDTH)):
        pixels = _byte(data, SHIELDS_LOW + column) << 8 | _byte(data, SHIELDS_HIGH + column)
        while pixels:
            pixels &= pixels - 1
            count += 1
    return count


@compiled
def _write_shields_and_ships(data: NDArray[np.uint8], out: NDArray[np.float32], at: int) -> int:
    for quarter in range(QUARTERS):
        out[at + quarter] = _shield_pixels(data, quarter * QUARTER, (quarter + 1) * QUARTER) / SHIELD_PIXELS
    at += QUARTERS
    out[at] = (_byte(data, SHIPS) + (data[GUN] == ALIVE)) / 4 if data[IN_GAME] else 0
    out[at + 1] = _byte(data, WAVE) / 8
    return at + 2


@compiled
def _frames_until_hit(rack: Rack, column: int, place: int) -> float:
    """From now, for a shot at the column's lowest enemy fired as soon as the gun can have moved by `place` pixels."""
    height = rack.y + CELL * rack.rows[column]
    return float(abs(place) + max(height - GUN_TOP, 0) / PLAYER_SHOT_SPEED)


@compiled
def _write_targets(rack: Rack, barrel: int, out: NDArray[np.float32], at: int) -> int:
    spacing = TARGETS[1] - TARGETS[0]
    for place in TARGETS:
        out[at] = 0
        for column in range(COLUMNS):
            if rack.rows[column] >= 0:
                x = _enemy_x(rack, column, _frames_until_hit(rack, column, place))
                out[at] = max(out[at], 1 - abs(x - barrel - place) / spacing)
        at += 1
    return at


@compiled
def _write_heights(rack: Rack, barrel: int, out: NDArray[np.float32], at: int) -> int:
    for place in HEIGHTS:
        out[at] = 0
        for column in range(COLUMNS):
            if rack.rows[column] >= 0:
                x = _enemy_x(rack, column, _frames_until_hit(rack, column, place))
                if abs(x - barrel - place) <= CELL // 2:
                    out[at] = max(out[at], 1 - (rack.y + CELL * rack.rows[column] - GUN_TOP) / SCREEN_HEIGHT)
        at += 1
    return at


@compiled
def _write_threats(data: NDArray[np.uint8], rack: Rack, barrel: int, out: NDArray[np.float32], at: int) -> int:
    speed = FAST_SHOT_SPEED if rack.enemies <= FAST_FROM_ENEMIES else SHOT_SPEED
    for place in THREATS:
        out[at] = 0
        for shot in ENEMY_SHOTS:
            y = _byte(data, shot + SHOT_Y)
            if data[shot] & IN_FLIGHT and y >= GUN_BOTTOM:
                distance = abs(_byte(data, shot + SHOT_X) + SHOT_CENTRE - barrel - place)
                hits = min(max((THREAT_REACH - distance) / THREAT_SOFT, 0.0), 1.0)
                soon = max(1 - max(y - GUN_TOP, 0) / speed / THREAT_FRAMES, 0.0)
                out[at] = max(out[at], hits * soon)
        at += 1
    return at


@compiled
def _write_covers(data: NDArray[np.uint8], barrel: int, out: NDArray[np.float32], at: int) -> int:
    for place in COVERS:
        column = barrel - X_OFFSET + place
        out[at] = _shield_pixels(data, column - COVER_SIDE, column + COVER_SIDE + 1) / COVER_PIXELS
        at += 1
    return at
