"""Space Invaders (Taito / Midway 1978) on the Midway 8080 board.

## Description
A rack of 55 enemies walks from side to side and comes down a step at each edge, faster the fewer are left. Three kinds
of shots fall from it: one aims at the player, two follow fixed patterns of columns. Four shields wear away. Now and
then a bonus ship crosses at the top. The game is over with the last ship, or when the rack reaches the ground.

## Actions
| # | name | held |
| --- | --- | --- |
| 0 | stay | nothing |
| 1 | left | P1 Left |
| 2 | right | P1 Right |
| 3 | fire | P1 Button 1 |
| 4 | left and fire | P1 Left, P1 Button 1 |
| 5 | right and fire | P1 Right, P1 Button 1 |

The gun shoots once a press: holding fire does not repeat it. One shot of the player's flies at a time.

## Observations
`features`: 48 numbers, each described in `SpaceInvaders.features`. `bitmap`: the playfield from the video memory, two
by two pixels joined, (100, 104). `ram`: the 1,024 bytes of work memory. The others: see `envs/observations.py`.

## Rewards
The points won in a step: 10, 20 or 30 for an enemy by its row, 50 to 300 for the bonus ship. The board's counter has
four digits and wraps at 10,000; the reward does not.

## Start
Coin, then the one-player start button, until the gun can move. Never by writing to memory.

## End
Terminated when the last ship is lost or the rack has landed.

## Memory
All addresses are public knowledge: computerarcheology.com, "Space Invaders RAM use" (C. Cantrell). X values are screen
columns plus 32, Y values are pixels above the bottom of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quarterup.emulators.emulator import MemoryRange
from quarterup.games.game import Action, Expert, Feature, Game, Outcome, StartError, Step
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
GUN_LEFTMOST, GUN_RIGHTMOST = 0x30, 0xD9
GUN_CENTRE = 8
"""From the gun's X to its barrel."""
GUN_TOP = 0x28
PLAYER_SHOT_SPEED = 4
"""Pixels a frame."""
BONUS_Y = 0xD0
BONUS_STEPS_A_FRAME = 1 / 3
"""The bonus ship takes its turn with two of the enemy shots."""
SCORE_WRAP = 10_000
ALIVE = 0xFF
IN_FLIGHT = 0x80
SHOT_FLYING = 2
NEAR_PIXELS = 24
"""Within this, single pixels decide: the features that end in `near` are as fine as that."""
SHIELD_BYTE = 6
"""Of each 32-byte screen column, bytes 6 and 7 (Y 48 to 63) show the shields."""


class InvadersMemory(MemoryMap):
    """What the game file reads."""

    rack_step_x = S8(0x2008)
    rack_y = S8(0x2009)
    """Of the bottom-left enemy, alive or not: below 0 once the lower rows are gone and the rest is deep down."""
    rack_x = U8(0x200A)
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


BOOT_FRAMES = 120
START_ATTEMPTS = 30
PRESS_FRAMES = 6
PAUSE_FRAMES = 24
GET_READY_FRAMES = 900

BITMAP_LEFT, BITMAP_COLUMNS = 8, 208
BITMAP_FIRST_BYTE, BITMAP_LAST_BYTE = 3, 28
"""Y 24 to 223: from just below the gun to just below the score."""


class SpaceInvaders(Game[InvadersMemory]):
    __doc__ = __doc__

    id = "space_invaders"
    env_name = "SpaceInvaders"
    title = "Space Invaders"
    machine = "invaders"
    memory = InvadersMemory
    ram = MemoryRange(0x2000, 0x400)
    actions = (
        Action("stay", ()),
        Action("left", ("P1 Left",)),
        Action("right", ("P1 Right",)),
        Action("fire", ("P1 Button 1",)),
        Action("left and fire", ("P1 Left", "P1 Button 1")),
        Action("right and fire", ("P1 Right", "P1 Button 1")),
    )
    features = (
        Feature("gun_x", -1, 1, "where the gun is: left end to right end"),
        Feature("gun_ready", 0, 1, "1 while the gun can move"),
        Feature("fire_held", 0, 1, "1 until the fire button is let go: it fires once a press"),
        Feature("shot_flying", 0, 1, "1 while the player's shot is in the air"),
        Feature("shot_dx", -1, 1, "player's shot right of the gun, in screen widths; 0 without a shot"),
        Feature("shot_y", 0, 1, "height of the player's shot; 0 without a shot"),
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
                ("near", -1, "the same in units of NEAR_PIXELS: whether it will hit is a matter of pixels"),
                ("y", 0, "its height above the gun's line; 0 without a shot"),
            )
        ),
        Feature("bonus_active", 0, 1, "1 while the bonus ship crosses"),
        Feature("bonus_dx", -1, 1, "its place right of the gun, in screen widths; 0 without it"),
        Feature("bonus_direction", -1, 1, "1 right, -1 left, 0 without it"),
        Feature("bonus_near", -1, 1, "where it will be when a shot fired now arrives, in units of NEAR_PIXELS"),
        *(
            Feature(f"shield_{quarter}", 0, 1, f"what is left of the shield in quarter {quarter} of the screen")
            for quarter in range(4)
        ),
        Feature("cover", 0, 1, "how much shield is right above the gun's barrel"),
        Feature("aim", -1, 1, "how far right of the gun the nearest enemy will be when a shot fired now arrives"),
        Feature("aim_near", -1, 1, "the same in units of NEAR_PIXELS"),
        Feature("ships", 0, 1, "ships left, the one in play too, of 4"),
        Feature("wave", 0, 1, "wave of 8"),
    )
    bitmap_memory = (MemoryRange(VIDEO_RAM, SCREEN_WIDTH * COLUMN_BYTES),)
    bitmap_shape = ((BITMAP_LAST_BYTE - BITMAP_FIRST_BYTE) * 4, BITMAP_COLUMNS // 2)

    def start(self, step: Step[InvadersMemory]) -> InvadersMemory:
        memory = step((), BOOT_FRAMES)
        for _ in range(START_ATTEMPTS):
            if not memory.credits:
                step(("Coin 1",), PRESS_FRAMES)
                memory = step((), PAUSE_FRAMES)
            if memory.credits:
                step(("1 Player Start",), PRESS_FRAMES)
                memory = step((), PAUSE_FRAMES)
            if memory.game_mode == 1:
                break
        for _ in range(GET_READY_FRAMES):
            if memory.game_mode == 1 and memory.in_game and memory.things_move and gun_ready(memory):
                return memory
            memory = step((), 1)
        raise StartError(
            "Space Invaders did not start after a coin and the start button. Is the ROM set 'invaders' another game?"
        )

    def outcome(self, before: InvadersMemory, after: InvadersMemory) -> Outcome:
        over = after.in_game == 0 or after.game_mode == 0
        reward = (after.score - before.score) % SCORE_WRAP
        return Outcome(float(reward), over, self.lives(after) < self.lives(before))

    def score(self, memory: InvadersMemory) -> int:
        return memory.score

    def lives(self, memory: InvadersMemory) -> int:
        """Ships in reserve, and the one in play until it is hit."""
        return memory.ships + (memory.gun == ALIVE) if memory.in_game else 0

    def level(self, memory: InvadersMemory) -> int:
        return memory.wave

    def feature_vector(self, before: InvadersMemory, memory: InvadersMemory, out: NDArray[np.float32]) -> None:
        out[:] = _features(memory)

    def bitmap(self, watched: NDArray[np.uint8]) -> NDArray[np.uint8]:
        columns = watched.reshape(SCREEN_WIDTH, COLUMN_BYTES)
        columns = columns[BITMAP_LEFT : BITMAP_LEFT + BITMAP_COLUMNS, BITMAP_FIRST_BYTE:BITMAP_LAST_BYTE]
        joined = columns[0::2] | columns[1::2]
        joined |= joined >> 1  # every even bit now stands for two pixels
        bits = np.unpackbits(joined, axis=1, bitorder="little")[:, ::2]
        return bits.T[::-1] * np.uint8(255)

    def expert(self) -> Expert[InvadersMemory]:
        from quarterup.games.space_invaders_expert import SpaceInvadersExpert

        return SpaceInvadersExpert()


FEATURE_LOWS = [feature.low for feature in SpaceInvaders.features]


def _features(memory: InvadersMemory) -> list[float]:
    """The numbers in the order of `SpaceInvaders.features`. Plain Python: for forty numbers NumPy would be slower."""
    gun_x = memory.gun_x
    barrel = gun_x + GUN_CENTRE
    flying = memory.shot_status == SHOT_FLYING
    rack_x, rack_y = memory.rack_x, memory.rack_y
    rows = lowest_rows(memory.enemies)
    alive = [column for column in range(COLUMNS) if rows[column] >= 0]
    left, right = (rack_x + CELL * alive[0], rack_x + CELL * (alive[-1] + 1)) if alive else (rack_x, rack_x)
    bottom = rack_y + CELL * min(rows[column] for column in alive) if alive else SCREEN_HEIGHT
    enemies_left = memory.enemies_left
    values = [
        (gun_x - GUN_LEFTMOST) / ((GUN_RIGHTMOST - GUN_LEFTMOST) / 2) - 1,
        1.0 if gun_ready(memory) and memory.things_move else 0.0,
        1.0 if memory.fire_held else 0.0,
        1.0 if flying else 0.0,
        (memory.shot_x - barrel) / SCREEN_WIDTH if flying else 0.0,
        memory.shot_y / SCREEN_HEIGHT if flying else 0.0,
        (left - X_OFFSET) / (SCREEN_WIDTH / 2) - 1,
        (right - X_OFFSET) / (SCREEN_WIDTH / 2) - 1,
        (bottom - GUN_TOP) / SCREEN_HEIGHT,
        -1.0 if memory.rack_goes_left else 1.0,
        max(enemies_left, 1) ** -0.5,
        enemies_left / ENEMIES,
    ]
    values += [(rack_y + CELL * row) / SCREEN_HEIGHT if row >= 0 else 0.0 for row in rows]
    for shot in memory.enemy_shots():
        if in_flight(shot):
            dx = shot[9] + 1 - barrel
            values += (1.0, dx / (SCREEN_WIDTH / 2), dx / NEAR_PIXELS, (shot[8] - GUN_TOP) / SCREEN_HEIGHT)
        else:
            values += (0.0, 0.0, 0.0, 0.0)
    if memory.bonus_active and not memory.bonus_hit:
        step = memory.bonus_step
        dx = memory.bonus_x + GUN_CENTRE - barrel
        later = dx + step * BONUS_STEPS_A_FRAME * (BONUS_Y - GUN_TOP) / PLAYER_SHOT_SPEED
        values += (1.0, dx / SCREEN_WIDTH, 1.0 if step > 0 else -1.0, later / NEAR_PIXELS)
    else:
        values += (0.0, 0.0, 0.0, 0.0)
    values += _shields(memory, barrel - X_OFFSET)
    aim = _aim(rows, alive, rack_x, rack_y, barrel, memory)
    values += (
        aim / SCREEN_WIDTH,
        aim / NEAR_PIXELS,
        ((memory.ships + (memory.gun == ALIVE)) if memory.in_game else 0) / 4,
        memory.wave / 8,
    )
    return [
        low if value < low else 1.0 if value > 1.0 else value for value, low in zip(values, FEATURE_LOWS, strict=True)
    ]


SHIELD_PIXELS = 300
"""About what a whole shield has, 22 by 16 less its corners and its arch."""


def _shields(memory: InvadersMemory, barrel_column: int) -> list[float]:
    """Four quarters, and the cover of the three columns around the barrel."""
    low, high = memory.shields_low, memory.shields_high
    quarter = SCREEN_WIDTH // 4
    counts = [
        int.from_bytes(low[at : at + quarter]).bit_count() + int.from_bytes(high[at : at + quarter]).bit_count()
        for at in range(0, SCREEN_WIDTH, quarter)
    ]
    near = slice(max(barrel_column - 1, 0), barrel_column + 2)
    cover = int.from_bytes(low[near]).bit_count() + int.from_bytes(high[near]).bit_count()
    return [*(count / SHIELD_PIXELS for count in counts), cover / (3 * 16)]


def _aim(rows: list[int], alive: list[int], rack_x: int, rack_y: int, barrel: int, memory: InvadersMemory) -> float:
    """Pixels from the barrel to the nearest of the lowest enemies, each taken where it will be when a shot arrives."""
    pace = (-1 if memory.rack_goes_left else 1) * 2 / max(memory.enemies_left, 1)
    drift = pace / PLAYER_SHOT_SPEED
    first_column, first_rise = rack_x + CELL // 2 - barrel, rack_y - GUN_TOP
    distances = [first_column + CELL * column + drift * max(first_rise + CELL * rows[column], 0) for column in alive]
    return min(distances, key=abs, default=SCREEN_WIDTH)
