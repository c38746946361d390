"""What the game keeps where, and its measures in pixels.

The addresses are public knowledge: datacrystal.tcrf.net, "Mario Bros. (NES)/RAM map", and stable-retro's integration of
the game. What is marked as the stand-in's own is known of Root Cellar only; of the original it is not used for score,
lives or the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from quarterup.games.memory_map import BCD, U8, Bytes, MemoryMap

SCREEN_WIDTH = 256
"""The sides of the screen are one: who leaves on the right comes in on the left."""
SCORE_WRAP = 1_000_000
MODE_ONE_PLAYER_A = 0
START_LIVES = 3

ENTITIES = 12
ENTITY_BYTES = 0x20
ON, DIRECTION, FRAME, ATTRIBUTES, Y, X, ID, WALK = 0x00, 0x01, 0x04, 0x07, 0x08, 0x09, 0x0F, 0x14
"""Where in an entity's bytes things are. Y is that of its feet and X of its middle in the stand-in."""
RIGHT, LEFT, SLOWING, FALLING, RISING = 0x01, 0x02, 0x04, 0x40, 0x80
"""Bits of DIRECTION."""
BEHIND, ON_ITS_BACK = 0x20, 0x80
"""Bits of ATTRIBUTES, as the picture unit has them: behind the background, upside down. In the stand-in what is behind
the background is in a pipe or has been kicked, and touches nobody."""
MARIO, LUIGI, SHELLCREEPER, CRAB, FIGHTERFLY, COIN, FREEZIE, FIREBALL = 1, 2, 0x10, 0x20, 0x30, 0x40, 0x80, 0xB0
"""Values of ID."""
ENEMIES = (SHELLCREEPER, CRAB, FIGHTERFLY)
"""Those that can be turned over and kicked."""

A_BUTTON = 0x80

GROUND_Y = 208
LOW_Y, STUB_Y, MIDDLE_Y, TOP_Y = 160, 120, 112, 64
FLOORS = (
    (TOP_Y, ((0, 111), (144, 255))),
    (MIDDLE_Y, ((64, 191),)),
    (STUB_Y, ((0, 31), (224, 255))),
    (LOW_Y, ((0, 95), (160, 255))),
    (GROUND_Y, ((0, 255),)),
)
"""Floors from the top: Y, and first and last X of each piece."""
FLOOR_THICK = 8
PLAYER_TALL = 24
BONUS_COINS = (
    (60, 64),
    (196, 64),
    (80, 112),
    (176, 112),
    (128, 64),
    (16, 120),
    (240, 120),
    (40, 160),
    (216, 160),
    (128, 140),
)
"""X and Y of the coins of a bonus phase, in the stand-in."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something that is there."""

    slot: int
    id: int
    x: int
    y: int
    direction: int
    attributes: int

    @property
    def flipped(self) -> bool:
        return self.id in ENEMIES and bool(self.attributes & ON_ITS_BACK)

    @property
    def harmless(self) -> bool:
        return bool(self.attributes & BEHIND)

    @property
    def dangerous(self) -> bool:
        return not self.harmless and self.id != COIN and not self.flipped

    @property
    def in_air(self) -> bool:
        return bool(self.direction & (RISING | FALLING))

    @property
    def facing(self) -> int:
        """1 right, -1 left, 0 neither."""
        return (self.direction & RIGHT) - (self.direction & LEFT) // LEFT


class MarioMemory(MemoryMap):
    """What the game file reads."""

    held = U8(0x18)
    mode = U8(0x29)
    """0 and 1: one player, game A and B; 2 and 3: two players."""
    level_shown = BCD(0x41, digits=2)
    """The phase, from 1."""
    lives_left = U8(0x48)
    lives_2 = U8(0x4C)
    pow_hits = U8(0x70)
    shake = U8(0x71)
    score = BCD(0x95, digits=6, endian="big")
    """In points. The byte before is 0: read with it, as stable-retro does, the number is the same."""
    entity_bytes = Bytes(0x0300, ENTITIES * ENTITY_BYTES)
    bonus_seconds = BCD(0x04B1, digits=2)
    bonus_coins = Bytes(0x04C0, len(BONUS_COINS))
    """The stand-in's own: which coins of a bonus phase are still there."""

    def player(self) -> Entity | None:
        """Mario, if he is there."""
        return entity(self.entity_bytes, 0)

    def others(self) -> list[Entity]:
        """All but the two players."""
        data = self.entity_bytes
        return [found for slot in range(2, ENTITIES) if (found := entity(data, slot)) is not None]


def entity(data: bytes, slot: int) -> Entity | None:
    """What is in a slot, or None."""
    at = slot * ENTITY_BYTES
    if not data[at + ON] or not data[at + ID]:
        return None
    return Entity(slot, data[at + ID], data[at + X], data[at + Y], data[at + DIRECTION], data[at + ATTRIBUTES])


def around(pixels: int) -> int:
    """A difference of two X values, the short way round the screen: -128 to 127."""
    return (pixels + SCREEN_WIDTH // 2) % SCREEN_WIDTH - SCREEN_WIDTH // 2


def floor_below(x: int, y: int) -> int:
    """Y of the first floor at or below `y` at `x`."""
    return next((top for top, pieces in FLOORS if top >= y and covers(pieces, x)), GROUND_Y)


def ceiling_above(x: int, y: int) -> int:
    """Y of the first floor above `y` at `x`; -8, above the picture, without one."""
    return next((top for top, pieces in reversed(FLOORS) if top < y and covers(pieces, x)), -FLOOR_THICK)


def covers(pieces: tuple[tuple[int, int], ...], x: int) -> bool:
    return any(first <= x % SCREEN_WIDTH <= last for first, last in pieces)
