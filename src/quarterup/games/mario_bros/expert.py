"""A rule-based player of Mario Bros.: it picks what to go for, and imagines a second of each thing it could do.

What to go for: an enemy on its back that can still be reached in time, else a coin, else a place below an enemy. What to
do: walk left, right or not at all, with a jump now or without; each is followed for a second with everybody else going
on as before. Touching somebody deadly is the worst, the sooner the worse; kicking, coins and knocking an enemy over count
for it; and then, who ends nearer to the goal wins.
"""

from __future__ import annotations

from dataclasses import dataclass

from quarterup.games.mario_bros.memory import (
    A_BUTTON,
    BONUS_COINS,
    COIN,
    ENEMIES,
    FALLING,
    GROUND_Y,
    RISING,
    Entity,
    MarioMemory,
    around,
)
from quarterup.games.mario_bros.motion import HIT_REACH, TICK, Body, path, touches
from quarterup.games.mario_bros.routes import GROUND, TOP, cost, height_of, level_of

STAY, LEFT, RIGHT = 0, 1, 2
JUMP = 3
"""Added to a move, it also jumps."""
STEP_FRAMES = 4
HORIZON_TICKS = 34
ON_BACK_STEPS = 105
"""Steps that an enemy lies on its back, with some caution."""
PIXELS_A_STEP = 3.5
"""How fast Mario gets anywhere, jumps and turns included."""
AHEAD_TICKS, AHEAD_STRIDE = 240, 6
"""So far ahead, and at so many moments, a place below an enemy is looked for that can be reached before it."""
EARLY_PIXELS = 8
"""Mario has to be there earlier by so much walking."""
DEATH, DEATH_LATER = 20_000.0, 400.0
KICK, TAKE, KNOCK, KNOCK_UP, POW = 3_000.0, 2_000.0, 1_200.0, -1_500.0, -600.0
SOONER = 20.0
"""What a tick of delay costs any of these."""
WAITING_PLACE = 90
LIFT_Y = 48
"""Above the top floor Mario stands on the lift that brought him back."""


@dataclass(frozen=True)
class Goal:
    """Where to go."""

    level: int
    x: float


WAITING = Goal(GROUND, WAITING_PLACE)


class MarioBrosExpert:
    """Plays on the decoded memory. It remembers where everybody was a step ago, and who lies there since when."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._seen: dict[int, Entity] = {}
        self._lying: dict[int, int] = {}

    def act(self, memory: MarioMemory) -> int:
        player, others = memory.player(), memory.others()
        speeds = {other.slot: self._speed(other) for other in others}
        self._lying = {other.slot: self._lying.get(other.slot, 0) + 1 for other in others if other.flipped}
        vx = vy = 0.0
        if player is not None:
            vx, vy = self._speed(player), self._rise(player)
        self._seen = {item.slot: item for item in others}
        if player is None:
            return STAY
        self._seen[player.slot] = player
        body = Body(float(player.x), float(player.y), vx, vy, player.in_air)
        paths = [(other, path(other, speeds[other.slot], HORIZON_TICKS)) for other in others if not other.harmless]
        if player.y <= LIFT_Y and not player.in_air:
            return self._leave_lift(body, paths)
        goal = self._goal(memory, player, others, speeds)
        can_jump = not player.in_air and not memory.held & A_BUTTON
        choices = [(move, jump) for jump in ((False, True) if can_jump else (False,)) for move in (STAY, LEFT, RIGHT)]
        move, jump = max(choices, key=lambda choice: _worth(body, *choice, paths, goal, memory.pow_hits > 0))
        return move + JUMP if jump else move

    def _speed(self, item: Entity) -> float:
        past = self._seen.get(item.slot)
        if past is None or past.id != item.id or abs(around(item.x - past.x)) > 4 * STEP_FRAMES:
            return 0.0 if item.slot == 0 else 0.5 * item.facing
        return around(item.x - past.x) / STEP_FRAMES

    def _rise(self, player: Entity) -> float:
        past = self._seen.get(player.slot)
        if past is None or not player.direction & (RISING | FALLING):
            return 0.0
        return (player.y - past.y) / STEP_FRAMES + (STEP_FRAMES / 2) * 0.14

    def _goal(self, memory: MarioMemory, player: Entity, others: list[Entity], speeds: dict[int, float]) -> Goal | None:
        level = level_of(player.y)

        def far(goal: Goal) -> float:
            return cost(level, player.x, goal.level, goal.x)

        lying = [
            goal
            for other in others
            if other.flipped and not other.harmless
            for goal in [Goal(level_of(other.y), other.x)]
            if far(goal) / PIXELS_A_STEP + self._lying[other.slot] < ON_BACK_STEPS
        ]
        if lying:
            return min(lying, key=far)
        coins = [Goal(level_of(other.y), other.x) for other in others if other.id == COIN and not other.harmless]
        if memory.bonus_seconds and not others:
            flags = zip(BONUS_COINS, memory.bonus_coins, strict=True)
            coins = [Goal(level_of(y), x) for (x, y), there in flags if there]
        if coins:
            return min(coins, key=far)
        meetings = [
            meeting
            for other in others
            if other.id in ENEMIES and not other.flipped
            for meeting in [_meeting(level, player.x, path(other, speeds[other.slot], AHEAD_TICKS))]
            if meeting
        ]
        return min(meetings, key=lambda meeting: meeting[0])[1] if meetings else WAITING

    def _leave_lift(self, body: Body, paths: list[tuple[Entity, list[tuple[float, float, bool]]]]) -> int:
        """Down from it when the fall is safe; who waits is dropped in the end."""
        best, move = max(
            (_worth(Body(body.x, body.y, 0.0, 0.0, True), move, False, paths, None, True), move)
            for move in (LEFT, RIGHT)
        )
        return move if best > -DEATH / 2 else STAY


def _meeting(level: int, x: int, places: list[tuple[float, float, bool]]) -> tuple[int, Goal] | None:
    """The first moment, in ticks, at which Mario can be below an enemy, and where that is."""
    for tick in range(AHEAD_STRIDE, len(places), AHEAD_STRIDE):
        goal = Goal(level_of(places[tick][1]) - 1, places[tick][0])
        if goal.level < GROUND:
            return None
        if not places[tick][2] or not _reachable(goal):
            continue
        steps = (cost(level, x, goal.level, goal.x) + EARLY_PIXELS) / PIXELS_A_STEP
        if steps * STEP_FRAMES <= tick * TICK:
            return tick, goal
    return None


def _reachable(goal: Goal) -> bool:
    """Whether one can stand there: the lower levels have gaps."""
    if goal.level == 1:
        return not 98 < goal.x < 158
    return goal.level != 2 or 62 < goal.x < 193


def _worth(
    start: Body,
    move: int,
    jump: bool,
    paths: list[tuple[Entity, list[tuple[float, float, bool]]]],
    goal: Goal | None,
    pow_block: bool,
) -> float:
    """What a second of this is worth."""
    body = Body(start.x, start.y, start.vx, start.vy, start.in_air)
    direction = (0, -1, 1)[move]
    worth = 0.0
    gone: set[int] = set()
    for tick in range(HORIZON_TICKS):
        knocked = body.tick(direction, jump and tick == 0, pow_block)
        if knocked:
            worth += _knock(knocked, tick, paths, gone)
        for other, places in paths:
            if other.slot in gone:
                continue
            x, y, _ = places[tick]
            if touches(body, x, y):
                if other.dangerous:
                    return worth - DEATH + DEATH_LATER * tick
                gone.add(other.slot)
                worth += (TAKE if other.id == COIN else KICK) - SOONER * tick
    if goal is not None:
        worth -= cost(level_of(body.y), body.x, goal.level, goal.x)
    return worth


def _knock(
    knocked: tuple[float, int], tick: int, paths: list[tuple[Entity, list[tuple[float, float, bool]]]], gone: set[int]
) -> float:
    """What knocking against a floor there is worth, and who is turned over by it."""
    worth = 0.0
    for other, places in paths:
        x, y, stands = places[tick]
        if other.slot in gone or not stands or y != knocked[1] or abs(around(round(x - knocked[0]))) >= HIT_REACH:
            continue
        if other.flipped:
            worth += KNOCK_UP
        else:
            worth += KNOCK - SOONER * tick
            gone.add(other.slot)
    return worth
