"""Lantern Cup, the stand-in for Nekketsu Soccer's shoot-out, on a real emulator: its rules and its addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from quarterup.emulators.emulator import EmulatorNotFound, HeldInputs, MemoryRange, StateId
from quarterup.emulators.launch import launch
from quarterup.emulators.roms import STAND_INS

PHASE, ROUND, WHO_KICKS, WIND, CLOCK, VERDICT = 0x0500, 0x0502, 0x0503, 0x0504, 0x0505, 0x0506
KICKS, WINNER = 0x0507, 0x0509
KICKER_X, KICKER_Y, KICKER_SPEED, KICKER_LEAN = 0x0510, 0x0512, 0x0514, 0x0517
KEEPER_Y, KEEPER_STATE, KEEPER_SIDE = 0x0518, 0x051A, 0x051B
BALL_X, BALL_Y, BALL_Z, BALL_VY, SHOT_KIND = 0x0520, 0x0522, 0x0524, 0x0528, 0x052C
GOALS_FOR, GOALS_AGAINST, MARKS, SIGNATURE = 0x052E, 0x052F, 0x0530, 0x053A
PLAN_WAIT, PLAN_LEAN, PLAN_KICK, PLAN_X, HAS_LEANED, BLUFFS = 0x0544, 0x0545, 0x0546, 0x0547, 0x054A, 0x0553

TITLE, ANNOUNCE, RUNUP, FLIGHT, VERDICT_SHOWN, OVER = range(6)
GOAL, SAVED, WIDE, OVER_BAR, POST, TOO_LATE = range(1, 7)
STANDS, LEANS, DIVES, LIES, BLOCKS, JUMPS = range(6)
PLAIN, POWER, CURL, CHIP, WEAK = range(5)
A_BIT, B_BIT, UP_BIT, DOWN_BIT, RIGHT_BIT = 0x80, 0x40, 0x08, 0x04, 0x01
FAR, STRAIGHT, NEAR = 0xFF, 0, 1
CENTRE_Y = 140

NONE: tuple[str, ...] = ()
START, RIGHT, B = ("P1 Start",), ("P1 Right",), ("P1 B",)
RUN_FAR, RUN_NEAR = ("P1 Up", "P1 Right"), ("P1 Down", "P1 Right")
PLAIN_FAR, PLAIN_NEAR = ("P1 Up", "P1 Right", "P1 B"), ("P1 Down", "P1 Right", "P1 B")
POWER_FAR, POWER_NEAR = ("P1 Up", "P1 Right", "P1 A", "P1 B"), ("P1 Down", "P1 Right", "P1 A", "P1 B")
BOTH = ("P1 A", "P1 B")


class Pitch:
    """A machine with the shoot-out in it, whose memory can be read and written like an array."""

    def __init__(self) -> None:
        self.emulator = launch("nes", "nekketsu_soccer", roms=[STAND_INS], watch=[MemoryRange(0, 0x800)])
        self.memory = b""

    def step(self, inputs: HeldInputs = NONE, frames: int = 1) -> None:
        self.memory = bytes(self.emulator.step(inputs, frames).memory)

    def __getitem__(self, address: int) -> int:
        return self.memory[address]

    def __setitem__(self, address: int, value: int) -> None:
        self.emulator.write(address, bytes([value & 0xFF]))

    def until(self, happened: Callable[[], bool], frames: int, inputs: HeldInputs = NONE) -> int:
        """Step until `happened`; return after how many frames. Fails after `frames`."""
        for passed in range(frames):
            if happened():
                return passed
            self.step(inputs)
        raise AssertionError(f"it did not happen within {frames} frames")

    def load(self, state: StateId) -> None:
        self.emulator.load_state(state)
        self.step()

    def run_up(self, to_x: int = 96, inputs: HeldInputs = RIGHT) -> None:
        self.until(lambda: self[KICKER_X] >= to_x, 100, inputs)

    def keeper(self, state: int, side: int, *, bluffs: int = 0, y: int = CENTRE_Y) -> None:
        """The computer's keeper has made up his mind."""
        for address, value in (
            (KEEPER_STATE, state),
            (KEEPER_SIDE, side),
            (BLUFFS, bluffs),
            (KEEPER_Y, y),
            (HAS_LEANED, 1),
            (WIND, 0),
        ):
            self[address] = value

    def shoot(self, inputs: HeldInputs) -> int:
        """Press, let go when the ball has left, and return the verdict."""
        self.until(lambda: self[PHASE] == FLIGHT, 10, inputs)
        return self.verdict()

    def verdict(self, inputs: HeldInputs = NONE) -> int:
        self.until(lambda: self[PHASE] == VERDICT_SHOWN, 100, inputs)
        return self[VERDICT]

    def let_the_computer_kick(self, kick: int, lean: int = 0, wind: int = 0) -> None:
        """Up to the moment when its shot leaves the foot."""
        for address, value in ((PLAN_WAIT, 1), (PLAN_KICK, kick), (PLAN_LEAN, lean), (PLAN_X, 95), (WIND, wind)):
            self[address] = value
        self.until(lambda: self[PHASE] == FLIGHT, 120)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Pitch, StateId, StateId, StateId]]:
    """One machine for all tests: its states on the title screen, at the player's first kick, and at the computer's."""
    try:
        pitch = Pitch()
    except EmulatorNotFound as missing:
        pytest.skip(str(missing))
    try:
        pitch.step(NONE, 60)
        title = pitch.emulator.save_state()
        pitch.step(START, 4)
        pitch.until(lambda: pitch[PHASE] == RUNUP, 100)
        player = pitch.emulator.save_state()
        pitch.until(lambda: pitch[WHO_KICKS] == 1 and pitch[PHASE] == RUNUP, 600)
        yield pitch, title, player, pitch.emulator.save_state()
    finally:
        pitch.emulator.close()


@pytest.fixture
def titled(running: tuple[Pitch, StateId, StateId, StateId]) -> Pitch:
    running[0].load(running[1])
    return running[0]


@pytest.fixture
def kicking(running: tuple[Pitch, StateId, StateId, StateId]) -> Pitch:
    running[0].load(running[2])
    return running[0]


@pytest.fixture
def keeping(running: tuple[Pitch, StateId, StateId, StateId]) -> Pitch:
    running[0].load(running[3])
    return running[0]


# ---------------------------------------------------------------------------------------------------- title and start


def test_the_title_waits_for_start(titled: Pitch) -> None:
    assert titled.memory[SIGNATURE : SIGNATURE + 6] == b"LCUP-1"
    titled.step(("P1 A", "P1 B", "P1 Right"), 300)
    assert titled[PHASE] == TITLE
    titled.step(START, 4)
    assert titled[PHASE] == ANNOUNCE
    titled.until(lambda: titled[PHASE] == RUNUP, 60)
    assert (titled[ROUND], titled[WHO_KICKS], titled[GOALS_FOR], titled[GOALS_AGAINST]) == (0, 0, 0, 0)


def test_the_same_inputs_give_the_same_memory(titled: Pitch, running: tuple[Pitch, StateId, StateId, StateId]) -> None:
    def play() -> list[bytes]:
        titled.load(running[1])
        titled.step(START, 4)
        seen = []
        for number in range(300):
            titled.step((NONE, RIGHT, RUN_FAR, PLAIN_NEAR, BOTH)[number * 7 % 5], 4)
            seen.append(titled.memory)
        return seen

    assert play() == play()


# ---------------------------------------------------------------------------------------------------------- kicking


def test_the_kicker_gathers_speed_and_does_not_run_past_the_ball(kicking: Pitch) -> None:
    kicking.step(RIGHT, 5)
    slow = kicking[KICKER_SPEED]
    kicking.step(RIGHT, 5)
    assert kicking[KICKER_SPEED] > slow
    kicking.step(RIGHT, 80)
    assert (kicking[KICKER_X], kicking[PHASE]) == (106, RUNUP)


@pytest.mark.parametrize(("inputs", "lean"), [(RUN_FAR, FAR), (RIGHT, STRAIGHT), (RUN_NEAR, NEAR)])
def test_a_run_leans_to_the_side_it_goes(kicking: Pitch, inputs: tuple[str, ...], lean: int) -> None:
    kicking.step(inputs, 30)
    assert kicking[KICKER_LEAN] == lean


def test_out_of_reach_the_buttons_kick_nothing(kicking: Pitch) -> None:
    kicking.step(BOTH, 60)
    assert (kicking[PHASE], kicking[KICKER_X]) == (RUNUP, 50)


def test_a_plain_shot_past_a_keeper_on_the_wrong_foot_is_a_goal(kicking: Pitch) -> None:
    kicking.run_up()
    kicking.keeper(LEANS, FAR, y=CENTRE_Y - 12)
    assert kicking.shoot(PLAIN_NEAR) == GOAL
    assert kicking[SHOT_KIND] == PLAIN
    assert (kicking[GOALS_FOR], kicking[GOALS_AGAINST]) == (1, 0)
    assert kicking.memory[MARKS : MARKS + 2] == bytes([1, 0])


def test_the_same_shot_to_where_he_leans_is_saved(kicking: Pitch) -> None:
    kicking.run_up()
    kicking.keeper(LEANS, NEAR, y=CENTRE_Y + 12)
    assert kicking.shoot(PLAIN_NEAR) == SAVED
    assert kicking[GOALS_FOR] == 0
    assert kicking[MARKS] == 2


def test_a_bluff_is_saved_on_the_other_side(kicking: Pitch) -> None:
    kicking.run_up()
    kicking.keeper(LEANS, FAR, bluffs=1)
    assert kicking.shoot(PLAIN_NEAR) == SAVED


def test_a_standing_keeper_saves_plain_shots_and_is_too_slow_for_power_to_the_larger_side(kicking: Pitch) -> None:
    state = kicking.emulator.save_state()
    kicking.run_up()
    kicking.keeper(STANDS, STRAIGHT, y=CENTRE_Y - 10)
    assert kicking.shoot(PLAIN_NEAR) == SAVED
    kicking.load(state)
    kicking.run_up()
    kicking.keeper(STANDS, STRAIGHT, y=CENTRE_Y - 10)
    assert kicking.shoot(POWER_NEAR) in (GOAL, POST)
    assert kicking[SHOT_KIND] == POWER


def test_a_power_shot_that_is_stretched_for_goes_over_the_bar(kicking: Pitch) -> None:
    kicking.run_up(88)
    kicking.keeper(LEANS, FAR)
    assert kicking.shoot(POWER_NEAR) == OVER_BAR


def test_the_second_button_may_come_a_little_late(kicking: Pitch) -> None:
    kicking.run_up()
    kicking.step(PLAIN_NEAR, 2)
    kicking.until(lambda: kicking[PHASE] == FLIGHT, 4, POWER_NEAR)
    assert kicking[SHOT_KIND] == POWER


def test_without_a_run_a_shot_is_weak(kicking: Pitch) -> None:
    kicking.run_up(90)
    kicking.step(NONE, 12)
    kicking.keeper(LEANS, FAR, y=CENTRE_Y - 12)
    assert kicking.shoot(PLAIN_NEAR) == SAVED
    assert kicking[SHOT_KIND] == WEAK


def test_a_chip_lands_in_the_arms_of_a_keeper_who_stands_and_flies_over_one_who_lies(kicking: Pitch) -> None:
    state = kicking.emulator.save_state()
    kicking.run_up()
    kicking.keeper(STANDS, STRAIGHT)
    assert kicking.shoot(B) == SAVED
    assert kicking[SHOT_KIND] == CHIP
    kicking.load(state)
    kicking.run_up()
    kicking.keeper(LIES, FAR)
    assert kicking.shoot(B) == GOAL


def test_a_curl_starts_to_the_side_of_the_run_and_ends_at_the_other_post(kicking: Pitch) -> None:
    kicking.run_up(inputs=RUN_FAR)
    kicking.keeper(LEANS, FAR, y=CENTRE_Y - 12)
    kicking.until(lambda: kicking[PHASE] == FLIGHT, 10, BOTH)
    assert kicking[SHOT_KIND] == CURL
    assert kicking[BALL_VY + 1] & 0x80  # towards the far post
    assert kicking.verdict() == GOAL
    assert kicking[BALL_Y] > CENTRE_Y + 15


def test_a_strong_wind_carries_a_shot_from_the_corner_past_it(kicking: Pitch) -> None:
    kicking.run_up(inputs=RUN_NEAR)
    kicking.keeper(LEANS, FAR)
    kicking[WIND] = 2
    assert kicking.shoot(PLAIN_NEAR) in (POST, WIDE)


def test_who_waits_too_long_has_lost_the_kick(kicking: Pitch) -> None:
    frames = kicking.until(lambda: kicking[PHASE] == VERDICT_SHOWN, 400)
    assert frames == pytest.approx(300, abs=6)
    assert kicking[VERDICT] == TOO_LATE
    kicking.until(lambda: kicking[PHASE] == RUNUP, 200)
    assert (kicking[WHO_KICKS], kicking[ROUND], kicking[KICKS]) == (1, 0, 1)


# ------------------------------------------------------------------------------------------------------ keeping goal


def test_the_keeper_walks_his_line_up_to_near_the_posts(keeping: Pitch) -> None:
    keeping[PLAN_WAIT] = 200
    keeping.step(("P1 Up",), 10)
    assert keeping[KEEPER_Y] == CENTRE_Y - 10
    keeping.step(("P1 Up",), 60)
    assert keeping[KEEPER_Y] == CENTRE_Y - 38
    keeping.step(("P1 Down",), 5)
    assert keeping[KEEPER_Y] == CENTRE_Y - 33


def test_a_shot_to_the_middle_is_caught_by_a_keeper_who_stays(keeping: Pitch) -> None:
    keeping.let_the_computer_kick(RIGHT_BIT | B_BIT)
    assert keeping.verdict() == SAVED
    assert keeping[GOALS_AGAINST] == 0


@pytest.mark.parametrize(
    ("kick", "right", "wrong"), [(UP_BIT, PLAIN_FAR, PLAIN_NEAR), (DOWN_BIT, PLAIN_NEAR, PLAIN_FAR)]
)
def test_a_dive_to_the_right_side_saves_and_to_the_wrong_one_does_not(
    keeping: Pitch, kick: int, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    state = keeping.emulator.save_state()
    for inputs, verdict, goals in ((right, SAVED, 0), (wrong, GOAL, 1), (NONE, GOAL, 1)):
        keeping.load(state)
        keeping.let_the_computer_kick(kick | RIGHT_BIT | B_BIT)
        keeping.step(NONE, 4)
        assert keeping.verdict(inputs) == verdict
        assert keeping[GOALS_AGAINST] == goals


def test_both_buttons_make_a_dive_faster(keeping: Pitch) -> None:
    keeping[PLAN_WAIT] = 200
    state = keeping.emulator.save_state()
    places = []
    for inputs in (PLAIN_FAR, POWER_FAR):
        keeping.load(state)
        keeping.step(inputs, 10)
        assert keeping[KEEPER_STATE] == DIVES
        places.append(keeping[KEEPER_Y])
    assert places[1] < places[0] < CENTRE_Y


def test_after_a_dive_the_keeper_lies_for_a_while(keeping: Pitch) -> None:
    keeping[PLAN_WAIT] = 200
    keeping.step(PLAIN_NEAR, 4)
    keeping.until(lambda: keeping[KEEPER_STATE] == LIES, 20)
    assert keeping.until(lambda: keeping[KEEPER_STATE] == STANDS, 60) == pytest.approx(36, abs=1)


def test_a_jump_reaches_what_a_dive_does_not(keeping: Pitch) -> None:
    state = keeping.emulator.save_state()
    for inputs, verdict in ((PLAIN_FAR, GOAL), (BOTH, SAVED), (NONE, SAVED)):
        keeping.load(state)
        keeping.let_the_computer_kick(B_BIT)  # a chip
        keeping.step(NONE, 24)
        keeping.step(inputs, 4)
        assert keeping.verdict() == verdict


def test_one_button_blocks_and_both_jump(keeping: Pitch) -> None:
    keeping[PLAN_WAIT] = 200
    state = keeping.emulator.save_state()
    for inputs, does in ((B, BLOCKS), (BOTH, JUMPS)):
        keeping.load(state)
        keeping.step(inputs, 4)
        assert keeping[KEEPER_STATE] == does
        keeping.until(lambda: keeping[KEEPER_STATE] == STANDS, 60)


# ----------------------------------------------------------------------------------------------------- rounds and end


def play_on(pitch: Pitch, *, score: tuple[int, int], kicks: tuple[int, int]) -> None:
    """Let the player's kick pass, with this standing before it, until the computer's has been saved or decided all."""
    for address, value in zip((GOALS_FOR, GOALS_AGAINST, KICKS, KICKS + 1), (*score, *kicks), strict=True):
        pitch[address] = value
    pitch[ROUND] = kicks[0]
    pitch[CLOCK] = 2
    pitch.until(lambda: pitch[WHO_KICKS] == 1 and pitch[PHASE] == RUNUP, 200)
    pitch.let_the_computer_kick(RIGHT_BIT | B_BIT)  # to the middle, where the keeper stands
    assert pitch.verdict() == SAVED
    pitch.until(lambda: pitch[PHASE] in (RUNUP, OVER), 200)


def test_all_five_kicks_are_taken_however_clear_it_is(kicking: Pitch) -> None:
    play_on(kicking, score=(4, 0), kicks=(3, 3))
    assert (kicking[PHASE], kicking[WINNER], kicking[ROUND]) == (RUNUP, 0, 4)


@pytest.mark.parametrize(("score", "winner"), [((3, 2), 1), ((2, 3), 2)])
def test_after_five_kicks_each_more_goals_win(kicking: Pitch, score: tuple[int, int], winner: int) -> None:
    play_on(kicking, score=score, kicks=(4, 4))
    assert (kicking[PHASE], kicking[WINNER]) == (OVER, winner)
    assert (kicking[GOALS_FOR], kicking[GOALS_AGAINST]) == score


def test_level_after_five_kicks_it_goes_on_in_pairs(kicking: Pitch) -> None:
    play_on(kicking, score=(3, 3), kicks=(4, 4))
    assert (kicking[PHASE], kicking[WINNER], kicking[ROUND], kicking[WHO_KICKS]) == (RUNUP, 0, 5, 0)
    assert kicking.memory[MARKS : MARKS + 10] == bytes(10), "the board begins anew"
    kicking.run_up()
    kicking.keeper(LEANS, FAR, y=CENTRE_Y - 12)
    assert kicking.shoot(PLAIN_NEAR) == GOAL
    kicking.until(lambda: kicking[WHO_KICKS] == 1 and kicking[PHASE] == RUNUP, 200)
    kicking.let_the_computer_kick(RIGHT_BIT | B_BIT)
    kicking.until(lambda: kicking[PHASE] == OVER, 200)
    assert kicking[WINNER] == 1


def test_level_after_99_pairs_it_is_a_draw(kicking: Pitch) -> None:
    play_on(kicking, score=(50, 50), kicks=(98, 98))
    assert (kicking[PHASE], kicking[WINNER]) == (OVER, 3)


def test_the_end_returns_to_the_title(kicking: Pitch) -> None:
    play_on(kicking, score=(3, 2), kicks=(4, 4))
    kicking.step(START, 4)
    assert kicking[PHASE] == TITLE
    kicking.step(NONE, 4)
    kicking.step(START, 4)
    assert (kicking[PHASE], kicking[GOALS_FOR], kicking[GOALS_AGAINST]) == (ANNOUNCE, 0, 0)
