"""Writes the feature vector of Space Invaders from the memory's bytes. Compiled; see `features.py` for the numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterup.compiled import compiled
from quarterup.games.space_invaders.features import (
    COVER_PIXELS,
    COVER_SIDE,
    COVERS,
    ENEMY_TALL,
    FEATURES,
    HEIGHTS,
    NEAR_PIXELS,
    QUARTER,
    QUARTERS,
    SHIELD_PIXELS,
    SHOT_AIM_PIXELS,
    TARGETS,
    THREAT_FRAMES,
    THREAT_REACH,
    THREAT_SOFT,
    THREATS,
)
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
