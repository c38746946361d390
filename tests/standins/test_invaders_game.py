"""Moth Watch, the stand-in for the Midway 8080 board, on real MAME: its rules and its public addresses."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quarterup.emulators.emulator import EmulatorNotFound, HeldInputs, MemoryRange, StateId
from quarterup.emulators.mame import MameEmulator
from quarterup.emulators.mame_program import find_mame

try:
    find_mame()
except EmulatorNotFound as missing:
    pytest.skip(str(missing), allow_module_level=True)

STAND_INS = Path(__file__).resolve().parents[2] / "src" / "quarterup" / "data" / "roms"
RAM, RAM_BYTES, ROM_END = 0x2000, 0x400, 0x2000

RACK_STEP_Y, RACK_STEP_X, RACK_Y, RACK_X, RACK_GOES_LEFT = 0x2007, 0x2008, 0x2009, 0x200A, 0x200D
PLAYER_ALIVE, PLAYER_Y, PLAYER_X, PLAYER_OK = 0x2015, 0x201A, 0x201B, 0x2068
SHOT_STATUS, SHOT_Y, SHOT_X = 0x2025, 0x2029, 0x202A
DROPS = (0x2035, 0x2045, 0x2055)
DROPS_ENABLED, DROPS_DELAY, INVADED, DROP_SPEED, ENEMIES_LEFT = 0x2069, 0x206A, 0x206D, 0x207E, 0x2082
BONUS_DUE, BONUS_ACTIVE, BONUS_HIT, BONUS_X, BONUS_PLACE = 0x2083, 0x2084, 0x2085, 0x208A, 0x208D
IN_GAME, IN_GAME_2, MOVING, CREDITS, GAME_MODE = 0x20E7, 0x20E8, 0x20E9, 0x20EB, 0x20EF
HIGH_SCORE, SCORE, SCORE_2 = 0x20F4, 0x20F8, 0x20FC
ENEMY_FLAGS, WAVE, SHIPS, SHIPS_2 = 0x2100, 0x21FE, 0x21FF, 0x22FF
STACK_FLOOR, STACK_END = 0x2320, 0x2400
ALIVE = 0xFF
COLUMNS, ENEMIES = 11, 55

COIN, START, START_2 = ("Coin 1",), ("1 Player Start",), ("2 Players Start",)
FIRE, LEFT, RIGHT = ("P1 Button 1",), ("P1 Left",), ("P1 Right",)
NONE: tuple[str, ...] = ()


class Cabinet:
    """A machine whose work RAM can be read like an array."""

    def __init__(self) -> None:
        self.emulator = MameEmulator("invaders", watch=[MemoryRange(RAM, RAM_BYTES)], roms=[STAND_INS])
        self.memory = b""

    def step(self, inputs: HeldInputs = NONE, frames: int = 1) -> None:
        self.memory = bytes(self.emulator.step(inputs, frames).memory)

    def __getitem__(self, address: int) -> int:
        return self.memory[address - RAM]

    def __setitem__(self, address: int, value: int) -> None:
        self.emulator.write(address, bytes([value]))

    def bcd(self, address: int) -> int:
        return int(f"{self[address + 1]:02x}{self[address]:02x}")

    def until(self, happened: Callable[[], bool], frames: int, inputs: HeldInputs = NONE) -> int:
        """Step until `happened`; return after how many frames. Fails after `frames`."""
        for passed in range(1, frames + 1):
            self.step(inputs)
            if happened():
                return passed
        raise AssertionError(f"it did not happen within {frames} frames")

    def load(self, state: StateId) -> None:
        self.emulator.load_state(state)
        self.step()

    def switch_on(self) -> None:
        self.emulator.reset(hard=True)
        self.step(NONE, 60)

    def insert_coin(self) -> None:
        self.step(COIN, 6)
        self.step(NONE, 6)

    def shoot_when_free(self) -> None:
        self.until(lambda: self[SHOT_STATUS] == 0, 200)
        self.step(FIRE, 2)

    def forbid_drops(self) -> None:
        self[DROPS_ENABLED] = 0
        self[DROPS_DELAY] = 0

    def stand_below(self, enemy: int) -> None:
        """Only `enemy` is left of the first column, and nothing but it is above the cart."""
        self.keep_only(enemy, *(other for other in range(ENEMIES) if other % COLUMNS))
        for column in range(224):
            self.emulator.write(0x2400 + 32 * column + 6, bytes(20))
        self[PLAYER_X] = self[RACK_X]
        self.forbid_drops()
        self.step(NONE, 60)
        self[PLAYER_X] = self[RACK_X]
        self.step()

    def keep_only(self, *enemies: int) -> None:
        for enemy in range(ENEMIES):
            self[ENEMY_FLAGS + enemy] = int(enemy in enemies)
        self[ENEMIES_LEFT] = len(enemies)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Cabinet, StateId, StateId]]:
    """One machine for all tests, its state at power-on, and its state when the cart has appeared."""
    cabinet = Cabinet()
    try:
        cabinet.step(NONE, 60)
        power_on = cabinet.emulator.save_state()
        cabinet.insert_coin()
        cabinet.step(START, 6)
        cabinet.until(lambda: cabinet[MOVING] == 1, 300)
        cabinet.step(NONE, 140)
        yield cabinet, power_on, cabinet.emulator.save_state()
    finally:
        cabinet.emulator.close()


@pytest.fixture
def attract(running: tuple[Cabinet, StateId, StateId]) -> Cabinet:
    cabinet, power_on, _ = running
    cabinet.load(power_on)
    return cabinet


@pytest.fixture
def game(running: tuple[Cabinet, StateId, StateId]) -> Cabinet:
    cabinet, _, started = running
    cabinet.load(started)
    return cabinet


# ------------------------------------------------------------------------------------------- coin, start, attract


def test_the_demo_plays_but_is_no_game(attract: Cabinet) -> None:
    attract.until(lambda: attract[MOVING] == 1, 2000)
    attract.until(lambda: attract[ENEMIES_LEFT] < ENEMIES, 1500)
    assert (attract[GAME_MODE], attract[IN_GAME], attract.bcd(SCORE)) == (0, 0, 0)


def test_a_coin_is_one_credit_however_long_it_is_held(attract: Cabinet) -> None:
    attract.step(COIN, 60)
    attract.step(NONE, 10)
    assert attract[CREDITS] == 1
    attract.insert_coin()
    assert attract[CREDITS] == 2


def test_without_a_credit_the_start_button_does_nothing(attract: Cabinet) -> None:
    attract.step(START, 400)
    assert (attract[GAME_MODE], attract[IN_GAME]) == (0, 0)


def test_a_coin_interrupts_the_demo(attract: Cabinet) -> None:
    attract.until(lambda: attract[MOVING] == 1, 2000)
    attract.insert_coin()
    attract.step(NONE, 10)
    assert attract[MOVING] == 0
    attract.step(START, 6)
    assert attract[GAME_MODE] == 1


def test_coin_and_start_get_a_game_going_without_further_input(attract: Cabinet) -> None:
    attract.insert_coin()
    attract.step(START, 6)
    attract.step(NONE, 300)
    assert attract[CREDITS] == 0
    assert (attract[GAME_MODE], attract[IN_GAME], attract[MOVING]) == (1, 1, 1)
    assert (attract[PLAYER_ALIVE], attract[PLAYER_OK], attract[ENEMIES_LEFT], attract[SHIPS]) == (ALIVE, 1, 55, 2)
    assert all(attract[ENEMY_FLAGS + enemy] == 1 for enemy in range(ENEMIES))


def test_two_players_take_turns(attract: Cabinet) -> None:
    attract.insert_coin()
    attract.insert_coin()
    attract.step(START_2, 6)
    attract.step(NONE, 300)
    assert (attract[CREDITS], attract[IN_GAME], attract[IN_GAME_2]) == (0, 1, 1)
    assert (attract[SHIPS], attract[SHIPS_2]) == (2, 3)
    attract[ENEMY_FLAGS] = 0
    attract.until(lambda: attract[SHIPS_2] == 2, 9000)
    attract.until(lambda: attract[SHIPS] == 1, 9000)
    attract.until(lambda: attract[MOVING] == 1, 300)
    assert attract[ENEMIES_LEFT] == 54, "player 1 finds the rack as he left it"


@pytest.mark.parametrize("ships", [3, 6])
def test_the_dip_switch_sets_the_number_of_ships(attract: Cabinet, ships: int) -> None:
    attract.step({"Lives": ships - 3}, 1)
    try:
        attract.insert_coin()
        attract.step(START, 6)
        attract.step(NONE, 20)
        assert attract[SHIPS] == ships - 1
    finally:
        attract.step({"Lives": 0}, 1)


# ------------------------------------------------------------------------------------------------------ the cart


def test_the_cart_walks_one_pixel_a_frame_between_its_ends(game: Cabinet) -> None:
    game.forbid_drops()
    assert (game[PLAYER_X], game[PLAYER_Y]) == (0x30, 0x20)
    game.step(RIGHT, 10)
    assert game[PLAYER_X] == 0x30 + 10
    game.step(RIGHT, 200)
    assert game[PLAYER_X] == 0xD9
    game.step(LEFT, 5)
    assert game[PLAYER_X] == 0xD9 - 5


def test_holding_fire_shoots_once(game: Cabinet) -> None:
    game.step(FIRE, 2)
    assert game[SHOT_STATUS] == 2
    assert game[SHOT_X] == game[PLAYER_X] + 8
    game.until(lambda: game[SHOT_STATUS] == 0, 120, FIRE)
    game.step(FIRE, 20)
    assert game[SHOT_STATUS] == 0


def test_a_shot_rises_four_pixels_a_frame(game: Cabinet) -> None:
    game.step(FIRE, 3)
    height = game[SHOT_Y]
    game.step(NONE, 5)
    assert game[SHOT_Y] == height + 20


@pytest.mark.parametrize(("row", "points"), [(0, 10), (1, 10), (2, 20), (3, 20), (4, 30)])
def test_an_enemy_hit_is_worth_its_row(game: Cabinet, row: int, points: int) -> None:
    target = row * COLUMNS
    game.stand_below(target)
    game.step(FIRE, 2)
    game.until(lambda: game[ENEMIES_LEFT] == 50, 60)
    assert [enemy for enemy in range(ENEMIES) if not game[ENEMY_FLAGS + enemy]] == [0, 11, 22, 33, 44]
    assert game.bcd(SCORE) == points


def test_a_lost_ship_is_followed_by_the_next(game: Cabinet) -> None:
    game.until(lambda: game[PLAYER_ALIVE] != ALIVE, 3000)
    assert game[PLAYER_OK] == 0
    place = game[RACK_X]
    assert game.until(lambda: game[PLAYER_ALIVE] == ALIVE, 100) == pytest.approx(60, abs=2)
    assert (game[SHIPS], game[PLAYER_X]) == (1, 0x30)
    game.until(lambda: game[PLAYER_OK] == 1, 140)
    assert game[RACK_X] == place, "the rack waits meanwhile"


def test_the_last_ship_ends_the_game_and_keeps_the_high_score(game: Cabinet) -> None:
    game[SHIPS] = 0
    game[SCORE] = 0x70
    game.until(lambda: game[IN_GAME] == 0, 3000)
    assert game.bcd(HIGH_SCORE) == 70
    game.until(lambda: game[GAME_MODE] == 0, 400)
    assert game[CREDITS] == 0


# ------------------------------------------------------------------------------------------------------ the rack


def test_one_enemy_moves_a_frame(game: Cabinet) -> None:
    place = game[RACK_X]
    game.until(lambda: game[RACK_X] != place, 60)
    assert game[RACK_X] == place + 2
    assert game.until(lambda: game[RACK_X] != place + 2, 60) == ENEMIES


def test_the_rack_drops_and_turns_at_both_edges(game: Cabinet) -> None:
    game.keep_only(0, 10)
    for turned in (1, 0):
        game[SHIPS] = 9
        height = game[RACK_Y]
        game.until(lambda turned=turned: game[RACK_GOES_LEFT] == turned, 300)  # type: ignore[misc]
        assert game[RACK_Y] == height - 8
        assert game[RACK_STEP_X] == (0xFE if turned else 2)


def test_the_last_enemy_is_faster_to_the_right(game: Cabinet) -> None:
    game.keep_only(0)
    game.until(lambda: game[RACK_GOES_LEFT] == 1, 300)
    place = game[RACK_X]
    game.step()
    assert game[RACK_X] == place - 2
    game.until(lambda: game[RACK_GOES_LEFT] == 0, 300)
    place = game[RACK_X]
    game.step()
    assert game[RACK_X] == place + 3


def test_a_cleared_wave_is_followed_by_a_lower_one(game: Cabinet) -> None:
    heights = []
    for wave in range(1, 10):
        game.keep_only()
        game[SHIPS] = 5
        game.until(lambda wave=wave: game[WAVE] == (wave - 1) % 8 + 1, 800)  # type: ignore[misc]
        game.until(lambda: game[ENEMIES_LEFT] == ENEMIES, 60)
        heights.append(game[RACK_Y])
    assert heights == [0x60, 0x50, 0x48, 0x48, 0x48, 0x40, 0x40, 0x40, 0x60]


def test_the_rack_on_the_ground_ends_the_game_with_ships_left(game: Cabinet) -> None:
    game[RACK_Y] = 0x28
    game.until(lambda: game[INVADED] == 1, 4000)
    assert game[SHIPS] in (0, 1, 2)
    game.until(lambda: game[IN_GAME] == 0, 100)
    assert game[SHIPS] == 0


# ----------------------------------------------------------------------------------- enemy shots, shelters, bonus


def test_enemy_shots_fall_four_pixels_every_three_frames_and_five_at_the_end(game: Cabinet) -> None:
    def falling() -> bool:
        return any(game[drop] == 0x80 for drop in DROPS)

    game.until(falling, 400)
    drop = next(drop for drop in DROPS if game[drop] == 0x80)
    height = game[drop + 8]
    game.step(NONE, 9)
    assert game[drop + 8] == height - 12
    game.until(lambda: game[drop] == 0, 400)
    assert (game[drop + 8], game[drop + 9]) == (0, 0)
    game.keep_only(*range(9))
    game[RACK_X] = game[PLAYER_X]
    game.shoot_when_free()
    game.until(lambda: game[ENEMIES_LEFT] == 8, 60)
    assert game[DROP_SPEED] == 256 - 5


def test_shelters_wear_away(game: Cabinet) -> None:
    def lit() -> int:
        return int.from_bytes(bytes(emulator.step(NONE).memory)).bit_count()

    watch = [MemoryRange(0x2400 + 6, 224, 32), MemoryRange(0x2400 + 7, 224, 32)]
    with MameEmulator("invaders", watch=watch, roms=[STAND_INS]) as emulator:
        emulator.step(NONE, 60)
        emulator.step(COIN, 6)
        emulator.step(NONE, 6)
        emulator.step(START, 6)
        emulator.step(NONE, 290)
        whole = lit()
        emulator.step(RIGHT, 28)
        for _ in range(4):
            emulator.step(FIRE, 4)
            emulator.step(NONE, 40)
        assert 0 < whole - lit() < whole / 2


@pytest.mark.parametrize(("place", "points"), [(0, 50), (3, 150), (7, 300)])
def test_the_bonus_ship_is_worth_what_the_shot_count_says(game: Cabinet, place: int, points: int) -> None:
    game[BONUS_DUE] = 1
    game.until(lambda: game[BONUS_ACTIVE] == 1, 300)
    game.until(lambda: 0x50 < game[BONUS_X] < 0x60, 400)
    game[BONUS_PLACE] = place
    game.until(lambda: game[SHOT_STATUS] == 2 and game[SHOT_Y] < 0x30, 10, FIRE)
    game.emulator.write(SHOT_Y, bytes([0xC8, game[BONUS_X] + 10]))
    game.until(lambda: game[BONUS_HIT] == 1, 10)
    score = game.bcd(SCORE)
    game.until(lambda: game[BONUS_ACTIVE] == 0, 120)
    assert game.bcd(SCORE) == score + points


def test_the_bonus_ship_comes_by_itself_and_goes(game: Cabinet) -> None:
    game[RACK_Y] = 0x70
    game[SHIPS] = 9
    game.until(lambda: game[BONUS_ACTIVE] == 1, 1700)
    assert game[BONUS_X] in (0x29, 0xE0)
    game.until(lambda: game[BONUS_ACTIVE] == 0, 400)


# ---------------------------------------------------------------------------------------------------------- score


def test_the_score_has_four_digits_and_wraps(game: Cabinet) -> None:
    game.emulator.write(SCORE, bytes([0x95, 0x99]))
    game.stand_below(0)
    game.step(FIRE, 2)
    game.until(lambda: game[ENEMIES_LEFT] == 50, 60)
    assert game.bcd(SCORE) == 5


@pytest.mark.parametrize(("switch", "points"), [(0, 0x15), (1, 0x10)])
def test_one_extra_ship_once(game: Cabinet, switch: int, points: int) -> None:
    field = game.emulator.inputs["Bonus Life"]
    game.step({"Bonus Life": field.mask * switch}, 1)
    try:
        game.emulator.write(SCORE, bytes([0x90, points - 1]))
        game.step(NONE, 3)
        assert game[SHIPS] == 2
        game.emulator.write(SCORE, bytes([0, points]))
        game.step(NONE, 100)
        assert game[SHIPS] == 3
    finally:
        game.step({"Bonus Life": 0}, 1)


# ------------------------------------------------------------------------------------------------------- as a whole


def random_inputs(seed: int) -> Iterator[tuple[str, ...]]:
    choose = random.Random(seed)
    while True:
        yield choose.choice((NONE, LEFT, RIGHT, FIRE, LEFT + FIRE, RIGHT + FIRE))


def test_the_same_inputs_give_the_same_game(game: Cabinet, running: tuple[Cabinet, StateId, StateId]) -> None:
    ends = []
    for _ in range(2):
        game.load(running[2])
        for _, inputs in zip(range(300), random_inputs(7), strict=False):
            game.step(inputs, 4)
        ends.append(game.memory)
    assert ends[0] == ends[1]


def test_random_play_goes_on_for_many_games_and_the_stack_stays_in_its_place(attract: Cabinet) -> None:
    attract.emulator.write(STACK_FLOOR, bytes([0xA5] * (STACK_END - 0x20 - STACK_FLOOR)))
    games, scores = 0, []
    held = random_inputs(3)
    for _ in range(5000):
        before = attract[IN_GAME]
        if attract[GAME_MODE]:
            attract.step(next(held), 4)
        else:
            attract.step(START if attract[CREDITS] else COIN, 4)
            attract.step(NONE, 4)
        if before and not attract[IN_GAME]:
            games += 1
            scores.append(attract.bcd(SCORE))
    assert games >= 5
    assert 30 <= sum(scores) / games <= 600
    floor = attract.memory[STACK_FLOOR - RAM : STACK_END - 0x20 - RAM]
    assert floor == bytes([0xA5] * len(floor))
