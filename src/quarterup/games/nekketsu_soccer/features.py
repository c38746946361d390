"""The feature vector of the penalty shoot-out: what each number is, and how it is computed.

Only what a person can see is in it. Places along the goal are from its middle, towards the far post below 0; what
decides by single pixels comes a second time in units in which it is large.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from quarterup.games.game import Feature
from quarterup.games.nekketsu_soccer.memory import (
    BAR_Z,
    BLOCKS,
    CENTRE_Y,
    CLOCK,
    CONTACT_X,
    DIVES,
    FASTEST,
    FLIGHT,
    FULL_RUN,
    HALF_GOAL,
    JUMPS,
    KEEPER_FURTHEST,
    KEEPER_REACH,
    KEEPER_X,
    LEANS,
    LIES,
    MOST_ASIDE,
    PLAYER,
    REACH_X,
    REGULAR_ROUNDS,
    RUNUP,
    SPOT_X,
    START_X,
    STRONGEST_WIND,
    SWEET_END_X,
    SWEET_X,
    SWINGS,
    SoccerMemory,
    arrival,
    arrival_y,
)

NEAR_BALL_PIXELS = 18
"""The unit of `ball_ahead_near`: from where the kicker reaches the ball to the ball."""
FLIGHT_FRAMES = 46
"""The slowest shot takes so long."""
STATE_FRAMES = 40
FASTEST_BALL, FASTEST_ASIDE, FASTEST_RISE = 1408, 640, 934
"""Pixels / 256 a frame."""

FEATURES = (
    Feature("kicking", 0, 1, "1 when it is the player's kick, 0 when he keeps goal"),
    Feature("runup", 0, 1, "1 while kicker and keeper can be moved and the ball lies still"),
    Feature("flight", 0, 1, "1 while the shot flies"),
    Feature("round", 0, 1, "round of 5; 1 in sudden death"),
    Feature("lead", -1, 1, "goals for less goals against, of 3"),
    Feature("wind", -1, 1, "wind along the goal: -1 strong towards the far post, 1 strong towards the near one"),
    Feature("clock", 0, 1, "time left to kick"),
    Feature("ball_ahead", 0, 1, "the kicker's way to the ball, of his whole run"),
    Feature("ball_ahead_near", 0, 1, "the same in units of NEAR_BALL_PIXELS, 1 when it is further"),
    Feature("in_reach", 0, 1, "1 where the kicker reaches the ball"),
    Feature("sweet", 0, 1, "1 where he meets it well"),
    Feature("kicker_speed", 0, 1, "how fast he runs"),
    Feature("full_run", 0, 1, "1 when that is enough for a full shot"),
    Feature("kicker_aside", -1, 1, "how far he has run towards a post"),
    Feature("kicker_lean", -1, 1, "-1 or 1 when that shows"),
    Feature("swings", 0, 1, "1 from the press of the button to the kick"),
    Feature("keeper_y", -1, 1, "where the keeper is along the goal"),
    Feature("keeper_leans", -1, 1, "-1 or 1 when he leans towards a post"),
    Feature("keeper_dives", -1, 1, "-1 or 1 while he dives"),
    Feature("keeper_lies", 0, 1, "1 after a dive, until he is up again"),
    Feature("keeper_blocks", 0, 1, "1 while he spreads his arms and legs"),
    Feature("keeper_jumps", 0, 1, "1 while he is in the air for a high ball"),
    Feature("keeper_time", 0, 1, "how long he has been doing what he does"),
    Feature("keeper_z", 0, 1, "height of his feet"),
    Feature("ball_x", 0, 1, "the ball's way from the spot to the keeper"),
    Feature("ball_y", -1, 1, "where it is along the goal"),
    Feature("ball_z", 0, 1, "its height, of the crossbar's"),
    Feature("ball_vx", 0, 1, "its speed towards the goal"),
    Feature("ball_vy", -1, 1, "its speed along the goal"),
    Feature("ball_vz", -1, 1, "its speed upwards"),
    Feature("arrival", 0, 1, "time until it is at the keeper's; 0 without a shot"),
    Feature("arrival_y", -1, 1, "where along the goal it will be then, by its bend and the wind; 0 without a shot"),
    Feature("keeper_misses", -1, 1, "how far from the keeper that is, of the goal's width"),
    Feature("keeper_misses_near", -1, 1, "the same in units of what a diving keeper reaches"),
)

LOW = np.array([feature.low for feature in FEATURES], np.float32)
HIGH = np.array([feature.high for feature in FEATURES], np.float32)


def write_features(before: SoccerMemory, memory: SoccerMemory, out: NDArray[np.float32]) -> None:
    """All of them, in order, each kept to its bounds."""
    out[:] = tuple(_values(before, memory))
    np.clip(out, LOW, HIGH, out=out)


def _values(before: SoccerMemory, memory: SoccerMemory) -> Iterator[float]:
    state, side = memory.keeper_state, memory.keeper_side
    flies = memory.phase == FLIGHT
    keeper_y = memory.keeper_y - CENTRE_Y
    yield memory.who_kicks == PLAYER
    yield memory.phase == RUNUP
    yield flies
    yield memory.round / REGULAR_ROUNDS
    yield (memory.goals_for - memory.goals_against) / 3
    yield memory.wind / STRONGEST_WIND
    yield memory.clock / CLOCK
    ahead = CONTACT_X - memory.kicker_x
    yield ahead / (CONTACT_X - START_X)
    yield ahead / NEAR_BALL_PIXELS
    yield memory.kicker_x >= REACH_X
    yield SWEET_X <= memory.kicker_x < SWEET_END_X
    yield memory.kicker_speed / FASTEST
    yield memory.kicker_speed >= FULL_RUN
    yield (memory.kicker_y - CENTRE_Y) / MOST_ASIDE
    yield memory.kicker_lean
    yield memory.kicker_pose == SWINGS
    yield keeper_y / KEEPER_FURTHEST
    yield side if state == LEANS else 0
    yield side if state == DIVES else 0
    yield state == LIES
    yield state == BLOCKS
    yield state == JUMPS
    yield memory.keeper_time / STATE_FRAMES
    yield memory.keeper_z / KEEPER_REACH
    yield (memory.ball_x - SPOT_X) / (KEEPER_X - SPOT_X)
    yield (memory.ball_y - CENTRE_Y) / HALF_GOAL
    yield memory.ball_z / BAR_Z
    yield memory.ball_vx / FASTEST_BALL
    yield memory.ball_vy / FASTEST_ASIDE
    yield memory.ball_vz / FASTEST_RISE
    yield arrival(memory) / FLIGHT_FRAMES
    there = arrival_y(before, memory) if flies else 0.0
    yield there / HALF_GOAL
    misses = there - keeper_y if flies else 0.0
    yield misses / (2 * HALF_GOAL)
    yield misses / KEEPER_REACH
