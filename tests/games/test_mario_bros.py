"""The meaning of Mario Bros.' memory, on memory made by hand and on the real machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quarterup.emulators.emulator import EmulatorError, EmulatorNotFound
from quarterup.emulators.launch import launch
from quarterup.envs import ArcadeEnv
from quarterup.games import StartError, find_game
from quarterup.games.mario_bros import MarioBros
from quarterup.games.mario_bros.expert import JUMP, LEFT, RIGHT, STAY, MarioBrosExpert
from quarterup.games.mario_bros.memory import (
    ATTRIBUTES,
    BEHIND,
    COIN,
    CRAB,
    DIRECTION,
    ENTITY_BYTES,
    FALLING,
    FIREBALL,
    GROUND_Y,
    ID,
    LOW_Y,
    MARIO,
    MIDDLE_Y,
    ON,
    ON_ITS_BACK,
    RISING,
    SHELLCREEPER,
    TOP_Y,
    MarioMemory,
    X,
    Y,
)
from quarterup.games.mario_bros.memory import LEFT as TO_LEFT
from quarterup.games.mario_bros.memory import RIGHT as TO_RIGHT

GAME = MarioBros()
FEATURE = {feature.name: index for index, feature in enumerate(GAME.features)}
FALLING_ROM = Path(__file__).parent.parent / "data" / "falling.nes"
EARLIER = ({"P1 A"}, {"P1 Left", "P1 A"}, {"P1 Right", "P1 A"}, {"P1 Left", "P1 B"}, {"P1 Right", "P1 B"})
"""The five actions of the system of 2018."""

Item = tuple[int, int, int, int, int]
"""Id, X, Y, direction, attributes."""


def item(kind: int, x: int, y: int, direction: int = TO_RIGHT, attributes: int = 0) -> Item:
    return kind, x, y, direction, attributes


def moment(*others: Item, mario: Item | None = (MARIO, 128, GROUND_Y, TO_RIGHT, 0), **places: int) -> MarioMemory:
    """Mario on the ground in phase 1, with these others and these fields set."""
    data = bytearray(MarioMemory.size())
    entities = vars(MarioMemory)["entity_bytes"].offset
    for slot, found in [(0, mario), *enumerate(others, 2)]:
        if found is not None:
            at = entities + slot * ENTITY_BYTES
            data[at + ON] = 1
            data[at + ID], data[at + X], data[at + Y], data[at + DIRECTION], data[at + ATTRIBUTES] = found
    for name, value in {"lives_left": 3, "level_shown": 1, "pow_hits": 3, **places}.items():
        field = vars(MarioMemory)[name]
        size = field.range.size
        data[field.offset : field.offset + size] = value.to_bytes(size, "big")
    return MarioMemory(bytes(data))


def features(memory: MarioMemory, before: MarioMemory | None = None) -> NDArray[np.float32]:
    out = np.zeros(len(GAME.features), np.float32)
    GAME.feature_vector(before or memory, memory, out)
    return out


# --------------------------------------------------------------------------------------------------- the outcome


@pytest.mark.parametrize(
    ("before", "after", "points"),
    [
        (0x000000, 0x000800, 800),  # a byte would make 32 of it
        (0x000790, 0x000800, 10),
        (0x009990, 0x013190, 3200),
        (0x999800, 0x000600, 800),
        (0x012340, 0x012340, 0),
    ],
)
def test_the_reward_is_the_points_won(before: int, after: int, points: int):
    outcome = GAME.outcome(moment(score=before), moment(score=after))
    assert outcome.reward == points
    assert not outcome.terminated


def test_a_lost_life_is_not_the_end():
    outcome = GAME.outcome(moment(lives_left=3), moment(lives_left=2))
    assert (outcome.life_lost, outcome.terminated) == (True, False)


def test_the_end_is_when_the_last_life_is_gone_and_mario_too():
    assert not GAME.outcome(moment(lives_left=1), moment(lives_left=0)).terminated, "he still plays, or falls"
    for none in (0, 0xFF):
        over = GAME.outcome(moment(lives_left=1), moment(mario=None, lives_left=none))
        assert (over.terminated, over.life_lost) == (True, True)
        assert GAME.lives(moment(lives_left=none)) == 0


def test_mario_away_for_a_moment_with_lives_left_is_not_the_end():
    assert not GAME.outcome(moment(), moment(mario=None)).terminated


def test_another_game_in_memory_is_the_end_and_earns_nothing():
    assert GAME.outcome(moment(), moment(mode=2)).terminated
    anew = GAME.outcome(moment(score=0x004000), moment(score=0))
    assert (anew.terminated, anew.reward) == (True, 0)


def test_phases_count_from_zero():
    assert GAME.level(moment(level_shown=0x01)) == 0
    assert GAME.level(moment(level_shown=0x12)) == 11


def test_the_five_actions_of_the_earlier_system_are_among_the_actions():
    held = [set(action.inputs) for action in GAME.actions]
    assert all(five in held for five in EARLIER)
    assert len(set(map(frozenset, held))) == len(held)


# -------------------------------------------------------------------------------------------------- the features


def test_every_feature_keeps_to_its_documented_bounds_whatever_the_memory_holds():
    rng = np.random.default_rng(0)
    low = np.array([feature.low for feature in GAME.features], np.float32)
    high = np.array([feature.high for feature in GAME.features], np.float32)
    for _ in range(1500):
        watched = rng.integers(256, size=(2, MarioMemory.size()), dtype=np.uint8)
        values = features(MarioMemory(watched[0]), MarioMemory(watched[1]))
        inside = (values >= low) & (values <= high)
        assert inside.all(), [GAME.features[index].name for index in np.flatnonzero(~inside)]


def test_others_are_told_nearest_first_and_round_the_screen():
    far, near = item(SHELLCREEPER, 60, GROUND_Y), item(COIN, 8, GROUND_Y)
    values = features(moment(far, near, mario=item(MARIO, 250, GROUND_Y)))
    assert values[FEATURE["0_dx"]] == pytest.approx(14 / 128)
    assert (values[FEATURE["0_coin"]], values[FEATURE["0_enemy"]]) == (1, 0)
    assert values[FEATURE["1_dx"]] == pytest.approx(66 / 128)
    assert (values[FEATURE["1_enemy"]], values[FEATURE["2_there"]]) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "attributes", "name"),
    [
        (SHELLCREEPER, 2, "enemy"),
        (CRAB, ON_ITS_BACK, "flipped"),
        (SHELLCREEPER, BEHIND, "harmless"),
        (SHELLCREEPER, BEHIND | ON_ITS_BACK, "harmless"),
        (COIN, 0, "coin"),
        (FIREBALL, 3, "fireball"),
    ],
)
def test_what_somebody_is_is_told_apart(kind: int, attributes: int, name: str):
    values = features(moment(item(kind, 100, GROUND_Y, attributes=attributes)))
    names = ("enemy", "flipped", "coin", "freezie", "fireball", "harmless")
    assert [found for found in names if values[FEATURE[f"0_{found}"]]] == [name]


def test_speeds_are_differences_of_two_moments():
    before = moment(item(SHELLCREEPER, 254, LOW_Y), mario=item(MARIO, 100, 180, TO_RIGHT | RISING))
    after = moment(item(SHELLCREEPER, 2, LOW_Y), mario=item(MARIO, 104, 172, TO_RIGHT | RISING))
    values = features(after, before)
    assert (values[FEATURE["vx"]], values[FEATURE["vy"]]) == (0.5, -1)
    assert (values[FEATURE["rising"]], values[FEATURE["falling"]]) == (1, 0)
    assert values[FEATURE["0_vx"]] == 0.5
    assert values[FEATURE["0_closing"]] == 1


def test_overhead_is_who_could_be_knocked_over():
    mario = item(MARIO, 60, GROUND_Y)
    assert features(moment(item(SHELLCREEPER, 60, LOW_Y), mario=mario))[FEATURE["overhead"]] == 1
    assert features(moment(item(SHELLCREEPER, 76, LOW_Y), mario=mario))[FEATURE["overhead"]] == 0.5
    assert features(moment(item(SHELLCREEPER, 60, TOP_Y), mario=mario))[FEATURE["overhead"]] == 0
    lying = item(SHELLCREEPER, 60, LOW_Y, attributes=ON_ITS_BACK)
    assert features(moment(lying, mario=mario))[FEATURE["overhead"]] == 0
    hopping = item(SHELLCREEPER, 60, LOW_Y, TO_LEFT | FALLING)
    assert features(moment(hopping, mario=mario))[FEATURE["overhead"]] == 0


def test_floors_and_ceilings_around_mario():
    values = features(moment(mario=item(MARIO, 104, LOW_Y)))
    assert values[FEATURE["floor_+0"]] == pytest.approx((GROUND_Y - LOW_Y) / GROUND_Y), "he is over the gap"
    assert values[FEATURE["floor_-24"]] == 0
    assert values[FEATURE["ceiling_+0"]] == pytest.approx((LOW_Y - 24 - MIDDLE_Y - 8) / GROUND_Y)
    assert values[FEATURE["ceiling_-48"]] > values[FEATURE["ceiling_+0"]], "beside the middle floor"


def test_without_mario_there_is_nothing_to_tell_but_the_game():
    values = features(moment(item(SHELLCREEPER, 60, LOW_Y), mario=None))
    told = {GAME.features[index].name for index in np.flatnonzero(values)}
    assert told == {"lives", "level", "pow"}


# ------------------------------------------------------------------------------------------- the rule-based player


def follow(*moments: MarioMemory) -> int:
    """What the rule-based player does at the last of these moments, having seen the others."""
    expert = MarioBrosExpert()
    return [expert.act(memory) for memory in moments][-1]


def test_the_expert_knocks_over_who_walks_above():
    assert follow(moment(item(SHELLCREEPER, 60, LOW_Y), mario=item(MARIO, 62, GROUND_Y))) >= JUMP
    lying = item(SHELLCREEPER, 60, LOW_Y, attributes=ON_ITS_BACK)
    assert follow(moment(lying, mario=item(MARIO, 62, GROUND_Y))) < JUMP, "not who lies already"


def test_the_expert_goes_and_kicks_who_lies_beside():
    lying = item(SHELLCREEPER, 60, GROUND_Y, attributes=ON_ITS_BACK)
    assert follow(moment(lying, mario=item(MARIO, 90, GROUND_Y))) == LEFT
    assert follow(moment(lying, mario=item(MARIO, 30, GROUND_Y))) == RIGHT


def test_the_expert_gets_out_of_the_way():
    comes = [moment(item(SHELLCREEPER, x, GROUND_Y), mario=item(MARIO, 128, GROUND_Y)) for x in (84, 88, 92, 96)]
    assert follow(*comes) != STAY
    assert follow(*comes) % JUMP != LEFT


def test_the_expert_waits_while_mario_is_away():
    assert follow(moment(mario=None)) == STAY


# ------------------------------------------------------------------------------------------------ on the real machine


@pytest.fixture(scope="module")
def env():
    env = ArcadeEnv("mario_bros", obs="features")
    yield env
    env.close()


def play(env: ArcadeEnv, seed: int, steps: int, *, expert: bool) -> tuple[float, bytes, bool]:
    """So many steps of a game, or all of it: points, everything that was observed, and whether it ended."""
    rng = np.random.default_rng(seed)
    observation, info = env.reset(seed=seed)
    assert info["lives"] == 3
    seen, total, over = [observation.tobytes()], 0.0, False
    while not over and len(seen) <= steps:
        action = env.cabinet.expert_action() if expert else int(rng.integers(len(GAME.actions)))
        observation, reward, over, truncated, _ = env.step(action)
        assert not truncated
        assert env.observation_space.contains(observation)
        seen.append(observation.tobytes())
        total += reward
    return total, b"".join(seen), over


def test_a_whole_game_at_random_ends_and_its_rewards_are_the_score(env: ArcadeEnv):
    total, _, over = play(env, 3, 20_000, expert=False)
    assert over
    memory = env.cabinet.memory
    assert isinstance(memory, MarioMemory)
    assert total == memory.score
    assert GAME.lives(memory) == 0


@pytest.mark.parametrize("expert", [False, True])
def test_the_same_seed_gives_the_same_game(env: ArcadeEnv, expert: bool):
    first = play(env, 5, 250, expert=expert)
    assert play(env, 5, 250, expert=expert) == first
    assert play(env, 6, 250, expert=expert)[1] != first[1]


def test_the_rule_based_player_is_far_better_than_chance(env: ArcadeEnv):
    by_chance = [play(env, seed, 1200, expert=False)[0] for seed in range(3)]
    by_rules = [play(env, seed, 1200, expert=True)[0] for seed in range(3)]
    assert np.mean(by_rules) > max(2 * np.mean(by_chance), 1600)


@pytest.mark.parametrize("emulator", ["fceux", "retro", "mame"])
def test_the_game_starts_on_every_emulator_of_the_nes(emulator: str):
    try:
        machine = launch("nes", GAME.machine, emulator=emulator, watch=MarioMemory.ranges)
    except (EmulatorNotFound, EmulatorError) as missing:
        pytest.skip(str(missing))
    with machine:
        memory = GAME.start(lambda inputs, frames: MarioMemory(machine.step(inputs, frames).memory))
        assert (GAME.lives(memory), GAME.level(memory), memory.score) == (3, 0, 0)
        place = memory.player().x
        memory = MarioMemory(machine.step(("P1 Right",), 20).memory)
    assert memory.player().x > place


def test_another_rom_of_that_name_does_not_start(tmp_path: Path):
    shutil.copy(FALLING_ROM, tmp_path / "Mario Bros. (World).nes")
    with pytest.raises(StartError, match="another game"):
        ArcadeEnv("mario_bros", roms=[tmp_path])


def test_names_find_the_game():
    assert find_game("mario_bros").id == find_game("MarioBros").id == "mario_bros"
