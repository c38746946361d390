"""How fast everybody moves, from where they were in the last steps: the memory map tells places only.

One look is off by a pixel, so that over four frames a speed would be off by a quarter of a pixel a frame. Who keeps
going the same way is measured over several steps.
"""

from __future__ import annotations

from itertools import pairwise

from quarterup.games.mario_bros.memory import FALLING, FIREBALL, LEFT, RIGHT, RISING, Entity, around
from quarterup.games.mario_bros.motion import GRAVITY

STEP_FRAMES = 4
STEPS = 6
JUMPED_PIXELS = 4 * STEP_FRAMES
"""Nobody is that fast: somebody else has the slot now."""
WAVE_PIXELS = 14
"""A fireball that stayed this near the height where it was first seen crosses the screen; others bounce."""


class Tracker:
    """What was seen of one slot, as long as it kept going the same way."""

    def __init__(self, first: Entity) -> None:
        self.past = [first]
        self.first_y = first.y
        self.lying = 0
        """Steps since it was turned over."""

    def see(self, now: Entity) -> None:
        last = self.past[-1]
        if now.id != last.id or abs(around(now.x - last.x)) > JUMPED_PIXELS:
            self.past, self.first_y, self.lying = [now], now.y, 0
            return
        self.lying = self.lying + 1 if now.flipped else 0
        same = _way(now) == _way(last)
        self.past = [*self.past[-STEPS:], now] if same else [last, now]

    def speed(self) -> tuple[float, float]:
        """Pixels a frame to the right and down."""
        now, first = self.past[-1], self.past[0]
        if len(self.past) == 1:
            return 0.5 * now.facing if now.slot else 0.0, 0.0
        frames = STEP_FRAMES * (len(self.past) - 1)
        vx = sum(around(b.x - a.x) for a, b in pairwise(self.past)) / frames
        if now.id == FIREBALL:
            return vx, (now.y - first.y) / frames
        if not now.in_air:
            return vx, 0.0
        return vx, (now.y - self.past[-2].y) / STEP_FRAMES + GRAVITY * STEP_FRAMES / 2

    def last_speed(self) -> tuple[float, float]:
        """The same by the last step alone, for who changes speed all the time."""
        if len(self.past) == 1:
            return 0.0, 0.0
        before, now = self.past[-2:]
        vy = (now.y - before.y) / STEP_FRAMES + GRAVITY * STEP_FRAMES / 2 if now.in_air else 0.0
        return around(now.x - before.x) / STEP_FRAMES, vy

    @property
    def waves(self) -> bool:
        """Whether it is a fireball that crosses, as far as can be seen."""
        return abs(self.past[-1].y - self.first_y) <= WAVE_PIXELS


def _way(item: Entity) -> tuple[int, int]:
    vertical = 0 if item.id == FIREBALL else item.direction & (RISING | FALLING)
    return item.direction & (RIGHT | LEFT) | vertical, item.attributes
