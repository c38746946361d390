"""What the game keeps where, and its measures in pixels and frames.

All addresses are public knowledge: computerarcheology.com, "Space Invaders RAM use" (C. Cantrell). X values are screen
columns plus 32, Y values are pixels above the bottom of the picture.
"""

from __future__ import annotations

from quarterup.games.memory_map import BCD, S8, U8, Bytes, MemoryMap

SCREEN_WIDTH = 224
SCREEN_HEIGHT = 256
COLUMN_BYTES = 32
VIDEO_RAM = 0x2400
X_OFFSET = 32
"""The board's X of the leftmost screen column."""

ROWS, COLUMNS = 5, 11
ENEMIES = ROWS * COLUMNS
CELL = 16
"""Pixels from one enemy of the rack to the next, both ways."""
WALL_LEFT, WALL_RIGHT = 0x27, 0xF9
"""Where the edges of the rack's outermost living columns are when it turns."""
GUN_LEFTMOST, GUN_RIGHTMOST = 0x30, 0xD9
GUN_CENTRE = 8
"""From the gun's X to its barrel."""
GUN_TOP, GUN_BOTTOM = 0x28, 0x18
GUN_SPEED = 1
"""Pixels a frame."""
PLAYER_SHOT_SPEED = 4
"""Pixels a frame."""
SHOT_SPEED, FAST_SHOT_SPEED = 4 / 3, 5 / 3
"""Enemy shots move 4 pixels every third frame, and 5 when few enemies are left."""
FAST_FROM_ENEMIES = 8
SHOT_CENTRE = 1
"""From an enemy shot's X to its middle."""
BONUS_Y = 0xD0
BONUS_STEPS_A_FRAME = 1 / 3
"""The bonus ship takes its turn with two of the enemy shots."""
SCORE_WRAP = 10_000
ALIVE = 0xFF
IN_FLIGHT = 0x80
SHOT_FLYING = 2
SHOT_Y, SHOT_X = 8, 9
"""Where in an enemy shot's ten bytes its place is; the first is its status."""
SHIELD_BYTE = 6
"""Of each 32-byte screen column, bytes 6 and 7 (Y 48 to 63) show the shields."""


class InvadersMemory(MemoryMap):
    """What the game file reads."""

    rack_y = S8(0x2009)
    """Of the bottom-left enemy, alive or not: below 0 once the lower rows are gone and the rest is deep down."""
    rack_x = U8(0x200A)
    """Of the same. It goes on below 0, as 255 and down, once the left columns are gone: see `rack_left`."""
    rack_goes_left = U8(0x200D)
    gun_wait = U8(0x2011)
    """Frames until the gun appears."""
    gun = U8(0x2015)
    """255 alive, 0 and 1 by turns while it blows up."""
    gun_x = U8(0x201B)
    shot_status = U8(0x2025)
    """0 free, 1 just fired, 2 flying, 3 to 5 bursting."""
    shot_y = U8(0x2029)
    shot_x = U8(0x202A)
    fire_held = U8(0x202D)
    """1 from the press of the fire button until it is let go."""
    rolling = Bytes(0x2035, 10)
    """Each of the three: status (bit 7 in flight) first, Y at 8, X at 9."""
    plunger = Bytes(0x2045, 10)
    squiggly = Bytes(0x2055, 10)
    gun_moves = U8(0x2068)
    """1 the gun is there, 0 it blows up or is yet to come back."""
    invaded = U8(0x206D)
    enemies_left = U8(0x2082)
    bonus_active = U8(0x2084)
    bonus_hit = U8(0x2085)
    bonus_x = U8(0x208A)
    bonus_step = S8(0x208C)
    in_game = U8(0x20E7)
    things_move = U8(0x20E9)
    credits = BCD(0x20EB, digits=2)
    game_mode = U8(0x20EF)
    score = BCD(0x20F8, digits=4)
    enemies = Bytes(0x2100, ENEMIES)
    """1 alive, 0 dead, row by row from the bottom, left to right."""
    wave = U8(0x21FE)
    ships = U8(0x21FF)
    """In reserve, without the one in play."""
    shields_low = Bytes(VIDEO_RAM + SHIELD_BYTE, SCREEN_WIDTH, stride=COLUMN_BYTES)
    shields_high = Bytes(VIDEO_RAM + SHIELD_BYTE + 1, SCREEN_WIDTH, stride=COLUMN_BYTES)

    def enemy_shots(self) -> tuple[bytes, bytes, bytes]:
        return self.rolling, self.plunger, self.squiggly


def in_flight(enemy_shot: bytes) -> bool:
    return enemy_shot[0] & IN_FLIGHT != 0


def gun_ready(memory: InvadersMemory) -> bool:
    """Whether the gun is there to be moved."""
    return memory.gun == ALIVE and memory.gun_moves == 1 and memory.gun_wait == 0


def lowest_rows(enemies: bytes) -> list[int]:
    """For each column the lowest row with a living enemy, or -1."""
    return [enemies[column::COLUMNS].find(1) for column in range(COLUMNS)]
