"""Root Cellar, the stand-in for Mario Bros., on a real emulator: its rules and its public addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from quarterup.emulators.emulator import EmulatorNotFound, HeldInputs, MemoryRange, StateId
from quarterup.emulators.launch import launch
from quarterup.emulators.roms import STAND_INS

HELD, STATE, MODE, COARSE, GAME_B, LEVEL_SHOWN, LEVEL = 0x18, 0x20, 0x29, 0x2D, 0x3A, 0x41, 0x42
ENEMIES, LIVES, LIVES_2, GONG, SHAKE = 0x45, 0x48, 0x4C, 0x70, 0x71
BEST, SCORE, SCORE_2 = 0x91, 0x95, 0x99
QUEUE, QUEUED, FREEZE_IN, WISP_IN, ICE, COINS_LEFT, BONUS_TIME = 0x480, 0x490, 0x492, 0x493, 0x498, 0x4B0, 0x4B1
COIN_THERE = 0x4C0
SPAWN = 0x2E
TITLE, INTRO, PLAY, CLEAR, OVER, PAUSE = range(6)

MOLE, MOLE_2, OTHER, OTHER_2 = 0x300, 0x320, 0x340, 0x360
ON, DIR, STATUS, TIMER, ATTR, Y, X, ANGER, AIR, ID, COUNT = 0, 1, 2, 3, 7, 8, 9, 0x11, 0x0E, 0x0F, 0x16
VX, VX_HIGH, FLIP = 5, 6, 0x15
WALKS, FLIPPED, KICKED = 0, 1, 2
DIES, ON_LIFT = 1, 2
SNAIL, BEETLE, CRICKET, COIN, FREEZIE, WISP = 0x10, 0x20, 0x30, 0x40, 0x80, 0xB0
TO_RIGHT, TO_LEFT = 1, 2
GROUND, LOW, MIDDLE, TOP = 208, 160, 112, 64

NONE: tuple[str, ...] = ()
A, LEFT, RIGHT, SELECT, START = ("P1 A",), ("P1 Left",), ("P1 Right",), ("P1 Select",), ("P1 Start",)


class Console:
    """A NES with the game in it, whose memory can be read and written like an array."""

    def __init__(self) -> None:
        self.emulator = launch("nes", "mario_bros", roms=[STAND_INS], watch=[MemoryRange(0, 0x800)])
        self.memory = b""

    def step(self, inputs: HeldInputs = NONE, frames: int = 1) -> None:
        self.memory = bytes(self.emulator.step(inputs, frames).memory)

    def __getitem__(self, address: int) -> int:
        return self.memory[address]

    def __setitem__(self, address: int, value: int) -> None:
        self.emulator.write(address, bytes([value & 0xFF]))

    def points(self, address: int = SCORE) -> int:
        return int(self.memory[address : address + 3].hex())

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

    def place(self, slot: int, kind: int, x: int, y: int, direction: int = TO_RIGHT, vx: int = 0, **more: int) -> None:
        """Somebody is there, of whose other bytes all are 0; `vx` is in 1/256 pixels a frame."""
        data = bytearray(0x20)
        data[ON], data[DIR], data[ID], data[X], data[Y] = 1, direction, kind, x, y
        data[VX], data[VX_HIGH] = vx & 0xFF, vx >> 8 & 0xFF
        for name, value in more.items():
            data[{"status": STATUS, "flip": FLIP, "air": AIR, "anger": ANGER, "attr": ATTR}[name]] = value
        self.emulator.write(slot, bytes(data))

    def mole(self, x: int, y: int = GROUND) -> None:
        self.place(MOLE, 1, x, y)

    def keep_pipes_shut(self) -> None:
        for address in (SPAWN, QUEUED, FREEZE_IN, WISP_IN):
            self[address] = 0

    def start_phase(self, number: int) -> None:
        """The phase before is cleared."""
        self[LEVEL], self[LEVEL_SHOWN], self[ENEMIES] = number - 1, number - 1, 0
        self.until(lambda: self[LEVEL] == number and self[STATE] == PLAY, 400)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Console, StateId, StateId]]:
    """One console for all tests, its state on the title, and that at the beginning of a game of one player."""
    try:
        console = Console()
    except EmulatorNotFound as missing:
        pytest.skip(str(missing))
    try:
        console.step(NONE, 60)
        title = console.emulator.save_state()
        console.step(START, 4)
        console.until(lambda: console[STATE] == PLAY, 300)
        console.step(NONE, 2)
        yield console, title, console.emulator.save_state()
    finally:
        console.emulator.close()


@pytest.fixture
def title(running: tuple[Console, StateId, StateId]) -> Console:
    console, state, _ = running
    console.load(state)
    return console


@pytest.fixture
def game(running: tuple[Console, StateId, StateId]) -> Console:
    """A game whose pipes stay shut."""
    console, _, state = running
    console.load(state)
    console.keep_pipes_shut()
    return console


# ----------------------------------------------------------------------------------------------------- the title


def test_select_goes_through_the_four_ways_to_play(title: Console) -> None:
    seen = []
    for _ in range(5):
        seen.append(title[MODE])
        title.step(SELECT, 4)
        title.step(NONE, 4)
    assert seen == [0, 1, 2, 3, 0]


@pytest.mark.parametrize(("mode", "game_b", "lives_2"), [(0, 0, 0), (1, 1, 0), (2, 0, 3), (3, 1, 3)])
def test_start_begins_the_game_that_was_chosen(title: Console, mode: int, game_b: int, lives_2: int) -> None:
    title[MODE] = mode
    title.step(NONE, 2)
    title.step(START, 4)
    title.until(lambda: title[STATE] == PLAY, 300)
    assert (title[MODE], title[GAME_B], title[LIVES], title[LIVES_2]) == (mode, game_b, 3, lives_2)
    assert (title[LEVEL_SHOWN], title[GONG], title.points()) == (1, 3, 0)
    assert (title[MOLE + ON], title[MOLE + ID], title[MOLE + Y]) == (1, 1, GROUND)
    assert (title[MOLE_2 + ON], title[MOLE_2 + ID]) == ((1, 2) if lives_2 else (0, 0))


def test_the_same_inputs_give_the_same_memory(running: tuple[Console, StateId, StateId]) -> None:
    console, _, state = running
    ends = []
    for _ in range(2):
        console.emulator.load_state(state)
        for inputs in (RIGHT, A, LEFT, NONE) * 6:
            console.step(inputs, 17)
        ends.append(console.memory)
    assert ends[0] == ends[1]


# ------------------------------------------------------------------------------------------------------ the mole


def test_the_mole_gets_faster_and_slides_on(game: Console) -> None:
    places = []
    for _ in range(4):
        places.append(game[MOLE + X])
        game.step(RIGHT, 12)
    gaps = [after - before for before, after in pairwise(places)]
    assert gaps[0] < gaps[1] <= gaps[2] <= 15
    assert game[HELD] == 1
    let_go = game[MOLE + X]
    game.step(NONE, 60)
    assert 8 < game[MOLE + X] - let_go < 30
    resting = game[MOLE + X]
    game.step(NONE, 10)
    assert game[MOLE + X] == resting


def test_who_turns_skids_first(game: Console) -> None:
    game.step(RIGHT, 40)
    game.step(LEFT, 2)
    assert game[MOLE + DIR] == TO_LEFT | 4
    assert game[MOLE + VX_HIGH] < 0x80, "still going right"


def test_the_sides_of_the_screen_are_one(game: Console) -> None:
    game.mole(250)
    game.until(lambda: game[MOLE + X] < 20, 60, RIGHT)


def test_a_jump_reaches_the_next_floor_and_needs_a_new_press(game: Console) -> None:
    game.mole(110)
    game.step(A, 4)
    heights = []
    for _ in range(90):
        game.step(A)
        heights.append(game[MOLE + Y])
    assert GROUND - 57 < min(heights) < GROUND - 49
    assert heights[-1] == GROUND
    assert heights.index(min(heights)) < 40 < heights.index(GROUND) < 60


def test_floors_are_landed_on_from_above_only(game: Console) -> None:
    game.mole(80)
    game.step(A, 2)
    game.until(lambda: game[MOLE + DIR] & 0x40 != 0, 20)
    assert game[MOLE + Y] == LOW + 8 + 22
    game.mole(80, LOW - 40)
    game[MOLE + AIR] = 1
    game.until(lambda: game[MOLE + AIR] == 0, 60)
    assert game[MOLE + Y] == LOW


# --------------------------------------------------------------------------------------------- knocks and kicks


def test_an_enemy_is_turned_over_from_below_and_kicked(game: Console) -> None:
    game.mole(80)
    game.place(OTHER, SNAIL, 84, LOW)
    game.step(A, 2)
    game.until(lambda: game[OTHER + STATUS] == FLIPPED, 20)
    assert game[OTHER + ATTR] & 0x80
    game.step()
    assert game.points() == 10
    game.step(NONE, 60)
    assert (game[OTHER + Y], game[OTHER + AIR]) == (LOW, 0)
    game.mole(game[OTHER + X], LOW)
    game.step(NONE, 2)
    assert (game[OTHER + STATUS], game.points(), game[MOLE + STATUS]) == (KICKED, 810, 0)
    before = game[ENEMIES]
    game.until(lambda: game[OTHER + ON] == 0, 120)
    assert game[ENEMIES] == before - 1
    assert game[QUEUE] == COIN


def test_kicks_in_a_row_are_worth_more(game: Console) -> None:
    earned = []
    for _ in range(5):
        before = game.points()
        game.place(OTHER, SNAIL, game[MOLE + X], GROUND, status=FLIPPED, flip=100)
        game.step(NONE, 2)
        earned.append(game.points() - before)
        game[OTHER + ON] = 0
        game.step(NONE, 10)
    assert earned == [800, 1600, 2400, 3200, 3200]


def test_who_is_knocked_again_is_on_its_feet_again(game: Console) -> None:
    game.mole(80)
    game.place(OTHER, SNAIL, 80, LOW, status=FLIPPED, flip=100, attr=0x82)
    game.step(A, 2)
    game.until(lambda: game[OTHER + STATUS] == WALKS, 20)
    assert not game[OTHER + ATTR] & 0x80


def test_who_lies_too_long_gets_up_angrier(game: Console) -> None:
    game.place(OTHER, SNAIL, 80, LOW, status=FLIPPED, flip=112)
    game.step()
    assert game.until(lambda: game[OTHER + STATUS] == WALKS, 500) == pytest.approx(448, abs=5)
    assert game[OTHER + ANGER] == 1


def test_a_beetle_needs_two_knocks(game: Console) -> None:
    game.place(OTHER, BEETLE, 40, LOW)
    for expected in ((WALKS, 1), (FLIPPED, 1)):
        game.mole(40)
        game[OTHER + X], game[OTHER + VX], game[OTHER + VX_HIGH] = 40, 0, 0
        game.step(A, 2)
        game.step(NONE, 8)
        assert (game[OTHER + STATUS], game[OTHER + ANGER]) == expected
        game.step(NONE, 40)


def test_a_cricket_in_the_air_feels_nothing(game: Console) -> None:
    game.mole(80)
    game.place(OTHER, CRICKET, 80, LOW - 20, air=1)
    game[OTHER + 0x0D] = 0xFE
    game.step(A, 10)
    assert game[OTHER + STATUS] == WALKS
    assert game.points() == 0


def test_the_gong_hits_everybody_who_stands_three_times(game: Console) -> None:
    for blows in (2, 1, 0):
        game.place(OTHER, SNAIL, 30, MIDDLE + 8)
        game.place(OTHER_2, SNAIL, 200, TOP)
        game.mole(128)
        game.step(A, 2)
        game.until(lambda blows=blows: game[GONG] == blows, 20)  # type: ignore[misc]
        game.step()
        assert (game[OTHER + STATUS], game[OTHER_2 + STATUS]) == (FLIPPED, FLIPPED)
        assert game[SHAKE] > 0
        game.step(NONE, 40)
    game.mole(128)
    game.step(A, 2)
    game.until(lambda: game[MOLE + Y] < LOW, 40)


# ------------------------------------------------------------------------------------------- dangers and the end


@pytest.mark.parametrize("kind", [SNAIL, BEETLE, CRICKET, FREEZIE])
def test_touching_somebody_on_his_feet_costs_a_life(game: Console, kind: int) -> None:
    game.place(OTHER, kind, game[MOLE + X], GROUND)
    game.step(NONE, 2)
    assert game[MOLE + STATUS] == DIES
    game[OTHER + ON] = 0
    game.until(lambda: game[LIVES] == 2, 200)
    assert (game[MOLE + ON], game[MOLE + STATUS]) == (1, ON_LIFT)
    game.until(lambda: game[MOLE + Y] >= 44, 120)
    game.step(RIGHT, 2)
    game.step(NONE, 2)
    assert (game[MOLE + STATUS], game[MOLE + AIR]) == (0, 1)


def test_the_last_life_ends_the_game_and_the_title_comes_back(game: Console) -> None:
    game[LIVES] = 1
    game.place(OTHER, SNAIL, game[MOLE + X], GROUND)
    game.until(lambda: game[LIVES] == 0, 300)
    assert (game[MOLE + ON], game[STATE]) == (0, OVER)
    game.until(lambda: game[STATE] == TITLE, 300)


def test_an_enemy_leaves_through_the_pipe_and_comes_again_at_the_top(game: Console) -> None:
    game.mole(128)
    game.place(OTHER, SNAIL, 30, GROUND, TO_LEFT, vx=-0x58)
    game.until(lambda: game[OTHER + ATTR] & 0x20 != 0, 60)
    game.until(lambda: game[QUEUED] == 1, 60)
    game.until(lambda: game[OTHER + ON] == 1, 300)
    assert (game[OTHER + Y], game[OTHER + ID]) == (TOP, SNAIL)
    game.until(lambda: game[OTHER + ATTR] & 0x20 == 0, 120)


def test_two_who_meet_turn_round(game: Console) -> None:
    game.place(OTHER, SNAIL, 90, MIDDLE, TO_RIGHT, vx=0x58)
    game.place(OTHER_2, SNAIL, 120, MIDDLE, TO_LEFT, vx=-0x58)
    game.until(lambda: game[OTHER + DIR] == TO_LEFT and game[OTHER_2 + DIR] == TO_RIGHT, 60)


def test_a_freezie_makes_ice_on_which_one_slides_further(game: Console) -> None:
    game.mole(20)

    def slide() -> int:
        game.place(MOLE, 1, 90, MIDDLE, vx=0x100)
        game.step(NONE, 40)
        return game[MOLE + X] - 90

    dry = slide()
    game.mole(20)
    game.place(OTHER, FREEZIE, 110, MIDDLE, TO_RIGHT, vx=0x60)
    game.until(lambda: game[ICE + 3] == 1, 200)
    assert game[OTHER + ON] == 0
    assert slide() > 1.5 * dry


def test_wisps_come_for_who_dawdles_and_stay_later(game: Console) -> None:
    wisp = 0x3E0
    game[WISP_IN] = 1
    game.until(lambda: game[wisp + ON] == 1, 20)
    assert (game[wisp + ID], game[wisp + ATTR] & 3) == (WISP, 2)
    assert abs(game[wisp + Y] - game[MOLE + Y]) < 16
    game[wisp + ON], game[COARSE], game[WISP_IN] = 0, 250, 1
    game.step()
    game.until(lambda: game[wisp + ON] == 1, 20)
    assert game[wisp + ATTR] & 3 == 3


# ------------------------------------------------------------------------------------------- phases and the score


def test_the_phase_is_over_when_all_are_kicked(game: Console) -> None:
    game[ENEMIES] = 0
    game.until(lambda: game[STATE] == CLEAR, 4)
    game.until(lambda: game[STATE] == PLAY, 400)
    assert (game[LEVEL_SHOWN], game[ENEMIES], game[QUEUED]) == (2, 4, 4)


def test_phases_are_counted_in_decimal(game: Console) -> None:
    game[LEVEL], game[LEVEL_SHOWN], game[ENEMIES] = 9, 9, 0
    game.until(lambda: game[LEVEL] == 10, 200)
    assert game[LEVEL_SHOWN] == 0x10


def test_the_third_phase_is_coins_against_the_clock(game: Console) -> None:
    game.start_phase(3)
    assert (game[BONUS_TIME], game[COINS_LEFT], game[ENEMIES]) == (0x20, 10, 0)
    game.step(NONE, 61)
    assert game[BONUS_TIME] == 0x19
    game.mole(60, TOP)
    game.step(NONE, 2)
    assert (game[COINS_LEFT], game[COIN_THERE], game.points(), game[0x4B5]) == (9, 0, 800, 1)
    game[COINS_LEFT] = 1
    game.mole(196, TOP)
    game.until(lambda: game[STATE] == CLEAR, 4)
    assert game.points() == 800 + 800 + 5000


def test_points_carry_from_digit_to_digit_and_the_best_is_kept(game: Console) -> None:
    game[SCORE], game[SCORE + 1], game[SCORE + 2] = 0x01, 0x99, 0x90
    game.place(OTHER, COIN, game[MOLE + X], GROUND)
    game.step(NONE, 2)
    assert game.points() == 20_790
    assert game.points(BEST) == 20_790
    assert (game[LIVES], game[SCORE - 1]) == (4, 0)
    game.place(OTHER, COIN, game[MOLE + X], GROUND)
    game.step(NONE, 2)
    assert game[LIVES] == 4, "the extra life comes once"


def test_two_players_play_at_the_same_time_and_lift_each_other(title: Console) -> None:
    title[MODE] = 2
    title.step(NONE, 2)
    title.step(START, 4)
    title.until(lambda: title[STATE] == PLAY, 300)
    title.keep_pipes_shut()
    places = title[MOLE + X], title[MOLE_2 + X]
    title.step(("P1 Right", "P2 Left"), 20)
    assert title[MOLE + X] > places[0]
    assert title[MOLE_2 + X] < places[1]
    title.mole(80)
    title.place(MOLE_2, 2, 84, LOW)
    title.step(A, 2)
    title.until(lambda: title[MOLE_2 + AIR] == 1, 20)
    title.place(OTHER, COIN, title[MOLE_2 + X], title[MOLE_2 + Y])
    title.step(NONE, 2)
    assert (title.points(SCORE_2), title.points()) == (800, 0)


def test_start_pauses_the_game(game: Console) -> None:
    game.step(START, 4)
    assert game[STATE] == PAUSE
    place = game[MOLE + X]
    game.step(RIGHT, 30)
    assert game[MOLE + X] == place
    game.step(START, 4)
    game.step(RIGHT, 30)
    assert game[MOLE + X] > place
