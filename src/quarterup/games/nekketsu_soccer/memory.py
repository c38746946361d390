"""What the game keeps where, and its measures in pixels and frames.

Public knowledge about the original is two bytes, the goals for and against (the Lua script of Naereen's
gym-nes-mario-bros). All other addresses are the stand-in's own: `standins/nekketsu_soccer/README.md`.

X runs from the kicker to the goal, Y from the far post (at the top of the picture) to the near one.
"""

from __future__ import annotations

from quarterup.games.memory_map import S8, U8, Bytes, Integer, MemoryMap

SIGNATURE = b"LCUP-1"
"""Of the stand-in, from its title screen on."""

TITLE, ANNOUNCE, RUNUP, FLIGHT, VERDICT, OVER = range(6)
"""Phases. Kicker and keeper can be moved in RUNUP, the keeper in FLIGHT too."""
PLAYER, COMPUTER = 0, 1
STANDS, LEANS, DIVES, LIES, BLOCKS, JUMPS = range(6)
"""What a keeper does."""
SWINGS = 4
"""The kicker's pose from the press of the button to the kick."""

CENTRE_Y = 140
HALF_GOAL = 42
"""Pixels from the goal's middle to a post."""
BAR_Z = 34
SPOT_X, KEEPER_X = 112, 198
START_X, CONTACT_X = 50, 106
"""Where the kicker's run begins and ends."""
REACH_X, SWEET_X, SWEET_END_X = 88, 93, 104
"""He reaches the ball from the first on; from the second on, and before the third, he meets it well."""
FASTEST = 448
FULL_RUN = 256
"""Pixels / 256 a frame. With less than a full run a shot is weak."""
MOST_ASIDE = 10
KEEPER_FURTHEST = 38
"""From the goal's middle."""
KEEPER_REACH = 12
"""Pixels to each side, in a dive."""
DIVE_PIXELS = 30
WIND_PUSH = 3
"""Pixels / 256 a frame, each frame, for each of two degrees of wind."""
STRONGEST_WIND = 2
REGULAR_ROUNDS = 5
CLOCK = 152


class SoccerMemory(MemoryMap):
    """What the game file reads."""

    phase = U8(0x0500)
    round = U8(0x0502)
    """0 for the first pair of kicks."""
    who_kicks = U8(0x0503)
    wind = S8(0x0504)
    """Below 0 it blows towards the far post."""
    clock = U8(0x0505)
    """Half frames left to kick; only the player's time runs out."""
    verdict = U8(0x0506)
    """1 goal, 2 saved, 3 wide, 4 over the bar, 5 post or bar, 6 too late."""
    winner = U8(0x0509)
    """0 nobody yet, 1 player, 2 computer, 3 a draw."""
    kicker_x = U8(0x0510)
    kicker_y = U8(0x0512)
    kicker_speed = Integer(0x0514, 2)
    """Pixels / 256 a frame, as all speeds."""
    kicker_pose = U8(0x0516)
    kicker_lean = S8(0x0517)
    """-1 he has run towards the far post, 1 towards the near one, 0 straight."""
    keeper_y = U8(0x0518)
    keeper_state = U8(0x051A)
    keeper_side = S8(0x051B)
    """-1, 0, 1: where he leans or dives."""
    keeper_time = U8(0x051C)
    """Frames in this state."""
    keeper_z = U8(0x051E)
    ball_x = U8(0x0520)
    ball_y = U8(0x0522)
    ball_z = U8(0x0524)
    ball_vx = Integer(0x0526, 2, signed=True)
    ball_vy = Integer(0x0528, 2, signed=True)
    ball_vz = Integer(0x052A, 2, signed=True)
    goals_for = U8(0x052E)
    """The original has it here too."""
    goals_against = U8(0x052F)
    """And this."""
    signature = Bytes(0x053A, len(SIGNATURE))


def arrival(memory: SoccerMemory) -> float:
    """Frames until the flying ball is at the keeper's; 0 when it is there or does not fly there."""
    if memory.phase != FLIGHT or memory.ball_vx <= 0:
        return 0.0
    return max(KEEPER_X - memory.ball_x, 0) * 256 / memory.ball_vx


def arrival_y(before: SoccerMemory, memory: SoccerMemory) -> float:
    """At what Y it will be there, in pixels from the goal's middle.

    A curled ball bends, as two moments of its flight show; of one that has just been kicked only the wind is known.
    """
    push = float(WIND_PUSH * memory.wind)
    if before.phase == FLIGHT and memory.phase == FLIGHT and before.ball_x < memory.ball_x and memory.ball_vx > 0:
        frames = max(round((memory.ball_x - before.ball_x) * 256 / memory.ball_vx), 1)
        push = (memory.ball_vy - before.ball_vy) / frames
    frames_left = arrival(memory)
    moved = (memory.ball_vy + push * frames_left / 2) * frames_left / 256
    return memory.ball_y - CENTRE_Y + moved
