"""The meaning of the penalty shoot-out's memory, on memory made by hand and on the real machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quarterup.envs import ArcadeEnv
from quarterup.games import StartError, find_game
from quarterup.games.nekketsu_soccer import NekketsuSoccer
from quarterup.games.nekketsu_soccer.expert import NekketsuSoccerExpert
from quarterup.games.nekketsu_soccer.memory import (
    ANNOUNCE,
    CENTRE_Y,
    COMPUTER,
    FLIGHT,
    LEANS,
    LIES,
    OVER,
    RUNUP,
    SIGNATURE,
    STANDS,
    SoccerMemory,
    arrival,
    arrival_y,
)

GAME = NekketsuSoccer()
FEATURE = {feature.name: index for index, feature in enumerate(GAME.features)}
ACTION = {action.name: index for index, action in enumerate(GAME.actions)}
FALLING = Path(__file__).parent.parent / "data" / "falling.nes"
PLAIN_VX, CURL_VX = 832, 640


def moment(**places: int) -> SoccerMemory:
    """The player's run-up, with these fields set."""
    data = bytearray(SoccerMemory.size())
    raw = {
        "phase": RUNUP,
        "kicker_x": 50,
        "kicker_y": CENTRE_Y,
        "keeper_y": CENTRE_Y,
        "ball_x": 112,
        "ball_y": CENTRE_Y,
    }
    for name, value in {**raw, **places}.items():
        field = vars(SoccerMemory)[name]
        size = field.range.size
        data[field.offset : field.offset + size] = (value % 256**size).to_bytes(size, "little")
    return SoccerMemory(bytes(data))


def features(memory: SoccerMemory, before: SoccerMemory | None = None) -> NDArray[np.float32]:
    out = np.zeros(len(GAME.features), np.float32)
    GAME.feature_vector(before or memory, memory, out)
    return out


def advised(memory: SoccerMemory, before: SoccerMemory | None = None) -> str:
    """What the rule-based player would press."""
    expert = NekketsuSoccerExpert()
    if before is not None:
        expert.act(before)
    return GAME.actions[expert.act(memory)].name


def test_a_goal_is_one_and_a_goal_against_is_minus_one():
    level = moment(goals_for=2, goals_against=2)
    assert GAME.outcome(level, moment(goals_for=3, goals_against=2)).reward == 1
    assert GAME.outcome(level, moment(goals_for=2, goals_against=3)).reward == -1
    assert GAME.outcome(level, level).reward == 0


def test_the_shoot_out_is_over_when_it_is_decided_and_not_with_the_last_kick():
    playing, decided = moment(round=4), moment(round=4, phase=OVER, winner=1)
    assert not GAME.outcome(playing, moment(round=5, phase=ANNOUNCE)).terminated
    assert GAME.outcome(playing, decided).terminated
    assert (GAME.lives(playing), GAME.lives(decided)) == (1, 0)
    assert GAME.level(playing) == 4


def test_the_eleven_actions_are_those_of_the_earlier_system():
    earlier = {"R", "UR", "DR", "B", "URB", "DRB", "RB", "AB", "RAB", "URAB", "DRAB"}
    assert {action.name for action in GAME.actions} == {"none", *earlier}
    keys = {"R": "P1 Right", "U": "P1 Up", "D": "P1 Down", "A": "P1 A", "B": "P1 B"}
    for action in GAME.actions[1:]:
        assert set(action.inputs) == {keys[letter] for letter in action.name}


def test_every_feature_keeps_to_its_documented_bounds_whatever_the_memory_holds():
    rng = np.random.default_rng(0)
    low = np.array([feature.low for feature in GAME.features], np.float32)
    high = np.array([feature.high for feature in GAME.features], np.float32)
    for number in range(2000):
        watched = rng.integers(256, size=(2, SoccerMemory.size()), dtype=np.uint8)
        watched[:, vars(SoccerMemory)["phase"].offset] = number % 6
        values = features(SoccerMemory(watched[0]), SoccerMemory(watched[1]))
        inside = (values >= low) & (values <= high)
        assert inside.all(), [GAME.features[index].name for index in np.flatnonzero(~inside)]


def test_features_see_what_they_say():
    values = features(moment(kicker_x=97, kicker_speed=448, kicker_lean=-1, kicker_y=135, wind=-2, keeper_y=159))
    assert values[FEATURE["kicking"]] == values[FEATURE["runup"]] == 1
    assert values[FEATURE["in_reach"]] == values[FEATURE["sweet"]] == values[FEATURE["full_run"]] == 1
    assert values[FEATURE["ball_ahead_near"]] == pytest.approx(0.5)
    assert values[FEATURE["kicker_lean"]] == values[FEATURE["wind"]] == -1
    assert values[FEATURE["kicker_aside"]] == pytest.approx(-0.5)
    assert values[FEATURE["keeper_y"]] == pytest.approx(0.5)
    assert values[FEATURE["flight"]] == values[FEATURE["arrival"]] == values[FEATURE["keeper_misses"]] == 0


def test_what_a_keeper_does_is_told_apart():
    leaning = features(moment(keeper_state=LEANS, keeper_side=-1, keeper_time=20))
    lying = features(moment(keeper_state=LIES, keeper_side=-1))
    assert (leaning[FEATURE["keeper_leans"]], leaning[FEATURE["keeper_lies"]]) == (-1, 0)
    assert (lying[FEATURE["keeper_leans"]], lying[FEATURE["keeper_lies"]]) == (0, 1)
    assert leaning[FEATURE["keeper_time"]] == pytest.approx(0.5)


def test_where_a_shot_arrives_is_known_from_its_speed_and_the_wind():
    shot = moment(phase=FLIGHT, ball_x=198 - 26, ball_vx=256, ball_y=CENTRE_Y + 4, ball_vy=128)
    assert arrival(shot) == 26
    assert arrival_y(shot, shot) == pytest.approx(4 + 13)
    windy = moment(phase=FLIGHT, ball_x=198 - 26, ball_vx=256, ball_y=CENTRE_Y + 4, ball_vy=128, wind=2)
    assert arrival_y(windy, windy) == pytest.approx(4 + 13 + 6 * 26 * 26 / 2 / 256)


def test_two_moments_show_how_a_shot_bends():
    before = moment(phase=FLIGHT, ball_x=120, ball_vx=CURL_VX, ball_vy=-300)
    after = moment(phase=FLIGHT, ball_x=130, ball_vx=CURL_VX, ball_vy=-300 + 4 * 28)
    frames = arrival(after)
    expected = (-188 + 28 * frames / 2) * frames / 256
    assert arrival_y(before, after) == pytest.approx(expected)
    assert arrival_y(after, after) < 0 < expected, "without the bend it would seem to end at the far post"


@pytest.mark.parametrize(("wind", "run"), [(2, "UR"), (0, "R"), (-1, "DR")])
def test_the_expert_runs_against_the_wind_and_straight_when_there_is_none(wind: int, run: str):
    assert advised(moment(wind=wind)) == run


@pytest.mark.parametrize(
    ("keeper", "shot"),
    [
        ({"keeper_state": LEANS, "keeper_side": -1}, "DRB"),
        ({"keeper_state": LEANS, "keeper_side": 1}, "URB"),
        ({"keeper_state": STANDS, "keeper_y": CENTRE_Y + 5}, "URAB"),
        ({"keeper_state": STANDS, "keeper_y": CENTRE_Y - 5}, "DRAB"),
    ],
)
def test_the_expert_shoots_where_the_keeper_is_not(keeper: dict[str, int], shot: str):
    assert advised(moment(kicker_x=96, **keeper)) == shot
    assert advised(moment(kicker_x=84, **keeper)) == "R", "out of reach he runs on"


def test_the_expert_dives_for_a_shot_to_the_corner_and_stays_for_one_to_the_middle():
    keeping = {"phase": FLIGHT, "who_kicks": COMPUTER, "ball_vx": PLAIN_VX, "ball_x": 140}
    assert advised(moment(**keeping, ball_y=CENTRE_Y + 10, ball_vy=289)) == "DRB"
    assert advised(moment(**keeping, ball_y=CENTRE_Y - 10, ball_vy=-289)) == "URB"
    assert advised(moment(**keeping)) == "none"
    assert advised(moment(**{**keeping, "ball_x": 120}, ball_vy=289)) == "DR", "with so much time he walks"
    late = {**keeping, "ball_x": 175, "ball_y": CENTRE_Y + 24}
    assert advised(moment(**late, ball_vy=289)) == "DRAB", "in a hurry he takes the faster dive"


def test_names_find_the_game():
    assert find_game("nekketsu_soccer").id == find_game("NekketsuSoccer").id == "nekketsu_soccer"


def test_another_rom_of_that_name_is_refused_with_the_reason(tmp_path: Path):
    shutil.copy(FALLING, tmp_path / "Nekketsu Soccer.nes")
    with pytest.raises(StartError, match=r"not Lantern Cup.*0x052E"):
        ArcadeEnv("nekketsu_soccer", roms=[tmp_path])


def test_a_machine_that_stays_at_its_title_does_not_start():
    title = bytearray(moment(phase=0).data)
    offset = vars(SoccerMemory)["signature"].offset
    title[offset : offset + len(SIGNATURE)] = SIGNATURE
    with pytest.raises(StartError, match="did not begin"):
        GAME.start(lambda inputs, frames: SoccerMemory(bytes(title)))


# ------------------------------------------------------------------------------------------------ on the real machine


@pytest.fixture(scope="module")
def env():
    env = ArcadeEnv("nekketsu_soccer", obs="features")
    yield env
    env.close()


def play(env: ArcadeEnv, seed: int, *, expert: bool) -> tuple[float, bytes, SoccerMemory]:
    """A whole shoot-out: goal difference, everything that was observed, and the end."""
    rng = np.random.default_rng(seed)
    seen, total, over = [env.reset(seed=seed)[0].tobytes()], 0.0, False
    while not over:
        action = env.cabinet.expert_action() if expert else int(rng.integers(len(GAME.actions)))
        observation, reward, over, truncated, _ = env.step(action)
        assert not truncated
        assert env.observation_space.contains(observation)
        seen.append(observation.tobytes())
        total += reward
    assert isinstance(env.cabinet.memory, SoccerMemory)
    return total, b"".join(seen), env.cabinet.memory


@pytest.mark.parametrize("expert", [False, True])
def test_a_whole_shoot_out_is_the_same_for_the_same_seed(env: ArcadeEnv, expert: bool):
    total, seen, end = play(env, 7, expert=expert)
    assert total == end.goals_for - end.goals_against
    assert end.phase == OVER
    assert end.winner == (1 if total > 0 else 2)
    assert play(env, 7, expert=expert)[1] == seen
    assert play(env, 8, expert=expert)[1] != seen


def test_the_rule_based_player_is_far_better_than_chance(env: ArcadeEnv):
    by_chance = [play(env, seed, expert=False)[0] for seed in range(5)]
    by_rules = [play(env, seed, expert=True)[0] for seed in range(5)]
    assert np.mean(by_rules) > np.mean(by_chance) + 2
    assert np.mean(by_rules) > 0 > np.mean(by_chance)
