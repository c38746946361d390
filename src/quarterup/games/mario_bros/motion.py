"""How Mario and the others will move: the rule-based player looks ahead with it.

Speeds are pixels a frame, fitted to the stand-in. Time goes in ticks of two frames.
"""

from __future__ import annotations

from dataclasses import dataclass

from quarterup.games.mario_bros.memory import (
    FLOOR_THICK,
    FLOORS,
    GROUND_Y,
    SCREEN_WIDTH,
    Entity,
    around,
    covers,
    floor_below,
)

TICK = 2
"""Frames."""
TOP_SPEED = 1.19
WALK, BRAKE, SLIDE, STEER = 13 / 256, 18 / 256, 9 / 256, 4 / 256
"""Speed won or lost a frame: walking, turning, without a button, in the air."""
JUMP_SPEED = -3.94
GRAVITY = 36 / 256
FASTEST_FALL = 3.0
HEAD = 22
FOOT = 4
HIT_REACH = 15
"""A knock is felt this far left and right."""
TOUCH_X = 13
TOUCH_BELOW, TOUCH_ABOVE = 20, 12
"""Mario's feet this far below or above another's touch it; with two pixels of caution, as TOUCH_X."""

GONG_LEFT, GONG_RIGHT, GONG_TOP, GONG_TALL = 120, 135, 160, 16


@dataclass(slots=True)
class Body:
    """Mario, as he is imagined to move."""

    x: float
    y: float
    vx: float
    vy: float
    in_air: bool

    def tick(self, direction: int, jump: bool, pow_block: bool) -> tuple[float, int] | None:
        """Two frames on. Returns X and Y of the floor that his head knocked against, if it did."""
        knocked = None
        for _ in range(TICK):
            if not self.in_air:
                self._walk(direction)
                if jump:
                    self.in_air, self.vy, jump = True, JUMP_SPEED, False
            elif direction:
                self.vx = min(max(self.vx + direction * STEER, -TOP_SPEED), TOP_SPEED)
            self.x = (self.x + self.vx) % SCREEN_WIDTH
            if self.in_air:
                knocked = self._fly(pow_block) or knocked
            elif not self._supported(int(self.y), pow_block):
                self.in_air, self.vy = True, 0.0
        return knocked

    def _walk(self, direction: int) -> None:
        if direction:
            gain = WALK if self.vx * direction >= 0 else BRAKE
            self.vx = min(max(self.vx + direction * gain, -TOP_SPEED), TOP_SPEED)
        elif abs(self.vx) <= SLIDE:
            self.vx = 0.0
        else:
            self.vx -= SLIDE if self.vx > 0 else -SLIDE

    def _fly(self, pow_block: bool) -> tuple[float, int] | None:
        self.vy = min(self.vy + GRAVITY, FASTEST_FALL)
        old, self.y = self.y, self.y + self.vy
        if self.vy < 0:
            return self._knock(pow_block)
        edge = int(self.y) // FLOOR_THICK * FLOOR_THICK
        if edge >= int(old) and self._supported(edge, pow_block):
            self.y, self.vy, self.in_air = float(edge), 0.0, False
        return None

    def _knock(self, pow_block: bool) -> tuple[float, int] | None:
        head = self.y - HEAD
        if pow_block and GONG_LEFT - 5 <= self.x <= GONG_RIGHT + 5 and GONG_TOP <= head < GONG_TOP + GONG_TALL:
            self.vy = 0.37
            return self.x, GONG_TOP
        for top, pieces in FLOORS:
            if top <= head < top + FLOOR_THICK and (
                covers(pieces, int(self.x) - FOOT) or covers(pieces, int(self.x) + FOOT)
            ):
                self.y, self.vy = float(top + FLOOR_THICK + HEAD), 0.37
                return self.x, top
        return None

    def _supported(self, y: int, pow_block: bool) -> bool:
        if y >= GROUND_Y:
            return True
        x = int(self.x)
        if pow_block and y == GONG_TOP and GONG_LEFT - FOOT <= x <= GONG_RIGHT + FOOT:
            return True
        return any(top == y and (covers(p, x - FOOT) or covers(p, x + FOOT)) for top, p in FLOORS)


def path(other: Entity, vx: float, ticks: int) -> list[tuple[float, float, bool]]:
    """Where another one will be, tick by tick: X, Y, and whether it stands on a floor."""
    x, y = float(other.x), float(other.y)
    places = []
    falls = other.in_air
    for _ in range(ticks):
        x = (x + vx * TICK) % SCREEN_WIDTH
        floor = floor_below(int(x), int(y))
        if falls or floor > y:
            y = min(y + 2.0 * TICK, float(floor))
            falls = y < floor
        places.append((x, y, not falls))
    return places


def touches(body: Body, x: float, y: float) -> bool:
    """Whether Mario, there, would touch somebody at X, Y."""
    return abs(around(round(body.x - x))) < TOUCH_X and -TOUCH_ABOVE < body.y - y < TOUCH_BELOW
