"""A rule-based player of Mario Bros.: it picks what to go for, and imagines a second of each thing it could do.

What to go for: an enemy on its back that can still be reached in time, else a coin, else the first place below an enemy
where Mario can be before it. What to do: see `imagination.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quarterup.games.mario_bros.imagination import (
    DEADLY,
    DEATH,
    HORIZON_TICKS,
    LYING,
    NOWHERE,
    TAKEN,
    TOUGH,
    Aim,
    Others,
    best_move,
    direction_of,
)
from quarterup.games.mario_bros.memory import (
    A_BUTTON,
    BONUS_COINS,
    COIN,
    CRAB,
    ENEMIES,
    FIGHTERFLY,
    FIREBALL,
    SCREEN_WIDTH,
    Entity,
    MarioMemory,
    around,
)
from quarterup.games.mario_bros.motion import (
    BODY_AIR,
    BODY_VX,
    BODY_X,
    BODY_Y,
    TICK,
    Floats,
    advance,
    fly,
    walk,
)
from quarterup.games.mario_bros.routes import GROUND, LEVEL_Y, LOW, MIDDLE, all_left, cost, level_of
from quarterup.games.mario_bros.tracker import STEP_FRAMES, WAVE_PIXELS, Tracker

STAY, LEFT, RIGHT = 0, 1, 2
JUMP = 3
"""Added to a move, it also jumps."""
ON_BACK_FRAMES, CAUTION_FRAMES = 448, 28
"""An enemy lies on its back for so long, of which the last ones are not used."""
PIXELS_A_STEP = 3.5
"""How fast Mario gets anywhere, jumps and turns included."""
AHEAD_TICKS, AHEAD_STRIDE = 240, 6
"""So far ahead, and at so many moments, a place below an enemy is looked for that can be reached before it."""
EARLY_PIXELS = 8
"""Mario has to be there earlier by so much walking."""
HOP_PIXELS = 6
"""Who hops may be higher or lower than expected by so much."""
AS_IMAGINED = 2
"""Mario is where he was imagined if that is off by so many pixels at most."""
LIFT_Y = 48
"""Above the top floor Mario stands on the lift that brought him back."""


@dataclass(frozen=True)
class Goal:
    """Where to go."""

    level: int
    x: float


WAITING = Goal(GROUND, 90)
NO_AIM = Aim(NOWHERE, 0.0, np.zeros((len(LEVEL_Y), 2)))


class MarioBrosExpert:
    """Plays on the decoded memory. It remembers where everybody was lately, and who lies there since when."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._tracked: dict[int, Tracker] = {}
        self._expected: Floats | None = None
        """Mario's body as it should be now, if all went as imagined."""

    def act(self, memory: MarioMemory) -> int:
        player, others = memory.player(), memory.others()
        self._track([*others, *([player] if player else [])])
        if player is None:
            self._expected = None
            return STAY
        present = [other for other in others if not other.harmless]
        lift = player.y <= LIFT_Y and not player.in_air
        goal = None if lift else self._goal(memory, player, present)
        body = self._body(player)
        if lift:
            body[BODY_AIR] = 1.0
        move, worth = self._best(memory, body, present, goal)
        if lift and worth < -DEATH / 2:  # down from it when the fall is safe; who waits is dropped in the end
            move = STAY
        self._expected = body
        for tick in range(STEP_FRAMES // TICK):
            advance(body, direction_of(move), move >= JUMP and tick == 0, memory.pow_hits > 0)
        return move

    def _body(self, player: Entity) -> Floats:
        """Mario: as imagined a step ago, if that is where he is, since speeds are finer there than they can be seen."""
        hoped = self._expected
        if (
            hoped is not None
            and bool(hoped[BODY_AIR]) == player.in_air
            and abs(around(int(hoped[BODY_X]) - player.x)) <= AS_IMAGINED
            and abs(hoped[BODY_Y] - player.y) <= AS_IMAGINED
        ):
            x = player.x + min(max(around(int(hoped[BODY_X]) - player.x) + hoped[BODY_X] % 1.0, 0.0), 0.99)
            return np.array([x, hoped[BODY_Y] if player.in_air else player.y, *hoped[BODY_VX:]])
        vx, vy = self._tracked[player.slot].last_speed()
        return np.array([player.x + 0.5, player.y, vx, vy, float(player.in_air)])

    def _track(self, items: list[Entity]) -> None:
        self._tracked = {item.slot: self._tracked.get(item.slot) or Tracker(item) for item in items}
        for item in items:
            self._tracked[item.slot].see(item)

    def _best(self, memory: MarioMemory, body: Floats, others: list[Entity], goal: Goal | None) -> tuple[int, float]:
        """The best move, and what it is worth."""
        paths = np.zeros((len(others), HORIZON_TICKS, 3))
        for other, path in zip(others, paths, strict=True):
            self._fill(other, path)
        seen = Others(
            paths,
            kinds=np.array([_kind(other) for other in others], np.int64),
            rises=np.array([self._lies_frames(other) // TICK for other in others], np.int64),
            more=np.array([self._more(other) for other in others], np.float64),
        )
        aim = Aim(goal.level, float(goal.x), all_left(goal.level, goal.x)) if goal else NO_AIM
        can_jump = not (body[BODY_AIR] or memory.held & A_BUTTON)
        return best_move(body, can_jump, seen, aim, memory.pow_hits > 0)

    def _fill(self, other: Entity, path: Floats) -> None:
        vx, vy = self._tracked[other.slot].speed()
        if other.id != FIREBALL:
            walk(float(other.x), float(other.y), vx, vy, other.in_air, path)
        else:
            fly(float(other.x), float(other.y), vx, 0.0 if self._tracked[other.slot].waves else vy, path)

    def _more(self, other: Entity) -> float:
        if other.id == FIREBALL and self._tracked[other.slot].waves:
            return WAVE_PIXELS
        return HOP_PIXELS if other.id == FIGHTERFLY else 0.0

    def _lies_frames(self, other: Entity) -> int:
        """How much longer it lies on its back."""
        return ON_BACK_FRAMES - CAUTION_FRAMES - self._tracked[other.slot].lying * STEP_FRAMES

    def _goal(self, memory: MarioMemory, player: Entity, others: list[Entity]) -> Goal:
        level = level_of(player.x, player.y)

        def far(goal: Goal) -> float:
            return cost(level, player.x, goal.level, goal.x)

        lying = [
            goal
            for other in others
            if other.flipped
            for goal in [Goal(level_of(other.x, other.y), other.x)]
            if far(goal) / PIXELS_A_STEP * STEP_FRAMES < self._lies_frames(other)
        ]
        coins = [Goal(level_of(other.x, other.y), other.x) for other in others if other.id == COIN]
        if memory.bonus_seconds and not others:
            flags = zip(BONUS_COINS, memory.bonus_coins, strict=True)
            coins = [Goal(level_of(x, y), x) for (x, y), there in flags if there]
        if lying or coins:
            return min(lying or coins, key=far)
        meetings = [
            self._meeting(level, player.x, other) for other in others if other.id in ENEMIES and not other.flipped
        ]
        return min(filter(None, meetings), key=lambda meeting: meeting[0], default=(0, WAITING))[1]

    def _meeting(self, level: int, x: int, other: Entity) -> tuple[int, Goal] | None:
        """The first moment, in ticks, at which Mario can be below an enemy, and where that is."""
        path = np.zeros((AHEAD_TICKS, 3))
        self._fill(other, path)
        for tick in range(AHEAD_STRIDE, AHEAD_TICKS, AHEAD_STRIDE):
            enemy_x, enemy_y, stands = path[tick]
            goal = Goal(level_of(enemy_x, enemy_y) - 1, enemy_x)
            if goal.level < GROUND:
                return None
            if not stands or not _reachable(goal):
                continue
            steps = (cost(level, x, goal.level, goal.x) + EARLY_PIXELS) / PIXELS_A_STEP
            if steps * STEP_FRAMES <= tick * TICK:
                return tick, goal
        return None


def _kind(other: Entity) -> int:
    """What it is to `imagination.py`."""
    if other.id == COIN:
        return TAKEN
    if other.flipped:
        return LYING
    return TOUGH if other.id == CRAB else DEADLY


def _reachable(goal: Goal) -> bool:
    """Whether one can stand there: the lower levels have gaps."""
    if goal.level == LOW:
        return not 98 < goal.x < 158
    return goal.level != MIDDLE or 62 < goal.x < SCREEN_WIDTH - 62
