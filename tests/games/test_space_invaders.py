"""The meaning of Space Invaders' memory, on memory made by hand and on the real machine."""

import numpy as np
import pytest

from quarterup.emulators.emulator import HeldInputs, Picture
from quarterup.emulators.mame import MameEmulator
from quarterup.games import StartError, UnknownGame, all_games, find_game
from quarterup.games.space_invaders import SpaceInvaders
from quarterup.games.space_invaders.expert import FIRE, LEFT, RIGHT, STAY, SpaceInvadersExpert
from quarterup.games.space_invaders.game import BITMAP_COLUMNS, BITMAP_LEFT
from quarterup.games.space_invaders.memory import ENEMIES, GUN_LEFTMOST, InvadersMemory, gun_ready, lowest_rows
from quarterup.games.space_invaders.motion import drift, rack_origin

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


def test_a_rack_whose_left_columns_are_gone_may_begin_left_of_the_screen():
    enemies = bytearray(ENEMIES)
    enemies[10] = 1
    alone = moment(enemies=bytes(enemies), enemies_left=1, rack_x=0x100 - 0x40)
    values = features(alone)
    left = -0x40 + 10 * 16
    assert values[FEATURE["rack_left"]] == pytest.approx((left - 32) / 112 - 1)
    assert values[FEATURE["rack_right"]] == pytest.approx((left + 16 - 32) / 112 - 1)


@pytest.mark.parametrize("away", [-16, -8, 0, 4, 8])
def test_a_target_shows_at_its_place_and_between_two_places_in_both(away: int):
    enemies = bytearray(ENEMIES)
    enemies[5] = 1
    rise = 0x78 - 0x28
    # Walking right at two pixels a frame over 10, the enemy is met where gun and shot arrive at its column in time.
    frames = abs(away) + rise / 4
    gun_x = 0x38 + 5 * 16 + round(2 / 10 * frames) - away
    values = features(moment(enemies=bytes(enemies), enemies_left=10, gun_x=gun_x))
    below, above = away // 8 * 8, -(-away // 8) * 8
    found = values[FEATURE[f"target_{below:+d}"]] + values[FEATURE[f"target_{above:+d}"]] * (below != above)
    assert found > 0.8
    assert values[FEATURE["target_-80"]] == 0
    if away in (-16, 0):
        assert values[FEATURE[f"height_{away:+d}"]] == pytest.approx(1 - rise / 256)


def test_a_threat_is_the_greater_the_sooner_and_the_straighter_it_comes():
    def threat(y: int, right_of_barrel: int) -> float:
        return float(features(moment(rolling=falling(y, 0x88 + right_of_barrel - 1)))[FEATURE["threat_+0"]])

    assert threat(0x28, 0) == 1
    assert threat(0x28, 0) > threat(0x50, 0) > threat(0x80, 0) > threat(0xC0, 0) == 0
    assert threat(0x28, 8) == 1 > threat(0x28, 12) > threat(0x28, 14) == 0
    assert threat(0x10, 0) == 0  # it has passed


def test_cover_is_what_stands_above_a_place():
    shield = bytearray(224)
    shield[0x88 - 32 + 16 - 2 : 0x88 - 32 + 16 + 3] = bytes([255] * 5)
    values = features(moment(gun_x=0x80, shields_low=bytes(shield)))
    assert values[FEATURE["cover_+16"]] == pytest.approx(0.5)
    assert values[FEATURE["cover_+0"]] == values[FEATURE["cover_-16"]] == 0


MIDDLE = 281
"""Twice the board's X of the barrel when the gun is in the middle of its way."""


def test_the_mirror_turns_a_moment_into_what_its_image_would_be():
    """The walls are not quite as far from the middle as the gun's ends are, so numbers differ by some pixels."""
    rack = np.ones((5, 11), np.uint8)
    rack[:, 4] = rack[0, 2] = 0
    shield = np.zeros(224, np.uint8)
    shield[30:50] = shield[120:130] = 255
    image_of_shield = np.zeros(224, np.uint8)
    image_of_shield[:217] = shield[:217][::-1]
    here = moment(
        gun_x=0x60,
        rolling=falling(0x60, 0x70),
        plunger=falling(0x40, 0x50),
        shot_status=2,
        shot_y=0x50,
        shot_x=0x63,
        enemies=rack.tobytes(),
        enemies_left=49,
        rack_x=0x38,
        shields_low=shield.tobytes(),
        bonus_active=1,
        bonus_x=0x90,
        bonus_step=2,
    )
    there = moment(
        gun_x=MIDDLE - 16 - 0x60,
        rolling=falling(0x60, MIDDLE - 2 - 0x70),
        plunger=falling(0x40, MIDDLE - 2 - 0x50),
        shot_status=2,
        shot_y=0x50,
        shot_x=MIDDLE - 1 - 0x63,
        enemies=rack[:, ::-1].tobytes(),
        enemies_left=49,
        rack_x=MIDDLE - 11 * 16 - 0x38,
        rack_goes_left=1,
        shields_low=image_of_shield.tobytes(),
        bonus_active=1,
        bonus_x=MIDDLE - 16 - 0x90,
        bonus_step=0x100 - 2,
    )
    image = features(here)[list(GAME.mirror.features)] * np.array(GAME.mirror.signs)
    expected = features(there)
    assert np.abs(features(here) - expected).max() > 1, "the two sides differ"
    off = {name: (image[i], expected[i]) for name, i in FEATURE.items() if abs(image[i] - expected[i]) > 0.11}
    assert not off


def test_the_image_of_an_image_is_the_situation():
    mirror = GAME.mirror
    assert [mirror.features[i] for i in mirror.features] == list(range(len(GAME.features)))
    assert all(mirror.signs[i] == mirror.signs[mirror.features[i]] for i in range(len(GAME.features)))
    assert [mirror.actions[i] for i in mirror.actions] == list(range(len(GAME.actions)))
    names = [action.name for action in GAME.actions]
    for index, name in enumerate(names):
        turned = name.replace("left", "x").replace("right", "left").replace("x", "right")
        assert names[mirror.actions[index]] == turned


@pytest.mark.parametrize(("frames", "pixels"), [(8, 3), (16, 3), (32, 4)])
def test_the_rack_is_where_it_was_expected(frames: int, pixels: int):
    """A rule-based game on the real machine: while nobody is hit, the rack's way is known to a few pixels."""
    misses = []
    with MameEmulator(GAME.machine, watch=InvadersMemory.ranges) as machine:

        def step(inputs: HeldInputs, count: int) -> InvadersMemory:
            return InvadersMemory(machine.step(inputs, count).memory)

        expert, memory = SpaceInvadersExpert(), GAME.start(step)
        while memory.in_game and len(misses) < 200:
            alive = [column for column, row in enumerate(lowest_rows(memory.enemies)) if row >= 0]
            before, ready = memory, bool(alive) and gun_ready(memory) and memory.things_move
            for _ in range(frames // 4):
                memory = step(GAME.actions[expert.act(memory)].inputs, 4)
            if ready and memory.enemies == before.enemies and gun_ready(memory) and memory.things_move:
                origin = rack_origin(before.rack_x, alive[0])
                edges = origin + 16 * alive[0], origin + 16 * (alive[-1] + 1)
                expected = origin + drift(*edges, bool(before.rack_goes_left), before.enemies_left, frames)
                misses.append(abs(expected - rack_origin(memory.rack_x, alive[0])))
    assert len(misses) >= 30
    assert np.mean(np.array(misses) <= pixels) > 0.9


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
    assert frame.screen is not None
    screen = frame.screen.max(axis=2) > 0
    assert bitmap.shape == GAME.bitmap_shape
    shown = screen[:, BITMAP_LEFT : BITMAP_LEFT + BITMAP_COLUMNS]
    joined = shown.reshape(shown.shape[0] // 2, 2, BITMAP_COLUMNS // 2, 2).max((1, 3))
    lit = bitmap > 0
    windows = [joined[top : top + len(lit)] for top in range(len(joined) - len(lit) + 1)]
    overlap = max((window & lit).sum() / (window | lit).sum() for window in windows)
    assert overlap > 0.9  # the screen was scanned out before the memory was read: what moves has moved on
    assert set(np.unique(bitmap)) == {0, 255}
