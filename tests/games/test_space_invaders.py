"""The meaning of Space Invaders' memory, on memory made by hand and on the real machine."""

import numpy as np
import pytest

from quarterup.emulators.emulator import Picture
from quarterup.emulators.mame import MameEmulator
from quarterup.games import StartError, UnknownGame, all_games, find_game
from quarterup.games.space_invaders import (
    BITMAP_COLUMNS,
    BITMAP_LEFT,
    ENEMIES,
    GUN_LEFTMOST,
    InvadersMemory,
    SpaceInvaders,
)
from quarterup.games.space_invaders_expert import FIRE, LEFT, RIGHT, STAY, SpaceInvadersExpert

GAME = SpaceInvaders()
FEATURE = {feature.name: index for index, feature in enumerate(GAME.features)}


def moment(**places: int | bytes) -> InvadersMemory:
    """A game in progress, with these fields set: `moment(score=0x1230)` writes raw bytes at the field's place."""
    data = bytearray(InvadersMemory.size())
    raw: dict[str, int | bytes] = {
        "gun": 255,
        "gun_moves": 1,
        "gun_x": 0x80,
        "in_game": 1,
        "things_move": 1,
        "game_mode": 1,
        "ships": 2,
        "rack_x": 0x38,
        "rack_y": 0x78,
        "rack_step_x": 2,
        "enemies_left": ENEMIES,
        "enemies": bytes([1] * ENEMIES),
        **places,
    }
    for name, value in raw.items():
        field = vars(InvadersMemory)[name]
        data[field.offset : field.offset + field.range.size] = (
            value if isinstance(value, bytes) else value.to_bytes(field.range.size, "little")
        )
    return InvadersMemory(bytes(data))


def falling(y: int, x: int) -> bytes:
    return bytes([0x80, 0, 0, 0, 0, 0, 0, 0, y, x])


def features(memory: InvadersMemory) -> np.ndarray:
    out = np.zeros(len(GAME.features), np.float32)
    GAME.feature_vector(memory, memory, out)
    return out


def test_the_reward_is_the_points_won():
    assert GAME.outcome(moment(score=0x0100), moment(score=0x0130)).reward == 30


def test_the_reward_survives_the_wrap_of_the_four_digit_counter():
    assert GAME.outcome(moment(score=0x9990), moment(score=0x0020)).reward == 30


def test_the_game_is_over_with_the_last_ship_and_not_before():
    playing = moment()
    hit = moment(gun=0, gun_moves=0)
    assert not GAME.outcome(playing, hit).terminated
    assert GAME.outcome(playing, moment(in_game=0)).terminated


def test_a_hit_gun_is_one_life_lost_once():
    before, hit, back = moment(), moment(gun=1, gun_moves=0), moment(ships=1)
    assert GAME.lives(before) == 3
    assert GAME.outcome(before, hit).life_lost
    assert not GAME.outcome(hit, back).life_lost
    assert GAME.lives(back) == 2


def test_every_feature_keeps_to_its_documented_bounds_whatever_the_memory_holds():
    rng = np.random.default_rng(0)
    low = np.array([feature.low for feature in GAME.features], np.float32)
    high = np.array([feature.high for feature in GAME.features], np.float32)
    for _ in range(2000):
        values = features(InvadersMemory(rng.integers(256, size=InvadersMemory.size(), dtype=np.uint8)))
        assert np.all(values >= -1)
        assert np.all(values <= high)
        inside = values >= low
        assert inside.all(), [GAME.features[index].name for index in np.flatnonzero(~inside)]


def test_features_see_what_they_say():
    values = features(moment(gun_x=GUN_LEFTMOST, rolling=falling(0x80, 0x30 + 8 + 112 - 1)))
    assert values[FEATURE["gun_x"]] == -1
    assert values[FEATURE["gun_ready"]] == 1
    assert values[FEATURE["rolling_flying"]] == 1
    assert values[FEATURE["rolling_dx"]] == pytest.approx(1.0)
    assert values[FEATURE["plunger_flying"]] == 0
    assert values[FEATURE["enemies_left"]] == 1
    assert values[FEATURE["ships"]] == pytest.approx(0.75)


def test_an_empty_column_and_the_lowest_enemy_of_another():
    enemies = bytearray([1] * ENEMIES)
    for row in range(5):
        enemies[row * 11 + 4] = 0
    enemies[7] = 0
    values = features(moment(enemies=bytes(enemies)))
    assert values[FEATURE["column_4"]] == 0
    assert values[FEATURE["column_7"]] == pytest.approx((0x78 + 16) / 256)
    assert values[FEATURE["column_0"]] == pytest.approx(0x78 / 256)


def test_the_expert_steps_aside_for_a_shot_and_stays_out_of_a_harmless_ones_way():
    expert = SpaceInvadersExpert()
    above = expert.act(moment(gun_x=0x80, rolling=falling(0x38, 0x80 + 7)))
    assert above % FIRE in (LEFT, RIGHT)
    cornered = expert.act(moment(gun_x=GUN_LEFTMOST, rolling=falling(0x38, GUN_LEFTMOST + 3)))
    assert cornered % FIRE == RIGHT


def test_the_expert_fires_only_when_it_would_hit():
    expert = SpaceInvadersExpert()
    enemies = bytearray(ENEMIES)
    enemies[5] = 1
    one = {"enemies": bytes(enemies), "enemies_left": 55, "rack_x": 0x38}
    column_centre = 0x38 + 16 * 5 + 8
    assert expert.act(moment(gun_x=column_centre - 8, **one)) >= FIRE
    assert expert.act(moment(gun_x=column_centre - 8 - 40, **one)) == RIGHT
    assert expert.act(moment(gun_x=column_centre - 8, shot_status=2, **one)) < FIRE
    assert expert.act(moment(gun=1, **one)) == STAY


def test_names_find_games_and_unknown_ones_offer_the_nearest():
    assert find_game("space_invaders").id == find_game("invaders").id == "space_invaders"
    with pytest.raises(UnknownGame, match="space_invaders"):
        find_game("spaceinvader")


@pytest.mark.parametrize("game", all_games(), ids=lambda game: game.id)
def test_every_game_file_is_complete(game):
    names = [feature.name for feature in game.features]
    assert len(set(names)) == len(names)
    assert len({action.name for action in game.actions}) == len(game.actions)
    assert game.actions[0].inputs == ()
    for heading in ("Description", "Actions", "Observations", "Rewards", "Start", "End", "Memory"):
        assert f"## {heading}" in game.__doc__


def test_a_machine_that_plays_something_else_does_not_start():
    class Dead:
        def __call__(self, inputs, frames):
            return moment(game_mode=0, in_game=0)

    with pytest.raises(StartError, match="another game"):
        GAME.start(Dead())


def test_the_bitmap_is_the_screen():
    with MameEmulator(GAME.machine, watch=[*InvadersMemory.ranges, *GAME.bitmap_memory], picture=Picture()) as machine:
        own = InvadersMemory.size()
        GAME.start(lambda inputs, frames: InvadersMemory(machine.step(inputs, frames).memory[:own]))
        frame = machine.step((), 60)
        bitmap = GAME.bitmap(frame.memory[own:])
        screen = machine.screenshot()[:, :, 1] > 0
    assert bitmap.shape == GAME.bitmap_shape
    shown = screen[:, BITMAP_LEFT : BITMAP_LEFT + BITMAP_COLUMNS]
    joined = shown.reshape(shown.shape[0] // 2, 2, BITMAP_COLUMNS // 2, 2).max((1, 3))
    lit = bitmap > 0
    windows = [joined[top : top + len(lit)] for top in range(len(joined) - len(lit) + 1)]
    overlap = max((window & lit).sum() / (window | lit).sum() for window in windows)
    assert overlap > 0.9  # the screen was scanned out before the memory was read: what moves has moved on
    assert set(np.unique(bitmap)) == {0, 255}
